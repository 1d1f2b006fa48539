"""A grid whose process is killed again and again finishes with the bits of one that was left alone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tests.helpers.durable import ROOT, bits, hidden, program

LINE = ["phase", "pegr", "n=20", "m=6", "d=200", "eta=0.05", "--x", "lam=0.001:0.05:48:log", "--y", "sigma_p=0.1:0.6:6",
        "--seeds", "3", "--steps", "20000", "--workers", "1"]
KILLS = 10
IN_SMALL_CHUNKS = """
import sys
from gammarho.cli import main
from simulate.phase import fill

fill._AT_RISK = 0.1
sys.exit(main(sys.argv[1:]))
"""


def written(store: Path) -> dict[str, int]:
    """When each chunk of digests was written last."""
    return {str(path): path.stat().st_mtime_ns for path in store.glob("digest/c/**/*") if path.is_file()}


def killed(store: Path, after: float, waits: bool) -> bool:
    """Kills the program some seconds after its start, or after it has written a chunk; whether it was still at work."""
    before = written(store)
    command = [sys.executable, "-c", IN_SMALL_CHUNKS, *LINE, "--out", str(store)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while waits and process.poll() is None and written(store) == before:
            time.sleep(0.01)
        time.sleep(after)
        running = process.poll() is None
        process.kill()
    return running


@pytest.mark.slow
def test_killed_ten_times_at_random_a_grid_finishes_with_the_same_bits(tmp_path: Path) -> None:
    whole, store, rng = tmp_path / "whole.zarr", tmp_path / "g.zarr", np.random.default_rng(0)
    assert program(*LINE, "--out", str(whole)).returncode == 0
    # Every other time as soon as something of it is safe, and else wherever it then is.
    met = [killed(store, rng.uniform(0.0, 0.1 if at % 2 else 3.0), waits=at % 2 == 1) for at in range(KILLS)]
    assert sum(met) == KILLS and written(store)
    after = program(*LINE, "--out", str(store))
    assert after.returncode == 0 and "damaged" not in (after.stderr or "")
    assert bits(xr.open_zarr(store)) == bits(xr.open_zarr(whole)) and hidden(tmp_path) == []
