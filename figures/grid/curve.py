"""A grid of one parameter as a curve: the means, with a band of one standard error to either side."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dynamics.arrays import Array, Flags

from .. import style
from ..said import Made, Sentence
from . import looks
from .picture import INSIDE, Panel, Picture

_HEIGHT, _DECADES = 2.9, 1e3


def curve(picture: Picture) -> Figure:
    """The curve on a page."""
    shown, line = picture.shown, style.LINES[0]
    (panel,) = picture.panels
    with style.context():
        page, handles, in_row = picture.page(_HEIGHT, [panel], *_said(picture))
        axes = page.body.subplots()
        mean, places = shown.mean, shown.across.places
        positive = mean[np.isfinite(mean)]
        if positive.size and positive.min() > 0 and positive.max() >= _DECADES * positive.min():
            axes.set_yscale("log")
        axes.plot(places, mean, color=line.color, marker=line.marker, markerfacecolor="white", label=shown.observable)
        if shown.error is not None:
            axes.fill_between(places, mean - shown.error, mean + shown.error, color=line.color, alpha=0.25, linewidth=0,
                              label="standard error")
        for mark in shown.marks:
            _spans(axes, shown.across.edges, mark.cells, mark.hatch, mark.word)
        _on_top(axes, picture, panel)
        shown.across.on(axes, "x")
        axes.set_ylabel("\n".join(textwrap.wrap(shown.name, 40)))
        if not np.isfinite(mean).any():
            axes.set_yticks([])
        return page.close(handles, in_row)


def _said(picture: Picture) -> tuple[Sentence, ...]:
    shown = picture.shown
    return () if shown.error is None else (Made(f"Band: one standard error {shown.error_of}, to either side."),)


def _on_top(axes: Axes, picture: Picture, panel: Panel) -> None:
    """The region of the conditions, and what curves come to: a value of the axis each."""
    if picture.region is not None:
        inside, edges = picture.region.holds, picture.shown.across.edges
        _spans(axes, edges, inside & picture.region.partial, INSIDE, "conditions hold")
        for edge in edges[1:-1][inside[1:] != inside[:-1]]:
            axes.axvline(edge, color="#D55E00", linestyle=looks.EDGE, linewidth=1.5, label="conditions")
    for at, (each, points) in enumerate(zip(picture.curves, panel.lines, strict=True)):
        axes.axvline(points.x[0], color="black", linestyle=looks.dashes(at), linewidth=1.3, label=str(each))


def _spans(axes: Axes, edges: Array, cells: Flags, hatch: str, label: str) -> None:
    """Hatch the width of every one of the cells, from the bottom to the top."""
    for at in np.flatnonzero(cells):
        span: Patch = axes.axvspan(edges[at], edges[at + 1], facecolor="none", edgecolor="#9A9A9A", hatch=hatch,
                                   linewidth=0, zorder=0, label=label)
        span.set_in_layout(False)
