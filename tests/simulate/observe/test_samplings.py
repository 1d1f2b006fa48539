"""How fresh examples are taken: importance sampling of a model's own test law, through `run` and `phase`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Bernoulli, Constant, Model, Patch, SumPatch, Term
from derivations.papers.pegr.model import model as pegr
from dynamics.fresh import importance
from simulate.ask.chosen import choose
from simulate.errors import InputError
from simulate.observe.fresh import fresh_statistics
from simulate.run.problem import problem_of
from simulate.run.request import Request
from simulate.run.seconds import seconds
from simulate.testing import plain_kernel
from tests.helpers.wild import plainly

FEW = {"n": 20, "m": 4, "d": 500, "mu_norm": 1.0, "sigma_p": 0.3, "eta": 0.3, "lam": 0.1, "sigma_0": 0.02}
PLAIN = {name: value for name, value in FEW.items() if name != "lam"}
STEPS = 146
TOLD = "test_error,test_error_se,test_error_upper,test_loss,test_loss_se"


def run(**options: object) -> dict[str, float]:
    data = gr.run("pegr", FEW, steps=STEPS, sampling="gram", record=[STEPS], observables=TOLD, **options)  # type: ignore[arg-type]
    return {str(name): float(values.values[-1]) for name, values in data.data_vars.items()}


def test_rare_errors_agree_with_a_hundred_times_the_draws() -> None:
    start = problem_of(choose("pegr", FEW)).start(0, "gram")
    path = start.advance(STEPS, np.array([STEPS]))
    many = fresh_statistics(start.model, start.kernel, start.draw, path.z, path.b, start.values, 1, 100 * 4096)
    plain, rare = run(), run(test_sampling="importance")
    brute, spread = float(many["test_error"][0]), float(many["test_error_se"][0])
    assert 2e-5 < brute < 2e-3
    assert abs(rare["test_error"] - brute) < 4 * np.hypot(rare["test_error_se"], spread)
    assert rare["test_error_se"] < 0.15 * brute and plain["test_error_se"] > 0.2 * brute
    assert rare["test_error_upper"] < plain["test_error_upper"]
    assert abs(rare["test_loss"] - float(many["test_loss"][0])) < 6 * rare["test_loss_se"]
    assert run(test_sampling="importance") == rare  # streams alone decide


def test_a_cell_of_a_grid_is_the_run_of_that_cell() -> None:
    rest = {name: value for name, value in FEW.items() if name != "sigma_p"}
    grid = gr.phase("pegr", rest, x=("sigma_p", [0.3, 0.35]), steps=STEPS, seeds=1, test_sampling="importance",
                    observable="test_error,test_error_upper", progress=False)
    rare = run(test_sampling="importance")
    assert grid["test_error"].sel(sigma_p=0.3).item() == rare["test_error"]
    assert grid["test_error_upper"].sel(sigma_p=0.3).item() == rare["test_error_upper"]
    assert 0 < grid["test_error"].sel(sigma_p=0.35).item() != rare["test_error"]
    assert grid.attrs["test_sampling"] == "importance"


def test_classes_with_gaussian_noise_of_their_own_are_judged_too() -> None:
    params = {"K": 3, "n": 30, "m": 3, "d": 100, "sigma_0": 0.05, "eta": 0.3}
    data = {
        how: gr.run("heterogeneous", params, steps=60, record=[60], test_sampling=how,
                    observables="test_error,test_error_se,class_error,class_error_se")
        for how in ("draws", "importance")
    }
    apart = abs(data["draws"] - data["importance"])
    for name in ("test_error", "class_error"):
        spread = np.hypot(data["draws"][f"{name}_se"], data["importance"][f"{name}_se"])
        assert (apart[name] <= 4 * spread + 1e-12).all()
    with pytest.raises(InputError, match="knows Gaussian noise alone"):
        gr.run("heterogeneous", {**params, "noise": "uniform"}, steps=2, observables="test_error",
               test_sampling="importance")


def with_views() -> Model:
    """PEGR's network on a signal that is at times missing, as is noise, beside one that both labels have."""
    seen, always = Bernoulli(name="seen", probability=0.8), Constant(name="always", value=0.1)
    return replace(pegr("none"), name="views", patches=(
        SumPatch(terms=(Term(direction="mu", scale=("label", seen)), Term(direction="mu", scale=always))),
        Patch(direction="xi", scale=Bernoulli(name="noisy", probability=0.5))))


def test_of_many_kinds_of_examples_each_is_looked_at_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight, half of them without noise: the numbers are those of all at every look, at an eighth of the cost."""
    model, params = with_views(), {**PLAIN, "d": 60, "n": 6, "sigma_0": 0.1}
    whole: Callable[..., Any] = importance.statistics
    seen: list[int] = []

    def run_it(statistics: Callable[..., Any]) -> Any:
        monkeypatch.setattr(importance, "statistics", statistics)
        with plainly(plain_kernel(model)):
            return gr.run(model, params, steps=8, record=[8], observables=TOLD, test_sampling="importance")

    def counted(*args: Any) -> Any:
        def some(u: Any, at: list[int]) -> Any:
            seen.append(len(at))
            return args[-1](u, at)

        return whole(*args[:-1], some)

    alone, together = run_it(counted), run_it(lambda *args: whole(*args[:-1]))
    for name in TOLD.split(","):
        np.testing.assert_allclose(alone[name].values, together[name].values, rtol=1e-9)
    assert 0 < alone["test_error_se"].item() and set(seen) == {1}


def test_more_kinds_of_examples_take_longer_by_the_estimate() -> None:
    asked = [Request(model, problem_of(choose(model, PLAIN)).values, "gram", "reduced", 8, 1.0, ("test_error",), 6e4)
             for model in (with_views(), pegr("none"))]
    several, two = map(seconds, asked)
    assert 2.5 * two < several < 5 * two


def test_what_is_not_judged_by_a_law_is_refused() -> None:
    with pytest.raises(InputError, match="judged on fresh tasks; expected test_sampling='draws'"):
        gr.run("fomaml", {"n_tasks": 4, "n": 4, "n_train": 2, "m": 3, "d": 60, "M": 3, "test_tasks": 6}, steps=1,
               observables="test_error", test_sampling="importance")
    with pytest.raises(InputError, match="test_sampling: 'sobel'"):
        run(test_sampling="sobel")


def test_an_error_that_no_draw_meets_has_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    from gammarho import cli

    easy = [f"{name}={value}" for name, value in {**FEW, "mu_norm": 3.0}.items() if name != "lam"]
    cli.main(["run", "pegr", *easy, "lam=0.1", "--steps", "100", "--sampling", "gram", "--record", "100",
              "--observables", "test_error,test_error_upper"])
    assert "test_error_upper 0.005867" in " ".join(capsys.readouterr().out.split())
    cli.main(["phase", "pegr", *easy, "--x", "lam=0.1,0.2", "--steps", "100", "--seeds", "1"])
    told = "below 0.005859 at 95 %, which is what 4096 draws in 512 independent groups tell"
    assert f"test_error is 0 in 2 of 2 runs: {told}" in capsys.readouterr().out
    grid = gr.phase("pegr", {**FEW, "mu_norm": 3.0, "regularizer": "pegr"}, x=("q", [2]), steps=100, seeds=1,
                    observable="test_error_upper", progress=False)
    assert abs(float(grid["test_error_upper"].values[0, 0]) - 0.005867) < 1e-6


def test_the_bound_counts_groups_where_their_examples_are_wrong_together() -> None:
    """Filters w and -w: what leads a head moves no output, so that the eight examples of a group are one."""
    d, error, repetitions = 40, 1e-3, 150
    first, second = np.eye(d)[:2]
    weights = np.zeros((2, 2, d))
    weights[0], weights[1, 0] = [second, -second], NormalDist().inv_cdf(error) * first
    noise = np.random.default_rng(0).standard_normal((6, d))
    noise[:, 0] = 0.0
    told = [
        gr.run("pegr", {"regularizer": "none", "sigma_p": 1.0, "q": 2}, steps=0, record=[0], seed=seed,
               initial={"W": weights, "mu": first, "xi": noise, "y": np.array([1, -1] * 3)},
               observables="test_error,test_error_upper")
        for seed in range(repetitions)
    ]
    estimates, bounds = (
        np.array([float(each[name].values[0]) for each in told]) for name in ("test_error", "test_error_upper")
    )
    assert abs(estimates.mean() / error - 1) < 4 / np.sqrt(512 * error * repetitions)
    assert (bounds >= error).mean() > 0.95 - 4 * np.sqrt(0.05 * 0.95 / repetitions)
