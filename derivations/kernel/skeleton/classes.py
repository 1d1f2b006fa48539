"""Outputs F (K, n) of class heads, their softmax and its loss."""

from math import exp, isfinite, log1p

import numpy as np
from numpy.typing import NDArray


def finite(F: NDArray[np.float64]) -> bool:
    """Whether every output is a finite number."""
    for h in range(F.shape[0]):
        for i in range(F.shape[1]):
            if not isfinite(F[h, i]):
                return False
    return True


def softmax(F: NDArray[np.float64], label: int, i: int, p: NDArray[np.float64], e: NDArray[np.float64]) -> None:
    """Fill p[k, i] = exp(F_k) / sum_l exp(F_l) and e = p - 1{k = label}, without overflow or cancellation."""
    top = F[0, i]
    for k in range(1, F.shape[0]):
        top = max(top, F[k, i])
    total = 0.0
    for k in range(F.shape[0]):
        p[k, i] = exp(F[k, i] - top)
        total += p[k, i]
    others = 0.0
    for k in range(F.shape[0]):
        p[k, i] /= total
        e[k, i] = p[k, i]
        if k != label:
            others += p[k, i]
    e[label, i] = -others


def even(F: NDArray[np.float64], label: int, i: int, p: NDArray[np.float64], e: NDArray[np.float64]) -> None:
    """Fill p[k, i] = 1/K and e = p - 1{k = label}: the softmax where every output is 0."""
    for k in range(F.shape[0]):
        p[k, i] = 1.0 / F.shape[0]
        e[k, i] = p[k, i]
    e[label, i] = -(F.shape[0] - 1.0) / F.shape[0]


def cross_entropy(F: NDArray[np.float64], label: int, i: int) -> float:
    """-log p of the label, without overflow or cancellation."""
    best = 0
    for k in range(1, F.shape[0]):
        if F[k, i] > F[best, i]:
            best = k
    total = 0.0
    for k in range(F.shape[0]):
        if k != best:
            total += exp(F[k, i] - F[best, i])
    return F[best, i] - F[label, i] + log1p(total)
