"""figures: a paper's figures and tables, and phase diagrams by name, drawn into a folder."""

from __future__ import annotations

from typing import Annotated

from .shared import FOLDER, INT, LENGTH, NAMES, Switch


def figures(
    paper: str,
    figure: str | None = None,
    /,
    *,
    out: Annotated[str, FOLDER] = "out",
    cells: Annotated[str | None, INT] = None,
    no_caption: Switch = False,
    width: Annotated[str | None, LENGTH] = None,
    format: Annotated[str | None, NAMES] = None,
) -> int:
    """Write a paper's figures and tables, or one of them; or phase diagrams.

    Args:
        paper: a setting's name, such as pegr; or phase, for diagrams of all papers.
        figure: one figure's name, or all.
        out: the folder to write to.
        cells: of phase diagrams, at most so many values along an axis: a quick look at a smaller one.
        no_caption: leave the words below a figure out of the picture; they are in its .json and .tex.
        width: of the picture, such as 5.5in or 14cm, without its caption.
        format: of pictures: png, pdf, svg, separated by commas; png and pdf by default.
    """
    from figures.printed import how
    from gammarho import drawn

    for paths in drawn.written(paper, figure, out, cells, how(not no_caption, width, format)):
        for path in paths:
            print(f"wrote {path}")
    return 0
