"""The PEGR paper's objectives, typed from its Section 2 (PEGR) and Section 4.1 (FGR), for any second layer kappa.

Meng, Cao and Zou, arXiv:2303.17940.  It shares no code with the interpreter: one example, one head, one term at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from derivations.declare import Value

from ...values import real

if TYPE_CHECKING:
    from torch import Tensor


def objective(
    W: Tensor, mu: Tensor, xi: Tensor, y: Tensor, lam: float, q: int, kappa: float, c: float, regularizer: str
) -> Tensor:
    """L_S(W), plus c lam (1/n) sum_i ||grad l(y_i f(W, x_i))||_F^2 ("pegr") or c lam ||grad L_S||_F^2 ("fgr").

    W (2, m, d) with head 0 the positive one and a gradient required, mu (d,), xi (n, d), y (n,) of +-1.  Section 2
    publishes PEGR with c = 1/2, Section 4.1 FGR with c = 1; both with kappa = 1/m and sigma = ReLU^2.
    """
    n = len(y)
    examples = [-torch.nn.functional.logsigmoid(y[i] * network(W, y[i] * mu, xi[i], q, kappa)) for i in range(n)]
    total: Tensor = torch.stack(examples).sum() / n
    if regularizer == "pegr":
        squares = [torch.autograd.grad(example, W, create_graph=True)[0].square().sum() for example in examples]
        return total + c * lam / n * torch.stack(squares).sum()
    if regularizer == "fgr":
        return total + c * lam * torch.autograd.grad(total, W, create_graph=True)[0].square().sum()
    return total


def network(W: Tensor, x1: Tensor, x2: Tensor, q: int, kappa: float) -> Tensor:
    """f(W, x) = F_{+1} - F_{-1}, F_j = kappa sum_r [ReLU^q(<w_{j,r}, x1>) + ReLU^q(<w_{j,r}, x2>)]."""
    positive = torch.relu(W[0] @ x1).pow(q).sum() + torch.relu(W[0] @ x2).pow(q).sum()
    negative = torch.relu(W[1] @ x1).pow(q).sum() + torch.relu(W[1] @ x2).pow(q).sum()
    return kappa * (positive - negative)


def from_values(
    W: Tensor, families: Mapping[str, Tensor], y: Tensor, values: Mapping[str, Value], lam: float
) -> Tensor:
    """`objective` with its constants read from the setting's parameters."""
    return objective(
        W, families["mu"][0], families["xi"], y, lam, int(real(values, "q")),
        1.0 if values["neurons"] == "sum" else 1 / W.shape[1],
        0.5 if values["penalty_half"] else 1.0, str(values["regularizer"]),
    )
