"""The near-orthogonality setting: both engines, the kink, the reading's invariants, each with a mutant it catches.

Item numbers are those of the catalogue in the reading of Kou, Chen and Gu, arXiv:2310.18935; "hypothesis-free" ones
are tried on wild data (scaled by 0.1 to 10, d below n allowed, eta R_max^2 / (n m) up to 30).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import gammarho as gr
from derivations.declare import Activation, MaxMargin, Network, from_plain, to_plain
from derivations.papers.nearly_orthogonal.model import model
from dynamics.chance.gram import reduce
from dynamics.geometry import spectrum
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from simulate.ask import parameters
from simulate.observe.seen import seen_by
from simulate.observe.states import States
from simulate.run.kernels import kernel_for
from simulate.start.draw import draw
from simulate.start.drawn import Draw

torch = pytest.importorskip("torch")

Array = NDArray[np.float64]
SLOPES = (0.0, 0.1, 0.5, 1.0)
FEW = settings(max_examples=12)
PER_FILTER = ["+1", "-1"]


# ---- problems and trajectories --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """A start and its numbers; `values` has slope, eta and neurons."""

    W: Array
    x: Array
    y: Array
    values: dict[str, Any]

    @property
    def initial(self) -> dict[str, Array]:
        return {"W": self.W, "x": self.x, "y": self.y}

    @property
    def squares(self) -> Array:
        return np.asarray((self.x**2).sum(1))

    @property
    def step(self) -> Array:
        """a_i = eta ||x_i||^2 / (n m)."""
        return np.asarray(self.values["eta"] * self.squares / (len(self.y) * self.W.shape[1]))

    @property
    def own(self) -> NDArray[np.bool_]:
        return np.asarray(np.array([1.0, -1.0])[:, None] == self.y)


@dataclass(frozen=True)
class Path:
    """Every step's pre-activations h and coefficients rho, both (T, 2, m, n)."""

    h: Array
    rho: Array


def problem(
    seed: int, slope: float, n: int, m: int, d: int, size: float = 1.0, a: float = 0.3, sigma_0: float = 0.5
) -> Problem:
    """Gaussian data of length about `size`, filters of size sigma_0, and the step at which the largest a_i is `a`."""
    rng = np.random.default_rng(seed)
    x = size * rng.normal(size=(n, d)) / np.sqrt(d)
    eta = a * n * m / float((x**2).sum(1).max())
    return Problem(
        sigma_0 * rng.normal(size=(2, m, d)) / size,
        x,
        rng.choice([-1.0, 1.0], size=n),
        {"slope": slope, "eta": eta, "neurons": "mean"},
    )


@st.composite
def wild(draw: Any, slopes: tuple[float, ...] = SLOPES) -> Problem:
    at = draw(st.integers(0, 2**20))
    n, m, d = draw(st.integers(1, 6)), draw(st.integers(1, 8)), draw(st.sampled_from([2, 4, 40]))
    size, a = draw(st.sampled_from([0.1, 1.0, 10.0])), draw(st.sampled_from([1e-2, 0.3, 3.0, 30.0]))
    return problem(at, draw(st.sampled_from(slopes)), n, m, d, size, a)


def follow(given: Problem, kernel: Kernel | None = None, steps: int = 60) -> Path:
    used = kernel_for(model()) if kernel is None else kernel
    z, gram = given.W @ given.x.T, given.x @ given.x.T
    run = used.run(z, np.zeros_like(z), gram, given.y, given.values, steps, np.arange(steps + 1))
    return Path(run.z, run.b * given.squares)


def mutant(right: str, wrong: str, count: int = -1) -> Kernel:
    """The kernel as plain Python with its text changed."""
    kernel = kernel_for(model())
    assert right in kernel.source
    return kernel.looped(plain_module(kernel.source.replace(right, wrong, count), "mutant"))


GRADIENT = "leaky_slope_closed_x*j*v0[i]"
BELOW = "return s if x < 0.0 else 1.0"
TAME = problem(3, 0.3, n=4, m=5, d=12)
RELU = problem(3, 0.0, n=5, m=6, d=6)


# ---- the two engines --------------------------------------------------------------------------------


def by_torch(given: Problem, steps: int, active: Callable[[Any], Any]) -> Array:
    """W after gradient descent on (3.2), written out here and differentiated by torch."""
    W, x, y = (torch.tensor(v, dtype=torch.float64) for v in (given.W, given.x, given.y))
    for _ in range(steps):
        W = W.clone().requires_grad_()
        f = active(torch.einsum("jrd,id->jri", W, x)).mean(1)
        loss = torch.nn.functional.softplus(-y * (f[0] - f[1])).mean()
        (gradient,) = torch.autograd.grad(loss, W)
        W = (W - given.values["eta"] * gradient).detach()
    return np.asarray(W.numpy())


def leaky(slope: float) -> Callable[[Any], Any]:
    return lambda h: torch.where(h >= 0, h, slope * h)


def reduced_weights(given: Problem, steps: int, kernel: Kernel | None = None) -> Array:
    path = follow(given, kernel, steps)
    return np.asarray(given.W + (path.rho[-1] / given.squares) @ given.x)


@given(
    st.integers(0, 2**20), st.sampled_from(SLOPES), st.integers(1, 6), st.integers(1, 6), st.sampled_from([3, 8, 30])
)
@FEW
def test_callers_arrays_follow_torch(seed: int, slope: float, n: int, m: int, d: int) -> None:
    given = problem(seed, slope, n, m, d)
    expected = by_torch(given, 50, leaky(slope))
    assert np.abs(reduced_weights(given, 50) - expected).max() <= 1e-12 * max(1.0, np.abs(expected).max())


def test_a_wrong_slope_does_not_follow_torch() -> None:
    expected = by_torch(TAME, 50, leaky(0.3))
    assert np.abs(reduced_weights(TAME, 50) - expected).max() <= 1e-12
    assert (
        np.abs(reduced_weights(TAME, 50, mutant("return s * x if x <= 0.0", "return 0.0 if x <= 0.0")) - expected).max()
        > 1e-3
    )


@pytest.mark.parametrize("slope", SLOPES)
def test_the_engines_agree_on_every_variable_they_share(slope: float) -> None:
    params = {"n": 6, "m": 8, "d": 40, "slope": slope, "sigma_0": 0.05, "eta": 2.0, "sigma_p": 0.5, "mu_norm": 1.0}
    reduced = gr.run("nearly_orthogonal", params, steps=60, seed=1)
    trained = gr.run("nearly_orthogonal", params, steps=60, seed=1, engine="weights")
    shared = set(trained.data_vars)
    assert {
        "loss",
        "rho",
        "rho_over",
        "rho_under",
        "neuron_norm",
        "stable_rank",
        "stable_rank_excess",
        "margin_spread",
        "kkt_residual",
        "near_orthogonality",
        "test_error",
        "frobenius",
        "spectral",
    } <= shared
    for name in shared - {"test_error", "test_error_se", "train_error", "kkt_slackness"}:
        scale = max(1.0, float(np.abs(trained[name]).max()))
        assert float(np.abs(reduced[name] - trained[name]).max()) <= 1e-10 * scale, name
    assert reduced["stable_rank"].dims == ("t", "matrix") and list(reduced["matrix"].values) == [*PER_FILTER, "stack"]
    assert reduced["neuron_norm"].dims == ("t", "j", "r") and reduced["flips"].dims == ("t",)


@pytest.mark.parametrize("slope", SLOPES)
def test_validate_passes(slope: float) -> None:
    found = gr.validate("nearly_orthogonal", {"slope": slope, "m": 20, "d": 200}, steps=40)
    assert found.verdict == "pass", str(found)
    assert any("hand-written" in row.what for row in found.rows)


def test_weights_are_rebuilt() -> None:
    data = gr.run("nearly_orthogonal", TAME.values, steps=30, initial=TAME.initial)
    rebuilt = gr.weights(data, initial=TAME.initial)
    assert np.abs(rebuilt - by_torch(TAME, 30, leaky(0.3))).max() <= 1e-12


# ---- the kink --------------------------------------------------------------------------------


@given(st.integers(0, 2**20), st.sampled_from(SLOPES))
@FEW
def test_at_zero_the_derivative_is_one(seed: int, slope: float) -> None:
    """sigma_0 = 0 puts every h at the kink: `where(h >= 0, h, slope h)` is the paper's convention (reading, 1.4)."""
    given = replace(problem(seed, slope, n=4, m=3, d=9), W=np.zeros((2, 3, 9)))
    expected = by_torch(given, 40, leaky(slope))
    assert np.abs(expected).max() > 0.1
    assert np.abs(reduced_weights(given, 40) - expected).max() <= 1e-14


def test_the_other_convention_is_another_run() -> None:
    """With sigma'(0) = slope the reduced run is torch's built-in, which for ReLU never moves."""
    closed = mutant("if x < 0.0 else 1.0", "if x <= 0.0 else 1.0")
    for slope, builtin in ((0.0, torch.relu), (0.3, lambda h: torch.nn.functional.leaky_relu(h, 0.3))):
        given = replace(TAME, W=np.zeros_like(TAME.W), values={**TAME.values, "slope": slope})
        expected = by_torch(given, 40, builtin)
        assert np.abs(reduced_weights(given, 40, closed) - expected).max() <= 1e-14
        assert np.abs(reduced_weights(given, 40) - expected).max() > 1e-4
        assert slope != 0.0 or not expected.any()


# ---- invariants of the recursion --------------------------------------------------------------------------------
# Each returns how far it is from holding: <= 0 (or a rounding's worth) where it holds.


def sign_and_growth(given: Problem, path: Path) -> float:
    """33: rho has the sign of j y_i for ever and |rho| never falls, exactly."""
    signed = path.rho * np.where(given.own, 1.0, -1.0)[:, None, :]
    return float(max((-signed).max(), (-np.diff(signed, axis=0)).max()))


def slow_growth(given: Problem, path: Path) -> float:
    """(C.10), (C.14): |rho^t| <= a_i t."""
    t = np.arange(len(path.rho))[:, None, None, None]
    return float((np.abs(path.rho) - t * given.step * (1 + 1e-12)).max())


def same_sample(given: Problem, path: Path) -> float:
    """39: |rho_{j,r,i}| >= slope |rho_{j',r',i}| for the same i."""
    size = np.abs(path.rho[1:])
    return float((given.values["slope"] * size.max((1, 2)) - size.min((1, 2)) * (1 + 1e-12)).max())


def near_rho(given: Problem, path: Path) -> float:
    """23: |h - rho| <= beta + p sum_{k != i} |rho_k| / N_k."""
    gram = given.x @ given.x.T
    p = np.abs(gram - np.diag(np.diag(gram))).max()
    share = np.abs(path.rho) / given.squares
    others = share.sum(-1, keepdims=True) - share
    slack = np.abs(path.h[0]).max() + p * others - np.abs(path.h - path.rho)
    return float((-slack).max() - 1e-9 * np.abs(path.h).max())


def off_class_cap(given: Problem, path: Path) -> float:
    """52, sharper and hypothesis-free: ReLU, j = -y_i: |rho^t| <= a_i + max_{s<t} (h^s - rho^s)_+."""
    without = np.maximum.accumulate(np.maximum(path.h - path.rho, 0.0), axis=0)
    excess = np.abs(path.rho[1:]) - given.step - without[:-1]
    return float(np.where(given.own[:, None, :], -np.inf, excess).max() - 1e-9 * np.abs(path.h).max())


INVARIANTS = [
    (sign_and_growth, SLOPES, GRADIENT, "leaky_slope_closed_x*v0[i]"),
    (slow_growth, SLOPES, "q0 = kappa/n", "q0 = kappa"),
    (same_sample, SLOPES[1:], BELOW, "return 0.5 * s if x < 0.0 else 1.0"),
    (near_rho, SLOPES, "-= change * gram[q, c]", "-= change * gram[q, q]"),
    (off_class_cap, (0.0,), BELOW, "return 1.0"),
]


@pytest.mark.parametrize(
    ("violation", "slopes"), [row[:2] for row in INVARIANTS], ids=lambda v: getattr(v, "__name__", "")
)
@given(data=st.data())
@FEW
def test_hypothesis_free_invariants(
    violation: Callable[[Problem, Path], float], slopes: tuple[float, ...], data: Any
) -> None:
    given = data.draw(wild(slopes))
    assert violation(given, follow(given)) <= 0


@pytest.mark.parametrize(
    ("violation", "slopes", "right", "wrong"), INVARIANTS, ids=lambda v: getattr(v, "__name__", "")
)
def test_each_invariant_catches_its_mutant(
    violation: Callable[[Problem, Path], float], slopes: tuple[float, ...], right: str, wrong: str
) -> None:
    given = RELU if slopes == (0.0,) else TAME
    given = replace(given, values={**given.values, "slope": 0.3 if 0.5 in slopes else 0.0})
    assert violation(given, follow(given)) <= 0
    assert violation(given, follow(given, mutant(right, wrong))) > 0


# ---- leaky ReLU after freezing --------------------------------------------------------------------------------


def frozen_problem(seed: int, slope: float) -> Problem:
    """Nearly orthogonal data and small filters, so that the pattern is sign(h) = j y_i after a few steps (40)."""
    return problem(seed, slope, n=4, m=6, d=4000, a=0.3, sigma_0=0.02)


def spread(W: Array) -> Array:
    """D_j = W_j - 1 wbar_j^T, the filters' differences from their mean."""
    return np.asarray(W - W.mean(-2, keepdims=True))


def frozen_violations(given: Problem, kernel: Kernel | None = None) -> tuple[float, float]:
    """How far D is from constant, and the off-class increments from slope times the on-class ones (41, 44)."""
    path = follow(given, kernel, 120)
    right, first = np.where(given.own, 1.0, -1.0)[:, None, :] * path.h > 0, 40
    assert np.all(right[first:])
    W = given.W + (path.rho / given.squares) @ given.x
    moved = np.abs(spread(W[first:]) - spread(W[first])).max() / np.abs(W[-1]).max()
    grown = path.rho[-1] - path.rho[first]
    on, off = np.where(given.own[:, None, :], grown, np.nan), np.where(given.own[:, None, :], np.nan, -grown)
    gap = np.nanmax(np.abs(np.nanmean(on, (0, 1)) * given.values["slope"] - off)) / np.nanmax(on)
    return float(moved), float(max(gap, np.nanmax(np.ptp(on[~np.isnan(on).any((1, 2))], axis=1), initial=0.0)))


@given(st.integers(0, 2**20), st.sampled_from([0.3, 0.5, 1.0]))
@FEW
def test_frozen_weights_move_by_one_vector(seed: int, slope: float) -> None:
    """After freezing W_j = D_j + 1 wbar_j^T with D_j constant: why the stable rank goes to 1 like 1 / log^2 t."""
    moved, gap = frozen_violations(frozen_problem(seed, slope))
    assert moved <= 1e-12 and gap <= 1e-11


def test_frozen_properties_catch_their_mutants() -> None:
    given = frozen_problem(1, 0.5)
    assert frozen_violations(given, mutant(GRADIENT, f"{GRADIENT}*(1.0 + 0.1 * r)"))[0] > 1e-3
    assert frozen_violations(given, mutant(BELOW, "return s * s if x < 0.0 else 1.0"))[1] > 1e-3


def rank_bracket(excess: Array, W: Array) -> float:
    """6.4, at any t: (||D||_F^2 - ||D||_2^2) / (||D||_2^2 + m ||wbar||^2) <= sr - 1 <= ||D||_F^2 / (m ||wbar||^2)."""
    D, m = spread(W), W.shape[-2]
    whole, top = (D**2).sum((-2, -1)), np.linalg.norm(D, 2, axis=(-2, -1)) ** 2
    mean = m * (W.mean(-2) ** 2).sum(-1)
    low, high = (whole - top) / (top + mean), whole / mean
    return float(max((low - excess * (1 + 1e-9)).max(), (excess * (1 - 1e-9) - high).max(), (-excess).max()))


@given(wild())
@FEW
def test_the_stable_rank_lies_in_its_bracket_at_every_step(given: Problem) -> None:
    states = states_of(given, follow(given, steps=12))
    assert states.b is not None
    W = given.W + states.b @ given.x
    assert rank_bracket(states.singular.excess[:, :2], W) <= 1e-14


def test_the_bracket_catches_a_wrong_matrix() -> None:
    given = problem(2, 0.5, n=4, m=6, d=30)
    states = states_of(given, follow(given, steps=40))
    assert states.b is not None
    W = given.W + states.b @ given.x
    assert rank_bracket(states.singular.excess[:, :2], W) <= 0
    assert rank_bracket(replace(states, b=2.0 * states.b).singular.excess[:, :2], W) > 0


def states_of(given: Problem, path: Path) -> States:
    values = parameters.resolve(
        model(), {**given.values, "n": len(given.y), "m": given.W.shape[1], "d": given.x.shape[1]}
    ).values
    drawn = draw(model(), values, 0, initial=given.initial)
    return States(
        model(), drawn, values, path.h, path.rho / given.squares, seen_by(kernel_for(model()), path.h, drawn, values)
    )


# ---- ReLU on orthogonal data (54) --------------------------------------------------------------------------------


def orthogonal_violation(given: Problem, kernel: Kernel | None = None) -> float:
    """Inactive at the start: rho = 0 for ever; j = -y_i: 0 >= rho >= -(h0 + a_i), constant once h < 0."""
    path = follow(given, kernel, 80)
    h0, own = path.h[0], given.own[:, None, :]
    still = np.abs(np.where(h0 < 0, path.rho, 0.0)).max()
    low = np.where(own | (h0 < 0), -np.inf, -(h0 + given.step) * (1 + 1e-12) - path.rho).max()
    moved = np.abs(np.where(own | (path.h[:-1] >= 0), 0.0, np.diff(path.rho, axis=0))).max()
    return float(max(still, low, moved))


def orthogonal(seed: int, n: int = 5, m: int = 7) -> Problem:
    given = problem(seed, 0.0, n, m, d=9, a=0.4)
    x = np.eye(n, 9) * np.random.default_rng(seed).uniform(0.8, 1.2, size=(n, 1))
    return replace(given, x=x, values={**given.values, "eta": 0.4 * n * m / float((x**2).sum(1).max())})


@given(st.integers(0, 2**20))
@FEW
def test_relu_on_orthogonal_data_keeps_its_four_cases(seed: int) -> None:
    given = orthogonal(seed)
    assert orthogonal_violation(given) <= 0
    data = gr.run(
        "nearly_orthogonal", given.values, steps=400, initial=given.initial, observables=["flips", "flips_on_class"]
    )
    off = ~given.own[:, None, :] & (given.W @ given.x.T >= 0)
    assert int(data["flips_on_class"][-1]) == 0 and int(data["flips"][-1]) == off.sum()


def test_the_four_cases_catch_a_slope() -> None:
    assert orthogonal_violation(orthogonal(0)) <= 0
    assert orthogonal_violation(orthogonal(0), mutant(BELOW, "return 0.05 if x < 0.0 else 1.0")) > 0


@pytest.mark.parametrize("k", [1, 2, 5])
def test_relu_stable_rank_on_orthogonal_data_is_the_readings(k: int) -> None:
    """A5: 2k / (k + 1) for W_j, 4k / (k + 1) stacked, k examples a class, wide m; the paper's "about 2" is k large."""
    m, n, d = 3000, 2 * k, 2 * k + 2
    rng = np.random.default_rng(k)
    initial = {"W": 1e-8 * rng.normal(size=(2, m, d)), "x": np.eye(n, d), "y": np.repeat([1.0, -1.0], k)}
    data = gr.run(
        "nearly_orthogonal",
        {"slope": 0, "eta": 0.1},
        steps=300,
        initial=initial,
        record=[300],
        observables=["stable_rank"],
    )
    last = data["stable_rank"][-1]
    assert np.abs(last.sel(matrix=PER_FILTER).values / (2 * k / (k + 1)) - 1).max() < 0.03
    assert abs(float(last.sel(matrix="stack")) / (4 * k / (k + 1)) - 1) < 0.03


# ---- late times --------------------------------------------------------------------------------


def test_the_loss_falls_as_the_exact_limit_says() -> None:
    """7.3: frozen leaky GD is z += (eta/n) K g(z), so t L_S -> mean of lambda* = (n/eta) K^{-1} 1."""
    given, slope, steps = frozen_problem(5, 0.5), 0.5, 20_000
    data = gr.run("nearly_orthogonal", given.values, steps=steps, initial=given.initial, record=[steps // 10, steps])
    m, n, same = given.W.shape[1], len(given.y), given.y[:, None] == given.y
    K = np.where(same, 1 + slope**2, -2 * slope) * (given.x @ given.x.T) / m
    limit = float(np.mean(n / given.values["eta"] * np.linalg.solve(K, np.ones(n))))
    early, late = (data["t"] * data["loss"]).values / limit - 1
    assert abs(late) < 5e-3 and abs(late) < abs(early)
    assert int(data["last_flip"]) < 100
    assert np.all(np.diff(data["stable_rank_excess"].values, axis=0)[:, :2] < 0)
    assert np.all(np.diff(data["kkt_residual"].values) < 0) and np.all(np.diff(data["margin_spread"].values) < 0)


# ---- spectra --------------------------------------------------------------------------------


@given(st.integers(0, 2**20), st.sampled_from([0.5, 1e-3, 1e-7, 1e-10]), st.booleans())
@FEW
def test_the_excess_keeps_its_digits(seed: int, second: float, tall: bool) -> None:
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(size, 3)))[0] for size in ((9, 5) if tall else (5, 9)))
    s = np.array([1.0, second, 0.3 * second])
    found = spectrum.sizes(1e5 * (left * s) @ right.T)
    exact = second**2 * 1.09
    assert abs(float(found.excess) / exact - 1) <= 1e-14 / second  # entries are rounded at eps s_1
    assert (
        abs(float(found.spectral) / 1e5 - 1) <= 1e-14
        and abs(float(found.frobenius) / 1e5 - np.hypot(1, np.sqrt(exact))) <= 1e-13
    )
    if second < 1e-8:
        naive = float(found.frobenius / found.spectral) ** 2 - 1
        assert abs(naive / exact - 1) > 0.5  # what subtracting 1 would leave


def test_zero_weights_have_no_rank_and_infinite_ones_none_either() -> None:
    zero, bad = spectrum.sizes(np.zeros((3, 4))), spectrum.sizes(np.full((3, 4), np.inf))
    assert float(zero.frobenius) == 0.0 and np.isnan(zero.excess) and np.isnan(bad.excess)


@given(st.integers(0, 2**20), st.sampled_from([3, 7, 60]))
@FEW
def test_both_frames_have_the_weights_singular_values(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    W, x, b = 1e-3 * rng.normal(size=(2, 4, d)), rng.normal(size=(5, d)), rng.normal(size=(2, 4, 5))
    exact = np.linalg.svd((W + b @ x), compute_uv=False)
    for frame in (spectrum.frame_of_vectors(W, x), spectrum.frame_of_gram(reduce(x, W))):
        found = spectrum.sizes(frame.at(b))
        np.testing.assert_allclose(found.spectral, exact[:, 0], rtol=1e-12)
        np.testing.assert_allclose(found.excess, (exact[:, 1:] ** 2).sum(1) / exact[:, 0] ** 2, rtol=1e-9)


# ---- the max-margin conditions --------------------------------------------------------------------------------


@given(st.integers(0, 2**20), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([3, 40]))
@FEW
def test_the_kkt_residual_is_that_of_the_gradients(seed: int, slope: float, d: int) -> None:
    """Against non-negative least squares on the 2 m d numbers of W and of each margin's gradient (6.6)."""
    from scipy.optimize import nnls

    given = problem(seed, slope, n=5, m=4, d=d)
    states = states_of(given, follow(given, steps=30))
    assert states.b is not None
    W = given.W + states.b[-1] @ given.x
    leaf = torch.tensor(W, requires_grad=True)
    f = leaky(slope)(torch.einsum("jrd,id->jri", leaf, torch.tensor(given.x))).mean(1)
    margins = torch.tensor(given.y) * (f[0] - f[1])
    rows = [torch.autograd.grad(margin, leaf, retain_graph=True)[0].numpy().ravel() for margin in margins]
    expected = nnls(np.array(rows).T, W.ravel())[1] / np.linalg.norm(W)
    declared = {o.name: o for o in model().observables}
    residual = declared["kkt_residual"]
    assert isinstance(residual, MaxMargin)
    found = residual.value(states)
    assert found is not None
    assert abs(found[-1] - expected) <= 1e-7


# ---- flips --------------------------------------------------------------------------------


def recounted(given: Problem, steps: int) -> tuple[Array, Array]:
    """Flips a step, of all and of the examples' own heads."""
    active = follow(given, steps=steps).h >= 0
    changed = active[1:] != active[:-1]
    own = changed & given.own[:, None, :]
    return np.append(0, changed.sum((1, 2, 3))), np.append(0, own.sum((1, 2, 3)))


@given(st.integers(0, 2**20), st.sampled_from([0.0, 0.1]), st.sampled_from([1, 3, 1000]))
@FEW
def test_every_flip_is_counted_whatever_is_recorded(seed: int, slope: float, chunk: int) -> None:
    from simulate.run import record

    given = problem(seed, slope, n=5, m=4, d=5)
    counts, own = recounted(given, 60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "CHUNK_BYTES", 16 * 2 * 4 * 5 * chunk)
        data = gr.run("nearly_orthogonal", given.values, steps=60, initial=given.initial, record=[0, 7, 60])
    assert data["flips"].values.tolist() == np.cumsum(counts)[[0, 7, 60]].tolist()
    assert data["flips_on_class"].values.tolist() == np.cumsum(own)[[0, 7, 60]].tolist()
    flipped = np.flatnonzero(counts)
    assert int(data["last_flip"]) == (flipped[-1] if flipped.size else 0)


def test_flips_stop_where_the_run_stops() -> None:
    given = problem(7, 0.0, n=5, m=4, d=5)
    full = gr.run("nearly_orthogonal", given.values, steps=60, initial=given.initial, record="all")
    level = float(full["loss"][20])
    first = int(np.flatnonzero(full["loss"].values <= level)[0])
    data = gr.run("nearly_orthogonal", given.values, steps=60, initial=given.initial, until={"loss": level})
    assert int(data["t"][-1]) == first and int(data["flips"][-1]) == int(full["flips"][first])
    assert int(data["last_flip"]) <= first


# ---- data --------------------------------------------------------------------------------


def values_of(**given: Any) -> dict[str, Any]:
    return parameters.resolve(model(), given).values


def test_the_mixture_has_its_mean_and_its_noise() -> None:
    drawn = draw(model(), values_of(n=400, m=2, d=50, mu_norm=3.0, sigma_p=0.5), 0)
    mu = drawn.centres["x"].vector
    assert drawn.vectors is not None and mu is not None
    noise = drawn.vectors - drawn.y[:, None] * mu
    assert abs(np.linalg.norm(mu) / 3.0 - 1) < 0.3
    assert abs(noise.std() / 0.5 - 1) < 0.02 and np.abs(noise.mean(0)).max() < 0.13


@functools.cache
def four_hundred(sampling: Literal["vectors", "gram"]) -> list[Draw]:
    values = values_of(n=3, m=2, d=5, mu_norm=1.5, sigma_p=0.4, sigma_0=0.7)
    return [draw(model(), values, seed, sampling) for seed in range(400)]


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.gram[0, 1] * x.y[0] * x.y[1],
        lambda x: x.gram[0, 0],
        lambda x: x.z[0, 0, 0] * x.y[0],
        lambda x: x.centres["x"].across[0] * x.y[0],
        lambda x: x.centres["x"].z[0, 0],
        lambda x: x.weight_gram[0, 1],
    ],
    ids=["cross", "square", "z", "across", "centre", "filters"],
)
def test_a_gram_draw_of_the_mixture_has_the_law_of_vectors(read: Callable[[Draw], float]) -> None:
    from scipy.stats import ks_2samp

    samples = [[read(drawn) for drawn in four_hundred(sampling)] for sampling in ("vectors", "gram")]
    assert ks_2samp(*samples).pvalue > 1e-3


def test_gram_draws_of_the_mixture_are_consistent() -> None:
    drawn = draw(model(), values_of(n=4, m=3, d=1e12, sigma_0=1e-6), 0, "gram")
    assert np.linalg.eigvalsh(drawn.gram)[0] > 0 and drawn.vectors is None
    found = gr.run(
        "nearly_orthogonal", {"n": 4, "m": 3, "d": 1e12, "sigma_0": 1e-9, "eta": 1e-12}, steps=20, sampling="gram"
    )
    assert float(found["near_orthogonality"]) > 1e4 and np.isfinite(found["stable_rank"].values).all()


def test_test_error_of_the_mixture_matches_fresh_vectors() -> None:
    from simulate.train import fresh as weights_fresh

    params = {"n": 20, "m": 3, "d": 10, "mu_norm": 2.0, "sigma_p": 0.7, "sigma_0": 0.1, "eta": 1.0}
    data = gr.run("nearly_orthogonal", params, steps=40, record=[40])
    drawn = draw(model(), values_of(**params), 0)
    centre = drawn.centres["x"].vector
    assert drawn.vectors is not None and centre is not None
    rng = np.random.default_rng(0)
    found = weights_fresh.monte_carlo(
        model(), drawn.vectors, gr.weights(data), values_of(**params), rng, 20_000, centres={"x": centre}
    )
    for name, value, error in (("test_error", found.error, found.error_se), ("test_loss", found.loss, found.loss_se)):
        assert abs(float(data[name][0]) - value) <= 4 * np.hypot(error, float(data[f"{name}_se"][0])), name
    assert float(data["test_error"][0]) < 0.2


def test_orthogonal_inputs_are_orthogonal() -> None:
    drawn = draw(model(), values_of(n=5, d=9, data="orthogonal", x_norm=2.0), 0)
    assert np.array_equal(drawn.gram, 4.0 * np.eye(5))
    with pytest.raises(gr.InputError, match="d: 4 is below"):
        draw(model(), values_of(n=5, d=4, data="orthogonal"), 0)


def test_where_fresh_examples_have_no_law_the_test_error_is_left_out_or_refused() -> None:
    params = {"n": 4, "m": 3, "d": 9, "data": "orthogonal"}
    data = gr.run("nearly_orthogonal", params, steps=2)
    assert "test_error" not in data and "left out" in data.attrs["notes"]
    with pytest.raises(gr.InputError, match="no Gaussian law"):
        gr.run("nearly_orthogonal", params, steps=2, observables=["test_error"])
    with pytest.raises(gr.InputError, match="mixture's mean"):
        gr.run("nearly_orthogonal", TAME.values, steps=2, initial=TAME.initial, observables=["test_loss"])


def test_near_orthogonality_of_the_papers_data_is_below_every_constant_that_the_proof_needs() -> None:
    """Headline 8: R_min^2 / (R^2 n p) = 0.75 to 1.26 on the paper's data (the reading's draws)."""
    found = gr.run(
        "nearly_orthogonal", preset="paper", steps=1, seeds=5, record=[1], observables=["near_orthogonality"]
    )
    assert 0.6 < float(found["near_orthogonality"].min()) and float(found["near_orthogonality"].max()) < 1.4
    alone = gr.run("nearly_orthogonal", preset="theorem-4.1-orthogonal", steps=1, observables=["near_orthogonality"])
    assert np.isinf(float(alone["near_orthogonality"]))


# ---- the paper's runs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slope", "rank", "band", "loss"), [(0.0, 1.462, 0.10, 0.326), (0.5, 1.071, 0.02, 0.207), (1.0, 1.064, 0.02, 0.137)]
)
def test_figure_1_at_small_initialisation(slope: float, rank: float, band: float, loss: float) -> None:
    """Section 5.3's table at sigma_0 = 1e-3, epoch 50: mean over W_j and five draws (ours are others)."""
    found = gr.run(
        "nearly_orthogonal",
        {"slope": slope, "sigma_0": 1e-3},
        preset="paper",
        seeds=5,
        record=[50],
        observables=["stable_rank", "loss"],
    )
    assert abs(float(found["stable_rank"].sel(matrix=PER_FILTER).mean()) - rank) < band
    assert abs(float(found["loss"].mean()) / loss - 1) < 0.08


def test_in_regime_the_stable_rank_goes_to_one() -> None:
    found = gr.run("nearly_orthogonal", preset="theorem-4.1-orthogonal", steps=400, record=[10, 400])
    excess = found["stable_rank_excess"].sel(matrix=PER_FILTER).values
    assert np.all(excess[1] < excess[0]) and np.all(excess[1] < 1e-3) and int(found["last_flip"]) <= 10


@pytest.mark.slow
def test_figure_5_as_described_does_not_learn() -> None:
    """Headline 9 and Section 5.4: m = 10^4 and learning rate 0.1 leave the loss at log 2 for all 1000 epochs."""
    ranks = {}
    for slope in (0.0, 0.5):
        found = gr.run(
            "nearly_orthogonal",
            {"slope": slope},
            preset="orthogonal",
            record=[1000],
            observables=["loss", "stable_rank"],
        )
        assert abs(float(found["loss"][0]) - np.log(2)) < 3e-4
        ranks[slope] = float(found["stable_rank"].sel(matrix=PER_FILTER).mean())
    assert abs(ranks[0.0] - 1.93) < 0.06 and abs(ranks[0.5] - 1.006) < 0.003


# ---- the declaration ---------------------------------------------------------------------------------------------


def test_the_recursion_is_lemma_5_2() -> None:
    """(5.4) and (5.5): rho <- rho - (eta / nm) l'_i sigma'(<w, x_i>) ||x_i||^2 j y_i, for every slope."""
    text, latex = str(gr.derive("nearly_orthogonal")), gr.derive("nearly_orthogonal").latex()
    assert "rho_{j,r,i} <- rho_{j,r,i} - (eta*||x_i||^2/(m*n)) [ l'_i*y_i * sigma'(<w_{j,r}, x_i>)*j ]" in text
    assert "leaky_relu of slope slope with sigma'(0) = 1" in text
    assert r"\frac{\eta \|\mathbf{x}_{i}\|_2^2}{m n}" in latex and r"\sigma'(\langle" in latex


def test_the_declaration_survives_plain_data() -> None:
    assert from_plain(json.loads(json.dumps(to_plain(model())))) == model()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="max-margin conditions need signed heads and sigma"):
        replace(model(), network=Network(heads="signed", activation=Activation(name="tanh")))
    with pytest.raises(gr.InputError, match=r"slope: 1\.5; expected a finite number of at least 0 and of at most 1"):
        gr.run("nearly_orthogonal", {"slope": 1.5}, steps=1)
    with pytest.raises(gr.InputError, match="did you mean 'orthogonal'"):
        gr.run("nearly_orthogonal", {"data": "ortogonal"}, steps=1)
    with pytest.raises(gr.InputError, match=r"flips.*not an observable known at every step"):
        gr.run("nearly_orthogonal", until={"flips": 3.0}, steps=1)


def test_weight_space_counts_flips_at_every_step_whatever_is_recorded() -> None:
    given: dict[str, Any] = {"params": {"m": 5, "d": 9, "sigma_0": 0.1, "slope": 0.0}, "steps": 30, "engine": "weights"}
    some, every = (gr.run("nearly_orthogonal", record=record, **given) for record in ([0, 30], "all"))
    assert int(some["flips"][-1]) == int(every["flips"][-1]) > 0
    assert "flips" not in gr.run("nearly_orthogonal", observables=["loss"], **given)


def test_a_phase_diagram_of_the_kkt_residual() -> None:
    found = gr.phase(
        "nearly_orthogonal", {"n": 3, "m": 4, "d": 20}, x=("slope", [0.0, 1.0]), y=("eta", [0.1, 1.0]),
        observable="kkt_residual", steps=20, seeds=2, progress=False,
    )
    params = {"n": 3, "m": 4, "d": 20, "slope": 1.0, "eta": 0.1}
    alone = gr.run("nearly_orthogonal", params, steps=20, seed=1, sampling="gram", record=[20])
    assert float(found["kkt_residual"].sel(slope=1.0, eta=0.1, seed=1)) == float(alone["kkt_residual"][0])
