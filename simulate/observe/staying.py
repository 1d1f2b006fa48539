"""The vectors that stay from task to task, and the filters of a trajectory as seen from their span."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from derivations.declare import (
    Directions,
    FixedLaw,
    GaussianLaw,
    Model,
    TaskLaw,
    Value,
    terms_of,
)
from dynamics.arrays import Array, Indices
from dynamics.chance import gram as grams
from dynamics.chance.streams import stream
from dynamics.fresh import taskdraws, taskspan

from ..ask.losses import loss_of
from ..start.declared import law_of
from ..start.drawn import Draw, Frame
from ..values import number
from ..work.once import once

MOST = 2**24
"""Numbers that are kept of what stays of several draws, 128 MB: a run of many seeds holds all its draws to the end."""

TASKS = 2**19
"""Of fresh tasks of a draw, at most: 4 MB."""

_Key = tuple[int, taskdraws.TaskSizes, int, list[tuple[float, Array]]]

# Indices of the stream "test"; a fresh vector's slot follows the first.
NOISE, *_KINDS = range(8)

_LAST: deque[tuple[weakref.ref[Draw], int]] = deque()
_LOCK = threading.Lock()


class Staying:
    """The vectors that stay: directions that are no task's or example's own, then nu and the dictionary.

    `rows` are the former's places on the direction axis, `columns` the latter's among the watched vectors, and `spans`
    tells where each family's vectors stand among all of them, nu first in a TaskLaw's.  It does not keep the draw
    alive: what is worked out once of a draw would otherwise never let it go.
    """

    def __init__(self, model: Model, draw: Draw, values: Mapping[str, Value]) -> None:
        self.model, self._draw = model, weakref.ref(draw)
        self._drawn: tuple[_Key, taskdraws.Tasks] | None = None
        n, tasks = len(draw.y), draw.tasks
        sizes, offsets = model.sizes(n, tasks), model.offsets(n, tasks)
        self.laws = {family.name: law_of(family, values) for family in model.directions}
        self.spans: dict[str, Indices] = {}
        rows, columns = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
        for family in model.directions:
            if stays(model, family) or isinstance(self.laws[family.name], FixedLaw):
                self.spans[family.name] = sum(map(len, rows)) + np.arange(sizes[family.name])
                rows.append(offsets[family.name] + np.arange(sizes[family.name]))
        held = sum(map(len, rows))
        for name, law in self.laws.items():
            if isinstance(law, TaskLaw):
                assert draw.watched is not None
                places = [draw.watched.names[each] for each in (law.shared, law.dictionary)]
                own = np.concatenate([np.arange(place.start, place.stop) for place in places])
                self.spans[name] = held + np.arange(len(own))
                columns.append(own)
        self.rows, self.columns = np.concatenate(rows), np.concatenate(columns)

    @classmethod
    def of(cls, model: Model, draw: Draw, values: Mapping[str, Value]) -> Staying:
        """Those of a draw, worked out once for the runs from it, as long as few others are between them (`MOST`)."""
        known = _known(draw)
        laws = (id(model), *[law_of(family, values) for family in model.directions])
        for key, staying in known:
            if key == laws:
                return staying
        made = cls(model, draw, values)
        known.append((laws, made))
        _let_go_of_others(draw, 4 * (len(made.rows) + len(made.columns)) ** 2 + TASKS)
        return made

    @property
    def draw(self) -> Draw:
        """The draw, which whoever asks still holds."""
        draw = self._draw()
        assert draw is not None
        return draw

    @cached_property
    def basis(self) -> taskspan.Basis:
        """A basis of their span."""
        frame = self._frame
        return self._rooted[0] if frame is None else taskspan.Basis(frame.features)

    @cached_property
    def _frame(self) -> Frame | None:
        """The draw's, where what stays are its fixed vectors one by one and each has its axis: all is known there."""
        frame, laws = self.draw.frame, [self.laws[name] for name in self.spans]
        if frame is None or len(frame.features) != len(self.rows) + len(self.columns):
            return None
        fixed = all(isinstance(law, FixedLaw | TaskLaw) for law in laws)
        return frame if fixed and np.diagonal(frame.features).all() else None

    @cached_property
    def _rooted(self) -> tuple[taskspan.Basis, Array]:
        """A basis by inner products alone, with its inverse."""
        return taskspan.basis(self._gram())

    @cached_property
    def seen(self) -> taskspan.Seen:
        """The draw's start, as they see it."""
        frame, of_span = self._frame, (self.basis.coordinates, self._held)
        start = self.draw.z.reshape(-1, self.draw.z.shape[-1])
        if frame is not None:
            axes = self.basis.rank
            within, across, off = frame.filters[:, :axes], frame.directions[:, :axes], frame.directions[:, axes:]
            own, beyond = grams.own(frame.filters[:, axes:]), np.square(off).sum(axis=1)
            return taskspan.Seen(within, across, *of_span, own, start, beyond)
        first, watched = start[:, self.rows], self.draw.watched
        if watched is not None:
            first = np.hstack([first, watched.z.reshape(len(start), -1)[:, self.columns]])
        (products, squares), inverse = self._across(), self._rooted[1].T
        within, across = first @ inverse, products @ inverse
        beyond = squares - np.square(across).sum(axis=1)
        return taskspan.Seen(within, across, *of_span, self._rest_of_start(within), start, beyond)

    def _gram(self) -> Array:
        """Inner products of the vectors that stay."""
        inside = self._inner(self.rows)
        if not len(self.columns):
            return inside
        assert self.draw.watched is not None
        vectors, watched = self.draw.vectors, self.draw.watched
        if vectors is None or watched.vectors is None:
            mixed = watched.across[np.ix_(self.rows, self.columns)]
        else:
            mixed = vectors[self.rows] @ watched.vectors[self.columns].T
        return np.block([[inside, mixed], [mixed.T, self.draw.watched.gram[np.ix_(self.columns, self.columns)]]])

    def _inner(self, rows: Indices) -> Array:
        vectors = self.draw.vectors
        return self.draw.gram[np.ix_(rows, rows)] if vectors is None else vectors[rows] @ vectors[rows].T

    def _across(self) -> tuple[Array, Array]:
        """Products (B, p) of the directions with the vectors that stay, and the directions' squared lengths (B,)."""
        vectors, watched = self.draw.vectors, self.draw.watched
        if vectors is None:
            direct, squares = self.draw.gram[:, self.rows], np.diagonal(self.draw.gram)
        else:
            direct, squares = vectors @ vectors[self.rows].T, np.einsum("bd,bd->b", vectors, vectors)
        return (direct if watched is None else np.hstack([direct, watched.across[:, self.columns]])), squares

    def filters(self, z: Array, b: Array) -> taskspan.Filters:
        """The trajectory z, b (T, H, m, B) as the vectors that stay see it."""
        shape = (len(z), *self.seen.z.shape)
        return self.seen.filters(z.reshape(shape), b.reshape(shape), self.draw.d - self.basis.rank)

    def _rest_of_start(self, within: Array) -> Array:
        """W_perp W_perp^T of the start, from vectors where there are any: no square is then subtracted from another."""
        weights, vectors, watched = self.draw.weights, self.draw.vectors, self.draw.watched
        if weights is None or vectors is None or (watched is not None and watched.vectors is None):
            return np.asarray(self.draw.weight_gram - within @ within.T)
        parts = [vectors[self.rows]] + ([] if watched is None else [watched.vectors[self.columns]])  # type: ignore[index]
        left = weights.reshape(len(within), -1) - within @ (self._rooted[1] @ np.vstack(parts))
        return np.asarray(left @ left.T)

    def _held(self, rows: Array) -> Array:
        """(q, ...) of what examples may hold from (p, ...) of the vectors that stay: nu + z_a for a dictionary."""
        parts = []
        for name, span in self.spans.items():
            own = rows[span]
            parts.append(own[:1] + own[1:] if isinstance(self.laws[name], TaskLaw) else own)
        return np.concatenate([rows[:0], *parts])

    def tasks(
        self, law: taskdraws.TaskDrawLaw, sizes: taskdraws.TaskSizes, seed: int, width: int
    ) -> Iterable[taskdraws.Tasks]:
        """Fresh tasks of a seed, which runs from this draw share: kept where they are few, those asked for last."""
        key = seed, sizes, width, [(family.std, family.kept) for family in law.families]
        kept = self._drawn
        if kept is None or not _alike(kept[0], key):
            parts = taskdraws.drawn_tasks(law, sizes, _streams(seed), width, self.draw.d - self.basis.rank - width)
            first = next(iter(parts))
            if len(first.labels) < sizes.tasks or first.numbers > TASKS:
                return itertools.chain([first], parts)
            kept = self._drawn = key, first
        return [kept[1]]

    def law(self, values: Mapping[str, Value]) -> taskdraws.TaskDrawLaw:
        """The fresh tasks' law."""
        model, starts, families = self.model, self._places(), []
        for family in model.directions:
            law, none = self.laws[family.name], np.zeros((self.basis.rank, 0))
            if family.name in model.test.drawn:
                assert isinstance(law, GaussianLaw)
                wanted = [self.spans[name] for name in law.projected_off(values)]
                kept = self.basis.off(np.concatenate([np.empty(0, dtype=np.intp), *wanted]))
                families.append(taskdraws.Family(family.index_set, starts[""], number(values, law.std), kept))
            else:
                families.append(taskdraws.Family(family.index_set, starts[family.name], 0.0, none))
        order = {family.name: at for at, family in enumerate(model.directions)}
        patches = tuple((order[term.direction], term.by_label) for term in terms_of(model.patches))
        return taskdraws.TaskDrawLaw(
            model.n_heads, self.draw.z.shape[1], tuple(families), patches, np.array(model.network.head_axis.labels),
            loss_of(model, values), self.basis.rank, lambda: self.seen.held,
        )

    def _places(self) -> dict[str, Indices]:
        """Where each family's vectors stand among what examples may hold; "" is none."""
        places, start = {"": np.empty(0, dtype=np.intp)}, 0
        for name, span in self.spans.items():
            count = len(span) - isinstance(self.laws[name], TaskLaw)
            places[name], start = start + np.arange(count), start + count
        return places


def _streams(seed: int) -> taskdraws.Streams:
    return taskdraws.Streams(*(stream(seed, "test", kind) for kind in _KINDS))


def _alike(one: _Key, other: _Key) -> bool:
    """Whether fresh tasks are the same."""
    families = zip(one[3], other[3], strict=True)
    return one[:3] == other[:3] and all(a[0] == b[0] and np.array_equal(a[1], b[1]) for a, b in families)


def stays(model: Model, family: Directions) -> bool:
    """Whether a fresh task has the family's vectors of training."""
    return family.index_set.shared and family.name not in model.test.drawn


@once
def _known(_: Draw) -> list[tuple[tuple[object, ...], Staying]]:
    """What stays of a draw, by the model and the laws of its families."""
    return []


def _let_go_of_others(draw: Draw, numbers: int) -> None:
    """Drops what stays of the draws that came first, where all together, with `numbers` of this one, are too many."""
    with _LOCK:
        _LAST.append((weakref.ref(draw), numbers))
        live = [(of, many) for of, many in _LAST if of() is not None]
        _LAST.clear()
        _LAST.extend(live)
        while len(_LAST) > 1 and sum(many for _, many in _LAST) > MOST:
            first = _LAST.popleft()[0]()
            if first is not None and first is not draw:
                _known(first).clear()
