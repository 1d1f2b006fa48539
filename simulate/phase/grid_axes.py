"""What labels a grid: the values along its axes and how they are spaced, and every other parameter's value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, Parameter

from ..ask.axes import Axis
from ..run.lots import Lots

Spacing = Literal["linear", "log", "irregular"]
SEED = "seed"
_EVEN = 1e-6  # of the whole span: how far a value may be from where even spacing puts it


@dataclass(frozen=True)
class Coordinate:
    """Values along `dims`, of the axes' names and "seed" (none for a scalar), with what is said about them."""

    dims: tuple[str, ...]
    values: NDArray[Any]
    attrs: dict[str, Any] = field(default_factory=dict)


def axis(given: Axis) -> Coordinate:
    """An axis' coordinate; attrs: what the parameter is, and of numbers their spacing, and the range they may be in."""
    points, parameter = np.array(given.values), given.parameter
    said: dict[str, Any] = _said(parameter, points)
    if points.dtype.kind in "if":
        ends = {name: float(end) for name, end in (("low", parameter.low), ("high", parameter.high)) if end is not None}
        finite = {name: end for name, end in ends.items() if math.isfinite(end)}  # JSON has no other numbers
        said |= {"spacing": spaced(given), **finite}
    return Coordinate((given.name,), points, said)


def seeds(values: Sequence[int]) -> Coordinate:
    """The seeds' coordinate."""
    return Coordinate((SEED,), np.array(values), {"meaning": "seed of the draw", "long_name": "seed of the draw"})


def _said(parameter: Parameter, values: NDArray[Any]) -> dict[str, str]:
    """The meaning of a parameter, and what xarray writes on an axis: `long_name` and, of numbers, `units`."""
    name = f"{parameter.meaning} ({parameter.name})" if parameter.meaning else parameter.name
    units = {"units": "1"} if values.dtype.kind in "if" else {}  # papers' parameters have no dimension
    return {"meaning": parameter.meaning, "long_name": name, **units}


def spaced(given: Axis) -> Spacing:
    """The spacing of an axis: as it was asked for, else as its values lie."""
    if given.logarithmic and len(given.values) > 1:
        return "log"
    return spacing(np.sort(np.array(given.values)), whole=given.parameter.whole)


def spacing(values: NDArray[Any], whole: bool) -> Spacing:
    """Whether values are evenly spaced ("linear", as fewer than three are), in their logarithm, or neither.

    Values of what is `whole` count as evenly spaced where rounding to whole numbers is all that keeps them from it.
    """
    if len(values) < 3:
        return "linear"
    even = np.linspace(values[0], values[-1], len(values))
    known: list[tuple[Spacing, NDArray[Any], Any]] = [("linear", even, _EVEN * np.ptp(values))]
    if values.min() > 0:
        even = np.geomspace(values[0], values[-1], len(values))
        known.append(("log", even, _EVEN * even))
    for rounding in (0.0, 0.5) if whole else (0.0,):
        for name, those, slack in known:
            if np.all(np.abs(values - those) <= np.maximum(slack, rounding)):
                return name
    return "irregular"


def parameters(
    model: Model, cells: Lots, axes: Sequence[Axis], taken: Sequence[str]
) -> dict[str, Coordinate]:
    """Every parameter but those `taken` by another label, of `cells` in the order of the axes.

    A scalar where all cells agree, else along the axes, as of a formula of an axis' parameter; one that is absent in a
    cell, such as lam_until that is not given, has no coordinate.
    """
    dims, shape = tuple(each.name for each in axes), tuple(len(each.values) for each in axes)
    coordinates = {}
    for name in cells.lots[0].values:
        values = None if name in taken else cells.values(name)
        if values is None:
            continue
        apart = isinstance(values, np.ndarray)
        array = np.asarray(values).reshape(shape if apart else ())
        coordinates[name] = Coordinate(dims if apart else (), array, _said(model.parameter(name), array))
    return coordinates
