"""The functions of formulas, without overflow or cancellation, of one number."""

from math import erfc, exp, inf, log1p


def exponential(x: float) -> float:
    """exp(x); infinite where that overflows."""
    return inf if x > 709.782712893384 else exp(x)


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    e = exp(-abs(x))
    return e / (1.0 + e) if x < 0.0 else 1.0 / (1.0 + e)


def sigmoid_slope(x: float) -> float:
    """1 / ((1 + exp(x)) (1 + exp(-x)))."""
    e = exp(-abs(x))
    return e / ((1.0 + e) * (1.0 + e))


def softplus(x: float) -> float:
    """log(1 + exp(x))."""
    return log1p(exp(x)) if x <= 0.0 else log1p(exp(-x)) + x


def normal_share(x: float) -> float:
    """Phi(x), the standard normal distribution function."""
    return 0.5 * erfc(-0.7071067811865476 * x)


def normal_density(x: float) -> float:
    """exp(-x^2/2) / sqrt(2 pi)."""
    return 0.3989422804014327 * exp(-0.5 * x * x)


def bell_slope(x: float) -> float:
    """2 exp(-x^2) / sqrt(pi), the derivative of erf."""
    return 1.1283791670955126 * exp(-x * x)
