"""Writing a figure: PNG and PDF, and beside them a JSON record of all that it takes to make it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from . import style

Writer = Callable[[Path], list[Path]]
"""Makes one figure, writes it to a folder, and returns the files."""

DPI = 200


def save(figure: Figure, folder: Path, name: str, record: Mapping[str, Any]) -> list[Path]:
    """Write NAME.png, NAME.pdf and NAME.json to `folder` (made where it is missing)."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{ending}" for ending in ("png", "pdf", "json")]
    with style.context():
        figure.savefig(paths[0], dpi=DPI)
        figure.savefig(paths[1], metadata={"CreationDate": None})  # the same figure is the same file
    paths[2].write_text(json.dumps(record, indent=1, default=_plain) + "\n", encoding="utf-8")
    return paths


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be recorded")
