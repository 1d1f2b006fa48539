"""phase: observables over a grid of one to three axes and several seeds, resumable, the same bits for any workers.

Every cell has the same seeds, so that cells differ by their parameters and not by their draws; a run that diverges or
cannot be run is one with that status and a sentence, and never a number.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model
from dynamics.blas import one_blas_thread

from ..ask import arguments as ask
from ..ask import keywords, paths, reading
from ..errors import called
from ..observe.samplings import DRAWN
from ..run import estimate
from ..run.dataset import Labelled, Parts
from ..start.refusals import gram_refusal
from ..work.sweep import processors
from .cell import EITHER, OK
from .cluster import cluster
from .edge import EdgeFound, asked_edge, followed
from .fill import Memory, Threads, Workers, costs, fill, request, runner
from .grid import Grid, GridAsked, checked
from .grid_layout import Arrays
from .grid_notes import where
from .grid_store import GridStore, free
from .grid_store import grid as grid_on_disk
from .kept_points import Points

if TYPE_CHECKING:
    import xarray

Axis = tuple[str, Sequence[object]]

_NAMED = 6  # cells that a line names one by one


@one_blas_thread()
def phase(
    setting: str | Model,
    params: Mapping[str, object] | None = None,
    *,
    x: Axis | str,
    y: Axis | str | None = None,
    z: Axis | str | None = None,
    hold: str | Sequence[str] | None = None,
    preset: str | None = None,
    steps: int | str | None = None,
    observable: str | Sequence[str] = "test_error",
    seeds: int | str = 3,
    seed: int | str = 0,
    sampling: str | None = None,
    test_sampling: str = DRAWN.name,
    until: ask.Thresholds | None = None,
    boundary: str | None = None,
    refine: float | str | None = None,
    store: str | PathLike[str] | None = None,
    workers: int | str | None = None,
    scheduler: str | None = None,
    progress: bool = True,
    **values: object,
) -> xarray.Dataset:
    """Run a model over a grid of one to three axes and return observables at the last step.

    Args:
        setting: a shipped name such as "pegr", "file.py:model", or a Model.
        params: values by name, over `preset`, over the published defaults; not those of the axes.  One may be a formula
            of others, such as "20/sqrt(d)", of those on the axes too.
        x: the columns, (name, values), such as ("lam", [0.01, 0.1]), or a text name=a:b:n, name=a:b:n:log or
            name=v1,v2: a parameter, a choice too, or a name in `hold`, whose equation is then solved at each value.
        y: the rows, where there are any.
        z: the planes, where there are any.
        hold: equations that hold in every cell, such as "sigma_p: sigma_p*sqrt(d)=20", solved there for the parameter
            before the colon, else for the only one in it that is not given (`simulate.conditions.held`).
        preset: named published values, such as "paper".
        steps: steps of gradient descent (a preset brings its own).
        observable: one number a run: loss, test_error, signal, ...; one with further axes, such as class_error, is
            reduced over them by max, min, mean or sum, as in "class_error:max", or picked from, as in
            "class_error[k=1]" and "neuron_norm[j=-1]:max".  Only an entry's standard error is known, not that of a
            mean or sum.  An event, such as T_1, is its hitting time: -1 where it is not reached in `steps` steps.
            What is counted along a run, such as flips, is the count up to its end.
            Several: a list, or a text with commas.
        seeds: draws a cell; every cell has the seeds seed, seed + 1, ...
        seed: the first of them.
        sampling: "gram" (inner products alone, at any d) or "vectors"; default gram, but for cells where it would be
            inexact or is refused, which are drawn as vectors and, where other cells are not, say so in `message`; the
            notes and attrs["drawn"] then say which are.
        test_sampling: how fresh examples are taken, "draws" or "importance" (for errors of 1e-4 to 1e-9), as in `run`.
        until: a run ends at the first step where an observable is at or below a value, such as {"loss": 1e-3}, or at
            or above one, {"gamma:max": ">=1"}, in all of its entries but for a rule, of several at all: numbers are of
            that step, or of the last where none has it; `stopped` is the step, -1 for none, an observable like others.
        boundary: an observable and a level, as in "test_error=0.1", whose crossing is followed over one or two axes.
            Of a hitting time, as in "T_1=500", a run that has not reached it counts as the step after the last.
        refine: a share of an axis' span, such as 0.01, to which the boundary is found, by splitting cells across it;
            along whole numbers that are further apart to neighbouring ones, and attrs["boundary_whole"] names the axis.
        store: a zarr folder that keeps finished cells; a rerun with the same configuration fills what is missing, and
            one with more points on an axis, or more seeds, runs what is new; one with a further observable, all.
        workers: threads; default, the processors at hand.  The result does not depend on it.
        scheduler: the address of a dask scheduler, whose workers then run the cells in place of this process' threads
            (a boundary's splitting apart): `simulate.phase.cluster`.  They need the same gammarho, and of a file's
            model the file at the same path.
        progress: show progress on stderr.
        values: more parameters, as keywords: phase("pegr", x="lam=0.01,0.1", eta=0.2).

    Returns:
        Dimensions (z, y, x, seed), each axis under its own name: each observable (NaN where it has no number), its
        standard error where it has one, `status` ("ok", "diverged", "failed" or "undone") of every run and `message`, a
        sentence for what is not ok or was drawn otherwise, also where no cell can be run (the program then ends with
        2).  A run that ran out of memory or could not read or write
        is "undone": it is not kept, and a rerun takes it up.  Every other parameter that has a value is a coordinate;
        those of the axes say in attrs["spacing"] whether they are "linear", "log" or "irregular".  A boundary's points
        are along the dimension "boundary": of each axis the value, boundary_NAME, and the ends of its 95 % band from
        the seeds, boundary_NAME_low and _high; over two positive axes attrs has the exponent that they follow,
        boundary_exponent_slope, with its interval, _low and _high (`simulate.phase.boundary`).  A store keeps
        their runs, and no points.

    Raises:
        InputError: bad input, a store that holds something else, is damaged, or is being written by another process,
            in one sentence.  Unwritten: a store that cannot be written; the cells that it has are safe.
    """
    asked = GridAsked(setting, keywords.joined(params, values), {"x": x, "y": y, "z": z}, hold, preset, steps,
                      observable, seeds, seed, sampling, test_sampling, until)
    with called("out", "store"):  # as the program has it
        return labelled(asked, boundary, refine, store, workers, scheduler, progress).dataset()


class Cells(Parts):
    """A grid's numbers."""

    def dataset(self) -> xarray.Dataset:
        """What `phase` returns."""
        import xarray

        return xarray.Dataset(dict(self.data_vars), dict(self.coords), self.attrs)


@one_blas_thread()
def labelled(
    asked: GridAsked, boundary: str | None = None, refine: float | str | None = None,
    store: str | PathLike[str] | None = None, workers: int | str | None = None, scheduler: str | None = None,
    progress: bool = True,
) -> Cells:
    """`phase` as plain arrays."""
    threads, place = ask.workers(workers, processors()), paths.store("store", store)
    show = reading.switch("progress", progress)
    grid = checked(asked, threads)
    edge = asked_edge(grid, boundary, refine)
    taken_up = place is not None and not free(place)
    if not taken_up:  # before a folder is made for what is refused
        _check_time(grid, np.zeros(grid.layout.flat, dtype=bool), threads)
    with _kept(grid, place) as kept:
        if taken_up:
            _told_of_store(kept, place, show)
            _check_time(grid, kept.done, threads)
        again = _damage(grid, kept, place)
        if again and show:
            print(f"phase: {again}", file=sys.stderr, flush=True)
        with _workers(threads, scheduler, asked) as those:
            fill(grid, kept, those, show)
        between = Points(grid, place).through(runner(grid, threads, show))
        curve = None if edge is None else followed(grid, edge, kept.arrays, between)
        return _cells(grid, kept.arrays, [again] if again else [], curve)


@contextmanager
def _workers(threads: int, scheduler: str | None, asked: GridAsked) -> Iterator[Workers]:
    """Who runs the cells."""
    if scheduler is None:
        yield Threads(threads)
        return
    with cluster(scheduler, asked) as workers:
        yield workers


def _check_time(grid: Grid, done: NDArray[np.bool_], workers: int) -> None:
    """Says how long the runs that are not done take, where that is long.  Raises InputError where it is too long."""
    missing = np.flatnonzero(~done.all(axis=1))
    if missing.size:
        takes = costs(grid.measure, grid.cells.part(missing))
        dearest = request(grid.measure, grid.cells[int(missing[takes.argmax()])])
        estimate.check_cells(takes, (~done[missing]).sum(axis=1), dearest, len(grid.seeds), workers)


def _told_of_store(kept: Memory | GridStore, place: Path | None, show: bool) -> None:
    """A line on stderr that says how many cells, or runs where cells lack some of their seeds, are there already."""
    whole = kept.done.all(axis=1)
    runs = bool((whole != kept.done.any(axis=1)).any())
    of, unit = (kept.done, "runs") if runs else (whole, "cells")
    if show:
        print(f"phase: {int(of.sum())} of {of.size} {unit} are in {place}", file=sys.stderr, flush=True)


@contextmanager
def _kept(grid: Grid, store: Path | None) -> Iterator[Memory | GridStore]:
    """Where the grid's cells are kept."""
    if store is None:
        yield Memory(grid)
        return
    with grid_on_disk(store, grid.layout) as on_disk:
        yield on_disk


def _damage(grid: Grid, kept: Memory | GridStore, store: Path | None) -> str:
    """A line that names the cells of the store that are not as they were written; empty where all are."""
    bad = np.flatnonzero(kept.damaged.any(axis=1)).tolist()
    if not bad:
        return ""
    names, points = [each.name for each in reversed(grid.axes)], grid.layout.points()
    named = [", ".join(f"{name}={value}" for name, value in zip(names, reversed(points[cell]), strict=True))
             for cell in bad[:_NAMED]]
    more = [f"{len(bad) - _NAMED} more"] if len(bad) > _NAMED else []
    subject = "1 cell was" if len(bad) == 1 else f"{len(bad)} cells were"
    verb = "is" if len(bad) == 1 else "are"
    return f"{subject} damaged in {store} and {verb} run again: {'; '.join([*named, *more])}"


def _drawn(grid: Grid, arrays: Arrays) -> str:
    """Which cells were drawn by vectors and which by inner products, where both were; else empty.

    A run that is ok has a message where it was not drawn by inner products, as others are by default.
    """
    if grid.measure.sampling != EITHER:
        return ""
    refused = np.zeros(len(grid.cells), dtype=np.bool_)
    for lot in grid.cells.lots:
        refused[lot.places] = bool(gram_refusal(lot.model, lot.values.alike))
    vectors = refused | ((arrays["status"] == OK) & (arrays["message"] != "")).any(axis=1)
    return where(["inner products", "vectors"], vectors.astype(np.intp), grid.axes) if vectors.any() else ""


def _cells(grid: Grid, arrays: Arrays, told: Sequence[str], boundary: EdgeFound | None) -> Cells:
    """The grid and its boundary, with what is `told` of this filling of it among its notes."""
    layout = grid.layout
    plain = {name: values.astype(str) if values.dtype == object else values for name, values in arrays.items()}
    data = {
        name: Labelled(layout.dims, plain[name].reshape(layout.shape), dict(column.attrs))
        for name, column in layout.columns.items()
    }
    coordinates = {name: Labelled(each.dims, each.values, {**each.attrs}) for name, each in layout.coordinates.items()}
    drawn = {"drawn": each} if (each := _drawn(grid, arrays)) else {}
    lines = [*grid.notes, *(f"drawn by {each}" for each in drawn.values()), *told]
    attributes = {**layout.attributes, **drawn, "notes": "\n".join(lines),
                  "configuration": json.dumps(layout.configuration)}
    further = {} if boundary is None else boundary.variables()
    said = {} if boundary is None else boundary.attributes()
    return Cells({**data, **further}, coordinates, {**attributes, **said})
