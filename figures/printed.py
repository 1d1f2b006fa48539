"""A figure for print: with its caption below it or without, at a width, in some formats; and the caption as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from . import style

FORMATS = ("png", "pdf", "svg")
_GID, _ROOM = "caption", 0.04  # inches below what is left of a figure


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


def caption(part: Any, text: str) -> None:
    """Words below a figure, at the bottom of `part`, a figure or a part of one."""
    part.text(0.01, 0.02, text, fontsize=style.SMALL - 0.5, va="bottom", gid=_GID).set_in_layout(False)


def words(figure: Figure) -> str:
    """The figure's caption on one line; "" for none."""
    return " ".join(" ".join(each.get_text().split()) for each in _captions(figure))


def _captions(figure: Figure) -> list[Text]:
    return [each for each in figure.findobj(Text) if isinstance(each, Text) and each.get_gid() == _GID]


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
