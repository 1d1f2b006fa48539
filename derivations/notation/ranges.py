"""What a sum runs over, one class a kind, as it is written below a sum and, in LaTeX, above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from .signs import Sign

Show = Callable[[sp.Expr], str]


@dataclass(frozen=True)
class Range:
    """An index alone; where it ends is known."""

    bound: sp.Symbol

    def below(self, show: Show) -> Sign:
        """What stands below the sum; `show` writes an expression."""
        return Sign(show(self.bound), show(self.bound))

    def above(self, show: Show) -> str:
        """What LaTeX has above the sum."""
        return ""


@dataclass(frozen=True)
class FromTo(Range):
    """From a first index to a last; text leaves out the ends, which the index's name tells."""

    first: sp.Expr
    last: sp.Expr

    def below(self, show: Show) -> Sign:
        """i, or i=1."""
        return Sign(show(self.bound), f"{show(self.bound)}={show(self.first)}")

    def above(self, show: Show) -> str:
        """The last index."""
        return show(self.last)


class Spelled(FromTo):
    """From a first index to a last, said in text too, where one index has several ranges."""

    def below(self, show: Show) -> Sign:
        """1 <= i <= n_1, or i=1."""
        return Sign(f"{show(self.first)} <= {show(self.bound)} <= {show(self.last)}", super().below(show).latex)


class Signs(Range):
    """Over the heads +1 and -1."""

    def below(self, show: Show) -> Sign:
        r"""j, or j\in\{\pm 1\}."""
        return Sign(show(self.bound), rf"{show(self.bound)}\in\{{\pm 1\}}")


@dataclass(frozen=True)
class Members(Range):
    """Over a named set of examples."""

    members: Sign

    def below(self, show: Show) -> Sign:
        r"""i in B_t, or i\in \mathcal{B}_t."""
        return Sign(f"{show(self.bound)} in {self.members.text}", rf"{show(self.bound)}\in {self.members.latex}")
