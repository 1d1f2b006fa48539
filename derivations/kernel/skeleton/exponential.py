"""The exponential loss exp(-x) of a margin x, and its derivatives."""

from math import exp, inf


def loss_0(x: float) -> float:
    """exp(-x); infinite where that overflows."""
    return exp(-x) if x > -709.0 else inf


def loss_1(x: float) -> float:
    """-exp(-x); infinite where that overflows."""
    return -exp(-x) if x > -709.0 else -inf


def loss_2(x: float) -> float:
    """exp(-x); infinite where that overflows."""
    return exp(-x) if x > -709.0 else inf
