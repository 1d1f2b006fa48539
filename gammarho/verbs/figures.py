"""figures: a paper's figures and tables, and phase diagrams by name, drawn into a folder."""

from __future__ import annotations

from typing import Annotated

from .shared import FOLDER, INT


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
    from gammarho import drawn

    for paths in drawn.written(paper, figure, out, cells):
        for path in paths:
            print(f"wrote {path}")
    return 0
