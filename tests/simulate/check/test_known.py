"""Names that no run of a model has are refused before anything is compiled, and every name that a run has passes."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

import gammarho as gr
from derivations.declare import Only, Statement
from derivations.papers.paper import PAPERS
from derivations.papers.pegr.model import model as pegr
from simulate.ask.settings import resolve, statements_of
from simulate.check.induct import inductive
from simulate.check.known import check_names
from simulate.check.power import mutants
from simulate.check.search import search
from simulate.errors import InputError

CLAIM = "stable_rank <= 2"
ASKING: dict[str, Callable[[str | Statement], object]] = {
    "check": lambda claim: gr.check("pegr", statements=[claim], steps=2),
    "sensitivity": lambda claim: gr.sensitivity("pegr", claim=claim, steps=2),
    "search": lambda claim: search("pegr", statements=[claim], steps=2, tries=1),
    "inductive": lambda claim: inductive("pegr", statements=[claim], steps=2),
    "mutants": lambda claim: mutants("pegr", statements=[claim], steps=2),
}


@pytest.mark.parametrize("verb", ASKING)
@pytest.mark.parametrize("claim", [CLAIM, Statement(id="own", kind="inequality", claim="loss <= 9", given="los > 0")])
def test_a_name_that_no_run_has_is_refused_before_a_kernel_is_made(
    verb: str, claim: str | Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails where somebody waits for a kernel to be compiled, and a run made, to be told of a slip."""
    def compiled(*_: object, **__: object) -> None:
        raise AssertionError("a kernel is asked for")

    monkeypatch.setattr("simulate.run.kernels._kernel", compiled)
    said = "is not a quantity of pegr here"
    with pytest.raises(InputError, match=rf"^({CLAIM}: 'stable_rank'|own: 'los') {said}"):
        ASKING[verb](claim)


@pytest.mark.parametrize("name", PAPERS)
def test_every_name_in_the_papers_statements_is_known(name: str) -> None:
    setting = resolve(name)
    for chosen in itertools.product(*setting.structural.values()):
        model = setting.factory(**dict(zip(setting.structural, chosen, strict=True)))  # type: ignore[operator]
        recorded = statements_of(setting, model)
        assert recorded.statements
        check_names(recorded.statements, model, {each.name: each.formula for each in recorded.quantities})


@pytest.mark.parametrize(("claim", "quantities"), [
    ("max[j,r](gamma) <= own_bound", {"own_bound": "2*kappa + norm + T"}),
    ("next(z_mu) >= z_mu - b_xi and past(lam_t) >= 0", {}),
    ("first(loss <= eps) <= T_1 + n", {}),
    ("sum[i](yhat*margins) >= -inf and test_error_upper <= 1", {}),
])
def test_names_that_runs_have_pass(claim: str, quantities: dict[str, str]) -> None:
    """Indices and functions are no names, and a hitting time has a sentence of its own."""
    check_names([Statement(id="own", kind="inequality", claim=claim)], pegr(), quantities)


def test_names_inside_quantities_are_looked_at_and_what_is_about_other_values_is_not() -> None:
    inner = {"bound": "further", "further": "sigma_q"}
    with pytest.raises(InputError, match=r"^own: 'sigma_q' is not a quantity of pegr here; did you mean 'sigma_[0p]'"):
        check_names([Statement(id="own", kind="inequality", claim="loss <= bound")], pegr(), inner)
    only = (Only(parameter="q", values=(3,), why="the cubes"),)
    check_names([Statement(id="own", kind="inequality", claim="loss <= sigma_q", only=only)], pegr(), {})
