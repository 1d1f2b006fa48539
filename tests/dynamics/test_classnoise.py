"""Fresh class noise in the neurons, from inner products, against matrices in d dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dynamics.chance.gram import reduce
from dynamics.chance.streams import stream
from dynamics.fresh.classnoise import Bulk, Covariances, NoiseStart, Spiked, sample

Array = NDArray[np.float64]
D, SPREAD = 14, 0.7


def problem(spikes: int, dependent: bool) -> tuple[Spiked, Array, Array, Array]:
    """Noise off directions 0 to 2 (the third zero, or the sum of the others), and V (8, d), W (6, d), A (3, d, d)."""
    rng = stream(3, "test")
    vectors, weights = rng.standard_normal((8, D)), rng.standard_normal((6, D))
    vectors[1] *= 1e-6  # directions of very different lengths
    vectors[2] = 0.0 if not dependent else vectors[0] + 1e6 * vectors[1]
    basis = np.linalg.qr(vectors[:2].T)[0]
    lines = np.linalg.qr(np.column_stack([basis, rng.standard_normal((D, spikes))]))[0][:, 2:].T
    scale = np.where(np.eye(3, spikes, dtype=bool), 2.0, SPREAD)
    noise = Spiked(SPREAD, scale, np.arange(3), weights @ lines.T, vectors @ lines.T, None)
    bulk = SPREAD * (np.eye(D) - basis @ basis.T - lines.T @ lines)
    return noise, vectors, weights, np.stack([bulk + (lines.T * each) @ lines for each in scale])


@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.parametrize("dependent", [False, True])
@pytest.mark.parametrize("spikes", [0, 3])
def test_covariances_are_those_of_the_weights(spikes: int, dependent: bool, share: float) -> None:
    noise, vectors, weights, A = problem(spikes, dependent)
    b = stream(4, "test").standard_normal((6, 8))
    W = share * weights + b @ vectors
    start = NoiseStart(reduce(vectors, weights), None, None)
    found = Covariances.of(noise, start)
    for k, own in enumerate((slice(0, 2), slice(2, 4), slice(0, 6))):
        exact = W[own] @ A[k] @ A[k].T @ W[own].T
        block = found.block(k, W @ vectors.T, b, share, own)
        np.testing.assert_allclose(block, exact, rtol=0, atol=1e-12 * np.abs(W @ W.T).max())
        assert np.array_equal(block, block.T)


@pytest.mark.parametrize("spikes", [0, 3])
def test_gaussian_draws_have_these_covariances(spikes: int) -> None:
    noise, vectors, weights, A = problem(spikes, dependent=True)
    b, size = stream(4, "test").standard_normal((6, 8)), 40_000
    W = weights + b @ vectors
    draws = sample(noise, NoiseStart(reduce(vectors, weights), None, None), "gaussian", stream(5, "test"), size)
    drawn = draws.preactivations(W @ vectors.T, b)(slice(0, size))
    assert len(drawn) == (3 if spikes else 1) and noise.shared == (not spikes)
    for each, a in zip(drawn, A, strict=False):
        exact = W @ a @ a.T @ W.T
        sigma = np.sqrt((np.outer(np.diag(exact), np.diag(exact)) + exact**2) / size)
        assert (np.abs(each.T @ each / size - exact) < 5 * sigma).all()


def test_nothing_is_left_along_the_directions_projected_off() -> None:
    noise, vectors, weights, _ = problem(3, dependent=False)
    bulk = Bulk.of(noise, reduce(vectors, weights))
    assert not bulk.z[:, noise.off].any()
    b = np.zeros((6, 8))
    b[:, :2] = 1e9 * stream(4, "test").standard_normal((6, 2))
    W = weights + b @ vectors
    grown = bulk.covariance(W @ vectors.T, b, 1.0)
    np.testing.assert_allclose(grown, bulk.covariance(weights @ vectors.T, np.zeros((6, 8)), 1.0), rtol=1e-13)
