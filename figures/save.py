"""Writing a figure: PNG and PDF, and beside them a JSON record of all that it takes to make it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from simulate.work.whole import whole_file

from . import style

Writer = Callable[[Path], list[Path]]
"""Makes one figure, writes it to a folder, and returns the files."""

DPI = 200


def save(figure: Figure, folder: Path, name: str, record: Mapping[str, Any]) -> list[Path]:
    """Write NAME.png, NAME.pdf and NAME.json to `folder` (made where it is missing)."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{ending}" for ending in ("png", "pdf", "json")]
    with style.context():
        with whole_file(paths[0]) as new:
            figure.savefig(new, dpi=DPI, format="png")
        with whole_file(paths[1]) as new:
            figure.savefig(new, metadata={"CreationDate": None}, format="pdf")  # the same figure is the same file
    write_text(paths[2], json.dumps(record, indent=1, default=_plain) + "\n")
    return paths


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, or leave what is there."""
    with whole_file(path) as new:
        new.write_text(text, encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be recorded")
