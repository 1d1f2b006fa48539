"""The near-orthogonality paper's training loss, typed from its Section 3: (3.1), (3.2) and sigma'(0) = 1.

Kou, Chen and Gu, arXiv:2310.18935.  It shares no code with the interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from derivations.declare import Value

from ...values import real

if TYPE_CHECKING:
    from torch import Tensor


def objective(W: Tensor, x: Tensor, y: Tensor, slope: float, kappa: float) -> Tensor:
    """L_S(W) = (1/n) sum_i log(1 + exp(-y_i f(W, x_i))), f = F_{+1} - F_{-1}.

    F_j = kappa sum_r sigma(<w_{j,r}, x>), kappa = 1/m in (3.1); W (2, m, d) with head 0 the positive one, x (n, d),
    y (n,) of +-1.
    """
    h = torch.einsum("jrd,id->jri", W, x)
    F = kappa * torch.where(h >= 0, h, slope * h).sum(1)
    loss: Tensor = -torch.nn.functional.logsigmoid(y * (F[0] - F[1])).mean()
    return loss


def from_values(
    W: Tensor, families: Mapping[str, Tensor], y: Tensor, values: Mapping[str, Value], lam: float
) -> Tensor:
    """`objective` with its constants read from the setting's parameters; there is no penalty, so `lam` is not read."""
    kappa = 1.0 if values["neurons"] == "sum" else 1 / W.shape[1]
    return objective(W, families["x"], y, real(values, "slope"), kappa)
