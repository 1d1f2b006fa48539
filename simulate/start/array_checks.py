"""The caller's arrays one by one: known keys, finite real numbers, axes that agree, labels that the heads have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivations.declare import Model
from dynamics.arrays import Array

from ..ask import arrays as arrays_of
from ..errors import InputError, nearest, quoted


def check_keys(expected: list[str], optional: list[str], initial: Mapping[str, Any]) -> None:
    """Refuses unknown keys, with the nearest, and missing ones.  Raises InputError."""
    listed = ", ".join(expected)
    for key in initial:
        if key not in (*expected, *optional):
            known = dict.fromkeys((*expected, *optional))
            raise InputError(f"initial: unknown key {quoted(key)}; {nearest(key, known)}")
    for key in expected:
        if key not in initial:
            raise InputError(f"initial: {key!r} is missing; expected {listed}; give all of them")


def array_of(name: str, value: Any) -> Array:
    """The caller's array as float64.  Raises InputError where it is not one of finite real numbers."""
    return arrays_of.real(f"initial[{name!r}]", value)


def check_shape(name: str, array: Array, axes: tuple[str, ...], known: dict[str, tuple[int, str]]) -> None:
    """Compares with the lengths known so far and adds this array's; `known` maps an axis to (length, where from)."""
    form = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    shape = f"initial[{name!r}]: shape {array.shape}"
    if array.ndim != len(axes) or 0 in array.shape:
        raise InputError(f"{shape}, which is not {form} with every length above 0; give {name} as {form}")
    for axis, length in zip(axes, array.shape, strict=True):
        expected, origin = known.setdefault(axis, (length, f"{name} has {axis} = {length}"))
        if length != expected:
            # The axis in question as its number, the others by name.
            cure = ", ".join(str(expected) if each == axis else each for each in axes)
            raise InputError(f"{shape}, but {origin}; give {name} as ({cure}{',' if len(axes) == 1 else ''})")


def check_labels(model: Model, name: str, y: Array) -> None:
    """Refuses labels (n,) that the model's heads do not have.  Raises InputError."""
    axis = model.network.head_axis
    wrong = np.flatnonzero(~np.isin(y, axis.labels))
    if len(wrong):
        label = f"initial[{name!r}]: label {y[wrong[0]]:g} at index {wrong[0]}"
        raise InputError(f"{label}; expected {axis.allowed}; recode {name}")
