"""Noise with a covariance of its own, as sums of terms: a spike, a part that all examples share; against training."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import FixedLaw, GaussianLaw, GaussianScalar, Model, SumPatch, Term
from dynamics.arrays import Array
from dynamics.kernel.kernel import Kernel
from simulate.ask import parameters
from simulate.start.draw import draw
from simulate.start.drawn import Draw
from simulate.testing import plain_kernel
from simulate.validate.compare import compare
from tests.helpers.sums_of_terms import family, number, xor

SIZES = {"n": 3, "m": 2, "d": 12, "sigma": 0.4, "sigma_0": 0.3}
GIVEN = GaussianScalar(name="g", std="spike")


def spiked() -> Model:
    """Noise N(0, sigma^2 I + spike^2 u u^T), u of length 1."""
    terms = (Term(direction="mu", scale="clean"), Term(direction="xi"), Term(direction="u", scale=GIVEN))
    return of(terms, family("u", "one", FixedLaw(norm="one")), number("one", 1.0), number("spike", 2.0))


def shared() -> Model:
    """Noise xi_i + omega, omega ~ N(0, common^2 I) the same in every example: correlated across examples."""
    terms = (Term(direction="mu", scale="clean"), Term(direction="xi"), Term(direction="omega"))
    return of(terms, family("omega", "one", GaussianLaw(std="common")), number("common", 0.5))


def of(terms: tuple[Term, ...], more: Any, *parameters_of: Any) -> Model:
    noise = family("xi", "sample", GaussianLaw(std="sigma"), split=True)
    known = tuple(each for each in xor().parameters if each.name != "cosine")
    return xor(directions=(xor().directions[0], noise, more), patches=(SumPatch(terms=terms),), angles=(),
               parameters=(*known, *parameters_of))


MODELS = {"spiked": spiked, "shared": shared}


@functools.cache
def case(name: str) -> tuple[Model, dict[str, Any], Kernel, Draw]:
    model = MODELS[name]()
    values = {"lam_until": None, **dict(parameters.resolve(model, SIZES).values)}
    return model, values, plain_kernel(model), draw(model, values, 3)


@pytest.mark.parametrize("name", MODELS)
def test_noise_with_a_covariance_passes_validation(name: str) -> None:
    model, values, kernel, drawn = case(name)
    found = compare(model, kernel.bind(drawn.clean, drawn.scalars), drawn, values, 3)
    assert found.verdict == "pass", str(found)
    assert max(row.difference for row in found.rows if row.what.startswith("one step")) <= 1e-12
    assert "test_error, drawn in d dimensions" in {row.what for row in found.rows}


def test_validation_sees_a_kernel_without_the_spike_and_one_without_the_correlation() -> None:
    model, values, kernel, drawn = case("spiked")
    flat = {"g": np.zeros(len(drawn.y))}
    assert compare(model, kernel.bind(drawn.clean, flat), drawn, values, 1).verdict == "fail"
    model, values, kernel, drawn = case("shared")
    gram = drawn.gram.copy()
    gram[-1, 1:-1] = gram[1:-1, -1] = 0.0  # what omega has in common with each xi_i
    apart = replace(drawn, gram=gram)
    assert compare(model, kernel.bind(drawn.clean, drawn.scalars), apart, values, 1).verdict == "fail"


def noise_of(name: str, seed: int) -> Array:
    """The noise of each example, (n, d), all of it that is no signal."""
    model, values, _, _ = case(name)
    found = draw(model, values, seed)
    assert found.vectors is not None
    xi, last = found.vectors[1:-1], found.vectors[-1]
    return np.asarray(xi + (found.scalars["g"][:, None] if name == "spiked" else 1.0) * last)


def test_examples_have_the_declared_covariance() -> None:
    """Over 300 draws: sigma^2 d and spike^2 on an example's own; common^2 d between any two that share omega."""
    d, sigma, draws = SIZES["d"], SIZES["sigma"], 300
    for name, own, across in (("spiked", sigma**2 * d + 4.0, 0.0), ("shared", sigma**2 * d + 0.25 * d, 0.25 * d)):
        products = np.array([each @ each.T for each in (noise_of(name, seed) for seed in range(draws))])
        mean, error = products.mean(0), products.std(0) / draws**0.5
        assert (np.abs(mean - (across + (own - across) * np.eye(3))) <= 5 * error).all()
