"""The interpreter against hand-written losses, finite differences and torch's own functions."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    FreshLaw,
    GaussianLaw,
    Model,
    Network,
    Objective,
    Patch,
    Value,
)
from derivations.papers.pegr.model import model as pegr
from simulate.errors import Diverged, InputError
from simulate.start.draw import draw

torch = pytest.importorskip("torch")

from simulate.train import formulas, raw, weights  # noqa: E402  # they need torch
from simulate.train import fresh as weights_fresh  # noqa: E402
from simulate.train.raw.pegr import objective as raw_pegr  # noqa: E402

Array = NDArray[np.float64]
PENALTIES = ("pegr", "fgr", "none")


def values_of(model: Model, **given: Value) -> dict[str, Value]:
    return {p.name: p.default for p in model.parameters} | given


def state(seed: int, n: int = 4, m: int = 3, d: int = 7) -> tuple[Array, Array, Array]:
    """Vectors (mu and xi correlated), labels with both signs, W of order one."""
    rng = np.random.default_rng(seed)
    y = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    return rng.standard_normal((1 + n, d)), y, 0.5 * rng.standard_normal((2, m, d))


def gradient(task: weights.Training, W: Array, t: int = 0) -> tuple[float, Array]:
    leaf = task.vectors.new_tensor(W).requires_grad_()
    value = weights.objective(task, leaf, t)
    return value.item(), torch.autograd.grad(value, leaf)[0].numpy()


def one_direction(act: Activation) -> Model:
    """f(v) = sigma(<w_+, v>) - sigma(<w_-, v>), one example."""
    return Model(
        name="one",
        title="One direction",
        directions=(Directions(name="x", over="sample", latex="x", coefficient=Coefficient(name="a", latex="a")),),
        patches=(Patch(direction="x"),),
        network=Network(heads="signed", activation=act),
        objective=Objective(loss="logistic"),
    )


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    q=st.sampled_from([2, 3]),
    regularizer=st.sampled_from(PENALTIES),
    neurons=st.sampled_from(["mean", "sum"]),
    half=st.booleans(),
    flip=st.booleans(),
)
def test_interpreter_equals_the_hand_written_loss(
    seed: int, q: int, regularizer: str, neurons: str, half: bool, flip: bool
) -> None:
    model = pegr(regularizer, q)
    values = values_of(model, lam=0.7, neurons=neurons, penalty_half=half)
    vectors, y, W = state(seed)
    y = -y if flip else y
    ours, ours_gradient = gradient(weights.problem(model, vectors, y, values), W)
    leaf, v = torch.tensor(W, requires_grad=True), torch.tensor(vectors)
    kappa, c = 1.0 if neurons == "sum" else 1 / 3, 0.5 if half else 1.0
    theirs = raw_pegr(leaf, v[0], v[1:], torch.tensor(y), 0.7, q, kappa, c, regularizer)
    theirs_gradient = torch.autograd.grad(theirs, leaf)[0].numpy()
    assert abs(ours - theirs.item()) <= 1e-13 * abs(theirs.item())
    assert np.abs(ours_gradient - theirs_gradient).max() <= 1e-13 * max(1.0, np.abs(theirs_gradient).max())


def test_hand_written_losses_are_found_by_name_and_absent_for_a_users_own_model() -> None:
    model = pegr("pegr", 2)
    vectors, y, W = state(0)
    hand = raw.find(model)
    assert hand is not None
    task = weights.problem(model, vectors, y, values_of(model, lam=0.7))
    leaf = torch.tensor(W, requires_grad=True)
    value = hand(leaf, weights.families(model, task.vectors), task.y, task.values, 0.7)
    assert value.item() == pytest.approx(gradient(task, W)[0], rel=1e-14)
    assert raw.find(replace(model, name="mine")) is None
    assert raw.find(replace(model, name="problem")) is None  # no module of that name either


@pytest.mark.parametrize("regularizer", PENALTIES)
def test_gradient_of_the_objective_agrees_with_finite_differences(regularizer: str) -> None:
    model = pegr(regularizer, 3)
    vectors, y, W = state(3)
    task = weights.problem(model, vectors, y, values_of(model, lam=0.7))
    rng = np.random.default_rng(4)
    towards, h = rng.standard_normal(W.shape), 1e-5
    ahead, back = gradient(task, W + h * towards)[0], gradient(task, W - h * towards)[0]
    assert (ahead - back) / (2 * h) == pytest.approx(np.sum(gradient(task, W)[1] * towards), rel=1e-7)


def test_per_example_penalty_is_the_mean_of_squared_gradients_by_finite_differences() -> None:
    model = pegr("pegr", 2)
    vectors, y, W = state(5)
    values = values_of(model, lam=0.7, penalty_half=True)
    plain = weights.problem(pegr("none", 2), vectors, y, values)
    squares, h = np.zeros(len(y)), 1e-6
    for at in np.ndindex(W.shape):
        nudge = np.zeros_like(W)
        nudge[at] = h
        ahead, back = (weights.losses(plain, torch.tensor(W + s * nudge)).numpy() for s in (1, -1))
        squares += ((ahead - back) / (2 * h)) ** 2
    penalty = gradient(weights.problem(model, vectors, y, values), W)[0] - gradient(plain, W)[0]
    assert penalty == pytest.approx(0.5 * 0.7 * squares.mean(), rel=1e-7)


def test_class_heads_agree_with_torch_cross_entropy() -> None:
    K, n, m, d = 3, 5, 2, 6
    model = Model(
        name="classes",
        title="Class heads",
        directions=(
            Directions(name="u", over="class", latex="u", coefficient=Coefficient(name="g", latex="g")),
            Directions(name="xi", over="sample", latex="x", coefficient=Coefficient(name="rho", latex="r"),
                       law=GaussianLaw(std="s")),
        ),
        patches=(Patch(direction="u"), Patch(direction="xi")),
        network=Network(heads="class", classes=K, activation=Activation(name="relu")),
        objective=Objective(loss="cross_entropy", penalty="full"),
        test=FreshLaw(fresh=("xi",)),
    )
    rng = np.random.default_rng(6)
    vectors, W = rng.standard_normal((K + n, d)), rng.standard_normal((K, m, d))
    y = np.array([0.0, 2.0, 1.0, 1.0, 2.0])
    values: dict[str, Value] = {"lam": 0.3, "neurons": "mean", "eta": 0.1, "s": 1.0}
    leaf = torch.tensor(W, requires_grad=True)
    v, labels = torch.tensor(vectors), torch.tensor(y).long()
    flat = leaf.reshape(-1, d).T
    logits = (torch.relu(v[labels] @ flat) + torch.relu(v[K:] @ flat)).reshape(n, K, m)
    mean = torch.nn.functional.cross_entropy(logits.mean(2), labels)
    slope = torch.autograd.grad(mean, leaf, create_graph=True)[0]
    expected = mean + 0.3 * (slope**2).sum()
    value, found = gradient(weights.problem(model, vectors, y, values), W)
    assert value == pytest.approx(expected.item(), rel=1e-14)
    np.testing.assert_allclose(found, torch.autograd.grad(expected, leaf)[0].numpy(), rtol=1e-12, atol=1e-14)
    seen = weights.observe(model, vectors, y, W[None], values)
    own = logits.mean(2)[np.arange(n), labels]
    assert seen["train_error"][0] == pytest.approx((own < logits.mean(2).amax(1)).double().mean().item())
    assert seen["loss"][0] == pytest.approx(mean.item(), rel=1e-14)
    estimate = weights_fresh.monte_carlo(model, vectors, W, values, np.random.default_rng(0), samples=2000)
    assert 0 < estimate.error < 1 and estimate.error_se > 0


@pytest.mark.parametrize(
    ("act", "first", "second"),
    [
        (Activation(name="relu_power", power=2), 0.0, 0.0),
        (Activation(name="relu_power", power=3), 0.0, 0.0),
        (Activation(name="relu", at_kink=0), 0.0, 0.0),
        (Activation(name="relu", at_kink=1), 1.0, 0.0),
        (Activation(name="leaky_relu", slope=0.1, at_kink=0), 0.1, 0.0),
        (Activation(name="leaky_relu", slope=0.1, at_kink=1), 1.0, 0.0),
        (Activation(name="huberized_relu", width=0.5), 0.0, 0.0),
    ],
)
def test_derivatives_exactly_at_the_kink(act: Activation, first: float, second: float) -> None:
    z = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    value = weights.activation(act, z)
    (slope,) = torch.autograd.grad(value.sum(), z, create_graph=True)
    bend = torch.autograd.grad(slope.sum(), z, allow_unused=True)[0] if slope.requires_grad else None
    assert value.item() == 0.0
    assert slope.item() == first
    assert (0.0 if bend is None else bend.item()) == second
    for sign in (1.0, -1.0):  # and the same through the network: f = sigma(z) - sigma(0) at z = 0
        model = one_direction(act)
        W = np.zeros((2, 1, 1))
        after = weights.step(model, np.ones((1, 1)), np.array([sign]), W, {"eta": 1.0})
        np.testing.assert_allclose(after.ravel(), [0.5 * sign * first, -0.5 * sign * first], rtol=0, atol=1e-16)


@pytest.mark.parametrize(("z", "expected"), [(-1.0, 0.0), (0.25, 0.0625), (0.5, 0.25), (2.0, 1.75)])
def test_huberized_relu_values(z: float, expected: float) -> None:
    act = Activation(name="huberized_relu", width=0.5)
    assert weights.activation(act, torch.tensor(z, dtype=torch.float64)).item() == expected


def test_logistic_loss_keeps_its_digits_at_large_margins() -> None:
    """torch's own softplus default is off by e^-20 from margin -20 on, and a naive log(1 + e^-u) dies at margin 40."""
    model = one_direction(Activation(name="relu"))
    for u in (-800.0, -30.0, 40.0, 600.0):
        F = torch.tensor([[u, 0.0]], dtype=torch.float64, requires_grad=True)
        loss = weights.losses_of(model, F, torch.tensor([1.0], dtype=torch.float64), {})
        exact = np.logaddexp(0.0, -u)
        assert loss.item() == pytest.approx(exact, rel=1e-14)
        slope = torch.autograd.grad(loss.sum(), F)[0][0, 0].item()
        assert slope == pytest.approx(-np.exp(-np.logaddexp(0.0, u)), rel=1e-13)


def test_the_penalty_is_on_up_to_and_including_lam_until() -> None:
    model = pegr("pegr", 2)
    vectors, y, W = state(7)
    values = values_of(model, lam=0.7, lam_until=3)
    free = weights.step(pegr("none", 2), vectors, y, W, values)
    always = weights.step(model, vectors, y, W, values_of(model, lam=0.7, lam_until=None), t=10**6)
    assert np.abs(always - free).max() > 1e-6
    for t, expected in ((0, always), (3, always), (4, free)):
        np.testing.assert_array_equal(weights.step(model, vectors, y, W, values, t), expected)


def test_training_records_the_asked_steps_and_repeats_bit_for_bit() -> None:
    model = pegr("pegr", 2)
    values = values_of(model, n=4, m=2, d=9, sigma_0=0.3, eta=0.5, lam=0.2, lam_until=2)
    start = draw(model, values, seed=1)
    found = weights.train(model, start, values, 5, np.array([0, 2, 5]))
    assert start.weights is not None and start.vectors is not None and found.b is not None
    W = start.weights
    for t in range(5):
        np.testing.assert_array_equal(W, found.W[found.t == t][0]) if t in found.t else None
        W = weights.step(model, start.vectors, start.y, W, values, t)
    np.testing.assert_array_equal(W, found.W[-1])
    np.testing.assert_allclose(start.weights + found.b @ start.vectors, found.W, rtol=0, atol=1e-14)
    with pytest.raises(InputError, match="recorded"):
        weights.train(model, start, values, 5, np.array([0, 6]))


def test_coefficients_are_refused_where_directions_are_dependent() -> None:
    rng = np.random.default_rng(0)
    v = rng.standard_normal((3, 5))
    assert weights.coefficients(rng.standard_normal((2, 5)), np.vstack([v, v[0] + v[1]])) is None
    assert weights.coefficients(rng.standard_normal((2, 5)), np.vstack([v, 0 * v[:1]])) is None
    assert weights.coefficients(rng.standard_normal((2, 2)), v[:, :2]) is None
    b = rng.standard_normal((4, 2, 3))
    found = weights.coefficients(b @ v, 1e-6 * v)  # short vectors are independent vectors
    assert found is not None
    np.testing.assert_allclose(found, 1e6 * b, rtol=1e-9)


def test_divergence_names_the_step() -> None:
    model = pegr("none", 3)
    vectors, y, W = state(8)
    task = weights.problem(model, vectors, y, values_of(model, eta=1e250))
    with pytest.raises(Diverged, match=r"not finite at step \d+; lower eta \(1e\+250\)") as caught:
        for _t, _w in weights.states(task, W, 50):
            pass
    W_t = W
    for _ in range(caught.value.step):  # every earlier step is a number; at this one the outputs are not
        W_t = weights.step(model, vectors, y, W_t, task.values)
    assert np.isfinite(W_t).all()
    with pytest.raises(Diverged):
        weights.step(model, vectors, y, W_t, task.values)


def test_a_gram_draw_is_refused() -> None:
    model = pegr("pegr", 2)
    values = values_of(model, n=4, m=2, d=9)
    with pytest.raises(InputError, match="sampling"):
        weights.train(model, draw(model, values, seed=0, sampling="gram"), values, 1, np.array([1]))


def test_observables_follow_the_papers_formulas_for_orthogonal_mu_and_xi() -> None:
    n, m, d, q = 5, 3, 8, 2
    model = pegr("pegr", q)
    values = values_of(model, n=n, m=m, d=d, sigma_0=0.5)
    start = draw(model, values, seed=2)
    V, W, y = start.vectors, start.weights, start.y
    assert V is not None and W is not None
    seen = weights.observe(model, V, y, W[None], values)
    A, h = np.maximum(y * (W @ V[0])[..., None], 0), np.maximum(W @ V[1:].T, 0)
    u = y * ((A**2 + h**2).sum(1) / m * np.array([[1.0], [-1.0]])).sum(0)
    zeta = (A**2 * (V[0] @ V[0]) + h**2 * (V[1:] ** 2).sum(1)).sum((0, 1))
    np.testing.assert_allclose(seen["margins"][0], u, rtol=1e-13)
    np.testing.assert_allclose(seen["zeta"][0], zeta, rtol=1e-13)
    np.testing.assert_allclose(seen["l1"][0], -1 / (1 + np.exp(u)), rtol=1e-13)
    np.testing.assert_allclose(seen["gradient_norms"][0] ** 2, 4 * zeta / m**2 / (1 + np.exp(u)) ** 2, rtol=1e-12)
    np.testing.assert_allclose(seen["loss"][0], np.log1p(np.exp(-u)).mean(), rtol=1e-13)
    np.testing.assert_allclose(seen["z"][0], W @ V.T)
    assert seen["train_error"][0] == np.mean(u < 0)


def test_monte_carlo_test_error_against_the_exact_two_dimensional_law() -> None:
    """One filter a head, W_- = 0, w_+ along mu and noise: y f < 0 has a closed probability."""
    d, sigma_p, a, s = 12, 0.5, 0.8, 1.3
    model = pegr("none", 2)
    values = values_of(model, sigma_p=sigma_p, project_noise=True)
    mu, e = np.eye(d)[0], np.eye(d)[1]
    W = np.zeros((2, 1, d))
    W[0, 0] = a * mu
    W[1, 0] = s * e
    estimate = weights_fresh.monte_carlo(model, mu[None], W, values, np.random.default_rng(1), samples=40_000)
    # y = +1: f = a^2 - ReLU(s g)^2 < 0 where s g > a;  y = -1: -f = ReLU(s g)^2 >= 0, and 0 (a tie) half the time.
    normal = 0.5 * (1 - _erf(a / (s * sigma_p) / np.sqrt(2)))
    exact = 0.5 * normal + 0.5 * 0.5 * 0.5
    assert abs(estimate.error - exact) < 4 * estimate.error_se
    # Noise that is not projected off mu changes it: w_+ now sees the noise as well.
    free = weights_fresh.monte_carlo(
        model, mu[None], W, values | {"project_noise": False}, np.random.default_rng(1), samples=40_000
    )
    assert abs(free.error - exact) > 6 * free.error_se


def _erf(x: float) -> float:
    return float(torch.erf(torch.tensor(x, dtype=torch.float64)))


def test_fresh_examples_need_a_law() -> None:
    model = replace(pegr("none", 2), test=FreshLaw())
    with pytest.raises(InputError, match="xi"):
        weights_fresh.monte_carlo(model, np.eye(3)[:1], np.zeros((2, 1, 3)), values_of(model), np.random.default_rng(0))


@pytest.mark.cuda
@pytest.mark.parametrize("regularizer", PENALTIES)
def test_one_step_on_the_gpu_equals_the_cpu(regularizer: str) -> None:
    model = pegr(regularizer, 2)
    values = values_of(model, lam=0.7, eta=1.0)
    vectors, y, W = state(9, n=20, m=10, d=400)
    W = W / 20
    cpu, gpu = (weights.step(model, vectors, y, W, values, device=device) for device in ("cpu", "cuda"))
    assert np.abs(cpu - gpu).max() <= 1e-12 * np.abs(cpu).max()


@pytest.mark.parametrize("text", ["sigmoid(z)", "tanh(z)", "softplus(z)", "1/(1 + exp(-z))", "log(sigmoid(z))"])
def test_formulas_keep_their_slopes_digits_in_the_tails(text: str) -> None:
    """torch's own sigmoid and tanh have s (1 - s) and 1 - tanh^2, of which none is left at 40 and at 20."""
    for at in (-40.0, -20.0, -1.5, -0.3, 0.0, 0.3, 1.5, 20.0, 40.0):
        of_sigmoid = 1 / (4 * math.cosh(at / 2) ** 2)
        slope = {"tanh(z)": 1 / math.cosh(at) ** 2, "softplus(z)": 1 / (1 + math.exp(-at)),
                 "log(sigmoid(z))": 1 / (1 + math.exp(at))}.get(text, of_sigmoid)
        z = torch.tensor([at], dtype=torch.float64, requires_grad=True)
        (found,) = torch.autograd.grad(formulas.activation(Activation(text), z, {}).sum(), z)
        assert abs(float(found) - slope) <= 1e-13 * slope


class _Recording(np.random.Generator):
    """A generator that keeps the labels which it draws."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(5))
        self.labels: list[Any] = []

    def choice(self, *args: Any, **more: Any) -> Any:
        self.labels.append(super().choice(*args, **more))
        return self.labels[-1]


def test_the_normal_share_keeps_its_digits_in_the_lower_tail() -> None:
    """GELU is z Phi(z): torch's own Phi is off by 1e-11 from z = -5 on, and 0 from -9."""
    z = torch.tensor([-2.0, -5.0, -9.0, -20.0, -37.0], dtype=torch.float64)
    own = formulas.activation(Activation(name="gelu"), z, None)
    exact = [each * 0.5 * math.erfc(-each / math.sqrt(2)) for each in z.tolist()]
    assert own.numpy() == pytest.approx(exact, rel=1e-12, abs=0)  # e^(-z^2 / 2) takes z^2 of its rounding


def test_fresh_examples_beyond_the_first_chunk_count_alike() -> None:
    """Of an output that is always positive the error is the share of labels -1, over all chunks.

    Fails where only a chunk is kept, where the last one is as large as the others, and where one is drawn twice.
    """
    d, samples = 300_000, 25  # chunks of 6, and one of 1
    values = values_of(pegr(), n=1, m=2, d=d, sigma_p=1.0)
    across = np.zeros(d)
    across[-1] = 1.0
    W = np.zeros((2, 2, d))
    W[0] = np.stack([across, -across])  # ReLU(z)^2 + ReLU(-z)^2 > 0 in the head +1
    vectors = np.zeros((2, d))
    vectors[0, 0] = 1.0
    rng = _Recording()
    found = weights_fresh.monte_carlo(pegr(), vectors, W, values, rng, samples)
    assert [len(each) for each in rng.labels] == [6, 6, 6, 6, 1]
    wrong = np.concatenate(rng.labels) < 0
    assert 0 < wrong[6:].mean() != wrong[:6].mean()
    assert found.error == pytest.approx(wrong.mean()) and found.error_se == pytest.approx(wrong.std() / 5)
