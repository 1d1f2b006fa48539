"""Square roots of covariances, and draws of correlated normals by them.

A covariance of neurons in H heads is read as what moves with the heads' sums, `lead` (S, H), and a root of the rest:
C = lead lead^T + root root^T.  Of neurons alone, without lead, it is root root^T.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Flags
from ..triangular import WIDE, cholesky, times_lower

Draws = Callable[[slice], Array]  # some of the N draws of a vector -> their pre-activations (n, S)
CLOSE = 1e-4  # a neuron's variance given those before it, over its own: below, the covariance counts as near singular
_BLOCK = 2**18  # numbers of a product that are made in one go, 2 MB: calls for a few draws each take twice as long


def coloured(normals: Array, covariance: Array, lead: Array | None = None) -> Draws:
    """Draws of N(0, covariance) from standard ones, as `normals.Normals` keeps them; NaN where that overflows.

    Of normals (M, S) alone they are Z C^T with C of `square_root`.  With `lead` (M, Q, H) each group of Q draws has one
    row of the normals, and its own components along the heads; slices of the draws begin with a group.
    """
    strata = 1 if lead is None else lead.shape[1]
    if not np.isfinite(covariance).all():
        return lambda rows: np.full((len(range(*rows.indices(len(normals) * strata))), len(covariance)), np.nan)
    if lead is None:
        return _products(normals, square_root(covariance))
    onto, root = led_root(covariance, lead.shape[2])
    rest = _products(normals, root)

    def draws(rows: slice) -> Array:
        first, last, _ = rows.indices(len(normals) * strata)
        groups = slice(first // strata, -(-last // strata))
        along = lead[groups]
        each = along.reshape(-1, along.shape[2]) @ onto.T
        each.reshape(len(along), strata, -1)[...] += rest(groups)[:, None]
        return np.asarray(each[: last - first])

    return draws


def _products(normals: Array, root: Array) -> Draws:
    """Z C^T of slices of the normals Z."""
    if len(root) < WIDE or np.triu(root, 1).any():
        return lambda rows: np.asarray(normals[rows] @ root.T)
    return _Blocks(normals, root)


class _Blocks:
    """Z C^T of slices of the normals Z, C lower triangular: made a block of rows at a time, as slices come in order."""

    def __init__(self, normals: Array, root: Array) -> None:
        self.normals, self.root = normals, root
        self.rows = max(1, _BLOCK // len(root))
        self.at, self.block = -1, normals[:0]

    def __call__(self, rows: slice) -> Array:
        first, last, _ = rows.indices(len(self.normals))
        pieces = list[Array]()
        for at in range(first // self.rows, -(-last // self.rows)):
            if at != self.at:
                self.at = at
                self.block = times_lower(self.normals[at * self.rows : (at + 1) * self.rows], self.root)
            before = at * self.rows
            pieces.append(self.block[max(0, first - before) : last - before])
        return pieces[0] if len(pieces) == 1 else np.concatenate([self.block[:0], *pieces])


@dataclass(frozen=True)
class Led:
    """Covariances (..., S, S) by heads: `lead` (..., S, H), and lower triangular `root` (..., S, S) where `settled`.

    Elsewhere a covariance is near singular beyond what `lead` takes of it, or a head's sum hardly moves, and root is
    not to be used.
    """

    lead: Array
    root: Array
    settled: Flags


def led(covariance: Array, heads: int) -> Led:
    """What of finite covariances (..., S, S) moves with the sums of each of so many heads, and a root of the rest.

    A head's last neuron has no normal of its own: given its head's sum and the others it is known.
    """
    lead, moves = _lead(covariance, heads)
    rest = lead @ np.swapaxes(lead, -1, -2)
    np.subtract(covariance, rest, out=rest)
    variances, neurons = np.diagonal(covariance, axis1=-2, axis2=-1), covariance.shape[-1]
    last = np.arange(neurons // heads - 1, neurons, neurons // heads)
    rest[..., last, last] += variances[..., last]  # what is known has variance 0 there: so there is a Cholesky factor
    root = _lower(rest)
    own = np.square(np.diagonal(root, axis1=-2, axis2=-1))
    settled = np.asarray(moves & ((own >= CLOSE * variances) & (variances > 0)).all(axis=-1))
    root[..., last] = 0.0
    return Led(lead, root, settled)


def led_root(covariance: Array, heads: int) -> tuple[Array, Array]:
    """(lead, root) of one finite covariance (S, S) by so many heads; root is symmetric where `led` is not settled."""
    found = led(covariance, heads)
    if found.settled:
        return found.lead, found.root
    lead = found.lead
    deviation, correlations = correlated(covariance)
    scaled = lead * _inverse(deviation)[:, None]
    return lead, _symmetric(correlations - scaled @ scaled.T) * deviation[:, None]


def _lead(covariance: Array, heads: int) -> tuple[Array, Flags]:
    """`lead` (..., S, H) of covariances, 0 for a head whose sum hardly moves, and whether every head's does."""
    neurons = covariance.shape[-1]
    filters = neurons // heads
    lead = covariance.reshape(*covariance.shape[:-1], heads, filters).sum(axis=-1)
    variances = np.diagonal(covariance, axis1=-2, axis2=-1)
    moves = np.ones(covariance.shape[:-2], dtype=np.bool_)
    for h in range(heads):
        own, onto = slice(h * filters, (h + 1) * filters), lead[..., h]
        for before in range(h):
            along = lead[..., before]
            onto -= along[..., own].sum(axis=-1)[..., None] * along
        square = onto[..., own].sum(axis=-1)
        known = (square >= CLOSE * variances[..., own].sum(axis=-1)) & (square > 0)
        onto *= np.where(known, 1.0 / np.sqrt(np.where(known, square, 1.0)), 0.0)[..., None]
        moves &= known
    return lead, moves


def lower_root(covariance: Array) -> tuple[Array, Flags]:
    """Cholesky factors of finite covariances (..., S, S), and where each neuron's variance is its own (...).

    That is, where given the neurons before it at least `CLOSE` of it is left.
    """
    deviation, correlations = correlated(covariance)
    lower = _lower(correlations)
    settled = (np.square(np.diagonal(lower, axis1=-2, axis2=-1)) >= CLOSE).all(axis=-1)
    return lower * deviation[..., None], np.asarray(settled)


def square_root(covariance: Array) -> Array:
    """C with C C^T = covariance (S, S), symmetric positive semidefinite; negative eigenvalues count as 0.

    C = D L with D the standard deviations and R = L L^T the correlations, so that small neurons next to large ones keep
    their own relative accuracy.  L is the Cholesky factor where every neuron's variance given those before it is at
    least `CLOSE` of its own, and the symmetric root R^(1/2) elsewhere, which depends continuously on a singular R (a
    Cholesky factor and an eigenvector basis do not).  A covariance that is not finite has no root: NaN.
    """
    if not np.isfinite(covariance).all():
        return np.full_like(covariance, np.nan)
    lower, settled = lower_root(covariance)
    if settled:
        return lower
    deviation, correlations = correlated(covariance)
    return _symmetric(correlations) * deviation[:, None]


def correlated(covariance: Array) -> tuple[Array, Array]:
    """Standard deviations (..., S) and correlations (..., S, S) of covariances; a neuron that is 0 has 0 with all."""
    deviation = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    inverse = _inverse(deviation)
    correlations = covariance * inverse[..., None, :]
    correlations *= inverse[..., :, None]
    return deviation, correlations


def _inverse(deviation: Array) -> Array:
    """1/deviation; 0 of a neuron that is 0."""
    return np.asarray(np.where(deviation > 0, 1.0 / np.where(deviation > 0, deviation, 1.0), 0.0))


def _symmetric(correlations: Array) -> Array:
    """The symmetric root; negative eigenvalues count as 0."""
    values, vectors = np.linalg.eigh(correlations)
    root: Array = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root


def _lower(matrices: Array) -> Array:
    """Cholesky factors of symmetric matrices (..., S, S); 0 where one has none."""
    if matrices.ndim == 2 and len(matrices) >= WIDE:
        factor = cholesky(matrices)
        return np.zeros_like(matrices) if factor is None else factor
    try:
        return np.asarray(np.linalg.cholesky(matrices))
    except np.linalg.LinAlgError:
        factors = np.zeros_like(matrices)
        if matrices.ndim == 2:
            return factors
        for at in np.ndindex(*matrices.shape[:-2]):
            factors[at] = _lower(matrices[at])
        return factors
