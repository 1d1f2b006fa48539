"""Kinds of parameters, one class a kind: how a value is read, which values there may be, and what is said of them."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Final

from derivations.declare import Parameter, Value

from ..errors import did_you_mean
from ..values import EXACT
from . import values as values_of
from .noted import show


class Kind(ABC):
    """What a parameter's value may be; what all kinds are asked, none can leave out."""

    example: ClassVar[str] = ""
    """A value as typed, where neither default nor choices give any."""
    lists: ClassVar[bool] = False
    """Whether a value is a list, with commas of its own."""

    @abstractmethod
    def read(self, value: object) -> Value:
        """The value in the kind's type; None for what is none.  Raises FormulaError where float64 does not hold it."""

    @abstractmethod
    def expected(self, parameter: Parameter) -> str:
        """What a value may be, in words."""

    def within(self, parameter: Parameter, value: Value) -> bool:
        """Whether a value that was read is in the parameter's range."""
        return True

    def hint(self, parameter: Parameter, given: object) -> str:
        """The value that was probably meant, as a question; "" where none is near."""
        return ""

    def examples(self, parameter: Parameter) -> tuple[str, ...]:
        """Values as typed."""
        return (self.example,)


class Number(Kind):
    """A finite number in a range."""

    def read(self, value: object) -> Value:
        """Of a number, its text, or a formula of numbers."""
        return values_of.typed(value)

    def within(self, parameter: Parameter, value: Value) -> bool:
        """Between the ends, and whole where it is a dimension and float64 can tell."""
        if not isinstance(value, int | float) or not parameter.spans(value):
            return False
        return not parameter.dimension or value >= EXACT or (value >= 1 and float(value).is_integer())

    def expected(self, parameter: Parameter) -> str:
        """A number, and its range."""
        text = "a whole number" if parameter.whole else "a finite number"
        if parameter.low is not None:
            text += f" {'above' if parameter.open_low else 'of at least'} {show(parameter.low)}"
        if parameter.high is not None:
            text += f"{' and' if parameter.low is not None else ''} of at most {show(parameter.high)}"
        return text


class Count(Number):
    """A whole number in a range, up to 2^53."""

    def read(self, value: object) -> Value:
        """Of a whole number or its text."""
        return values_of.whole(value)


class Flag(Kind):
    """True or false."""

    def read(self, value: object) -> Value:
        """Of a bool, 0 or 1, or one of their words."""
        return values_of.flag(value)

    def expected(self, parameter: Parameter) -> str:
        """One of two."""
        return "true or false"

    def examples(self, parameter: Parameter) -> tuple[str, ...]:
        """Both."""
        return ("true", "false")


class Choice(Kind):
    """One of the declared words."""

    def read(self, value: object) -> Value:
        """Of a text."""
        return values_of.text(value)

    def within(self, parameter: Parameter, value: Value) -> bool:
        """Whether the word is declared."""
        return value in parameter.choices

    def expected(self, parameter: Parameter) -> str:
        """The words."""
        return f"one of {', '.join(parameter.choices)}"

    def hint(self, parameter: Parameter, given: object) -> str:
        """The nearest word."""
        return did_you_mean(given, parameter.choices) if isinstance(given, str) and given else ""

    def examples(self, parameter: Parameter) -> tuple[str, ...]:
        """The first words."""
        return parameter.choices[:2]


class Counts(Kind):
    """Whole numbers of at least 0, held as text: "40,4"."""

    example = "40,4"
    lists = True

    def read(self, value: object) -> Value:
        """Of such a text, one number, or a sequence of them."""
        value = values_of.scalar(value)
        one = isinstance(value, numbers.Real) and not isinstance(value, bool)
        parts = value.split(",") if isinstance(value, str) else [value] if one else values_of.listed(value)
        counts = [values_of.whole(part) for part in parts or ()]
        return ",".join(map(str, counts)) if counts and all(c is not None and c >= 0 for c in counts) else None

    def expected(self, parameter: Parameter) -> str:
        """The form."""
        return f"whole numbers of at least 0, such as {self.example}"


KINDS: Final[Mapping[str, Kind]] = {
    "count": Count(), "real": Number(), "flag": Flag(), "choice": Choice(), "counts": Counts(),
}
"""By the word that a declaration gives."""


def kind_of(parameter: Parameter) -> Kind:
    """The kind of a declared parameter."""
    return KINDS[parameter.kind]
