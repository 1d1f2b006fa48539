"""Progress with the time left: a bar on a terminal, now and then a plain line anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 5.0  # seconds between plain lines; work that takes less prints none


@contextmanager
def progress(label: str, total: int, unit: str, show: bool = True) -> Iterator[Callable[[], None]]:
    """Yields a function to call after each of `total` pieces of work; writes to stderr, and nothing unless `show`."""
    if not show or total == 0:
        yield lambda: None
    elif sys.stderr.isatty():
        with _bar(label, total, unit) as step:
            yield step
    else:
        yield _lines(label, total, unit)


@contextmanager
def _bar(label: str, total: int, unit: str) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)


def _lines(label: str, total: int, unit: str) -> Callable[[], None]:
    start = time.monotonic()
    done, said = 0, start

    def step() -> None:
        nonlocal done, said
        done, now = done + 1, time.monotonic()
        if now - said >= EVERY:
            said, left = now, (now - start) / done * (total - done)
            print(f"{label}: {done} of {total} {unit}, {left:.0f} s left", file=sys.stderr, flush=True)

    return step
