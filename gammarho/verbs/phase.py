"""phase: an observable over a grid of two parameters."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gammarho import terminal
from simulate.errors import InputError, quoted

from .shared import Repeated, Switch, goes_on, say

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from derivations.declare import Value
    from gammarho.grid_files import Places


def phase(
    setting: str,
    /,
    *values: str,
    x: str,
    y: str,
    preset: str | None = None,
    steps: str | None = None,
    seed: str = "0",
    seeds: str = "3",
    observable: str = "test_error",
    sampling: str | None = None,
    workers: str | None = None,
    out: Repeated = (),
    curve: Repeated = (),
    feasible: str | None = None,
    json: Switch = False,
) -> int:
    """Fill a grid over two parameters with an observable at the last step.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value.
        x: the columns, as name=a:b:n or name=a:b:n:log.
        y: the rows.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: the first seed.
        seeds: draws a cell.
        observable: one number a run, such as test_error, loss or a hitting time.
        sampling: gram (drawn without the dimension) or vectors; default gram where it is exact and not refused.
        workers: threads; the result does not depend on it.
        out: keep the grid in this .zarr folder; the same command takes an interrupted grid up where it stopped.  Or a
            picture (.pdf, .png), a table (.csv) or netCDF (.nc); repeat the option for several.
        curve: a line in the picture, as "NAME = formula of parameters" with an axis on the left; repeat it for several.
        feasible: a constant C; the picture shows where the conditions of the model's paper hold with it.
        json: print JSON instead of a table.
    """
    from gammarho import api, arguments, grid_files

    given, places = arguments.assignments(values), grid_files.places("out", out)
    resolved, path = api.resolve(setting, given, preset), places.store
    overlay: dict[str, Any] = {"curves": curve, "feasible": feasible, "setting": setting}
    if curve or feasible is not None:
        _check(places, resolved.values, [x, y], **overlay)
    from gammarho import report
    from simulate.phase.phase import phase as fill

    options: dict[str, Any] = {
        "x": x, "y": y, "steps": steps, "seed": seed, "seeds": seeds, "workers": workers, "observable": observable,
        "sampling": sampling,
    }
    try:
        with places.held():
            data = fill(setting, given, preset=preset, store=path, **options)
            written, refused = places.write(data, lambda grid: _drawn(grid, observable=observable, **overlay))
    except KeyboardInterrupt:
        if path is not None:
            print(f"gammarho: the finished cells are in {path}, and the same command goes on", file=sys.stderr)
        raise
    with terminal.safe(written[0] if written else None):
        print(report.as_json(data) if json else report.grid_as_text(data, observable))
        for place in [] if json else written:
            print(f"wrote {place}")
    if refused:  # the table is printed all the same
        raise refused[0]
    left = report.undone(data)
    return say(f"{left}; {goes_on(path)}") if left else 0


def _drawn(grid: xarray.Dataset, **options: Any) -> Figure:
    from figures.grid.plot import plot

    return plot(grid, **options)


def _check(
    places: Places, values: Mapping[str, Value], axes: Sequence[str], curves: Sequence[str], feasible: str | None,
    setting: str,
) -> None:
    """Refuses, before anything is run, what the picture could not show."""
    if not places.pictured:
        option, value = ("curve", curves[0]) if curves else ("feasible", feasible)
        raise InputError(f"{option}: {quoted(value)} is for a picture; give --out phase.pdf too")
    from figures.grid.plot import check

    check(setting, values, [axis.partition("=")[0].strip() for axis in axes], curves, feasible)
