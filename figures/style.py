"""How figures look: sizes in inches, fonts, and lines that differ in colour, in grey and without colour at all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
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


def curve(
    axes: Axes, t: NDArray[Any], runs: NDArray[np.float64], line: Line, label: str, logarithmic: bool = False
) -> None:
    """Mean over runs (seeds, T), the geometric one on a logarithmic axis, and a band from the least to the greatest."""
    marks = max(1, len(t) // 6)
    axes.plot(
        t, middle(runs, logarithmic), color=line.color, linestyle=line.dashes, marker=line.marker, label=label,
        markevery=(LINES.index(line) * marks // len(LINES), marks), markerfacecolor="white", markeredgewidth=0.8,
    )
    axes.fill_between(t, runs.min(axis=0), runs.max(axis=0), color=line.color, alpha=0.22, linewidth=0)


def middle(runs: NDArray[np.float64], logarithmic: bool) -> NDArray[np.float64]:
    """The mean over runs (seeds, T), or the geometric one: a logarithmic axis shows the other near the largest."""
    if not logarithmic:
        return np.asarray(runs.mean(axis=0))
    with np.errstate(divide="ignore"):  # a run at 0 takes the mean there
        return np.asarray(np.exp(np.log(runs).mean(axis=0)))


def key(line: Line, label: str) -> Line2D:
    """The legend's sample of a curve."""
    return Line2D([], [], color=line.color, linestyle=line.dashes, marker=line.marker, markerfacecolor="white",
                  markeredgewidth=0.8, label=label)
