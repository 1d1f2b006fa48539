"""Where the directions of K tasks stand on the axis of all, which of them an outer step moves, and what couples them.

Families stand one after another, and within them tasks.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..index_set import IndexSet

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Coupling:
    """g G for a gradient g (F, B) that is 0 off the first C directions and off `active` ones (A,) of the others.

    The first C are orthogonal to the others, with Gram matrix `head` (C, C); C may be 0.  The others' part is
    g_active left (A, B - C), rows of the Gram matrix, where `right` has no row; else g_active left right with
    left (A, R) and right (R, B - C), from vectors of R dimensions.
    """

    head: Array
    active: Indices
    left: Array
    right: Array

    @property
    def rank(self) -> int:
        """R; 0 where the Gram matrix itself is cheaper."""
        return len(self.right)

    def arrays(self) -> tuple[Array | Indices, ...]:
        """As kernels take it."""
        return self.head, self.active, self.left, self.right


UNCOUPLED = Coupling(np.empty((0, 0)), np.empty(0, dtype=np.int64), np.empty((0, 0)), np.empty((0, 0)))


@dataclass(frozen=True)
class TaskAxis:
    """The directions of `tasks` tasks of n examples, by families of (name, index set), for so many heads."""

    families: tuple[tuple[str, IndexSet], ...]
    heads: int
    tasks: int
    n: int

    def places(self) -> Indices:
        """(K, L): where the directions of each task stand; not to be written to."""
        return _places(self)

    def sizes(self) -> list[int]:
        """Vectors in each family over all tasks; class heads have one class each."""
        return [index_set.row(1, self.heads, self.tasks, self.tasks * self.n) for _, index_set in self.families]

    def moving(self, examples: Indices) -> tuple[int, Indices]:
        """How many directions stand before the first family over examples, and which of the others have a gradient.

        `examples` are those of each task that an outer step looks at.
        """
        start, shared, active = 0, -1, [np.zeros(0, dtype=np.int64)]
        for (_, index_set), size in zip(self.families, self.sizes(), strict=True):
            own = np.arange(size, dtype=np.int64)
            if index_set.per_example:
                shared = start if shared < 0 else shared
                own = (np.arange(self.tasks, dtype=np.int64)[:, None] * self.n + examples).reshape(-1)
            if shared >= 0:
                active.append(start - shared + own)
            start += size
        return (start if shared < 0 else shared), np.concatenate(active)

    def order(self, examples: Indices) -> tuple[Indices, int]:
        """Where each of all directions stands (B,) if those that have a gradient are first, and how many these are."""
        shared, active = self.moving(examples)
        first = np.concatenate([np.arange(shared, dtype=np.int64), shared + active])
        place = np.arange(sum(self.sizes()), dtype=np.int64)
        order = np.empty_like(place)
        order[np.concatenate([first, np.setdiff1d(place, first)])] = place
        return order, len(first)

    def coupling(self, gram: Array, factor: Array | None, examples: Indices) -> Coupling:
        """How an outer step reaches every direction, at the fewest products; factor factor^T is the Gram matrix."""
        shared, active = self.moving(examples)
        if factor is None:
            cut = 0
            active = np.concatenate([np.arange(shared, dtype=np.int64), shared + active])
        else:
            used = factor != 0
            apart = not (used[:shared].any(axis=0) & used[shared:].any(axis=0)).any()
            cut = shared if apart else 0
            active = active if apart else np.concatenate([np.arange(shared, dtype=np.int64), shared + active])
            rest = factor[cut:, used[cut:].any(axis=0)]
            size, rank = rest.shape
            if rank * (len(active) + size) < len(active) * size:
                head = factor[:cut] @ factor[:cut].T
                return Coupling(head, active, np.ascontiguousarray(rest[active]), np.ascontiguousarray(rest.T))
        head = np.ascontiguousarray(gram[:cut, :cut])
        return Coupling(head, active, np.ascontiguousarray(gram[cut:, cut:][active]), np.empty((0, len(gram) - cut)))


@functools.lru_cache(maxsize=16)
def _places(axis: TaskAxis) -> Indices:
    """As `TaskAxis.places`."""
    columns, start = [], 0
    n, k = axis.n, np.arange(axis.tasks, dtype=np.int64)[:, None]
    for (_, index_set), size in zip(axis.families, axis.sizes(), strict=True):
        columns.append(start + index_set.row(0 * k, 0 * k + np.arange(size), k, k * n + np.arange(n)))
        start += size
    places = np.concatenate(columns, axis=1)
    places.flags.writeable = False
    return places


def by_eight(places: Indices) -> Indices:
    """Rows (K, L) up to a multiple of eight, those past the last -1."""
    padding = np.full((-len(places) % 8, places.shape[1]), -1, dtype=np.int64)
    return np.ascontiguousarray(np.concatenate([places, padding]))


__all__ = ["UNCOUPLED", "Coupling", "Indices", "TaskAxis", "by_eight"]
