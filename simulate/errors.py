"""The errors a user meets: each is one sentence naming the parameter, its value, what was expected and the cure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from derivations.declare.choices import did_you_mean, nearest, nearest_or_new, quoted


class InputError(ValueError):
    """Bad input: a parameter, its value, what was expected, and the cure, in one sentence."""


def _again(kind: type[Exception], args: tuple[object, ...]) -> Exception:
    return kind.__new__(kind, *args)


class Carried(Exception):
    """An error that is made of other words than it says, and comes whole out of a pickle, as from another process."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args), vars(self)


class StatementRefused(Carried, InputError):
    """What is wrong with one statement, whose `id` it is, where the others can be judged."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.id = name


class GramRefused(InputError):
    """Why inner products alone are not drawn at these values, where vectors may be."""


class Diverged(Carried, RuntimeError):
    """A run that left the finite numbers; `step` is the first whose state or outputs are not finite."""

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


class Unwritten(RuntimeError):
    """What could not be written, what is safe all the same, and how to go on, in one sentence."""


@contextmanager
def called(name: str, option: str) -> Iterator[None]:
    """In the block a refusal of the parameter `name` is one of `option`, as which the caller gave it."""
    try:
        yield
    except (InputError, Unwritten) as error:
        said = str(error)
        if said.startswith(f"{name}: "):
            error.args = (f"{option}{said.removeprefix(name)}",)
        raise


__all__ = [
    "Carried", "Diverged", "InputError", "StatementRefused", "Unwritten", "called", "did_you_mean", "nearest",
    "nearest_or_new", "quoted",
]
