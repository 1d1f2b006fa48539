"""Bilevel algorithms in weight space: against the shipped kernels, the hand-written steps, and what they must equal."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from derivations.declare import INDEX_SETS, Model, Objective, Value
from derivations.papers.fomaml.model import ACTIVATIONS, METHODS
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.load import load
from dynamics.kernel.loading import GENERATED, plain_module
from simulate.errors import Diverged, InputError
from simulate.start.drawn import Draw
from tests.helpers.slowly import rarely, where

torch = pytest.importorskip("torch")

from simulate.train import bilevel as weights_bilevel  # noqa: E402
from simulate.train import raw, weights  # noqa: E402  # they need torch
from simulate.validate.compare import compare  # noqa: E402
from simulate.validate.report import Validation  # noqa: E402

Array = NDArray[np.float64]
STRICT = 1e-12
SMALL: dict[str, Value] = {
    "n_tasks": 4, "n": 5, "n_train": 2, "m": 3, "J": 5, "eta_inner": 0.5, "eta": 0.4, "h": 0.5, "nu_norm": 1.3,
}


@dataclass(frozen=True)
class Case:
    """A model on numbers: vectors (K + K n, d), labels (K n,), W (2, m, d)."""

    model: Model
    values: dict[str, Value]
    vectors: Array
    y: Array
    W: Array

    @property
    def z(self) -> Array:
        return np.asarray(self.W @ self.vectors.T)

    @property
    def draw(self) -> Draw:
        gram, d = self.vectors @ self.vectors.T, float(self.W.shape[-1])
        tasks = int(str(self.values["n_tasks"]))
        return Draw(self.z, gram, self.y, d, "vectors", self.vectors, self.W, tasks=tasks)

    def step(self, **given: Any) -> Array:
        return weights.step(self.model, self.vectors, self.y, self.W, self.values, **given)

    def torch_families(self) -> dict[str, Any]:
        return weights.families(self.model, torch.tensor(self.vectors), int(str(self.values["n_tasks"])))


def case(
    method: str = "train-validation", activation: str = "huberized", d: int = 30, seed: int = 0, xi: float = 0.6,
    sigma_0: float = 0.3, **given: Value,
) -> Case:
    """Tasks 0 and 1 share their feature; noise is orthogonal to nothing."""
    model = fomaml(method, activation)
    values = {p.name: p.default for p in model.parameters} | SMALL | {"d": d} | given
    K, n, m = (int(str(values[name])) for name in ("n_tasks", "n", "m"))
    rng = np.random.default_rng(seed)
    nu = 0.3 * rng.standard_normal((K, d))
    nu[:, 0] = float(str(values["nu_norm"]))
    nu[min(1, K - 1)] = nu[0]
    vectors = np.concatenate([nu, xi * rng.standard_normal((K * n, d))])
    y = rng.choice([-1.0, 1.0], size=K * n)
    return Case(model, values, vectors, y, sigma_0 * rng.standard_normal((2, m, d)))


def shipped(method: str, activation: str) -> Kernel:
    """The shipped kernel as plain Python."""
    path = GENERATED / f"fomaml_{method.replace('-', '_')}_{activation}.py"
    return load(path, json.loads(path.with_suffix(".json").read_text(encoding="utf-8")), INDEX_SETS, compiled=False)


def mutant(method: str, right: str, wrong: str) -> Kernel:
    kernel = shipped(method, "huberized")
    assert right in kernel.source
    return kernel.looped(plain_module(kernel.source.replace(right, wrong), "mutant"))


def judged(found: Case, kernel: Any, steps: int = 3) -> Validation:
    return compare(found.model, kernel, found.draw, found.values, steps)


def failing(result: Validation) -> set[str]:
    return {row.what for row in result.rows if not row.holds}


@pytest.mark.parametrize(("method", "activation", "J", "d"), where(
    lambda case: case[2] != 1 and (case[3] == 12) != (case[1] == "relu"),
    itertools.product(METHODS, ACTIVATIONS, (0, 1, 5), (12, 40)),  # fewer and more dimensions than the 20 examples
))
def test_one_step_and_the_observables_equal_the_kernels_and_the_hand_written_ones(
    method: str, activation: str, J: int, d: int
) -> None:
    found, kernel = case(method, activation, d, J=J), shipped(method, activation)
    gram, after = found.vectors @ found.vectors.T, found.step()
    run = kernel.run(found.z, 0 * found.z, gram, found.y, found.values, 1, np.array([1]))
    largest = np.abs(after).max()
    assert np.abs(found.W + run.b[0] @ found.vectors - after).max() <= STRICT * largest
    long = np.linalg.norm(after, axis=-1).max() * np.linalg.norm(found.vectors, axis=-1).max()
    assert np.abs(run.z[0] - after @ found.vectors.T).max() <= STRICT * long
    moved = method != "reptile" or J > 0
    assert (np.abs(after - found.W).max() > 1e-3) == moved  # so that the agreement is not empty

    hand = raw.find_step(found.model)
    assert hand is not None
    W, y = torch.tensor(found.W), torch.tensor(found.y)
    assert np.abs(hand(W, found.torch_families(), y, found.values).numpy() - after).max() <= STRICT * largest

    seen = weights.observe(found.model, found.vectors, found.y, found.W[None], found.values)
    theirs = kernel.observe(found.z[None], gram, found.y, found.values)
    for name, same in (("loss", "loss"), ("gradient_norm", "gradient_norm"), ("margins", "margin"), ("l1", "l1"),
                       ("adapted", "adapted")):
        np.testing.assert_allclose(seen[name], theirs[same], rtol=1e-11, atol=1e-13)
    assert seen["outputs"].shape == (1, 20, 2) and seen["z"].shape == (1, 2, 3, 24)
    np.testing.assert_allclose(seen["z"][0], found.z, rtol=0, atol=1e-14)
    assert seen["train_error"][0] == np.mean(seen["margins"][0] < 0)


@pytest.mark.parametrize("method", METHODS)
def test_the_meta_objective_equals_the_hand_written_one(method: str) -> None:
    found = case(method)
    hand = raw.find(found.model)
    assert hand is not None
    W = torch.tensor(found.W)
    value = hand(W, found.torch_families(), torch.tensor(found.y), found.values, 0.0)
    seen = weights.mean_losses(found.model, found.vectors, found.y, found.W[None], found.values)
    assert seen[0] == pytest.approx(value.item(), rel=1e-13)
    plain = hand(W, found.torch_families(), torch.tensor(found.y), {**found.values, "J": 0}, 0.0)
    assert abs(value.item() - plain.item()) > 1e-3  # the inner loop is seen


def test_without_inner_steps_train_train_is_gradient_descent_on_all_examples() -> None:
    found = case("train-train", "huberized", J=0)
    task = weights.problem(found.model, found.vectors, found.y, found.values)
    leaf = torch.tensor(found.W, requires_grad=True)
    (gradient,) = torch.autograd.grad(weights.losses(task, leaf).mean(), leaf)
    np.testing.assert_allclose(found.step(), found.W - 0.4 * gradient.numpy(), rtol=1e-13, atol=1e-15)


def test_reptile_with_one_inner_step_is_train_train_without_any() -> None:
    reptile = case("reptile", J=1).step()
    np.testing.assert_allclose(reptile, case("train-train", J=0, eta=0.4 * 0.5).step(), rtol=1e-13, atol=1e-15)


def test_no_inner_step_size_is_no_inner_step() -> None:
    np.testing.assert_array_equal(case(eta_inner=0.0).step(), case(J=0).step())


def test_validation_examples_alone_move_the_weights_and_training_examples_alone_adapt_them() -> None:
    found = case("train-validation", d=40)
    b = weights.coefficients(found.step() - found.W, np.delete(found.vectors, 1, axis=0))  # task 1 repeats task 0
    assert b is not None
    noise = np.abs(b[..., 3:]).max((0, 1)).reshape(4, 5)
    assert noise[:, :2].max() < 1e-12 and noise[:, 2:].min() > 1e-4
    plan = weights_bilevel.loops(task := weights.problem(found.model, found.vectors, found.y, found.values))
    change = weights_bilevel.adapt(task, plan, 2, torch.tensor(found.W)).numpy()
    own = weights_bilevel.own_directions(task, plan, 2).numpy()
    np.testing.assert_array_equal(own, found.vectors[[2, 14, 15, 16, 17, 18]])
    inner = weights.coefficients(change, own)
    assert inner is not None
    assert np.abs(inner[..., 3:]).max() < 1e-12 and np.abs(inner[..., :3]).max((0, 1)).min() > 1e-4


def test_tasks_are_seen_whatever_their_order() -> None:
    found, order = case("train-validation"), np.array([2, 0, 3, 1])
    rows = np.concatenate([order, 4 + (5 * order[:, None] + np.arange(5)).ravel()])
    moved = replace(found, vectors=found.vectors[rows], y=found.y.reshape(4, 5)[order].ravel())
    np.testing.assert_allclose(moved.step(), found.step(), rtol=1e-12, atol=1e-14)


def test_training_records_steps_and_coefficients() -> None:
    found = case("train-validation", d=40)
    path = weights.train(found.model, found.draw, found.values, 3, np.array([0, 1, 3]))
    assert path.b is None  # a repeated task: dependent directions
    np.testing.assert_array_equal(path.W[1], found.step())
    one = case("train-validation", d=40, n_tasks=1)
    path = weights.train(one.model, one.draw, one.values, 3, np.array([0, 3]))
    assert path.b is not None
    np.testing.assert_allclose(one.W + path.b[1] @ one.vectors, path.W[1], rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fresh": True}, "fresh: True, but weight space trains on the draw's own examples"),
        ({"n_train": 5}, "n_train: 5 of 5 examples a task to adapt on; expected a whole number from 1 to 4"),
        ({"n_train": 0}, "n_train: 0 of 5"),
        ({"n_tasks": 3}, "n_tasks: 3 for 20 examples in all"),
        ({"J": -1}, "J: -1 inner steps"),
        ({"n_tasks": 2}, "expected (22, d) for 20 examples of 2 tasks"),
    ],
)
def test_what_does_not_fit_is_refused(given: Mapping[str, Value], message: str) -> None:
    found = case("train-validation")
    with pytest.raises(InputError) as refusal:
        replace(found, values={**found.values, **given}).step()
    assert message in str(refusal.value)


def test_divergence_names_both_step_sizes() -> None:
    found = case("train-train", "huberized", xi=1e160, eta_inner=1e200)
    with pytest.raises(Diverged, match=r"not finite at step 0; lower eta \(0.4\) or eta_inner \(1e\+200\)"):
        found.step()


@pytest.mark.parametrize("method", METHODS)
def test_the_shipped_kernels_pass(method: str) -> None:
    found = case(method, d=40)
    result = judged(found, shipped(method, "huberized"))
    assert result.verdict == "pass", str(result)
    compared = {row.what for row in result.rows}
    assert {
        "one step along the trajectory: W", "one step along the trajectory: z", "adapted of the same state",
        "one step, interpreter against hand-written step", "loss of the same state", "trajectory: W",
    } <= compared
    assert all(row.tolerance == STRICT for row in result.rows if row.what.startswith("one step"))
    assert "an inner step multiplies rounding by up to 1 + eta_inner max|sigma''| max||v||^2 / |I| = " in str(result)


OUTER = "        plain_gradient(\n            near"
MUTANTS = {
    "validation split ignored": (" outer, n,\n", " 0, inner,\n"),
    "gradient at W": (OUTER, f"        gather(z, k, tasks, n, near)\n{OUTER}"),
    "sum over tasks": ("1.0 / tasks", "1.0"),
    "an inner step missing": ("range(inner_steps)", "range(inner_steps - 1)"),
    "adapted on all": (", 0, inner,\n", ", 0, n,\n"),
    "half the coupling": ("        descend(z, b, g, gram, eta)", "        descend(z, b, g, 0.5 * gram, eta)"),
}


SOON = ("validation split ignored",)  # the others are among the slow tests


@pytest.mark.slow
@pytest.mark.parametrize("name", where(SOON.__contains__, MUTANTS))
def test_a_wrong_kernel_fails(name: str) -> None:
    result = judged(case("train-validation"), mutant("train-validation", *MUTANTS[name]))
    assert result.verdict == "fail", str(result)
    assert "one step along the trajectory: " + ("z" if name == "half the coupling" else "W") in failing(result)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sum over tasks", rarely("an inner step missing")])
def test_a_wrong_reptile_fails(name: str) -> None:
    right, wrong = MUTANTS[name]
    result = judged(case("reptile"), mutant("reptile", right.replace("1.0", "-1.0"), wrong.replace("1.0", "-1.0")))
    assert "one step along the trajectory: W" in failing(result), str(result)


def test_a_wrong_hand_written_step_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = raw.find_step(fomaml())
    assert right is not None
    monkeypatch.setattr(raw, "find_step", lambda model: lambda W, v, y, values: right(W, v, y, {**values, "J": 4}))
    result = judged(case("train-validation"), shipped("train-validation", "huberized"))
    assert failing(result) == {"one step, interpreter against hand-written step"}


def test_hand_written_steps_are_of_bilevel_settings() -> None:
    assert raw.find_step(pegr("pegr")) is None and raw.find(pegr("pegr")) is not None
    assert raw.find_step(replace(fomaml(), name="mine")) is None


def hidden(J: int, depth: float = 1e-13, method: str = "train-train") -> Case:
    """Weights of order one that are orthogonal to the noise up to `depth`, which rounding knows to three digits.

    An inner step multiplies what is left by up to 1 + ||xi||^2 / 4, about 40.
    """
    found = case(method, d=40, n_tasks=2, n=4, xi=2.0, eta_inner=1.0, J=J)
    vectors = found.vectors.copy()
    vectors[:2] *= 0.01
    basis = np.linalg.qr(vectors[2:].T)[0]
    W = found.W - found.W @ basis @ basis.T
    return replace(found, vectors=vectors, W=W + depth * found.W)


@pytest.mark.slow
def test_an_inner_loop_that_multiplies_rounding_is_undecided_not_pass() -> None:
    result = judged(hidden(9), shipped("train-train", "huberized"))
    assert result.verdict == "undecided", str(result)
    assert not failing(result)
    assert "one step decides nothing at" in str(result)


@pytest.mark.slow
def test_a_conditioned_step_is_judged_by_weight_spaces_own_response() -> None:
    """More than 1e-12 is left of rounding and less than 1e-6; a wrong kernel is caught all the same."""
    result = judged(hidden(5), shipped("train-train", "huberized"), steps=1)
    assert "10 x weight space's own response to rounding" in {row.origin for row in result.rows}, str(result)
    assert not failing(result)
    wrong = judged(hidden(5), mutant("train-train", *MUTANTS["an inner step missing"]), steps=1)
    assert "one step along the trajectory: W" in failing(wrong)


def test_the_growth_of_rounding_is_the_readings() -> None:
    found = case("train-validation", "huberized", h=0.25, eta_inner=2.0)
    task = weights.problem(found.model, found.vectors, found.y, found.values)
    shared, own = (np.square(v).sum(1).max() for v in (found.vectors[:4], found.vectors[4:]))
    assert weights_bilevel.inner_growth(task, 3) == pytest.approx(1 + 2.0 * max(shared, own / 2) / 0.25, rel=1e-14)
    relu = case("train-validation", "relu")
    assert weights_bilevel.inner_growth(weights.problem(relu.model, relu.vectors, relu.y, relu.values), 3) == 1.0


@pytest.mark.slow
def test_a_start_twelve_orders_below_one_stays_comparable() -> None:
    """Huberized ReLU has no jump, so z of 1e-12 beside others of order one decide nothing by their sign."""
    found = case("train-train", d=40, xi=2.0, eta_inner=1.0, J=9, sigma_0=1e-12)
    vectors = found.vectors.copy()
    vectors[:4, 10:], vectors[4:, :10] = 0.0, 0.0  # features that noise does not move, and that learn slowly
    result = judged(replace(found, vectors=vectors), shipped("train-train", "huberized"), steps=4)
    assert result.smallest < 1e-12 and result.window == 4, str(result)
    assert result.verdict == "pass", str(result)


@pytest.mark.cuda
@pytest.mark.parametrize("method", METHODS)
def test_one_step_on_the_gpu_equals_the_cpu(method: str) -> None:
    found = case(method, d=200)
    cpu, gpu = found.step(), found.step(device="cuda")
    assert np.abs(cpu - gpu).max() <= STRICT * np.abs(cpu).max()
    first, second = (
        weights.observe(found.model, found.vectors, found.y, found.W[None], found.values, device=device)
        for device in ("cpu", "cuda")
    )
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=1e-10, atol=1e-12)


def test_adaptation_that_leaves_the_numbers_is_said_where_outputs_hide_it() -> None:
    """ReLU is 0 at no number; such tasks had a training error, where a right kernel has none, and `validate` failed."""
    far = case("reptile", "relu", J=1)
    far = replace(far, W=1e4 * far.W, model=replace(far.model, objective=Objective(loss="exponential")))
    for looked in (weights.mean_losses, weights.observe):
        with pytest.raises(Diverged):
            looked(far.model, far.vectors, far.y, far.W[None], far.values)
    with pytest.raises(Diverged):
        far.step()
