"""The coupling through the Gram matrix by BLAS: best where shapes are large."""

import numpy as np
from numpy.typing import NDArray


def contract(g: NDArray[np.float64], gram: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """out[h, r, :] = g[h, r, :] gram, by BLAS."""
    np.dot(g.reshape(g.shape[0] * g.shape[1], g.shape[2]), gram, out.reshape(g.shape[0] * g.shape[1], g.shape[2]))


def move(
    z: NDArray[np.float64], b: NDArray[np.float64], g: NDArray[np.float64], dz: NDArray[np.float64], eta: float
) -> None:
    """b <- b - eta g and z <- z - eta dz, in place; dz = g gram."""
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            for q in range(z.shape[2]):
                b[h, r, q] -= eta * g[h, r, q]
                z[h, r, q] -= eta * dz[h, r, q]
