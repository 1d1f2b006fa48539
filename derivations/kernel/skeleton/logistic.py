"""The logistic loss log(1 + exp(-x)) of a margin x, and its derivatives."""

from math import exp, log1p


def loss_0(x: float) -> float:
    """log(1 + exp(-x)), without overflow."""
    return log1p(exp(-x)) if x >= 0.0 else log1p(exp(x)) - x


def loss_1(x: float) -> float:
    """-1 / (1 + exp(x)), without overflow or cancellation."""
    e = exp(-abs(x))
    return -e / (1.0 + e) if x >= 0.0 else -1.0 / (1.0 + e)


def loss_2(x: float) -> float:
    """exp(x) / (1 + exp(x))^2, without overflow."""
    e = exp(-abs(x))
    return e / ((1.0 + e) * (1.0 + e))
