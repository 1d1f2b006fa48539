"""Test laws beside fresh draws: near training examples, of the caller's covariance, held out; against training."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from derivations.declare import (
    Bernoulli,
    CovarianceLaw,
    FreshLaw,
    GaussianScalar,
    HeldOutLaw,
    Model,
    NearLaw,
    Patch,
    SumPatch,
    Term,
    TestLaw,
)
from derivations.errors import ModelError
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.nearly_orthogonal.model import model as leaky
from derivations.papers.pegr.model import model as pegr
from dynamics.arrays import Array
from dynamics.kernel.kernel import Kernel
from simulate.ask import parameters
from simulate.errors import InputError
from simulate.observe.fresh import fresh_statistics
from simulate.observe.fresh_refusals import refusal
from simulate.run.run import run
from simulate.start.draw import draw
from simulate.testing import plain_kernel
from simulate.train import fresh as weights_fresh
from simulate.train import weights
from simulate.validate.compare import compare
from simulate.validate.report import Validation
from tests.helpers.sums_of_terms import number, xor

SEEN = Bernoulli(name="seen", probability="share")


def judged_by(law: TestLaw, **more: Any) -> Model:
    """XOR clusters with flips, the noise seen in a share of the examples alone, judged by the law."""
    terms = (Term(direction="mu", scale="clean"), Term(direction="nu"), Term(direction="xi", scale=SEEN))
    own = (number("share", 0.6, high=1), number("s_near", 0.3))
    return xor(**{"patches": (SumPatch(terms=terms),), "parameters": (*xor().parameters, *own), "test": law, **more})


def values_of(model: Model, **more: Any) -> dict[str, Any]:
    return {"lam_until": None, **dict(parameters.resolve(model, more).values)}


def arrays(n: int = 4, d: int = 9, held: int = 7) -> dict[str, Array]:
    """What a caller may bring for any of the laws."""
    rng = np.random.default_rng(3)
    root = rng.normal(size=(d, d - 2))
    signs = np.array([1.0, -1.0])
    return {
        "mu": rng.normal(size=d), "nu": rng.normal(size=d), "xi": rng.normal(size=(n, d)),
        "W": rng.normal(size=(2, 3, d)), "y": rng.choice(signs, n), "clean": rng.choice(signs, n),
        "seen": rng.choice([0.0, 1.0], n),
        "Sigma_xi": root @ root.T / d, "test_xi": rng.normal(size=(held, d)), "test_y": rng.choice(signs, held),
        "test_clean": rng.choice(signs, held), "test_seen": rng.choice([0.0, 1.0], held),
    }


def brought(model: Model) -> dict[str, Array]:
    """Those that this model takes."""
    known = {"mu", "nu", "xi", "W", "y", "clean", "seen", *model.test.arrays(model)}
    return {name: each for name, each in arrays().items() if name in known}


def validated(model: Model, initial: dict[str, Array] | None = None, **more: Any) -> Validation:
    values = values_of(model, **{"n": 3, "m": 2, "d": 12, **more})
    drawn = draw(model, values, 3, initial=initial)
    return compare(model, kernel().bind(drawn.clean, drawn.scalars), drawn, values, 2)


@functools.cache
def kernel() -> Kernel:
    """Which no test law has a part in."""
    return plain_kernel(judged_by(FreshLaw(fresh=("xi",))))


LAWS: dict[str, tuple[TestLaw, bool, str]] = {
    "own": (NearLaw(near=("xi",), std="s_near"), False, "test_error, drawn in d dimensions"),
    "own, clean": (NearLaw(near=("xi",), std="s_near", flips=False), False, "test law: covariances"),
    "fresh": (NearLaw(near=("xi",), std="s_near", labels="fresh"), False, "test_loss, drawn in d dimensions"),
    "covariance": (CovarianceLaw(fresh=("xi",)), True, "test_error, drawn in d dimensions"),
    "held out": (HeldOutLaw(), True, "test_error of held-out examples"),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_test_law_passes_validation(name: str) -> None:
    law, from_arrays, compared = LAWS[name]
    model = judged_by(law)
    found = validated(model, brought(model) if from_arrays else None)
    assert found.verdict == "pass" and compared in {row.what for row in found.rows}, str(found)


def at_start(model: Model, initial: dict[str, Array] | None = None, **more: Any) -> dict[str, Array]:
    """The statistics at W(0)."""
    values = values_of(model, **more)
    drawn = draw(model, values, 3, initial=initial)
    return fresh_statistics(
        model, weights_fresh.Network(model), drawn, drawn.z[None], np.zeros_like(drawn.z[None]), values, 0)


def test_beside_training_at_deviation_0_is_the_training_error_exactly() -> None:
    """Fails where vectors are fresh ones of their own law, or labels are drawn anew."""
    model = judged_by(NearLaw(near=("xi",), std="s_near"))
    values = values_of(model, s_near=0.0)
    drawn = draw(model, values, 3)
    assert drawn.vectors is not None and drawn.weights is not None
    seen = weights.observe(model, drawn.vectors, drawn.y, drawn.weights[None], values, "cpu", drawn.clean,
                           scalars=drawn.scalars)
    found = at_start(model, s_near=0.0)
    assert found["test_error"][0] == found["test_error_upper"][0] == seen["train_error"][0]
    assert found["test_loss"][0] == pytest.approx(float(seen["loss"][0]), rel=1e-12) and found["test_loss_se"][0] == 0


def test_a_deviation_whose_square_overflows_has_no_number_and_no_traceback() -> None:
    found = at_start(judged_by(NearLaw(near=("xi",), std="s_near")), s_near=1e200)
    assert all(np.isnan(found[name]).all() for name in ("test_error", "test_loss"))


def test_held_out_arrays_that_are_training_s_have_training_s_error() -> None:
    model = judged_by(HeldOutLaw())
    given = brought(model)
    given |= {f"test_{name}": given[name] for name in ("xi", "y", "clean", "seen")}
    found, beside = at_start(model, given), judged_by(NearLaw(near=("xi",), std="s_near"))
    other = at_start(beside, {name: given[name] for name in brought(beside)}, s_near=0.0)
    assert found["test_loss"][0] == pytest.approx(other["test_loss"][0], rel=1e-12)
    assert found["test_error"][0] == other["test_error"][0]


def test_the_error_of_a_covariance_of_one_direction_is_known() -> None:
    """x = y mu + g u, g ~ N(0, 4), and a network that adds <mu, x> and <u, x>: the error is P(1 + 2 g < 0)."""
    model = judged_by(CovarianceLaw(fresh=("xi",)), patches=(SumPatch(terms=(
        Term(direction="mu", scale="label"), Term(direction="xi"))),), label_flips="",
        network=replace(xor().network, activation=replace(xor().network.activation, name="identity")))
    d, e = 9, np.eye(9)
    given = {**brought(model), "mu": e[0], "nu": e[2], "xi": np.ones((4, d)), "Sigma_xi": 4.0 * np.outer(e[1], e[1]),
             "W": np.stack([np.tile(e[0] + e[1], (3, 1)), np.zeros((3, d))])}
    given = {name: each for name, each in given.items() if name not in ("clean", "seen")}
    found = at_start(model, given)
    assert abs(found["test_error"][0] - NormalDist().cdf(-0.5)) <= 5 * found["test_error_se"][0]


@pytest.mark.usefixtures("plainly")
def test_a_run_says_what_its_test_error_is_of() -> None:
    """PEGR's shipped kernel; fails where arrays of another law are judged by the declared one without a word."""
    rng, signs = np.random.default_rng(0), np.array([1.0, -1.0])
    given = {"mu": rng.normal(size=9), "xi": rng.normal(size=(2, 9)), "W": rng.normal(size=(2, 3, 9)), "y": signs}
    more: dict[str, Any] = {"sigma_p": 0.3, "eta": 0.1, "steps": 2, "record": "all"}
    told = "the declared law, which initial's arrays need not follow"
    plain = run(pegr("none"), initial=given, **more)
    assert told in plain.test_error.attrs["meaning"] and "draw the label and xi from" in plain.attrs["notes"]
    held = replace(pegr("none"), test=HeldOutLaw())
    data = run(held, initial={**given, "test_xi": given["xi"], "test_y": signs}, **more)
    assert "of 2 held-out examples" in data.test_error.attrs["meaning"] and told not in str(data.attrs)
    assert data.test_error.values.tolist() == data.train_error.values.tolist()
    np.testing.assert_allclose(data.test_loss, data.loss, rtol=1e-12)
    trained = run(held, initial={**given, "test_xi": given["xi"], "test_y": signs}, engine="weights", **more)
    np.testing.assert_allclose(trained.test_loss, data.test_loss, rtol=1e-10)
    without = run(held, initial=given, **more)
    assert "test_error" not in without and "bring test_xi, test_y, test_clean" in without.attrs["notes"]
    with pytest.raises(InputError, match="takes fresh examples by their law"):
        run(held, initial={**given, "test_xi": given["xi"], "test_y": signs}, test_sampling="importance", **more)
    bare = run(replace(pegr("none"), test=CovarianceLaw(fresh=("xi",))), initial=given, **more)
    assert "test_error" not in bare and "bring Sigma_xi (d, d)" in bare.attrs["notes"]


def test_importance_sampling_of_what_lies_beside_training_agrees_with_draws() -> None:
    model = replace(pegr("none"), test=NearLaw(near=("xi",), std="sigma_p"))
    more: dict[str, Any] = {"n": 4, "m": 2, "d": 12, "sigma_p": 0.5, "eta": 0.1, "steps": 3, "record": [3]}
    drawn, rare = (run(model, test_sampling=name, **more) for name in ("draws", "importance"))
    gap = abs(float(drawn.test_error[0]) - float(rare.test_error[0]))
    assert gap <= 5 * float(np.hypot(drawn.test_error_se[0], rare.test_error_se[0])) and "test_error_upper" in rare


def test_class_errors_of_the_laws_are_by_class() -> None:
    """Classes come in the heads' order, whatever the order of the examples; a class without any has no number."""
    model = replace(heterogeneous(), test=HeldOutLaw(), observables=(), events=())
    rng, K, d = np.random.default_rng(0), model.network.classes, 12
    held = {"test_xi": rng.normal(size=(5, d)), "test_y": np.array([1.0, 0.0, 1.0, 1.0, 0.0])}
    given = {"u": rng.normal(size=(K, d)), "xi": rng.normal(size=(4, d)), "W": rng.normal(size=(K, 2, d)),
             "y": np.array([1.0, 0.0, 1.0, 0.0])}
    names = [family.name for family in model.directions]
    assert set(given) - {"W", "y"} == set(names)
    found = at_start(model, {**given, **held})
    assert np.isfinite(found["class_error"][0, :2]).all() and np.isnan(found["class_error"][0, 2:]).all()
    beside = replace(model, test=NearLaw(near=("xi",), std="eta"))
    drawn = draw(beside, values_of(beside), 3, initial=given)
    assert ("has the label 2" in refusal(beside, drawn, values_of(beside))) == (K > 2)


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: judged_by(NearLaw(near=("mu",), std="s_near")), "'mu' is over 'one'"),
    (lambda: judged_by(NearLaw(near=("xi",), std="nope")), "'nope' is no parameter"),
    (lambda: judged_by(NearLaw(near=("xi",), std="s_near", labels="mine")),  # type: ignore[arg-type]
     "expected one of own, fresh"),
    (lambda: judged_by(NearLaw(near=("xi",), std="s_near", labels="fresh"), patches=(Patch(
        direction="xi", scale=("clean", GaussianScalar(name="g", std="s_near"))),)), "has a density"),
    (lambda: replace(leaky(), test=CovarianceLaw(fresh=("x",), flips=False)), "the model flips no labels"),
    (lambda: replace(heterogeneous(), test=CovarianceLaw(fresh=("xi",))), "CovarianceLaw takes others"),
    (lambda: replace(fomaml(), test=HeldOutLaw()), "declare FreshTasks"),
    (lambda: replace(pegr("none"), test="fresh"),  # type: ignore[arg-type]
     "expected FreshLaw, NearLaw, CovarianceLaw, HeldOutLaw or FreshTasks"),
    (lambda: judged_by(HeldOutLaw(), directions=(*xor().directions[:2], replace(
        xor().directions[2], name="test_y"),), patches=(Patch(direction="test_y", scale="clean"),)),
     "'test_y' is declared as held-out array and as family"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_a_law_that_does_not_go_is_refused_in_a_sentence(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value)


BAD: list[tuple[TestLaw, dict[str, Any], str]] = [
    (HeldOutLaw(), {"test_y": None}, "'test_y' is missing"),
    (HeldOutLaw(), {"test_y": np.full(7, 0.5)}, "label 0.5"),
    (HeldOutLaw(), {"test_xi": np.ones((7, 8))}, r"shape \(7, 8\)"),
    (HeldOutLaw(), {"test_seen": np.ones(6)}, r"shape \(6,\)"),
    (HeldOutLaw(), {"test_nu": np.ones(9)}, "unknown key 'test_nu'"),
    (CovarianceLaw(fresh=("xi",)), {"Sigma_xi": np.triu(np.ones((9, 9)))}, "not symmetric"),
    (CovarianceLaw(fresh=("xi",)), {"Sigma_xi": -np.eye(9)}, "eigenvalue -1"),
    (FreshLaw(fresh=("xi",)), {"test_y": np.ones(7)}, "unknown key 'test_y'"),
]


@pytest.mark.parametrize(("law", "wrong", "said"), BAD, ids=[said for *_, said in BAD])
def test_arrays_that_do_not_fit_are_refused(law: TestLaw, wrong: dict[str, Any], said: str) -> None:
    model = judged_by(law)
    given = {name: each for name, each in {**brought(model), **wrong}.items() if each is not None}
    with pytest.raises(InputError, match=said):
        draw(model, values_of(model), 0, initial=given)
