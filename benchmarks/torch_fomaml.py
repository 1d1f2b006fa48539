"""FOMAML's outer step in weight space: a torch loop over tasks, and torch.func.vmap over them; float64, one thread.

Sizes of Zuo et al., Section 5.  Every task's two patches an example lie in one tensor; the inner loop and the outer
gradient are autograd's.  vmap holds the adapted weights of `chunk` tasks at once (None: all).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class Sizes:
    """Section 5, Huberized ReLU of width 1/2; n_train = n means train-train."""

    n_tasks: int = 343
    n: int = 10
    n_train: int = 5
    m: int = 18
    d: int = 1000
    J: int = 5
    eta_inner: float = 0.001
    eta: float = 0.0001
    h: float = 0.5

    @property
    def outer(self) -> slice:
        """The examples of the outer step."""
        return slice(0 if self.n_train == self.n else self.n_train, self.n)


@dataclass(frozen=True)
class Tasks:
    """Patches x (K, n, 2, d) and labels y (K, n)."""

    x: Tensor
    y: Tensor


def tasks_from(vectors: Tensor, y: Tensor, sizes: Sizes) -> Tasks:
    """From directions (K + K n, d), tasks' first, and labels (K n,): y nu_k and xi."""
    K, n, d = sizes.n_tasks, sizes.n, sizes.d
    labels = y.reshape(K, n)
    signal = labels[..., None] * vectors[:K, None, :]
    return Tasks(torch.stack([signal, vectors[K:].reshape(K, n, d)], dim=2), labels)


def loss(W: Tensor, x: Tensor, y: Tensor, h: float) -> Tensor:
    """Mean logistic loss of filters W (2, m, d) on patches x (n, 2, d)."""
    z = x.reshape(-1, x.shape[-1]) @ W.reshape(-1, W.shape[-1]).T
    active = torch.where(z > 0, torch.where(z < h, z * z / (2 * h), z - h / 2), torch.zeros_like(z))
    heads = active.reshape(len(x), 2, 2, -1).sum((1, 3))
    return softplus(-y * (heads[:, 0] - heads[:, 1])).mean()


def step_looped(W: Tensor, tasks: Tasks, sizes: Sizes) -> Tensor:
    """One outer step, task after task."""
    total = torch.zeros_like(W)
    for x, y in zip(tasks.x, tasks.y, strict=True):
        adapted = W
        for _ in range(sizes.J):
            leaf = adapted.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(loss(leaf, x[: sizes.n_train], y[: sizes.n_train], sizes.h), leaf)
            adapted = leaf.detach() - sizes.eta_inner * gradient
        leaf = adapted.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(leaf, x[sizes.outer], y[sizes.outer], sizes.h), leaf)
        total += gradient
    return W - sizes.eta * total / sizes.n_tasks


def step_vmapped(W: Tensor, tasks: Tasks, sizes: Sizes, chunk: int | None) -> Tensor:
    """One outer step, tasks side by side by torch.func.vmap."""
    slope = torch.func.grad(loss)

    def outer_gradient(x: Tensor, y: Tensor) -> Tensor:
        adapted = W
        for _ in range(sizes.J):
            inner_slope = slope(adapted, x[: sizes.n_train], y[: sizes.n_train], sizes.h)
            adapted = adapted - sizes.eta_inner * inner_slope
        gradient: Tensor = slope(adapted, x[sizes.outer], y[sizes.outer], sizes.h)
        return gradient

    gradients = torch.func.vmap(outer_gradient, chunk_size=chunk)(tasks.x, tasks.y)
    mean: Tensor = gradients.mean(0)
    return W - sizes.eta * mean
