"""A grid of one parameter as a curve of means with a band of a standard error, or of choices as points with bars."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dynamics.arrays import Array, Flags

from .. import style
from ..said import Made, Sentence, wrapped
from . import looks
from .picture import INSIDE, Panel, Picture, characters, inches
from .scales import ticks
from .shown import Shown, label

_HEIGHT, _DECADES = 2.9, 1e3
_BESIDE = 1.0  # inches beside the curve
_ROOM = 1.3  # a logarithmic axis ends by this factor beyond what is drawn
_MARGIN = 0.05  # of its height, by which another does


@dataclass(frozen=True)
class _Middle:
    """What is drawn, (across,): means, their errors where these are known, and the y axis."""

    mean: Array
    error: Array | None
    logarithmic: bool

    @classmethod
    def of(cls, shown: Shown) -> _Middle:
        """On a logarithmic axis where all means are above 0 and span decades."""
        known = shown.mean[np.isfinite(shown.mean)]
        wide = known.size > 0 and known.min() > 0 and known.max() / _DECADES >= known.min()
        return cls(shown.mean, shown.error, bool(wide))

    @cached_property
    def bottom(self) -> float:
        """Of a logarithmic axis: below the least mean and the ends of the errors, but a decade at most."""
        least = float(np.nanmin(self.mean))
        low = least if self.error is None else float(np.nanmin(self.mean - self.error))
        return max(min(least, low), least / 10) / _ROOM

    @property
    def top(self) -> float:
        """Of a logarithmic axis: above the greatest mean and its error."""
        most = self.mean if self.error is None else np.fmax(self.mean, self.mean + self.error)
        return min(float(np.nanmax(most)), sys.float_info.max / _ROOM) * _ROOM

    @property
    def ends(self) -> tuple[Array, Array]:
        """A standard error to either side; on a logarithmic axis from its bottom where that is lower."""
        assert self.error is not None
        low = self.mean - self.error
        with np.errstate(invalid="ignore"):
            return (np.maximum(low, self.bottom) if self.logarithmic else low), self.mean + self.error

    def upright(self, curves: Array) -> tuple[float, float]:
        """The ends of the y axis with curves of these values, but for what would leave means less than a quarter."""
        ends = [self.mean] if self.error is None else [self.mean, *self.ends]
        drawn = np.concatenate([*ends, [self.bottom, self.top]] if self.logarithmic else ends)
        if self.logarithmic:
            low, high = self._between(np.log(drawn), np.log(curves[curves > 0]), 0.0)
            return math.exp(low), math.exp(high)
        return self._between(drawn, curves, _MARGIN)

    def _between(self, drawn: Array, curves: Array, margin: float) -> tuple[float, float]:
        drawn, curves = (each[np.isfinite(each)] for each in (drawn, curves))
        low, high = (float(end(drawn if drawn.size else curves)) for end in (np.min, np.max))
        reach = 1.5 * ((high - low) or abs(high) or 1.0)
        near = curves[(curves >= low - reach) & (curves <= high + reach)]
        low, high = min([low, *near]), max([high, *near])
        return low - margin * (high - low), high + margin * (high - low)

    def said(self, what: str, of: str) -> tuple[Sentence, ...]:
        """What the band is, or the bars are; `of` says whose the standard error is."""
        if self.error is None:
            return ()
        cut = self.logarithmic and bool((self.mean - self.error < self.bottom).any())
        below = "; to the bottom where it reaches beyond" if cut else ""
        return (Made(f"{what}: one standard error {of}, to either side{below}."),)


def curve(picture: Picture) -> Figure:
    """The curve on a page; of choices, which have nothing between them, points with bars."""
    shown, line = picture.shown, style.LINES[0]
    (panel,) = picture.panels
    middle, joined = _Middle.of(shown), shown.across.numeric
    over = [points.y for each, points in zip(picture.curves, panel.lines, strict=True) if each.left == shown.observable]
    if any(np.isfinite(each).any() for each in over):
        panel = replace(panel, upright=middle.upright(np.concatenate(over)))
    with style.context():
        said = middle.said("Band" if joined else "Bars", shown.error_of)
        height = min(_HEIGHT, 0.75 * inches())
        page, handles, in_row = picture.page(height, [panel], *said)
        axes = page.body.subplots()
        shown.across.on(axes, "x")  # before anything is drawn, by which matplotlib would choose the axis' ends
        axes.set_xlabel(label(shown.data[shown.across.name], characters(_BESIDE)))
        if middle.logarithmic:
            axes.set(ylim=panel.upright or (middle.bottom, middle.top), yscale="log")
            ticks(axes.yaxis, *axes.get_ylim())
        _middle(axes, shown.across.places, middle, joined, line, shown.observable)
        for mark in shown.marks:
            _spans(axes, shown.across.edges, mark.cells, mark.hatch, mark.word)
        _on_top(axes, picture, panel)
        if panel.upright is not None:
            axes.set_ylim(panel.upright)
        axes.set_ylabel("\n".join(wrapped(shown.name, 40 if height == _HEIGHT else 26)))
        if panel.upright is None and not np.isfinite(middle.mean).any():
            axes.set_yticks([])
        return page.close(handles, in_row)


def _middle(axes: Axes, places: Array, middle: _Middle, joined: bool, line: style.Line, label: str) -> None:
    axes.plot(places, middle.mean, color=line.color, marker=line.marker, markerfacecolor="white", label=label,
              linestyle=line.dashes if joined else "none", zorder=3)
    if middle.error is None:
        return
    if joined:
        axes.fill_between(places, *middle.ends, color=line.color, alpha=0.25, linewidth=0, label="standard error")
    else:
        axes.vlines(places, *middle.ends, color=line.color, label="standard error")


def _on_top(axes: Axes, picture: Picture, panel: Panel) -> None:
    """The region of the conditions, the boundary that was measured, and curves; of the axis' parameter a value each."""
    if picture.region is not None:
        inside, edges = picture.region.holds, picture.shown.across.edges
        _spans(axes, edges, inside & picture.region.partial, INSIDE, "conditions hold")
        for edge in edges[1:-1][inside[1:] != inside[:-1]]:
            axes.axvline(edge, color="#D55E00", linestyle=looks.EDGE, linewidth=1.5, label="conditions")
    if picture.crossings is not None:
        (found,) = picture.crossings.found
        for at, low, high in zip(found.at, found.low, found.high, strict=True):
            looks.stretch(axes, float(at), float(low), float(high), picture.crossings.text)
    for at, (each, points) in enumerate(zip(picture.curves, panel.lines, strict=True)):
        if each.left == picture.shown.observable:
            looks.drawn(axes, points.x, points.y, at, str(each))
            continue
        axes.axvline(points.x[0], color="black", linestyle=looks.dashes(at), linewidth=1.3, label=str(each))


def _spans(axes: Axes, edges: Array, cells: Flags, hatch: str, label: str) -> None:
    """Hatch the width of every one of the cells, from the bottom to the top."""
    for at in np.flatnonzero(cells):
        span: Patch = axes.axvspan(edges[at], edges[at + 1], facecolor="none", edgecolor="#9A9A9A", hatch=hatch,
                                   linewidth=0, zorder=0, label=label)
        span.set_in_layout(False)
