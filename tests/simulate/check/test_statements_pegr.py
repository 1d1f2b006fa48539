"""PEGR's statements: invariants on arbitrary states, stages on runs, and a mutant of each that has to be caught."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings

import gammarho as gr
from derivations.declare import Statement
from derivations.declare.formula import QUANTITIES, parse
from derivations.papers import shelf
from derivations.papers.pegr import proofs
from derivations.papers.pegr import statements as pegr
from simulate.ask import parameters
from simulate.ask.settings import resolve
from simulate.check.case import Case
from simulate.check.formula import mentioned
from simulate.check.judge import judge
from simulate.check.states import cases
from simulate.run.kernels import kernel_for
from tests.helpers.slowly import where

BY_ID = {s.id: s for s in pegr.STATEMENTS.statements}
STEPWISE = [
    s for s in BY_ID.values()
    if s.id[0] in "IL" or s.id in ("5.1", "5.3", "5.8", "C.4", "C.6", "C.7", "C.2-sharp", "E.7", "E.8")
]
SQUARE = cases("pegr", {"q": 2})
SEARCH = settings(max_examples=400, phases=[Phase.generate], database=None, derandomize=True)


def _holds_on(case: Case) -> None:
    for statement in STEPWISE:
        found = judge(statement, case)
        assert (found.failed, found.unknown) == (0, 0), (statement.id, found.first, case.states.values)


@settings(max_examples=25)
@given(SQUARE)
def test_invariants_hold_on_arbitrary_states(case: Case) -> None:
    _holds_on(case)


@pytest.mark.slow
@settings(max_examples=600)
@given(SQUARE)
def test_invariants_hold_on_many_arbitrary_states(case: Case) -> None:
    _holds_on(case)


@pytest.mark.parametrize(("eta", "seed"), [(1.2271972242673075, 2), (0.914075512249744, 6)])
def test_a_multiplier_near_0_leaves_nothing_of_a_state_but_its_rounding(eta: float, seed: int) -> None:
    """At these steps Lemma 5.3's multiplier of one head is 1e-9: what is left is compared by what moved."""
    values = {"n": 4, "m": 2, "d": 7, "mu_norm": 1.0, "sigma_p": 0.4, "sigma_0": 0.6, "eta": eta, "lam": 0.0,
              "neurons": "sum"}
    assert gr.check("pegr", values, ["I5"], steps=1, seed=seed, seeds=1)["I5"].verdict == "holds"


@pytest.mark.parametrize("statement", STEPWISE, ids=lambda s: s.id)
def test_each_invariant_is_tested_and_its_mutant_caught(statement: Statement) -> None:
    assert statement.mutant
    find(SQUARE, lambda case: judge(statement, case).entries > 0, settings=SEARCH)
    find(SQUARE, lambda case: judge(statement.mutated, case).failed > 0, settings=SEARCH)


def test_every_formula_speaks_of_known_quantities_and_every_erratum_is_on_record() -> None:
    known, indices = set(shelf.errata()), set("jrikq")
    shipped = {q.name for q in pegr.QUANTITIES}
    model = resolve("pegr").factory()  # type: ignore[operator]
    offered = {p.name for p in model.parameters} | {o.name for o in model.observables}
    offered |= {
        "gamma",
        "rho",
        "rho_over",
        "rho_under",
        "loss",
        "gradient_norm",
        "margins",
        "zeta",
        "l1",
        "t",
        "T",
        "y",
        "own",
    }
    offered |= {
        "test_error",
        "test_error_se",
        "z_mu",
        "z_xi",
        "G_mu_mu",
        "G_xi_xi",
        "kappa",
        "c",
        "lam_t",
        "same",
        "norm",
    }
    offered |= {"neuron_norm", "next", "start", "at", "first", "past", "max", "min", "sum", "mean", "all", "any"}
    offered |= {"abs", "exp", "log", "sqrt", "relu", "sign"}
    texts = [q.formula for q in pegr.QUANTITIES]
    for statement in BY_ID.values():
        texts += [statement.claim, statement.given, statement.at, statement.since, statement.until, statement.mutant]
        assert not statement.erratum or statement.erratum in known, statement.id
        assert bool(statement.erratum) == statement.id.endswith("-printed")
        assert statement.mutant or statement.erratum, statement.id
    for text in filter(None, texts):
        parse(text, QUANTITIES)
        assert set(mentioned(text)) <= shipped | offered | indices, text


# Runs on the presets that meet the theorems' repaired hypotheses.

PRESETS = ("theorem-3.2", "theorem-3.3", "lemma-E.14", "full-gradient")
_ALL = (*pegr._PEGR_STAGES, *pegr._GD_STAGES, *pegr._DATA, *proofs.STATEMENTS)
STAGES = {preset: tuple(BY_ID[s.id] for s in _ALL if BY_ID[s.id].presets[:1] == (preset,)) for preset in PRESETS}
PEGR = {"n": 30, "m": 8, "d": 1e6, "mu_norm": 2.0, "sigma_p": 0.04, "sigma_0": 1 / 1600, "eta": 0.006, "lam": 1 / 40,
        "lam_until": 4500, "eps": 0.05, "regularizer": "pegr"}
PLAIN = {"n": 20, "m": 20, "d": 1e6, "sigma_p": 0.04, "sigma_0": 0.01, "eta": 0.0125, "regularizer": "none"}


def _verdicts(statements: Sequence[Statement], params: dict[str, Any] | None, **options: Any) -> dict[str, str]:
    found = gr.check("pegr", params, list(statements), **options)
    return {result.statement.id: result.verdict for result in found.results}


@pytest.mark.parametrize("preset", where(lambda preset: preset != "theorem-3.3", STAGES))
def test_stages_hold_on_their_preset_and_their_mutants_do_not(preset: str) -> None:
    tested = [s for s in STAGES[preset] if s.mutant]
    options: dict[str, Any] = {"preset": preset, "seeds": 2, "draws": 60}
    told, wrong = _verdicts(tested, None, **options), _verdicts([s.mutated for s in tested], None, **options)
    few = ("T3.2", "T3.3")  # two draws do not bound a failure probability by 0.1
    assert told == {s.id: "undecided" if s.id in few else "holds" for s in tested}
    late = ("D5", "E15")  # the bound is far beyond the run: what is not reached is not refuted
    assert wrong == {s.id: "undecided" if s.id in late else "violated" for s in tested}


def test_each_statement_names_a_preset_where_it_is_not_vacuous() -> None:
    """Stages are run on theirs above; the others speak of one step, and few steps do."""
    own = {s.id for s in BY_ID.values() if s.instance is not None or s.path is not None}
    named = {s.id: s.presets[0] for s in BY_ID.values() if s.presets}
    assert set(named) | own == set(BY_ID) and set(named.values()) <= {*PRESETS, "one-example"}
    run = {s.id for part in STAGES.values() for s in part if s.mutant}
    for preset in set(named.values()):
        rest = [BY_ID[name] for name, on in named.items() if on == preset and name not in run]
        late = [s for s in rest if s.at or s.since]
        for group, options in (([s for s in rest if s not in late], {"steps": 60}), (late, {})):
            told = _verdicts(group, None, preset=preset, seeds=1, draws=2, **options) if group else {}
            assert "vacuous" not in told.values(), (preset, told)


LISTED: list[tuple[str, dict[str, Any], int, str]] = [
    ("E4b E1c", {"n": 60, "m": 60, "d": 1e14, "sigma_p": 6e-6, "sigma_0": 7e-5, "eta": 0.05, "regularizer": "none"},
     60, "holds vacuous"),
    ("E4b-sharp E1c-printed", {"n": 60, "m": 60, "d": 1e14, "sigma_p": 6e-6, "sigma_0": 7e-5, "eta": 0.05,
                               "regularizer": "none"}, 60, "holds violated"),
    ("P5.4a P5.4b", {"n": 4, "m": 2, "d": 1e6, "sigma_p": 0.01, "sigma_0": 1e-3, "eta": 40, "regularizer": "none"}, 3,
     "vacuous"),
    ("D1", {"n": 10, "m": 5, "d": 300, "sigma_p": 2.31, "sigma_0": 6.25e-4, "eta": 0.003, "lam": 0.003125}, 100,
     "vacuous"),
    ("T3.3", {"n": 50, "m": 10, "d": 1e4, "sigma_p": 0.1, "mu_norm": 10, "sigma_0": 0.2, "eta": 0.25,
              "regularizer": "none"}, 300, "vacuous"),
]


@pytest.mark.parametrize(("ids", "params", "steps", "expected"), LISTED, ids=[case[0] for case in LISTED])
def test_statements_that_were_violated_say_what_they_need(
    ids: str, params: dict[str, Any], steps: int, expected: str
) -> None:
    seeds = 44 if ids == "T3.3" else 2  # as many as a delta of 0.1 takes: before, it was violated on them
    told = _verdicts([BY_ID[name] for name in ids.split()], params, steps=steps, seeds=seeds)
    wanted = expected.split()
    assert list(told.values()) == (wanted if len(wanted) > 1 else wanted * len(told))


@pytest.mark.slow
def test_theorem_3_2_is_decided_by_as_many_draws_as_its_delta_takes() -> None:
    """Each draw has its window's steps; before, one of 50 draws that never hit left it undecided."""
    told = gr.everywhere("pegr", statements=["T3.2", "T3.3"])
    assert {name: told[name].verdict for name in ("T3.2", "T3.3")} == dict.fromkeys(("T3.2", "T3.3"), "holds")
    assert all(told[name].failed == 0 and told[name].met >= 44 for name in ("T3.2", "T3.3"))


def test_what_was_weakened_is_asked_in_full() -> None:
    """Proposition E.2 asked for log log n > 0 alone, 5.4 not for -4 log T*, and Lemma B.2 for each part by itself."""
    small = {"n": 4, "m": 2, "d": 5, "regularizer": "none"}
    low = BY_ID["P5.4b"].claim.replace("rho_under", "(rho_under - 5*LT)")
    asked = [replace(BY_ID["E2"], given="", at="0"), replace(BY_ID["P5.4b"], given="", claim=low)]
    assert _verdicts(asked, small, steps=2, seeds=1) == {"E2": "violated", "P5.4b": "violated"}
    lemma = [replace(BY_ID[name], given="") for name in ("B2", "B2b")]
    told = _verdicts(lemma, small, steps=0, draws=60)
    assert told["B2"] == "violated" and told["B2b"] != "violated"  # the lengths alone fail in five dimensions


def test_products_of_noises_need_a_dimension() -> None:
    """Lemma B.2's Omega is 1.5 for them: of 200 noises in two dimensions a quarter of the draws fail at delta = 0.1."""
    few = {"n": 200, "m": 2, "d": 2, "project_noise": False, "regularizer": "none"}
    free = replace(BY_ID["B2b"], given="not same[i,k]")
    assert _verdicts([free], few, steps=0, draws=100)["B2b"] == "violated"
    assert _verdicts([BY_ID["B2b"]], few, steps=0, draws=20)["B2b"] == "vacuous"
    least = math.ceil(1.5 * math.log(4 * 200 / 0.1))
    assert _verdicts([BY_ID["B2b"]], {**few, "d": least}, steps=0, draws=60)["B2b"] == "holds"
    # The rate of a side's tail at t d, and of what the lemma has it pass with, at the least d, whatever n is.
    for y, enough in ((4 / 3, True), (2.0, False)):
        t = 2 * math.sqrt(y)
        s = (math.sqrt(1 + 4 * t**2) - 1) / (2 * t)
        assert (s * t + math.log1p(-(s**2)) / 2 >= y) == enough


def test_the_distance_to_w_star_falls_for_eps_below_4_alone() -> None:
    """Beyond, W* turns round: a search across eps = 1 found Lemma E.13, without that condition, false at 11.04."""
    free = replace(BY_ID["E13"], given=BY_ID["E13"].given.replace(" and eps <= 1", ""))
    told = {
        eps: [_verdicts([said], {"eps": eps}, preset="theorem-3.3", seeds=1)["E13"] for said in (BY_ID["E13"], free)]
        for eps in (0.9, 11.04)
    }
    assert told == {0.9: ["holds", "holds"], 11.04: ["vacuous", "violated"]}


@pytest.mark.slow
def test_the_penalty_slows_the_signal() -> None:
    params = {"n": 30, "m": 12, "d": 1e6, "sigma_p": 0.03, "sigma_0": 1 / 900, "eta": 8.98e-4, "lam": 5.88}
    assert _verdicts([BY_ID["D4c"]], params, steps=420_000, seeds=2) == {"D4c": "holds"}
    assert _verdicts([BY_ID["D4c"]], params, steps=320_727, seeds=2) == {"D4c": "vacuous"}  # its step is 341913
    early = replace(BY_ID["D4c"], at="T_1_printed*n/min[j](n_own)")
    assert _verdicts([early], params, steps=320_727, seeds=2) == {"D4c": "violated"}


@pytest.mark.slow
def test_printed_forms_are_refuted_where_their_erratum_says() -> None:
    found = gr.check(
        "pegr", PEGR, [s for s in BY_ID.values() if s.erratum and s.id != "T3.3-printed"], steps=4600, seeds=2
    )
    plain = ["5.2-printed", "C.2-under-printed"]
    assert {r.statement.id: r.verdict for r in found.results if r.verdict != "violated"} == dict.fromkeys(
        plain, "vacuous")
    assert found.passed and "an error of the paper, not tested here" in str(found)
    again = gr.check("pegr", PLAIN, plain, steps=5, seeds=1)
    assert [again[name].verdict for name in plain] == ["violated"] * 2


def test_order_of_the_distance_to_w_star() -> None:
    told = _verdicts([BY_ID["E3-order"], BY_ID["E3-order-printed"]], {}, steps=1, seeds=1)
    assert told == {"E3-order": "holds", "E3-order-printed": "violated"}
    assert _verdicts([BY_ID["E3-order"].mutated], {}, steps=1, seeds=1) == {"E3-order": "violated"}


@pytest.mark.slow
def test_presets() -> None:
    for preset, held, vacuous in (("paper", {"C.2", "P5.4c", "B2a", "D4a"}, {"D1", "D4c", "E1a"}),
                                  ("mechanism", {"D1", "D4a", "D4b", "D4c", "D5", "B1"}, {"E1a", "B3d"})):
        found = gr.check("pegr", preset=preset)
        verdicts = {r.statement.id: r.verdict for r in found.results}
        assert found.passed
        assert {verdicts[name] for name in held} == {"holds"}
        assert {verdicts[name] for name in vacuous} == {"vacuous"}
        assert verdicts["T3.3-printed"] == "violated"
        printed = [r for r in found.results if r.statement.erratum]
        assert all(r.verdict in ("violated", "vacuous") for r in printed)


# Exact symmetries of one step (S1 to S8 of gradient descent, PEGR and FGR): the state and the values change together.


def _step(
    case: Case, values: dict[str, Any], z: Any, b: Any, gram: Any, y: Any, regularizer: str | None = None
) -> tuple[Any, Any]:
    kernel = case.kernel if regularizer is None else _kernel(regularizer)
    found = kernel.run(z, b, gram, y, values, 1, np.array([2]), start=1)
    return found.z, found.b


def _kernel(regularizer: str) -> Any:
    return kernel_for(parameters.resolve(resolve("pegr").factory, {"regularizer": regularizer, "q": 2}).model)


def _parts(case: Case) -> tuple[dict[str, Any], Any, Any, Any, Any]:
    assert case.states.b is not None
    return dict(case.states.values), case.states.z[1], case.states.b[1], case.draw.gram, case.draw.y


def _same(left: tuple[Any, Any], right: tuple[Any, Any]) -> None:
    for a, b in zip(left, right, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12 * (1 + np.abs(a).max(initial=0)))


@settings(max_examples=25)
@given(SQUARE)
def test_mean_and_sum_are_one_network(case: Case) -> None:
    values, z, b, gram, y = _parts(case)
    m = z.shape[1]
    mean = {**values, "neurons": "mean"}
    total = {**values, "neurons": "sum", "eta": values["eta"] / m, "lam": values["lam"] / m}
    z1, b1 = _step(case, mean, z, b, gram, y)
    z2, b2 = _step(case, total, z / m**0.5, b / m**0.5, gram, y)
    _same((z1, b1), (z2 * m**0.5, b2 * m**0.5))


@settings(max_examples=25)
@given(SQUARE)
def test_lengths_scale_out(case: Case) -> None:
    values, z, b, gram, y = _parts(case)
    k = 2.0  # mu, xi by 1/k, W by k: z stays, G by 1/k^2, eta and lambda by k^2
    other = {**values, "eta": values["eta"] * k**2, "lam": values["lam"] * k**2}
    z1, b1 = _step(case, values, z, b, gram, y)
    z2, b2 = _step(case, other, z, b * k**2, gram / k**2, y)
    _same((z1, b1), (z2, b2 / k**2))


@settings(max_examples=25)
@given(SQUARE)
def test_labels_swap_with_heads_and_mu(case: Case) -> None:
    values, z, b, gram, y = _parts(case)
    flip = np.ones(gram.shape[0])
    flip[0] = -1.0
    z1, b1 = _step(case, values, z, b, gram, y)
    z2, b2 = _step(case, values, (z * flip)[::-1], (b * flip)[::-1], gram * np.outer(flip, flip), -y)
    _same((z1, b1), ((z2 * flip)[:, ::-1], (b2 * flip)[:, ::-1]))


@settings(max_examples=25)
@given(SQUARE)
def test_examples_and_filters_have_no_order(case: Case) -> None:
    values, z, b, gram, y = _parts(case)
    order = np.r_[0, 1 + np.arange(len(y))[::-1]]
    z1, b1 = _step(case, values, z, b, gram, y)
    z2, b2 = _step(case, values, z[:, ::-1, order], b[:, ::-1, order], gram[np.ix_(order, order)], y[::-1].copy())
    _same((z1[:, :, ::-1][..., order], b1[:, :, ::-1][..., order]), (z2, b2))


@settings(max_examples=25)
@given(cases("pegr", {"q": 2, "regularizer": "pegr"}))
def test_penalties_agree_where_they_must(case: Case) -> None:
    values, z, b, gram, y = _parts(case)
    off = {**values, "lam": 0.0}
    for other in ("none", "fgr"):
        _same(_step(case, off, z, b, gram, y), _step(case, off, z, b, gram, y, other))
    one = slice(0, 2)  # n = 1: the per-example gradient is the gradient
    parts = (z[..., one], b[..., one], gram[one, one], y[:1])
    _same(_step(case, values, *parts), _step(case, values, *parts, "fgr"))
