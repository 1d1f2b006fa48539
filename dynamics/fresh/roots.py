"""Square roots of covariances, and draws of correlated normals by them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import Array
from ..kernel.blas import scipy_linalg

Draws = Callable[[slice], Array]  # some of the N draws of a vector -> their pre-activations (n, S)
CLOSE = 1e-4  # a neuron's variance given those before it, over its own: below, the covariance counts as near singular
_WIDE = 128  # neurons from which a triangular product is worth a call of its own


def coloured(normals: Array, covariance: Array) -> Draws:
    """Draws of N(0, covariance) from standard ones (N, S): Z C^T with C of `square_root`; NaN where that overflows."""
    if not np.isfinite(covariance).all():
        return lambda rows: np.full_like(normals[rows], np.nan)
    root = square_root(covariance)
    if len(root) < _WIDE or np.triu(root, 1).any():
        return lambda rows: np.asarray(normals[rows] @ root.T)
    dtrmm = scipy_linalg().blas.dtrmm
    # In Fortran's order C Z^T, in half the operations: the transposed views are what BLAS takes, without a copy of C.
    return lambda rows: np.asarray(dtrmm(1.0, root.T, normals[rows].T, trans_a=True).T)


def square_root(covariance: Array) -> Array:
    """C with C C^T = covariance (S, S), symmetric positive semidefinite; negative eigenvalues count as 0.

    C = D L with D the standard deviations and R = L L^T the correlations, so that small neurons next to large ones keep
    their own relative accuracy.  L is the Cholesky factor where every neuron's variance given those before it is at
    least `CLOSE` of its own, and the symmetric root R^(1/2) elsewhere, which depends continuously on a singular R (a
    Cholesky factor and an eigenvector basis do not).
    """
    deviation, correlations = correlated(covariance)
    root = _unit_root(correlations)
    root *= deviation[:, None]
    return root


def correlated(covariance: Array) -> tuple[Array, Array]:
    """Standard deviations (..., S) and correlations (..., S, S) of covariances; a neuron that is 0 has 0 with all."""
    deviation = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    inverse = np.where(deviation > 0, 1.0 / np.where(deviation > 0, deviation, 1.0), 0.0)
    correlations = covariance * inverse[..., None, :]
    correlations *= inverse[..., :, None]
    return deviation, correlations


def _unit_root(correlations: Array) -> Array:
    try:
        lower = np.linalg.cholesky(correlations)
    except np.linalg.LinAlgError:
        pass
    else:
        if (np.diagonal(lower) ** 2 >= CLOSE).all():
            return np.asarray(lower)
    values, vectors = np.linalg.eigh(correlations)
    symmetric: Array = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return symmetric
