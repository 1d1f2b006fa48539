"""A paper's errata as one LaTeX page that an author can be sent: an article that needs amsmath alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .errata import CHANGES, Erratum

Displays = Callable[[Erratum], Sequence[tuple[str, str]]]
"""An entry's displays, each with what it is, such as ("printed", an align* environment)."""

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}",
}
_HEAD = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\setlength{\parindent}{0pt}
\sloppy
\begin{document}
"""


def page(title: str, entries: Sequence[Erratum], displays: Displays) -> str:
    """The page: a section an entry, its formulas as they are typed, and the displays that are claims in LaTeX."""
    parts = [_HEAD, rf"\section*{{Errata: {escaped(title)}}}", f"{len(entries)} entries.", ""]
    for entry in entries:
        parts += _section(entry, displays(entry))
    return "\n".join([*parts, r"\end{document}", ""])


def escaped(text: str) -> str:
    """Text with what TeX reads as a command written out."""
    return "".join(_SPECIAL.get(each, each) for each in text)


def _section(entry: Erratum, displays: Sequence[tuple[str, str]]) -> list[str]:
    said = f"{entry.where} ({', '.join(filter(None, (entry.kind, CHANGES.get(entry.severity, ''))))})"
    rows = [rf"\subsection*{{{escaped(entry.id)}}}", escaped(said), ""]
    for label, text, typed in (("Printed", entry.printed, True), ("Corrected", entry.corrected, True),
                               ("Why", entry.why, False), ("Effect", entry.effect, False)):
        body = rf"\texttt{{{escaped(text)}}}" if typed else escaped(text)
        rows += [rf"\textbf{{{label}.}} {body}", ""]
    if entry.witness is not None:
        point = ", ".join(f"{name} = {value:g}" for name, value in entry.witness.at)
        rows += [rf"\textbf{{At}} {escaped(point)}: \texttt{{{escaped(entry.witness.printed)}}} is false, "
                 rf"\texttt{{{escaped(entry.witness.corrected)}}} is true.", ""]
    for what, display in displays:
        rows += [rf"\textbf{{{escaped(what)}}}", display, ""]
    return rows
