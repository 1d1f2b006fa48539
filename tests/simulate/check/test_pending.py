"""A first step that has not come by the run's last one may come later: what then depends on it is undecided."""

from __future__ import annotations

from typing import Any

import pytest

import gammarho as gr
from derivations.declare import Quantity, Statement, Statements
from simulate.check.bench import Result

SMALL: dict[str, Any] = {"n": 4, "m": 2, "d": 30, "lam": 0.5, "eta": 0.2}
NEVER = "first(loss <= 1e-9)"  # not within these few steps
NOR = "first(loss <= 1e-8)"


def held(claim: str, steps: int = 5, params: dict[str, Any] | None = None, **more: Any) -> Result:
    said: dict[str, Any] = {"kind": "inequality", "at": "T", **more}
    statement = Statement(id="own", claim=claim, text="", **said)
    quantities = (Quantity(name="reached", formula=NEVER, meaning=""),
                  Quantity(name="twice", formula="2*reached", meaning=""))
    own = Statements(paper="own", quantities=quantities, statements=(statement,))
    return gr.check("pegr", {**SMALL, **(params or {})}, own, steps=steps, seeds=1)["own"]


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (f"{NEVER} <= 60", "undecided"),
        (f"{NEVER} <= 5", "violated"),  # it is at 6 or later
        (f"{NEVER} <= 6", "undecided"),
        (f"{NEVER} >= 6", "holds"),
        (f"{NEVER} >= 60", "undecided"),
        (f"60 >= 10*{NEVER}", "undecided"),
        (f"59 >= 10*{NEVER}", "violated"),
        (f"{NEVER} == inf", "undecided"),
        ("reached <= 60", "undecided"),
        ("twice <= 11", "violated"),
        ("twice <= 12", "undecided"),
        (f"{NEVER} <= {NOR}", "undecided"),  # either may be the first
        (f"{NEVER} >= {NOR}", "undecided"),
        (f"first(loss <= 10) <= {NOR}", "holds"),
        (f"first(loss <= 10) >= {NOR}", "violated"),
        (f"loss >= 0 and {NEVER} <= 60", "undecided"),
        (f"loss <= 0 and {NEVER} <= 60", "violated"),
        ("first(loss <= 10) <= 0", "holds"),
    ],
)
def test_a_step_that_has_not_come(claim: str, verdict: str) -> None:
    found = held(claim)
    assert found.verdict == verdict, found.detail
    if verdict == "undecided":
        assert "has not come by the run's last step, 5, and may later" in found.detail


def test_what_is_beyond_the_run_is_told_where_it_is_run() -> None:
    claim = "first(loss <= 0.6) <= 40"
    assert held(claim, steps=1).verdict == "undecided"
    reached = held(claim, steps=60)
    assert reached.verdict in ("holds", "violated")  # 40 was run


def test_a_hypothesis_that_speaks_of_it_is_not_met_before_it_is_known() -> None:
    found = held("loss <= 0", given=f"{NEVER} >= 60")
    assert found.verdict == "undecided" and "of its hypothesis first(loss <= 1e-09) has not come" in found.detail
    assert held("loss <= 0", given=f"{NEVER} >= 6").verdict == "violated"


def test_a_run_that_diverges_says_so_where_its_step_does_not_come() -> None:
    wild = {"eta": 1e300, "lam": 1e300}
    said = "its step, T = 20, does not come before step 1, at which the run diverges"
    for claim in ("test_error <= 0.05", f"{NEVER} <= 60"):
        found = held(claim, 20, wild)
        assert (found.verdict, found.detail) == ("undecided", said)
    late = held("loss >= 0", 20, wild, at="", since="10")
    assert late.verdict == "undecided" and "as it diverges" in late.detail
