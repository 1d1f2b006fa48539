"""Printed formulas against the derivation, symbolically, and against torch, in numbers that use neither."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.calculus.activations import Relu, Step
from derivations.calculus.canonical import bound_apart, canonical
from derivations.calculus.roles import GramEntry, PatchPreactivation, indexed
from derivations.calculus.symbols import i, i_, m, n, r, r_, s, y
from derivations.ledger.claims import Claim, Slip, compare, explain, latex
from derivations.papers.fomaml.claims import FEATURES as PARTS
from derivations.papers.fomaml.claims import HEAD_1, SUM
from derivations.papers.fomaml.claims import NOISE_OFF as NOISE_OFF_FEATURES
from derivations.papers.fomaml.model import model as bilevel
from derivations.papers.heterogeneous.claims import FEATURES, NOISE_OFF, OTHER
from derivations.papers.heterogeneous.model import model as of_classes
from derivations.papers.nearly_orthogonal.claims import ACROSS, FROZEN, OWN
from derivations.papers.pegr.claims import HALF, NOISE_FREE, SIGNAL_FREE
from derivations.papers.pegr.model import model
from derivations.papers.shelf import claims
from tests.helpers import printed_numbers as numbers
from tests.helpers import printed_states as states
from tests.helpers import printed_tasks as tasks
from tests.helpers.slowly import one_in
from tests.helpers.typeset import COLUMN, widest

CLAIMS = claims()
EXACT = 1e-12
HOLDS = {
    "pegr-zeta", "pegr-A.1-norm", "pegr-5.1-standard", "pegr-5.1-early", "pegr-eq-A.1", "pegr-5.2-gamma",
    "pegr-A.2-norm", "pegr-E.8-step",
    "heterogeneous-60-gradient", "heterogeneous-64-step", "heterogeneous-65-step", "heterogeneous-66-step",
    "heterogeneous-73-gradient", "heterogeneous-decomposition",
    "nearly_orthogonal-3.2-step", "nearly_orthogonal-5.1-step", "nearly_orthogonal-5.4-step",
    "nearly_orthogonal-5.5-step", "nearly_orthogonal-D.1-step", "nearly_orthogonal-D.2-step",
    "nearly_orthogonal-D.3-ratio",
    "fomaml-eq:C-gradient", "fomaml-eq:C.1-step", "fomaml-eq:C.2-step", "fomaml-eq:C.3-step", "fomaml-eq:C.4-step",
    "fomaml-eq:C.5-step", "fomaml-eq:C.6-step", "fomaml-eq:C.8-step", "fomaml-eq:C.9-step", "fomaml-eq:C.11-step",
    "fomaml-eq:A.3-step", "fomaml-eq:F.1-step", "fomaml-eq:F.4-step", "fomaml-eq:F.4-z",
}
FILTERS = {
    "pegr-A.1-flow": ("pegr", True), "pegr-A.1-collected": ("pegr", True), "pegr-5.1-filters": ("pegr", True),
    "pegr-5.1-standard": ("none", True), "pegr-5.8-filters": ("fgr", True), "pegr-4.1-step": ("fgr", False),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_the_derivation_decides(name: str) -> None:
    claim = CLAIMS[name]
    printed, mended = compare(claim), compare(claim, claim.errata)
    assert printed.holds == (name in HOLDS) == (not claim.errata)
    assert mended.holds
    assert mended.difference.expr == 0
    assert (printed.difference.expr == 0) == printed.holds


@pytest.mark.parametrize("name", CLAIMS)
def test_a_changed_line_no_longer_holds(name: str) -> None:
    claim = CLAIMS[name]
    lines = claim.lines(claim.errata)
    for at, line in enumerate(lines):
        changed = (*lines[:at], 2 * line, *lines[at + 1 :])
        assert not compare(dataclasses.replace(claim, display=stating(changed))).holds


def stating(lines: tuple[sp.Expr, ...]) -> Callable[[Slip], tuple[sp.Expr, ...]]:
    return lambda slip: lines


NEEDED = [
    ("pegr-5.3-gamma", SIGNAL_FREE), ("pegr-5.3-rho", SIGNAL_FREE), ("pegr-5.3-gamma", HALF),
    ("pegr-5.8-filters", NOISE_FREE), ("heterogeneous-64-step", FEATURES), ("heterogeneous-64-step", OTHER),
    ("heterogeneous-66-step", NOISE_OFF), ("heterogeneous-96-step", NOISE_OFF), ("heterogeneous-76-norm", NOISE_OFF),
    ("nearly_orthogonal-D.1-step", OWN), ("nearly_orthogonal-5.7-ratio", FROZEN),
    ("nearly_orthogonal-E.2-step", ACROSS), ("nearly_orthogonal-G.1-step", OWN),
    ("fomaml-eq:C.1-step", NOISE_OFF_FEATURES), ("fomaml-eq:C.6-step", NOISE_OFF_FEATURES),
    ("fomaml-eq:C.8-step", PARTS), ("fomaml-eq:E.17-step", PARTS), ("fomaml-eq:C.8-step", SUM),
    ("fomaml-eq:F.4-step", HEAD_1),
]


@pytest.mark.parametrize(("name", "dropped"), NEEDED)
def test_the_hypotheses_are_needed(name: str, dropped: object) -> None:
    claim = CLAIMS[name]
    fewer = dataclasses.replace(claim, hypotheses=tuple(h for h in claim.hypotheses if h is not dropped))
    assert len(fewer.hypotheses) == len(claim.hypotheses) - 1
    assert not compare(fewer, claim.errata).holds


@pytest.mark.parametrize("name", one_in(5, CLAIMS))
def test_every_claim_prints(name: str) -> None:
    claim = CLAIMS[name]
    shown = explain(claim)
    assert claim.where in shown and claim.left in shown
    assert ("holds as printed" in shown) == (not claim.errata)
    for raw in ("Sum(", "Relu(", "Leaky", "Delta", "l1[", "G_", "v_mu", "v_xi", "v_u", "v_x", "z_u", "a_x", "a0_",
                "NOT corrected"):
        assert raw not in shown
    for lines in (claim.lines(), compare(claim).derived.lines):
        written = latex(claim, lines)
        assert written.count("{") == written.count("}") and written.startswith(r"\begin{align*}")
        assert r"\Bigl[" not in written or written.count(r"\Bigl[") == written.count(r"\Bigr]")
        assert widest(written) <= COLUMN


@pytest.mark.parametrize("name", one_in(3, states.TRUTH))
def test_left_sides_are_torchs(name: str) -> None:
    """Every claim of these papers, mended, at a state whose left side torch computes."""
    pytest.importorskip("torch")
    claim = CLAIMS[name]
    for seed in range(3):
        assert states.error(name, claim.errata, seed) <= EXACT
        assert (states.error(name, (), seed) <= EXACT) == (not claim.errata)


def test_every_claim_of_the_others_has_a_left_side() -> None:
    assert set(states.TRUTH) == {name for name in CLAIMS if not name.startswith("pegr")}


@pytest.mark.parametrize("method", ["train-train", "train-validation", "reptile"])
def test_the_bilevel_kernel_takes_the_same_step(method: str) -> None:
    """One outer step and its adapted products, of the kernel and of the torch loop that the displays are held to."""
    pytest.importorskip("torch")
    from simulate.run.kernels import plain_kernel_for

    for seed in range(3):
        state = tasks.tasks(seed, split=method == "train-validation")
        vectors = np.vstack([state.nu_k, state.xi.reshape(-1, state.xi.shape[2])])
        z, gram, y_all = state.W @ vectors.T, vectors @ vectors.T, state.y.ravel()
        values = {"n_tasks": len(state.z), "n_train": state.n_1, "J": state.J, "eta_inner": state.gamma,
                  "eta": state.eta, "h": state.h, "neurons": "sum"}
        kernel = plain_kernel_for(bilevel(method))
        found = kernel.run(z, np.zeros_like(z), gram, y_all, values, 1, np.arange(2))
        change = (tasks.moved_by_reptile if method == "reptile" else tasks.moved)(state)
        np.testing.assert_allclose(found.z[1] - z, change @ vectors.T, atol=EXACT)
        margins = kernel.observe(found.z[:1], gram, y_all, values)["margin"][0].reshape(state.y.shape)
        np.testing.assert_allclose(margins, state.margins, atol=1e-10)


@pytest.mark.parametrize("name", [name for name in CLAIMS if name.startswith("heterogeneous")])
def test_the_number_of_classes_does_not_matter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from derivations.papers.heterogeneous import claims as displays

    for K in (2, 5):
        monkeypatch.setattr(displays, "CLASSES", K)
        claim = dataclasses.replace(CLAIMS[name], model=lambda K=K: of_classes(K))  # type: ignore[misc]
        assert compare(claim, claim.errata).holds
        assert compare(claim).holds == (not claim.errata)


def sized(name: str, seed: int, m_: int, n_: int) -> numbers.State:
    orthogonal = NOISE_FREE in CLAIMS[name].hypotheses
    return numbers.random_state(seed, m=m_, n=n_, d=n_ + 4, lam=0.7, orthogonal=orthogonal)


@settings(max_examples=12)
@given(name=st.sampled_from(sorted(FILTERS)), seed=st.integers(0, 10**6), m_=st.integers(2, 4), n_=st.integers(2, 4))
def test_mended_filter_updates_are_torchs(name: str, seed: int, m_: int, n_: int) -> None:
    pytest.importorskip("torch")
    claim, state = CLAIMS[name], sized(name, seed, m_, n_)
    found = numbers.torch_step(state, *FILTERS[name])
    assert np.abs(numbers.filters_after(claim.lines(claim.errata), state) - found).max() <= EXACT


@pytest.mark.parametrize("name", ["pegr-5.1-filters", "pegr-5.8-filters"])
def test_printed_filter_updates_are_not(name: str) -> None:
    pytest.importorskip("torch")
    claim, state = CLAIMS[name], sized(name, 1, 3, 4)
    found = numbers.torch_step(state, *FILTERS[name])
    assert np.abs(numbers.filters_after(claim.lines(), state) - found).max() >= 1e-2


def test_one_filter_a_head_hides_the_missing_1_over_m() -> None:
    pytest.importorskip("torch")
    state = sized("pegr-5.1-filters", 1, 1, 4)
    printed = numbers.filters_after(CLAIMS["pegr-5.1-filters"].lines(), state)
    assert np.abs(printed - numbers.torch_step(state, "pegr")).max() <= EXACT


def test_two_filters_a_head_hide_the_missing_2_over_m() -> None:
    pytest.importorskip("torch")
    claim, state = CLAIMS["pegr-5.8-filters"], sized("pegr-5.8-filters", 1, 2, 4)
    others = [erratum for erratum in claim.errata if erratum != "pegr-5.8-C4"]
    assert np.abs(numbers.filters_after(claim.lines(others), state) - numbers.torch_step(state, "fgr")).max() <= EXACT


def test_lemma_5_8_mended_is_off_where_the_noises_are_not_orthogonal() -> None:
    pytest.importorskip("torch")
    claim = CLAIMS["pegr-5.8-filters"]
    state = numbers.random_state(0, m=3, n=5, d=9, lam=1.0)
    after = numbers.filters_after(claim.lines(claim.errata), state)
    assert np.abs(after - numbers.torch_step(state, "fgr")).max() >= 1e-3


@pytest.mark.parametrize(("kind", "name"), [("gamma", "pegr-5.3-gamma"), ("rho", "pegr-5.3-rho")])
def test_mended_coefficients_are_torchs(kind: str, name: str) -> None:
    pytest.importorskip("torch")
    state, claim = sized(name, 2, 3, 4), CLAIMS[name]
    change = numbers.torch_step(state, "pegr") - state.W
    vectors = np.vstack([state.mu, state.xi])
    b = np.linalg.lstsq(vectors.T, change.reshape(-1, change.shape[2]).T, rcond=None)[0].T.reshape(
        *change.shape[:2], -1
    )
    for head, q in np.ndindex(2, 3):
        at = {"j": head + 1, "r": q + 1}
        if kind == "gamma":
            stated = numbers.value(sp.Add(*claim.lines(claim.errata)), state, at)
            assert abs(stated - numbers.SIGN[head] * (state.mu @ state.mu) * b[head, q, 0]) <= EXACT
        else:
            for k, xi in enumerate(state.xi):
                stated = numbers.value(sp.Add(*claim.lines(claim.errata)), state, {**at, "i": k + 1})
                assert abs(stated - (xi @ xi) * b[head, q, 1 + k]) <= EXACT


def test_norms_are_torchs() -> None:
    weights = pytest.importorskip("simulate.train.weights", exc_type=ImportError)
    values = {"eta": 1.0, "lam": 0.0, "neurons": "mean", "q": 2}
    for name in ("pegr-A.1-norm", "pegr-zeta", "pegr-A.2-norm"):
        state = sized(name, 3, 3, 4)
        seen = weights.observe(model("none"), np.vstack([state.mu, state.xi]), state.y, state.W[None], values)
        total = sp.Add(*CLAIMS[name].lines())
        if name == "pegr-A.2-norm":
            assert numbers.value(total, state, {}) == pytest.approx(seen["gradient_norm"][0] ** 2, rel=1e-12)
        else:
            kind = (seen["gradient_norms"] ** 2 if name == "pegr-A.1-norm" else seen["zeta"])[0]
            stated = [numbers.value(total, state, {"i": k + 1}) for k in range(4)]
            np.testing.assert_allclose(stated, kind, rtol=1e-12)


# The canonical form


@pytest.mark.parametrize("name", CLAIMS)
def test_the_canonical_form_has_the_same_value(name: str) -> None:
    claim = CLAIMS[name]
    state = states.state_of(name, 5) if name in states.TRUTH else sized(name, 5, 2, 3)
    at = {"j": 2, "r": 1, "i": 2, "i'": 3, "k": 2, "k'": 1, "c'": 1}
    if name.startswith("heterogeneous"):
        at["h"] = 3
    if name.startswith("fomaml"):  # a delta's index is in its sum's range: of the part of the examples that is meant
        pytest.importorskip("torch")
        at |= next(states.TRUTH[name](state))[0]
    for mended in {(), claim.errata}:  # the same where it holds as printed
        lines = claim.lines(mended)
        direct = sum(numbers.value(line, state, at) for line in lines)
        form = numbers.value(canonical(sp.Add(*lines), claim.model().network.heads == "signed").expr, state, at)
        np.testing.assert_allclose(form, direct, rtol=1e-10, atol=1e-13)


a, b = sp.IndexedBase("l1"), sp.IndexedBase("l2")
j = sp.Symbol("j", integer=True, positive=True)


def same(left: sp.Expr, right: sp.Expr) -> bool:
    return not canonical(left - right).groups


def over(body: sp.Expr, *bounds: sp.Symbol) -> sp.Expr:
    return sp.Sum(body, *[(bound, 1, n) for bound in bounds])


def test_bound_indices_have_no_names() -> None:
    assert same(over(a[i], i), over(a[i_], i_))
    assert same(over(a[i], i) * over(b[i], i), over(a[i_] * b[i], i, i_))
    assert same(over(a[i], i) ** 2, over(a[i] * a[i_], i, i_))
    assert not same(over(a[i], i) ** 2, over(a[i] ** 2, i))
    assert not same(over(a[i] * b[i], i), over(a[i], i) * over(b[i], i))
    assert same(over(Relu(over(a[i_], i_) + b[i]), i), over(Relu(over(a[i], i) + b[i_]), i_))


def test_signs_steps_deltas_and_gram() -> None:
    x, gram = indexed(PatchPreactivation("xi"))[j, r, i], indexed(GramEntry("xi", "xi"))
    assert same(y[i] ** 2 * s[j] ** 3, s[j])
    assert same(Step(x) * Relu(x), Relu(x))
    assert not same(Step(x), sp.S.One)
    assert same(over(sp.KroneckerDelta(i, i_) * a[i_], i_), a[i])
    assert same(gram[i, i_], gram[i_, i])
    assert same(over(sp.S.One, i) * a[i_], n * a[i_])
    same_class = sp.KroneckerDelta(s[j], y[i])
    assert same(same_class * s[j] * y[i], same_class)
    assert same((1 - same_class) * s[j] * y[i], same_class - 1)
    assert not same(same_class, sp.S.One)


def test_deltas_make_their_sides_one() -> None:
    k, c, f = sp.Symbol("k", integer=True, positive=True), sp.Symbol("c"), sp.IndexedBase("f")
    delta = sp.KroneckerDelta

    def equal(left: sp.Expr, right: sp.Expr) -> bool:
        return not canonical(left - right, signed=False).groups

    assert equal(delta(k, y[i]) * f[y[i], i], delta(k, y[i]) * f[k, i])
    assert equal(delta(k, y[i]) * delta(c, y[i]), delta(k, c) * delta(c, y[i]))
    assert equal(delta(i, i_) * delta(k, y[i]), delta(i, i_) * delta(k, y[i_]))
    assert equal(over(delta(y[i], y[i_]) * f[y[i_], i_], i_), over(delta(y[i], y[i_]) * f[y[i], i_], i_))
    assert equal(sp.Sum(delta(c, y[i]) * f[c, i], (c, 1, 3)), f[y[i], i])
    assert not equal(delta(k, y[i]) * f[y[i], i], delta(k, y[i]) * f[c, i])
    assert not equal(delta(k, y[i]), delta(k, y[i_]))
    assert not equal(over(delta(y[i], y[i_]), i_), sp.S.One)


def test_indicators_are_shown_again() -> None:
    same_class = sp.KroneckerDelta(s[j], y[i])
    assert canonical(same_class * a[i]).expr == same_class * a[i]
    assert canonical((1 - same_class) * a[i]).expr.has(sp.KroneckerDelta)


def test_free_indices_are_not_captured() -> None:
    assert bound_apart(over(a[i] * b[i_], i), {i_: i}) != over(a[i] * b[i], i)
    assert same(bound_apart(over(a[i] * b[i_], i), {i_: i}), b[i] * over(a[i_], i_))


def test_too_many_sums_are_refused() -> None:
    six = sp.Mul(*[over(base[i], i) for base in map(sp.IndexedBase, "bcdefg")])
    with pytest.raises(ValueError, match="canonical: 6 sums up to n in one product"):
        canonical(six)


def test_other_sums_keep_their_bounds() -> None:
    z = sp.IndexedBase("z")
    assert same(sp.Sum(z[j, r], (j, 1, 2), (r, 1, m)), sp.Sum(z[j, r_], (j, 1, 2), (r_, 1, m)))
    assert not same(sp.Sum(z[j, r], (r, 1, m)), sp.Sum(z[j, r], (r, 1, n)))


def test_every_claim_has_its_own_id() -> None:
    from derivations.papers.fomaml.claims import CLAIMS as fomaml
    from derivations.papers.heterogeneous.claims import CLAIMS as heterogeneous
    from derivations.papers.nearly_orthogonal.claims import CLAIMS as nearly_orthogonal
    from derivations.papers.pegr.claims import CLAIMS as pegr

    declared = (*pegr, *heterogeneous, *nearly_orthogonal, *fomaml)
    assert len({claim.id for claim in declared}) == len(declared)
    assert all(isinstance(claim, Claim) and claim.hypotheses for claim in declared)
