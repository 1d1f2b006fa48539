"""What all pictures of grids have: the curves and the region asked for, the title, the legend and the notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray
from matplotlib.lines import Line2D

from .. import style
from ..page import Page, page
from ..printed import asked
from ..said import Made, Sentence, across, folded
from . import looks
from .crossings import Crossings
from .curves import Curve, Line, line
from .region import Region
from .scales import Scale
from .shown import LABEL, Shown
from .words import of_one, words

INSIDE = ".."
_COLUMN, _PANEL, _AROUND = 3.0, 1.1, 1.0  # inches: the least picture, a panel beside others, what stands around them
_CHARACTERS = 13.0  # of a label, an inch
_SAMPLE = 0.5  # inches of a legend's sample with what is left free beside it
_OUTSIDE = ", outside the picture"


@dataclass(frozen=True)
class Panel:
    """One panel: its axes, where its cells are in the arrays of `Shown`, its heading, and the curves in it.

    `upright` are the ends of the vertical axis where that is the observable's and curves are drawn over the other one.
    """

    scales: tuple[Scale, ...]
    at: tuple[int, ...]
    heading: str
    lines: tuple[Line, ...]
    upright: tuple[float, float] | None = None


@dataclass(frozen=True)
class Picture:
    """A grid, and what is drawn on top of it."""

    shown: Shown
    curves: tuple[Curve, ...]
    region: Region | None
    said: tuple[Sentence, ...] = ()
    crossings: Crossings | None = None
    """The boundary that was measured."""

    @property
    def panels(self) -> list[Panel]:
        """A panel a value of the third axis, of three; else one."""
        of = self.shown
        if of.panels is None:
            return [Panel(of.flat, (), "", self._lines(of.data))]
        parts = [of.data.isel({of.panels.name: at}) for at in range(len(of.panels.values))]
        return [Panel(of.flat, (at,), of.panels.heading(at), self._lines(part)) for at, part in enumerate(parts)]

    def _lines(self, data: xarray.Dataset) -> tuple[Line, ...]:
        return tuple(line(curve, self.shown.flat, data) for curve in self.curves)

    @property
    def title(self) -> str:
        """The model, the setting, the steps and what ends runs earlier, and the seeds."""
        attributes, which = self.shown.data.attrs, self.shown.which
        steps = f"{attributes['steps']} steps" if "steps" in attributes else ""
        steps = f"until {attributes['until']}, {steps} at most" if "until" in attributes else steps
        said = "; ".join(part for part in (str(attributes.get("setting", "")), steps, which) if part)
        lines = [str(attributes.get("title", "")), said]
        return "\n".join(each.replace("$", r"\$") for each in lines if each)

    def page(
        self, height: float, panels: Sequence[Panel], *more: Sentence, columns: int = 1
    ) -> tuple[Page, list[Any], int]:
        """An empty page for so many columns of panels, with its caption, its legend's handles, how many in a row."""
        handles = self._handles(panels)
        in_row, rows = _legend(handles, inches())
        measured = () if self.crossings is None else self.crossings.said
        said = (*self.said, of_one(self.shown), *more, *self._joined(panels), *measured, *words(self.shown))
        return page(self.title, height, rows, said, least=least(columns)), handles, in_row

    def _joined(self, panels: Sequence[Panel]) -> tuple[Sentence, ...]:
        """Which curves are known at the cells alone."""
        texts = [str(curve).replace("$", r"\$") for at, curve in enumerate(self.curves)
                 if any(panel.lines[at].joined for panel in panels)]
        return (Made(f"Known at the grid's values alone, and joined between: {'; '.join(texts)}."),) if texts else ()

    def _handles(self, panels: Sequence[Panel]) -> list[Any]:
        handles: list[Any] = []
        for at, curve in enumerate(self.curves):
            inside = any(_is_seen(panel, at, curve.left == self.shown.observable) for panel in panels)
            label = f"{curve}{'' if inside else _OUTSIDE}"
            handles.append(Line2D([], [], color="black", linestyle=looks.dashes(at), label=label))
        handles += [looks.hatched(mark.hatch, str(mark)) for mark in self.shown.marks]
        if self.region is not None:
            handles.append(looks.region_key(INSIDE, str(self.region)))
        if self.crossings is not None:
            handles += self._measured(self.crossings)
        return handles

    def _measured(self, found: Crossings) -> list[Any]:
        label = str(found).replace("$", r"\$")
        if len(self.shown.flat) == 1:
            return [looks.stretch_key(label)]
        return [looks.boundary_key(label), *([] if found.law is None else [looks.law_key(found.law.text)])]


def _is_seen(panel: Panel, at: int, of_observable: bool) -> bool:
    """Whether any piece of a curve is in its panel."""
    drawn, scales = panel.lines[at], panel.scales
    within = [(scales[-1].straight(drawn.x), scales[-1].straight(scales[-1].edges))]
    if len(scales) > 1:
        within.append((scales[0].straight(drawn.y), scales[0].straight(scales[0].edges)))
    elif of_observable and panel.upright is not None:
        within.append((drawn.y, np.array(panel.upright)))
    begins, ends = np.zeros(len(drawn.x) - 1), np.ones(len(drawn.x) - 1)  # the part of each piece that is inside
    with np.errstate(invalid="ignore", divide="ignore"):
        for places, edges in within:
            first, along = places[:-1], np.diff(places)
            to = np.stack([(edge - first) / along for edge in (edges[0], edges[-1])])
            still, here = along == 0, (first >= edges[0]) & (first <= edges[-1])
            begins = np.maximum(begins, np.where(still, np.where(here, 0.0, np.nan), to.min(axis=0)))
            ends = np.minimum(ends, np.where(still, np.where(here, 1.0, np.nan), to.max(axis=0)))
        return bool((begins <= ends).any())


def inches() -> float:
    """How wide the picture is."""
    return asked().width or style.PAGE


def characters(around: float) -> int:
    """Characters on a line of a label below all panels, which leave so many inches to what stands beside them."""
    return max(LABEL, int(_CHARACTERS * (inches() - around)))


def least(columns: int) -> float:
    """Inches that so many panels beside one another need: a column of a paper is enough for one."""
    return max(_COLUMN, _PANEL * columns + _AROUND)


def _legend(handles: Sequence[Any], room: float) -> tuple[int, int]:
    """How many handles stand in a row, and the rows' lines; a label that is too long for a line is folded."""
    labels = [str(each.get_label()) for each in handles]
    half = -(-len(labels) // 2)
    wide = [max((across(label, style.FONT) for label in part), default=0.0) + _SAMPLE
            for part in (labels[:half], labels[half:])]
    if len(labels) > 1 and sum(wide) <= room:
        return 2, half
    lines = [folded([Made(label)], room - _SAMPLE, style.FONT) for label in labels]
    for handle, those in zip(handles, lines, strict=True):
        handle.set_label("\n".join(those))
    return 1, sum(map(len, lines))

