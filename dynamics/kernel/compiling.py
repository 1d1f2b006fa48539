"""A line on stderr, once a process, where Numba compiles for longer than a moment: a first run is no silent wait."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numba.core.event import Event

PATIENCE = 2.0  # seconds of compiling, all told, before a process says so
NOTE = "gammarho: compiling for the first time, half a minute or so; what is compiled is kept for later runs"

_watching = threading.Lock()


def watch() -> None:
    """From now on tell of compiling that takes longer than `PATIENCE`; a second call does nothing.

    Loading what was compiled before is no compiling.
    """
    if _watching.acquire(blocking=False):
        from numba.core import event

        class Told(Watch, event.Listener):
            """Hears when Numba begins and ends to compile a function, and those that it calls."""

        event.register("numba:compile", Told())  # type: ignore[no-untyped-call]


class Watch:
    """Adds up the time that is spent compiling, and prints `NOTE` once while it goes on (one thread at a time)."""

    def __init__(self) -> None:
        self.depth, self.spent, self.began = 0, 0.0, 0.0
        self.timer: threading.Timer | None = None
        self.told = False

    def on_start(self, event: Event) -> None:
        """A function, or one that it calls, begins to be compiled."""
        self.depth += 1
        if self.depth == 1 and not self.told:
            self.began = time.monotonic()
            self.timer = threading.Timer(max(PATIENCE - self.spent, 0.0), self._tell)
            self.timer.daemon = True
            self.timer.start()

    def on_end(self, event: Event) -> None:
        """It is compiled, or cannot be."""
        self.depth -= 1
        if self.depth == 0 and self.timer is not None:
            self.timer.cancel()
            self.timer, self.spent = None, self.spent + time.monotonic() - self.began

    def _tell(self) -> None:
        self.told = True
        print(NOTE, file=sys.stderr, flush=True)
