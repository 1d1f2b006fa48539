"""Copies of arrays by loops: with an array's assignment Numba compiles its message on unlike shapes, seconds of it."""

import numpy as np
from numpy.typing import NDArray


def keep_state(state: NDArray[np.float64], kept: NDArray[np.float64]) -> None:
    """kept = state (H, m, B)."""
    for h in range(state.shape[0]):
        for r in range(state.shape[1]):
            for q in range(state.shape[2]):
                kept[h, r, q] = state[h, r, q]


def keep_row(values: NDArray[np.float64], kept: NDArray[np.float64]) -> None:
    """kept = values, a number of each example."""
    for i in range(values.shape[0]):
        kept[i] = values[i]


def keep_heads(values: NDArray[np.float64], kept: NDArray[np.float64]) -> None:
    """kept = values (K, n), a number of each head and example."""
    for h in range(values.shape[0]):
        for i in range(values.shape[1]):
            kept[h, i] = values[h, i]
