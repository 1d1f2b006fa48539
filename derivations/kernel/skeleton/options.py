"""What an algorithm's options do to a gradient: SAM's point, its norm cut or set, and momentum's velocity."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray


def perturb(
    z: NDArray[np.float64], g: NDArray[np.float64], along: NDArray[np.float64], radius: float, near: NDArray[np.float64]
) -> None:
    """near = z at W + radius grad / ||grad||_F, along = g gram; a copy of z where the gradient is 0."""
    top = 0.0  # the norm is taken in units of the largest entry: its square would under- or overflow
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            for q in range(z.shape[2]):
                top = max(top, abs(g[h, r, q]))
    total = 0.0
    if top > 0.0:
        for h in range(z.shape[0]):
            for r in range(z.shape[1]):
                for q in range(z.shape[2]):
                    total += (g[h, r, q] / top) * (along[h, r, q] / top)
    length = radius / (top * sqrt(total)) if total > 0.0 else 0.0
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            for q in range(z.shape[2]):
                near[h, r, q] = z[h, r, q] + length * along[h, r, q]


def accelerate(velocity: NDArray[np.float64], g: NDArray[np.float64], momentum: float) -> None:
    """velocity <- momentum velocity + g, in place."""
    for h in range(g.shape[0]):
        for r in range(g.shape[1]):
            for q in range(g.shape[2]):
                velocity[h, r, q] = momentum * velocity[h, r, q] + g[h, r, q]


def norm_of(g: NDArray[np.float64], along: NDArray[np.float64]) -> float:
    """The Frobenius norm of the gradient in W, along = g gram."""
    top = 0.0  # in units of the largest entry: its square would under- or overflow
    for h in range(g.shape[0]):
        for r in range(g.shape[1]):
            for q in range(g.shape[2]):
                top = max(top, abs(g[h, r, q]))
    total = 0.0
    if top > 0.0:
        for h in range(g.shape[0]):
            for r in range(g.shape[1]):
                for q in range(g.shape[2]):
                    total += (g[h, r, q] / top) * (along[h, r, q] / top)
    return top * sqrt(max(total, 0.0))


def shorten(g: NDArray[np.float64], along: NDArray[np.float64], clip: float) -> None:
    """g <- g clip / ||grad||_F where that norm is above clip, along = g gram."""
    norm = norm_of(g, along)
    if norm > clip:
        g *= clip / norm


def normalise(g: NDArray[np.float64], along: NDArray[np.float64], normalised: float) -> None:
    """g <- g normalised / ||grad||_F, along = g gram; 0 stays 0."""
    norm = norm_of(g, along)
    if norm > 0.0:
        g *= normalised / norm
