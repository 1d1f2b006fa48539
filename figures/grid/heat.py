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
from .picture import INSIDE, Panel, Picture, inches
from .region import boundary

_ROW = 4  # panels beside one another
_HEIGHT, _NARROW = 2.9, (2.3, 1.6)  # inches: a panel of means; in a narrow picture, and one of errors below it
_AROUND = 1.4  # inches that panels beside one another leave to labels and bars
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
    heights = _NARROW if narrow else (1.9, 1.45)
    height = _HEIGHT if one and not narrow else rows * (heights[0] + heights[1] * errors)
    with style.context():
        page, handles, in_row = picture.page(height, panels, *_told(picture), columns=columns)
        if not errors:
            parts = [page.body]
        elif one and not narrow:
            parts = _beside(page.body)
        else:
            parts = list(page.body.subfigures(2, 1, height_ratios=heights))
        _maps(parts[0], panels, rows, columns, picture, labelled=one or not errors, few=26 if narrow else 36)
        if errors:
            _errors(parts[-1], panels, rows, columns, picture)
        return page.close(handles, in_row)


def _told(picture: Picture) -> tuple[Sentence, ...]:
    """Of what the standard error is, and what cells without a colour are."""
    shown = picture.shown
    said = () if shown.error is None else (Made(f"Standard error: {shown.error_of}."),)
    none = ["no draw has a value"] if np.isnan(shown.mean).any() else []
    lone = ["no standard error"] if shown.error is not None and np.isnan(shown.error).any() else []
    return (*said, Where(bool(none or lone), "Grey: {cells}.", {"cells": " or ".join([*none, *lone])}))


def _beside(body: Any) -> list[Any]:
    """Room for the means, and half as much for their errors."""
    return list(body.subfigures(1, 2, width_ratios=[1.75, 1.0]))


def _maps(
    part: Any, panels: Sequence[Panel], rows: int, columns: int, picture: Picture, labelled: bool, few: int
) -> None:
    shown = picture.shown
    of = looks.colours(looks.MEAN, shown.mean)
    every = _grid(part, panels, rows, columns)
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
        if not labelled:  # the same axes stand below
            axes.set_xlabel("")
    _bar(part, image, every, shown.mean, "\n".join(wrapped(shown.name, few if labelled else 22)))


def _boundary(axes: Axes, found: Crossings, panel: Panel) -> None:
    """The boundary that was measured, its bands and its law."""
    outline = Outline(found, panel.scales)
    looks.boundary(axes, outline.pieces, outline.bars, outline.points, found.text)
    if found.law is not None:
        down, across = (found.law.points[each.name] for each in panel.scales)
        looks.law(axes, across, down, found.law.text)


def _errors(part: Any, panels: Sequence[Panel], rows: int, columns: int, picture: Picture) -> None:
    shown = picture.shown
    assert shown.error is not None
    of = looks.colours(looks.ERROR, shown.error)
    every = _grid(part, panels, rows, columns)
    for axes, panel in zip(every, panels, strict=True):
        image = looks.mesh(axes, panel.scales, shown.error[panel.at], of)
        axes.set(title=_heading(panel, columns), ylabel=panel.scales[0].name, xlabel=panel.scales[1].name)
    _bar(part, image, every, shown.error, "standard error")


def _heading(panel: Panel, columns: int) -> str:
    """The heading, folded where it would stand in the next panel's."""
    return "\n".join(folded([Made(panel.heading)], (inches() - _AROUND) / columns, style.FONT + 1))


def _grid(part: Any, panels: Sequence[Panel], rows: int, columns: int) -> list[Axes]:
    """As many axes as there are panels; inner ones without labels."""
    grid = part.subplots(rows, columns, squeeze=False, sharex=len(panels) > 1, sharey=len(panels) > 1)
    for axes in grid.ravel()[len(panels):]:
        axes.remove()
    return list(grid.ravel()[: len(panels)])


def _bar(part: Any, image: Any, every: Sequence[Axes], values: Array, label: str) -> None:
    """The colour bar, where any cell has a value; and the labels of outer axes alone."""
    for axes in every:
        axes.label_outer()
    known = values[np.isfinite(values)]
    if known.size:
        below, above = known.min() < image.norm.vmin, known.max() > image.norm.vmax
        extend = "both" if below and above else "min" if below else "max" if above else "neither"
        part.colorbar(image, ax=list(every), label=label, pad=0.02, extend=extend)
