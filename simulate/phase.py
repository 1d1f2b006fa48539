"""phase: one observable over a grid of two parameters and several seeds, resumable, the same bits for any workers.

Every cell has the same seeds, so that cells differ by their parameters and not by their draws; a cell that diverges or
cannot be run is a cell with that status and a sentence, and never a number.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from derivations.errors import ModelError
from derivations.model import (
    Distance,
    Extreme,
    FreshTasks,
    MaxMargin,
    Model,
    NearOrthogonality,
    NoiseRatio,
    NormalisedMargin,
    Value,
)
from dynamics.bilevel import BilevelKernel
from dynamics.blas import one_blas_thread
from dynamics.errors import RangeError
from dynamics.kernel import Kernel

from . import estimate, grid_axes, magnitudes, matrices, parameters, settings, tasks
from . import observables as obs
from .algorithm import decays, step_draws
from .ask import arguments as ask
from .ask import digest, paths
from .ask.axes import axis
from .draw import Draw, draw, gram_refusal
from .errors import Diverged, InputError, nearest, quoted
from .fresh import fresh_statistics
from .fresh_tasks import fresh_task_statistics
from .grid_axes import Coordinate
from .grid_store import Arrays, GridStore, free
from .grid_store import grid as grid_on_disk
from .kernels import kernel_for, ready
from .record import advance
from .reduced_axes import Wanted, wanted
from .run import SAMPLINGS, run, seen_by, total_steps
from .sweep import sweep

if TYPE_CHECKING:
    import xarray

Axis = tuple[str, Sequence[object]]
Array = NDArray[np.float64]
OK, DIVERGED, FAILED, UNDONE = "ok", "diverged", "failed", "undone"
_NAMED = 6  # cells that a line names one by one
_EITHER = "gram, else vectors"  # the default where no law forbids gram: vectors at cells whose values it refuses
_SCALARS = ("loss", "gradient_norm", "train_error", *obs.FRESH)


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
    out: str | PathLike[str] | None = None,
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
        out: a zarr folder that keeps finished cells; a rerun with the same configuration fills what is missing.
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
    threads, place = ask.workers(workers, processors()), paths.store("out", out)
    show = parameters.switch("progress", progress)
    grid = _grid(setting, params, x, y, preset, steps, observable, seeds, seed, sampling, threads)
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


def _check_time(grid: _Grid, done: NDArray[np.bool_], workers: int) -> None:
    """Says how long the cells that are not done take, where that is long.  Raises InputError where it is too long."""
    sampling = "vectors" if grid.sampling == "vectors" else "gram"
    missing = [grid.cells[row][column] for row, column in np.argwhere(~done)]
    estimate.check_cells(
        [estimate.Request(cell.model, cell.values, sampling, "reduced", grid.steps, 1, (grid.wanted.name,))
         for cell in missing],
        len(grid.seeds), workers,
    )  # fmt: skip


def _told_of_store(kept: _Memory | GridStore, place: Path | None, show: bool) -> None:
    """A line on stderr that says how many cells are there already."""
    if show:
        print(f"phase: {int(kept.done.sum())} of {kept.done.size} cells are in {place}", file=sys.stderr, flush=True)


@contextmanager
def _kept(grid: _Grid, store: Path | None) -> Iterator[_Memory | GridStore]:
    """Where the grid's cells are kept."""
    if store is None:
        yield _Memory(grid)
        return
    with grid_on_disk(store, grid.empty(), grid.coordinates(), grid.configuration(), grid.attributes()) as found:
        yield found


def _damage(grid: _Grid, kept: _Memory | GridStore, store: Path | None) -> str:
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

    def __init__(self, grid: _Grid) -> None:
        self.arrays = grid.empty()
        self.done: NDArray[np.bool_] = np.zeros(grid.shape[:2], dtype=bool)
        self.damaged = self.done

    def keep(self, row: int, column: int, cell: Arrays) -> None:
        for name, values in cell.items():
            self.arrays[name][row, column] = values

    write = keep


@dataclass(frozen=True)
class _Cell:
    """One cell's model, kernel and parameter values."""

    model: Model
    kernel: Kernel
    values: Mapping[str, Value]


@dataclass(frozen=True)
class _Grid:
    """A checked request; cells (rows, columns)."""

    model: Model
    cells: tuple[tuple[_Cell, ...], ...]
    x: tuple[str, tuple[Value, ...]]
    y: tuple[str, tuple[Value, ...]]
    seeds: tuple[int, ...]
    steps: int
    observable: str
    wanted: Wanted
    sampling: str
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.y[1]), len(self.x[1]), len(self.seeds)

    @property
    def error(self) -> str | None:
        """The name of the observable's standard error."""
        known = f"{self.wanted.name}_se" in obs.fresh_names(self.model) and self.wanted.rule not in ("mean", "sum")
        return f"{self.observable}_se" if known else None

    def empty(self) -> Arrays:
        numbers = [self.observable, *([self.error] if self.error else [])]
        text = {name: np.full(self.shape, "", dtype=object) for name in ("status", "message")}
        return {**{name: np.full(self.shape, np.nan) for name in numbers}, **text}

    def coordinates(self) -> dict[str, Coordinate]:
        """The axes, the seeds, and every other parameter."""
        axes = {
            name: grid_axes.axis(self.model, dim, name, values)
            for dim, (name, values) in (("x", self.x), ("y", self.y))
        }
        labels = {**axes, "seed": Coordinate(("seed",), np.array(self.seeds))}
        cells = [[cell.values for cell in row] for row in self.cells]
        return {**labels, **grid_axes.parameters(self.model, cells, [*labels, *self.empty(), "digest"])}

    def configuration(self) -> dict[str, Any]:
        """All that a cell's value depends on."""
        base = self.cells[0][0].values
        kernels = {cell.kernel.path.stem: _text(cell.kernel) for row in self.cells for cell in row}
        return {
            "setting": self.model.name,
            "observable": self.observable,
            "steps": self.steps,
            "sampling": self.sampling,
            "x": dict([self.x]),
            "y": dict([self.y]),
            "seeds": self.seeds,
            "parameters": {name: value for name, value in base.items() if name not in (self.x[0], self.y[0])},
            "declaration": digest.of_model(self.model),
            "kernel": {stem: digest.short(source.encode()) for stem, source in sorted(kernels.items())},
            "gammarho": _version(),
        }

    def attributes(self) -> dict[str, Any]:
        return {
            "setting": self.model.name,
            "title": self.model.title,
            "observable": self.observable,
            "steps": self.steps,
            "sampling": self.sampling,
            "x": self.x[0],
            "y": self.y[0],
            "notes": "\n".join(self.notes),
        }


def _grid(
    setting: str | Model,
    params: Mapping[str, object] | None,
    x: Axis | str,
    y: Axis | str,
    preset: str | None,
    steps: int | str | None,
    observable: str,
    seeds: int | str,
    seed: int | str,
    sampling: str | None,
    workers: int,
) -> _Grid:
    found = settings.resolve(setting)
    chosen = found.preset(preset)
    given = parameters.by_name(params)
    base = parameters.resolve(found.factory, given, chosen)
    columns, rows = axis("x", x, base.model, given), axis("y", y, base.model, given)
    if columns[0] == rows[0]:
        raise InputError(f"x and y: both {columns[0]}; expected two different parameters")
    observable = ask.one_text("observable", observable, "test_error")
    request, alone = _check_observable(base.model, observable)
    sampling = None if sampling is None else parameters.choice("sampling", sampling, SAMPLINGS)
    first, many = parameters.count("seed", seed), parameters.count("seeds", seeds, low=1, example=3)
    count = total_steps(steps, chosen, found)
    kernels: dict[Model, Kernel] = {}

    def cell(vertical: Value, horizontal: Value) -> _Cell:
        resolved = parameters.resolve(found.factory, {**given, rows[0]: vertical, columns[0]: horizontal}, chosen)
        if resolved.model not in kernels:  # loaded here, once: threads share it
            kernels[resolved.model] = kernel_for(resolved.model)
        ready(resolved.model, kernels[resolved.model], resolved.values)
        return _Cell(resolved.model, kernels[resolved.model], resolved.values)

    notes = [note for note in base.notes if note.split(" ")[0] not in (columns[0], rows[0])]
    corners = [cell(v, h) for v in _ends(rows[1]) for h in _ends(columns[1])]
    estimate.check_grid(
        [estimate.Request(each.model, each.values, sampling or "gram", "reduced", count, 1, (request.name,))
         for each in corners],
        len(rows[1]) * len(columns[1]), many, workers,
    )  # fmt: skip
    cells = tuple(tuple(cell(v, h) for h in columns[1]) for v in rows[1])
    inexact = any(gram_refusal(each.model, each.values) for row in cells for each in row)
    sampling = sampling or ("vectors" if inexact else _EITHER)
    if not alone:
        _try_out(request, [each for row in cells for each in row], first, sampling)
    return _Grid(
        model=base.model,
        cells=cells,
        x=columns,
        y=rows,
        seeds=tuple(range(first, first + many)),
        steps=count,
        observable=observable,
        wanted=request,
        sampling=sampling,
        notes=tuple(notes),
    )


def _ends(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """An axis' first and last value."""
    return tuple(dict.fromkeys((values[0], values[-1])))


def _check_observable(model: Model, text: str) -> tuple[Wanted, bool]:
    """What an observable's text asks for, and whether that is one number a run as it stands."""
    declared = [
        o.name
        for o in model.observables
        if isinstance(o, Distance | MaxMargin)
        or (isinstance(o, Extreme) and not o.per)
        or (isinstance(o, NormalisedMargin) and o.spread)
    ]
    plain = [*_SCALARS, *declared, *(event.name for event in model.events)]
    if text in plain:
        return Wanted(text, text, (), ""), True
    request = wanted(str(text))
    of_data = [o.name for o in model.observables if isinstance(o, NoiseRatio | NearOrthogonality)]
    known = list(dict.fromkeys([*plain, *obs.at_every_step(model), *_fresh_names(model), *of_data]))
    if request.name not in known:
        raise InputError(
            f"observable: {quoted(request.name)} is not known at a run's last step; {nearest(request.name, known)}"
        )
    return request, False


def _fresh_names(model: Model) -> tuple[str, ...]:
    """The variables of fresh examples that need nothing but the last state."""
    if isinstance(model.test, FreshTasks):
        return obs.fresh_names(model)
    return (*obs.FRESH, *(("class_error", "class_error_se") if model.network.heads == "class" else ()))


def _try_out(request: Wanted, cells: Sequence[_Cell], seed: int, sampling: str) -> None:
    """Raises InputError where the observable is not one number at the start of the first cell that can be drawn."""
    for cell in cells:
        try:
            drawn, _ = _drawn(sampling, cell, seed)
        except InputError:
            continue  # that cell fails, with its own sentence
        start = np.zeros((1, *drawn.z.shape))
        renewed = tasks.Renewed(0, drawn, start[0]) if tasks.redraws(cell.model, cell.values) else None
        _number(request, cell, drawn, drawn.z[None], start, None, seed, renewed)
        return


def _fill(grid: _Grid, kept: _Memory | GridStore, workers: int, show: bool) -> None:
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


def _run(grid: _Grid, row: int, column: int) -> tuple[int, int, Arrays | Exception]:
    """One cell, all its seeds: each variable (seed,); or the defect of the program that it met."""
    cell = grid.cells[row][column]
    try:
        found = [_outcome(grid, cell, seed) for seed in grid.seeds]
    except Exception as defect:  # noqa: BLE001 - raised, with its traceback, once the other cells are safe
        return row, column, defect
    arrays: Arrays = {grid.observable: np.array([each.value for each in found])}
    if grid.error:
        arrays[grid.error] = np.array([each.error for each in found])
    for name in ("status", "message"):
        arrays[name] = np.array([getattr(each, name) for each in found], dtype=object)
    return row, column, arrays


@dataclass(frozen=True)
class _Outcome:
    value: float = np.nan
    error: float = np.nan
    status: str = OK
    message: str = ""


def _outcome(grid: _Grid, cell: _Cell, seed: int) -> _Outcome:
    """One run's number, or what kept it from having one.  A defect of the program goes through."""
    try:
        with np.errstate(all="ignore"):  # what is not finite becomes a status
            found = _measure(grid, cell, seed)
    except Diverged as diverged:
        return _Outcome(status=DIVERGED, message=str(diverged))
    except (MemoryError, OSError) as failure:  # another day, or another machine, may have the room
        return _Outcome(status=UNDONE, message=_told(failure))
    except (InputError, ModelError, RangeError) as failure:
        return _Outcome(status=FAILED, message=_told(failure))
    if not np.isfinite(found.value):
        return _Outcome(status=DIVERGED, message=f"{grid.observable} is not finite at step {grid.steps}; lower eta")
    return found


def _told(failure: Exception) -> str:
    return f"{type(failure).__name__}: {' '.join(str(failure).split())}"


def _drawn(sampling: str, cell: _Cell, seed: int) -> tuple[Draw, str]:
    """A cell's draw; and where gram, chosen by default, is refused at its values, why it is one of vectors."""
    if sampling != _EITHER:
        return draw(cell.model, cell.values, seed, sampling), ""
    try:
        return draw(cell.model, cell.values, seed, "gram"), ""
    except InputError as refused:
        if not str(refused).startswith("sampling:"):
            raise
        try:
            return draw(cell.model, cell.values, seed, "vectors"), f"drawn as vectors, because of {refused}"
        except InputError:  # its cure would be gram
            raise refused from None


def _measure(grid: _Grid, cell: _Cell, seed: int) -> _Outcome:
    """The observable at the last step, and its standard error (NaN where it has none)."""
    drawn, said = _drawn(grid.sampling, cell, seed)
    if grid.wanted.name in {event.name for event in cell.model.events}:
        return _Outcome(_hit(grid, cell, seed, drawn.sampling), message=said)
    value, error = _at_the_end(grid, cell, seed, drawn)
    return _Outcome(value, error, message=said)


def _hit(grid: _Grid, cell: _Cell, seed: int, sampling: str) -> float:
    """An event's hitting time; -1 where it is not reached.  Raises InputError where it is not defined."""
    name, steps = grid.wanted.name, grid.steps
    found = run(
        cell.model, cell.values, steps=steps, seed=seed, sampling=sampling, record=[steps], observables=[name]
    )[name]
    if not found.attrs["event"].startswith("first t with"):
        raise InputError(f"{name}: {found.attrs['event']}; give other parameters, or another observable")
    return float(found)


def _at_the_end(grid: _Grid, cell: _Cell, seed: int, drawn: Draw) -> tuple[float, float]:
    """`_number` of the last step's state."""
    model, values, kernel = cell.model, cell.values, cell.kernel
    kernel = kernel.bind(drawn.clean).through(drawn.vectors)
    if tasks.redraws(model, values):
        assert isinstance(kernel, BilevelKernel)
        *_, last = tasks.path(kernel, model, values, drawn, seed, grid.steps)
        rest = np.zeros((1, *last.draw.z.shape))
        return _number(grid.wanted, cell, last.draw, last.draw.z[None], rest, None, seed, last)
    draws = step_draws(model, values, drawn.y, seed)
    magnitudes.check_finite(model, values, drawn)
    with magnitudes.explained(model, values, drawn):
        path = advance(kernel, drawn, values, grid.steps, np.array([grid.steps], dtype=np.int64), draws=draws)
    return _number(grid.wanted, cell, drawn, path.z, path.b, path.scale if decays(model) else None, seed)


def _number(
    request: Wanted, cell: _Cell, drawn: Draw, z: Array, b: Array, scale: Array | None, seed: int,
    renewed: tasks.Renewed | None = None,
) -> tuple[float, float]:
    """The number asked for at one state z, b (1, H, m, B), and its standard error (NaN where it has none).

    `renewed` is the state as a run on fresh examples has it.
    """
    model, values, kernel = cell.model, cell.values, cell.kernel.bind(drawn.clean).through(drawn.vectors)
    labels = _labels(model, drawn)
    if request.name in _fresh_names(model):
        if isinstance(kernel, BilevelKernel):
            fresh = fresh_task_statistics(model, kernel, drawn, z, b, values, seed)
        else:
            outputs = functools.partial(kernel.outputs, values=values)
            fresh = fresh_statistics(model, outputs, drawn, z, b, values, seed, shares=scale)
        found = np.asarray(fresh[request.name][0])
        dims = ("class",)[: found.ndim]
        error = fresh.get(f"{request.name}_se")
        value = request.number(dims, found, labels)
        return value, np.nan if error is None else request.error(dims, found, np.asarray(error[0]), labels)
    seen = seen_by(kernel, z, drawn, values)
    if renewed is None:
        found_now = obs.evaluate(obs.States(model, drawn, values, z, b, seen, scale), (request.name,))
    else:
        found_now = tasks.of_renewed(renewed, model, values, seen, (request.name,))
    variable = found_now.get(request.name)
    if variable is None:
        raise InputError(f"observable: {quoted(request.name)} is not known of {model.name} here; leave it out")
    over_time = variable.dims[:1] == ("t",)
    values_now = variable.values[0] if over_time else variable.values
    return request.number(variable.dims[over_time:], values_now, labels), np.nan


def _labels(model: Model, drawn: Draw) -> dict[str, list[object]]:
    """The labels along each axis of an observable."""
    signed = model.network.heads == "signed"
    return {
        "j" if signed else "k": [1, -1] if signed else list(range(model.n_heads)),
        "r": list(range(drawn.z.shape[1])),
        "i": list(range(drawn.examples)),
        "task": list(range(drawn.tasks)),
        "class": list(range(model.network.classes)),
        "matrix": [*matrices.matrix_names(model.n_heads, signed)],
    }


def _dataset(grid: _Grid, arrays: Arrays, told: Sequence[str]) -> xarray.Dataset:
    """The grid, with what is `told` of this filling of it among its notes."""
    import xarray

    dims = (grid.y[0], grid.x[0], "seed")
    meaning = {
        grid.observable: f"{grid.observable} at step {grid.steps}",
        "status": "ok, diverged, failed or undone",
        "message": "what happened where the status is not ok, or why the draw is not the default",
    }
    at = {name: {"meaning": meaning.get(name, "standard error")} for name in arrays}
    for event in grid.model.events:
        if event.name == grid.observable:
            said = f"first step that reaches it, -1 where none of {grid.steps} does"
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


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _text(kernel: Kernel) -> str:
    """The source that runs, of either variant."""
    return kernel.source + (kernel.blas_path.read_text(encoding="utf-8") if kernel.blas_path is not None else "")


def _version() -> str:
    try:
        return importlib.metadata.version("gammarho")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
