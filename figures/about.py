"""What the record beside any figure says of it: its name, what it shows, whose it is, and its command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derivations.commands import command

PAPERS: Mapping[str, str] = {
    "pegr": "arXiv:2303.17940", "heterogeneous": "arXiv:2502.11893", "nearly_orthogonal": "arXiv:2310.18935",
    "fomaml": "Zuo et al., ICLR 2023",
}


@dataclass(frozen=True)
class About:
    """A figure of a paper's, or a phase diagram: `of` and `name` as `gammarho figures OF NAME` takes them.

    `one` is what it is called itself, where that command draws several.
    """

    of: str
    name: str
    shows: str
    one: str = ""

    def record(self, folder: Path, details: Mapping[str, Any], **options: object) -> dict[str, Any]:
        """All that makes the figure again: the command that draws it into the folder, and `details`."""
        paper = {"paper": PAPERS[self.of]} if self.of in PAPERS else {}
        line = command("figures", self.of, self.name, options={**options, "out": folder})
        return {"figure": self.one or self.name, "shows": self.shows, **paper, "command": line, **details}
