"""Random declarations in grids, on lanes as plain Python: each run among others has what it has by itself.

`python -m tests.helpers.wild_grids 300` draws so many and says what became of them; a second number is the seed.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import xarray

from derivations.declare import Model, OfRun, from_plain
from derivations.derive import derive
from derivations.errors import ModelError
from dynamics.kernel import variants
from dynamics.kernel.kernel import Kernel
from simulate.ask import parameters
from simulate.errors import Diverged, InputError
from simulate.observe import fresh, fresh_many
from simulate.phase import cell, grid_cells
from simulate.phase.phase import phase
from simulate.run import problem
from simulate.run.run import run
from simulate.testing import plain_kernel
from tests.helpers.wild import judged

FEW = 256  # fresh examples, one block of groups: plain Python is slow
SEEDS = (0, 1)
ENDS: list[dict[str, float | str]] = [
    {"loss": 0.3}, {"loss": 0.6}, {"loss": 0.69}, {"margins": ">=0.01"}, {"margins:max": ">=0.01"},
    {"margins:mean": ">=0.001"}, {"margins:sum": 0.0, "loss": 0.69}, {"gradient_norm": 0.3}, {"train_error": 0.0},
    {"test_error": 0.4}, {"test_loss": 0.69, "margins:min": ">=-1"},
]
"""What some grids' runs end by: the kernel looks for the loss alone."""


def outcome(plain: Mapping[str, Any]) -> str:
    """What becomes of a declaration: "refused", "left" where no grid is made of it, "alike".

    Raises AssertionError where a run of a grid, or of several seeds, has another number than the run alone.
    """
    try:
        model = from_plain(json.loads(json.dumps(plain)))
    except ModelError:
        return "refused"
    if not isinstance(model, Model):
        return "refused"
    values = parameters.resolve(model).values
    sizes = [values[name] for name in (*model.algorithm.sizes, "m", "d")]
    real = [each.name for each in model.parameters
            if each.kind == "real" and each.name != "d" and isinstance(values[each.name], float)]
    if not (real and all(isinstance(each, int | float) and 1 <= each <= 9 for each in sizes)):
        return "left"
    kernel = plain_kernel(model, derive(model))
    of = random.Random(len(repr(plain)))
    with on_lanes(kernel), patch.object(variants, "ABREAST_FROM", of.choice([1, 99])):
        return _alike(model, of, of.choice(real), values)


def _alike(model: Model, of: random.Random, axis: str, values: Mapping[str, Any]) -> str:
    adapted = "test_error_adapted" if model.algorithm.over_tasks else "test_error"
    names = ["loss", "train_error", "gradient_norm", "margins:mean", "margins:min", adapted]
    names += [event.name for event in model.events] + [o.name for o in model.observables if isinstance(o, OfRun)]
    asked: dict[str, Any] = {"steps": of.choice([0, 1, 3])}
    asked |= {"until": of.choice([*ENDS, {adapted: 0.45}])} if of.random() < 0.5 else {}
    asked |= {"sampling": "vectors"} if of.random() < 0.25 else {}
    params = {"m": of.choice([1, 2, 3]), model.algorithm.sizes[-1]: of.choice([1, 2, 3, 7, 8, 9])}
    params |= {"d": 60} if of.random() < 0.7 else {}  # in few dimensions covariances are singular, and judged alone
    base, observables = float(values[axis]), of.sample(names, min(len(names), 2))
    points = list(dict.fromkeys([base, 0.5 * base, base * of.choice([0.0, 1e-3, 0.9])]))
    try:
        grid = _grid(model, params, (axis, points), observables, asked)
    except (InputError, ModelError):
        return "left"
    with patch.object(cell, "_together", _nobody):
        alone = _grid(model, params, (axis, points), observables, asked)
    assert grid.identical(alone), f"in a grid and alone:\n{_apart(grid, alone)}"
    _seeds(model, params, asked)
    return "alike"


def _grid(
    model: Model, params: Mapping[str, Any], axis: tuple[str, list[float]], observables: list[str],
    asked: Mapping[str, Any],
) -> xarray.Dataset:
    return phase(model, params, x=axis, observable=observables, seeds=len(SEEDS), workers=1, progress=False, **asked)


def _seeds(model: Model, params: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Several seeds of one run against each by itself, where inner products alone can be drawn."""
    told: dict[str, Any] = {**asked, "sampling": "gram", "record": [asked["steps"]]}
    try:
        several = run(model, params, seeds=len(SEEDS), **told)
    except (InputError, Diverged):
        return
    for place, seed in enumerate(SEEDS):
        try:
            one = run(model, params, seed=seed, **told)
        except Diverged as error:
            assert str(several.message.values[place]) == str(error)
            continue
        for name, variable in one.data_vars.items():
            if name not in several:  # another of the seeds lacks it
                continue
            if "t" not in variable.dims or "until" not in asked:  # one that has stopped stays beside one that goes on
                theirs = several[name].values[place].astype(variable.dtype)
                assert np.array_equal(theirs, variable.values, equal_nan=variable.dtype.kind == "f"), (name, seed)


def _nobody(_: object, cells: Any, seeds: Any, *__: object) -> Any:
    """No run goes with another."""
    return np.zeros((len(cells), len(seeds)), dtype=np.bool_)


def _apart(one: xarray.Dataset, other: xarray.Dataset) -> str:
    names = [name for name in one.data_vars if not one[name].identical(other[name])]
    return "\n".join(f"{name}: {one[name].values.tolist()} {other[name].values.tolist()}" for name in names)


@contextmanager
def on_lanes(kernel: Kernel) -> Iterator[None]:
    """Every model has this kernel, which takes states of any size on lanes where it has any, and few fresh examples."""
    taken = replace(kernel, lanes_from=0) if kernel.lanes is not None else kernel
    by_default = fresh.fresh_statistics.__defaults__
    assert by_default is not None and by_default[0] == fresh.DRAWS
    with (
        patch.object(problem, "kernel_for", lambda model: taken),
        patch.object(grid_cells, "kernel_for", lambda model: taken),
        patch.object(fresh.fresh_statistics, "__defaults__", (FEW, *by_default[1:])),
        patch.object(fresh_many, "DRAWS", FEW), patch.object(Kernel, "texts", ""), np.errstate(all="ignore"),
    ):
        yield


def many(count: int, seed: int = 1) -> Counter[str]:
    """What became of so many; AssertionError, at the end, where any was wrong."""
    return judged(count, seed, lambda plain, _: outcome(plain))


if __name__ == "__main__":
    print(dict(many(*[int(each) for each in sys.argv[1:3]])))
