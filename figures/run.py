"""A run's picture: observables over its steps, a panel each; entries are picked and reduced as `phase` takes them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from derivations.declare.meanings import STOPPED
from dynamics.arrays import Array
from simulate.ask.bounds import RULES
from simulate.ask.noted import show
from simulate.errors import InputError, nearest, quoted
from simulate.phase.reduced_axes import Wanted, separated, wanted
from simulate.run.seeds import diverged

from . import style
from .page import page
from .said import Made, Sentence, Where

_ROW, _HEIGHT = 3, 2.3  # panels beside one another, inches of one
_COLUMN, _PANEL = 3.0, 1.8  # inches, at least: of a picture, of a panel beside others
_LINES, _NAMED = 400, 8  # lines that a panel has room for, and that have names


def picture(data: xarray.Dataset, observable: str | None = None) -> Figure:
    """Draw observables of a run, such as "rho_over[i=3],loss" or "gamma:max"; the loss by default.

    Raises:
        InputError: for an observable that the run does not have along its steps,
            and for too many lines.
    """
    shown = lines(data, observable)
    rows = -(-len(shown) // _ROW)
    least = max(_COLUMN, _PANEL * min(len(shown), _ROW))
    with style.context():
        sheet = page(_title(data), _HEIGHT * rows, 0, _sentences(data), least=least)
        grid = sheet.body.subplots(rows, min(len(shown), _ROW), squeeze=False)
        for axes in grid.flat[len(shown):]:
            axes.set_axis_off()
        for axes, (pick, names, values) in zip(grid.flat, shown, strict=False):
            _draw(axes, data["t"].values, names, values)
            axes.set(title=pick.text, xlabel="step")
            axes.margins(x=0.0)  # there is no step below 0
        return sheet.close((), 1)


def lines(data: xarray.Dataset, observable: str | None) -> list[tuple[Wanted, list[str], Array]]:
    """What is asked for of a run: the names of its lines, and the lines, (lines, t).  Raises as `picture`."""
    asked = [wanted(each) for each in separated(observable or "loss")]
    return [(pick, *_along(data, pick)) for pick in asked]


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
    one = np.asarray(variable.values, dtype=np.float64)[None]
    dims, values = pick.selected(tuple(map(str, variable.dims)), one, labels)
    kept = xarray.DataArray(values[0], dims=dims)
    if pick.rule:
        kept = kept.reduce(RULES[pick.rule], [dim for dim in dims if dim not in ("t", "seed")])
    dims_of = [str(dim) for dim in kept.dims if dim != "t"]
    many = kept.size // kept.sizes["t"]
    if many > _LINES:
        raise InputError(
            f"observable: {quoted(pick.text)} is {many} lines, and a panel has room for {_LINES}; pick some, as in "
            f"{pick.name}[{dims_of[-1]}={labels[dims_of[-1]][0]}], or reduce it, as in {pick.name}:max"
        )
    lost = dict(diverged(data))
    names = [", ".join(f"{dim} = {label}{', diverged' * (dim == 'seed' and label in lost)}"
                       for dim, label in zip(dims_of, at, strict=True))
             for at in itertools.product(*(labels[dim] for dim in dims_of))]
    return names, np.asarray(kept.transpose(*dims_of, "t").values).reshape(many, -1)


def _draw(axes: Axes, t: Array, names: Sequence[str], lines: Array) -> None:
    few = len(lines) <= _NAMED
    for at, (name, line) in enumerate(zip(names, lines, strict=True)):
        look = style.LINES[at % len(style.LINES)]
        axes.plot(t, line, color=look.color, linestyle=look.dashes if few else "-", linewidth=1.2 if few else 0.5,
                  alpha=1.0 if few else 0.6, label=name)
    if few and any(names):
        axes.legend(fontsize=style.SMALL)


def _title(data: xarray.Dataset) -> str:
    """The model, and what ends runs early."""
    title = str(data.attrs.get("title") or data.attrs.get("setting", "")).replace("$", r"\$")
    ends = data[STOPPED].attrs.get("event", "") if STOPPED in data else ""
    return f"{title}\nuntil the {ends}" if ends else title


def _sentences(data: xarray.Dataset) -> list[Sentence]:
    """What was run, which seeds diverged, and which were stopped early and stay in that state."""
    values = json.loads(data.attrs.get("parameters", "{}"))
    told = ", ".join(f"{name} = {show(value)}" for name, value in values.items() if value is not None)
    made = f"A line an entry.  {told}." if told else "A line an entry."
    return [*_lost(data), *_stopped(data), Made(made.replace("$", r"\$"))]


def _lost(data: xarray.Dataset) -> list[Sentence]:
    lost = diverged(data)
    numbers = {"lost": len(lost), "seeds": data.sizes.get("seed", 1), "which": ", ".join(str(seed) for seed, _ in lost)}
    return [Where(bool(lost), "{lost} of {seeds} seeds diverged, so that no line is theirs: seed {which}.", numbers)]


def _stopped(data: xarray.Dataset) -> list[Sentence]:
    """At which step each seed was stopped, after which its line is level."""
    if STOPPED not in data:
        return []
    seeds = np.atleast_1d(data["seed"].values).tolist() if "seed" in data.coords else [0]
    ends = [(seed, end) for seed, end in zip(seeds, np.atleast_1d(data[STOPPED].values).tolist(), strict=True)
            if end is not None and end >= 0]
    several = "seed" in data.dims
    each = ", ".join(f"seed {seed} at step {end:g}" for seed, end in ends[:_NAMED]) + ", ..." * (len(ends) > _NAMED)
    told = "Stopped, from where a line goes on level: {each}." if several else "Stopped at step {each}."
    numbers = {"each": each if several else f"{ends[0][1]:g}" if ends else ""}
    return [Where(bool(ends), told, numbers)]
