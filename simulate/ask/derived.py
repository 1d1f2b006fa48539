"""What parameters stand for together: the network's factor kappa, the penalty's constant c and its weight at a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model

from ..values import closing
from .schedules import at_steps


def kappa(values: Mapping[str, Any], m: float) -> float:
    """The factor of the network's sums over m filters: 1/m for a mean, 1 for a sum (`neurons`; absent: a mean)."""
    return 1.0 if values.get("neurons", "mean") == "sum" else 1.0 / m


def penalty_constant(values: Mapping[str, Any]) -> float:
    """c, in the objective L_S + c lambda (squared gradient norm): 1/2 where `penalty_half`, else 1."""
    return 0.5 if values.get("penalty_half", False) else 1.0


def lam_at(model: Model, values: Mapping[str, Any], t: NDArray[np.int64]) -> NDArray[np.float64]:
    """lambda in the steps from t (T,): `lam` while t <= `lam_until` (absent: always), 0 without a penalty.

    By its schedule where it has one.
    """
    if not model.objective.penalised or values.get("lam") is None:
        return np.zeros(t.shape)
    last = closing(model, values)
    return np.where(t <= (np.inf if last is None else last), at_steps(model, values, "lam", t), 0.0)
