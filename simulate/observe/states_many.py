"""Recorded states of many runs of one shape, each of a draw of its own, as observables of entries ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from derivations.declare import Model
from dynamics.arrays import Array, Flags

from ..start.many import Drawn
from .entries import Entries


@dataclass(frozen=True)
class ManyStates(Entries):
    """T states of each of R runs one after another, z and b (R T, H, m, B), with what a kernel observed at them."""

    model: Model
    drawn: Drawn
    z: Array
    b: Array
    seen: Mapping[str, Array]

    @property
    def _times(self) -> int:
        return len(self.z) // len(self.drawn.y)

    @cached_property
    def y(self) -> Array:
        """Labels of each state's draw (R T, n), as observed."""
        return np.repeat(self.drawn.y, self._times, axis=0)

    @cached_property
    def squared_lengths(self) -> Array:
        """Of the directions of each state's draw (R T, B)."""
        return np.repeat(np.diagonal(self.drawn.gram, axis1=1, axis2=2), self._times, axis=0)

    @cached_property
    def own(self) -> Flags:
        """(R T, H, n): whether a head is an example's own."""
        return super().own

    @property
    def tasks(self) -> int:
        """One set of examples each."""
        return 1

    @property
    def over_tasks(self) -> bool:
        """No: runs over tasks are looked at one by one."""
        return False

    def by_task(self, per_example: Array) -> Array:
        """As it is."""
        return per_example

    def looked(self, name: str) -> Array | None:
        """None: draws that go together have no vectors that runs only look at."""
        return None

    def adapted(self, family: str) -> Array | None:
        """None: nothing is adapted."""
        return None


__all__ = ["ManyStates"]
