"""plot: a picture of the dataset that `phase` or `run` returns, for anybody's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import xarray
from matplotlib.figure import Figure

from derivations.declare import Model, Value
from simulate.ask import early, models, paths, reading, settings
from simulate.conditions.conditions import recorded
from simulate.errors import InputError, quoted

from .. import printed
from ..run import picture as of_run
from ..said import Made, Sentence
from ..save import save_as, write_text
from . import curves as curves_of
from . import region as region_of
from .crossings import crossings
from .curve import curve
from .heat import columns_of, heat
from .picture import Picture, least
from .scales import is_number
from .shown import fits, shown


def plot(
    grid: xarray.Dataset,
    *,
    observable: str | None = None,
    curves: str | Sequence[str] = (),
    feasible: float | str | None = None,
    setting: str | Model | None = None,
    notes: Sequence[str | Sentence] = (),
    out: str | PathLike[str] | None = None,
    caption: bool = True,
    width: float | str | None = None,
    formats: str | Sequence[str] | None = None,
) -> Figure:
    """Draw a grid: an observable's mean over the seeds, its standard error, and where draws have no value; or a run.

    Two parameters are a heat map, with the standard errors in a smaller one beside it; a third has a panel a value
    (at most 12); one is a curve with a band of one standard error, of choices points with bars.  Axes are
    logarithmic or linear as their values are spaced, choices stand side by side.  Cells in which any draw diverged,
    failed or did not reach an event are hatched, and counted in the legend; their mean is of the other draws.  A
    boundary that `phase` followed is drawn with the band of each crossing, and the power law that it follows.
    One seed picked, `grid.isel(seed=0)`, is its draws with their own error, if any; without its seeds, as after
    `grid.mean("seed")`, a grid is drawn as it is, and the caption says that of its draws nothing is known.

    Of a run, `observable` names what is drawn over its steps, a panel each, entries picked and reduced as `phase` takes
    them: "rho_over[i=3],loss", "gamma:max".

    Args:
        grid: what `phase` returns, or the same read back: `xarray.open_zarr(...)`, `xarray.open_dataset("grid.nc")`; or
            what `run` returns.
        observable: which of the grid's; the first by default.
        curves: "NAME = formula", or several: NAME is one of a panel's axes, evaluated over the other one from the
            grid's other parameters, such as "lam = m/(sigma_p**2*d)"; of one parameter, that or the observable, such
            as "test_error = exp(-n*mu_norm**4/(sigma_p**4*d))/2".
        feasible: a constant C; the cells at which the printed condition of the model's paper holds with it are dotted,
            and the region's boundary is drawn along the cells' edges.
        setting: where the conditions are, if not with the setting that the grid is of: "file.py:model", or a Model.
        notes: lines of your own below the picture.
        out: also write it to this .pdf, .png or .svg file, whole or not at all.
        caption: whether the words below the picture are in it; else they go to a .tex file beside `out`.
        width: of the picture in inches, or as "14cm", 3 inches or more, of panels beside one another more; a picture of
            a given width is without its caption.
        formats: further formats beside `out`, of "png", "pdf" and "svg".

    Returns:
        A matplotlib Figure; `figure.savefig` writes it too.

    Raises:
        InputError: in one sentence, for what is no grid, hitting times that were averaged, an observable, a formula or
            a name that it does not have, more than 12 panels, a model without conditions, and a file that cannot be.
            Unwritten: the disk refused.
    """
    place, how = None if out is None else paths.picture("out", out), printed.how(caption, width, formats)
    if place is None and formats is not None:
        raise InputError(f"formats: {quoted(formats)} is for a file; give out='phase.pdf' too")
    if isinstance(grid, xarray.Dataset) and "t" in grid.dims:
        return _of_run(grid, observable, place, how, formats, {"curves": curves, "feasible": feasible})
    with printed.printed(how):
        figure = of_grid(grid, observable, curves, feasible, setting, notes)
        _write(figure, place, how, formats)
    return figure


def of_grid(
    grid: xarray.Dataset, observable: str | None, curves: str | Sequence[str], feasible: float | str | None,
    setting: str | Model | None, notes: Sequence[str | Sentence],
) -> Figure:
    """The picture of a grid, printed as figures are asked for here (`printed.asked`).  Arguments, errors: `plot`'s."""
    drawn = shown(grid, observable)
    whose = drawn.data.attrs.get("setting") if setting is None else setting
    stage = curves_of.Stage(whose, lambda: early.known_names(whose, _labels(drawn.data)))
    asked = curves_of.read(curves, [each.name for each in drawn.flat], curves_of.numbers(drawn.data), stage,
                           drawn.observable)
    region = None
    if feasible is not None:
        region = region_of.region(drawn.data, drawn.scales, whose, feasible)
    said = tuple(_sentence(note) for note in notes)
    picture = Picture(drawn, asked, region, said, crossings=crossings(drawn.data, drawn.scales))
    return curve(picture) if len(drawn.scales) == 1 else heat(picture)


def _of_run(
    data: xarray.Dataset, observable: str | None, place: Path | None, how: printed.Printed, formats: object,
    of_grids: Mapping[str, object],
) -> Figure:
    for name, value in of_grids.items():
        if value:
            said = "is for the grid of a phase diagram, and this is a run; leave it out"
            raise InputError(f"{name}: {quoted(value)} {said}")
    with printed.printed(how):
        figure = of_run(data, observable)
        _write(figure, place, how, formats)
    return figure


def _write(figure: Figure, place: Path | None, how: printed.Printed, formats: object) -> None:
    if place is None:
        return
    endings = list(dict.fromkeys([place.suffix[1:], *(how.formats if formats else ())]))
    for each in endings:
        save_as(figure, place.with_suffix(f".{each}"))
    if not how.caption:
        write_text(place.with_suffix(".tex"), printed.tex(place.stem, endings, printed.words(figure), how.width))


def _sentence(note: str | Sentence) -> Sentence:
    """A line of the caller's own is words, whatever dollars are in it."""
    return note if isinstance(note, Sentence) else Made(note.replace("$", r"\$"))


def _labels(data: xarray.Dataset) -> dict[str, list[Value]]:
    """The values of every parameter of a grid."""
    return {str(name): np.unique(coord.values).tolist() for name, coord in data.coords.items() if name != "seed"}


def check_panels(name: str, panels: int, how: printed.Printed | None) -> None:
    """Raises what `plot` would of so many values of `name`, a panel each, before any is run."""
    fits(name, panels)
    if how is not None:
        printed.fits(how, least(columns_of(panels)), panels=panels > 1)


def check(
    setting: str | Model, values: Mapping[str, Value], axes: Sequence[str], curves: Sequence[str], feasible: object,
    observable: str = "",
) -> None:
    """Raises what `plot` would of a grid over `axes` with these values of the other parameters, before any is run.

    Args:
        setting: the grid's, whose conditions `feasible` asks for.
        values: the setting's parameters.
        axes: the parameters that vary, the panels' last.
        curves: as for `plot`.
        feasible: as for `plot`; None for no region.
        observable: what is drawn.
    """
    known = [name for name, value in values.items() if name in axes or is_number(value)]
    labels = {**{name: [value] for name, value in values.items()}, **settings.resolve(setting).structural}
    labels |= {name: [value] for name, value in values.items() if name not in axes}
    stage = curves_of.Stage(setting, lambda: early.known_names(setting, labels))
    curves_of.read(curves, axes[:2], [*known, *(axis for axis in axes if axis not in known)], stage, observable)
    if feasible is not None:
        reading.positive("feasible", feasible)
        recorded(models.build(settings.resolve(setting).factory, {}), setting)
