"""Events seen from outside, at every step of a run, as the oracle of what a kernel looks for on its way."""

from __future__ import annotations

import numpy as np

from simulate.run import reduced
from simulate.run.asked import Asked, Found
from simulate.run.problem import Start
from simulate.run.watch import EventWatch


def seen_from_outside(start: Start, asked: Asked) -> Found:
    """The run, every step of which is looked at by the watch itself."""
    watch = EventWatch(start, asked)
    path = start.advance(asked.steps, asked.recorded, watch)
    states = start.states(path, asked.wanted)
    return Found(start, path.t, {**reduced.declared(states, asked)[0], **watch.times()}, ())


def same(one: Found, other: Found) -> bool:
    """Whether two runs have the same steps and the same bits."""
    names = one.variables.keys() | other.variables.keys()
    return np.array_equal(one.t, other.t) and all(
        one.variables[name].values.tobytes() == other.variables[name].values.tobytes() for name in names)
