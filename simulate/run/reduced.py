"""A run by the reduced recursion, along one set of examples or on examples drawn again before every step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from derivations.declare import Model, Variable
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.trajectory import Trajectory, cut

from ..errors import InputError
from ..observe import observables as obs
from ..work.progress import progress
from . import one_pass, tasks
from .asked import Asked, Found
from .judge import WHAT, judge
from .problem import Start
from .watch import EventWatch


def run(start: Start, asked: Asked) -> Found:
    """The run of a start by its kernel.  Raises Diverged, and InputError for a named variable that is not to be had."""
    if start.problem.redraws:
        return afresh(start, asked)
    watch = EventWatch(start, asked)
    watch.left_out()  # where a named event has no threshold: nobody waits for the run
    path = _path(start, asked, watch)
    found = along(start, asked, path)
    variables = {**found.variables, **watch.times(), **watch.counts(path.t)}
    return replace(found, variables=variables, notes=(*found.notes, *watch.left_out()))


def along(start: Start, asked: Asked, path: Trajectory) -> Found:
    """What the recorded states of a run give: all but hitting times."""
    states = start.seen(path, {})
    # First: it needs room that the variables would take.
    fresh = judge(start, states, asked.wanted, start.kernel, asked.fresh)
    notes = (*fresh.notes, *asked.left_out(fresh.reason, WHAT))
    known, said = declared(states, asked, start.observe)
    return Found(start, path.t, {**known, **fresh.variables}, (*notes, *said), obs.lacking(states, known))


def _path(start: Start, asked: Asked, watch: EventWatch) -> Trajectory:
    """The recorded states, looked at in every step by the kernel, or from outside what it does not know."""
    events = watch.inside()
    if events is not None:
        path = start.advance(asked.steps, asked.recorded, None, events)
        if events.stopped < 0 or watch.reached(cut(path, slice(-1, None))):
            watch.told(events)
            return path
    return start.advance(asked.steps, asked.recorded, watch if watch.busy else None)


def declared(
    states: obs.States, asked: Asked, observe: obs.Observe | None = None
) -> tuple[dict[str, Variable], tuple[str, ...]]:
    """The declared observables of the states, and a line for each that is not defined on this draw; see `computed`."""
    undefined = obs.undefined(states, asked.wanted)
    notes = [line for name, reason in undefined.items() for line in _without(asked, name, reason)]
    return obs.computed(states, [name for name in asked.wanted if name not in undefined], observe), tuple(notes)


def _without(asked: Asked, name: str, reason: str) -> tuple[str, ...]:
    """The note that one observable is left out; whoever named it is told to do so."""
    return asked.left_out(f"{reason}; leave {name} out of observables" if asked.named else reason, f"{name} is")


def afresh(start: Start, asked: Asked) -> Found:
    """A run whose examples are drawn again before every step: each recorded state is a draw of its own."""
    flag = start.model.algorithm.redrawn
    kernel = start.kernel
    over_tasks = isinstance(kernel, BilevelKernel)
    if (over_tasks and start.draw.sampling != "vectors") or start.problem.initial is not None or asked.until:
        raise InputError(afresh_refusal(start.model))
    watch, rows, notes = EventWatch(start, asked), [], dict[str, None]()
    watch.forget(tasks.lost(start.model))
    watch.left_out()
    with progress("run", asked.steps, "steps") as step:
        for now in _renewed(start, asked.steps):
            bound = kernel.through(now.draw.vectors) if over_tasks else kernel.bind(now.draw.clean, now.draw.scalars)
            here = replace(start, draw=now.draw, kernel=bound)
            chunk = Trajectory(np.array([now.t]), now.draw.z[None], now.b[None], -1)
            watch.at(here)(chunk)
            if now.t in asked.recorded:
                seen = here.observe(chunk.z)
                fresh = judge(start, now.states(start.model, start.values, seen), asked.wanted, kernel, asked.fresh)
                notes |= dict.fromkeys((*fresh.notes, *asked.left_out(fresh.reason, WHAT)))
                rows.append({**tasks.of_renewed(now, start.model, start.values, seen, asked.wanted), **fresh.variables})
            step(min(now.t, 1))
    lines = (*notes, f"{flag}: coefficients of past examples are not kept, nor what is made of them")
    lines += watch.left_out()
    return Found(start, asked.recorded, {**tasks.joined(rows), **watch.times()}, lines)


def _renewed(start: Start, steps: int) -> Iterator[tasks.Renewed]:
    """The states, each on the examples drawn for its step."""
    kernel = start.kernel
    if isinstance(kernel, BilevelKernel):
        return tasks.path(kernel, start.model, start.values, start.draw, start.seed, steps)
    return one_pass.path(kernel, start.model, start.values, start.draw, start.seed, steps)


def afresh_refusal(model: Model) -> str:
    """What a run on fresh examples does without: of tasks inner products alone, too."""
    flag, vectors = model.algorithm.redrawn, "sampling='vectors', " if model.algorithm.over_tasks else ""
    return (
        f"{flag}: True draws examples afresh before every step; expected engine='reduced', {vectors}no initial= and no "
        f"until=; give {flag}=false, or leave those out"
    )
