"""Which steps a run records, and its states at them: one pass in chunks, with hitting times and early stopping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model
from dynamics.arrays import Steps
from dynamics.chance.stepdraws import StepDraws
from dynamics.kernel.chunks import After
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.trajectory import Sought, Trajectory, cut

from ..ask import arguments as ask
from ..errors import InputError
from ..start.drawn import Draw
from ..work.divergence import divergence
from ..work.progress import progress

CHUNK_BYTES = 2**25  # states and draws of one chunk; bounds memory where every step is looked at or draws something

STRETCH = 16  # steps that are looked at at first where a run may end: few are made past its end
GROWTH = 2  # of a later stretch, one in so many of the steps before


class Watch(Protocol):
    """What looks at every state of a run."""

    @property
    def ends(self) -> bool:
        """Whether it may end the run."""

    def __call__(self, chunk: Trajectory) -> int | None:
        """Takes the next states; the step at which the run ends, if it does in them."""


def stretch(done: int) -> int:
    """How many steps are made after so many before somebody looks whether the run ends."""
    return max(STRETCH, done // GROWTH)


def recorded_steps(record: ask.Recorded | None, steps: int, count: int = 200) -> Steps:
    """0 and `count` log-spaced steps up to `steps` by default; "all"; or the caller's own increasing list.

    Raises InputError for anything else.
    """
    asked = ask.recorded("record", record)
    if asked is None:
        spaced = np.geomspace(1, max(steps, 1), count) if steps else np.empty(0)
        return np.unique(np.concatenate([[0], np.rint(spaced), [steps]])).astype(np.int64)
    if isinstance(asked, str):
        return np.arange(steps + 1, dtype=np.int64)
    chosen = np.array(asked, dtype=np.int64)
    outside = chosen[(chosen < 0) | (chosen > steps)]
    if len(outside):
        raise InputError(f"record: {outside[0]} is not a step of this run; expected steps from 0 to {steps}")
    again = np.flatnonzero(np.diff(chosen) <= 0)
    if len(again):
        raise InputError(
            f"record: {chosen[again[0] + 1]} after {chosen[again[0]]}; expected steps that increase, so sort them and "
            "drop repeats"
        )
    return chosen


def advance(
    model: Model,
    kernel: Kernel,
    draw: Draw,
    values: Mapping[str, Any],
    steps: int,
    recorded: Steps,
    watch: Watch | None = None,
    draws: StepDraws | None = None,
    events: Sought | None = None,
) -> Trajectory:
    """The recorded states of a run.  `watch` sees every step, a chunk at a time, and may return a step to stop at.

    `draws` are the batches and labels of each step, for an algorithm that has any (`algorithm.step_draws`); `events`
    are those that the kernel itself looks for, where nothing else has to.  Raises
    Diverged where the state leaves the finite numbers, naming the step.
    """
    with progress("run", steps, "steps") as after:
        if watch is None and draws is None:
            return finite(model, kernel, values, kernel.run(
                draw.z, np.zeros_like(draw.z), draw.gram, draw.y, values, steps, recorded, after=after, events=events
            ))
        kept: _Kept | None = None
        seen, ends = (recorded, False) if watch is None else (None, watch.ends)
        for chunk in _chunks(model, kernel, draw, values, steps, seen, ends, draws, after, events):
            stop = None if watch is None else watch(chunk)
            if events is not None and events.stopped >= 0:
                stop = events.stopped
            last = int(chunk.t[-1]) if stop is None else stop
            wanted = recorded if stop is None else np.union1d(recorded, [stop])
            kept = kept or _Kept(chunk, len(recorded) + 1)
            kept.add(chunk, np.isin(chunk.t, wanted) & (chunk.t <= last))
            if stop is not None:
                break
        assert kept is not None  # a run has at least its start
        return kept.trajectory()


class _Kept:
    """Recorded states, held once: arrays for all of them, filled chunk by chunk."""

    def __init__(self, like: Trajectory, most: int) -> None:
        states = ("z", "b", *(() if like.velocity is None else ("velocity",)))
        shapes = {"t": (), "scale": (), **dict.fromkeys(states, like.z.shape[1:])}
        self.arrays = {
            name: np.empty((most, *shape), dtype=np.int64 if name == "t" else np.float64)
            for name, shape in shapes.items()
        }
        self.count = 0

    def add(self, chunk: Trajectory, wanted: NDArray[np.bool_]) -> None:
        """Keeps the chunk's states where `wanted` (T,)."""
        rows = slice(self.count, self.count + int(wanted.sum()))
        for name, array in self.arrays.items():
            array[rows] = getattr(chunk, name)[wanted]
        self.count = rows.stop

    def trajectory(self) -> Trajectory:
        """What is kept."""
        kept = {name: array[: self.count] for name, array in self.arrays.items()}
        return Trajectory(kept["t"], kept["z"], kept["b"], -1, kept["scale"], kept.get("velocity"))


def _chunks(
    model: Model, kernel: Kernel, draw: Draw, values: Mapping[str, Any], steps: int, recorded: Steps | None,
    ends: bool, draws: StepDraws | None, after: After, events: Sought | None,
) -> Iterator[Trajectory]:
    """The states once: at the steps recorded and each chunk's last, or at every step where `recorded` is None.

    Where the run may end by them a chunk is no longer than a `stretch`.
    Where the run diverges, what came before in the last chunk is looked at first: a run may stop there.
    """
    bytes_a_step = 16 * draw.z.size * (recorded is None) + 16 * len(draw.y) * (draws is not None)
    size = max(1, CHUNK_BYTES // bytes_a_step)
    z, b, velocity, start = draw.z, np.zeros_like(draw.z), None, 0
    while True:
        count = min(size, steps - start, stretch(start) if ends else size)
        t = np.arange(start, start + count + 1, dtype=np.int64)
        t = t if recorded is None else np.union1d(recorded[np.isin(recorded, t)], t[-1:])
        chunk = kernel.run(z, b, draw.gram, draw.y, values, count, t, start, velocity, draws, after, events)
        first = int(np.searchsorted(chunk.t, start + (start > 0)))
        if first < len(chunk.t):
            yield cut(chunk, slice(first, None))  # views: the states of every step are not copied once more
        finite(model, kernel, values, chunk)
        z, b, start = chunk.z[-1], chunk.b[-1], start + count
        velocity = None if chunk.velocity is None else chunk.velocity[-1]
        if start >= steps:
            return


def finite(model: Model, kernel: Kernel, values: Mapping[str, Any], trajectory: Trajectory) -> Trajectory:
    """The trajectory, where it stayed finite.  Raises Diverged otherwise, naming what to lower (`Kernel.cure`)."""
    if trajectory.diverged >= 0:
        raise divergence(model, values, trajectory.diverged, kernel.cure(values))
    return trajectory
