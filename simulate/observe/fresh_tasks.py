"""Losses and errors on fresh tasks along a trajectory: a bilevel Model's test law read into `dynamics.fresh.tasklaw`.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023: a fresh task takes nu plus a uniform entry of the whole dictionary (Definition
3.1), its examples hold fresh noise (Definition 3.2); the theory's L_test is the unadapted loss.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from derivations.declare import (
    ClassNoiseLaw,
    Directions,
    FixedLaw,
    GaussianLaw,
    Law,
    MixtureLaw,
    Model,
    TaskLaw,
    Value,
    forgotten,
)
from derivations.declare.variables import FRESH_TASKS
from dynamics.arrays import Array, Indices
from dynamics.chance.streams import stream
from dynamics.fresh import tasklaw
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.blas import one_blas_thread

from ..ask.losses import loss_of
from ..errors import InputError
from ..start.declared import law_of, number, positive, whole
from ..start.drawn import Draw

_CURE = "or leave the test observables out"
# Indices of the stream "test"; a fresh vector's slot follows the first.
_NOISE, _ENTRIES, _SUPPORT, _QUERY, _SPAN, _FILTERS, _BELOW, _DIAGONAL = range(8)


def fresh_task_statistics(
    model: Model,
    kernel: BilevelKernel,
    draw: Draw,
    z: Array,
    b: Array,
    values: Mapping[str, Value],
    seed: int,
    size: int = 4096,
) -> dict[str, Array]:
    """Losses, errors and accuracies on fresh tasks, with and without adaptation, each (T,), and NAME_se.

    A fresh task has the shared directions of training and, where the model has a TaskLaw, nu + z_a with a uniform over
    the dictionary; the families of `model.test.fresh` are drawn again from their laws, and labels are uniform.

    Unadapted (test_loss, test_error, and the same under NAME_unadapted): exact means over the dictionary and the
    labels, over `size` draws of the fresh vectors; the standard error is over draws.  Adapted: `test_tasks` tasks, each
    adapted by training's inner loop on `test_support` examples (absent: as many as in training, balanced where the
    model's flag is set) and judged on `test_query` further ones; the standard error is over tasks.  The draws are the
    same at every t.  Exact in law at any dimension, for either kind of draw; NaN where adaptation diverges.

    Args:
        model: the declaration.
        kernel: its kernel.
        draw: the draw the trajectory started from; its `gram` is not read where it has vectors.
        z: (T, H, m, B), pre-activations on the directions.
        b: (T, H, m, B), coefficients.
        values: parameters by name.
        seed: the "test" streams' seed.
        size: draws of the fresh vectors, at least 2.

    Raises:
        InputError: the law is not known (see `refusal`), or `size` is below 2.
    """
    if size < 2:
        raise InputError(f"size: {size} fresh draws give no standard error; give at least 2 (4096 is usual)")
    reason = refusal(model, draw, values)
    if reason:
        raise InputError(reason)
    # The same bits whatever the machine's threads; a diverging state has no test law, and that is NaN.
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        return _statistics(model, kernel, draw, z, b, values, seed, size)


def _statistics(
    model: Model, kernel: BilevelKernel, draw: Draw, z: Array, b: Array, values: Mapping[str, Value], seed: int,
    size: int,
) -> dict[str, Array]:
    staying = _Staying(model, draw, values)
    law, filters = staying.law(values), staying.filters(z, b)
    support = _support(model, kernel, draw, values)
    test = model.fresh_tasks
    sizes = tasklaw.Sizes(
        int(whole(values, test.tasks)), support, int(whole(values, test.query)),
        bool(model.balanced and values.get(model.balanced)),
    )
    kinds = (_ENTRIES, _SUPPORT, _QUERY, _SPAN, _FILTERS, _BELOW, _DIAGONAL)
    streams = tasklaw.Streams(*(stream(seed, "test", kind) for kind in kinds))

    def outputs(a: Array) -> Array:
        return kernel.outputs(a, values)

    def adapt(states: Array, blocks: Array, y: Array) -> Array:
        return kernel.adapt(states, blocks, y, range(support), values) if support else states

    def normals(slot: int) -> Array:
        return stream(seed, "test", _NOISE, slot).standard_normal((size, law.heads * law.m))

    before = tasklaw.unadapted(outputs, law, filters, normals)
    after = tasklaw.adapted(outputs, adapt, law, filters, sizes, streams)
    found: dict[str, Array] = {}
    for each, endings in ((before, ("", "_unadapted")), (after, ("_adapted",))):
        for end in endings:
            for what in ("loss", "error"):
                found[f"test_{what}{end}"], found[f"test_{what}{end}_se"] = each[what], each[f"{what}_se"]
        found[f"test_accuracy{endings[-1]}"] = 1.0 - each["error"]
        found[f"test_accuracy{endings[-1]}_se"] = each["error_se"]
    return {name: found[name] for name in FRESH_TASKS}


def _support(model: Model, kernel: BilevelKernel, draw: Draw, values: Mapping[str, Value]) -> int:
    """Examples that a fresh task adapts on; 0 is legal."""
    if values.get(model.fresh_tasks.support) is None:
        return len(kernel.split(values, draw.examples)[0])
    return int(number(values, model.fresh_tasks.support))


def staying(model: Model, draw: Draw, values: Mapping[str, Value]) -> _Staying:
    """What fresh tasks see of a draw's filters: its `law` and, along a trajectory, its `filters`."""
    return _Staying(model, draw, values)


class _Staying:
    """The vectors that stay: directions that are no task's or example's own, then nu and the dictionary.

    `rows` are the former's places on the direction axis, `columns` the latter's among the watched vectors, and `spans`
    tells where each family's vectors stand among all of them, nu first in a TaskLaw's.
    """

    def __init__(self, model: Model, draw: Draw, values: Mapping[str, Value]) -> None:
        self.model, self.draw = model, draw
        n, tasks = len(draw.y), draw.tasks
        sizes, offsets = model.sizes(n, tasks), model.offsets(n, tasks)
        self.laws = {family.name: law_of(family, values) for family in model.directions}
        self.spans: dict[str, Indices] = {}
        rows, columns = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
        for family in model.directions:
            if _stays(model, family) or isinstance(self.laws[family.name], FixedLaw):
                self.spans[family.name] = sum(map(len, rows)) + np.arange(sizes[family.name])
                rows.append(offsets[family.name] + np.arange(sizes[family.name]))
        held = sum(map(len, rows))
        for name, law in self.laws.items():
            if isinstance(law, TaskLaw):
                assert draw.watched is not None
                axis = np.arange(len(draw.watched.gram))
                own = np.concatenate([axis[draw.watched.names[each]] for each in (law.shared, law.dictionary)])
                self.spans[name] = held + np.arange(len(own))
                columns.append(own)
        self.rows, self.columns = np.concatenate(rows), np.concatenate(columns)
        self.basis = tasklaw.basis(self._gram())

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

    def filters(self, z: Array, b: Array) -> tasklaw.Filters:
        """The trajectory z, b (T, H, m, B) as the vectors that stay see it."""
        start, watched = self.draw.z.reshape(-1, self.draw.z.shape[-1]), self.draw.watched
        flat, changes = z.reshape(len(z), *start.shape), b.reshape(len(b), *start.shape)
        seen, first = flat[..., self.rows], start[:, self.rows]
        if watched is not None:
            onto = watched.z.reshape(len(start), -1)[:, self.columns]
            seen = np.concatenate([seen, onto + changes @ watched.across[:, self.columns]], axis=2)
            first = np.hstack([first, onto])
        across, squares = self._across()
        inverse = self.basis.inverse.T
        within, along = first @ inverse, seen @ inverse
        rest = tasklaw.rest(
            (start, within, self._rest_of_start(within)), across @ inverse, squares, flat, changes, along
        )
        return tasklaw.Filters(self._held(seen), along, rest, self.draw.d - self.basis.rank)

    def _rest_of_start(self, within: Array) -> Array:
        """W_perp W_perp^T of the start, from vectors where there are any: no square is then subtracted from another."""
        weights, vectors, watched = self.draw.weights, self.draw.vectors, self.draw.watched
        if weights is None or vectors is None or (watched is not None and watched.vectors is None):
            return np.asarray(self.draw.weight_gram - within @ within.T)
        parts = [vectors[self.rows]] + ([] if watched is None else [watched.vectors[self.columns]])  # type: ignore[index]
        left = weights.reshape(len(within), -1) - within @ (self.basis.inverse @ np.vstack(parts))
        return np.asarray(left @ left.T)

    def _held(self, seen: Array) -> Array:
        """(..., q) of what examples may hold from (..., p) of the vectors that stay: nu + z_a for a dictionary."""
        parts = []
        for name, span in self.spans.items():
            own = seen[..., span]
            parts.append(own[..., :1] + own[..., 1:] if isinstance(self.laws[name], TaskLaw) else own)
        return np.concatenate([seen[..., :0], *parts], axis=-1)

    def law(self, values: Mapping[str, Value]) -> tasklaw.Law:
        """The fresh tasks."""
        model, starts, families = self.model, self._places(), []
        for family in model.directions:
            law, none = self.laws[family.name], np.zeros((self.basis.rank, 0))
            if family.name in model.test.fresh:
                assert isinstance(law, GaussianLaw)
                wanted = [self.spans[name] for name in law.projected_off(values)]
                kept = self.basis.off(np.concatenate([np.empty(0, dtype=np.intp), *wanted]))
                families.append(tasklaw.Family(family.index_set, starts[""], positive(values, law.std), kept))
            else:
                families.append(tasklaw.Family(family.index_set, starts[family.name], 0.0, none))
        order = {family.name: at for at, family in enumerate(model.directions)}
        patches = tuple((order[patch.direction], patch.labelled) for patch in model.patches)
        coordinates = self._held(self.basis.coordinates.T).T
        gram = self._held(self._held(self._gram()).T)
        return tasklaw.Law(
            model.n_heads, self.draw.z.shape[1], tuple(families), patches, gram, coordinates,
            np.array(model.network.head_axis.labels), loss_of(model, values),
        )

    def _places(self) -> dict[str, Indices]:
        """Where each family's vectors stand among what examples may hold; "" is none."""
        found, start = {"": np.empty(0, dtype=np.intp)}, 0
        for name, span in self.spans.items():
            count = len(span) - isinstance(self.laws[name], TaskLaw)
            found[name], start = start + np.arange(count), start + count
        return found


def _stays(model: Model, family: Directions) -> bool:
    """Whether a fresh task has the family's vectors of training."""
    return family.index_set.shared and family.name not in model.test.fresh


def refusal(model: Model, draw: Draw, values: Mapping[str, Value]) -> str:
    """Why fresh tasks of this draw have no known law, in one sentence; empty where they have."""
    if not model.algorithm.over_tasks or not model.test.of_tasks:
        return (
            "test: the law of fresh tasks is a bilevel model's FreshTasks, which this model does not declare; declare "
            "test=FreshTasks(fresh=...), or leave the test observables out"
        )
    try:
        reasons = [_refusal(model, family, draw, values) for family in model.directions]
        test = model.fresh_tasks
        for name in (test.tasks, test.query):
            whole(values, name)
        if int(whole(values, test.tasks)) < 2:
            reasons.append(f"{test.tasks}: 1 fresh task gives no standard error; give at least 2 (343 is usual)")
        if values.get(test.support) is not None:
            number(values, test.support)
    except InputError as error:
        return str(error)
    return next((reason for reason in reasons if reason), "")


def _refusal(model: Model, family: Directions, draw: Draw, values: Mapping[str, Value]) -> str:
    law = law_of(family, values)
    if family.name in model.test.fresh:
        return _fresh_refusal(model, family, law, values)
    if isinstance(law, TaskLaw):
        return _task_refusal(family, law, draw)
    if family.index_set.shared:
        return ""
    what = "task" if family.index_set.per_task else "example"
    return (
        f"{family.name}: a fresh {what} needs its own vector of this family, but the test law does not draw it again; "
        f"declare FreshTasks(fresh=({family.name!r},)) with a GaussianLaw, {_CURE}"
    )


def _fresh_refusal(model: Model, family: Directions, law: Law | None, values: Mapping[str, Value]) -> str:
    if not isinstance(law, GaussianLaw):
        if law is not None and not isinstance(law, FixedLaw | MixtureLaw | ClassNoiseLaw | TaskLaw):
            raise forgotten(law, "the law of fresh tasks")
        return (
            f"{family.name}: fresh vectors of this family have no Gaussian law in the model, and fresh tasks are known "
            f"for Gaussian ones only; declare a GaussianLaw, {_CURE}"
        )
    for name in law.projected_off(values):
        other = model.family(name)
        if not (_stays(model, other) or isinstance(law_of(other, values), FixedLaw | TaskLaw)):
            return f"off: {name!r} is drawn again, and noise is projected off features only; leave it out of off"
    return ""


def _task_refusal(family: Directions, law: TaskLaw, draw: Draw) -> str:
    if not family.index_set.per_task:
        return f"{family.name}: a TaskLaw is one vector a task; declare the family over 'task'"
    known = {} if draw.watched is None else draw.watched.names
    missing = [name for name in (law.shared, law.dictionary) if name not in known]
    if not missing:
        return ""
    return (
        f"{' and '.join(missing)}: the law of fresh tasks needs what the caller's arrays do not tell; give "
        f"{law.shared!r} (d,) and {law.dictionary!r} ({law.items}, d) in initial=, {_CURE}"
    )
