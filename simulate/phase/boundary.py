"""Where an observable crosses a level along lines of a grid: positions with their bands, and the exponent they follow.

Along a line the mean over the seeds is taken as linear between the points that were run.  A position's band is the
stretch around it where the level lies within the mean's confidence interval (Student's t over the seeds, a test of each
point), so that it widens where the seeds disagree on the side, and is as good as the seeds are many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamics.arrays import Array

DIM = "boundary"  # along which a grid has the points
WHOLE = f"{DIM}_whole"  # names axes of whole numbers, in a grid's attributes
LEVEL_OF_CONFIDENCE = 0.95
_RESAMPLES = 400
_FEWEST = 4  # points that an exponent is fitted to


def nearness(attrs: Mapping[str, Any], along: Sequence[str], to: str) -> str:
    """How near points along these axes are found, in words, where it is `to` the tolerance along most."""
    whole = [name for name in along if name in str(attrs.get(WHOLE, "")).split(",")]
    if not whole:
        return to
    neighbours = f"to neighbouring whole numbers of {' and '.join(whole)}"
    return neighbours if len(whole) == len(along) else f"{to}, {neighbours}"


@dataclass(frozen=True)
class Scale:
    """An axis from 0 to 1 in its own spacing: linear, or logarithmic."""

    low: float
    high: float
    logarithmic: bool

    def place(self, value: float) -> float:
        """Where a value is, 0 at `low` and 1 at `high`."""
        if self.logarithmic:
            return float(np.log(value / self.low) / np.log(self.high / self.low))
        return (value - self.low) / (self.high - self.low)

    def value(self, place: float) -> float:
        """The value at a place."""
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** place)
        return self.low + (self.high - self.low) * place


@dataclass(frozen=True)
class Line:
    """A line along an axis: places (P,) in increasing order, and the observable there, (P, seed), or NaN."""

    places: Array
    values: Array

    @cached_property
    def curves(self) -> Array:
        """(3, P): the mean over the seeds and the ends of its interval, NaN where a seed has no number.

        The ends are NaN where there is one seed: then no band is known.
        """
        count = self.values.shape[1]
        mean: Array = self.values.mean(axis=1)
        if count < 2:
            return np.stack([mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)])
        half = _quantile(count - 1) * self.values.std(axis=1, ddof=1) / np.sqrt(count)
        return np.stack([mean, mean - half, mean + half])

    def crossings(self, level: float, curve: int = 0) -> list[tuple[int, float]]:
        """The pairs (k, place) where a curve crosses the level between the points k and k + 1."""
        return _crossings(self.places, self.curves[curve] - level)

    def band(self, level: float, at: tuple[int, float]) -> tuple[float, float]:
        """The stretch around a crossing in which the level is within the interval; NaN, where no interval is known.

        It ends with the line, where that does not tell the level from the mean before.
        """
        _, lower, upper = self.curves
        if np.isnan(lower[at[0]]):
            return np.nan, np.nan
        return self._end(level, lower, upper, at[0], -1), self._end(level, lower, upper, at[0] + 1, 1)

    def _end(self, level: float, lower: Array, upper: Array, start: int, step: int) -> float:
        """Where the level leaves the interval, from the point `start` of a crossing outward by `step`."""
        k = start
        while 0 <= k < len(self.places) and lower[k] <= level <= upper[k]:
            k += step
        if not 0 <= k < len(self.places) or np.isnan(lower[k]):
            return float(self.places[k - step])
        inner = k - step
        # The end of the interval that has left the level behind at k, and had not at the point before.
        curve = lower if lower[k] > level else upper
        span = curve[inner] - curve[k]
        share = (curve[inner] - level) / span if span else 0.0
        return float(self.places[inner] + np.clip(share, 0.0, 1.0) * (self.places[k] - self.places[inner]))


def _crossings(places: Array, height: Array) -> list[tuple[int, float]]:
    """Where a height (P,) passes 0 between two points that have one, with the first of them."""
    before, after = height[:-1], height[1:]
    there = np.flatnonzero(~np.isnan(before) & ~np.isnan(after) & ((before >= 0) != (after >= 0)))
    at = places[there] + before[there] / (before[there] - after[there]) * (places[there + 1] - places[there])
    return list(zip(there.tolist(), at.tolist(), strict=True))


def _quantile(freedom: int) -> float:
    """Student's t, two-sided."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + LEVEL_OF_CONFIDENCE / 2))


@dataclass(frozen=True)
class Exponent:
    """The slope of log `of` over log `over` along a boundary, `of` ~ `over`^slope, and its interval."""

    of: str
    over: str
    slope: float
    low: float
    high: float
    points: int


Positions = Callable[[NDArray[np.intp]], tuple[Array, Array]]
"""log `over` and log `of` of the boundary's points where the seeds at these places, repetitions included, are taken."""


def exponent(of: str, over: str, positions: Positions, seeds: int, rng: np.random.Generator) -> Exponent | None:
    """The slope by least squares, with an interval from resampling the seeds and the points; None of too few points.

    The interval is the percentiles' one, widened about the slope for few seeds, as the standard deviation of `seeds`
    numbers is.  With one seed, points alone are resampled.
    """
    x, y = positions(np.arange(seeds))
    if len(x) < _FEWEST or np.ptp(x) == 0:
        return None
    slope = _slope(x, y)
    slopes = []
    for _ in range(_RESAMPLES):
        x, y = positions(rng.integers(seeds, size=seeds) if seeds > 1 else np.arange(seeds))
        if len(x) < _FEWEST:
            continue
        some = rng.integers(len(x), size=len(x))
        if np.ptp(x[some]) > 0:
            slopes.append(_slope(x[some], y[some]))
    if len(slopes) < _RESAMPLES // 2:
        return Exponent(of, over, slope, np.nan, np.nan, len(x))
    tail = 50 * (1 - LEVEL_OF_CONFIDENCE)
    low, high = np.percentile(slopes, [tail, 100 - tail])
    wider = np.sqrt(seeds / (seeds - 1)) * _quantile(seeds - 1) / _quantile(10**6) if seeds > 1 else 1.0
    ends = slope - wider * max(slope - low, 0.0), slope + wider * max(high - slope, 0.0)
    return Exponent(of, over, slope, float(ends[0]), float(ends[1]), len(x))


def _slope(x: Array, y: Array) -> float:
    return float(np.polyfit(x, y, 1)[0])


def first_crossings(lines: Sequence[Line], level: float, seeds: NDArray[np.intp]) -> list[tuple[int, float]]:
    """(line, place) of the only crossing of each line whose mean, over these seeds, has one."""
    crossings = []
    for at, line in enumerate(lines):
        crossed = _crossings(line.places, line.values[:, seeds].mean(axis=1) - level)
        if len(crossed) == 1:
            crossings.append((at, crossed[0][1]))
    return crossings
