"""Splitting cells where an observable crosses a level, in rounds, until the crossing is found to a tolerance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dynamics.arrays import Array

from .boundary import Line

Requests = Sequence[tuple[int, float]]
"""(line, place) of points that are to be run."""
Evaluate = Callable[[Requests], Sequence[tuple[float, Array] | None]]
"""Of each request, the place at which it was run (of whole numbers the nearest) and the observable there, (seed,).

None where nothing is between its neighbours, or it has been given up.
"""
_ROUNDS = 60  # halvings, beyond which float64 has no more places between two


def refined(lines: Sequence[Line], level: float, tolerance: float, evaluate: Evaluate) -> list[Line]:
    """The lines with points put in between, halfway, wherever the level is crossed in a stretch above the tolerance.

    The mean is followed, and both ends of its interval, so that the band is found to the tolerance too.  All lines'
    points of a round are asked for at once.
    """
    finer, closed = list(lines), set[tuple[int, float, float]]()
    for _ in range(_ROUNDS):
        stretches = [
            (at, float(line.places[k]), float(line.places[k + 1])) for at, line in enumerate(finer)
            for k in _crossed(line, level)
        ]
        wide = [each for each in stretches if each[2] - each[1] > tolerance and each not in closed]
        if not wide:
            return finer
        made = evaluate([(at, (low + high) / 2) for at, low, high in wide])
        for stretch, point in zip(wide, made, strict=True):
            at, low, high = stretch
            if point is None or not low < point[0] < high:
                closed.add(stretch)
                continue
            line = finer[at]
            k = int(np.searchsorted(line.places, point[0]))
            finer[at] = Line(np.insert(line.places, k, point[0]), np.insert(line.values, k, point[1], axis=0))
    return finer


def _crossed(line: Line, level: float) -> list[int]:
    """The points after which the mean, or an end of its interval, crosses the level."""
    return sorted({k for curve in range(3) for k, _ in line.crossings(level, curve)})
