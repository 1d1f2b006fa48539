"""run: labelled data, both engines, records, hitting times, early stopping, seeds, and the weights rebuilt."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gammarho as gr
from simulate.run.record import recorded_steps

SMALL: dict[str, Any] = {
    "n": 8,
    "m": 4,
    "d": 30,
    "sigma_p": 1.0,
    "sigma_0": 0.1,
    "eta": 0.3,
    "lam": 0.05,
    "lam_until": 40,
}


@pytest.fixture(scope="module")
def data() -> Any:
    return gr.run("pegr", SMALL, steps=80, seed=3, record="all")


def test_dimensions_and_coordinates(data: Any) -> None:
    assert data["gamma"].dims == ("t", "j", "r") and data["rho"].dims == ("t", "j", "r", "i")
    assert data["zeta"].dims == data["margins"].dims == data["Upsilon"].dims == ("t", "i")
    assert list(data["j"].values) == [1, -1] and data.sizes["t"] == 81
    for name in ("loss", "gradient_norm", "train_error", "test_error", "test_error_se", "signal", "noise", "distance"):
        assert data[name].dims == ("t",)


def test_the_value_at_t_belongs_to_the_weights_at_t(data: Any) -> None:
    """At t = 0 nothing is learned: coefficients vanish and the loss is that of W(0)."""
    assert not data["gamma"][0].any() and not data["rho"][0].any()
    assert abs(float(data["loss"][0]) - np.log(2)) < 0.2


def test_rho_splits_into_its_two_sign_classes(data: Any) -> None:
    assert np.array_equal((data["rho_over"] + data["rho_under"]).values, data["rho"].values)
    assert not (data["rho_over"] * data["rho_under"]).any()


def test_both_engines_agree_on_every_variable_they_share() -> None:
    for regularizer in ("none", "pegr", "fgr"):
        params = {**SMALL, "regularizer": regularizer}
        reduced = gr.run("pegr", params, steps=60, seed=1)
        trained = gr.run("pegr", params, steps=60, seed=1, engine="weights")
        shared = set(trained.data_vars)
        assert {
            "loss",
            "gradient_norm",
            "zeta",
            "margins",
            "gamma",
            "rho",
            "signal",
            "noise",
            "Upsilon",
            "distance",
        } <= shared
        for name in shared - {"test_error", "test_error_se", "train_error"}:
            scale = max(1.0, float(np.abs(trained[name]).max()))
            assert float(np.abs(reduced[name] - trained[name]).max()) <= 1e-11 * scale, name


def test_weights_are_rebuilt(data: Any) -> None:
    trained = gr.run("pegr", SMALL, steps=80, seed=3, engine="weights", record=[80])
    from simulate.ask import parameters, settings
    from simulate.start.draw import draw
    from simulate.train import weights

    resolved = parameters.resolve(settings.resolve("pegr").factory, SMALL)
    drawn = draw(resolved.model, resolved.values, 3)
    W = weights.train(resolved.model, drawn, resolved.values, 80, np.array([80])).W[0]
    assert np.abs(gr.weights(data) - W).max() <= 1e-11 * np.abs(W).max()
    assert trained.sizes["t"] == 1


def test_weights_of_a_gram_draw_are_refused() -> None:
    found = gr.run("pegr", SMALL, steps=3, sampling="gram")
    with pytest.raises(gr.InputError, match="no vectors"):
        gr.weights(found)


def test_callers_arrays(data: Any) -> None:
    rng = np.random.default_rng(0)
    initial = {
        "W": rng.normal(size=(2, 3, 12)),
        "mu": rng.normal(size=12),
        "xi": rng.normal(size=(5, 12)),
        "y": np.array([1, -1, 1, 1, -1]),
    }
    params = {"eta": 0.01, "lam": 0.1}
    reduced = gr.run("pegr", params, steps=20, initial=initial)
    trained = gr.run("pegr", params, steps=20, initial=initial, engine="weights")
    assert reduced.sizes["i"] == 5 and reduced.sizes["r"] == 3
    assert float(np.abs(reduced["rho"] - trained["rho"]).max()) <= 1e-11 * float(np.abs(trained["rho"]).max())
    assert gr.weights(reduced, initial=initial).shape == (2, 3, 12)
    said = json.loads(reduced.attrs["parameters"])
    assert not {"mu_norm", "sigma_0"} & {*reduced.coords, *said}, "the arrays have a length and a scale of their own"
    assert "W and vectors are not drawn, so mu_norm, sigma_0 play no part" in reduced.attrs["notes"]
    given = gr.run("pegr", {**params, "mu_norm": 7.0}, steps=20, initial=initial)
    assert float(given.mu_norm) == 7.0, "as the caller says"
    assert "so mu_norm, sigma_0 play no part" in given.attrs["notes"], "it was overruled without a word"


def test_recording_less_changes_nothing(data: Any) -> None:
    few = gr.run("pegr", SMALL, steps=80, seed=3, record=[0, 7, 80])
    for name in ("loss", "gamma", "rho", "test_error", "zeta"):
        assert np.array_equal(few[name].values, data[name].sel(t=[0, 7, 80]).values), name
    for name in ("T_1", "T_2", "T_1_noise", "T_2_noise"):
        assert int(few[name]) == int(data[name])


def test_hitting_times_are_the_first_steps(data: Any) -> None:
    wanted = float(1 / (21 * np.log(8) * np.sqrt(np.log(8 * 4 * 8 / 0.1))))
    smallest = data["max_rho_over"].min("i").values
    first = np.flatnonzero(smallest >= wanted)
    assert int(data["T_1_noise"]) == (int(first[0]) if first.size else -1)
    below = np.flatnonzero(data["loss"].values <= 0.01)
    assert int(data["T_2"]) == (int(below[0]) if below.size else -1)


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch, data: Any) -> None:
    from simulate.run import record

    monkeypatch.setattr(record, "CHUNK_BYTES", 16 * 2 * 4 * 9 * 7)  # seven steps a chunk
    again = gr.run("pegr", SMALL, steps=80, seed=3, record="all")
    assert all(np.array_equal(again[name].values, data[name].values) for name in data.data_vars)


def test_until_stops_at_the_first_step_and_records_it(data: Any) -> None:
    level = float(data["loss"][50])
    first = int(np.flatnonzero(data["loss"].values <= level)[0])
    stopped = gr.run("pegr", SMALL, steps=80, seed=3, until={"loss": level})
    assert int(stopped["t"][-1]) == first == stopped.attrs["steps"]


def test_seeds_are_a_dimension_and_each_is_its_own_run(data: Any) -> None:
    many = gr.run("pegr", SMALL, steps=20, seed=2, seeds=3)
    assert many["loss"].dims == ("seed", "t") and list(many["seed"].values) == [2, 3, 4]
    alone = gr.run("pegr", SMALL, steps=20, seed=3)
    assert np.array_equal(many["rho"].sel(seed=3).values, alone["rho"].values)


def test_same_seed_same_bits() -> None:
    one, two = (gr.run("pegr", SMALL, steps=30, seed=9) for _ in range(2))
    assert one.identical(two)


def test_observables_picks_a_subset() -> None:
    found = gr.run("pegr", SMALL, steps=5, observables=["loss", "gamma"])
    assert set(found.data_vars) == {"loss", "gamma"}


def test_published_defaults_are_noted() -> None:
    found = gr.run("pegr", {"n": 5}, steps=2)
    assert "d = 400 (published default, Section 4.1)" in found.attrs["notes"]
    assert "n = 5" not in found.attrs["notes"]


def test_default_record_is_zero_and_log_spaced() -> None:
    steps = recorded_steps(None, 1500)
    assert steps[0] == 0 and steps[-1] == 1500 and np.all(np.diff(steps) > 0) and len(steps) <= 202


def test_lambda_is_on_up_to_and_including_lam_until() -> None:
    runs = [
        gr.run("pegr", {**SMALL, "lam": 0.5, "lam_until": until}, steps=12, seed=0, record="all")["loss"].values
        for until in (4, 5)
    ]
    assert np.array_equal(runs[0][:6], runs[1][:6]) and runs[0][6] != runs[1][6]


def test_no_penalty_is_each_regularizer_at_lambda_zero() -> None:
    plain = gr.run("pegr", {**SMALL, "regularizer": "none"}, steps=30)
    for regularizer in ("pegr", "fgr"):
        off = gr.run("pegr", {**SMALL, "regularizer": regularizer, "lam": 0}, steps=30)
        assert np.array_equal(off["rho"].values, plain["rho"].values)


def test_on_one_example_pegr_is_fgr() -> None:
    runs = [
        gr.run(
            "pegr", {**SMALL, "n": 1, "regularizer": name, "penalty_half": True}, steps=30, observables=["rho", "gamma"]
        )
        for name in ("pegr", "fgr")
    ]
    for name in ("rho", "gamma"):
        scale = float(np.abs(runs[0][name]).max())
        assert float(np.abs(runs[0][name] - runs[1][name]).max()) <= 1e-12 * max(scale, 1e-3)


@pytest.mark.parametrize(
    ("sigma_p", "loss", "signal", "noise"), [(0.5, 0.0050, 0.0312, 7.04), (1.0, 6.9e-4, 0.0232, 8.26)]
)
def test_the_papers_runs_are_the_readings(sigma_p: float, loss: float, signal: float, noise: float) -> None:
    """Means over seeds 0-4 lie near the reading's (its draws are others): 6.2 A, PEGR at the printed parameters."""
    found = gr.run("pegr", {"sigma_p": sigma_p}, preset="paper", seeds=5, record=[1500])
    mean = found.mean(("seed", "t"))
    assert abs(float(mean["loss"]) / loss - 1) < 0.15
    assert abs(float(mean["noise"]) / noise - 1) < 0.1
    assert abs(float(mean["signal"]) / signal - 1) < 0.5
    assert abs(float(mean["test_error"]) - 0.5) < 0.01


def test_runs_concatenate_along_the_parameter_that_they_differ_in() -> None:
    step_sizes = [0.01, 0.1, 0.2]
    given = {**SMALL, "lam_until": None}
    runs = [gr.run("pegr", {**given, "eta": eta}, steps=2, observables=["loss"]) for eta in step_sizes]
    sweep = xr.concat(runs, dim="eta")
    assert sweep.eta.values.tolist() == step_sizes and sweep.loss.dims[0] == "eta"
    assert float(sweep.n) == SMALL["n"] and sweep.eta.attrs["long_name"] == r"$\eta$"
    assert str(sweep.regularizer.values) == "pegr" and "lam_until" not in sweep.coords  # absent: the penalty stays on


def test_axes_say_what_they_count_and_examples_have_their_labels(data: Any) -> None:
    """So that `data.rho.where(data.j == data.y)` needs no second draw."""
    assert data.y.dims == ("i",) and set(np.unique(data.y)) == {-1, 1} and "yhat" not in data
    xr.testing.assert_equal(data.rho.where(data.j == data.y, 0.0).transpose(*data.rho.dims), data.rho_over)
    assert all({"long_name", "units", "meaning"} <= set(axis.attrs) for axis in data.coords.values())
    several = gr.run("pegr", SMALL, steps=1, seed=3, seeds=2, record=[0, 1])
    assert several.y.dims == ("seed", "i") and (several.y.sel(seed=3) == data.y).all()
    of_classes = gr.run("heterogeneous", K=3, n=7, m=2, d=50, steps=1, record=[0, 1])
    assert of_classes.y.values.tolist() == [0, 0, 0, 1, 1, 2, 2]


def test_a_run_says_when_until_stopped_it() -> None:
    """Fails where a threshold ends a run and nothing says at which step."""
    stopped = gr.run("pegr", {"n": 4, "m": 2, "d": 20, "eta": 1.0}, steps=50, until={"loss": 0.69})
    last = int(stopped["t"][-1])
    assert 0 < last < 50 and f"until loss <= 0.69: stopped at step {last}" in stopped.attrs["notes"]
    never = gr.run("pegr", {"n": 4, "m": 2, "d": 20}, steps=3, until={"loss": 1e-9})
    assert "until loss <= 1e-09: no stop before step 3" in never.attrs["notes"]


@pytest.mark.parametrize("seeds", [None, 2])
def test_an_event_without_a_threshold_is_left_out_and_never_not_reached(seeds: int | None) -> None:
    """As `phase` fails such runs.  Fails where it has the time -1, as one that is not reached has."""
    given = {**SMALL, "n": 1}
    found = gr.run("pegr", given, steps=3, seeds=seeds)
    assert "T_1" not in found and "T_1_noise" not in found and "T_2" in found
    assert "T_1 is left out: no threshold: " in found.attrs["notes"] and "log(n) = 0 at n = 1" in found.attrs["notes"]
    with pytest.raises(gr.InputError, match=r"^T_1_noise: no threshold: .* at n = 1; give other parameters"):
        gr.run("pegr", given, steps=3, seeds=seeds, observables=["T_1_noise", "loss"])
