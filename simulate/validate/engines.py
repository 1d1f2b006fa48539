"""The two engines on one draw: a kernel beside torch, and the weight-space path that `validate` compares along."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from derivations.declare import Model
from dynamics.arrays import Array, Steps
from dynamics.chance.streams import stream

from ..errors import Diverged
from ..train import weights
from ..values import Values
from ..work.progress import progress

KINK = 1e-12  # |z| below this times max|z| is within rounding of a kink
HUGE = 1e50  # above this |z| squares of powers, as in a penalty, overflow


class Trajectory(Protocol):
    """What a kernel run returns."""

    @property
    def t(self) -> Steps:
        """Recorded steps (T,), cut off where the run diverges."""

    @property
    def z(self) -> Array:
        """Pre-activations on the directions (T, H, m, B)."""

    @property
    def b(self) -> Array:
        """Coefficients (T, H, m, B)."""


class KernelUnderTest(Protocol):
    """The part of `dynamics.kernel.kernel.Kernel` that is compared."""

    def run(
        self, z: Array, b: Array, gram: Array, y: Array, values: Values, steps: int, recorded: Steps, start: int = 0
    ) -> Trajectory:
        """`steps` steps from (z, b) at step `start`; also takes `velocity` and `draws` where its algorithm does."""

    def observe(self, z: Array, gram: Array, y: Array, values: Values) -> Mapping[str, Array]:
        """Observables of the states z (T, H, m, B)."""

    def outputs(self, a: Array, values: Values) -> Array:
        """Network outputs (N,) or (N, K) of examples given by patch pre-activations a (N, P, H, m)."""

    def bind(self, clean: Array, scalars: Mapping[str, Array] = MappingProxyType({})) -> KernelUnderTest:
        """The kernel for examples of these clean labels (n,) and scalars (n,) by name."""

    def through(self, factor: Array | None) -> KernelUnderTest:
        """The kernel with vectors (B, R) to couple tasks through."""


class FullDraw(weights.VectorDraw, Protocol):
    """What is read of a `simulate.start.drawn.Draw`."""

    @property
    def z(self) -> Array:
        """Pre-activations at step 0 (H, m, B)."""

    @property
    def gram(self) -> Array:
        """Inner products of the directions (B, B)."""


@dataclass(frozen=True)
class Run:
    """The kernel's states z and b at recorded steps, (T, H, m, B), and momentum's velocity there, where it has any."""

    z: Array
    b: Array
    velocity: Array | None


@dataclass(frozen=True)
class Pair:
    """The two engines on one draw."""

    task: weights.Training
    kernel: KernelUnderTest
    draw: FullDraw
    vectors: Array
    start: Array

    @property
    def lengths(self) -> Array:
        """||v_b|| (B,)."""
        lengths: Array = np.linalg.norm(self.vectors, axis=1)
        return lengths

    def rounding(self, W: Array) -> Array:
        """The size of rounding in W V^T (..., H, m, B): eps ||w|| ||v||."""
        sizes: Array = np.finfo(np.float64).eps * np.linalg.norm(W, axis=-1)[..., None] * self.lengths
        return sizes

    def run(self, z: Array, b: Array, recorded: Steps, start: int = 0, velocity: Array | None = None) -> Run:
        """The kernel from the state (z, b) at step `start`; NaN at the recorded steps after it diverged.

        NaN everywhere where it says that it diverges and has all states, or that it does not and lacks some.
        """
        steps = int(recorded[-1]) - start
        extra = {"velocity": velocity, "draws": self.task.draws}
        more: dict[str, Any] = {name: given for name, given in extra.items() if given is not None}
        run = self.kernel.run(z, b, self.draw.gram, self.draw.y, self.task.values, steps, recorded, start=start, **more)
        padded = [np.full((len(recorded), *z.shape), np.nan) for _ in range(3)]
        moving, whole = getattr(run, "velocity", None), len(run.t) == len(recorded)
        if whole != (getattr(run, "diverged", -1 if whole else start) == -1):
            return Run(padded[0], padded[1], None if moving is None else padded[2])
        for full, part in zip(padded, (run.z, run.b, moving), strict=True):
            if part is not None:
                full[: len(run.t)] = part
        return Run(padded[0], padded[1], None if moving is None else padded[2])

    def step(self, z: Array, t: int) -> tuple[Array, Array]:
        """The kernel's z(t+lag) and b(t+lag), both (H, m, B), from z = z(t), b = 0 and rest; see `lag`."""
        after = self.run(z, np.zeros_like(z), np.array([t + self.lag]), t)
        return after.z[-1], after.b[-1]

    def response(self, W: Array, t: int) -> float:
        """How far weight space's own step from W moves as every weight of a filter moves by eps ||w||.

        The larger of max|dW| / max|W| and max|dz| / max ||w|| ||v||, what was moved at the start taken off.
        """
        nudge = np.finfo(np.float64).eps * np.linalg.norm(W, axis=-1, keepdims=True)
        moved = W + nudge * stream(0, "validate", 3).standard_normal(W.shape)
        after, other = (
            weights.step_tensor(self.task, self.task.vectors.new_tensor(start), t, self.lag).cpu().numpy()
            for start in (W, moved)
        )
        gap = (other - after) - (moved - W)
        long = np.linalg.norm(after, axis=2).max() * self.lengths.max()
        of_w, of_z = np.abs(gap).max() / np.abs(after).max(), np.abs(gap @ self.vectors.T).max() / long
        return float(max(of_w, of_z))

    @property
    def lag(self) -> int:
        """Steps that "one step" takes, from rest."""
        return self.task.model.algorithm.lag

    def share(self, t: Steps, start: int = 0) -> Array:
        """What weight decay leaves of the weights t steps after `start` (T,), shaped to multiply W (T, H, m, d)."""
        return weights.remaining(self.task.model, self.task.values, t, start)[:, None, None, None]

    def reduced(self, z: Array) -> Mapping[str, Array]:
        """The kernel's observables of the states z (T, H, m, B)."""
        return self.kernel.observe(z, self.draw.gram, self.draw.y, self.task.values)

    def losses(self, W: Array) -> Array:
        """Weight space's training loss of the states W (T, H, m, d), (T,)."""
        return weights.mean_losses(
            self.task.model, self.vectors, self.draw.y, W, self.task.values, str(self.task.y.device), self.draw.clean,
            scalars=self.draw.scalars,
        )

    def autograd(self, W: Array) -> dict[str, Array]:
        """Weight space's observables of the states W (T, H, m, d)."""
        return weights.observe(
            self.task.model, self.vectors, self.draw.y, W, self.task.values, str(self.task.y.device), self.draw.clean,
            scalars=self.draw.scalars,
        )


def bends_gently(model: Model) -> bool:
    """Whether sigma' is continuous at its kinks, with a bounded slope, and no penalty drives z to 0.

    Then the sign that rounding gives to a tiny z moves a step by no more than rounding, which the response to rounding
    measures, and trajectories from a start as small as 1e-12 remain comparable.
    """
    return model.network.activation.kind.bends_gently and not model.objective.penalised


@dataclass(frozen=True)
class Path:
    """The weight-space trajectory: W at the steps t, W one step after them, and what was met; see `Validation`.

    With momentum, "one step after" is `lag` steps from rest at W(t), in place of a step of the trajectory.
    """

    t: Steps
    W: Array
    after: Mapping[int, Array]
    steps: int
    window: int
    smallest: float
    smallest_z: float
    smallest_at: int
    seconds: float
    notes: tuple[str, ...]


def walk(task: weights.Training, start: Array, steps: int, recorded: Steps) -> Path:
    """Runs torch, watching every step for pre-activations within rounding of a kink, and for divergence."""
    wanted, kept, after, notes = set(recorded.tolist()), {}, {}, []
    live = weights.activated(task)
    smallest, smallest_z, smallest_at, window, last, seconds, first = np.inf, 0.0, 0, steps, 0, 0.0, 0.0
    gap = task.model.algorithm.lag
    restarts, sharp = gap > 1, not bends_gently(task.model)
    weights.step_tensor(task, task.vectors.new_tensor(start), 0)  # warm-up
    began = time.perf_counter()
    try:
        with progress("validate", steps, "steps") as step:
            for t, w in weights.states(task, start, steps):
                seconds += time.perf_counter() - began
                with weights.one_thread():  # a small product, which threads would wait for longer than it takes
                    z = (w @ live.T).abs()
                    low, high = float(z.min()), float(z.max())
                if high > HUGE and t > 0:
                    raise Diverged("max|z| is above 1e50", t)
                first, last = (high if t == 0 else first), t
                if t in wanted:
                    kept[t] = w.cpu().numpy()
                if restarts and t in wanted and t + gap <= steps:
                    after[t] = weights.step_tensor(task, w, t, gap).cpu().numpy()
                if not restarts and t - 1 in wanted:
                    after[t - 1] = w.cpu().numpy()
                if low < smallest * high or t == 0:
                    smallest, smallest_z, smallest_at = low / high if high > 0 else 0.0, low, t
                if sharp and low <= KINK * high and window == steps:
                    window = max(t - 1, 0)
                    notes.append(_closing(t, task.penalty_on(t) and low <= 10 * KINK * first))
                step(min(t, 1))
                began = time.perf_counter()
    except Diverged as diverged:
        notes.append(f"weight space diverges at step {diverged.step}; compared before")
        if task.model.algorithm.over_tasks:  # a state whose adaptation diverges has no loss to be compared
            kept = {t: w for t, w in kept.items() if t < diverged.step}
            last = max(kept, default=0)
            if not kept:
                raise
        window = min(window, last)
    recorded_steps = np.array(sorted(kept), dtype=np.int64)
    W = np.stack([kept[t] for t in recorded_steps.tolist()])
    return Path(recorded_steps, W, after, last, window, smallest, smallest_z, smallest_at, seconds, tuple(notes))


def _closing(t: int, suppressed: bool) -> str:
    """Why the trajectories are not compared from step t on."""
    reason = "rounding decides signs there"
    if suppressed:
        reason = "what the penalty drives to 0 keeps no digit, and regrows from rounding once the penalty is off"
    return f"trajectories are not compared from step {t} on, where min|z| < 1e-12 max|z|: {reason}"
