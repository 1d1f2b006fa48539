"""A phase diagram as data: its axes, what is fixed, what is said of it; resumable, and drawn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray
from matplotlib.figure import Figure

from derivations.declare import Model, Value
from simulate.phase.phase import phase

from ..about import About
from ..grid.plot import check_panels, of_grid
from ..printed import Printed
from ..said import Sentence
from ..save import save


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
        points = (np.geomspace if self.log else np.linspace)(self.low, self.high, count)
        kept = dict.fromkeys((np.rint(points) if self.whole else points).tolist())
        return tuple(kept)


@dataclass(frozen=True)
class Choices:
    """An axis of choices, which stay as they are in a smaller diagram."""

    name: str
    choices: tuple[Value, ...]


@dataclass(frozen=True)
class Diagram:
    """A phase diagram.

    Attributes:
        name: its files'.
        shows: its title, a line.
        setting: the model.
        x: the picture's columns.
        y: its rows.
        z: its panels, if it has several.
        given: the other parameters, by value or as a formula of others.
        steps: gradient steps.
        seeds: draws a cell.
        observable: what is drawn, as `phase` takes it.
        beside: further ones, which are measured for what is said.
        sampling: as `phase` takes it.
        curves: on top of the picture.
        says: sentences about the data that are shown, computed from them.
    """

    name: str
    shows: str
    setting: str | Model
    x: Span
    y: Span
    given: Mapping[str, Value]
    steps: int
    seeds: int
    z: Choices | None = None
    observable: str = "test_error"
    beside: tuple[str, ...] = ()
    sampling: str | None = None
    curves: tuple[str, ...] = ()
    says: Callable[[xarray.Dataset], tuple[Sentence, ...]] = lambda data: ()

    def run(self, folder: Path | None = None, cells: int | None = None) -> xarray.Dataset:
        """Fill the diagram, or take it up from its store in `folder`; with at most `cells` values along an axis."""
        # NOTE: a smaller diagram is another one, and has a store of its own.
        size = "" if cells is None else f"_{cells}"
        return phase(
            self.setting, self.given, x=(self.x.name, self.x.values(cells)), y=(self.y.name, self.y.values(cells)),
            z=None if self.z is None else (self.z.name, self.z.choices), steps=self.steps, seeds=self.seeds,
            observable=",".join((self.observable, *self.beside)), sampling=self.sampling,
            store=None if folder is None else folder / f"phase_{self.name}{size}.zarr",
        )

    def draw(self, data: xarray.Dataset) -> Figure:
        """The picture of the filled diagram, printed as figures are asked for here."""
        shown = data.assign_attrs(title=self.shows)
        return of_grid(shown, self.observable, self.curves, None, self.setting, self.says(data))

    def check(self, how: Printed) -> None:
        """Raises InputError where its panels do not fit into the width that is asked for, before any is run."""
        name, panels = ("", 1) if self.z is None else (self.z.name, len(self.z.choices))
        check_panels(name, panels, how)


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
    axes = {str(dim): data[dim].values for dim in data[diagram.observable].dims}
    details = {"axes": axes, "grid": json.loads(data.attrs["configuration"]), "curves": diagram.curves}
    record = About("phase", name, diagram.shows, diagram.name).record(folder, details, cells=cells)
    return save(diagram.draw(data), folder, f"phase_{diagram.name}", record)


