"""Test laws against closed forms, direct evaluation and repeated estimation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from dynamics.chance.streams import stream
from dynamics.fresh import roots, testlaw
from dynamics.fresh.normals import Normals
from dynamics.fresh.roots import CLOSE, coloured, square_root
from dynamics.fresh.testlaw import Fresh, Loss, statistics

Array = NDArray[np.float64]
SIGNS = np.array([1.0, -1.0])


def squared(a: Array) -> Array:
    """f of ReLU^2 filters with signed heads, averaged over a head's filters; a (N, P, 2, m)."""
    heads = np.square(np.maximum(a, 0.0)).mean(axis=3).sum(axis=1)
    return np.asarray(heads[:, 0] - heads[:, 1])


def linear(a: Array) -> Array:
    return np.asarray(a[:, :, 0, 0].sum(axis=1))


def logits(a: Array) -> Array:
    return np.asarray(np.maximum(a, 0.0).sum(axis=(1, 3)))


def psd(rng: np.random.Generator, size: int, rank: int) -> Array:
    factor = rng.standard_normal((size, rank))
    return factor @ factor.T


def example(seed: int, signal: float) -> Fresh:
    """Signed heads, a signal patch y mu and a noise patch, T = 2 states, m = 3."""
    rng = stream(seed, "test")
    mu = signal * rng.standard_normal((2, 2, 3))
    fixed = np.zeros((2, 2, 2, 2, 3))
    fixed[:, 0, 0], fixed[:, 1, 0] = mu, -mu
    mix = np.array([[[0.0], [1.0]], [[0.0], [1.0]]])
    return Fresh(fixed=fixed, mix=mix, covariance=np.stack([psd(rng, 6, 6), psd(rng, 6, 2)])[:, None], labels=SIGNS)


@given(seed=st.integers(0, 10**6), rank=st.integers(0, 6), zero=st.booleans())
def test_square_roots_of_singular_matrices(seed: int, rank: int, zero: bool) -> None:
    covariance = psd(stream(seed, "test"), 6, rank)
    scale = np.array([1.0, 1e-12, 1e3, 0.0 if zero else 1.0, 1e-6, 1.0])
    covariance = covariance * scale[:, None] * scale[None, :]
    root = square_root(covariance)
    deviation = np.sqrt(np.diag(covariance))
    # Relative to each pair's own standard deviations: a neuron of length 1e-12 keeps its digits beside one of 1e3.
    assert (np.abs(root @ root.T - covariance) <= 1e-7 * np.outer(deviation, deviation)).all()


def test_square_roots_follow_the_covariance_continuously() -> None:
    # Equal eigenvalues: eigenvectors jump under a perturbation of 1e-12, the symmetric root does not.
    bump = 1e-12 * psd(stream(0, "test"), 6, 6)
    assert np.abs(square_root(np.eye(6) + bump) - square_root(np.eye(6))).max() < 1e-10


@pytest.mark.parametrize(("rank", "triangular"), [(400, True), (20, False)])
def test_wide_covariances_have_the_same_root_and_draws(rank: int, triangular: bool) -> None:
    covariance = psd(stream(0, "test"), 150, rank)
    normals, root = stream(1, "test").standard_normal((40, 150)), square_root(covariance)
    assert triangular == (not np.triu(root, 1).any())
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-10 * np.abs(covariance).max())
    drawn = coloured(normals, covariance)
    for rows in (slice(0, 40), slice(7, 12)):
        np.testing.assert_allclose(drawn(rows), normals[rows] @ root.T, rtol=1e-11, atol=1e-11)


def test_draws_of_wide_covariances_are_the_same_whatever_slices_they_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    covariance, normals = psd(stream(0, "test"), 150, 400), stream(1, "test").standard_normal((40, 150))
    monkeypatch.setattr(roots, "_BLOCK", 150 * 16)
    drawn = coloured(normals, covariance)
    whole = drawn(slice(0, 40))
    np.testing.assert_allclose(whole, normals @ square_root(covariance).T, rtol=1e-11, atol=1e-11)
    for rows in (slice(0, 5), slice(5, 21), slice(12, 40), slice(0, 16), slice(39, 40), slice(16, 16), slice(40, 40)):
        assert np.array_equal(drawn(rows), whole[rows])


def test_a_neuron_close_to_others_takes_the_symmetric_root() -> None:
    close = np.eye(3)
    close[0, 1] = close[1, 0] = np.sqrt(1 - CLOSE / 2)
    root = square_root(close)
    np.testing.assert_allclose(root, root.T, rtol=1e-12)
    np.testing.assert_allclose(root @ root, close, rtol=1e-12, atol=1e-12)


def test_draws_taken_a_few_at_a_time_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, normals = example(0, 1.0), stream(1, "test").standard_normal((50, 1, 6))
    whole = statistics(squared, fresh, "logistic", Normals(normals))
    monkeypatch.setattr(testlaw, "_CHUNK", 6 * 7)
    sizes: list[int] = []

    def counted(a: Array) -> Array:
        sizes.append(len(a))
        return squared(a)

    parts = statistics(counted, fresh, "logistic", Normals(normals))
    # Two states, seven draws at a time: the noise patch, which both labels have, is put through the network once.
    assert [size for size in sizes if size > 2] == [7] * 14 and sizes.count(1) == 4
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-13)


def test_an_activation_that_is_not_zero_at_zero_is_counted_once_a_patch() -> None:
    def shifted(a: Array) -> Array:
        heads = (a**2 + 0.3).sum(axis=(1, 3))
        return np.asarray(heads[:, 0] - 0.5 * heads[:, 1])

    fresh, normals = example(0, 1.0), stream(1, "test").standard_normal((50, 1, 6))
    found = statistics(shifted, fresh, "logistic", Normals(normals))
    for t in range(2):
        g = (normals[:, 0] @ square_root(fresh.covariance[t, 0]).T).reshape(50, 2, 3)
        margins = np.stack([
            y * shifted(np.stack([np.broadcast_to(fresh.fixed[t, at, 0], (50, 2, 3)), g], axis=1))
            for at, y in enumerate(SIGNS)
        ])
        np.testing.assert_allclose(found["test_loss"][t], np.logaddexp(0, -margins).mean(), rtol=1e-12)


def test_statistics_are_those_of_the_network_evaluated_directly() -> None:
    fresh, normals = example(0, 1.0), stream(1, "test").standard_normal((50, 1, 6))
    found = statistics(squared, fresh, "logistic", Normals(normals))
    for t in range(2):
        g = (normals[:, 0] @ square_root(fresh.covariance[t, 0]).T).reshape(50, 2, 3)
        margins = np.empty((50, 2))
        for at, y in enumerate(SIGNS):
            a = np.stack([np.broadcast_to(fresh.fixed[t, at, 0], (50, 2, 3)), g], axis=1)
            margins[:, at] = y * squared(a)
        np.testing.assert_allclose(found["test_error"][t], (margins < 0).mean(), rtol=1e-14)
        np.testing.assert_allclose(found["test_loss"][t], np.log1p(np.exp(-margins)).mean(), rtol=1e-13)
        errors = (margins < 0).mean(axis=1)
        np.testing.assert_allclose(found["test_error_se"][t], errors.std(ddof=1) / np.sqrt(50), rtol=1e-12)


def test_without_a_signal_the_error_is_one_half_whatever_the_noise() -> None:
    found = statistics(squared, example(0, 0.0), "logistic", Normals(stream(1, "test").standard_normal((500, 1, 6))))
    # One label is right exactly where the other is wrong on the same noise, so paired draws have no spread at all.
    assert (found["test_error"] == 0.5).all() and (found["test_error_se"] == 0).all()


@pytest.mark.parametrize("name", ["test_error", "test_loss"])
def test_the_standard_error_is_the_spread_of_the_estimator(name: str) -> None:
    fresh, rng = example(2, 0.7), stream(3, "test")
    runs = [statistics(squared, fresh, "logistic", Normals(rng.standard_normal((200, 1, 6)))) for _ in range(300)]
    spread = np.std([run[name] for run in runs], axis=0, ddof=1)
    claimed = np.mean([run[f"{name}_se"] for run in runs], axis=0)
    assert (claimed > 0).all() and (np.abs(spread / claimed - 1) < 0.17).all()  # 4 standard errors of a spread of 300


@pytest.mark.parametrize(("mix", "variance"), [([[1.0, 0.0], [0.0, 1.0]], 5.0), ([[1.0, 0.0], [1.0, 0.0]], 4.0),
                                               ([[1.0, 0.0], [-1.0, 1.0]], 4.0)])
def test_fresh_vectors_are_independent_and_a_shared_one_is_shared(mix: list[list[float]], variance: float) -> None:
    fixed = np.full((1, 2, 2, 1, 1), 0.5)
    fixed[:, 1] = -0.5
    covariance = np.array([1.0, 4.0]).reshape(1, 2, 1, 1)
    fresh = Fresh(fixed=fixed, mix=np.array([mix, mix]), covariance=covariance, labels=SIGNS)
    found = statistics(linear, fresh, "logistic", Normals(stream(0, "test").standard_normal((40_000, 2, 1))))
    exact = stats.norm.cdf(-1.0 / np.sqrt(variance))
    assert abs(found["test_error"][0] - exact) < 4 * found["test_error_se"][0] < 0.01


def test_nothing_fresh_is_exact_and_ties_are_shared() -> None:
    fixed = np.zeros((3, 2, 1, 1, 1))
    fixed[0, :, 0, 0, 0] = 0.0, -2.0  # a tie, and a right answer
    fixed[1, :, 0, 0, 0] = -1.0, 3.0  # both wrong
    fixed[2, :, 0, 0, 0] = 1.0, -3.0  # both right
    fresh = Fresh(fixed=fixed, mix=np.zeros((2, 1, 0)), covariance=np.zeros((3, 0, 1, 1)), labels=SIGNS)
    found = statistics(linear, fresh, "exponential", Normals(np.empty((100, 0, 1))))
    assert found["test_error"].tolist() == [0.25, 1.0, 0.0]
    np.testing.assert_allclose(found["test_loss"][1], (np.exp(1) + np.exp(3)) / 2, rtol=1e-15)
    assert not found["test_error_se"].any() and not found["test_loss_se"].any()


def test_class_ties_are_shared() -> None:
    fixed = np.zeros((1, 3, 1, 3, 1))
    fixed[0, :, 0, :, 0] = [[2.0, 2.0, 1.0], [1.0, 1.0, 1.0], [2.0, 1.0, 1.0]]
    fresh = Fresh(fixed=fixed, mix=np.zeros((3, 1, 0)), covariance=np.zeros((1, 0, 3, 3)), labels=np.arange(3.0))
    found = statistics(logits, fresh, "cross_entropy", Normals(np.empty((2, 0, 3))))
    np.testing.assert_allclose(found["test_error"], (1 / 2 + 2 / 3 + 1) / 3, rtol=1e-15)
    cost = [np.log(2 + np.exp(-1)), np.log(3), np.log(np.exp(1) + 2)]
    np.testing.assert_allclose(found["test_loss"], np.mean(cost), rtol=1e-15)


@pytest.mark.parametrize(("loss", "score", "exact"), [
    ("logistic", 800.0, 0.0), ("logistic", -800.0, 800.0), ("logistic", 40.0, np.exp(-40.0)),
    ("exponential", -800.0, np.inf), ("cross_entropy", 40.0, 2 * np.exp(-40.0)), ("cross_entropy", 2000.0, 0.0),
])
def test_losses_are_stable(loss: Loss, score: float, exact: float) -> None:
    classes = loss == "cross_entropy"
    fixed = np.zeros((1, 1, 1, 3 if classes else 1, 1))
    fixed[0, 0, 0, 0, 0] = score
    size = fixed.shape[3]
    labels = np.zeros(1) if classes else np.ones(1)
    fresh = Fresh(fixed=fixed, mix=np.zeros((1, 1, 0)), covariance=np.zeros((1, 0, size, size)), labels=labels)
    found = statistics(logits if classes else linear, fresh, loss, Normals(np.empty((2, 0, size))))["test_loss"]
    np.testing.assert_allclose(found, exact, rtol=1e-14)


def test_a_diverged_state_has_no_test_law_and_spares_the_others() -> None:
    fresh, normals = example(0, 1.0), stream(1, "test").standard_normal((50, 1, 6))
    before = statistics(squared, fresh, "logistic", Normals(normals))
    fresh.covariance[1, 0, 2, 2] = np.inf
    after = statistics(squared, fresh, "logistic", Normals(normals))
    for name, values in after.items():
        assert values[0] == before[name][0] and np.isnan(values[1])
