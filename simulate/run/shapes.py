"""Which runs of many cells and seeds are of one shape, and how many of them are a chunk: what one call takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derivations.declare import ClassNoiseLaw, Model
from derivations.declare.variables import judged
from derivations.errors import ModelError
from dynamics.errors import RangeError
from dynamics.fresh.classnoise import Spiked

from ..ask import schedules
from ..ask.bounds import observables
from ..errors import InputError
from ..observe import fresh_many
from ..start import many
from ..start.declared import law_of
from ..start.drawn import Draw
from ..start.refusals import gram_refusal
from ..values import number, whole
from . import room
from .algorithm import step_draws
from .asked import Asked
from .lots import Lot
from .problem import Problem
from .together import go_together


@dataclass(frozen=True)
class Runs:
    """R runs of one shape: their cells' parameters and plans, seeds, and where each stands in the answer.

    `plans` is None where a draw has more to it, or is one of vectors: then each run is drawn by itself.
    """

    lot: Lot
    plans: many.Plans | None
    seeds: tuple[int, ...]
    at_seed: NDArray[np.intp]
    sampling: str

    def part(self, rows: NDArray[np.intp]) -> Runs:
        """Some of the runs."""
        seeds, plans = tuple([self.seeds[row] for row in rows.tolist()]), self.plans
        return Runs(
            self.lot.rows(rows, self.lot.places[rows]), None if plans is None else plans.rows(rows), seeds,
            self.at_seed[rows], self.sampling,
        )

    @property
    def filters(self) -> int:
        """Filters of a run."""
        return self.lot.model.n_heads * _filters(self.lot)

    @property
    def directions(self) -> int:
        """Directions of a run."""
        return _directions(self.lot)

    @property
    def step(self) -> float:
        """Operations of a step of one run, about."""
        return 2.0 * self.filters * self.directions * (self.directions + 10)

    def drawn(self, asked: Asked) -> tuple[Runs, many.Drawn | None]:
        """The runs that can be drawn, and their draws, with vectors where somebody may look; None where none can."""
        kept, judging = _kept(self.lot.model, asked), _looked(asked) & set(judged(self.lot.model))
        if self.plans is not None:
            return self, many.draw_many(self.lot.model, self.plans, self.lot.values, self.seeds)
        draws: list[Draw] = []
        rows: list[int] = []
        cells: dict[int, Problem] = {}  # each is read and checked once, whatever seeds it has
        for row, (seed, place) in enumerate(zip(self.seeds, self.lot.places.tolist(), strict=True)):
            if place not in cells:
                cells[place] = self.lot.problem(row)
            try:
                draw = cells[place].start(seed, self.sampling).draw
            except (InputError, ModelError, RangeError):  # said where the run is made alone
                continue
            if not judging or all(isinstance(each, Spiked) for each in draw.noise.values()):
                draws.append(draw if kept else many.by_products(draw))
                rows.append(row)
        runs = self if len(rows) == len(self.seeds) else self.part(np.array(rows, dtype=np.intp))
        return runs, many.stacked(draws) if draws else None


def _looked(asked: Asked) -> set[str]:
    """What is looked at, at the end or on the way."""
    return {*asked.wanted, *observables(asked.until)}


def _kept(model: Model, asked: Asked) -> bool:
    """Whether somebody may look at a draw's vectors: fresh examples are judged by inner products."""
    return not _looked(asked) <= set(judged(model))


def _directions(lot: Lot) -> int:
    """Directions of a run of the lot."""
    return int(lot.model.offsets(int(whole(lot.values.alike, "n")))[""])


def _filters(lot: Lot) -> int:
    """Filters a head of a run of the lot."""
    return int(whole(lot.values.alike, "m"))


def of_one_shape(lot: Lot, seeds: Sequence[int], asked: Asked, sampling: str) -> list[Runs]:
    """The runs of a lot's cells, those together that have one shape; none where they go alone.

    Where nothing of fresh examples is wanted, a law by which they cannot be judged together parts nobody.
    """
    first, model, kernel = lot.first, lot.model, lot.kernel
    looked = _looked(asked)
    if first.initial is not None or first.redraws or not go_together(model, looked):
        return []
    try:
        for row in range(len(lot.places) if model.algorithm.schedules else 0):
            schedules.check(model, lot.values.at(row), asked.steps)
        for row in lot.values.distinct(list(model.algorithm.options.values()))[0].tolist():
            step_draws(model, lot.values.at(row), np.ones(int(whole(lot.values.alike, "n"))), 0)
        refused = sampling == "gram" and gram_refusal(model, lot.values.alike)
        if refused or not kernel.runs_together(_directions(lot), _filters(lot)):
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
        return [runs for part in parts for runs in of_one_shape(part, seeds, asked, sampling)]


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


def _of_one_kind(lot: Lot, seeds: Sequence[int], sampling: str) -> list[Runs]:
    """The runs of cells whose fresh examples are judged alike, those together that are drawn in as many dimensions."""
    plans = many.plans_of(lot.model, lot.values) if sampling == "gram" else None
    if plans is None:
        return [_of_seeds(lot, None, np.arange(len(lot.places)), seeds, sampling)]
    distinct, group = many.distinct(plans.columns[:, None])
    return [_of_seeds(lot, plans, np.flatnonzero(group == at), seeds, sampling) for at in range(len(distinct))]


def _of_seeds(
    lot: Lot, plans: many.Plans | None, rows: NDArray[np.intp], seeds: Sequence[int], sampling: str
) -> Runs:
    """A run of each of the cells `rows` and each seed, a seed's one after another: they share what is random."""
    each = np.tile(rows, len(seeds))
    at_seed = np.repeat(np.arange(len(seeds)), len(rows))
    of_each = None if plans is None else plans.rows(each)
    of_runs = tuple([seeds[at] for at in at_seed.tolist()])
    return Runs(lot.rows(each, lot.places[each]), of_each, of_runs, at_seed, sampling)


def chunks(runs: Runs, asked: Asked) -> Iterator[Runs]:
    """Runs in the order given, in as few chunks of one size as `room.runs` says."""
    count, vectors = len(runs.seeds), 0.0
    if runs.sampling == "vectors" and _kept(runs.lot.model, asked):
        vectors = (runs.filters + runs.directions) * float(runs.lot.values.column("d").max())
    most = chunk_size(runs.filters, runs.directions, 1, asked.steps * runs.step, vectors)
    size = -(-count // -(-count // most))
    for at in range(0, count, size):
        yield runs.part(np.arange(at, min(at + size, count)))


def chunk_size(filters: int, directions: int, states: int, operations: float, vectors: float = 0.0) -> int:
    """How many runs are a chunk: of so many recorded states, operations and entries of vectors each."""
    a_state = 2 * filters * directions + directions**2 + 4 * filters**2
    entries = vectors + 4 * filters * directions + directions**2 + states * a_state
    return room.runs(entries, operations)


__all__ = ["Runs", "chunk_size", "chunks", "of_one_shape"]
