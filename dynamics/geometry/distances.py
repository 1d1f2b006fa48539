"""Weight geometry from the reduced state: W W^T, norms and distances along a trajectory, without a weight.

With W(t) = a W(0) + b V, the scale a(t) being 1 unless weights decay, every quantity here is a function of a(t),
K0 = W(0) W(0)^T, z0 = W(0) V^T, G = V V^T and b(t)
(PEGR, arXiv:2303.17940, Definition 5.2, is the case of one signal and n noise directions).  A leading time axis is
optional throughout: b is (..., H, m, B), scale (...), z0 is (H, m, B), S = H m, and filters in (S, S) stand as in
(H, m) flattened.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import Array, Indices
from ..chance.gram import Reduced


def weight_gram(start: Reduced, b: Array, scale: Array | float = 1.0) -> Array:
    """W W^T = a^2 K0 + a (z0 b^T + b z0^T) + b G b^T, (..., S, S), symmetric to the last bit."""
    flat, share = _flat(b), np.asarray(scale)[..., None, None]
    whole = bool((share == 1.0).all())  # times 1 is left out, and nothing is copied: it is done for many runs
    # Half of b G b^T goes to each side, so that the sum is one product and its transpose.
    inner = flat @ start.gram
    inner *= 0.5
    inner += _flat(start.z) if whole else share * _flat(start.z)
    half = inner @ np.swapaxes(flat, -1, -2)
    among = half + np.swapaxes(half, -1, -2)
    among += start.weight_gram if whole else share**2 * start.weight_gram
    return among


def project_off(start: Reduced, off: Indices) -> Reduced:
    """The start with every vector's component in the span of the directions `off` removed.

    `weight_gram(project_off(start, off), b)` is then W_perp W_perp^T: nothing that grows along those directions enters
    it, so nothing large is subtracted later.  Their own rows of `gram` and columns of `z` are exactly 0; directions
    already orthogonal to them are unchanged.  Zero or dependent directions among `off` are legal.

    Args:
        start: z (..., H, m, B) or (S, B), gram (..., B, B), weight_gram (..., S, S).
        off: indices on the direction axis.
    """
    across, filters, inverse = _along(start, off)
    left, gram = _flat(start.z).copy(), start.gram.copy()
    others = np.ones(gram.shape[-1], dtype=np.bool_)
    others[off] = False
    if across[..., others, :].any():  # else nothing is subtracted from what stays
        left -= filters @ inverse @ np.swapaxes(across, -1, -2)
        gram -= across @ inverse @ np.swapaxes(across, -1, -2)
        gram = 0.5 * (gram + np.swapaxes(gram, -1, -2))
    left[..., off] = 0.0
    gram[..., off, :] = 0.0
    gram[..., off] = 0.0
    return Reduced(left.reshape(start.z.shape), gram, _weights_off(start, filters, inverse))


def projected_gram(start: Reduced, off: Indices, b: Array, scale: Array, factor: Array | float) -> Array:
    """factor W P W^T (..., S, S), P projecting off the directions `off`; not finite, without a warning, if W is not.

    b (T, H, m, B), scale (T,) and factor (T, 1, 1) or a number; the start is one, or T.
    """
    from ..lanes import products  # compiled, and loaded where there is something to judge

    flat = _flat(b)
    if len(off) < 2 and max(flat.shape[1:]) <= products.LARGEST:
        return _small(start, int(off[0]) if len(off) else -1, flat, scale, factor)
    if len(off):
        rest = set_aside(start, off)
        start, b = (project_off(start, off), b) if rest is None else (rest, b[..., len(off) :])
    with np.errstate(over="ignore", invalid="ignore"):
        among = weight_gram(start, b, scale)
        among *= factor
        return among


def _small(start: Reduced, off: int, b: Array, scale: Array, factor: Array | float) -> Array:
    """`projected_gram` off one direction, or none if it is -1, of few vectors and filters."""
    from ..lanes import products

    count = len(b)
    (z, gram), of = _rows([_flat(start.z), start.gram], count)
    (own,), weights_of = _rows([start.weight_gram], count)
    factors = np.broadcast_to(np.reshape(factor, -1), (count,))
    return products.weight_grams(b, gram, z, of, own, weights_of, off, np.broadcast_to(scale, (count,)), factors)


def _rows(arrays: Sequence[Array], count: int) -> tuple[list[Array], Indices]:
    """Arrays of one run or of `count`, one row each where all have the same, and which of the rows each has."""
    single = arrays[0].ndim == 2 or len(arrays[0]) == 1 or arrays[0].strides[0] == 0
    rows = [each[None] if each.ndim == 2 else each[:1] if single else each for each in arrays]
    of = np.zeros(count, dtype=np.int64) if single else np.arange(count)
    return rows, of


def set_aside(start: Reduced, off: Indices) -> Reduced | None:
    """`project_off` on the other directions alone, as views; None unless `off` come first, orthogonal to the others."""
    count = len(off)
    if (off != np.arange(count)).any():
        return None
    across, filters, inverse = _along(start, off)
    if across[..., count:, :].any():
        return None
    return Reduced(start.z[..., count:], start.gram[..., count:, count:], _weights_off(start, filters, inverse))


def _along(start: Reduced, off: Indices) -> tuple[Array, Array, Array]:
    """Along unit vectors of the directions `off`: all directions (..., B, f), filters (..., S, f), and an inverse.

    That is of the unit vectors' own inner products, (..., f, f).
    """
    unit, inverse = unit_inverse(start.gram, off)
    return start.gram[..., off] * unit[..., None, :], _flat(start.z)[..., off] * unit[..., None, :], inverse


def _weights_off(start: Reduced, filters: Array, inverse: Array) -> Array:
    """W P W^T (..., S, S), from what `_along` gives."""
    sides = filters @ inverse, np.swapaxes(filters, -1, -2)
    # A library's products of one term are slow.
    own = sides[0] * sides[1] if inverse.shape[-1] == 1 else sides[0] @ sides[1]
    np.subtract(start.weight_gram, own, out=own)
    among = own + np.swapaxes(own, -1, -2)
    among *= 0.5
    return np.asarray(among)


def unit_inverse(gram: Array, off: Indices) -> tuple[Array, Array]:
    """1/length (..., f) of the directions `off`, and a pseudo-inverse (..., f, f) of their unit vectors' products.

    A direction of length 0, or too short for its square to be a normal number, has 0 in both; where gram (..., B, B) is
    not finite, nor is the inverse of more than one.
    """
    inside = gram[..., off[:, None], off]
    square = np.diagonal(inside, axis1=-2, axis2=-1)
    known = square >= np.finfo(np.float64).tiny
    unit = np.where(known, 1.0 / np.sqrt(np.where(known, square, 1.0)), 0.0)
    # Unit directions first: the rank is then judged by angles, not by how different the lengths are.
    return unit, _pinv(inside * (unit[..., :, None] * unit[..., None, :]))


def _pinv(inside: Array) -> Array:
    """Pseudo-inverses of symmetric matrices (..., f, f); NaN of one that is not finite, which has no decomposition."""
    if inside.shape[-1] == 1:  # the same bits without a decomposition, which takes longer than all else here
        return np.divide(1.0, inside, out=np.zeros_like(inside), where=np.abs(inside) > 0)
    finite = np.isfinite(inside).all(axis=(-2, -1))
    if finite.all():
        return np.asarray(np.linalg.pinv(inside, hermitian=True))
    inverse = np.full_like(inside, np.nan)
    inverse[finite] = np.linalg.pinv(inside[finite], hermitian=True)
    return inverse


def neuron_norms(start: Reduced, b: Array, scale: Array | float = 1.0) -> Array:
    """||w_{h,r}||, (..., H, m); a square that rounds below 0 counts as 0."""
    share = np.asarray(scale)[..., None, None]
    change = np.einsum("...b,...b->...", 2.0 * share[..., None] * start.z + b @ start.gram, b)
    squares = share**2 * np.diag(start.weight_gram).reshape(start.z.shape[:-1]) + change
    norms: Array = np.sqrt(np.maximum(squares, 0.0))
    return norms


def weight_norm(start: Reduced, b: Array, scale: Array | float = 1.0) -> Array:
    """||W||_F, (...)."""
    norms: Array = np.sqrt(np.sum(neuron_norms(start, b, scale) ** 2, axis=(-2, -1)))
    return norms


def movement(b: Array, gram: Array) -> Array:
    """||W - a W(0)||_F = ||b V||_F, (...)."""
    squares = np.einsum("...b,...b->...", b @ gram, b).sum(axis=(-2, -1))
    norms: Array = np.sqrt(np.maximum(squares, 0.0))
    return norms


def distance(b: Array, target: Array, gram: Array) -> Array:
    """||W - W*||_F for W* = a W(0) + sum_b target_b v_b, (...); target is (H, m, B)."""
    return movement(b - target, gram)


def decayed_distance(start: Reduced, b: Array, target: Array, scale: Array) -> Array:
    """||W - W*||_F for W* = W(0) + sum_b target_b v_b, whatever the scale a of W = a W(0) + b V is, (...)."""
    return weight_norm(start, b - target, scale - 1.0)


def _flat(values: Array) -> Array:
    """(..., H, m, B) as (..., H m, B); (S, B) as it is."""
    if values.ndim == 2:
        return values
    return values.reshape(*values.shape[:-3], values.shape[-3] * values.shape[-2], values.shape[-1])
