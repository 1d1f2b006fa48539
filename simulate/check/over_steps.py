"""Comparisons at several steps at once: where they hold, where they fail, and the entry that tells it best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from derivations.declare import SignedHeads

from .comparison import Comparison

_SIGNED = SignedHeads()  # their index is j and runs over +1, -1 wherever it stands in a formula


@dataclass(frozen=True)
class Point:
    """One comparison at one place: the step, the other indices by name, and both sides."""

    text: str
    t: int
    index: Mapping[str, int]
    left: float
    right: float

    @property
    def gap(self) -> float:
        """How far apart the sides are, relative to their size; 0 is equality."""
        size = abs(self.left) + abs(self.right)
        return abs(self.left - self.right) / size if size and math.isfinite(size) else 0.0 if size == 0 else 1.0


def label(dim: str, at: int) -> int:
    """What an index is called at one of its places: a head's sign, or the place itself."""
    return int(_SIGNED.labels[at]) if dim == _SIGNED.dim else at


@dataclass(frozen=True)
class OverSteps:
    """A comparison of a claim, its arrays (steps, entries): sides, where it holds, and where it is known to fail."""

    text: str
    shape: tuple[int, ...]
    dims: tuple[str, ...]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    holds: NDArray[np.bool_]
    fails: NDArray[np.bool_]

    @classmethod
    def of(cls, comparison: Comparison, count: int) -> OverSteps:
        """At so many steps, also where it names none of their quantities."""
        dims = comparison.dims if "t" in comparison.dims else ("t", *comparison.dims)
        holds, fails = comparison.holds & comparison.known, comparison.known & ~comparison.holds
        arrays = comparison.left, comparison.right, holds, fails
        whole = [each if "t" in comparison.dims else each[None] for each in arrays]
        shape = np.broadcast_shapes(*(each.shape for each in whole))[1:]
        same = (np.broadcast_to(each, (count, *shape)).reshape(count, -1) for each in whole)
        return cls(comparison.text, shape, dims[1:], *same)

    @cached_property
    def gaps(self) -> NDArray[np.float64]:
        """How far apart the sides are, as `Point.gap`."""
        with np.errstate(all="ignore"):
            gaps = np.abs(self.left - self.right) / (np.abs(self.left) + np.abs(self.right))
        return np.where(np.isfinite(gaps), gaps, np.where(self.left == self.right, 0.0, 1.0))

    def point(self, row: int, at: int, step: int) -> Point:
        """One entry at one step."""
        place = np.unravel_index(at, self.shape) if self.shape else ()
        index = {dim: label(dim, int(one)) for dim, one in zip(self.dims, place, strict=True)}
        return Point(self.text, step, index, float(self.left[row, at]), float(self.right[row, at]))


def furthest(parts: Sequence[OverSteps], step: int) -> Point:
    """Of the last step, the entry furthest from holding among those that fail; where none is known to, one unknown."""
    gaps = [np.where(part.fails[-1], part.gaps[-1], np.where(part.holds[-1], -2.0, -1.0)) for part in parts]
    gap, part = max(zip(gaps, parts, strict=True), key=lambda each: float(each[0].max()))
    return part.point(-1, int(np.argmax(gap)), step)


def tightest(parts: Sequence[OverSteps], truth: NDArray[np.bool_], steps: NDArray[np.int64]) -> Point:
    """Of the step at which all comparisons hold by most, the entry nearest to failing: beyond it there is no step."""
    row = int(np.argmax(np.where(truth, np.min([part.gaps.min(axis=1) for part in parts], axis=0), -1.0)))
    part = min(parts, key=lambda each: float(each.gaps[row].min()))
    return part.point(row, int(np.argmin(part.gaps[row])), int(steps[row]))
