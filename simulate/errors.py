"""The errors a user meets: each is one sentence naming the parameter, its value, what was expected and the cure."""

from __future__ import annotations

from derivations.choices import nearest, quoted


class InputError(ValueError):
    """Bad input: a parameter, its value, what was expected, and the cure, in one sentence."""


class Diverged(RuntimeError):
    """A run that left the finite numbers; `step` is the first whose state or outputs are not finite."""

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


__all__ = ["Diverged", "InputError", "nearest", "quoted"]
