"""What is counted along runs, of every step's state: one counter a kind of observable, of one run or of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, OfRun, Variable
from derivations.declare.views import Counter, RunsCounter
from dynamics.arrays import Array, Steps

from ..ask.columns import Columns
from ..ask.userfile import answer
from ..observe import observables as obs
from ..observe.sides import Along, ManyAlong
from ..start import many
from ..start.scalars import all_scalars
from ..work.once import once
from .asked import Asked
from .problem import Start

BLOCK = 2.0**16  # numbers of states that are counted at a time: what is made of them stays in a cache


def counters(start: Start, asked: Asked) -> list[Counter]:
    """One for every kind of which a count along the run is wanted."""
    run = Along(start.model, start.draw.y, start.draw.clean, asked.recorded,
                all_scalars(start.model, start.values, start.draw.scalars))
    return [answer(type(some[0]).counter, some, run) for some in _kinds(start.model, asked)]


@dataclass(frozen=True)
class Counts:
    """What is counted along R runs of a model."""

    model: Model
    asked: Asked
    counters: Sequence[RunsCounter]

    @classmethod
    def of(cls, model: Model, asked: Asked, drawn: many.Drawn, values: Columns) -> Self:
        """Nothing yet."""
        kinds = _kinds(model, asked)
        scalars = [all_scalars(model, values.at(run), {name: each[run] for name, each in drawn.scalars.items()})
                   for run in range(values.count if kinds else 0)]
        runs = ManyAlong(model, drawn.y, drawn.clean, asked.recorded, scalars)
        return cls(model, asked, [answer(type(some[0]).counter_of_runs, some, runs) for some in kinds])

    def add(self, t: Steps, z: Array, rows: NDArray[np.intp], ends: NDArray[np.intp]) -> None:
        """Takes the states z (R', T, H, m, B) of runs at the consecutive steps t, each up to its place `ends` (R',)."""
        if not self.counters:
            return
        if (ends < len(t) - 1).any():  # one that has ended stays
            z = z[np.arange(len(z))[:, None], np.minimum(np.arange(len(t)), ends[:, None])]
        size = max(1, int(BLOCK // z[0].size))
        for at in range(0, len(z), size):
            some = slice(at, at + size)
            for counter in self.counters:
                answer(counter.add, t, z[some], rows[some])

    def variables(self) -> dict[str, Variable]:
        """What is wanted of the counts, (R, ...), their dimensions without the runs'."""
        dims = obs.dimensions(self.model)
        pairs = [pair for counter in self.counters for pair in answer(counter.variables, self.asked.recorded).items()]
        return {name: Variable(dims[name], np.asarray(each)) for name, each in pairs
                if name in self.asked.wanted}


def _kinds(model: Model, asked: Asked) -> list[list[OfRun]]:
    """What is wanted of those counted along runs, by its kind."""
    wanted = [o for o in _of_run(model) if {o.name, *o.also} & set(asked.wanted)]
    return [[o for o in wanted if type(o) is kind] for kind in dict.fromkeys(type(o) for o in wanted)]


@once
def _of_run(model: Model) -> tuple[OfRun, ...]:
    return tuple(o for o in model.observables if isinstance(o, OfRun))


__all__ = ["Counts", "counters"]
