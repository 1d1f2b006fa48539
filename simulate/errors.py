"""The errors a user meets: each is one sentence naming the parameter, its value, what was expected and the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 60  # characters of a value that an error repeats


class InputError(ValueError):
    """Bad input: a parameter, its value, what was expected, and the cure, in one sentence."""


class Diverged(RuntimeError):
    """A run that left the finite numbers; `step` is the first whose state or outputs are not finite."""

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


def nearest(word: str, options: Iterable[str]) -> str:
    """The cure for a misspelt name: the closest of `options`, or all of them where none is close."""
    names = list(options)
    lowered = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return f"did you mean {lowered[close[0]]!r}?" if close else f"expected one of {', '.join(names)}"


def quoted(value: object) -> str:
    """A value as an error repeats it: on one line, of bounded length, and "empty" for the empty text."""
    if isinstance(value, str) and not value:
        return "empty"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001 - a foreign object's own code, or an integer beyond Python's digit limit
        what = f"a value of type {type(value).__name__} that cannot be printed"
        text = "an integer too long to print" if isinstance(value, int) else what
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
