"""Scalars with a density, noise of independent entries and directions of length 0: against training, and refused."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from derivations.declare import (
    Activation,
    EntryLaw,
    FreshLaw,
    GaussianScalar,
    GivenScalar,
    MixtureLaw,
    Model,
    Network,
    Patch,
    SumPatch,
    Term,
    UniformScalar,
)
from derivations.errors import ModelError
from simulate.ask import parameters
from simulate.errors import InputError
from simulate.observe import fresh
from simulate.observe.fresh_refusals import refusal
from simulate.start.draw import draw
from simulate.testing import plain_kernel
from simulate.train import fresh as weights_fresh
from simulate.validate.compare import compare
from simulate.validate.report import Validation
from tests.helpers.slowly import rarely
from tests.helpers.sums_of_terms import SIZES, family, number, xor

STRENGTH = GaussianScalar(name="strength", std="spread", mean=1.0)
SHARE = UniformScalar(name="share", low=-1, high="top")


def values_of(model: Model, **more: Any) -> dict[str, Any]:
    return {"lam_until": None, **dict(parameters.resolve(model, more).values)}


def validated(model: Model, **more: Any) -> Validation:
    values = values_of(model, **more)
    drawn = draw(model, values, 3)
    return compare(model, plain_kernel(model).bind(drawn.clean, drawn.scalars), drawn, values, 4)


def dense(**more: Any) -> Model:
    """A signal of Gaussian strength, a uniform share of another, and noise as strong as the signal."""
    terms = (Term(direction="mu", scale=("clean", STRENGTH)), Term(direction="nu", scale=SHARE),
             Term(direction="xi", scale=STRENGTH))
    own = (number("spread", 0.5), number("top", 2.0))
    return xor(**{"patches": (SumPatch(terms=terms),), "parameters": (*xor().parameters, *own), **more})


def entries(**law: Any) -> Model:
    """XOR clusters in noise of such entries."""
    noise = family("xi", "sample", EntryLaw(std="sigma", off=("mu", "nu"), **law))
    return xor(directions=(*xor().directions[:2], noise), parameters=(*xor().parameters, number("heavy", 5.0)))


MODELS: dict[str, Callable[[], Model]] = {
    "dense": dense, "student": lambda: entries(entries="student", freedom="heavy"),
    "rademacher": lambda: entries(entries="rademacher"),
}


@pytest.mark.parametrize("name", ["dense", "rademacher", rarely("student")])
def test_a_declared_law_passes_validation(name: str) -> None:
    found = validated(MODELS[name]())
    assert found.verdict == "pass", str(found)
    assert max(row.difference for row in found.rows if row.what.startswith("one step")) <= 1e-12
    assert "test_error, drawn in d dimensions" in {row.what for row in found.rows}


@pytest.mark.parametrize("null", ["sigma", "length"])
def test_directions_of_length_0_pass_validation(null: str) -> None:
    found = validated(xor(), **{null: 0.0})
    assert found.verdict == "pass" and found.zeros, str(found)


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
def test_noise_of_deviation_0_is_0_in_either_draw(sampling: str) -> None:
    drawn = draw(xor(), values_of(xor(), sigma=0.0), 0, sampling)
    assert not drawn.gram[2:].any() and not drawn.z[..., 2:].any() and drawn.gram[0, 0] == pytest.approx(4.0)


def test_the_error_of_a_gaussian_strength_is_the_chance_that_it_is_negative() -> None:
    """x_i = y_i s_i mu without noise and a linear network: the error is P(s < 0) = Phi(-1/spread)."""
    model = Model(
        name="strength", title="", directions=xor().directions[:1],
        patches=(Patch(direction="mu", scale=("label", STRENGTH)),),
        network=Network(heads="signed", activation=Activation("identity")), objective=xor().objective,
        test=FreshLaw(), parameters=(*SIZES, number("length", 2.0), number("spread", 0.5)),
    )
    for spread in (0.5, 1.0):
        values = values_of(model, spread=spread)
        drawn = draw(model, values, 1)
        b = np.zeros_like(drawn.z[None])
        b[0, 0], b[0, 1] = 1.0, -1.0
        z = drawn.z[None] + 4.0 * b  # ||mu||^2 = 4
        network = weights_fresh.Network(model)
        found = fresh.fresh_statistics(model, network, drawn, z, b, values, 0)
        assert abs(found["test_error"][0] - NormalDist().cdf(-1 / spread)) <= 5 * found["test_error_se"][0]
        assert found["test_error_se"][0] > 0


def test_entries_have_mean_0_and_variance_1_and_their_own_shape() -> None:
    kurtosis = {"uniform": 1.8, "rademacher": 1.0, "sparse": 30.0}
    for name, wanted in kurtosis.items():
        model = entries(entries=name, **({"share": 0.1} if name == "sparse" else {}))
        values = values_of(model, n=400, m=1, d=200, sigma=1.0)
        drawn = draw(model, values, 2).vectors
        assert drawn is not None and not drawn[2:, :2].any()
        rest = drawn[2:, 2:]
        assert rest.mean() == pytest.approx(0, abs=0.02) and rest.var() == pytest.approx(1, abs=0.06)
        assert (rest**4).mean() == pytest.approx(wanted, rel=0.1)


def test_inner_products_alone_are_not_drawn_of_other_entries() -> None:
    model = entries(entries="rademacher")
    with pytest.raises(InputError, match="'gram' needs noise that no rotation changes"):
        draw(model, values_of(model), 0, "gram")


def test_a_given_scalar_is_brought_and_has_no_test_law() -> None:
    model = xor(patches=(SumPatch(terms=(Term(direction="mu", scale=GivenScalar(name="own")), Term(direction="xi"))),),
                label_flips="", parameters=tuple(p for p in xor().parameters if p.name != "flipped"))
    with pytest.raises(InputError, match="own: each example's is the caller's own"):
        draw(model, values_of(model), 0)
    rng = np.random.default_rng(0)
    arrays = {"mu": rng.normal(size=9), "nu": rng.normal(size=9), "xi": rng.normal(size=(2, 9)),
              "W": rng.normal(size=(2, 3, 9)), "y": np.array([1.0, -1.0]), "own": np.array([0.3, -2.0])}
    drawn = draw(model, values_of(model), 0, initial=arrays)
    assert drawn.scalars["own"].tolist() == [0.3, -2.0]
    assert "no law says a fresh one's" in refusal(model, drawn, values_of(model))


def test_the_callers_noise_never_takes_the_error_of_another_law() -> None:
    model = entries(entries="rademacher")
    rng = np.random.default_rng(0)
    arrays = {"mu": rng.normal(size=9), "nu": rng.normal(size=9), "xi": rng.normal(size=(2, 9)),
              "W": rng.normal(size=(2, 3, 9)), "y": np.array([1.0, -1.0]), "eps": np.array([1.0, -1.0])}
    drawn = draw(model, values_of(model), 0, initial=arrays)
    assert "rademacher entries is not known of the caller's arrays" in refusal(model, drawn, values_of(model))


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: EntryLaw(std="s", entries="student"), "EntryLaw.freedom: 0; expected a number above 2"),
    (lambda: EntryLaw(std="s", entries="student", freedom=2), "EntryLaw.freedom: 2; expected a number above 2"),
    (lambda: EntryLaw(std="s", entries="sparse", share=1.5), "EntryLaw.share: 1.5; expected a share above 0, to 1"),
    (lambda: EntryLaw(std="s", entries="uniform", share=0.5), "which uniform entries do not have"),
    (lambda: entries(entries="student", freedom="nope"), "'nope' is no parameter of this model"),
    (lambda: GaussianScalar(name="s", std=float("inf")), "GaussianScalar.std: inf; expected a finite number"),
    (lambda: dense(directions=(*xor().directions[:2], family("xi", "sample", MixtureLaw(
        mean_norm="length", std="sigma")))), "multiplies 'xi', which is a mixture"),
    (lambda: xor(directions=(family("mu", "one", EntryLaw(std="sigma", entries="uniform")), *xor().directions[1:]),
                 angles=()), "noise of independent entries is for examples"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_has_no_meaning_is_refused_in_a_sentence(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value) and ";" in str(caught.value)


@pytest.mark.parametrize(("more", "said"), [
    ({"spread": -1.0}, "spread: -1"), ({"top": -2.0}, "-1 is above -2"),
])
def test_parameters_of_a_density_out_of_range_are_refused(more: dict[str, float], said: str) -> None:
    own = (number("spread", 0.5, low=-5), number("top", 2.0, low=-5))
    model = dense(parameters=(*xor().parameters, *own))
    with pytest.raises(InputError) as caught:
        draw(model, values_of(model, **more), 0)
    assert said in str(caught.value)
