"""What every test shares: one BLAS thread, Hypothesis without deadlines, `cuda` tests only where there is a device.

Libraries that take seconds to load are loaded by the first test that uses them: collecting tests uses none.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # before NumPy and torch are imported

import hypothesis
import pytest

from simulate.work import progress

from .helpers.later import Finder
from .helpers.plainly import kernels_plainly

# A first call compiles a kernel, which no deadline survives; Numba's cache on disk stays on for the next one.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))

progress.PATIENCE = 1e6  # what a test sees on stderr does not depend on how long anything takes

gc.set_threshold(50_000, 20, 100)  # compiling makes many objects that stay: looking through them is 5 in 100 of it

sys.meta_path.insert(0, Finder("torch", "scipy.linalg", "scipy.optimize", "scipy.special", "scipy.stats", "zarr"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a CUDA device where there is none."""
    if item.get_closest_marker("cuda"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")


@pytest.fixture
def plainly() -> Iterator[None]:
    """The test's runs are plain Python (`helpers.plainly`)."""
    with kernels_plainly():
        yield
