"""How a grid's picture looks: colours by value, hatches that can be seen on them, and lines on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from dynamics.arrays import Array, Flags

from .scales import Scale

NOTHING = "#DEDEDE"  # the colour of a cell without a value; no value has it
MEAN, ERROR = "viridis", "cividis"  # both even in lightness, and as grey
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.8)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (3, 1, 1, 1, 1, 1)))
EDGE: Any = (0, (2.2, 0.9))
_DECADES = 1e3  # values above 0 that span this factor have colours by their logarithm
_LEAST, _MOST = 1e-200, 1e60  # the least value with a colour of its own, and the factor to the greatest: bars overflow
_HALO: list[Any] = [withStroke(linewidth=2.8, foreground="white")]
_POINT: dict[str, Any] = {"marker": "o", "markersize": 3.2, "markerfacecolor": "white", "markeredgecolor": "black",
                          "markeredgewidth": 0.8}
_STRETCH: dict[str, Any] = {"facecolor": "#CFCFCF", "linewidth": 0}
_CROSSED: Any = (0, (7, 1.5, 1, 1.5, 1, 1.5))
_PIECE: dict[str, Any] = {"color": "white", "linewidth": 1.4,
                          "path_effects": [withStroke(linewidth=2.7, foreground="black")]}
_BAR: dict[str, Any] = {"color": "black", "linewidth": 0.7,
                        "path_effects": [withStroke(linewidth=1.8, foreground="white")]}
_LAW: dict[str, Any] = {"color": "white", "linestyle": (0, (3, 1.8)), "linewidth": 1.2,
                        "path_effects": [withStroke(linewidth=2.4, foreground="black")]}


@dataclass(frozen=True)
class Colours:
    """A colour a value."""

    name: str
    norm: Normalize

    def dark(self, values: Array) -> Flags:
        """Whether the colours are too dark for black on them."""
        red, green, blue, _ = np.moveaxis(colormaps[self.name](self.norm(values)), -1, 0)
        return np.asarray(0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.4)


def colours(name: str, values: Array) -> Colours:
    """Colours from the least to the greatest value, by the logarithm where they span decades.

    So they do where all are above 0, and the greatest is a thousand times the least; and where some are 0, and it is a
    thousand times the median of the others.  Those that are 0 then have the lowest colour.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return Colours(name, Normalize(0.0, 1.0))
    low, high = float(known.min()), float(known.max())
    if low == high:  # one colour: in the middle, and that of 0 the lowest, as a bar below 0 would tell of signs
        return Colours(name, Normalize(low - abs(low) / 2, high + (abs(low) / 2 or 1.0)))
    above = known[known > 0]
    small = low if low > 0 else float(np.median(above)) if low == 0 else np.inf
    if high < _DECADES * small:
        return Colours(name, Normalize(low, high))
    least = max(float(above.min()), _LEAST)
    return Colours(name, LogNorm(least, min(high, least * _MOST), clip=True))


def mesh(axes: Axes, scales: Sequence[Scale], values: Array, of: Colours) -> Any:
    """The cells (down, across) in their colours; those without a value are grey."""
    axes.set_facecolor(NOTHING)
    down, across = scales
    across.on(axes, "x")
    down.on(axes, "y")
    return axes.pcolormesh(across.edges, down.edges, values, cmap=of.name, norm=of.norm, rasterized=True)


def hatch(
    axes: Axes, scales: Sequence[Scale], cells: Flags, pattern: str, word: str, values: Array, of: Colours
) -> None:
    """Hatch cells (down, across): black, or white where the colour of their value is dark."""
    white = cells & of.dark(np.where(np.isfinite(values), values, np.inf)) & np.isfinite(values)
    for which, colour in ((cells & ~white, "black"), (white, "white")):
        if which.any():
            axes.add_collection(PolyCollection(
                list(corners(scales, which)), facecolor="none", edgecolor=colour, hatch=pattern, linewidth=0,
                label=word,
            ), autolim=False)


def corners(scales: Sequence[Scale], cells: Flags) -> Array:
    """The corners (count, 4, 2) of cells (down, across)."""
    y, x = (each.edges for each in scales)
    rows, columns = np.nonzero(cells)
    around = ((0, 0), (1, 0), (1, 1), (0, 1))
    return np.stack([np.stack([x[columns + right], y[rows + up]], axis=-1) for right, up in around], axis=1)


def hatched(pattern: str, label: str) -> Patch:
    """The legend's sample of a hatch."""
    return Patch(facecolor="white", edgecolor="black", hatch=pattern, linewidth=0.4, label=label)


def dashes(at: int) -> Any:
    """The dashes of the curve of that number."""
    return DASHES[at % len(DASHES)]


def drawn(axes: Axes, x: Array, y: Array, at: int, label: str) -> Any:
    """A curve, black with a white rim, told from others by its dashes and, beyond five, its width."""
    width = 1.3 + 0.7 * (at // len(DASHES))
    return axes.plot(x, y, color="black", linestyle=dashes(at), linewidth=width, label=label, path_effects=_HALO,
                     scalex=False, scaley=False)[0]


def edge(axes: Axes, segments: Array, label: str) -> Any:
    """The boundary of a region, vermilion with a white rim."""
    lines = LineCollection(list(segments), colors="#D55E00", linewidths=1.5, linestyles=[EDGE], label=label)
    lines.set_path_effects(_HALO)
    return axes.add_collection(lines, autolim=False)


def boundary(axes: Axes, pieces: Array, bars: Array, points: Array, label: str) -> None:
    """A measured boundary: pieces of a line (count, 2, 2), white with a black rim, and points (count, 2); bars as thin.

    Curves are black with a white rim, so that they differ on every colour and in print.
    """
    for segments, look, word in ((bars, _BAR, f"{label}: bands"), (pieces, _PIECE, label)):
        axes.add_collection(LineCollection(list(segments), label=word, zorder=3, **look), autolim=False)
    axes.plot(*points.T, linestyle="none", label=f"{label}: points", zorder=4, scalex=False, scaley=False, **_POINT)


def stretch(axes: Axes, at: float, low: float, high: float, label: str) -> None:
    """A crossing of a curve, upright, over its band where that is known."""
    if np.isfinite([low, high]).all():
        axes.axvspan(low, high, label=f"{label}: bands", zorder=0.5, **_STRETCH)
    axes.axvline(at, color="black", linestyle=_CROSSED, linewidth=1.0, label=label)


def stretch_key(label: str) -> Patch:
    """The legend's sample of a crossing's band."""
    return Patch(label=label, **{**_STRETCH, "edgecolor": "black", "linestyle": _CROSSED, "linewidth": 1.0})


def law(axes: Axes, x: Array, y: Array, label: str) -> None:
    """A boundary's power law."""
    axes.plot(x, y, label=label, scalex=False, scaley=False, **_LAW)


def boundary_key(label: str) -> ErrorbarContainer:
    """The legend's sample of a measured boundary: a piece with a point and its bar."""
    line = Line2D([], [], **_PIECE, **{**_POINT, "markersize": 2.4, "markeredgewidth": 0})  # the rim is the point's too
    return ErrorbarContainer((line, (), (LineCollection([], **_BAR),)), has_yerr=True, label=label)


def law_key(label: str) -> Line2D:
    """The legend's sample of a boundary's power law."""
    return Line2D([], [], label=label, **_LAW)


def region_key(pattern: str, label: str) -> Patch:
    """The legend's sample of a region with its boundary."""
    return Patch(facecolor="white", edgecolor="#D55E00", hatch=pattern, linewidth=1.3, linestyle=EDGE, label=label)
