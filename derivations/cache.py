"""Gammarho's cache folder on the user's machine, and writing a file into it whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Where a user's kernels and data sets go: $GAMMARHO_CACHE, or the platform's cache folder."""
    named = os.environ.get("GAMMARHO_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(named) if named else Path(base) / "gammarho"


def write_whole(target: Path, content: bytes) -> None:
    """Atomically, so that a process racing for the same file never reads half of it, and a failure leaves nothing."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
