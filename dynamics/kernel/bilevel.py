"""A generated kernel of a bilevel algorithm: every task adapted on its own Gram block, then one step for all.

Shapes: K tasks of n examples; the direction axis of all tasks has B entries, families one after another and tasks one
after another within them; a task's own has L entries.  z and b (H, m, B), labels y (K n,), blocks (K, L, L).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..blas import one_blas_thread, scipy_linalg
from ..chance.stepdraws import StepDraws
from ..errors import RangeError
from ..index_set import IndexSet
from .chunks import After, heard, in_chunks
from .kernel import Kernel
from .task_axis import UNCOUPLED, Coupling, Indices, TaskAxis, by_eight
from .trajectory import Sought, Trajectory, ended, until_failure
from .two_loops import TwoLoops


@dataclass(frozen=True)
class BilevelKernel(Kernel):
    """A loaded bilevel kernel.

    `algorithm` names its parameters, as `derivations.declare.Bilevel` does; `families` are the directions' (name,
    index set). `factor` (B, R), with factor factor^T the Gram matrix, is what `through` gave. `by_blas`: tasks on lanes
    are coupled by BLAS at every size, as they are from so many directions on.
    """

    algorithm: Mapping[str, str] = field(default_factory=dict)
    families: tuple[tuple[str, IndexSet], ...] = ()
    factor: Array | None = None
    by_blas: bool = False

    def through(self, factor: Array | None) -> BilevelKernel:
        """The kernel with vectors `factor` (B, R) to couple tasks through, wherever that is cheaper."""
        return replace(self, factor=None if factor is None else np.ascontiguousarray(factor, dtype=np.float64))

    def on_lanes(self, directions: int) -> bool:
        """Whether the coupling goes on lanes too; tasks are adapted there wherever there is the variant."""
        return not self.by_blas and super().on_lanes(directions)

    def stepping(self, directions: int) -> ModuleType:
        """The variant that advances a state of so many directions: on lanes, whatever couples the tasks."""
        return (self.lanes if self.has_lanes(directions) else None) or self.module(directions)

    def throughout(self, directions: int) -> Self:
        """The kernel that advances states of every size as this one does those of so many directions."""
        if self.has_lanes(directions):
            return replace(self, lanes_from=0, by_blas=not self.on_lanes(directions))
        return super().throughout(directions)

    def coupling(self, gram: Array, values: Mapping[str, Any], tasks: int, n: int) -> Coupling:
        """How an outer step reaches every direction, at the fewest products."""
        return self._axis(tasks, n).coupling(gram, self.factor, self.two_loops.looked_at(values, n))

    def _axis(self, tasks: int, n: int) -> TaskAxis:
        return TaskAxis(self.families, self.heads, tasks, n)

    def cure(self, values: Mapping[str, Any]) -> str:
        """The step sizes of both loops."""
        names, size = self.algorithm, self.two_loops.value(values, "inner_step")
        return f"{super().cure(values)}, {names['inner_step']} ({size:g}) or {names['inner_steps']}"

    @cached_property
    def two_loops(self) -> TwoLoops:
        """What the parameters say of both loops."""
        return TwoLoops(self.algorithm, self.path.stem)

    def tasks(self, values: Mapping[str, Any]) -> int:
        """K."""
        return self.two_loops.tasks(values)

    def split(self, values: Mapping[str, Any], n: int) -> tuple[Indices, Indices]:
        """The examples of the inner loop and of the outer step, for n examples a task."""
        return self.two_loops.split(values, n)

    def places(self, tasks: int, n: int) -> Indices:
        """(K, L): where the directions of each task stand on the axis of all."""
        return self._axis(tasks, n).places()

    def blocks(self, gram: Array, tasks: int, n: int) -> Array:
        """(K, L, L), each task's own inner products: from the vectors where the Gram matrix (0, 0) is left out."""
        at = self.places(tasks, n)
        if self.factor is not None and len(gram) != len(self.factor):
            own = self.factor[at]
            return np.ascontiguousarray(own @ np.swapaxes(own, 1, 2))
        return np.ascontiguousarray(gram[at[:, :, None], at[:, None, :]], dtype=np.float64)

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
        looked = self._looked(sought) if self.watches(z.shape[2]) else []
        with one_blas_thread():  # the coupling and the blocks are products too
            loop, coupled, places = self._loop(gram, values, tasks, n)
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
        self, gram: Array, values: Mapping[str, Any], tasks: int, n: int
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
        if self.on_lanes(directions):
            order, moving = self._axis(tasks, n).order(self.two_loops.looked_at(values, n))
            return self.lanes.run, (np.ascontiguousarray(gram), order, moving), [by_eight(order[natural])]
        scipy_linalg()  # Numba's products are its BLAS's
        return self.lanes.run_by_blas, self.coupling(gram, values, tasks, n).arrays(), [by_eight(natural)]

    def run_tasks(
        self, z: Array, gram: Array, y: Array, values: Sequence[Mapping[str, Any]], steps: int, recorded: Indices,
        events: Sought | None = None,
    ) -> tuple[Array, Array, Indices]:
        """R runs from step 0 on lanes: z and b (R, T, H, m, B) at recorded steps, where each diverged, or -1 (R,).

        z (R, H, m, B), gram (R, B, B), y (R, K n); `values` (R,) differ in real numbers alone; `events` have bounds
        and hits (R, E), and a run that they end stays in its last state.  Every run has the bits that it has alone.
        Only for a kernel that `runs_together`.
        """
        assert self.lanes is not None
        first = values[0]
        tasks = self.tasks(first)
        n = y.shape[1] // tasks
        order, moving = self._axis(tasks, n).order(self.two_loops.looked_at(first, n))
        with one_blas_thread():
            blocks = np.stack([self.blocks(each, tasks, n) for each in gram])
        rows = [(*self.arguments(each, z.shape[2]), self.two_loops.value(each, "inner_step"), float(each[self.step]))
                for each in values]
        states, coefficients, failed = np.array(z, order="C"), np.zeros(z.shape), np.empty(len(z), dtype=np.int64)
        z_out, b_out = np.empty((2, len(z), len(recorded), *z.shape[1:]))
        sought = events or Sought.none(len(z))
        self.lanes.run_all(
            states, coefficients, np.ascontiguousarray(gram), order, moving, blocks, self.labels(y),
            by_eight(order[self.places(tasks, n)]), *self.two_loops.bounds(first, n), np.array(rows),
            int(self.two_loops.value(first, "inner_steps")), 0, steps, recorded, z_out, b_out, failed,
            *(self._looked(sought) if self.watched else []),
        )
        sought.stay(recorded, states, z_out)
        sought.stay(recorded, coefficients, b_out)
        return z_out, b_out, failed

    def judges(self, directions: int) -> bool:
        """No: fresh tasks adapt first."""
        return False

    def watches(self, directions: int) -> bool:
        """As `Kernel.watches`; tasks side by side are, however they are coupled."""
        return bool(self.watched) and self.has_lanes(directions)

    def runs_together(self, directions: int) -> bool:
        """Whether runs of so many directions go in one call: on lanes, all tasks alike in every step."""
        return self.on_lanes(directions) and not (self.algorithm.get("shares") or self.algorithm.get("sampled"))

    def observe(self, z: Array, gram: Array, y: Array, values: Mapping[str, Any]) -> dict[str, Array]:
        """Observables of states z (T, H, m, B), all at the adapted weights.

        "loss" (T,): the meta-objective, a mean over tasks of the loss on the outer examples; "gradient_norm" (T,): of
        the outer step's direction; each of `observed` (T, K n); "adapted" (T, K, H, m, L): the tasks' states.
        """
        tasks, n = self._sizes(z[0] if len(z) else np.zeros((self.heads, 1, z.shape[-1])), gram, y, values)
        blocks = self.blocks(gram, tasks, n)
        shapes: dict[str, tuple[int, ...]] = {
            "loss": (), "gradient_norm": (), "adapted": (tasks, self.heads, z.shape[2], blocks.shape[1]),
            **dict.fromkeys(self.observed, (y.size,) if self.signed else (self.heads, y.size)),
        }
        seen = {name: np.empty((len(z), *shape)) for name, shape in shapes.items()}
        for t, state in enumerate(z):
            for name, entry in self._observe(state, gram, blocks, y, values).items():
                seen[name][t] = entry
        return seen

    def _observe(
        self, z: Array, gram: Array, blocks: Array, y: Array, values: Mapping[str, Any]
    ) -> dict[str, Array]:
        g, risk, adapted, outs = self._at_state(z, blocks, y, values)
        flat = g.reshape(-1, g.shape[-1])
        square = np.sum((flat @ self.factor) ** 2) if self.factor is not None else np.sum(flat * (flat @ gram))
        norm = np.sqrt(max(float(square), 0.0))
        weights = self.two_loops.shares(values, len(risk))
        mean = np.asarray(risk @ weights[0] if weights else risk.mean())
        seen = {"loss": mean, "gradient_norm": np.asarray(norm), "adapted": adapted}
        return {**seen, **dict(zip(self.observed, outs, strict=True))}

    def direction(self, z: Array, blocks: Array, y: Array, values: Mapping[str, Any]) -> Array:
        """The direction g (H, m, B) of the outer step at a state z, from the tasks' own blocks alone."""
        return self._at_state(z, blocks, y, values)[0]

    def _at_state(
        self, z: Array, blocks: Array, y: Array, values: Mapping[str, Any]
    ) -> tuple[Array, Array, Array, list[Array]]:
        """The outer direction, each task's loss and adapted state, and what is observed of one state."""
        heard()
        tasks, heads, m = len(blocks), self.heads, z.shape[1]
        g, risk = np.zeros(z.shape), np.zeros(tasks)
        adapted = np.zeros((tasks, heads, m, blocks.shape[1]))
        outs = [np.zeros(y.size if self.signed else (heads, y.size)) for _ in self.observed]
        self.loops.observe(
            np.ascontiguousarray(z, dtype=np.float64), blocks, self.labels(y), *self.two_loops.shares(values, tasks),
            *self.two_loops.bounds(values, y.size // tasks), *self._numbers(values, m), g, risk, adapted, *outs,
        )
        return g, risk, adapted, outs

    def of_fresh(
        self, values: Mapping[str, Any], m: int
    ) -> tuple[ModuleType, tuple[float, ...], tuple[int, float]] | None:
        """The module on lanes, which judges fresh tasks, its scalars and the inner loop's; None where there is none."""
        return None if self.lanes is None else (self.lanes, self.arguments(values, m), self._inner(values))

    def adapt(
        self, states: Array, blocks: Array, y: Array, batch: Iterable[int], values: Mapping[str, Any]
    ) -> Array:
        """Tasks' states (K, H, m, L) after the inner loop on the examples `batch` of each; y (K, n)."""
        moved = np.array(states, dtype=np.float64, order="C")
        chosen = np.fromiter(batch, dtype=np.int64)
        if np.any(np.diff(chosen) != 1):
            raise RangeError(f"batch: {chosen.tolist()}; expected examples one after another, such as range(5)")
        part = (int(chosen[0]), int(chosen[-1]) + 1) if len(chosen) else (0, 0)
        labels = np.ascontiguousarray(y, dtype=np.float64 if self.signed else np.int64)
        numbers = self._numbers(values, moved.shape[2])
        (self.lanes or self.loops).adapt_all(moved, np.ascontiguousarray(blocks), labels, *part, *numbers)
        return moved

    def _numbers(self, values: Mapping[str, Any], m: int) -> tuple[float | int, ...]:
        """The scalars of every loop, and the inner loop's length and step."""
        return (*self.arguments(values, m), *self._inner(values))

    def _inner(self, values: Mapping[str, Any]) -> tuple[int, float]:
        return int(self.two_loops.value(values, "inner_steps")), self.two_loops.value(values, "inner_step")

    def _sizes(self, z: Array, gram: Array, y: Array, values: Mapping[str, Any]) -> tuple[int, int]:
        """K and n, checked against the arrays: compiled code checks nothing."""
        tasks = self.tasks(values)
        n, rest = divmod(y.size, tasks)
        size = int(self.places(tasks, n).max()) + 1 if n else 0
        known = gram.shape == (size, size) or (self.factor is not None and len(self.factor) == size)
        if rest or z.ndim != 3 or (z.shape[0], z.shape[2]) != (self.heads, size) or not known:
            raise RangeError(
                f"kernel {self.path.stem}: z {z.shape}, gram {gram.shape} and y {y.shape} disagree for {tasks} tasks; "
                f"expected z ({self.heads}, m, B), gram (B, B) and y (tasks n,)"
            )
        return tasks, n
