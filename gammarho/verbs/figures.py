"""figures: a paper's figures and tables, drawn into a folder."""

from __future__ import annotations

from simulate.errors import InputError, nearest, quoted


def figures(paper: str, figure: str | None = None, /, *, out: str = "out") -> int:
    """Write a paper's figures and tables, or one of them.

    Args:
        paper: a setting's name, such as pegr.
        figure: one figure's name, or all.
        out: the folder to write to.
    """
    import importlib

    from derivations.papers.paper import PAPERS
    from simulate.ask import paths

    if paper not in PAPERS:
        raise InputError(f"paper: {quoted(paper)}; {nearest(paper, PAPERS)}")
    folder = paths.folder("out", out)
    known = importlib.import_module(PAPERS[paper].figures).FIGURES
    if figure not in (None, "all", *known):
        raise InputError(f"figure: {quoted(figure)} is not one of {paper}'s; {nearest(str(figure), (*known, 'all'))}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in known if figure in (None, "all") else (figure,):
        for path in known[name](folder):
            print(f"wrote {path}")
    return 0
