"""Runs of many cells or seeds in one call: drawn, advanced and judged together, a chunk of one shape at a time.

What a run gives is, bit for bit, what it gives alone (`reduced.run`).  A run that diverges, that cannot be drawn, or
that is of a kind that has to be looked at on its way is left to that: whoever asks meets its own sentence there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import Value, Variable
from derivations.declare.variables import FRESH
from derivations.errors import ModelError
from dynamics.arrays import Array, Flags
from dynamics.errors import RangeError
from dynamics.kernel.blas import one_blas_thread
from dynamics.kernel.chunks import heard
from dynamics.kernel.trajectory import Trajectory, Watched

from ..errors import InputError
from ..observe import fresh_many
from ..observe import observables as obs
from ..start import many
from ..start.plan import Plan
from ..start.refusals import gram_refusal
from .asked import Asked, Found, Variables
from .problem import Problem, Start
from .reduced import declared
from .watch import EventWatch

ENTRIES = 2**22  # numbers that a chunk's states, Gram matrices and covariances hold, 32 MB
OPERATIONS = 5e9  # of a chunk, a fraction of a second: compiled code is not interrupted


@dataclass(frozen=True)
class _Run:
    """One run: its cell, its seed, and where it stands in the answer."""

    cell: Problem
    plan: Plan
    seed: int
    place: tuple[int, int]


@one_blas_thread()
def together(
    cells: Sequence[Problem], seeds: Sequence[int], steps: int, names: Sequence[str]
) -> list[list[Found | None]]:
    """For each cell and seed a run's variables `names` after `steps` steps from a draw by Gram; None: left over.

    Fresh variables, those of a state alone, and hitting times that the kernel looks for; what else is looked at along
    the way leaves every run over.
    """
    found: list[list[Found | None]] = [[None] * len(seeds) for _ in cells]
    groups: dict[object, list[_Run]] = {}
    for row, cell in enumerate(cells):
        shape, plan = _shape(cell, names)
        if plan is not None and steps * _step(plan) > OPERATIONS:
            continue  # a run alone goes in pieces, between which an interrupt is heard
        if shape is not None and plan is not None:
            groups.setdefault(shape, []).extend(_Run(cell, plan, seed, (row, at)) for at, seed in enumerate(seeds))
    with np.errstate(all="ignore"):  # what is not finite is left over
        for runs in groups.values():
            for chunk in _chunks(runs, steps):
                heard()
                for run, made in zip(chunk, _chunk(chunk, steps, names), strict=True):
                    found[run.place[0]][run.place[1]] = made
    return found


def _shape(cell: Problem, names: Sequence[str]) -> tuple[object, Plan | None]:
    """What a cell's runs must have in common with others to go with them; None where they go alone."""
    model, values = cell.model, cell.values
    known = {*obs.at_every_step(model), *FRESH, *(event.name for event in model.events)}
    if cell.initial is not None or cell.redraws or model.algorithm.over_tasks or not set(names) <= known:
        return None, None
    try:
        plan = cell.plan
        drawn, judged = many.shape_of(plan), fresh_many.shape_of(model, values, plan.n)
        alone = drawn is None or judged is None or gram_refusal(model, values)
        if alone or not cell.kernel.runs_together(len(plan.length)):
            return None, None
    except (InputError, ModelError, RangeError):  # said where the cell is run alone
        return None, None
    return (id(model), id(cell.kernel.lanes), drawn, judged), plan


def _step(plan: Plan) -> float:
    """Operations of a step of one run, about."""
    return 2.0 * plan.heads * plan.m * len(plan.length) * (len(plan.length) + 10)


def _chunks(runs: list[_Run], steps: int) -> list[list[_Run]]:
    """Runs in the order given, as many in a chunk as hold `ENTRIES` numbers and take `OPERATIONS`."""
    plan = runs[0].plan
    size = _size(plan.heads * plan.m, len(plan.length), 1, steps * _step(plan))
    return [runs[at : at + size] for at in range(0, len(runs), size)]


def _size(filters: int, directions: int, states: int, operations: float, vectors: float = 0.0) -> int:
    """How many runs are a chunk: of so many recorded states, operations and entries of vectors each."""
    a_state = 2 * filters * directions + directions**2 + 4 * filters**2
    entries = vectors + 4 * filters * directions + directions**2 + 4096 + states * a_state
    return max(1, min(int(ENTRIES / entries), int(OPERATIONS / max(operations, 1.0))))


def size_of(start: Start, asked: Asked) -> int:
    """How many starts of a problem like this one are advanced together to what is asked; 1 where it goes alone."""
    model, problem, drawn = start.model, start.problem, start.draw
    named, timed = set(asked.wanted), {event.name for event in model.events}
    alone = problem.initial is not None or problem.redraws or model.algorithm.over_tasks or asked.until
    if alone or not len(asked.recorded) or not start.kernel.runs_together(len(drawn.gram)):
        return 1
    fresh = named & set(obs.fresh_names(model))
    shape = fresh_many.shape_of(model, start.values, drawn.examples) if fresh and asked.fresh.together else None
    if fresh and (shape is None or not fresh <= set(FRESH)):
        return 1
    watch = EventWatch(start, asked)
    if watch.busy and (watch.inside() is None or len(watch.open) < len(timed & named)):
        return 1
    filters, directions = drawn.z.shape[0] * drawn.z.shape[1], len(drawn.gram)
    vectors = 0.0 if drawn.vectors is None else (filters + directions) * drawn.d
    operations = asked.steps * 2.0 * filters * directions * (directions + 10)
    return _size(filters, directions, len(asked.recorded), operations, vectors)


@one_blas_thread()
def alike(starts: Sequence[Start], asked: Asked) -> list[Found | None]:
    """The runs of starts of one problem, as many as `size_of` says; None: to be run alone."""
    heard()
    with np.errstate(all="ignore"):
        return _made(starts, many.stacked([start.draw for start in starts]), asked)


def _chunk(runs: list[_Run], steps: int, names: Sequence[str]) -> list[Found | None]:
    """Each run with its variables, or None."""
    drawn = many.draw_many([run.plan for run in runs], [run.seed for run in runs], _labels(runs))
    kernel = runs[0].cell.kernel
    starts = [
        Start(run.cell, run.seed, drawn.one(at), kernel.bind(drawn.clean[at])) for at, run in enumerate(runs)
    ]
    return _made(starts, drawn, Asked(steps, np.array([steps], dtype=np.int64), tuple(names), {}, named=True))


def _made(starts: Sequence[Start], drawn: many.Drawn, asked: Asked) -> list[Found | None]:
    """Each start's run with its variables, or None."""
    model, kernel, values = starts[0].model, starts[0].kernel, [start.values for start in starts]
    m, t = drawn.z.shape[2], asked.recorded
    numbers = np.array([kernel.numbers(each, m) for each in values])
    limits = np.array([kernel.limit(each) for each in values], dtype=np.int64)
    timed = tuple(event.name for event in model.events if event.name in asked.wanted)
    watches = _watches(starts, replace(asked, wanted=timed)) if timed else []
    looked, events = _events(watches, len(timed))
    z, b, failed = kernel.run_all(
        drawn.z, drawn.gram, drawn.y, drawn.clean, numbers, limits, asked.steps, t, events)
    whole = _finite(drawn.gram) & _finite(drawn.z) & _finite(z) & _finite(b) & (failed < 0)
    if events is not None:
        whole &= looked
    left = np.array([kernel.scale(each, t) for each in values])
    fresh = [name for name in asked.wanted if name in FRESH]
    judged = _judged(starts, drawn, z, b, left, fresh) if fresh and whole.any() else {}
    whole &= np.logical_and.reduce([np.isfinite(judged[name]).all(axis=1) for name in judged]) if judged else True
    others = tuple(name for name in asked.wanted if name not in (*fresh, *timed))
    found: list[Found | None] = []
    for at, start in enumerate(starts):
        if not whole[at]:
            found.append(None)
            continue
        variables: Variables = {name: Variable(("t",), judged[name][at]) for name in fresh}
        if events is not None:
            watches[at].told(Watched(events.which, events.below, events.bounds[at], events.hits[at]))
            variables |= watches[at].times()
        if others:
            path = Trajectory(t, z[at], b[at], -1, left[at])
            variables |= declared(start.states(path, others), replace(asked, wanted=others))[0]
        found.append(Found(start, t, variables, ()) if all(name in variables for name in asked.wanted) else None)
    return found


def _judged(
    starts: Sequence[Start], drawn: many.Drawn, z: Array, b: Array, left: Array, names: Sequence[str]
) -> dict[str, Array]:
    """The fresh variables of these names of states z, b (R, T, H, m, B), each (R, T)."""
    first, (runs, times) = starts[0], z.shape[:2]
    losses = any(name.startswith("test_loss") for name in names)
    judged = fresh_many.judge_many(
        first.model, first.kernel, drawn if times == 1 else drawn.repeated(times), z.reshape(-1, *z.shape[2:]),
        b.reshape(-1, *b.shape[2:]), [start.values for start in starts for _ in range(times)],
        [start.seed for start in starts for _ in range(times)], left.reshape(-1), losses,
    )
    return {name: judged[name].reshape(runs, times) for name in names}


def _watches(starts: Sequence[Start], asked: Asked) -> list[EventWatch]:
    """Each start's watch; those of one problem look for the same."""
    made: dict[int, EventWatch] = {}
    for start in starts:
        if id(start.problem) not in made:
            made[id(start.problem)] = EventWatch(start, asked)
    return [made[id(start.problem)].again(start) for start in starts]


def _events(watches: Sequence[EventWatch], count: int) -> tuple[Flags, Watched | None]:
    """Which runs' events, `count` each, the kernel looks for, and those of all runs; the bounds of others are NaN."""
    of_each = {id(watch.start.problem): watch for watch in watches}
    sought = {place: watch.inside() for place, watch in of_each.items()}
    inside = [sought[id(watch.start.problem)] for watch in watches]
    known = [each for each in inside if each is not None and len(each.which) == count]
    looked = np.array([each is not None and len(each.which) == count for each in inside], dtype=np.bool_)
    if not watches:
        return looked, None
    bounds, hits = np.full((len(inside), count), np.nan), np.full((len(inside), count), -1, dtype=np.int64)
    if not known:
        return looked, Watched(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_), bounds, hits)
    bounds[looked] = [each.bounds for each in known]
    return looked, Watched(known[0].which, known[0].below, bounds, hits)


def _labels(runs: list[_Run]) -> list[tuple[Array, Array]]:
    """The labels of each run; runs of one seed share them where they are of one size and flipped alike."""
    known: dict[tuple[object, ...], tuple[Array, Array]] = {}
    found = []
    for run in runs:
        model, values = run.cell.model, run.cell.values
        told: list[Value] = [values.get(name) for name in (model.label_flips, model.class_sizes) if name]
        key = (run.seed, run.plan.n, *told)
        if key not in known:
            known[key] = many.labels(model, values, run.plan.n, run.seed)
        found.append(known[key])
    return found


def _finite(arrays: Array) -> Flags:
    """(R,): whether all of a run's numbers are finite."""
    return np.asarray(np.isfinite(arrays).reshape(len(arrays), -1).all(axis=1))


__all__ = ["alike", "size_of", "together"]
