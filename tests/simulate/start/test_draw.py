"""Draws: determinism, laws, the two samplings against each other, the caller's arrays, and what is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    FixedLaw,
    GaussianLaw,
    Model,
    Network,
    Objective,
    Patch,
    Value,
)
from derivations.papers.pegr.model import model as pegr
from simulate.errors import InputError
from simulate.start.draw import draw
from simulate.start.drawn import Draw

Array = NDArray[np.float64]
VALUES: dict[str, Value] = {
    "n": 3, "m": 2, "d": 7, "mu_norm": 2.0, "u_norm": 0.5, "sigma_p": 0.4, "sigma_e": 1.5, "sigma_0": 0.3,
    "project_noise": True,
}


def family(name: str, over: Any, law: FixedLaw | GaussianLaw | None) -> Directions:
    return Directions(name=name, over=over, latex="", coefficient=Coefficient(name=f"c_{name}", latex=""), law=law)


# Random families before, between and after the fixed ones, each projected off something else.
MIXED = Model(
    name="mixed",
    title="Families in an awkward order",
    directions=(
        family("xi", "sample", GaussianLaw(std="sigma_p", off=("u",), off_when="project_noise")),
        family("mu", "one", FixedLaw(norm="mu_norm")),
        family("e", "class", GaussianLaw(std="sigma_e")),
        family("u", "class", FixedLaw(norm="u_norm")),
    ),
    patches=(Patch(direction="u"), Patch(direction="xi"), Patch(direction="mu"), Patch(direction="e")),
    network=Network(heads="class", activation=Activation(name="relu"), classes=2),
    objective=Objective(loss="cross_entropy"),
)


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
@pytest.mark.parametrize("which", [pegr(), MIXED], ids=["signed", "class"])
def test_shapes_and_determinism(which: Model, sampling: str) -> None:
    first, again, other = (draw(which, VALUES, seed, sampling) for seed in (5, 5, 6))
    size, filters = which.offsets(3)[""], which.n_heads * 2
    shapes = {"z": (which.n_heads, 2, size), "gram": (size, size), "y": (3,), "weight_gram": (filters, filters)}
    for name, shape in shapes.items():
        array = getattr(first, name)
        assert array.shape == shape and array.dtype == np.float64 and array.flags.c_contiguous
        assert np.array_equal(array, getattr(again, name))
    assert not np.array_equal(first.z, other.z) and first.d == 7.0 and first.sampling == sampling
    assert (first.vectors is None) == (first.weights is None) == (sampling == "gram")


def test_vectors_are_what_the_gram_matrices_say() -> None:
    drawn = draw(MIXED, VALUES, seed=1)
    assert drawn.vectors is not None and drawn.weights is not None
    np.testing.assert_allclose(drawn.gram, drawn.vectors @ drawn.vectors.T, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(drawn.z, drawn.weights @ drawn.vectors.T, rtol=1e-13, atol=1e-15)
    flat = drawn.weights.reshape(4, 7)
    np.testing.assert_allclose(drawn.weight_gram, flat @ flat.T, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
def test_fixed_lengths_and_projections_are_exact(sampling: str) -> None:
    at = {name: slice(start, start + MIXED.sizes(3).get(name, 0)) for name, start in MIXED.offsets(3).items()}
    on = draw(MIXED, VALUES, 2, sampling).gram
    off = draw(MIXED, {**VALUES, "project_noise": False}, 2, sampling).gram
    np.testing.assert_allclose(np.diag(on)[at["mu"]], 4.0, rtol=1e-15)
    np.testing.assert_allclose(on[at["u"], at["u"]], 0.25 * np.eye(2), rtol=1e-15)
    assert not on[at["mu"], at["u"]].any() and not on[at["xi"], at["u"]].any()
    assert on[at["xi"], at["mu"]].all() and on[at["e"], at["u"]].all() and off[at["xi"], at["u"]].all()


def test_labels_are_uniform_and_shared_by_both_samplings() -> None:
    many = {**VALUES, "n": 3000, "d": 2}
    y = draw(pegr(), many, 0).y
    assert set(y) == {-1.0, 1.0} and abs(y.sum()) < 4 * np.sqrt(3000)
    assert np.array_equal(draw(pegr(), {**VALUES, "n": 20}, 0, "gram").y, draw(pegr(), {**VALUES, "n": 20}, 0).y)
    assert set(draw(MIXED, {**many, "d": 3, "project_noise": False}, 0).y) == {0.0, 1.0}


def repeated(which: Model, sampling: str, draws: int = 1200) -> list[Draw]:
    first = 0 if sampling == "gram" else draws  # independent samples for the two-sample test
    return [draw(which, VALUES, seed, sampling) for seed in range(first, first + draws)]


def test_the_two_samplings_have_one_law() -> None:
    grams, vectors = repeated(MIXED, "gram"), repeated(MIXED, "vectors")
    pick: dict[str, Callable[[Draw], float]] = {
        "xi norm": lambda x: x.gram[0, 0], "xi product": lambda x: x.gram[0, 2], "xi mu": lambda x: x.gram[1, 3],
        "e norm": lambda x: x.gram[5, 5], "e xi": lambda x: x.gram[0, 4], "e u": lambda x: x.gram[4, 7],
        "z xi": lambda x: x.z[0, 1, 0], "z mu": lambda x: x.z[1, 0, 3], "z e": lambda x: x.z[1, 1, 5],
        "z u": lambda x: x.z[0, 0, 6], "w norm": lambda x: x.weight_gram[0, 0], "w": lambda x: x.weight_gram[1, 2],
        "w least": lambda x: np.linalg.eigvalsh(x.weight_gram)[0],
    }
    values = {
        name: stats.ks_2samp([of(x) for x in grams], [of(x) for x in vectors]).pvalue for name, of in pick.items()
    }
    assert min(values.values()) > 1e-3, values
    wrong = stats.ks_2samp([x.gram[0, 0] for x in grams], [x.gram[4, 4] for x in vectors]).pvalue
    assert wrong < 1e-6  # families in another order would be seen


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
def test_the_laws_are_the_declared_ones(sampling: str) -> None:
    drawn = repeated(pegr(), sampling)
    noise = [x.gram[1, 1] / 0.4**2 for x in drawn]
    assert stats.kstest(noise, stats.chi2(6).cdf).pvalue > 1e-3  # one of seven dimensions is projected off
    assert stats.kstest(noise, stats.chi2(7).cdf).pvalue < 1e-6
    assert stats.kstest([x.z[0, 0, 0] / 0.6 for x in drawn], stats.norm.cdf).pvalue > 1e-3
    assert stats.kstest([x.weight_gram[0, 0] / 0.3**2 for x in drawn], stats.chi2(7).cdf).pvalue > 1e-3


@pytest.mark.parametrize("d", [2.7e43, 1000, 2])
def test_a_gram_draw_has_any_dimension(d: float) -> None:
    drawn = draw(pegr(), {**VALUES, "d": d}, 0, "gram")
    assert drawn.d == d and np.isfinite(drawn.gram).all()
    lengths = np.sqrt(np.diag(drawn.gram))
    assert np.linalg.matrix_rank(drawn.gram / np.outer(lengths, lengths)) == min(d, 4)


@pytest.mark.parametrize(("change", "sampling", "words"), [
    ({"mu_norm": -1.0}, "vectors", "mu_norm: -1.0; expected a finite number that is not negative"),
    ({"sigma_0": float("nan")}, "gram", "sigma_0: nan; expected a finite number"),
    ({"d": 1}, "gram", "d: 1 leaves no dimension for 'xi'"),
    ({"d": 1}, "vectors", "give d of at least 2"),
    ({"d": 7.5}, "gram", "d: 7.5; expected a whole number from 1; give d=8"),
    ({"d": 0}, "gram", "d: 0; expected a whole number from 1"),
    ({"d": None}, "gram", "d: None; expected a number"),
    ({"n": 0}, "vectors", "n: 0; expected a whole number from 1"),
    ({"m": "ten"}, "vectors", "m: 'ten'; expected a number"),
    ({"d": 1e9}, "vectors", "give sampling='gram'"),
    ({}, "bartlett", "sampling: 'bartlett' is not known; expected 'vectors' or 'gram'"),
])
def test_parameters_that_cannot_be_drawn_are_refused(change: dict[str, Value], sampling: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        draw(pegr(), {**VALUES, **change}, 0, sampling)
    assert words in str(caught.value)


@pytest.mark.parametrize("seed", [-1, 0.5, True, None])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(InputError, match=r"seed: .*; expected a whole number from 0"):
        draw(pegr(), VALUES, seed)


def test_models_without_a_law_are_refused() -> None:
    mu, xi = pegr().directions
    lawless = dataclasses.replace(pegr(), directions=(mu, dataclasses.replace(xi, law=None)))
    for sampling in ("vectors", "gram"):
        with pytest.raises(InputError, match="xi: the family has no law to draw from; give its vectors in initial="):
            draw(lawless, VALUES, 0, sampling)


def arrays(**change: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    given = {"W": rng.standard_normal((2, 5, 400)), "mu": rng.standard_normal(400),
             "xi": rng.standard_normal((20, 400)), "y": np.where(np.arange(20) % 3, 1, -1)}
    return {key: value for key, value in {**given, **change}.items() if value is not None}


def test_the_callers_arrays_are_used_as_they_are() -> None:
    given = arrays()
    drawn = draw(pegr(), {}, 0, initial=given)
    assert drawn.vectors is not None and drawn.weights is not None
    assert drawn.sampling == "initial" and drawn.d == 400 and drawn.z.shape == (2, 5, 21)
    assert np.array_equal(drawn.vectors[0], given["mu"]) and np.array_equal(drawn.vectors[1:], given["xi"])
    assert np.array_equal(drawn.weights, given["W"]) and drawn.y.dtype == np.float64
    np.testing.assert_allclose(drawn.z[1, 2, 4], given["W"][1, 2] @ given["xi"][3], rtol=1e-12)
    given["W"][:] = 0.0
    assert drawn.weights.any()  # a copy: later changes by the caller do not reach the run


def test_sizes_come_from_the_arrays_and_zero_directions_are_legal() -> None:
    drawn = draw(pegr(), {"n": 99, "m": 99, "d": 99}, 0, initial=arrays(mu=np.zeros(400)))
    assert drawn.z.shape == (2, 5, 21) and drawn.gram[0, 0] == 0.0


@pytest.mark.parametrize(("change", "sentence"), [
    ({"xi": np.ones((20, 399))}, "initial['xi']: shape (20, 399), but mu has d = 400; give xi as (n, 400)"),
    ({"W": np.ones((3, 5, 400))}, "initial['W']: shape (3, 5, 400), but the model has 2 heads; give W as (2, m, d)"),
    ({"W": np.ones((2, 5, 7))}, "initial['W']: shape (2, 5, 7), but mu has d = 400; give W as (H, m, 400)"),
    ({"y": np.ones(19)}, "initial['y']: shape (19,), but xi has n = 20; give y as (20,)"),
    ({"mu": np.ones((1, 400))}, "initial['mu']: shape (1, 400), which is not (d,) with every length above 0; "
     "give mu as (d,)"),
    ({"xi": np.ones((0, 400))}, "initial['xi']: shape (0, 400), which is not (n, d) with every length above 0; "
     "give xi as (n, d)"),
    ({"y": np.zeros(20)}, "initial['y']: label 0 at index 0; expected +1 or -1; recode y"),
    ({"W": np.full((2, 5, 400), np.nan)}, "initial['W']: nan at index (0, 0, 0); expected finite numbers; mend it"),
    ({"W": "weights"}, "initial['W']: not an array of real numbers but of text; give a float64 array"),
    ({"mu": np.ones(400) * 1j}, "initial['mu']: not an array of real numbers but of complex numbers; "
     "give a float64 array"),
    ({"x_i": np.ones(3)}, "initial: unknown key 'x_i'; did you mean 'xi'?"),
    ({"gamma": np.ones(3)}, "initial: unknown key 'gamma'; expected one of mu, xi, W, y"),
    ({"mu": None}, "initial: 'mu' is missing; expected mu, xi, W, y; give all of them"),
])
def test_arrays_that_do_not_fit_are_refused_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        draw(pegr(), VALUES, 0, initial=arrays(**change))
    assert str(caught.value) == sentence


def test_class_labels_and_class_vectors_are_checked() -> None:
    rng = np.random.default_rng(0)
    given = {"W": rng.standard_normal((2, 4, 9)), "mu": np.ones(9), "xi": rng.standard_normal((5, 9)),
             "e": np.eye(2, 9), "u": np.eye(2, 9), "y": np.array([0, 1, 1, 0, 1])}
    assert draw(MIXED, {}, 0, initial=given).z.shape == (2, 4, 5 + 1 + 2 + 2)
    with pytest.raises(InputError, match=r"but the model has K = 2 classes; give u as \(2, d\)"):
        draw(MIXED, {}, 0, initial={**given, "u": np.ones((3, 9))})
    with pytest.raises(InputError, match="label 2 at index 4; expected 0 to 1"):
        draw(MIXED, {}, 0, initial={**given, "y": np.array([0, 1, 1, 0, 2])})


def test_the_callers_arrays_do_not_go_with_gram_sampling() -> None:
    with pytest.raises(InputError, match="sampling: 'gram' draws its own data"):
        draw(pegr(), VALUES, 0, "gram", initial=arrays())


def test_a_gram_draw_of_too_many_filters_is_refused() -> None:
    values = {parameter.name: parameter.default for parameter in pegr().parameters}
    with pytest.raises(InputError, match="inner products of all 20000 filters"):
        draw(pegr(), {**values, "m": 10_000}, 0, sampling="gram")
