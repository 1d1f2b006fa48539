"""A page: panels above, the legend and the caption below them, each with the room that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from . import style
from .printed import asked, caption, fits
from .said import Made, Sentence, folded
from .said import height as caption_height

_LINE, _KEY = 0.13, 0.175  # inches a line of the caption, a row of the legend
_SIDES = 0.2  # inches beside a title
_SHARE = 0.8  # of a figure's own width: at less its panels' words are cut
LEAST = 4.0  # inches that every paper's figure needs


@dataclass(frozen=True)
class Page:
    """A figure, the part with its panels, the part below them, and what is said there."""

    figure: Figure
    body: Any
    foot: Any
    said: tuple[Sentence, ...]

    def close(self, handles: Sequence[Any], ncols: int) -> Figure:
        """The figure with its legend and its caption."""
        if handles:
            self.foot.legend(handles=handles, loc="upper center", ncols=ncols, columnspacing=1.3, borderaxespad=0.1)
        caption(self.foot, self.said)
        return self.figure


def page(
    title: str, height: float, rows: int, said: Sequence[Sentence], width: float = style.PAGE, least: float = 0.0
) -> Page:
    """An empty page: its title, `height` inches of panels, `rows` of the legend, and this caption.

    Where figures are printed without it, or at a width of their own (`printed`), the page is such.

    Raises:
        InputError: where that is less than `least`, or a good part of the page's own `width`: words would be cut.
    """
    how = asked()
    fits(how, least or _SHARE * width, panels=least > LEAST)
    width = how.width or width
    foot = 0.16 + _KEY * rows + (max(_LINE, caption_height(folded(said, width))) if how.caption else 0.0)
    figure = Figure(figsize=(width, height + foot), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=[height, foot])
    body, below = parts
    if title:
        lines = [line for each in title.split("\n") for line in folded([Made(each)], width - _SIDES, style.FONT + 1)]
        body.suptitle("\n".join(lines))
    return Page(figure, body, below, tuple(said))
