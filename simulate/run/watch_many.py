"""Hitting times of many runs that go together: what the kernel looks for in each, and what it found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dynamics.arrays import Flags
from dynamics.kernel.trajectory import Sought

from .asked import Asked, Variables
from .problem import Start
from .watch import EventWatch


def inside(start: Start, asked: Asked) -> bool:
    """Whether the kernel looks for all that is asked of hitting times, each of which has a threshold."""
    watch, timed = EventWatch(start, asked), {event.name for event in start.model.events} & set(asked.wanted)
    return len(watch.open) == len(timed) and not (watch.busy and watch.inside() is None)


def watches(starts: Sequence[Start], asked: Asked) -> list[EventWatch]:
    """Each start's watch; those of one problem look for the same."""
    made: dict[int, EventWatch] = {}
    for start in starts:
        if id(start.problem) not in made:
            made[id(start.problem)] = EventWatch(start, asked)
    return [made[id(start.problem)].again(start) for start in starts]


def events(watches: Sequence[EventWatch], count: int) -> tuple[Flags, Sought | None]:
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
        return looked, Sought(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_), bounds, hits)
    bounds[looked] = [each.bounds for each in known]
    return looked, Sought(known[0].which, known[0].below, bounds, hits)


def times(watch: EventWatch, events: Sought, at: int) -> Variables:
    """The hitting times of one run, number `at` of those that were looked for."""
    watch.told(Sought(events.which, events.below, events.bounds[at], events.hits[at]))
    return watch.times()


__all__ = ["events", "inside", "times", "watches"]
