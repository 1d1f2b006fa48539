"""The same bits whatever the number of library threads, and of pieces that a kernel's time loop is cut into."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from dynamics.blas import one_blas_thread, scipy_linalg
from dynamics.kernel import chunks
from simulate.ask import parameters, settings
from simulate.run.algorithm import step_draws
from simulate.run.kernels import kernel_for
from simulate.start.draw import draw

DIGESTS = """
import hashlib
import gammarho as gr

def digest(data):
    found = hashlib.sha256()
    for name in sorted(data.data_vars):
        found.update(name.encode() + data[name].values.tobytes())
    return found.hexdigest()[:16]

large = {"n": 150, "m": 4, "d": 400}
classes = {**large, "K": 3, "init": "gaussian", "noise": "gaussian"}
for setting, given in (("heterogeneous", classes), ("pegr", {**large, "sigma_p": 0.5})):
    for sampling in ("vectors", "gram"):
        data = gr.run(setting, given, steps=6, sampling=sampling)
        print(setting, sampling, digest(data))
    print(setting, "W", hashlib.sha256(gr.weights(gr.run(setting, given, steps=2)).tobytes()).hexdigest()[:16])
tasks = {"n_tasks": 8, "n": 20, "n_train": 8, "m": 4, "d": 120, "test_tasks": 20}
print("fomaml", digest(gr.run("fomaml", tasks, preset="mechanism", steps=3)))
grid = gr.phase("heterogeneous", {**large, "K": 3}, x=("eta", [0.1, 0.2]), y=("sigma_0", [0.01, 0.02]), steps=3,
                seeds=1, sampling="vectors", observable="test_loss", progress=False)
print("phase", digest(grid[["test_loss", "test_loss_se"]]))
"""


def digests(**threads: str) -> str:
    """What a fresh process prints with these library threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run([sys.executable, "-c", DIGESTS], env={**kept, **threads}, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_same_bits_whatever_the_library_threads() -> None:
    """At n = 150, where products are shared between threads if they may be: draws, runs, weights and grids."""
    alone = digests(OMP_NUM_THREADS="1")
    assert len(alone.splitlines()) == 8
    assert digests(OMP_NUM_THREADS="4") == alone
    assert digests(OPENBLAS_NUM_THREADS="3") == alone


def blas_threads() -> set[int]:
    """The threads that each BLAS in this process may use."""
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_the_limit_counts_who_is_inside() -> None:
    """Threads that come and go in any order: the limit holds while any is inside, and is then what it was."""
    scipy_linalg()  # loaded before its threads are counted
    before, ready, leave = blas_threads(), threading.Barrier(2), threading.Event()

    def early() -> None:
        with one_blas_thread():
            ready.wait()

    def late() -> set[int]:
        with one_blas_thread():
            ready.wait()
            leave.wait()
            return blas_threads()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(early), pool.submit(late)
        first.result()
        leave.set()
        assert second.result() == {1}
    assert blas_threads() == before


def test_a_library_that_comes_later_has_one_thread_too() -> None:
    """SciPy's BLAS is loaded inside, by who needs it, and is what it was once everybody has left."""
    code = """
import sys
from threadpoolctl import threadpool_info
from dynamics.blas import one_blas_thread, scipy_linalg

def threads():
    return sorted(each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas")

import numpy
before = threads()
with one_blas_thread():
    assert "scipy.linalg" not in sys.modules
    scipy_linalg()
    assert threads() == [1, 1]
assert threads() == 2 * before
"""
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "OPENBLAS_NUM_THREADS": "2"}, check=True)


CASES: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("pegr", {"n": 5, "m": 2, "d": 30, "lam": 0.05, "lam_until": 11, "regularizer": "pegr"}),
    ("pegr", {"n": 100, "m": 2, "d": 30, "lam": 0.05, "lam_until": 11, "regularizer": "fgr"}),
    ("heterogeneous", {"K": 3, "n": 6, "m": 2, "d": 30}),
    ("nearly_orthogonal", {"n": 6, "m": 2, "d": 30}),
    ("fomaml", {"n_tasks": 3, "n": 4, "n_train": 2, "m": 2, "d": 30, "M": 3, "eta_inner": 0.5}),
)


@pytest.mark.parametrize(("setting", "given"), CASES)
def test_no_bit_depends_on_where_a_run_is_cut(
    monkeypatch: pytest.MonkeyPatch, setting: str, given: Mapping[str, object]
) -> None:
    """States at recorded steps and the diverging step, in one piece, step by step, and in pieces of seven."""
    found = settings.resolve(setting)
    resolved = parameters.resolve(found.factory, given)
    drawn = draw(resolved.model, resolved.values, 3)
    kernel = kernel_for(resolved.model).bind(drawn.clean).through(drawn.vectors)
    draws = step_draws(resolved.model, resolved.values, drawn.y, 3)
    recorded = np.array([0, 1, 7, 8, 11, 12, 14, 29, 30])

    def run(first: int, growth: int, **changed: object) -> tuple[list[np.ndarray[Any, Any]], list[int]]:
        monkeypatch.setattr(chunks, "FIRST", first)
        monkeypatch.setattr(chunks, "BEGIN", 0.0)
        monkeypatch.setattr(chunks, "GROWTH", growth)
        monkeypatch.setattr(chunks, "SECONDS", 1e9)
        pieces: list[int] = []
        path = kernel.run(drawn.z, np.zeros_like(drawn.z), drawn.gram, drawn.y, {**resolved.values, **changed}, 30,
                          recorded, draws=draws, after=pieces.append)
        return [path.t, path.z, path.b, np.array([path.diverged])], pieces

    for changed in ({}, {"eta": 1e300}):
        whole, pieces = run(30, 1, **changed)
        assert pieces == [30] and (whole[3][0] >= 0) == (bool(changed) and setting == "pegr")
        for first, expected in ((1, 30), (7, 5)):
            cut, pieces = run(first, 1, **changed)
            assert whole[3][0] >= 0 or len(pieces) == expected
            assert all(np.array_equal(one, other) for one, other in zip(whole, cut, strict=True))
