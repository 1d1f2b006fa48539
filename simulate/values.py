"""Parameter values as draws, runs and training read them: numbers, in the range that the reader needs, or a sentence.

Values are typed where they are resolved (`simulate.ask.parameters`), once a call; here they are only read.  Those of
many cells at once are `simulate.ask.columns.Columns`; what several stand for together is in `simulate.ask.derived`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from derivations.declare import Model, Value

from .errors import InputError

Values = Mapping[str, Value]
"""Typed parameter values by name."""

EXACT = 2**53  # up to it every whole float64 is exact, and from it on every float64 is whole


def real(values: Values, name: str) -> float:
    """The parameter as a float of either sign.  Raises InputError where it is absent or no number."""
    value = values.get(name)
    if isinstance(value, bool | str) or value is None:
        raise InputError(f"{name}: {value!r}; expected a number; give {name}=...")
    return float(value)


def constant(values: Values, declared: float | str) -> float:
    """A declared number, or the value of the parameter that it names, as `real` reads it.  Raises InputError."""
    return real(values, declared) if isinstance(declared, str) else float(declared)


def number(values: Values, name: str) -> float:
    """A finite number >= 0.  Raises InputError."""
    value = real(values, name)
    if not 0 <= value < math.inf:
        raise InputError(f"{name}: {values[name]}; expected a finite number that is not negative; give such a {name}")
    return value


def positive(values: Values, name: str) -> float:
    """A finite number > 0.  Raises InputError."""
    value = number(values, name)
    if value == 0:
        raise InputError(f"{name}: 0, which makes every vector 0; give a {name} above 0, or the vectors in initial=")
    return value


def whole(values: Values, name: str) -> float:
    """A whole number >= 1, as a float.  Raises InputError."""
    value = number(values, name)
    if value < 1 or (value < EXACT and value != int(value)):
        raise InputError(f"{name}: {value:g}; expected a whole number from 1; give {name}={max(1, round(value))}")
    return value


def closing(model: Model, values: Values) -> int | None:
    """The last step with the penalty, where one closes it: lam_until; None without a penalty or an end of it."""
    return None if values.get("lam_until") is None or not model.objective.penalised else int(real(values, "lam_until"))
