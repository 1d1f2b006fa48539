"""What a process of ours says on stderr, beside the lines of progress that a loaded machine gives it time for."""

from __future__ import annotations

import re
from typing import IO

_PROGRESS = re.compile(r"^.* (so far|left)( \([^\n]*\))?\n", re.MULTILINE)


def sentences(stderr: str) -> str:
    """What is said, without lines of progress."""
    return _PROGRESS.sub("", stderr)


def hears(stderr: IO[str], words: str) -> bool:
    """Reads on until a line has these words; whether one has, before the end."""
    return any(words in line for line in iter(stderr.readline, ""))
