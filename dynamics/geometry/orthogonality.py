"""Near-orthogonality of the training inputs, read off their Gram matrix.

Kou, Chen and Gu, "Implicit bias of gradient descent for two-layer ReLU and leaky ReLU networks on nearly-orthogonal
data", arXiv:2310.18935, Section 4: R_min, R_max, R = R_max/R_min and p, the largest |<x_i, x_k>| over i != k.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from ..errors import RangeError


def quantities(gram: Array, z: Array | None = None) -> dict[str, float]:
    """R_min, R_max, R and p of the inputs, by the names the paper's conditions give them; beta too, where z is given.

    Args:
        gram: (n, n), <x_i, x_k>; p is 0 for one input.
        z: (H, m, n), initial pre-activations <w_{j,r}(0), x_i>; beta is the largest absolute one.

    Raises:
        RangeError: an input is zero or the matrix is not square.
    """
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1]:
        raise RangeError(f"gram: its shape is {gram.shape}; expected (n, n), the inner products of the n inputs")
    squares = np.diag(gram)
    if not np.all(squares > 0):
        raise RangeError(f"gram: the input {int(np.argmin(squares))} is zero, and R = R_max/R_min needs R_min > 0")
    low, high = float(np.sqrt(squares.min())), float(np.sqrt(squares.max()))
    off = np.abs(gram[~np.eye(len(gram), dtype=bool)])
    measured = {"R_min": low, "R_max": high, "R": high / low, "p": float(off.max(initial=0.0))}
    return measured if z is None else {**measured, "beta": float(np.max(np.abs(z)))}
