"""Datasets that gr.weights refuses, as data, and the words that the one sentence about each must hold."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

import gammarho as gr
from tests.helpers.bad_calls import arrays


def calls() -> dict[str, tuple[Callable[[], object], tuple[str, ...]]]:
    """Calls of gr.weights on datasets that are not what a run returned, or with another start than the run's."""
    sizes = {"n": 4, "m": 2, "d": 12}
    drawn, seeds = gr.run("pegr", sizes, steps=2), gr.run("pegr", sizes, steps=2, seeds=2)
    own = gr.run("pegr", steps=2, initial=arrays())
    cut = gr.run("pegr", sizes, steps=2, observables=["loss", "gamma"])

    def attrs(**changes: Any) -> xr.Dataset:
        found = drawn.copy()
        found.attrs = {key: value for key, value in {**drawn.attrs, **changes}.items() if value is not None}
        return found

    spoilt = drawn.copy(deep=True)
    spoilt["rho"].values[-1] = np.nan
    grid = gr.phase("pegr", sizes, x=("lam", [0.1]), y=("eta", [0.1]), steps=1, seeds=1, progress=False)
    other = {name: array + 1e-9 * (name == "xi") for name, array in arrays().items()}
    table: dict[str, tuple[Any, Any, Any, tuple[str, ...]]] = {
        "data: a number": (5, None, None, ("data:", "int")),
        "data: attrs alone": (drawn.attrs, None, None, ("data:", "dict")),
        "data: one variable": (drawn["loss"], None, None, ("data:", "DataArray")),
        "data: empty": (xr.Dataset(), None, None, ("data:", "attrs lack")),
        "data: a grid": (grid, None, None, ("data:", "attrs lack")),
        "data: no parameters": (attrs(parameters=None), None, None, ("data:", "'parameters'")),
        "data: one time": (drawn.isel(t=-1), None, None, ("data:", "data.isel(t=[-1])")),
        "data: no time": (drawn.isel(t=[]), None, None, ("data:", "axis t")),
        "data: filters left out": (drawn.isel(r=[0]), None, None, ("data:", "'r'")),
        "data: filters exchanged": (drawn.isel(r=[1, 0]), None, None, ("data:", "order")),
        "data: examples exchanged": (drawn.isel(i=[1, 0, 2, 3]), None, None, ("data:", "order")),
        "data: heads exchanged": (drawn.isel(j=[1, 0]), None, None, ("data:", "order")),
        "data: not finite": (spoilt, None, None, ("data:", "rho", "not finite")),
        "data: seeds": (seeds, None, None, ("seeds:", "data.isel(seed=0)")),
        "data: a seed that is not said": (seeds.isel(seed=1, drop=True), None, None, ("seeds:", "without drop")),
        "data: no coefficients": (cut, None, None, ("observables:", "'rho'")),
        "data: a Gram draw": (gr.run("pegr", sizes, steps=2, sampling="gram"), None, None, ("sampling:", "vectors")),
        "initial: not given": (own, None, None, ("initial:", "pass the same")),
        "initial: not wanted": (drawn, arrays(), None, ("initial:", "leave initial out")),
        "initial: other noise": (own, other, None, ("initial:", "'xi'")),
        "initial: other filters": (own, arrays(W=np.ones((2, 2, 6))), None, ("initial:", "'W'")),
        "initial: a number": (own, 5, None, ("initial: 5",)),
        "setting: a number": (drawn, None, 5, ("setting: 5",)),
        "setting: of one's own": (attrs(setting="mine"), None, None, ("setting:", "'mine'", "'FILE.py:model'")),
        "setting: another": (drawn, None, "nearly_orthogonal", ("nearly_orthogonal",)),
    }
    return {
        name: (functools.partial(gr.weights, data, initial, setting), said)
        for name, (data, initial, setting, said) in table.items()
    }


