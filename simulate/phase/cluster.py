"""A grid's chunks on a dask cluster: every worker process makes the grid of the caller's words, and runs what it gets.

A chunk whose worker dies is run again by another.  What comes back is written by the caller's process alone, so that a
store has one writer wherever its cells are run.
"""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dynamics.blas import one_blas_thread

from ..errors import InputError, quoted
from ..work.progress import progress
from .chunk import Chunk, Part
from .fill import ended, run_chunk
from .grid import Grid, GridAsked, checked

_PATIENCE = 20.0  # seconds in which a scheduler has to answer, and to have a worker
_MOST = 8  # grids that a worker keeps


@dataclass(frozen=True)
class Cluster:
    """Worker processes of a scheduler, `count` threads of them in all, which know the grid by what was `asked`."""

    client: Any
    asked: GridAsked
    count: int

    def parts(self, grid: Grid, pieces: Sequence[Chunk], show: bool) -> Generator[Sequence[Part]]:
        """What becomes of the pieces, in the order in which they are done; given up where the caller closes it."""
        dask: Any = importlib.import_module("distributed")
        words = json.dumps(grid.layout.configuration)
        counted = ended(pieces)
        with progress("phase", sum(map(counted, pieces)), "cells", show) as step:
            waiting = {
                self.client.submit(run_on_worker, self.asked, words, piece, pure=False): piece for piece in pieces
            }
            try:
                for future in dask.as_completed(list(waiting), loop=self.client.loop):
                    try:
                        parts = future.result()
                    except dask.KilledWorker as killed:
                        raise InputError(
                            f"scheduler: several workers died one after another with the same cells ({killed}); give "
                            "them more memory, and the same command goes on") from killed
                    piece = waiting.pop(future)
                    future.release()  # else its worker keeps what is here until the last chunk is done
                    yield parts
                    step(counted(piece))
            finally:
                self.client.cancel(list(waiting))


@contextmanager
def cluster(address: object, asked: GridAsked) -> Iterator[Cluster]:
    """The workers of the scheduler at an address such as tcp://10.0.0.1:8786, or of a LocalCluster's.

    Raises InputError where dask.distributed is not installed, or no scheduler with a worker answers.
    """
    if not isinstance(address, str) or not address:
        raise InputError(f"scheduler: {quoted(address)}; expected its address, such as tcp://10.0.0.1:8786")
    try:
        dask: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise InputError(
            f"scheduler: {quoted(address)} needs dask.distributed, which is not installed; "
            "pip install 'gammarho[cluster]'") from error
    try:
        client = dask.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            f"scheduler: nothing answers at {quoted(address)} as a dask scheduler does ({error}); start one with "
            "dask scheduler, and workers with dask worker ADDRESS") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError as error:
            raise InputError(
                f"scheduler: {quoted(address)} has no workers; start some with dask worker {address}") from error
        count = sum(client.nthreads().values())
        yield Cluster(client, replace(asked, setting=_anywhere(asked.setting)), max(1, count))


def _anywhere(setting: Any) -> Any:
    """A setting as a process in another folder finds it."""
    if not isinstance(setting, str):
        return setting
    file, colon, name = setting.rpartition(":")
    return f"{Path(file).resolve()}:{name}" if colon and file.endswith(".py") else setting


_LOCK = threading.Lock()
_GRIDS: dict[str, Grid] = {}


def run_on_worker(asked: GridAsked, words: str, chunk: Chunk) -> Sequence[Part]:
    """A chunk of the grid that a caller asked for, in this process.

    Raises InputError where this process' gammarho would make another grid of the same words.
    """
    with _LOCK:  # one thread makes the grid, the others wait for it
        if words not in _GRIDS:
            made = checked(asked, 1)
            own = json.dumps(made.layout.configuration)
            if own != words:
                raise InputError(f"scheduler: a worker makes another grid of these words ({_differing(own, words)}); "
                                 "give all workers the same version of gammarho and of the model's file")
            if len(_GRIDS) >= _MOST:
                _GRIDS.pop(next(iter(_GRIDS)))
            _GRIDS[words] = made
        grid = _GRIDS[words]
    with one_blas_thread():
        return run_chunk(grid, chunk)


def _differing(own: str, asked: str) -> str:
    here, there = json.loads(own), json.loads(asked)
    return ", ".join(name for name in {**here, **there} if here.get(name) != there.get(name))


__all__ = ["Cluster", "cluster", "run_on_worker"]
