"""Random meta-learning problems of the FOMAML setting, their runs with every inner step, and claims made about them.

A claim is lhs <= rhs + slack entry by entry.  It is *violated*, or it holds; it is *exercised* where some entry is more
than 0 <= 0.  A property that no draw exercised is reported as vacuous, which is a failure; a mutant is caught where the
mutated claim is off by much more than rounding on a draw on which the true one holds.

The shared feature and the dictionary have coordinates of their own, so that features and noise have inner products that
are exactly 0; "slack" is then often 0 too, because a sum in a fixed order of terms of one sign is monotone in floating
point.  Elsewhere it counts roundings: a chain of k of them has a relative error of at most k u / (1 - k u), with
u = 2^-53 (Higham, Accuracy and Stability of Numerical Algorithms, Lemma 3.1), which `rounding(k)` is not below.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, cast

import numpy as np
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from derivations.papers.fomaml.model import ACTIVATIONS, METHODS, model
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.loading import plain_module
from simulate.run.kernels import kernel_for

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

STEPS = 4
EXAMPLES = 100
KINDS = tuple((method, activation) for method in METHODS for activation in ACTIVATIONS)
SIGNS = np.array([1.0, -1.0])[:, None, None]  # j, over heads, filters and whatever a filter has
CALM = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))


def rounding(count: float) -> float:
    """At least the relative error of `count` roundings in a chain, for count below 2^52."""
    return count * 2.0**-52


# ---- problems -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Tasks nu_k = nu + z_{a(k)}: W (2, m, d), nu (d,), Z (M, d), a (K,), xi (K, n, d), y (K, n)."""

    method: str
    activation: str
    W: Array
    nu: Array
    Z: Array
    a: Indices
    xi: Array
    y: Array
    n_train: int
    J: int
    gamma: float
    eta: float
    h: float

    @property
    def tasks(self) -> int:
        return int(self.y.shape[0])

    @property
    def n(self) -> int:
        return int(self.y.shape[1])

    @property
    def m(self) -> int:
        return int(self.W.shape[1])

    @property
    def vectors(self) -> Array:
        """(K + K n, d): the tasks' features, then the noise, task after task."""
        return np.vstack([self.nu + self.Z[self.a], self.xi.reshape(-1, self.nu.size)])

    @property
    def gram(self) -> Array:
        return np.asarray(self.vectors @ self.vectors.T)

    @property
    def z(self) -> Array:
        return np.asarray(self.W @ self.vectors.T)

    @property
    def values(self) -> dict[str, Any]:
        return {"n_tasks": self.tasks, "n_train": self.n_train, "J": self.J, "eta_inner": self.gamma,
                "eta": self.eta, "h": self.h, "neurons": "sum"}

    @property
    def splits(self) -> bool:
        return self.method == "train-validation"

    @property
    def inner(self) -> Indices:
        """The examples that a task is adapted on."""
        return np.arange(self.n_train if self.splits else self.n)

    @property
    def outer(self) -> Indices:
        """The examples of the outer step."""
        return np.arange(self.n_train if self.splits else 0, self.n)

    @property
    def nu_square(self) -> Array:
        """||nu||^2, exactly: nu has one coordinate."""
        return np.asarray(self.nu @ self.nu)

    def slope(self, x: Array) -> Array:
        """sigma', typed again."""
        return np.clip(x / self.h, 0.0, 1.0) if self.activation == "huberized" else (x > 0).astype(np.float64)

    def sigma(self, x: Array) -> Array:
        """sigma, typed again."""
        if self.activation == "relu":
            return np.maximum(x, 0.0)
        return np.where(x >= self.h, x - self.h / 2, np.maximum(x, 0.0) ** 2 / (2 * self.h))


@st.composite
def cases(draw: Any, method: str, activation: str) -> Case:
    """Wild: steps of 0.01 to 30, d on either side of K n, repeated tasks; no noise, no dictionary or W(0) = 0."""
    tasks, n, m = (draw(st.integers(*span)) for span in ((1, 5), (2, 6), (1, 4)))
    items = draw(st.integers(tasks, tasks + 7))
    flat = draw(st.sampled_from([False, False, True]))  # rank-deficient: noise of one to four dimensions
    d = items + 1 + draw(st.integers(1, 4)) if flat else draw(st.integers(30, 90))
    repeats, labels = draw(st.booleans()), draw(st.sampled_from(["random", "random", "random", "plus", "minus"]))
    shared, own = draw(st.sampled_from([1.0, 0.3, 1.3])), draw(st.sampled_from([0.4, 1.5, 3.0, 0.0]))
    noise, start = draw(st.sampled_from([1.0, 0.3, 4.0, 0.0])), draw(st.sampled_from([0.1, 1.0, 1e-4, 0.0]))
    n_train, J = draw(st.integers(1, n - 1)), draw(st.integers(0, 5))
    gamma, eta = (10.0 ** draw(st.floats(*span)) for span in ((-2.0, 1.5), (-2.0, 1.0)))
    h = draw(st.sampled_from([0.5, 0.1, 2.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nu, Z, xi = np.zeros(d), np.zeros((items, d)), np.zeros((tasks, n, d))
    nu[0] = shared
    Z[:, 1 : items + 1] = own * rng.normal(size=(items, items)) / np.sqrt(items)
    xi[..., items + 1 :] = noise * rng.normal(size=(tasks, n, d - items - 1)) / np.sqrt(d - items - 1)
    a = rng.integers(0, items, tasks) if repeats else rng.permutation(items)[:tasks]
    y = {"plus": np.ones((tasks, n)), "minus": -np.ones((tasks, n))}.get(labels, rng.choice([-1.0, 1.0], (tasks, n)))
    W = start * rng.normal(size=(2, m, d))
    return Case(method, activation, W, nu, Z, a, xi, y, n_train, J, gamma, eta, h)


@functools.cache
def kernel_of(method: str, activation: str) -> BilevelKernel:
    return cast(BilevelKernel, kernel_for(model(method, activation)))


@functools.cache
def mutant(kind: tuple[str, str], right: str, wrong: str) -> BilevelKernel:
    """The kernel as plain Python with its text changed."""
    kernel = kernel_of(*kind)
    assert right in kernel.source, right
    return kernel.looped(plain_module(kernel.source.replace(right, wrong), "mutant"))


# ---- runs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """A run of T outer steps with every inner step.

    z, b (T + 1, 2, m, K + K n); `seen`: what the kernel observes of z; `near` (J + 1, T, K, 2, m, 1 + n): each task's
    state after tau inner steps from z(t).
    """

    case: Case
    kernel: BilevelKernel
    z: Array
    b: Array
    seen: Mapping[str, Array]
    near: Array

    def features(self, of: Array) -> Array:
        """The features' part (..., 2, m, K) of z or b."""
        return of[..., : self.case.tasks]

    def noise(self, of: Array) -> Array:
        """The noise's part (..., 2, m, K, n) of z or b."""
        return of[..., self.case.tasks :].reshape(*of.shape[:-1], *self.case.y.shape)

    @property
    def g(self) -> Array:
        """j b_nu (T + 1, 2, m, K)."""
        return SIGNS * self.features(self.b)

    @property
    def rho(self) -> Array:
        """j y b_xi (T + 1, 2, m, K, n)."""
        return SIGNS[..., None] * self.case.y * self.noise(self.b)

    @property
    def u(self) -> Array:
        """<w, nu_k> inside the inner loop (J + 1, T, K, 2, m)."""
        return self.near[..., 0]

    @property
    def v(self) -> Array:
        """<w, xi_{k,i}> inside the inner loop (J + 1, T, K, 2, m, n)."""
        return self.near[..., 1:]

    @property
    def squares(self) -> Array:
        """||nu_k||^2 (K,)."""
        return np.diag(self.case.gram)[: self.case.tasks]

    @property
    def own(self) -> Array:
        """The tasks' noise Gram matrices (K, n, n)."""
        K, n = self.case.y.shape
        whole = self.case.gram[K:, K:].reshape(K, n, K, n)
        return np.stack([whole[k, :, k] for k in range(K)])

    @functools.cached_property
    def inner_coefficients(self) -> Array:
        """w(t, tau) = w(t, 0) + these times (nu_k, xi_{k,i} for i in I): (J + 1, T, K, 2, m, 1 + |I|).

        Reptile's outer direction is minus their mean over tasks, so its kernel on the adapted examples has them.
        """
        case, T = self.case, len(self.z) - 1
        count, size = T * case.tasks, case.inner.size
        reptile, states = kernel_of("reptile", case.activation), self.near[0].reshape(T * case.tasks, 2, case.m, -1)
        far = np.moveaxis(states, 0, 2)[..., np.r_[0, 1 + case.inner]]  # (2, m, T K, 1 + |I|)
        z = np.concatenate([far[..., 0], far[..., 1:].reshape(2, case.m, -1)], axis=-1)
        at = np.r_[0, 1 + case.inner]
        blocks = np.tile(self.blocks[:, at[:, None], at], (T, 1, 1))
        found = []
        for tau in range(case.J + 1):
            y = np.tile(case.y[:, case.inner], (T, 1)).ravel()
            moved = -count * reptile.direction(z, blocks, y, {**case.values, "n_tasks": count, "J": tau})
            parts = [moved[..., :count, None], moved[..., count:].reshape(2, case.m, count, size)]
            found.append(np.moveaxis(np.concatenate(parts, axis=-1), 2, 0).reshape(T, case.tasks, 2, case.m, -1))
        return np.stack(found)

    @property
    def pushed(self) -> Array:
        """The inner loop's g (J + 1, T, K, 2, m)."""
        return SIGNS[..., 0] * self.inner_coefficients[..., 0]

    @property
    def blocks(self) -> Array:
        return self.kernel.blocks(self.case.gram, self.case.tasks, self.case.n)

    @property
    def dictionary(self) -> Array:
        """(1 + M, d): nu, then z_1 .. z_M."""
        return np.vstack([self.case.nu, self.case.Z])

    @property
    def gains(self) -> Array:
        """<w(t) - w(0), .> of the dictionary, from the coefficients (T + 1, 2, m, 1 + M)."""
        return np.asarray(self.features(self.b) @ (self.case.vectors[: self.case.tasks] @ self.dictionary.T))

    @property
    def products(self) -> Array:
        """<w(t), .> of the dictionary (T + 1, 2, m, 1 + M)."""
        return np.asarray(self.case.W @ self.dictionary.T + self.gains)

    def margins(self, near: Array) -> Array:
        """y f (..., n) of tasks' states (..., K, 2, m, 1 + n), typed again."""
        y = self.case.y
        signal = self.case.sigma(near[..., :1] * y[:, None, None, :])
        return np.asarray(y * (SIGNS * (signal + self.case.sigma(near[..., 1:]))).sum((-3, -2)))


def course(
    case: Case, kernel: BilevelKernel | None = None, steps: int = STEPS, batch: Indices | None = None
) -> Course:
    """The run of a case; `batch` are the examples that tasks are adapted on where those are not the method's."""
    engine = kernel or kernel_of(case.method, case.activation)
    rest, at_all = np.zeros_like(case.z), np.arange(steps + 1)
    found = engine.run(case.z, rest, case.gram, case.y.ravel(), case.values, steps, at_all)
    assert found.diverged == -1
    at = engine.places(case.tasks, case.n)
    states = np.moveaxis(found.z[:-1][..., at], 3, 1)  # (T, K, 2, m, 1 + n)
    flat = states.reshape(-1, *states.shape[2:])
    blocks = np.tile(engine.blocks(case.gram, case.tasks, case.n), (steps, 1, 1))
    labels = np.tile(case.y, (steps, 1))
    chosen = case.inner if batch is None else batch
    near = [
        engine.adapt(flat, blocks, labels, chosen, {**case.values, "J": tau}).reshape(states.shape)
        for tau in range(case.J + 1)
    ]
    seen = engine.observe(found.z, case.gram, case.y.ravel(), case.values)
    return Course(case, engine, found.z, found.b, seen, np.stack(near))


def changed(kind: tuple[str, str], right: str, wrong: str) -> Callable[[Case], Course]:
    """Runs of the kernel with its text changed."""
    return lambda case: course(case, mutant(kind, right, wrong))


# ---- claims ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """lhs <= rhs + slack, flat arrays; `live` marks the entries that say something."""

    lhs: Array
    rhs: Array
    slack: Array
    live: NDArray[np.bool_]

    @property
    def violated(self) -> bool:
        return not bool((self.lhs - self.rhs <= self.slack).all())  # a NaN is a violation

    @property
    def exercised(self) -> bool:
        return bool(self.live.any())

    @property
    def refuted(self) -> bool:
        """Whether some entry is off by much more than rounding."""
        size = np.abs(self.lhs) + np.abs(self.rhs)
        return bool((self.lhs - self.rhs > 2 * self.slack + 1e-6 * size).any())

    @property
    def excess(self) -> float:
        return float((self.lhs - self.rhs - self.slack).max(initial=-np.inf))


def claim(lhs: ArrayLike, rhs: ArrayLike = 0.0, slack: ArrayLike = 0.0, live: ArrayLike | None = None) -> Claim:
    """Broadcast; live where the two sides are not both 0, if not given."""
    left, right, more = (np.asarray(side, dtype=np.float64) for side in (lhs, rhs, slack))
    says = (left != 0) | (right != 0) if live is None else np.asarray(live, dtype=bool)
    whole = np.broadcast_arrays(left, right, more, says)
    return Claim(*(part.ravel() for part in whole))


def equal(lhs: ArrayLike, rhs: ArrayLike, slack: ArrayLike, live: ArrayLike | None = None) -> Claim:
    left, right = np.asarray(lhs), np.asarray(rhs)
    return claim(np.abs(left - right), 0.0, slack, (left != 0) if live is None else live)


def join(*claims: Claim) -> Claim:
    return Claim(*(np.concatenate([getattr(one, name) for one in claims]) for name in ("lhs", "rhs", "slack", "live")))


Measure = Callable[[Course], Claim | None]


@dataclass(frozen=True)
class Invariant:
    """A statement of the reading's catalogue, and where it is made; `measure` gives None where its premise fails."""

    name: str
    measure: Measure
    methods: Sequence[str] = METHODS
    activations: Sequence[str] = tuple(ACTIVATIONS)

    def made_for(self, kind: tuple[str, str]) -> bool:
        return kind[0] in self.methods and kind[1] in self.activations


def all_hold(invariants: Sequence[Invariant], kind: tuple[str, str], steps: int = STEPS) -> None:
    """Every invariant made for this method and activation holds on every draw, and is exercised on some."""
    mine = [one for one in invariants if one.made_for(kind)]
    exercised = dict.fromkeys((one.name for one in mine), 0)

    @given(cases(*kind))
    @settings(CALM)
    def each(case: Case) -> None:
        run, broken = course(case, steps=steps), {}
        for one in mine:
            found = one.measure(run)
            if found is None:
                continue
            exercised[one.name] += found.exercised
            if found.violated:
                broken[one.name] = found.excess
        assert not broken, f"violated: {broken}"

    each()
    vacuous = [name for name, count in exercised.items() if not count]
    assert not vacuous, f"vacuous: {', '.join(vacuous)}"


@dataclass(frozen=True)
class Mutant:
    """A wrong statement, or the true one (`right`) about wrong dynamics, as claims about a case."""

    right: Callable[[Case], Claim | None]
    wrong: Callable[[Case], Claim | None]
    kind: tuple[str, str] = ("train-train", "huberized")


def of_statement(right: Measure, wrong: Measure, kind: tuple[str, str] = ("train-train", "huberized")) -> Mutant:
    return Mutant(lambda case: right(course(case)), lambda case: wrong(course(case)), kind)


def of_dynamics(
    measure: Measure, other: Callable[[Case], Course], kind: tuple[str, str] = ("train-train", "huberized")
) -> Mutant:
    return Mutant(lambda case: measure(course(case)), lambda case: measure(other(case)), kind)


def is_caught(wrong: Mutant) -> None:
    """On some draw the mutant is refuted, and the true statement holds; NoSuchExample where there is none."""

    def refuted(case: Case) -> bool:
        found = wrong.wrong(case)
        return found is not None and found.refuted

    found = find(
        cases(*wrong.kind), refuted, random=Random(0),
        settings=settings(CALM, max_examples=400, phases=[Phase.generate], database=None),
    )
    true = wrong.right(found)
    assert true is None or not true.violated
