"""Outputs on fresh tasks' examples by a kernel on lanes: as `taskscores` has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ..arrays import Array
from .taskdraws import TaskDrawLaw, Tasks, TaskSizes
from .taskscores import Keys, Roots, entries, of_held

TILE = 32  # draws whose normals stand side by side, as kernels take them


@dataclass(frozen=True)
class OnLanes:
    """By a kernel's functions with its scalars, those of the inner `loop` besides.

    `normals`: slot -> `tiled` standard normals, of so many draws.
    """

    module: ModuleType
    numbers: tuple[float, ...]
    loop: tuple[int, float]
    normals: Callable[[int], Array]
    count: int

    def fresh(self, law: TaskDrawLaw, keys: Keys, roots: Roots) -> Array:
        """As `Scores`."""
        slots, total = law.slots(), np.zeros(1)
        for key in keys:
            if key is not None:
                root, out = np.ascontiguousarray(key[2] * roots[key[:2]]), np.empty(_padded(self.count))
                lower = not np.triu(root, 1).any()
                self.module.drawn_parts(self.normals(slots.index(key[:2])), root, lower, *self.numbers, out)
                total = total + out[: self.count]
        return total

    def held(self, law: TaskDrawLaw, products: Array, label: float, at: int) -> Array:
        """As `Scores`."""
        total = np.zeros(entries(law))
        for _, rows, scale in of_held(law, products, label, at):
            given, out = np.zeros((len(rows), _padded(rows.shape[1]))), np.empty(_padded(rows.shape[1]))
            np.multiply(rows, scale, out=given[:, : rows.shape[1]])
            self.module.given_parts(given, *self.numbers, out)
            total = total + out[: rows.shape[1]]
        return total

    def adapted(self, law: TaskDrawLaw, sizes: TaskSizes, tasks: Tasks, states: Array) -> Array:
        """As `Scores`."""
        out = np.empty((len(states), sizes.query))
        labels = np.ascontiguousarray(tasks.labels, dtype=np.float64)
        self.module.adapted_outputs(states, tasks.blocks, labels, sizes.support, *self.numbers, *self.loop, out)
        return out


def tiled(normals: Array) -> Array:
    """Normals (N, S) as kernels take them, of `TILE` draws after another (S, TILE), 0 past the last; not to be changed.

    Compiled code takes only arrays that it could write to.
    """
    count, neurons = normals.shape
    tiles = np.zeros((_padded(count) // TILE, TILE, neurons))
    tiles.reshape(-1, neurons)[:count] = normals
    return np.ascontiguousarray(tiles.transpose(0, 2, 1)).reshape(-1)


def _padded(count: int) -> int:
    return TILE * -(-count // TILE)


__all__ = ["TILE", "OnLanes", "tiled"]
