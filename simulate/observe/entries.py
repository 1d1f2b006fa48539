"""What observables read off states of one draw or of many: entries, coefficients, own heads, norms and spectra."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from derivations.declare import Model, of_neurons
from dynamics.arrays import Array, Flags
from dynamics.geometry import spectrum

from ..start.drawn import Draw
from ..work.once import once
from .sides import own_heads

BLOCK = 2**19  # coordinates of filters at a time


@once
def _rows(_: Model) -> dict[tuple[int, int], dict[str, slice]]:
    """Where a model's families stand on the direction axis, by name, for the examples and tasks asked of so far."""
    return {}


class Entries(ABC):
    """States z and b (N, H, m, B), with the labels and lengths of the one draw that they are of, or of each one's."""

    model: Model
    z: Array
    b: Array | None
    seen: Mapping[str, Array]

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

    @abstractmethod
    def coordinates(self) -> Iterator[Array]:
        """W in an orthonormal basis (N', H, m, R), some states after another: as many as hold about BLOCK numbers."""

    @abstractmethod
    def looked(self, name: str) -> Array | None:
        """<w_s(t), x> (N, H, m, V) on vectors that runs only look at; None where a draw does not have them."""

    @property
    def over_tasks(self) -> bool:
        """Whether examples are those of several tasks, so that they have two dimensions: task and i."""
        return self.model.algorithm.over_tasks

    def by_task(self, per_example: Array) -> Array:
        """A last axis over all examples as two, tasks and examples, where there are tasks."""
        if not self.over_tasks:
            return per_example
        return per_example.reshape(*per_example.shape[:-1], self.tasks, self.y.shape[-1] // self.tasks)

    def adapted(self, family: str) -> Array | None:
        """<w~, v> (N, H, m, size), every task at its own adapted weights; a shared vector's is the last task's."""
        if "adapted" not in self.seen:
            return None
        tasks, n = self.tasks, self.y.shape[-1] // self.tasks
        start, size = self.model.offsets(n)[family], self.model.sizes(n)[family]
        own = np.moveaxis(self.seen["adapted"][..., start : start + size], 1, 3)  # (N, H, m, K, size)
        if not self.model.family(family).index_set.shared:
            return np.ascontiguousarray(own).reshape(*own.shape[:3], tasks * size)
        return own[..., -1, :]

    @cached_property
    def norms(self) -> Array:
        """||w_{h,r}||, (N, H, m)."""
        return np.concatenate([self.z[:0, ..., 0], *map(spectrum.lengths, self.coordinates())])

    @cached_property
    def norm(self) -> Array:
        """||W||_F, (N,)."""
        return spectrum.frobenius(self.norms)

    @cached_property
    def singular(self) -> spectrum.SpectrumSizes:
        """Sizes of each head's matrix and of all of them stacked, (N, H + 1)."""
        rows = [np.empty((0, self.z.shape[1] + 1, 3))]
        for each in self.coordinates():
            stack = each.reshape(len(each), 1, -1, each.shape[-1])
            rows.append(np.concatenate([spectrum.sizes(each).table, spectrum.sizes(stack).table], axis=1))
        return spectrum.SpectrumSizes(np.concatenate(rows))

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


@once
def frame_of(drawn: Draw) -> spectrum.Frame:
    """Coordinates of W(0) and the directions, from their vectors where the draw has them."""
    if drawn.vectors is not None and drawn.weights is not None:
        return spectrum.frame_of_vectors(drawn.of_data(drawn.weights), drawn.of_data(drawn.vectors))
    return spectrum.frame_of_gram(drawn.reduced)


def looked_at(drawn: Draw, name: str, b: Array, shares: Array) -> Array | None:
    """<w_s, x> (..., H, m, V) of states b (..., H, m, B) of a draw, with shares (...) of W(0), on vectors to look at.

    None where the draw does not have them.
    """
    watched = drawn.watched
    if watched is None or name not in watched.names:
        return None
    which = watched.names[name]
    return np.asarray(shares[..., None, None, None] * watched.z[..., which] + b @ watched.across[:, which])


def _of_states(each: Array) -> Array:
    """(size,) or (N, size), as it multiplies (N, H, m, size)."""
    return each if each.ndim == 1 else each[:, None, None, :]


__all__ = ["BLOCK", "Entries", "frame_of", "looked_at"]
