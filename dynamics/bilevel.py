"""A generated kernel of a bilevel algorithm: every task adapted on its own Gram block, then one step for all.

Shapes: K tasks of n examples; the direction axis of all tasks has B entries, families one after another and tasks one
after another within them; a task's own has L entries.  z and b (H, m, B), labels y (K n,), blocks (K, L, L).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .kernel import Floats, Kernel, Trajectory, one_blas_thread, until_failure
from .stepdraws import StepDraws

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class BilevelKernel(Kernel):
    """A loaded bilevel kernel.

    `algorithm` names its parameters, as `derivations.model.Bilevel` does; `families` are the directions' (name, over).
    `factor` (B, R), with factor factor^T the Gram matrix, is what `through` gave; it is used where it is cheaper.
    """

    algorithm: Mapping[str, str] = field(default_factory=dict)
    families: tuple[tuple[str, str], ...] = ()
    factor: Floats | None = None

    def through(self, factor: Floats | None) -> BilevelKernel:
        """The kernel that couples tasks through `factor` (B, R) where that is cheaper than the Gram matrix."""
        cheap = factor is not None and factor_is_cheaper(*factor.shape)
        return replace(self, factor=np.ascontiguousarray(factor, dtype=np.float64) if cheap else None)

    def tasks(self, values: Mapping[str, Any]) -> int:
        """K."""
        return int(values[self.algorithm["tasks"]])

    def split(self, values: Mapping[str, Any], n: int) -> tuple[Indices, Indices]:
        """The examples of the inner loop and of the outer step, for n examples a task."""
        everything = np.arange(n, dtype=np.int64)
        if self.algorithm["method"] != "train-validation":
            return everything, everything
        train = int(values[self.algorithm["train"]])
        if not 1 <= train < n:
            raise ValueError(f"{self.algorithm['train']}: {train} of {n} examples to train on; expected 1 to {n - 1}")
        return everything[:train], everything[train:]

    def places(self, tasks: int, n: int) -> Indices:
        """(K, L): where the directions of each task stand on the axis of all."""
        columns, start = [], 0
        k = np.arange(tasks, dtype=np.int64)[:, None]
        for _, over in self.families:
            size = {"one": 1, "class": self.heads, "task": tasks, "sample": tasks * n}[over]
            own = {"one": 0 * k, "task": k, "sample": k * n + np.arange(n)}.get(over, 0 * k + np.arange(size))
            columns.append(start + own)
            start += size
        return np.concatenate(columns, axis=1)

    def blocks(self, gram: Floats, tasks: int, n: int) -> Floats:
        """(K, L, L), each task's own inner products: from the factor, where there is one, else from the Gram matrix."""
        at = self.places(tasks, n)
        if self.factor is not None:
            own = self.factor[at]
            return np.ascontiguousarray(own @ np.swapaxes(own, 1, 2))
        return np.ascontiguousarray(gram[at[:, :, None], at[:, None, :]], dtype=np.float64)

    def run(
        self, z: Floats, b: Floats, gram: Floats, y: Floats, values: Mapping[str, Any], steps: int,
        recorded: NDArray[np.int64], start: int = 0, velocity: Floats | None = None, draws: StepDraws | None = None,
    ) -> Trajectory:
        """Run `steps` outer steps from step `start`, keeping the states at `recorded` steps; see `Kernel.run`.

        Raises ValueError where shapes disagree, or where the split leaves no examples.
        """
        tasks, n = self._sizes(z, gram, y, values)
        state, coefficients = np.array(z, dtype=np.float64, order="C"), np.array(b, dtype=np.float64, order="C")
        at = np.ascontiguousarray(recorded, dtype=np.int64)
        z_out = np.empty((at.size, *state.shape))
        b_out = np.empty_like(z_out)
        module = self.module(z.shape[2])
        factor = np.empty((z.shape[2], 0)) if self.factor is None else self.factor
        with one_blas_thread(module is not self.loops):
            failed = module.run(
                state, coefficients, np.ascontiguousarray(gram, dtype=np.float64), factor,
                self.blocks(gram, tasks, n), self.labels(y), *self.split(values, n), *self._numbers(values, z.shape[1]),
                float(values[self.step]), start, steps, at, z_out, b_out,
            )
        return until_failure(Trajectory(at, z_out, b_out, int(failed)))

    def observe(self, z: Floats, gram: Floats, y: Floats, values: Mapping[str, Any]) -> dict[str, Floats]:
        """Observables of states z (T, H, m, B), all at the adapted weights.

        "loss" (T,): the meta-objective, a mean over tasks of the loss on the outer examples; "gradient_norm" (T,): of
        the outer step's direction; each of `observed` (T, K n); "adapted" (T, K, H, m, L): the tasks' states.
        """
        tasks, n = self._sizes(z[0] if len(z) else np.zeros((self.heads, 1, z.shape[-1])), gram, y, values)
        blocks = self.blocks(gram, tasks, n)
        rows = [self._observe(state, gram, blocks, y, values) for state in z]
        size = blocks.shape[1]
        empty = {"loss": (), "gradient_norm": (), "adapted": (tasks, self.heads, z.shape[2], size)}
        shapes = {**empty, **dict.fromkeys(self.observed, (y.size,) if self.signed else (self.heads, y.size))}
        return {
            name: np.stack([row[name] for row in rows]) if rows else np.empty((0, *shape))
            for name, shape in shapes.items()
        }

    def _observe(
        self, z: Floats, gram: Floats, blocks: Floats, y: Floats, values: Mapping[str, Any]
    ) -> dict[str, Floats]:
        g, risk, adapted, outs = self._at_state(z, blocks, y, values)
        flat = g.reshape(-1, g.shape[-1])
        square = np.sum((flat @ self.factor) ** 2) if self.factor is not None else np.sum(flat * (flat @ gram))
        norm = np.sqrt(max(float(square), 0.0))
        seen = {"loss": np.asarray(risk.mean()), "gradient_norm": np.asarray(norm), "adapted": adapted}
        return {**seen, **dict(zip(self.observed, outs, strict=True))}

    def direction(self, z: Floats, blocks: Floats, y: Floats, values: Mapping[str, Any]) -> Floats:
        """The direction g (H, m, B) of the outer step at a state z, from the tasks' own blocks alone."""
        return self._at_state(z, blocks, y, values)[0]

    def _at_state(
        self, z: Floats, blocks: Floats, y: Floats, values: Mapping[str, Any]
    ) -> tuple[Floats, Floats, Floats, list[Floats]]:
        """The outer direction, each task's loss and adapted state, and what is observed of one state."""
        tasks, heads, m = len(blocks), self.heads, z.shape[1]
        g, risk = np.zeros(z.shape), np.zeros(tasks)
        adapted = np.zeros((tasks, heads, m, blocks.shape[1]))
        outs = [np.zeros(y.size if self.signed else (heads, y.size)) for _ in self.observed]
        self.loops.observe(
            np.ascontiguousarray(z, dtype=np.float64), blocks, self.labels(y), *self.split(values, y.size // tasks),
            *self._numbers(values, m), g, risk, adapted, *outs,
        )
        return g, risk, adapted, outs

    def adapt(
        self, states: Floats, blocks: Floats, y: Floats, batch: Iterable[int], values: Mapping[str, Any]
    ) -> Floats:
        """Tasks' states (K, H, m, L) after the inner loop on the examples `batch` of each; y (K, n)."""
        moved = np.array(states, dtype=np.float64, order="C")
        chosen = np.fromiter(batch, dtype=np.int64)
        labels = np.ascontiguousarray(y, dtype=np.float64 if self.signed else np.int64)
        numbers = self._numbers(values, moved.shape[2])
        self.loops.adapt_all(moved, np.ascontiguousarray(blocks), labels, chosen, *numbers)
        return moved

    def _numbers(self, values: Mapping[str, Any], m: int) -> tuple[float | int, ...]:
        """The scalars of every loop, and the inner loop's length and step."""
        names = self.algorithm
        inner = (int(values[names["inner_steps"]]), float(values[names["inner_step"]]))
        return (*self.arguments(values, m), *inner)

    def _sizes(self, z: Floats, gram: Floats, y: Floats, values: Mapping[str, Any]) -> tuple[int, int]:
        """K and n, checked against the arrays: compiled code checks nothing."""
        tasks = self.tasks(values)
        n, rest = divmod(y.size, tasks)
        size = int(self.places(tasks, n).max()) + 1 if n else 0
        known = gram.shape == (size, size) or (self.factor is not None and len(self.factor) == size)
        if rest or z.ndim != 3 or (z.shape[0], z.shape[2]) != (self.heads, size) or not known:
            raise ValueError(
                f"kernel {self.path.stem}: z {z.shape}, gram {gram.shape} and y {y.shape} disagree for {tasks} tasks; "
                f"expected z ({self.heads}, m, B), gram (B, B) and y (tasks n,)"
            )
        return tasks, n


def factor_is_cheaper(directions: int, rank: int) -> bool:
    """Whether g F F^T with F (B, R) takes fewer products than g G with G (B, B)."""
    return 2 * rank < directions
