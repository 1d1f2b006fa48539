"""Class-dependent noise A_y zeta: its coordinates' laws, and what fresh noise does to the neurons along a trajectory.

Xu and Chen, arXiv:2502.11893, Section 2.  A fresh noise vector meets training through its pre-activations
<w_s(t), xi> = <w_s(0), xi> + sum_b b_{s,b}(t) <v_b, xi> alone.  So a sample of fresh noise is drawn once, as its inner
products with W(0) and with the directions, and followed through every state: curves over t are smooth, and no state
costs more than one product.  Gaussian noise needs no vector: the joint law of these products is in the Gram matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import geometry
from .gram import Reduced
from .testlaw import square_roots

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

SHAPES = ("gaussian", "uniform", "rademacher")


def standardised(rng: np.random.Generator, shape: str, size: tuple[int, ...]) -> Array:
    """Independent entries of mean 0 and variance 1: "gaussian", "uniform" on +-sqrt(3), or "rademacher" +-1.

    Raises ValueError for another shape.
    """
    if shape == "gaussian":
        return rng.standard_normal(size)
    if shape == "uniform":
        return rng.uniform(-np.sqrt(3.0), np.sqrt(3.0), size)
    if shape == "rademacher":
        return 2.0 * rng.integers(0, 2, size).astype(np.float64) - 1.0
    raise ValueError(f"entries: {shape!r}; expected one of {', '.join(SHAPES)}")


@dataclass(frozen=True)
class Spiked:
    """Matrices A_k = spread (P - sum_c v_c v_c^T) + sum_c scale[k, c] v_c v_c^T, known by inner products.

    P projects off the directions `off` (indices on the direction axis); the C spikes v_c are orthonormal and orthogonal
    to these.  z (S, C) = <w_s(0), v_c>; gram (B, C) = <v_b, v_c>; scale (K, C); spikes (C, d), None for a Gram draw.
    """

    spread: float
    scale: Array
    off: Indices
    z: Array
    gram: Array
    spikes: Array | None


@dataclass(frozen=True)
class Matrices:
    """A caller's own matrices A (K, d, d)."""

    A: Array


@dataclass(frozen=True)
class Start:
    """A draw's inner products, and its vectors V (B, d) and filters W(0) (S, d) where it has them."""

    reduced: Reduced
    vectors: Array | None
    weights: Array | None


@dataclass(frozen=True)
class Sample:
    """N draws of fresh noise for each of K classes: what classes share, plus a line a spike.

    onto_w and onto_v: (N, S) and (N, B), inner products of the shared part with W(0) and the directions; one of each
    where classes share it, else one a class.  draws (N, C) are the spikes' coordinates, scale (K, C) their size by
    class, line_w (C, S) and line_v (C, B) the spikes' own inner products.
    """

    onto_w: tuple[Array, ...]
    onto_v: tuple[Array, ...]
    draws: Array
    scale: Array
    line_w: Array
    line_v: Array

    def preactivations(self, b: Array, share: float = 1.0) -> list[Array]:
        """<w_s, xi> of each draw for each class at W = share W(0) + b V, b (H, m, B) or (S, B): K arrays (N, S)."""
        flat = b.reshape(-1, b.shape[-1])
        shared = [share * w + v @ flat.T for w, v in zip(self.onto_w, self.onto_v, strict=True)]
        lines = share * self.line_w + self.line_v @ flat.T
        classes = len(self.scale)
        bulk = shared * classes if len(shared) == 1 else shared
        return [bulk[k] + (self.draws * self.scale[k]) @ lines for k in range(classes)]


def sample(noise: Spiked | Matrices, start: Start, shape: str, rng: np.random.Generator, size: int) -> Sample:
    """`size` draws of fresh noise; exact in law.

    Raises ValueError where the law needs vectors and the draw has none: any but Gaussian spiked noise.
    """
    if isinstance(noise, Spiked) and shape == "gaussian":
        return _spiked_gaussian(noise, start, rng, size)
    if start.vectors is None or start.weights is None:
        raise ValueError(f"entries: {shape!r} noise has no law of its own in the neurons, so vectors are needed")
    zeta = standardised(rng, shape, (size, start.vectors.shape[1]))
    if isinstance(noise, Matrices):
        xi = [zeta @ A.T for A in noise.A]
        none = np.zeros((0, len(start.weights))), np.zeros((0, len(start.vectors)))
        return Sample(
            tuple(x @ start.weights.T for x in xi), tuple(x @ start.vectors.T for x in xi),
            np.zeros((size, 0)), np.zeros((len(noise.A), 0)), *none,
        )
    assert noise.spikes is not None
    draws = zeta @ noise.spikes.T
    bulk = zeta - draws @ noise.spikes
    if len(noise.off):
        basis = _basis(start.vectors[noise.off])
        bulk -= (bulk @ basis.T) @ basis
    bulk *= noise.spread
    return Sample((bulk @ start.weights.T,), (bulk @ start.vectors.T,), draws, noise.scale, noise.z.T, noise.gram.T)


def _spiked_gaussian(noise: Spiked, start: Start, rng: np.random.Generator, size: int) -> Sample:
    """From inner products alone: the bulk's are Gaussian, with what is left of the Gram matrix as covariance."""
    rest = _bulk(noise, start.reduced)
    filters = len(rest.weight_gram)
    joint = np.block([[rest.weight_gram, rest.z], [rest.z.T, rest.gram]])
    drawn = noise.spread * (rng.standard_normal((size, len(joint))) @ square_roots(joint).T)
    draws = rng.standard_normal((size, noise.scale.shape[1]))
    onto_w, onto_v = np.ascontiguousarray(drawn[:, :filters]), np.ascontiguousarray(drawn[:, filters:])
    return Sample((onto_w,), (onto_v,), draws, noise.scale, noise.z.T, noise.gram.T)


def _bulk(noise: Spiked, start: Reduced) -> Reduced:
    """The start with the directions `off` and the spikes projected out: z (S, B), gram (B, B), weight_gram (S, S)."""
    z, size, spikes = start.z.reshape(-1, start.z.shape[-1]), len(start.gram), noise.scale.shape[1]
    whole = Reduced(
        z=np.hstack([z, noise.z]),
        gram=np.block([[start.gram, noise.gram], [noise.gram.T, np.eye(spikes)]]),
        weight_gram=start.weight_gram,
    )
    off = np.concatenate([noise.off, np.arange(size, size + spikes)]).astype(np.intp)
    rest = geometry.project_off(whole, off) if len(off) else whole
    return Reduced(z=rest.z[:, :size], gram=rest.gram[:size, :size], weight_gram=rest.weight_gram)


@dataclass(frozen=True)
class Covariances:
    """The neurons' second moments W Sigma_k W^T of fresh noise along a trajectory, for filters that belong together."""

    noise: Spiked | Matrices
    start: Start
    rest: Reduced | None

    @classmethod
    def of(cls, noise: Spiked | Matrices, start: Start) -> Covariances:
        """From the draw; a caller's matrices need its vectors."""
        return cls(noise, start, _bulk(noise, start.reduced) if isinstance(noise, Spiked) else None)

    def block(self, k: int, b: Array, share: float, filters: slice) -> Array:
        """W Sigma_k W^T of the filters in the slice of (S,) at W = share W(0) + b V, b (S, B)."""
        mine = b[filters]
        if isinstance(self.noise, Matrices):
            assert self.start.vectors is not None and self.start.weights is not None
            mapped = (share * self.start.weights[filters] + mine @ self.start.vectors) @ self.noise.A[k]
            return np.asarray(mapped @ mapped.T)
        assert self.rest is not None
        own = Reduced(self.rest.z[filters], self.rest.gram, self.rest.weight_gram[filters, filters])
        lines = (share * self.noise.z[filters] + mine @ self.noise.gram) * self.noise.scale[k]
        return np.asarray(self.noise.spread**2 * geometry.weight_gram(own, mine, share) + lines @ lines.T)


def long_tail_ratio(z: Array, covariance: Array) -> Array:
    """q = sum_R z_r / sqrt(1_R^T C 1_R) over R = {r : z_r > 0} of pre-activations z (N, m); NaN where R is empty.

    C (m, m) is the neurons' covariance W_y Sigma_y W_y^T (Definition 1).
    """
    active = (z > 0).astype(np.float64)
    length = np.sqrt(np.maximum(np.einsum("nr,nr->n", active @ covariance, active), 0.0))
    ratio: Array = np.divide((z * active).sum(axis=1), length, out=np.full(len(z), np.nan), where=length > 0)
    return ratio


def pair_moments(gram: Array, y: Array, classes: int) -> Array:
    """F (K, K): the mean of <v_a, v_b>^2 over pairs a != b with labels k and j; NaN where there is none.

    For centred noise with independent examples this estimates ||A_k^T A_j||_F^2 without bias, whatever its law.
    gram (n, n); y (n,) of 0..K-1.
    """
    member = (y[None, :] == np.arange(classes)[:, None]).astype(np.float64)
    squares = gram**2
    np.fill_diagonal(squares, 0.0)
    sizes = member.sum(axis=1)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    unknown = np.full((classes, classes), np.nan)
    moments: Array = np.divide(member @ squares @ member.T, pairs, out=unknown, where=pairs > 0)
    return moments


def log_complement(outputs: Array, y: Array) -> Array:
    """log(1 - p_y) of softmax outputs (..., K, n) with labels y (n,), without cancellation or underflow, (..., n)."""
    label = y.astype(np.intp)
    own = np.arange(outputs.shape[-2])[:, None] == label
    others = _log_sum(np.where(own, -np.inf, outputs))
    top = np.take_along_axis(outputs, np.broadcast_to(label, (*outputs.shape[:-2], 1, len(label))), axis=-2)[..., 0, :]
    # log(e^o / (e^o + e^t)) = -log(1 + e^{t - o})
    found: Array = -np.logaddexp(0.0, top - others)
    return found


def _log_sum(x: Array) -> Array:
    """log sum exp over the axis before the last."""
    top = x.max(axis=-2, keepdims=True)
    with np.errstate(invalid="ignore"):
        found: Array = (top + np.log(np.exp(x - top).sum(axis=-2, keepdims=True)))[..., 0, :]
    return found


def _basis(rows: Array) -> Array:
    """Orthonormal rows with the same span; zero or dependent rows are legal."""
    _, values, right = np.linalg.svd(rows, full_matrices=False)
    kept: Array = right[values > max(rows.shape) * np.finfo(np.float64).eps * max(values.max(initial=0.0), 1e-300)]
    return kept
