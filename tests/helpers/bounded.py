"""Numbers that carry a bound on what a float computation of them loses, to run a kernel's own function with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp  # type: ignore[import-untyped]

U = mp.mpf(2) ** -53
LEAST = mp.mpf(2) ** -1074
LIBRARY = 4 * U  # two units in the last place: what C libraries keep to, and more than their own tests find


class Bounded:
    """`exact`, the value in exact arithmetic of the same operations, and `lost`, at least what floats are off by."""

    def __init__(self, exact: Any, lost: Any = 0) -> None:
        self.exact, self.lost = mp.mpf(exact), mp.mpf(lost)

    @staticmethod
    def of(value: Any) -> Bounded:
        """A number as it stands in a kernel; one of many digits stands for another, which is rounded."""
        if isinstance(value, Bounded):
            return value
        short = math.isinf(value) or float(value * 2**20).is_integer()
        return Bounded(value, 0 if short else U * abs(mp.mpf(value)))

    def rounded(self, share: Any = U) -> Bounded:
        return Bounded(self.exact, self.lost + share * (abs(self.exact) + self.lost) + LEAST)

    def __neg__(self) -> Bounded:
        return Bounded(-self.exact, self.lost)

    def __abs__(self) -> Bounded:
        return Bounded(abs(self.exact), self.lost)

    def __add__(self, other: Any) -> Bounded:
        other = Bounded.of(other)
        return Bounded(self.exact + other.exact, self.lost + other.lost).rounded()

    def __sub__(self, other: Any) -> Bounded:
        return self + -Bounded.of(other)

    def __mul__(self, other: Any) -> Bounded:
        other = Bounded.of(other)
        lost = abs(self.exact) * other.lost + abs(other.exact) * self.lost + self.lost * other.lost
        return Bounded(self.exact * other.exact, lost).rounded()

    def __truediv__(self, other: Any) -> Bounded:
        other = Bounded.of(other)
        near = abs(other.exact) - other.lost
        found = self.exact / other.exact
        return Bounded(found, (self.lost + abs(found) * other.lost) / near).rounded()

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Any) -> Bounded:
        return Bounded.of(other) - self

    def __rtruediv__(self, other: Any) -> Bounded:
        return Bounded.of(other) / self

    def __lt__(self, other: Any) -> bool:
        return bool(self.exact < Bounded.of(other).exact)

    def __le__(self, other: Any) -> bool:
        return bool(self.exact <= Bounded.of(other).exact)

    def __gt__(self, other: Any) -> bool:
        return bool(self.exact > Bounded.of(other).exact)

    def __ge__(self, other: Any) -> bool:
        return bool(self.exact >= Bounded.of(other).exact)


def _monotone(function: Callable[[Any], Any]) -> Callable[[Any], Bounded]:
    """A function of the C library: what its argument is off by, at worst at either end, and its own rounding."""

    def of(x: Any) -> Bounded:
        x = Bounded.of(x)
        middle, ends = function(x.exact), [function(x.exact - x.lost), function(x.exact + x.lost)]
        return Bounded(middle, max(abs(end - middle) for end in ends)).rounded(LIBRARY)

    return of


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": _monotone(mp.exp), "log1p": _monotone(mp.log1p), "sqrt": _monotone(mp.sqrt),
    "erf": _monotone(mp.erf), "erfc": _monotone(mp.erfc), "tanh": _monotone(mp.tanh), "log": _monotone(mp.log),
}
"""By the names that kernels have for them."""
