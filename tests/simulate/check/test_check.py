"""check: the language of claims, its rounding, the four verdicts, witnesses that run again, and the verb."""

from __future__ import annotations

import json
import math
import re
import sys
import textwrap
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import gammarho as gr
from derivations.declare import Instance, Only, Path, Quantity, Statement, Statements
from derivations.declare.formula import QUANTITIES, parse
from gammarho import cli
from simulate.ask.chosen import choose
from simulate.ask.settings import resolve as setting
from simulate.check.bench import Bench, Call, Result
from simulate.check.case import Case
from simulate.check.check import Check
from simulate.check.comparison import comparisons
from simulate.check.formula import evaluate, number
from simulate.check.judge import judge
from simulate.check.results import counted, summary
from simulate.check.verdict import draws_needed, exponent, failure_limits
from simulate.errors import InputError
from simulate.run.problem import problem_of

SMALL = {"n": 4, "m": 3, "d": 30, "eta": 0.1, "lam": 0.5}


def lemma(claim: str, **fields: Any) -> Statement:
    return Statement(**{"id": "own", "kind": "inequality", "claim": claim, **fields})


def verdict(claim: str, params: Mapping[str, object] | None = None, **fields: Any) -> Result:
    options = {key: fields.pop(key) for key in ("steps", "seeds", "draws") if key in fields}
    return gr.check("pegr", params or SMALL, [lemma(claim, **fields)], **{"steps": 20, "seeds": 2, **options})["own"]


@pytest.fixture(scope="module")
def case() -> Case:
    found = setting("pegr")
    bench = Bench(problem_of(choose(found, SMALL)), 20, 0, {"A": "z_mu", "h": "z_xi", "twice": "2*A"}, Call({}, {}))
    return bench.case(0, 20, [])


# The language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", lambda z, b, g: z[:, :, :, 0]),
        ("twice - A", lambda z, b, g: z[:, :, :, 0]),
        ("h[j,r,k]", lambda z, b, g: z[:, :, :, 1:]),
        ("G_xi_xi[i,i]", lambda z, b, g: np.diag(g)[1:]),
        ("max[r](A)", lambda z, b, g: z[:, :, :, 0].max(2)),
        ("sum[j,r,i](relu(h)**2)", lambda z, b, g: (np.maximum(z[..., 1:], 0) ** 2).sum((1, 2, 3))),
        ("mean[i](abs(h))", lambda z, b, g: np.abs(z[..., 1:]).mean(3)),
        ("sum[k](b_xi[j,r,k]*G_xi_xi[i,k])", lambda z, b, g: b[..., 1:] @ g[1:, 1:]),
        ("next(A)", lambda z, b, g: z[1:, :, :, 0]),
        ("start(h)", lambda z, b, g: z[0, :, :, 1:]),
        ("past(A)", lambda z, b, g: np.cumsum(z[:, :, :, 0], axis=0) - z[:, :, :, 0]),
        ("at(h, 7.9)", lambda z, b, g: z[7, :, :, 1:]),
        ("max(A, -A)", lambda z, b, g: np.abs(z[:, :, :, 0])),
        ("j*A", lambda z, b, g: z[:, :, :, 0] * np.array([1, -1])[:, None]),
        ("A > 0", lambda z, b, g: z[:, :, :, 0] > 0),
        ("A > 0 and not A > 0.01 or A < -1", lambda z, b, g: (z[:, :, :, 0] > 0) & (z[:, :, :, 0] <= 0.01)),
        ("kappa*c*m", lambda z, b, g: np.asarray(0.5)),
    ],
)
def test_formulas_say_what_numpy_says(case: Case, text: str, expected: Any) -> None:
    rows = np.flatnonzero(case.following >= 0) if "next" in text else None
    found = evaluate(parse(text, QUANTITIES), case.view(rows))
    assert case.states.b is not None
    np.testing.assert_allclose(found.values, expected(case.states.z, case.states.b, case.draw.gram), rtol=1e-13, atol=0)


def test_reductions_take_a_condition(case: Case) -> None:
    own = np.array([1.0, -1.0])[:, None] == case.draw.y
    h = case.states.z[..., 1:]
    found = evaluate(parse("max[j,r](h, own)", QUANTITIES), case.view())
    np.testing.assert_array_equal(found.values, np.where(own[:, None, :], h, -np.inf).max((1, 2)))
    assert found.dims == ("t", "i")
    assert number("sum[i,k](1, same[i,k])", case.view()) == 4


def test_events_have_their_first_step(case: Case) -> None:
    loss = case.states.seen["loss"]
    bound = float(np.median(loss))
    assert number(f"first(loss <= {bound!r})", case.view()) == case.t[np.argmax(loss <= bound)] > 0
    assert number("first(loss <= 0)", case.view()) == np.inf


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gama <= 1", "did you mean 'gamma'"), ("gamma[j] <= 1", "1 index; expected 2"),
        ("sin(A) <= 1", "not a function"), ("max[q](A) <= 1", "no index q"),
        ("A*b_xi[j,i,r] <= 1", "different lengths"), ("gamma <=", "not a formula"),
        ("A % 2 <= 1", "not part of a formula"), ("A^2 <= 1", r"write \*\* for a power"),
        ("A <= 0x10", "in decimals"), ("max(A) <= 1", "not a function of 1 argument"),
        ("A != 0", "the comparisons are"), ("[A] == A", "not part of a formula"),
    ],
)
def test_what_is_wrong_is_said(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        verdict(text)


def test_tolerance_is_relative_to_what_cancels(case: Case) -> None:
    view = case.view()
    (kept,) = comparisons("h + 1e6 - 1e6 == h", view, 1e-15)
    assert kept.holds.all() and not np.array_equal(kept.left, kept.right)
    for text in ("h*(1 + 1e-9) == h", "h*(1 + 1e-9) + abs(h) <= h + abs(h)"):
        assert not comparisons(text, view, 1e-12)[0].holds.all()
    assert comparisons("loss <= loss and loss < loss*1.1 <= 1", view, 1e-12)[2].text == "loss * 1.1 <= 1"


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=4), st.floats(0.1, 5))
def test_rounding_of_the_two_sides_of_an_identity_never_violates_it(terms: list[float], power: float) -> None:
    found = setting("pegr")
    at = Bench(problem_of(choose(found, SMALL)), 0, 0, {}, Call({}, {})).case(0, 0, []).view()
    total = " + ".join(f"({x!r})" for x in terms)
    for left, right in ((f"({total})**2", f"({total})*({total})"), (f"({total}) - ({total})*1.0", "0"),
                        (f"log(abs({total}) + 1)*{power}", f"log((abs({total}) + 1)**{power})"),
                        (f"exp(-abs({total})/100)", f"1/exp(abs({total})/100)")):
        assert all(c.holds.all() for c in comparisons(f"{left} == {right}", at, 1e-12))


# Verdicts


@pytest.mark.parametrize("x", [1e-20, -1e-20, 1e-9, 0.3, 40.0])
def test_sums_with_one_are_not_formed(case: Case, x: float) -> None:
    """log(1 + x) and exp(x) - 1 keep the digits of x; formed, they are 0 for a small one."""
    assert number(f"log(1 + {x})", case.view()) == pytest.approx(math.log1p(x), rel=1e-14)
    assert number(f"exp({x}) - 1", case.view()) == pytest.approx(math.expm1(x), rel=1e-14)


@pytest.mark.parametrize("right", ["log(1 - 3*eta/(3*eta))", "log(eta + 1 - 1 - eta)", "-1/(eta + 1 - 1 - eta)",
                                   "-(eta + 1 - 1 - eta)**(-2)", "log(1 - exp(-1e-17*eta)*(1 + 1e-17*eta))"])
def test_what_cancelled_to_nothing_decides_nothing(right: str) -> None:
    """The log or the quotient of terms that cancel is no infinity: it was, and true identities were said violated."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verdict(f"loss <= {right}").verdict == "undecided"
    assert verdict("-1/relu(-eta) <= loss and log(relu(-eta)) <= loss").verdict == "holds"  # 0 itself is known


@pytest.mark.parametrize(("claim", "named"), [("loss < train_error/0", "'train_error / 0'"),
                                              ("loss < 1/(1 - 1)", "'1 / (1 - 1)'"), ("0/0 <= loss", "'0 / 0'")])
def test_a_written_division_by_0_is_refused(claim: str, named: str) -> None:
    """Before, a finite loss was below its infinity, and the claim held."""
    with pytest.raises(InputError, match=re.escape(f"{named} divides by 0 whatever the run; write inf")):
        verdict(claim)
    assert verdict("loss < inf").verdict == "holds"


def test_the_four_verdicts() -> None:
    assert verdict("abs(l1) <= 1").verdict == "holds"
    assert verdict("abs(l1) <= 0.1").verdict == "violated"
    assert verdict("abs(l1) <= 0.1", given="n > 4").verdict == "vacuous"
    assert verdict("log(-1 - abs(gamma)) <= 0").verdict == "undecided"  # it has no value
    only = (Only(parameter="regularizer", values=("none",), why="gradient descent"),)
    told = verdict("abs(l1) <= 0.1", only=only)
    assert (told.verdict, told.met) == ("vacuous", 0) and "regularizer=none" in told.detail


def test_a_vacuous_statement_names_the_part_that_never_holds() -> None:
    told = verdict("loss <= 0", given="own and n == 4 and m > 3")
    assert told.verdict == "vacuous" and told.detail.endswith("never met: m > 3")


@pytest.mark.parametrize(("claim", "observed"), [
    ("max[j](gamma) >= start(max[j](gamma))", False), ("wide >= 0", False), ("late >= 0", True), ("loss <= 1", True),
])
def test_states_are_observed_where_a_formula_asks_for_it(claim: str, observed: bool) -> None:
    """Directly or through the quantities that it names."""
    quantities = {"wide": "max[j,r](abs(gamma))", "late": "margin_least", "margin_least": "min[i](margins)"}
    bench = Bench(problem_of(choose(setting("pegr"), SMALL)), 20, 0, quantities, Call({}, {}))
    case = bench.case(0, 20, [lemma(claim)])
    assert bool(case.states.seen) is observed
    assert judge(lemma(claim), case).entries


def test_steps_that_do_not_come_are_vacuous_and_hits_that_do_not_are_undecided() -> None:
    assert verdict("loss <= 0", at="21").verdict == "vacuous"
    assert verdict("loss <= 0", at="-1").verdict == "vacuous"
    assert verdict("loss <= 0", since="30").verdict == "vacuous"
    assert verdict("loss <= 0", at="first(loss <= 0)").verdict == "undecided"
    assert verdict("t == 20", at="20").verdict == "holds"
    assert verdict("t <= 7", until="7").verdict == "holds"
    assert "ends at 20 of 25" in verdict("t <= 20", until="25").detail


def test_sums_over_the_past_need_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict("past(next(A) - A) == A - start(A)", kind="identity").verdict == "holds"
    assert verdict("past(next(A) - A) == next(A) - start(A)", kind="identity").verdict == "violated"
    monkeypatch.setattr("simulate.check.bench.EVERY_STEP", 10)
    found = verdict("past(loss) <= 0", steps=1000)
    assert found.verdict == "vacuous" and "past(loss) sums over every step" in found.detail


def test_a_witness_of_a_quantity_that_looks_ahead_records_the_next_step() -> None:
    statements = Statements(paper="own", quantities=(Quantity(name="gain", formula="next(loss) - loss", meaning=""),),
                            statements=(lemma("gain >= 0"),))
    witness = gr.check("pegr", SMALL, statements, steps=3, seeds=1)["own"].witness
    assert witness is not None and "record=[0, 1]" in witness.replay


def test_a_replay_has_the_numbers_that_were_read() -> None:
    """Before, what came from the command line stood there as text: {'n': '6', 'd': '2*50'}."""
    found = gr.check("pegr", {"n": "6", "m": "4", "d": "2*50"}, ["D.2-printed"], steps=2, seeds=1, draws=1)
    (result,) = found.results
    assert result.witness is not None and result.witness.replay.startswith("gr.run('pegr', {'n': 6, 'm': 4, 'd': 100")


def test_a_run_that_diverges_is_undecided() -> None:
    told = verdict("loss >= 0", {**SMALL, "eta": 1e300, "lam": 1e300}, steps=200)
    assert told.verdict == "undecided" and "diverges" in told.detail


def test_the_penalty_is_known_step_by_step() -> None:
    params = {**SMALL, "lam_until": 5}
    assert verdict("lam_t == 0.5", params, until="5").verdict == "holds"
    assert verdict("lam_t == 0", params, since="6").verdict == "holds"
    assert verdict("lam_t == 0", {**SMALL, "regularizer": "none"}).verdict == "holds"


def test_a_witness_runs_again_and_shows_the_failure() -> None:
    told = verdict("next(gamma) - gamma <= 0", steps=30)
    witness = told.witness
    assert witness is not None and told.verdict == "violated"
    data = eval(witness.replay, {"gr": gr})
    gamma = data["gamma"].sel(j=witness.index["j"], r=witness.index["r"]).values
    assert list(data["t"].values) == [witness.t, witness.t + 1]
    assert gamma[1] - gamma[0] == pytest.approx(witness.left, rel=1e-9) and witness.left > witness.right


def test_the_witness_is_the_earliest_failure() -> None:
    told = verdict("t < 7")
    assert told.witness is not None and told.witness.t == 7


def test_instances_are_checked_at_their_own_values() -> None:
    own = Instance(values=(("n", 2), ("m", 2), ("d", 9), ("regularizer", "none")), steps=3)
    told = verdict("n == 2 and T == 3 and lam_t == 0", instance=own)
    assert told.verdict == "holds"
    told = verdict("n == 3", instance=own)
    assert told.witness is not None and eval(told.witness.replay, {"gr": gr}).sizes.get("i", 2) == 2


def test_every_step_is_seen_in_a_short_run_and_the_named_ones_in_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict("t <= 20").detail.startswith("on 2 of 2 draws, 42 entries")
    monkeypatch.setattr("simulate.check.bench.EVERY_STEP", 0)
    told = verdict("t == 1234", at="1234", steps=5000)
    assert told.verdict == "holds" and verdict("next(t) == t + 1", steps=5000).verdict == "holds"
    assert verdict("at(t, 1234) == 1234", steps=5000).verdict == "holds"


# Probability, existence, order


def _by(threshold: float, steps: int, given: str = "") -> Result:
    """A statement about the first step with a loss that small, which is to come by step 20."""
    said = Statement(id="by", kind="probability", claim="loss >= 0", at=f"first(loss <= {threshold})", until="20",
                     given=given)
    return gr.check("pegr", SMALL, [said], steps=steps, seeds=60)["by"]


def test_a_draw_whose_step_does_not_come_in_its_window_fails() -> None:
    """The draws that never hit were left out, and Theorem 3.2 stayed undecided on those that did."""
    told = _by(1e-9, 30)
    assert (told.verdict, told.met, told.failed) == ("violated", 60, 60)
    assert told.witness is not None and told.witness.comparison.endswith("<= 20") and told.witness.right == 20


def test_a_draw_whose_run_is_shorter_than_the_window_is_not_judged() -> None:
    told = _by(1e-9, 10)
    assert (told.verdict, told.met, told.failed) == ("undecided", 0, 0)
    assert "not judged" in told.detail and "its window ends at 20" in told.detail


def test_draws_that_would_decide_are_counted_with_those_that_are_not_judged() -> None:
    """Of 44 draws ten were not judged, and the cure was to take 44."""
    values = {"n": 8, "m": 4, "d": 300, "lam": 0.0, "eta": 0.1}
    said = Statement(id="by", kind="probability", claim="loss >= 0", at="first(loss <= 0.01)", until="400", delta="0.1")
    told = gr.check("pegr", values, [said], steps=60, seeds=44)["by"]
    assert told.verdict == "undecided" and 20 < told.met < 44 and not told.failed
    seeds = math.ceil(44 * 44 / told.met)
    assert f"44 draws without a failure would decide (--seeds {seeds})" in told.detail


def test_a_step_that_comes_in_its_window_is_judged_however_short_the_run() -> None:
    told = _by(1.0, 3)  # log 2 is below it
    assert (told.verdict, told.met, told.failed) == ("holds", 60, 0)
    assert _by(1e-9, 30, "loss < 0").verdict == "vacuous"


@given(st.integers(1, 200), st.floats(0, 1))
def test_limits_are_one_sided_clopper_pearson(n: int, share: float) -> None:
    k = round(share * n)
    low, high = failure_limits(k, n)
    assert 0 <= low <= k / n <= high <= 1
    if k:
        assert stats.binom.sf(k - 1, n, low) == pytest.approx(0.01, rel=1e-6)
    if k < n:
        assert stats.binom.cdf(k, n, high) == pytest.approx(0.01, rel=1e-6)


def test_draws_without_a_failure_that_decide() -> None:
    assert draws_needed(0.1) == 44
    assert failure_limits(0, 44)[1] <= 0.1 < failure_limits(0, 43)[1]


@pytest.mark.parametrize(
    ("delta", "draws", "expected"), [(0.1, 60, "violated"), (0.9, 60, "holds"), (0.5, 20, "undecided")]
)
def test_probabilities(delta: float, draws: int, expected: str) -> None:
    """One label is +1 with probability 1/2."""
    told = verdict("y > 0", {"n": 1, "m": 1, "d": 9}, kind="probability", at="0", delta=str(delta), draws=draws)
    assert (told.verdict, told.draws) == (expected, draws)


def test_existence() -> None:
    assert verdict("t >= 5", kind="exists").detail.endswith("t = 5 to 5")
    assert verdict("loss <= 0", kind="exists", until="20").verdict == "violated"
    told = verdict("loss <= 0", kind="exists", until="50")
    assert told.verdict == "undecided" and "ends at 20 of 50" in told.detail
    assert verdict("loss <= 0", kind="exists", given="n == 5").verdict == "vacuous"


@pytest.mark.parametrize(("claim", "comparison", "sides"), [
    ("loss <= 0 and t >= 1", "loss <= 0", None),
    ("t >= 1 and loss <= 0", "loss <= 0", None),
    ("0 <= t <= 5 and loss >= 0", "t <= 5", (20, 5)),
    ("t <= 19 and loss >= 1e9 and t >= 1", "loss >= 1000000000.0", None),
    ("loss <= 0 or t >= 21", "loss <= 0 or t >= 21", (0, 1)),
    ("loss >= 0 and (loss <= 0 or t >= 21) and t >= 0", "loss <= 0 or t >= 21", (0, 1)),
])
def test_a_step_that_does_not_come_is_shown_by_what_fails_at_the_last(
    claim: str, comparison: str, sides: tuple[float, float] | None
) -> None:
    """Before, the last comparison was shown, also where it holds there."""
    told = verdict(claim, kind="exists", since="6" if "5" in claim else "", until="20")
    assert told.verdict == "violated" and told.witness is not None and told.witness.t == 20
    assert told.witness.comparison == comparison
    assert sides is None or (told.witness.left, told.witness.right) == sides


def test_of_many_entries_the_one_shown_fails() -> None:
    """Before, the last entry was shown, and no index told which; what has no step was spread over the wrong index."""
    told = verdict("y <= 0", {**SMALL, "n": 20}, kind="exists", until="20", seeds=1)
    assert told.witness is not None and (told.witness.left, told.witness.right) == (1, 0)
    data = gr.run("pegr", {**SMALL, "n": 20}, steps=0)
    assert float(data["y"][told.witness.index["i"]]) == 1
    assert verdict("G_mu_mu >= 0 and y <= 2 and t >= 3", kind="exists", until="20").verdict == "holds"


def test_a_step_where_an_entry_has_no_value_is_not_one_that_does_not_hold() -> None:
    told = verdict("log(0*t - 1) <= 0", kind="exists", until="20")
    assert told.verdict == "undecided" and "some entries have no value" in told.detail


@pytest.mark.parametrize(("claim", "expected"), [
    ("sigma_p*sqrt(d) <= 1", "violated"), ("sigma_p*sqrt(d) <= s_like", "holds"),
    ("max[j,r](abs(A)) <= sigma_0", "undecided"), ("sigma_p <= sigma_p**0.91", "violated"),
    ("sigma_p <= sigma_p**0.96", "holds"),
])
def test_orders_have_a_constant_and_an_exponent(claim: str, expected: str) -> None:
    path = Path(
        values=(("n", "3"), ("m", "2*s"), ("d", "40"), ("sigma_p", "0.1*s"), ("regularizer", "none")),
        scales=(1, 2, 4),
        steps="1",
    )
    quantities = (
        Quantity(name="s_like", formula="sigma_p*3", meaning=""),
        Quantity(name="A", formula="z_mu", meaning=""),
    )
    own = Statements(paper="own", quantities=quantities, statements=(lemma(claim, kind="order", path=path, at="0"),))
    told = gr.check("pegr", {}, own, steps=1, seeds=3)["own"]
    assert told.verdict == expected and "implied constant" in told.detail
    with pytest.raises(ValueError, match="an order statement needs a path"):
        lemma("n <= 1", kind="order")


def test_draws_have_levels_of_their_own_and_one_exponent() -> None:
    x = np.log([1.0, 2.0, 5.0, 1.0, 2.0, 5.0])
    y = 0.5 * x + np.array([0, 0, 0, 3.0, 3.0, 3.0])
    slope, low, high = exponent(x, y, draws=(0, 0, 0, 1, 1, 1))
    assert slope == pytest.approx(0.5) and high - low < 1e-10
    assert exponent(x, y)[2] - exponent(x, y)[1] > 1  # without their levels the two hide it


def test_the_exponent_of_an_exact_power() -> None:
    x = np.log([1.0, 2.0, 5.0, 9.0])
    slope, low, high = exponent(x, 1.5 * x + 0.3)
    assert slope == pytest.approx(1.5) and high - low < 1e-10
    noisy = exponent(x, 1.5 * x + np.array([0.1, -0.1, 0.1, -0.1]))
    assert noisy[1] < noisy[0] < noisy[2] and noisy[2] - noisy[1] > 0.1


# Lemmas of one's own


def test_the_docstrings_lemma_runs() -> None:
    told = str(sys.modules["simulate.check.check"].__doc__)
    text = textwrap.dedent(told[told.index("    import") : told.index("or `STATEMENTS")])
    assert len(text.splitlines()) <= 10
    shown: list[Any] = []
    exec(text, {"print": shown.append})
    assert shown[0]["monotone"].verdict == "holds"
    lemma = shown[0]["monotone"].statement
    assert gr.check("pegr", SMALL, [replace(lemma, claim=lemma.mutant)], steps=20)["monotone"].verdict == "violated"


OWN = """
    from derivations.declare import *
    from derivations.declare import Statement

    model = Model(
        name="one_layer", title="Leaky ReLU on the data points",
        directions=(Directions(name="x", over="sample", latex="x", law=GaussianLaw(std="s"),
                               coefficient=Coefficient(name="beta", latex="b", scaled=False)),),
        patches=(Patch(direction="x"),), objective=Objective(loss="logistic"),
        network=Network(heads="signed", activation=Activation(name="leaky_relu", slope=0.1)),
        parameters=tuple(Parameter(name=a, latex="", meaning="", kind=k, default=v) for a, k, v in (
            ("n", "count", 4), ("m", "count", 3), ("d", "real", 200), ("s", "real", 0.1), ("sigma_0", "real", 0.1),
            ("eta", "real", 0.1))))
    STATEMENTS = (
        Statement(id="signs", kind="inequality", claim="beta*j*y >= 0", mutant="beta >= 0"),
        Statement(id="span", kind="identity", tolerance=1e-10,
                  claim="z_x == start(z_x) + sum[k](beta[j,r,k]*G_x_x[i,k])"))
"""


@pytest.mark.usefixtures("plainly")
def test_a_users_model_and_lemmas(tmp_path: File, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.py"
    path.write_text(textwrap.dedent(OWN))
    assert cli.main(["check", f"{path}:model", "--steps", "30", "--seeds", "2"]) == 0
    shown = capsys.readouterr().out
    assert "2 holds" in shown and "signs" in shown and "span" in shown
    path.write_text(textwrap.dedent(OWN).replace("beta*j*y >= 0", "beta >= 0"))
    assert cli.main(["check", f"{path}:model", "signs", "n=3", "--steps", "30", "--seeds", "2", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["results"][0]["verdict"] == "violated" and not told["passed"]
    assert "n': 3" in told["results"][0]["witness"]["replay"]


def test_the_verb_tells_statements_from_values(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["check", "pegr", "I15", "n=3", "I9", "m=2", "d=20", "--steps", "4", "--seeds", "1"]
    assert cli.main(line) == 0
    shown = capsys.readouterr().out
    assert "2 holds" in shown and "n = 3" not in shown and "eta = 0.02 (published default" in shown
    assert cli.main(["check", "pegr", "I99"]) == 2
    assert "did you mean 'I9'?" in capsys.readouterr().err
    assert cli.main(["check", "pegr", "5.3-printed", *SMALL_WORDS, "--steps", "20"]) == 0  # on record as an erratum
    assert "gammarho explain pegr-5.3" in capsys.readouterr().out


SMALL_WORDS = [f"{name}={value}" for name, value in SMALL.items()]


def test_settings_without_statements_say_so() -> None:
    bare = replace(setting("pegr").factory(), name="nobody")  # type: ignore[operator]
    with pytest.raises(InputError, match="none are recorded for 'nobody'"):
        gr.check(bare, steps=1)
    with pytest.raises(InputError, match="given to two of them"):
        gr.check("pegr", SMALL, [lemma("n > 0"), lemma("n > 1")], steps=1)


def test_a_range_that_never_begins_is_said_so() -> None:
    """It read "from inf to inf" where the penalty is never switched off."""
    (found,) = gr.check("pegr", {"n": 4, "m": 2, "d": 20}, ["P5.4c"], steps=2, seeds=1).results
    assert found.detail == "its range never begins, and the run's is 0 to 2"


@pytest.mark.parametrize(("fields", "said"), [
    ({"until": "0/(eta - eta)"}, "an end of its range, 0/(eta - eta), has no value here"),
    ({"since": "0/(eta - eta)"}, "an end of its range, 0/(eta - eta), has no value here"),
    ({"at": "0/(eta - eta)"}, "its step, 0/(eta - eta), has no value here"),
    ({"at": "0/(eta - eta)", "until": "2"}, "not judged: 0/(eta - eta) has no value here"),
    ({"at": "1", "until": "0/(eta - eta)"}, "not judged: 0/(eta - eta) has no value here"),
])
def test_a_range_that_has_no_value_is_said_so(fields: dict[str, str], said: str) -> None:
    """It read "from 0 to nan" and "is nan"; of a step that has to come by `until` it was a violation."""
    (found,) = gr.check("pegr", {"n": 4, "m": 2, "d": 20}, [lemma("loss >= 0", **fields)], steps=2, seeds=1).results
    assert found.verdict in ("vacuous", "undecided") and said in found.detail and "nan" not in found.detail


def test_the_names_in_a_hypothesis_that_is_never_met_are_explained() -> None:
    """Fails on a text that names R5x and leaves what it is to the source."""
    never = Statement(id="own", kind="inequality", claim="loss >= 0", given="R5x and loss < 0")
    found = gr.check("pegr", {"n": 4, "m": 2, "d": 30}, [never], steps=1, seeds=1)
    assert [each.name for each in found.hypotheses] == ["R5x"]
    assert "R5x  the noise is nearly orthogonal, on the draw: coherence <= 1/4" in str(found)
    assert found.to_dict()["hypotheses"]["R5x"]["formula"] == "coherence <= 1/4"
    assert "in these hypotheses" not in str(found.alive)


def test_what_is_said_fits_what_was_asked() -> None:
    """Before: 1 tries, 0 of the 1 violations on record, and draws for statements that nobody gave."""
    said = Statement(id="own", kind="inequality", claim="loss >= 0")
    violated = Result(statement=said, verdict="violated", detail="", draws=1, met=1, failed=1)
    known = replace(violated, statement=replace(said, id="known", erratum="pegr-5.3"))
    told = Check(setting="mine", paper="", about="", notes=(), results=(violated,))
    assert summary(told) == "1 violated"
    assert summary(replace(told, results=(violated, known))) == "2 violated; of the 2 violated 1 by recorded errata"
    assert [counted(n, what) for n, what in ((1, "try"), (3, "try"), (1, "draw"), (2, "draw"))] == [
        "1 try", "3 tries", "1 draw", "2 draws"]


def test_a_claim_in_the_place_of_params_is_told_where_it_belongs() -> None:
    with pytest.raises(gr.InputError, match=r"params: 'test_error <= 0.01'; .* given as statements="):
        gr.check("pegr", "test_error <= 0.01")  # type: ignore[arg-type]
