"""A model's algorithm put on numbers: its parameters checked, and what it draws at each step."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, Value
from dynamics.chance.stepdraws import StepDraws

from ..errors import InputError
from ..values import real

RANGES = {
    "batch": "a whole number of examples from 1 to n = {n}",
    "momentum": "a number from 0 to below 1",
    "weight_decay": "a number from 0",
    "radius": "a number from 0",
    "clip": "a number from 0",
    "normalised": "a number from 0",
    "label_noise": "a probability from 0 to 1",
}


def decays(model: Model) -> bool:
    """Whether weights decay, so that W(t) = a(t) W(0) + b(t) V with a(t) below 1."""
    return "weight_decay" in model.algorithm.options


def step_draws(model: Model, values: Mapping[str, Value], y: NDArray[np.float64], seed: int) -> StepDraws | None:
    """The batches and labels of each step of a run on the labels y (n,); None for an algorithm that draws nothing.

    Raises InputError where a parameter of the algorithm has no value, or one outside its range.
    """
    if model.algorithm.over_tasks:
        return _of_tasks(model, values, y, seed)
    options = {
        option: _value(option, name, values.get(name), len(y)) for option, name in model.algorithm.options.items()
    }
    if not model.algorithm.drawn:
        return None
    return StepDraws(
        seed=seed, y=y, batch=int(options["batch"]) if "batch" in options else None, noise=options.get("label_noise"),
        signed=model.network.head_axis.signed, classes=model.n_heads,
    )


def _of_tasks(
    model: Model, values: Mapping[str, Value], y: NDArray[np.float64], seed: int
) -> StepDraws | None:
    """Which tasks take part in each step; None where all do.  Raises InputError where as many are not there."""
    loops, tasks = model.bilevel, int(real(values, model.bilevel.tasks))
    if not loops.sampled:
        return None
    sampled = real(values, loops.sampled)
    if not (1 <= sampled <= tasks and sampled.is_integer()):
        raise InputError(f"{loops.sampled}: {sampled:g} of {tasks} tasks that take part in a step; expected a whole "
                         f"number from 1 to {loops.tasks} = {tasks}; give such a {loops.sampled}")
    return StepDraws(seed=seed, y=y, tasks=tasks, sampled=int(sampled))


def _value(option: str, name: str, value: Value, n: int) -> float:
    """The value of the parameter that the model names for an option."""
    expected = RANGES[option].format(n=n)
    if value is None:
        raise InputError(
            f"{name}: no value, and the algorithm takes its {option} from it; expected {expected}; "
            f"declare the parameter in the model and give {name}=..."
        )
    ok = not isinstance(value, str | bool) and math.isfinite(value) and value >= 0
    if ok and not isinstance(value, str):
        top = {"batch": n, "momentum": math.nextafter(1.0, 0.0), "label_noise": 1.0}.get(option, math.inf)
        ok = value <= top and (option != "batch" or (value >= 1 and float(value).is_integer()))
    if not ok or isinstance(value, str):
        raise InputError(f"{name}: {value!r}, the algorithm's {option}; expected {expected}; give such a {name}")
    return float(value)
