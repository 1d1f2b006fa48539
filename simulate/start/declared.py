"""What a draw reads of a declaration at given values: numbers of cells, a family's law, what its noise is off."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Directions, FixedLaw, Law, Model, Value, chosen_law
from dynamics.arrays import Array

from ..ask.columns import Columns
from ..errors import InputError


def numbers(values: Columns, name: str, check: Callable[[Mapping[str, Value], str], float]) -> Array:
    """A parameter of every cell, (R,), each value checked by `number`, `positive` or `whole`.  Raises InputError."""
    if name not in values.apart:
        return np.full(values.count, check(values.alike, name))
    column = values.apart[name]
    for end in (column.min(), column.max()):  # what they check is an interval
        check({name: float(end)}, name)
    return column


def law_of(family: Directions, values: Mapping[str, Value]) -> Law | None:
    """The family's law at these values.  Raises InputError where the choice has no law of that name."""
    try:
        return chosen_law(family, values)
    except ValueError as error:
        raise InputError(str(error)) from error


def entries_of(law: Law, values: Mapping[str, Value]) -> tuple[float, ...]:
    """What the shape of a law's entries takes beside its name.  Raises InputError where that is out of range."""
    try:
        return law.entry_numbers(values)
    except ValueError as error:
        raise InputError(str(error)) from error


def off_indices(model: Model, law: Law, n: int, values: Mapping[str, Value]) -> NDArray[np.intp]:
    """Where on the direction axis the directions are that `law` projects off; empty where its flag is not set.

    Raises:
        InputError: a family projected off is not a fixed one.
    """
    wanted = law.projected_off(values)
    for name in wanted:
        if not isinstance(model.family(name).law, FixedLaw):
            raise InputError(f"off: {name!r} is drawn at random; noise is projected off fixed families only")
    sizes, offsets = model.sizes(n), model.offsets(n)
    spans = [np.arange(offsets[name], offsets[name] + sizes[name]) for name in wanted]
    return np.concatenate(spans) if spans else np.empty(0, dtype=np.intp)
