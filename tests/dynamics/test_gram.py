"""Gram draws against drawn vectors: equal in distribution (Kolmogorov-Smirnov), and of the right rank."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from dynamics.chance import bartlett, gram
from dynamics.chance.gram import Ensemble, Reduced, reduce, sample
from dynamics.chance.streams import stream

Array = NDArray[np.float64]

# Two fixed directions, not orthogonal; noise vectors 0 and 1 lie across them, 2 has both components.
FIXED = np.array([[2.0, 0.6], [0.6, 0.5]])
STD = np.array([0.5, 0.5, 1.5])
ALONG = np.array([[False, False], [False, False], [True, True]])
FILTERS, FILTER_STD, DRAWS = 4, 0.3, 1500


def ensemble(d: float) -> Ensemble:
    return Ensemble(fixed_gram=FIXED, noise_std=STD, along=ALONG, filters=FILTERS, filter_std=FILTER_STD, d=d)


def by_vectors(rng: np.random.Generator, d: int) -> Reduced:
    """The same ensemble drawn the long way: d-dimensional vectors, projected off the fixed ones where asked."""
    fixed = np.linalg.cholesky(FIXED) @ np.linalg.qr(rng.standard_normal((d, 2)))[0].T
    noise = rng.standard_normal((3, d)) * STD[:, None]
    noise[:2] -= noise[:2] @ fixed.T @ np.linalg.solve(FIXED, fixed)
    return reduce(np.vstack([fixed, noise]), FILTER_STD * rng.standard_normal((FILTERS, d)))


def statistics(draws: list[Reduced]) -> dict[str, Array]:
    """Entries and eigenvalues in which the two ways could differ."""
    z, grams = np.array([x.z for x in draws]), np.array([x.gram for x in draws])
    weights = np.linalg.eigvalsh(np.array([x.weight_gram for x in draws]))
    noise = np.linalg.eigvalsh(grams[:, 2:, 2:])
    return {
        "noise norm": grams[:, 2, 2], "noise product": grams[:, 2, 3], "free noise norm": grams[:, 4, 4],
        "free product": grams[:, 2, 4], "signal product": grams[:, 0, 4], "z fixed": z[:, 0, 1], "z noise": z[:, 1, 2],
        "z free noise": z[:, 3, 4], "z spread": np.abs(z).max(axis=(1, 2)), "z pair": z[:, 0, 2] * z[:, 1, 2],
        "filters max": weights[:, -1], "filters min": weights[:, 0],
        "noise max": noise[:, -1], "noise min": noise[:, 0], "aligned": np.einsum("tsb,tsb->t", z, z),
    }


def p_values(d: int) -> dict[str, float]:
    rng, data, init = stream(1, "test"), stream(2, "data"), stream(2, "init")
    ours = statistics([sample(data, init, ensemble(d)) for _ in range(DRAWS)])
    theirs = statistics([by_vectors(rng, d) for _ in range(DRAWS)])
    return {name: float(stats.ks_2samp(ours[name], theirs[name]).pvalue) for name in ours}


@pytest.mark.parametrize("d", [5, 6, 9, 30])  # 3, 4, 7 and 28 dimensions left for 3 noise vectors and 4 filters
def test_gram_draws_have_the_law_of_drawn_vectors(d: int) -> None:
    values = p_values(d)
    assert min(values.values()) > 1e-3, values


def test_degrees_of_freedom_off_by_the_fixed_span_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = bartlett._chi
    monkeypatch.setattr(bartlett, "_chi", lambda rng, freedom: right(rng, freedom + len(FIXED)))
    assert min(p_values(9).values()) < 1e-6


@pytest.mark.parametrize("d", [2, 3, 5, 8, 9, 40])
def test_rank_and_fixed_parts_are_exact(d: int) -> None:
    drawn = sample(stream(0, "data"), stream(0, "init"), ensemble(d))
    joint = np.block([[drawn.gram, drawn.z.T], [drawn.z, drawn.weight_gram]])
    lengths = np.sqrt(np.diag(joint))
    lengths[lengths == 0] = 1.0
    assert np.linalg.matrix_rank(joint / np.outer(lengths, lengths), tol=1e-12) == min(d, 2 + 3 + FILTERS)
    np.testing.assert_allclose(drawn.gram[:2, :2], FIXED, rtol=1e-15)
    assert not drawn.gram[2:4, :2].any() and drawn.gram[4, :2].all()
    assert np.array_equal(drawn.gram, drawn.gram.T) and np.array_equal(drawn.weight_gram, drawn.weight_gram.T)


def test_huge_dimensions_cost_nothing_and_keep_their_fluctuations() -> None:
    d = float(np.exp(100.0))
    drawn = [sample(stream(k, "data"), stream(k, "init"), ensemble(d)) for k in range(1500)]
    values = statistics(drawn)
    np.testing.assert_allclose(values["noise norm"], 0.25 * d, rtol=1e-12)
    # Inner products of independent vectors are Gaussian there, of standard deviation s s' sqrt(d).
    reference = stream(0, "test").standard_normal(1500)
    assert stats.ks_2samp(values["noise product"] / (0.25 * np.sqrt(d)), reference).pvalue > 1e-3
    assert stats.ks_2samp(values["z noise"] / (0.15 * np.sqrt(d)), reference).pvalue > 1e-3
    assert stats.ks_2samp(values["z fixed"] / (0.3 * np.sqrt(0.5)), reference).pvalue > 1e-3


def test_no_fixed_direction_and_no_noise_are_legal() -> None:
    free = Ensemble(np.empty((0, 0)), np.ones(3), np.ones((3, 0), dtype=bool), 2, 1.0, 4.0)
    assert sample(stream(0, "data"), stream(0, "init"), free).z.shape == (2, 3)
    still = Ensemble(FIXED, np.empty(0), np.empty((0, 2), dtype=bool), 2, 1.0, 2.0)
    drawn = sample(stream(0, "data"), stream(0, "init"), still)
    np.testing.assert_allclose(drawn.weight_gram, drawn.z @ np.linalg.solve(FIXED, drawn.z.T), rtol=1e-10)


@pytest.mark.parametrize("d", [1.0, 7.5])
def test_a_dimension_is_whole_and_holds_the_fixed_directions(d: float) -> None:
    with pytest.raises(ValueError, match=r"d: .* whole number of at least 2"):
        sample(stream(0, "data"), stream(0, "init"), ensemble(d))


def test_reduce_keeps_the_filters_shape() -> None:
    rng = stream(0, "test")
    vectors, weights = rng.standard_normal((3, 6)), rng.standard_normal((2, 4, 6))
    found = reduce(vectors, weights)
    np.testing.assert_allclose(found.z, np.einsum("hmd,bd->hmb", weights, vectors), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(found.weight_gram[1, 6], weights[0, 1] @ weights[1, 2], rtol=1e-13)


@pytest.mark.parametrize("d", [160, 150, 10**6])
def test_wide_draws_are_the_inner_products_of_their_coordinates(d: int) -> None:
    """Of 152 directions in 150 dimensions the last two have no coordinate of their own: no triangular product."""
    wide = Ensemble(np.array([[4.0, 1.0], [1.0, 9.0]]), np.full(150, 0.5), np.zeros((150, 2), dtype=bool), 140, 2.0, d)
    drawn = sample(stream(0, "data"), stream(0, "init"), wide)
    directions, filters = gram.coordinates(stream(0, "data"), stream(0, "init"), wide)
    columns = directions.shape[1]
    filters = filters[:, :columns]
    # A sum of C products is off by C u of its terms' absolute values, and by one more factor's rounding.
    for found, one, other in ((drawn.z, filters, directions), (drawn.gram, directions, directions)):
        bound = 2.0 * (columns + 2) * 2.0**-53 * (np.abs(one) @ np.abs(other).T)
        assert (np.abs(found - one @ other.T) <= bound).all()
