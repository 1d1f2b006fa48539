"""A grid of two or three parameters as heat maps: the means, and their standard errors beside or below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynamics.arrays import Array

from .. import style
from ..said import Made, Sentence, Where, folded, wrapped
from . import looks
from .crossings import Crossings, Outline
from .picture import INSIDE, Panel, Picture, characters, inches
from .region import boundary
from .shown import label

_ROW = 4  # panels beside one another
_HEIGHT, _NARROW = 2.9, (2.3, 1.6)  # inches: a panel of means; in a narrow picture, and one of errors below it
_AROUND = 1.4  # inches that panels beside one another leave to labels and bars
_PANEL_LABEL = 42  # characters of a label below a panel that has another beside it
_BESIDE = 5.0  # inches: in a narrower picture the errors stand below the means


def columns_of(panels: int) -> int:
    """How many of so many panels stand beside one another."""
    return min(panels, _ROW)


def heat(picture: Picture) -> Figure:
    """Heat maps on a page."""
    panels = picture.panels
    columns = columns_of(len(panels))
    rows = -(-len(panels) // columns)
    one = len(panels) == 1
    errors = picture.shown.error is not None
    narrow = one and inches() < _BESIDE
    heights = ((_HEIGHT,) if one and not narrow else (1.9, 1.45) if not narrow else _NARROW)[: 1 + errors]
    with style.context():
        page, handles, in_row = picture.page(rows * sum(heights), panels, *_told(picture), columns=columns)
        if one and not narrow:
            parts, blocks = [page.body] * 2, _beside(page.body, errors)
            wide = _PANEL_LABEL if errors else characters(_AROUND)
        else:
            parts, blocks = [page.body] * len(heights), _below(page.body, len(panels), columns, heights)
            wide = characters(_AROUND)
        _maps(parts[0], blocks[0], panels, columns, picture, few=26 if narrow else 22 if errors and not one else 36)
        if errors:
            _errors(parts[-1], blocks[-1], panels, columns, picture)
        said = label(picture.shown.data[picture.shown.across.name], wide)
        if columns > 1:  # beside one another they would stand in each other's
            page.body.supxlabel(said, fontsize=style.FONT)
        else:
            blocks[0][-1].set_xlabel(said)
        return page.close(handles, in_row)


def _told(picture: Picture) -> tuple[Sentence, ...]:
    """Of what the standard error is, and what cells without a colour are."""
    shown = picture.shown
    said = () if shown.error is None else (Made(f"Standard error: {shown.error_of}."),)
    if not np.isfinite(shown.mean).any():  # without a bar, whose label says what is drawn
        said = (Made(f"Of {shown.name}.".replace("$", r"\$")), *said)
    none = ["no draw has a value"] if np.isnan(shown.mean).any() else []
    lone = ["no standard error"] if shown.error is not None and np.isnan(shown.error).any() else []
    return (*said, Where(bool(none or lone), "Grey: {cells}.", {"cells": " or ".join([*none, *lone])}))


def _beside(body: Any, errors: bool) -> list[list[Axes]]:
    """Room for the means, and half as much for their errors: of one grid, so that they begin and end in line."""
    ratios = [1.75, 1.0][: 1 + errors]
    return [[axes] for axes in body.subplots(1, len(ratios), squeeze=False, width_ratios=ratios)[0]]


def _below(part: Any, panels: int, columns: int, heights: Sequence[float]) -> list[list[Axes]]:
    """Blocks of so many panels below one another, each panel as wide as those above and below it."""
    rows = -(-panels // columns)
    tall = [height for height in heights for _ in range(rows)]
    share = panels > 1
    grid = part.subplots(len(tall), columns, squeeze=False, sharex=share, sharey=share, height_ratios=tall)
    blocks = [block.ravel() for block in np.split(grid, len(heights))]
    for axes in [axes for block in blocks for axes in block[panels:]]:
        axes.remove()
    return [list(block[:panels]) for block in blocks]


def _maps(part: Any, every: Sequence[Axes], panels: Sequence[Panel], columns: int, picture: Picture, few: int) -> None:
    shown = picture.shown
    of = looks.colours(looks.MEAN, shown.mean)
    for axes, panel in zip(every, panels, strict=True):
        values = shown.mean[panel.at]
        image = looks.mesh(axes, panel.scales, values, of)
        for mark in shown.marks:
            looks.hatch(axes, panel.scales, mark.cells[panel.at], mark.hatch, mark.word, values, of)
        if picture.region is not None:
            inside = picture.region.holds[panel.at]
            looks.hatch(axes, panel.scales, inside & picture.region.partial, INSIDE, "conditions hold", values, of)
            looks.edge(axes, boundary(inside, panel.scales), "conditions")
        for at, (curve, line) in enumerate(zip(picture.curves, panel.lines, strict=True)):
            looks.drawn(axes, line.x, line.y, at, str(curve))
        if picture.crossings is not None:
            _boundary(axes, picture.crossings, panel)
        axes.set_title(_heading(panel, columns))
    _outer(every, columns)
    _bar(part, image, every, shown.mean, "\n".join(wrapped(shown.name, few)))


def _boundary(axes: Axes, found: Crossings, panel: Panel) -> None:
    """The boundary that was measured, its bands and its law."""
    outline = Outline(found, panel.scales)
    looks.boundary(axes, outline.pieces, outline.bars, outline.points, found.text)
    if found.law is not None:
        down, across = (found.law.points[each.name] for each in panel.scales)
        looks.law(axes, across, down, found.law.text)


def _errors(part: Any, every: Sequence[Axes], panels: Sequence[Panel], columns: int, picture: Picture) -> None:
    shown = picture.shown
    assert shown.error is not None
    of = looks.colours(looks.ERROR, shown.error)
    for axes, panel in zip(every, panels, strict=True):
        image = looks.mesh(axes, panel.scales, shown.error[panel.at], of)
        axes.set(title=_heading(panel, columns), ylabel=panel.scales[0].name, xlabel=panel.scales[1].name)
    _outer(every, columns)
    _bar(part, image, every, shown.error, "standard error")


def _heading(panel: Panel, columns: int) -> str:
    """The heading, folded where it would stand in the next panel's."""
    return "\n".join(folded([Made(panel.heading)], (inches() - _AROUND) / columns, style.FONT + 1))


def _outer(every: Sequence[Axes], columns: int) -> None:
    """Numbers below the lowest of each column alone, and left of the first; below several columns one label is all's.

    matplotlib's own leaves them to the last row, also where a column ends above it.
    """
    for at, axes in enumerate(every):
        low, left = at + columns >= len(every), at % columns == 0
        axes.tick_params(axis="x", which="both", labelbottom=low)
        axes.tick_params(axis="y", which="both", labelleft=left)
        axes.set(**({} if low and columns == 1 else {"xlabel": ""}), **({} if left else {"ylabel": ""}))


def _bar(part: Any, image: Any, every: Sequence[Axes], values: Array, label: str) -> None:
    """The colour bar, where any cell has a value."""
    known = values[np.isfinite(values)]
    if known.size:
        below, above = known.min() < image.norm.vmin, known.max() > image.norm.vmax
        extend = "both" if below and above else "min" if below else "max" if above else "neither"
        part.colorbar(image, ax=list(every), label=label, pad=0.02, extend=extend)
