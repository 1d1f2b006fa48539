"""phase: the same numbers as run, cells with a status, a store that survives kill -9, and any number of workers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from derivations.papers.pegr.model import model as pegr_model
from gammarho.cli import main
from simulate.errors import InputError
from simulate.phase import cell, fill
from simulate.phase.grid_axes import spacing
from simulate.phase.phase import phase
from simulate.run import estimate
from simulate.run.asked import Found
from simulate.run.problem import Start
from simulate.run.run import run
from simulate.run.seconds import START
from simulate.work.progress import TELLER, Work
from tests.helpers.slowly import rarely

SMALL: dict[str, Any] = {"n": 4, "m": 2, "d": 30, "eta": 0.2, "lam_until": 10}
AXES: dict[str, Any] = {"x": ("lam", [0.01, 0.1, 1.0]), "y": ("sigma_p", [0.2, 0.8])}


def small(**changes: Any) -> xr.Dataset:
    given: dict[str, Any] = {**AXES, "steps": 20, "seeds": 2, "progress": False, **changes}
    return phase("pegr", given.pop("params", SMALL), **given)


def bits(data: xr.Dataset) -> list[bytes]:
    numeric = [data[name].values.tobytes() for name in data.data_vars if data[name].dtype.kind == "f"]
    return [*numeric, *("\n".join(data[name].values.ravel()).encode() for name in ("status", "message"))]


@pytest.mark.parametrize("observable", ["test_error", "loss", "noise", "distance"])
def test_a_cell_is_the_run_with_its_values_and_its_seed(observable: str) -> None:
    grid = small(observable=observable, seed=3)
    assert grid[observable].dims == ("sigma_p", "lam", "seed") and list(grid["seed"].values) == [3, 4]
    assert (grid["status"] == "ok").all() and (grid["message"] == "").all()
    for lam, sigma_p, seed in ((0.1, 0.2, 3), (1.0, 0.8, 4)):
        params = {**SMALL, "lam": lam, "sigma_p": sigma_p}
        alone = run("pegr", params, steps=20, seed=seed, sampling="gram", record=[20])
        cell = grid.sel(lam=lam, sigma_p=sigma_p, seed=seed)
        assert float(cell[observable]) == float(alone[observable][-1])
        if observable == "test_error":
            assert float(cell["test_error_se"]) == float(alone["test_error_se"][-1])


@pytest.mark.parametrize("changes", [{}, {"params": {**SMALL, "n": 100}, "steps": 5}], ids=["loops", "BLAS"])
def test_the_same_bits_whatever_the_workers(changes: dict[str, Any]) -> None:
    assert bits(small(workers=1, **changes)) == bits(small(workers=2, **changes))


def test_a_cell_that_diverges_has_that_status_and_no_number(tmp_path: Path) -> None:
    for store in (None, tmp_path / "grid.zarr", tmp_path / "grid.zarr"):  # in memory, filled, and read again
        grid = small(x=("lam", [0.001, 10.0]), y=("sigma_p", [1.2, 1.5]), params={"eta": 0.2}, steps=200, store=store)
        assert (grid["status"].sel(lam=0.001) == "ok").all() and np.isfinite(grid["test_error"].sel(lam=0.001)).all()
        assert (grid["status"].sel(lam=10.0) == "diverged").all() and np.isnan(grid["test_error"].sel(lam=10.0)).all()
        said = str(grid["message"].sel(lam=10.0, sigma_p=1.5, seed=0).values)
        assert "not finite at step" in said and "lower eta (0.2), or lam (10)" in said


def test_a_number_that_nothing_defines_says_why_and_what_helps() -> None:
    """The stable rank of W = 0, which eta has no part in, beside a number that is one."""
    tiny: dict[str, Any] = {"n": 4, "m": 2, "d": 40, "sigma_0": 1e-200, "eta": 5e-324}
    asked: dict[str, Any] = {"seeds": 1, "progress": False, "x": ("slope", [0.1, 0.9])}
    for steps in (0, 3):
        for names in ("stable_rank:max", "loss,stable_rank:max", "margin_spread"):
            grid = phase("nearly_orthogonal", tiny, steps=steps, observable=names, **asked)
            assert (grid["status"] == "failed").all()
            said = str(grid["message"].values.ravel()[0])
            assert said.startswith(f"{names.split(',')[-1]}: no value at step {steps}: W is 0 there")
            assert said.endswith("start from larger filters, or leave it out") and "eta" not in said
        assert "loss" not in grid or np.isfinite(grid["loss"]).all()
    notes = run("nearly_orthogonal", tiny, steps=3, sampling="gram", observables="stable_rank").attrs["notes"]
    assert "stable_rank: W is 0 there" in notes


def test_a_value_that_is_not_finite_is_not_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = {"test_error": np.array([np.nan]), "test_error_se": np.array([np.nan])}
    monkeypatch.setattr("simulate.observe.fresh.fresh_statistics", lambda *_, **__: nothing)
    many = "simulate.observe.fresh_many.judge_many"
    monkeypatch.setattr(many, lambda *of: dict.fromkeys(nothing, np.full(len(of[3]), np.nan)))
    grid = small()
    assert (grid["status"] == "diverged").all() and "test_error is not finite" in str(grid["message"].values[0, 0, 0])


def test_a_cell_that_cannot_be_run_has_failed_with_the_sentence() -> None:
    grid = small(params={"n": 4, "m": 2}, x=("d", [1, 30]))
    assert (grid["status"].sel(d=1) == "failed").all() and (grid["status"].sel(d=30) == "ok").all()
    assert "d: 1 leaves no dimension for 'xi'" in str(grid["message"].values[0, 0, 0])
    assert np.isnan(grid["test_error"].sel(d=1)).all()


def stored_digests(store: Path) -> np.ndarray[Any, Any]:
    found = zarr.open_group(str(store), mode="r")["digest"]
    assert isinstance(found, zarr.Array)
    return np.asarray(found[...])


def test_a_rerun_fills_the_gaps_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "grid.zarr"
    whole = small(store=store)
    group = zarr.open_group(str(store), mode="r+")
    digests = group["digest"]
    assert isinstance(digests, zarr.Array) and (stored_digests(store) != "").all()
    digests[0, 0] = digests[1, 2, 1] = ""
    ran: list[tuple[int, int]] = []
    one = fill.run_chunk

    def counting(grid: Any, chunk: Any) -> Any:
        ran.extend((cell, seed) for cell in chunk[0] for seed in chunk[1])
        return one(grid, chunk)

    monkeypatch.setattr(fill, "run_chunk", counting)
    again = small(store=store)
    assert sorted(ran) == [(0, 0), (0, 1), (5, 1)]  # of one cell both seeds, of the other the one that is missing
    assert bits(again) == bits(whole) and (stored_digests(store) != "").all()
    small(store=store)
    assert len(ran) == 3  # what is done is taken from the store as it stands


def test_only_the_cells_that_are_missing_are_estimated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(estimate, "WORTH_SAYING", 0.0)
    monkeypatch.setattr(estimate, "duration", lambda seconds: f"{seconds / START:.0f} runs")
    monkeypatch.setattr(fill, "seconds", lambda _: START)
    store = tmp_path / "grid.zarr"
    small(store=store, progress=True, workers=1)
    assert capsys.readouterr().err.splitlines() == ["phase: this may take about 12 runs"]
    digests = zarr.open_group(str(store), mode="r+")["digest"]
    assert isinstance(digests, zarr.Array)
    digests[0, 0] = digests[1, 2] = ""
    small(store=store, progress=True, workers=1)
    said = [f"phase: 4 of 6 cells are in {store}", "phase: this may take about 4 runs"]
    assert capsys.readouterr().err.splitlines() == said
    small(store=store, progress=True, workers=1)
    assert capsys.readouterr().err.splitlines() == [f"phase: 6 of 6 cells are in {store}"]


def test_a_grid_that_would_never_end_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="take fewer steps"):
        small(store=tmp_path / "grid.zarr", steps=10**15)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken_for_a_grid_and_for_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_line = ["run", "pegr", "n=4", "m=2", "d=30", "--steps", "2"]
    grid_line = ["phase", "pegr", "n=4", "m=2", "--x", "lam=0:1:2", "--y", "sigma_p=0.2:0.8:2", "--steps", "2"]
    for name, line in (("run.zarr", run_line), ("grid.zarr", grid_line)):
        (tmp_path / name).mkdir()
        assert main([*line, "--out", str(tmp_path / name)]) == 0
        assert (tmp_path / name / "zarr.json").is_file()
    capsys.readouterr()
    assert main([*grid_line, "eta=0.3", "--out", str(tmp_path / "grid.zarr")]) == 2
    assert capsys.readouterr().err.startswith("gammarho: out: ")


def test_an_interrupted_cell_has_data_but_no_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "grid.zarr"
    asked: list[str] = []

    class Stop(BaseException):
        pass

    write = zarr.Array.__setitem__
    monkeypatch.setattr(fill, "_AT_RISK", 1e-9)  # a run at a time

    def stopping(self: Any, *args: Any) -> None:
        if self.shape == (2, 3, 2):
            asked.append(self.basename)
        if asked[5:]:
            raise Stop
        write(self, *args)

    monkeypatch.setattr(zarr.Array, "__setitem__", stopping)
    with pytest.raises(Stop):
        small(store=store, workers=1)
    monkeypatch.undo()
    assert asked[:5] == ["test_error", "test_error_se", "status", "message", "digest"]
    assert stored_digests(store)[0, 0, 0] != "" and int((stored_digests(store) != "").sum()) == 1
    assert bits(small(store=store)) == bits(small())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": 21}, "steps 20, and this one has 21"),
        ({"seed": 1}, "seeds [0, 1], and this one has [1, 2]"),
        ({"params": {**SMALL, "n": 5}}, "parameters.n 4, and this one has 5"),
        ({"x": ("lam", [0.01, 0.1])}, "x.lam [0.01, 0.1, 1.0], and this one has [0.01, 0.1]"),
        ({"observable": "loss"}, "observables ['test_error'], and this one has ['loss']"),
    ],
)
def test_another_configuration_is_refused_in_one_sentence(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    store = tmp_path / "grid.zarr"
    small(store=store)
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    with pytest.raises(InputError) as caught:
        small(store=store, **changes)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def test_another_kernel_is_another_configuration(tmp_path: Path) -> None:
    store = tmp_path / "grid.zarr"
    small(store=store)
    group = zarr.open_group(str(store), mode="r+")
    stored = json.loads(str(group.attrs["configuration"]))
    assert stored["parameters"]["eta"] == 0.2 and stored["kernel"].keys() == {"pegr_pegr_q2"}
    group.attrs["configuration"] = json.dumps({**stored, "kernel": {"pegr_pegr_q2": "0"}})
    with pytest.raises(InputError, match="kernel"):
        small(store=store)


def test_what_is_not_a_grid_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").write_text("a file")
    run("pegr", SMALL, steps=2).to_zarr(tmp_path / "run.zarr")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.tex").write_text("the only copy")
    for name in ("a.zarr", "run.zarr", "folder"):
        with pytest.raises(InputError, match="not a grid of phase"):
            small(store=tmp_path / name)
    assert (tmp_path / "folder" / "thesis.tex").read_text() == "the only copy"
    with pytest.raises(InputError, match="name that ends in"):
        small(store=tmp_path / "grid.nc")


KILLED = """
import sys, threading, time
from simulate.phase import fill
from simulate.phase.phase import phase
one, left = fill.run_chunk, threading.Semaphore(3)
fill._WORTH = 1e-12  # pieces as small as of work that takes long

def some(*args):  # the pieces of work after three wait to be killed
    if not left.acquire(blocking=False):
        print("waits\\n", end="", flush=True)  # in one piece, whoever else does so
        time.sleep(3600)
    return one(*args)

fill.run_chunk = some
phase("pegr", {"n": 4, "m": 2, "d": 30, "lam_until": 10}, x=("lam", [0.01 * k for k in range(1, 9)]),
      y=("sigma_p", [0.2, 0.4, 0.6, 0.8]), steps=int(sys.argv[2]), seeds=1, store=sys.argv[1], workers=2,
      progress=False)
"""


def written(store: Path) -> bool:
    """Whether some digests are there; a chunk that is being written has a name of its own until it is whole."""
    return any(path.is_file() and path.name.isdigit() for path in store.rglob("digest/c/**/*"))


def test_kill_in_the_middle_leaves_a_store_that_is_taken_up(tmp_path: Path) -> None:
    store, steps = tmp_path / "grid.zarr", "2000"
    command, root = [sys.executable, "-c", KILLED, str(store), steps], Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert [child.stdout.readline() for _ in range(2)] == ["waits\n"] * 2  # both workers: three pieces are run
            deadline = time.monotonic() + 60
            while not written(store) and time.monotonic() < deadline:
                time.sleep(0.005)
        finally:
            child.kill()
    seen = xr.open_zarr(store, consolidated=False)
    done = seen["digest"].values != ""
    finished = int(done.sum())
    assert 1 <= finished < 32 and seen.attrs["observable"] == "test_error"
    assert np.isfinite(seen["test_error"].values[done]).all()
    axes: dict[str, Any] = {"x": ("lam", [0.01 * k for k in range(1, 9)]), "y": ("sigma_p", [0.2, 0.4, 0.6, 0.8])}
    arguments: dict[str, Any] = {**axes, "steps": int(steps), "seeds": 1, "progress": False}
    params = {"n": 4, "m": 2, "d": 30, "lam_until": 10}
    resumed = phase("pegr", params, **arguments, store=store)
    assert bits(resumed) == bits(phase("pegr", params, **arguments))
    assert (xr.open_zarr(store, consolidated=False)["digest"] != "").all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x": ("lamb", [1.0])}, "x: 'lamb' is not a parameter of pegr; did you mean 'lam'?"),
        ({"x": "lam"}, "x: 'lam'; expected name=a:b:n"),
        ({"x": ("lam", [])}, "x: lam has the values []; expected at least one, all different"),
        ({"x": ("lam", [0.1, 0.1])}, "expected at least one, all different"),
        ({"x": ("lam", 0.1)}, "x: lam has the values 0.1; expected at least one"),
        ({"x": ("lam", [-1.0])}, "lam: -1.0; expected a finite number of at least 0"),
        ({"x": ("eta", [0.1, 0.2])}, "eta: 0.2, and also the axis x; leave it out of the parameters"),
        ({"x": ("sigma_p", [1.0])}, "x and y: both sigma_p"),
        ({"observable": "gamma"}, "observable: 'gamma' is not one number a run"),
        ({"observable": "losss"}, "did you mean 'loss'?"),
        ({"sampling": "grams"}, "sampling: 'grams'; expected one of vectors, gram"),
        ({"seeds": 0}, "seeds: 0; expected a whole number of at least 1"),
        ({"workers": 0}, "workers: 0; expected a whole number of at least 1"),
    ],
)
def test_bad_input_is_one_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        small(**changes)
    assert said in str(caught.value)


@pytest.mark.parametrize(("name", "values"), [("neurons", ["mean", "sum"]), rarely("q", [2, 3])])
def test_axes_may_be_structural_or_choices(name: str, values: list[Any], tmp_path: Path) -> None:
    axes: dict[str, Any] = {"x": ("regularizer", ["pegr", "none"]), "y": (name, values)}
    given: dict[str, Any] = {**axes, "params": {**SMALL, "lam": 0.5}}
    grid = small(**given, store=tmp_path / "grid.zarr")
    assert list(grid["regularizer"].values) == ["pegr", "none"] and (grid["status"] == "ok").all()
    assert len(np.unique(grid["test_error"].sel(seed=1))) > 1
    for value in values:
        own = {**SMALL, "lam": 0.5, "regularizer": "none", name: value}
        alone = run("pegr", own, steps=20, seed=1, sampling="gram")
        assert float(grid["test_error"].sel({"regularizer": "none", name: value, "seed": 1})) == alone["test_error"][-1]
    assert bits(small(**given, store=tmp_path / "grid.zarr")) == bits(grid)


def test_the_store_opens_in_xarray_with_its_labels(tmp_path: Path) -> None:
    grid = small(store=tmp_path / "grid.zarr")
    seen = xr.open_zarr(tmp_path / "grid.zarr", consolidated=False)
    assert seen["test_error"].dims == grid["test_error"].dims == ("sigma_p", "lam", "seed")
    assert seen.attrs["x"] == "lam" and seen.attrs["y"] == "sigma_p"
    assert seen["lam"].dims == ("lam",) and np.array_equal(seen["lam"], grid["lam"])
    assert np.array_equal(seen["test_error"], grid["test_error"])
    assert [str(text) for text in seen["status"].values.ravel()] == ["ok"] * 12


def test_every_parameter_is_a_coordinate_of_the_grid_and_of_its_store(tmp_path: Path) -> None:
    wide: dict[str, Any] = {"x": ("lam", [0.01, 0.1, 1.0]), "y": ("sigma_p", [0.2, 0.5, 0.8])}
    grid = small(**wide, store=tmp_path / "grid.zarr")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as: no consolidated metadata
        seen = xr.open_zarr(tmp_path / "grid.zarr", consolidated=True)
    for data in (grid, seen):
        found = {name: data[name].item() for name in data.coords if data[name].ndim == 0}
        assert found["n"] == 4 and found["eta"] == 0.2 and found["lam_until"] == 10 and found["neurons"] == "mean"
        assert found["penalty_half"] and "lam" not in found and set(found) <= set(data.coords)
        assert data["lam"].attrs["spacing"] == "log" and data["sigma_p"].attrs["spacing"] == "linear"
        assert data["lam"].attrs["meaning"] == "penalty weight" and data["n"].attrs["meaning"]
    assert set(seen.coords) == set(grid.coords) and set(seen.data_vars) == {*grid.data_vars, "digest"}
    free = small(params={name: value for name, value in SMALL.items() if name != "lam_until"})
    assert "lam_until" not in free.coords  # it has no value


def test_a_parameter_that_follows_an_axis_is_a_coordinate_along_it(tmp_path: Path) -> None:
    base = pegr_model()
    half = tuple(replace(p, default="0.5*sigma_p") if p.name == "sigma_0" else p for p in base.parameters)
    given: dict[str, Any] = {**AXES, "steps": 2, "seeds": 1, "progress": False, "store": tmp_path / "grid.zarr"}
    grid = phase(replace(base, parameters=half), SMALL, **given)
    assert grid["sigma_0"].dims == ("sigma_p", "lam")
    assert np.array_equal(grid["sigma_0"].values, [[0.1] * 3, [0.4] * 3])
    assert np.array_equal(xr.open_zarr(tmp_path / "grid.zarr")["sigma_0"], grid["sigma_0"])


@pytest.mark.parametrize(
    ("values", "real", "whole"),
    [
        ([1.0, 2.0], "linear", "linear"), ([1, 2, 3, 4], "linear", "linear"), ([100.0, 10.0, 1.0], "log", "log"),
        ([0.0, 1.0, 10.0, 100.0], "irregular", "irregular"), ([1.0, 2.0, 4.0], "log", "log"),
        (np.rint(np.geomspace(10, 1000, 7)), "irregular", "log"), ([1.0, 2.0, 4.0, 7.0], "irregular", "log"),
        (np.rint(np.linspace(3, 90, 8)), "irregular", "linear"), ([1.0, 4.0, 8.0], "irregular", "linear"),
        ([1.0, 2.0, 8.0], "irregular", "irregular"),
    ],
)
def test_the_spacing_of_an_axis(values: Any, real: str, whole: str) -> None:
    """Half a unit is what rounding takes from whole numbers, and nothing else's."""
    assert spacing(np.array(values), whole=False) == real
    assert spacing(np.array(values), whole=True) == whole


@pytest.mark.parametrize(
    ("values", "said"),
    [([0.0, 0.1, 0.2, 0.3], "linear"), (np.geomspace(1e-3, 1, 24), "log"), ([1.0, 2.0, 4.5], "irregular")],
)
def test_the_spacing_of_what_is_not_whole(values: Any, said: str) -> None:
    assert spacing(np.array(values), whole=False) == said


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ("sigma_p=1:4:3:log", "log"), ("sigma_p=0.001:1:2:log", "log"), ("sigma_p=1:4:4", "linear"),
        ("sigma_p=4:1:3:log", "log"), ("sigma_p=0.001:1:2", "linear"), ("sigma_p=1,2,4", "log"),
        ("sigma_p=1,2,3", "linear"), (("sigma_p", [1.0, 4.0]), "linear"), ("n=4:8:3:log", "log"),
        ("n=4:5:10:log", "log"), ("n=4:8:3", "linear"), ("n=4,7,9", "linear"), ("n=4:9:4", "linear"),
        ("sigma_p=0.5", "linear"),
    ],
)
def test_an_axis_is_spaced_as_it_was_asked_for(x: Any, said: str) -> None:
    grid = phase("pegr", {"m": 2, "d": 30}, x=x, steps=1, seeds=1, progress=False)
    assert grid[x[0] if isinstance(x, tuple) else x.partition("=")[0]].attrs["spacing"] == said


def test_progress_goes_to_stderr_in_plain_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PATIENCE", "EVERY"):
        monkeypatch.setattr(f"simulate.work.progress.{name}", 0.0)
    step = Work.step

    def looked_at(work: Work, count: int = 1) -> None:
        step(work, count)
        TELLER.look(1e12)

    monkeypatch.setattr(Work, "step", looked_at)
    small(progress=True)
    shown = capsys.readouterr()
    assert shown.out == "" and "phase: 6 of 6 cells, " in shown.err
    small()  # says that nothing be shown
    assert capsys.readouterr().err == ""


# ---- observables with further axes ------------------------------------------------------------------------

CLASSES: dict[str, Any] = {"K": 3, "n": 9, "m": 3, "d": 30, "eta": 0.3, "Gamma": 20.0, "neurons": "sum"}


def by_class(observable: str, **changes: Any) -> xr.Dataset:
    axes: dict[str, Any] = {"x": ("u_norm", [0.1, 2.0]), "y": ("sigma_0", [0.01, 0.1]), "steps": 10, "seeds": 1}
    return phase("heterogeneous", CLASSES, progress=False, **{**axes, **changes}, observable=observable)


def alone(u_norm: float, sigma_0: float) -> xr.Dataset:
    return run("heterogeneous", {**CLASSES, "u_norm": u_norm, "sigma_0": sigma_0}, steps=10, record=[10])


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("class_error:max", lambda d: d["class_error"].max()),
        ("class_error:min", lambda d: d["class_error"].min()),
        ("class_error:mean", lambda d: d["class_error"].mean()),
        ("class_error[k=1]", lambda d: d["class_error"].sel({"class": 1})),
        ("class_error[class=2]", lambda d: d["class_error"].sel({"class": 2})),
        ("margins:min", lambda d: d["margins"].min()),
        ("rho[k=1]:max", lambda d: d["rho"].sel(k=1).max()),
        ("rho[k=1, r=0, i=4]", lambda d: d["rho"].sel(k=1, r=0, i=4)),
        ("gamma[k=0]:sum", lambda d: d["gamma"].sel(k=0).sum()),
        ("Gamma_kj[k=0, class=1]", lambda d: d["Gamma_kj"].sel({"k": 0, "class": 1})),
        ("balance", lambda d: d["balance"]),
    ],
)
def test_an_observable_with_axes_is_reduced_or_picked_from(text: str, taken: Any) -> None:
    grid = by_class(text, sampling="vectors")
    assert (grid["status"] == "ok").all()
    for u_norm, sigma_0 in ((0.1, 0.1), (2.0, 0.01)):
        of = alone(u_norm, sigma_0)
        found = float(grid[text].sel(u_norm=u_norm, sigma_0=sigma_0, seed=0))
        assert found == float(taken(of.isel(t=-1) if "t" in of.dims else of))


def test_an_entry_has_its_standard_error_and_a_mean_has_none(tmp_path: Path) -> None:
    of = alone(2.0, 0.01).isel(t=-1)
    worst = int(np.argmax(of["class_error"].values))
    for text, entry in (("class_error:max", worst), ("class_error[k=1]", 1)):
        for _ in range(2):  # filled, and read again
            grid = by_class(text, sampling="vectors", store=tmp_path / f"{entry}{len(text)}.zarr")
            cell = grid.sel(u_norm=2.0, sigma_0=0.01, seed=0)
            assert float(cell[f"{text}_se"]) == float(of["class_error_se"][entry])
    assert set(by_class("class_error:mean").data_vars) == {"class_error:mean", "status", "message"}


def test_a_matrix_and_a_head_are_picked_by_their_labels() -> None:
    for text, place in (("stable_rank[matrix=stack]", 2), ("stable_rank[matrix=+1]", 0), ("stable_rank[matrix=-1]", 1)):
        grid = phase("nearly_orthogonal", {"n": 3, "m": 4}, x=("d", [9]), y=("eta", [0.1]), steps=2, seeds=1,
                     observable=text, sampling="vectors", progress=False)
        of = run("nearly_orthogonal", {"n": 3, "m": 4, "d": 9, "eta": 0.1}, steps=2)
        assert float(grid[text].values[0, 0, 0]) == pytest.approx(float(of["stable_rank"][-1, place]), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class_error", "is not one number a run, it has the axes class; reduce it, as in class_error:max"),
        ("class_error:largest", "has the rule 'largest'; expected one of max, min, mean, sum"),
        ("class_error:", "has the rule empty"),
        ("class_eror:max", "did you mean 'class_error'"),
        ("class_error[k=7]", "asks for k=7; expected 0, 1, 2"),
        ("class_error[r=0]", "picks from the axis 'r', but its axes are class"),
        ("class_error[k]", "picks by axis=label"),
        ("class_error[]", "picks by axis=label"),
        ("class_error[k=1]:max", "has the rule 'max' and no axis left"),
        ("loss:max", "has the rule 'max' and no axis left"),
        ("loss[k=0]", "picks from the axis 'k', but it has none"),
        ("rho[k=1]", "it has the axes r, i; reduce it"),
        ("max(class_error)", "is not of the form"),
        ("deactivated", "is not known from a run's last state alone, as it is of all that are recorded, or of fresh"),
        ("few_active", "is not known from a run's last state alone"),  # before: "did you mean 'active_u'?"
    ],
)
def test_a_request_that_is_no_number_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        by_class(text)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_label_that_a_cell_does_not_have_is_that_cell_s_failure() -> None:
    grid = phase("nearly_orthogonal", {"m": 2, "d": 20}, x=("n", [3, 6]), y=("eta", [0.1]), steps=2, seeds=1,
                 observable="margins[i=2]", progress=False)
    assert (grid["status"] == "ok").all()
    grid = phase("nearly_orthogonal", {"m": 2, "d": 20}, x=("n", [6, 3]), y=("eta", [0.1]), steps=2, seeds=1,
                 observable="margins[i=5]", progress=False)
    assert grid["status"].values.ravel().tolist() == ["ok", "failed"] and "asks for i=5" in str(grid["message"].values)


@pytest.mark.parametrize("n", [[3, 4, 8], [8, 4, 3]])
def test_a_label_is_a_cell_s_failure_in_whatever_order_cells_come(n: list[int]) -> None:
    grid = phase("pegr", {"m": 2, "d": 20}, x=("n", n), steps=2, seeds=1, observable="margins[i=3]", progress=False)
    assert dict(zip(n, grid["status"].values.ravel().tolist(), strict=True)) == {3: "failed", 4: "ok", 8: "ok"}
    with pytest.raises(InputError, match="asks for i=8; expected"):
        phase("pegr", {"m": 2, "d": 20}, x=("n", n), steps=2, seeds=1, observable="margins[i=8]", progress=False)


@pytest.mark.parametrize("refused", [[0.1], [0.2], [0.1, 0.2, 0.3]])
def test_a_cell_that_cannot_be_run_is_that_cell_s_failure_whichever_comes_first(
    refused: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none can, what the first one lacks is said at once."""
    whole = cell._run

    def some(measure: cell.Measure, wanted: Any, start: Start, steps: int) -> Found:
        if start.values["lam"] in refused:
            raise InputError(f"lam: {start.values['lam']} is refused here")
        return whole(measure, wanted, start, steps)

    def grid() -> xr.Dataset:
        return phase("pegr", {"m": 2, "d": 20, "n": 4}, x=("lam", [0.1, 0.2, 0.3]), steps=2, seeds=1,
                     observable="margins:min", progress=False)

    monkeypatch.setattr(cell, "_run", some)
    monkeypatch.setattr(cell, "_together", lambda _, cells, seeds, *__: np.zeros((len(cells), len(seeds)), dtype=bool))
    if len(refused) == 3:
        with pytest.raises(InputError, match=r"lam: 0\.1 is refused here"):
            grid()
        return
    status = grid().status.values.ravel()
    assert [said == "failed" for said in status] == [lam in refused for lam in (0.1, 0.2, 0.3)]


@pytest.mark.parametrize("sampling", ["gram", "vectors"])
def test_the_spectrum_of_weights_that_are_all_zero_is_nobody_s_defect(sampling: str) -> None:
    """By inner products alone they have no dimension at all."""
    zero = {"n": 3, "m": 5, "d": 9, "sigma_0": 0.0, "sigma_p": 0.0, "mu_norm": 0.0}
    names = ["frobenius", "spectral", "stable_rank"]
    found = run("nearly_orthogonal", zero, steps=3, sampling=sampling, observables=names)
    assert (found.frobenius.values == 0).all() and (found.spectral.values == 0).all()
    assert np.isnan(found.stable_rank.values).all()


def test_what_is_not_one_number_is_refused_though_the_first_cells_cannot_be_drawn() -> None:
    with pytest.raises(InputError, match="'gamma' is not one number a run"):
        phase("pegr", {"n": 4, "m": 2}, x=("d", [1, 30]), steps=2, seeds=1, observable="gamma", progress=False)


def test_a_cell_that_needs_vectors_leaves_the_draws_of_the_others() -> None:
    """It says so; its neighbours have the bits that they have without it."""
    given: dict[str, Any] = {"x": "eta=0.1,1", "steps": 3, "seeds": 2, "observable": "loss", "progress": False}
    both = phase("nearly_orthogonal", {"d": 30}, y="init=gaussian,uniform", **given)
    one = phase("nearly_orthogonal", {"d": 30, "init": "gaussian"}, **given)
    assert np.array_equal(both["loss"].sel(init="gaussian"), one["loss"]) and (both["status"] == "ok").all()
    assert (both["message"].sel(init="gaussian") == "").all()
    assert all("drawn as vectors" in str(each) for each in both["message"].sel(init="uniform").values.ravel())
    assert both.attrs["drawn"] == "inner products where init = gaussian; vectors where init = uniform"
    assert f"drawn by {both.attrs['drawn']}" in both.attrs["notes"].splitlines() and "drawn" not in one.attrs


def test_what_is_counted_along_a_run_is_its_count_at_its_end() -> None:
    given, until = {"n": 9, "m": 4, "d": 100}, {"loss": 0.6}
    asked: dict[str, Any] = {"steps": 20, "until": until}
    grid = phase("nearly_orthogonal", given, x=("eta", [0.01, 1.0]), seeds=2, observable="last_flip,flips,loss",
                 progress=False, **asked)
    for eta in (0.01, 1.0):
        for seed in (0, 1):
            one = run("nearly_orthogonal", {**given, "eta": eta}, seed=seed, sampling="gram", **asked)
            of = grid.sel(eta=eta, seed=seed)
            assert float(of["flips"]) == float(one["flips"][-1]) and int(of["last_flip"]) == int(one["last_flip"])
    assert (grid["stopped"] >= 0).any() and (grid["stopped"] < 0).any() and (grid["flips"] > 0).any()


def test_observables_in_another_order_are_the_same_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for names in ("test_error,loss", "loss,test_error"):
        small(observable=names, store=tmp_path / "g.zarr", progress=True)
        assert "damaged" not in capsys.readouterr().err


# ---- what gram is refused for, and hitting times ----------------------------------------------------------

TASKS: dict[str, Any] = {"n": 4, "n_train": 2, "m": 2, "d": 30, "M": 3, "J": 1, "test_tasks": 4}


def of_tasks(**changes: Any) -> xr.Dataset:
    axes: dict[str, Any] = {"x": ("n_tasks", [2, 20]), "y": ("eta", [0.1]), "steps": 3, "seeds": 1, "progress": False}
    return phase("fomaml", TASKS, **{**axes, "observable": "loss", **changes})


def test_a_cell_whose_values_gram_is_refused_for_is_drawn_as_vectors_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("simulate.start.draw_tasks.LARGEST", 5000)  # 84^2 at 20 tasks, of vectors 3120
    for _ in range(2):  # filled, and read again
        grid = of_tasks(store=tmp_path / "grid.zarr")
        assert (grid["status"] == "ok").all()
        assert str(grid["message"].sel(n_tasks=2).item()) == ""
        assert grid.attrs["drawn"] == "inner products where n_tasks = 2; vectors where n_tasks = 20"
        said = str(grid["message"].sel(n_tasks=20).item())
        assert said.startswith("drawn as vectors, because of sampling: 'gram' draws the inner products")
    for n_tasks, sampling in ((2, "gram"), (20, "vectors")):
        params = {**TASKS, "n_tasks": n_tasks, "eta": 0.1}
        alone = run("fomaml", params, steps=3, sampling=sampling, record=[3], observables=["loss"])
        assert float(grid["loss"].sel(n_tasks=n_tasks).item()) == float(alone["loss"][-1])
    asked = of_tasks(sampling="gram")
    assert asked["status"].values.ravel().tolist() == ["ok", "failed"]
    with pytest.raises(InputError, match="sampling"):  # another configuration
        of_tasks(sampling="gram", store=tmp_path / "grid.zarr")


def test_where_vectors_are_refused_too_the_cell_fails_with_the_reason_for_gram(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulate.start.draw_tasks.LARGEST", 1000)
    grid = of_tasks()
    assert str(grid["status"].sel(n_tasks=20).item()) == "failed"
    assert "'gram' draws the inner products" in str(grid["message"].sel(n_tasks=20).item())


def test_a_hitting_time_is_the_runs(tmp_path: Path) -> None:
    given: dict[str, Any] = {"n": 10, "m": 10, "d": 400, "eta": 0.2}
    axes: dict[str, Any] = {"x": ("eta", [0.2, 1e-4]), "y": ("sigma_p", [0.5]), "steps": 60, "seeds": 2}
    small_given = {name: value for name, value in given.items() if name != "eta"}
    event = "T_2_noise"
    grid = phase("pegr", small_given, **axes, observable=event, progress=False, store=tmp_path / "grid.zarr")
    assert (grid["status"] == "ok").all() and set(grid.data_vars) == {event, "status", "message"}
    for seed in (0, 1):
        params = {**given, "sigma_p": 0.5}
        alone = run("pegr", params, steps=60, seed=seed, sampling="gram", record=[60])
        assert float(grid[event].sel(eta=0.2, seed=seed).item()) == float(alone[event]) > 0
    assert (grid[event].sel(eta=1e-4) == -1).all()


def test_a_hitting_time_without_a_threshold_is_a_failure() -> None:
    declared = pegr_model()
    events = tuple(replace(event, threshold="log(lam - 1)") for event in declared.events)
    name = events[0].name
    grid = phase(replace(declared, events=events), SMALL, **AXES, steps=2, seeds=1, observable=name, progress=False)
    assert (grid["status"] == "failed").all() and "no threshold" in str(grid["message"].values[0, 0, 0])
