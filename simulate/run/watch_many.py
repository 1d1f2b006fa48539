"""Hitting times and early ends of many runs that go together: what the kernel looks for in each, what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dynamics.arrays import Flags
from dynamics.kernel.trajectory import Sought, Trajectory, cut

from .asked import Asked, Variables
from .problem import Start
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
    """What R runs are looked at for in every step: each one's watch, whether the kernel looks for it all (R,), and how.

    `events` have bounds and hits (R, E), NaN of runs that the kernel does not look at; None where nothing is asked.
    """

    watches: Sequence[EventWatch]
    inside: Flags
    events: Sought | None

    @classmethod
    def of(cls, starts: Sequence[Start], runs: int, asked: Asked) -> Looks:
        """Of so many runs, whose starts are there where anything is asked; those of one problem look for the same."""
        timed = tuple(event.name for event in starts[0].model.events if event.name in asked.wanted) if starts else ()
        if not timed and not asked.until:
            return cls((), np.ones(runs, dtype=np.bool_), None)
        made: dict[int, EventWatch] = {}
        for start in starts:
            if id(start.problem) not in made:
                made[id(start.problem)] = EventWatch(start, replace(asked, wanted=timed))
        count, every = len(timed) + len(asked.until), {place: watch.inside() for place, watch in made.items()}
        sought = [every[id(start.problem)] for start in starts]
        inside = np.array([each is not None and len(each.which) == count for each in sought], dtype=np.bool_)
        known = [each for each in sought if each is not None and len(each.which) == count]
        watches = [made[id(start.problem)].again(start) for start in starts]
        bounds, hits = np.full((runs, count), np.nan), np.full((runs, count), -1, dtype=np.int64)
        if not known:
            return cls(watches, inside, Sought(np.zeros(count, np.int64), np.zeros(count, np.bool_), bounds, hits))
        bounds[inside] = [each.bounds for each in known]
        return cls(watches, inside, Sought(known[0].which, known[0].below, bounds, hits, known[0].stops))

    def rows(self, which: Sequence[int]) -> Looks:
        """Some of the runs, without vectors."""
        rows = list(which)
        return Looks([self.watches[at] for at in rows] if self.watches else (), self.inside[rows],
                     None if self.events is None else self.events.rows(rows))

    def times(self, at: int) -> Variables:
        """The hitting times of run number `at`, and where it ended."""
        if self.events is None:
            return {}
        self.watches[at].told(self.events.one(at))
        return self.watches[at].times()

    def ended(self, at: int, path: Trajectory) -> Trajectory | None:
        """A run's states up to where it ended, of those at all recorded steps.

        None where what is reported does not end it there, but what the kernel sums in another order does.
        """
        stop = -1 if self.events is None else self.events.one(at).stopped
        if stop < 0:
            return path
        first = int(np.searchsorted(path.t, stop))
        until = replace(cut(path, slice(first + 1)), t=np.append(path.t[:first], stop))
        return until if self.watches[at].reached(cut(until, slice(-1, None))) else None


__all__ = ["Looks", "inside"]
