"""A grid's runs: what is not done, in pieces of cells that threads, or other processes, take one after another."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from dynamics.arrays import Array

from ..observe import observables
from ..run.inside import from_outside
from ..run.lots import Lots
from ..run.problem import Problem
from ..run.request import Request
from ..run.seconds import seconds
from ..work.sweep import sweep
from .cell import Measure, outcomes
from .chunk import Chunk, Part, Runner
from .grid import Grid
from .grid_layout import Arrays

if TYPE_CHECKING:
    from .grid_store import GridStore

_AT_RISK = 2.0  # seconds of work that a kill may cost a worker
_SHARES = 8  # chunks a worker, where they are worth it: none of several waits long for the others at the end
_WORTH = 0.1  # seconds, by the estimate, of a chunk beside which the calls around it are little


class Workers(Protocol):
    """Who runs chunks, `count` of them at a time."""

    @property
    def count(self) -> int:
        """How many chunks are run at once."""

    def parts(self, grid: Grid, pieces: Sequence[Chunk], show: bool) -> Generator[Sequence[Part]]:
        """What becomes of the pieces, in the order in which they are done; given up where the caller closes it."""


@dataclass(frozen=True)
class Threads:
    """So many threads of this process."""

    count: int

    def parts(self, grid: Grid, pieces: Sequence[Chunk], show: bool) -> Generator[Sequence[Part]]:
        """As `Workers` says."""
        def run(chunk: Chunk) -> Sequence[Part]:
            return run_chunk(grid, chunk)

        with closing(sweep(run, pieces, self.count, "phase", "cells", show, size=ended(pieces))) as done:
            for _, chunk_parts in done:
                yield chunk_parts


def ended(pieces: Sequence[Chunk]) -> Callable[[Chunk], int]:
    """How many cells a piece is the last one of, in the order of the pieces."""
    last = set(dict(pieces).items())
    return lambda piece: len(piece[0]) * (piece in last)


def request(measure: Measure, problem: Problem) -> Request:
    """What one run of a problem takes."""
    sampling = "vectors" if measure.sampling == "vectors" else "gram"
    names = tuple(each.name for each in measure.wanted)
    asked = Request(problem.model, problem.values, sampling, "reduced", measure.steps, 1, names, measure.fresh.draws)
    looked = from_outside(problem.kernel, problem.model, asked.directions, asked.m, names, measure.until)
    looked |= set(names) & set(observables.counted(problem.model))
    return replace(asked, looked=looked, ends=bool(measure.until))


def costs(measure: Measure, cells: Lots) -> Array:
    """Seconds that one run of each of the cells takes, (C,)."""
    durations = np.empty(len(cells))
    for lot in cells.lots:
        real = [each.name for each in lot.first.model.parameters if each.dimension]  # the time goes by no other one
        some, which = lot.values.distinct(real)
        each = [seconds(request(measure, lot.problem(row))) for row in some.tolist()]
        durations[lot.places] = np.array(each)[which]
    return durations


class Memory:
    """A grid that is kept nowhere."""

    def __init__(self, grid: Grid) -> None:
        self.arrays = grid.layout.blank()
        self.done: NDArray[np.bool_] = np.zeros(grid.layout.flat, dtype=bool)
        self.damaged = self.done

    def write(self, cells: Sequence[int], seeds: Sequence[int], arrays: Arrays) -> None:
        """Take what was found of cells and seeds, (cell, seed) a variable."""
        for name, values in arrays.items():
            self.arrays[name][np.ix_(cells, seeds)] = values


def fill(grid: Grid, kept: Memory | GridStore, workers: Workers, show: bool) -> None:
    """Run what is not done, a chunk of cells at a time.  Writing is this thread's alone.

    A defect in one cell leaves that cell undone and is raised when the others have been run.
    """
    pieces = chunks(grid, kept.done, workers.count)
    defects = list[Exception]()
    # Closed at once where the disk is full or somebody interrupts: what is in the making is of no use then.
    with closing(workers.parts(grid, pieces, show)) as filled:
        for parts in filled:
            for (cells, seeds), outcome in parts:
                if isinstance(outcome, Exception):
                    defects.append(outcome)
                else:
                    kept.write(cells, seeds, outcome)
    if defects:
        raise defects[0]


def chunks(grid: Grid, done: NDArray[np.bool_], workers: int) -> list[Chunk]:
    """What is not done, in order, in pieces of cells."""
    cells = np.flatnonzero(~done.all(axis=1))
    pieces = cut(costs(grid.measure, grid.cells.part(cells)), ~done[cells], workers)
    return [(tuple(cells[list(part)].tolist()), seeds) for part, seeds in pieces]


def cut(takes: Array, lacking: NDArray[np.bool_], workers: int) -> list[Chunk]:
    """The runs that cells lack, (C, seeds), in pieces of cells that lack the same, of _AT_RISK seconds at most.

    A run of each takes so many seconds (C,).  A cell that takes longer comes in pieces of some of its seeds, a run each
    at least.
    """
    takes, count = takes * lacking.sum(axis=1), len(takes)
    shares = max(1, int(min(_SHARES, float(takes.sum()) / (workers * _WORTH))))
    most = max(1, -(-count // (shares * workers)) if workers > 1 else count)
    starts = [0, *(np.flatnonzero((lacking[1:] != lacking[:-1]).any(axis=1)) + 1).tolist(), count]
    pieces = list[Chunk]()
    for first, last in pairwise(starts):
        alike, spent = np.arange(first, last), np.cumsum(takes[first:last])
        while len(alike):
            before = spent[0] - takes[last - len(alike)]
            size = min(max(1, int(np.searchsorted(spent, before + _AT_RISK, side="right"))), most)
            seeds = np.flatnonzero(lacking[first]).tolist()
            some = max(1, int(len(seeds) / max(1.0, (spent[size - 1] - before) / _AT_RISK)))  # all, but of one cell
            part = tuple(alike[:size].tolist())
            pieces += [(part, tuple(seeds[at : at + some])) for at in range(0, len(seeds), some)]
            alike, spent = alike[size:], spent[size:]
    return pieces


def run_chunk(grid: Grid, chunk: Chunk) -> Sequence[Part]:
    """A chunk's arrays; or, where the program has a defect, those of each of its cells, or the defect that it met."""
    cells, seeds = chunk
    try:
        arrays = outcomes(grid.measure, grid.cells.part(cells), [grid.seeds[seed] for seed in seeds])
    except Exception as defect:  # noqa: BLE001 - raised, with its traceback, once the other cells are safe
        if len(cells) == 1:
            return [(chunk, defect)]
        return [part for cell in cells for part in run_chunk(grid, ((cell,), seeds))]
    return [(chunk, arrays)]


def runner(grid: Grid, workers: int, show: bool) -> Runner:
    """Runs further problems of the grid's declaration."""
    def run(problems: Sequence[Problem], lacking: NDArray[np.bool_]) -> Generator[tuple[Chunk, Arrays]]:
        cells = Lots.of(problems)
        pieces = cut(costs(grid.measure, cells), lacking, workers)

        def one(piece: Chunk) -> Arrays:
            return outcomes(grid.measure, cells.part(np.array(piece[0])), [grid.seeds[at] for at in piece[1]])

        with closing(sweep(one, pieces, workers, "boundary", "cells", show, size=ended(pieces))) as done:
            for at, arrays in done:
                yield pieces[at], arrays

    return run
