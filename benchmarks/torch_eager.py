"""PEGR as a practitioner writes it in torch: data tensors, a convolution-like network, double backward.

Float64 on one thread.  Nothing here uses the derived recursion or the closed form of the gradient norm.  Two ways of
getting per-example gradients stand side by side: `by_vmap` (torch.func) and `by_copies` (the filters expanded to one
copy an example, so that one backward pass yields every example's gradient).  The benchmark takes the faster.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from .problem import Schedule

PerExample = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def outputs(weights: Tensor, x: Tensor) -> Tensor:
    """Outputs f (n,) for patches x (n, 2, d) and filters (2, m, d): ReLU^2, mean over filters, sum over patches."""
    heads, m, d = weights.shape
    activations = torch.relu(x @ weights.reshape(heads * m, d).T).square()
    by_head = activations.sum(dim=1).reshape(-1, heads, m).mean(dim=2)
    return by_head[:, 0] - by_head[:, 1]


def training_loss(weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """L_S, the mean logistic loss."""
    return softplus(-y * outputs(weights, x)).mean()


def _one_loss(weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return softplus(-y * outputs(weights, x[None])[0])


_gradients = torch.func.vmap(torch.func.grad_and_value(_one_loss), in_dims=(None, 0, 0))


def by_vmap(weights: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """L_S and the per-example gradients (n, 2, m, d), differentiable in the weights, by vmap of grad."""
    gradients, losses = _gradients(weights, x, y)
    return losses.mean(), gradients


def by_copies(weights: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The same by giving each example its own view of the filters and differentiating the losses' sum."""
    heads, m, d = weights.shape
    copies = weights.reshape(heads * m, d).expand(len(y), heads * m, d)
    activations = torch.relu(torch.bmm(x, copies.transpose(1, 2))).square()
    by_head = activations.sum(dim=1).reshape(-1, heads, m).mean(dim=2)
    losses = softplus(-y * (by_head[:, 0] - by_head[:, 1]))
    (gradients,) = torch.autograd.grad(losses.sum(), copies, create_graph=True)
    return losses.mean(), gradients


WAYS: dict[str, PerExample] = {"vmap": by_vmap, "copies": by_copies}


def train(weights: Tensor, x: Tensor, y: Tensor, schedule: Schedule, way: str) -> Tensor:
    """The filters after gradient descent on L_S + (lam / 2n) sum_i ||grad L_i||^2, lam on for t <= lam_until."""
    weights = weights.clone().requires_grad_(True)
    for t in range(schedule.steps):
        if t <= schedule.lam_until:
            loss, gradients = WAYS[way](weights, x, y)
            objective = loss + schedule.lam / (2 * len(y)) * gradients.square().sum()
        else:
            objective = training_loss(weights, x, y)
        (gradient,) = torch.autograd.grad(objective, weights)
        with torch.no_grad():
            weights -= schedule.eta * gradient
    return weights.detach()


def sample(
    generator: torch.Generator, n: int, mu: Tensor, sigma_p: float
) -> tuple[Tensor, Tensor]:
    """Draw n examples: patches (y mu, xi) as x (n, 2, d), and labels y (n,); xi is projected off mu."""
    y = torch.randint(0, 2, (n,), generator=generator, dtype=torch.float64) * 2 - 1
    xi = sigma_p * torch.randn(n, len(mu), generator=generator, dtype=torch.float64)
    xi -= torch.outer(xi @ mu / mu.square().sum(), mu)
    return torch.stack([y[:, None] * mu, xi], dim=1), y


def experiment(
    seed: int, schedule: Schedule, way: str, *, n: int = 20, m: int = 10, d: int = 400, sigma_p: float = 0.5,
    sigma_0: float = 0.01, n_test: int = 1000,
) -> tuple[float, float]:
    """The whole experiment of Section 4.1: draw, train, test on fresh examples; (training loss, test error)."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(seed)
    mu = torch.zeros(d, dtype=torch.float64)
    mu[0] = 1.0
    x, y = sample(generator, n, mu, sigma_p)
    weights = train(sigma_0 * torch.randn(2, m, d, generator=generator, dtype=torch.float64), x, y, schedule, way)
    with torch.no_grad():
        fresh, labels = sample(generator, n_test, mu, sigma_p)
        error = (labels * outputs(weights, fresh) <= 0).double().mean()
        return float(training_loss(weights, x, y)), float(error)
