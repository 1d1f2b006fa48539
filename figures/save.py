"""Writing a figure: PNG and PDF, beside them its caption as .tex, and a JSON record of all that makes it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from dynamics.arrays import Array
from simulate.work.plain import plain
from simulate.work.whole import whole_file

from . import style
from .printed import asked, sentences, tex, words

Writer = Callable[[Path], list[Path]]
"""Makes one figure, writes it to a folder, and returns the files."""

DPI = 200
_GRID = 2.0**20


def save(figure: Figure, folder: Path, name: str, record: Mapping[str, Any]) -> list[Path]:
    """Write NAME.png, NAME.pdf, NAME.json and, of a figure with a caption, NAME.tex to `folder`, made where missing.

    How, `printed` says: other formats, a width, no caption in the picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    how, said = asked(), words(figure)
    kept = {**record, **({"caption": said, "says": sentences(figure)} if said else {})}
    pictures = [folder / f"{name}.{ending}" for ending in how.formats]
    with laid_out(figure):
        for path in pictures:
            save_as(figure, path)
    texts = {"json": json.dumps(plain(kept), indent=1, allow_nan=False) + "\n"}
    if said:
        texts["tex"] = tex(name, how.formats, said, how.width)
    for ending, text in texts.items():
        write_text(folder / f"{name}.{ending}", text)
    return [*pictures, *(folder / f"{name}.{ending}" for ending in texts)]


_FORMATS: Mapping[str, Mapping[str, Any]] = {
    ".png": {"format": "png", "dpi": DPI},
    ".pdf": {"format": "pdf", "metadata": {"CreationDate": None}},  # the same figure is the same file
    ".svg": {"format": "svg", "metadata": {"Date": None}},
}


def save_as(figure: Figure, path: Path) -> None:
    """Write a figure to a .png, .pdf or .svg file, whole, or leave what is there."""
    with whole_file(path) as new:
        render(figure, new, path.suffix)


def render(figure: Figure, new: Path, suffix: str) -> None:
    """Write a figure as what ends in `suffix`, .png, .pdf or .svg, under whatever name."""
    with style.context(), laid_out(figure):
        figure.savefig(new, **_FORMATS[suffix])


@contextmanager
def laid_out(figure: Figure) -> Iterator[None]:
    """In the block the figure stands as it is laid out for a PNG: once, and the same in every format.

    Left alone, matplotlib lays it out, and draws all of it into nothing, once more for each file.
    """
    engine = figure.get_layout_engine()
    if engine is None or not figure.axes:
        yield
        return
    canvas, dpi = figure.canvas, figure.dpi
    try:
        with style.context():
            figure.set_dpi(DPI)
            FigureCanvasAgg(figure)  # who measures text
            engine.execute(figure)
            _settle(figure)
            figure.set_layout_engine(None)
        yield
    finally:
        figure.set_layout_engine(engine)
        figure.set_dpi(dpi)
        figure.set_canvas(canvas)


def _settle(figure: Figure) -> None:
    """Moves every part to the next place of a grid, 2^-20 of what holds it apart, so that a layout has one outcome.

    Left alone, its last bits are others each time: the solver adds the terms of a row in the order of their addresses
    in memory.  A PDF has ten decimals of a point, and shows it.
    """
    for part in _subfigures(figure):
        part.bbox_relative.p0, part.bbox_relative.p1 = _placed(part.bbox_relative.p0), _placed(part.bbox_relative.p1)
    for axes in figure.axes:
        kept = axes.get_in_layout()
        for which in ("original", "active"):
            box = axes.get_position(original=which == "original")
            axes.set_position(Bbox(_placed(box.get_points())), which=which)
        axes.set_in_layout(kept)


def _placed(values: Array) -> Array:
    return np.asarray(np.rint(np.asarray(values) * _GRID) / _GRID)


def _subfigures(figure: Any) -> Iterator[Any]:
    for each in figure.subfigs:
        yield each
        yield from _subfigures(each)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, or leave what is there."""
    with whole_file(path) as new:
        new.write_text(text, encoding="utf-8")
