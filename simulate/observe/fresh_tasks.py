"""Losses and errors on fresh tasks along a trajectory: a bilevel Model's test law read into `dynamics.fresh.tasklaw`.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023: a fresh task takes nu plus a uniform entry of the whole dictionary (Definition
3.1), its examples hold fresh noise (Definition 3.2); the theory's L_test is the unadapted loss.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from functools import partial

import numpy as np

from derivations.declare import (
    ClassNoiseLaw,
    Directions,
    EntryLaw,
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
from dynamics.arrays import Array
from dynamics.blas import one_blas_thread
from dynamics.chance.streams import stream
from dynamics.fresh import taskdraws, tasklanes, tasklaw, taskscores
from dynamics.fresh.intervals import upper
from dynamics.kernel.bilevel import BilevelKernel

from ..errors import InputError
from ..start.declared import law_of
from ..start.drawn import Draw
from ..values import number, whole
from ..work.kept import Kept
from .fresh import DRAWS
from .staying import NOISE, Staying, stays

_BEFORE, _AFTER = ("", "_unadapted"), ("_adapted",)
"""How variables' names end before adaptation and after it."""
_CURE = "or leave the test observables out"


def fresh_task_statistics(
    model: Model,
    kernel: BilevelKernel,
    draw: Draw,
    z: Array,
    b: Array,
    values: Mapping[str, Value],
    seed: int,
    size: int = DRAWS,
    wanted: Collection[str] = FRESH_TASKS,
) -> dict[str, Array]:
    """Losses, errors and accuracies on fresh tasks, with and without adaptation, each (T,), and NAME_se.

    Those `wanted`, and what is known with them: what is after adaptation or before, and losses or errors, are left out
    where nobody asks.

    A fresh task has the shared directions of training and, where the model has a TaskLaw, nu + z_a with a uniform over
    the dictionary; the families of `model.test.drawn` are drawn again from their laws, and labels are uniform.

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
        wanted: the variables asked for.

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
        return _statistics(model, kernel, draw, z, b, values, seed, size, wanted)


def _statistics(
    model: Model, kernel: BilevelKernel, draw: Draw, z: Array, b: Array, values: Mapping[str, Value], seed: int,
    size: int, wanted: Collection[str],
) -> dict[str, Array]:
    staying_of = Staying.of(model, draw, values)
    law, filters = staying_of.law(values), staying_of.filters(z, b)
    support = _support(model, kernel, draw, values)
    test = model.fresh_tasks
    sizes = taskdraws.TaskSizes(
        int(whole(values, test.tasks)), support, int(whole(values, test.query)),
        bool(model.balanced and values.get(model.balanced)),
    )

    scores = _scores(kernel, law, values, seed, size, support)
    statistics: dict[str, Array] = {}
    for endings in (_BEFORE, _AFTER):
        here = [name for name in wanted if is_after(name) == (endings is _AFTER)]
        if not here:
            continue
        what = sorted({"loss" if "loss" in name else "error" for name in here})
        if endings is _AFTER:
            judged = tasklaw.adapted(
                scores, law, filters, sizes, lambda width: staying_of.tasks(law, sizes, seed, width), what)
            draws = float(sizes.tasks)
        else:
            judged, draws = tasklaw.unadapted(scores, law, filters, what), size if law.slots() else np.inf
        for end in endings:
            statistics |= {f"test_{name}{end}{se}": judged[f"{name}{se}"] for name in what for se in ("", "_se")}
            if "error" in what:
                statistics[f"test_error{end}_upper"] = upper(judged["error"], judged["error_se"], draws)
        if "error" in what:
            statistics[f"test_accuracy{endings[-1]}"] = 1.0 - judged["error"]
            statistics[f"test_accuracy{endings[-1]}_se"] = judged["error_se"]
    return {name: statistics[name] for name in FRESH_TASKS if name in statistics}


def _scores(
    kernel: BilevelKernel, law: taskdraws.TaskDrawLaw, values: Mapping[str, Value], seed: int, size: int, support: int
) -> taskscores.Scores:
    """Outputs on fresh tasks: on lanes where the kernel has them, else by the whole network."""
    shape, on_lanes = (size, law.heads * law.m), kernel.of_fresh(values, law.m)
    kept = partial(_kept if on_lanes is None else _tiled, float(math.prod(shape)), seed)

    def normals(slot: int) -> Array:
        return kept(slot, shape)

    def adapt(states: Array, blocks: Array, y: Array) -> Array:
        return kernel.adapt(states, blocks, y, range(support), values) if support else states

    if on_lanes is None:
        return taskscores.ByOutputs(lambda a: kernel.outputs(a, values), adapt, normals)
    return tasklanes.OnLanes(*on_lanes, normals, size)


def _normals(seed: int, slot: int, size: tuple[int, int]) -> Array:
    normals = stream(seed, "test", NOISE, slot).standard_normal(size)
    normals.flags.writeable = False
    return normals


_kept = Kept(_normals, many=16)
"""The normals of fresh vectors, which the runs of a seed share."""
_tiled = Kept(lambda *given: tasklanes.tiled(_normals(*given)), many=16)
"""The same as kernels on lanes take them, which do not write to them."""


def is_after(name: str) -> bool:
    """Whether a variable of fresh tasks is of weights that were adapted to them."""
    return "_adapted" in name


def _support(model: Model, kernel: BilevelKernel, draw: Draw, values: Mapping[str, Value]) -> int:
    """Examples that a fresh task adapts on; 0 is legal."""
    if values.get(model.fresh_tasks.support) is None:
        return len(kernel.split(values, draw.examples)[0])
    return int(number(values, model.fresh_tasks.support))


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
    if family.name in model.test.drawn:
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
        known = FixedLaw | MixtureLaw | ClassNoiseLaw | EntryLaw | TaskLaw
        if law is not None and not isinstance(law, known):
            raise forgotten(law, "the law of fresh tasks")
        return (
            f"{family.name}: fresh vectors of this family have no Gaussian law in the model, and fresh tasks are known "
            f"for Gaussian ones only; declare a GaussianLaw, {_CURE}"
        )
    for name in law.projected_off(values):
        other = model.family(name)
        if not (stays(model, other) or isinstance(law_of(other, values), FixedLaw | TaskLaw)):
            return f"off: {name!r} is drawn again, and noise is projected off features only; leave it out of off"
    return ""


def _task_refusal(family: Directions, law: TaskLaw, draw: Draw) -> str:
    known = {} if draw.watched is None else draw.watched.names
    missing = [name for name in (law.shared, law.dictionary) if name not in known]
    if not missing:
        return ""
    return (
        f"{' and '.join(missing)}: the law of fresh tasks needs what the caller's arrays do not tell; give "
        f"{law.shared!r} (d,) and {law.dictionary!r} ({law.items}, d) in initial=, {_CURE}"
    )
