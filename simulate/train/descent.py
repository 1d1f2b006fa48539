"""Gradient descent in weight space, with its options, and what is seen of a state at the weights themselves.

Shapes are those of `simulate.train.weights`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from derivations.declare import terms_of

from .formulas import by_output, errors, margins
from .network import Training, gradient_at, losses, one_thread, outputs, per_example

if TYPE_CHECKING:
    from torch import Tensor

EXAMPLE_ENTRIES = 10_000_000  # of per-example gradients held at once


class Descent:
    """One loop, as `derivations.declare.GradientDescent` states it."""

    def step(self, task: Training, w: Tensor, velocity: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """-eta V(t+1) and V(t+1), from W(t) and V(t)."""
        velocity = task.option("momentum", t) * velocity + _slope(task, w, t)
        return -task.eta(t) * velocity, velocity

    def observe(self, task: Training, w: Tensor, every: bool) -> dict[str, Tensor]:
        """The observables of one state."""
        with one_thread():
            return _observe(task, w, every)

    def loss(self, task: Training, w: Tensor) -> float:
        """The mean loss."""
        with one_thread(), torch.no_grad():
            return float(losses(task, w).mean())


def _slope(task: Training, w: Tensor, t: int) -> Tensor:
    """grad O_t, at W itself or where sharpness-aware minimisation takes it."""
    seen = task.at(t)
    gradient = gradient_at(seen, w, t)
    if "radius" in task.model.algorithm.options:
        largest = gradient.abs().max()
        unit = gradient / largest if bool(largest > 0) else gradient  # squares of tiny entries would vanish
        length = unit.norm()
        if bool(length > 0):
            gradient = gradient_at(seen, w + task.option("radius", t) * (unit / length), t)
    return _rescaled(task, gradient, t)


def _rescaled(task: Training, gradient: Tensor, t: int) -> Tensor:
    """The gradient as it is, clipped or normalised."""
    options, largest = task.model.algorithm.options, float(gradient.abs().max())
    if not {"clip", "normalised"} & options.keys() or largest == 0.0:
        return gradient
    norm = largest * float((gradient / largest).norm())  # squares of tiny entries would vanish
    if "normalised" in options:
        return gradient * (task.option("normalised", t) / norm)
    return gradient * (task.option("clip", t) / norm) if norm > task.option("clip", t) else gradient


def _observe(task: Training, w: Tensor, every: bool) -> dict[str, Tensor]:
    leaf = w.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(losses(task, leaf).mean(), leaf)
    size = max(1, EXAMPLE_ENTRIES // w.numel())  # each example has a copy of W and its gradient
    groups = [slice(at, at + size) for at in range(0, len(task.y), size)]
    parts = [_observe_examples(replace(task, patches=task.patches[g], y=task.y[g]), leaf, every) for g in groups]
    row = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    loss = row.pop("losses")
    return {
        **row,
        "loss": loss.mean(),
        "gradient_norm": gradient.norm(),
        "z": w @ task.vectors.T,
        "train_error": errors(task.model, row["outputs"], task.y).mean(),
    }


def _observe_examples(task: Training, leaf: Tensor, every: bool) -> dict[str, Tensor]:
    """What `_observe` sees example by example, each (n, ...); no graph is kept."""
    loss, gradients = per_example(task, leaf)
    row = {"losses": loss.detach(), "gradient_norms": torch.linalg.vector_norm(gradients.detach(), dim=(1, 2, 3))}
    signed, degree = task.model.network.head_axis.signed, task.model.network.activation.kind.degree
    apart = every or (signed and degree > 1)
    copies = leaf.expand(len(task.y), *leaf.shape) if apart else leaf
    F = outputs(task, copies, task.patches)
    margin = margins(task.model, F, task.y)
    row |= {"outputs": F.detach(), "margins": margin.detach()}
    if signed:
        row["l1"] = task.y * by_output(task.model, F, task.y, task.values, task.mixed)[:, 0]
    if apart:
        (slope,) = torch.autograd.grad(F.sum(), copies)  # an output is one head's, so signs make no difference
        trained = task.model.network.second_layer is not None  # then no constant is common to all terms
        common = 1.0 if trained else task.kappa(leaf.shape[1]) * degree
        by_head = (slope**2).sum((2, 3)) / common**2
        if len(terms_of(task.model.patches)) == 1:
            by_head = by_head / (task.patches**2).sum((1, 2))[:, None]
        row["zeta"] = by_head.sum(1) if signed else by_head
    return row
