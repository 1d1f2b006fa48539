"""The numbers of a step that change with it, at the steps of a run: their values, and that these are in range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivations.declare import Model, roles
from dynamics.arrays import Array, Steps

from ..errors import InputError
from .losses import Arrays


def at_steps(model: Model, values: Mapping[str, Any], name: str, t: Steps) -> Array:
    """The parameter's value in each of the steps t (T,), by the model's schedule for it where there is one."""
    for schedule in model.algorithm.schedules:
        if schedule.of == name:
            known = {of: np.asarray(float(values[of])) for of in schedule.expression.constants}
            with np.errstate(all="ignore"):
                numbers = Arrays().evaluate(schedule.expression, t.astype(np.float64), known)
            return np.array(np.broadcast_to(numbers, t.shape))
    return np.full(t.shape, float(values[name]))


def check(model: Model, values: Mapping[str, Any], steps: int) -> None:
    """Raises InputError where a number of one of the steps t = 0, ..., `steps` - 1 is not finite or out of range."""
    called = roles(model)
    for schedule in model.algorithm.schedules:
        for name in schedule.expression.constants:
            if values.get(name) is None:
                raise InputError(f"{name}: no value, and the schedule {schedule.formula!r} reads it; give {name}=...")
        numbers = at_steps(model, values, schedule.of, np.arange(steps))
        momentum = called[schedule.of] == "momentum"
        wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0) & ((numbers < 1) | (not momentum))))
        if len(wrong):
            expected = "a number from 0 to below 1" if momentum else "a finite number from 0"
            named = ", ".join(f"{name} = {float(values[name]):g}" for name in schedule.expression.constants)
            raise InputError(
                f"{schedule.of}: its schedule {schedule.formula!r} gives {numbers[wrong[0]]:g} at t = {wrong[0]} for "
                f"{named}; expected {expected} at every step; give other values, or fewer steps"
            )
