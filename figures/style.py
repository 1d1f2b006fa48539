"""How figures look: sizes in inches, fonts, and lines that differ in colour, in grey and without colour at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.scale import SymmetricalLogTransform
from numpy.typing import NDArray

COLUMN, PAGE = 3.25, 6.75  # widths, inches: one column and the whole text of a two-column page
FONT = 8.0  # points; notes below a figure have SMALL
SMALL = 7.5
GREY = "#6E6E6E"

_RC: Any = {
    "font.size": FONT, "axes.titlesize": FONT + 1, "axes.labelsize": FONT, "legend.fontsize": FONT,
    "xtick.labelsize": FONT, "ytick.labelsize": FONT, "figure.titlesize": FONT + 1,
    "axes.linewidth": 0.6, "lines.linewidth": 1.2, "lines.markersize": 3.5, "hatch.linewidth": 0.5,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "axes.spines.top": False, "axes.spines.right": False,
    "legend.frameon": False, "mathtext.fontset": "dejavusans", "pdf.fonttype": 42, "savefig.dpi": 200,
    "svg.hashsalt": "gammarho",  # else names within an SVG are others each time
    "figure.autolayout": False, "figure.constrained_layout.use": False,  # who wants a layout says so
}  # fonttype 42: text stays text, which journals ask for


@dataclass(frozen=True)
class Line:
    """A curve's colour (Okabe and Ito's, safe for colour-blind readers), dashes and marker."""

    color: str
    dashes: Any
    marker: str


LINES = (
    Line("#0072B2", "-", "o"),
    Line("#E69F00", (0, (5, 1.5)), "s"),
    Line("#009E73", (0, (5, 1.5, 1, 1.5)), "^"),
    Line("#D55E00", (0, (1, 1)), "D"),
    Line("#CC79A7", (0, (3, 1, 1, 1, 1, 1)), "v"),
)


def context() -> AbstractContextManager[None]:
    """The settings, for as long as a figure is made or written; nothing global is left changed."""
    return mpl.rc_context(_RC)


Place = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Scale:
    """An axis: where it puts values, as a function that increases, its inverse, and what its means are called."""

    name: str
    place: Place
    value: Place
    means: str = "means"
    options: Mapping[str, Any] = field(default_factory=dict)

    def mean(self, runs: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean over runs (seeds, T) of their places: the mean of values stands near the largest of unlike ones."""
        with np.errstate(divide="ignore"):  # a run at 0 takes a geometric mean there
            return np.asarray(self.value(self.place(runs).mean(axis=0)))

    def on(self, axes: Axes) -> None:
        """The y axis of a panel is such."""
        axes.set_yscale(self.name, **self.options)


LINEAR = Scale("linear", np.asarray, np.asarray)
LOGARITHMIC = Scale("log", np.log, np.exp, "geometric means")


def symmetric(linear: float, room: float) -> Scale:
    """A symmetric logarithmic axis, linear up to `linear` on `room` decades to either side of 0."""
    transform = SymmetricalLogTransform(10, linear, room)
    back = transform.inverted()
    return Scale("symlog", lambda values: np.asarray(transform.transform_non_affine(values)),
                 lambda places: np.asarray(back.transform_non_affine(places)), "means on the axis' scale",
                 {"linthresh": linear, "linscale": room})


def curve(
    axes: Axes, t: NDArray[Any], runs: NDArray[np.float64], line: Line, label: str, scale: Scale = LINEAR
) -> None:
    """Mean over runs (seeds, T), taken on the axis' scale, and a band from the least to the greatest."""
    marks = max(1, len(t) // 6)
    axes.plot(
        t, scale.mean(runs), color=line.color, linestyle=line.dashes, marker=line.marker, label=label,
        markevery=(LINES.index(line) * marks // len(LINES), marks), markerfacecolor="white", markeredgewidth=0.8,
    )
    axes.fill_between(t, runs.min(axis=0), runs.max(axis=0), color=line.color, alpha=0.22, linewidth=0)


def key(line: Line, label: str) -> Line2D:
    """The legend's sample of a curve."""
    return Line2D([], [], color=line.color, linestyle=line.dashes, marker=line.marker, markerfacecolor="white",
                  markeredgewidth=0.8, label=label)
