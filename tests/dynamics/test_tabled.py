"""Products by tables of partial sums: exact for integers, else within a derived bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from derivations.papers.heterogeneous.model import model as heterogeneous
from dynamics.kernel.loading import module_of
from dynamics.lanes import tabled
from simulate.run.kernels import kernel_for

Array = NDArray[np.float64]
UNIT = 2.0**-53
# (heads, filters, directions): a tile's columns and a table's not filled, filled, and more of both.
SHAPES = [(1, 20, 5), (2, 20, 32), (3, 21, 37), (2, 40, 64), (5, 23, 130)]


def _entered(function: Callable[..., Any], arguments: str) -> Callable[..., Any]:
    """A function that kernels call, as Python can call it."""
    scope: dict[str, Any] = {"function": function}
    exec(f"def called({arguments}):\n    return function({arguments})\n", scope)
    compiled: Callable[..., Any] = njit(error_model="numpy", fastmath=False)(scope["called"])
    return compiled


laid_out = _entered(tabled.laid_out, "gram, filters")
by_tables = _entered(tabled.by_tables, "g, tiles, out")


def product(g: Array, gram: Array) -> tuple[bool, Array]:
    out = np.full_like(g, np.nan)
    return by_tables(g, laid_out(gram, g.shape[1]), out), out


def slopes(rng: np.random.Generator, shape: tuple[int, int, int], low: Array, high: Array) -> Array:
    """g (H, m, B), each entry one of its head's and column's two values, (H, B) each."""
    return np.where(rng.random(shape) < 0.5, low[:, None], high[:, None])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("flat", [0, 1])
def test_integers_are_summed_exactly(shape: tuple[int, int, int], flat: int) -> None:
    rng = np.random.default_rng(shape[2])
    heads, _, size = shape
    gram = rng.integers(-99, 99, (size, size)).astype(float)  # not symmetric, so that rows and columns are told apart
    low, high = rng.integers(-9, 9, (2, heads, size)).astype(float)
    low *= flat
    g = slopes(rng, shape, low, high)
    g[:, :, size // 2] = g[:, :1, size // 2]  # one value alone
    done, out = product(g, gram)
    assert done and np.array_equal(out, g @ gram)


@pytest.mark.parametrize("flat", [0.0, 0.1])
def test_sums_are_within_the_bound_of_their_roundings(flat: float) -> None:
    """An entry sums, of each column, low G and (high - low) G: up to eight roundings in a table, then one a group.

    In a table (high - low) G is a difference, a product and up to four sums, low G up to four fused ones and four sums
    (Higham, Accuracy and Stability of Numerical Algorithms, Lemma 3.1).
    """
    rng = np.random.default_rng(7)
    heads, filters, size = 3, 20, 75
    gram = rng.normal(size=(size, size)) * 10.0 ** rng.integers(-3, 3, (size, 1))
    high = rng.normal(size=(heads, size))
    g = slopes(rng, (heads, filters, size), flat * high, high)
    done, out = product(g, gram)
    roundings = 8 + math.ceil(size / 4)
    parts = np.broadcast_to((np.abs(flat * high) + np.abs(high - flat * high))[:, None], g.shape)
    bound = roundings * UNIT / (1 - roundings * UNIT) * (parts @ np.abs(gram))
    exact = np.array([[[math.fsum(row * column) for column in gram.T] for row in of] for of in g])
    terms = UNIT * (np.abs(g) @ np.abs(gram))  # fsum's terms are rounded products
    assert done and np.all(np.abs(out - exact) <= bound + terms)
    assert np.abs(out - exact).max() > 0


def test_a_head_has_the_bits_that_it_has_alone() -> None:
    rng = np.random.default_rng(3)
    high = rng.normal(size=(4, 50))
    g, gram = slopes(rng, (4, 30, 50), 0 * high, high), rng.normal(size=(50, 50))
    whole = product(g, gram)[1]
    for h in range(4):
        assert np.array_equal(product(np.ascontiguousarray(g[h : h + 1]), gram)[1][0], whole[h])
        assert np.array_equal(product(np.ascontiguousarray(g[h : h + 1, ::-1]), gram)[1][0, ::-1], whole[h])


def test_what_is_not_of_two_values_is_left_to_others() -> None:
    rng = np.random.default_rng(5)
    high = rng.normal(size=(2, 40))
    g, gram = slopes(rng, (2, 20, 40), 0 * high, high), rng.normal(size=(40, 40))
    assert product(g, gram)[0]
    for third in (0.5, np.nan):
        other = g.copy()
        other[1, 7, 3] = third
        assert not product(other, gram)[0]
    few = np.ascontiguousarray(g[:, : tabled.FILTERS_FROM - 1])
    assert not product(few, gram)[0] and not len(laid_out(gram, few.shape[1]))


def test_a_run_by_tables_is_that_of_the_loops_to_rounding() -> None:
    """Loops subtract B terms from z one by one, rounding by u (|z| + sum |terms|) each time; tables sum them first."""
    kernel = kernel_for(heterogeneous(3))
    assert kernel.blas_path is not None
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(3 + 60, 90)) / np.sqrt(90)
    z = rng.normal(size=(3, 20, 90)) @ vectors.T
    gram, y = vectors @ vectors.T, rng.integers(0, 3, 60)
    values = {"neurons": "mean", "eta": 0.05}
    labels = y.astype(float)
    ways = [replace(kernel.looped(module), lanes_path=None) for module in (kernel.loops, module_of(kernel.blas_path))]
    loops, tables = (way.run(z, np.zeros_like(z), gram, labels, values, 1, np.array([1])) for way in ways)
    moved = np.abs(loops.b[0])
    assert by_tables(np.ascontiguousarray(loops.b[0]), laid_out(gram, 20), np.empty_like(z))  # of two values a column
    bound = 2 * (len(gram) + 2) * UNIT * (np.abs(z) + moved @ np.abs(gram))
    assert np.all(np.abs(loops.z[0] - tables.z[0]) <= bound)
    assert not np.array_equal(loops.z[0], tables.z[0]) and moved.any()
