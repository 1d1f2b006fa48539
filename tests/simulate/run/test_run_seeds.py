"""Several seeds of a run: one that diverges does not lose the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gammarho as gr
from gammarho import cli
from simulate.errors import Diverged
from tests.helpers.durable import SMALL

# ---- seeds of a run ----------------------------------------------------------------------------------------

WILD = ["run", "pegr", "eta=4", "sigma_p=1.5", "lam=0.01", "--steps", "140", "--observables", "loss,gamma,T_2"]


def test_one_diverging_seed_does_not_lose_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x.zarr"
    assert cli.main([*WILD, "--seed", "2", "--seeds", "3", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "1 of 3 seeds diverged; all that is above is of seeds 2, 4:" in shown
    assert "  seed 3: the run diverges: its state is not finite at step 132; lower eta (4)" in shown
    data = xr.open_zarr(out).load()
    assert [str(each) for each in data["status"].values] == ["ok", "diverged", "ok"]
    assert np.isnan(data["loss"].sel(seed=3)).all() and np.isnan(data["T_2"].sel(seed=3))
    given: dict[str, Any] = {"eta": 4, "sigma_p": 1.5, "lam": 0.01}
    for seed in (2, 4):
        alone = gr.run("pegr", given, steps=140, seed=seed, observables=["loss", "gamma", "T_2"])
        for name in ("loss", "gamma", "T_2"):
            assert np.array_equal(alone[name].values, data[name].sel(seed=seed).values), name
    mean = next(line for line in shown.splitlines() if line.startswith("loss (mean)")).split()[-1]
    assert mean == f"{float(data['loss'].sel(seed=[2, 4]).isel(t=-1).mean()):.4g}"


def test_where_every_seed_diverges_the_run_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Diverged):
        gr.run("pegr", {"eta": 4, "sigma_p": 1.5, "lam": 0.01}, steps=140, seed=3, seeds=1)
    assert cli.main([*WILD, "--seed", "3"]) == 2
    assert "not finite at step 132" in capsys.readouterr().err


def test_seeds_that_stay_finite_are_ok_and_their_hitting_times_whole() -> None:
    data = gr.run("pegr", SMALL, steps=5, seeds=2, seed=7)
    assert list(data["status"].values) == ["ok", "ok"] and list(data["message"].values) == ["", ""]
    assert data["T_2"].dtype.kind == "i" and list(data["seed"].values) == [7, 8]
    assert "status" not in gr.run("pegr", SMALL, steps=5)
