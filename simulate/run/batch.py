"""Runs of many cells or seeds in one call: drawn, advanced and judged together, a chunk of one shape at a time.

What a run gives is, bit for bit, what it gives alone (`reduced.run`), and one that diverges says what it says alone.
A run that cannot be drawn, or counts something on its way, is left to that: whoever asks meets its own sentence there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from derivations.declare import ClassNoiseLaw, Variable
from derivations.declare.variables import FRESH, judged
from derivations.errors import ModelError
from dynamics.blas import one_blas_thread
from dynamics.errors import RangeError
from dynamics.fresh.classnoise import Spiked
from dynamics.kernel.chunks import heard

from ..ask import schedules
from ..ask.bounds import Bound, observables
from ..ask.columns import Columns
from ..errors import Diverged, InputError
from ..observe import fresh_many
from ..observe import observables as obs
from ..start import many
from ..start.declared import law_of
from ..start.drawn import Draw
from ..start.refusals import gram_refusal
from ..values import number, whole
from . import batch_tasks, room, watch_many
from .advanced import advanced
from .algorithm import step_draws
from .asked import Asked, Found
from .gathered import Reduce, Together, plainly
from .inside import seeks
from .lots import Lot, Lots
from .problem import Problem, Start
from .seen_many import Seeing
from .starts import Made, Waiting
from .together import go_together


@dataclass(frozen=True)
class _Runs:
    """R runs of one shape: their cells' parameters and plans, seeds, and where each stands in the answer.

    `plans` is None where a draw has more to it, or is one of vectors: then each run is drawn by itself.
    """

    lot: Lot
    plans: many.Plans | None
    seeds: tuple[int, ...]
    at_seed: NDArray[np.intp]
    sampling: str

    def part(self, rows: NDArray[np.intp]) -> _Runs:
        """Some of the runs."""
        seeds, plans = tuple([self.seeds[row] for row in rows.tolist()]), self.plans
        return _Runs(
            self.lot.rows(rows, self.lot.places[rows]), None if plans is None else plans.rows(rows), seeds,
            self.at_seed[rows], self.sampling,
        )

    @property
    def filters(self) -> int:
        """Filters of a run."""
        return self.lot.model.n_heads * int(whole(self.lot.values.alike, "m"))

    @property
    def directions(self) -> int:
        """Directions of a run."""
        return _directions(self.lot)

    @property
    def step(self) -> float:
        """Operations of a step of one run, about."""
        return 2.0 * self.filters * self.directions * (self.directions + 10)

    def drawn(self) -> tuple[_Runs, many.Drawn | None]:
        """The runs that can be drawn, and their draws; None where none can."""
        if self.plans is not None:
            return self, many.draw_many(self.lot.model, self.plans, self.lot.values, self.seeds)
        draws: list[Draw] = []
        rows: list[int] = []
        cells: dict[int, Problem] = {}  # each is read and checked once, whatever seeds it has
        for row, (seed, place) in enumerate(zip(self.seeds, self.lot.places.tolist(), strict=True)):
            if place not in cells:
                cells[place] = self.lot.problem(row)
            try:
                draw = many.by_products(cells[place].start(seed, self.sampling).draw)
            except (InputError, ModelError, RangeError):  # said where the run is made alone
                continue
            if all(isinstance(each, Spiked) for each in draw.noise.values()):
                draws.append(draw)
                rows.append(row)
        runs = self if len(rows) == len(self.seeds) else self.part(np.array(rows, dtype=np.intp))
        return runs, many.stacked(draws) if draws else None


def _directions(lot: Lot) -> int:
    """Directions of a run of the lot."""
    return int(lot.model.offsets(int(whole(lot.values.alike, "n")))[""])


@one_blas_thread()
def together(
    cells: Sequence[Problem], seeds: Sequence[int], steps: int, names: Sequence[str], sampling: str = "gram",
    until: Mapping[str, Bound] = MappingProxyType({}), reduce: Reduce | None = None,
) -> Together:
    """Each cell's and seed's variables `names` after `steps` steps from a draw, of the runs that go together.

    A run ends where all of `until`, bounds of observables by name, are met: its variables are of that step.
    With `reduce` it is numbers of them; so it is, of the variables themselves, where all are of fresh examples and
    nothing ends a run.
    Fresh variables, those of a state alone, and hitting times; what is counted along the way leaves every run over.  Of
    draws by vectors it is fresh variables alone: others may ask for the vectors.
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
            for runs in _shapes(lot, seeds, asked, sampling) if plain or sampling == "gram" else ():
                if steps * runs.step > room.OPERATIONS:
                    continue  # a run alone goes in pieces, between which an interrupt is heard
                for chunk in _chunks(runs, steps):
                    heard()
                    _chunk(chunk, asked, made)
    return made


def _shapes(lot: Lot, seeds: Sequence[int], asked: Asked, sampling: str) -> list[_Runs]:
    """The runs of a lot's cells, those together that have one shape; none where they go alone.

    Where nothing of fresh examples is wanted, a law by which they cannot be judged together parts nobody.
    """
    first, model, kernel = lot.first, lot.model, lot.kernel
    looked = {*asked.wanted, *observables(asked.until)}
    if first.initial is not None or first.redraws or not go_together(model, looked):
        return []
    try:
        for row in range(len(lot.places) if model.algorithm.schedules else 0):
            schedules.check(model, lot.values.at(row), asked.steps)
        for row in lot.values.distinct(list(model.algorithm.options.values()))[0].tolist():
            step_draws(model, lot.values.at(row), np.ones(int(whole(lot.values.alike, "n"))), 0)
        refused = sampling == "gram" and gram_refusal(model, lot.values.alike)
        if refused or not kernel.runs_together(_directions(lot)):
            return []
        read, shape_of = _fresh_shapes(lot) if looked & set(judged(model)) else _noise_shapes(lot)
        some, which = lot.values.distinct(read)
        shapes = [shape_of(row) for row in some.tolist()]
        kinds = [shape for shape in dict.fromkeys(shapes) if shape is not None]
        alike = [np.isin(which, [at for at, shape in enumerate(shapes) if shape == kind]) for kind in kinds]
        of_kinds = [lot.rows(rows, lot.places[rows]) for rows in map(np.flatnonzero, alike)]
        return [runs for part in of_kinds for runs in _of_one_kind(part, seeds, sampling)]
    except (InputError, ModelError, RangeError):  # said where the cell that is bad is run alone
        count = len(lot.places)
        halves = [np.arange(count // 2), np.arange(count // 2, count)] if count > 1 else []
        parts = [lot.rows(half, lot.places[half]) for half in halves]
        return [runs for part in parts for runs in _shapes(part, seeds, asked, sampling)]


_Shapes = tuple[list[str], Callable[[int], tuple[object, ...] | None]]
"""Parameters, and what cells that differ in them must have in common to go together; None: a cell goes alone."""


def _fresh_shapes(lot: Lot) -> _Shapes:
    """As cells' fresh examples are judged."""
    model, n = lot.model, int(whole(lot.values.alike, "n"))
    return (fresh_many.read_of(model, lot.values.alike),
            lambda row: fresh_many.shape_of(model, lot.values.at(row), n))


def _noise_shapes(lot: Lot) -> _Shapes:
    """As cells are drawn: whether a class noise differs by class."""
    laws = [law_of(family, lot.values.alike) for family in lot.model.directions]
    ratios = [law.ratio for law in laws if isinstance(law, ClassNoiseLaw)]
    return ratios, lambda row: tuple(number(lot.values.at(row), name) != 1.0 for name in ratios)


def _of_one_kind(lot: Lot, seeds: Sequence[int], sampling: str) -> list[_Runs]:
    """The runs of cells whose fresh examples are judged alike, those together that are drawn in as many dimensions."""
    plans = many.plans_of(lot.model, lot.values) if sampling == "gram" else None
    if plans is None:
        return [_of_seeds(lot, None, np.arange(len(lot.places)), seeds, sampling)]
    distinct, group = many.distinct(plans.columns[:, None])
    return [_of_seeds(lot, plans, np.flatnonzero(group == at), seeds, sampling) for at in range(len(distinct))]


def _of_seeds(
    lot: Lot, plans: many.Plans | None, rows: NDArray[np.intp], seeds: Sequence[int], sampling: str
) -> _Runs:
    """A run of each of the cells `rows` and each seed, a seed's one after another: they share what is random."""
    each = np.tile(rows, len(seeds))
    at_seed = np.repeat(np.arange(len(seeds)), len(rows))
    of_each = None if plans is None else plans.rows(each)
    of_runs = tuple([seeds[at] for at in at_seed.tolist()])
    return _Runs(lot.rows(each, lot.places[each]), of_each, of_runs, at_seed, sampling)


def _chunks(runs: _Runs, steps: int) -> Iterator[_Runs]:
    """Runs in the order given, in as few chunks of one size as `room.runs` says."""
    count = len(runs.seeds)
    most = _size(runs.filters, runs.directions, 1, steps * runs.step)
    size = -(-count // -(-count // most))
    for at in range(0, count, size):
        yield runs.part(np.arange(at, min(at + size, count)))


def _size(filters: int, directions: int, states: int, operations: float, vectors: float = 0.0) -> int:
    """How many runs are a chunk: of so many recorded states, operations and entries of vectors each."""
    a_state = 2 * filters * directions + directions**2 + 4 * filters**2
    entries = vectors + 4 * filters * directions + directions**2 + states * a_state
    return room.runs(entries, operations)


def size_of(start: Start, asked: Asked) -> int:
    """How many starts of a problem like this one are advanced together to what is asked; 1 where it goes alone."""
    model, problem, drawn = start.model, start.problem, start.draw
    if model.algorithm.over_tasks:
        alike = drawn.vectors is None and watch_many.together(start, asked) and seeks(start.kernel, model, asked.until)
        return batch_tasks.size_of(problem, asked) if alike else 1
    named = {*asked.wanted, *observables(asked.until)}
    alone = problem.initial is not None or problem.redraws
    if alone or not len(asked.recorded) or not start.kernel.runs_together(len(drawn.gram)):
        return 1
    fresh = named & set(obs.fresh_names(model))
    shape = fresh_many.shape_of(model, start.values, drawn.examples) if fresh and asked.fresh.together else None
    if any(not isinstance(each, Spiked) for each in drawn.noise.values()):
        return 1
    if (fresh and shape is None) or not go_together(model, named):
        return 1
    if not watch_many.together(start, asked):
        return 1
    filters, directions = drawn.z.shape[0] * drawn.z.shape[1], len(drawn.gram)
    vectors = 0.0 if drawn.vectors is None else (filters + directions) * drawn.d
    operations = asked.steps * 2.0 * filters * directions * (directions + 10)
    return _size(filters, directions, len(asked.recorded), operations, vectors)


@one_blas_thread()
def alike(starts: Sequence[Start], asked: Asked) -> list[Found | Diverged | None]:
    """The runs of starts of one problem, as many as `size_of` says, or how they diverged; None: to be run alone."""
    if starts[0].model.algorithm.over_tasks:
        return batch_tasks.alike(starts, asked)
    heard()
    values = Columns(starts[0].values, {}, len(starts))
    drawn = many.stacked([start.draw for start in starts])
    with np.errstate(all="ignore"):
        made = advanced(starts[0].problem, values, tuple(start.seed for start in starts), drawn, Made(starts), asked)
    return [made.found(start, at) for at, start in enumerate(starts)]


def _chunk(runs: _Runs, asked: Asked, made: Together) -> None:
    """Fills in what these runs give."""
    runs, drawn = runs.drawn()
    if drawn is None:
        return
    lot, starts = runs.lot, Waiting(runs.lot, runs.seeds, drawn)
    outcome = advanced(lot.first, lot.values, runs.seeds, drawn, starts, asked)
    places, at_seed = lot.places, runs.at_seed
    for at, error in outcome.diverged.items():
        made.take(int(places[at]), int(at_seed[at]), error)
    last = {} if made.reduce is None else outcome.last()
    if last.keys() >= {*asked.wanted}:
        seeing = Seeing(lot.model, lot.kernel, drawn, lot.values, starts, runs.seeds)
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
