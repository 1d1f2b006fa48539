"""Fresh Gaussian vectors given what filters have in common: their inner products, exact in distribution at any d.

A vector v = std P zeta that is independent of the filters W and of the directions V that stay has, in an orthonormal
basis of the span of V, then of what W has beside, then of the rest, independent standard normal coordinates: the first
two give <v, v_b> and <w_s, v>, and with the rest, by Bartlett (`dynamics.chance.gram`), <v, v'>.  So one-pass SGD keeps
z = W V^T and K = W Q W^T, Q off the span of V, and a step w_s <- w_s + b_s v changes K by k b^T + b k^T + b g b^T with
k = W Q v and g = v^T Q v: nothing of examples past, and nothing of length d.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Flags
from ..chance.bartlett import trapezoid
from ..chance.gram import Reduced
from ..geometry import distances

_DIGITS = 1e-13  # of the largest correlation: what is below is rounding, and no direction


@dataclass(frozen=True)
class Staying:
    """Directions that stay (f of them) in a basis of their span: root (f, q), its inverse (q, f), and d - q."""

    root: Array
    inverse: Array
    free: float

    @staticmethod
    def of(gram: Array, d: float) -> Staying:
        """From their inner products (f, f); zero and dependent ones are legal."""
        root, inverse = _rooted(gram)
        return Staying(root, inverse, d - root.shape[1])

    def projector(self, off: Flags) -> Array:
        """(q, q): off the span of some of the directions (f,)."""
        size = self.root.shape[1]
        basis = _rooted(self.root[off] @ self.root[off].T)[1] @ self.root[off]
        return np.asarray(np.eye(size) - basis.T @ basis)


@dataclass(frozen=True)
class Kept:
    """What is kept of S filters: z (S, f), products with what stays, and rest (S, S), inner products beside it."""

    z: Array
    rest: Array

    @staticmethod
    def of(z: Array, weight_gram: Array, staying: Staying) -> Kept:
        """From W W^T."""
        within = z @ staying.inverse.T
        return Kept(z, weight_gram - within @ within.T)

    def weight_gram(self, staying: Staying) -> Array:
        """W W^T (S, S)."""
        within = self.z @ staying.inverse.T
        return np.asarray(self.rest + within @ within.T)


@dataclass(frozen=True)
class FreshVectors:
    """n vectors: z (S, n), across (n, f) with what stays, gram (n, n); `z_beside`, `gram_beside` beside it."""

    z: Array
    across: Array
    gram: Array
    z_beside: Array
    gram_beside: Array


def drawn(rng: np.random.Generator, kept: Kept, staying: Staying, std: Array, projectors: Array) -> FreshVectors:
    """One draw of n vectors of deviations std (n,), each projected by its projector (n, q, q)."""
    count, size = len(std), staying.root.shape[1]
    within = np.einsum("nq,nqp->np", rng.standard_normal((count, size)), projectors) * std[:, None]
    filters = _rooted(kept.rest)[0]
    # Axes beyond the dimensions that there are come of rounding: the least ones, which are the first.
    filters = filters[:, max(0, filters.shape[1] - int(staying.free)) :]
    left = staying.free - filters.shape[1]
    along = rng.standard_normal((count, filters.shape[1]))
    beside = np.hstack([along, trapezoid(rng, count, int(min(count, left)), left, first=0)]) * std[:, None]
    return placed(kept, staying, within, filters @ beside[:, : filters.shape[1]].T, beside @ beside.T)


def given(kept: Kept, staying: Staying, z: Array, across: Array, gram: Array) -> FreshVectors:
    """Vectors by their own inner products: z (S, n) with the filters, across (n, f) with what stays, gram (n, n)."""
    within = across @ staying.inverse.T
    return placed(kept, staying, within, z - kept.z @ staying.inverse.T @ within.T, gram - within @ within.T)


def placed(kept: Kept, staying: Staying, within: Array, z_beside: Array, gram_beside: Array) -> FreshVectors:
    """Vectors by their coordinates (n, q) in the basis of what stays, and their products beside it."""
    return FreshVectors(
        z_beside + kept.z @ staying.inverse.T @ within.T, within @ staying.root.T, gram_beside + within @ within.T,
        z_beside, gram_beside)


def moved(kept: Kept, fresh: FreshVectors, z: Array, b: Array) -> Kept:
    """After a step of coefficients b (S, n) on the vectors, where z (S, f) are the products with what stays."""
    return Kept(z, distances.weight_gram(Reduced(fresh.z_beside, fresh.gram_beside, kept.rest), b))


def _rooted(gram: Array) -> tuple[Array, Array]:
    """R (p, q) with R R^T = gram, and its inverse (q, p), of the rank that the angles have, the least axis first."""
    lengths = np.sqrt(np.maximum(np.diag(gram), 0.0))
    safe = np.where(lengths > 0, lengths, 1.0)
    sizes, axes = np.linalg.eigh(gram / safe[:, None] / safe)
    known = sizes > _DIGITS * max(1.0, float(sizes[-1])) if len(sizes) else sizes > 0
    root = np.sqrt(sizes[known])
    return safe[:, None] * axes[:, known] * root, (axes[:, known] / root).T / safe
