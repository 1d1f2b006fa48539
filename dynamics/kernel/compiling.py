"""Who wants to know hears when Numba compiles, and what: a first run is no silent wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numba.core.event import Event


def _nobody(name: str | None, before: int) -> None:
    """Nobody wants to know."""


heard: Callable[[str | None, int], None] = _nobody
"""Called with the name of a function that begins to be compiled, and how many were before it; with None as it ends."""

_watching = threading.Lock()


def watch() -> None:
    """From now on tell `heard` of compiling; a second call does nothing.  Loading what was compiled is no compiling."""
    if _watching.acquire(blocking=False):
        from numba.core import event

        class Told(Watch, event.Listener):
            """Hears when Numba begins and ends to compile a function, and those that it calls."""

        event.register("numba:compile", Told())  # type: ignore[no-untyped-call]


class Watch:
    """Counts the functions that are compiled, each with those that it calls (one thread at a time)."""

    def __init__(self) -> None:
        self.depth = self.count = 0

    def on_start(self, event: Event) -> None:
        """A function, or one that it calls, begins to be compiled."""
        self.depth += 1
        if self.depth == 1:
            heard(event.data["dispatcher"].py_func.__name__, self.count)

    def on_end(self, event: Event) -> None:
        """It is compiled, or cannot be."""
        self.depth -= 1
        if self.depth == 0:
            self.count += 1
            heard(None, self.count)
