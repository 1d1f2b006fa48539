"""The heterogeneous-noise paper's training loss, typed from its eqs. (1)-(3), for either output factor.

Xu and Chen, arXiv:2502.11893.  It shares no code with the interpreter: one example, one class at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from derivations.declare import Value

if TYPE_CHECKING:
    from torch import Tensor


def objective(W: Tensor, u: Tensor, xi: Tensor, y: Tensor, factor: float) -> Tensor:
    """L_S(W) = (1/n) sum_i -log(exp F_{y_i}(x_i) / sum_j exp F_j(x_i)), eqs. (2) and (3).

    W (K, m, d) with a gradient required, u (K, d), xi (n, d), y (n,) of 0..K-1; `factor` is eq. (1)'s 1/m.
    """
    examples = []
    for i in range(len(y)):
        label = int(y[i])
        F = [network(W[k], u[label], xi[i], factor) for k in range(len(W))]
        # log sum_j exp(F_j - F_y), the largest exponent taken out: 0 for a certain and correct prediction.
        gaps = torch.stack([F[j] - F[label] for j in range(len(W))])
        top = gaps.max().detach()
        examples.append(top + torch.log(torch.exp(gaps - top).sum()))
    return torch.stack(examples).sum() / len(y)


def network(w: Tensor, x1: Tensor, x2: Tensor, factor: float) -> Tensor:
    """Eq. (1): F_k(W, x) = factor sum_r [ReLU(<w_{k,r}, x1>) + ReLU(<w_{k,r}, x2>)], w (m, d) the class's filters."""
    total: Tensor = factor * (torch.relu(w @ x1).sum() + torch.relu(w @ x2).sum())
    return total


def from_values(
    W: Tensor, families: Mapping[str, Tensor], y: Tensor, values: Mapping[str, Value], lam: float
) -> Tensor:
    """`objective` with its constants read from the setting's parameters; `lam` has no meaning here."""
    return objective(W, families["u"], families["xi"], y, 1.0 if values["neurons"] == "sum" else 1 / W.shape[1])
