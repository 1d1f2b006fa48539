"""phase: the same numbers as run, cells with a status, a store that survives kill -9, and any number of workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

import simulate.phase as engine
from simulate.errors import InputError
from simulate.phase import phase
from simulate.run import run

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


def test_a_value_that_is_not_finite_is_not_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        engine, "fresh_statistics", lambda *_, **__: {"test_error": [np.nan], "test_error_se": [np.nan]}
    )
    grid = small()
    assert (grid["status"] == "diverged").all() and "test_error is not finite" in str(grid["message"].values[0, 0, 0])


def test_a_cell_that_cannot_be_run_has_failed_with_the_sentence() -> None:
    grid = small(params={"n": 4, "m": 2}, x=("d", [1, 30]))
    assert (grid["status"].sel(d=1) == "failed").all() and (grid["status"].sel(d=30) == "ok").all()
    assert "d: 1 leaves no dimension for 'xi'" in str(grid["message"].values[0, 0, 0])
    assert np.isnan(grid["test_error"].sel(d=1)).all()


def test_a_rerun_fills_the_gaps_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "grid.zarr"
    whole = small(store=store)
    group = zarr.open_group(str(store), mode="r+")
    done, values = group["done"], group["test_error"]
    assert isinstance(done, zarr.Array) and isinstance(values, zarr.Array) and np.asarray(done[:]).all()
    values[0, 0] = values[1, 2] = values[0, 1] = -1.0
    done[0, 0] = done[1, 2] = False
    ran: list[tuple[int, int]] = []
    one = engine._run

    def counting(grid: Any, row: int, column: int) -> Any:
        ran.append((row, column))
        return one(grid, row, column)

    monkeypatch.setattr(engine, "_run", counting)
    again = small(store=store)
    assert sorted(ran) == [(0, 0), (1, 2)]
    assert (again["test_error"].values[0, 1] == -1.0).all()  # done, so taken from the store as it stands
    again["test_error"].values[0, 1] = whole["test_error"].values[0, 1]
    assert bits(again) == bits(whole) and np.asarray(done[:]).all()


def test_an_interrupted_cell_has_data_but_no_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "grid.zarr"
    asked: list[str] = []

    class Stop(BaseException):
        pass

    write = zarr.Array.__setitem__

    def stopping(self: Any, *args: Any) -> None:
        if self.shape == (2, 3, 2) or self.basename == "done":
            asked.append(self.basename)
        if asked[5:]:
            raise Stop
        write(self, *args)

    monkeypatch.setattr(zarr.Array, "__setitem__", stopping)
    with pytest.raises(Stop):
        small(store=store, workers=1)
    monkeypatch.undo()
    assert asked[:5] == ["test_error", "test_error_se", "status", "message", "done"]
    done = zarr.open_group(str(store), mode="r")["done"]
    assert isinstance(done, zarr.Array) and int(np.asarray(done[:]).sum()) == 1
    assert bits(small(store=store)) == bits(small())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": 21}, "steps 20, and this one has 21"),
        ({"seed": 1}, "seeds [0, 1], and this one has [1, 2]"),
        ({"params": {**SMALL, "n": 5}}, "parameters.n 4, and this one has 5"),
        ({"x": ("lam", [0.01, 0.1])}, "x.lam [0.01, 0.1, 1.0], and this one has [0.01, 0.1]"),
        ({"observable": "loss"}, "observable 'test_error', and this one has 'loss'"),
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
import sys
from simulate.phase import phase
phase("pegr", {"n": 4, "m": 2, "d": 30, "lam_until": 10}, x=("lam", [0.01 * k for k in range(1, 9)]),
      y=("sigma_p", [0.2, 0.4, 0.6, 0.8]), steps=int(sys.argv[2]), seeds=1, store=sys.argv[1], workers=2,
      progress=False)
"""


def test_kill_in_the_middle_leaves_a_store_that_is_taken_up(tmp_path: Path) -> None:
    store, steps = tmp_path / "grid.zarr", "100000"
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(store), steps], cwd=Path(__file__).parents[1])
    try:
        deadline = time.monotonic() + 120
        while len(list(store.glob("done/c/*/*"))) < 4 and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    seen = xr.open_zarr(store, consolidated=False)
    finished = int(seen["done"].sum())
    assert 4 <= finished < 32 and seen.attrs["observable"] == "test_error"
    assert np.isfinite(seen["test_error"].values[seen["done"].values]).all()
    axes: dict[str, Any] = {"x": ("lam", [0.01 * k for k in range(1, 9)]), "y": ("sigma_p", [0.2, 0.4, 0.6, 0.8])}
    arguments: dict[str, Any] = {**axes, "steps": int(steps), "seeds": 1, "progress": False}
    params = {"n": 4, "m": 2, "d": 30, "lam_until": 10}
    resumed = phase("pegr", params, **arguments, store=store)
    assert bits(resumed) == bits(phase("pegr", params, **arguments))
    assert bool(xr.open_zarr(store, consolidated=False)["done"].all())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x": ("lamb", [1.0])}, "x: 'lamb' is not a parameter of pegr; did you mean 'lam'?"),
        ({"x": "lam"}, "x: 'lam'; expected a parameter and its values"),
        ({"x": ("lam", [])}, "x: lam has the values []; expected at least one, all different"),
        ({"x": ("lam", [0.1, 0.1])}, "expected at least one, all different"),
        ({"x": ("lam", 0.1)}, "x: lam has the values 0.1; expected at least one"),
        ({"x": ("lam", [-1.0])}, "lam: -1.0; expected a finite number of at least 0"),
        ({"x": ("eta", [0.1, 0.2])}, "eta: 0.2, and also the axis x; leave it out of the parameters"),
        ({"x": ("sigma_p", [1.0])}, "x and y: both sigma_p"),
        ({"observable": "gamma"}, "observable: 'gamma' is not one number a run"),
        ({"observable": "losss"}, "did you mean 'loss'?"),
        ({"sampling": "grams"}, "sampling: 'grams' is not known"),
        ({"seeds": 0}, "seeds: 0; expected a whole number of at least 1"),
        ({"workers": 0}, "workers: 0; expected a whole number of at least 1"),
    ],
)
def test_bad_input_is_one_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        small(**changes)
    assert said in str(caught.value)


def test_axes_may_be_structural_or_choices(tmp_path: Path) -> None:
    axes: dict[str, Any] = {"x": ("regularizer", ["pegr", "fgr", "none"]), "y": ("q", [2, 3])}
    given: dict[str, Any] = {**axes, "params": {**SMALL, "lam": 0.5}}
    grid = small(**given, store=tmp_path / "grid.zarr")
    assert list(grid["regularizer"].values) == ["pegr", "fgr", "none"] and (grid["status"] == "ok").all()
    alone = run("pegr", {**SMALL, "lam": 0.5, "regularizer": "fgr", "q": 3}, steps=20, seed=1, sampling="gram")
    assert float(grid["test_error"].sel(regularizer="fgr", q=3, seed=1)) == float(alone["test_error"][-1])
    assert bits(small(**given, store=tmp_path / "grid.zarr")) == bits(grid)


def test_the_store_opens_in_xarray_with_its_labels(tmp_path: Path) -> None:
    grid = small(store=tmp_path / "grid.zarr")
    seen = xr.open_zarr(tmp_path / "grid.zarr", consolidated=False)
    assert seen["test_error"].dims == ("y", "x", "seed") and seen.attrs["x"] == "lam" and seen.attrs["y"] == "sigma_p"
    assert seen["lam"].dims == ("x",) and np.array_equal(seen["lam"], grid["lam"])
    assert np.array_equal(seen["test_error"], grid["test_error"])
    assert [str(text) for text in seen["status"].values.ravel()] == ["ok"] * 12


def test_progress_goes_to_stderr_in_plain_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulate.progress.EVERY", 0.0)
    small(progress=True)
    shown = capsys.readouterr()
    assert shown.out == "" and "phase: 6 of 6 cells, 0 s left" in shown.err
    small()
    assert capsys.readouterr().err == ""
