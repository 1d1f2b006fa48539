"""FOMAML linearised (Appendices E, F): rates of noise and feature, and the ratios that say where they hold.

No formula is typed here: rates and inner growth are derived from the method's recursion (`simulate.ask.early`), the
starts and the thresholds A(J) and m^(-1/2) (1 + gamma)^(-J), which are the paper's own definitions and not
consequences of the recursion, are those of its conditions.
"""

from __future__ import annotations

from collections.abc import Mapping

from derivations.declare import Value
from derivations.papers.fomaml.conditions import CONDITIONS
from simulate.ask import early
from simulate.conditions.point import Point

from .runs import POOLED


def rates(values: Mapping[str, Value], method: str, h: float = 0.5) -> tuple[float, float]:
    """The rates a unit of eta of the noise and of the feature in the early stage, derived from the method's recursion.

    With X = sigma_xi^2 (d - M - 1): noise X/(2 h K n) (1 + gamma X/(2 h n))^J for train-train and X/(2 h K n_2) for
    train-validation, whose outer examples are not adapted on; feature 1/(4h) (1 + gamma |nu_k|^2/(4h))^J for either.
    """
    named, here = _derived(method), _at(values, method, h)
    return early.value(named["rate_xi"], here), early.value(named["rate_nu_k"], here)


def starts_small(values: Mapping[str, Value], method: str) -> float:
    """C1, Phase I is not empty where this is below 1: the initial product that the phase is about over its threshold.

    Train-train: Xi_0 over A(J) = m^(-1/2) (1 + gamma X/n)^(-J); train-validation: Lambda_0 over m^(-1/2)
    (1 + gamma)^(-J); the largest of m Gaussians by its median.
    """
    ratio = "Xi_0/start_train" if method == POOLED else "Lambda_0/start_val"
    return Point(CONDITIONS, _at(values, method), 1.0, None, {}).evaluate(ratio)


def stays_linear(values: Mapping[str, Value], method: str, h: float = 0.5) -> float:
    """The linearisation's range is not left where this is below 1: Xi_0 (1 + gamma X/(2 h n_inner))^J over h."""
    here = _at(values, method, h)
    start = Point(CONDITIONS, here, 1.0, None, {}).evaluate("Xi_0/h")
    return start * early.value(f"({_derived(method)['inner_xi']})**J", here)


def _derived(method: str) -> Mapping[str, str]:
    """The formulas of a method's early stage."""
    return early.formulas_at("fomaml", {"method": method, "activation": "huberized"})


def _at(values: Mapping[str, Value], method: str, h: float = 0.5) -> dict[str, Value]:
    """Parameter values as formulas read them: of the paper's sum over filters, a unit of eta."""
    fixed: dict[str, Value] = {"h": h, "neurons": "sum", "project_noise": True, "eta": 1.0, "method": method}
    return {"nu_norm": 1.0, **values, **fixed}
