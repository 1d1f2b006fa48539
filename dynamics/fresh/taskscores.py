"""Outputs on fresh tasks' examples: before adaptation a sum over patches, of fresh vectors by draws and of what stays.

Then the two are worked out apart, and an example's output is their sum.  By the whole network's outputs they go for any
heads; a kernel on lanes has the network on one patch (`tasklanes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..arrays import Array
from . import testlaw
from .taskdraws import TaskDrawLaw, Tasks, TaskSizes

Adapt = Callable[[Array, Array, Array], Array]
Keys = tuple[tuple[int, int, float] | None, ...]
"""(family, class, scale) of the fresh vector in each patch of an example, None in the others."""
Roots = Mapping[tuple[int, int], Array]
"""C (S, S) by (family, class): fresh vectors' pre-activations are C times standard normals."""
_CHUNK = 2**17  # numbers handled in one go: they stay in cache


class Scores(Protocol):
    """What both ways give."""

    def fresh(self, law: TaskDrawLaw, keys: Keys, roots: Roots) -> Array:
        """Outputs (N,) or (N, K) of the fresh vectors of a label's patches; N = 1 where nothing is fresh."""

    def held(self, law: TaskDrawLaw, products: Array, label: float, at: int) -> Array:
        """What these lack of the outputs (M,) or (M, K) with each entry of the dictionary; M = 1 where there is none.

        products (S, q); `at` is the label's place among the labels.
        """

    def adapted(self, law: TaskDrawLaw, sizes: TaskSizes, tasks: Tasks, states: Array) -> Array:
        """Outputs (K, query) or (K, query, classes) of tasks adapted on their support, on the examples after it.

        states (K, L, S); NaN where a task's state that is adapted is not finite.
        """


@dataclass(frozen=True)
class ByOutputs:
    """By outputs of pre-activations (N, P, H, m), and slot -> (N, S) standard normals, for each of `law.slots()`.

    `adapt` takes states (K, H, m, L), blocks (K, L, L) and labels (K, n) of K tasks, support first, to states adapted.
    """

    outputs: testlaw.Outputs
    adapt: Adapt
    normals: Callable[[int], Array]

    def fresh(self, law: TaskDrawLaw, keys: Keys, roots: Roots) -> Array:
        """As `Scores`; patches of what stays are at 0."""
        slots, used = law.slots(), dict.fromkeys(key[:2] for key in keys if key is not None)
        vectors = {slot: self.normals(slots.index(slot)) @ roots[slot].T for slot in used}
        count = max((len(each) for each in vectors.values()), default=1)
        size = max(1, _CHUNK // (len(keys) * law.heads * law.m))
        chunks = []
        for first in range(0, count, size):
            activations = np.zeros((min(size, count - first), len(keys), law.heads, law.m))
            for p, key in enumerate(keys):
                if key is not None:
                    vector = vectors[key[:2]][first : first + size]
                    activations[:, p] = key[2] * vector.reshape(-1, law.heads, law.m)
            chunks.append(self.outputs(activations))
        return np.concatenate(chunks)

    def held(self, law: TaskDrawLaw, products: Array, label: float, at: int) -> Array:
        """As `Scores`; fresh patches are at 0, and what they give there is taken off."""
        activations = np.zeros((entries(law), len(law.patches), law.heads, law.m))
        for p, rows, scale in of_held(law, products, label, at):
            activations[:, p] = scale * rows.T.reshape(-1, law.heads, law.m)
        silence = self.outputs(np.zeros((1, len(law.patches), law.heads, law.m)))
        return self.outputs(activations) - silence

    def adapted(self, law: TaskDrawLaw, sizes: TaskSizes, tasks: Tasks, states: Array) -> Array:
        """As `Scores`."""
        given = np.ascontiguousarray(np.swapaxes(states, 1, 2)).reshape(len(states), law.heads, law.m, -1)
        moved = self.adapt(given, tasks.blocks, tasks.labels)
        scores = self.outputs(_activations(law, sizes, moved, tasks.labels))
        scores = scores.reshape(len(moved), sizes.query, *scores.shape[1:])
        scores[~np.isfinite(moved).all(axis=(1, 2, 3))] = np.nan
        return scores


def _activations(law: TaskDrawLaw, sizes: TaskSizes, states: Array, labels: Array) -> Array:
    """Patches' pre-activations (K query, P, H, m) of the examples after the support, from states (K, H, m, L)."""
    judged = labels[:, sizes.support :]
    counts = [family.count(law.heads, sizes.examples) for family in law.families]
    starts = np.concatenate([[0], np.cumsum(counts)])
    first, own = np.zeros(sizes.query, dtype=np.intp), np.arange(sizes.support, sizes.examples)
    activations = np.empty((*judged.shape, len(law.patches), law.heads, law.m))
    for p, (f, labelled) in enumerate(law.patches):
        within = law.families[f].index_set.row(first, judged.astype(np.intp), first, own)
        places = np.broadcast_to(starts[f] + within, judged.shape)
        taken = np.moveaxis(np.take_along_axis(states, places[:, None, None], axis=3), 3, 1)
        activations[:, :, p] = taken * judged[..., None, None] if labelled else taken
    return activations.reshape(-1, *activations.shape[2:])


def keys_of(law: TaskDrawLaw, label: float, at: int) -> Keys:
    """The keys of an example with this label, the labels' number `at`."""
    return tuple(
        (f, at * law.families[f].index_set.per_class, label if labelled else 1.0) if law.families[f].fresh else None
        for f, labelled in law.patches
    )


def entries(law: TaskDrawLaw) -> int:
    """M, how many vectors a fresh task may take of a dictionary; 1 where there is none."""
    many = (len(law.families[f].held) for f, _ in law.patches if law.families[f].index_set.per_task)
    return max(max(many, default=1), 1)


def of_held(law: TaskDrawLaw, products: Array, label: float, at: int) -> list[tuple[int, Array, float]]:
    """Each patch of what stays: its place, its products (S, M) or (S, 1), and what they are taken times."""
    found = []
    for p, (f, labelled) in enumerate(law.patches):
        family = law.families[f]
        if not family.fresh:
            held = family.held[at : at + 1] if family.index_set.per_class else family.held
            found.append((p, products[:, held], label if labelled else 1.0))
    return found


__all__ = ["Adapt", "ByOutputs", "Keys", "Roots", "Scores", "entries", "keys_of", "of_held"]
