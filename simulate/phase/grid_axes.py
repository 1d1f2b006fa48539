"""What labels a grid: the values along its axes and how they are spaced, and every other parameter's value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, Value

Spacing = Literal["linear", "log", "irregular"]
_EVEN = 1e-6  # of the whole span: how far a value may be from where even spacing puts it


@dataclass(frozen=True)
class Coordinate:
    """Values along `dims`, of "y", "x" and "seed" (none for a scalar), with what is said about them."""

    dims: tuple[str, ...]
    values: NDArray[Any]
    attrs: dict[str, Any] = field(default_factory=dict)


def axis(model: Model, dim: str, name: str, values: Sequence[Value]) -> Coordinate:
    """An axis' coordinate; attrs: the parameter's meaning, and its spacing where it has numbers."""
    found = np.array(values)
    numeric = found.dtype.kind in "if"
    said = {"meaning": model.parameter(name).meaning, **({"spacing": spacing(found)} if numeric else {})}
    return Coordinate((dim,), found, said)


def spacing(values: NDArray[Any]) -> Spacing:
    """Whether values are evenly spaced ("linear", as fewer than three are), in their logarithm, or neither.

    Whole numbers count as evenly spaced where rounding to them is all that keeps them from it.
    """
    if len(values) < 3:
        return "linear"
    slack = 0.5 if np.array_equal(values, np.rint(values)) else _EVEN * np.ptp(values)
    if np.abs(values - np.linspace(values[0], values[-1], len(values))).max() <= slack:
        return "linear"
    if values.min() > 0:
        even = np.geomspace(values[0], values[-1], len(values))
        slacks = np.maximum(slack if slack == 0.5 else 0.0, _EVEN * even)
        if np.all(np.abs(values - even) <= slacks):
            return "log"
    return "irregular"


def parameters(
    model: Model, values: Sequence[Sequence[Mapping[str, Value]]], taken: Sequence[str]
) -> dict[str, Coordinate]:
    """Every parameter but those `taken` by another label, of `values` a cell (y, x).

    A scalar where all cells agree, else (y, x), as of a default that is a formula of an axis; one that is absent in a
    cell, such as lam_until that is not given, has no coordinate.
    """
    found = {}
    for name in values[0][0]:
        cells = [[cell.get(name) for cell in row] for row in values]
        if name in taken or any(value is None for row in cells for value in row):
            continue
        first = cells[0][0]
        alike = all(value == first for row in cells for value in row)
        said = {"meaning": model.parameter(name).meaning}
        found[name] = Coordinate(() if alike else ("y", "x"), np.array(first if alike else cells), said)
    return found
