"""Parameter values as training reads them, with no code of the reduced engine."""

from __future__ import annotations

from collections.abc import Mapping

from derivations.declare import Value

from ..errors import InputError

Values = Mapping[str, Value]


def number(values: Values, name: str) -> float:
    """The parameter as a float.  Raises InputError where it is absent or not a number."""
    value = values.get(name)
    if isinstance(value, str) or value is None:
        raise InputError(f"{name}: {value!r}; expected a number, which the model reads; give {name}=...")
    return float(value)
