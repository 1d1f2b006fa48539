"""A phase diagram as data: its axes, what is fixed, what is said of it; filled piece by piece, resumable, and drawn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure

from derivations.declare import Model, Value
from simulate.phase.grid_axes import spacing
from simulate.phase.phase import phase

from ..grid.plot import plot
from ..save import save

Given = Mapping[str, Value]


@dataclass(frozen=True)
class Span:
    """An axis: a parameter and its values, from `low` to `high`, both included."""

    name: str
    low: float
    high: float
    count: int
    log: bool = False
    whole: bool = False

    def values(self, cells: int | None = None) -> tuple[float, ...]:
        """The values; at most so many of them, evenly spaced in the same way."""
        count = self.count if cells is None else min(cells, self.count)
        found = (np.geomspace if self.log else np.linspace)(self.low, self.high, count)
        kept = dict.fromkeys((np.rint(found) if self.whole else found).tolist())
        return tuple(kept)


@dataclass(frozen=True)
class Choices:
    """An axis of choices, which stay as they are in a smaller diagram."""

    name: str
    choices: tuple[Value, ...]

    def values(self, cells: int | None = None) -> tuple[Value, ...]:
        """The choices."""
        return self.choices


@dataclass(frozen=True)
class Diagram:
    """A phase diagram; of three parameters where it has `along`, one grid a value of it.

    Attributes:
        name: its files'.
        shows: its title, a line.
        setting: the model.
        x: the picture's columns.
        y: its rows.
        given: the other parameters; of a value of `along`, where there is one.
        steps: gradient steps.
        seeds: draws a cell.
        along: a third parameter.
        filled: the two axes that `phase` fills at each value of `along`, where they are not x and y.
        observable: as `phase` takes it.
        sampling: as `phase` takes it.
        curves: on top of the picture.
        feasible: the constant C of the conditions' region.
        says: sentences about the data that are shown, computed from them.
    """

    name: str
    shows: str
    setting: str | Model
    x: Span | Choices
    y: Span | Choices
    given: Callable[[Any], Given]
    steps: int
    seeds: int
    along: Span | Choices | None = None
    filled: tuple[Span | Choices, Span | Choices] | None = None
    observable: str = "test_error"
    sampling: str | None = None
    curves: tuple[str, ...] = ()
    feasible: float | None = None
    says: Callable[[xarray.Dataset], tuple[str, ...]] = lambda data: ()

    def run(self, folder: Path | None = None, cells: int | None = None) -> xarray.Dataset:
        """Fill the diagram, or take it up from the stores in `folder`; with at most `cells` values along an axis."""
        if self.along is None:
            return self._grid({}, folder, cells, "")
        axis, values = self.along.name, self.along.values(cells)
        pieces = [self._grid({axis: value}, folder, cells, f"_{at}") for at, value in enumerate(values)]
        labels = xarray.DataArray(list(values), dims=axis, name=axis, attrs=dict(pieces[0][axis].attrs))
        if labels.dtype.kind in "if":
            labels.attrs["spacing"] = spacing(labels.values)
        together = xarray.concat(pieces, labels, coords="different", compat="equals", combine_attrs="override")
        return together.assign_attrs(x=self.x.name, y=self.y.name)

    def _grid(self, at: dict[str, Value], folder: Path | None, cells: int | None, piece: str) -> xarray.Dataset:
        x, y = self.filled or (self.x, self.y)
        value = next(iter(at.values()), None)
        # NOTE: a smaller diagram is another one, and has stores of its own.
        size = "" if cells is None else f"_{cells}"
        store = None if folder is None else folder / f"phase_{self.name}{size}{piece}.zarr"
        return phase(
            self.setting, {**self.given(value), **at}, x=(x.name, x.values(cells)), y=(y.name, y.values(cells)),
            steps=self.steps, seeds=self.seeds, observable=self.observable, sampling=self.sampling, store=store,
        )

    def draw(self, data: xarray.Dataset) -> Figure:
        """The picture of the filled diagram."""
        shown = data.assign_attrs(title=self.shows)
        return plot(shown, curves=self.curves, feasible=self.feasible, setting=self.setting, notes=self.says(data))


def write(name: str, diagram: Diagram, folder: Path, cells: int | None = None) -> list[Path]:
    """Run a diagram, or what is missing of it, into the folder and draw it there.

    Args:
        name: of the command, for the record.
        diagram: what is drawn.
        folder: where; its stores stand beside the picture.
        cells: at most so many values along an axis; all of them by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = diagram.run(folder, cells)
    command = f"gammarho figures phase {name}{f' --cells {cells}' if cells else ''} --out {folder}"
    axes = {str(dim): data[dim].values for dim in data[diagram.observable].dims}
    record = {
        "figure": diagram.name, "shows": diagram.shows, "command": command, "axes": axes,
        "grid": json.loads(data.attrs["configuration"]), "curves": diagram.curves, "says": diagram.says(data),
    }
    return save(diagram.draw(data), folder, f"phase_{diagram.name}", record)


