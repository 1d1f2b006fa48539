"""A figure for print: with its caption below it or without, at a width, in some formats; and the caption as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from .said import SIZE, Sentence, folded, recorded

FORMATS = ("png", "pdf", "svg")
_ROOM = 0.04  # inches below what is left of a figure


@dataclass(frozen=True)
class Printed:
    """How figures are written: `width` in inches, None for the figure's own."""

    caption: bool = True
    width: float | None = None
    formats: tuple[str, ...] = ("png", "pdf")


_USUAL = Printed()
_ASKED: ContextVar[Printed] = ContextVar("printed", default=_USUAL)


def asked() -> Printed:
    """How figures are written here."""
    return _ASKED.get()


@contextmanager
def printed(how: Printed) -> Iterator[None]:
    """In the block, figures are written so."""
    before = _ASKED.set(how)
    try:
        yield
    finally:
        _ASKED.reset(before)


class Caption(Text):
    """The words below a figure, and the sentences that they are of."""

    said: tuple[Sentence, ...] = ()


def caption(part: Any, said: Sequence[Sentence]) -> None:
    """Sentences below a figure, at the bottom of `part`, a figure or a part of one."""
    inches = part.figure.get_figwidth() if part.figure is not None else part.get_figwidth()
    words = Caption(0.01, 0.02, "\n".join(folded(said, inches)), fontsize=SIZE, va="bottom",
                    transform=part.transSubfigure)
    words.said = tuple(said)
    words.set_in_layout(False)
    part.add_artist(words)


def words(figure: Figure) -> str:
    """The figure's caption on one line; "" for none."""
    return " ".join(" ".join(each.get_text().split()) for each in _captions(figure))


def sentences(figure: Figure) -> list[dict[str, Any]]:
    """The caption's sentences, with the numbers that each stands on."""
    return [each for part in _captions(figure) for each in recorded(part.said)]


def _captions(figure: Figure) -> list[Caption]:
    return [each for each in figure.findobj(Caption) if isinstance(each, Caption)]


def fitted(figure: Figure, how: Printed) -> dict[str, Any]:
    """What `savefig` takes besides, so that the figure has the width asked for and no more room than it fills.

    The letters keep their size, and so does the height of what is not the caption.
    """
    if how.width is not None:
        figure.set_size_inches(how.width, figure.get_figheight())
    if how.caption:
        return {}
    for each in _captions(figure):
        each.set_visible(False)
    figure.canvas.draw()
    width, height = figure.get_size_inches()
    seen = (box for each in figure.findobj(lambda artist: isinstance(artist, Axes | Legend))
            if (box := each.get_tightbbox()) is not None)
    bottom = max(0.0, min((box.y0 for box in seen), default=0.0) / figure.dpi - _ROOM)
    return {"bbox_inches": Bbox([[0.0, bottom], [width, height]])}


_MATH = re.compile(r"(\$[^$]*\$)")
_SPECIAL = {
    "%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_", "^": r"\^{}", "~": r"\~{}", "±": r"$\pm$", "<": "$<$", ">": "$>$",
}


def in_latex(said: str) -> str:
    """Words with formulas between dollars, as LaTeX."""
    return "".join(part if part.startswith("$") else "".join(_SPECIAL.get(char, char) for char in part)
                   for part in _MATH.split(said))


def tex(name: str, said: str, width: float | None) -> str:
    """A figure environment that shows NAME.pdf with its caption."""
    size = r"\linewidth" if width is None else f"{width:g}in"
    return (
        "\\begin{figure}\n  \\centering\n"
        f"  \\includegraphics[width={size}]{{{name}.pdf}}\n"
        f"  \\caption{{{in_latex(said)}}}\n  \\label{{fig:{name}}}\n\\end{{figure}}\n"
    )
