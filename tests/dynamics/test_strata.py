"""Normals in strata and examples in groups: each is a normal, groups are independent, and the law is the same."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from dynamics.chance.strata import stratified
from dynamics.chance.streams import stream
from dynamics.fresh.intervals import upper
from dynamics.fresh.normals import STRATA, Normals, by_group, leading
from dynamics.fresh.roots import coloured, led, led_root
from dynamics.fresh.testlaw import Fresh, statistics

Array = NDArray[np.float64]
SIGNS = np.array([1.0, -1.0])


def covariance_of(seed: int, neurons: int, rank: int, spread: float = 0.0) -> Array:
    rng = stream(seed, "test")
    factor = rng.standard_normal((neurons, rank)) * np.exp(spread * rng.standard_normal((neurons, 1)))
    return np.asarray(factor @ factor.T)


def difference(a: Array, power: int = 1) -> Array:
    """f of ReLU^q filters with signed heads; a (N, P, 2, m)."""
    heads = (np.maximum(a, 0.0) ** power).mean(axis=3).sum(axis=1)
    return np.asarray(heads[:, 0] - heads[:, 1])


def example(seed: int, m: int, signal: float) -> Fresh:
    """Signed heads, a signal patch y mu and a noise patch, one state."""
    mu = signal * stream(seed, "init").standard_normal((1, 2, m))
    fixed = np.zeros((1, 2, 2, 2, m))
    fixed[:, 0, 0], fixed[:, 1, 0] = mu, -mu
    mix = np.array([[[0.0], [1.0]], [[0.0], [1.0]]])
    return Fresh(fixed, mix, covariance_of(seed, 2 * m, 3 * m)[None, None], SIGNS)


@pytest.mark.parametrize("strata", [1, 2, 8, 200])
def test_a_row_has_one_normal_in_each_stratum(strata: int) -> None:
    drawn = stratified(stream(0, "test"), 50, strata)
    edges = stats.norm.ppf(np.arange(strata + 1) / strata)
    assert drawn.shape == (50, strata)
    assert (drawn > edges[:-1]).all() and (drawn <= edges[1:]).all()
    assert len(np.unique(drawn)) == drawn.size


def test_strata_are_normals_as_exactly_as_draws_are() -> None:
    """Each stratum against its own conditional law, all against the normal law: Kolmogorov and Smirnov."""
    drawn = stratified(stream(1, "test"), 20_000, STRATA)
    within = stats.norm.cdf(drawn) * STRATA - np.arange(STRATA)
    assert min(stats.kstest(column, "uniform").pvalue for column in within.T) > 1e-3
    assert stats.kstest(drawn[:, 3], stats.norm.cdf).pvalue < 1e-6  # a stratum alone is no normal: the test can fail


def test_too_few_in_a_stratum_are_drawn_again() -> None:
    """Of 2 groups and 100 strata the first 225 normals leave some stratum short, at nearly every seed."""
    drawn = [stratified(stream(seed, "test"), 2, 100) for seed in range(20)]
    assert all((np.diff(each, axis=1) > 0).all() for each in drawn)


@pytest.mark.parametrize(("groups", "strata"), [(512, 8), (2, 100), (7, 1)])
def test_a_stratum_keeps_the_first_normals_that_lie_in_it(groups: int, strata: int) -> None:
    drawn = stratified(stream(3, "test"), groups, strata)
    many = stream(3, "test").standard_normal(100 * groups * strata)  # a stream goes on where it was left
    of = np.digitize(many, stats.norm.ppf(np.arange(1, strata) / strata), right=True)
    assert all(np.array_equal(drawn[:, k], many[of == k][:groups]) for k in range(strata))


def test_heads_and_vectors_are_paired_at_random() -> None:
    lead = np.concatenate([leading(seed, 512, 2, 2) for seed in range(60)])
    columns = lead.reshape(len(lead), STRATA, 4)
    products = np.einsum("mqa,mqb->mab", columns, columns) / STRATA
    error = products.std(axis=0, ddof=1) / np.sqrt(len(products))
    off = ~np.eye(4, dtype=bool)
    assert (np.abs(products.mean(axis=0))[off] < 4.5 * error[off]).all()
    assert np.abs(columns.mean(axis=1)).max() < 0.5  # a group's mean hardly moves: 8 normals' has a deviation of 0.35


def test_a_seed_has_its_own_strata_and_keeps_them() -> None:
    assert leading(3, 64, 1, 2) is leading(3, 64, 1, 2) and not leading(3, 64, 1, 2).flags.writeable
    assert not np.array_equal(leading(3, 64, 1, 2), leading(4, 64, 1, 2))


@given(seed=st.integers(0, 10**6), heads=st.integers(1, 4), filters=st.integers(1, 6), rank=st.integers(0, 30),
       spread=st.sampled_from([0.0, 1.0, 8.0]), dead=st.booleans())
def test_lead_and_root_make_the_covariance(
    seed: int, heads: int, filters: int, rank: int, spread: float, dead: bool
) -> None:
    covariance = covariance_of(seed, heads * filters, rank, spread)
    if dead:
        covariance[:filters] = covariance[:, :filters] = 0.0
    lead, root = led_root(covariance, heads)
    deviation = np.sqrt(np.diag(covariance))
    gap = np.abs(lead @ lead.T + root @ root.T - covariance)
    assert (gap <= 1e-7 * np.outer(deviation, deviation)).all()
    found = led(covariance[None], heads)
    if found.settled[0]:
        last = np.arange(filters - 1, heads * filters, filters)
        assert not np.triu(root, 1).any() and not root[:, last].any()
        sums = root.reshape(heads, filters, -1).sum(axis=1)  # what heads sum to is led, and nothing else moves it
        assert np.abs(sums).max(initial=0.0) <= 1e-9 * max(deviation.max(initial=0.0), 1e-300) / np.sqrt(1e-4)


def test_many_covariances_have_the_bits_of_each() -> None:
    stack = np.stack([covariance_of(seed, 8, 30) for seed in range(5)])
    stack[2] = covariance_of(2, 8, 1)  # singular
    many = led(stack, 2)
    for at, each in enumerate(stack):
        one = led(each[None], 2)
        assert np.array_equal(many.lead[at], one.lead[0]) and many.settled[at] == one.settled[0] == (at != 2)
        assert np.array_equal(many.root[at], one.root[0]) or at == 2


@pytest.mark.parametrize("rank", [40, 3])
def test_groups_share_all_but_what_leads_the_heads(rank: int) -> None:
    covariance, lead = covariance_of(0, 6, rank), leading(0, 64, 1, 2)[:, :, 0]
    normals = stream(0, "test").standard_normal((64, 6))
    draws = coloured(normals, covariance, lead)
    onto, _ = led_root(covariance, 2)
    whole = draws(slice(0, 64 * STRATA)).reshape(64, STRATA, 6)
    rest = whole - lead @ onto.T
    np.testing.assert_allclose(rest, np.repeat(rest[:, :1], STRATA, axis=1), atol=1e-12)
    np.testing.assert_allclose(draws(slice(2 * STRATA, 5 * STRATA)).reshape(-1, STRATA, 6), whole[2:5], atol=1e-12)
    np.testing.assert_allclose(draws(slice(1)), whole[0, :1], atol=1e-12)


@pytest.mark.parametrize("signal", [0.5, 3.0])
def test_the_standard_error_covers_and_is_that_of_independent_examples(signal: float) -> None:
    """200 repetitions: the estimates' spread is what is claimed, and no wider than of as many independent ones."""
    fresh, groups, repeats = example(5, 10, signal), 64, 200
    exact = statistics(difference, fresh, "logistic", Normals(stream(9, "init").standard_normal((400_000, 1, 20))))
    runs = []
    for seed in range(repeats):
        rest = stream(seed, "test").standard_normal((groups, 1, 20))
        runs.append(statistics(difference, fresh, "logistic", Normals(rest, leading(seed, groups, 1, 2))))
    plain = [statistics(difference, fresh, "logistic", Normals(stream(seed, "data").standard_normal(
        (groups * STRATA, 1, 20)))) for seed in range(repeats)]
    for name in ("test_error", "test_loss"):
        estimates, claimed = (np.array([run[each][0] for run in runs]) for each in (name, f"{name}_se"))
        truth, off = exact[name][0], np.hypot(claimed, exact[f"{name}_se"][0])
        assert (np.abs(estimates - truth) < 1.96 * off).mean() > 0.89  # 0.95 less four of its own standard errors
        assert abs(estimates.std(ddof=1) / claimed.mean() - 1) < 0.2
        of_plain = np.array([run[name][0] for run in plain]).std(ddof=1)
        assert estimates.std(ddof=1) < 1.2 * of_plain  # four standard errors of a ratio of spreads


@pytest.mark.slow
@pytest.mark.parametrize("signal", [0.5, 3.0])
def test_the_standard_error_covers_where_tails_are_heavy(signal: float) -> None:
    """Cubes of Gaussians, q = 3: 200 repetitions of as many groups as runs take."""
    fresh, groups, repeats = example(5, 10, signal), 512, 200
    cubic = functools.partial(difference, power=3)
    exact = statistics(cubic, fresh, "logistic", Normals(stream(9, "init").standard_normal((400_000, 1, 20))))
    runs = []
    for seed in range(repeats):
        rest = stream(seed, "test").standard_normal((groups, 1, 20))
        runs.append(statistics(cubic, fresh, "logistic", Normals(rest, leading(seed, groups, 1, 2))))
    for name in ("test_error", "test_loss"):
        estimates, claimed = (np.array([run[each][0] for run in runs]) for each in (name, f"{name}_se"))
        off = np.hypot(claimed, exact[f"{name}_se"][0])
        assert (np.abs(estimates - exact[name][0]) < 1.96 * off).mean() > 0.89  # as below 0.95 as chance takes it
        assert abs(estimates.std(ddof=1) / claimed.mean() - 1) < 0.2


def test_the_upper_bound_covers_an_error_that_few_draws_see() -> None:
    """At an error of 3/N, where one repetition in twenty may see none: 400 of them, each of 512 draws."""
    fresh, groups = example(5, 10, 100.0), 64
    exact = statistics(difference, fresh, "logistic", Normals(stream(9, "init").standard_normal((400_000, 1, 20))))
    truth = exact["test_error"][0]
    assert 2 < truth * groups * STRATA < 4
    covered = []
    for seed in range(400):
        rest = stream(seed, "test").standard_normal((groups, 1, 20))
        found = statistics(difference, fresh, "logistic", Normals(rest, leading(seed, groups, 1, 2)))
        bound = upper(found["test_error"], found["test_error_se"], groups * STRATA)
        covered.append(bound[0] >= truth)
    assert np.mean(covered) > 0.91  # 0.95 less four of its own standard errors


def test_means_over_groups() -> None:
    each = np.arange(24.0).reshape(12, 2)
    assert by_group(each, 4).tolist() == [[3.0, 4.0], [11.0, 12.0], [19.0, 20.0]]
    assert by_group(each, 1) is each and by_group(each[:1], 4).tolist() == [[0.0, 1.0]]
