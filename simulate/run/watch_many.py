"""Hitting times and early ends of many runs that go together: what is looked for in each, what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import Model
from derivations.declare.meanings import STOPPED
from dynamics.arrays import Array, Flags
from dynamics.kernel.trajectory import Beside, Sought, Trajectory, cut

from ..ask.bounds import observables
from ..observe import observables as obs
from .asked import Asked, Variables
from .problem import Start
from .starts import Starts
from .stretches import Waited
from .watch import EventWatch


def together(start: Start, asked: Asked) -> bool:
    """Whether runs that are looked at like this one go together: each hitting time has a threshold.

    A run that may end early needs the last step among those recorded: it is where its last state is kept.
    """
    if asked.until and asked.recorded[-1:].tolist() != [asked.steps]:
        return False
    timed = {event.name for event in start.model.events} & set(asked.wanted)
    return len(EventWatch(start, replace(asked, wanted=tuple(timed))).open) == len(timed)


@dataclass(frozen=True)
class Looks:
    """What R runs are looked at for in every step: each problem's watch, whether all of it has a threshold (R,), how.

    `timed` are the events that are wanted.  `events` has bounds and hits (R, E) of those that end the run and of these,
    NaN of runs that lack one; None where nothing is asked.  `waited` is the same where the kernel does not look itself,
    as where something is counted.
    """

    starts: Starts
    watches: Mapping[int, EventWatch]
    inside: Flags
    timed: tuple[str, ...]
    events: Sought | None
    waited: Waited | None = None

    @classmethod
    def of(cls, starts: Starts, model: Model, asked: Asked, runs: int) -> Looks:
        """Of the starts of so many runs of a model; those of one problem look for the same."""
        timed = tuple(event.name for event in model.events if event.name in asked.wanted)
        counted = set(obs.counted(model)) & set(asked.wanted)  # of every state, so that nothing is left to the kernel
        if not timed and not asked.until:
            waited = Waited((), (), np.empty((runs, 0)), 0) if counted else None
            return cls(starts, {}, np.ones(runs, dtype=np.bool_), (), Sought.none(runs) if counted else None, waited)
        made, problems = dict[int, EventWatch](), starts.problems
        for at, problem in enumerate(problems):
            if id(problem) not in made:
                made[id(problem)] = EventWatch(starts.one(at), replace(asked, wanted=timed))
        count = len(timed) + len(asked.until)
        whole = {place: watch for place, watch in made.items() if len(watch.open) == len(timed)}
        inside = np.array([id(problem) in whole for problem in problems], dtype=np.bool_)
        bounds, hits = np.full((runs, count), np.nan), np.full((runs, count), -1, dtype=np.int64)
        nothing = Sought(np.zeros(count, np.int64), np.zeros(count, np.bool_), bounds, hits, len(asked.until))
        sought = {place: each for place, watch in whole.items() if (each := watch.inside()) is not None}
        if len(sought) == len(whole) and not counted:
            for at in np.flatnonzero(inside).tolist():
                bounds[at] = sought[id(problems[at])].bounds
            some = next(iter(sought.values()), nothing)
            events = replace(nothing, which=some.which, below=some.below, anywhere=some.anywhere,
                             beside=_beside(starts, [made[id(each)] for each in problems], some))
            return cls(starts, made, inside, timed, events)
        sides = {place: [*zip(observables(asked.until), asked.until.values(), strict=True), *watch.open.values()]
                 for place, watch in whole.items()}
        for at in np.flatnonzero(inside).tolist():
            bounds[at] = [bound.value for _, bound in sides[id(problems[at])]]
        names, relations = zip(*next(iter(sides.values())), strict=True)
        return cls(starts, made, inside, timed, nothing, Waited(names, relations, bounds, len(asked.until)))

    def watch(self, at: int) -> EventWatch:
        """The watch of run number `at`, as it was made."""
        start = self.starts.one(at)
        return self.watches[id(start.problem)].again(start)

    def hits(self) -> dict[str, Array]:
        """The hitting times of the runs, (R,), -1 where there is none, and where they end early."""
        if self.events is None:
            return {}
        stops, hits = self.events.stops, self.events.hits.astype(np.float64)
        ended = {STOPPED: hits[:, 0]} if stops else {}
        return {**dict(zip(self.timed, hits[:, stops:].T, strict=True)), **ended}

    def times(self, at: int) -> Variables:
        """The hitting times of run number `at`, and where it ended."""
        if self.events is None or not self.watches:
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
        return until if self.waited or self.watch(at).reached(cut(until, slice(-1, None))) else None


def _beside(starts: Starts, watches: Sequence[EventWatch], some: Sought) -> Beside | None:
    """The vectors that events are of though no patch holds them, of every run; what one run looks for is `some`."""
    kernel = starts.one(0).kernel
    if not kernel.beside:
        return None
    names = [list(kernel.watched)[place] for place in some.which.tolist()]
    vectors = [watch.again(starts.one(at)).beside(names) for at, watch in enumerate(watches)]
    return Beside.stacked([each for each in vectors if each is not None])


__all__ = ["Looks", "together"]
