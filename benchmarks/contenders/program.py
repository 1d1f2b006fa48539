"""What a program that is measured does: an ensemble's test errors from a seed, and one run from a draw it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from .shapes import Array, Cells, Shape


@dataclass(frozen=True)
class Given:
    """One draw: z (S, B) = <w, v> at the start, gram (B, B), labels y (n,) and those before flips, vectors and filters.

    vectors (B, d) has the signals, then the noises; weights (S, d).
    """

    z: Array
    gram: Array
    y: Array
    clean: Array
    vectors: Array
    weights: Array

    def save(self, path: Path) -> None:
        """As an .npz file."""
        np.savez(path, **{each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Given:
        """What `save` wrote."""
        with np.load(path) as kept:
            return cls(**{each.name: kept[each.name] for each in fields(cls)})


class Program(Protocol):
    """One way to make an ensemble of a shape."""

    runs: int
    """Runs a call: those of the shape, or fewer where a run is slow and costs the same in any company."""

    def errors(self, seed: int, cells: Cells) -> Array:
        """Test errors (R,), one a cell, each of a draw of its own; fresh noises may be shared among the runs."""
        ...

    def usual(self, seed: int) -> Array:
        """Test errors of some runs at the usual values: those of other seeds are independent of them."""
        ...

    def trained(self, given: Given, cell: Cells) -> Array:
        """z (S, B) after the shape's steps of one run from a draw, at one cell."""
        ...


Errors = Callable[[int, Cells], Array]
Make = Callable[[Shape, int], Program]  # for so many threads
Library = Callable[[Shape], Mapping[str, Mapping[str, Make]]]  # programs by name, each in the variants that are tried


def spread(errors: Errors, seed: int, cells: Cells, threads: int) -> Array:
    """The errors, by as many Python threads, each with its share of the runs and a seed of its own."""
    if threads == 1:
        return errors(seed, cells)
    edges = [len(cells.mu) * at // threads for at in range(threads + 1)]
    parts = [cells.part(slice(*pair)) for pair in pairwise(edges)]
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(errors, range(seed * threads, (seed + 1) * threads), parts)))
