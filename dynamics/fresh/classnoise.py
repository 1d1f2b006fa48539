"""Class-dependent noise A_y zeta: its coordinates' laws, and what fresh noise does to the neurons along a trajectory.

Xu and Chen, arXiv:2502.11893, Section 2.  A fresh noise vector meets training through its pre-activations <w_s(t), xi>
alone, and one set of draws is followed through every state, so that curves over t are smooth.  Gaussian noise off the
spikes is drawn in the neurons, from W(t) P W(t)^T, for draws with or without vectors; other noise, and a caller's own
matrices, in d dimensions, once, as its inner products with W(0) and the directions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Indices
from ..chance.gram import Reduced, symmetric
from ..chance.normals import standard_normal
from ..errors import RangeError
from ..geometry.distances import unit_inverse
from .roots import Draws, coloured

SHAPES = ("gaussian", "uniform", "rademacher")


def standardised(rng: np.random.Generator, shape: str, size: tuple[int, ...], *numbers: float) -> Array:
    """Independent entries of mean 0 and variance 1: "gaussian", "uniform" on +-sqrt(3), or "rademacher" +-1.

    Also "student" with so many degrees of freedom, above 2, and "sparse" with such a share of Gaussian ones, else 0.

    Raises RangeError for another shape.
    """
    if shape == "gaussian":
        own = isinstance(rng, np.random.Generator)  # else a stream that keeps its normals
        return standard_normal(rng, size) if own else rng.standard_normal(size)
    if shape == "uniform":
        return rng.uniform(-np.sqrt(3.0), np.sqrt(3.0), size)
    if shape == "rademacher":
        return 2.0 * rng.integers(0, 2, size).astype(np.float64) - 1.0
    if shape == "student":
        (freedom,) = numbers
        return np.asarray(rng.standard_t(freedom, size) * np.sqrt((freedom - 2.0) / freedom))
    if shape == "sparse":
        (share,) = numbers
        return np.asarray(np.where(rng.random(size) < share, rng.standard_normal(size), 0.0) / np.sqrt(share))
    raise RangeError(f"entries: {shape!r}; expected one of {', '.join(SHAPES)}")


@dataclass(frozen=True)
class Spiked:
    """Matrices A_k = spread (P - sum_c v_c v_c^T) + sum_c scale[k, c] v_c v_c^T, known by inner products.

    P projects off the directions `off` (indices on the direction axis); the C spikes v_c are orthonormal and orthogonal
    to these.  z (S, C) = <w_s(0), v_c>; gram (B, C) = <v_b, v_c>; scale (K, C); spikes (C, d), None for a Gram draw.
    Those of R runs are one, of arrays with a leading axis, `spread` (R,).
    """

    spread: float | Array
    scale: Array
    off: Indices
    z: Array
    gram: Array
    spikes: Array | None

    @property
    def shared(self) -> bool:
        """Whether all classes have the same noise."""
        return not self.scale.shape[-1]

    @property
    def square(self) -> Array:
        """spread^2, to be multiplied with matrices."""
        return np.asarray(self.spread)[..., None, None] ** 2


@dataclass(frozen=True)
class Matrices:
    """A caller's own matrices A (K, d, d)."""

    A: Array

    @property
    def shared(self) -> bool:
        """Whether all classes have the same noise: not known, so no."""
        return False


@dataclass(frozen=True)
class NoiseStart:
    """A draw's inner products, and its vectors V (B, d) and filters W(0) (S, d) where it has them."""

    reduced: Reduced
    vectors: Array | None
    weights: Array | None


@dataclass(frozen=True)
class Drawn:
    """N vectors drawn in d dimensions, by their inner products with W(0), onto_w (N, S), and the directions (N, B)."""

    onto_w: Array
    onto_v: Array

    def preactivations(self, z: Array, b: Array, share: float) -> Draws:
        """At W = share W(0) + b V with z = W V^T, (S, B) each."""
        return lambda rows: np.asarray(share * self.onto_w[rows] + self.onto_v[rows] @ b.T)


@dataclass(frozen=True)
class Bulk:
    """Spiked noise off its spikes, of covariance spread^2 P, in the neurons.

    own (S, S) = W(0) P W(0)^T; z (S, B) = W(0) P V^T; onto (O, B), every direction's coefficients on `noise.off`.
    Of R runs, each has a leading axis.
    """

    noise: Spiked
    own: Array
    z: Array
    onto: Array

    @classmethod
    def of(cls, noise: Spiked, start: Reduced) -> Bulk:
        """From a draw's inner products; zero or dependent directions among those projected off are legal."""
        gram, off = start.gram, noise.off
        z = start.z.reshape(*gram.shape[:-2], -1, start.z.shape[-1])
        unit, inside = unit_inverse(gram, off)
        inverse = unit[..., :, None] * unit[..., None, :] * inside
        along = np.take(z, off, axis=-1)
        lines = np.concatenate([along, noise.z], axis=-1)
        own = np.concatenate([along @ inverse, noise.z], axis=-1) @ np.swapaxes(lines, -1, -2)
        np.subtract(start.weight_gram, own, out=own)
        onto = inverse @ np.take(gram, off, axis=-2)
        return cls(noise, symmetric(own, 0.5), _seen(noise, z, noise.z, onto), onto)

    def covariance(self, z: Array, b: Array, share: Array | float, filters: slice = slice(None)) -> Array:
        """spread^2 W P W^T of some of the filters at W = share W(0) + b V, from z = W V^T and b, (..., S, B) each.

        A leading axis, of `share` too, is one of states, or of the runs.
        """
        mine, left = b[..., filters, :], np.asarray(share)[..., None, None]
        lines = left * self.noise.z[..., filters, :] + mine @ self.noise.gram
        # b V P V^T b^T is (W - share W(0)) P V^T b^T: z has the product with the Gram matrix already.
        mean = _seen(self.noise, z[..., filters, :], lines, self.onto)
        mean += left * self.z[..., filters, :]
        added = mean @ np.swapaxes(mine, -1, -2)
        moments = symmetric(added, 0.5 * self.noise.square)
        moments += np.multiply(self.own[..., filters, filters], left**2 * self.noise.square, out=added)
        return moments


def _seen(noise: Spiked, z: Array, lines: Array, onto: Array) -> Array:
    """W P V^T, a new array, from z = W V^T (..., S, B) and the spikes' `lines` (..., S, C); 0 on `noise.off`."""
    left = z - np.take(z, noise.off, axis=-1) @ onto
    if not noise.shared:
        left -= lines @ np.swapaxes(noise.gram, -1, -2)
    left[..., noise.off] = 0.0
    return np.asarray(left)


@dataclass(frozen=True)
class Coloured:
    """N Gaussian vectors off the spikes, by standard normals (M, S), and `lead` (M, Q, H): as in `roots.coloured`."""

    normals: Array
    bulk: Bulk
    lead: Array | None = None

    def preactivations(self, z: Array, b: Array, share: float) -> Draws:
        """At W = share W(0) + b V with z = W V^T, (S, B) each."""
        return coloured(self.normals, self.bulk.covariance(z, b, share), self.lead)


@dataclass(frozen=True)
class Sample:
    """N draws of fresh noise for each of K classes: what classes share, plus a line a spike.

    bulk: the shared part, one where classes share it, else one a class.  draws (N, C) are the spikes' coordinates,
    scale (K, C) their size by class, line_w (C, S) and line_v (C, B) the spikes' inner products with W(0) and the
    directions.
    """

    bulk: tuple[Drawn | Coloured, ...]
    draws: Array
    scale: Array
    line_w: Array
    line_v: Array

    def preactivations(self, z: Array, b: Array, share: float = 1.0) -> Callable[[slice], list[Array]]:
        """<w_s, xi> at W = share W(0) + b V with z = W V^T, (H, m, B) or (S, B) each, for a slice of the draws.

        K arrays (n, S), one a class; a single one where all classes have the same noise.
        """
        flat = b.reshape(-1, b.shape[-1])
        bulk = [part.preactivations(z.reshape(flat.shape), flat, share) for part in self.bulk]
        if not self.draws.shape[1]:
            return lambda rows: [draws(rows) for draws in bulk]
        lines = share * self.line_w + self.line_v @ flat.T

        def spiked(rows: slice) -> list[Array]:
            shared, along = bulk[0](rows), self.draws[rows]
            return [shared + (along * scale) @ lines for scale in self.scale]

        return spiked


@dataclass(frozen=True)
class Along:
    """Draws of class noise of several families along T states: z and b (T, H, m, B), left (T,) of W(0) in W."""

    samples: tuple[Sample, ...]
    z: Array
    b: Array
    left: Array

    def __call__(self, t: int) -> Callable[[slice], list[Array]]:
        """The pre-activations (n, S) of each family and, where they differ, class, for slices of the draws."""
        by_family = [each.preactivations(self.z[t], self.b[t], self.left[t]) for each in self.samples]
        return lambda rows: [each for draws in by_family for each in draws(rows)]


def sample(
    noise: Spiked | Matrices, start: NoiseStart, shape: str, rng: np.random.Generator, size: int,
    numbers: tuple[float, ...] = (), lead: Array | None = None,
) -> Sample:
    """`size` draws of fresh noise; exact in law.  Of Gaussian spiked noise they are in groups where `lead` is given.

    Raises RangeError where the law needs vectors and the draw has none: any but Gaussian spiked noise.
    """
    if isinstance(noise, Spiked) and shape == "gaussian":
        bulk = Bulk.of(noise, start.reduced)
        groups = size if lead is None else len(lead)
        gaussian = Coloured(rng.standard_normal((groups, len(bulk.own))), bulk, lead)
        draws = rng.standard_normal((size, noise.scale.shape[1]))
        return Sample((gaussian,), draws, noise.scale, noise.z.T, noise.gram.T)
    if start.vectors is None or start.weights is None:
        raise RangeError(f"entries: {shape!r} noise has no law of its own in the neurons, so vectors are needed")
    zeta = standardised(rng, shape, (size, start.vectors.shape[1]), *numbers)
    if isinstance(noise, Matrices):
        none = np.zeros((0, len(start.weights))), np.zeros((0, len(start.vectors)))
        by_class = tuple(_drawn(zeta @ A.T, start.weights, start.vectors) for A in noise.A)
        return Sample(by_class, np.zeros((size, 0)), np.zeros((len(noise.A), 0)), *none)
    assert noise.spikes is not None
    draws = zeta @ noise.spikes.T
    xi = zeta - draws @ noise.spikes
    if len(noise.off):
        basis = _basis(start.vectors[noise.off])
        xi -= (xi @ basis.T) @ basis
    xi *= noise.spread
    return Sample((_drawn(xi, start.weights, start.vectors),), draws, noise.scale, noise.z.T, noise.gram.T)


def _drawn(xi: Array, weights: Array, vectors: Array) -> Drawn:
    return Drawn(xi @ weights.T, xi @ vectors.T)


@dataclass(frozen=True)
class Covariances:
    """The neurons' second moments W Sigma_k W^T of fresh noise along a trajectory, for filters that belong together."""

    noise: Spiked | Matrices
    start: NoiseStart
    bulk: Bulk | None

    @classmethod
    def of(cls, noise: Spiked | Matrices, start: NoiseStart) -> Covariances:
        """From the draw; a caller's matrices need its vectors."""
        return cls(noise, start, Bulk.of(noise, start.reduced) if isinstance(noise, Spiked) else None)

    def block(self, k: int, z: Array, b: Array, share: float, filters: slice) -> Array:
        """W Sigma_k W^T of the filters in the slice of (S,) at W = share W(0) + b V with z = W V^T, (S, B) each."""
        mine = b[filters]
        if isinstance(self.noise, Matrices):
            assert self.start.vectors is not None and self.start.weights is not None
            mapped = (share * self.start.weights[filters] + mine @ self.start.vectors) @ self.noise.A[k]
            return np.asarray(mapped @ mapped.T)
        assert self.bulk is not None
        lines = (share * self.noise.z[filters] + mine @ self.noise.gram) * self.noise.scale[k]
        return np.asarray(self.bulk.covariance(z, b, share, filters) + lines @ lines.T)


def _basis(rows: Array) -> Array:
    """Orthonormal rows with the same span; zero or dependent rows are legal."""
    _, values, right = np.linalg.svd(rows, full_matrices=False)
    kept: Array = right[values > max(rows.shape) * np.finfo(np.float64).eps * max(values.max(initial=0.0), 1e-300)]
    return kept
