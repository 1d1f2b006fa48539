"""The tests of the implicit-bias paper's errata (run by `test_errata.test_entry`)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from derivations.ledger.errata import Erratum
from derivations.papers.nearly_orthogonal.model import model
from dynamics.chance.streams import stream
from simulate.start.draw import draw
from simulate.start.drawn import Draw
from tests.helpers.errata_shows import EXACT, SHOW, Run, Shown, one_step, shows
from tests.helpers.printed_states import SIGN, Inputs

from . import printed_states as states

SHOW |= {f"nearly_orthogonal-{name}": one_step(f"nearly_orthogonal-{claim}") for name, claim in (
    ("5.7", "5.7-ratio"), ("D.2", "D.2-sum"), ("E.1-norm", "E.1-sum"), ("E.2-index", "E.2-step"),
    ("F.2-prime", "F.2-step"), ("G.1-index", "G.1-step"), ("G.11", "G.11-gradient"))}


def drawn(entry: Erratum, number: int = 0) -> Draw:
    """What a command's seed draws."""
    command = entry.runs[number].split()
    words = dict(word.split("=") for word in command if "=" in word)
    values = {name: int(value) if name in ("n", "m") else value if name == "data" else float(value)
              for name, value in words.items()}
    seed = int(command[command.index("--seed") + 1]) if "--seed" in command else 0
    return draw(model(), {p.name: p.default for p in model().parameters} | values, seed)


@shows("nearly_orthogonal-5.3")
def a_sequence_from_one(entry: Erratum, run: Run) -> Shown:
    x, upper = [1.0], [[], []]  # type: tuple[list[float], list[list[float]]]
    for t in range(1, 2000):
        x.append(x[-1] + math.exp(-x[-1]))
        for at, start in enumerate((math.exp(-1), math.e)):
            upper[at].append(math.log(start + math.e * t))
    lower = [math.log(math.e + t) for t in range(1, 2000)]
    printed, corrected = (all(a <= b for a, b in zip(x[1:], bound, strict=True)) for bound in upper)
    corrected = corrected and all(a >= b for a, b in zip(x[1:], lower, strict=True))
    return Shown(printed, corrected, (f"{x[1]:.3f}", f"{upper[0][0]:.3f}", f"{upper[1][0]:.3f}"))


@shows("nearly_orthogonal-B.3")
def coefficients_start_at_zero(entry: Erratum, run: Run) -> Shown:
    pytest.importorskip("torch")
    state = states.inputs()
    first = float(np.abs(states.coefficients(state) * (state.x**2).sum(1)).max())  # the sum's term s = 0
    step = states.error("nearly_orthogonal-5.1-step", ())  # so the sum to t - 1 at t = 1 is that term
    return Shown(first <= EXACT, step <= EXACT, (f"{first:.2f}",))


@shows("nearly_orthogonal-C.3")
def half_the_rate(entry: Erratum, run: Run) -> Shown:
    rho, data = run(entry.runs[0])["rho"][-1].mean(1), drawn(entry)
    beta, t, a, slope = float(np.abs(data.z).max()), 300_000, 10 / (2 * 10), 0.5
    own = min(rho[0 if label > 0 else 1, i] for i, label in enumerate(data.y))
    other = min(-rho[1 if label > 0 else 0, i] for i, label in enumerate(data.y))
    low = [math.log(1 + slope * a * math.exp(-1.5 * beta) * t), slope * math.log(1 + a * math.exp(-1.5 * beta) * t)]
    quoted = (f"{own:.2f}", f"{low[0]:.2f}", f"{other:.2f}", f"{low[1]:.2f}")
    return Shown(own >= low[0] and other >= low[1], own >= low[0] / 2 and other >= low[1] / 2, quoted)


@shows("nearly_orthogonal-C.31")
def a_larger_logarithm(entry: Erratum, run: Run) -> Shown:
    c, t = 0.1, 100
    first, second = math.log(1 + c * math.exp(c) * t), math.log(1 + c * t)
    u, v, largest = 0.0, 0.0, 0.0
    for step in range(1, 2000):  # the two extreme sequences: the exponential step and the logistic one
        u, v = u + c * math.exp(-u), v + c / (1 + math.exp(v))
        largest = max(largest, v - math.log(1 + c * step))
    return Shown(first <= second, largest <= 0, (f"{first:.3f}", f"{second:.3f}"))


@shows("nearly_orthogonal-C.30")
def the_exponent_is_the_sequence(entry: Erratum, run: Run) -> Shown:
    slope, share = 0.5, 0.01  # n p/(c_3 R_min^2)
    exponent = 2 * (1 + share / slope**2) / slope
    printed, corrected = (2 * (1 + share / slope**power) / slope for power in (4, 2))
    return Shown(abs(exponent - printed) <= EXACT, abs(exponent - corrected) <= EXACT,
                 (f"{exponent:.2f}", f"{printed:.2f}"))


@shows("nearly_orthogonal-C.35")
def which_constant_goes_where(entry: Erratum, run: Run) -> Shown:
    slope, share, t = 0.5, 0.05, np.array([0.1, 1.0, 10.0, 1e3])  # t in units of n m/(eta ||x||^2), beta = 0
    c_4, c_5 = 1 - share / slope**2, 1 - share / slope**3
    own, other = np.log1p(c_4 * t) / c_4, np.log1p(slope * c_5 * t) / (c_5 * slope)  # (C.31), (C.32)
    printed = np.log1p(slope * c_5 * t) / (c_4 * slope)
    mended = np.log1p(slope * c_4 * t) / (c_4 * slope), np.log1p(slope * c_5 * t) / (c_5 * slope)
    holds = [bool((own <= bound[0] * (1 + 1e-12)).all() and (other <= bound[1] * (1 + 1e-12)).all())
             for bound in ((printed, printed), mended)]
    return Shown(holds[0], holds[1], (f"{other[2]:.2f}", f"{printed[2]:.2f}"))


@shows("nearly_orthogonal-C.5")
def the_initial_inner_product(entry: Erratum, run: Run) -> Shown:
    rho, data = run(entry.runs[0])["rho"][-1], drawn(entry)
    beta, h = float(np.abs(data.z).max()), data.z + rho  # unit inputs, p = 0
    off = np.array(SIGN)[:, None, None] != data.y
    over = [float((h - rho - sign * beta)[np.broadcast_to(off, h.shape)].max()) for sign in (-1, 1)]
    return Shown(over[0] <= EXACT, over[1] <= EXACT, (f"{over[0]:.2f}",))


@shows("nearly_orthogonal-D.4-cross")
def a_square_has_two_cross_terms(entry: Erratum, run: Run) -> Shown:
    W, V, x = (stream(0, "D.4", at).standard_normal(shape) for at, shape in enumerate(((3, 4), (3, 4), (4,))))
    found, cross = float(((W @ x + V @ x) ** 2).sum()), float((W @ x) @ (V @ x))
    squares = float(((W @ x) ** 2).sum() + ((V @ x) ** 2).sum())
    error = [abs(found - squares - factor * cross) for factor in (1, 2)]
    return Shown(error[0] <= EXACT * found, error[1] <= 1e-10, (f"{error[0]:.2f}",))


@shows("nearly_orthogonal-D.4-chain")
def the_constants_do_not_vanish(entry: Erratum, run: Run) -> Shown:
    v = 10.0
    ratio, printed = (2 * v + 2) / (v**2 - v - 1), 2 / v
    return Shown(ratio <= printed, ratio <= 2 * printed, (f"{ratio:.3f}", f"{printed:.1f}"))


@shows("nearly_orthogonal-E.1-c_1")
def a_ratio_without_a_unit(entry: Erratum, run: Run) -> Shown:
    n, m, eta, beta, constant, small, large = 10, 100, 0.01, 0.1, 1.0, 2.0, 3.0
    T_1 = constant * n * m / (eta * large**2)
    own = [math.log(1 + 0.2 * eta * small**2 * math.exp(-beta) * T_1 / (n * m)),
           math.log(1 + 1.2 * eta * large**2 * math.exp(2 * beta) * T_1 / (n * m))]
    found = own[0] / own[1]
    printed = math.log(1 + 0.2 * math.exp(-beta) * small**2) / math.log(1 + 1.2 * math.exp(2 * beta) * large**2)
    mended = math.log(1 + 0.2 * math.exp(-beta) * (small / large) ** 2) / math.log(1 + 1.2 * math.exp(2 * beta))
    return Shown(abs(found - printed) <= EXACT, abs(found - mended) <= EXACT, (f"{found:.3f}", f"{printed:.3f}"))


@shows("nearly_orthogonal-E.1-c_2")
def two_and_a_half_times_1_1(entry: Erratum, run: Run) -> Shown:
    c_2, c_3 = 1 / (2.5 * 1.1), 2.5 / 0.5
    assert c_2 / c_3 >= 1 / 14
    return Shown(c_2 >= 0.37, c_2 >= 0.36, (f"{c_2:.3f}",))


@shows("nearly_orthogonal-E.2")
def off_class_coefficients_stay(entry: Erratum, run: Run) -> Shown:
    found, beta = run(entry.runs[0])["rho_under"], float(np.abs(drawn(entry).z).max())
    early, late = (float(-x.min()) for x in found)
    return Shown(late <= EXACT, late <= beta + 1 and early == late, (f"{late:.2f}", f"{beta + 1:.2f}"))


@shows("nearly_orthogonal-F.2")
def the_pattern_settles_after_nm(entry: Erratum, run: Run) -> Shown:
    n, m, eta = 6, 50, 3.0
    last = float(run(entry.runs[0])["last_flip"].max())
    printed, corrected = 1 / (eta * n * m), n * m / eta
    return Shown(last <= 10 * printed, last <= 10 * corrected, (f"{last:.0f}", f"{printed:.4f}", f"{corrected:.0f}"))


@shows("nearly_orthogonal-F.3")
def the_stable_rank_counts_a_class(entry: Erratum, run: Run) -> Shown:
    printed, corrected, quoted = [], [], []
    for number in range(2):
        found, labels = run(entry.runs[number])["stable_rank"][-1], drawn(entry, number).y
        for at, sign in enumerate(SIGN):
            count = int((labels == sign).sum())
            limit = 2 * count / (count + 1)
            printed.append(abs(found[at] - 2) <= 0.03)
            corrected.append(abs(found[at] - limit) <= 0.03)
            quoted += [f"{found[at]:.2f}", f"{limit:.2f}"]
    return Shown(all(printed), all(corrected), tuple(quoted))


@shows("nearly_orthogonal-4.3")
def a_class_without_examples(entry: Erratum, run: Run) -> Shown:
    grown = [run(command)["frobenius"][:, :2] for command in entry.runs]
    one, both = ((found[1] / found[0]).min() for found in grown)
    assert set(drawn(entry, 1).y) == {1.0, -1.0}
    absent = grown[0][:, int(np.argmin(grown[0][1] / grown[0][0]))]
    return Shown(one >= 1.2, both >= 1.2, (f"{absent[1]:.2f}", f"{one:.1f}", f"{both:.1f}"))


@shows("nearly_orthogonal-5.9")
def the_slope_of_the_other_class(entry: Erratum, run: Run) -> Shown:
    found, labels = run(entry.runs[0]), drawn(entry).y
    mean, margin = found["rho"][-1].mean(1), found["margins"][-1]
    own, other = (np.array([mean[0 if label * side > 0 else 1, i] for i, label in enumerate(labels)])
                  for side in (1, -1))
    error = [float(np.abs(margin - (own - factor * other)).max()) for factor in (1.0, 0.5)]
    return Shown(error[0] <= 1e-4, error[1] <= 1e-4, (f"{margin[0]:.2f}", f"{(own - other)[0]:.2f}"))


@shows("nearly_orthogonal-5.12")
def one_inactive_filter(entry: Erratum, run: Run) -> Shown:
    pytest.importorskip("torch")
    state = Inputs(np.array([[1.0]]), np.full((2, 1, 1), -0.5), np.array([1.0]), slope=0.1, eta=0.01)
    later = Inputs(state.x, state.W + states.moved(state), state.y, slope=0.1)
    rate = float((later.margins - state.margins)[0] * (1 + math.exp(state.margins[0])) / state.eta)
    return Shown(rate >= 0.2, rate >= 0.1**2, (f"{rate:.2f}",))


@shows("nearly_orthogonal-G.13")
def one_example_at_a_time(entry: Erratum, run: Run) -> Shown:
    first, last = run(entry.runs[0])["rho"]
    grown, labels = (last - first).mean(1), drawn(entry).y
    own, other = (np.array([grown[0 if label * side > 0 else 1, i] for i, label in enumerate(labels)])
                  for side in (1, -1))
    same = float(np.abs(own + other / 0.5).max())
    apart = max(abs(own[i] / (-other[k] / 0.5) - 1) for i in range(labels.size) for k in range(labels.size)
                if labels[i] != labels[k])
    return Shown(apart <= 0.01, same <= 1e-9, (f"{apart:.0%}",))
