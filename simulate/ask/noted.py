"""What is said of parameters' values: each as a user would type it, and where a default is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derivations.declare import Model, Parameter, Value

from .formulas import of_default
from .values import EXACT


def told(model: Model, values: Mapping[str, Value], notes: Sequence[str]) -> tuple[str, ...]:
    """The notes for a reader: where several defaults have no source but the model, one line for all of them."""
    bare = [each for each in model.parameters if each.name in values and not each.source]
    own = {note(each, values[each.name]): _set(each, values[each.name]) for each in bare}
    together = [own[line] for line in notes if line in own]
    if len(together) < 2:
        return tuple(notes)
    first = next(at for at, line in enumerate(notes) if line in own)
    said = f"{', '.join(together)} (the model's defaults)"
    return (*notes[:first], said, *(line for line in notes[first:] if line not in own))


def _set(parameter: Parameter, value: Value) -> str:
    """A parameter and its value, which a formula gave where that is its default."""
    return f"{parameter.name} = {show(value)}" + (f" = {parameter.default}" if of_default(parameter) else "")


def note(parameter: Parameter, value: Value) -> str:
    """The line that says a default was used, and whose it is."""
    if not parameter.source:
        origin = "the model's default"
    elif parameter.source.startswith("not "):
        origin = parameter.source  # "not stated in the paper; our choice": no publication to name
    else:
        origin = f"published default, {parameter.source}"
    return f"{_set(parameter, value)} ({origin})"


def show(value: Value) -> str:
    """A value as a user would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    return str(value).lower() if value is None else str(value)
