"""The papers' figures and tables, and phase diagrams by name: written into a folder, and their files returned."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from simulate.errors import InputError, nearest, quoted

if TYPE_CHECKING:
    from figures.save import Writer

DIAGRAMS = "phase"


def figures(
    paper: str, figure: str | None = None, *, out: str | PathLike[str] = "out", cells: int | str | None = None
) -> tuple[Path, ...]:
    """Write a paper's figures and tables, or one of them; or phase diagrams.

    Args:
        paper: a setting's name, such as "pegr"; or "phase", for diagrams of all papers.
        figure: one figure's name; all of them by default, as with "all".
        out: the folder to write to.
        cells: of phase diagrams, at most so many values along an axis.

    Raises:
        InputError: for an unknown paper or figure, and where `cells` has no meaning.  Unwritten: for a folder that
            cannot be written.
    """
    return tuple(path for paths in written(paper, figure, out, cells) for path in paths)


def written(
    paper: str, figure: str | None, out: str | PathLike[str], cells: int | str | None
) -> Iterator[tuple[Path, ...]]:
    """The same, one figure's files at a time; what is refused is refused before the first."""
    from derivations.papers.paper import PAPERS
    from simulate.ask import paths, reading

    if paper not in (*PAPERS, DIAGRAMS):
        raise InputError(f"paper: {quoted(paper)}; {nearest(str(paper), (*PAPERS, DIAGRAMS))}")
    folder = paths.folder("out", out)
    if paper == DIAGRAMS:
        return _diagrams(figure, folder, None if cells is None else reading.count("cells", cells, low=2, example=8))
    if cells is not None:
        raise InputError(f"cells: {quoted(cells)} is for phase diagrams, gammarho figures phase; leave it out")
    return _of_paper(paper, figure, folder, importlib.import_module(PAPERS[paper].figures).FIGURES)


def _of_paper(
    paper: str, figure: str | None, folder: Path, known: Mapping[str, Writer]
) -> Iterator[tuple[Path, ...]]:
    names = _asked(paper, figure, known)

    def each() -> Iterator[tuple[Path, ...]]:
        for name in names:
            folder.mkdir(parents=True, exist_ok=True)
            yield tuple(known[name](folder))

    return each()


def _diagrams(figure: str | None, folder: Path, cells: int | None) -> Iterator[tuple[Path, ...]]:
    from figures.phase import DIAGRAMS as KNOWN
    from figures.phase import write

    names = _asked(DIAGRAMS, figure, KNOWN)
    return (tuple(write(name, diagram, folder, cells)) for name in names for diagram in KNOWN[name])


def _asked(paper: str, figure: str | None, known: Iterable[str]) -> tuple[str, ...]:
    """The names that are asked for."""
    names = tuple(known)
    if figure not in (None, "all", *names):
        raise InputError(f"figure: {quoted(figure)} is not one of {paper}'s; {nearest(str(figure), (*names, 'all'))}")
    return names if figure is None or figure == "all" else (figure,)
