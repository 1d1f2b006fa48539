"""phase: observables over a grid of one to three axes."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from derivations.commands import command
from gammarho import terminal
from simulate.errors import InputError, quoted

from .shared import (
    ADDRESS,
    AXIS,
    EQUATION,
    FILE,
    FORMULA,
    INT,
    LENGTH,
    NAME,
    NAMES,
    NUMBER,
    SAMPLINGS,
    TEST_SAMPLINGS,
    THRESHOLD,
    Switch,
    goes_on,
    say,
    thresholds,
)

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from derivations.declare import Value
    from figures.printed import Printed
    from gammarho.grid_files import Places

_WORD = re.compile(r"[A-Za-z_]\w*")
_USUAL = {"seed": "0", "seeds": "3", "observable": "test_error", "test_sampling": "draws"}


def phase(
    setting: str,
    /,
    *values: str,
    x: Annotated[str, AXIS],
    y: Annotated[str | None, AXIS] = None,
    z: Annotated[str | None, AXIS] = None,
    hold: Annotated[tuple[str, ...], EQUATION] = (),
    preset: Annotated[str | None, NAME] = None,
    steps: Annotated[str | None, INT] = None,
    seed: Annotated[str, INT] = "0",
    seeds: Annotated[str, INT] = "3",
    observable: Annotated[str, NAMES] = "test_error",
    sampling: Annotated[str | None, SAMPLINGS] = None,
    test_sampling: Annotated[str, TEST_SAMPLINGS] = "draws",
    until: Annotated[tuple[str, ...], THRESHOLD] = (),
    boundary: Annotated[str | None, THRESHOLD] = None,
    refine: Annotated[str | None, NUMBER] = None,
    workers: Annotated[str | None, INT] = None,
    scheduler: Annotated[str | None, ADDRESS] = None,
    out: Annotated[tuple[str, ...], FILE] = (),
    curve: Annotated[tuple[str, ...], FORMULA] = (),
    feasible: Annotated[str | None, NUMBER] = None,
    no_caption: Switch = False,
    width: Annotated[str | None, LENGTH] = None,
    format: Annotated[str | None, NAMES] = None,
    json: Switch = False,
) -> int:
    """Fill a grid over one to three axes with observables at the last step.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value; formulas of others, such as sigma_p=20/sqrt(d), are computed in every cell.
        x: the columns, as name=a:b:n, name=a:b:n:log or name=v1,v2; a parameter, a choice, or a name in --hold.
        y: the rows.
        z: the planes.
        hold: an equation, such as "sigma_p: sigma_p*sqrt(d)=20", solved for sigma_p in every cell; may be repeated.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: the first seed.
        seeds: draws a cell.
        observable: one number a run, such as test_error, loss or a hitting time; several are separated by commas.
        sampling: gram (drawn without the dimension) or vectors; default gram where it is exact and not refused.
        test_sampling: draws, or importance (for test errors of 1e-4 to 1e-9).
        until: a run ends at or below a threshold, such as loss=1e-3, or above one, as "gamma:max>=1" in quotes, and its
            numbers are of that step, which is the observable stopped; may be repeated, then it ends at all of them.
        boundary: a level whose crossing is followed, and drawn in a picture, such as test_error=0.1, or T_1=500, where
            a run that has not reached it counts as the step after the last.
        refine: to what share of an axis it is found, such as 0.01, by splitting cells.
        workers: threads; the result does not depend on it.
        scheduler: a dask scheduler's address, such as tcp://10.0.0.1:8786; its workers run the cells.
        out: keep the grid in this .zarr folder; the same command takes an interrupted grid up where it stopped.  Or a
            picture (.pdf, .png, .svg) of the first observable, a table (.csv, and a boundary's points beside it; .json)
            or netCDF (.nc); repeat the option for several.
        curve: a line in the picture, as "NAME = formula of parameters" with an axis on the left, or over one axis the
            observable; repeat it for several.
        feasible: a constant C; the picture shows where the conditions of the model's paper hold with it.
        no_caption: leave the words below the picture out of it; they go to a .tex file beside it.
        width: of the picture, such as 5.5in or 14cm, without its caption.
        format: further formats beside the picture: png, pdf, svg, separated by commas.
        json: print JSON instead of a table.
    """
    from gammarho import api, arguments, grid_files, grids, report

    given, how = arguments.assignments(values), None
    if no_caption or width is not None or format is not None:
        from figures.printed import how as read

        how = read(not no_caption, width, format)
    places = grid_files.places("out", out, () if how is None or format is None else how.formats,
                               how is not None and not how.caption, boundary is not None)
    if how is not None and not places.pictured:
        said = ("no_caption", "on") if no_caption else ("width", width) if width is not None else ("format", format)
        raise InputError(f"{said[0]}: {quoted(said[1])} is for a picture; give --out phase.pdf too")
    axes = {each.partition("=")[0].strip() for each in (x, y, z) if each is not None}
    alone = {name: value for name, value in given.items() if not axes & set(_WORD.findall(value))}
    resolved, path = api.resolve(setting, alone, preset, "phase"), places.store
    overlay: dict[str, Any] = {"curves": curve, "feasible": feasible, "setting": setting}
    if places.pictured and (z, width) != (None, None):
        _check_panels(setting, given, preset, {"x": x, "y": y, "z": z}, hold, how)
    if curve or feasible is not None:
        _check(places, resolved.values, [each for each in (x, y, z) if each is not None], observable, **overlay)
    from simulate.phase.grid import GridAsked
    from simulate.phase.phase import labelled

    named: dict[str, Any] = {"preset": preset, "steps": steps, "observable": observable, "seeds": seeds, "seed": seed,
                             "sampling": sampling, "test_sampling": test_sampling, "until": thresholds(until)}
    how_far: dict[str, Any] = {"boundary": boundary, "refine": refine, "workers": workers, "scheduler": scheduler}
    axes_given = {"x": x, "y": y, "z": z}
    asked = {**axes_given, **named, **how_far, "until": until, "hold": hold, "curve": curve, "feasible": feasible,
             "out": out, "width": width, "format": format, "no_caption": no_caption}
    again = command("phase", setting, *values, options={
        name: value for name, value in asked.items() if value != _USUAL.get(name)})
    try:
        with places.held():
            data = labelled(GridAsked(setting, given, axes_given, hold or None, **named), store=path, **how_far)
            whole = functools.cache(data.dataset)  # a table needs no xarray, which takes long to load
            drawn = functools.cache(lambda: _drawn(whole(), **overlay, caption=not no_caption, width=width))
            with _printed(how):
                written, refused = places.write(whole, lambda _: drawn())
    except KeyboardInterrupt:
        print(_interrupted(path, again), file=sys.stderr)
        raise
    kept = f"; all are in {path}" if path is not None else "; --out GRID.zarr keeps all, and --json prints them"
    with terminal.safe(written[0] if written else None):
        print(report.as_json(data) if json else grids.as_text(data, kept))
        for place in [] if json else written:
            print(f"wrote {place}")
    if refused:  # the table is printed all the same
        raise refused[0]
    left = grids.undone(data)
    if not left and (why := grids.none_ran(data)):  # after the table, which is all that there is
        return say(why)
    return say(f"{left}; {goes_on(path, again)}") if left else 0


def _interrupted(path: Path | None, command: str) -> str:
    """Where the finished cells are, and what goes on."""
    if path is None:
        return f"gammarho: nothing of it is kept without --out; to have it kept: {command} --out GRID.zarr"
    return f"gammarho: the finished cells are in {path}, and this goes on: {command}"


def _printed(how: Printed | None) -> AbstractContextManager[None]:
    """As pictures are asked for; matplotlib is loaded for none."""
    if how is None:
        return nullcontext()
    from figures.printed import printed

    return printed(how)


def _drawn(grid: xarray.Dataset, **options: Any) -> Figure:
    from figures.grid.plot import plot

    return plot(grid, **options)


def _check_panels(
    setting: str, given: Mapping[str, object], preset: str | None, axes: Mapping[str, object], hold: Sequence[str],
    how: Printed | None,
) -> None:
    """Refuses, before anything is run, more panels than a picture has room for at its width."""
    from figures.grid.plot import check_panels
    from simulate.ask.chosen import choose
    from simulate.ask.hold import holds
    from simulate.phase.grid_cells import asked_axes

    chosen = choose(setting, given, preset, "phase")
    deep = asked_axes(axes, chosen.built, chosen.given, holds(hold or None))[0]
    check_panels(deep.name, len(deep.values) if axes["z"] is not None else 1, how)


def _check(
    places: Places, values: Mapping[str, Value], axes: Sequence[str], observable: str, curves: Sequence[str],
    feasible: str | None, setting: str,
) -> None:
    """Refuses, before anything is run, what the picture could not show."""
    if not places.pictured:
        option, value = ("curve", curves[0]) if curves else ("feasible", feasible)
        raise InputError(f"{option}: {quoted(value)} is for a picture; give --out phase.pdf too")
    from figures.grid.plot import check
    from simulate.phase.reduced_axes import separated

    drawn = separated(observable)[0].strip()
    check(setting, values, [axis.partition("=")[0].strip() for axis in axes], curves, feasible, drawn)
