"""What an algorithm draws at each step: mini-batches in reshuffled epochs, labels flipped afresh, tasks that take part.

Everything is a function of the seed and the step alone, so a run in chunks sees what a run in one piece does.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from .streams import stream

Indices = NDArray[np.int64]

BLOCK = 2**16  # entries drawn from one stream: opening a stream costs more than a batch


@dataclass(frozen=True)
class StepDraws:
    """The batches and labels of each step of a run on n examples.

    batch: examples a step, 1 <= batch <= n, or None for all of them.  An epoch is ceil(n / batch) steps and visits each
        example once, in a fresh order; where batch does not divide n, its last batch holds the n mod batch left.
    noise: the probability that a step sees another label than y_i, or None for never.
    classes: 2 for signed labels, whose other label is -y_i; K for labels 0..K-1, whose other label is uniform.
    sampled: how many of `tasks` take part in a step, or None for all of them.
    Streams "batches", "flips" and, a step each, "tasks" of `seed`.
    """

    seed: int
    y: Array
    batch: int | None = None
    noise: float | None = None
    signed: bool = True
    classes: int = 2
    tasks: int = 1
    sampled: int | None = None

    @property
    def rows(self) -> int:
        """Epochs, or steps of labels, drawn from one stream."""
        return max(1, BLOCK // len(self.y))

    def batches(self, start: int, steps: int) -> tuple[Indices, Indices]:
        """Examples (steps, batch) of steps start, start + 1, ..., and how many each has (steps,); the rest is -1."""
        n = len(self.y)
        size = n if self.batch is None else self.batch
        length = -(-n // size)  # steps an epoch
        t = np.arange(start, start + steps, dtype=np.int64)
        first, last = start // length, (start + max(steps, 1) - 1) // length
        order = np.full((last - first + 1, length * size), -1, dtype=np.int64)
        order[:, :n] = self._orders(first, last + 1)
        chosen = order.reshape(-1, size)[t - first * length]
        return np.ascontiguousarray(chosen), np.count_nonzero(chosen >= 0, axis=1).astype(np.int64)

    def labels(self, start: int, steps: int) -> Array:
        """The labels (steps, n) that the loss sees at steps start, start + 1, ..."""
        out = np.empty((steps, len(self.y)))
        for block, there, here in _spans(start, start + steps, self.rows):
            chance, shift = _flips(self.seed, block, self.rows, len(self.y), self.classes)
            other = -self.y if self.signed else (self.y + shift[there]) % self.classes
            out[here] = np.where(chance[there] < (self.noise or 0.0), other, self.y)
        return out

    def taking_part(self, start: int, steps: int) -> Array:
        """1 of the tasks that take part in steps start, start + 1, ..., else 0 (steps, tasks)."""
        part = np.ones((steps, self.tasks))
        for row in range(steps if self.sampled is not None else 0):
            part[row, stream(self.seed, "tasks", start + row).permutation(self.tasks)[self.sampled :]] = 0.0
        return part

    def _orders(self, first: int, stop: int) -> Indices:
        """The orders (stop - first, n) of the epochs first..stop-1."""
        out = np.empty((stop - first, len(self.y)), dtype=np.int64)
        for block, there, here in _spans(first, stop, self.rows):
            out[here] = _permutations(self.seed, block, self.rows, len(self.y))[there]
        return out


def _spans(first: int, stop: int, rows: int) -> list[tuple[int, slice, slice]]:
    """The blocks of `rows` rows that first..stop-1 lie in: each with the rows within it, and among those asked for."""
    spans = []
    for block in range(first // rows, (stop - 1) // rows + 1 if stop > first else 0):
        low, high = max(first, block * rows), min(stop, (block + 1) * rows)
        spans.append((block, slice(low - block * rows, high - block * rows), slice(low - first, high - first)))
    return spans


@functools.lru_cache(maxsize=4)  # a caller that asks step by step draws a block once
def _permutations(seed: int, block: int, rows: int, n: int) -> Indices:
    orders = np.tile(np.arange(n, dtype=np.int64), (rows, 1))
    return stream(seed, "batches", block).permuted(orders, axis=1)


@functools.lru_cache(maxsize=4)
def _flips(seed: int, block: int, rows: int, n: int, classes: int) -> tuple[Array, Indices]:
    """Uniform numbers in [0, 1) and, uniform too, how far on the other class is, each (rows, n)."""
    generator = stream(seed, "flips", block)
    return generator.random((rows, n)), generator.integers(1, classes, size=(rows, n), dtype=np.int64)


__all__ = ["StepDraws"]
