"""Values at which runs end early: an observable at or below one, or at or above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dynamics.arrays import Array, Flags

from .noted import show

AT_MOST: Literal["<="] = "<="
AT_LEAST: Literal[">="] = ">="


@dataclass(frozen=True)
class Bound:
    """A value, and how every entry of an observable has to stand to it."""

    value: float
    relation: Literal["<=", ">="] = AT_MOST

    def met(self, entries: Array) -> Flags:
        """Whether it holds of each state's entries (T, E)."""
        held: Flags = entries.min(1) >= self.value if self.relation == AT_LEAST else entries.max(1) <= self.value
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


def said(until: Mapping[str, Bound]) -> str:
    """What ends a run, in words."""
    return " and ".join(f"{name} {bound}" for name, bound in until.items())


def at_once(ends: str) -> str:
    """Of runs that end at step 0 by what these words say: why, and what waits for what grows."""
    first = ends.partition(f" {AT_MOST} ")[0]
    waits = f"; {first}>=VALUE waits for what grows" if first != ends else ""
    return f"where {ends} holds already{waits}"
