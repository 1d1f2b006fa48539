"""The span of the vectors that stay from task to task: a basis of it, and filters as seen from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import triangular
from ..arrays import Array, Indices

_INDEPENDENT = 1e-10  # squared share of a vector outside those before it, below which eigenvalues judge the rank
_SPANNED = 1e-12  # squared share of a direction outside the span, below which it lies in it
_PARALLEL = 1e-28  # squared share of a direction in the span, below which it is orthogonal to it


@dataclass(frozen=True)
class Basis:
    """An orthonormal basis of the span of p vectors: `coordinates` (p, r), and `inverse` (r, p) with inverse C = 1.

    A vector's coordinates are its products with the p vectors times inverse^T.
    """

    coordinates: Array
    inverse: Array

    @property
    def rank(self) -> int:
        """r."""
        return int(self.coordinates.shape[1])

    def off(self, rows: Indices) -> Array:
        """(r, k): an orthonormal basis of what in the span is orthogonal to these of the vectors; exact for all."""
        if len(rows) == len(self.coordinates):
            return np.zeros((self.rank, 0))
        if not len(rows):
            return np.eye(self.rank)
        held = self.coordinates[rows]
        length = np.linalg.norm(held, axis=1, keepdims=True)
        _, values, right = np.linalg.svd(held / np.where(length > 0, length, 1.0))
        return np.ascontiguousarray(right[int((values > np.sqrt(_SPANNED)).sum()):].T)


def basis(gram: Array) -> Basis:
    """A basis of the span of vectors with this Gram matrix (p, p); they may be dependent or 0."""
    length = np.sqrt(np.maximum(np.diagonal(gram), 0.0))
    length = np.where(length > 0, length, 1.0)
    unit = gram / length[:, None] / length
    lower = triangular.cholesky(unit) if len(gram) else unit
    if lower is not None and (np.diagonal(lower) ** 2 >= _INDEPENDENT).all():
        return Basis(length[:, None] * lower, (triangular.lower_inverse(lower) if len(gram) else lower) / length)
    values, vectors = np.linalg.eigh(unit)
    kept = values > 8 * len(gram) * np.finfo(np.float64).eps * values[-1]
    root = np.sqrt(values[kept])
    return Basis(length[:, None] * vectors[:, kept] * root, (vectors[:, kept] / root).T / length)


@dataclass(frozen=True)
class Filters:
    """Filters along a trajectory of T states, from where the vectors that stay see them; S filters.

    `products` (T, S, q) with the q vectors that examples may hold, `along` (T, S, r) their coordinates in the span of
    all vectors that stay, `rest` (T, S, S) = W_perp W_perp^T, and `left` how many dimensions are orthogonal to that
    span.
    """

    products: Array
    along: Array
    rest: Array
    left: float


def rest(start: tuple[Array, Array, Array], across: Array, squares: Array, z: Array, b: Array, along: Array) -> Array:
    """W_perp W_perp^T (T, S, S) for W = W(0) + b V, all without what is in the span of the vectors that stay.

    Directions in the span are left out at once, so that nothing large which grows along them is subtracted later.

    Args:
        start: of W(0): its products (S, B) with V, coordinates (S, r) in the span, and W_perp W_perp^T (S, S).
        across: (B, r), the coordinates of V in the span.
        squares: (B,), the squared lengths of V.
        z: (T, S, B), products with V.
        b: (T, S, B), coefficients.
        along: (T, S, r), coordinates in the span.
    """
    onto, within, own = start
    inside = (across**2).sum(axis=1)
    rows = np.flatnonzero(squares - inside > _SPANNED * squares)
    tilted = bool((inside[rows] > _PARALLEL * squares[rows]).any())
    share = across[rows].T

    def perpendicular(products: Array, coordinates: Array) -> Array:
        return products[:, rows] - coordinates @ share if tilted else products[:, rows]

    first = perpendicular(onto, within)
    grams = np.empty((len(z), len(own), len(own)))
    for t in range(len(z)):
        half = 0.5 * (first + perpendicular(z[t], along[t])) @ b[t][:, rows].T  # z(t) = z(0) + b G
        grams[t] = own + (half + half.T)
    return grams
