"""Recorded states of a run, and the events that a kernel looks for on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, Flags, Steps


@dataclass(frozen=True)
class Trajectory:
    """Recorded states: steps t (T,), z and b (T, H, m, B); `diverged` is the first non-finite step, or -1.

    W(t) = scale(t) W(0) + b(t) V, where `scale` (T,), as given, is 1 unless weights decay.  `velocity` (T, H, m, B) are
    momentum's coefficients: the next step's V is momentum * velocity V plus a gradient; None without momentum.
    """

    t: NDArray[np.int64]
    z: Array
    b: Array
    diverged: int
    scale: Array = field(default_factory=lambda: np.ones(0))
    velocity: Array | None = None

    def __post_init__(self) -> None:
        if not self.scale.size:
            object.__setattr__(self, "scale", np.ones(self.t.size))


@dataclass(frozen=True)
class Beside:
    """V vectors that events are of though no patch holds them, those of the names in `Kernel.beside` in that order.

    onto (H m V,): W(0)'s products with them; across (V, B): the directions'; the k-th name's are spans[k] ..
    spans[k + 1] - 1.  Of R runs that go together onto and across are (R, ...).
    """

    onto: Array
    across: Array
    spans: Steps

    @classmethod
    def none(cls, names: int, *runs: int) -> Beside:
        """No vector of so many names."""
        return cls(np.empty((*runs, 0)), np.empty((*runs, 0, 0)), np.zeros(names + 1, dtype=np.int64))

    @classmethod
    def stacked(cls, every: Sequence[Beside]) -> Beside:
        """Those of many runs."""
        return cls(np.stack([each.onto for each in every]), np.stack([each.across for each in every]), every[0].spans)


@dataclass(frozen=True)
class Sought:
    """E events that a run on lanes looks for in every step; `hits` (E,) are their first steps, -1 before.

    Event e is reached where every entry of observable which[e] (a place in `Kernel.watched`) is at or below bounds[e],
    where below[e], else at or above; where anywhere[e] (none, if not given) one entry is enough.  A run ends where the
    first `stops` events are reached in one and the same step.
    `beside` are the vectors that they are of, where no patch holds these.  Of R runs bounds and hits are (R, E).
    """

    which: Steps
    below: Flags
    bounds: Array
    hits: Steps
    stops: int = 0
    beside: Beside | None = None
    anywhere: Flags | None = None

    @classmethod
    def of(
        cls, events: Sequence[tuple[int, bool, float]], stops: int = 0, beside: Beside | None = None,
        anywhere: Sequence[bool] | None = None,
    ) -> Sought:
        """Events by the place of their observable, whether it has to come below, and the bound."""
        which, below, bounds = zip(*events, strict=True) if events else ((), (), ())
        return cls(np.array(which, dtype=np.int64), np.array(below, dtype=np.bool_), np.array(bounds, dtype=np.float64),
                   np.full(len(which), -1, dtype=np.int64), stops, beside,
                   None if anywhere is None else np.array(anywhere, dtype=np.bool_))

    @classmethod
    def none(cls, runs: int) -> Sought:
        """Nothing, of so many runs."""
        return cls(np.empty(0, np.int64), np.empty(0, np.bool_), np.empty((runs, 0)), np.empty((runs, 0), np.int64))

    def one(self, run: int) -> Sought:
        """Those of one of many runs; views, and without vectors."""
        return Sought(self.which, self.below, self.bounds[run], self.hits[run], self.stops, anywhere=self.anywhere)

    @property
    def stopped(self) -> int:
        """The step at which the run ended; -1 where these events have not ended it."""
        return int(self.hits[0]) if self.stops else -1

    @property
    def ends(self) -> Steps:
        """The same of R runs, (R,)."""
        return self.hits[:, 0] if self.stops else np.full(len(self.hits), -1, dtype=np.int64)

    def stay(self, t: Steps, states: Array, recorded: Array) -> None:
        """Fills in what R runs recorded at the steps t, (R, T, ...), past their ends: their last states (R, ...)."""
        ends = self.ends
        for run in np.flatnonzero(ends >= 0).tolist():
            recorded[run, t >= ends[run]] = states[run]


def ended(path: Trajectory, step: int, scale: Array, z: Array, b: Array, velocity: Array | None = None) -> Trajectory:
    """A trajectory up to the step at which it ends, with the state there: scale (1,), and z, b, velocity (H, m, B)."""
    before = path.t < step

    def grown(recorded: Array, last: Array) -> Array:
        return np.concatenate([recorded[before], last.reshape(1, *recorded.shape[1:])])

    moving = None if path.velocity is None or velocity is None else grown(path.velocity, velocity)
    t = np.append(path.t[before], np.int64(step))
    return Trajectory(t, grown(path.z, z), grown(path.b, b), -1, grown(path.scale, scale), moving)


def until_failure(path: Trajectory) -> Trajectory:
    """The trajectory up to a divergence; a state with a non-finite entry counts as one."""
    steps, failed = path.t, path.diverged
    numbers = [np.isfinite(part).reshape(len(steps), -1).all(axis=1) for part in (path.z, path.b)]
    good = numbers[0] & numbers[1]
    if failed >= 0:
        good &= steps <= failed
    if good.all():
        return path
    first = int(np.argmin(good))
    return cut(path, slice(first), failed if failed >= 0 else int(steps[first]))


def cut(path: Trajectory, kept: slice | NDArray[np.bool_], diverged: int = -1) -> Trajectory:
    """Some of a trajectory's recorded states."""
    velocity = None if path.velocity is None else path.velocity[kept]
    return Trajectory(path.t[kept], path.z[kept], path.b[kept], diverged, path.scale[kept], velocity)
