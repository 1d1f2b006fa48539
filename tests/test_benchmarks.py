"""The benchmarks' baselines compute the same thing: checked on one draw, so that their timings may be compared."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import c_loop, hand_loop, problem, table, timing
from benchmarks.child import Child
from benchmarks.jax_child import Jax

# W = O(1) and a strong penalty closed half way: every term of the recursion matters, and so does lam_until.
SCHEDULE = problem.Schedule(eta=0.3, lam=0.5, lam_until=25, steps=50)
BAR = 1e-9


@pytest.fixture(scope="module")
def draw() -> problem.Problem:
    return problem.sample(np.random.default_rng(7), n=8, m=3, d=30, mu_norm=1.3, sigma_0=0.4)


@pytest.fixture(scope="module")
def by_hand(draw: problem.Problem) -> tuple[problem.Array, problem.Array]:
    return hand_loop.train(draw, SCHEDULE)


def test_hand_loop_carries_the_pre_activations_of_its_coefficients(
    draw: problem.Problem, by_hand: tuple[problem.Array, problem.Array]
) -> None:
    z, b = by_hand
    np.testing.assert_allclose(draw.rebuild(b) @ draw.directions.T, z, atol=BAR)
    assert np.abs(b).max() > 0.1  # it moved


@pytest.mark.parametrize("way", ["vmap", "copies"])
def test_torch_eager_agrees_with_the_hand_loop(
    draw: problem.Problem, by_hand: tuple[problem.Array, problem.Array], way: str
) -> None:
    torch = pytest.importorskip("torch")
    from benchmarks import torch_eager

    torch.set_num_threads(1)
    x = torch.from_numpy(np.stack([draw.y[:, None] * draw.mu, draw.xi], axis=1))
    y = torch.from_numpy(draw.y)
    weights = torch_eager.train(torch.from_numpy(draw.weights), x, y, SCHEDULE, way)
    rebuilt = draw.rebuild(by_hand[1])
    np.testing.assert_allclose(weights.numpy(), rebuilt, atol=BAR)
    assert float(torch_eager.training_loss(weights, x, y)) == pytest.approx(draw.loss(rebuilt), rel=BAR)


@pytest.mark.parametrize("change", [{"lam": 0.0}, {"lam_until": 24}, {"steps": 49}])
def test_the_agreement_can_fail(
    draw: problem.Problem, by_hand: tuple[problem.Array, problem.Array], change: dict[str, int]
) -> None:
    other = hand_loop.train(draw, replace(SCHEDULE, **change))
    assert np.abs(other[1] - by_hand[1]).max() > 1000 * BAR


@pytest.mark.skipif(c_loop.compiler() is None, reason="there is no gcc")
def test_c_agrees_with_the_hand_loop(
    draw: problem.Problem, by_hand: tuple[problem.Array, problem.Array], tmp_path: Path
) -> None:
    signal, noise, b_signal, b_noise = hand_loop.state(draw)
    c_loop.build(tmp_path)(signal, noise, b_signal, b_noise, *hand_loop.constants(draw, SCHEDULE))
    np.testing.assert_allclose(hand_loop.join(signal, noise), by_hand[0], atol=BAR)
    np.testing.assert_allclose(hand_loop.join(b_signal, b_noise), by_hand[1], atol=BAR)


@pytest.fixture(scope="module")
def jax() -> Iterator[Jax]:
    try:
        child = Jax(os.environ.get("BENCH_JAX", sys.executable))
    except RuntimeError as error:
        pytest.skip(str(error))
    with child:
        yield child


def test_jax_agrees_with_the_hand_loop(
    draw: problem.Problem, by_hand: tuple[problem.Array, problem.Array], jax: Jax, tmp_path: Path
) -> None:
    np.savez(tmp_path / "draw.npz", start=draw.start, gram=draw.gram, y=draw.y)
    answer = jax.ask(do="train", draw=str(tmp_path / "draw.npz"), schedule=asdict(SCHEDULE))
    np.testing.assert_allclose(answer["z"], by_hand[0], atol=BAR)
    np.testing.assert_allclose(answer["b"], by_hand[1], atol=BAR)


def test_the_generated_kernel_agrees_with_the_hand_loop(
    draw: problem.Problem, by_hand: tuple[problem.Array, problem.Array]
) -> None:
    from simulate.ask import parameters, settings
    from simulate.run.kernels import kernel_for

    given = problem.parameters(SCHEDULE, n=8, m=3, d=30, mu_norm=1.3, sigma_0=0.4, regularizer="pegr")
    resolved = parameters.resolve(settings.resolve("pegr").factory, given)
    b, recorded = np.zeros_like(draw.start), np.array([SCHEDULE.steps])
    kernel = kernel_for(resolved.model)
    trajectory = kernel.run(draw.start, b, draw.gram, draw.y, resolved.values, SCHEDULE.steps, recorded)
    np.testing.assert_allclose(trajectory.z[-1], by_hand[0], atol=BAR)
    np.testing.assert_allclose(trajectory.b[-1], by_hand[1], atol=BAR)


def test_interleaving_discards_the_warm_up_and_takes_turns() -> None:
    calls: list[str] = []
    costs = {"a": iter([9.0, 1.0, 2.0, 3.0]), "b": iter([9.0, 5.0, 4.0, 6.0])}

    def contender(name: str) -> timing.Sample:
        calls.append(name)
        cost = next(costs[name])
        return timing.Sample(wall=2 * cost, cpu=cost)

    found = timing.interleave({"a": lambda: contender("a"), "b": lambda: contender("b")}, repeats=3)
    assert calls == list("abababab")
    assert found["a"] == timing.Timing(wall=4.0, cpu=2.0, low=1.0, high=3.0, repeats=3)
    assert found["b"].cpu == 5.0


def test_a_contender_that_gives_no_answer_is_left_out_and_the_others_are_not() -> None:
    calls: list[str] = []

    def silent() -> timing.Sample:
        calls.append("silent")
        if len(calls) == 2:
            raise timing.Silent("gave no answer")
        return timing.Sample(wall=1.0, cpu=1.0)

    found = timing.interleave({"silent": silent, "other": lambda: timing.Sample(wall=2.0, cpu=2.0)}, repeats=3)
    assert list(found) == ["other"] and found["other"].repeats == 3 and len(calls) == 2


def test_a_child_that_hangs_is_stopped_and_says_so_again() -> None:
    """Its first answer comes, its second never; what is asked after that is not waited for."""
    code = "import json, sys, time; print(json.dumps({'a': 1}), flush=True); sys.stdin.readline(); time.sleep(600)"
    with Child([sys.executable, "-c", code], patience=2.0) as child:
        assert child.hello == {"a": 1}
        for _ in range(2):
            with pytest.raises(timing.Silent, match="gave no answer in 2 s and was stopped"):
                child.ask(do="anything")


def test_the_table_gives_ratios_to_the_reference_and_says_what_is_missed() -> None:
    costs = {"x": 2e-6, "y": 5e-6}
    times = {name: timing.Timing(wall=cpu, cpu=cpu, low=cpu, high=cpu, repeats=1) for name, cpu in costs.items()}
    text = table.markdown([table.Section("s", "a step", times, "x", (table.Target("y over x", 2.5, "<=", 2.0),))])
    assert "| y         | 5 µs | 5 µs | 5 µs to 5 µs   | 2.5   | 1       |" in text
    assert "y over x: 2.5 (target <= 2: not met)" in text


def test_the_class_baseline_trains_the_same_network() -> None:
    """torch_classes from gammarho's own draw: the same loss after 20 steps."""
    import torch

    import gammarho
    from benchmarks import torch_classes
    from simulate.ask import parameters, settings
    from simulate.start.draw import draw

    given = {"K": 3, "n": 12, "m": 4, "d": 40, "u_norm": 1.0, "Gamma": 1.0, "eta": 0.05, "neurons": "sum"}
    resolved = parameters.resolve(settings.resolve("heterogeneous").factory, given)
    drawn = draw(resolved.model, resolved.values, 0)
    assert drawn.vectors is not None and drawn.weights is not None
    y = drawn.y.astype(int)
    x = torch.tensor(np.stack([drawn.vectors[y], drawn.vectors[3:]], axis=1))
    W = torch_classes.train(torch.tensor(drawn.weights), x, torch.tensor(y), 0.05, 20)
    loss = float(torch.nn.functional.cross_entropy(torch_classes.outputs(W, x), torch.tensor(y)))
    found = gammarho.run("heterogeneous", given, steps=20, record=[20], observables=["loss"])
    assert abs(float(found["loss"][-1]) - loss) <= 1e-9 * loss
