"""Timing: CPU and wall time, contenders interleaved A B A B, medians of repeats."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class Silent(RuntimeError):
    """A contender that gave no answer in its time and was stopped."""


@dataclass(frozen=True)
class Sample:
    """Seconds of wall and of CPU time one call took."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Timing:
    """Medians over repeats, seconds per unit, and the smallest and largest CPU time seen."""

    wall: float
    cpu: float
    low: float
    high: float
    repeats: int


def timed(function: Callable[[], object], units: int = 1) -> Callable[[], Sample]:
    """A contender: calling it calls `function` once and gives the time per unit (a step, a run)."""

    def contender() -> Sample:
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return Sample(wall=wall / units, cpu=cpu / units)

    return contender


def process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Callable[[], Sample]:
    """A contender that is a fresh process, start-up and all.  Raises CalledProcessError if it fails."""

    def contender() -> Sample:
        before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        environ = {**os.environ, **ONE_THREAD, **(environment or {})}
        subprocess.run(command, check=True, capture_output=True, env=environ)
        wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
        return Sample(wall=wall, cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    return contender


def interleave(contenders: Mapping[str, Callable[[], Sample]], repeats: int, warm_up: int = 1) -> dict[str, Timing]:
    """Call every contender once a round for `warm_up` + `repeats` rounds; the medians of the rounds after warming up.

    Rounds put the contenders side by side in time, so that a busy spell on a shared machine falls on all of them.  One
    that raises `Silent` is called no more and has no timing.
    """
    taken: dict[str, list[Sample]] = {name: [] for name in contenders}
    for _ in range(warm_up + repeats):
        for name in list(taken):
            try:
                taken[name].append(contenders[name]())
            except Silent:
                del taken[name]
    return {name: _summary(samples[warm_up:]) for name, samples in taken.items()}


def _summary(samples: Sequence[Sample]) -> Timing:
    cpu = [sample.cpu for sample in samples]
    return Timing(
        wall=statistics.median(sample.wall for sample in samples), cpu=statistics.median(cpu),
        low=min(cpu), high=max(cpu), repeats=len(samples),
    )
