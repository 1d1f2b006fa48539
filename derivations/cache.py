"""Gammarho's cache folder on the user's machine, whose it is, and writing a file into it whole."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import stat
import sys
import tempfile
import threading
from pathlib import Path

_LOCK = threading.RLock()
_LOOSE = "can be written by other users"


def cache_folder() -> Path:
    """Where a user's kernels and data sets go: $GAMMARHO_CACHE (~ is the home), or the platform's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    folder = os.path.expanduser(os.environ.get("GAMMARHO_CACHE") or os.path.join(base, "gammarho"))
    if folder.startswith("~"):  # nobody's home is known
        user = os.geteuid() if hasattr(os, "geteuid") else ""
        folder = os.path.join(tempfile.gettempdir(), f"gammarho-{user}")
    return Path(folder).absolute()


def kernel_folder() -> Path:
    """The folder that generated code is run from, ours alone: the cache folder, or else a temporary one with a note.

    Raises OSError where there is not even a temporary one.
    """
    folder = cache_folder()
    why = unfit(folder)
    if why is None:
        return folder
    cure = "take others' right to write from it (chmod go-w)" if why == _LOOSE else "set GAMMARHO_CACHE to one of yours"
    note(f"the cache folder {folder} {why}, so kernels derived here are kept for this process alone; {cure}")
    return private_folder()


def unfit(folder: Path) -> str | None:
    """Why code and compiled code must not be read from a folder; None where it is ours alone and can be written.

    It is made, readable by its owner only, where it does not exist.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        return f"cannot be made ({error.strerror})"
    if not stat.S_ISDIR(status.st_mode):
        return "is no folder"
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        return "belongs to another user"
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o022:
        return _LOOSE
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return f"cannot be written ({error.strerror})"


def shut(folder: Path) -> None:
    """Close a folder of ours to everyone else, as far as that can be done."""
    with contextlib.suppress(OSError):
        folder.chmod(0o700)


def private_folder() -> Path:
    """A temporary folder of this process's own, removed at its end."""
    with _LOCK:
        return _temporary()


@functools.cache
def _temporary() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gammarho-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


_SAID: set[str] = set()


def note(sentence: str) -> None:
    """Say a sentence on stderr, once in a process."""
    with _LOCK:
        if sentence in _SAID:
            return
        _SAID.add(sentence)
    with contextlib.suppress(OSError, ValueError):  # stderr may be closed
        print(f"gammarho: note: {sentence}", file=sys.stderr)


def kept(target: Path, content: bytes) -> bool:
    """Make a file hold exactly this content; whether it did."""
    with contextlib.suppress(OSError):
        if target.is_file() and not target.is_symlink() and target.read_bytes() == content:
            return True
    write_whole(target, content)
    return False


def drop_compiled(source: Path) -> None:
    """Remove what Python or Numba compiled from a file that stood at this place, beside it."""
    with contextlib.suppress(OSError):
        for each in list((source.parent / "__pycache__").iterdir()):
            if each.name.startswith(f"{source.stem}."):
                each.unlink()


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
