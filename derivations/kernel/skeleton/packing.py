"""States and inner products laid out for lanes: a neuron's directions in one row of a flat array, padded with zeros."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray


def pack(rows: NDArray[np.float64], order: NDArray[np.int64], width: int, out: NDArray[np.float64]) -> None:
    """out (H m width,) holds rows (H, m, B), direction q at place order[q] of its row."""
    for h in range(rows.shape[0]):
        for r in range(rows.shape[1]):
            for q in range(rows.shape[2]):
                out[(h * rows.shape[1] + r) * width + order[q]] = rows[h, r, q]


def unpack(packed: NDArray[np.float64], order: NDArray[np.int64], width: int, out: NDArray[np.float64]) -> None:
    """What `pack` does, back."""
    for h in range(out.shape[0]):
        for r in range(out.shape[1]):
            for q in range(out.shape[2]):
                out[h, r, q] = packed[(h * out.shape[1] + r) * width + order[q]]


def pack_gram(gram: NDArray[np.float64], order: NDArray[np.int64], width: int, out: NDArray[np.float64]) -> None:
    """out (B width,) holds gram (B, B), its rows and columns in their places."""
    for b in range(order.size):
        for q in range(order.size):
            out[order[b] * width + order[q]] = gram[b, q]


def pad(values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """The first entries of out are the values, the others 0."""
    for i in range(out.size):
        out[i] = values[i] if i < values.size else 0.0


def some(values: NDArray[np.float64]) -> bool:
    """Whether any entry is not 0."""
    for i in range(values.size):
        if values[i] != 0.0:
            return True
    return False


def seek(which: NDArray[np.int64], hits: NDArray[np.int64], sought: NDArray[np.bool_]) -> bool:
    """Fills in of which observables an event has not been reached; returns whether there is any."""
    sought[:] = False
    found = False
    for e in range(hits.size):
        if hits[e] < 0:
            sought[which[e]] = True
            found = True
    return found


def reach(
    t: int, which: NDArray[np.int64], below: NDArray[np.bool_], anywhere: NDArray[np.bool_],
    bounds: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], hits: NDArray[np.int64],
) -> bool:
    """hits[e] = t where event e is open and its observable which[e] beyond bounds[e]; whether any is."""
    reached = False
    for e in range(hits.size):
        last = high[which[e]] if below[e] != anywhere[e] else low[which[e]]
        if hits[e] < 0 and (last <= bounds[e] if below[e] else last >= bounds[e]):
            hits[e] = t
            reached = True
    return reached


def met(stops: int, hits: NDArray[np.int64]) -> bool:
    """Whether the first `stops` events, which end a run together, are all reached; else they are open again."""
    for e in range(stops):
        if hits[e] < 0:
            for k in range(stops):
                hits[k] = -1
            return False
    return stops > 0


def shrink(z: NDArray[np.float64], b: NDArray[np.float64], keep: float) -> None:
    """z and b times keep, in place."""
    for q in range(z.size):
        z[q] *= keep
        b[q] *= keep


def accelerate(velocity: NDArray[np.float64], g: NDArray[np.float64], momentum: float) -> None:
    """velocity <- momentum velocity + g, and g is the velocity, in place."""
    for q in range(g.size):
        velocity[q] = momentum * velocity[q] + g[q]
        g[q] = velocity[q]


def norm_of(g: NDArray[np.float64], along: NDArray[np.float64], width: int, directions: int) -> float:
    """The Frobenius norm of the gradient in W, along = g gram."""
    top = 0.0  # in units of the largest entry: its square would under- or overflow
    for at in range(0, g.size, width):
        for q in range(at, at + directions):
            top = max(top, abs(g[q]))
    total = 0.0
    if top > 0.0:
        for at in range(0, g.size, width):
            for q in range(at, at + directions):
                total += (g[q] / top) * (along[q] / top)
    return top * sqrt(max(total, 0.0))


def perturb(
    z: NDArray[np.float64], g: NDArray[np.float64], along: NDArray[np.float64], radius: float,
    near: NDArray[np.float64], width: int, directions: int,
) -> None:
    """near = z at W + radius grad / ||grad||_F, along = g gram; a copy of z where the gradient is 0."""
    norm = norm_of(g, along, width, directions)
    length = radius / norm if norm > 0.0 else 0.0
    for q in range(z.size):
        near[q] = z[q] + length * along[q]


def shorten(
    g: NDArray[np.float64], along: NDArray[np.float64], clip: float, width: int, directions: int
) -> None:
    """g <- g clip / ||grad||_F where that norm is above clip, along = g gram."""
    norm = norm_of(g, along, width, directions)
    if norm > clip:
        for q in range(g.size):
            g[q] *= clip / norm


def normalise(
    g: NDArray[np.float64], along: NDArray[np.float64], normalised: float, width: int, directions: int
) -> None:
    """g <- g normalised / ||grad||_F, along = g gram; 0 stays 0."""
    norm = norm_of(g, along, width, directions)
    if norm > 0.0:
        for q in range(g.size):
            g[q] *= normalised / norm
