"""Runs over tasks in one call: a chunk of cells or of seeds is advanced together; cells of a seed share their draw.

What a run gives is, bit for bit, what it gives alone (`reduced.run`), and one that diverges says what it says alone;
one that cannot be drawn is left to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from derivations.declare import Model
from derivations.declare.variables import FRESH_TASKS
from derivations.errors import ModelError
from dynamics.errors import RangeError
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.chunks import heard
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.trajectory import Beside

from ..ask import schedules
from ..ask.columns import columns_of
from ..errors import Diverged, InputError
from ..observe import observables as obs
from ..start import many
from ..start.shared import Shared, held
from ..values import number, whole
from . import reduced, room
from .advanced import Advanced, finite, observed, said
from .asked import Asked, Found
from .inside import knows
from .lots import Lot
from .problem import Problem, Start
from .starts import Made
from .watch_many import Looks


def size_of(problem: Problem, asked: Asked) -> int:
    """How many runs of a problem's shape are advanced together; 1 where they go alone.

    Together go those whose steps draw nothing, of inner products alone.
    """
    model, values, kernel = problem.model, problem.values, problem.kernel
    known = {*obs.at_every_step(model), *FRESH_TASKS, *_timed(model, kernel)}
    alone = problem.initial is not None or problem.redraws or not set(asked.wanted) <= known
    if alone or not len(asked.recorded) or not isinstance(kernel, BilevelKernel):
        return 1
    count, n = (int(whole(values, name)) for name in (model.bilevel.tasks, model.bilevel.examples))
    directions, filters = model.offsets(count * n, count)[""], model.n_heads * int(whole(values, "m"))
    if not kernel.runs_together(directions):
        return 1
    inner = number(values, model.bilevel.inner_steps) + 1.0
    operations = asked.steps * 2.0 * filters * directions**2 * (1.0 + inner / count)
    states = 3 if obs.needs_seen(model, asked.wanted) else 2  # z and b, and what is adapted from z
    entries = 2 * directions**2 + states * (len(asked.recorded) + 2) * filters * directions
    return room.runs(entries, operations)


def _timed(model: Model, kernel: Kernel) -> list[str]:
    """The hitting times that the kernel looks for."""
    return [event.name for event in model.events if knows(kernel, model, [event.observable])]


def alike(starts: Sequence[Start], asked: Asked) -> list[Found | Diverged | None]:
    """The runs of starts of one shape, as many as `size_of` says, or how they diverged; None: to be run alone."""
    heard()
    looks = Looks.of(Made(starts), starts[0].model, asked, len(starts))
    if looks.waited is not None:
        return [_alone(start, asked) for start in starts]
    found: list[Found | Diverged | None] = [None] * len(starts)
    rows = np.flatnonzero(looks.inside).tolist()
    if rows:
        made = _in_one_call([starts[at] for at in rows], asked, looks.rows(rows))
        for place, at in enumerate(rows):
            found[at] = made.found(starts[at], place)
    return found


def _in_one_call(starts: Sequence[Start], asked: Asked, looks: Looks) -> Advanced:
    """The runs, in one call, that the kernel looks at in all that is asked."""
    first, t = starts[0], asked.recorded
    kernel, events = first.kernel, looks.events
    assert isinstance(kernel, BilevelKernel)
    drawn, values = many.stacked([start.draw for start in starts]), columns_of([start.values for start in starts])
    if events is not None:
        names = [list(kernel.watched)[place] for place in events.which.tolist()]
        vectors = [looks.watch(at).beside(names) for at in range(len(starts))]
        events = replace(events, beside=Beside.stacked([each for each in vectors if each is not None]))
    with np.errstate(all="ignore"):  # what is not finite is left over
        z, b, failed = kernel.run_tasks(drawn.z, drawn.gram, drawn.y, values, asked.steps, t, events)
        lost = {at: said(starts[at], starts[at].values, int(failed[at])) for at in np.flatnonzero(failed >= 0).tolist()}
        told = {at: error for at, error in lost.items() if error is not None}
        made = Advanced(
            asked, finite(z) & finite(b) & (failed < 0), told, z, b, np.ones((len(starts), len(t))), {}, {},
            replace(looks, events=events))
        return observed(first.model, kernel, drawn, values, made)


def _alone(start: Start, asked: Asked) -> Found | Diverged | None:
    """A run whose steps are looked at from outside: with others it shares its draw; None where one refuses it."""
    try:
        with np.errstate(all="ignore"):
            return reduced.run(start, asked)
    except Diverged as error:
        return error
    except InputError:
        return None


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
    found = alike([start for _, _, start in waiting], asked) if waiting else []
    for (place, at_seed, _), run in zip(waiting, found, strict=True):
        if run is not None:
            yield place, at_seed, run


__all__ = ["alike", "size_of", "together"]
