"""Joint repair: values at which all clauses hold really are such, few parameters move, and what excludes is found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import pytest

import gammarho as gr
from derivations.declare import Clause, ClauseList, Conditions, Parameter, Value
from gammarho.cli import main
from simulate.conditions.held import Held
from simulate.conditions.point import Point
from simulate.conditions.repair import repair
from simulate.conditions.rows import Repair

KNOWN = {
    "x": Parameter(name="x", latex="x", meaning="a number", kind="real", default=1.0, low=0, open_low=True),
    "y": Parameter(name="y", latex="y", meaning="another", kind="real", default=1.0, low=0, open_low=True),
    "n": Parameter(name="n", latex="n", meaning="a whole number", kind="count", default=2, low=1),
}


def clause(name: str, left: str, relation: Literal[">=", "<=", "="], right: str) -> Clause:
    return Clause(id=name, source="", text="", left=left, relation=relation, right=right)


def repaired(*clauses: Clause, solve: tuple[str, ...] = ("x", "y"), constant: float = 1.0, **at: Value) -> Repair:
    declared = Conditions(paper="p", title="t", lists=(ClauseList(title="one", clauses=clauses),))
    values: dict[str, Value] = {"x": 1.0, "y": 1.0, "n": 2, **at}
    here = Point(declared, values, constant, None, {})

    def moved(changed: Mapping[str, float]) -> dict[str, Value]:
        return {**values, **changed}

    found = repair(here, moved, solve, KNOWN)
    if found.values:
        there = Point(declared, moved(found.values), constant, None, {})
        assert all(there.holds(each) for each in clauses), found
    return found


def test_the_nearest_point_moves_the_parameter_that_does_most() -> None:
    """x^2 y >= 100 takes a factor 10 of x, or 100 of y; the product of factors is least where x alone moves."""
    found = repaired(clause("a", "x**2*y", ">=", "100"))
    assert found.values is not None and found.values["y"] == pytest.approx(1.0, rel=1e-3)
    assert found.values["x"] == pytest.approx(10.0, rel=1e-2) and found.factors["x"] >= 10 * (1 - 1e-9)


def test_a_clause_that_holds_one_parameter_back_sends_the_other() -> None:
    found = repaired(clause("a", "x**2*y", ">=", "100"), clause("b", "x", "<=", "5"))
    assert found.values is not None
    assert found.values["x"] == pytest.approx(5.0, rel=1e-2) and found.values["y"] == pytest.approx(4.0, rel=3e-2)


def test_the_constant_is_asked_of_every_clause() -> None:
    found = repaired(clause("a", "x", ">=", "3"), solve=("x",), constant=10.0)
    assert found.values is not None and found.values["x"] == pytest.approx(30.0, rel=1e-2)


def test_whole_numbers_stay_whole() -> None:
    found = repaired(clause("a", "n", ">=", "6.5"), clause("b", "n", "<=", "7.5"), solve=("n",))
    assert found.values == {"n": 7.0}


def test_what_holds_already_is_left_alone() -> None:
    assert repaired(clause("a", "x", ">=", "0.5")).values == {}


@pytest.mark.parametrize(("clauses", "excluded"), [
    ((clause("a", "x", ">=", "10"), clause("b", "x", "<=", "2"), clause("c", "y", ">=", "3")), ("a", "b")),
    ((clause("a", "y", ">=", "10"), clause("b", "sqrt(x) - sqrt(x)", ">=", "y")), ("b",)),
])
def test_what_excludes_what_is_named(clauses: tuple[Clause, ...], excluded: tuple[str, ...]) -> None:
    found = repaired(*clauses)
    assert found.values is None and found.excluded == excluded and found.factors == {}


def test_a_side_that_has_to_become_positive_is_followed() -> None:
    """The slack of a side below 0 is no factor; a flat one would leave the search where it started."""
    found = repaired(clause("a", "log(x) - 3", ">=", "0.5"), solve=("x",))
    assert found.values is not None and found.values["x"] == pytest.approx(math.exp(3.5), rel=1e-2)


def test_refusals() -> None:
    with pytest.raises(gr.InputError, match="solve: 'sigma_q' is not a parameter here; did you mean 'sigma_p'"):
        gr.conditions("pegr", preset="paper", solve="d,sigma_q")
    with pytest.raises(gr.InputError, match="lam has no number above 0 here"):
        gr.conditions("pegr", {"lam": 0}, preset="paper", solve="lam")


def test_of_pegr_all_clauses_hold_at_what_is_offered() -> None:
    given: dict[str, object] = {"n": 50, "m": 20}
    table = gr.conditions("pegr", given, steps=1000, solve=["d", "sigma_p", "sigma_0", "lam"])
    assert table.repair is not None and table.repair.values
    there = gr.conditions("pegr", {**given, **table.repair.values}, steps=1000)
    assert all(group.holds for group in there.tables)


@pytest.mark.slow
def test_an_equation_is_solved_wherever_is_looked() -> None:
    given: dict[str, object] = {"n": 50, "m": 21, "lam": 0.06}
    hold = "sigma_p: sigma_p*sqrt(d)=19"
    table = gr.conditions("pegr", given, steps=1000, solve="d,sigma_0", hold=hold)
    assert table.repair is not None and table.repair.values
    d = table.repair.values["d"]
    there = gr.conditions("pegr", {**given, **table.repair.values, "sigma_p": 19 / math.sqrt(d)}, steps=1000)
    assert all(group.holds for group in there.tables)


def test_the_verdict_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conditions", "pegr", "--preset", "paper"]) == 0
    lines = capsys.readouterr().out.splitlines()
    title = next(at for at, line in enumerate(lines) if line.startswith("PEGR: Theorems"))
    assert lines[title + 1] == "  Condition 3.1: not covered: 3 of 7 clauses fail at C = 1, 3.1.1 most, short by 101"
    told = gr.conditions("pegr", preset="paper").to_dict()["tables"][0]
    assert told["failing"] == ["3.1.1", "3.1.3", "3.1.5m"] and told["worst"]["clause"] == "3.1.1"
    assert told["worst"]["short_by"] == pytest.approx(100.3, rel=1e-3)


def test_an_equation_is_solved_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Fails where the command solves it for what it prints, and the table for what it holds."""
    solved, times = Held.solved, []

    def counted(*args: Any, **more: Any) -> Any:
        times.append(1)
        return solved(*args, **more)

    monkeypatch.setattr(Held, "solved", counted)
    assert main(["conditions", "pegr", "n=50", "m=21", "--steps", "10", "--hold", "sigma_p: sigma_p*sqrt(d)=20"]) == 0
    assert len(times) == 1 and "sigma_p = 1 (held)" in capsys.readouterr().out
    assert gr.conditions("pegr", hold="sigma_p: sigma_p*sqrt(d)=20").held == (("sigma_p", 1.0),)


def test_the_printed_condition_alone_has_an_answer_too() -> None:
    """The smallest d for Theorem 3.2 at n = 50, m = 20: fails where only all lists together are solved for."""
    asked: dict[str, Any] = {"n": 50, "m": 20, "sigma_0": 0.009, "steps": 1000, "sigma_p": "10/sqrt(d)"}
    found = gr.conditions("pegr", solve="d", **asked)
    assert found.repair is not None and found.repair.values is None and found.repair.alone is not None
    d = found.repair.alone["d"]
    assert "Condition 3.1 alone would hold at C = 1 with d = " in str(found) and 1.0e6 < d < 1.01e6
    assert gr.conditions("pegr", d=d, **asked).tables[0].holds
    assert not gr.conditions("pegr", d=round(0.99 * d), **asked).tables[0].holds


def test_what_else_could_be_solved_for_is_named() -> None:
    """Before, one read that two clauses exclude each other in d, and not that sigma_p would open them."""
    text = " ".join(str(gr.conditions("pegr", n=50, m=20, steps=1000, solve="d")).split())
    assert "3.1.3 and R5 exclude each other" in text
    assert "solve for more of what mends 3.1.3 and R5: n, sigma_0, sigma_p " in text
    assert "solve for more" not in str(gr.conditions("pegr", n=50, m=20, steps=1000, solve="d,sigma_p,sigma_0,lam"))
