"""Eight runs side by side: entry q of a run's flat array is lane k of the eight numbers from 8 q on."""

import numpy as np
from numpy.typing import NDArray


def interleave(one: NDArray[np.float64], k: int, eight: NDArray[np.float64]) -> None:
    """Lane k of `eight` becomes `one`."""
    for q in range(one.size):
        eight[8 * q + k] = one[q]


def of_lane(eight: NDArray[np.float64], k: int, one: NDArray[np.float64]) -> None:
    """`one` becomes lane k of `eight`."""
    for q in range(one.size):
        one[q] = eight[8 * q + k]


def finite_in_lane(f: NDArray[np.float64], k: int) -> bool:
    """Whether every output of run k is a finite number."""
    for q in range(k, f.size, 8):
        if not abs(f[q]) < np.inf:
            return False
    return True
