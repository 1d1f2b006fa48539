"""The C library's functions as compiled kernels have them: nan and inf where Python's own raise.

On lanes both sides of a formula's where(z > c, above, below) are worked out, each also where the other one is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import atan, erf, erfc, inf, isfinite, nan, tanh


def _as_in_c(function: Callable[[float], float], pole: float = nan) -> Callable[[float], float]:
    """`function`, but -inf at its pole, nan where it has no other value, and inf beyond the largest double."""

    def called(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return inf
        except ValueError:
            return -inf if x == pole else nan

    return called


cos, sin, sqrt, exp = (_as_in_c(each) for each in (math.cos, math.sin, math.sqrt, math.exp))
log, log1p = _as_in_c(math.log, 0.0), _as_in_c(math.log1p, -1.0)

__all__ = ["atan", "cos", "erf", "erfc", "exp", "inf", "isfinite", "log", "log1p", "sin", "sqrt", "tanh"]
