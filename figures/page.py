"""A page of FOMAML's figures: panels above, the legend and the notes below them, each with the room that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from . import style
from .printed import caption

_LINE, _KEY = 0.13, 0.175  # inches a line of notes, a row of the legend


@dataclass(frozen=True)
class Page:
    """A figure, the part with its panels, and the part below them."""

    figure: Figure
    body: Any
    foot: Any

    def close(self, handles: Sequence[Any], ncols: int, notes: str) -> Figure:
        """The figure with its legend and its notes."""
        if handles:
            self.foot.legend(handles=handles, loc="upper center", ncols=ncols, columnspacing=1.3, borderaxespad=0.1)
        caption(self.foot, notes)
        return self.figure


def page(title: str, height: float, rows: int, notes: str) -> Page:
    """An empty page: `height` inches of panels, `rows` of the legend, and these notes."""
    foot = 0.12 + _KEY * rows + _LINE * (notes.count("\n") + 1)
    figure = Figure(figsize=(style.PAGE, height + foot), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=[height, foot])
    body, below = parts
    body.suptitle(title)
    return Page(figure, body, below)
