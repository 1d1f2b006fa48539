"""A Model's declared network, loss and data as torch tensors: patches, outputs, losses, and the objective's gradient.

It is the part of the weight-space engine that every algorithm goes through; shapes are those of
`simulate.train.weights`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import torch

from derivations.declare import Constant, Full, Model, OfLabel, Patch, PerExample, Term, row_of
from dynamics.arrays import Array
from dynamics.chance.stepdraws import StepDraws

from ..errors import Diverged, InputError
from ..values import Values, closing, constant, real
from ..work.divergence import divergence
from .formulas import activation, at_step, trained_on

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Training:
    """A Model put on numbers: vectors (B, d), patches (n, P, d) and labels (n,) as float64 tensors on one device.

    `draws` are the batches and labels of each step, for an algorithm that has any; `mixed` (n,) are the labels that a
    loss of mixed labels sees.  `neurons` (P, H m), where given, multiply what a neuron makes of each activated patch:
    rounding is measured by such factors next to 1.
    """

    model: Model
    values: Values
    vectors: Tensor
    patches: Tensor
    y: Tensor
    draws: StepDraws | None = None
    mixed: Tensor | None = None
    neurons: Tensor | None = None

    def at(self, t: int) -> Training:
        """What step t sees: the patches of its batch, and its labels; the patches keep the scales of their own labels.

        Raises InputError where the algorithm draws something and `draws` is None.
        """
        patches, y, mixed = self.patches, self.y, self.mixed
        drawn = self.model.algorithm.drawn
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
            patches, y, mixed = patches[chosen], y[chosen], None if mixed is None else mixed[chosen]
        return replace(self, patches=patches, y=y, mixed=mixed)

    def option(self, name: str, t: int) -> float:
        """The value of one of the algorithm's options in step t, 0 where it is absent."""
        parameter = self.model.algorithm.options.get(name)
        return 0.0 if parameter is None else at_step(self.model, self.values, parameter, t)

    def eta(self, t: int) -> float:
        """The size of step t."""
        return at_step(self.model, self.values, self.model.algorithm.step, t)

    def kappa(self, m: int) -> float:
        """The second layer's weight: 1/m (mean over a head's m filters) or 1 (sum)."""
        return 1.0 if self.values.get("neurons", "mean") == "sum" else 1.0 / m

    def penalty_weight(self, t: int) -> float:
        """The penalty's weight c lam at step t, c = 1/2 where `penalty_half` is set, else 1; see `penalty_on`."""
        if not self.penalty_on(t):
            return 0.0
        return (0.5 if self.values.get("penalty_half", False) else 1.0) * at_step(self.model, self.values, "lam", t)

    def penalty_on(self, t: int) -> bool:
        """Whether step t, which makes W(t+1), is penalised: t <= lam_until, or always where that is absent."""
        if not self.model.objective.penalised:
            return False
        last = closing(self.model, self.values)
        return last is None or t <= last


def problem(
    model: Model, vectors: Array, y: Array, values: Values, device: str = "cpu", draws: StepDraws | None = None,
    clean: Array | None = None, scalars: Mapping[str, Array] = MappingProxyType({}),
) -> Training:
    """The training problem of `model` on directions `vectors` (B, d), labels `y` and the `clean` ones (n,).

    `scalars` (n,) by name are those that are drawn, matrices (n, n) among them; what labels and parameters say of the
    others is read off these.

    Raises InputError where the number of vectors is not the model's for n examples, or n not one for its tasks; and
    where a bilevel algorithm draws new examples at every step, which are not drawn here.
    """
    tasks = task_count(model, values, len(y))
    length = model.offsets(len(y), tasks)[""]
    if vectors.ndim != 2 or len(vectors) != length:
        held = f"{len(y)} examples" + (f" of {tasks} tasks" if model.algorithm.over_tasks else "")
        raise InputError(
            f"vectors: shape {vectors.shape}, expected ({length}, d) for {held}; "
            "stack the families in the model's order"
        )
    v = torch.tensor(vectors, dtype=torch.float64, device=device)
    labels = torch.tensor(y, dtype=torch.float64, device=device)
    unflipped = labels if clean is None else torch.tensor(clean, dtype=torch.float64, device=device)
    drawn = {name: torch.tensor(each, dtype=torch.float64, device=device) for name, each in scalars.items()}
    known = scalars_in(model, labels, unflipped, drawn, values)
    patches = patches_of(model, _rows(model, v, labels, tasks), labels, unflipped, known)
    blend = model.objective.mixed_labels
    return Training(model, values, v, patches, labels, draws, None if blend is None else known[blend.name])


def task_count(model: Model, values: Values, examples: int) -> int:
    """Tasks that `examples` examples in all belong to; one without a bilevel algorithm.

    Raises InputError where they do not share out evenly, or are drawn again at every step.
    """
    if not model.algorithm.over_tasks:
        return 1
    fresh, name = model.algorithm.redrawn, model.bilevel.tasks
    if fresh and values.get(fresh, False):
        raise InputError(
            f"{fresh}: True, but weight space trains on the draw's own examples; expected False; leave {fresh} out"
        )
    tasks = real(values, name)
    if tasks < 1 or tasks != int(tasks) or examples % int(tasks):
        raise InputError(
            f"{name}: {tasks:g} for {examples} examples in all; expected a whole number of tasks that divides them; "
            f"give as many labels to each of the {name}"
        )
    return int(tasks)


def diverged(task: Training, t: int) -> Diverged:
    """The error of a run whose weights or outputs are not finite at step t."""
    cure = " or ".join(f"{name} ({real(task.values, name):g})" for name in task.model.algorithm.rates)
    return divergence(task.model, task.values, t, cure)


def gradient_at(task: Training, w: Tensor, t: int) -> Tensor:
    """grad_W of the objective at step t.  Raises Diverged where W or the outputs are not finite."""
    if not bool(torch.isfinite(w).all()):  # an activation's branches may hide it: 1{nan > 0} is 0
        raise diverged(task, t)
    leaf = w.detach().requires_grad_()
    value = objective(task, leaf, t)
    if not bool(torch.isfinite(value)) and not bool(torch.isfinite(outputs(task, leaf, task.patches)).all()):
        raise diverged(task, t)
    (gradient,) = torch.autograd.grad(value, leaf)
    return gradient.detach()


def objective(task: Training, w: Tensor, t: int = 0) -> Tensor:
    """The declared objective at step t, differentiable in w (H, m, d), which must require a gradient.

    The mean loss; plus c lam times the mean over examples of ||grad_W L_i||_F^2 (penalty "per_example") or
    ||grad_W L_S||_F^2 ("full"), both by double backward.
    """
    weight = task.penalty_weight(t)
    if weight == 0.0:
        return losses(task, w).mean()
    kind = type(task.model.objective.penalty_kind)
    if kind is PerExample:
        loss, gradients = per_example(task, w)
        return loss.mean() + weight * (gradients**2).sum() / len(task.y)
    if kind is not Full:
        raise TypeError(f"penalty: {kind.__name__} has no objective in weight space; write one")
    mean = losses(task, w).mean()
    (gradient,) = torch.autograd.grad(mean, w, create_graph=True)
    return mean + weight * (gradient**2).sum()


def per_example(task: Training, w: Tensor) -> tuple[Tensor, Tensor]:
    """L_i (n,) and grad_W L_i (n, H, m, d), both differentiable in w.

    Each example gets its own copy of w, so that one backward pass of sum_i L_i leaves the n gradients apart.
    """
    copies = w.expand(len(task.y), *w.shape)
    loss = losses(task, copies)
    (gradients,) = torch.autograd.grad(loss.sum(), copies, create_graph=True)
    return loss, gradients


def losses(task: Training, w: Tensor) -> Tensor:
    """L_i (n,) at w (H, m, d), or at one w an example (n, H, m, d)."""
    return trained_on(task.model, outputs(task, w, task.patches), task.y, task.values, task.mixed)


def outputs(task: Training, w: Tensor, patches: Tensor) -> Tensor:
    """F (n, H): F_h(x_i) = kappa sum_r sum_p sigma(<w_{h,r}, x_i^(p)>) at patches (n, P, d).

    Biases are part of the patches; where the second layer is trained, its weights are seen through the last of these,
    and stand in kappa's place.
    """
    heads, m, d = w.shape[-3:]
    filters = w.reshape(*w.shape[:-3], heads * m, d)
    seen = patches @ filters.transpose(-1, -2)
    if task.model.network.second_layer is not None:
        active = _active(task, seen[:, :-1])
        return (seen[:, -1] * active.sum(1)).reshape(-1, heads, m).sum(2)
    active = _active(task, seen)
    return task.kappa(m) * active.sum(1).reshape(-1, heads, m).sum(2)


def _active(task: Training, seen: Tensor) -> Tensor:
    """What neurons make of patches (n, P, H m)."""
    active = activation(task.model.network.activation, seen, task.values)
    return active if task.neurons is None else active * task.neurons


def activated(task: Training) -> Tensor:
    """Vectors (V, d) that are not 0 and on whose products with filters an activation may bend.

    The directions, where each patch is one of them alone or times a label; else the patches of the examples.
    """
    model = task.model
    plain = all(isinstance(patch, Patch) and patch.plain for patch in model.patches)
    weights = int(model.network.second_layer is not None)  # the last direction and the last patch, which bend nothing
    vectors = task.vectors[: len(task.vectors) - weights]
    if not plain:
        vectors = task.patches[:, : model.activated].reshape(-1, task.patches.shape[2])
    return vectors[vectors.norm(dim=1) > 0]


def families(model: Model, vectors: Tensor, tasks: int = 1) -> dict[str, Tensor]:
    """The direction vectors (B, d) of `tasks` tasks by family name, each (size, d)."""
    fixed = model.offsets(0, tasks)[""]
    repeated = model.offsets(1, tasks)[""] - fixed
    sizes = model.sizes((len(vectors) - fixed) // repeated if repeated else 0, tasks)
    return dict(zip(sizes, torch.split(vectors, list(sizes.values())), strict=True))


def _rows(model: Model, vectors: Tensor, y: Tensor, tasks: int) -> dict[str, Tensor]:
    """Each training example's own vector of every family, by name, each (n, d)."""
    known = families(model, vectors, tasks)
    at = torch.arange(len(y), device=y.device)
    row = torch.zeros_like(at), y.long(), at // max(1, len(y) // tasks), at
    return {family.name: known[family.name][family.index_set.row(*row)] for family in model.directions}


def patches_of(
    model: Model, rows: Mapping[str, Tensor], y: Tensor, clean: Tensor, scalars: Mapping[str, Tensor]
) -> Tensor:
    """(n, P, d): each patch's terms, scale times the example's vector of its family, summed.

    `scalars` are (n,), and matrices (n, n) of terms that are mixed over the examples; of a fresh one, whose vectors are
    as good as one, the lengths (n,) of their rows.
    """

    def scaled(term: Term) -> Tensor:
        scale, row = torch.ones_like(y), row_of(term)
        for factor in [each for each in term.factors if each != row]:
            own = {"label": y, "clean": clean}[factor] if isinstance(factor, str) else scalars[factor.name]
            scale = scale * own
        own_vectors, mixed = scale[:, None] * rows[term.direction], None if row is None else scalars[row.name]
        if mixed is None:
            return own_vectors
        return mixed @ own_vectors if mixed.dim() == 2 else mixed[:, None] * own_vectors

    def whole(terms: tuple[Term, ...]) -> Tensor:
        total = scaled(terms[0])
        for term in terms[1:]:
            total = total + scaled(term)
        return total

    return torch.stack([whole(patch.terms) for patch in model.patches], 1)


def scalars_in(
    model: Model, y: Tensor, clean: Tensor, drawn: Mapping[str, Tensor], values: Values
) -> dict[str, Tensor]:
    """Every scalar of the examples (n,) by name: what is drawn of them as given, the others from labels and values.

    Raises InputError where one that is drawn is not given.
    """
    scalars: dict[str, Tensor] = {}
    for scalar in model.scalars:
        if isinstance(scalar, Constant):
            scalars[scalar.name] = torch.full_like(y, constant(values, scalar.value))
        elif isinstance(scalar, OfLabel):
            plus, minus = (y.new_tensor(constant(values, each)) for each in (scalar.plus, scalar.minus))
            scalars[scalar.name] = torch.where((clean if scalar.clean else y) > 0, plus, minus)
        elif scalar.name not in drawn:
            raise InputError(f"{scalar.name}: a scalar of each example that is drawn, and none is given; give its (n,)")
        else:
            scalars[scalar.name] = drawn[scalar.name]
    return scalars


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread inside, so that sums are taken in one order on every machine; the caller's number after."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
