"""A grid's tables: upward, cut where they are wide, and with a mark at every mean that is not of all of the draws."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gammarho import cli, grids
from simulate.phase.phase import phase
from tests.helpers.spoken import hears


def grid_of(shape: tuple[int, ...], seeds: int = 2, names: tuple[str, ...] = ("loss",)) -> xr.Dataset:
    """Cells that count up, all ok."""
    dims = ("z", "y", "x")[-len(shape) :]
    cells = np.arange(np.prod(shape), dtype=float).reshape(shape)
    values = np.stack([cells + seed for seed in range(seeds)], axis=-1)
    data: dict[str, Any] = {name: ((*dims, "seed"), values) for name in names}
    data |= {name: ((*dims, "seed"), np.full(values.shape, text)) for name, text in (("status", "ok"), ("message", ""))}
    coords: dict[str, Any] = {dim: np.arange(size) for dim, size in zip(dims, shape, strict=True)}
    return xr.Dataset(data, coords={**coords, "seed": np.arange(seeds)})


def test_rows_run_upward() -> None:
    lines = grids.as_text(grid_of((3, 2))).splitlines()
    assert lines[1:] == ["loss (mean over seeds)", "y \\ x          0          1", "2            4.5        5.5",
                         "1            2.5        3.5", "0            0.5        1.5"]
    turned = grid_of((3, 2)).isel(y=[2, 0, 1])
    assert grids.as_text(turned).splitlines() == lines
    named = grid_of((2, 2)).assign_coords(y=["pegr", "none"])
    assert [line.split()[0] for line in grids.as_text(named).splitlines()[3:]] == ["pegr", "none"]  # as given


def test_wide_and_tall_grids_are_not_printed_whole() -> None:
    lines = grids.as_text(grid_of((90, 40)), "; all are in g.zarr").splitlines()
    assert max(map(len, lines)) <= 118
    assert lines[-1] == "10 of 40 columns and 40 of 90 rows are shown; all are in g.zarr"
    head = lines[2].split()[3:]
    assert len(head) == 10 and head[0] == "0" and head[-1] == "39"
    rows = [line.split()[0] for line in lines[3:-1]]
    assert len(rows) == 40 and rows[0] == "89" and rows[-1] == "0"


def test_a_mean_of_some_draws_is_marked_and_counted() -> None:
    data = grid_of((2, 2), seeds=3)
    data["loss"][0, 1, 2] = data["loss"][1, 1, 0] = data["loss"][1, 1, 1] = np.nan
    data["loss"][1, 0] = np.nan
    status = data["status"].astype("U8")
    data["status"] = status.where(data["loss"].notnull(), "diverged")
    data["status"][1, 1, 0] = "failed"
    lines = grids.as_text(data).splitlines()
    assert lines[3].split() == ["1", "-", "5*"] and lines[4].split() == ["0", "1", "1.5*"]
    assert lines[5] == (
        "* in 2 of 4 cells the mean is of some draws only: the others have no number (2 runs diverged, 1 run failed)"
    )
    assert not any("*" in line for line in grids.as_text(grid_of((2, 2))).splitlines())


def test_a_mean_of_hitting_times_is_marked_where_a_draw_does_not_reach_it() -> None:
    """Before, 67, -1 and 55 were 61 without a mark."""
    for shape in ((2, 2), (4,)):
        data = grid_of(shape, seeds=3, names=("T_fit", "loss"))
        data["T_fit"].values.reshape(4, 3)[:] = [[67, -1, 55], [-1, -1, -1], [np.nan, -1, 12], [1, 2, 6]]
        data["loss"].values.reshape(4, 3)[2, 0] = np.nan
        data["status"] = data["status"].astype("U8").where(data["loss"].notnull(), "diverged")
        data["T_fit"].attrs["event"] = "first t with loss <= 0.05"
        text = grids.as_text(data)
        assert {"61*", "-1", "12*", "3"} <= set(text.split()) and text.count("61") == 1
        assert ("* in 2 of 4 cells the mean of T_fit is of some draws only: the others have no number (1 run diverged, "
                "2 runs not reaching it)") in text


def test_several_observables_have_a_table_each_and_a_curve_one() -> None:
    lines = grids.as_text(grid_of((2, 2), names=("loss", "signal"))).splitlines()
    assert [line for line in lines if "mean" in line] == ["loss (mean over seeds)", "signal (mean over seeds)"]
    curve = grids.as_text(grid_of((3,), names=("loss", "signal"))).splitlines()
    assert curve[1] == "mean over seeds" and curve[2].split() == ["x", "loss", "+-", "signal", "+-"]
    assert curve[3].split() == ["0", "0.5", "0.5", "0.5", "0.5"] and len(curve) == 6
    long = grids.as_text(grid_of((100,)), "; all are in g.zarr").splitlines()
    assert len(long) == 44 and long[-1] == "40 of 100 rows are shown; all are in g.zarr"


def test_planes_are_shown_one_by_one() -> None:
    lines = grids.as_text(grid_of((5, 2, 2)), "; all are in g.zarr").splitlines()
    assert [line for line in lines if "at z" in line] == [f"loss (mean over seeds) at z = {at}" for at in (0, 2, 4)]
    assert lines[-1] == "3 of 5 values of z are shown; all are in g.zarr"


def test_draws_that_diverge_are_told_by_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    """In some of these cells some of the draws diverge."""
    axes = {"x": "lam=3:9:5", "y": "sigma_p=0.6:0.8:5"}
    options = [word for name, text in axes.items() for word in (f"--{name}", text)]
    assert cli.main(["phase", "pegr", "eta=0.2", *options, "--steps", "200"]) == 0
    shown = capsys.readouterr().out
    data = phase("pegr", {"eta": 0.2}, x=axes["x"], y=axes["y"], steps=200, progress=False)
    lost = (data["status"] == "diverged").sum("seed").values
    some = int(((lost > 0) & (lost < 3)).sum())
    assert some and f"* in {some} of 25 cells the mean is of some draws only" in shown
    assert sum(line.count("*") for line in shown.splitlines() if line.startswith("0.")) == some


@pytest.mark.parametrize("kept", [True, False])
def test_an_interrupt_tells_the_command_that_goes_on(kept: bool, tmp_path: Path) -> None:
    out = tmp_path / "a grid.zarr"
    words = ["phase", "pegr", "m=2", "--x", "lam=0:1:40", "--hold", "sigma_p*sqrt(d)=9", "--y", "d=20,30", "--steps",
             "6000000", "--seeds", "1", "--workers", "1", *(["--out", str(out)] if kept else [])]
    child = subprocess.Popen([sys.executable, "-m", "gammarho", *words], stderr=subprocess.PIPE, text=True,
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # noqa: PLW1509
    assert child.stderr is not None
    assert hears(child.stderr, "may take about")
    os.kill(child.pid, signal.SIGINT)
    said = child.communicate(timeout=60)[1].splitlines()
    assert child.returncode == 130 and said[-1] == "gammarho: interrupted"
    command = said[-2].partition("goes on: " if kept else "to have it kept: ")[2]
    options = shlex.split(command)
    assert options[:3] == ["gammarho", "phase", "pegr"] and "m=2" in options
    for name, value in {"--x": "lam=0:1:40", "--y": "d=20,30", "--hold": "sigma_p*sqrt(d)=9", "--steps": "6000000",
                        "--seeds": "1", "--out": str(out) if kept else "GRID.zarr"}.items():
        assert options[options.index(name) + 1] == value


def test_flags_are_told_as_words_and_one_seed_has_no_band(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["phase", "pegr", "n=4", "m=2", "d=20", "--steps", "2", "--seeds", "1"]
    assert cli.main([*line, "--x", "project_noise=true,false"]) == 0
    assert {"true", "false"} <= {row.split()[0] for row in capsys.readouterr().out.splitlines() if row}
    data = phase("pegr", x="lam=0.1,0.2", n=4, m=2, d=20, steps=2, seeds=1, progress=False)
    level = float(data["test_error"].mean())
    assert cli.main([*line, "--x", "lam=0.001:100:3:log", "--boundary", f"test_error={level}"]) == 0
    shown = capsys.readouterr().out
    assert "1 seeds" not in shown and ("no bands of one seed" in shown or "is not crossed" in shown)
