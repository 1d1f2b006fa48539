"""A run's picture: observables over its steps, a panel each; entries are picked and reduced as `phase` takes them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynamics.arrays import Array
from simulate.ask.noted import show
from simulate.errors import InputError, nearest, quoted
from simulate.phase.reduced_axes import RULES, Wanted, separated, wanted

from . import style
from .page import page
from .said import Made, Sentence

_ROW, _HEIGHT = 3, 2.3  # panels beside one another, inches of one
_LINES, _NAMED = 400, 8  # lines that a panel has room for, and that have names


def picture(data: xarray.Dataset, observable: str | None = None) -> Figure:
    """Draw observables of a run, such as "rho_over[i=3],loss" or "gamma:max"; the loss by default.

    Raises:
        InputError: for an observable that the run does not have along its steps,
            and for too many lines.
    """
    asked = [wanted(each) for each in separated(observable or "loss")]
    shown = [(pick, *_along(data, pick)) for pick in asked]
    rows = -(-len(shown) // _ROW)
    with style.context():
        sheet = page(_title(data), _HEIGHT * rows, 0, _sentences(data))
        grid = sheet.body.subplots(rows, min(len(shown), _ROW), squeeze=False)
        for axes in grid.flat[len(shown):]:
            axes.set_axis_off()
        for axes, (pick, names, values) in zip(grid.flat, shown, strict=False):
            _draw(axes, data["t"].values, names, values)
            axes.set(title=pick.text, xlabel="step")
            axes.margins(x=0.0)  # there is no step below 0
        return sheet.close((), 1)


def _along(data: xarray.Dataset, pick: Wanted) -> tuple[list[str], Array]:
    """The names of an observable's lines, and the lines, (lines, t)."""
    known = [str(name) for name, values in data.data_vars.items() if "t" in values.dims]
    if pick.name not in known:
        raise InputError(
            f"observable: {quoted(pick.name)} is not along the steps of this run; {nearest(pick.name, known)}"
        )
    variable = data[pick.name]
    labels: dict[str, list[object]] = {
        str(dim): [*data[dim].values] if dim in data.coords else [*range(variable.sizes[dim])] for dim in variable.dims}
    dims, values = pick.selected(tuple(map(str, variable.dims)), np.asarray(variable.values, dtype=np.float64), labels)
    kept = xarray.DataArray(values, dims=dims)
    if pick.rule:
        kept = kept.reduce(RULES[pick.rule], [dim for dim in dims if dim not in ("t", "seed")])
    lines = [str(dim) for dim in kept.dims if dim != "t"]
    many = kept.size // kept.sizes["t"]
    if many > _LINES:
        raise InputError(
            f"observable: {quoted(pick.text)} is {many} lines, and a panel has room for {_LINES}; pick some, as in "
            f"{pick.name}[{lines[-1]}={labels[lines[-1]][0]}], or reduce it, as in {pick.name}:max"
        )
    names = [", ".join(f"{dim} = {label}" for dim, label in zip(lines, at, strict=True))
             for at in itertools.product(*(labels[dim] for dim in lines))]
    return names, np.asarray(kept.transpose(*lines, "t").values).reshape(many, -1)


def _draw(axes: Axes, t: Array, names: Sequence[str], lines: Array) -> None:
    few = len(lines) <= _NAMED
    for at, (name, line) in enumerate(zip(names, lines, strict=True)):
        look = style.LINES[at % len(style.LINES)]
        axes.plot(t, line, color=look.color, linestyle=look.dashes if few else "-", linewidth=1.2 if few else 0.5,
                  alpha=1.0 if few else 0.6, label=name)
    if few and any(names):
        axes.legend(fontsize=style.SMALL)


def _title(data: xarray.Dataset) -> str:
    return str(data.attrs.get("title") or data.attrs.get("setting", ""))


def _sentences(data: xarray.Dataset) -> list[Sentence]:
    """What was run."""
    values = json.loads(data.attrs.get("parameters", "{}"))
    told = ", ".join(f"{name} = {show(value)}" for name, value in values.items() if value is not None)
    return [Made(f"A line an entry.  {told}.".replace("$", r"\$"))] if told else [Made("A line an entry.")]
