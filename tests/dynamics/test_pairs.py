"""Losses and errors of all sums of two sets of scores: those of every pair, one by one."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from dynamics.arrays import Array
from dynamics.fresh import pairs, testlaw

EPS = float(np.finfo(np.float64).eps)
LOSSES: dict[str, Callable[[float], float]] = {
    "logistic": lambda x: math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x)) - x,
    "exponential": lambda x: math.exp(-x),
}


def scores(seed: int, count: int, entries: int) -> tuple[Array, Array]:
    """Halves, so that many sums are 0, and some that are not."""
    rng = np.random.default_rng(seed)
    fresh, held = rng.integers(-6, 7, count) / 2.0, rng.integers(-6, 7, entries) / 2.0
    fresh[::3] += rng.normal(size=fresh[::3].size)
    return fresh, held


@pytest.mark.parametrize("label", [1.0, -1.0])
@pytest.mark.parametrize("sizes", [(1, 1), (7, 3), (40, 17)])
def test_errors_are_those_of_every_pair(sizes: tuple[int, int], label: float) -> None:
    fresh, held = scores(1, *sizes)
    one_by_one = testlaw.errors(fresh[:, None] + held, np.full(len(held), label))
    found = pairs.mean_errors(fresh, held, label)
    assert found is not None and np.array_equal(found, one_by_one.sum(axis=1) / len(held))
    assert sizes == (1, 1) or set(np.unique(one_by_one)) == {0.0, 0.5, 1.0}


def test_sums_that_round_to_nothing_are_ties_and_those_that_hardly_do_not_are_none() -> None:
    tiny, one = 5e-324, 1.0
    fresh, held = np.array([0.0, -0.0, tiny, -tiny, one, np.inf]), np.array([-tiny, -one, 0.0, np.nextafter(-one, 0)])
    one_by_one = testlaw.errors(fresh[:, None] + held, np.ones(len(held)))
    found = pairs.mean_errors(fresh, held, 1.0)
    assert found is not None and np.array_equal(found, one_by_one.mean(axis=1))
    assert pairs.mean_errors(np.array([0.0, np.nan]), held, 1.0) is None
    assert pairs.mean_errors(fresh, np.append(held, -np.inf), 1.0) is None  # inf - inf is left to who looks at each


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("label", [1.0, -1.0])
def test_losses_are_those_of_every_pair(loss: str, label: float) -> None:
    """A loss on lanes is within 4 eps of its value (`test_lanes`), a sum of M of them within M eps more."""
    fresh, held = scores(2, 21, 30)
    held[:3] = [300.0, -300.0, 40.0]
    found = pairs.mean_costs(fresh, held, label, loss)
    exact = [math.fsum(LOSSES[loss](label * (x + y)) for y in held) / len(held) for x in fresh]
    assert found is not None and np.all(np.abs(found - exact) <= (8 + len(held)) * EPS * np.array(exact))
    alone = pairs.mean_costs(fresh[5:6], held, label, loss)
    assert alone is not None and alone[0] == found[5]


@pytest.mark.parametrize("label", [1.0, -1.0])
@pytest.mark.parametrize(("spread", "middle"), [
    (1.0, 0.0), (4.0, -30.0), (0.01, 35.0), (2.0, 700.0), (0.5, -1000.5), (80.0, 0.0), (20.0, 38.0),
])
def test_losses_of_many_scores_are_those_of_every_pair_too(spread: float, middle: float, label: float) -> None:
    """The bound of losses that are summed, and some eps for the polynomial; where it is not taken, the same."""
    rng = np.random.default_rng(7)
    fresh, held = middle + spread * rng.normal(size=4000), rng.normal(size=50)
    fresh[:3] = np.floor(middle), np.floor(middle) + 1.0, np.nextafter(np.floor(middle), -np.inf)
    found = pairs.mean_costs(fresh, held, label, "logistic")
    assert found is not None and pairs._by_cells(fresh, held, label) is not None
    some = [*range(3), *range(10, 4000, 97)]
    exact = np.array([math.fsum(LOSSES["logistic"](label * (fresh[at] + y)) for y in held) / len(held) for at in some])
    # A margin is off by an eps of its own, by which its loss changes as much, relatively.
    bar = (40 + len(held) + np.abs(fresh[some])) * EPS * exact + 5e-324
    assert np.all(np.abs(found[some] - exact) <= bar)
    fewer = np.concatenate([fresh[::2], fresh[1::2]])
    again = pairs.mean_costs(fewer, held, label, "logistic")
    assert again is not None and np.array_equal(again[: len(again) // 2], found[::2])


@pytest.mark.parametrize("changed", [0, 1, 2, 3])
def test_few_scores_or_far_ones_are_judged_one_by_one(changed: int) -> None:
    rng = np.random.default_rng(8)
    fresh, held = rng.normal(size=4000), rng.normal(size=50)
    fresh, held = [(fresh, held[:20]), (1e3 * fresh, 1e3 * held), (fresh[:100], held),
                   (np.where(fresh > 3.0, np.inf, fresh), held)][changed]
    assert pairs._by_cells(fresh, held, 1.0) is None
    found = pairs.mean_costs(fresh, held, 1.0, "logistic")
    exact = testlaw.costs(fresh[:, None] + held, np.ones(len(held)), "logistic").mean(axis=1)
    assert found is not None
    np.testing.assert_allclose(found, exact, rtol=1e-13)


def test_a_loss_by_a_formula_is_left_to_others() -> None:
    assert pairs.mean_costs(np.zeros(2), np.zeros(3), 1.0, lambda x: x) is None
    lost = pairs.mean_costs(np.array([np.nan]), np.zeros(3), 1.0, "logistic")
    assert lost is not None and np.isnan(lost).all()
