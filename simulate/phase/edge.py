"""A grid's boundary: the cells between which an observable crosses a level, split until it is found, as variables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Parameter, Value
from derivations.declare.formula import FormulaError
from derivations.declare.meanings import STOPPED
from dynamics.arrays import Array
from dynamics.chance.streams import stream

from ..ask import reading
from ..ask import values as values_of
from ..ask.axes import Axis
from ..errors import InputError, nearest, quoted
from ..run.dataset import Labelled
from ..run.problem import Problem
from . import grid_axes
from .boundary import DIM, WHOLE, Exponent, Line, Scale, exponent, first_crossings
from .cell import OK
from .grid import Grid
from .grid_layout import Arrays
from .refine import Requests, refined

_DECADES = 100.0  # irregular values that span so much are taken in their logarithm
_LEAST = 1e-9  # of a span: less is within rounding

Run = Callable[[Sequence[tuple[Value, ...]], Sequence[Problem]], Arrays]
"""The variables (cell, seed) of several problems, at these values of the axes, at the grid's seeds."""


@dataclass(frozen=True)
class Edge:
    """What is asked for: an observable, its level, and the tolerance, a share of an axis' span; None: no splitting.

    A hitting time that is not reached counts as `never`, the step after the last; None of other observables.
    """

    name: str
    level: float
    tolerance: float | None
    never: int | None = None

    def numbers(self, arrays: Arrays) -> Array:
        """The observable of runs, NaN of those that are not ok."""
        values = arrays[self.name]
        if self.never is not None:
            values = np.where(values < 0, self.never, values)
        return np.where(arrays["status"] == OK, values, np.nan)


@dataclass(frozen=True)
class EdgeFound:
    """The boundary's points: per axis the value and the ends of the band, (point,); `along` names the axis it is on.

    `whole` are the axes of whole numbers along which points are between neighbouring ones, which is no tolerance.
    """

    edge: Edge
    values: dict[str, Array]
    along: tuple[str, ...]
    exponent: Exponent | None
    unknown: int
    whole: tuple[str, ...] = ()

    def variables(self) -> dict[str, Labelled]:
        """Variables over the dimension "boundary"."""
        along = Labelled((DIM,), np.array(self.along, dtype=str), {"meaning": "the axis on which it was found"})
        points = {f"{DIM}_{name}": Labelled((DIM,), np.asarray(values), {"long_name": name})
                  for name, values in self.values.items()}
        return {**points, f"{DIM}_along": along}

    def attributes(self) -> dict[str, Any]:
        """What is said of it."""
        said: dict[str, Any] = {DIM: f"{self.edge.name} = {self.edge.level:g}", f"{DIM}_unknown": self.unknown}
        if self.edge.never is not None:
            said[f"{DIM}_never"] = self.edge.never
        if self.edge.tolerance is not None:
            said[f"{DIM}_tolerance"] = self.edge.tolerance
        if self.whole:
            said[WHOLE] = ",".join(self.whole)
        if self.exponent is not None:
            said |= {f"{DIM}_exponent_{key}": value for key, value in vars(self.exponent).items()}
        return said


def asked_edge(grid: Grid, boundary: object, refine: object) -> Edge | None:
    """The boundary that is asked for as NAME=LEVEL, to a tolerance; None where none is.  Raises InputError."""
    tolerance = None if refine is None else _tolerance(refine)
    if boundary is None:
        if refine is not None:
            raise InputError(f"refine: {quoted(refine)} without a boundary; give boundary='test_error=0.1', say")
        return None
    name, equals, level = str(values_of.text(boundary) or "").rpartition("=")
    name, names = name.strip(), grid.measure.names
    try:
        number = values_of.typed(level) if equals else None
    except FormulaError as error:
        raise InputError(f"boundary: {error}; give a level such as {names[0]}=0.1") from error
    if number is None:
        raise InputError(f"boundary: {quoted(boundary)}; expected an observable and a level, such as {names[0]}=0.1")
    if name not in names:
        raise InputError(f"boundary: {quoted(name)} is not an observable of this grid, which observable= names; "
                         f"{nearest(name, names)}")
    never = _never(grid, name, number, f"boundary: {quoted(boundary)}")
    of_words = [axis for axis in grid.axes if not axis.parameter.numeric]
    if len(grid.axes) > 2 or of_words:
        why = f"the axis {of_words[0].option} is {of_words[0].name}, no number" if of_words else "there are three axes"
        raise InputError(f"boundary: {quoted(boundary)} is followed over one or two axes of numbers, and {why}; give "
                         "such axes, or leave it out")
    for axis in grid.axes:
        if len(axis.values) < 2:
            raise InputError(f"boundary: {quoted(boundary)}; {axis.name} has one value; give the axis {axis.option} at "
                             "least two")
    return Edge(name, number, tolerance, never)


def _never(grid: Grid, name: str, level: float, said: str) -> int | None:
    """What a hitting time counts as in a run that does not reach it: the first step that was not run; else None."""
    if name not in {STOPPED, *(event.name for event in grid.model.events)}:
        return None
    steps, ends = grid.measure.steps, grid.measure.until
    if not 0 < level <= steps:
        raise InputError(f"{said}; {name} is a step, and {steps} are run; give one from 1 to {steps}, or more steps")
    if ends and name != STOPPED:
        raise InputError(f"{said}; until ends runs before {name} may be reached; leave until out, or follow {STOPPED}")
    return steps + 1


def _tolerance(given: object) -> float:
    """A share of an axis' span."""
    share = reading.positive("refine", given)
    if not _LEAST <= share < 1:
        raise InputError(f"refine: {quoted(given)}; expected a share of an axis' span, such as refine=0.01")
    return share


@dataclass(frozen=True)
class _Lines:
    """Lines along one axis: the places and values of each, and the value of the other axis on it (none: a curve)."""

    axis: int
    lines: tuple[Line, ...]
    others: tuple[float, ...]


def followed(grid: Grid, edge: Edge, arrays: Arrays, run: Run) -> EdgeFound:
    """The boundary on the grid's lines along each axis, with cells split by runs of `run` where a tolerance is given.

    A cell of which a draw has no number is of neither side: nothing is followed into it, and it is counted.  A hitting
    time that is not reached is a number, as it is beyond all steps that are run.
    """
    scales = [_scale(each) for each in grid.axes]
    values = edge.numbers(arrays)
    families = [_along(grid, scales, at, values) for at in range(len(grid.axes))]
    if edge.tolerance is not None:
        families = [_split(grid, edge, scales, family, run) for family in families]
    named = [each.name for each in grid.axes]
    rows, along = list[dict[str, float]](), list[str]()
    for family in families:
        for line, other in zip(family.lines, family.others, strict=True):
            for crossing in line.crossings(edge.level):
                places = (crossing[1], *line.band(edge.level, crossing))
                rows.append(_row(named, scales, family.axis, other, places))
                along.append(named[family.axis])
    columns = [name for each in named for name in (each, f"{each}_low", f"{each}_high")]
    points = {name: np.array([row[name] for row in rows]) for name in columns}
    unknown = int(np.isnan(values).any(axis=1).sum())
    whole = () if edge.tolerance is None else _whole(grid, edge.level, edge.tolerance, families)
    return EdgeFound(edge, points, tuple(along), _exponent(grid, edge, scales, families), unknown, whole)


def _whole(grid: Grid, level: float, tolerance: float, families: Sequence[_Lines]) -> tuple[str, ...]:
    """The axes of whole numbers whose neighbours are further apart, where the level is crossed, than the tolerance."""
    wide = [family.axis for family in families if any(
        line.places[k + 1] - line.places[k] > tolerance for line in family.lines for k, _ in line.crossings(level))]
    return tuple(grid.axes[at].name for at in wide if grid.axes[at].parameter.whole)


def _row(
    names: Sequence[str], scales: Sequence[Scale], axis: int, other: float, places: Sequence[float]
) -> dict[str, float]:
    """A point: its value and band on its axis, and the other axis' value, which is known."""
    row: dict[str, float] = {}
    for at, name in enumerate(names):
        triple = [scales[at].value(place) for place in places] if at == axis else [other] * 3
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), triple, strict=True))
    return row


def _scale(axis: Axis) -> Scale:
    """An axis' own spacing, from its least value to its greatest."""
    values = np.array([float(str(value)) for value in axis.values])
    low, high = float(values.min()), float(values.max())
    spacing = grid_axes.spaced(axis)
    wide = low > 0 and high / low >= _DECADES
    return Scale(low, high, spacing == "log" or (spacing == "irregular" and wide))


def _along(grid: Grid, scales: Sequence[Scale], axis: int, values: Array) -> _Lines:
    """The grid's lines along an axis."""
    shape, seeds = grid.layout.shape[:-1], values.shape[1]
    moved = np.moveaxis(values.reshape(*shape, seeds), axis, -2).reshape(-1, shape[axis], seeds)
    places = np.array([scales[axis].place(float(str(value))) for value in grid.axes[axis].values])
    order = np.argsort(places)
    others = [float(str(value)) for value in grid.axes[1 - axis].values] if len(shape) == 2 else [math.nan]
    return _Lines(axis, tuple(Line(places[order], line[order]) for line in moved), tuple(others))


def _split(grid: Grid, edge: Edge, scales: Sequence[Scale], family: _Lines, run: Run) -> _Lines:
    """The lines with points between, run at all of the grid's seeds."""
    assert edge.tolerance is not None
    scale, parameter = scales[family.axis], grid.axes[family.axis].parameter

    def evaluate(requests: Requests) -> list[tuple[float, Array] | None]:
        points = [_point(grid, family, line, _value(parameter, scale.value(place))) for line, place in requests]
        problems = [_problem(grid, point) for point in points]
        known = [(point, each) for point, each in zip(points, problems, strict=True) if each is not None]
        arrays = run([point for point, _ in known], [each for _, each in known]) if known else {}
        made = iter(edge.numbers(arrays)) if known else iter(())
        return [
            None if problem is None else (scale.place(float(str(point[family.axis]))), next(made))
            for point, problem in zip(points, problems, strict=True)
        ]

    lines = refined(family.lines, edge.level, edge.tolerance, evaluate)
    return _Lines(family.axis, tuple(lines), family.others)


def _value(parameter: Parameter, value: float) -> Value:
    return reading.parse(parameter, float(round(value)) if parameter.whole else value)


def _point(grid: Grid, family: _Lines, line: int, value: Value) -> tuple[Value, ...]:
    """The axes' values on a line."""
    if len(grid.axes) == 1:
        return (value,)
    other = grid.axes[1 - family.axis].values[line]
    return (value, other) if family.axis == 0 else (other, value)


def _problem(grid: Grid, point: tuple[Value, ...]) -> Problem | None:
    """The problem there; None where the equations have no solution between two cells that have one."""
    try:
        return grid.source.at(point)
    except InputError:
        return None


def _exponent(grid: Grid, edge: Edge, scales: Sequence[Scale], families: Sequence[_Lines]) -> Exponent | None:
    """The slope in logarithms, by the lines of which the most cross the level once; None unless both are positive."""
    if len(grid.axes) != 2 or any(scale.low <= 0 for scale in scales):
        return None
    seeds: NDArray[np.intp] = np.arange(len(grid.seeds))
    family = max(families, key=lambda each: len(first_crossings(each.lines, edge.level, seeds)))
    scale = scales[family.axis]

    def positions(some: NDArray[np.intp]) -> tuple[Array, Array]:
        crossings = first_crossings(family.lines, edge.level, some)
        over = np.log([family.others[line] for line, _ in crossings])
        return over, np.log([scale.value(place) for _, place in crossings])

    names = [each.name for each in grid.axes]
    return exponent(names[family.axis], names[1 - family.axis], positions, len(seeds), stream(0, "boundary"))
