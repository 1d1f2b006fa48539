"""A sweep: many independent pieces of work over threads, with progress, one BLAS thread and a prompt end."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from dynamics.blas import one_blas_thread
from dynamics.kernel.chunks import stoppable

from .progress import progress

Item = TypeVar("Item")
Found = TypeVar("Found")

TURN = 5e-4  # seconds after which a thread that waits for the interpreter is given it; Python's own are 5e-3


def sweep(
    work: Callable[[Item], Found], items: Sequence[Item], workers: int, label: str, unit: str, show: bool = True,
    size: Callable[[Item], int] = lambda _: 1,
) -> Generator[tuple[int, Found]]:
    """(index, work(item)) of every item, in the order in which they are done, computed by `workers` threads.

    An item counts as `size` units of progress.  One BLAS thread throughout.  Where the caller is interrupted, or a
    piece of work fails, the others end within a fraction of a second (`dynamics.kernel.chunks.heard`), and nothing that
    they had begun is yielded.
    """
    stop = threading.Event()

    def one(at: int) -> tuple[int, Found]:
        with stoppable(stop):
            return at, work(items[at])

    with one_blas_thread(), short_turns(), progress(label, sum(map(size, items)), unit, show) as step:
        pool = ThreadPoolExecutor(max_workers=workers)
        try:
            left, running = iter(range(len(items))), list[Future[tuple[int, Found]]]()
            while True:
                for at in left:
                    running.append(pool.submit(one, at))
                    if len(running) > 2 * workers:
                        break
                if not running:
                    return
                done = wait(running, return_when=FIRST_COMPLETED).done
                ended = [each for each in running if each in done]  # of those done at once, in the items' order
                running = [each for each in running if each not in done]
                for each in ended:
                    at, found = each.result()
                    yield at, found
                    step(size(items[at]))
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


class _Turns:
    """How many sweeps are under way, and the interpreter's setting before the first of them."""

    lock = threading.Lock()
    sweeps = 0
    before = 0.0


@contextmanager
def short_turns() -> Iterator[None]:
    """Threads take turns at the interpreter after at most `TURN` inside; the setting is the whole process's.

    What a chunk does between kernels is some milliseconds: by Python's own setting the other threads wait it out.
    """
    with _Turns.lock:
        if not _Turns.sweeps:
            _Turns.before = sys.getswitchinterval()
            _set_turns(min(TURN, _Turns.before))
        _Turns.sweeps += 1
    try:
        yield
    finally:
        with _Turns.lock:
            _Turns.sweeps -= 1
            if not _Turns.sweeps:
                _set_turns(_Turns.before)


def _set_turns(seconds: float) -> None:
    """By the nearest microsecond: Python takes the one below, and so makes less of its own answer."""
    sys.setswitchinterval(seconds + 5e-7)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
