"""The papers' figures and tables, and phase diagrams by name: written into a folder, and their files returned."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from simulate.errors import InputError, nearest, quoted
from simulate.work.progress import doing, progress

if TYPE_CHECKING:
    from figures.printed import Printed
    from figures.save import Writer

DIAGRAMS = "phase"


def figures(
    paper: str, figure: str | None = None, *, out: str | PathLike[str] = "out", cells: int | str | None = None,
    caption: bool = True, width: float | str | None = None, formats: str | Sequence[str] | None = None,
) -> tuple[Path, ...]:
    """Write a paper's figures and tables, or one of them; or phase diagrams.

    Args:
        paper: a setting's name, such as "pegr"; or "phase", for diagrams of all papers.
        figure: one figure's name; all of them by default, as with "all".
        out: the folder to write to.
        cells: of phase diagrams, at most so many values along an axis.
        caption: whether the words below a figure are in the picture; they are in its .json and .tex all the same.
        width: of the picture in inches, or as "14cm"; a picture of a given width is without its caption.
        formats: of pictures, of "png", "pdf" and "svg"; png and pdf by default.

    Raises:
        InputError: for an unknown paper or figure, and where `cells` has no meaning.  Unwritten: for a folder that
            cannot be written.
    """
    from figures.printed import how

    by_figure = written(paper, figure, out, cells, how(caption, width, formats))
    return tuple(path for paths in by_figure for path in paths)


def written(
    paper: str, figure: str | None, out: str | PathLike[str], cells: int | str | None, how: Printed
) -> Iterator[tuple[Path, ...]]:
    """The same, one figure's files at a time; what is refused is refused before the first."""
    from derivations.papers.paper import PAPERS
    from simulate.ask import paths, reading

    if paper not in (*PAPERS, DIAGRAMS):
        raise InputError(f"paper: {quoted(paper)}; {nearest(str(paper), (*PAPERS, DIAGRAMS))}")
    folder = paths.folder("out", out)
    if paper == DIAGRAMS:
        most = None if cells is None else reading.count("cells", cells, low=2, example=8)
        return _diagrams(figure, folder, most, how)
    if cells is not None:
        raise InputError(f"cells: {quoted(cells)} is for phase diagrams, gammarho figures phase; leave it out")
    package = importlib.import_module(PAPERS[paper].figures)
    return _of_paper(paper, figure, folder, package.FIGURES, package.ABSENT, how)


def _of_paper(
    paper: str, figure: str | None, folder: Path, known: Mapping[str, Writer], absent: Mapping[str, str], how: Printed
) -> Iterator[tuple[Path, ...]]:
    from figures.page import LEAST
    from figures.printed import fits, printed

    fits(how, LEAST)  # before anything is run for it
    if figure is not None and figure in absent:
        raise InputError(f"figure: {quoted(figure)} of {paper} is not drawn, being {absent[figure]}; there are "
                         f"{', '.join(known)}")
    names = _asked(paper, figure, known)

    def each() -> Iterator[tuple[Path, ...]]:
        with progress(f"figures {paper}", _several(names), "figures") as step:
            for name in names:
                folder.mkdir(parents=True, exist_ok=True)
                with printed(how), doing(f"drawing {name}"):
                    paths = tuple(known[name](folder))
                yield paths
                step()

    return each()


def _diagrams(
    figure: str | None, folder: Path, cells: int | None, how: Printed
) -> Iterator[tuple[Path, ...]]:
    from figures.phase import DIAGRAMS as KNOWN
    from figures.phase import write
    from figures.printed import printed

    drawn = [(name, diagram) for name in _asked(DIAGRAMS, figure, KNOWN) for diagram in KNOWN[name]]
    for _, diagram in drawn:
        diagram.check(how)

    def each() -> Iterator[tuple[Path, ...]]:
        with progress(f"figures {DIAGRAMS}", _several(drawn), "diagrams") as step:
            for name, diagram in drawn:
                with printed(how), doing(f"drawing {diagram.name}"):
                    paths = tuple(write(name, diagram, folder, cells))
                yield paths
                step()

    return each()


def _several(things: Sequence[object]) -> int:
    """How many are counted: one alone says more by what it is at."""
    return len(things) if len(things) > 1 else 0


def _asked(paper: str, figure: str | None, known: Iterable[str]) -> tuple[str, ...]:
    """The names that are asked for."""
    names = tuple(known)
    if figure not in (None, "all", *names):
        raise InputError(f"figure: {quoted(figure)} is not one of {paper}'s; {nearest(str(figure), (*names, 'all'))}")
    return names if figure is None or figure == "all" else (figure,)
