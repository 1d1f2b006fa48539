"""A kernel's loops in pieces of a fraction of a second, so that an interrupt is heard between them.

Compiled code returns to Python before a signal is seen.  A kernel advances its state in place and counts steps from the
start of the run, so that where a run is cut changes no bit of it; how long a piece is may therefore be measured.
Signals reach the main thread alone; the threads of a sweep hear of them by an event that it sets (`stoppable`).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

SECONDS = 0.1  # that a piece is to take
FIRST = 1  # steps of the first piece, where it is not known what a step takes
BEGIN = 2.0**24  # multiplications of the first piece, where a step's are known: some hundredths of a second at most
GROWTH = 32  # times as many steps in the next piece, at most

Piece = Callable[[int, int, slice], int]
After = Callable[[int], object]


_mine = threading.local()


class Stopped(BaseException):
    """The work that this thread shares was ended by another one; no failure of the thread's own."""


@contextmanager
def stoppable(event: threading.Event) -> Iterator[None]:
    """Inside, kernels that this thread runs end with Stopped soon after `event` is set."""
    before, _mine.event = getattr(_mine, "event", None), event
    try:
        yield
    finally:
        _mine.event = before


def heard() -> None:
    """Raises Stopped where the event of this thread's work is set."""
    event = getattr(_mine, "event", None)
    if event is not None and event.is_set():
        raise Stopped


def in_chunks(
    piece: Piece, start: int, steps: int, recorded: NDArray[np.int64], after: After | None = None,
    each: float = math.inf,
) -> int:
    """Runs steps start .. start + steps; returns the first step with a non-finite output, or -1.

    Args:
        piece: runs `count` steps from step `first`, keeping the states at the steps recorded[rows], and returns its
            first step with a non-finite output, or -1: piece(first, count, rows).
        start: the first step.
        steps: how many, 0 included.
        recorded: increasing steps (T,).
        after: called after each piece with its number of steps; what it raises ends the run.
        each: about how many multiplications a step takes; not known where it is not given.
    """
    done, count, seen = 0, max(FIRST, int(BEGIN / each)), 0
    while True:
        count = min(count, steps - done)
        upto = int(np.searchsorted(recorded, start + done + count, side="right"))
        began = time.perf_counter()
        failed = int(piece(start + done, count, slice(seen, upto)))
        elapsed = time.perf_counter() - began
        done, seen = done + count, upto
        heard()
        if after is not None:
            after(count)
        if failed >= 0 or done >= steps:
            return failed
        count = max(1, int(count * min(GROWTH, SECONDS / max(elapsed, 1e-9))))
