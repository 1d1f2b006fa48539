"""The code of a page: its fenced blocks, the files that it has the reader save, and its command lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FENCED = re.compile(r"^```([\w{}-]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SAVED = re.compile(r"# (\w+\.py)\n")


@dataclass(frozen=True)
class Blocks:
    """A page's fenced blocks in order, each with its language."""

    fenced: tuple[tuple[str, str], ...]

    @property
    def files(self) -> Mapping[str, str]:
        """What is to be saved: a block of Python whose first line is its file's name."""
        return {match[1]: body for language, body in self.fenced
                if language == "python" and (match := _SAVED.match(body))}

    @property
    def python(self) -> tuple[str, ...]:
        """The other blocks of Python, to be run."""
        return tuple(body for language, body in self.fenced if language == "python" and not _SAVED.match(body))

    @property
    def commands(self) -> tuple[str, ...]:
        """The command lines of blocks for a shell, without their comments."""
        lines = (line for language, body in self.fenced if language == "sh" for line in body.splitlines())
        return tuple(dict.fromkeys(filter(None, (re.split(r" +# ", line)[0].strip() for line in lines))))


def blocks(page: Path) -> Blocks:
    """A page's code."""
    return Blocks(tuple(_FENCED.findall(page.read_text(encoding="utf-8"))))
