"""What a sum runs over, one class a kind, as it is written below a sum in text and in LaTeX."""

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

    def text(self, show: Show) -> str:
        """What stands below the sum, as text."""
        return show(self.bound)

    def latex(self, show: Show) -> tuple[str, str]:
        """What stands below the sum and above it, as LaTeX."""
        return show(self.bound), ""


@dataclass(frozen=True)
class FromTo(Range):
    """From a first index to a last; text leaves out the ends, which the index's name tells."""

    first: sp.Expr
    last: sp.Expr

    def latex(self, show: Show) -> tuple[str, str]:
        """The first index below, the last above."""
        return f"{show(self.bound)}={show(self.first)}", show(self.last)


class Spelled(FromTo):
    """From a first index to a last, said in text too, where one index has several ranges."""

    def text(self, show: Show) -> str:
        """As in 1 <= i <= n_1."""
        return f"{show(self.first)} <= {show(self.bound)} <= {show(self.last)}"


class Signs(Range):
    """Over the heads +1 and -1."""

    def latex(self, show: Show) -> tuple[str, str]:
        """The two heads."""
        return rf"{show(self.bound)}\in\{{\pm 1\}}", ""


@dataclass(frozen=True)
class Members(Range):
    """Over a named set of examples."""

    members: Sign

    def text(self, show: Show) -> str:
        """As in i in B_t."""
        return f"{show(self.bound)} in {self.members.text}"

    def latex(self, show: Show) -> tuple[str, str]:
        """The same."""
        return rf"{show(self.bound)}\in {self.members.latex}", ""
