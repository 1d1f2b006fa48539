"""Losses and errors of sums: N scores of what is fresh with M of what stays, each pair an example of one label.

A pair's error needs only how many of the M are below minus the score, so sorting tells it; a loss is of every pair.
"""

# mypy: disable-error-code="no-untyped-call, no-untyped-def, call-arg, var-annotated, operator, assignment"
# Compiled functions take what their signatures say.

from __future__ import annotations

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


def mean_costs(fresh: Array, held: Array, label: float, loss: object) -> Array | None:
    """The mean (N,) over the M of the loss of label (fresh + held), fresh (N,), held (M,); None of a loss by a formula.

    Labels are +-1; NaN where a score is.
    """
    if loss not in _SUMS:
        return None
    count = len(fresh)
    given, sums = aligned(-(-count // WIDTH) * WIDTH), aligned(-(-count // WIDTH) * WIDTH)
    given[:count] = fresh
    _SUMS[loss](given, np.ascontiguousarray(held, dtype=np.float64), float(label), sums)
    return np.asarray(sums[:count] / len(held))


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
