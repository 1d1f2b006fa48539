"""The tests of the heterogeneous-noise paper's errata (run by `test_errata.test_entry`)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from derivations.ledger.errata import Erratum
from derivations.papers.heterogeneous.model import model
from dynamics.arrays import Array
from dynamics.chance.covariances import spiked
from dynamics.chance.streams import stream
from simulate.start.draw import draw
from simulate.start.drawn import Draw
from tests.helpers.errata_shows import DELTA, EXACT, SHOW, Run, Shown, one_step, shows
from tests.helpers.printed_states import Classes

from . import printed_states as states

SHOW |= {f"heterogeneous-{name}": one_step(f"heterogeneous-{name}-{claim}") for name, claim in
         (("74", "product"), ("76", "norm"), ("96", "step"), ("112", "beta"), ("124", "step"))}


def drawn(entry: Erratum, number: int = 0, **changed: float) -> Draw:
    """What a command's seed 0 draws."""
    words = dict(word.split("=") for word in entry.runs[number].split() if "=" in word and not word.startswith("--"))
    numbers = {name: int(value) if name in ("K", "n", "m") else value if name == "init" else float(value)
               for name, value in words.items() if name != "loss"}
    declared = model(int(words["K"]))
    return draw(declared, {p.name: p.default for p in declared.parameters} | numbers | changed, 0)


def outputs(state: Classes) -> Array:
    """F (K, n)."""
    on = np.maximum(state.W @ state.u.T, 0)[..., state.y] + np.maximum(state.W @ state.xi.T, 0)
    found: Array = on.mean(1)
    return found


def after(state: Classes) -> Classes:
    """The state one step later."""
    return replace(state, W=state.W + states.moved(state))


@shows("heterogeneous-60")
def gradient_of_one_example(entry: Erratum, run: Run) -> Shown:
    pytest.importorskip("torch")
    state = states.classes()
    right = -states.moved(state) / state.eta  # the display, which claim 60-gradient holds to be grad L_S
    whole, error = np.zeros_like(state.W), []
    for i, label in enumerate(state.y):
        one = sum((state.p[h, i] - (h == label)) * states.slopes_of(state, h, i) for h in range(len(state.u)))
        whole += one / len(state.y)
        error.append(float(np.abs(one - right).max()))
    return Shown(max(error) <= EXACT, float(np.abs(whole - right).max()) <= EXACT, (f"{max(error):.2g}",))


@shows("heterogeneous-61")
def ratio_of_two_probabilities(entry: Erratum, run: Run) -> Shown:
    pytest.importorskip("torch")
    before = states.classes()
    now = after(before)
    i, label = 0, before.y[0]
    change = math.log(before.p[label, i]) - math.log(now.p[label, i])
    printed, corrected = math.log(now.p[label, i] / now.p[label, i]), math.log(before.p[label, i] / now.p[label, i])
    return Shown(abs(change - printed) <= EXACT, abs(change - corrected) <= EXACT, (f"{change:.2g}",))


@shows("heterogeneous-93")
def a_ratio_that_still_grows(entry: Erratum, run: Run) -> Shown:
    p_i, p_j, growth = 0.2, 0.9, 1.1
    kappa = (1 - p_i) / (1 - p_j)
    odds_i, odds_j = 1 / (1 - p_i) - 1, 1 / (1 - p_j) - 1
    found = kappa * (1 + odds_j * growth) / (1 + odds_i * growth) / (1 + odds_j) * (1 + odds_i)
    assert found == pytest.approx((1 + odds_j * growth) / (1 + odds_i * growth))
    printed = max(1.0, kappa * growth / growth)
    logs = p_j * math.log(growth) - p_i * math.log(growth)  # first order; positive, so the ratio grows
    return Shown(found <= printed, found >= kappa and logs > 0, (f"{found:.2f}", f"{printed:.0f}"))


def largest_gain(state: Classes, i: int, j: int) -> float:
    """(94)'s left side: Delta_{l2}(x_i) - Delta_{y_i}(x_i) - Delta_{l1}(x_j) + Delta_{y_j}(x_j)."""
    delta = outputs(after(state)) - outputs(state)
    others_i, others_j = (np.delete(delta[:, at], state.y[at]) for at in (i, j))
    return float(others_i.max() - delta[state.y[i], i] - others_j.min() + delta[state.y[j], j])


def orthogonal_state(
    u: tuple[float, ...], noise: tuple[float, ...], sizes: tuple[int, ...], active: int = 5
) -> Classes:
    """Every patch orthogonal to every other, `active` of 10 filters of each class active on each, small filters."""
    m, n, K = 10, sum(sizes), len(sizes)
    y = np.repeat(np.arange(K), sizes)
    vectors = np.diag([*u, *noise])
    signs = np.where(np.arange(m) < active, 1.0, -1.0)
    W = 0.01 * np.tile(signs[None, :, None], (K, 1, K + n)) * stream(0, "94").uniform(0.5, 1.5, (K, m, K + n))
    return Classes(vectors[:K], vectors[K:], W, y, eta=1e-3)


def bound_94(state: Classes, i: int, j: int, left_out: str = "") -> float:
    """(94)'s right side over eta, all of its slips mended but one: rate, shared or pull."""
    m, n = state.W.shape[1], len(state.y)
    gap, u2, gram = 1 - state.p[state.y, np.arange(n)], (state.u**2).sum(1), np.abs(state.xi @ state.xi.T)
    cross = float(sum(gram[at] @ gap - gram[at, at] * gap[at] for at in (i, j)))
    shared = gap[j] if left_out == "shared" else float(gap[state.y == state.y[j]].sum())
    gains = (1 if left_out == "pull" else 2) * (cross + gap[j] * gram[j, j] + shared * u2[state.y[j]])
    rate = 1 / n if left_out == "rate" else 1 / (m * n)
    return float(rate * (gains - 0.4 * gap[i] * (gram[i, i] + u2[state.y[i]])))


def slip_94(left_out: str, state: Classes, i: int, j: int) -> Shown:
    """The left side by torch, against the right side with one slip left in and with none."""
    pytest.importorskip("torch")
    found = largest_gain(state, i, j) / state.eta
    printed, corrected = bound_94(state, i, j, left_out), bound_94(state, i, j)
    return Shown(found <= printed, found <= corrected, tuple(f"{x:.3f}" for x in (found, printed, corrected)))


@shows("heterogeneous-94")
def gains_are_over_m(entry: Erratum, run: Run) -> Shown:
    return slip_94("rate", orthogonal_state((2.0, 0.5), (2.0, 2.0, 0.1), (2, 1)), 0, 2)


@shows("heterogeneous-94-shared")
def a_class_shares_its_feature(entry: Erratum, run: Run) -> Shown:
    return slip_94("shared", orthogonal_state((1.0, 1.0), (0.1,) * 11, (1, 10)), 0, 10)


@shows("heterogeneous-94-pull")
def rivals_lose_what_the_own_output_gains(entry: Erratum, run: Run) -> Shown:
    return slip_94("pull", orthogonal_state((0.5, 2.0), (0.5, 2.0), (1, 1), active=9), 0, 1)


@shows("heterogeneous-94-sign")
def mates_carry_the_feature(entry: Erratum, run: Run) -> Shown:
    """One example that is settled among unsettled ones of its class: the ratio leaves kappa, whatever kappa is."""
    pytest.importorskip("torch")
    before = orthogonal_state((1.0, 1.0), (1.0,) * 11, (1, 10))
    before.W[1, :, -1] += 7.0  # settles the last example through its own noise
    before.W[1, :, 2] += 0.1  # and leaves the first, of the other class, the least settled of all
    gaps = [1 - state.p[state.y, np.arange(11)] for state in (before, after(replace(before, eta=1.0)))]
    ratios = [float(gap[0] / gap[10]) for gap in gaps]
    assert gaps[0].max() <= gaps[0][0]  # so the first ratio is kappa
    found = largest_gain(before, 0, 10) / before.eta
    quoted = (f"{ratios[0]:.0f}", f"{ratios[1]:.0f}", f"{found:.3f}")
    return Shown(found <= 0 or ratios[1] <= ratios[0], found <= bound_94(before, 0, 10), quoted)


@shows("heterogeneous-98")
def another_class_is_pushed_down(entry: Erratum, run: Run) -> Shown:
    pytest.importorskip("torch")
    state = replace(states.classes(sizes=(4, 4), m=3), eta=0.1)
    change, gram, own = states.moved(state) @ state.xi.T, state.xi @ state.xi.T, state.y
    on = (state.W @ state.xi.T > 0).astype(float)
    apart = np.abs(gram) - np.diag(np.diag(gram))
    label = state.p[own, np.arange(len(own))]
    rate = state.eta / (state.W.shape[1] * len(own))

    def excess(away: Array, back: Array) -> float:
        """The largest left side less right side of (98), over filters of the other class."""
        right = np.einsum("kri,ki,ia->kra", on, away, apart) - on * back[:, None] * np.diag(gram)
        over = change / rate - right
        return float(max(over[k, :, own != k].max() for k in range(2)))

    printed = excess(1 - state.p, np.tile(label, (2, 1)))
    corrected = excess(np.tile(1 - label, (2, 1)) + (np.arange(2)[:, None] == own) * (label - state.p), state.p)
    return Shown(printed <= 1e-9, corrected <= 1e-9, (f"{printed:.2g}",))


def largest_product(scale: float) -> tuple[float, float]:
    """max_{i != j} |<xi_i, xi_j>| over F^(1/2) sqrt(log) and over F sqrt(log), for isotropic noise."""
    n, d = 20, 1000
    values = {p.name: p.default for p in model(2).parameters}
    values |= {"K": 2, "n": n, "m": 1, "d": d, "sigma_p": scale, "sigma_0": 0.01}
    xi_gram = draw(model(2), values, 0).gram[2:, 2:]
    off, F = float(np.abs(xi_gram - np.diag(np.diag(xi_gram))).max()), scale**2 * math.sqrt(d - 2)
    logs = math.sqrt(math.log(3 * n**2 / DELTA))
    return off / (math.sqrt(F) * logs), off / (F * logs)


@shows("heterogeneous-97")
def products_scale_with_f(entry: Erratum, run: Run) -> Shown:
    small, large = largest_product(0.1), largest_product(10.0)
    quoted = (*(f"{x:.2g}" for x in (small[0], large[0])), f"{large[1]:.2f}")
    return Shown(large[0] <= 2 * small[0], large[1] <= 2 * small[1], quoted)


@shows("heterogeneous-53")
def a_noise_with_itself(entry: Erratum, run: Run) -> Shown:
    n, d = 20, 1000
    values = {p.name: p.default for p in model(2).parameters}
    gram = draw(model(2), values | {"K": 2, "n": n, "m": 1, "d": d, "sigma_p": 1.0, "sigma_0": 0.01}, 0).gram[2:, 2:]
    scale = math.sqrt((d - 2) * math.log(6 * n**2 / DELTA))
    own, off = float(np.diag(gram).max() / scale), float(np.abs(gram - np.diag(np.diag(gram))).max() / scale)
    return Shown(own <= 1.5, off <= 1.5, (f"{own:.1f}", f"{off:.1f}"))


def features(entry: Erratum, run: Run, number: int) -> tuple[float, float]:
    """A run's sum_r sigma(<w_{y,r}, u_y>) at its end for y = 0, and sum_t sum_{S_y} (1 - p_y) ||u_y||^2."""
    found, data = run(entry.runs[number]), drawn(entry, number)
    left = np.maximum(data.z[0, :, 0] + found["gamma"][-1, 0, :, 0], 0).sum()
    return float(left), float(found["one_minus_p"][:-1, data.y == 0].sum() * data.gram[0, 0])


@shows("heterogeneous-122")
def the_signal_grows_by_one_over_m(entry: Erratum, run: Run) -> Shown:
    pytest.importorskip("torch")
    one = one_step("heterogeneous-122-step")(entry, run)
    printed, corrected, quoted = [], [], [*one.quoted]
    for number, m in enumerate((10, 40)):
        left, total = features(entry, run, number)
        bounds = [0.3 * m * 1.0 / 12 * total, 0.3 * m * 1.0 / (12 * m) * total]
        printed.append(left >= bounds[0])
        corrected.append(left >= bounds[1])
        quoted += [f"{left:.2f}", f"{bounds[0]:.2f}", f"{bounds[1]:.2f}"]
    return Shown(one.printed or all(printed), one.corrected and all(corrected), tuple(quoted))


@shows("heterogeneous-122-time")
def the_sum_starts_at_zero(entry: Erratum, run: Run) -> Shown:
    found, data = run(entry.runs[0]), drawn(entry)
    left, own = found["gamma"][-1, 0, :, 0].max(), found["one_minus_p"][:, data.y == 0].sum(1)
    printed, corrected = (4.0 / (5 * 6) * own[steps].sum() for steps in (slice(1, None), slice(None, -1)))
    error = [abs(left - x) for x in (printed, corrected)]
    return Shown(error[0] <= 1e-9, error[1] <= 1e-9, (f"{left:.4f}", f"{printed:.4f}"))


def noise_learned(entry: Erratum, run: Run, number: int) -> tuple[float, float]:
    """A run's mean ||A_y^T (w_{y,r}(T) - w_{y,r}(0))|| over (eta/n) F_yy b(S_y), y = 0; sqrt(|S_y|) ||A^T A||_op/F."""
    states, gaps = entry.runs[2 * number : 2 * number + 2]
    words = dict(word.split("=") for word in states.split() if word.count("=") == 1)
    found, data = run(states), drawn(entry, 2 * number)
    assert data.vectors is not None
    xi = data.vectors[2:]
    sigma = np.diag(spiked(2, xi.shape[1], float(words.get("Gamma", 1)))[0])  # features are the first two axes
    learned = np.sqrt((found["rho"][-1, 0] / (xi**2).sum(1) @ xi) ** 2 @ sigma).mean()
    sums = run(gaps)["one_minus_p"][:-1, data.y == 0].sum(0)
    F = math.sqrt(float(sigma @ sigma))
    reach = math.sqrt(float((data.y == 0).sum())) * float(sigma.max()) / F
    return float(learned / (float(words["eta"]) / len(data.y) * F * math.sqrt(float(sums @ sums)))), reach


@shows("heterogeneous-128")
def noise_is_learned_by_one_over_m(entry: Erratum, run: Run) -> Shown:
    ratios = [noise_learned(entry, run, number)[0] for number in range(2)]
    scaled = [ratios[0] * 10, ratios[1] * 160]
    quoted = (*(f"{x:.2g}" for x in ratios), *(f"{x:.2f}" for x in scaled))
    return Shown(max(ratios) <= 4 * min(ratios), max(scaled) <= 4 * min(scaled), quoted)


@shows("heterogeneous-128-spikes")
def a_spike_is_learned_as_a_feature(entry: Erratum, run: Run) -> Shown:
    """As the sum of |S_y| alike terms: over (F + sqrt(|S_y|) op) it stays put, over F alone it grows."""
    found = [noise_learned(entry, run, number) for number in range(2)]
    scaled, apart = [10 * ratio for ratio, _ in found], [10 * ratio / (1 + reach) for ratio, reach in found]
    quoted = (*(f"{x:.2f}" for x in scaled), *(f"{x:.2f}" for x in apart))
    return Shown(scaled[1] <= 2 * scaled[0], max(apart) <= min(1.0, 2 * min(apart)), quoted)


@shows("heterogeneous-L1")
def a_loss_falls_by_its_own_size(entry: Erratum, run: Run) -> Shown:
    """The least contraction over examples at three steps, over eta |S_y| ||u||^2/(m n), and over min{1, L} besides."""
    loss = -np.log1p(-run(entry.runs[0])["one_minus_p"])  # at 0, 1, T_0, T_0 + 1, 20 T_0, 20 T_0 + 1
    base = 0.5 * 4 / (10 * 8)
    printed = [float((1 - loss[at + 1] / loss[at]).min() / base) for at in (0, 2, 4)]
    corrected = [float(((1 - loss[at + 1] / loss[at]) / np.minimum(1, loss[at])).min() / base) for at in (0, 2, 4)]
    quoted = (*(f"{x:.2f}" for x in printed[:2]), f"{printed[2]:.3f}", *(f"{x:.2f}" for x in corrected))
    return Shown(min(printed) >= 0.1 * max(printed), min(corrected) >= 0.1 * max(corrected), quoted)


@shows("heterogeneous-L2")
def a_mean_over_the_steps(entry: Erratum, run: Run) -> Shown:
    loss = run(entry.runs[0])["loss"]
    mean, last = float(loss.mean()), float(loss[-1])
    printed = float(np.full(loss.size, last).mean())
    return Shown(printed == pytest.approx(mean), float(loss.sum() / loss.size) == pytest.approx(mean),
                 (f"{mean:.3f}", f"{last:.3f}"))


@shows("heterogeneous-9")
def an_example_of_another_class(entry: Erratum, run: Run) -> Shown:
    pytest.importorskip("torch")
    state = replace(orthogonal_state((1.0, 1.0, 1.0), (1.0,) * 3, (1, 1, 1)), eta=1.0)
    for _ in range(300):
        state = after(state)
    own = 1 - state.p[state.y, np.arange(3)]
    meant, printed = float(own[0] / own[1]), float(own[0] / (1 - state.p[0, 1]))
    return Shown(printed == pytest.approx(meant), meant <= 4, (f"{printed:.2f}", f"{meant:.2f}"))


@shows("heterogeneous-78")
def features_need_their_own_filters(entry: Erratum, run: Run) -> Shown:
    m, K = 100, 5
    below = sum(math.comb(m, k) for k in range(math.ceil(0.4 * m))) / 2**m
    some = 1 - (1 - below) ** K
    enough = math.ceil(50 * math.log(K / DELTA))
    late = sum(math.comb(enough, k) for k in range(math.ceil(0.4 * enough))) / 2**enough
    return Shown(some == 0, 1 - (1 - late) ** K <= DELTA, (f"{some:.3f}",))


@shows("heterogeneous-L21")
def a_union_over_both_classes(entry: Erratum, run: Run) -> Shown:
    m = 100

    def some(K: int, events: int) -> float:
        """The probability that one of K^2 m products is above sqrt(2 log(4 events/delta)) times its deviation."""
        tail = math.erfc(math.sqrt(math.log(4 * events / DELTA)))
        return -math.expm1(K**2 * m * math.log1p(-tail))

    printed, corrected = [some(K, K * m) for K in (5, 50)], some(50, 50**2 * m)
    return Shown(max(printed) <= DELTA, corrected <= DELTA, (*(f"{x:.3f}" for x in printed), f"{corrected:.3f}"))


@shows("heterogeneous-L9")
def the_largest_of_n(entry: Erratum, run: Run) -> Shown:
    n = 20
    tail = math.erfc(math.sqrt(math.log(2 * n / DELTA)))  # of one Gaussian above sqrt(2 log(2 n/delta))
    above, below = tail**n, (1 - tail) ** n
    return Shown(above >= 1 - DELTA, below >= 1 - DELTA, (f"{above:.1f}", f"{below:.2f}"))


@shows("heterogeneous-L10")
def the_same_vector_twice(entry: Erratum, run: Run) -> Shown:
    d, pairs = 4000, 200
    x, y = stream(0, "L10").standard_normal((2, pairs, d))
    same, apart = float(x[0] @ x[0]) / math.sqrt(d), float(np.abs((x * y).sum(1)).max()) / math.sqrt(d)
    bound = math.sqrt(2 * math.log(2 * pairs / DELTA)) + 1
    return Shown(same <= bound, apart <= bound, (f"{same:.0f}", f"{apart:.1f}"))


@shows("heterogeneous-106")
def one_filter_is_not_the_mean(entry: Erratum, run: Run) -> Shown:
    m, largest = 10, 5.0
    output = largest / m
    c_5 = math.exp(output) / (math.exp(output) + 1)
    left, right, mean = (1 - c_5) * math.exp(largest), c_5, (1 - c_5) * math.exp(output)
    quoted = (f"{c_5:.3f}", f"{left:.1f}", f"{right:.3f}", f"{mean:.3f}")
    return Shown(left <= right, mean <= right * (1 + 1e-12), quoted)


@shows("heterogeneous-132")
def filters_share_one_noise(entry: Erratum, run: Run) -> Shown:
    m = 100
    mean = math.sqrt(2 / math.pi)
    beyond = math.erfc((mean + 3 / math.sqrt(m)) / math.sqrt(2))  # |g| - E|g| >= 3 sqrt(m)/m
    wide = math.erfc((mean + 3) / math.sqrt(2))  # against 3 sum_r ||.||
    return Shown(beyond <= math.exp(-4.5), wide <= math.exp(-4.5), (f"{beyond:.2f}", f"{math.exp(-4.5):.3f}"))


@shows("heterogeneous-133")
def what_a_rival_learns_is_of_its_class(entry: Erratum, run: Run) -> Shown:
    """||A_y^T (w_{j,r}(T) - w_{j,r}(0))||, y = 0, j = 1, over (eta/(m n)) F and either sum, after 50 and 200 steps."""
    printed, corrected = [], []
    for number in (0, 1):
        found, data = run(entry.runs[2 * number]), drawn(entry, 2 * number)
        gaps, gram = run(entry.runs[2 * number + 1])["one_minus_p"][:-1], data.gram[2:, 2:]
        b = found["rho"][-1, 1] / np.diag(gram)
        learned = 0.5 * float(np.sqrt(np.einsum("ri,ik,rk->r", b, gram, b)).mean())
        scale = 2.0 / 100 * 0.25 * math.sqrt(500 - 2)
        sums = {True: (1 - gaps[:, data.y == 0]).sum(0), False: gaps[:, data.y == 1].sum(0)}  # 1 - p_1 of either class
        printed.append(learned / (scale * float(np.linalg.norm(sums[True]))))
        corrected.append(learned / (scale * float(np.linalg.norm(sums[False]))))
    quoted = tuple(f"{x:.2f}" for x in (*printed, *corrected))
    return Shown(max(printed) <= 1.5 * min(printed), max(corrected) <= 1.5 * min(corrected), quoted)


@shows("heterogeneous-135")
def the_theorem_squares(entry: Erratum, run: Run) -> Shown:
    size, u2 = 100, 1.0
    F = math.sqrt(size) * u2  # |S_k|^2 ||u||^4 = |S_j| F^2
    appendix, theorem = size * u2 / F, size * u2 / (math.sqrt(size) * F)
    share = math.exp(3**2 / 2)
    return Shown(appendix <= 1 and share <= 1, theorem <= 1 and 1 / share <= 1, (f"{appendix:.0f}", f"{share:.0f}"))


@shows("heterogeneous-sizes")
def the_larger_class_is_settled_first(entry: Erratum, run: Run) -> Shown:
    ratios = []
    for command in entry.runs:
        sums = run(command)["one_minus_p"][:-1].sum(0)
        y = np.repeat((0, 1), (40, 4))
        ratios.append(float((sums[y == 0] ** 2).sum() / (sums[y == 1] ** 2).sum()))
    return Shown(min(ratios) >= 1, ratios[0] < 1 < ratios[1], (f"{ratios[0]:.2f}", f"{ratios[1]:.1f}"))


@shows("heterogeneous-T")
def the_hitting_time_takes_the_square(entry: Erratum, run: Run) -> Shown:
    steps, printed, corrected = [], [], []
    for command, m in zip(entry.runs, (20, 80), strict=True):
        steps.append(int(run(command)["loss"].size - 1))
        printed.append(max(8 * 6, math.sqrt(m * 402) * 0.01, math.sqrt(m * 2)))
        corrected.append(2 * m * 402 * 0.01**2 + 2 * m * (2.5 * math.log(4 / 0.05)) ** 2)
    growth, expected = steps[1] / steps[0], [x[1] / x[0] for x in (printed, corrected)]
    quoted = (*map(str, steps), f"{growth:.1f}", f"{expected[0]:.1f}", f"{expected[1]:.1f}")
    return Shown(growth <= 2 * expected[0], 0.5 <= growth / expected[1] <= 2, quoted)


@shows("heterogeneous-118")
def a_change_of_units(entry: Erratum, run: Run) -> Shown:
    loss = [float(run(command)["loss"][-1]) for command in entry.runs]
    assert loss[0] == pytest.approx(loss[1], rel=1e-9)
    smallest, sigma_0 = (0.5, 5.0), (0.01, 0.001)  # of A and of the filters; the network is the same
    printed = (sigma_0[0] / sigma_0[1]) ** 2
    corrected = printed * (smallest[0] / smallest[1]) ** 2
    return Shown(printed == pytest.approx(1), corrected == pytest.approx(1), (f"{printed:.0f}", f"{loss[0]:.4f}"))


@shows("heterogeneous-L13")
def hoeffding_for_signs(entry: Erratum, run: Run) -> Shown:
    m = 100
    below = sum(math.comb(m, k) for k in range(math.ceil(0.4 * m))) / 2**m
    printed, corrected = math.exp(-8 * m / 25), math.exp(-m / 50)
    return Shown(below <= printed, below <= corrected, (f"{below:.3f}", f"{printed:.2g}", f"{corrected:.2f}"))


@shows("heterogeneous-L16")
def two_sides(entry: Erratum, run: Run) -> Shown:
    t, probability = 0.5, {1: 1.0, 2: 0.5}  # |share - 1/2| >= 1/2: all signs alike
    printed, corrected = ({d: factor * math.exp(-2 * d * t**2) for d in probability} for factor in (1, 2))
    quoted = (*(f"{x:.1f}" for x in probability.values()), *(f"{x:.2f}" for x in printed.values()))
    return Shown(all(probability[d] <= printed[d] for d in printed),
                 all(probability[d] <= corrected[d] for d in corrected), quoted)


@shows("heterogeneous-L18")
def rows_that_agree(entry: Erratum, run: Run) -> Shown:
    ratio, draws = 50, 40000
    x = stream(0, "L18").standard_normal((draws, 2))
    inside = float((x @ np.array([[1.0, 1 / ratio], [1.0, -1 / ratio]]).T > 0).all(1).mean())
    exact = 0.5 - math.atan(1 / ratio) / math.pi
    close = abs(inside - exact) <= 4 * math.sqrt(0.25 / draws)
    return Shown(inside <= 0.6**2, close, (f"{exact:.3f}", f"{0.6**2:.2f}"))


@shows("heterogeneous-116")
def square_matrices_are_nearly_singular(entry: Erratum, run: Run) -> Shown:
    m, found = 100, []
    for rank in (100, 400):
        values = np.linalg.svd(stream(0, "116", rank).standard_normal((m, rank)), compute_uv=False)
        found.append(float(values[m - 2]))  # the (m - n)-th, n = 1
    bound = 0.1 * math.sqrt(m)
    return Shown(found[0] >= bound, found[1] >= bound, (f"{found[0]:.2f}", f"{found[1]:.1f}", f"{bound:.0f}"))
