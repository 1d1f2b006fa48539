"""figures: a paper's figures and tables, and phase diagrams by name, drawn into a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from simulate.errors import InputError, nearest, quoted

from .shared import FOLDER, INT

_DIAGRAMS = "phase"


def figures(
    paper: str,
    figure: str | None = None,
    /,
    *,
    out: Annotated[str, FOLDER] = "out",
    cells: Annotated[str | None, INT] = None,
) -> int:
    """Write a paper's figures and tables, or one of them; or phase diagrams.

    Args:
        paper: a setting's name, such as pegr; or phase, for diagrams of all papers.
        figure: one figure's name, or all.
        out: the folder to write to.
        cells: of phase diagrams, at most so many values along an axis: a quick look at a smaller one.
    """
    import importlib

    from derivations.papers.paper import PAPERS
    from simulate.ask import parameters, paths

    if paper not in (*PAPERS, _DIAGRAMS):
        raise InputError(f"paper: {quoted(paper)}; {nearest(paper, (*PAPERS, _DIAGRAMS))}")
    folder = paths.folder("out", out)
    if paper == _DIAGRAMS:
        most = None if cells is None else parameters.count("cells", cells, low=2, example=8)
        return _diagrams(figure, folder, most)
    if cells is not None:
        raise InputError(f"cells: {quoted(cells)} is for phase diagrams, gammarho figures phase; leave it out")
    known = importlib.import_module(PAPERS[paper].figures).FIGURES
    for name in _asked(paper, figure, known):
        folder.mkdir(parents=True, exist_ok=True)
        _told(known[name](folder))
    return 0


def _diagrams(name: str | None, folder: Path, cells: int | None) -> int:
    from figures.phase import DIAGRAMS, write

    for each in _asked(_DIAGRAMS, name, DIAGRAMS):
        for diagram in DIAGRAMS[each]:
            _told(write(each, diagram, folder, cells))
    return 0


def _asked(paper: str, figure: str | None, known: Iterable[str]) -> tuple[str, ...]:
    """The names that are asked for."""
    names = tuple(known)
    if figure not in (None, "all", *names):
        raise InputError(f"figure: {quoted(figure)} is not one of {paper}'s; {nearest(str(figure), (*names, 'all'))}")
    return names if figure is None or figure == "all" else (figure,)


def _told(paths: Iterable[Path]) -> None:
    for path in paths:
        print(f"wrote {path}")
