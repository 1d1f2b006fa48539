"""FOMAML's objectives and outer steps, typed from Section 3 and (A.3) for the paper's data and network.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023.  It shares no code with the interpreter: one task, one inner step at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from derivations.declare import Value

from ...values import real

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Setting:
    """The numbers of the two loops; `width` is the Huberized ReLU's h, and 0 the ReLU; `factor` is 1 in the paper."""

    method: str
    J: int
    gamma: float
    eta: float
    n_train: int
    width: float
    factor: float


def sigma(z: Tensor, width: float) -> Tensor:
    """0 below 0, z^2 / (2h) up to h, z - h/2 from there on; written through c = min(max(z, 0), h)."""
    if width == 0.0:
        return torch.relu(z)
    c = z.clamp(0.0, width)
    return (c * z - c * c / 2) / width


def empirical_loss(W: Tensor, nu: Tensor, xi: Tensor, y: Tensor, s: Setting) -> Tensor:
    """L(W, S) = |S|^{-1} sum log(1 + e^{-y f(W, x)}), x = [y nu; xi] (Definition 3.2), f = F_{+1} - F_{-1}.

    F_j = sum_r [sigma(<w_{j,r}, y nu>) + sigma(<w_{j,r}, xi>)].  W (2, m, d) with head 0 the positive one, nu (d,) the
    task's feature, xi (|S|, d), y (|S|,).
    """
    signal = y[:, None] * nu
    F = [(sigma(signal @ w.T, s.width) + sigma(xi @ w.T, s.width)).sum(1) for w in W]
    loss: Tensor = -torch.nn.functional.logsigmoid(s.factor * y * (F[0] - F[1])).sum() / len(y)
    return loss


def gradient(W: Tensor, nu: Tensor, xi: Tensor, y: Tensor, s: Setting) -> Tensor:
    """grad_W of `empirical_loss`."""
    leaf = W.detach().clone().requires_grad_()
    return torch.autograd.grad(empirical_loss(leaf, nu, xi, y, s), leaf)[0]


def adapted(W: Tensor, nu: Tensor, xi: Tensor, y: Tensor, s: Setting) -> Tensor:
    """W~(W, S): J steps of gradient descent of size gamma on L(., S), from W."""
    moved = W.detach().clone()
    for _ in range(s.J):
        moved = moved - s.gamma * gradient(moved, nu, xi, y, s)
    return moved


def objective(W: Tensor, nu: Tensor, xi: Tensor, y: Tensor, s: Setting) -> Tensor:
    """(1/K) sum_k L(W~(W, S_k), S_k) of (3.1), or (1/K) sum_k L(W~(W, S_k^tr), S_k^val) of (3.2).

    nu (K, d), xi (K, n, d), y (K, n); Reptile has no objective and is judged by (3.1)'s.
    """
    total = W.new_zeros(())
    for k in range(len(nu)):
        if s.method == "train-validation":
            near = adapted(W, nu[k], xi[k, : s.n_train], y[k, : s.n_train], s)
            total = total + empirical_loss(near, nu[k], xi[k, s.n_train :], y[k, s.n_train :], s)
        else:
            total = total + empirical_loss(adapted(W, nu[k], xi[k], y[k], s), nu[k], xi[k], y[k], s)
    return total / len(nu)


def step(W: Tensor, nu: Tensor, xi: Tensor, y: Tensor, s: Setting) -> Tensor:
    """W after one outer step: the first-order updates below (3.1) and (3.2), or Reptile's (A.3) with epsilon = eta."""
    K = len(nu)
    after = W.detach().clone()
    for k in range(K):
        if s.method == "train-train":
            near = adapted(W, nu[k], xi[k], y[k], s)
            after = after - s.eta / K * gradient(near, nu[k], xi[k], y[k], s)
        elif s.method == "train-validation":
            near = adapted(W, nu[k], xi[k, : s.n_train], y[k, : s.n_train], s)
            after = after - s.eta / K * gradient(near, nu[k], xi[k, s.n_train :], y[k, s.n_train :], s)
        else:
            after = after + s.eta / K * (adapted(W, nu[k], xi[k], y[k], s) - W)
    return after


def from_values(
    W: Tensor, families: Mapping[str, Tensor], y: Tensor, values: Mapping[str, Value], lam: float
) -> Tensor:
    """`objective` with its constants read from the setting's parameters; there is no penalty, so `lam` is not read."""
    return objective(W, *_by_task(families, y), _setting(W, values))


def step_from_values(W: Tensor, families: Mapping[str, Tensor], y: Tensor, values: Mapping[str, Value]) -> Tensor:
    """`step` with its constants read from the setting's parameters."""
    return step(W, *_by_task(families, y), _setting(W, values))


def _by_task(families: Mapping[str, Tensor], y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    nu = families["nu_k"]
    return nu, families["xi"].reshape(len(nu), -1, nu.shape[1]), y.reshape(len(nu), -1)


def _setting(W: Tensor, values: Mapping[str, Value]) -> Setting:
    return Setting(
        method=str(values["method"]), J=int(real(values, "J")), gamma=real(values, "eta_inner"),
        eta=real(values, "eta"), n_train=int(real(values, "n_train")),
        width=real(values, "h") if values["activation"] == "huberized" else 0.0,
        factor=1.0 if values["neurons"] == "sum" else 1 / W.shape[1],
    )
