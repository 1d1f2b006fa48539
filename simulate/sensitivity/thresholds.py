"""Where half of the draws have flipped, of the places where each does, with an interval that covers the median.

The seeds are the same at every value of a knob, so that each draw has a flip of its own; the k-th least and k-th
greatest of S of them cover the median of all draws with probability 1 - 2 P(Bin(S, 1/2) < k), whatever their law.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

COVERAGE = 0.95


@dataclass(frozen=True)
class Threshold:
    """The distance from the values given at which half of the draws have flipped, and its interval; inf: not in range.

    `coverage` is the probability that the interval covers the median.
    """

    at: float
    near: float
    far: float
    coverage: float


def threshold(distances: Sequence[float]) -> Threshold:
    """Of each draw's distance, inf where it does not flip; any order-preserving measure of distance does."""
    ordered, count = sorted(distances), len(distances)
    k = rank(count)
    return Threshold(ordered[(count - 1) // 2], ordered[k - 1], ordered[count - k], coverage(count, k))


def rank(count: int) -> int:
    """The greatest k whose interval covers with COVERAGE; 1 where none does."""
    return max([k for k in range(1, count // 2 + 1) if coverage(count, k) >= COVERAGE], default=1)


def coverage(count: int, k: int) -> float:
    """The probability that the k-th least and k-th greatest of `count` draws have the median between them."""
    return max(0.0, 1.0 - 2.0 * sum(math.comb(count, each) for each in range(k)) / 2.0**count)
