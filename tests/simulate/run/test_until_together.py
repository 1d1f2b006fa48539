"""Runs that may end early, together: each ends where it ends alone, with the same bits, and stays in that state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray

import gammarho as gr
from benchmarks.own_model import model as OWN
from derivations.declare import GradientDescent, Model, Parameter
from simulate.ask.noted import show
from simulate.errors import Diverged
from simulate.run import batch
from simulate.run.asked import Asked, Found
from simulate.run.problem import Start

PEGR: dict[str, Any] = {"n": 9, "m": 3, "d": 60, "sigma_p": 0.5, "sigma_0": 0.05, "eta": 0.5}
CLASSES: dict[str, Any] = {"K": 3, "n": 9, "m": 3, "d": 60, "u_norm": 2.0, "sigma_p": 0.4, "sigma_0": 0.05, "eta": 0.5,
                           "Gamma": 1.0, "init": "gaussian"}
TASKS: dict[str, Any] = {"n_tasks": 9, "n": 4, "n_train": 2, "m": 3, "d": 300, "sigma_xi": 0.05, "sigma_0": 0.05,
                         "sigma_s": 0.02, "M": 4, "J": 2, "eta": 0.5, "eta_inner": 0.5, "test_tasks": 5}
SETTINGS: dict[str, tuple[str, dict[str, Any], str]] = {
    "pegr": ("pegr", PEGR, "lam"), "heterogeneous": ("heterogeneous", CLASSES, "sigma_p"),
    "fomaml": ("fomaml", TASKS, "eta_inner"),
}
TOGETHER = {"heterogeneous": ["loss", "margins", "test_error", "class_error"]}  # others are counted along the run
STEPS = 40


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many runs each call gave, and how many it left over."""
    left: list[int] = []
    real = batch.alike

    def alike(starts: list[Start], asked: Asked) -> list[Found | Diverged | None]:
        found = real(starts, asked)
        left.append(sum(run is None for run in found))
        return found

    monkeypatch.setattr(batch, "alike", alike)
    return left


def between(setting: str, params: dict[str, Any], seeds: int) -> float:
    """A level of the loss that some of the seeds reach within the steps, and some do not."""
    last = gr.run(setting, params, steps=STEPS, seeds=seeds, sampling="gram", observables=["loss"]).loss.values[:, -1]
    low, high = np.sort(last)[[0, -1]]
    return float(low + 0.4 * (high - low))


def same(run: xarray.Dataset, of_seed: xarray.Dataset) -> None:
    """A seed's variables are those of its run alone at the steps that both have, and at its end and after it."""
    end = int(run.stopped)
    assert int(of_seed.stopped) == end
    both = np.intersect1d(run.t.values, of_seed.t.values)
    after = of_seed.t.values[of_seed.t.values >= end] if end >= 0 else of_seed.t.values[:0]
    assert len(after) or end < 0
    for name in run.data_vars:
        mine, theirs = run[name], of_seed[name]
        if "t" not in mine.dims:
            assert np.array_equal(mine.values, theirs.values), name
            continue
        before = both[both < end] if end >= 0 else both
        assert np.array_equal(mine.sel(t=before).values, theirs.sel(t=before).values, equal_nan=True), name
        for t in after:
            assert np.array_equal(mine.isel(t=-1).values, theirs.sel(t=t).values, equal_nan=True), (name, t)


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_seed_ends_where_it_ends_alone_and_stays_there(setting: str, alone: list[int]) -> None:
    name, params, _ = SETTINGS[setting]
    asked: dict[str, Any] = {"steps": STEPS, "sampling": "gram", "until": {"loss": between(name, params, 4)},
                             "observables": TOGETHER.get(setting)}
    alone.clear()
    for record in (None, [0, 3, 11]):  # the second lacks every step at which a run ends
        many = gr.run(name, params, seeds=4, record=record, **asked)
        ends = many.stopped.values
        assert (ends >= 0).any() and (ends < 0).any() and int(many.t[-1]) == STEPS
        assert alone.pop() == 0 and not alone
        for seed in range(4):
            same(gr.run(name, params, seed=seed, record=record, **asked), many.isel(seed=seed))


ENTRIES = {"pegr": "margins", "heterogeneous": "margins", "fomaml": "Lambda"}


def first(run: xarray.Dataset, until: dict[str, float | str]) -> int:
    """The first recorded step at which every entry of each is at or below its level, or above it; -1 for none."""
    every = {}
    for name in until:
        of, _, rule = name.partition(":")
        entries = run[of].values.reshape(len(run.t), -1)
        every[name] = getattr(np, rule)(entries, axis=1, keepdims=True) if rule else entries
    met = [(every[name] >= float(level[2:]) if isinstance(level, str) else every[name] <= level).all(axis=1)
           for name, level in until.items()]
    both = np.logical_and.reduce(met)
    return int(np.argmax(both)) if both.any() else -1


def levels(runs: list[xarray.Dataset], entries: str) -> list[dict[str, float | str]]:
    """Ends at once, at the last step, at ones between, just not there by rounding, of two observables, and never.

    Some are of what grows, the last of the loss too, which does not.
    """
    losses = [run.loss.values for run in runs]
    all_end = float(max(loss[STEPS - 3 :].min() for loss in losses))
    at = float(losses[1][7])
    second = float(runs[1][entries].values.reshape(STEPS + 1, -1).max(axis=1)[12])
    grown = f">={float(np.sort(runs[1][entries].values.reshape(STEPS + 1, -1).min(axis=1))[-4])!r}"
    flat = runs[0][entries].values.reshape(STEPS + 1, -1)
    ruled: list[dict[str, float | str]] = [
        {f"{entries}:{rule}": f">={float(getattr(np, rule)(flat, axis=1)[step])!r}"}
        for rule, step in (("max", 9), ("min", 30), ("mean", 14), ("sum", 20))]
    ruled.append({f"{entries}:min": float(flat.min(axis=1)[3]), "loss": at})
    just: list[dict[str, float | str]] = [{"loss": float(np.nextafter(losses[1][step], 0))} for step in (5, 7, 9, 11)]
    return [{"loss": float(max(loss[0] for loss in losses))}, {"loss": float(losses[0][-1])}, {"loss": all_end},
            {"loss": at}, *just, {"loss": at, entries: second}, {"loss": 1e-12}, {entries: grown},
            {entries: grown, "loss": at}, {"loss": ">=0.0"}, *ruled]


@pytest.mark.parametrize("setting", SETTINGS)
def test_runs_end_where_what_every_step_reports_says(setting: str) -> None:
    name, params, _ = SETTINGS[setting]
    asked: dict[str, Any] = {"steps": STEPS, "sampling": "gram"}
    runs = [gr.run(name, params, seed=seed, record="all", **asked) for seed in range(3)]
    events = [str(each) for each in runs[0].data_vars if "event" in runs[0][each].attrs]
    for until in levels(runs, ENTRIES[setting]):
        wanted = [first(run, until) for run in runs]
        for record in (None, [0, 5]):
            many = gr.run(name, params, seeds=3, until=until, record=record, observables=["loss", *events], **asked)
            assert many.stopped.values.tolist() == wanted, until
            last = max(wanted) if min(wanted) >= 0 else STEPS
            steps = many.t.values.tolist() if record is None else sorted({last, *(t for t in record if t <= last)})
            assert many.t.values.tolist() == steps and steps[-1] == last, until
            for seed, (run, end) in enumerate(zip(runs, wanted, strict=True)):
                there = [min(t, end) if end >= 0 else t for t in many.t.values.tolist()]
                assert np.array_equal(many.loss.values[seed], run.loss.sel(t=there).values), until
                for event in events:
                    hit = int(run[event])
                    assert int(many[event][seed]) == (hit if end < 0 or hit <= end else -1), (until, event)


def test_where_every_seed_has_ended_so_has_the_axis_of_steps() -> None:
    level = float(gr.run("pegr", PEGR, steps=STEPS, seeds=3, observables=["loss"]).loss.values[:, -1].max())
    many = gr.run("pegr", PEGR, steps=STEPS, seeds=3, until={"loss": 1.1 * level})
    assert int(many.t[-1]) == many.stopped.values.max() < STEPS
    assert (many.loss.isel(t=-1).values <= 1.1 * level).all()
    low, high = many.stopped.values.min(), many.stopped.values.max()
    note = f"until loss <= {show(1.1 * level)}: all 3 seeds stopped, at steps {low} to {high}, and stay in that state"
    assert note in many.attrs["notes"]
    assert many.stopped.attrs["event"] == f"first t with loss <= {show(1.1 * level)}, where the run ends"
    none = gr.run("pegr", PEGR, steps=3, seeds=2, until={"loss": 1e-9})
    assert none.stopped.values.tolist() == [-1, -1] and "none of 2 seeds stopped before step 3" in none.attrs["notes"]


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_cell_of_a_grid_is_its_run_where_it_ends(setting: str) -> None:
    name, params, axis = SETTINGS[setting]
    level, values = between(name, params, 4), [0.8 * params.get(axis, 0.1), params.get(axis, 0.1)]
    rest = {key: value for key, value in params.items() if key != axis}
    asked: dict[str, Any] = {"steps": STEPS, "until": {"loss": level}}
    grid = gr.phase(name, rest, x=(axis, values), seeds=3, observable="test_error,loss", progress=False, **asked)
    assert (grid.loss.values[grid.stopped.values >= 0] <= level).all()
    assert (grid.loss.values[grid.stopped.values < 0] > level).all()
    for column, value in enumerate(values):
        for seed in range(3):
            run = gr.run(name, {**rest, axis: value}, seed=seed, sampling="gram", record=[STEPS],
                         observables=["test_error", "loss"], **asked)
            cell = grid.isel({"seed": seed, axis: column})
            found = [float(run[each].values.ravel()[-1]) for each in ("test_error", "loss", "stopped")]
            assert [float(cell[each]) for each in ("test_error", "loss", "stopped")] == found


def test_a_grid_that_ends_early_by_what_is_looked_at_from_outside_has_the_same_columns() -> None:
    level = 0.5 * float(gr.run("pegr", PEGR, steps=1, observables=["gradient_norm"]).gradient_norm.values[0])
    asked: dict[str, Any] = {"steps": STEPS, "until": {"gradient_norm": level}, "progress": False}
    grid = gr.phase("pegr", PEGR, x=("lam", [0.0, 0.1]), seeds=2, observable="loss,gradient_norm", **asked)
    ended = grid.stopped.values >= 0
    assert ended.any() and (grid.gradient_norm.values[ended] <= level).all()
    assert set(grid.status.values.ravel()) == {"ok"}
    assert grid.attrs["until"] == f"gradient_norm <= {show(level)}"


def test_a_run_may_end_where_no_example_is_misclassified() -> None:
    whole = gr.run("pegr", PEGR, steps=STEPS, record="all", observables=["train_error"]).train_error.values
    assert whole[0] > 0 and (whole == 0).any()
    run = gr.run("pegr", PEGR, steps=STEPS, until={"train_error": 0}, observables=["train_error"])
    assert int(run.stopped) == int(np.argmax(whole == 0)) > 0


def test_a_store_of_another_end_is_refused(tmp_path: Any) -> None:
    asked: dict[str, Any] = {"x": ("lam", [0.0, 0.1]), "seeds": 1, "steps": 4, "progress": False,
                             "store": tmp_path / "grid.zarr"}
    gr.phase("pegr", PEGR, until={"loss": 0.5}, **asked)
    again = gr.phase("pegr", PEGR, until={"loss": 0.5}, **asked)
    assert again.stopped.shape == (2, 1)
    with pytest.raises(gr.InputError, match="until"):
        gr.phase("pegr", PEGR, until={"loss": 0.4}, **asked)


def decaying() -> Model:
    rates = [Parameter(name=name, latex=name, meaning=name, kind="real", default=rate, low=0)
             for name, rate in (("beta", 0.5), ("decay", 0.05))]
    algorithm = GradientDescent(momentum="beta", weight_decay="decay")
    return replace(OWN, algorithm=algorithm, parameters=(*OWN.parameters, *rates))


@pytest.mark.slow  # it compiles a kernel of its own
def test_weights_of_a_seed_that_stays_are_those_it_had_at_its_end() -> None:
    model, params = decaying(), {"n": 8, "m": 3, "d": 40, "eta": 0.5, "sigma_p": 0.3}
    losses = gr.run(model, params, steps=STEPS, seeds=2, observables=["loss"]).loss.values
    asked: dict[str, Any] = {"steps": STEPS, "until": {"loss": float(losses[:, -1].max()) + 1e-3}}
    many = gr.run(model, params, seeds=2, **asked)
    assert len(set(many.stopped.values.tolist())) == 2
    for seed in range(2):
        one, of_many = gr.run(model, params, seed=seed, **asked), many.sel(seed=seed)
        assert int(one.t[-1]) == int(of_many.stopped)
        assert np.array_equal(gr.weights(one, setting=model), gr.weights(of_many, setting=model))
    few = {**asked, "record": [0, 3]}  # what is left of W(0) is that of the end, which is not recorded
    many = gr.run(model, params, seeds=2, **few)
    for seed in range(2):
        same(gr.run(model, params, seed=seed, **few), many.isel(seed=seed))


def test_seeds_that_diverge_among_those_that_stop_change_none_of_them() -> None:
    given: dict[str, Any] = {**PEGR, "lam": 0.2, "sigma_p": 1.3}
    asked: dict[str, Any] = {"steps": 150, "until": {"loss": 0.3}, "observables": ["loss", "T_1"], "sampling": "gram"}
    many = gr.run("pegr", given, seeds=5, **asked)
    ended = many.status.values == "ok"
    assert ended.any() and not ended.all() and np.isnan(many.stopped.values[~ended]).all()
    for seed in np.flatnonzero(ended).tolist():
        of_seed = many.isel(seed=seed).drop_vars(["status", "message"])
        same(gr.run("pegr", given, seed=seed, **asked), of_seed)
    stopped = int((many.stopped >= 0).sum())
    assert 1 < stopped < ended.sum() and f": {stopped} of 5 seeds stopped, at steps" in many.attrs["notes"]


def test_a_run_that_diverges_before_it_ends_says_so() -> None:
    with pytest.raises(Diverged):
        gr.run("pegr", {**PEGR, "eta": 1e300, "sigma_0": 1e5}, steps=5, seeds=2, until={"loss": 1e-9})
