"""Singular values of the weights along a trajectory, from their coordinates in the span of the start.

W(0) and the directions span at most min(d, S + B) dimensions, so W(t) = W(0) + b V has that many coordinates; its
singular values are those of the coordinates.  Nothing is squared before it is subtracted: where W is nearly of rank
one, sum_{k>1} s_k^2 keeps its digits however small it is beside s_1^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..blas import one_blas_thread, scipy_linalg
from ..chance.gram import Reduced

BLOCK = 2**19  # entries of matrices that are decomposed at a time
WIDE = 32  # rows from which one eigenvector by itself costs less than all of them in a call for many matrices


@dataclass(frozen=True)
class Frame:
    """Coordinates of the filters W(0), (H, m, R), and of the directions V, (B, R), in one orthonormal basis.

    Of N runs they are (N, H, m, R) and (N, B, R).
    """

    filters: Array
    directions: Array

    def at(self, b: Array, scale: Array | float = 1.0) -> Array:
        """Coordinates of W = scale W(0) + b V, (..., H, m, R), for b (..., H, m, B) and scale (...).

        Of N runs, T states of each: b (N, T, H, m, B) and scale (N, T).
        """
        several = self.filters.ndim > 3
        filters, directions = (self.filters[:, None], self.directions[:, None, None]) if several else (
            self.filters, self.directions)
        moved: Array = np.asarray(scale)[..., None, None, None] * filters + b @ directions
        return moved


def frame_of_vectors(weights: Array, vectors: Array) -> Frame:
    """The frame of filters (H, m, d) and directions (B, d): as they are, or rotated where d exceeds their number."""
    flat = np.vstack([weights.reshape(-1, weights.shape[-1]), vectors])
    if flat.shape[1] > flat.shape[0]:
        # QR is stable column by column, so small filters keep their digits beside large directions.
        flat = np.ascontiguousarray(scipy_linalg().qr(flat.T, mode="r")[0][: len(flat)].T)
    return _split(flat, weights.shape[:-1])


def frame_of_gram(start: Reduced) -> Frame:
    """The frame of a start known by its inner products: z (..., H, m, B), gram (..., B, B), weight_gram (..., S, S).

    Leading axes are of runs, each with the bits that it has alone.  Coordinates past the rank are 0.
    """
    *runs, heads, filters, count = start.z.shape
    z = start.z.reshape(*runs, heads * filters, count)
    above = np.concatenate([start.weight_gram, z], axis=-1)
    joint = np.concatenate([above, np.concatenate([np.swapaxes(z, -1, -2), start.gram], axis=-1)], axis=-2)
    beyond = ~np.isfinite(joint).all(axis=(-2, -1))  # squares beyond the largest double: no size is known
    joint[beyond] = 0.0
    length = np.sqrt(np.diagonal(joint, axis1=-2, axis2=-1))
    unit = np.where(length > 0, 1.0 / np.where(length > 0, length, 1.0), 0.0)
    # Correlations: vectors of very different lengths are then factored alike.
    values, basis = np.linalg.eigh(joint * unit[..., :, None] * unit[..., None, :])
    least = values.shape[-1] * np.finfo(np.float64).eps * np.maximum(values[..., -1:], 0.0)
    roots = np.sqrt(np.where(values > least, values, 0.0))
    flat = length[..., :, None] * basis * roots[..., None, :]
    flat[beyond] = np.nan
    return _split(flat, start.z.shape[-3:-1])


def _split(flat: Array, heads: tuple[int, ...]) -> Frame:
    count, shape = math.prod(heads), (*flat.shape[:-2], *heads, flat.shape[-1])
    return Frame(filters=flat[..., :count, :].reshape(shape), directions=flat[..., count:, :])


def lengths(rows: Array) -> Array:
    """||x|| of vectors (..., R), where their squares overflow too."""
    with np.errstate(over="ignore"):
        norms = np.linalg.norm(rows, axis=-1)
    if not np.isfinite(norms).all():
        largest = np.abs(rows).max(axis=-1, keepdims=True)
        beyond = np.isinf(norms) & np.isfinite(largest[..., 0])
        norms[beyond] = largest[beyond][..., 0] * np.linalg.norm(rows[beyond] / largest[beyond], axis=-1)
    return np.asarray(norms)


def frobenius(matrices: Array) -> Array:
    """||A||_F of matrices A (..., p, R), where their squares overflow too."""
    unit = _unit(np.abs(matrices).max(axis=(-2, -1)))
    norms: Array = np.sqrt(np.sum((matrices * unit[..., None, None]) ** 2, axis=(-2, -1))) / unit
    return norms


def length(x: Array) -> float:
    """||x||_F of all entries, where their squares overflow too, by a dot product."""
    unit = _unit(np.abs(x).max())
    return float(np.linalg.norm(x * unit) / unit)


def _unit(largest: Array) -> Array:
    """Powers of two that bring numbers near 1, so that to multiply by them is exact; 2^1000 at the most."""
    return np.asarray(np.ldexp(1.0, -np.maximum(np.frexp(largest)[1], -1000)))


@dataclass(frozen=True)
class SpectrumSizes:
    """||W||_F, s_1, and sum_{k>1} s_k^2 / s_1^2 of matrices, each (...), in a table (..., 3); W = 0 has no last one."""

    table: Array

    @property
    def frobenius(self) -> Array:
        """||W||_F."""
        return self.table[..., 0]

    @property
    def spectral(self) -> Array:
        """s_1."""
        return self.table[..., 1]

    @property
    def excess(self) -> Array:
        """What the stable rank is above 1; NaN for W = 0."""
        return self.table[..., 2]


def sizes(matrices: Array) -> SpectrumSizes:
    """The sizes of matrices (..., p, R), each with the bits that it has alone.

    With u the top left singular vector, sum_{k>1} s_k^2 = ||W - u u^T W||_F^2: u enters in second order only, so the
    excess is exact to rounding relative to s_2 / s_1, far below the eps s_1^2 at which eigenvalues of W W^T end.
    """
    *every, p, count = matrices.shape
    flat = matrices.reshape(math.prod(every), p, count)  # R may be 0
    largest = np.abs(flat).max(axis=(-2, -1), initial=0.0)
    rows = np.full((len(flat), 3), np.nan)
    rows[largest == 0.0, :2] = 0.0
    usual = np.flatnonzero(np.isfinite(largest) & (largest > 0.0))
    many = max(1, BLOCK // max(1, p * count))
    with one_blas_thread():
        for at in range(0, len(usual), many):
            here = usual[at : at + many]
            rows[here] = _sizes(flat[here], largest[here])
    return SpectrumSizes(rows.reshape(*every, 3))


def _sizes(matrices: Array, scale: Array) -> Array:
    """||W||_F, s_1 and the excess, (N, 3), of matrices (N, p, R) whose largest entries are `scale` (N,)."""
    wide = matrices / scale[:, None, None]
    if wide.shape[1] > wide.shape[2]:
        wide = np.ascontiguousarray(np.swapaxes(wide, 1, 2))
    u = _top(wide @ np.swapaxes(wide, 1, 2))
    for _ in range(2):  # two power steps take u from eigh's rounding to its own
        u = (wide @ (u[:, None, :] @ wide).swapaxes(1, 2))[..., 0]
        u /= np.sqrt(_dots(u))[:, None]
    along = u[:, None, :] @ wide
    rest = wide - u[:, :, None] * along
    first, left = _dots(along[:, 0]), _dots(rest.reshape(len(rest), -1))
    return np.stack([scale * np.sqrt(first + left), scale * np.sqrt(first), left / first], axis=1)


def _top(squares: Array) -> Array:
    """A unit eigenvector (N, p) of the largest eigenvalue of symmetric matrices (N, p, p)."""
    top = squares.shape[-1] - 1
    if top < WIDE:
        return np.ascontiguousarray(np.linalg.eigh(squares)[1][..., top])
    eigh = scipy_linalg().eigh  # of one alone: all others would cost more than its call
    return np.stack([eigh(each, subset_by_index=[top, top], check_finite=False)[1][:, 0] for each in squares])


def _dots(rows: Array) -> Array:
    """||x||^2 of rows (N, k)."""
    return np.asarray((rows[:, None, :] @ rows[:, :, None])[:, 0, 0])
