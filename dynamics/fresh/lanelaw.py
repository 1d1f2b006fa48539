"""Fresh examples judged by a kernel on lanes: states of one run or of many, each with the normals of its own seed.

What labels have in common is put through the network once: `Fresh` is read as parts, distinct patches that hold fresh
vectors, and for every label what it has besides (`judge` in a generated kernel).  The covariances' roots are lower
triangular; a state whose covariance is near singular has none and is left to `testlaw.statistics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array, Indices, Steps
from ..lanes.memory import aligned
from .normals import Normals
from .testlaw import Fresh, Outputs

GROUPS = 32  # a kernel judges the examples of so many groups at a time
HEADS = 2  # signed ones


@dataclass(frozen=True)
class Parts:
    """Fresh examples at T states: of (L, D) says which of D parts a label has; fixed (T, D, S) and mix (D, F) make it.

    base (T, L) is what a label's output has besides.
    """

    base: Array
    of: Array
    fixed: Array
    mix: Array

    def at(self, states: Indices | slice) -> Parts:
        """Those of some of the states."""
        return Parts(self.base[states], self.of, self.fixed[states], self.mix)


def parts_of(fresh: Fresh, outputs: Sequence[Outputs] | Outputs) -> Parts:
    """The parts; `outputs` may be one a state, where parameters differ between states."""
    steps, labels = fresh.fixed.shape[:2]
    held = np.asarray(fresh.mix.any(axis=2))
    by_key: dict[tuple[int, bytes, bytes], tuple[Array, Array]] = {}
    names: list[list[tuple[int, bytes, bytes]]] = []
    for label in range(labels):
        of_label = np.flatnonzero(held[label]).tolist()
        names.append([(p, fresh.fixed[:, label, p].tobytes(), fresh.mix[label, p].tobytes()) for p in of_label])
        by_key |= {key: (fresh.fixed[:, label, key[0]], fresh.mix[label, key[0]]) for key in names[-1]}
    of = np.array([[float(key in own) for key in by_key] for own in names]).reshape(labels, len(by_key))
    still = np.where(held[None, :, :, None, None], 0.0, fresh.fixed)
    if isinstance(outputs, Sequence):
        base = np.stack([each(state) for each, state in zip(outputs, still, strict=True)])
    else:
        base = outputs(still.reshape(steps * labels, *still.shape[2:])).reshape(steps, labels)
    fixed = np.stack([each.reshape(steps, -1) for each, _ in by_key.values()], axis=1)
    return Parts(base, of, np.ascontiguousarray(fixed), np.stack([mix for _, mix in by_key.values()]))


def fits(fresh: Fresh, normals: Normals) -> bool:
    """Whether these fresh examples are of the kind that a kernel judges, in so many draws."""
    return fresh.further is None and bool(fresh.mix.any()) and len(normals.rest) % GROUPS == 0


@dataclass(frozen=True)
class Packed:
    """Normals of U seeds as a kernel reads them: rest (U, M F S) and lead (U, M Q F 2), `strata` Q.

    Both are blocks of GROUPS groups, a neuron's or a head's one after another in each.
    """

    rest: Array
    lead: Array
    strata: int


def packed(normals: Normals) -> Packed:
    """Those of one seed."""
    groups, vectors = normals.rest.shape[:2]
    lead = np.zeros((groups, 1, vectors, HEADS)) if normals.lead is None else normals.lead
    return Packed(_blocks(normals.rest), _blocks(lead), normals.strata)


def _blocks(each: Array) -> Array:
    blocks = each.reshape(-1, GROUPS, *each.shape[1:])
    return np.ascontiguousarray(np.moveaxis(blocks, 1, -1)).reshape(1, -1)


def together(seeds: Sequence[Packed]) -> Packed:
    """Those of many seeds, so placed that eight normals lie in one line of the cache."""
    return Packed(_stacked([each.rest for each in seeds]), _stacked([each.lead for each in seeds]), seeds[0].strata)


def _stacked(rows: Sequence[Array]) -> Array:
    return np.concatenate(rows, out=aligned(len(rows) * rows[0].size).reshape(len(rows), -1))


def judged(
    module: Any, parts: Parts, labels: Array, shares: Array | None, covariance: Array, normals: Packed, drawn: Steps,
    numbers: Array, with_losses: bool = True,
) -> Array:
    """(T, 2, 2): test error and test loss, each with its standard error, of T states.

    NaN where a covariance is near singular beyond what the heads lead of it, or not finite.

    Args:
        module: a kernel on lanes.
        parts: the law's.
        labels: (L,), the law's.
        shares: their probabilities, (L,) or a row a state; None: all equal.
        covariance: (T, F, S, S), the law's.
        normals: a row a seed.
        drawn: (T,), which row a state has.
        numbers: (T, ...), a state's scalars.
        with_losses: whether test losses are wanted, which take about a third of the time; else they are NaN.
    """
    steps, count = parts.base.shape
    weights = np.full(count, 1.0 / count) if shares is None else shares
    out = np.empty((steps, 2, 2))
    module.judge_all(
        np.ascontiguousarray(parts.base), parts.of, parts.fixed, np.ascontiguousarray(parts.mix),
        np.ascontiguousarray(covariance), np.asarray(labels, dtype=np.float64),
        np.array(np.broadcast_to(weights, (steps, count)), order="C"), normals.rest, normals.lead, normals.strata,
        np.asarray(drawn, dtype=np.int64), np.ascontiguousarray(numbers), with_losses, out,
    )
    if not with_losses:
        out[:, 1] = np.nan
    return out


def by_name(estimates: Array) -> dict[str, Array]:
    """What `judged` returns, each (T,), by name."""
    names = (("test_error", "test_error_se"), ("test_loss", "test_loss_se"))
    return {name: estimates[:, row, column] for row, pair in enumerate(names) for column, name in enumerate(pair)}


__all__ = ["GROUPS", "Packed", "Parts", "by_name", "fits", "judged", "packed", "parts_of", "together"]
