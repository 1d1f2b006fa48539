"""What observables read off states of one draw or of many: where families stand, coefficients, own heads."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from derivations.declare import Model, of_neurons
from dynamics.arrays import Array, Flags

from ..work.once import once
from .sides import own_heads


@once
def _rows(_: Model) -> dict[tuple[int, int], dict[str, slice]]:
    """Where a model's families stand on the direction axis, by name, for the examples and tasks asked of so far."""
    return {}


class Entries(ABC):
    """States z and b (N, H, m, B), with the labels and lengths of the one draw that they are of, or of each one's."""

    model: Model
    z: Array
    b: Array | None

    @property
    @abstractmethod
    def y(self) -> Array:
        """Labels (n,) of the draw, or (N, n) of each state's, as observed."""

    @property
    @abstractmethod
    def squared_lengths(self) -> Array:
        """Of the directions, (B,) or (N, B)."""

    @property
    @abstractmethod
    def tasks(self) -> int:
        """How many tasks; 1 with a single-level algorithm."""

    @property
    def own(self) -> Flags:
        """(H, n) or (N, H, n): whether a head is an example's own."""
        return own_heads(self.model, self.y)

    def rows(self, family: str) -> slice:
        """Where a family stands on the direction axis."""
        n, tasks = self.y.shape[-1], self.tasks
        known = _rows(self.model)
        if (n, tasks) not in known:
            start, sizes = self.model.offsets(n, tasks), self.model.sizes(n, tasks)
            known[n, tasks] = {name: slice(start[name], start[name] + size) for name, size in sizes.items()}
        return known[n, tasks][family]

    def coefficient(self, name: str) -> Array | None:
        """A family's coefficients (N, H, m, size), by their name: b times the declared scale and signs.

        What neurons have beside their filters is given as it is, which is z along its axis.
        """
        if self.b is None:
            return None
        family = next(family for family in self.model.directions if family.coefficient.name == name)
        rows = self.rows(family.name)
        if of_neurons(family):
            return self.z[..., rows]
        own, values = family.coefficient, self.b[..., rows]
        if own.scaled or own.signed or own.labelled:
            values = np.array(values)  # once: it may be as large as all states
        if own.scaled:
            values *= _of_states(self.squared_lengths[..., rows])
        if own.signed:
            values *= np.array(self.model.network.head_axis.signs)[:, None, None]
        if own.labelled:
            values *= _of_states(self.y)
        return values


def _of_states(each: Array) -> Array:
    """(size,) or (N, size), as it multiplies (N, H, m, size)."""
    return each if each.ndim == 1 else each[:, None, None, :]


__all__ = ["Entries"]
