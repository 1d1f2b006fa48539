"""Heterogeneous noise in weight space: what a practitioner writes in torch, batched over examples, one thread.

Xu and Chen's setting at Gamma = 1 (isotropic noise off the features): the two patches of every example lie in one
tensor, so the feature patch is not shared across examples; the test error is counted on fresh examples.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

TEST = 1000  # fresh examples


@dataclass(frozen=True)
class Sizes:
    """The sizes of Section 5.1, without the printed 1/m, at Gamma = 1."""

    K: int = 5
    n: int = 500
    m: int = 100
    d: int = 1000
    u_norm: float = 1.0
    sigma_p: float = 0.5
    eta: float = 0.05
    steps: int = 20


def sample(sizes: Sizes, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Patches (count, 2, d) and labels (count,): a feature along its own axis, noise off all of them."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % sizes.K
    x = torch.zeros(count, 2, sizes.d, dtype=torch.float64)
    x[torch.arange(count), 0, y] = sizes.u_norm
    x[:, 1, sizes.K :] = sizes.sigma_p * torch.randn(count, sizes.d - sizes.K, generator=generator, dtype=torch.float64)
    return x, y


def outputs(W: Tensor, x: Tensor) -> Tensor:
    """Logits (n, K) of filters W (K, m, d) on patches x (n, 2, d): sums over filters and patches."""
    K, m, d = W.shape
    return torch.relu(x.reshape(-1, d) @ W.reshape(K * m, d).T).reshape(len(x), 2, K, m).sum((1, 3))


def train(W: Tensor, x: Tensor, y: Tensor, eta: float, steps: int) -> Tensor:
    """Full-batch gradient descent by autograd."""
    W = W.clone().requires_grad_()
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(cross_entropy(outputs(W, x), y), W)
        with torch.no_grad():
            W -= eta * gradient
    return W.detach()


def experiment(sizes: Sizes, seed: int) -> float:
    """Draw, train, and count the test error."""
    x, y = sample(sizes, sizes.n, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    uniform = torch.rand(sizes.K, sizes.m, sizes.d, generator=generator, dtype=torch.float64)
    W = train((2 * uniform - 1) / sizes.d**0.5, x, y, sizes.eta, sizes.steps)
    fresh, labels = sample(sizes, TEST, seed + 2)
    return float((outputs(W, fresh).argmax(1) != labels).double().mean())
