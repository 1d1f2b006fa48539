"""FOMAML's deterministic invariants A1 to A13 (the reading's Section 3.0) on wild draws, each with mutants it catches.

Signs of the coefficients, caps of one step, what the inner loop can do to a product, what grows in t.  Roundings are
counted from the kernel's text: a gradient's entry takes n + 10 of them (its factors, a sum over n examples, the mean
over tasks), a step adds B terms to a product, each of two roundings.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.helpers.fomaml_states import (
    KINDS,
    SIGNS,
    Case,
    Claim,
    Course,
    Invariant,
    Mutant,
    all_hold,
    changed,
    claim,
    course,
    equal,
    is_caught,
    join,
    kernel_of,
    of_dynamics,
    of_statement,
    rounding,
)
from tests.helpers.slowly import where

SPLIT = ("train-validation",)
SMOOTH = ("huberized",)


def total_step(run: Course) -> float:
    """What all tasks together can move: eta, or epsilon gamma J."""
    case = run.case
    return case.eta * case.gamma * case.J if case.method == "reptile" else case.eta


def inner_count(run: Course) -> np.ndarray[Any, Any]:
    """tau = 0 .. J over the axes of u."""
    return np.arange(run.case.J + 1.0)[:, None, None, None, None]


def a0(run: Course) -> Claim:
    """The trajectory of `adapt` ends where the outer step takes its gradient: the same bits."""
    return equal(run.near[-1], run.seen["adapted"][:-1], 0.0)


def a1(run: Course, labelled: bool = True) -> Claim:
    """g and rho never decrease, in the outer loop or from 0 in the inner: sums of one sign, exactly."""
    rho = run.rho if labelled else SIGNS[..., None] * run.noise(run.b)
    inner = np.diff(SIGNS * run.inner_coefficients, axis=0)
    noise = inner[..., 1:] * run.case.y[:, None, None, run.case.inner]
    grown = (np.diff(run.g, axis=0), np.diff(rho, axis=0), inner[..., 0], noise)
    return join(*(claim(-part) for part in grown))


def a2(run: Course, share: float = 1.0) -> Claim:
    """Of g, a step moves at most eta/K a task and eta in all (Reptile: times gamma J)."""
    case, step, after = run.case, np.diff(run.g, axis=0), np.abs(run.g[1:])
    cap, few = share * total_step(run), rounding(case.n + case.J + case.tasks + 14)
    each = claim(step, cap / case.tasks, few * cap / case.tasks + rounding(2) * after, live=step > 0)
    whole = claim(step.sum(-1), cap, few * cap + rounding(2) * after.sum(-1), live=step.sum(-1) > 0)
    return join(each, whole)


def a3(run: Course, examples: int | None = None) -> Claim:
    """Of rho, at most eta/(K n_e) (Reptile: times gamma J)."""
    case = run.case
    cap = total_step(run) / (case.tasks * (examples or case.outer.size))
    step = np.diff(run.rho, axis=0)
    return claim(step, cap, rounding(case.n + case.J + 14) * cap + rounding(2) * np.abs(run.rho[1:]), live=step > 0)


def a4(run: Course) -> Claim:
    """Training examples keep rho = 0 exactly, while validation examples move."""
    validation = np.abs(run.rho[-1][..., run.case.n_train :]).max() > 0
    return claim(np.abs(run.rho[..., : run.case.n_train]), live=validation)


def a5(run: Course, sign: bool = True) -> Claim:
    """j <w(t, tau), nu_k> never decreases in tau, exactly: one term of one sign is added a step."""
    u = SIGNS[..., 0] * run.u if sign else run.u
    return claim(-np.diff(u, axis=0))


def a6(run: Course, fewer: int = 0) -> Claim:
    """|u(tau)| <= |u(0)| (1 + gamma ||nu_k||^2 / h)^tau: Lemma E.1 (1) without conditions."""
    case, tau = run.case, inner_count(run)
    rate = (1.0 + case.gamma * run.squares / case.h)[:, None, None]
    bound = np.abs(run.u[0]) * rate ** np.maximum(tau - fewer, 0)
    slack = rounding(case.J * (case.n + 16) + 4) * bound
    return claim(np.abs(run.u), bound, slack, live=(run.u != run.u[0]) & (tau > 0))


def signs_kept(run: Course, premise: bool = True) -> Claim | None:
    """Section 4.10: <w, nu_k> keeps its sign in the inner loop where gamma ||nu_k||^2 <= h, and need not beyond."""
    case = run.case
    tame = run.case.gamma * run.squares <= case.h if premise else np.ones(case.tasks, dtype=bool)
    if not tame.any():
        return None
    first, last = run.u[0][:, tame], run.u[-1][:, tame]
    slack = rounding(case.J * (case.n + 16)) * np.abs(first)
    return claim(-np.sign(first) * last, 0.0, slack, live=first != last)


def a7(run: Course, inner: bool = True) -> Claim:
    """j <w(t, tau), nu> <= j <w(t, 0), nu> + tau gamma ||nu||^2."""
    case = run.case
    cap = (inner_count(run) if inner else 1.0) * case.gamma * case.nu_square
    gain = case.nu_square * run.pushed
    return claim(gain, cap, rounding(case.J * (case.n + 16) + 8) * cap, live=gain > 0)


def a8(run: Course, factor: float = 2.0) -> Claim:
    """Lemma F.6: j <w(t, J), nu> <= 2 max(Lambda_j, J gamma ||nu||^2)."""
    case = run.case
    first = (SIGNS * run.products[:-1])[..., 0]  # (T, 2, m)
    largest, cap = first.max(-1)[:, None, :, None], case.J * case.gamma * case.nu_square
    gain = case.nu_square * run.pushed[-1]
    slack = rounding(case.J * (case.n + 16) + case.tasks + 12) * (np.abs(first)[:, None] + cap)
    return claim(first[:, None] + gain, factor * np.maximum(largest, cap), slack, live=gain > 0)


def a9(run: Course) -> Claim:
    """Validation noise moves by cross terms alone: at most (tau gamma / n_1) sum over training of |<xi', xi>|."""
    case, held = run.case, run.case.outer
    cross = np.abs(run.own)[:, : case.n_train, case.n_train :].sum(1)[:, None, None, :]
    bound = inner_count(run)[..., None] * case.gamma / case.n_train * cross
    moved = np.abs(run.v - run.v[0])[..., held]
    slack = rounding(case.J * (2 * case.n + 16)) * (np.abs(run.v[0])[..., held] + bound)
    return claim(moved, bound, slack, live=moved > 0)


def a10(run: Course, cross: bool = True, half: bool = False) -> Claim:
    """Adapted noise: |v(tau)| <= |v(0)| q^tau + c (1 + q + ... + q^(tau - 1)); the explicit (E.20)."""
    case, chosen, size = run.case, run.case.inner, run.case.inner.size
    gram = np.abs(run.own)[:, chosen[:, None], chosen]
    diagonal, others = np.einsum("kii->ki", gram), gram * ~np.eye(size, dtype=bool)
    q = (1.0 + case.gamma * diagonal / (size * case.h) * (0.5 if half else 1.0))[:, None, None, :]
    c = (case.gamma / size * others.sum(1))[:, None, None, :] * cross
    first, bounds = np.abs(run.v[0][..., chosen]), []
    for tau in range(case.J + 1):
        bounds.append(first * q**tau + c * sum((q**power for power in range(tau)), np.zeros_like(q)))
    bound, v = np.stack(bounds), run.v[..., chosen]
    slack = rounding(case.J * (3 * case.n + 20) + 8) * bound
    return claim(np.abs(v), bound, slack, live=v != v[0])


def a11(run: Course, sign: bool = True) -> Claim:
    """j <w(t, 0), nu> never decreases in t: ||nu||^2 sum_k g_k, a sum of what does not decrease in a fixed order."""
    gain = run.case.nu_square * (np.add.accumulate(run.g, axis=-1)[..., -1])
    return claim(-np.diff(gain if sign else SIGNS[..., 0] * gain, axis=0))


def a12(run: Course, premise: bool = True) -> Claim | None:
    """j <w(t, 0), nu_k> never decreases in t, exactly, where no two tasks' features have a negative product."""
    K = run.case.tasks
    if premise and run.case.gram[:K, :K].min() < 0:
        return None
    fall = -np.diff(SIGNS * run.features(run.z), axis=0)
    return claim(fall, live=(fall < 0) & (K > 1))


def dictionary_grows(run: Course, feature: bool = True, premise: bool = True) -> Claim | None:
    """Section 4.11: j <w, nu + z_b> never decreases where ||nu||^2 + <z_a(k), z_b> >= 0 for all k; j <w, z_b> does."""
    case = run.case
    with_feature = case.nu_square + case.Z[case.a] @ case.Z.T  # (K, M)
    chosen = (with_feature >= 0).all(0) if premise else np.ones(len(case.Z), dtype=bool)
    if not chosen.any():
        return None
    weights = (with_feature if feature else case.Z[case.a] @ case.Z.T)[:, chosen]
    gain = np.einsum("thrk,kb->thrb", run.g, weights)
    slack = rounding(2 * case.tasks + 4) * np.einsum("thrk,kb->thrb", run.g, np.abs(weights))[1:]
    return claim(-np.diff(gain, axis=0), 0.0, slack)


def a13(run: Course, other: float = 1.0) -> Claim:
    """Where j = -y the self term pushes <w, xi_{k,i}> down: it rises by the other examples' terms at most ((E.16))."""
    case, K = run.case, run.case.tasks
    gram = np.abs(case.gram[K:, K:])
    step = np.abs(np.diff(run.b[..., K:], axis=0))
    change, size = np.diff(run.z[..., K:], axis=0), np.abs(run.z[1:, ..., K:]) + np.abs(run.z[:-1, ..., K:])
    reach, held = step @ gram, np.abs(run.b[1:, ..., K:]) @ gram
    few = rounding(2 * len(case.gram) + 8)
    against = np.broadcast_to(SIGNS * case.y.ravel() * other < 0, change.shape)
    bound = step @ (gram * ~np.eye(len(gram), dtype=bool))
    return claim(change[against], bound[against], (few * (size + reach) + rounding(4) * held)[against],
                 live=(step * np.diag(gram))[against] > 0)


INVARIANTS = (
    Invariant("A0", a0), Invariant("A1", a1), Invariant("A2", a2), Invariant("A3", a3), Invariant("A4", a4, SPLIT),
    Invariant("A5", a5), Invariant("A6", a6, activations=SMOOTH), Invariant("4.10", signs_kept, activations=SMOOTH),
    Invariant("A7", a7), Invariant("A8", a8), Invariant("A9", a9, SPLIT), Invariant("A10", a10, activations=SMOOTH),
    Invariant("A11", a11), Invariant("A12", a12), Invariant("4.11", dictionary_grows), Invariant("A13", a13),
)


@pytest.mark.parametrize("kind", where(lambda kind: kind[1] == "huberized", KINDS, whole=True), ids=" ".join)
def test_every_invariant_holds_and_is_exercised(kind: tuple[str, str]) -> None:
    all_hold(INVARIANTS, kind)


def test_what_no_draw_exercises_is_vacuous() -> None:
    with pytest.raises(AssertionError, match="vacuous: never, zero"):
        all_hold([Invariant("never", lambda run: None), Invariant("zero", lambda run: claim(0.0))], KINDS[0])


def test_what_is_not_a_number_is_a_violation() -> None:
    assert claim(np.nan).violated and not claim(0.0).violated


@pytest.mark.parametrize(("gamma", "last"), [(0.5, -0.0024), (2.0, 8e-6), (6.0, 2.05)])
def test_a_large_inner_step_carries_a_product_through_zero(gamma: float, last: float) -> None:
    """Section 4.10's numbers: <w, nu> = -0.01, one example of each label, no noise, h = 1/2, five steps."""
    nu, W = np.array([1.0, 0.0]), np.zeros((2, 1, 2))
    W[0, 0, 0] = -0.01
    case = Case("train-train", "huberized", W, nu, np.zeros((1, 2)), np.array([0]), np.zeros((1, 2, 2)),
                np.array([[1.0, -1.0]]), n_train=1, J=5, gamma=gamma, eta=0.1, h=0.5)
    assert abs(course(case, steps=1).u[-1, 0, 0, 0, 0] / last - 1) < 0.02


# ---- mutants --------------------------------------------------------------------------------------------------------

TRAIN, VALIDATE, REPTILE = (("train-train", "huberized"), ("train-validation", "huberized"), ("reptile", "huberized"))
# the kernel's text, right and wrong
PRINTED_E17 = ("row[i] = ramp_nu_k*j*v0[i]", "row[i] = ramp(z[h, r, at_nu_k], given_h)*j*y[i]*v0[i]")
NO_LABEL = ("v1[i] = q0*l1[i]*y[i]", "v1[i] = q0*l1[i]")
SUM = ("q0 = kappa/n", "q0 = kappa")  # over examples, for the mean
ALL_ADAPT = (" 0, inner,\n", " 0, n,\n")  # in the kernel itself; `adapt` is not asked to


def all_adapt(case: Case) -> Course:
    """Validation examples adapt too."""
    return course(case, batch=np.arange(case.n))


def outer_on_all(case: Case) -> Course:
    """The outer step takes the train-train gradient."""
    return course(case, replace(kernel_of(*VALIDATE), algorithm=kernel_of(*TRAIN).algorithm))


MUTANTS: dict[str, Mutant] = {
    "A0 adapts on validation": of_dynamics(a0, changed(VALIDATE, *ALL_ADAPT), VALIDATE),
    "A1 (E.17) printed": of_dynamics(a1, changed(TRAIN, *PRINTED_E17), TRAIN),
    "A1 label left out": of_dynamics(a1, changed(TRAIN, *NO_LABEL), TRAIN),
    "A1 rho without y": of_statement(a1, partial(a1, labelled=False), VALIDATE),
    "A2 eta/(K n)": of_statement(a2, lambda run: a2(run, 1.0 / run.case.n)),
    "A2 a sum for the mean": of_dynamics(a2, changed(TRAIN, *SUM), TRAIN),
    "A2 Reptile, a sum for the mean": of_dynamics(a2, changed(REPTILE, *SUM), REPTILE),
    "A3 eta/(K n)": of_statement(a3, lambda run: a3(run, run.case.n), VALIDATE),
    "A3 Reptile, eta/(2 K n)": of_statement(a3, lambda run: a3(run, 2 * run.case.n), REPTILE),
    "A4 outer step on all": of_dynamics(a4, outer_on_all, VALIDATE),
    "A5 without j": of_statement(a5, partial(a5, sign=False)),
    "A6 exponent J - 1": of_statement(a6, partial(a6, fewer=1)),
    "4.10 without its premise": of_statement(signs_kept, partial(signs_kept, premise=False)),
    "A7 without J": of_statement(a7, partial(a7, inner=False)),
    "A8 without the factor": of_statement(a8, partial(a8, factor=1.0)),
    "A9 validation adapts": of_dynamics(a9, all_adapt, VALIDATE),
    "A10 without cross terms": of_statement(a10, partial(a10, cross=False)),
    "A10 the linear rate": of_statement(a10, partial(a10, half=True)),
    "A11 without j": of_statement(a11, partial(a11, sign=False)),
    "A11 (E.17) printed": of_dynamics(a11, changed(TRAIN, *PRINTED_E17), TRAIN),
    "A12 without its premise": of_statement(a12, partial(a12, premise=False)),
    "4.11 as printed": of_statement(dictionary_grows, partial(dictionary_grows, feature=False)),
    "4.11 without its premise": of_statement(dictionary_grows, partial(dictionary_grows, premise=False)),
    "A13 for j = y": of_statement(a13, partial(a13, other=-1.0)),
}


@pytest.mark.parametrize("name", list(MUTANTS))
def test_each_mutant_is_caught(name: str) -> None:
    is_caught(MUTANTS[name])


def test_every_invariant_has_a_mutant() -> None:
    assert {one.name for one in INVARIANTS} == {name.split()[0] for name in MUTANTS}
