"""The plain alphabet: ASCII in the papers' notation, as in <w_{j,r}, xi_i>, l'_i and ||mu||^2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from .alphabet import Alphabet
from .lines import Change, Entry, Line, Said, Share, Total
from .ranges import Range, Spelled
from .signs import Applied, Sign


class Text(Alphabet, StrPrinter):
    """Plain text."""

    printmethod = "_papertext"  # Indexed would print itself otherwise

    def display(self, lines: Sequence[Line | Said]) -> list[str]:
        """The lines that text shows."""
        said = (self.line(line) if isinstance(line, Line) else line.text for line in lines)
        return [line for line in said if line is not None]

    def said(self, words: str) -> str:
        """Words with symbols among them, such as a title."""
        return words

    def line(self, line: Line) -> str:
        """left = terms."""
        return f"{self.show(line.left)} {line.relation.text} {' '.join(self.terms(line))}"

    def sign(self, sign: Sign) -> str:
        """The sign's text."""
        return sign.text

    def sub(self, at: Sequence[Any]) -> str:
        """i, or {j,r}."""
        inner = ",".join(self._print(x) for x in self.reading.place(tuple(at)))
        return inner if len(inner) == 1 else f"{{{inner}}}"

    def entry(self, sign: Sign, at: Sequence[Any], time: Sign) -> str:
        """rho_{j,r,i}, then the time."""
        return f"{sign.text}_{self.sub(at)}{time.text}" if at else sign.text

    def velocity(self, of: Entry) -> str:
        """v[rho_{j,r,i}]."""
        return f"v[{self.entry(of.sign, of.at, of.time)}]"

    def total(self, total: Total) -> str:
        """sum_{j,r}, or sum_i where it is plain."""
        if total.plain:
            return f"sum_{self.sub([each.bound for each in total.ranges])}"
        apart = ", " if any(isinstance(each, Spelled) for each in total.ranges) else ","
        return f"sum_{{{apart.join(map(self.below, total.ranges))}}}"

    def totals(self, ranges: Sequence[Range]) -> str:
        """One sum over all."""
        return self.total(Total(tuple(ranges)))

    def applied(self, function: Applied, args: Sequence[str], over: sp.Expr, power: str) -> str:
        """As in clip(z/h, 0, 1); what it divides by in parentheses where that is a fraction: z/(1/2), not z/1/2."""
        return function.in_text(args, self.parenthesize(over, PRECEDENCE["Pow"]))

    def share(self, share: Share) -> str:
        """sum_i j y_i rho_{j,r,i} xi_i/||xi_i||^2."""
        vector = self.vector(*share.vector)
        scaled = f"{vector}/{self.norm(vector)}" if share.scaled else vector
        total = [self.total(share.over)] if share.over else []
        return " ".join([*total, *map(self.show, share.signs), self.show(share.coefficient), scaled])

    def change(self, change: Change) -> str:
        """- (common) sum_{i} [ coefficient * factor + ... ]."""
        sign, common, over = self.collected(change)
        if isinstance(change.body, Entry):
            body = self.show(change.body)
        else:
            body = f"[ {' '.join(self.signed([self._multiplied(*pair) for pair in change.body]))} ]"
        return " ".join([sign, f"({common})", *over, body])

    def _multiplied(self, coefficient: sp.Expr, factor: sp.Expr) -> str:
        if coefficient == 1:
            return self.show(factor)
        inner = self.show(coefficient)
        return f"({inner}) * {self.show(factor)}" if coefficient.is_Add else f"{inner} * {self.show(factor)}"

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        return self.square(expr) or str(super()._print_Pow(expr, rational))
