"""Runs of many cells or seeds in one call: drawn, advanced and judged together, a chunk of one shape at a time.

What a run gives is, bit for bit, what it gives alone (`reduced.run`), and one that diverges says what it says alone.
A run that cannot be drawn is left to that: whoever asks meets its own sentence there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from derivations.declare import Variable
from derivations.declare.variables import FRESH
from dynamics.blas import one_blas_thread
from dynamics.fresh.classnoise import Spiked
from dynamics.kernel.chunks import heard

from ..ask.bounds import Bound, observables
from ..errors import Diverged
from ..observe import fresh_many
from ..observe import observables as obs
from . import batch_tasks, room, shapes, watch_many
from .advanced import advanced, of_starts
from .asked import Asked, Found
from .gathered import Reduce, Together, plainly
from .lots import Lots
from .problem import Problem, Start
from .seen_many import Seeing
from .starts import Waiting
from .together import go_together


@one_blas_thread()
def together(
    cells: Sequence[Problem], seeds: Sequence[int], steps: int, names: Sequence[str], sampling: str = "gram",
    until: Mapping[str, Bound] = MappingProxyType({}), reduce: Reduce | None = None,
) -> Together:
    """Each cell's and seed's variables `names` after `steps` steps from a draw, of the runs that go together.

    A run ends where all of `until`, bounds of observables by name, are met: its variables are of that step.
    With `reduce` it is numbers of them; so it is, of the variables themselves, where all are of fresh examples and
    nothing ends a run.
    Fresh variables, those of a state alone, hitting times, and what many runs are counted by at once.
    """
    asked = Asked(steps, np.array([steps], dtype=np.int64), tuple(names), until, named=True)
    plain = set(names) <= set(FRESH) and not until
    made = Together.of(len(cells), len(seeds), plainly(names) if plain and reduce is None else reduce)
    with np.errstate(all="ignore"):  # what is not finite is left over
        for lot in Lots.of(cells).lots:
            if lot.model.algorithm.over_tasks:
                for place, at_seed, run in batch_tasks.together(lot, seeds, asked, sampling):
                    made.take(place, at_seed, run)
                continue
            for runs in shapes.of_one_shape(lot, seeds, asked, sampling):
                if steps * runs.step > room.OPERATIONS:
                    continue  # a run alone goes in pieces, between which an interrupt is heard
                for chunk in shapes.chunks(runs, asked):
                    heard()
                    _chunk(chunk, asked, made)
    return made


def size_of(start: Start, asked: Asked) -> int:
    """How many starts of a problem like this one are advanced together to what is asked; 1 where it goes alone."""
    model, problem, drawn = start.model, start.problem, start.draw
    if model.algorithm.over_tasks:
        alike = drawn.vectors is None and watch_many.together(start, asked)
        return batch_tasks.size_of(problem, asked) if alike else 1
    named = {*asked.wanted, *observables(asked.until)}
    alone = problem.initial is not None or problem.redraws
    if alone or not len(asked.recorded) or not start.kernel.runs_together(len(drawn.gram), drawn.z.shape[1]):
        return 1
    fresh = named & set(obs.fresh_names(model))
    shape = fresh_many.shape_of(model, start.values, drawn.examples) if fresh and asked.fresh.together else None
    if fresh and any(not isinstance(each, Spiked) for each in drawn.noise.values()):
        return 1
    if (fresh and shape is None) or not go_together(model, named):
        return 1
    if not watch_many.together(start, asked):
        return 1
    filters, directions = drawn.z.shape[0] * drawn.z.shape[1], len(drawn.gram)
    vectors = 0.0 if drawn.vectors is None else (filters + directions) * drawn.d
    operations = asked.steps * 2.0 * filters * directions * (directions + 10)
    return shapes.chunk_size(filters, directions, len(asked.recorded), operations, vectors)


@one_blas_thread()
def alike(starts: Sequence[Start], asked: Asked) -> list[Found | Diverged | None]:
    """The runs of starts of one problem, as many as `size_of` says, or how they diverged; None: to be run alone."""
    return of_starts(starts, asked)


def _chunk(runs: shapes.Runs, asked: Asked, made: Together) -> None:
    """Fills in what these runs give."""
    runs, drawn = runs.drawn(asked)
    if drawn is None:
        return
    lot, starts = runs.lot, Waiting(runs.lot, runs.seeds, drawn)
    outcome = advanced(lot.first, lot.values, runs.seeds, drawn, starts, asked)
    places, at_seed = lot.places, runs.at_seed
    for at, error in outcome.diverged.items():
        made.take(int(places[at]), int(at_seed[at]), error)
    last = {} if made.reduce is None else outcome.last()
    if last.keys() >= {*asked.wanted}:
        seeing = Seeing(lot.model, lot.kernel, drawn, lot.values, starts, runs.seeds, asked.fresh)
        rows = np.flatnonzero(outcome.whole & outcome.ends_told(seeing))
        if rows.size:
            of_rows = {name: Variable(each.dims, each.values[rows]) for name, each in last.items()}
            made.put(places[rows], at_seed[rows], of_rows, lambda: starts.one(int(rows[0])))
        return
    for at in np.flatnonzero(outcome.whole).tolist():
        run = outcome.found(starts.one(at), at)
        if isinstance(run, Found):
            made.take(int(places[at]), int(at_seed[at]), run)


__all__ = ["Together", "alike", "size_of", "together"]
