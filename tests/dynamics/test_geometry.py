"""Weight geometry from the reduced state against explicit weights."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dynamics.chance.gram import Reduced, reduce
from dynamics.chance.streams import stream
from dynamics.geometry import distances

Array = NDArray[np.float64]


def case(seed: int, d: int, size: float = 1.0) -> tuple[Array, Array, Array, Reduced]:
    """Directions (4, d), filters (2, 3, d), coefficients (5, 2, 3, 4) and the reduced start."""
    rng = stream(seed, "test")
    vectors, weights = rng.standard_normal((4, d)), rng.standard_normal((2, 3, d))
    return vectors, weights, size * rng.standard_normal((5, 2, 3, 4)), reduce(vectors, weights)


@given(seed=st.integers(0, 10**6), d=st.integers(1, 12), size=st.sampled_from([1e-6, 1.0, 1e3]))
def test_weight_gram_norms_and_distances_match_the_weights(seed: int, d: int, size: float) -> None:
    vectors, weights, b, start = case(seed, d, size)
    moved = np.einsum("thmb,bd->thmd", b, vectors)
    now = weights + moved
    flat = now.reshape(5, 6, d)
    scale = np.abs(flat @ flat.transpose(0, 2, 1)).max() + size**2 * np.abs(start.gram).max() + 1
    found = distances.weight_gram(start, b)
    assert np.abs(found - flat @ flat.transpose(0, 2, 1)).max() < 1e-13 * scale
    assert np.array_equal(found, found.transpose(0, 2, 1))
    assert np.abs(distances.neuron_norms(start, b) ** 2 - (now**2).sum(-1)).max() < 1e-13 * scale
    assert np.abs(distances.weight_norm(start, b) ** 2 - (now**2).sum((1, 2, 3))).max() < 1e-12 * scale
    assert np.abs(distances.movement(b, start.gram) ** 2 - (moved**2).sum((1, 2, 3))).max() < 1e-12 * scale
    target = weights + np.einsum("hmb,bd->hmd", b[0], vectors)
    apart = ((now - target) ** 2).sum((1, 2, 3))
    assert np.abs(distances.distance(b, b[0], start.gram) ** 2 - apart).max() < 1e-12 * scale


@given(seed=st.integers(0, 10**6), off=st.sampled_from([[0], [2], [0, 1], [0, 1, 3]]))
def test_projected_weight_gram_matches_projected_weights(seed: int, off: list[int]) -> None:
    vectors, weights, b, start = case(seed, 9)
    basis = np.linalg.qr(vectors[off].T)[0]
    flat = (weights + np.einsum("thmb,bd->thmd", b, vectors)).reshape(5, 6, 9)
    across = flat - flat @ basis @ basis.T
    left = distances.project_off(start, np.array(off))
    found = distances.weight_gram(left, b)
    assert np.abs(found - across @ across.transpose(0, 2, 1)).max() < 1e-9 * np.abs(flat).max() ** 2
    assert not left.gram[off].any() and not left.z[..., off].any()


def test_growth_along_the_directions_projected_off_does_not_enter() -> None:
    vectors, weights, b, start = case(3, 9)
    vectors[1:, 0], vectors[0] = 0.0, np.eye(9)[0]
    start = reduce(vectors, weights)
    grown = b.copy()
    grown[..., 0] = 1e12
    left = distances.project_off(start, np.array([0]))
    assert np.array_equal(distances.weight_gram(left, grown), distances.weight_gram(left, b))
    # Orthogonal directions are untouched; subtracting afterwards would have lost everything.
    assert np.array_equal(left.gram[1:, 1:], start.gram[1:, 1:]) and np.array_equal(left.z[..., 1:], start.z[..., 1:])
    flat = weights.reshape(6, 9)[:, 1:]
    assert np.abs(left.weight_gram - flat @ flat.T).max() < 1e-13 * np.abs(flat).max() ** 2 * 9
    signal = (start.z + grown @ start.gram)[..., 0].reshape(5, 6)
    late = distances.weight_gram(start, grown) - signal[:, :, None] * signal[:, None, :]
    assert np.abs(late - distances.weight_gram(left, b)).max() > 1.0


def test_projection_takes_zero_dependent_and_very_unequal_directions() -> None:
    vectors, weights, _, _ = case(4, 9)
    vectors[1], vectors[2] = 0.0, 1e-9 * vectors[2]
    doubled = np.vstack([vectors, 2.0 * vectors[:1]])
    start = reduce(doubled, weights)
    left = distances.project_off(start, np.array([0, 1, 2, 4]))
    basis = np.linalg.qr(vectors[[0, 2]].T)[0]
    across = weights.reshape(6, 9) - weights.reshape(6, 9) @ basis @ basis.T
    still = np.zeros((2, 3, 5))
    np.testing.assert_allclose(distances.weight_gram(left, still), across @ across.T, rtol=1e-9, atol=1e-9)
    nowhere = distances.project_off(start, np.array([1]))
    assert np.array_equal(nowhere.weight_gram, start.weight_gram)


def test_what_is_too_short_or_not_finite_has_no_direction_to_project_off() -> None:
    """Its square is no normal number, or none at all; of many starts it is that one alone that is not finite."""
    grams = np.stack([np.diag([square, square]) for square in (4.0, 1e-320, np.inf)])
    with np.errstate(invalid="ignore"):
        unit, inverse = distances.unit_inverse(grams, np.array([0, 1]))
    assert unit.tolist() == [[0.5, 0.5], [0.0, 0.0], [0.0, 0.0]]
    assert np.array_equal(inverse[0], np.eye(2)) and not inverse[1].any() and np.isnan(inverse[2]).all()


def test_a_time_axis_is_optional() -> None:
    _, _, b, start = case(5, 7)
    for of in (distances.weight_gram, distances.neuron_norms, distances.weight_norm):
        np.testing.assert_allclose(of(start, b)[2], of(start, b[2]), rtol=1e-13)
    np.testing.assert_allclose(distances.movement(b, start.gram)[2], distances.movement(b[2], start.gram), rtol=1e-13)


def test_one_direction_projected_off_has_the_bits_of_the_decomposition() -> None:
    lengths = np.concatenate([stream(0, "test").standard_normal(500) ** 2, [0.0, 1.0, 1e-300, 1e300]])[:, None, None]
    found = distances._pinv(lengths)
    assert np.array_equal(found, np.linalg.pinv(lengths, hermitian=True))
