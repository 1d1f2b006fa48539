"""A generated kernel of a bilevel algorithm: every task adapted on its own Gram block, then one step for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..blas import one_blas_thread, scipy_linalg
from ..chance.stepdraws import StepDraws
from .chunks import After, in_chunks
from .task_axis import UNCOUPLED, Coupling, Indices, by_eight
from .task_kernel import TaskKernel
from .trajectory import Sought, Trajectory, ended, until_failure


@dataclass(frozen=True, kw_only=True)
class BilevelKernel(TaskKernel):
    """A loaded bilevel kernel.  `by_blas`: tasks on lanes are coupled by BLAS at every size, as large ones are."""

    by_blas: bool = False

    def on_lanes(self, directions: int, filters: int) -> bool:
        """Whether the coupling goes on lanes too; tasks are adapted there wherever there is the variant."""
        return not self.by_blas and super().on_lanes(directions, filters)

    def stepping(self, directions: int, filters: int) -> ModuleType:
        """The variant that advances a state of so many directions: on lanes, whatever couples the tasks."""
        return (self.lanes if self.has_lanes(directions) else None) or self.module(directions)

    def throughout(self, directions: int, filters: int) -> Self:
        """The kernel that advances states of every size as this one does those of so many directions and filters."""
        if self.has_lanes(directions):
            return replace(self, lanes_from=0, by_blas=not self.on_lanes(directions, filters))
        return super().throughout(directions, filters)

    def coupling(self, gram: Array, values: Mapping[str, Any], tasks: int, n: int) -> Coupling:
        """How an outer step reaches every direction, at the fewest products."""
        return self._axis(tasks, n).coupling(gram, self.factor, self.two_loops.looked_at(values, n))

    def run(
        self, z: Array, b: Array, gram: Array, y: Array, values: Mapping[str, Any], steps: int,
        recorded: NDArray[np.int64], start: int = 0, velocity: Array | None = None, draws: StepDraws | None = None,
        after: After | None = None, events: Sought | None = None,
    ) -> Trajectory:
        """Run `steps` outer steps from step `start`, keeping the states at `recorded` steps; see `Kernel.run`.

        Raises RangeError where shapes disagree, or where the split leaves no examples.
        """
        tasks, n = self._sizes(z, gram, y, values)
        state, coefficients = np.array(z, dtype=np.float64, order="C"), np.array(b, dtype=np.float64, order="C")
        steps_at = np.ascontiguousarray(recorded, dtype=np.int64)
        z_out = np.empty((steps_at.size, *state.shape))
        b_out = np.empty_like(z_out)
        sought = events or Sought.of(())
        looked = self._looked(sought) if self.watches(z.shape[2], z.shape[1]) else []
        with one_blas_thread():  # the coupling and the blocks are products too
            loop, coupled, places = self._loop(gram, values, tasks, n, z.shape[1])
            blocks, labels = self.blocks(gram, tasks, n), self.labels(y)
            bounds, numbers = self.two_loops.bounds(values, n), self._numbers(values, z.shape[1])
            weights = self.two_loops.shares(values, tasks)

            def piece(first: int, count: int, rows: slice) -> int:
                shares = [self.two_loops.of_steps(each, draws, first, count) for each in weights]
                failed = int(loop(
                    state, coefficients, *coupled, blocks, labels, *places, *shares, *bounds, *numbers,
                    float(values[self.step]), first, count, steps_at[rows], z_out[rows], b_out[rows], *looked,
                ))
                return sought.stopped if failed == -1 else failed

            failed = in_chunks(piece, start, steps, steps_at, after)
        path = Trajectory(steps_at, z_out, b_out, failed)
        if sought.stopped >= 0:
            path = ended(path, sought.stopped, np.ones(1), state, coefficients)
        return until_failure(path)

    def _loop(
        self, gram: Array, values: Mapping[str, Any], tasks: int, n: int, filters: int
    ) -> tuple[Callable[..., int], tuple[Any, ...], list[Indices]]:
        """The time loop for tasks of these sizes, what couples them, and where their directions are if it asks."""
        natural = self.places(tasks, n)
        directions = int(natural.max()) + 1
        if not self.has_lanes(directions) or self.lanes is None:
            module = self.module(directions)
            blas = module is not self.loops
            coupled = self.coupling(gram, values, tasks, n) if blas else UNCOUPLED
            whole = np.empty((0, 0)) if blas else np.ascontiguousarray(gram, dtype=np.float64)
            return module.run, (whole, *coupled.arrays()), []
        if self.on_lanes(directions, filters):
            order, moving = self._axis(tasks, n).order(self.two_loops.looked_at(values, n))
            return self.lanes.run, (np.ascontiguousarray(gram), order, moving), [by_eight(order[natural])]
        scipy_linalg()  # Numba's products are its BLAS's
        return self.lanes.run_by_blas, self.coupling(gram, values, tasks, n).arrays(), [by_eight(natural)]

    def run_tasks(
        self, z: Array, gram: Array, y: Array, values: Mapping[str, Any], steps: int, recorded: Indices,
        events: Sought | None = None, start: int = 0, b: Array | None = None,
    ) -> tuple[Array, Array, Indices]:
        """R runs on lanes: z and b (R, T, H, m, B) at recorded steps, where each diverged, or -1 (R,).

        z (R, H, m, B), gram (R, B, B), y (R, K n); `values` as `columns` takes them; `events` have bounds and hits
        (R, E), and a run that they end stays in its last state.  b (R, H, m, B) at step `start`, 0 where not given.
        Every run has the bits that it has alone.  Only for a kernel that `runs_together`.
        """
        assert self.lanes is not None
        tasks = self.tasks(values)
        n = y.shape[1] // tasks
        order, moving = self._axis(tasks, n).order(self.two_loops.looked_at(values, n))
        with one_blas_thread():
            blocks = np.stack([self.blocks(each, tasks, n) for each in gram])
        states, coefficients = np.array(z, order="C"), np.zeros(z.shape) if b is None else np.array(b, order="C")
        failed = np.empty(len(z), dtype=np.int64)
        z_out, b_out = np.empty((2, len(z), len(recorded), *z.shape[1:]))
        sought = events or Sought.none(len(z))
        self.lanes.run_all(
            states, coefficients, np.ascontiguousarray(gram), order, moving, blocks, self.labels(y),
            by_eight(order[self.places(tasks, n)]), *self.two_loops.bounds(values, n),
            self.columns(values, z.shape[2], len(z)), int(self.two_loops.value(values, "inner_steps")), start, steps,
            recorded, z_out, b_out, failed, *(self._looked(sought) if self.watched else []),
        )
        sought.stay(recorded, states, z_out)
        sought.stay(recorded, coefficients, b_out)
        return z_out, b_out, failed

    def judges(self, directions: int) -> bool:
        """No: fresh tasks adapt first."""
        return False

    def watches(self, directions: int, filters: int) -> bool:
        """As `Kernel.watches`; tasks side by side are, however they are coupled."""
        return bool(self.watched) and self.has_lanes(directions)

    def runs_together(self, directions: int, filters: int) -> bool:
        """Whether runs of so many directions go in one call: on lanes, all tasks alike in every step."""
        differ = self.algorithm.get("shares") or self.algorithm.get("sampled")
        return self.on_lanes(directions, filters) and not differ
