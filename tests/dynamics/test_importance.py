"""Importance sampling of rare errors against exact laws: its estimate, its standard error, and what bounds it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import comb, erfc, expm1, log1p, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from dynamics.chance.streams import stream
from dynamics.fresh import importance
from dynamics.fresh.intervals import mean_and_error, upper

Array = NDArray[np.float64]
D = 12
ONE, SURE = np.array([1.0]), np.array([1.0])


def half_space(far: float) -> Callable[[Array], Array]:
    return lambda u: far - u[:, 0]


def several(far: float) -> Callable[[Array], Array]:
    """Wrong in ten directions, as where any of ten filters may be too large."""
    return lambda u: far - u[:, :10].max(axis=1)


def squares(far: float) -> Callable[[Array], Array]:
    """Ten filters of ReLU^2: wrong draws lie about a part of a sphere."""
    return lambda u: far - (np.maximum(u[:, :10], 0) ** 2).sum(axis=1)


def of_squares(far: float) -> float:
    return float(sum(comb(10, k) * 2.0**-10 * stats.chi2.sf(far, k) for k in range(1, 11)))


def found(margin: Callable[[Array], Array], seed: int = 0, count: int = 1024) -> dict[str, Array]:
    plain = stream(seed, "test").standard_normal((count, D))
    return importance.statistics(
        lambda u: margin(u)[:, None], plain, ONE, SURE, "logistic", lambda at, part: stream(seed, "test", part, at))


def tail(far: float) -> float:
    """P(a standard normal is above)."""
    return erfc(far / sqrt(2.0)) / 2


CASES = [
    (half_space(5.0), tail(5.0), 0.06), (half_space(12.0), tail(12.0), 0.1),
    (several(4.0), -expm1(10 * log1p(-tail(4.0))), 0.1), (several(6.0), -expm1(10 * log1p(-tail(6.0))), 0.1),
]


@pytest.mark.parametrize(("margin", "exact", "within"), CASES)
def test_rare_errors_are_those_of_the_exact_law(
    margin: Callable[[Array], Array], exact: float, within: float
) -> None:
    told = found(margin)
    error, se = float(told["test_error"]), float(told["test_error_se"])
    assert 0 < se < within * exact and abs(error - exact) < 4 * se
    assert error < told["test_error_upper"] < 1.5 * exact
    assert all(np.array_equal(told[name], again) for name, again in found(margin).items())  # streams alone decide


def test_the_loss_keeps_the_precision_of_plain_draws_and_has_what_rare_errors_add() -> None:
    bulk = found(half_space(5.0), count=4096)
    plain = np.logaddexp(0.0, -half_space(5.0)(stream(0, "test").standard_normal((4096, D))))
    assert abs(bulk["test_loss"] - plain.mean()) < 1e-5 and bulk["test_loss_se"] < 1.05 * mean_and_error(plain)[1]
    # Nearly all of this loss is that of one draw in some hundred thousand.
    steep = found(lambda u: 1e6 * (4.5 - u[:, 0]))
    exact = 1e6 * (stats.norm.pdf(4.5) - 4.5 * stats.norm.sf(4.5))
    assert abs(steep["test_loss"] - exact) < 4 * steep["test_loss_se"] < 0.4 * exact


def test_labels_are_judged_each_by_its_own_share() -> None:
    plain, labels, shares = stream(0, "test").standard_normal((1024, D)), np.array([1.0, -1.0]), np.array([0.25, 0.75])
    told = importance.statistics(
        lambda u: np.stack([5.0 - u[:, 0], u[:, 1]], axis=1), plain, labels, shares, "logistic",
        lambda at, part: stream(0, "test", part, at))
    rare, common = told["class_error"]
    assert abs(rare / stats.norm.sf(5.0) - 1) < 0.2 and abs(common - 0.5) < 4 * told["class_error_se"][1]
    np.testing.assert_allclose(told["test_error"], 0.25 * rare + 0.75 * common, rtol=1e-12)


def flipped(margin: Callable[[Array], Array], p: float, seed: int = 0) -> dict[str, Array]:
    """Of examples of one label, which is observed as the other with probability p."""
    plain = stream(seed, "test").standard_normal((512, D))
    return importance.statistics(
        lambda u: np.repeat(margin(u)[:, None], 2, axis=1), plain, np.array([1.0, -1.0]), np.array([1 - p, p]),
        "logistic", lambda at, part: stream(seed, "test", part, at))


@pytest.mark.parametrize(("margin", "exact"), [
    (half_space(3.5), tail(3.5)), (half_space(5.0), tail(5.0)),
    (lambda u: np.maximum(5.0 - u[:, 0], 0.0), tail(5.0) / 2),  # ties, half wrong for either label
])
@pytest.mark.parametrize("p", [0.02, 0.1, 0.4])
def test_flipped_labels_add_their_share_and_take_no_precision(
    margin: Callable[[Array], Array], exact: float, p: float
) -> None:
    excess = (1 - 2 * p) * exact
    runs = [flipped(margin, p, seed) for seed in range(50)]
    off, claimed = (np.array(each) for each in zip(
        *((float(run["test_error"]) - p - excess, float(run["test_error_se"])) for run in runs), strict=True))
    assert 0 < claimed.max() < 0.2 * excess
    assert (np.abs(off) <= 1.96 * claimed).mean() > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 50)
    clean, other = runs[0]["class_error"]
    assert clean + other == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(runs[0]["test_error_se"], (1 - 2 * p) * runs[0]["class_error_se"][0], rtol=1e-9)


def test_classes_that_are_hardly_ever_answered_are_resolved() -> None:
    def scores(u: Array) -> Array:
        """Class 0 but where the first normal is above 5, then class 1; never class 2."""
        logits = np.stack([np.full(len(u), 5.0), u[:, 0], np.full(len(u), -20.0)], axis=1)
        return np.repeat(logits[:, None], 3, axis=1)

    plain, shares = stream(0, "test").standard_normal((1024, D)), np.array([0.8, 0.15, 0.05])
    told = importance.statistics(scores, plain, np.arange(3.0), shares, "cross_entropy",
                                 lambda at, part: stream(0, "test", part, at))
    np.testing.assert_allclose(told["class_error"], [tail(5.0), 1 - tail(5.0), 1.0], atol=0.1 * tail(5.0), rtol=0)
    excess, se = 0.65 * tail(5.0), float(told["test_error_se"])
    assert 0 < se < 0.06 * excess and abs(float(told["test_error"]) - 0.2 - excess) < 4 * se
    assert 0 < told["class_error_se"][1] < 0.06 * tail(5.0) and told["class_error_se"][2] == 0


@pytest.mark.parametrize("margin", [lambda u: 3.0 + np.maximum(u[:, 0], 0), lambda u: np.full(len(u), 7.0)])
def test_what_is_never_wrong_is_zero_with_the_bound_of_the_plain_draws(margin: Callable[[Array], Array]) -> None:
    told = found(margin)
    assert told["test_error"] == 0 and told["test_error_se"] == 0
    np.testing.assert_allclose(told["test_error_upper"], 3.0 / 1024, rtol=0.01)


def test_no_draw_has_a_weight_beyond_what_plain_draws_alone_give() -> None:
    tilt = importance.Tilt(np.array([[5.0, 0.0]]), np.array([1.0]), np.array([[0.0, 1.0]]), np.array([2.0]))
    u = stream(0, "test").standard_normal((1000, 2)) * 4
    assert (tilt.weights(u) <= 1.0 + importance.MORE).all()
    q = stats.multivariate_normal([5.0, 0.0], np.diag([1.0, 4.0]))
    np.testing.assert_allclose(tilt.log_ratio(u), q.logpdf(u) - stats.multivariate_normal([0.0, 0.0]).logpdf(u))
    drawn = tilt.draw(stream(1, "test"), 40_000)
    np.testing.assert_allclose(drawn.mean(axis=0), [5.0, 0.0], atol=0.06)
    np.testing.assert_allclose(drawn.std(axis=0), [1.0, 2.0], atol=0.06)


@pytest.mark.parametrize("wrong", range(11))
def test_the_upper_bound_is_poissons(wrong: int) -> None:
    draws = np.zeros(4096)
    draws[:wrong] = 1.0
    exact = stats.chi2.ppf(0.95, 2 * (wrong + 1)) / 2 / 4096
    mean, error = mean_and_error(draws)
    assert abs(upper(np.asarray(mean), np.asarray(error), 4096) / exact - 1) < 0.01
    # An error of one half of which no draw told more: half of the room above it is open.
    assert upper(np.asarray(0.5), np.asarray(0.0), 4096) == pytest.approx(0.5 + 1.5 / 4096, rel=1e-3)
    assert upper(np.asarray(0.25), np.asarray(0.0), np.inf) == 0.25  # exact


def covered(margin: Callable[[Array], Array], exact: float, repetitions: int = 200) -> float:
    told = [found(margin, seed) for seed in range(repetitions)]
    return float(np.mean([abs(each["test_error"] - exact) <= 1.96 * each["test_error_se"] for each in told]))


def sampled(p: float, covers: Callable[[Array], tuple[float, float]], repetitions: int = 200) -> float:
    """How often an interval covers an error of (1 - p) / 2."""
    hits = 0
    for seed in range(repetitions):
        u = stream(seed, "test").uniform(size=4096)
        mean, error = covers(0.5 - 0.5 * np.asarray(u < p, dtype=np.float64))
        hits += abs(mean - 0.5 * (1 - p)) <= 1.96 * error
    return hits / repetitions


def test_a_standard_error_of_few_draws_covers() -> None:
    # As where two labels are judged on the same noise: one is right where the other is wrong, but for three draws or so
    assert sampled(8e-4, mean_and_error) < 0.9
    assert sampled(8e-4, importance.covering) > 0.93


@pytest.mark.slow
@pytest.mark.parametrize(("margin", "exact", "least"), [
    *((margin, exact, 0.9) for margin, exact, _ in CASES), (half_space(3.0), tail(3.0), 0.9),
    (squares(30.0), partial(of_squares, 30.0), 0.9),
    (squares(45.0), partial(of_squares, 45.0), 0.85),  # a part of a sphere in ten dimensions takes more draws
])
def test_standard_errors_cover_over_200_repetitions(
    margin: Callable[[Array], Array], exact: float | Callable[[], float], least: float
) -> None:
    assert covered(margin, exact() if callable(exact) else exact) >= least
