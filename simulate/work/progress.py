"""Progress with the time left: a bar on a terminal, now and then a plain line anywhere else; of long work alone."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

EVERY = 5.0  # seconds between plain lines; work that takes less prints none
PATIENCE = 2.0  # seconds before a bar appears

Step = Callable[..., None]


@contextmanager
def progress(label: str, total: int, unit: str, show: bool = True) -> Iterator[Step]:
    """Yields a function to call after each of `total` pieces of work, or with how many were done.

    Writes to stderr, and nothing unless `show`.  Work that is part of other work that shows its progress adds to that
    where it counts in the same unit, and is silent otherwise; so is work of other threads than the main one.
    """
    if not show or total == 0 or threading.current_thread() is not threading.main_thread():
        yield _silent
    elif _under_way:
        yield _under_way[0].step if _under_way[0].unit == unit else _silent
    else:
        shown = (_Bar if sys.stderr.isatty() else _Lines)(label, total, unit)
        _under_way.append(shown)
        try:
            yield shown.step
        finally:
            _under_way.clear()
            shown.close()


def say(line: str) -> None:
    """A line on stderr at the start of long work; nothing within work that shows its progress, or in another thread."""
    if not _under_way and threading.current_thread() is threading.main_thread():
        print(line, file=sys.stderr, flush=True)


def _silent(count: int = 1) -> None:
    """Says nothing."""


class _Bar:
    """A bar, once the work has lasted a while."""

    def __init__(self, label: str, total: int, unit: str) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.start, self.done = 0.0, 0
        self.bar: Any = None

    def step(self, count: int = 1) -> None:
        """`count` pieces more; the first one, which may have compiled, starts the clock."""
        self.start = self.start or time.monotonic()
        self.done += count
        if self.bar is None and time.monotonic() - self.start < PATIENCE:
            return
        if self.bar is None:
            self._open()
        self.bar.update(self.task, completed=self.done)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn(self.label), BarColumn(), MofNCompleteColumn(), TextColumn(self.unit))
        self.bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
        self.task = self.bar.add_task(self.label, total=self.total)
        self.bar.start()

    def close(self) -> None:
        """Leaves the terminal as it was."""
        if self.bar is not None:
            self.bar.stop()


class _Lines:
    """A line every few seconds.

    The first piece may be slow for reasons of its own, such as compiling: the clock starts when it is done, and what
    is left is told by the pieces after it.
    """

    def __init__(self, label: str, total: int, unit: str) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.start = self.said = 0.0
        self.done = self.first = 0

    def step(self, count: int = 1) -> None:
        """`count` pieces more."""
        self.done, now = self.done + count, time.monotonic()
        if not self.first:
            self.first, self.start, self.said = self.done, now, now
            return
        if now - self.said >= EVERY and self.done > self.first:
            self.said, left = now, (now - self.start) / (self.done - self.first) * (self.total - self.done)
            of = f"{self.label}: {self.done} of {self.total} {self.unit}"
            print(f"{of}, {duration(left)} left", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing is left open."""


def duration(seconds: float) -> str:
    """How long, in one unit: "40 s", "3 min", "2.5 h", "12 days", "3e+05 years"."""
    for unit, size, upto in (("s", 1.0, 120.0), ("min", 60.0, 120.0), ("h", 3600.0, 48.0), ("days", 86400.0, 730.0)):
        if seconds / size < upto:
            return f"{seconds / size:.{1 if unit == 'h' else 0}f} {unit}"
    return f"{seconds / (365.25 * 86400):.2g} years"


_under_way: list[_Bar | _Lines] = []  # the work that shows its progress; one at a time
