"""FOMAML's symmetries S1 to S3 of the reading's Section 3.0: two runs that exact arithmetic makes the same.

How far roundings may carry them apart is followed step by step (`apart`).  Two states within delta of each other have
margins within 4 m delta, so P within m delta; sigma' is within delta / h of the other (Huberized), or the same (ReLU,
where no product is within delta of its kink).  A gradient's entry, a mean over examples, is within (1/h + m) delta
plus e, e its own roundings; a step of size gamma carries that to the products by at most gamma times the largest
weighed row of the Gram matrix.  Where the bound that follows is not below 1e-6 of what the run moved, as for large
steps, nothing is claimed, and such draws do not count as exercised.

Patch order is not among the tests of the kernel: its text has no order of patches, and f is a sum over them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from dynamics.arrays import Array, Indices
from tests.helpers.fomaml_states import (
    KINDS,
    Case,
    Claim,
    Course,
    Invariant,
    Mutant,
    all_hold,
    claim,
    course,
    equal,
    is_caught,
    join,
    rounding,
)
from tests.helpers.slowly import where

STEPS = 3


@dataclass(frozen=True)
class Twin:
    """A problem and where its directions, heads and filters stand: z'[at] = sign z, b'[at] = sign b.

    `gram_error` bounds |<v_b, v_c>' - <v_b, v_c>| over ||v_b|| ||v_c||, and likewise for products with filters, beyond
    the d roundings of either product.
    """

    case: Case
    directions: Indices
    heads: tuple[int, int] = (0, 1)
    filters: Indices | None = None
    sign: Array | float = 1.0
    gram_error: float = 0.0

    def seen(self, of: Array) -> Array:
        """This problem's z or b (..., 2, m, B), read as the other's."""
        moved = of[..., list(self.heads), :, :][..., self.directions]
        if self.filters is not None:
            moved = np.stack([moved[..., h, self.filters[h], :] for h in range(2)], axis=-3)
        return np.asarray(moved * self.sign)


# ---- how far two runs may be apart ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reach:
    """What a step of size 1 does to products: rows of |G| weighed by the examples' shares, and the same of an error."""

    size: float
    error: float
    terms: int

    @staticmethod
    def of(gram: Array, weights: Array, gram_error: float) -> Reach:
        norms = np.sqrt(np.diag(gram))
        error = gram_error * float((weights @ norms) * norms.max(initial=0.0))
        return Reach(float((weights @ np.abs(gram)).max()), error, len(gram))


def reaches(run: Course, gram_error: float) -> tuple[Reach, Reach]:
    """Of the inner step, the largest over tasks, and of the outer step."""
    case = run.case
    near = np.zeros(1 + case.n)
    near[0], near[1 + case.inner] = 1.0, 1.0 / case.inner.size
    each = [Reach.of(block, near, gram_error) for block in run.blocks]
    inner = Reach(max(one.size for one in each), max(one.error for one in each), 1 + case.n)
    share = np.zeros((case.tasks, case.n))
    share[:, case.outer] = 1.0 / (case.tasks * case.outer.size)
    weights = np.concatenate([np.full(case.tasks, 1.0 / case.tasks), share.ravel()])
    return inner, Reach.of(case.gram, weights, gram_error)


def apart(run: Course, gram_error: float = 0.0) -> tuple[float, float]:
    """Bounds on |z - z'| and |b - b'| over the whole run; infinite where ReLU's kinks are not resolved."""
    case, reptile = run.case, run.case.method == "reptile"
    gram_error += rounding(2 * case.nu.size)
    size = 2 * max(np.abs(run.z).max(), np.abs(run.near).max())  # twice: the other run's are within delta of these
    spread = case.m + (1.0 / case.h if case.activation == "huberized" else 0.0)
    own = rounding(case.n + 16) + 0.25 * rounding(4 * case.m + 10) * 4 * case.m * size
    inner, outer = reaches(run, gram_error)
    moved = case.eta * (case.gamma * case.J if reptile else 1.0)
    longest = np.linalg.norm(case.W, axis=-1).max() * np.linalg.norm(case.vectors, axis=-1).max()
    delta, beta, worst = gram_error * float(longest), 0.0, 0.0
    for _ in range(len(run.z) - 1):
        near, coefficient = delta, 0.0
        for _ in range(case.J):
            entry = spread * near + 2 * own
            coefficient += case.gamma * entry
            fresh = 2 * rounding(2 * inner.terms + 6) * (size + case.gamma * inner.size)
            near += case.gamma * (inner.size * entry + inner.error) + fresh
        if reptile:
            change = case.eta * coefficient + 2 * rounding(case.J + 8) * moved
        else:
            change = case.eta * (spread * near + 2 * own)
        delta += outer.size * change + moved * outer.error
        delta += 2 * rounding(2 * outer.terms + 6) * (size + moved * outer.size)
        beta += change + 2 * rounding(4) * (np.abs(run.b).max() + moved)
        worst = max(worst, near, delta)
    if case.activation == "relu":
        live = np.diag(case.gram) > 0  # a direction that is 0 has products that are 0 in both runs
        at = run.kernel.places(case.tasks, case.n)
        inside = np.moveaxis(np.abs(run.near), 2, -2)[..., live[at]]
        if min(np.abs(run.z)[..., live].min(initial=np.inf), inside.min(initial=np.inf)) <= worst:
            return np.inf, np.inf
    return delta, beta


def same(run: Course, twin: Twin, other: Course) -> Claim | None:
    """z and b of the twin's run are those of the run, as far as roundings can be told from anything else."""
    delta, beta = apart(run, twin.gram_error)
    moved = np.abs(run.z - run.z[0]).max()
    if not delta < 1e-6 * moved:
        return None
    return join(equal(twin.seen(other.z), run.z, delta, live=run.z != run.z[0]),
                equal(twin.seen(other.b), run.b, beta, live=run.b != 0))


# ---- the symmetries -------------------------------------------------------------------------------------------------


def everywhere(case: Case) -> Indices:
    return np.arange(case.tasks + case.y.size)


def order(case: Case, tasks: Indices, samples: Indices) -> Indices:
    """Where the permuted problem has the directions of the first: tasks (K,), samples (K, n) of each new task."""
    back = np.argsort(tasks)
    noise = case.tasks + back[:, None] * case.n + np.argsort(samples, axis=1)[back]
    return np.concatenate([back, noise.ravel()])


def flipped(case: Case) -> Twin:
    """S1: (y, nu_k, j) -> (-y, -nu_k, -j)."""
    sign = np.concatenate([-np.ones(case.tasks), np.ones(case.y.size)])
    other = replace(case, y=-case.y, nu=-case.nu, Z=-case.Z, W=case.W[::-1].copy())
    return Twin(other, everywhere(case), heads=(1, 0), sign=sign)


def permuted_tasks(case: Case) -> Twin:
    """S3: tasks in another order."""
    to = np.roll(np.arange(case.tasks), 1)
    other = replace(case, a=case.a[to], xi=case.xi[to], y=case.y[to])
    return Twin(other, order(case, to, np.tile(np.arange(case.n), (case.tasks, 1))))


def permuted_samples(case: Case, across: bool = False) -> Twin:
    """S3: each task's examples in another order, training and validation apart."""
    rng = np.random.default_rng(0)
    cut = case.n_train if case.splits and not across else case.n
    to = np.stack([np.r_[rng.permutation(cut), cut + rng.permutation(case.n - cut)] for _ in range(case.tasks)])
    rows = np.arange(case.tasks)[:, None]
    other = replace(case, xi=case.xi[rows, to], y=case.y[rows, to])
    return Twin(other, order(case, np.arange(case.tasks), to))


def permuted_filters(case: Case) -> Twin:
    """S3: each head's filters in another order."""
    to = np.stack([np.roll(np.arange(case.m), 1), np.arange(case.m)[::-1]])
    other = replace(case, W=np.stack([case.W[h, to[h]] for h in range(2)]))
    return Twin(other, everywhere(case), filters=np.argsort(to, axis=1))


def rotated(case: Case, weights: bool = True) -> Twin:
    """S3: W and every vector turned by one orthogonal matrix.

    A turned vector has d roundings times sqrt(d) in length (|x| |Q| against |x Q|), twice in a product, which itself
    has d; what Q lacks in orthogonality is measured, with d roundings of its own.
    """
    d = case.nu.size
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(d, d)))[0]
    defect = float(np.linalg.norm(Q.T @ Q - np.eye(d))) + rounding(d) * d
    other = replace(case, nu=case.nu @ Q, Z=case.Z @ Q, xi=case.xi @ Q, W=case.W @ Q if weights else case.W)
    return Twin(other, everywhere(case), gram_error=defect + rounding(2 * d) * np.sqrt(d))


def under(make: Callable[[Case], Twin]) -> Callable[[Course], Claim | None]:
    """The claim that a run is the same under a symmetry."""

    def measure(run: Course) -> Claim | None:
        twin = make(run.case)
        return same(run, twin, course(twin.case, steps=len(run.z) - 1))

    return measure


def plain_reptile(run: Course, inner_step: bool = True) -> Claim | None:
    """S2: Reptile with J = 1 is train-train with J = 0 and eta = epsilon gamma."""
    case, steps = replace(run.case, J=1), len(run.z) - 1
    eta = case.eta * (case.gamma if inner_step else 1.0)
    twin = Twin(replace(case, method="train-train", J=0, eta=eta), everywhere(case))
    return same(course(case, steps=steps), twin, course(twin.case, steps=steps))


def no_inner_step(run: Course, gamma: float = 0.0) -> Claim:
    """S3: gamma = 0 is J = 0, the same bits; for Reptile both are the identity."""
    still, none = (course(case, steps=len(run.z) - 1)
                   for case in (replace(run.case, gamma=gamma), replace(run.case, J=0)))
    frozen = [claim(np.abs(still.b), live=run.case.J > 0)] if run.case.method == "reptile" else []
    live = (none.z != none.z[0]) & (run.case.J > 0)
    return join(equal(still.z, none.z, 0.0, live), equal(still.b, none.b, 0.0, live), *frozen)


def several(make: Callable[[Case], Twin], count: Callable[[Case], int]) -> Callable[[Course], Claim | None]:
    """Only where there are several of what is permuted."""
    measure = under(make)
    return lambda run: measure(run) if count(run.case) > 1 else None


INVARIANTS = (
    Invariant("S1", under(flipped)),
    Invariant("S2", plain_reptile, ("reptile",)),
    Invariant("S3-gamma", no_inner_step),
    Invariant("S3-tasks", several(permuted_tasks, lambda case: case.tasks)),
    Invariant("S3-samples", several(permuted_samples, lambda case: case.n)),
    Invariant("S3-filters", several(permuted_filters, lambda case: case.m)),
    Invariant("S3-rotation", under(rotated)),
)


@pytest.mark.parametrize("kind", where(lambda kind: kind == ("reptile", "huberized"), KINDS, whole=True), ids=" ".join)
def test_every_symmetry_holds_and_is_exercised(kind: tuple[str, str]) -> None:
    all_hold(INVARIANTS, kind, STEPS)


# ---- mutants --------------------------------------------------------------------------------------------------------


def broken(
    right: Callable[[Course], Claim | None], wrong: Callable[[Case], Twin], method: str = "train-train"
) -> Mutant:
    """The symmetry with its problem changed on one side only."""
    measure = under(wrong)
    return Mutant(lambda case: right(course(case, steps=STEPS)), lambda case: measure(course(case, steps=STEPS)),
                  (method, "huberized"))


def unlabelled_tasks(case: Case) -> Twin:
    twin = permuted_tasks(case)
    return replace(twin, case=replace(twin.case, y=case.y))


def unturned_feature(case: Case) -> Twin:
    twin = flipped(case)
    return replace(twin, case=replace(twin.case, nu=case.nu, Z=case.Z), sign=1.0)


def unswapped_heads(case: Case) -> Twin:
    twin = flipped(case)
    return replace(twin, case=replace(twin.case, W=case.W), heads=(0, 1))


def filters_of_both_heads(case: Case) -> Twin:
    return Twin(replace(case, W=case.W[::-1].copy()), everywhere(case), heads=(1, 0))


MUTANTS: dict[str, Mutant] = {
    "S1 nu_k stays": broken(under(flipped), unturned_feature),
    "S1 heads stay": broken(under(flipped), unswapped_heads),
    "S2 eta = epsilon": Mutant(
        lambda case: plain_reptile(course(case)), lambda case: plain_reptile(course(case), False),
        ("reptile", "huberized"),
    ),
    "S3-gamma gamma above 0": Mutant(
        lambda case: no_inner_step(course(case)), lambda case: no_inner_step(course(case), 0.1),
        ("train-validation", "relu"),
    ),
    "S3-gamma Reptile moves": Mutant(
        lambda case: no_inner_step(course(case)), lambda case: no_inner_step(course(case), 0.1),
        ("reptile", "huberized"),
    ),
    "S3-tasks labels stay": broken(under(permuted_tasks), unlabelled_tasks),
    "S3-samples across the split": broken(
        under(permuted_samples), lambda case: permuted_samples(case, across=True), "train-validation"
    ),
    "S3-filters of the other head": broken(under(permuted_filters), filters_of_both_heads),
    "S3-rotation of the vectors alone": broken(under(rotated), lambda case: rotated(case, weights=False)),
}


@pytest.mark.parametrize("name", list(MUTANTS))
def test_each_mutant_is_caught(name: str) -> None:
    is_caught(MUTANTS[name])


def test_every_symmetry_has_a_mutant() -> None:
    assert {one.name for one in INVARIANTS} == {name.split()[0] for name in MUTANTS}
