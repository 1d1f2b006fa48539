"""Plain Python is compiled code where its own functions raise; a side of a formula that is not taken is no error."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numba import njit

from derivations.declare import Activation, Model
from derivations.papers.fomaml.model import model as fomaml
from dynamics.kernel import libm
from dynamics.kernel.bilevel import BilevelKernel
from simulate.testing import plain_kernel

POINTS = (-math.inf, -1e300, -2.0, -1.0, -0.0, 0.0, 0.5, 710.0, 1e300, math.inf, math.nan)


@pytest.mark.parametrize("name", ["cos", "exp", "log", "log1p", "sin", "sqrt"])
def test_functions_are_those_of_compiled_code(name: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"from math import {name}\ndef called(x):\n    return {name}(x)\n", scope)
    compiled = njit(error_model="numpy", fastmath=False)(scope["called"])
    raised = 0
    for x in POINTS:
        ours = getattr(libm, name)(x)
        assert np.array_equal(ours, compiled(x), equal_nan=True), (name, x)
        try:
            getattr(math, name)(x)
        except (ValueError, OverflowError):
            raised += 1
    assert raised


@pytest.mark.parametrize("formula", ["where(z > 0, log(1 + z), z)", "where(z > 0, z**1.5, 0)"])
@pytest.mark.parametrize("size", [1.0, 1e250])
def test_a_side_that_is_not_taken_is_no_error(formula: str, size: float) -> None:
    """Fails where Python's own functions and powers stand in plain Python's lanes."""
    one = fomaml(method="train-train")
    written: Model = replace(one, name="sides", network=replace(one.network, activation=Activation(name=formula)))
    kernel = plain_kernel(written)
    assert isinstance(kernel, BilevelKernel) and kernel.lanes_plain is not None
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(written.offsets(6, 2)[""], 12)) / 3
    z, gram, y = size * rng.normal(size=(2, 2, 12)) @ vectors.T, vectors @ vectors.T, rng.choice([-1.0, 1.0], 6)
    values = {"n_tasks": 2, "J": 2, "eta": 0.1, "eta_inner": 0.1, "neurons": "mean", "h": 0.5}
    lanes, loops = (each.run(z, 0 * z, gram, y, values, 2, np.arange(3)) for each in (
        kernel, kernel.looped(kernel.loops)))
    assert (z < 0).any() and lanes.diverged == loops.diverged
    assert np.abs(lanes.z - loops.z).max() <= 1e-13 * np.abs(loops.z).max()
