"""The weight-space engine: a Model's declared network, loss and data by torch autograd, in d dimensions.

It is the oracle of the reduced dynamics, so it reads the declaration and numbers only: no recursion, no generated
kernel, no derived formula.  Everything is float64 and runs on one CPU thread or on a CUDA device.

Shapes, everywhere below: W (H, m, d) filters, vectors (B, d) directions, y (n,) labels (+-1, or 0..K-1 for class
heads), clean (n,) labels before flips (y where not given), patches (n, P, d).  `values` holds the model's
parameters by name; a name that a user's own model lacks means neurons = "mean", penalty_half = False, lam_until absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from derivations.model import Activation, Model, Value
from dynamics.stepdraws import StepDraws

from .errors import Diverged, InputError

try:
    import torch
    from torch import Tensor
except ModuleNotFoundError as missing:  # torch is an extra
    raise InputError("engine: 'weights' needs torch, which is not installed; install gammarho[torch]") from missing

Array = NDArray[np.float64]
EXAMPLE_ENTRIES = 10_000_000  # of per-example gradients held at once
Values = Mapping[str, Value]


class VectorDraw(Protocol):
    """What training reads of a `simulate.draw.Draw`."""

    @property
    def y(self) -> Array:
        """Labels (n,)."""

    @property
    def clean(self) -> Array:
        """Labels before flips (n,)."""

    @property
    def vectors(self) -> Array | None:
        """Directions (B, d); needed here."""

    @property
    def weights(self) -> Array | None:
        """Filters at step 0 (H, m, d); needed here."""


@dataclass(frozen=True)
class Problem:
    """A Model put on numbers: vectors (B, d), patches (n, P, d) and labels (n,) as float64 tensors on one device.

    `draws` are the batches and labels of each step, for an algorithm that has any.
    """

    model: Model
    values: Values
    vectors: Tensor
    patches: Tensor
    y: Tensor
    draws: StepDraws | None = None

    def at(self, t: int) -> Problem:
        """What step t sees: the patches of its batch, and its labels; the patches keep the scales of their own labels.

        Raises InputError where the algorithm draws something and `draws` is None.
        """
        patches, y = self.patches, self.y
        drawn = [option for option in ("batch", "label_noise") if option in self.model.algorithm.options]
        if not drawn:
            return self
        if self.draws is None:
            names = " and ".join(drawn)
            raise InputError(f"draws: none given, but the algorithm draws its {names} at each step; give them")
        if "label_noise" in drawn:
            y = y.new_tensor(self.draws.labels(t, 1)[0])
        if "batch" in drawn:
            examples, held = self.draws.batches(t, 1)
            chosen = torch.as_tensor(examples[0, : held[0]], device=y.device)
            patches, y = patches[chosen], y[chosen]
        return replace(self, patches=patches, y=y)

    def option(self, name: str) -> float:
        """The value of one of the algorithm's options, 0 where it is absent."""
        parameter = self.model.algorithm.options.get(name)
        return 0.0 if parameter is None else number(self.values, parameter)

    def kappa(self, m: int) -> float:
        """The second layer's weight: 1/m (mean over a head's m filters) or 1 (sum)."""
        return 1.0 if self.values.get("neurons", "mean") == "sum" else 1.0 / m

    def penalty_weight(self, t: int) -> float:
        """The penalty's weight c lam at step t, c = 1/2 where `penalty_half` is set, else 1; see `penalty_on`."""
        if not self.penalty_on(t):
            return 0.0
        return (0.5 if self.values.get("penalty_half", False) else 1.0) * number(self.values, "lam")

    def penalty_on(self, t: int) -> bool:
        """Whether step t, which makes W(t+1), is penalised: t <= lam_until, or always where that is absent."""
        if self.model.objective.penalty == "none":
            return False
        return self.values.get("lam_until") is None or t <= number(self.values, "lam_until")


@dataclass(frozen=True)
class WeightTrajectory:
    """Recorded steps t (T,), W (T, H, m, d), and b (T, H, m, B) where the directions are independent (else None)."""

    t: NDArray[np.int64]
    W: Array
    b: Array | None


def problem(
    model: Model, vectors: Array, y: Array, values: Values, device: str = "cpu", draws: StepDraws | None = None,
    clean: Array | None = None,
) -> Problem:
    """The training problem of `model` on directions `vectors` (B, d), labels `y` and the `clean` ones (n,).

    Raises InputError where the number of vectors is not the model's for n examples.
    """
    length = model.offsets(len(y))[""]
    if vectors.ndim != 2 or len(vectors) != length:
        raise InputError(
            f"vectors: shape {vectors.shape}, expected ({length}, d) for {len(y)} examples; "
            "stack the families in the model's order"
        )
    v = torch.tensor(vectors, dtype=torch.float64, device=device)
    labels = torch.tensor(y, dtype=torch.float64, device=device)
    unflipped = labels if clean is None else torch.tensor(clean, dtype=torch.float64, device=device)
    return Problem(model, values, v, patches_of(model, _rows(model, v, labels), labels, unflipped), labels, draws)


def train(
    model: Model, draw: VectorDraw, values: Values, steps: int, recorded: NDArray[np.int64], device: str = "cpu",
    draws: StepDraws | None = None,
) -> WeightTrajectory:
    """The model's algorithm for `steps` steps from the draw's weights; W at increasing steps `recorded` in [0, steps].

    Coefficients are those of W(t) - (1 - eta weight_decay)^t W(0) where weights decay.  Raises InputError where the
    draw has no vectors, Diverged (naming the step) where W leaves the finite numbers.
    """
    vectors, weights = needs_vectors(draw)
    wanted = check_recorded(recorded, steps)
    task = problem(model, vectors, draw.y, values, device, draws, draw.clean)
    kept = [w.cpu().numpy() for t, w in states(task, weights, steps) if t in wanted]
    W = np.stack(kept) if kept else np.empty((0, *weights.shape))
    at = np.array(sorted(wanted), dtype=np.int64)
    shares = remaining(model, values, at)[:, None, None, None]
    return WeightTrajectory(at, W, coefficients(W - shares * weights, vectors))


def remaining(model: Model, values: Values, t: NDArray[np.int64]) -> Array:
    """(1 - eta weight_decay)^t (T,): the share of W(0) in W(t); 1 without weight decay."""
    name, eta = model.algorithm.options.get("weight_decay"), model.algorithm.step
    shares: Array = (1.0 - (number(values, eta) * number(values, name) if name else 0.0)) ** t.astype(np.float64)
    return shares


def step(
    model: Model, vectors: Array, y: Array, W: Array, values: Values, t: int = 0, device: str = "cpu",
    draws: StepDraws | None = None, count: int = 1, clean: Array | None = None,
) -> Array:
    """W(t + count) (H, m, d) from W = W(t) at rest, by `count` steps of the model's algorithm."""
    task = problem(model, vectors, y, values, device, draws, clean)
    return step_tensor(task, task.vectors.new_tensor(W), t, count).cpu().numpy().astype(np.float64, copy=False)


def states(task: Problem, W0: Array, steps: int) -> Iterator[tuple[int, Tensor]]:
    """(t, W(t)) for t = 0 .. steps.  Raises Diverged at the first t whose W or outputs are not finite."""
    w = task.vectors.new_tensor(W0)
    velocity = torch.zeros_like(w)
    for t in range(steps + 1):
        if not bool(torch.isfinite(w).all()):
            raise diverged(task, t)
        yield t, w
        if t < steps:
            w, velocity = move(task, w, velocity, t)


def diverged(task: Problem, t: int) -> Diverged:
    """The error of a run whose weights or outputs are not finite at step t."""
    name = task.model.algorithm.step
    eta = number(task.values, name)
    return Diverged(f"the run diverges: its state is not finite at step {t}; lower {name} ({eta:g})", t)


def step_tensor(task: Problem, w: Tensor, t: int, count: int = 1) -> Tensor:
    """`step` on tensors."""
    velocity = torch.zeros_like(w)
    for now in range(t, t + count):
        w, velocity = move(task, w, velocity, now)
    return w


def move(task: Problem, w: Tensor, velocity: Tensor, t: int) -> tuple[Tensor, Tensor]:
    """W(t+1) and V(t+1) from W(t) and V(t), as `derivations.model.GradientDescent` states it."""
    with one_thread():
        seen, eta = task.at(t), number(task.values, task.model.algorithm.step)
        gradient = gradient_at(seen, w, t)
        if "radius" in task.model.algorithm.options:
            largest = gradient.abs().max()
            unit = gradient / largest if bool(largest > 0) else gradient  # squares of tiny entries would vanish
            length = unit.norm()
            if bool(length > 0):
                gradient = gradient_at(seen, w + task.option("radius") * (unit / length), t)
        velocity = task.option("momentum") * velocity + gradient
        return w - eta * velocity - eta * task.option("weight_decay") * w, velocity


def gradient_at(task: Problem, w: Tensor, t: int) -> Tensor:
    """grad_W of the objective at step t.  Raises Diverged where the outputs are not finite."""
    leaf = w.detach().requires_grad_()
    value = objective(task, leaf, t)
    if not bool(torch.isfinite(value)) and not bool(torch.isfinite(outputs(task, leaf, task.patches)).all()):
        raise diverged(task, t)
    (gradient,) = torch.autograd.grad(value, leaf)
    return gradient.detach()


def objective(task: Problem, w: Tensor, t: int = 0) -> Tensor:
    """The declared objective at step t, differentiable in w (H, m, d), which must require a gradient.

    The mean loss; plus c lam times the mean over examples of ||grad_W L_i||_F^2 (penalty "per_example") or
    ||grad_W L_S||_F^2 ("full"), both by double backward.
    """
    weight = task.penalty_weight(t)
    if weight == 0.0:
        return losses(task, w).mean()
    if task.model.objective.penalty == "per_example":
        loss, gradients = per_example(task, w)
        return loss.mean() + weight * (gradients**2).sum() / len(task.y)
    mean = losses(task, w).mean()
    (gradient,) = torch.autograd.grad(mean, w, create_graph=True)
    return mean + weight * (gradient**2).sum()


def per_example(task: Problem, w: Tensor) -> tuple[Tensor, Tensor]:
    """L_i (n,) and grad_W L_i (n, H, m, d), both differentiable in w.

    Each example gets its own copy of w, so that one backward pass of sum_i L_i leaves the n gradients apart.
    """
    copies = w.expand(len(task.y), *w.shape)
    loss = losses(task, copies)
    (gradients,) = torch.autograd.grad(loss.sum(), copies, create_graph=True)
    return loss, gradients


def losses(task: Problem, w: Tensor) -> Tensor:
    """L_i (n,) at w (H, m, d), or at one w an example (n, H, m, d)."""
    return losses_of(task.model, outputs(task, w, task.patches), task.y)


def outputs(task: Problem, w: Tensor, patches: Tensor) -> Tensor:
    """F (n, H): F_h(x_i) = kappa sum_r sum_p sigma(<w_{h,r}, x_i^(p)>) at patches (n, P, d)."""
    heads, m, d = w.shape[-3:]
    filters = w.reshape(*w.shape[:-3], heads * m, d)
    active = activation(task.model.network.activation, patches @ filters.transpose(-1, -2), task.values)
    return task.kappa(m) * active.sum(1).reshape(-1, heads, m).sum(2)


def activation(act: Activation, z: Tensor, values: Values | None = None) -> Tensor:
    """sigma(z), its branches chosen so that autograd gives the declared derivative at a kink.

    A slope or width that is a parameter's name is read from `values`.  ReLU^q takes the second derivative 0 at 0;
    huberized ReLU is 0, z^2/(2h), z - h/2 with branches z <= 0 and z >= h.
    """
    zero = torch.zeros_like(z)
    if act.name == "relu_power":
        return torch.where(z > 0, z, zero) ** act.power
    if act.name == "huberized_relu":
        width = _constant(act.width, values)
        return torch.where(z > 0, torch.where(z < width, z * z / (2 * width), z - width / 2), zero)
    steep = z >= 0 if act.at_kink else z > 0
    return torch.where(steep, z, _constant(act.slope, values) * z if act.name == "leaky_relu" else zero)


def _constant(declared: float | str, values: Values | None) -> float:
    """An activation's constant, or the value of the parameter that it names."""
    return number(values or {}, declared) if isinstance(declared, str) else declared


def margins(model: Model, F: Tensor, y: Tensor) -> Tensor:
    """(n,): y f for signed heads, F_y - max_{k != y} F_k for class heads; positive where an example is right."""
    if model.network.heads == "signed":
        return y * (F[:, 0] - F[:, 1])
    own = _own_head(model, F, y)
    return F[own] - F.masked_fill(own, -torch.inf).amax(1)


def errors(model: Model, F: Tensor, y: Tensor) -> Tensor:
    """(n,): 0 where the example's own head is largest, 1 where another is, 1 - 1/k where it is one of k that tie."""
    largest = F == F.amax(1, keepdim=True)
    return 1 - (largest & _own_head(model, F, y)).sum(1).double() / largest.sum(1)


def observe(
    model: Model, vectors: Array, y: Array, W: Array, values: Values, device: str = "cpu", clean: Array | None = None
) -> dict[str, Array]:
    """Observables of the states W (T, H, m, d), by autograd.

    "loss" and "gradient_norm" = ||grad_W L_S||_F (T,), of the loss without penalty; "outputs" F (T, n, H); "margins"
    and "gradient_norms" = ||grad_W L_i||_F (T, n); "z" = W V^T (T, H, m, B); "train_error" (T,), see `errors`.  Signed
    heads: "l1" = l'(y_i f_i) (T, n); with ReLU^q also "zeta" (T, n), ||grad_W(y_i f_i)||_F^2 / (kappa q)^2, which is
    PEGR's zeta_i where mu is orthogonal to xi_i.
    """
    task = problem(model, vectors, y, values, device, clean=clean)
    rows = [_observe_one(task, task.vectors.new_tensor(w)) for w in W]
    return {name: np.stack([row[name].detach().cpu().numpy() for row in rows]) for name in rows[0]}


def mean_losses(
    model: Model, vectors: Array, y: Array, W: Array, values: Values, device: str = "cpu", clean: Array | None = None
) -> Array:
    """The training loss, without penalty, of the states W (T, H, m, d), (T,): `observe`'s "loss" and nothing else."""
    task = problem(model, vectors, y, values, device, clean=clean)
    with one_thread(), torch.no_grad():
        return np.array([float(losses(task, task.vectors.new_tensor(w)).mean()) for w in W])


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


def losses_of(model: Model, F: Tensor, y: Tensor) -> Tensor:
    """The declared loss of each example, (n,), at the network's outputs F (n, H)."""
    if model.objective.loss == "cross_entropy":
        return torch.logsumexp(F, 1) - F[_own_head(model, F, y)]
    u = margins(model, F, y)
    # torch turns softplus into the identity from 20 on, an error of 1e-10; from 700 on it is exact.
    return torch.exp(-u) if model.objective.loss == "exponential" else torch.nn.functional.softplus(-u, threshold=700)


def _own_head(model: Model, F: Tensor, y: Tensor) -> Tensor:
    """(n, H): true at the head of the example's own class; head 0 is that of y = +1."""
    head = (y < 0).long() if model.network.heads == "signed" else y.long()
    own: Tensor = torch.arange(F.shape[1], device=F.device) == head[:, None]
    return own


def families(model: Model, vectors: Tensor) -> dict[str, Tensor]:
    """The direction vectors (B, d) by family name, each (size, d)."""
    fixed = model.offsets(0)[""]
    repeated = model.offsets(1)[""] - fixed
    sizes = model.sizes((len(vectors) - fixed) // repeated if repeated else 0)
    return dict(zip(sizes, torch.split(vectors, list(sizes.values())), strict=True))


def _rows(model: Model, vectors: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Each training example's own vector of every family, by name, each (n, d)."""
    known = families(model, vectors)
    row = {"one": torch.zeros_like(y).long(), "class": y.long(), "sample": torch.arange(len(y), device=y.device)}
    return {family.name: known[family.name][row[family.over]] for family in model.directions}


def patches_of(model: Model, rows: Mapping[str, Tensor], y: Tensor, clean: Tensor) -> Tensor:
    """(n, P, d): each patch's scale times the example's vector of its family."""
    scale = {"one": torch.ones_like(y), "label": y, "clean": clean}
    return torch.stack([scale[patch.scale][:, None] * rows[patch.direction] for patch in model.patches], 1)


def _observe_one(task: Problem, w: Tensor) -> dict[str, Tensor]:
    with one_thread():
        leaf = w.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(losses(task, leaf).mean(), leaf)
        size = max(1, EXAMPLE_ENTRIES // w.numel())  # each example has a copy of W and its gradient
        groups = [slice(at, at + size) for at in range(0, len(task.y), size)]
        parts = [_observe_examples(replace(task, patches=task.patches[g], y=task.y[g]), leaf) for g in groups]
        row = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        loss = row.pop("losses")
        return {
            **row,
            "loss": loss.mean(),
            "gradient_norm": gradient.norm(),
            "z": w @ task.vectors.T,
            "train_error": errors(task.model, row["outputs"], task.y).mean(),
        }


def _observe_examples(task: Problem, leaf: Tensor) -> dict[str, Tensor]:
    """What `_observe_one` sees example by example, each (n, ...); no graph is kept."""
    loss, gradients = per_example(task, leaf)
    row = {"losses": loss.detach(), "gradient_norms": torch.linalg.vector_norm(gradients.detach(), dim=(1, 2, 3))}
    signed, act = task.model.network.heads == "signed", task.model.network.activation
    copies = leaf.expand(len(task.y), *leaf.shape) if signed and act.name == "relu_power" else leaf
    F = outputs(task, copies, task.patches)
    margin = margins(task.model, F, task.y)
    row |= {"outputs": F.detach(), "margins": margin.detach()}
    if signed:
        sample = F.detach().requires_grad_()
        (by_output,) = torch.autograd.grad(losses_of(task.model, sample, task.y).sum(), sample)
        row["l1"] = task.y * by_output[:, 0]
    if signed and act.name == "relu_power":
        (slope,) = torch.autograd.grad(margin.sum(), copies)
        row["zeta"] = (slope**2).flatten(1).sum(1) / (task.kappa(leaf.shape[1]) * act.power) ** 2
    return row


def number(values: Values, name: str) -> float:
    """The parameter as a float.  Raises InputError where it is absent or not a number."""
    value = values.get(name)
    if isinstance(value, str) or value is None:
        raise InputError(f"{name}: {value!r}; expected a number, which the model reads; give {name}=...")
    return float(value)


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread inside, so that sums are taken in one order on every machine; the caller's number after."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
