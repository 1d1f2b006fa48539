"""Two of FOMAML's statements about numbers alone: the scale law of the activation, and Lemma D.5 as corrected."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from dynamics.arrays import Array
from tests.helpers.fomaml_states import CALM, Claim, claim, equal, join, kernel_of, rounding

WIDTHS = st.sampled_from([0.1, 0.5, 2.0])
SEARCH = settings(CALM, max_examples=400, phases=[Phase.generate], database=None)
MANY = settings(CALM, max_examples=200)


# ---- sigma_h(c z) = c sigma_{h/c}(z) --------------------------------------------------------------------------------


def outputs(a: Array, h: float) -> Array:
    """The kernel's network on pre-activations a (N, 2, 2, m)."""
    return np.asarray(kernel_of("train-train", "huberized").outputs(a, {"neurons": "sum", "h": h}))


Point = tuple[Array, float, float]


@st.composite
def points(draw: Any) -> Point:
    """Pre-activations on every piece and at both kinks, a scale c and a width h."""
    h, c, m = draw(WIDTHS), 10.0 ** draw(st.floats(-2, 2)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    a = rng.normal(size=(6, 2, 2, m)) * draw(st.sampled_from([0.1, 1.0, 10.0])) * h / c
    a[0], a[1, 0] = 0.0, h / c
    return a, c, h


def scaled(point: Point, width: Callable[[float, float], float] = lambda h, c: h / c) -> Claim:
    """f at width h of c a is c f at width h/c of a; a filter's part is off by 8 roundings of |c a| + h, f adds 4 m."""
    a, c, h = point
    left, right = outputs(c * a, h), c * outputs(a, width(h, c))
    size = (np.abs(c * a) + h).sum((1, 2, 3))
    return equal(left, right, rounding(8 + 4 * a.shape[-1]) * size)


def test_the_scale_law() -> None:
    count = 0

    @given(points())
    @settings(MANY)
    def each(point: Point) -> None:
        nonlocal count
        found = scaled(point)
        count += found.exercised
        assert not found.violated

    each()
    assert count, "vacuous"


@pytest.mark.parametrize("width", [lambda h, c: h, lambda h, c: h * c], ids=["homogeneous", "times c"])
def test_the_scale_laws_mutants_are_caught(width: Callable[[float, float], float]) -> None:
    point = find(points(), lambda one: scaled(one, width).refuted, settings=SEARCH, random=Random(0))
    assert not scaled(point).violated


# ---- Lemma D.5 ------------------------------------------------------------------------------------------------------


Growth = tuple[float, float, float, float, int]


@st.composite
def growths(draw: Any) -> Growth:
    """A and B from 1e-3 to 1e3, G from 1 to 100, how far x_0 is above its premise (a factor), and a seed."""
    A, B = (10.0 ** draw(st.floats(-3, 3)) for _ in range(2))
    above = draw(st.one_of(st.just(0.0), st.floats(0, 2)))
    return A, B, draw(st.sampled_from([1.0, 1.5, 2.0, 10.0, 100.0])), above, draw(st.integers(0, 2**16))


def d5(given_growth: Growth, printed: bool = False, factor: bool = True, least: bool = False) -> Claim:
    """x_{t+1} >= x_t (1 + A), y_{t+1} <= y_t (1 + B), T the first t with x_t >= D.

    If x_0 >= D G^(-log(1+A)/log(1+B)) then y_T <= (1 + B) G y_0.  In logarithms of x/D and y/y_0.  With r the exponent
    over log(1 + A), exactly log G / log(1 + B), T - 1 steps did not reach D, so T <= r + 1 but for the roundings of
    T + 8 additions and quotients; T log(1 + B) carries them to the bound in the same ratio.
    """
    A, B, G, above, seed = given_growth
    rng = np.random.default_rng(seed)
    exponent = A / B if printed else np.log1p(A) / np.log1p(B)
    start = -exponent * np.log(G) + above
    longest = int(np.log(G) / np.log1p(B) * (max(exponent * np.log1p(B) / np.log1p(A), 1.0))) + 3
    more, less = rng.random((2, longest)) * (rng.random((2, 1)) < 0.5) * (not least)
    x = start + np.concatenate([[0.0], np.cumsum(np.log1p(A) * (1 + more))])
    T = int(np.argmax(x >= 0))
    assert x[T] >= 0
    y = (np.log1p(B) * (1 - less))[:T].sum()
    bound = np.log(G) + (np.log1p(B) if factor else 0.0)
    return claim(y, bound, rounding(3 * T + 24) * (np.log(G) + np.log1p(B)), live=T > 0)


def test_lemma_d5_as_corrected() -> None:
    count = 0

    @given(growths())
    @settings(MANY)
    def each(growth: Growth) -> None:
        nonlocal count
        found = join(d5(growth), d5(growth, least=True))
        count += found.exercised
        assert not found.violated

    each()
    assert count, "vacuous"


@pytest.mark.parametrize("change", [{"printed": True}, {"factor": False}], ids=["as printed", "without 1 + B"])
def test_lemma_d5s_mutants_are_caught(change: dict[str, bool]) -> None:
    growth = find(growths(), lambda one: d5(one, **change).refuted, settings=SEARCH, random=Random(0))
    assert not d5(growth).violated


@pytest.mark.parametrize(
    ("A", "B", "ratio"), [(0.1, 0.01, 1.034), (1.0, 0.1, 1.30), (10.0, 0.1, 7.9), (25.2, 0.068, 90)]
)
def test_lemma_d5_as_printed_misses_by_what_the_reading_has(A: float, B: float, ratio: float) -> None:
    """y_T / (G y_0) with x_0 = D G^(-A/B), G = 2: beyond 1 + B wherever A is not small."""
    growth = (A, B, 2.0, 0.0, 0)
    found = d5(growth, printed=True, least=True)
    assert abs(np.exp(found.lhs[0]) / 2.0 / ratio - 1) < 0.02
    assert found.refuted and not d5(growth, least=True).violated
