"""Values at which runs end early: an observable at or below one, or at or above it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dynamics.arrays import Array, Flags

from .noted import show

AT_MOST: Literal["<="] = "<="
AT_LEAST: Literal[">="] = ">="


RULES: Mapping[str, Callable[..., Any]] = {"max": np.max, "min": np.min, "mean": np.mean, "sum": np.sum}
"""What becomes of an observable's entries, by the word of "gamma:max"."""
EXTREME = ("", "max", "min")
"""The rules, and the want of one, that the least and the largest entry decide."""
_ALL = {AT_MOST: "max", AT_LEAST: "min"}


@dataclass(frozen=True)
class Bound:
    """A value, and how every entry of an observable has to stand to it, or with a rule what that makes of them.

    `of` is the observable where that is not the name that the bound is under.
    """

    value: float
    relation: Literal["<=", ">="] = AT_MOST
    rule: str = ""
    of: str = ""

    @property
    def of_all(self) -> bool:
        """Whether it is of every entry."""
        return not self.rule or self.rule == _ALL[self.relation]

    def met(self, entries: Array) -> Flags:
        """Whether it holds of each state's entries (..., E)."""
        return self.stands(self.number(entries), self.value)

    def number(self, entries: Array) -> Array:
        """What becomes of each state's entries (..., E), in one order whatever else is beside them."""
        numbers: Array = RULES[self.rule or _ALL[self.relation]](np.ascontiguousarray(entries), axis=-1)
        return numbers

    def stands(self, numbers: Array, values: Array | float) -> Flags:
        """Whether numbers stand to these values as they have to."""
        held: Flags = numbers >= values if self.relation == AT_LEAST else numbers <= values
        return held

    def sooner(self, share: float) -> float:
        """The value moved by so much of its size to where it is met a little earlier."""
        by = share * abs(self.value)
        return self.value - by if self.relation == AT_LEAST else self.value + by

    @property
    def plain(self) -> float | str:
        """As it is typed: a number for "at or below"."""
        return self.value if self.relation == AT_MOST else f"{self.relation}{self.value!r}"

    def __str__(self) -> str:
        return f"{self.relation} {show(self.value)}"


def observables(until: Mapping[str, Bound]) -> list[str]:
    """What the bounds are of, in their order."""
    return [bound.of or name for name, bound in until.items()]


def said(until: Mapping[str, Bound]) -> str:
    """What ends a run, in words."""
    return " and ".join(f"{name} {bound}" for name, bound in until.items())


def at_once(ends: str) -> str:
    """Of runs that end at step 0 by what these words say: why, and what waits for what grows."""
    first = ends.partition(f" {AT_MOST} ")[0]
    waits = f"; {first}>=VALUE waits for what grows" if first != ends else ""
    return f"where {ends} holds already{waits}"
