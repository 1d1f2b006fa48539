"""A value read as its parameter's kind, and checked against its range."""

from __future__ import annotations

import functools
import math
from typing import Any

from derivations.declare import Parameter, Value
from derivations.declare.formula import FormulaError, Vanishes

from ..errors import InputError, quoted
from ..values import EXACT
from .kinds import kind_of
from .noted import show


def parse(parameter: Parameter, value: object) -> Value:
    """The value in its kind's type, checked against the parameter's kind and range.

    None (or the text "none") stands for an absent value where the parameter has no default.  A real may be a formula
    of numbers, such as "exp(100)" or "2/400**0.5".

    Raises:
        InputError: with the name, the value, what was expected and an example.
    """
    if parameter.default is None and (value is None or (isinstance(value, str) and value == "none")):
        return None
    kind = kind_of(parameter)
    try:
        parsed = kind.read(value)
    except FormulaError as error:
        vanishes = isinstance(error, Vanishes) and kind.within(parameter, 0.0)
        zero = f"; write {parameter.name}=0 if you mean 0" if vanishes else ""
        raise InputError(f"{parameter.name}: {error}; {advice(parameter, value)}{zero}") from error
    if parsed is None or not kind.within(parameter, parsed):
        raise InputError(f"{parameter.name}: {quoted(value)}; {advice(parameter, value)}")
    return parsed


def advice(parameter: Parameter, value: object) -> str:
    """What is expected of the parameter in place of a value, and how to mend it."""
    return f"expected {kind_of(parameter).expected(parameter)}{_cure(parameter, value)}"


@functools.lru_cache(maxsize=256, typed=True)
def _argument(**told: Any) -> Parameter:
    """An argument as a parameter: it checks itself as it is made, and every call has the same few."""
    return Parameter(**told)


def count(name: str, value: object, low: int = 0, example: int | None = None, high: int | None = None) -> int:
    """A whole number of at least `low` and at most `high`, such as a seed or a number of steps.

    Raises:
        InputError: for anything else.
    """
    shown = low if example is None else example
    parsed = parse(_argument(name=name, latex="", meaning="", kind="count", default=shown, low=low, high=high), value)
    assert isinstance(parsed, int)
    return parsed


def positive(name: str, value: object) -> float:
    """A finite number above 0.

    Raises:
        InputError: for anything else.
    """
    declared = _argument(name=name, latex="", meaning="", kind="real", default=1, low=0, open_low=True)
    parsed = parse(declared, value)
    assert isinstance(parsed, float)
    return parsed


def choice(name: str, value: object, options: tuple[str, ...]) -> str:
    """One of `options`, such as an engine's name.

    Raises:
        InputError: for anything else, with the nearest option.
    """
    declared = _argument(name=name, latex="", meaning="", kind="choice", default=options[0], choices=options)
    parsed = parse(declared, value)
    assert isinstance(parsed, str)
    return parsed


def switch(name: str, value: object) -> bool:
    """True or false.

    Raises:
        InputError: for anything else.
    """
    parsed = parse(_argument(name=name, latex="", meaning="", kind="flag", default=True), value)
    assert isinstance(parsed, bool)
    return parsed


def counts_of(value: Value) -> tuple[int, ...] | None:
    """The numbers of a "counts" value; None of an absent one."""
    return None if value is None else tuple(int(part) for part in str(value).split(","))


def nearest_whole(parameter: Parameter, value: float) -> float:
    """The nearest value that the parameter may have, of one that is to be whole; any other as it is."""
    if parameter.whole and value < EXACT:
        return float(max(round(value), math.ceil(parameter.low or 0)))
    return value


def _cure(parameter: Parameter, value: object) -> str:
    """How to mend it: the nearest choice, or an example that is legal."""
    if hint := kind_of(parameter).hint(parameter, value):
        return f"; {hint}"
    if parameter.default is None:
        return ", or leave it out"
    if parameter.follows:
        return f", or leave it out for {parameter.default}"
    return f", such as {parameter.name}={show(parameter.default)}"
