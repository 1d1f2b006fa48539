"""phase: one observable over a grid of two parameters and several seeds, resumable, the same bits for any workers.

Every cell has the same seeds, so that cells differ by their parameters and not by their draws; a cell that diverges or
cannot be run is a cell with that status and a sentence, and never a number.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model
from dynamics.kernel.blas import one_blas_thread

from ..ask import arguments as ask
from ..ask import parameters, paths
from ..run import estimate
from ..work.sweep import processors, sweep
from .cell import UNDONE, outcome
from .grid import Axis, Grid, checked
from .grid_store import Arrays, GridStore, free
from .grid_store import grid as grid_on_disk

if TYPE_CHECKING:
    import xarray

_NAMED = 6  # cells that a line names one by one


@one_blas_thread()
def phase(
    setting: str | Model,
    params: Mapping[str, object] | None = None,
    *,
    x: Axis | str,
    y: Axis | str,
    preset: str | None = None,
    steps: int | str | None = None,
    observable: str = "test_error",
    seeds: int | str = 3,
    seed: int | str = 0,
    sampling: str | None = None,
    store: str | PathLike[str] | None = None,
    workers: int | str | None = None,
    progress: bool = True,
) -> xarray.Dataset:
    """Run a model over a grid of two parameters and return an observable at the last step.

    Args:
        setting: a shipped name such as "pegr", "file.py:model", or a Model.
        params: values by name, over `preset`, over the published defaults; not those of the axes.
        x: the columns, (parameter, values), such as ("lam", [0.01, 0.1]), or a text name=a:b:n or name=a:b:n:log.
        y: the rows.
        preset: named published values, such as "paper".
        steps: steps of gradient descent (a preset brings its own).
        observable: one number a run: loss, test_error, signal, ...; one with further axes, such as class_error, is
            reduced over them by max, min, mean or sum, as in "class_error:max", or picked from, as in
            "class_error[k=1]" and "neuron_norm[j=-1]:max".  Only an entry's standard error is known, not that of a
            mean or sum.  An event, such as T_1, is its hitting time: -1 where it is not reached in `steps` steps.
        seeds: draws a cell; every cell has the seeds seed, seed + 1, ...
        seed: the first of them.
        sampling: "gram" (inner products alone, at any d) or "vectors"; default gram where it is exact at every cell,
            but for cells at whose values it is refused, which are drawn as vectors and say so in `message`.
        store: a zarr folder that keeps finished cells; a rerun with the same configuration fills what is missing.
        workers: threads; default, the processors at hand.  The result does not depend on it.
        progress: show progress on stderr.

    Returns:
        Dimensions (y, x, seed), each axis under its parameter's name: the observable (NaN wherever the status is not
        "ok"), its standard error where it has one, `status` ("ok", "diverged", "failed" or "undone") and `message`, a
        sentence for what is not ok or was drawn otherwise.  A cell that ran out of memory or could not read or write
        is "undone": it is not kept, and a rerun takes it up.  Every other parameter that has a value is a coordinate;
        those of the axes say in attrs["spacing"] whether they are "linear", "log" or "irregular".

    Raises:
        InputError: bad input, a store that holds something else, is damaged, or is being written by another process,
            in one sentence.  Unwritten: a store that cannot be written; the cells that it has are safe.
    """
    threads, place = ask.workers(workers, processors()), paths.store("store", store)
    show = parameters.switch("progress", progress)
    grid = checked(setting, params, x, y, preset, steps, observable, seeds, seed, sampling, threads)
    taken_up = place is not None and not free(place)
    if not taken_up:  # before a folder is made for what is refused
        _check_time(grid, np.zeros(grid.shape[:2], dtype=bool), threads)
    with _kept(grid, place) as kept:
        if taken_up:
            _told_of_store(kept, place, show)
            _check_time(grid, kept.done, threads)
        again = _damage(grid, kept, place)
        if again and show:
            print(f"phase: {again}", file=sys.stderr, flush=True)
        _fill(grid, kept, threads, show)
        return _dataset(grid, kept.arrays, [again] if again else [])


def _check_time(grid: Grid, done: NDArray[np.bool_], workers: int) -> None:
    """Says how long the cells that are not done take, where that is long.  Raises InputError where it is too long."""
    measure = grid.measure
    sampling = "vectors" if measure.sampling == "vectors" else "gram"
    missing = [grid.cells[row][column] for row, column in np.argwhere(~done)]
    estimate.check_cells(
        [estimate.Request(cell.model, cell.values, sampling, "reduced", measure.steps, 1, (measure.wanted.name,))
         for cell in missing],
        len(grid.seeds), workers,
    )


def _told_of_store(kept: _Memory | GridStore, place: Path | None, show: bool) -> None:
    """A line on stderr that says how many cells are there already."""
    if show:
        print(f"phase: {int(kept.done.sum())} of {kept.done.size} cells are in {place}", file=sys.stderr, flush=True)


@contextmanager
def _kept(grid: Grid, store: Path | None) -> Iterator[_Memory | GridStore]:
    """Where the grid's cells are kept."""
    if store is None:
        yield _Memory(grid)
        return
    with grid_on_disk(store, grid.empty(), grid.coordinates(), grid.configuration(), grid.attributes()) as found:
        yield found


def _damage(grid: Grid, kept: _Memory | GridStore, store: Path | None) -> str:
    """A line that names the cells of the store that are not as they were written; empty where all are."""
    bad = [(int(row), int(column)) for row, column in np.argwhere(kept.damaged)]
    if not bad:
        return ""
    (down, rows), (across, columns) = grid.y, grid.x
    named = [f"{across}={columns[column]}, {down}={rows[row]}" for row, column in bad[:_NAMED]]
    more = [f"{len(bad) - _NAMED} more"] if len(bad) > _NAMED else []
    subject = "1 cell was" if len(bad) == 1 else f"{len(bad)} cells were"
    verb = "is" if len(bad) == 1 else "are"
    return f"{subject} damaged in {store} and {verb} run again: {'; '.join([*named, *more])}"


class _Memory:
    """A grid that is kept nowhere."""

    def __init__(self, grid: Grid) -> None:
        self.arrays = grid.empty()
        self.done: NDArray[np.bool_] = np.zeros(grid.shape[:2], dtype=bool)
        self.damaged = self.done

    def keep(self, row: int, column: int, cell: Arrays) -> None:
        for name, values in cell.items():
            self.arrays[name][row, column] = values

    write = keep


def _fill(grid: Grid, kept: _Memory | GridStore, workers: int, show: bool) -> None:
    """Run every cell that is not done.  Writing is this thread's alone.

    A defect in one cell leaves that cell undone and is raised when the others have been run.
    """
    missing = [(int(row), int(column)) for row, column in np.argwhere(~kept.done)]
    defects = []
    # Closed at once where the disk is full or somebody interrupts: what is in the making is of no use then.
    with closing(sweep(lambda at: _run(grid, *at), missing, workers, "phase", "cells", show)) as cells:
        for _, (row, column, cell) in cells:
            if isinstance(cell, Exception):
                defects.append(cell)
            else:
                (kept.keep if UNDONE in cell["status"] else kept.write)(row, column, cell)
    if defects:
        raise defects[0]


def _run(grid: Grid, row: int, column: int) -> tuple[int, int, Arrays | Exception]:
    """One cell, all its seeds: each variable (seed,); or the defect of the program that it met."""
    cell = grid.cells[row][column]
    try:
        found = [outcome(grid.measure, cell, seed) for seed in grid.seeds]
    except Exception as defect:  # noqa: BLE001 - raised, with its traceback, once the other cells are safe
        return row, column, defect
    arrays: Arrays = {grid.measure.name: np.array([each.value for each in found])}
    if grid.error:
        arrays[grid.error] = np.array([each.error for each in found])
    for name in ("status", "message"):
        arrays[name] = np.array([getattr(each, name) for each in found], dtype=object)
    return row, column, arrays


def _dataset(grid: Grid, arrays: Arrays, told: Sequence[str]) -> xarray.Dataset:
    """The grid, with what is `told` of this filling of it among its notes."""
    import xarray

    dims = (grid.y[0], grid.x[0], "seed")
    meaning = {
        grid.measure.name: f"{grid.measure.name} at step {grid.measure.steps}",
        "status": "ok, diverged, failed or undone",
        "message": "what happened where the status is not ok, or why the draw is not the default",
    }
    at = {name: {"meaning": meaning.get(name, "standard error")} for name in arrays}
    for event in grid.model.events:
        if event.name == grid.measure.name:
            said = f"first step that reaches it, -1 where none of {grid.measure.steps} does"
            at[event.name] = {"meaning": said, "event": event.source}
    plain = {name: values.astype(str) if values.dtype == object else values for name, values in arrays.items()}
    data = {name: (dims, values, at[name]) for name, values in plain.items()}
    named = {"y": grid.y[0], "x": grid.x[0]}
    coordinates = {
        name: (tuple(named.get(dim, dim) for dim in each.dims), each.values, each.attrs)
        for name, each in grid.coordinates().items()
    }
    notes = {"notes": "\n".join([*grid.notes, *told])}
    attributes = {**grid.attributes(), **notes, "configuration": json.dumps(grid.configuration())}
    return xarray.Dataset(data, coords=coordinates, attrs=attributes)
