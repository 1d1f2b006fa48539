"""Standard normals in strata: groups that hold one of each of so many parts of equal probability."""

from __future__ import annotations

import functools
from statistics import NormalDist

import numpy as np

from ..arrays import Array

_SPARE = 8  # of how many normals one is drawn in reserve: else every other call would have to draw again


def enough(groups: int, strata: int) -> int:
    """How many normals mostly have enough of every stratum."""
    return groups * strata * (_SPARE + 1) // _SPARE


def stratified(rng: np.random.Generator, groups: int, strata: int, drawn: Array | None = None) -> Array:
    """Standard normals (groups, strata): of a row one lies in each stratum, from the lowest up; rows are independent.

    Each is exactly a normal given its stratum: normals are drawn until every stratum has enough of them, and a stratum
    keeps its first ones.  A row's entry at a place that is drawn uniformly is a standard normal.

    Args:
        rng: what they are drawn from.
        groups: at least 1.
        strata: at least 1.
        drawn: normals to begin with, (N,), such as `enough`; drawn from `rng` if there are none.
    """
    from . import sorting  # compiled, and loaded where there is something to sort

    if drawn is None:
        drawn = rng.standard_normal(enough(groups, strata))
    held, rows = np.zeros(strata, dtype=np.int64), np.empty((groups, strata))
    while sorting.sort(np.ascontiguousarray(drawn), _bounds(strata), held, rows) < strata:
        drawn = rng.standard_normal(groups * strata)
    return rows


@functools.cache
def _bounds(strata: int) -> Array:
    """Where one stratum ends and the next begins (strata - 1,)."""
    return np.array([NormalDist().inv_cdf(place / strata) for place in range(1, strata)])


__all__ = ["enough", "stratified"]
