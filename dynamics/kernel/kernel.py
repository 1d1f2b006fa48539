"""A generated kernel, loaded: what advances states of one set of examples, of one run or of many.

A kernel is a Python module beside a JSON description of the declaration it came from; `dynamics.kernel.load` opens it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, Steps
from ..blas import one_blas_thread
from ..chance.stepdraws import StepDraws
from ..errors import RangeError
from .chunks import After, in_chunks
from .observing import Observing
from .trajectory import Beside, Sought, Trajectory, ended, until_failure


@dataclass(frozen=True, kw_only=True)
class Kernel(Observing):
    """A loaded kernel.  `watched` are the observables that it looks for events of, `beside` the vectors of some."""

    watched: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[str, ...] = ()

    def through(self, factor: Array | None) -> Kernel:
        """The kernel itself: only tasks are coupled through a factor of the Gram matrix."""
        return self

    def run(
        self, z: Array, b: Array, gram: Array, y: Array, values: Mapping[str, Any], steps: int,
        recorded: NDArray[np.int64], start: int = 0, velocity: Array | None = None, draws: StepDraws | None = None,
        after: After | None = None, events: Sought | None = None,
    ) -> Trajectory:
        """Run `steps` steps of gradient descent from step `start`, keeping the states at `recorded` steps.

        z, b (H, m, B), gram (B, B), y (n,); z and b are left as they are.  `velocity` (H, m, B) is momentum's, 0 where
        not given; `draws` are the batches and labels of kernels that take them; `after` is called with the number of
        steps of each piece of the run (`chunks`); `events` are looked for, only where `watches` says so; where they end
        the run, its last state is the one there, recorded or not.  Raises
        RangeError where shapes disagree or draws are missing: compiled code checks nothing.
        """
        self._check(z, gram, y)
        state, coefficients = np.array(z, dtype=np.float64, order="C"), np.array(b, dtype=np.float64, order="C")
        at_rest = np.zeros_like(state) if velocity is None else np.array(velocity, dtype=np.float64, order="C")
        moving = [at_rest] if "momentum" in self.options else []
        steps_at = np.ascontiguousarray(recorded, dtype=np.int64)
        z_out = np.empty((steps_at.size, *state.shape))
        b_out = np.empty_like(z_out)
        velocity_out = [np.empty_like(z_out) for _ in moving]
        module = self.stepping(gram.shape[0], z.shape[1])
        data = [np.ascontiguousarray(gram, dtype=np.float64), self.labels(y), *self._bound()]
        numbers = (*self.numbers(values, z.shape[1]), self.limit(values))
        sought = events or Sought.of(())
        looked = self._looked(sought) if self.watches(gram.shape[0], z.shape[1]) else []
        with one_blas_thread(module is not self.loops):
            failed = self._advanced(
                module, [state, coefficients, *moving], data, draws, numbers, (start, steps), steps_at,
                [z_out, b_out, *velocity_out], looked, sought, after,
            )
        path = Trajectory(steps_at, z_out, b_out, failed, self.scale(values, steps_at), *velocity_out)
        if sought.stopped >= 0:
            scale = self.scale(values, np.array([sought.stopped]))
            path = ended(path, sought.stopped, scale, state, coefficients, *moving)
        return until_failure(path)

    def _advanced(
        self, module: ModuleType, state: Sequence[Array], data: Sequence[NDArray[Any]], draws: StepDraws | None,
        numbers: Sequence[float], span: tuple[int, int], recorded: Steps, outs: Sequence[Array],
        looked: Sequence[NDArray[Any] | int], sought: Sought, after: After | None = None,
    ) -> int:
        """Advances z, b and the velocity in place, a piece at a time, as many steps from the first as `span` says.

        Returns the step at which the run ended, by what it was looked at for or with a non-finite output; -1: neither.
        What is drawn is of a piece alone: a run may end long before its last step.
        """

        def piece(first: int, count: int, rows: slice) -> int:
            drawn = self._drawn(draws, data[1].size, first, count)
            failed = int(module.run(*state, *data, *drawn, *numbers, first, count, recorded[rows],
                                    *(out[rows] for out in outs), *looked))
            return sought.stopped if failed == -1 else failed  # a number that is no step stays, for validate to see

        return in_chunks(piece, *span, recorded, after, state[0].size * len(data[0]))

    def run_all(
        self, z: Array, gram: Array, y: Array, clean: Array, numbers: Array, limits: Steps, steps: int,
        recorded: Steps, events: Sought | None = None, draws: Sequence[StepDraws] = (), scalars: Sequence[Array] = (),
        start: int = 0, b: Array | None = None,
    ) -> tuple[Array, Array, Steps]:
        """R runs on lanes: z and b (R, T, H, m, B) at recorded steps, where each diverged, or -1 (R,).

        z (R, H, m, B), gram (R, B, B), y and clean (R, n); numbers (R, ...) and limits (R,) as `numbers` and `limit` of
        each run.  `events` have bounds and hits (R, E), and a run that they end stays in its last state; `draws` are of
        each run, where steps draw something; `scalars` (R, n) are the `varying` ones.  b (R, H, m, B) at step `start`,
        0 where not given, which has to be for draws and momentum.  Every run has the bits that it has alone.  Only for
        a kernel that `runs_together`.
        """
        assert self.lanes is not None
        states, coefficients = np.array(z, order="C"), np.zeros(z.shape) if b is None else np.array(b, order="C")
        others = [*([clean] if self.follows_clean else []), *scalars]
        data = [np.ascontiguousarray(each) for each in (gram, self.labels(y), *others)]
        z_out, b_out = np.empty((2, len(z), len(recorded), *z.shape[1:]))
        failed, sought = np.empty(len(z), dtype=np.int64), events or Sought.none(len(z))
        for k, of in enumerate(draws):  # what steps draw is as large as a run, so that runs are calls of their own
            moving = [np.zeros(z.shape[1:])] * ("momentum" in self.options)
            own, outs = sought.one(k), [z_out[k], b_out[k], *(np.empty_like(z_out[k]) for _ in moving)]
            last = self._advanced(
                self.lanes, [states[k], coefficients[k], *moving], [each[k] for each in data], of,
                [*numbers[k].tolist(), int(limits[k])], (0, steps), recorded, outs,
                self._looked(own) if self.watched else [], own,
            )
            failed[k] = -1 if own.stopped >= 0 else last
        alike = not sought.bounds.size and bool((limits == limits[:1]).all())
        if not draws and alike and self.abreast(gram.shape[-1], z.shape[2], len(z)):
            self.lanes.run_all_abreast(
                states, coefficients, *data, np.ascontiguousarray(numbers), int(limits[0]), start, steps, recorded,
                z_out, b_out, failed,
            )
        elif not draws:
            self.lanes.run_all(
                states, coefficients, *data, np.ascontiguousarray(numbers), limits, start, steps, recorded, z_out,
                b_out, failed, *(self._looked(sought) if self.watched else []),
            )
        sought.stay(recorded, states, z_out)
        sought.stay(recorded, coefficients, b_out)
        return z_out, b_out, failed

    def watches(self, directions: int, filters: int) -> bool:
        """Whether runs of so many directions and filters look for events, of what is `watched`, in every step."""
        return bool(self.watched) and self.on_lanes(directions, filters)

    def _looked(self, events: Sought) -> list[NDArray[Any] | int]:
        """Events as the time loop takes them."""
        anywhere = np.zeros_like(events.below) if events.anywhere is None else events.anywhere
        looked: list[NDArray[Any] | int] = [
            events.which, events.below, anywhere, events.bounds, events.hits, events.stops]
        if not self.beside:
            return looked
        vectors = events.beside or Beside.none(len(self.beside), *events.bounds.shape[:-1])
        return [*looked, vectors.onto, vectors.across, vectors.spans]

    def runs_together(self, directions: int, filters: int) -> bool:
        """Whether runs of so many directions and filters go in one call: on lanes."""
        return self.on_lanes(directions, filters)

    def _drawn(self, draws: StepDraws | None, n: int, start: int, steps: int) -> list[NDArray[Any]]:
        """The batches and labels of the steps, as the kernel takes them."""
        wanted = [name for name in ("batch", "label_noise") if name in self.options]
        if not wanted:
            return []
        if draws is None or len(draws.y) != n:
            names = " and ".join(wanted)
            raise RangeError(f"kernel {self.path.stem}: each step draws its {names}; expected draws= for {n} examples")
        batches: list[NDArray[Any]] = [*draws.batches(start, steps)] if "batch" in wanted else []
        return [*batches, *([self.labels(draws.labels(start, steps))] if "label_noise" in wanted else [])]
