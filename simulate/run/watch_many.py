"""Hitting times and early ends of many runs that go together: what the kernel looks for in each, what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import Model
from dynamics.arrays import Array, Flags
from dynamics.kernel.trajectory import Sought, Trajectory, cut

from .asked import Asked, Variables
from .problem import Start
from .starts import Made, Starts
from .watch import EventWatch


def inside(start: Start, asked: Asked) -> bool:
    """Whether the kernel looks for all that is asked of hitting times, each of which has a threshold.

    A run that may end early needs the last step among those recorded: it is where its last state is kept.
    """
    if asked.until and asked.recorded[-1:].tolist() != [asked.steps]:
        return False
    watch, timed = EventWatch(start, asked), {event.name for event in start.model.events} & set(asked.wanted)
    return len(watch.open) == len(timed) and not (watch.busy and watch.inside() is None)


@dataclass(frozen=True)
class Looks:
    """What R runs are looked at for in every step: each problem's watch, whether the kernel looks for it all (R,), how.

    `timed` are the events that are wanted.  `events` has bounds and hits (R, E) of those that end the run and of these,
    NaN of runs that the kernel does not look at; None where nothing is asked.
    """

    starts: Starts
    watches: Mapping[int, EventWatch]
    inside: Flags
    timed: tuple[str, ...]
    events: Sought | None

    @classmethod
    def of(cls, starts: Starts, model: Model, asked: Asked, runs: int) -> Looks:
        """Of the starts of so many runs of a model; those of one problem look for the same."""
        timed = tuple(event.name for event in model.events if event.name in asked.wanted)
        if not timed and not asked.until:
            return cls(starts, {}, np.ones(runs, dtype=np.bool_), (), None)
        made, problems = dict[int, EventWatch](), starts.problems
        for at, problem in enumerate(problems):
            if id(problem) not in made:
                made[id(problem)] = EventWatch(starts.one(at), replace(asked, wanted=timed))
        count, every = len(timed) + len(asked.until), {place: watch.inside() for place, watch in made.items()}
        sought = [every[id(problem)] for problem in problems]
        inside = np.array([each is not None and len(each.which) == count for each in sought], dtype=np.bool_)
        known = [each for each in sought if each is not None and len(each.which) == count]
        bounds, hits = np.full((runs, count), np.nan), np.full((runs, count), -1, dtype=np.int64)
        if not known:
            nothing = Sought(np.zeros(count, np.int64), np.zeros(count, np.bool_), bounds, hits)
            return cls(starts, made, inside, timed, nothing)
        bounds[inside] = [each.bounds for each in known]
        events = Sought(known[0].which, known[0].below, bounds, hits, known[0].stops)
        return cls(starts, made, inside, timed, events)

    def rows(self, which: Sequence[int]) -> Looks:
        """Some of the runs, without vectors."""
        rows = list(which)
        return replace(self, starts=Made([self.starts.one(at) for at in rows]), inside=self.inside[rows],
                       events=None if self.events is None else self.events.rows(rows))

    def watch(self, at: int) -> EventWatch:
        """The watch of run number `at`, as it was made."""
        start = self.starts.one(at)
        return self.watches[id(start.problem)].again(start)

    def hits(self) -> dict[str, Array]:
        """The hitting times of runs that the kernel looks at, (R,), -1 where there is none."""
        if self.events is None:
            return {}
        columns = self.events.hits[:, self.events.stops :].T
        return {name: each.astype(np.float64) for name, each in zip(self.timed, columns, strict=True)}

    def times(self, at: int) -> Variables:
        """The hitting times of run number `at`, and where it ended."""
        if self.events is None:
            return {}
        watch = self.watch(at)
        watch.told(self.events.one(at))
        return watch.times()

    def ended(self, at: int, path: Trajectory) -> Trajectory | None:
        """A run's states up to where it ended, of those at all recorded steps.

        None where what is reported does not end it there, but what the kernel sums in another order does.
        """
        stop = -1 if self.events is None else self.events.one(at).stopped
        if stop < 0:
            return path
        first = int(np.searchsorted(path.t, stop))
        until = replace(cut(path, slice(first + 1)), t=np.append(path.t[:first], stop))
        return until if self.watch(at).reached(cut(until, slice(-1, None))) else None


__all__ = ["Looks", "inside"]
