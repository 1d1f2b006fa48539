"""FOMAML linearised (Appendices E, F): rates of noise and feature, and the ratios that say where they hold."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from derivations.declare import Value
from simulate.ask import early
from simulate.values import number

from .runs import POOLED

if TYPE_CHECKING:
    pass

def rates(values: Mapping[str, Value], method: str, h: float = 0.5) -> tuple[float, float]:
    """The rates a unit of eta of the noise and of the feature in the early stage, derived from the method's recursion.

    With X = sigma_xi^2 (d - M - 1): noise X/(2 h K n) (1 + gamma X/(2 h n))^J for train-train and X/(2 h K n_2) for
    train-validation, whose outer examples are not adapted on; feature 1/(4h) (1 + gamma |nu_k|^2/(4h))^J for either.
    """
    named = early.formulas_at("fomaml", {"method": method, "activation": "huberized"})
    here = {"nu_norm": 1.0, **values, "h": h, "neurons": "sum", "project_noise": True, "eta": 1.0}
    return early.value(named["rate_xi"], here), early.value(named["rate_nu_k"], here)


def starts_small(values: Mapping[str, Value], method: str) -> float:
    """C1, Phase I is not empty where this is below 1: the initial product that the phase is about over its threshold.

    Train-train: Xi_0 over A(J) = m^(-1/2) (1 + gamma X/n)^(-J); train-validation: Lambda_0 over m^(-1/2)
    (1 + gamma)^(-J); the largest of m Gaussians by its median.
    """
    size, gamma, n, J, m = _sizes(values)
    start, gain = (np.sqrt(size), gamma * size / n) if method == POOLED else (1.0, gamma)
    return float(_largest(values) * start * np.sqrt(m) * (1 + gain) ** J)


def stays_linear(values: Mapping[str, Value], method: str, h: float = 0.5) -> float:
    """The linearisation's range is not left where this is below 1: Xi_0 (1 + gamma X/(2 h n_inner))^J over h."""
    size, gamma, n, J, _ = _sizes(values)
    inner = n if method == POOLED else number(values, "n_train")
    return float(_largest(values) * np.sqrt(size) * (1 + gamma * size / (2 * h * inner)) ** J / h)


def _sizes(values: Mapping[str, Value]) -> tuple[float, float, float, float, float]:
    """X = sigma_xi^2 R with R = d - M - 1, gamma, n, J, m."""
    d, M = number(values, "d"), number(values, "M")
    gamma, n, J, m = (number(values, name) for name in ("eta_inner", "n", "J", "m"))
    return number(values, "sigma_xi") ** 2 * (d - M - 1), gamma, n, J, m


def _largest(values: Mapping[str, Value]) -> float:
    """Median of the largest of m filters along a unit vector, at the initialisation."""
    return number(values, "sigma_0") * NormalDist().inv_cdf(2 ** (-1 / number(values, "m")))
