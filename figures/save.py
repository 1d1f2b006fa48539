"""Writing a figure: PNG and PDF, and beside them a JSON record of all that it takes to make it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from simulate.work.plain import plain
from simulate.work.whole import whole_file

from . import style

Writer = Callable[[Path], list[Path]]
"""Makes one figure, writes it to a folder, and returns the files."""

DPI = 200


def save(figure: Figure, folder: Path, name: str, record: Mapping[str, Any]) -> list[Path]:
    """Write NAME.png, NAME.pdf and NAME.json to `folder` (made where it is missing)."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{ending}" for ending in ("png", "pdf", "json")]
    for path in paths[:2]:
        save_as(figure, path)
    write_text(paths[2], json.dumps(plain(dict(record)), indent=1, allow_nan=False) + "\n")
    return paths


_FORMATS: Mapping[str, Mapping[str, Any]] = {
    ".png": {"format": "png", "dpi": DPI},
    ".pdf": {"format": "pdf", "metadata": {"CreationDate": None}},  # the same figure is the same file
}


def save_as(figure: Figure, path: Path) -> None:
    """Write a figure to a .png or .pdf file, whole, or leave what is there."""
    with whole_file(path) as new:
        render(figure, new, path.suffix)


def render(figure: Figure, new: Path, suffix: str) -> None:
    """Write a figure as what ends in `suffix`, .png or .pdf, under whatever name."""
    with style.context():
        figure.savefig(new, **_FORMATS[suffix])


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, or leave what is there."""
    with whole_file(path) as new:
        new.write_text(text, encoding="utf-8")
