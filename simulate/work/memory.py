"""How much memory this process may still take: the machine's, its control group's and its own limit's least."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np

_GROUPS = Path("/sys/fs/cgroup")
_LEARNT = 2**25 - 2**16  # bytes: the C library's malloc learns from arrays of less than 2^25


def at_hand() -> float:
    """Bytes; infinite where nothing tells."""
    return min(_machine(), _group(), _process())


@functools.cache
def keep_freed() -> None:
    """Lets the C library keep what arrays of up to 32 MB leave behind, for the next ones.

    It goes by the largest array that was freed (mallopt(3), M_MMAP_THRESHOLD), and gives all else back, to be mapped
    and cleared again, which is a twentieth of a small run.  This one is not touched, so it takes no memory.
    """
    np.empty(_LEARNT, dtype=np.uint8)


def amount(size: float) -> str:
    """Bytes in a unit that reads well."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} EB"


def _machine() -> float:
    """What the system can give without swapping."""
    for line in _lines(Path("/proc/meminfo")):
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return 1024.0 * float(value.split()[0])
    return math.inf


def _group() -> float:
    """What the control groups of this process leave it, those above it included; what is only cached counts as free."""
    free = math.inf
    for line in _lines(Path("/proc/self/cgroup")):
        _, kinds, place = line.split(":", 2)
        if kinds not in ("", "memory"):
            continue
        root = _GROUPS / kinds
        limit, used = ("memory.max", "memory.current") if not kinds else _FIRST_VERSION
        here = root / place.lstrip("/")
        for folder in (here, *here.parents):
            if not folder.is_relative_to(root):
                break
            free = min(free, _number(folder / limit) - _number(folder / used, 0.0) + _cached(folder))
    return free


_FIRST_VERSION = ("memory.limit_in_bytes", "memory.usage_in_bytes")


def _cached(folder: Path) -> float:
    """File pages of a group that the system drops when memory is wanted."""
    for line in _lines(folder / "memory.stat"):
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return float(value)
    return 0.0


def _process() -> float:
    """What `ulimit -v` leaves."""
    try:
        import resource
    except ModuleNotFoundError:  # no such limits on this system
        return math.inf
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return math.inf
    pages = _lines(Path("/proc/self/statm"))
    taken = float(pages[0].split()[0]) * resource.getpagesize() if pages else 0.0
    return max(float(limit) - taken, 0.0)


def _number(path: Path, otherwise: float = math.inf) -> float:
    """The number in a file; `otherwise` where there is none, such as "max"."""
    lines = _lines(path)
    return float(lines[0]) if lines and lines[0].strip().isdigit() else otherwise


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
