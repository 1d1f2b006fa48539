"""Which steps a run records, and its states at them: one pass in chunks, with hitting times and early stopping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamics.kernel import Kernel, Trajectory

from .draw import Draw
from .errors import Diverged, InputError

Steps = NDArray[np.int64]
CHUNK_BYTES = 2**25  # states of one chunk; bounds memory where every step is looked at

Watch = Callable[[Trajectory], int | None]


def recorded_steps(record: str | Sequence[int] | None, steps: int, count: int = 200) -> Steps:
    """0 and `count` log-spaced steps up to `steps` by default; "all"; or the caller's own increasing list.

    Raises InputError for anything else.
    """
    if record is None:
        spaced = np.geomspace(1, max(steps, 1), count) if steps else np.empty(0)
        return np.unique(np.concatenate([[0], np.rint(spaced), [steps]])).astype(np.int64)
    if isinstance(record, str):
        if record != "all":
            raise InputError(f"record: {record!r} is not known; expected 'all' or a list of steps such as [0, 10, 100]")
        return np.arange(steps + 1, dtype=np.int64)
    chosen = np.asarray(record)
    if chosen.ndim != 1 or chosen.size == 0 or not np.issubdtype(chosen.dtype, np.integer):
        raise InputError(f"record: {record!r}; expected a list of whole steps such as [0, 10, 100], or 'all'")
    if chosen[0] < 0 or chosen[-1] > steps or np.any(np.diff(chosen) <= 0):
        raise InputError(f"record: {list(record)} must increase strictly within 0 to {steps}; sort it and drop repeats")
    return chosen.astype(np.int64)


def advance(
    kernel: Kernel, draw: Draw, values: Mapping[str, Any], steps: int, recorded: Steps,
    watch: Watch | None = None,
) -> Trajectory:
    """The recorded states of a run.  `watch` sees every step, a chunk at a time, and may return a step to stop at.

    Raises Diverged where the state leaves the finite numbers, naming the step.
    """
    if watch is None:
        found = kernel.run(draw.z, np.zeros_like(draw.z), draw.gram, draw.y, values, steps, recorded)
        return finite(found, values)
    kept: list[Trajectory] = []
    for chunk in _chunks(kernel, draw, values, steps):
        stop = watch(chunk)
        last = int(chunk.t[-1]) if stop is None else stop
        wanted = recorded if stop is None else np.union1d(recorded, [stop])
        picked = np.isin(chunk.t, wanted) & (chunk.t <= last)
        kept.append(Trajectory(chunk.t[picked], chunk.z[picked], chunk.b[picked], -1))
        if stop is not None:
            break
    return Trajectory(*(np.concatenate([getattr(part, name) for part in kept]) for name in ("t", "z", "b")), -1)


def _chunks(kernel: Kernel, draw: Draw, values: Mapping[str, Any], steps: int) -> Iterator[Trajectory]:
    """Every step's state once: [0..c], [c+1..2c], ..."""
    size = max(1, CHUNK_BYTES // (16 * draw.z.size))
    z, b, start = draw.z, np.zeros_like(draw.z), 0
    while True:
        count = min(size, steps - start)
        at = np.arange(start, start + count + 1, dtype=np.int64)
        chunk = finite(kernel.run(z, b, draw.gram, draw.y, values, count, at, start), values)
        fresh = slice(0 if start == 0 else 1, None)
        yield Trajectory(chunk.t[fresh], chunk.z[fresh], chunk.b[fresh], -1)
        z, b, start = chunk.z[-1], chunk.b[-1], start + count
        if start >= steps:
            return


def finite(found: Trajectory, values: Mapping[str, Any]) -> Trajectory:
    """The trajectory, where it stayed finite.  Raises Diverged otherwise."""
    if found.diverged >= 0:
        lam = f", or lam ({values['lam']:g})" if values.get("lam") else ""
        raise Diverged(
            f"the run diverges: its state is not finite at step {found.diverged}; lower eta ({values['eta']:g}){lam}",
            found.diverged,
        )
    return found
