"""How a kernel's text reads, sums and writes eight numbers at a time: of eight examples of a run, or of eight runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from .blocks import LANES


class Places(Protocol):
    """What differs; `at` is a place in a run's flat array, and `i` runs over examples."""

    @property
    def sizes(self) -> tuple[str, ...]:
        """The lines that a gradient begins with."""

    @property
    def each(self) -> str:
        """The loop over examples."""

    @property
    def none(self) -> str:
        """Where a sum begins that is the same for all examples."""

    @property
    def fused(self) -> str:
        """What adds a product to such a sum."""

    def read(self, array: str, at: str) -> str:
        """What an array holds of the examples from i on, at a place that goes by i."""

    def one(self, array: str, at: str) -> str:
        """An entry that all examples have in common."""

    def kept(self, array: str, at: str, value: str) -> str:
        """The line that writes what `read` reads."""

    def put(self, array: str, at: str, value: str) -> str:
        """The line that writes what `one` reads."""

    def begun(self, name: str) -> str:
        """The line that begins a sum over examples."""

    def more(self, name: str, value: str) -> tuple[str, str]:
        """The line by which the examples from i on add a value to it, as a target and what is assigned."""

    def total(self, name: str) -> str:
        """The sum over examples."""

    def weighed(self, value: str) -> str:
        """A weight of examples, of which there may be none."""


@dataclass(frozen=True)
class OfExamples:
    """Eight examples of one run; past the last one stands what enters no sum."""

    sizes: tuple[str, ...] = ("length = y.size",)
    each: str = f"for i in range(0, length, {LANES}):"
    none: str = "0.0"
    fused: str = "fused_one"

    def read(self, array: str, at: str) -> str:
        """As `Places` says."""
        return f"load({array}, {at})"

    def one(self, array: str, at: str) -> str:
        """As `Places` says."""
        return f"entry({array}, {at})"

    def kept(self, array: str, at: str, value: str) -> str:
        """As `Places` says."""
        return f"store({array}, {at}, {value})"

    def put(self, array: str, at: str, value: str) -> str:
        """As `Places` says."""
        return f"{array}[{at}] = {value}"

    def begun(self, name: str) -> str:
        """As `Places` says."""
        return f"{name} = lanes(0.0)"

    def more(self, name: str, value: str) -> tuple[str, str]:
        """As `Places` says."""
        return f"{name} =", f"{name} + {value}"

    def total(self, name: str) -> str:
        """As `Places` says."""
        return f"total({name})"

    def weighed(self, value: str) -> str:
        """No weight past the last example: what stands there enters no sum."""
        return f"where(load(live, i) > 0.0, {value}, 0.0)"


@dataclass(frozen=True)
class OfRuns:
    """One example of eight runs, a lane each: entry q of a run's array is the eight from 8 q on.

    A sum over examples is that of eight partial ones, in `total`'s order, so that it has the bits that a run's has
    alone; `sums` are the places in `slots` of each.
    """

    sizes: tuple[str, ...] = ()
    each: str = "for i in range(examples):"
    none: str = "lanes(0.0)"
    fused: str = "fused"
    sums: dict[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Numbers in `slots`."""
        return LANES**2 * len(self.sums)

    def read(self, array: str, at: str) -> str:
        """As `Places` says."""
        return f"load({array}, {LANES} * ({at}))"

    one = read

    def kept(self, array: str, at: str, value: str) -> str:
        """As `Places` says."""
        return f"store({array}, {LANES} * ({at}), {value})"

    put = kept

    def begun(self, name: str) -> str:
        """As `Places` says."""
        return f"empty(slots, {self.sums.setdefault(name, self.size)})"

    def more(self, name: str, value: str) -> tuple[str, str]:
        """As `Places` says."""
        return f"gather(slots, {self.sums[name]}, i,", f"{value})"

    def total(self, name: str) -> str:
        """As `Places` says."""
        return f"gathered(slots, {self.sums[name]})"

    def weighed(self, value: str) -> str:
        """As `Places` says: every example is there."""
        return value


__all__ = ["OfExamples", "OfRuns", "Places"]
