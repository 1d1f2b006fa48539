"""Scalars of an example that have a density, and those that a caller brings, one class a kind."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ModelError
from .choices import Name
from .parameter import Value
from .scalars import Number, Scalar, value_of


class OfDensity(Scalar):
    """A scalar with a density, or with no law."""

    @abstractmethod
    def drawn_by(self, rng: Any, size: int, values: Mapping[str, Value]) -> Any:
        """`size` draws of it by a NumPy generator.

        Raises ModelError, in one sentence, where a parameter is out of range, and where it has no law.
        """

    @property
    def lawless(self) -> str:
        """Why it cannot be drawn, in one sentence; "" where it can."""
        return ""


@dataclass(frozen=True, kw_only=True)
class GaussianScalar(OfDensity):
    """N(mean, std^2), such as the strength of a feature; times a fixed direction it is noise along it, a spike."""

    name: Name
    std: Number
    mean: Number = 0.0
    latex: str = ""

    @property
    def numbers(self) -> tuple[tuple[str, float | str], ...]:
        """Deviation and mean."""
        return (("std", self.std), ("mean", self.mean))

    def words(self) -> str:
        """The law."""
        return f"N({self.mean}, ({self.std})^2)"

    def drawn_by(self, rng: Any, size: int, values: Mapping[str, Value]) -> Any:
        """Standard normals, scaled and moved."""
        std = self._from_zero(value_of(self.std, values))
        return value_of(self.mean, values) + std * rng.standard_normal((size,))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.std, str):
            self._from_zero(self.std)

    def _from_zero(self, std: float) -> float:
        if not std >= 0:
            what = self.std if isinstance(self.std, str) else "GaussianScalar.std"
            raise ModelError(f"{what}: {std:g}; expected a standard deviation from 0 (in {self.name!r})")
        return std


@dataclass(frozen=True, kw_only=True)
class UniformScalar(OfDensity):
    """Uniform between two numbers."""

    name: Name
    low: Number
    high: Number
    latex: str = ""

    @property
    def numbers(self) -> tuple[tuple[str, float | str], ...]:
        """The ends."""
        return (("low", self.low), ("high", self.high))

    def words(self) -> str:
        """The law."""
        return f"uniform from {self.low} to {self.high}"

    def drawn_by(self, rng: Any, size: int, values: Mapping[str, Value]) -> Any:
        """Between the ends."""
        return rng.uniform(*self._in_order(value_of(self.low, values), value_of(self.high, values)), (size,))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.low, str) and not isinstance(self.high, str):
            self._in_order(self.low, self.high)

    def _in_order(self, low: float, high: float) -> tuple[float, float]:
        if not low <= high:
            first, last = (each if isinstance(each, str) else f"UniformScalar.{field}"
                           for field, each in self.numbers)
            raise ModelError(f"{first} and {last}: {low:g} is above {high:g}; expected the lower end first "
                             f"(in {self.name!r})")
        return low, high


@dataclass(frozen=True, kw_only=True)
class GivenScalar(OfDensity):
    """A number of each example that the caller brings in initial= under its name; it has no law."""

    of_one_set = True
    name: Name
    latex: str = ""

    def words(self) -> str:
        """As the caller has it."""
        return "as given, in initial="

    @property
    def lawless(self) -> str:
        """It is the caller's."""
        whose = f"{self.name}: each example's is the caller's own, and no law says a fresh one's"
        return f"{whose}; bring it in initial=, and leave the test observables out"

    def drawn_by(self, rng: Any, size: int, values: Mapping[str, Value]) -> Any:
        """It cannot be."""
        raise ModelError(self.lawless)
