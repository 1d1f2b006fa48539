"""Mini-batches, momentum, weight decay, SAM and label noise: declared, derived, drawn, run and held against torch."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

import gammarho as gr
from derivations.declare import (
    Activation,
    CoordinateWise,
    GradientDescent,
    Model,
    Network,
    Parameter,
    SecondLayer,
    Value,
)
from derivations.derive import derive
from derivations.papers.pegr.model import model as pegr
from dynamics.chance.gram import reduce
from dynamics.chance.stepdraws import StepDraws
from dynamics.geometry import distances
from dynamics.kernel.loading import GENERATED, plain_module
from simulate.ask.parameters import resolve
from simulate.run import record
from simulate.run.algorithm import step_draws
from simulate.run.kernels import kernel_for
from simulate.start.draw import draw
from simulate.testing import Instance, algorithms, clear, instances, kinks, models, one_step, plain_kernel, residual
from simulate.train import weights
from tests.helpers.model_cases import KernelCases, TrainingCases
from tests.helpers.slowly import rarely, where

ALL = ("batch", "momentum", "weight_decay", "radius", "label_noise")
OPTIONS: dict[str, Value] = {"batch": 3, "momentum": 0.8, "weight_decay": 0.05, "radius": 0.05, "label_noise": 0.1}
SMALL: dict[str, Any] = {
    "n": 8, "m": 4, "d": 30, "sigma_p": 1.0, "sigma_0": 0.1, "eta": 0.1, "lam": 0.05, "lam_until": 40,
}
SOME = [("batch", "momentum"), ("radius",), ("weight_decay", "label_noise")]
CASES = [*[("none", options) for options in SOME], ("fgr", ALL)]
TOLERANCE = 1e-12


def own(*options: str, regularizer: str = "pegr") -> Model:
    """PEGR's model with some of the algorithm's options, each a parameter of its own name."""
    base = pegr(regularizer)
    extra = tuple(
        Parameter(name=name, latex="", meaning=name, kind="count" if name == "batch" else "real", default=OPTIONS[name])
        for name in options
    )
    algorithm = GradientDescent.by_option({name: name for name in options})
    return replace(base, name="own", algorithm=algorithm, parameters=base.parameters + extra)


def instance(*options: str, regularizer: str = "pegr", seed: int = 5) -> Instance:
    """A state of order one, with both labels, away from every kink."""
    rng = np.random.default_rng(seed)
    values: dict[str, Value] = {
        "neurons": "mean", "penalty_half": True, "eta": 0.5, "lam": 0.5, "lam_until": None, **OPTIONS,
        "label_noise": 0.4,
    }
    y = np.array([1.0, -1.0, -1.0, 1.0, 1.0])
    vectors, W = rng.normal(size=(6, 9)) / 3, rng.normal(size=(2, 3, 9))
    return Instance(own(*options, regularizer=regularizer), values, vectors, W, y)


# ---- declarations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["adam", "sign"])
def test_coordinate_wise_algorithms_are_refused_with_the_reason(name: Any) -> None:
    with pytest.raises(ValueError, match="not rotation-equivariant") as refusal:
        replace(pegr(), algorithm=CoordinateWise(name=name))  # type: ignore[arg-type]
    assert str(refusal.value).startswith(f"algorithm: '{name}'") and "\n" not in str(refusal.value)


def test_one_parameter_cannot_name_two_options() -> None:
    with pytest.raises(ValueError, match="named twice"):
        replace(pegr(), algorithm=GradientDescent(momentum="eta"))
    with pytest.raises(ValueError, match="not an identifier"):
        replace(pegr(), algorithm=GradientDescent(radius="no name"))


@pytest.mark.parametrize(
    ("given", "reason"),
    [({"batch": 9}, "from 1 to n = 8"), ({"batch": 0}, "from 1 to n = 8"), ({"momentum": 1.0}, "below 1"),
     ({"weight_decay": -0.1}, "from 0"), ({"radius": -1.0}, "from 0"), ({"label_noise": 1.1}, "from 0 to 1")],
)
def test_values_out_of_range_are_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(gr.InputError, match=reason):
        gr.run(own(*ALL), {**SMALL, **given}, steps=1)


def test_an_option_without_a_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match=r"GradientDescent\.momentum: 'beta' is no parameter of this model"):
        replace(own(), algorithm=GradientDescent(momentum="beta"))


def test_plain_descent_carries_nothing_of_the_options() -> None:
    source = derive(pegr("pegr")).kernel_source()
    assert source == (GENERATED / "pegr_pegr_q2.py").read_text(encoding="utf-8")
    assert not any(word in source for word in ("velocity", "batch", "labels", "near", "keep =", "Algorithm"))
    assert kernel_for(pegr("pegr")).options == {}


# ---- what is drawn each step -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "batch"), [(7, 3), (6, 2), (5, 5), (4, 1)])
def test_every_epoch_visits_every_example_once_in_a_fresh_order(n: int, batch: int) -> None:
    draws = StepDraws(seed=0, y=np.ones(n), batch=batch)
    length = -(-n // batch)
    examples, held = draws.batches(0, 20 * length)
    epochs = examples.reshape(20, -1)
    assert all(sorted(epoch[epoch >= 0]) == list(range(n)) for epoch in epochs)
    assert np.array_equal(held.reshape(20, length).sum(1), np.full(20, n)) and np.all(held[: length - 1] == batch)
    for row, count in zip(examples, held, strict=True):
        assert np.all(row[:count] >= 0) and np.all(row[count:] == -1)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_draws_depend_on_the_seed_and_the_step_alone() -> None:
    y = np.where(np.arange(30) % 2, 1.0, -1.0)
    draws = StepDraws(seed=3, y=y, batch=4, noise=0.3)
    steps = 3 * draws.rows
    examples, labels = draws.batches(0, steps)[0], draws.labels(0, steps)
    for start, count in [(0, 1), (7, 5), (draws.rows - 2, 5), (2 * draws.rows, 9)]:
        assert np.array_equal(draws.batches(start, count)[0], examples[start : start + count])
        assert np.array_equal(draws.labels(start, count), labels[start : start + count])
    assert not np.array_equal(replace(draws, seed=4).labels(0, 50), labels[:50])


def test_noisy_labels_have_their_probability_and_other_classes_are_uniform() -> None:
    y = np.array([0.0, 1.0, 2.0, 2.0])
    labels = StepDraws(seed=1, y=y, noise=0.3, signed=False, classes=3).labels(0, 40_000)
    for column, label in zip(labels.T, y, strict=True):
        shares = [np.mean(column == k) for k in range(3)]
        for k, share in enumerate(shares):  # five standard errors
            expected = 0.7 if k == label else 0.15
            assert abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / 40_000)
    sure = StepDraws(seed=1, y=np.array([1.0, -1.0]), noise=1.0).labels(0, 10)
    assert np.array_equal(sure, np.tile([-1.0, 1.0], (10, 1)))


# ---- one step against torch ------------------------------------------------------------------------------------------


@given(instances(models(algorithms()).filter(lambda model: bool(model.algorithm.options))))
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
def test_random_models_with_options_match_training(found: Instance) -> None:
    kernel = plain_kernel(found.model)
    assume(np.isfinite(one_step(found, kernel)[0]).all())
    assume(clear(found, kinks(found.model, found.values)))
    assert residual(found, kernel) <= TOLERANCE


def test_the_strategy_reaches_every_option() -> None:
    seen: set[str] = set()

    @given(algorithms())
    @settings(max_examples=100, database=None, derandomize=True)
    def collect(algorithm: GradientDescent) -> None:
        seen.update(algorithm.options)

    collect()
    assert seen == {*ALL, "clip", "normalised"}


MUTANTS = [
    ("momentum", "momentum * velocity[h, r, q] + g[h, r, q]", "velocity[h, r, q] + g[h, r, q]"),
    ("momentum", "descend(z, b, velocity, gram, eta)", "descend(z, b, g, gram, eta)"),
    ("weight_decay", "        b *= keep\n", ""),
    ("weight_decay", "        z *= keep\n", ""),
    ("radius", "z[h, r, q] + length", "z[h, r, q] - length"),
    ("radius", "radius / (top * sqrt(total))", "radius / (top * total)"),
    ("batch", "n = float(batch.size)", "n = float(y.size)"),
    ("label_noise", "label = labels[t - start]", "label = y"),
]


@pytest.mark.parametrize(("option", "right", "wrong"), MUTANTS)
def test_a_wrong_algorithm_is_caught(option: str, right: str, wrong: str) -> None:
    found = instance(option)
    found = replace(found, values={**found.values, "label_noise": 1.0}) if option == "label_noise" else found
    kernel, source = plain_kernel(found.model), derive(found.model).kernel_source()
    assert right in source
    mutant = kernel.looped(plain_module(source.replace(right, wrong), "mutant"))
    if option == "weight_decay":  # b = 0 does not show its own decay in one step
        started = [two_steps(found, each) for each in (kernel, mutant)]
        assert started[0] <= TOLERANCE < started[1]
        return
    assert residual(found, kernel) <= TOLERANCE < residual(found, mutant)


def two_steps(found: Instance, kernel: Any) -> float:
    """The relative error of W and z after two steps."""
    after = weights.step(found.model, found.vectors, found.y, found.weights, found.values, draws=found.draws, count=2)
    run = kernel.run(found.z, 0 * found.z, found.gram, found.y, found.values, 2, np.array([2]), draws=found.draws)
    W = run.scale[0] * found.weights + run.b[0] @ found.vectors
    gaps = (np.abs(W - after).max() / np.abs(after).max(), np.abs(run.z[0] - after @ found.vectors.T).max())
    return float(max(gaps))


def test_a_kernel_needs_its_draws() -> None:
    found = instance("batch")
    with pytest.raises(ValueError, match="expected draws="):
        plain_kernel(found.model).run(found.z, 0 * found.z, found.gram, found.y, found.values, 1, np.array([1]))


# ---- what the options are when they do nothing, and identities -------------------------------------------------------


def states(found: Instance, **values: Value) -> np.ndarray:
    """z at every one of twelve steps of a plain-Python run."""
    steps, found = 12, replace(found, values={**found.values, "eta": 0.05, **values})
    kernel = plain_kernel(found.model)
    run = kernel.run(
        found.z, 0 * found.z, found.gram, found.y, found.values, steps, np.arange(steps + 1), draws=found.draws
    )
    return run.z


@pytest.mark.parametrize("option", ["momentum", "weight_decay", rarely("radius"), rarely("label_noise")])
def test_an_option_at_zero_is_plain_descent(option: str) -> None:
    """Bit for bit, but where a step is made of a gradient that eta has not been multiplied into: up to rounding."""
    still, plain = states(instance(option), **{option: 0.0}), states(instance())
    np.testing.assert_allclose(still, plain, rtol=1e-11, atol=1e-12)
    assert option in ("momentum", "radius") or np.array_equal(still, plain)
    assert not np.allclose(states(instance(option), **{option: 0.4})[-1], states(instance())[-1], rtol=1e-3)


def test_a_batch_of_everything_is_full_batch_descent() -> None:
    """Up to the order of its sums."""
    np.testing.assert_allclose(states(instance("batch"), batch=5), states(instance()), rtol=1e-11, atol=1e-12)


def test_weight_decay_is_gradient_descent_on_the_l2_penalty() -> None:
    import torch

    found = instance("weight_decay")
    after = weights.step(found.model, found.vectors, found.y, found.weights, found.values)
    task = weights.problem(found.model, found.vectors, found.y, found.values)
    leaf = torch.tensor(found.weights, requires_grad=True)
    penalty = 0.5 * float(OPTIONS["weight_decay"] or 0) * (leaf**2).sum()
    (gradient,) = torch.autograd.grad(weights.objective(task, leaf) + penalty, leaf)
    np.testing.assert_allclose(after, found.weights - 0.5 * gradient.numpy(), rtol=1e-13, atol=1e-14)


def test_momentum_unrolls_into_a_weighted_sum_of_gradients() -> None:
    found = instance("momentum", regularizer="none")
    W, sums, V = found.weights, 0.0 * found.weights, found.vectors
    for t in range(4):
        plain = weights.step(replace(found.model, algorithm=GradientDescent()), V, found.y, W, found.values)
        sums = 0.8 * sums + (W - plain) / 0.5
        W = W - 0.5 * sums
        rebuilt = weights.step(found.model, V, found.y, found.weights, found.values, count=t + 1)
        np.testing.assert_allclose(W, rebuilt, rtol=1e-12, atol=1e-13)


def test_sam_without_a_gradient_stays() -> None:
    """Every pre-activation negative: ReLU^q is dead, and so is the direction of the ascent."""
    found = instance("radius", regularizer="none")
    dead = replace(found, vectors=np.abs(found.vectors), weights=-np.abs(found.weights), y=np.ones(5))
    after, z = one_step(dead, plain_kernel(dead.model))
    assert np.array_equal(after, dead.weights) and np.array_equal(z, dead.z)


def test_sam_sees_the_direction_of_a_gradient_whose_square_underflows() -> None:
    """Margins near 450: gradients near 1e-195.  A step size of their inverse shows what they are."""
    found = instance("radius", regularizer="none")
    sides = np.stack([np.abs(found.weights[0]), -np.abs(found.weights[0])])
    one = replace(found, y=np.ones(5), weights=sides, vectors=np.abs(found.vectors))
    W = one.weights * np.sqrt(450.0 / float(_margins(one).min()))
    far = replace(one, weights=W, values={**one.values, "radius": 0.01, "eta": 1e190})
    after = weights.step(far.model, far.vectors, far.y, W, far.values)
    plain = weights.step(replace(far.model, algorithm=GradientDescent()), far.vectors, far.y, W, far.values)
    ours = one_step(far, plain_kernel(far.model))[0]
    moved = np.abs(after - W).max()
    assert moved > 0 and np.abs(after - plain).max() > 1e-3 * moved
    assert np.abs(ours - after).max() <= 1e-10 * moved


def _margins(found: Instance) -> np.ndarray:
    seen = weights.observe(found.model, found.vectors, found.y, found.weights[None], found.values)
    return np.asarray(seen["margins"][0])


# ---- kernels ---------------------------------------------------------------------------------------------------------


class TestEveryOptionWithoutAPenalty(KernelCases):
    model, given = own(*ALL, regularizer="none"), SMALL


def test_the_time_loop_allocates_nothing_and_draws_nothing() -> None:
    source = derive(own(*ALL, regularizer="fgr")).kernel_source()
    run = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "run")
    loop = next(node for node in run.body if isinstance(node, ast.For))
    assert "np." not in ast.unparse(loop) and "random" not in source


def test_observables_are_of_the_whole_training_set_and_its_own_labels() -> None:
    """Whatever the batch and the labels of a step are."""
    found = instance(*ALL)
    seen = plain_kernel(found.model).observe(found.z[None], found.gram, found.y, found.values)
    expected = plain_kernel(pegr("pegr")).observe(found.z[None], found.gram, found.y, found.values)
    for name, value in expected.items():
        np.testing.assert_allclose(seen[name], value, rtol=1e-13, atol=1e-300)


# ---- runs ------------------------------------------------------------------------------------------------------------


class Own(TrainingCases):
    """Over the penalty's closing."""

    given, steps = SMALL, 60

    def told(self) -> set[str]:
        """Coefficients and what is of W too."""
        return {"margins", "gamma", "rho", "distance", "test_error"}


@pytest.mark.slow
class TestBatchesAndMomentum(Own):
    model = own(*SOME[0], regularizer="none")


@pytest.mark.slow
class TestTheRadius(Own):
    model = own(*SOME[1], regularizer="none")


@pytest.mark.slow
class TestDecayAndNoise(Own):
    model = own(*SOME[2], regularizer="none")


@pytest.mark.slow
class TestEveryOptionWithAPenalty(KernelCases):
    model, given, steps = own(*ALL, regularizer="fgr"), SMALL, 60


@pytest.mark.slow
class TestTrainingOfEveryOptionWithAPenalty(Own):
    model = own(*ALL, regularizer="fgr")


@pytest.mark.slow
@pytest.mark.parametrize(("regularizer", "options"), where(lambda case: case[1] == ALL, CASES))
def test_validate_passes_and_fails_a_kernel_without_its_options(regularizer: str, options: tuple[str, ...]) -> None:
    from simulate.validate.compare import compare

    found = own(*options, regularizer=regularizer)
    assert gr.validate(found, SMALL, steps=40).verdict == "pass"
    resolved = resolve(found, SMALL)
    drawn = draw(found, resolved.values, 0)
    draws = step_draws(found, resolved.values, drawn.y, 0)
    plain = kernel_for(pegr(regularizer))
    assert compare(found, plain, drawn, resolved.values, 10, draws=draws).verdict == "fail"


@pytest.mark.usefixtures("plainly")
def test_recording_chunks_and_watching_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = own(*ALL, regularizer="fgr")
    whole = gr.run(found, SMALL, steps=60, seed=2, record="all")
    some = ["loss", "gamma", "rho", "test_error"]
    few = gr.run(found, SMALL, steps=60, seed=2, record=[0, 7, 60], observables=some)
    monkeypatch.setattr(record, "CHUNK_BYTES", 16 * 2 * 4 * 9 * 7)
    chunked = gr.run(found, SMALL, steps=60, seed=2, record="all")
    unwatched = gr.run(found, SMALL, steps=60, seed=2, record=[0, 7, 60], observables=some)
    assert all(np.array_equal(chunked[name].values, whole[name].values) for name in whole.data_vars)
    for name in some:
        assert np.array_equal(few[name].values, whole[name].sel(t=[0, 7, 60]).values), name
        assert np.array_equal(unwatched[name].values, few[name].values), name


@pytest.mark.usefixtures("plainly")
def test_until_and_seeds() -> None:
    found = own(*ALL, regularizer="fgr")
    whole = gr.run(found, SMALL, steps=40, seed=3, record="all", observables=["loss", "rho"])
    level = float(whole["loss"][20])
    first = int(np.flatnonzero(whole["loss"].values <= level)[0])
    assert int(gr.run(found, SMALL, steps=40, seed=3, until={"loss": level})["t"][-1]) == first
    many = gr.run(found, SMALL, steps=40, seed=2, seeds=3, record="all", observables=["loss", "rho"])
    assert np.array_equal(many["rho"].sel(seed=3).values, whole["rho"].values)
    assert not np.array_equal(many["loss"].sel(seed=2).values, many["loss"].sel(seed=3).values)


def test_geometry_of_decayed_weights() -> None:
    rng = np.random.default_rng(0)
    V, W0, b, scale = rng.normal(size=(5, 9)), rng.normal(size=(2, 3, 9)), rng.normal(size=(4, 2, 3, 5)), rng.random(4)
    start = reduce(V, W0)
    W = scale[:, None, None, None] * W0 + b @ V
    flat = W.reshape(4, 6, 9)
    np.testing.assert_allclose(distances.weight_gram(start, b, scale), flat @ flat.swapaxes(1, 2), atol=1e-12)
    np.testing.assert_allclose(distances.neuron_norms(start, b, scale), np.linalg.norm(W, axis=-1), rtol=1e-12)
    target = rng.normal(size=(2, 3, 5))
    apart = np.sqrt(((W - W0 - target @ V) ** 2).sum((1, 2, 3)))
    np.testing.assert_allclose(distances.decayed_distance(start, b, target, scale), apart, rtol=1e-12)


# ---- how it reads ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("taken", "letter", "latex"), [("b", "a", "a"), ("a", "omega", r"\omega")])
def test_what_is_left_of_the_start_has_a_letter_of_its_own(taken: str, letter: str, latex: str) -> None:
    """A second layer is called a, and so may a slope be: a(t) w(0) would read as one of them."""
    layered = replace(own("weight_decay", regularizer="none"), network=Network(
        heads="signed", activation=Activation("relu"), second_layer=SecondLayer(name=taken, latex=taken)))
    text, tex = str(derive(layered)), derive(layered).latex()
    assert f"w_{{j,r}}(t) = {letter}(t) w_{{j,r}}(0)" in text
    assert f"{letter}(t) = (1 - eta wd)^t, from {letter} <- (1 - eta wd) {letter}" in text
    assert rf"{latex}^{{(t)}} \mathbf{{w}}_{{j,r}}^{{(0)}}" in tex and rf"{latex}^{{(t)}} &=" in tex


def test_the_step_is_shown_in_the_fields_notation() -> None:
    text, latex = str(derive(own(*ALL))), derive(own(*ALL)).latex()
    for shown in ("sum_{i in B_t}", "1{i in B_t}", "|B_t|", "ytilde_i", "w~_{j,r} = w_{j,r} + tau grad_{j,r} O_t(W)",
                  "v[gamma_{j,r}] <- beta v[gamma_{j,r}] + ",
                  "gamma_{j,r} <- (1 - eta wd) gamma_{j,r} - eta v[gamma_{j,r}]",
                  "a(t) = (1 - eta wd)^t", "w_{j,r}(t) = a(t) w_{j,r}(0)"):
        assert shown in text, shown
    for shown in (r"\sum_{i\in \mathcal{B}_t}", r"\tilde{y}_{i}", r"\widetilde{\mathbf{w}}_{j,r}",
                  r"\beta v_{\gamma;j,r}^{(t)}", r"(1-\eta \lambda_{\mathrm{wd}})\, \gamma_{j,r}^{(t)}",
                  r"a^{(t)} \mathbf{w}_{j,r}^{(0)}"):
        assert shown in latex, shown
    assert "v <- beta v + dO/dz at z~" in derive(own(*ALL)).derivation()
