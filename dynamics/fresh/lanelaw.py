"""Fresh examples judged by a kernel on lanes: states of one run or of many, each with the normals of its own seed.

What labels have in common is put through the network once: `Fresh` is read as parts, distinct patches that hold fresh
vectors, and for every label what it has besides (`judge` in a generated kernel).  The covariances' roots are lower
triangular; a state whose covariance is near singular has none and is left to `testlaw.statistics`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array, Indices, Steps
from ..lanes.memory import aligned
from ..triangular import WIDE
from . import spiked
from .classnoise import Along
from .intervals import above_rounding
from .normals import Normals
from .testlaw import Fresh, Outputs

GROUPS = 32  # a kernel judges the examples of so many groups at a time
FEW, MANY = 16, 800  # heads; and neurons of more heads, up to which lanes judge: of 1200 a library takes half as long


@dataclass(frozen=True)
class Parts:
    """Fresh examples at T states: of (L, D) says which of D parts a label has; fixed (T, D, S) and mix (D, F) make it.

    base (T, L), or of class heads (T, L, K), is what a label's output has besides.  Parts of class heads have tilt
    (T, D, C) along lines (T, C, S), C = 0 where there are none.
    """

    base: Array
    of: Array
    fixed: Array
    mix: Array
    tilt: Array | None = None
    lines: Array | None = None

    def at(self, states: Indices | slice) -> Parts:
        """Those of some of the states."""
        tilt, lines = (None if each is None else each[states] for each in (self.tilt, self.lines))
        return Parts(self.base[states], self.of, self.fixed[states], self.mix, tilt, lines)

    def law(self) -> Iterator[Array]:
        """The arguments of a kernel."""
        given = (self.base, self.of, self.fixed, self.mix, self.tilt, self.lines)
        return (np.ascontiguousarray(each) for each in given if each is not None)


def parts_of(fresh: Fresh, outputs: Sequence[Outputs] | Outputs) -> Parts:
    """The parts; `outputs` may be one a state, where parameters differ between states."""
    steps, labels = fresh.fixed.shape[:2]
    held = np.asarray(fresh.mix.any(axis=2))
    tilts = np.zeros((steps, *held.shape, 0)) if fresh.tilt is None else fresh.tilt
    places: dict[tuple[int, bytes], tuple[int, int]] = {}
    names: list[list[tuple[int, bytes]]] = []
    for label in range(labels):
        names.append([
            (p, fresh.fixed[:, label, p].tobytes() + fresh.mix[label, p].tobytes() + tilts[:, label, p].tobytes())
            for p in np.flatnonzero(held[label]).tolist()
        ])
        for key in names[-1]:
            places.setdefault(key, (label, key[0]))
    # By patch: a label's sum then has one order, whatever labels have in common at other states.
    places = dict(sorted(places.items(), key=lambda place: place[0][0]))
    of = np.array([[float(key in own) for key in places] for own in names]).reshape(labels, len(places))
    still = np.where(held[None, :, :, None, None], 0.0, fresh.fixed)
    if isinstance(outputs, Sequence):
        base = np.stack([each(state) for each, state in zip(outputs, still, strict=True)])
    else:
        flat = outputs(still.reshape(steps * labels, *still.shape[2:]))
        base = flat.reshape(steps, labels, *flat.shape[1:])
    fixed = np.stack([fresh.fixed[:, label, p].reshape(steps, -1) for label, p in places.values()], axis=1)
    mix = np.stack([fresh.mix[label, p] for label, p in places.values()])
    if base.ndim == 2:
        return Parts(base, of, np.ascontiguousarray(fixed), mix)
    tilt = np.stack([tilts[:, label, p] for label, p in places.values()], axis=1)
    lines = np.zeros((steps, 0, fixed.shape[-1])) if fresh.lines is None else fresh.lines
    return Parts(base, of, np.ascontiguousarray(fixed), mix, tilt, lines)


def fits(fresh: Fresh, normals: Normals, signed: bool) -> bool:
    """Whether these fresh examples are of the kind that a kernel judges, in so many draws.

    Those of class heads come once a class, and their filters are few: products of many are a library's.  Neurons have
    no weight of their own.
    """
    if fresh.weighs or not fresh.mix.any() or len(normals.rest) % GROUPS:
        return False
    if signed:
        return fresh.further is None
    noise = fresh.further
    told = noise is None or (isinstance(noise, Along) and spiked.is_gaussian(noise))
    heads, filters = fresh.fixed.shape[3:]
    return told and once_each(fresh.labels, fresh.shares) and takes(heads, heads * filters)


def once_each(labels: Array, shares: Array | None) -> bool:
    """Whether every class of class heads is one label, all alike likely."""
    return shares is None and bool((labels == np.arange(len(labels))).all())


def takes(heads: int, neurons: float) -> bool:
    """Whether fresh examples of so many class heads and neurons are judged on lanes.

    Of few heads more neurons would gain by it too, and have other last bits then.
    """
    return neurons <= (WIDE if heads <= FEW else MANY)


@dataclass(frozen=True)
class Packed:
    """Normals of U seeds as a kernel reads them: rest (U, M F S), lead (U, M Q F H), spikes (U, M Q C), `strata` Q.

    They are blocks of GROUPS groups, a neuron's, a head's or a spike's one after another in each.
    """

    rest: Array
    lead: Array
    spikes: Array
    strata: int


def packed(normals: Normals, heads: int) -> Packed:
    """Those of one seed, for so many heads."""
    groups, vectors = normals.rest.shape[:2]
    lead = np.zeros((groups, 1, vectors, heads)) if normals.lead is None else normals.lead
    spikes = np.zeros((normals.count, 0)) if normals.spikes is None else normals.spikes
    along = spikes.reshape(groups, normals.strata, spikes.shape[1])
    return Packed(_blocks(normals.rest), _blocks(lead), _blocks(along), normals.strata)


def _blocks(each: Array) -> Array:
    blocks = each.reshape(len(each) // GROUPS, GROUPS, *each.shape[1:])
    return np.ascontiguousarray(np.moveaxis(blocks, 1, -1)).reshape(1, -1)


def together(seeds: Sequence[Packed]) -> Packed:
    """Those of many seeds, so placed that eight normals lie in one line of the cache."""
    rest, lead, spikes = (
        _stacked(rows) for rows in zip(*((each.rest, each.lead, each.spikes) for each in seeds), strict=True)
    )
    return Packed(rest, lead, spikes, seeds[0].strata)


def _stacked(rows: Sequence[Array]) -> Array:
    return np.concatenate(rows, out=aligned(len(rows) * rows[0].size).reshape(len(rows), rows[0].size))


def judged(
    module: Any, parts: Parts, labels: Array, shares: Array | None, covariance: Array, normals: Packed, drawn: Steps,
    numbers: Array, with_losses: bool = True,
) -> Array:
    """(T, 2, 2): test error and test loss, each with its standard error, of T states; (T, 2 + K, 2) of class heads.

    NaN where a covariance is near singular beyond what the heads lead of it, or not finite.

    Args:
        module: a kernel on lanes.
        parts: the law's.
        labels: (L,), the law's.
        shares: of signed heads, their probabilities, (L,) or a row a state; None: all equal.
        covariance: (T, F, S, S), the law's.
        normals: a row a seed.
        drawn: (T,), which row a state has.
        numbers: (T, ...), a state's scalars.
        with_losses: whether test losses are wanted, which take about a third of the time; else they are NaN.
    """
    steps, count = parts.base.shape[:2]
    signed = parts.base.ndim == 2
    weights = np.full(count, 1.0 / count) if shares is None else shares
    each = [np.array(np.broadcast_to(weights, (steps, count)), order="C")] if signed else []
    out = np.empty((steps, estimates_of(signed, count), 2))
    module.judge_all(
        *parts.law(), np.ascontiguousarray(covariance), np.asarray(labels, dtype=np.float64), *each, normals.rest,
        normals.lead, *([] if signed else [normals.spikes]), normals.strata, np.asarray(drawn, dtype=np.int64),
        np.ascontiguousarray(numbers), with_losses, out,
    )
    if not with_losses:
        out[:, 1] = np.nan
    return out


def estimates_of(signed: bool, labels: int) -> int:
    """How many estimates a state has: error and loss, and of class heads each class's error."""
    return 2 if signed else 2 + labels


def by_name(estimates: Array, groups: int) -> dict[str, Array]:
    """What `judged` returns of so many groups, each (T,), by name; of class heads each class's error too, (T, K).

    Sums of equal numbers are rounded in a kernel; a standard error that is this alone is 0.
    """
    estimates = np.stack(
        [estimates[..., 0], above_rounding(estimates[..., 1], estimates[..., 0], groups)], axis=-1)
    rows: dict[str, int | slice] = {"test_error": 0, "test_loss": 1}
    rows |= {"class_error": slice(2, None)} if estimates.shape[1] > 2 else {}
    return {f"{name}{end}": estimates[:, row, at] for name, row in rows.items() for at, end in enumerate(("", "_se"))}


__all__ = [
    "GROUPS", "Packed", "Parts", "by_name", "estimates_of", "fits", "judged", "once_each", "packed", "parts_of",
    "takes", "together",
]
