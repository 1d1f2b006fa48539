"""What long work is doing, how far it is and how long it takes, on stderr; of short work nothing.

A terminal has one line, which is drawn over; anything else has a plain line now and then.
One thread looks every half second at what is under way, so that work which never comes to report, such as deriving or
compiling, is told of as well.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PATIENCE = 2.0  # seconds of silence before something is said
EVERY = 5.0  # seconds between plain lines
BEAT = 0.5  # seconds between two looks
_CELLS = 16  # of a bar

Step = Callable[..., None]


@contextmanager
def progress(label: str, total: int, unit: str, show: bool = True) -> Iterator[Step]:
    """Yields a function to call after each of `total` pieces of work, or with how many were done.

    Work that is part of other work which counts in the same unit adds to that.  Work of other threads than the main one
    is silent, and so is that of which `show` is false.
    """
    if not show or total == 0 or threading.current_thread() is not threading.main_thread():
        yield _silent
        return
    outer = next((each for each in TELLER.under_way if each.unit == unit), None)
    if outer is not None:
        yield outer.step
        return
    with TELLER.telling(Work(label, total, unit)) as work:
        yield work.step


@contextmanager
def doing(label: str, show: bool = True) -> Iterator[None]:
    """In the block, `label` is what is being done: for work whose pieces are not known, in the main thread."""
    if not show or threading.current_thread() is not threading.main_thread():
        yield
        return
    with TELLER.telling(Work(label)):
        yield


@contextmanager
def once(label: str) -> Iterator[None]:
    """As `doing`, for what is done once and then kept, in whichever thread: it is no pace at which the rest goes."""
    TELLER.anew()
    try:
        with doing(label):
            yield
    finally:
        TELLER.anew()


def say(line: str) -> None:
    """A line on stderr at the start of long work; nothing within work that is counted, or in another thread."""
    counted = any(each.total for each in TELLER.under_way)
    if not counted and threading.current_thread() is threading.main_thread():
        clear()
        print(line, file=sys.stderr, flush=True)


def clear() -> None:
    """Take what is drawn on a terminal away, before something else is written there."""
    TELLER.clear()


def compiling(name: str | None, before: int = 0) -> None:
    """A function of that name is compiled from now on, in whichever thread, after so many others; None: none is."""
    done = f", {before} done" if before else ""
    TELLER.compiling(None if name is None else Work(f"compiling {name}()", note=f" (kept for later runs{done})"))


def compiles() -> bool:
    """Whether something is compiled now."""
    return TELLER.compiled is not None


def duration(seconds: float) -> str:
    """How long, in one unit: "40 s", "3 min", "2.5 h", "12 days", "3e+05 years"."""
    for unit, size, upto in (("s", 1.0, 120.0), ("min", 60.0, 120.0), ("h", 3600.0, 48.0), ("days", 86400.0, 730.0)):
        if seconds / size < upto:
            return f"{seconds / size:.{1 if unit == 'h' else 0}f} {unit}"
    return f"{seconds / (365.25 * 86400):.2g} years"


def _silent(count: int = 1) -> None:
    """Says nothing."""


@dataclass(eq=False)
class Work:
    """One thing that is under way; `total` is 0 where its pieces are not counted.

    The first piece may be slow for reasons of its own, such as compiling: what is left is told by those after it.  So
    is the first after anything else is compiled (`anew`).
    """

    label: str
    total: int = 0
    unit: str = ""
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    first: int = 0
    since: float = 0.0
    note: str = ""

    def step(self, count: int = 1) -> None:
        """`count` pieces more."""
        self.done += count
        if not self.first:
            self.first, self.since = self.done, time.monotonic()

    def anew(self) -> None:
        """What was done so far, and how long it took, no longer tells what is left."""
        self.first = 0

    def text(self, now: float) -> str:
        """What it is, how far, and how long."""
        if not self.total:
            return f"{self.label}, {duration(now - self.began)} so far{self.note}"
        of = f"{self.label}: {self.done} of {self.total} {self.unit}"
        if not self.first or self.done in (self.first, self.total):  # what comes after the last piece is not counted
            return f"{of}, {duration(now - self.began)} so far"
        left = (now - self.since) / (self.done - self.first) * max(self.total - self.done, 0)
        return f"{of}, {duration(left)} left"


class Teller:
    """Tells of what is under way, the outermost first, on standard error."""

    def __init__(self) -> None:
        self.under_way: list[Work] = []
        self.compiled: Work | None = None
        self.said = self.spoke = 0.0
        self.drawn = False
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def telling(self, work: Work) -> Iterator[Work]:
        """`work` is under way in the block."""
        self._begin(work)
        self.under_way.append(work)
        try:
            yield work
        finally:
            self.under_way.remove(work)
            if not self.under_way:
                self.clear()

    def compiling(self, work: Work | None) -> None:
        """Numba compiles, or does so no longer."""
        if work is not None:
            self._begin(work)
        self.compiled = work
        self.anew()
        if work is None and not self.under_way:
            self.clear()

    def anew(self) -> None:
        """What is left is told by pieces from now on."""
        for work in [*self.under_way]:  # other threads may begin and end some
            work.anew()

    def _begin(self, work: Work) -> None:
        """The silence is counted from where something begins; the thread that looks is begun once a process."""
        if not self.under_way and self.compiled is None:
            self.said, self.spoke = work.began, 0.0
        if self._thread is None or not self._thread.is_alive():  # a child of a fork has the object without its thread
            self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
            self._thread.start()

    def clear(self) -> None:
        """Erase what is drawn; it comes again after a silence."""
        with self._lock:
            self.said = time.monotonic()
            if self.drawn:
                self.drawn = False
                _write("\r\x1b[K")

    def look(self, now: float) -> None:
        """Tell what is under way, where nothing was said for long enough."""
        with self._lock:
            terminal = sys.stderr is not None and sys.stderr.isatty()
            wait = PATIENCE if not self.spoke else EVERY
            if self.drawn or now - self.said >= wait:
                line = self._line(now)
                if line and terminal:
                    self.drawn = True
                    _write(f"\r{_fitting(self._bar() + line)}\x1b[K")
                elif line:
                    self.said = self.spoke = now
                    _write(line + "\n")

    def _line(self, now: float) -> str:
        """The outermost counted work, and the innermost beside it where that lasts; else what it is part of."""
        works = [*self.under_way]
        inner = self.compiled or (works[-1] if works else None)
        if inner is None:
            return ""
        counted = next((each for each in works if each.total), None)
        if counted is None:
            return (f"{works[0].label}: " if works and works[0] is not inner else "") + inner.text(now)
        beside = f"; {inner.text(now)}" if inner is not counted and now - inner.began >= PATIENCE else ""
        return counted.text(now) + beside

    def _bar(self) -> str:
        counted = next((each for each in self.under_way if each.total), None)
        if counted is None:
            return ""
        full = min(_CELLS, _CELLS * counted.done // counted.total)
        try:
            "█░".encode(getattr(sys.stderr, "encoding", None) or "ascii")
        except UnicodeEncodeError:
            return "#" * full + "-" * (_CELLS - full) + " "
        return "█" * full + "░" * (_CELLS - full) + " "

    def _watch(self) -> None:
        while True:
            time.sleep(BEAT)
            if self.under_way or self.compiled is not None:
                self.look(time.monotonic())


def _write(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):  # nobody reads it, or it is closed
        sys.stderr.write(text)
        sys.stderr.flush()


def _fitting(line: str) -> str:
    """As much of a line as the terminal has room for: one that is broken could not be drawn over."""
    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        width = 80
    return line if len(line) < width or width < 2 else line[: width - 1]


TELLER = Teller()
