"""FOMAML's deterministic invariants A14 to A17 (the reading's Section 3.0) on wild draws, each with mutants it catches.

What coefficients say about the dictionary, about accumulated losses and about fresh tasks.  The test loss is measured
in d dimensions by the network typed again, on examples made as Definition 3.2 has them.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dynamics.arrays import Array
from tests.helpers.fomaml_states import (
    KINDS,
    SIGNS,
    STEPS,
    Case,
    Claim,
    Course,
    Invariant,
    Mutant,
    all_hold,
    changed,
    claim,
    equal,
    is_caught,
    join,
    of_dynamics,
    of_statement,
    rounding,
)
from tests.helpers.slowly import where

BOTH = (1.0, -1.0)
FRESH = 24  # noise vectors a test loss is a mean over


def lengths(of: Array) -> Array:
    return np.asarray(np.linalg.norm(of, axis=-1))


def decomposition(run: Course, tasks: bool = True) -> Claim:
    """Section 2.2: z(t) = z(0) + b(t) G.  A step adds B terms, two roundings each, to what it and its sums reach."""
    case, G, K = run.case, run.case.gram, run.case.tasks
    if not tasks:
        G[:K, :K] = case.nu_square  # <nu_k, nu_k'> without the dictionary
    reach = np.abs(run.b) @ np.abs(G)
    slack = STEPS * rounding(2 * len(G) + 8) * (np.abs(run.z).max(0) + reach)
    return equal(run.z, run.z[0] + run.b @ G, slack, live=run.z != run.z[0])


def a14(run: Course, absolute: bool = True, power: int = 2) -> Claim:
    """|<w(t) - w(0), z_b>| <= (max_k |<z_a(k), z_b>| / ||nu||^2) (j <w(t) - w(0), nu>), every b of the dictionary.

    Inner products have d roundings each; the sums over tasks are of the same terms on both sides.
    """
    case = run.case
    cross = case.Z[case.a] @ case.Z.T
    ratio = (np.abs(cross) if absolute else cross).max(0) / case.nu_square ** (power / 2)
    gain = (SIGNS * run.gains)[..., :1]
    error = rounding(2 * case.nu.size) * lengths(case.Z[case.a]).max() * lengths(case.Z) * run.g.sum(-1, keepdims=True)
    lhs, rhs = np.abs(run.gains[..., 1:]), ratio * gain
    return claim(lhs, rhs, rounding(2 * case.tasks + 8) * np.abs(rhs) + error, live=lhs > 0)


def a15(run: Course, own: bool = True) -> Claim:
    """Lemma F.4: j <w(t, J) - w(t, 0), z_k> = (||z_k||^2 / ||nu||^2) j <w(t, J) - w(t, 0), nu>.

    The left is the kernel's change of <w, nu_k> without nu's part, the right comes from the inner loop's coefficients.
    An inner step rounds <w, nu_k> by n + 2 additions of which all but one are of exact zeros, and nu_k's coefficient
    once; nu's part is a difference of numbers up to ||nu_k||^2 g.
    """
    case = run.case
    z_k = lengths(case.Z[case.a])[:, None, None] ** 2
    gain = case.nu_square * run.pushed[-1]
    change = SIGNS[..., 0] * (run.u[-1] - run.u[0])
    largest = np.abs(run.u).max(0) + (case.nu_square + z_k) * run.pushed[-1]
    slack = rounding(case.J * 8 + 2 * case.nu.size + 8) * largest
    ratio = z_k / (case.nu_square if own else case.nu_square + z_k)
    return equal(change - gain, ratio * gain, slack, live=(gain > 0) & (z_k > 0))


def accumulated(run: Course, adapted: bool = True, examples: int | None = None) -> Claim:
    """A16: g and rho are eta/(K n_e) times sums over t of P sigma' at the adapted weights.

    Reptile's are epsilon gamma/(K n) times sums over t and over the inner steps.  P is the kernel's own where the outer
    step has it; typed again otherwise, from margins of 4 m + 2 roundings, of which P has a Lipschitz constant of 1/4.
    """
    case, T = run.case, len(run.z) - 1
    taus = list(range(case.J)) if case.method == "reptile" else [case.J if adapted else 0]
    scale = case.eta * (case.gamma if case.method == "reptile" else 1.0) / (case.tasks * (examples or case.outer.size))
    g, rho, error = np.zeros(run.g.shape[1:]), np.zeros(run.rho.shape[1:]), 0.0
    for tau in taus:
        near = run.near[tau]
        margins = run.margins(near)
        P = np.exp(-np.logaddexp(0.0, margins))
        if case.method != "reptile" and adapted:
            P = -run.seen["l1"][:T].reshape(T, *case.y.shape)
        else:
            sizes = np.abs(near[..., :1]) + np.abs(near[..., 1:])
            error += scale * float((0.25 * rounding(4 * case.m + 10) * sizes.sum((-3, -2)).max(-1)).sum())
        weighed = P[..., None, None, case.outer]  # (T, K, 1, 1, n_e)
        labels = case.y[:, None, None, case.outer]
        g += np.moveaxis((weighed * case.slope(labels * near[..., :1])).sum((0, -1)), 0, -1) * scale
        moved = (weighed * case.slope(near[..., 1 + case.outer])).sum(0) * scale
        rho[..., case.outer] += np.moveaxis(moved, 0, 2)
    few = rounding(T * (case.J + 2) + case.n + 24)
    return join(
        equal(run.g[-1], g, few * (g + case.n * scale * T) + case.n * error),
        equal(run.rho[-1], rho, few * (rho + scale * T) + error),
    )


def of_nu(run: Course, own: bool = True) -> Claim:
    """A16, (C.8): j <w(t) - w(0), nu> = ||nu||^2 sum_k g_k, with weights made of the coefficients in d dimensions."""
    case = run.case
    W = case.W + run.b @ case.vectors
    lhs = SIGNS[..., 0] * ((W - case.W) @ case.nu)
    size = (np.abs(case.W) + np.abs(run.b) @ np.abs(case.vectors)) @ np.abs(case.nu)
    factor = case.nu_square if own else run.squares
    return equal(lhs, (factor * run.g).sum(-1), rounding(2 * len(case.vectors) + case.nu.size + 4) * size)


def fresh_network(case: Case, W: Array, x: Array) -> Array:
    """f (T, N) of examples x (N, 2, d) at weights W (T, 2, m, d), as Section 3 writes it."""
    z = W.reshape(-1, W.shape[-1]) @ x.reshape(-1, x.shape[-1]).T
    return np.asarray((SIGNS[..., None] * case.sigma(z.reshape(*W.shape[:3], *x.shape[:2]))).sum((1, 2, 4)))


def fresh_examples(case: Case, seed: int = 0) -> tuple[Array, Array]:
    """x (N, 2, d) and y (N,): every feature of the dictionary and every label with every one of `FRESH` noise vectors.

    Patches in a random order.  Each noise vector meets both labels equally often, so that the noise part's mean against
    y is 0 in the sample as in the law, and Jensen's inequality needs no allowance for the number of draws.
    """
    rng = np.random.default_rng(seed)
    noise = np.zeros((FRESH, case.nu.size))
    noise[:, len(case.Z) + 1 :] = rng.normal(size=(FRESH, case.nu.size - len(case.Z) - 1))
    grid = [part.ravel() for part in np.meshgrid([1.0, -1.0], range(len(case.Z)), range(FRESH), indexing="ij")]
    y, feature, which = grid[0], case.nu + case.Z[grid[1].astype(int)], noise[grid[2].astype(int)]
    x = np.stack([y[:, None] * feature, which], axis=1)
    swapped = rng.random(len(x)) < 0.5
    x[swapped] = x[swapped, ::-1]
    return x, y


def a17(run: Course, labels: tuple[float, ...] = BOTH, seen: tuple[float, ...] = BOTH) -> Claim:
    """L_test(W) >= log(1 + exp(-phi)), phi the mean over (a, y) of sum_f s_f y sigma(y <w_f, nu + z_a>).

    Both sides are 1-Lipschitz in f; f has 4 m terms, products of d + B roundings of what W and x reach.
    """
    case = run.case
    x, y = fresh_examples(case)
    W = case.W + run.b @ case.vectors
    found = np.logaddexp(0.0, -y * fresh_network(case, W, x))[:, np.isin(y, seen)].mean(-1)
    s = run.products[..., :1] + run.products[..., 1:]
    phi = np.mean([y * (SIGNS * case.sigma(y * s)).sum((1, 2)) for y in labels], axis=(0, 2))
    bound = np.logaddexp(0.0, -phi)
    reach = (lengths(case.W) + np.abs(run.b) @ lengths(case.vectors)).sum((1, 2)) * lengths(x).sum(1).max()
    few = rounding(2 * len(case.vectors) + 2 * case.nu.size + 4 * case.m + 20)
    return claim(bound, found, few * (reach + bound), live=np.abs(phi) > 0)


INVARIANTS = (
    Invariant("2.2", decomposition), Invariant("A14", a14), Invariant("A15", a15), Invariant("A16", accumulated),
    Invariant("C.8", of_nu), Invariant("A17", a17),
)


@pytest.mark.parametrize("kind", where(lambda kind: kind[1] == "huberized", KINDS, whole=True), ids=" ".join)
def test_every_invariant_holds_and_is_exercised(kind: tuple[str, str]) -> None:
    all_hold(INVARIANTS, kind)


def test_the_order_of_patches_is_nothing_to_the_network() -> None:
    """Trivially: f is a sum over patches, and the kernel has no order of them; `fresh_examples` draws one for each."""
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(3, 2, 4, 9)), rng.normal(size=(5, 2, 9))
    case = Case("train-train", "huberized", W[0], x[0, 0], x[1], np.zeros(1, dtype=np.intp), x[2:3], np.ones((1, 2)),
                n_train=1, J=1, gamma=1.0, eta=1.0, h=0.5)
    assert np.array_equal(fresh_network(case, W, x), fresh_network(case, W, x[:, ::-1]))


# ---- mutants --------------------------------------------------------------------------------------------------------

TRAIN, VALIDATE, REPTILE = (("train-train", "huberized"), ("train-validation", "huberized"), ("reptile", "huberized"))


MUTANTS: dict[str, Mutant] = {
    "2.2 features couple by ||nu||^2": of_statement(decomposition, partial(decomposition, tasks=False)),
    "2.2 a direction left out": of_dynamics(
        decomposition, changed(TRAIN, "for c in range(z.shape[2]):", "for c in range(z.shape[2] - 1):")
    ),
    "A14 without the absolute value": of_statement(a14, partial(a14, absolute=False)),
    "A14 over ||nu||": of_statement(a14, partial(a14, power=1)),
    "A15 over ||nu_k||^2": of_statement(a15, partial(a15, own=False)),
    "A16 at the weights before adapting": of_statement(accumulated, partial(accumulated, adapted=False)),
    "A16 over n": of_statement(accumulated, lambda run: accumulated(run, examples=run.case.n), VALIDATE),
    "A16 a sum over tasks": of_dynamics(accumulated, changed(VALIDATE, "1.0 / tasks", "1.0"), VALIDATE),
    "A16 Reptile, a sum over tasks": of_dynamics(accumulated, changed(REPTILE, "-1.0 / tasks", "-1.0"), REPTILE),
    "C.8 with ||nu_k||^2": of_statement(of_nu, partial(of_nu, own=False)),
    "A17 phi of one label": of_statement(a17, partial(a17, labels=(1.0,))),
    "A17 labels that are not balanced": of_statement(a17, partial(a17, seen=(1.0,)), REPTILE),
}


@pytest.mark.parametrize("name", list(MUTANTS))
def test_each_mutant_is_caught(name: str) -> None:
    is_caught(MUTANTS[name])


def test_every_invariant_has_a_mutant() -> None:
    assert {one.name for one in INVARIANTS} == {name.split()[0] for name in MUTANTS}
