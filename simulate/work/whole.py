"""Writing whole or not at all: beside under a hidden name, synced to disk, then renamed; one writer a name at a time.

A file or folder NAME is written as .NAME.PID.new in its own folder, so that the last step is a rename within one file
system.  Whoever holds the lock .NAME.lock removes what writers killed earlier have left.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError, Unwritten

try:
    import fcntl
except ModuleNotFoundError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)  # a file system, or a mount of one, without file locks
_PAUSE = 0.02  # seconds between two looks at whether a lock is free
AGAIN = 20  # times that a folder which comes back is removed
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux's renameat2


@contextmanager
def alone(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Be the only gammarho that writes `path` for the length of the block, after clearing up behind killed ones.

    Whoever else is writing it is waited for so many seconds.  Where the file system has no locks the block runs all the
    same, with a line on stderr, and nothing is cleared up.

    Raises:
        InputError: where another process or thread is writing it, or its folder cannot be written.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        handle = _locked(lock, path, time.monotonic() + patience)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise InputError(
                f"out: {str(path)!r}; its folder cannot be written ({reason(error)}); give a name in a folder "
                "that can be"
            ) from error
        handle = None
    if handle is None:
        _without_locks(path.parent)
        yield
        return
    try:
        _clear_up(path)
        yield
    finally:
        with suppress(OSError):
            if _named(lock, handle):  # not another's, of a folder that has changed places with ours
                lock.unlink()  # while it is held: whoever opened it meanwhile sees its name gone, and opens anew
        os.close(handle)


@functools.cache
def _without_locks(folder: Path) -> None:
    print(f"gammarho: {folder} has no file locks, so nothing keeps a second writer out", file=sys.stderr)


def _locked(lock: Path, path: Path, until: float) -> int | None:
    """The lock file's handle, locked; None where this system has no locks."""
    if fcntl is None:
        return None
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _named(lock, handle):
                with suppress(OSError):  # only a courtesy to the one that is refused
                    os.truncate(handle, 0)
                    os.write(handle, str(os.getpid()).encode())
                return handle
        except BlockingIOError as error:
            who = os.read(handle, 20).decode(errors="replace").strip()
            os.close(handle)
            if time.monotonic() < until:
                time.sleep(_PAUSE)
                continue
            raise InputError(
                f"out: {str(path)!r} is being written by another gammarho{f' (process {who})' if who else ''}; "
                "wait until it has ended, or give another name"
            ) from error
        except OSError:
            os.close(handle)
            raise
        os.close(handle)  # its last holder has just removed it


def _named(lock: Path, handle: int) -> bool:
    """Whether the open file still has that name."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(lock))
    except FileNotFoundError:
        return False


def _clear_up(path: Path) -> None:
    """Remove what killed writers of `path` left beside it, and put back an old folder that one of them had moved."""
    left = re.compile(re.escape(f".{path.name}.") + r"\d+\.(new|old)")
    found = [path.with_name(name) for name in os.listdir(path.parent) if left.fullmatch(name)]
    for each in found:
        if each.suffix == ".old" and not path.exists():
            each.rename(path)
        else:
            remove(each)


def remove(path: Path) -> None:
    """Remove a file or a folder that is ours to remove, as far as it can be.

    A folder more than once: where a write failed, others that the store had begun may still put files there.
    """
    if path.is_dir() and not path.is_symlink():
        for _ in range(AGAIN):
            shutil.rmtree(path, ignore_errors=True)
            time.sleep(0.01)
            if not path.exists():
                break
    else:
        path.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """The hidden name under which this process writes `path`; nothing is there."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    remove(new)
    return new


def put(new: Path, path: Path) -> None:
    """Give what was written at `new`, a file or a folder in the folder of `path`, that name, in place of what has it.

    On Linux a folder changes places with the old one in one step.  Elsewhere the old one is moved away first: for that
    moment the name is free, and `alone` puts the old folder back where a kill fell into it.
    """
    sync(new)
    if not new.is_dir():
        new.replace(path)
    elif not path.exists():
        new.rename(path)
    elif _exchanged(new, path):
        remove(new)
    else:
        old = path.with_name(f".{path.name}.{os.getpid()}.old")
        path.rename(old)
        new.rename(path)
        remove(old)
    _sync_one(path.parent)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two names change places in one step; False where the system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    rename.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return bool(rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def sync(path: Path) -> None:
    """Have a file, or a folder with all that is in it, on the disk."""
    for folder, _, files in os.walk(path):
        for name in files:
            _sync_one(Path(folder, name))
        _sync_one(Path(folder))
    if not path.is_dir():
        _sync_one(path)


def _sync_one(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return  # only POSIX opens folders
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # a file system that cannot sync folders
            raise
    finally:
        os.close(handle)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write a file to, which becomes `path` when the block ends well; else `path` is as it was.

    A link is followed, and what is not a file, such as /dev/stdout, is written as it is.

    Raises:
        InputError: as `alone`.  Unwritten: the disk refused, for want of room, say.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        yield target
        return
    with alone(target), replacing(path) as new:
        yield new


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """`whole_file` for whoever is already alone with the file that `path` leads to.

    Raises:
        Unwritten: the disk refused, for want of room, say.
    """
    target = Path(os.path.realpath(path))
    new = beside(target)
    try:
        yield new
        if target.exists():
            shutil.copymode(target, new)
        put(new, target)
    except OSError as error:
        stands = "the file that was there is as it was" if target.exists() else "nothing is there"
        raise Unwritten(f"{path} was not written ({reason(error)}); {stands}; make room, and try again") from error
    finally:
        remove(new)


def reason(error: OSError) -> str:
    """What the system says, in its words."""
    return error.strerror or " ".join(str(error).split())
