"""Kept code runs in a process that has not loaded what compiling needs, and compiling loads it then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dynamics.linked import KNOWN
from dynamics.read_back import REDUCTIONS

KERNEL = """
import numpy as np
from dynamics.lazily import njit

@njit("float64[::1](float64, int64)", cache=True)
def run(x, count):
    made = np.zeros(count)
    for at in range(count):
        made[at] = np.exp(x) * at
    return made

@njit("float64(float64[::1])", cache={cached})
def total(x):
    return x.sum()
"""
PROGRAM = """
import sys
from pathlib import Path
from dynamics.kernel.loading import module_of

module = module_of(Path(sys.argv[1]))
made = [module.run(0.0, 3).tolist()]
needed = [each in sys.modules for each in (sys.argv[2], "scipy.linalg")]
for name in sys.argv[3:]:
    made.append(getattr(module, name)(module.run(0.0, 3)))
    needed += [each in sys.modules for each in (sys.argv[2], "scipy.linalg")]
print(repr((made, needed)))
"""


def told(path: Path, *functions: str) -> object:
    """What a process of its own says: the values, and whether what compiling needs, and SciPy, came with each."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), REDUCTIONS, *functions], capture_output=True, text=True, check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return eval(done.stdout)


@pytest.mark.skipif(not KNOWN, reason="another Numba than the one whose insides are known")
@pytest.mark.parametrize("cached", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_kept_code_loads_nothing_that_compiles_until_something_is_compiled(tmp_path: Path, cached: bool) -> None:
    """The kept code allocates: without the functions that count references its process would end at once."""
    path = tmp_path / "k.py"
    path.write_text(KERNEL.format(cached=cached), encoding="utf-8")
    assert told(path) == ([[0.0, 1.0, 2.0]], [True, False])  # compiled
    assert told(path) == ([[0.0, 1.0, 2.0]], [False, False])  # read back
    assert told(path, "total") == ([[0.0, 1.0, 2.0], 3.0], [False, False, True, False])  # the second one is compiled
    assert told(path, "total") == ([[0.0, 1.0, 2.0], 3.0], [False, False, True, False])  # kept, it names them
