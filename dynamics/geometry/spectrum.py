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


@dataclass(frozen=True)
class Frame:
    """Coordinates of the filters W(0), (H, m, R), and of the directions V, (B, R), in one orthonormal basis."""

    filters: Array
    directions: Array

    def at(self, b: Array, scale: float = 1.0) -> Array:
        """Coordinates of W = scale W(0) + b V, (..., H, m, R), for b (..., H, m, B)."""
        moved: Array = scale * self.filters + b @ self.directions
        return moved


def frame_of_vectors(weights: Array, vectors: Array) -> Frame:
    """The frame of filters (H, m, d) and directions (B, d): as they are, or rotated where d exceeds their number."""
    flat = np.vstack([weights.reshape(-1, weights.shape[-1]), vectors])
    if flat.shape[1] > flat.shape[0]:
        # QR is stable column by column, so small filters keep their digits beside large directions.
        flat = np.ascontiguousarray(scipy_linalg().qr(flat.T, mode="r")[0][: len(flat)].T)
    return _split(flat, weights.shape[:-1])


def frame_of_gram(start: Reduced) -> Frame:
    """The frame of a start known by its inner products: z (H, m, B), gram (B, B), weight_gram (S, S)."""
    z = start.z.reshape(-1, start.z.shape[-1])
    joint = np.block([[start.weight_gram, z], [z.T, start.gram]])
    if not np.isfinite(joint).all():  # squares beyond the largest double: no size is known
        return _split(np.full((len(joint), 1), np.nan), start.z.shape[:-1])
    length = np.sqrt(np.diag(joint))
    unit = np.where(length > 0, 1.0 / np.where(length > 0, length, 1.0), 0.0)
    # Correlations: vectors of very different lengths are then factored alike.
    values, basis = np.linalg.eigh(joint * unit[:, None] * unit)
    kept = values > len(values) * np.finfo(np.float64).eps * max(float(values[-1]), 0.0)
    return _split(length[:, None] * basis[:, kept] * np.sqrt(values[kept]), start.z.shape[:-1])


def _split(flat: Array, heads: tuple[int, ...]) -> Frame:
    count = int(np.prod(heads))
    return Frame(filters=flat[:count].reshape(*heads, -1), directions=flat[count:])


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
    """||W||_F, s_1, and sum_{k>1} s_k^2 / s_1^2 of matrices, each (...); the last is NaN for W = 0."""

    frobenius: Array
    spectral: Array
    excess: Array


def sizes(matrices: Array) -> SpectrumSizes:
    """The sizes of matrices (..., p, R).

    With u the top left singular vector, sum_{k>1} s_k^2 = ||W - u u^T W||_F^2: u enters in second order only, so the
    excess is exact to rounding relative to s_2 / s_1, far below the eps s_1^2 at which eigenvalues of W W^T end.
    """
    flat = matrices.reshape(math.prod(matrices.shape[:-2]), *matrices.shape[-2:])  # R may be 0
    with one_blas_thread():
        rows = np.array([_sizes(matrix) for matrix in flat]).reshape(*matrices.shape[:-2], 3)
    return SpectrumSizes(rows[..., 0], rows[..., 1], rows[..., 2])


def _sizes(matrix: Array) -> tuple[float, float, float]:
    scale = float(np.abs(matrix).max(initial=0.0))
    if not np.isfinite(scale):
        return np.nan, np.nan, np.nan
    if scale == 0.0:
        return 0.0, 0.0, np.nan
    wide = matrix / scale if matrix.shape[0] <= matrix.shape[1] else matrix.T / scale
    top = wide.shape[0] - 1
    _, vectors = scipy_linalg().eigh(wide @ wide.T, subset_by_index=[top, top], check_finite=False)
    u = vectors[:, 0]
    for _ in range(2):  # two power steps take u from eigh's rounding to its own
        u = wide @ (u @ wide)
        u /= np.linalg.norm(u)
    along = u @ wide
    rest = wide - np.outer(u, along)
    first, left = float(along @ along), float(np.vdot(rest, rest))
    return scale * np.sqrt(first + left), scale * np.sqrt(first), left / first
