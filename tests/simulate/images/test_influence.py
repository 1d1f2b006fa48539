"""Influence scores against estimating every covariance again, and against what symmetry and statistics demand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dynamics.chance.streams import stream
from simulate.errors import InputError
from simulate.images import influence
from simulate.images.influence import influence_scores

Array = NDArray[np.float64]


def case(seed: int, d: int, counts: tuple[int, ...] = (7, 5, 9)) -> tuple[Array, NDArray[np.int64]]:
    """Images with classes of their own mean, scale and correlation, in shuffled order."""
    rng = stream(seed, "test")
    images = [rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) + 3 * rng.standard_normal(d) for n in counts]
    order = rng.permutation(sum(counts))
    labels = np.repeat(np.arange(len(counts)), counts)[order]
    return np.concatenate(images)[order], labels


def plug_in(images: Array) -> float:
    return float(np.sum(np.atleast_2d(np.cov(images, rowvar=False)) ** 2))


def unbiased(images: Array) -> float:
    """The mean of <(x_a - x_b), (x_c - x_d)>^2 / 4 over quadruples of different examples: a U-statistic."""
    gram = images @ images.T
    found = [
        (gram[a, c] - gram[a, d] - gram[b, c] + gram[b, d]) ** 2 / 4
        for a, b, c, d in itertools.permutations(range(len(images)), 4)
    ]
    return float(np.mean(found))


def again(images: Array, labels: NDArray[np.int64], estimate: Callable[[Array], float]) -> Array:
    """Every score by estimating twice."""
    out = np.empty(len(images))
    for i, label in enumerate(labels):
        own = labels == label
        without = own.copy()
        without[i] = False
        out[i] = estimate(images[own]) - estimate(images[without])
    return out


def difference(found: Array, expected: Array) -> float:
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))


def off_brute_force(corrected: bool, d: int) -> float:
    """The largest relative difference of scores and diagonal from brute force, pixels fewer or more than images."""
    images, labels = case(d, d)
    images += 100 * np.eye(1, d)  # far from 0: the mean has to be removed before squaring
    estimate = unbiased if corrected else plug_in
    found = influence_scores(images, labels, corrected=corrected)
    diagonal = np.array([estimate(images[labels == k]) for k in found.classes])
    return max(
        difference(found.scores, again(images, labels, estimate)), difference(np.diag(found.pairs), diagonal)
    )


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("d", [1, 4, 20, 21, 60])
def test_scores_equal_estimating_again(corrected: bool, d: int) -> None:
    assert off_brute_force(corrected, d) < 1e-10


def keeping_the_mean(h: Array, q: Array, p: Array, square: float, n: int, corrected: bool) -> Array:
    """The mutant: the left-out example is dropped, but its share of the mean stays."""
    scores: Array = square / (n - 1) ** 2 - (square - 2 * q + h**2) / (n - 2) ** 2
    return scores


def divisor_n(n: int, corrected: bool) -> tuple[Any, Any, Any]:
    """The mutant: the sample covariance of divisor n."""
    return Fraction(1, n**2), Fraction(0), Fraction(0)


def without_fourth(n: int, corrected: bool) -> tuple[Any, Any, Any]:
    """The mutant: the correction that holds for Gaussian data only."""
    below = (n - 2) * (n + 1)
    return Fraction(1, below), Fraction(-1, (n - 1) * below), Fraction(0)


@pytest.mark.parametrize(
    ("name", "mutant", "corrected"),
    [("_score", keeping_the_mean, False), ("_weights", divisor_n, False), ("_weights", without_fourth, True)],
)
def test_brute_force_catches_a_mutant(monkeypatch: pytest.MonkeyPatch, name: str, mutant: Any, corrected: bool) -> None:
    monkeypatch.setattr(influence, name, mutant)
    assert off_brute_force(corrected, 4) > 1e-3
    assert off_brute_force(corrected, 60) > 1e-3


@pytest.mark.parametrize("d", [3, 40])
def test_pairs_are_inner_products_of_sample_covariances(d: int) -> None:
    images, labels = case(1, d)
    found = influence_scores(images, labels, corrected=False)
    covariances = [np.cov(images[labels == k], rowvar=False).ravel() for k in range(3)]
    assert difference(found.pairs, np.array(covariances) @ np.array(covariances).T) < 1e-12
    rank = [np.trace(c.reshape(d, d)) ** 2 / np.sum(c**2) for c in covariances]
    np.testing.assert_allclose(found.effective_rank, rank, rtol=1e-12)
    np.testing.assert_array_equal(found.counts, [7, 5, 9])
    corrected = influence_scores(images, labels)
    other = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(corrected.pairs[other], found.pairs[other], rtol=1e-14)
    assert np.all(np.diag(corrected.pairs) < np.diag(found.pairs))


@pytest.mark.parametrize("corrected", [False, True])
def test_chunks_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, corrected: bool) -> None:
    for d in (6, 30):
        images, labels = case(2, d)
        whole = influence_scores(images, labels, corrected=corrected)
        with monkeypatch.context() as small:
            small.setattr(influence, "_CHUNK", 2 * d)
            small.setattr(influence, "_BLOCK", 3 * d * 4)
            parts = influence_scores(images, labels, corrected=corrected)
        np.testing.assert_allclose(parts.scores, whole.scores, rtol=1e-11, atol=1e-12 * np.abs(whole.scores).max())
        np.testing.assert_allclose(parts.pairs, whole.pairs, rtol=1e-12)


@given(st.integers(0, 10**6), st.sampled_from([3, 30]), st.booleans())
def test_invariances(seed: int, d: int, corrected: bool) -> None:
    images, labels = case(seed, d)
    rng = stream(seed, "test", 1)
    base = influence_scores(images, labels, corrected=corrected)

    rotation = np.linalg.qr(rng.standard_normal((d, d)))[0]
    shifts = 10 * rng.standard_normal((3, d))  # one for each class: centred quantities do not see it
    moved = influence_scores(2 * (images @ rotation + shifts[labels]), labels, corrected=corrected)
    assert difference(moved.scores, 16 * base.scores) < 1e-9
    assert difference(moved.pairs, 16 * base.pairs) < 1e-11

    order = rng.permutation(len(images))
    permuted = influence_scores(images[order], labels[order], corrected=corrected)
    assert difference(permuted.scores, base.scores[order]) < 1e-10
    assert difference(permuted.pairs, base.pairs) < 1e-12

    renamed = influence_scores(images, np.array([5, -2, 1])[labels], corrected=corrected)
    np.testing.assert_array_equal(renamed.classes, [-2, 1, 5])
    assert difference(renamed.scores, base.scores) < 1e-10
    assert difference(renamed.pairs, base.pairs[np.ix_([1, 2, 0], [1, 2, 0])]) < 1e-12


@given(st.integers(0, 10**6), st.sampled_from([2, 50]))
def test_corrected_scores_of_a_class_sum_to_zero(seed: int, d: int) -> None:
    """Leaving out each example in turn averages a U-statistic to itself; the plug-in's scores do not do that."""
    images, labels = case(seed, d)
    for corrected in (True, False):
        scores = influence_scores(images, labels, corrected=corrected).scores
        sums = np.abs([scores[labels == k].sum() for k in range(3)]) / np.abs(scores).sum()
        assert sums.max() < 1e-12 if corrected else sums.max() > 1e-6


def test_the_corrected_diagonal_is_unbiased() -> None:
    """Exactly: the mean over all ways to draw 5 examples from three equally likely points of the plane."""
    points = np.array([[0.0, 1.0], [2.0, -1.0], [1.0, 3.0]])
    truth = np.sum(np.cov(points, rowvar=False, ddof=0) ** 2)
    draws = [points[list(drawn)] for drawn in itertools.product(range(3), repeat=5)]
    means = {
        kind: np.mean([influence_scores(x, np.zeros(5), corrected=kind).pairs[0, 0] for x in draws])
        for kind in (True, False)
    }
    assert abs(means[True] / truth - 1) < 1e-12
    assert means[False] / truth > 1.2


@pytest.mark.parametrize("corrected", [False, True])
def test_integers_count_as_the_numbers_they_are(corrected: bool) -> None:
    rng = stream(3, "test")
    images, labels = rng.integers(0, 256, (60, 4, 5), dtype=np.uint8), rng.permutation(np.arange(60) % 3)
    found = influence_scores(images, labels, corrected=corrected)
    real = influence_scores(images.reshape(60, 20).astype(np.float64), labels.astype(np.float64), corrected=corrected)
    np.testing.assert_array_equal(found.scores, real.scores)
    np.testing.assert_array_equal(found.pairs, real.pairs)


def test_a_class_of_equal_images_scores_zero() -> None:
    images, labels = np.ones((12, 3)), np.repeat([0, 1], 6)
    images[6:] = stream(4, "test").standard_normal((6, 3))
    found = influence_scores(images, labels)
    np.testing.assert_array_equal(found.scores[:6], 0)
    np.testing.assert_array_equal(found.pairs[0], 0)
    assert found.effective_rank[0] == 0


def test_an_outlier_scores_highest() -> None:
    images, labels = case(5, 8, (40,))
    images[17] *= 10
    for corrected in (True, False):
        assert np.argmax(influence_scores(images, labels, corrected=corrected).scores) == 17


GOOD, TWO = np.arange(24.0).reshape(12, 2), np.repeat([0, 1], 6)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (GOOD[:, 0], TWO, r"^images: an array of shape \(12,\); expected \(N, \.\.\.\)"),
        (GOOD[:, :0], TWO, r"^images: an array of shape \(12, 0\)"),
        ([[1, 2], [3]], TWO, "^images: rows of different lengths"),
        (GOOD.astype(str), TWO, "^images: not an array of real numbers but of text"),
        (GOOD + 1j, TWO, "^images: not an array of real numbers but of complex"),
        (np.where(GOOD == 7, np.nan, GOOD), TWO, "^images: image 3 holds NaN or infinity"),
        (np.where(GOOD == 8, np.inf, GOOD), TWO, "^images: image 4 holds NaN or infinity"),
        (GOOD * 1e90, TWO, r"^images: values of 2.3e\+91, whose fourth powers leave float64; divide"),
        (GOOD, TWO[:11], "^labels: 11 labels for 12 images; expected one label an image"),
        (GOOD, TWO.reshape(2, 6), r"^labels: an array of shape \(2, 6\); expected \(N,\)"),
        (GOOD, TWO + 0.5, "^labels: 0.5 at 0; expected whole numbers"),
        (GOOD, np.where(TWO, np.nan, 0), "^labels: nan at 6; expected whole numbers"),
        (GOOD, list("aabbaabbaabb"), "^labels: not an array of real numbers but of text"),
        (GOOD, np.arange(12) // 11, r"^labels: class 1 has 1 example; expected at least 5 a class for corrected"),
        (GOOD, np.arange(12) // 8, r"^labels: class 1 has 4 examples; .* or corrected=False, which needs 3, or leave"),
    ],
)
def test_bad_input_is_one_sentence(images: Any, labels: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        influence_scores(images, labels)
    assert ". " not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_plug_in_needs_three_a_class() -> None:
    assert influence_scores(GOOD, np.arange(12) // 9, corrected=False).scores.shape == (12,)
    with pytest.raises(InputError, match=r"class 1 has 2 examples; expected at least 3 a class for plug-in"):
        influence_scores(GOOD, np.arange(12) // 10, corrected=False)


@pytest.mark.slow
def test_mnist_size_in_bounded_memory() -> None:
    """60,000 images of 784 pixels: no second copy of all of them in float64 (376 MB)."""
    import tracemalloc

    rng = stream(6, "test")
    images, labels = rng.integers(0, 256, (60_000, 28, 28), dtype=np.uint8), rng.integers(0, 10, 60_000)
    tracemalloc.start()
    found = influence_scores(images, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 250e6
    k = found.classes[3]
    covariance = np.cov(images[labels == k].reshape(-1, 784), rowvar=False)
    assert abs(found.pairs[3, 3] / np.sum(covariance**2) - 1) < 0.2
