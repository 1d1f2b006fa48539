"""Ensembles in torch, in weight space: one run after another by autograd, and all side by side by torch.func.vmap.

Float64.  Data lie in tensors; test errors are counted on fresh noises that all runs of a call share, each judged
with both labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.func import grad, vmap
from torch.nn.functional import softplus

from .. import torch_eager
from ..problem import Schedule
from .program import Given, Make
from .shapes import TEST, Array, Cells, Kou, Pegr, Shape

Step = Callable[..., Tensor]


def power(shape: Shape, active: Tensor) -> Tensor:
    """The activation's power."""
    return active.square() if isinstance(shape, Pegr) else active


def heads(shape: Shape, active: Tensor) -> Tensor:
    """Head +1's mean less head -1's of (..., S)."""
    return active[..., : shape.m].mean(-1) - active[..., shape.m :].mean(-1)


def outputs(shape: Shape, W: Tensor, x: Tensor) -> Tensor:
    """f (n,) of filters W (S, d) on patches x (n, 2, d)."""
    return heads(shape, power(shape, torch.relu(x @ W.T)).sum(-2))


def loss(shape: Shape, W: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The mean logistic loss."""
    return softplus(-y * outputs(shape, W, x)).mean()


def penalised(shape: Shape, W: Tensor, x: Tensor, y: Tensor, lam: Tensor) -> Tensor:
    """The loss and (lam / 2n) sum_i ||grad L_i||^2, by torch.func."""

    def one(W: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return softplus(-y * outputs(shape, W, x))

    gradients = vmap(grad(one), (None, 0, 0))(W, x, y)
    penalty: Tensor = 0.5 * lam * gradients.square().sum() / shape.n
    return loss(shape, W, x, y) + penalty


def draw(shape: Shape, cells: Cells, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Filters (R, S, d), patches (R, n, 2, d) and labels (R, n)."""
    runs, n, d = len(cells.mu), shape.n, shape.d
    normal = partial(torch.randn, generator=generator, dtype=torch.float64)
    uniform = partial(torch.rand, generator=generator, dtype=torch.float64)
    clean = 1.0 - 2.0 * (uniform(runs, n) < 0.5)
    x = torch.zeros(runs, n, 2, d, dtype=torch.float64)
    x[:, :, 0, 0] = torch.tensor(cells.mu)[:, None] * clean
    x[:, :, 1, 1:] = torch.tensor(cells.sigma_p)[:, None, None] * normal(runs, n, d - 1)
    y = torch.where(uniform(runs, n) < shape.flips, -clean, clean)
    return shape.sigma_0 * normal(runs, shape.filters, d), x, y


def tested(shape: Shape, W: Tensor, cells: Cells, generator: torch.Generator) -> Array:
    """Test errors (R,) of filters W (R, S, d)."""
    fresh = torch.randn(TEST, shape.d - 1, generator=generator, dtype=torch.float64)
    errors = []
    for filters, mu, sigma_p in zip(W, cells.mu, cells.sigma_p, strict=True):
        noise = heads(shape, power(shape, torch.relu(sigma_p * (fresh @ filters[:, 1:].T))))
        wrong = [
            label * (heads(shape, power(shape, torch.relu(label * mu * filters[:, 0]))) + noise) < 0
            for label in (1.0, -1.0)
        ]
        missed = float(torch.stack(wrong).double().mean())
        errors.append(missed * (1 - shape.flips) + (1 - missed) * shape.flips)
    return np.array(errors)


class Torch:
    """Draw, train by `train`, test: all runs of a call in tensors."""

    def __init__(self, runs: int, shape: Shape, threads: int) -> None:
        torch.set_num_threads(threads)
        self.shape, self.runs = shape, runs

    def errors(self, seed: int, cells: Cells) -> Array:
        """See `Program.errors`."""
        generator = torch.Generator().manual_seed(seed)
        W, x, y = draw(self.shape, cells, generator)
        return tested(self.shape, self.train(W, x, y, torch.tensor(cells.lam)), cells, generator)

    def usual(self, seed: int) -> Array:
        """See `Program.usual`."""
        return self.errors(seed, self.shape.usual(self.runs))

    def trained(self, given: Given, cell: Cells) -> Array:
        """See `Program.trained`."""
        W, vectors = torch.tensor(given.weights), torch.tensor(given.vectors)
        y, clean = torch.tensor(given.y), torch.tensor(given.clean)
        x = torch.stack([clean[:, None] * vectors[0], vectors[1:]], dim=1)
        W = self.train(W[None], x[None], y[None], torch.tensor(cell.lam))[0]
        return np.asarray(W @ vectors.T)

    def train(self, W: Tensor, x: Tensor, y: Tensor, lam: Tensor) -> Tensor:
        """The filters (R, S, d) after the shape's steps."""
        raise NotImplementedError


class Eager(Torch):
    """Run after run, by autograd."""

    def train(self, W: Tensor, x: Tensor, y: Tensor, lam: Tensor) -> Tensor:
        """See `Torch.train`."""
        return torch.stack([self._one(*run) for run in zip(W, x, y, lam, strict=True)])

    def _one(self, W: Tensor, x: Tensor, y: Tensor, lam: Tensor) -> Tensor:
        shape = self.shape
        if isinstance(shape, Pegr):
            schedule = Schedule(shape.eta, float(lam), shape.lam_until, shape.steps)
            return torch_eager.train(W.reshape(2, shape.m, shape.d), x, y, schedule, "copies").reshape(W.shape)
        W = W.clone().requires_grad_()
        for _ in range(shape.steps):
            (gradient,) = torch.autograd.grad(loss(shape, W, x, y), W)
            with torch.no_grad():
                W -= shape.eta * gradient
        return W.detach()


class Vmapped(Torch):
    """All runs side by side by torch.func.vmap; through torch.compile where `compiled`."""

    def __init__(self, runs: int, compiled: bool, shape: Shape, threads: int) -> None:
        super().__init__(runs, shape, threads)
        ready: Callable[[Step], Step] = torch.compile if compiled else lambda step: step

        def plain(W: Tensor, x: Tensor, y: Tensor, lam: Tensor) -> Tensor:
            moved: Tensor = W - shape.eta * grad(partial(loss, shape))(W, x, y)
            return moved

        def with_penalty(W: Tensor, x: Tensor, y: Tensor, lam: Tensor) -> Tensor:
            moved: Tensor = W - shape.eta * grad(partial(penalised, shape))(W, x, y, lam)
            return moved

        self._plain, self._penalised = ready(vmap(plain)), ready(vmap(with_penalty))

    def train(self, W: Tensor, x: Tensor, y: Tensor, lam: Tensor) -> Tensor:
        """See `Torch.train`."""
        last = self.shape.lam_until if isinstance(self.shape, Pegr) else -1
        with torch.no_grad():
            for t in range(self.shape.steps):
                W = (self._penalised if t <= last else self._plain)(W, x, y, lam)
        return W


def programs(shape: Shape) -> Mapping[str, Mapping[str, Make]]:
    """The programs of a shape; vmap holds as many runs at once as are tried."""
    if not isinstance(shape, Kou | Pegr):
        return {}
    slow = isinstance(shape, Pegr) or shape.n >= 100
    batches = (1, 4) if slow else (8, 32)
    return {
        "torch eager, weight space": {"": partial(Eager, 1 if slow else 8)},
        **{
            f"torch {name}, weight space": {f"{runs} at once": partial(Vmapped, runs, compiled) for runs in batches}
            for name, compiled in (("func.vmap", False), ("compile(vmap)", True))
        },
    }
