"""The coupling through the Gram matrix by loops: best where shapes are small or gradients sparse."""

import numpy as np
from numpy.typing import NDArray


def contract(g: NDArray[np.float64], gram: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """out[h, r, :] = g[h, r, :] gram; directions without gradient are skipped."""
    out[:] = 0.0
    for h in range(g.shape[0]):
        for r in range(g.shape[1]):
            for b in range(g.shape[2]):
                weight = g[h, r, b]
                if weight != 0.0:
                    for q in range(g.shape[2]):
                        out[h, r, q] += weight * gram[b, q]


def descend(
    z: NDArray[np.float64], b: NDArray[np.float64], g: NDArray[np.float64], gram: NDArray[np.float64], eta: float
) -> None:
    """b <- b - eta g and z <- z - eta g gram, in place."""
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            for q in range(z.shape[2]):
                change = eta * g[h, r, q]
                if change != 0.0:
                    b[h, r, q] -= change
                    for c in range(z.shape[2]):
                        z[h, r, c] -= change * gram[q, c]
