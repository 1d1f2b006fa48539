"""What the record beside each of PEGR's figures says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from derivations.commands import command


def described(name: str, draw: Callable[..., Figure], folder: Path) -> dict[str, str]:
    """The figure's name, its first docstring line, the paper, and the command that draws it."""
    shows = (draw.__doc__ or "").splitlines()[0]
    line = command("figures", "pegr", name, options={"out": folder})
    return {"figure": name, "shows": shows, "paper": "arXiv:2303.17940", "command": line}
