"""Standard normals in strata: groups that hold one of each of so many parts of equal probability."""

from __future__ import annotations

import functools
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

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
        strata: at least 1, at most 255.
        drawn: normals to begin with, (N,), such as `enough`; drawn from `rng` if there are none.
    """
    if drawn is None:
        drawn = rng.standard_normal(enough(groups, strata))
    while True:
        of = _strata(drawn, strata)
        sizes = np.bincount(of, minlength=strata)
        if sizes.min() >= groups:
            break
        drawn = np.concatenate([drawn, rng.standard_normal(groups * strata)])
    in_order, first = np.argsort(of, kind="stable"), np.cumsum(sizes) - sizes
    kept = np.stack([in_order[at : at + groups] for at in first.tolist()], axis=1)
    return np.asarray(drawn[kept])


def _strata(drawn: Array, strata: int) -> NDArray[np.uint8]:
    """Which stratum each is in, from 0 up: how many bounds it is above."""
    of = np.zeros(len(drawn), dtype=np.uint8)
    for bound in _bounds(strata):
        of += drawn > bound
    return of


@functools.cache
def _bounds(strata: int) -> tuple[float, ...]:
    """Where one stratum ends and the next begins (strata - 1,)."""
    return tuple(NormalDist().inv_cdf(place / strata) for place in range(1, strata))


__all__ = ["enough", "stratified"]
