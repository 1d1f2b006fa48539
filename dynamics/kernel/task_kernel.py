"""What a bilevel kernel knows of tasks: their sizes and own Gram blocks, and what is observed of them, adapted.

Shapes: K tasks of n examples; the direction axis of all tasks has B entries, families one after another and tasks one
after another within them; a task's own has L entries.  z and b (H, m, B), labels y (K n,), blocks (K, L, L).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import ModuleType
from typing import Any, Self

import numpy as np

from ..arrays import Array
from ..errors import RangeError
from ..index_set import IndexSet
from .chunks import heard
from .kernel import Kernel
from .task_axis import Indices, TaskAxis, by_eight
from .two_loops import TwoLoops


@dataclass(frozen=True, kw_only=True)
class TaskKernel(Kernel):
    """`algorithm` names its parameters, as `derivations.declare.Bilevel` does.

    `families` are the directions' (name, index set); `factor` (B, R), with factor factor^T the Gram matrix, is what
    `through` gave.
    """

    algorithm: Mapping[str, str] = field(default_factory=dict)
    families: tuple[tuple[str, IndexSet], ...] = ()
    factor: Array | None = None

    def through(self, factor: Array | None) -> Self:
        """The kernel with vectors `factor` (B, R) to couple tasks through, wherever that is cheaper."""
        return replace(self, factor=None if factor is None else np.ascontiguousarray(factor, dtype=np.float64))

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

    def columns(self, values: Mapping[str, Any], m: int, runs: int) -> Array:
        """The scalars, the inner loop's step and the outer one's of many runs, (R, ...), as `Kernel.columns`."""
        named = [*self._named(values, m), self.two_loops.given(values, "inner_step"), values[self.step]]
        return np.stack([np.broadcast_to(np.asarray(each, dtype=np.float64), (runs,)) for each in named], axis=1)

    def observe(self, z: Array, gram: Array, y: Array, values: Mapping[str, Any]) -> dict[str, Array]:
        """Observables of states z (T, H, m, B), all at the adapted weights.

        "loss" (T,): the meta-objective, a mean over tasks of the loss on the outer examples; "gradient_norm" (T,): of
        the outer step's direction; each of `observed` (T, K n); "adapted" (T, K, H, m, L): the tasks' states.
        """
        self._sizes(z[0] if len(z) else np.zeros((self.heads, 1, z.shape[-1])), gram, y, values)
        seen = self.observe_all(z[None], gram[None], y[None], y[None], (), values)
        return {name: each[0] for name, each in seen.items()}

    def observe_all(
        self, z: Array, gram: Array, y: Array, clean: Array, scalars: Sequence[Array], values: Mapping[str, Any]
    ) -> dict[str, Array]:
        """`observe` of R runs, each (R, T, ...), with the bits that it has alone; `values` as `columns` takes them."""
        (runs, times, heads, m, _), tasks = z.shape, self.tasks(values)
        n, factor = y.shape[1] // tasks, self.factor
        shapes: dict[str, tuple[int, ...]] = {
            "loss": (), "gradient_norm": (), "adapted": (tasks, heads, m, self.places(tasks, n).shape[1]),
            **dict.fromkeys(self.observed, (y.shape[1],) if self.signed else (heads, y.shape[1])),
        }
        seen = {name: np.empty((runs, times, *shape)) for name, shape in shapes.items()}
        numbers, weights = self._numbers_of(values, m, runs), self.two_loops.shares(values, tasks)
        order, moving = self._axis(tasks, n).order(self.two_loops.looked_at(values, n))
        moved = np.flatnonzero(order < moving)  # what else there is has no gradient
        across = None if factor is None else factor[moved]
        for run in range(runs):
            blocks, own = self.blocks(gram[run], tasks, n), y[run]
            onto = gram[run][np.ix_(moved, moved)] if across is None else across
            for t, state in enumerate(z[run]):
                outs = [seen[name][run, t] for name in ("adapted", *self.observed)]
                g, risk = self._at_state(state, blocks, own, values, numbers[run], outs)
                flat = g[..., moved].reshape(-1, len(moved))
                reached = flat @ onto
                square = np.sum(flat * reached if across is None else reached**2)
                seen["loss"][run, t] = risk @ weights[0] if weights else risk.mean()
                seen["gradient_norm"][run, t] = np.sqrt(max(float(square), 0.0))
        return seen

    def direction(self, z: Array, blocks: Array, y: Array, values: Mapping[str, Any]) -> Array:
        """The direction g (H, m, B) of the outer step at a state z, from the tasks' own blocks alone."""
        sizes = (y.size,) if self.signed else (self.heads, y.size)
        outs = [np.empty((len(blocks), *z.shape[:2], blocks.shape[1])), *(np.empty(sizes) for _ in self.observed)]
        return self._at_state(z, blocks, y, values, self._numbers(values, z.shape[1]), outs)[0]

    def _at_state(
        self, z: Array, blocks: Array, y: Array, values: Mapping[str, Any], numbers: Sequence[float],
        outs: Sequence[Array],
    ) -> tuple[Array, Array]:
        """The outer direction at one state and each task's loss; `outs` are filled in: adapted, and the observed."""
        heard()
        tasks = len(blocks)
        g, risk = np.empty(z.shape), np.empty(tasks)
        n, lanes = y.size // tasks, self.lanes if self.has_lanes(z.shape[2]) else None
        places = [] if lanes is None else [by_eight(self.places(tasks, n))]
        (lanes or self.loops).observe(
            np.ascontiguousarray(z, dtype=np.float64), blocks, self.labels(y), *places,
            *self.two_loops.shares(values, tasks), *self.two_loops.bounds(values, n), *numbers, g, risk, *outs,
        )
        return g, risk

    def _numbers_of(self, values: Mapping[str, Any], m: int, runs: int) -> list[list[float | int]]:
        """`_numbers` of each of so many runs."""
        steps = int(self.two_loops.value(values, "inner_steps"))
        return [[*scalars, steps, step] for *scalars, step, _ in self.columns(values, m, runs).tolist()]

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
