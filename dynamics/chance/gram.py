"""Gram matrices and initial pre-activations: from vectors, or sampled directly at any dimension.

The reduced dynamics starts from G = V V^T, z = W V^T and W W^T alone.  Where noise and filters are Gaussian these can
be drawn without a vector of length d: in an orthonormal basis built from the vectors themselves, one after another, a
Gaussian matrix X (p, D) is X = T Q with orthonormal rows in Q and T lower trapezoidal, (p, min(p, D)), with
independent entries: T_kk ~ chi with D - k degrees of freedom, T_kl ~ N(0, 1) for l < k (Bartlett 1933; for D < p the
singular Wishart law).  Q drops out of every inner product, so the cost does not depend on d and the law is exact.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Flags, Indices
from ..errors import RangeError
from ..triangular import WIDE, times_lower
from .bartlett import Begun, columns_of

_SHORT = np.finfo(np.float64).tiny / np.finfo(np.float64).eps  # squares below are denormal, or about to be


@dataclass(frozen=True)
class Reduced:
    """What training sees of the vectors: z (S, B) = W V^T, gram (B, B) = V V^T, weight_gram (S, S) = W W^T."""

    z: Array
    gram: Array
    weight_gram: Array


def reduce(vectors: Array, weights: Array) -> Reduced:
    """Inner products of directions V (B, d) and filters W (S, d) or (H, m, d); z has the leading shape of W.

    V may end before W does: its further coordinates are 0.
    """
    z = onto(weights[..., : vectors.shape[-1]], vectors)
    return Reduced(z=z, gram=own(vectors), weight_gram=own(weights.reshape(-1, weights.shape[-1])))


def onto(weights: Array, vectors: Array) -> Array:
    """<w, v_b> of filters (..., d) and directions (B, d), (..., B)."""
    flat = weights.reshape(-1, weights.shape[-1])
    with np.errstate(over="ignore", invalid="ignore"):  # as in `own`
        return np.ascontiguousarray((flat @ vectors.T).reshape(*weights.shape[:-1], len(vectors)))


def own(vectors: Array) -> Array:
    """V V^T of vectors (..., B, d), made symmetric to the last bit, whatever order the library summed in."""
    with np.errstate(over="ignore", invalid="ignore"):  # a run refuses what is not finite, in a sentence
        return symmetric(vectors @ np.swapaxes(vectors, -1, -2), 0.5)


def symmetric(matrices: Array, scale: Array | float) -> Array:
    """scale (A + A^T) of matrices A (..., S, S), new arrays."""
    both: Array = matrices + np.swapaxes(matrices, -1, -2)
    both *= scale
    return both


@dataclass(frozen=True)
class Ensemble:
    """f fixed directions, n Gaussian noise vectors and S Gaussian filters in dimension d.

    Attributes:
        fixed_gram: (f, f), Gram matrix of the fixed directions, positive definite; f may be 0.
        noise_std: (n,), standard deviation a coordinate of each noise vector; n may be 0.
        along: (n, f), whether noise vector i has a component along vector k of the Gram-Schmidt basis of the fixed
            directions (for mutually orthogonal ones: along direction k).  False is exactly orthogonal; a number is that
            component's standard deviation over the vector's own.
        filters: S.
        filter_std: the filters' standard deviation a coordinate.
        d: a whole number >= f, as a float; 2.7e43 costs what 400 costs.
        fixed_root: (f, f), lower triangular with fixed_root fixed_root^T = fixed_gram, for vectors so short that their
            squares leave the normal numbers; not needed otherwise, but taken with `as_given`.
    """

    fixed_gram: Array
    noise_std: Array
    along: Flags | Array
    filters: int
    filter_std: float
    d: float
    fixed_root: Array | None = None
    as_given: bool = False


def sample(data: np.random.Generator, init: np.random.Generator, ensemble: Ensemble) -> Reduced:
    """One draw of z (S, f + n), gram (f + n, f + n), fixed directions first, and weight_gram (S, S); exact in law.

    Raises as `coordinates`, whose vectors' inner products these are.
    """
    return reduced(standard(rows_of(data), rows_of(init), *counts(ensemble)), ensemble)


def reduced(drawn: Standard, ensemble: Ensemble) -> Reduced:
    """What training sees of a standard draw of the ensemble's counts."""
    numbers = (np.asarray(each, dtype=np.float64)[None] for each in
               (_root(ensemble), ensemble.along, ensemble.noise_std, ensemble.filter_std))
    found = reduced_all([drawn], np.zeros(1, dtype=np.intp), *numbers)
    return Reduced(found.z[0], found.gram[0], found.weight_gram[0])


def reduced_all(
    drawn: Sequence[Standard], which: Indices, root: Array, along: Flags | Array, noise_std: Array, filter_std: Array
) -> Reduced:
    """`reduced` of R runs, each with the bits that it has alone: of the standard draws run r has which[r].

    root (R, f, f), along (R, n, f), noise_std (R, n), filter_std (R,).  Inner products of filters that all runs have
    alike are one array, not to be written to.
    """
    shared = len(drawn) == 1 and bool((filter_std == filter_std[0]).all())
    runs, few = len(which), slice(1 if shared else None)
    with np.errstate(over="ignore", invalid="ignore"):  # a run refuses what is not finite, in a sentence
        apart = _stacked([each.among for each in drawn])
        among = (apart if shared else apart[which]) * np.square(filter_std[few])[:, None, None]
        noise, filters = _stacked([each.noise for each in drawn]), _stacked([each.filters for each in drawn])
        z, gram = _products(noise, filters, which, root, along, noise_std, filter_std)
    return Reduced(z, gram, np.broadcast_to(among, (runs, *among.shape[1:])))


def _products(
    noise: Array, filters: Array, which: Indices, root: Array, along: Flags | Array, noise_std: Array,
    filter_std: Array,
) -> tuple[Array, Array]:
    """z (R, S, B) and gram (R, B, B) of `reduced_all`, from standard noise (U, n, C) and filters (U, S, C)."""
    from ..lanes import products  # compiled, and loaded where there is something to draw

    runs, vectors, count = len(which), root.shape[-1] + noise_std.shape[-1], filters.shape[-2]
    if max(vectors, count) > products.LARGEST:
        directions = placed(noise if len(noise) == 1 else noise[which], root, along, noise_std)
        z = [_onto_placed(filters[k], *of) for k, *of in zip(which, directions, filter_std, strict=True)]
        return _stacked(z), own(directions)
    rows = np.asarray(which, dtype=np.int64)
    given = [np.broadcast_to(np.asarray(each, dtype=np.float64), (runs, *each.shape[1:]))
             for each in (root, along, noise_std, filter_std)]
    return products.reduced(noise, rows, filters, rows, *given)


def _stacked(arrays: Sequence[Array]) -> Array:
    """Arrays along a new first axis; one alone is not copied."""
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)


def _onto_placed(filters: Array, directions: Array, filter_std: float) -> Array:
    """W V^T (S, B) of standard filters (S, C) and one draw's `placed` directions (B, C'), C' <= C."""
    columns = directions.shape[-1]
    if len(directions) == columns >= WIDE:
        return times_lower(filters[:, :columns], directions, filter_std)
    return (filters[:, :columns] @ directions.T) * filter_std


def coordinates(
    data: np.random.Generator, init: np.random.Generator, ensemble: Ensemble
) -> tuple[Array, Array]:
    """Directions (f + n, C), fixed ones first and lower triangular, and filters (S, R) in a basis built from them.

    C = min(f + n, R): past it the directions are 0.

    `data` is the noise vectors' stream, `init` the filters'.

    Raises:
        RangeError: d is not a whole number or is below f.
        numpy.linalg.LinAlgError: `fixed_gram` is not positive definite.
    """
    drawn = standard(rows_of(data), rows_of(init), *counts(ensemble))
    directions = placed(drawn.noise, _root(ensemble), ensemble.along, ensemble.noise_std)
    return directions, ensemble.filter_std * drawn.filters


def counts(ensemble: Ensemble) -> tuple[int, int, int, float]:
    """What the draw's randomness depends on: fixed directions, noise vectors, filters and d.

    Raises RangeError as `coordinates`.
    """
    f = len(ensemble.fixed_gram)
    if ensemble.d < f or ensemble.d != np.floor(ensemble.d):
        raise RangeError(f"d: {ensemble.d:g} with {f} fixed directions; expected a whole number of at least {f}")
    return f, len(ensemble.noise_std), ensemble.filters, ensemble.d


def _root(ensemble: Ensemble) -> Array:
    """The fixed directions' coordinates (f, f)."""
    given = ensemble.fixed_root
    return given if ensemble.as_given and given is not None else fixed_root(ensemble.fixed_gram, given)


@dataclass(frozen=True)
class Standard:
    """Noise (..., n, R) and filters (..., S, R) of standard deviation 1 a coordinate; a leading axis is of runs.

    R = f + min(n + S, d - f): coordinates along the fixed directions, then Bartlett's.
    """

    noise: Array
    filters: Array

    @functools.cached_property
    def among(self) -> Array:
        """Inner products of the filters (..., S, S): cells of a grid share them; not to be written to."""
        return own(self.filters)


Rows = Callable[[int, int, int, int], tuple[Begun, np.random.Generator]]
"""Rows of a stream that any dimension has, of sizes as `Begun.of` takes them, and the stream from there on."""


def rows_of(rng: np.random.Generator) -> Rows:
    """Drawn now."""
    return lambda *sizes: (Begun.of(rng, *sizes), rng)


def standard(data: Rows, init: Rows, f: int, n: int, filters: int, d: float) -> Standard:
    """What is random of a draw, whatever its lengths and deviations are."""
    left, columns = d - f, columns_of(f, n, filters, d)
    of_each = data(n, f, columns, 0), init(filters, f, columns, n)
    return Standard(*[begun.closed(rng, left) for begun, rng in of_each])


def placed(noise: Array, root: Array, along: Flags | Array, noise_std: Array) -> Array:
    """Directions (..., f + n, C), fixed ones first: standard noise (..., n, R) with its lengths.

    root (..., f, f) is `fixed_root`, along (..., n, f) as in `Ensemble`, noise_std (..., n).
    """
    f, n = root.shape[-1], noise_std.shape[-1]
    columns = min(f + n, noise.shape[-1])  # a vector has no component along those that come after it
    directions = np.zeros((*noise_std.shape[:-1], f + n, columns))
    directions[..., :f, :f] = root
    lengthen(noise, along, noise_std, directions[..., f:, :])
    return directions


def lengthen(noise: Array, along: Flags | Array, noise_std: Array, out: Array) -> None:
    """Fills `out` (..., n, C) with standard noise (..., n, R), R >= C, of its lengths, as in `placed`."""
    f, columns = along.shape[-1], out.shape[-1]
    np.multiply(noise[..., f:columns], noise_std[..., None], out=out[..., f:])
    if np.any(along):
        out[..., :f] = np.where(along, along * noise[..., :f], 0.0) * noise_std[..., None]
    else:
        out[..., :f] = 0.0


def fixed_root(gram: Array, given: Array | None = None) -> Array:
    """Cholesky factors of the fixed directions' Gram matrices (..., f, f).

    Where squares have lost their digits it is the `given` root, if there is one.
    """
    if not gram.shape[-1]:
        return np.zeros(gram.shape)
    short = np.asarray((np.diagonal(gram, axis1=-2, axis2=-1) < _SHORT).any(axis=-1))[..., None, None]
    if given is None or not short.any():
        if gram.shape[-1] == 1 and (gram > 0).all():  # the same bits without a library's call for each
            return np.asarray(np.sqrt(gram))
        return np.asarray(np.linalg.cholesky(gram))
    return np.where(short, given, np.linalg.cholesky(np.where(short, np.eye(gram.shape[-1]), gram)))
