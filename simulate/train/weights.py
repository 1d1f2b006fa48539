"""The weight-space engine: a Model's declared network, loss and data by torch autograd, in d dimensions.

It is the oracle of the reduced dynamics, so it reads the declaration and numbers only: no recursion, no generated
kernel, no derived formula.  Everything is float64 and runs on one CPU thread or on a CUDA device.

Shapes, everywhere below: W (H, m, d) filters, vectors (B, d) directions, y (n,) labels (+-1, or 0..K-1 for class
heads), clean (n,) labels before flips (y where not given), patches (n, P, d).  With a bilevel algorithm n counts the
examples of all tasks, task by task.  `values` holds the model's parameters by name; a name that a user's own model
lacks means neurons = "mean", penalty_half = False, lam_until absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model
from dynamics.arrays import Array
from dynamics.chance.stepdraws import StepDraws

from ..errors import InputError
from ..work.progress import progress

try:
    import torch
except ModuleNotFoundError as missing:  # torch is an extra
    raise InputError("engine: 'weights' needs torch, which is not installed; install gammarho[torch]") from missing

from ..values import Values, real
from . import bilevel
from .descent import Descent
from .formulas import activation, at_step, errors, losses_of, margins
from .network import (
    Training,
    activated,
    diverged,
    families,
    gradient_at,
    losses,
    objective,
    one_thread,
    outputs,
    patches_of,
    per_example,
    problem,
    scalars_in,
    task_count,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Array", "Labelled", "Training", "Values", "VectorDraw", "WeightTrajectory", "activated", "activation",
    "change_tensor", "check_recorded",
    "coefficients", "dependent",
    "diverged", "errors", "families", "gradient_at", "independent", "losses", "losses_of", "margins", "mean_losses",
    "move", "needs_vectors", "objective", "observe", "observed", "one_thread", "outputs", "patches_of", "per_example",
    "problem", "remaining", "scalars_in", "states", "step", "step_tensor", "task_count",
    "train",
]


class Labelled(Protocol):
    """Examples as a draw has them."""

    @property
    def y(self) -> Array:
        """Labels (n,)."""

    @property
    def clean(self) -> Array:
        """Labels before flips (n,)."""

    @property
    def scalars(self) -> Mapping[str, Array]:
        """Scalars (n,) that examples differ in, by name."""


class VectorDraw(Labelled, Protocol):
    """What training reads of a `simulate.start.drawn.Draw`."""

    @property
    def vectors(self) -> Array | None:
        """Directions (B, d); needed here."""

    @property
    def weights(self) -> Array | None:
        """Filters at step 0 (H, m, d); needed here."""


@dataclass(frozen=True)
class WeightTrajectory:
    """Recorded steps t (T,), W (T, H, m, d), and b (T, H, m, B) where the directions are independent (else None)."""

    t: NDArray[np.int64]
    W: Array
    b: Array | None


class Algorithm(Protocol):
    """What an algorithm makes of the weights w (H, m, d), and how a state is seen under it."""

    def step(self, task: Training, w: Tensor, velocity: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """W(t+1) - W(t) but for weight decay, and V(t+1), from W(t) and V(t); within one thread."""

    def observe(self, task: Training, w: Tensor, every: bool) -> dict[str, Tensor]:
        """The observables of one state, as `weights.observe` has them of several."""

    def loss(self, task: Training, w: Tensor) -> float:
        """The training loss, without penalty."""


def algorithm_of(model: Model) -> Algorithm:
    """The algorithm that a model declares: one loop, or two over tasks."""
    return bilevel.TwoLoops() if model.algorithm.over_tasks else Descent()


def train(
    model: Model, draw: VectorDraw, values: Values, steps: int, recorded: NDArray[np.int64], device: str = "cpu",
    draws: StepDraws | None = None, watch: Callable[[Training, int, Tensor], None] | None = None,
) -> WeightTrajectory:
    """The model's algorithm for `steps` steps from the draw's weights; W at increasing steps `recorded` in [0, steps].

    `watch` is called with every step's t and W(t), recorded or not.

    Coefficients are those of W(t) - (1 - eta weight_decay)^t W(0) where weights decay.  Raises InputError where the
    draw has no vectors, Diverged (naming the step) where W leaves the finite numbers.
    """
    vectors, weights = needs_vectors(draw)
    wanted = check_recorded(recorded, steps)
    task = problem(model, vectors, draw.y, values, device, draws, draw.clean, draw.scalars)
    kept = []
    with progress("run", steps, "steps") as step_done:
        for t, w in states(task, weights, steps):
            if watch is not None:
                watch(task, t, w)
            if t in wanted:
                kept.append(w.cpu().numpy())
            step_done(min(t, 1))
    W = np.stack(kept) if kept else np.empty((0, *weights.shape))
    recorded_steps = np.array(sorted(wanted), dtype=np.int64)
    shares = remaining(model, values, recorded_steps)[:, None, None, None]
    return WeightTrajectory(recorded_steps, W, coefficients(W - shares * weights, vectors))


def remaining(model: Model, values: Values, t: NDArray[np.int64], start: int = 0) -> Array:
    """(1 - eta weight_decay)^t (T,): the share of W(start) in W(start + t), 1 without weight decay.

    A product over the steps where the two change with them.
    """
    name, eta = model.algorithm.options.get("weight_decay"), model.algorithm.step
    if name and {name, eta} & {each.of for each in model.algorithm.schedules}:
        left = [1.0]
        for now in range(start, start + int(t.max(initial=0))):
            left.append(left[-1] * (1.0 - at_step(model, values, eta, now) * at_step(model, values, name, now)))
        return np.array(left)[t]
    shares: Array = (1.0 - (real(values, eta) * real(values, name) if name else 0.0)) ** t.astype(np.float64)
    return shares


def step(
    model: Model, vectors: Array, y: Array, W: Array, values: Values, t: int = 0, device: str = "cpu",
    draws: StepDraws | None = None, count: int = 1, clean: Array | None = None,
    scalars: Mapping[str, Array] = MappingProxyType({}),
) -> Array:
    """W(t + count) (H, m, d) from W = W(t) at rest, by `count` steps of the model's algorithm."""
    task = problem(model, vectors, y, values, device, draws, clean, scalars)
    return step_tensor(task, task.vectors.new_tensor(W), t, count).cpu().numpy().astype(np.float64, copy=False)


def states(task: Training, W0: Array, steps: int) -> Iterator[tuple[int, Tensor]]:
    """(t, W(t)) for t = 0 .. steps.  Raises Diverged at the first t whose W or outputs are not finite."""
    w = task.vectors.new_tensor(W0)
    velocity = torch.zeros_like(w)
    for t in range(steps + 1):
        if not bool(torch.isfinite(w).all()):
            raise diverged(task, t)
        yield t, w
        if t < steps:
            w, velocity = move(task, w, velocity, t)


def step_tensor(task: Training, w: Tensor, t: int, count: int = 1) -> Tensor:
    """`step` on tensors."""
    velocity = torch.zeros_like(w)
    for now in range(t, t + count):
        w, velocity = move(task, w, velocity, now)
    return w


def change_tensor(task: Training, w: Tensor, t: int, count: int = 1) -> Tensor:
    """W(t + count) - (1 - eta weight_decay)^count W, from W = W(t) at rest, summed by itself.

    So it keeps its digits beside a W that is larger by any factor, as steps by `step_tensor` do not.
    """
    change, velocity, left = torch.zeros_like(w), torch.zeros_like(w), 1.0
    for now in range(t, t + count):
        kept = 1.0 - task.eta(now) * task.option("weight_decay", now)
        with one_thread():
            step, velocity = algorithm_of(task.model).step(task, left * w + change, velocity, now)
            change = kept * change + step
        left *= kept
    return change


def move(task: Training, w: Tensor, velocity: Tensor, t: int) -> tuple[Tensor, Tensor]:
    """W(t+1) and V(t+1) from W(t) and V(t), as `derivations.declare.GradientDescent` or `Bilevel` states it."""
    with one_thread():
        step, after = algorithm_of(task.model).step(task, w, velocity, t)
        return w + step - task.eta(t) * task.option("weight_decay", t) * w, after


def observe(
    model: Model, vectors: Array, y: Array, W: Array, values: Values, device: str = "cpu", clean: Array | None = None,
    every: bool = False, scalars: Mapping[str, Array] = MappingProxyType({}),
) -> dict[str, Array]:
    """Observables of the states W (T, H, m, d), by autograd.

    "loss" and "gradient_norm" = ||grad_W L_S||_F (T,), of the loss without penalty; "outputs" F (T, n, H); "margins"
    and "gradient_norms" = ||grad_W L_i||_F (T, n); "z" = W V^T (T, H, m, B); "train_error" (T,), see `errors`.  Signed
    heads: "l1" = l'(y_i f_i) (T, n); with ReLU^q also "zeta" (T, n), ||grad_W(y_i f_i)||_F^2 / (kappa q)^2, which is
    PEGR's zeta_i where mu is orthogonal to xi_i.  With `every`, the costly ones of all single-level models too: "zeta"
    (T, n) for any activation, q = 1 where it is no power, and for class heads (T, n, H), ||grad_W F_h(x_i)||_F^2 /
    kappa^2; over ||x_i||^2 too where an example is one term (NaN where that is 0), as constants are taken out of zeta.

    With a bilevel algorithm all but "z" are of the weights adapted to each task; see `bilevel.observe`.
    """
    return observed(problem(model, vectors, y, values, device, clean=clean, scalars=scalars), W, every)


def observed(task: Training, W: Array, every: bool = False) -> dict[str, Array]:
    """`observe`, on the patches that the task has, whatever its directions."""
    rows = [algorithm_of(task.model).observe(task, task.vectors.new_tensor(w), every) for w in W]
    return {name: np.stack([row[name].detach().cpu().numpy() for row in rows]) for name in rows[0]}


def mean_losses(
    model: Model, vectors: Array, y: Array, W: Array, values: Values, device: str = "cpu", clean: Array | None = None,
    scalars: Mapping[str, Array] = MappingProxyType({}),
) -> Array:
    """The training loss, without penalty, of the states W (T, H, m, d), (T,): `observe`'s "loss" and nothing else."""
    task = problem(model, vectors, y, values, device, clean=clean, scalars=scalars)
    return np.array([algorithm_of(model).loss(task, task.vectors.new_tensor(w)) for w in W])


def coefficients(change: Array, vectors: Array) -> Array | None:
    """Least-squares b (..., B) with change (..., d) = sum_b b_b v_b; None where the directions are dependent."""
    if not independent(vectors):
        return None
    flat = change.reshape(-1, vectors.shape[1])
    b = np.linalg.lstsq(vectors.T, flat.T, rcond=None)[0].T.astype(np.float64)
    return b.reshape(*change.shape[:-1], len(vectors))


def independent(vectors: Array) -> bool:
    """Whether the directions (B, d) are linearly independent: full rank when each is scaled to length one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if len(vectors) > vectors.shape[1] or not np.all(lengths > 0):
        return False
    return bool(np.linalg.matrix_rank(vectors / lengths) == len(vectors))


def dependent(vectors: Array) -> bool:
    """Whether the directions (B, d) that are not 0 are linearly dependent."""
    live = vectors[np.linalg.norm(vectors, axis=1) > 0]
    return len(live) > 0 and not independent(live)


def needs_vectors(draw: VectorDraw) -> tuple[Array, Array]:
    """The draw's vectors (B, d) and weights (H, m, d).  Raises InputError where it has none (a Gram draw)."""
    if draw.vectors is None or draw.weights is None:
        raise InputError(
            "sampling: this draw has a Gram matrix and no vectors, and weight space needs the vectors; "
            "draw with sampling='vectors'"
        )
    return draw.vectors, draw.weights


def check_recorded(recorded: NDArray[np.int64], steps: int) -> set[int]:
    """The recorded steps as a set.  Raises InputError where they do not increase strictly within [0, steps]."""
    r = np.asarray(recorded)
    if r.size and (r[0] < 0 or r[-1] > steps or np.any(np.diff(r) <= 0)):
        raise InputError(
            f"recorded: {r.tolist()} does not increase strictly within 0 to {steps}; sort it and drop repeats"
        )
    return {int(t) for t in r}
