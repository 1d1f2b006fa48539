"""The fresh-example statistics of a Model against d-dimensional Monte Carlo with explicit vectors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    Model,
    Network,
    Objective,
    Patch,
    Value,
)
from derivations.papers.pegr.model import model as pegr
from dynamics.chance.streams import stream
from simulate.ask.chosen import choose
from simulate.errors import InputError
from simulate.observe.fresh import fresh_statistics
from simulate.run.problem import problem_of
from simulate.start.draw import draw
from simulate.start.drawn import Draw

Array = NDArray[np.float64]
SIZE = 20_000

CLASSES = Model(
    name="classes",
    title="Three classes, Gaussian noise",
    directions=(
        Directions(name="xi", over="sample", latex="", coefficient=Coefficient(name="rho", latex=""),
                   law=GaussianLaw(std="sigma_p", off=("u",), off_when="project_noise")),
        Directions(name="u", over="class", latex="", coefficient=Coefficient(name="gamma", latex=""),
                   law=FixedLaw(norm="u_norm")),
    ),
    patches=(Patch(direction="u"), Patch(direction="xi")),
    network=Network(heads="class", activation=Activation(name="relu_power", power=2), classes=3),
    objective=Objective(loss="cross_entropy"),
    test=FreshLaw(fresh=("xi",)),
)
VALUES: dict[str, Value] = {"n": 6, "m": 3, "d": 12, "mu_norm": 1.3, "u_norm": 1.1, "sigma_p": 0.4, "sigma_0": 0.5}


@dataclass(frozen=True)
class Forward:
    """ReLU^2 heads averaged over filters."""

    model: Model

    def outputs(self, a: Array, values: Mapping[str, Any]) -> Array:
        """Of pre-activations (N, P, H, m)."""
        heads = np.square(np.maximum(a, 0.0)).mean(axis=3).sum(axis=1)
        return np.asarray(heads[:, 0] - heads[:, 1]) if self.model.network.heads == "signed" else heads


def trajectory(model: Model, start: Draw, growth: float) -> tuple[Array, Array]:
    """Three states (z, b) away from the start."""
    b = growth * stream(9, "test").standard_normal((3, *start.z.shape)) * np.array([0, 1, 2])[:, None, None, None]
    return start.z + b @ start.gram, b


def explicit(model: Model, start: Draw, b: Array, projected: bool) -> tuple[Array, Array]:
    """Error and loss, each (size, T), of fresh examples drawn as d-dimensional vectors; labels drawn too."""
    assert start.vectors is not None and start.weights is not None
    rng, offsets = stream(5, "test"), model.offsets(len(start.y))
    xi = float(VALUES["sigma_p"] or 0) * rng.standard_normal((SIZE, int(start.d)))
    name = "mu" if model.network.heads == "signed" else "u"
    fixed = start.vectors[offsets[name] : offsets[name] + model.sizes(len(start.y))[name]]
    if projected:
        basis = np.linalg.qr(fixed.T)[0]
        xi -= xi @ basis @ basis.T
    weights = start.weights + np.einsum("thmb,bd->thmd", b, start.vectors)
    index = rng.integers(0, model.n_heads, size=SIZE)
    signal = (1.0 - 2.0 * index)[:, None] * fixed[0] if name == "mu" else fixed[index]
    error, cost = np.empty((SIZE, len(b))), np.empty((SIZE, len(b)))
    for t, w in enumerate(weights):
        # With two signed heads f is the gap of two logits: the same error, and the logistic loss is cross-entropy.
        heads = np.zeros((SIZE, model.n_heads))
        for x in (signal, xi):
            heads += np.square(np.maximum(np.einsum("nd,hmd->nhm", x, w), 0)).mean(axis=2)
        gaps = heads - np.take_along_axis(heads, index[:, None], axis=1)
        error[:, t] = (gaps > 0).any(axis=1)
        cost[:, t] = np.log(np.exp(gaps).sum(axis=1))
    return error, cost


@pytest.mark.parametrize("which", [pegr(), CLASSES], ids=["signed", "class"])
@pytest.mark.parametrize("projected", [True, False])
def test_statistics_match_monte_carlo_in_d_dimensions(which: Model, projected: bool) -> None:
    values = {**VALUES, "project_noise": projected}
    start = draw(which, values, seed=3)
    z, b = trajectory(which, start, 0.3)
    found = fresh_statistics(which, Forward(which), start, z, b, values, seed=4, size=SIZE)
    for name, sample in zip(("test_error", "test_loss"), explicit(which, start, b, projected), strict=True):
        spread = np.hypot(found[f"{name}_se"], sample.std(axis=0, ddof=1) / np.sqrt(SIZE))
        assert (np.abs(found[name] - sample.mean(axis=0)) < 4 * spread).all(), name
    assert (found["test_error"] > 0.02).all() and (found["test_error"] < 0.9).all()


@pytest.mark.parametrize("which", [pegr(), CLASSES], ids=["signed", "class"])
def test_the_projection_matters_and_is_read_from_the_flag(which: Model) -> None:
    start = draw(which, {**VALUES, "project_noise": True}, seed=3)
    z, b = trajectory(which, start, 0.3)
    on, off = (
        fresh_statistics(which, Forward(which), start, z, b, {**VALUES, "project_noise": flag}, seed=4, size=SIZE)
        for flag in (True, False)
    )
    assert (np.abs(on["test_loss"] - off["test_loss"]) > 4 * on["test_loss_se"]).any()


def test_gram_draws_have_fresh_statistics_at_any_dimension() -> None:
    values = {**VALUES, "d": float(np.exp(100.0)), "sigma_p": 1e-21, "project_noise": True}
    start = draw(pegr(), values, seed=0, sampling="gram")
    z, b = trajectory(pegr(), start, 1e-3)
    found = fresh_statistics(pegr(), Forward(pegr()), start, z, b, values, seed=0, size=200)
    assert all(np.isfinite(value).all() for value in found.values())


def test_the_same_seed_gives_the_same_statistics() -> None:
    values = {**VALUES, "project_noise": True}
    start = draw(pegr(), values, seed=0)
    z, b = trajectory(pegr(), start, 0.3)
    runs = [fresh_statistics(pegr(), Forward(pegr()), start, z, b, values, seed=s, size=100) for s in (1, 1, 2)]
    assert all(np.array_equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert (runs[0]["test_loss"] != runs[2]["test_loss"]).all()


def test_no_fresh_patch_is_exact() -> None:
    only = dataclasses.replace(pegr(), patches=(Patch(direction="mu", scale="label"),))
    values = {**VALUES, "project_noise": True}
    start = draw(only, values, seed=0)
    z, b = trajectory(only, start, 0.3)
    found = fresh_statistics(only, Forward(only), start, z, b, values, seed=0)
    network = Forward(only)
    margins = np.array(
        [[y * network.outputs(y * z[t, None, None, :, :, 0], values)[0] for y in (1, -1)] for t in range(3)]
    )
    np.testing.assert_allclose(found["test_loss"], np.log1p(np.exp(-margins)).mean(axis=1), rtol=1e-13)
    assert not found["test_loss_se"].any() and not found["test_error_se"].any()


@pytest.mark.parametrize(("test", "law", "size", "words"), [
    (FreshLaw(), GaussianLaw(std="sigma_p"), 100, "does not draw it again"),
    (FreshLaw(fresh=("xi",)), None, 100, "no Gaussian law"),
    (FreshLaw(fresh=("xi",)), GaussianLaw(std="sigma_p"), 1, "size: 1 fresh"),
])
def test_what_has_no_known_law_is_refused(test: FreshLaw, law: GaussianLaw | None, size: int, words: str) -> None:
    start = draw(pegr(), {**VALUES, "project_noise": True}, seed=0)
    z, b = trajectory(pegr(), start, 0.3)
    mu, xi = pegr().directions
    broken = dataclasses.replace(pegr(), test=test, directions=(mu, dataclasses.replace(xi, law=law)))
    with pytest.raises(InputError, match=words):
        fresh_statistics(broken, Forward(broken), start, z, b, VALUES, seed=0, size=size)


@pytest.mark.slow
def test_standard_errors_of_cubes_cover_over_200_repetitions() -> None:
    """q = 3: the loss is a cube of Gaussians in its tail, of kurtosis above 40; half of the error does not cover."""
    values: dict[str, Value] = {"q": 3, "n": 10, "m": 4, "d": 60, "sigma_p": 1.0, "sigma_0": 0.3, "eta": 0.05,
                                "regularizer": "none"}
    start = problem_of(choose("pegr", values)).start(0, "gram")
    path = start.up_to(np.array([40]))
    told = [fresh_statistics(start.model, start.kernel, start.draw, path.z, path.b, start.values, seed)
            for seed in range(200)]
    for name in ("test_loss", "test_error"):
        found = np.array([each[name][0] for each in told])
        errors = np.array([each[f"{name}_se"][0] for each in told])
        apart = np.abs(found - found.mean())
        assert (apart <= 1.96 * errors).mean() >= 0.93, name
        assert (apart <= 0.98 * errors).mean() < 0.85, name
