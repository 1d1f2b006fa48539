"""Runs over tasks in one call: a chunk of cells or of seeds is advanced together; cells of a seed share their draw.

What a run gives is, bit for bit, what it gives alone (`reduced.run`), and one that diverges says what it says alone;
one that cannot be drawn is left to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from derivations.declare.variables import FRESH_TASKS
from derivations.errors import ModelError
from dynamics.errors import RangeError
from dynamics.kernel.bilevel import BilevelKernel

from ..ask import schedules
from ..errors import Diverged, InputError
from ..observe import observables as obs
from ..start.shared import Shared, held
from ..values import number, whole
from . import room
from .advanced import of_starts
from .asked import Asked, Found
from .lots import Lot
from .problem import Problem, Start


def size_of(problem: Problem, asked: Asked) -> int:
    """How many runs of a problem's shape are advanced together; 1 where they go alone.

    Together go those whose steps draw nothing, of inner products alone.
    """
    model, values, kernel = problem.model, problem.values, problem.kernel
    known = {*obs.at_every_step(model), *FRESH_TASKS, *(event.name for event in model.events)}
    alone = problem.initial is not None or problem.redraws or not set(asked.wanted) <= known
    if alone or not len(asked.recorded) or not isinstance(kernel, BilevelKernel):
        return 1
    count, n = (int(whole(values, name)) for name in (model.bilevel.tasks, model.bilevel.examples))
    directions, m = model.offsets(count * n, count)[""], int(whole(values, "m"))
    if not kernel.runs_together(directions, m):
        return 1
    filters = model.n_heads * m
    inner = number(values, model.bilevel.inner_steps) + 1.0
    operations = asked.steps * 2.0 * filters * directions**2 * (1.0 + inner / count)
    states = 3 if obs.needs_seen(model, asked.wanted) else 2  # z and b, and what is adapted from z
    entries = 2 * directions**2 + states * (len(asked.recorded) + 2) * filters * directions
    return room.runs(entries, operations)


def together(
    lot: Lot, seeds: Sequence[int], asked: Asked, sampling: str
) -> Iterator[tuple[int, int, Found | Diverged]]:
    """The runs of a lot that go together: the place of the cell among all, the seed's, and what alike gives of it."""
    if sampling != "gram":
        return
    problems = list(_problems(lot, asked))
    waiting: list[tuple[int, int, Start]] = []
    for at_seed, seed in enumerate(seeds):
        shared = Shared(room.ENTRIES)
        for place, problem, most in problems:
            try:
                waiting.append((place, at_seed, problem.start(seed, sampling, shared)))
            except (InputError, ModelError, RangeError):  # said where the run is made alone
                continue
            if len(waiting) == most or _held([start for _, _, start in waiting]) > room.ENTRIES:
                yield from _advanced(waiting, asked)
                waiting = []
    yield from _advanced(waiting, asked)


def _problems(lot: Lot, asked: Asked) -> Iterator[tuple[int, Problem, int]]:
    """The lot's cells that go together, each with its place, and how many runs are a call."""
    for row, place in enumerate(lot.places.tolist()):
        problem = lot.problem(row)
        try:
            most = size_of(problem, asked)
            schedules.check(problem.model, problem.values, asked.steps)
        except (InputError, ModelError, RangeError):  # said where the run is made alone
            continue
        if most > 1:
            yield place, problem, most


def _held(starts: Sequence[Start]) -> int:
    """Numbers that the starts' draws hold; those of one draw share them."""
    return sum(held(draw) for draw in {id(start.draw): start.draw for start in starts}.values())


def _advanced(waiting: Sequence[tuple[int, int, Start]], asked: Asked) -> Iterator[tuple[int, int, Found | Diverged]]:
    found = of_starts([start for _, _, start in waiting], asked) if waiting else []
    for (place, at_seed, _), run in zip(waiting, found, strict=True):
        if run is not None:
            yield place, at_seed, run


__all__ = ["size_of", "together"]
