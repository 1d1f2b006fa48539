"""Losses and errors of sums: N scores of what is fresh with M of what stays, each pair an example of one label.

A pair's error needs only how many of the M are below minus the score, so sorting tells it.  A loss is of every pair;
but the mean logistic loss as a function of the score is analytic within pi of the real line, and so where there are
many scores it is taken at 16 of them in each unit interval and interpolated there.  The polynomials' error is
(4 pi)^-16 = 3e-18 of it, as its logarithm's slope is at most 1.
"""

# mypy: disable-error-code="no-untyped-call, no-untyped-def, call-arg, var-annotated, operator, assignment"
# Compiled functions take what their signatures say.

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from dynamics.arrays import Array
from dynamics.lanes.compiled import WIDTH, entry, lanes, load, store
from dynamics.lanes.functions import exponential_0, logistic_0
from dynamics.lanes.memory import aligned
from dynamics.lazily import njit

_OPTIONS: dict[str, Any] = {"cache": True, "fastmath": False, "error_model": "numpy", "nogil": True}
_TYPES = "void(float64[::1], float64[::1], float64, float64[::1])"


@njit(_TYPES, **_OPTIONS)
def _logistic(fresh, held, label, sums):
    """sums[i] = sum_a log(1 + exp(-label (fresh[i] + held[a]))), in order; fresh in lines of eight."""
    for i in range(0, fresh.size, WIDTH):
        x, total = load(fresh, i), lanes(0.0)
        for a in range(held.size):
            total = total + logistic_0(label * (x + entry(held, a)))
        store(sums, i, total)


@njit(_TYPES, **_OPTIONS)
def _exponential(fresh, held, label, sums):
    """sums[i] = sum_a exp(-label (fresh[i] + held[a])), in order; fresh in lines of eight."""
    for i in range(0, fresh.size, WIDTH):
        x, total = load(fresh, i), lanes(0.0)
        for a in range(held.size):
            total = total + exponential_0(label * (x + entry(held, a)))
        store(sums, i, total)


@njit(_TYPES, **_OPTIONS)
def _wrong(fresh, order, label, wrong):
    """wrong[i] = how many of the order have label (fresh[i] + order[a]) < 0, a tie one half; it ascends."""
    for i in range(fresh.size):
        bound, below, many = -fresh[i], 0, order.size
        while many > 1:  # the first that is not below the bound is among the `many` from `below` on, or follows them
            half = many // 2
            below += half if order[below + half - 1] < bound else 0
            many -= half
        below += 1 if order[below] < bound else 0
        upto = below
        while upto < order.size and order[upto] == bound:
            upto += 1
        wrong[i] = (below if label > 0.0 else order.size - upto) + 0.5 * (upto - below)


_SUMS: dict[Any, Callable[..., None]] = {"logistic": _logistic, "exponential": _exponential}


@njit("void(float64[::1], int64[::1], int64[::1], float64[::1], float64[:, ::1], float64[::1])", **_OPTIONS)
def _interpolated(fresh, cells, places, sums, table, out):
    """out[i] = the polynomial through a cell's sums, at fresh[i] in the cell cells[places[i]] .. + 1, by Clenshaw."""
    nodes = table.shape[0]
    series = np.empty(sums.size)
    for c in range(0, sums.size, nodes):
        for n in range(nodes):
            total = 0.0
            for j in range(nodes):
                total += table[n, j] * sums[c + j]
            series[c + n] = total
    for i in range(fresh.size):
        first, t = places[i] * nodes, 2.0 * (fresh[i] - cells[places[i]]) - 1.0
        after, now = 0.0, 0.0
        for n in range(nodes - 1, 0, -1):
            after, now = now, series[first + n] + 2.0 * t * now - after
        out[i] = series[first] + t * now - after


NODES = 16
FAR = 38.0
FEW = 32  # scores that stay from which on interpolating is worth its own work


@functools.cache
def _nodes() -> tuple[Array, Array]:
    """Points of the unit interval and what makes Chebyshev's series of values there: near his, and short in binary.

    So that a whole number and a point have an exact sum.
    """
    points = np.rint((0.5 - 0.5 * np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)) * 2.0**20) / 2.0**20
    values = np.polynomial.chebyshev.chebvander(2.0 * points - 1.0, NODES - 1)
    return points, np.ascontiguousarray(np.linalg.inv(values))


def _by_cells(fresh: Array, held: Array, label: float) -> Array | None:
    """Sums of logistic losses by interpolation; None where there are too few scores in a unit interval for it.

    Where all margins are beyond `FAR` a loss is -margin, or exp(-margin), to less than half a unit of rounding.
    """
    if len(held) < FEW or not (np.isfinite(fresh).all() and np.abs(fresh).max() < 2.0**20):
        return None
    own = label * held
    least, score = float(own.min()), label * fresh
    linear, tail = score + float(own.max()) < -FAR, score + least > FAR
    near = np.flatnonzero(~(linear | tail))
    out = np.where(linear, -(len(held) * score + own.sum()), 0.0)
    if tail.any():
        alone = np.zeros(1)
        out[tail] = _each(_exponential, score[tail] + least, alone) * _each(_exponential, own - least, alone).sum()
    if len(near):
        whole = np.floor(fresh[near]).astype(np.int64)
        lowest = int(whole.min())
        there = np.bincount(whole - lowest) > 0
        cells = np.flatnonzero(there) + lowest
        if 2 * NODES * len(cells) > len(fresh):
            return None
        points, table = _nodes()
        sums = _each(_logistic, (cells[:, None] + points).reshape(-1), held, label)
        found = np.empty(len(near))
        _interpolated(fresh[near], cells, np.cumsum(there)[whole - lowest] - 1, sums, table, found)
        out[near] = found
    return out


def _each(summed: Callable[..., None], fresh: Array, held: Array, label: float = 1.0) -> Array:
    """What a sum over the held is for each of the scores, (N,)."""
    count = len(fresh)
    given, sums = aligned(-(-count // WIDTH) * WIDTH), aligned(-(-count // WIDTH) * WIDTH)
    given[:count] = fresh
    summed(given, held, label, sums)
    return sums[:count]


def mean_costs(fresh: Array, held: Array, label: float, loss: object) -> Array | None:
    """The mean (N,) over the M of the loss of label (fresh + held), fresh (N,), held (M,); None of a loss by a formula.

    Labels are +-1; NaN where a score is.
    """
    if loss not in _SUMS:
        return None
    held, label = np.ascontiguousarray(held, dtype=np.float64), float(label)
    sums = _by_cells(np.ascontiguousarray(fresh, dtype=np.float64), held, label) if loss == "logistic" else None
    return np.asarray((_each(_SUMS[loss], fresh, held, label) if sums is None else sums) / len(held))


def mean_errors(fresh: Array, held: Array, label: float) -> Array | None:
    """The share (N,) of the M with label (fresh + held) < 0, ties one half; None where a sum may be no number.

    A sum of two doubles is negative, or 0, exactly where its rounded value is.
    """
    if np.isnan(fresh).any() or np.isnan(held).any() or (np.isinf(fresh).any() and np.isinf(held).any()):
        return None
    wrong = np.empty(len(fresh))
    _wrong(np.ascontiguousarray(fresh, dtype=np.float64), np.sort(held), float(label), wrong)
    wrong /= len(held)
    return wrong
