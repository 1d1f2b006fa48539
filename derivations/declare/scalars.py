"""Scalars of an example, one class a kind: what a term of a patch takes its direction times, beside the label.

Those that have a few values are here, those with a density or none in `densities`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..errors import ModelError
from .choices import Declared, Name, NumberName
from .parameter import Value

Number = float | NumberName
"""A number, or the name of a parameter that is one."""
Case = tuple[float, float]
"""A value of a scalar and its probability."""


def value_of(number: float | str, values: Mapping[str, Value]) -> float:
    """A declared number at these values of the parameters; NaN where they lack it."""
    return float(values.get(number, math.nan) or 0.0) if isinstance(number, str) else float(number)


class Scalar(Declared, ABC):
    """A scalar of an example, by its name, which is one of its model alone; equal names are equal scalars.

    A scalar that is `drawn` is drawn for every example, of training and fresh, independently of everything else.
    """

    name: str
    latex: str
    drawn: ClassVar[bool] = True
    """Whether it is drawn, so that a caller's own arrays have to bring it."""
    by_label: ClassVar[bool] = False
    """Whether the example's label says it."""
    of_one_set: ClassVar[bool] = False
    """Whether it is of one set of examples, so that it cannot be drawn again for a step."""
    varies: ClassVar[bool] = True
    """Whether examples may differ in it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for what, number in self.numbers:
            if not isinstance(number, str) and not math.isfinite(number):
                raise ModelError(f"{type(self).__name__}.{what}: {number}; expected a finite number (in {self.name!r})")

    @property
    def numbers(self) -> tuple[tuple[str, float | str], ...]:
        """Its declared numbers, with the fields that they stand in."""
        return ()

    def power(self, exponent: int) -> int:
        """The exponent from 0 on of the same power: 1 of a number that is its own square."""
        return exponent

    @property
    def tells_clean(self) -> bool:
        """Whether it goes by labels before flips."""
        return False

    @abstractmethod
    def words(self) -> str:
        """What it is, in words."""



class OfCases(Scalar):
    """A scalar that has a few values."""

    @abstractmethod
    def cases(self, values: Mapping[str, Value], label: float) -> tuple[Case, ...]:
        """Its values and their probabilities for an example of a label.

        Raises ModelError, in one sentence, where a parameter is out of range.
        """


@dataclass(frozen=True, kw_only=True)
class Constant(OfCases):
    """The same number for every example: a number, or the name of a parameter."""

    drawn = False
    varies = False
    name: Name
    value: Number
    latex: str = ""

    @property
    def numbers(self) -> tuple[tuple[str, float | str], ...]:
        """The value."""
        return (("value", self.value),)

    def words(self) -> str:
        """The value."""
        return f"{self.value}"

    def cases(self, values: Mapping[str, Value], label: float) -> tuple[Case, ...]:
        """The value, surely."""
        return ((value_of(self.value, values), 1.0),)


@dataclass(frozen=True, kw_only=True)
class OfLabel(OfCases):
    """A number for each label +-1, before flips with `clean`: plus=1, minus=0 holds a term to the label +1."""

    drawn = False
    by_label = True
    name: Name
    plus: Number
    minus: Number
    clean: bool = True
    latex: str = ""

    @property
    def numbers(self) -> tuple[tuple[str, float | str], ...]:
        """The two."""
        return (("plus", self.plus), ("minus", self.minus))

    @property
    def tells_clean(self) -> bool:
        """As declared."""
        return self.clean

    def power(self, exponent: int) -> int:
        """Indicators are their own squares, and a sign's square is 1."""
        pair = {self.plus, self.minus}
        if pair <= {0, 1}:
            return min(exponent, 1)
        return exponent % 2 if pair <= {-1, 1} else exponent

    def words(self) -> str:
        """By label."""
        label = "clean label" if self.clean else "label"
        return f"{self.plus} where the {label} is +1, {self.minus} where it is -1"

    def cases(self, values: Mapping[str, Value], label: float) -> tuple[Case, ...]:
        """What the label says."""
        return ((value_of(self.plus if label > 0 else self.minus, values), 1.0),)


@dataclass(frozen=True, kw_only=True)
class RandomSign(OfCases):
    """+1 or -1, each with probability 1/2."""

    name: Name
    latex: str = ""

    def power(self, exponent: int) -> int:
        """Its square is 1."""
        return exponent % 2

    def words(self) -> str:
        """A coin."""
        return "+1 or -1, each with probability 1/2"

    def cases(self, values: Mapping[str, Value], label: float) -> tuple[Case, ...]:
        """Both."""
        return ((1.0, 0.5), (-1.0, 0.5))


@dataclass(frozen=True, kw_only=True)
class Bernoulli(OfCases):
    """1 with the probability, else 0: a view that may be missing."""

    name: Name
    probability: Number
    latex: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.probability, str):
            self._within(self.probability)

    def _within(self, probability: float) -> float:
        if not 0 <= probability <= 1:
            what = self.probability if isinstance(self.probability, str) else "Bernoulli.probability"
            raise ModelError(f"{what}: {probability:g}; expected a probability from 0 to 1 (in {self.name!r})")
        return probability

    @property
    def numbers(self) -> tuple[tuple[str, float | str], ...]:
        """The probability."""
        return (("probability", self.probability),)

    def power(self, exponent: int) -> int:
        """It is its own square."""
        return min(exponent, 1)

    def words(self) -> str:
        """With its probability."""
        return f"1 with probability {self.probability}, else 0"

    def cases(self, values: Mapping[str, Value], label: float) -> tuple[Case, ...]:
        """Both."""
        p = self._within(value_of(self.probability, values))
        return ((1.0, p), (0.0, 1.0 - p))
