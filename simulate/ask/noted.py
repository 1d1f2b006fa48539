"""What is said of parameters' values: each as a user would type it, and where it is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derivations.declare import Parameter, Value

from ..values import EXACT

OWN = "the model's default"


@dataclass(frozen=True)
class Note:
    """A line for the reader: what is `said`, of which `parameter` ("" for none), and where a default is from.

    `origin` is "" where the value was given, or the line is about something else.
    """

    said: str
    parameter: str = ""
    origin: str = ""

    def __str__(self) -> str:
        """The line."""
        return f"{self.said} ({self.origin})" if self.origin else self.said


def lines(notes: Sequence[Note]) -> tuple[str, ...]:
    """The notes for a reader: where several defaults have no source but the model, one line for all of them."""
    together = [each for each in notes if each.origin == OWN]
    if len(together) < 2:
        return tuple(map(str, notes))
    first = notes.index(together[0])
    whole = Note(", ".join(each.said for each in together), origin=f"{OWN}s")
    return tuple(map(str, (*notes[:first], whole, *(each for each in notes[first:] if each.origin != OWN))))


def of_default_used(parameter: Parameter, value: Value) -> Note:
    """That a default was used, and whose it is."""
    if not parameter.source:
        origin = OWN
    elif parameter.source.startswith("not "):
        origin = parameter.source  # "not stated in the paper; our choice": no publication to name
    else:
        origin = f"published default, {parameter.source}"
    return Note(_set(parameter, value, str(parameter.default) if parameter.follows else ""), parameter.name, origin)


def of_formula(parameter: Parameter, value: Value, text: str) -> Note:
    """That a value was given as a formula of others."""
    return Note(_set(parameter, value, text), parameter.name)


def _set(parameter: Parameter, value: Value, text: str) -> str:
    """A parameter and its value, with the formula that gave it."""
    return f"{parameter.name} = {show(value)}" + (f" = {text}" if text else "")


def show(value: Value) -> str:
    """A value as a user would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    return str(value).lower() if value is None else str(value)
