"""Upper bounds of error probabilities against exact binomial laws, and against laws of more values."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from dynamics.fresh.intervals import upper

Array = NDArray[np.float64]


@pytest.mark.parametrize("draws", [5, 20, 64, 343, 512, 4096])
def test_draws_that_are_wrong_or_right_are_covered_at_any_probability(draws: int) -> None:
    """A bound misses the most often at a p just above it: there so few wrong draws have a probability below 0.05."""
    wrong = np.arange(draws)
    mean = wrong / draws
    bound = upper(mean, np.sqrt(mean * (1.0 - mean) / (draws - 1)), draws)
    missed = np.where(bound < 1.0, stats.binom.cdf(wrong, draws, np.minimum(bound, 1.0)), 0.0)
    assert missed.max() <= 0.05
    if draws >= 343:
        assert missed[:10].min() > 0.048  # and is no wider than that


@pytest.mark.parametrize("draws", [64, 512, 4096])
def test_of_no_wrong_draw_the_bound_holds_whatever_a_draw_is(draws: int) -> None:
    bound = float(upper(np.asarray(0.0), np.asarray(0.0), draws))
    assert (1.0 - bound) ** draws < 0.05 and 3.0 / draws <= bound < 3.01 / draws


def covered(values: Array, rates: Array, rng: np.random.Generator, draws: int = 512, repetitions: int = 2000) -> float:
    """How often draws that have each value so many times on average, and 0 else, are covered."""
    chances = np.append(rates / draws, 1.0)
    chances[-1] = max(0.0, 1.0 - chances[:-1].sum())
    chances /= chances.sum()
    counts = rng.multinomial(draws, chances, size=repetitions)[:, :-1]
    mean = counts @ values / draws
    squares = counts @ values**2 / draws
    error = np.sqrt(np.maximum(squares - mean**2, 0.0) / (draws - 1))
    return float((upper(mean, error, draws) >= chances[:-1] @ values).mean())


def test_draws_of_several_values_are_covered_as_often() -> None:
    """Means of groups of eight examples and two labels: one to three values, rare ones and common ones, 300 laws."""
    rng, found = np.random.default_rng(0), list[float]()
    for _ in range(300):
        several = int(rng.integers(1, 4))
        values = rng.integers(1, 17, size=several) / 16
        found.append(covered(values, np.exp(rng.uniform(np.log(0.3), np.log(300.0), size=several)), rng))
    assert min(found) > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 2000)
