"""Many runs that are looked at from outside in every step: a stretch of steps at a time, as long as anybody waits.

Where each ends, and what it has there, is what `EventWatch` says of it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamics.arrays import Array, Flags, Steps
from dynamics.kernel.chunks import heard
from dynamics.kernel.trajectory import Sought

from ..ask.bounds import Bound
from ..observe import observables as obs
from . import room
from .counted import Counts
from .course import Course
from .record import stretch
from .seen_many import Seeing

JUDGED = 32  # states that fresh tasks, which take long, judge at a time


@dataclass(frozen=True)
class Waited:
    """What R runs wait for: observables `names` (E,), and how they have to stand, `bounds` (E,), to `values` (R, E).

    The bounds' own values are one run's.  A run ends where the first `stops` of them are met in one step.
    """

    names: tuple[str, ...]
    bounds: tuple[Bound, ...]
    values: Array
    stops: int

    def needed(self, hits: NDArray[np.int64]) -> tuple[str, ...]:
        """The observables that any of some runs still waits for, by its hits (R, E)."""
        waiting = [at < self.stops or bool((hits[:, at] < 0).any()) for at in range(len(self.names))]
        return tuple(dict.fromkeys(name for name, each in zip(self.names, waiting, strict=True) if each))

    def met(self, rows: NDArray[np.intp], seen: Mapping[str, Array], there: Flags) -> Flags:
        """(E, R, T): what is met in states that are `there` (R, T), of their entries (R, T, ...) by name."""
        return np.array([
            there & bound.stands(bound.number(seen[name].reshape(*there.shape, -1)), self.values[rows, at, None])
            if name in seen else np.zeros_like(there)
            for at, (name, bound) in enumerate(zip(self.names, self.bounds, strict=True))
        ], dtype=np.bool_).reshape(len(self.names), *there.shape)


def looked_at(
    course: Course, seeing: Seeing, waited: Waited, steps: int, recorded: Steps, begun: Flags, found: Sought,
    counts: Counts,
) -> tuple[Array, Array, Steps, Flags]:
    """z and b (R, T, H, m, B) at recorded steps, where each diverged, or -1 (R,), and which cannot be told (R,).

    Runs that are not `begun` (R,) are left.  `found` takes the steps at which what is waited for is met, as of events
    that a kernel looks for, and a run that it ends stays in its last state; `counts` take every state up to there.
    """
    first = course.drawn.z
    runs, moving = len(first), ["momentum"] * ("momentum" in course.model.algorithm.options)
    state = [first, *(np.zeros_like(first) for _ in ("b", *moving))]
    outs, last = np.full((2, runs, len(recorded), *first.shape[1:]), np.nan), np.array([state[0], state[1]])
    failed, lost = np.full(runs, -1, dtype=np.int64), np.zeros(runs, dtype=np.bool_)
    going, done = np.flatnonzero(begun), 0
    judging = course.model.test.of_tasks and bool(set(waited.names) & set(obs.fresh_names(course.model)))
    state = [each[going] for each in state]
    while going.size and done <= steps:
        heard()
        most = min(stretch(done), JUDGED if judging else steps + 1) if waited.names else steps + 1
        size = max(1, min(most, room.ENTRIES // (len(state) * state[0].size)))
        t = np.arange(done, min(done + size, steps + 1), dtype=np.int64)
        states, bad = course.advanced(going, state, t)
        there = _there(states[0], states[1], t, bad)
        seen, told = seeing.entries(going, states[0], states[1], t, waited.needed(found.hits[going]), there)
        ends = _noted(found, waited.met(going, seen, there), going, t)
        counts.add(t, states[0], going, ends)
        for out, each, kept in zip(outs, states, last, strict=False):
            out[np.ix_(going, np.isin(recorded, t))] = each[:, np.isin(t, recorded)]
            kept[going] = each[np.arange(len(going)), ends]
        stopped, bad = found.ends[going] >= 0, np.where(bad >= 0, bad, _first_without(there, t))
        leaves = told & ~stopped & (bad >= 0)
        failed[going[leaves]], lost[going[~told]] = bad[leaves], True
        on = told & ~stopped & ~leaves
        going, state, done = going[on], [each[on, -1] for each in states], int(t[-1]) + 1
    for out, each in zip(outs, last, strict=True):
        found.stay(recorded, each, out)
    return outs[0], outs[1], failed, lost


def _there(z: Array, b: Array, t: Steps, bad: Steps) -> Flags:
    """(R, T): the states up to the first that is not finite; outputs are not at the step `bad` (R,), the state is."""
    upto = (bad[:, None] < 0) | (t <= bad[:, None])
    for each in (z, b):
        upto &= np.isfinite(each.reshape(*upto.shape, -1)).all(axis=2)
    return np.asarray(np.logical_and.accumulate(upto, axis=1))


def _first_without(there: Flags, t: Steps) -> Steps:
    """(R,): the first of the steps t at which there is no state; -1 where there is at all of them."""
    return np.where(there.all(axis=1), -1, t[np.argmin(there, axis=1)])


def _noted(found: Sought, met: Flags, rows: NDArray[np.intp], t: Steps) -> NDArray[np.intp]:
    """Notes what is met first (E, R, T) by the runs `rows`, up to where they end; where the last states are, (R,)."""
    ends, stops = np.full(len(rows), len(t) - 1), found.stops
    if stops:
        both = np.logical_and.reduce(met[:stops])
        over = both.any(axis=1)
        ends[over] = np.argmax(both, axis=1)[over]
        found.hits[rows[over, None], np.arange(stops)] = t[ends[over], None]
    within = met[stops:] & (np.arange(len(t)) <= ends[:, None])
    for at, each in enumerate(within, stops):
        new = each.any(axis=1) & (found.hits[rows, at] < 0)
        found.hits[rows[new], at] = t[np.argmax(each, axis=1)[new]]
    return ends


__all__ = ["Waited", "looked_at"]
