"""The span of the vectors that stay from task to task: a basis of it, and filters as seen from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from .. import triangular
from ..arrays import Array, Indices
from ..later import Later

_INDEPENDENT = 1e-10  # squared share of a vector outside those before it, below which eigenvalues judge the rank
_SPANNED = 1e-12  # squared share of a direction outside the span, below which it lies in it
_PARALLEL = 1e-28  # squared share of a direction in the span, below which it is orthogonal to it


@dataclass(frozen=True)
class Basis:
    """An orthonormal basis of the span of p vectors, `coordinates` (p, r)."""

    coordinates: Array

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


def basis(gram: Array) -> tuple[Basis, Array]:
    """A basis of the span of vectors with this Gram matrix (p, p), which may be dependent or 0, and its inverse (r, p).

    That is, inverse C = 1 of the coordinates C: another vector's are its products with the p vectors times inverse^T.
    """
    length = np.sqrt(np.maximum(np.diagonal(gram), 0.0))
    length = np.where(length > 0, length, 1.0)
    unit = gram / length[:, None] / length
    lower = triangular.cholesky(unit) if len(gram) else unit
    if lower is not None and (np.diagonal(lower) ** 2 >= _INDEPENDENT).all():
        return Basis(length[:, None] * lower), (triangular.lower_inverse(lower) if len(gram) else lower) / length
    values, vectors = np.linalg.eigh(unit)
    kept = values > 8 * len(gram) * np.finfo(np.float64).eps * values[-1]
    root = np.sqrt(values[kept])
    return Basis(length[:, None] * vectors[:, kept] * root), (vectors[:, kept] / root).T / length


@dataclass(frozen=True)
class Filters:
    """Filters along a trajectory of T states, from where the vectors that stay see them; S filters.

    `products` (T, S, q) with the q vectors that examples may hold, `along` (T, S, r) their coordinates in the span of
    all vectors that stay, made where it is first looked at, `rest` (T, S, S) = W_perp W_perp^T, and `left` how many
    dimensions are orthogonal to that span.
    """

    products: Array
    rest: Array
    left: float
    along: Later = Later()  # noqa: RUF009 - a descriptor, which is no default


@dataclass(frozen=True)
class Seen:
    """W(0) (S filters) and the directions V (B of them) of a draw, as the vectors that stay see them.

    `within` (S, r) and `across` (B, r) are coordinates in their span, `coordinates` (p, r) those of the vectors that
    stay, of which `sums` (p, ...) -> (q, ...) makes what examples may hold; `own` (S, S) is W_perp W_perp^T of W(0),
    `z` (S, B) = W(0) V^T; `beyond` (B,) are the directions' squared lengths off the span.
    """

    within: Array
    across: Array
    coordinates: Array
    sums: Callable[[Array], Array]
    own: Array
    z: Array
    beyond: Array

    @cached_property
    def _inside(self) -> Array:
        """The squared lengths (B,) of what is in the span."""
        return np.asarray((self.across**2).sum(axis=1))

    @cached_property
    def _moved(self) -> Indices:
        """The directions that have something in the span, along which filters move there."""
        return np.flatnonzero(self._inside)

    @cached_property
    def _products(self) -> tuple[Array, Array]:
        """Products with what examples may hold: of W(0) (S, q), and of the directions `_moved`."""
        start, moved = (self.sums(self.coordinates @ each.T).T for each in (self.within, self.across[self._moved]))
        return np.ascontiguousarray(start), np.ascontiguousarray(moved)

    @cached_property
    def held(self) -> Array:
        """Coordinates (q, r) of what examples may hold."""
        return self.sums(self.coordinates)

    @cached_property
    def _off(self) -> tuple[Indices, Array, bool]:
        """The directions that have something off the span, W(0)'s products with that, and whether that is not all."""
        squares = self._inside + self.beyond
        rows = np.flatnonzero(self.beyond > _SPANNED * squares)
        tilted = bool((self._inside[rows] > _PARALLEL * squares[rows]).any())
        onto = self.z[:, rows]
        return rows, onto - self.within @ self.across[rows].T if tilted else onto, tilted

    def filters(self, z: Array, b: Array, left: float) -> Filters:
        """W = W(0) + b V at T states, from coefficients b and products z = W V^T, both (T, S, B).

        Directions in the span are left out of W_perp W_perp^T at once, so that nothing large which grows along them is
        subtracted later.
        """
        first, moves = self._products
        products = first + b[..., self._moved] @ moves
        rows, start, tilted = self._off
        rest = np.empty((len(z), *self.own.shape))
        along = partial(self._along, b)
        inside = along() if tilted else None
        for t in range(len(z)):
            now = z[t][:, rows]
            if inside is not None:
                now = now - inside[t] @ self.across[rows].T
            half = 0.5 * (start + now) @ b[t][:, rows].T  # z(t) = z(0) + b G
            rest[t] = self.own + (half + half.T)
        return Filters(products, rest, left, along if inside is None else inside)

    def _along(self, b: Array) -> Array:
        """Coordinates (T, S, r) in the span."""
        return np.asarray(self.within + b[..., self._moved] @ self.across[self._moved])
