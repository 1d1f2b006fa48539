"""Nearly orthogonal data: its statements on arbitrary states, runs and draws, and a mutant of each that is caught."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, find, given, settings

import gammarho as gr
from derivations.declare import Statement
from derivations.papers import shelf
from derivations.papers.nearly_orthogonal import proofs
from derivations.papers.nearly_orthogonal import statements as nearly_orthogonal
from simulate.check.case import Case
from simulate.check.judge import judge
from simulate.check.states import cases

BY_ID = {s.id: s for s in nearly_orthogonal.STATEMENTS.statements}
STEPWISE = list(nearly_orthogonal._INVARIANTS)
STATES = cases("nearly_orthogonal")
SEARCH = settings(max_examples=250, phases=[Phase.generate], database=None, derandomize=True)

LEAKY: dict[str, Any] = {
    "n": 6, "m": 220, "d": 40, "data": "orthogonal", "eta": 132.0, "sigma_0": 1e-3, "slope": 0.5,
}
STAGES = (*nearly_orthogonal._MARGINS, *nearly_orthogonal._LEAKY_STAGES, *nearly_orthogonal._RELU_STAGES)


def verdicts(statements: list[Statement], params: dict[str, Any] | None, **options: Any) -> dict[str, str]:
    found = gr.check("nearly_orthogonal", params, statements, **options)
    return {result.statement.id: result.verdict for result in found.results}


@settings(max_examples=40)
@given(STATES)
def test_invariants_hold_on_arbitrary_states(case: Case) -> None:
    for statement in STEPWISE:
        found = judge(statement, case)
        assert (found.failed, found.unknown) == (0, 0), (statement.id, found.first, case.states.values)


@pytest.mark.parametrize("statement", STEPWISE, ids=lambda s: s.id)
def test_each_invariant_is_tested_and_its_mutant_caught(statement: Statement) -> None:
    find(STATES, lambda case: judge(statement, case).entries > 0, settings=SEARCH)
    find(STATES, lambda case: judge(statement.mutated, case).failed > 0, settings=SEARCH)


def test_every_statement_has_a_mutant_or_is_a_recorded_erratum() -> None:
    known = set(shelf.errata())
    for statement in BY_ID.values():
        assert bool(statement.erratum) == statement.id.endswith("-printed")
        if statement.erratum:
            assert statement.erratum in known, statement.id
        else:
            assert statement.mutant, statement.id


PROOFS = tuple(BY_ID[s.id] for s in proofs.STATEMENTS)


@pytest.mark.parametrize("preset", ["theorem-4.1", "theorem-4.3", "orthogonal-relu", "sequences", "orthogonal-limit"])
def test_stages_hold_on_the_presets_that_they_name_and_their_mutants_do_not(preset: str) -> None:
    """On inputs with p > 0 and R > 1, and for Lemmas F.2 and F.3 on orthogonal ones."""
    tested = [s for s in (*STAGES, *PROOFS, *nearly_orthogonal._RUNS) if s.mutant and preset in BY_ID[s.id].presets]
    steps = {"sequences": 400, "orthogonal-limit": 300}.get(preset, 1200)
    options: dict[str, Any] = {"preset": preset, "seeds": 1, "steps": steps}
    told, wrong = verdicts(tested, None, **options), verdicts([s.mutated for s in tested], None, **options)
    assert told == dict.fromkeys(told, "holds")
    assert wrong == dict.fromkeys(told, "violated")


def test_every_statement_names_a_preset_or_has_values_of_its_own() -> None:
    for statement in BY_ID.values():
        assert statement.presets or statement.instance or statement.path, statement.id
    rest = [s for s in BY_ID.values() if s.presets and s.id not in {each.id for each in (*STAGES, *PROOFS)}]
    told = verdicts([s for s in rest if s.presets[0] == "theorem-4.1"], None, preset="theorem-4.1", steps=40, seeds=1,
                    draws=2)
    assert len(told) == len(rest) and "vacuous" not in told.values()


def test_a_large_start_decides_no_growth() -> None:
    """W(0) of norm 2000 hides the logarithm; what Theorem 4.3 says about it is true all the same."""
    params = {"n": 4, "m": 400, "d": 1e6, "slope": 0, "data": "orthogonal", "eta": 320, "sigma_0": 0.1}
    assert verdicts([BY_ID["4.3a"]], params, steps=2000, seeds=1) == {"4.3a": "holds"}
    grows = Statement(id="grows", kind="inequality", at="T",
                      claim="sum[r](neuron_norm**2) >= 1.1*at(sum[r](neuron_norm**2), T/10)")
    assert verdicts([grows], params, steps=2000, seeds=1) == {"grows": "violated"}


def test_outside_their_hypotheses_stages_are_vacuous_and_never_a_pass() -> None:
    """The paper's own synthetic data meet none of the explicit hypotheses."""
    tested = [s for s in STAGES if s.mutant and s.path is None and not s.id.startswith("F.2")]
    for slope in (0.0, 0.1):
        told = verdicts(tested, {"slope": slope, "m": 20}, steps=30, seeds=2)
        assert told == dict.fromkeys(told, "vacuous")


def test_data_statements_hold_and_their_mutants_do_not() -> None:
    tested = list(nearly_orthogonal._DATA)
    params = {**LEAKY, "m": 245, "d": 250}
    told = verdicts(tested, params, steps=0, seeds=1, draws=120)
    wrong = verdicts([s.mutated for s in tested], params, steps=0, seeds=1, draws=20)
    assert told == dict.fromkeys(told, "holds") and wrong == dict.fromkeys(told, "violated")


def test_printed_forms_are_refuted() -> None:
    printed = [s for s in BY_ID.values() if s.erratum]
    relu = [s for s in printed if s.presets and s.presets[0] != "theorem-4.1"]
    rest = [s for s in printed if s not in relu]
    assert verdicts(rest, LEAKY, steps=200, seeds=4) == {s.id: "violated" for s in rest}
    for statement in relu:
        assert verdicts([statement], None, preset=statement.presets[0], steps=200, seeds=1) == {
            statement.id: "violated"}


@pytest.mark.slow
def test_orders_in_time() -> None:
    orders = [s for s in BY_ID.values() if s.kind == "order"]
    assert verdicts(orders, {}, steps=1, seeds=2) == {s.id: "holds" for s in orders}
    assert verdicts([s.mutated for s in orders], {}, steps=1, seeds=2) == {s.id: "violated" for s in orders}


def test_the_heads_of_an_observable_of_matrices_are_its_first_entries() -> None:
    params = {"n": 3, "m": 4, "d": 9}
    false = Statement(id="one", kind="inequality", claim="stable_rank_heads < 0")
    told = gr.check("nearly_orthogonal", params, [false], steps=2, seeds=1)["one"]
    assert told.witness is not None
    data = eval(told.witness.replay, {"gr": gr})
    place = 0 if told.witness.index["j"] == 1 else 1
    assert told.witness.left == pytest.approx(float(data["stable_rank"][0, place]), rel=1e-10)


@pytest.mark.slow
def test_the_command_line_checks_it(capsys: pytest.CaptureFixture[str]) -> None:
    from gammarho import cli

    sizes = ["n=4", "m=6", "d=20"]
    assert cli.main(["check", "nearly_orthogonal", *sizes, "--steps", "5", "--seeds", "2", "--draws", "3"]) == 0
    out = capsys.readouterr().out
    assert "arXiv:2310.18935" in out and "C.4-core" in out
