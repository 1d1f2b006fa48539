"""How many runs one call has room for, by its arrays and its time."""

from __future__ import annotations

ENTRIES = 2**22  # numbers that a chunk's states, Gram matrices and covariances hold, 32 MB
OPERATIONS = 5e9  # of a chunk, a fraction of a second: compiled code is not interrupted


def runs(entries: float, operations: float) -> int:
    """How many runs of so many numbers and operations each; at least one."""
    return max(1, min(int(ENTRIES / entries), int(OPERATIONS / max(operations, 1.0))))


__all__ = ["ENTRIES", "OPERATIONS", "runs"]
