"""A figure for print: with its caption below it or without, at a width, in some formats; and the caption as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text

from simulate.ask import reading
from simulate.ask.arguments import names
from simulate.errors import InputError, quoted

from .said import SIZE, Sentence, folded, recorded

FORMATS = ("png", "pdf", "svg")
_LATEX = ("pdf", "png", "svg")  # as they are preferred in a text


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


def how(caption: bool, width: float | str | None, formats: str | Sequence[str] | None) -> Printed:
    """How figures are written, read from what a caller gives.

    Args:
        caption: whether the words below a figure are in the picture.
        width: of the picture in inches, or as "14cm"; a picture of a given width is without its caption.
        formats: of pictures, among `FORMATS`; the usual ones by default.

    Raises:
        InputError: for a width that is no length, and an unknown format.
    """
    asked_for = names("format", formats, FORMATS, "a format") or Printed().formats
    inches = None if width is None else _inches(width)
    return Printed(reading.switch("caption", caption) and inches is None, inches, tuple(asked_for))


_LENGTH = re.compile(r"\s*([0-9.]+)\s*(in|cm|mm|pt)?\s*")
_PER_INCH = {"in": 1.0, "cm": 2.54, "mm": 25.4, "pt": 72.27, None: 1.0}
_NARROWEST, _WIDEST = 1.0, 40.0  # inches


def _inches(width: float | str) -> float:
    match = _LENGTH.fullmatch(str(width))
    try:
        inches = 0.0 if match is None else float(match[1]) / _PER_INCH[match[2]]
    except ValueError:  # "1.2.3"
        inches = 0.0
    if not _NARROWEST <= inches <= _WIDEST:
        raise InputError(f"width: {quoted(width)}; expected a length of {_NARROWEST:g} to {_WIDEST:g} inches, such as "
                         "5.5in or 14cm")
    return inches


def fits(wanted: Printed, least: float, panels: bool = False) -> None:
    """Raises InputError where a figure needs more room than it is asked for; `panels`: fewer of them need less."""
    if wanted.width is not None and wanted.width < least - 1e-9:
        more = ", or fewer panels" if panels else ""
        raise InputError(f"width: {wanted.width:.4g} inches, at which words of this picture are cut; expected at least "
                         f"{least:.3g}, so give {least:.3g}in{more}")


@contextmanager
def printed(wanted: Printed) -> Iterator[None]:
    """In the block, figures are written so."""
    before = _ASKED.set(wanted)
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
    words.set_visible(asked().caption)
    words.set_in_layout(False)
    part.add_artist(words)


def words(figure: Figure) -> str:
    """The figure's caption on one line; "" for none."""
    return " ".join(" ".join(each.get_text().split()) for each in _captions(figure))


def sentences(figure: Figure) -> list[dict[str, Any]]:
    """The caption's sentences, with the numbers that each stands on."""
    return [each for part in _captions(figure) for each in recorded(part.said)]


def _captions(figure: Figure) -> list[Caption]:
    parts: list[Any] = [figure, *figure.subfigs]  # as a page has them: nobody looks through thousands of ticks
    return [each for part in parts for each in part.artists if isinstance(each, Caption)]


_MATH = re.compile(r"(\$[^$]*\$)")
_SPECIAL = {
    "%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_", "^": r"\^{}", "~": r"\~{}", "±": r"$\pm$", "<": "$<$", ">": "$>$",
}


def in_latex(said: str) -> str:
    """Words with formulas between dollars, as LaTeX."""
    return "".join(part if part.startswith("$") else "".join(_SPECIAL.get(char, char) for char in part)
                   for part in _MATH.split(said))


def tex(name: str, endings: Collection[str], said: str, width: float | None) -> str:
    """A figure environment that shows NAME's picture, of those with these endings, with its caption."""
    size = r"\linewidth" if width is None else f"{width:g}in"
    ending = min(endings, key=_LATEX.index)
    command = "includesvg" if ending == "svg" else "includegraphics"  # of the package svg: LaTeX itself reads none
    return (
        "\\begin{figure}\n  \\centering\n"
        f"  \\{command}[width={size}]{{{name}.{ending}}}\n"
        f"  \\caption{{{in_latex(said)}}}\n  \\label{{fig:{name}}}\n\\end{{figure}}\n"
    )
