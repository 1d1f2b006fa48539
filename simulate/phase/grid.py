"""A grid's request, checked: a problem a cell, what is measured of each, and all that its numbers depend on."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivations.declare import KnownFrom, Model, Value
from derivations.declare.variables import FRESH_BY_CLASS
from dynamics.kernel.kernel import Kernel

from ..ask import arguments as ask
from ..ask import digest, parameters, settings
from ..ask.axes import axis
from ..errors import InputError, nearest, quoted
from ..observe import observables as obs
from ..run import estimate
from ..run.kernels import kernel_for, ready
from ..run.problem import Problem
from ..run.run import SAMPLINGS, total_steps
from ..start.refusals import gram_refusal
from . import grid_axes
from .cell import EITHER, Measure, try_out
from .grid_axes import Coordinate
from .grid_store import Arrays
from .reduced_axes import Wanted, wanted

Axis = tuple[str, Sequence[object]]
_SCALARS = ("loss", "gradient_norm", "train_error", *obs.FRESH)


@dataclass(frozen=True)
class Grid:
    """A checked request; cells (rows, columns)."""

    model: Model
    cells: tuple[tuple[Problem, ...], ...]
    x: tuple[str, tuple[Value, ...]]
    y: tuple[str, tuple[Value, ...]]
    seeds: tuple[int, ...]
    measure: Measure
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns, seeds."""
        return len(self.y[1]), len(self.x[1]), len(self.seeds)

    @property
    def error(self) -> str | None:
        """The name of the observable's standard error, where it has one."""
        return self.measure.error_of(self.model)

    def empty(self) -> Arrays:
        """The grid's arrays with nothing in them."""
        numbers = [self.measure.name, *([self.error] if self.error else [])]
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
        kernels = {cell.kernel.path.stem: cell.kernel.texts for row in self.cells for cell in row}
        return {
            "setting": self.model.name,
            "observable": self.measure.name,
            "steps": self.measure.steps,
            "sampling": self.measure.sampling,
            "x": dict([self.x]),
            "y": dict([self.y]),
            "seeds": self.seeds,
            "parameters": {name: value for name, value in base.items() if name not in (self.x[0], self.y[0])},
            "declaration": digest.of_model(self.model),
            "kernel": {stem: digest.short(source.encode()) for stem, source in sorted(kernels.items())},
            "gammarho": _version(),
        }

    def attributes(self) -> dict[str, Any]:
        """What the grid is of, for whoever opens it."""
        return {
            "setting": self.model.name,
            "title": self.model.title,
            "observable": self.measure.name,
            "steps": self.measure.steps,
            "sampling": self.measure.sampling,
            "x": self.x[0],
            "y": self.y[0],
            "notes": "\n".join(self.notes),
        }


def checked(
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
) -> Grid:
    """The grid that a caller's words describe.  Arguments as those of `phase`.  Raises InputError."""
    found = settings.resolve(setting)
    chosen = found.preset(preset)
    given = parameters.by_name(params)
    factory = parameters.remembered(found.factory)
    base = parameters.resolve(factory, given, chosen)
    columns, rows = axis("x", x, base.model, given), axis("y", y, base.model, given)
    if columns[0] == rows[0]:
        raise InputError(f"x and y: both {columns[0]}; expected two different parameters")
    observable = ask.one_text("observable", observable, "test_error")
    request, alone = _check_observable(base.model, observable)
    sampling = None if sampling is None else parameters.choice("sampling", sampling, SAMPLINGS)
    first, many = parameters.count("seed", seed), parameters.count("seeds", seeds, low=1, example=3)
    count = total_steps(steps, chosen, found)
    kernels: dict[Model, Kernel] = {}

    def cell(vertical: Value, horizontal: Value) -> Problem:
        resolved = parameters.resolve(factory, {**given, rows[0]: vertical, columns[0]: horizontal}, chosen)
        if resolved.model not in kernels:  # loaded here, once: threads share it
            kernels[resolved.model] = kernel_for(resolved.model)
        ready(resolved.model, kernels[resolved.model], resolved.values)
        return Problem(resolved, given, loaded=kernels[resolved.model])

    notes = [note for note in base.notes if note.split(" ")[0] not in (columns[0], rows[0])]
    corners = [cell(v, h) for v in _ends(rows[1]) for h in _ends(columns[1])]
    estimate.check_grid(
        [estimate.Request(each.model, each.values, sampling or "gram", "reduced", count, 1, (request.name,))
         for each in corners],
        len(rows[1]) * len(columns[1]), many, workers,
    )
    cells = tuple(tuple(cell(v, h) for h in columns[1]) for v in rows[1])
    inexact = any(gram_refusal(each.model, each.values) for row in cells for each in row)
    measure = Measure(request, count, sampling or ("vectors" if inexact else EITHER))
    if not alone:
        try_out(measure, [each for row in cells for each in row], first)
    return Grid(base.model, cells, columns, rows, tuple(range(first, first + many)), measure, tuple(notes))


def _ends(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """An axis' first and last value."""
    return tuple(dict.fromkeys((values[0], values[-1])))


def _check_observable(model: Model, text: str) -> tuple[Wanted, bool]:
    """What an observable's text asks for, and whether that is one number a run as it stands."""
    of_state = [o for o in model.observables if o.known_from is KnownFrom.STATE]
    declared = [o.name for o in of_state if o.one_number]
    plain = [*_SCALARS, *declared, *(event.name for event in model.events)]
    if text in plain:
        return Wanted(text, text, (), ""), True
    request = wanted(str(text))
    of_data = [o.name for o in model.observables if o.known_from is KnownFrom.DATA]
    known = list(dict.fromkeys([*plain, *obs.at_every_step(model), *_fresh_names(model), *of_data]))
    if request.name not in known:
        raise InputError(
            f"observable: {quoted(request.name)} is not known at a run's last step; {nearest(request.name, known)}"
        )
    return request, False


def _fresh_names(model: Model) -> tuple[str, ...]:
    """The variables of fresh examples that need nothing but the last state."""
    if model.test.of_tasks:
        return obs.fresh_names(model)
    return (*obs.FRESH, *(() if model.network.head_axis.signed else FRESH_BY_CLASS))


def _version() -> str:
    try:
        return importlib.metadata.version("gammarho")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
