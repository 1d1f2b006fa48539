"""Fresh tasks drawn without a vector of length d: labels, dictionary entries, Gram blocks of what a task holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, Indices
from ..chance.normals import standard_normal
from ..index_set import IndexSet
from ..later import Later
from . import testlaw

_HELD = 2**23  # numbers of fresh vectors held at once, 64 MB


@dataclass(frozen=True)
class Family:
    """Directions of a fresh task: one, one a class, one a task, or one an example.

    `held` are the vectors that stay, by their place among the q: one, one a class, or where there is one a task a
    dictionary of M entries, of which the task takes one.  Where it is empty, vectors are drawn again: `std` N(0, 1) a
    dimension, in the span only along `kept` (r, k).
    """

    index_set: IndexSet
    held: Indices
    std: float
    kept: Array

    @property
    def fresh(self) -> bool:
        """Whether the vectors are drawn again."""
        return not len(self.held)

    def count(self, heads: int, examples: int) -> int:
        """Directions of the family in one task."""
        return self.index_set.of_a_task(1, heads, examples)


@dataclass(frozen=True)
class TaskDrawLaw:
    """Fresh tasks of a network with H heads of m filters.

    `patches` are (family, whether times the label); `labels` (L,), equally likely, are +-1 for signed heads, else
    0..K-1; `coordinates` (q, r) are of the vectors that stay and examples may hold, in a span of dimension `rank`.
    """

    heads: int
    m: int
    families: tuple[Family, ...]
    patches: tuple[tuple[int, bool], ...]
    labels: Array
    loss: testlaw.Loss
    rank: int
    coordinates: Later = Later()  # noqa: RUF009 - a descriptor, which is no default

    @property
    def signed(self) -> bool:
        """Whether outputs are one number, judged by its sign."""
        return self.loss != "cross_entropy"

    def slots(self) -> list[tuple[int, int]]:
        """(family, class) of the fresh vectors in one example, over all labels; class 0 where there is no other."""
        pairs = []
        for f in dict.fromkeys(f for f, _ in self.patches if self.families[f].fresh):
            pairs += [(f, k) for k in range(self.families[f].index_set.of_a_task(1, self.heads, 1))]
        return pairs


@dataclass(frozen=True)
class Streams:
    """Where fresh tasks come from: a generator for each of what is drawn, so that none depends on another.

    Entries of the dictionary, labels of the support and of the query examples, and of the fresh vectors the coordinates
    in the span, those along the filters, and Bartlett's entries below the diagonal and on it.
    """

    entries: np.random.Generator
    support: np.random.Generator
    query: np.random.Generator
    span: np.random.Generator
    filters: np.random.Generator
    below: np.random.Generator
    diagonal: np.random.Generator


@dataclass(frozen=True)
class TaskSizes:
    """Fresh tasks, the examples that adapt each and the further ones that judge it."""

    tasks: int
    support: int
    query: int
    balanced: bool = False

    @property
    def examples(self) -> int:
        """Of one task."""
        return self.support + self.query


@dataclass(frozen=True)
class Tasks:
    """K fresh tasks: blocks (K, L, L), labels (K, n), and what their directions are made of.

    `held` (K, l) with places `at_held` (l,); `spread` (s,) the deviations of the fresh ones at `at_fresh` (s,), with
    coordinates `within` (K, s, r) in the span (empty: none) and `across` (K, s, width) along the filters.
    """

    blocks: Array
    labels: Array
    held: Indices
    at_held: Indices
    spread: Array
    at_fresh: Indices
    within: Array
    across: Array

    @property
    def numbers(self) -> int:
        """How many it holds."""
        return self.blocks.size + self.labels.size + self.within.size + self.across.size

    def states(self, products: Array, along: Callable[[], Array], root: Array) -> Array:
        """Pre-activations (K, L, S) of filters with these products (S, q), coordinates (S, r) and root (S, width)."""
        states = np.empty((*self.blocks.shape[:2], len(root)))
        states[:, self.at_held] = products.T[self.held]
        tasks, vectors, width = self.across.shape
        fresh = self.across.reshape(tasks * vectors, width) @ root.T
        if self.within.size:
            fresh += self.within.reshape(tasks * vectors, self.within.shape[2]) @ along().T
        states[:, self.at_fresh] = self.spread[:, None] * fresh.reshape(tasks, vectors, len(root))
        return states


def drawn_tasks(law: TaskDrawLaw, sizes: TaskSizes, streams: Streams, width: int, left: float) -> Iterator[Tasks]:
    """Fresh tasks, as many at a time as may be held; the same whatever that number is."""
    n = sizes.examples
    counts = [family.count(law.heads, n) for family in law.families]
    starts = np.concatenate([[0], np.cumsum(counts)])
    places = [np.arange(starts[f], starts[f + 1]) for f in range(len(counts))]
    fresh = [f for f, family in enumerate(law.families) if family.fresh]
    at_fresh = _joined([places[f] for f in fresh])
    at_held = _joined([places[f] for f, family in enumerate(law.families) if not family.fresh])
    spread = np.concatenate([np.full(counts[f], law.families[f].std) for f in fresh] or [np.empty(0)])
    rank = law.rank if any(law.families[f].kept.shape[1] for f in fresh) else 0
    at_once = max(1, _HELD // max(1, len(at_fresh) * (rank + width + len(at_fresh)) + int(starts[-1]) ** 2))
    for first in range(0, sizes.tasks, at_once):
        tasks = min(at_once, sizes.tasks - first)
        held = _entries(law, tasks, streams.entries)
        labels = np.concatenate(
            [_labels(law, tasks, sizes.support, streams.support, sizes.balanced),
             _labels(law, tasks, sizes.query, streams.query, False)], axis=1
        )
        within = _within([law.families[f] for f in fresh], [counts[f] for f in fresh], tasks, rank, streams.span)
        across = standard_normal(streams.filters, (tasks, len(at_fresh), width))
        beyond = trapezoids(streams, tasks, len(at_fresh), left)
        inner = across @ _turned(across) + beyond @ _turned(beyond) + within @ _turned(within)
        blocks = np.empty((tasks, starts[-1], starts[-1]))
        stays = law.coordinates[held]
        blocks[:, at_held[:, None], at_held] = stays @ _turned(stays)
        blocks[:, at_fresh[:, None], at_fresh] = spread[:, None] * spread * inner
        mixed = stays[:, :, :rank] @ _turned(within) * spread  # 0 where no fresh vector is in the span
        blocks[:, at_held[:, None], at_fresh] = mixed
        blocks[:, at_fresh[:, None], at_held] = _turned(mixed)
        yield Tasks(blocks, labels, held, at_held, spread, at_fresh, within, across)


def _turned(stack: Array) -> Array:
    return np.swapaxes(stack, 1, 2)


def _joined(parts: Sequence[NDArray[np.int64]]) -> Indices:
    return np.concatenate([np.empty(0, dtype=np.intp), *parts]).astype(np.intp)


def _entries(law: TaskDrawLaw, tasks: int, rng: np.random.Generator) -> Indices:
    """(tasks, l): the vectors that stay and a task holds, in the order of its directions; one entry of a dictionary."""
    columns = [np.empty((tasks, 0), dtype=np.intp)]
    for family in law.families:
        if family.index_set.per_task and not family.fresh:
            columns.append(family.held[rng.integers(0, len(family.held), size=tasks)][:, None])
        else:
            columns.append(np.broadcast_to(family.held, (tasks, len(family.held))))
    return np.concatenate(columns, axis=1)


def _labels(law: TaskDrawLaw, tasks: int, count: int, rng: np.random.Generator, balanced: bool) -> Array:
    """Labels (tasks, count), uniform; or as equally frequent as can be in each task, in a fresh order."""
    kinds = len(law.labels)
    if balanced:
        first = rng.integers(0, kinds, size=(tasks, 1))
        return np.asarray(law.labels[rng.permuted((first + np.arange(count)) % kinds, axis=1)])
    return np.asarray(law.labels[rng.integers(0, kinds, size=(tasks, count))])


def _within(families: list[Family], counts: list[int], tasks: int, rank: int, rng: np.random.Generator) -> Array:
    """Coordinates (tasks, s, rank) of fresh vectors in the span, 0 along what they are projected off."""
    if not rank:
        return np.empty((tasks, sum(counts), 0))
    normals = rng.standard_normal((tasks, sum(counts), rank))
    parts = np.split(normals, np.cumsum(counts)[:-1], axis=1)
    return np.concatenate(
        [part[:, :, : family.kept.shape[1]] @ family.kept.T for family, part in zip(families, parts, strict=True)],
        axis=1,
    )


def trapezoids(streams: Streams, count: int, rows: int, left: float) -> Array:
    """Bartlett's T for `rows` Gaussian vectors in `left` dimensions, (count, rows, min(rows, left))."""
    columns = int(min(rows, left))
    factors = np.tril(standard_normal(streams.below, (count, rows, columns)), -1)
    at = np.arange(columns)
    factors[:, at, at] = np.sqrt(streams.diagonal.chisquare(left - at, size=(count, columns)))
    return factors
