"""The outer step of a bilevel algorithm: tasks coupled by the Gram matrix or a factor of it, and the move."""

from math import isfinite

import numpy as np
from numpy.typing import NDArray


def couple_all(
    g: NDArray[np.float64], head: NDArray[np.float64], active: NDArray[np.int64], left: NDArray[np.float64],
    right: NDArray[np.float64], packed: NDArray[np.float64], picked: NDArray[np.float64], middle: NDArray[np.float64],
    first: NDArray[np.float64], rest: NDArray[np.float64],
) -> None:
    """first, rest = g gram, of the first directions and of the others, by BLAS.

    The first directions, orthogonal to the others, have the Gram matrix head; of the others only
    `active` ones have a gradient; left (right) are their rows of the Gram matrix or of a factor.
    """
    cut = head.shape[0]
    for h in range(g.shape[0]):
        for r in range(g.shape[1]):
            at = h * g.shape[1] + r
            for q in range(cut):
                packed[at, q] = g[h, r, q]
            for q in range(active.size):
                picked[at, q] = g[h, r, cut + active[q]]
    if cut > 0:
        np.dot(packed, head, first)
    if right.shape[0] > 0:
        np.dot(picked, left, middle)
        np.dot(middle, right, rest)
    else:
        np.dot(picked, left, rest)


def advance(
    z: NDArray[np.float64], b: NDArray[np.float64], g: NDArray[np.float64], first: NDArray[np.float64],
    rest: NDArray[np.float64], eta: float,
) -> None:
    """b <- b - eta g and z <- z - eta (first, rest), in place."""
    cut = first.shape[1]
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            at = h * z.shape[1] + r
            for q in range(z.shape[2]):
                b[h, r, q] -= eta * g[h, r, q]
            for q in range(cut):
                z[h, r, q] -= eta * first[at, q]
            for q in range(rest.shape[1]):
                z[h, r, cut + q] -= eta * rest[at, q]


def settled(z: NDArray[np.float64]) -> bool:
    """Whether every entry is a finite number."""
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            for q in range(z.shape[2]):
                if not isfinite(z[h, r, q]):
                    return False
    return True
