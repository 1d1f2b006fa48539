"""A grid of one parameter as a curve: means, geometric ones on a logarithmic axis, with a band of a standard error."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dynamics.arrays import Array, Flags

from .. import style
from ..said import Made, Sentence
from . import looks
from .picture import INSIDE, Panel, Picture
from .shown import Shown

_HEIGHT, _DECADES = 2.9, 1e3


@dataclass(frozen=True)
class _Middle:
    """What the curve shows, (across,), with its band from low to high, and how."""

    mean: Array
    band: tuple[Array, Array] | None
    scale: Literal["linear", "log"] = "linear"
    geometric: bool = False

    @classmethod
    def of(cls, shown: Shown) -> _Middle:
        """Above 0 and over decades on a logarithmic axis, where an arithmetic mean is near the largest draw alone."""
        logs = shown.logarithms
        mean = shown.mean if logs is None else np.exp(logs.mean)
        known = mean[np.isfinite(mean)]
        if logs is None or known.max() < _DECADES * known.min():
            return cls(shown.mean, _around(shown.mean, shown.error))
        if shown.draws.shape[-1] == 1:  # no mean, and its own error is of the value
            return cls(shown.mean, _around(shown.mean, shown.error), "log")
        band = _around(logs.mean, logs.error)
        return cls(mean, None if band is None else (np.exp(band[0]), np.exp(band[1])), "log", geometric=True)

    def said(self, of: str) -> tuple[Sentence, ...]:
        """What the band is; `of` says whose the standard error is."""
        if self.band is None:
            return ()
        error = "of the logarithms' mean over seeds, by their spread" if self.geometric else of
        return (Made(f"Band: one standard error {error}, to either side."),)


def _around(mean: Array, error: Array | None) -> tuple[Array, Array] | None:
    return None if error is None else (mean - error, mean + error)


def curve(picture: Picture) -> Figure:
    """The curve on a page."""
    shown, line = picture.shown, style.LINES[0]
    (panel,) = picture.panels
    middle = _Middle.of(shown)
    picture = replace(picture, means="geometric mean") if middle.geometric else picture
    with style.context():
        page, handles, in_row = picture.page(_HEIGHT, [panel], *middle.said(shown.error_of))
        axes = page.body.subplots()
        shown.across.on(axes, "x")  # before anything is drawn, by which matplotlib would choose the axis' ends
        places = shown.across.places
        axes.set_yscale(middle.scale)
        axes.plot(places, middle.mean, color=line.color, marker=line.marker, markerfacecolor="white",
                  label=shown.observable)
        if middle.band is not None:
            axes.fill_between(places, *middle.band, color=line.color, alpha=0.25, linewidth=0, label="standard error")
        for mark in shown.marks:
            _spans(axes, shown.across.edges, mark.cells, mark.hatch, mark.word)
        _on_top(axes, picture, panel)
        axes.set_ylabel("\n".join(textwrap.wrap(shown.name, 40)))
        if not np.isfinite(middle.mean).any():
            axes.set_yticks([])
        return page.close(handles, in_row)


def _on_top(axes: Axes, picture: Picture, panel: Panel) -> None:
    """The region of the conditions, the boundary that was measured, and what curves come to: a value each."""
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
        axes.axvline(points.x[0], color="black", linestyle=looks.dashes(at), linewidth=1.3, label=str(each))


def _spans(axes: Axes, edges: Array, cells: Flags, hatch: str, label: str) -> None:
    """Hatch the width of every one of the cells, from the bottom to the top."""
    for at in np.flatnonzero(cells):
        span: Patch = axes.axvspan(edges[at], edges[at + 1], facecolor="none", edgecolor="#9A9A9A", hatch=hatch,
                                   linewidth=0, zorder=0, label=label)
        span.set_in_layout(False)
