"""Choices at random that are written down, so that the same state can be made again, or one beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_MOVES = (0.01, 0.03, 0.1, 0.3, 1.0)  # of a real number, of which most are decades
_SHARES = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)  # of a move, by which each of the numbers that go together goes
_ANEW = 0.15  # how often one choice is made anew in place of some that are moved


class Noted:
    """Choices by a generator that are written down, to be made `again` or `moved`."""

    def __init__(self, rng: np.random.Generator, before: Sequence[float] = (), by: Mapping[int, float] | None = None):
        """`before` are choices to be made again, where there are any; some real ones are moved `by` as much."""
        self.rng, self.before, self.by = rng, before, by or {}
        self.made: list[float] = []
        self.reals: list[int] = []

    def moved(self) -> Noted:
        """The same choices, but for some real numbers that are moved together, along a power law, or one made anew."""
        if self.rng.random() < _ANEW or not self.reals:
            return Noted(self.rng, self.made, {int(self.rng.integers(len(self.made))): math.nan})
        count = min(len(self.reals), int(self.rng.integers(1, 4)))
        size = float(self.rng.choice(_MOVES)) * float(self.rng.normal())
        places = self.rng.choice(self.reals, count, replace=False)
        return Noted(self.rng, self.made, {int(at): size * float(self.rng.choice(_SHARES)) for at in places})

    def again(self) -> Noted:
        """The same choices."""
        return Noted(self.rng, self.made)

    def changed(self, by: Mapping[int, float]) -> Noted:
        """The same choices, but for these real numbers, moved by as much."""
        return Noted(self.rng, self.made, by)

    def _next(self, fresh: float) -> float:
        at = len(self.made)
        value = self.before[at] if at < len(self.before) else fresh
        by = self.by.get(at, 0.0)
        self.made.append(fresh if math.isnan(by) else value + by)
        return self.made[-1]

    def one_of(self, options: Sequence[Any]) -> Any:
        """One of these."""
        return options[int(self._next(float(self.rng.integers(len(options))))) % len(options)]

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return min(high, max(low, int(self._next(float(self.rng.integers(low, high + 1))))))

    def real(self, low: float, high: float) -> float:
        """A real number; moved, it may be beyond both ends."""
        self.reals.append(len(self.made))
        return self._next(float(self.rng.uniform(low, high)))
