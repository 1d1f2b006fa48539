"""Hitting times of events, early stopping and counts of flips, from every step's state.

What is of fresh examples is judged state by state, a block at a time, and only as long as somebody waits for it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from derivations.declare import Event, Value, Variable
from derivations.declare.formula import FormulaError
from derivations.declare.meanings import STOPPED
from dynamics.arrays import Array
from dynamics.kernel.trajectory import Beside, Sought, Trajectory, cut

from ..ask.bounds import AT_MOST, Bound, observables, said
from ..ask.userfile import answer
from ..errors import InputError
from ..observe import observables as obs
from ..work.once import once
from .asked import Asked, Variables
from .counted import counters
from .inside import apart, knows, seeks
from .judge import judge
from .problem import Problem, Start

NEVER = -1  # the hitting time of an event that is not reached
BLOCK = 32  # states that are judged on fresh examples at a time
NEAR = 1e-9  # of a bound: far above what rounding makes of an observable


class EventWatch:
    """Looks at every step of a start's run; called with its states, a chunk at a time, it may name a step to stop at.

    `hits` are the events' hitting times (`NEVER`: not reached) with their meaning; `undefined` are the events that
    have no hitting time here, not even that one, with the reason.
    """

    def __init__(self, start: Start, asked: Asked) -> None:
        self.start, self.asked = start, asked
        self.hits: dict[str, tuple[int, str]] = {}
        self.undefined: dict[str, str] = {}
        self.open: dict[str, tuple[str, Bound]] = {}
        bounds = _bounds(start)
        for event in start.model.events:
            if event.name not in asked.wanted:
                continue
            bound = bounds[event.name]
            if isinstance(bound, str):
                self._give_up(event.name, bound)
                continue
            self.open[event.name] = (event.observable, Bound(bound, event.relation))
            self.hits[event.name] = (NEVER, obs.sought(event, f"{bound:.4g}"))
        self.stopped = NEVER
        self.counters = counters(start, asked)

    def again(self, start: Start) -> EventWatch:
        """The watch as it was made, on another start of the same problem."""
        made = copy.copy(self)
        made.start, made.hits, made.undefined, made.open = start, {**self.hits}, {**self.undefined}, {**self.open}
        made.counters = counters(start, self.asked)
        return made

    def _give_up(self, name: str, reason: str) -> None:
        self.undefined[name] = reason
        self.hits.pop(name, None)
        self.open.pop(name, None)

    def left_out(self) -> tuple[str, ...]:
        """A line on each event without a hitting time.  Raises InputError where the variables were named."""
        said: list[str] = []
        for name, reason in self.undefined.items():
            refused = f"{name}: {reason}; give other parameters, or another observable"
            said += self.asked.left_out(refused if self.asked.named else reason, f"{name} is")
        return tuple(said)

    @property
    def ends(self) -> bool:
        """Whether the run may end early."""
        return bool(self.asked.until)

    @property
    def busy(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.open or self.asked.until or self.counters)

    def inside(self) -> Sought | None:
        """The open events as the kernel looks for them; None where anything has to be looked at from outside.

        Those that end the run come first, a little early, as its loss and the one reported differ in their rounding:
        `reached` says whether the reported one ends it there too.

        What is of a family's vectors or coefficients is, to the bit, what is seen from outside.  The loss, margins, and
        products with the V vectors that no patch holds, are summed in another order there: a product by up to about
        B eps times the sum of its B terms' sizes, so that a hitting time is another only where an entry is as near.
        """
        kernel, until = self.start.kernel, self.asked.until
        _, filters, directions = self.start.draw.z.shape
        sought = [(name, replace(each, value=each.sooner(NEAR)))
                  for name, each in zip(observables(until), until.values(), strict=True)]
        sought += self.open.values()
        if not sought or self.counters or not kernel.watches(directions, filters):
            return None
        names = {name for name, _ in sought}
        model = self.start.model
        if not (knows(kernel, model, names) and seeks(kernel, model, until) and apart(kernel, model, sought)):
            return None
        places, vectors = list(kernel.watched), self.beside(names)
        events = [(places.index(name), bound.relation == AT_MOST, bound.value) for name, bound in sought]
        anywhere = [not bound.of_all for _, bound in sought]
        return None if vectors is None else Sought.of(events, len(self.asked.until), vectors, anywhere)

    def beside(self, observables: Iterable[str]) -> Beside | None:
        """The vectors that no patch holds and these are of, as the kernel takes them; None where the draw lacks one."""
        watched, kernel = self.start.draw.watched, self.start.kernel
        of = {name: kernel.watched[name] for name in observables}
        needed = {plain["of"] for plain in of.values() if plain is not None} & set(kernel.beside)
        if not needed:
            return Beside.none(len(kernel.beside))
        if watched is None or not needed <= watched.names.keys():
            return None
        axis = np.arange(watched.z.shape[-1])
        columns = [axis[watched.names[name]] if name in needed else axis[:0] for name in kernel.beside]
        chosen = np.concatenate([axis[:0], *columns])
        spans = np.cumsum([0, *map(len, columns)])
        return Beside(watched.z[..., chosen].reshape(-1), np.ascontiguousarray(watched.across[:, chosen].T), spans)

    def told(self, events: Sought | None) -> None:
        """Takes over what the kernel found: where the run ended, and the hitting times in the order of `open`."""
        self.stopped = NEVER if events is None else events.stopped
        hits = [] if events is None else events.hits[events.stops :].tolist()
        for name, hit in zip(list(self.open), hits, strict=False):
            if hit >= 0:
                self.hits[name] = (hit, self.hits[name][1])
                del self.open[name]

    def forget(self, lost: set[str]) -> None:
        """Drops the events whose observable is not kept."""
        for name, (observable, _) in list(self.open.items()):
            if observable in lost:
                self._give_up(name, f"not known: {observable} is made of coefficients that are not kept")

    def at(self, start: Start) -> EventWatch:
        """The same watch on another start's states."""
        self.start = start
        return self

    def times(self) -> Variables:
        """The hitting times; where the run may end early, at which step it did too."""
        ended = {STOPPED: (self.stopped, f"first t with {said(self.asked.until)}, where the run ends")}
        every = {**self.hits, **(ended if self.asked.until else {})}
        return {name: Variable((), np.asarray(hit), text) for name, (hit, text) in every.items()}

    def counts(self, t: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Variables:
        """What was counted along the run that is wanted, at the recorded steps t."""
        pairs = [item for counter in self.counters for item in answer(counter.variables, t).items()]
        wanted = {name: values for name, values in pairs if name in self.asked.wanted}
        return {name: obs.labelled(self.start.model, name, values) for name, values in wanted.items()}

    def __call__(self, chunk: Trajectory) -> int | None:
        """The step at which the run ends early, if it does in this chunk."""
        stop = self._stop(chunk)
        self.stopped = NEVER if stop is None else stop
        upto = slice(None if stop is None else int(np.searchsorted(chunk.t, stop)) + 1)
        for counter in self.counters:
            answer(counter.add, chunk.t[upto], chunk.z[upto])
        return stop

    def _stop(self, chunk: Trajectory) -> int | None:
        """Notes the hitting times in this chunk; the step at which the run ends early, if it does."""
        size = BLOCK if self._waited & set(obs.fresh_names(self.start.model)) else len(chunk.t)
        for first in range(0, len(chunk.t), size):
            if not self._waited:
                return None
            stop = self._stop_in(cut(chunk, slice(first, first + size)))
            if stop is not None:
                return stop
        return None

    @property
    def _waited(self) -> set[str]:
        """The observables that something waits for."""
        return {name for name, _ in self.open.values()} | set(observables(self.asked.until))

    def _stop_in(self, block: Trajectory) -> int | None:
        """The same in some of its states."""
        observed, reason = self._values(block, self._waited)
        stop = self._first(block, observed, reason)
        within = slice(None if stop is None else int(np.searchsorted(block.t, stop)) + 1)  # there it ends
        for name, (observable, bound) in list(self.open.items()):
            if observable not in observed:  # the draw lacks what it is of
                why = reason or f"{observable} needs vectors that the arrays do not tell"
                self._give_up(name, f"not known: {why}")
                continue
            met = bound.met(observed[observable][within])
            if met.any():
                self.hits[name] = (int(block.t[int(np.argmax(met))]), self.hits[name][1])
                del self.open[name]
        return stop

    def _values(self, block: Trajectory, names: Iterable[str]) -> tuple[dict[str, Array], str]:
        """What is asked of each state (T, entries), and why fresh examples are not judged where they are not."""
        start, needed = self.start, tuple(names)
        states = start.states(block, needed)
        drawn_again = start.problem.redraws and states.b is not None  # each state is a draw of its own, from its W
        fresh = replace(states, b=np.zeros_like(states.z)) if drawn_again else states
        judged = judge(start, fresh, needed, start.kernel, self.asked.fresh)
        every = {**obs.evaluate(states, needed), **judged.variables}
        return {name: each.values.reshape(len(block.t), -1) for name, each in every.items()}, judged.reason

    def reached(self, last: Trajectory) -> bool:
        """Whether the run ends early at this state, the only one of `last`."""
        return self._first(last, *self._values(last, observables(self.asked.until))) is not None

    def _first(self, chunk: Trajectory, observed: Mapping[str, Array], reason: str) -> int | None:
        """The first step of the chunk, whose observables (T, ...) these are, at which the run ends early.

        Raises InputError where one of those is not known, for the `reason` that fresh examples are not judged.
        """
        until = self.asked.until
        names = observables(until)
        absent = [name for name in names if name not in observed]
        if absent:
            raise InputError(f"until: {absent[0]!r} is not known here{': ' * bool(reason)}{reason}; leave it out")
        reached = [bound.met(observed[name]) for name, bound in zip(names, until.values(), strict=True)]
        if reached and np.any(both := np.logical_and.reduce(reached)):
            return int(chunk.t[int(np.argmax(both))])
        return None


def _bounds(start: Start) -> dict[str, float | str]:
    """The thresholds of events, or why one has none, by the event's name."""
    known, sizes = _bounds_of(start.problem), (start.draw.examples, start.draw.z.shape[1])
    if sizes not in known:
        known[sizes] = {event.name: _bound(event, start.values, *sizes) for event in start.model.events}
    return known[sizes]


@once
def _bounds_of(_: Problem) -> dict[tuple[int, int], dict[str, float | str]]:
    """What `_bounds` has found for a problem's n and m."""
    return {}


def _bound(event: Event, values: Mapping[str, Value], n: int, m: int) -> float | str:
    try:
        return obs.threshold(event, values, n, m)
    except FormulaError as error:  # such as log(n) = 0: the event has no threshold here
        return f"no threshold: {error}"
