"""What the durability tests share: small runs and grids, the program as a process, and a disk that gets full."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xarray as xr

from simulate.phase.phase import phase
from simulate.run import store as store_of_runs

ROOT = Path(__file__).parents[2]
SMALL: dict[str, Any] = {"n": 3, "m": 2, "d": 20}
LINE = ["run", "pegr", "n=3", "m=2", "d=20", "--observables", "loss,T_2"]


def grid(store: Path | None, **changes: Any) -> xr.Dataset:
    given: dict[str, Any] = {"x": ("lam", [0.0, 0.1]), "y": ("sigma_p", [0.5, 1.0]), "steps": 3, "seeds": 2, **changes}
    return phase("pegr", SMALL, progress=False, store=store, **given)


def write(data: xr.Dataset, path: Path) -> None:
    """A dataset to disk, as the program writes a run."""
    with store_of_runs.writer(path) as keep:
        keep(data)


def bits(data: xr.Dataset) -> list[bytes]:
    found = [data[name].values for name in ("test_error", "test_error_se", "status", "message")]
    return [each.tobytes() if each.dtype.kind == "f" else "\n".join(each.ravel()).encode() for each in found]


def program(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gammarho", *words]
    return subprocess.run(command, cwd=ROOT, text=True, check=False, stderr=subprocess.PIPE, **options)


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def failing(after: int) -> Callable[..., Any]:
    """zarr's write of a file, which finds the disk full after so many."""
    import zarr.storage._local as local

    put, count = local._put, 0

    def refusing(*args: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return put(*args, **options)

    return refusing
