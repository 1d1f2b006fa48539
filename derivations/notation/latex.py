"""The LaTeX alphabet: the papers' notation as rows of `align*`, for amsmath and amssymb in a plain article.

The printer marks in what it writes where a line may end: between the terms of a sum and between the factors of a
product (`rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

from .alphabet import Alphabet
from .lines import Change, Entry, Line, Said, Share, Total
from .ranges import Range
from .readings import OneLoop
from .rows import FACTOR, TERM, align
from .signs import NEVER, Applied, Primed, Sign


def braced(symbol: str) -> str:
    r"""A symbol that may carry scripts: in braces where it has some of its own, since x^{(1)}_{j}^{(t)} has two."""
    depth = 0
    for char in symbol:
        depth += (char == "{") - (char == "}")
        if depth == 0 and char in "^_":
            return f"{{{symbol}}}"
    return symbol


class Latex(Alphabet, LatexPrinter):
    """LaTeX, with marks where a line may end; `display` gives whole rows without them."""

    def __init__(self, reading: OneLoop) -> None:
        super().__init__(reading, {"mul_symbol": None, "long_frac_ratio": 2})
        self._settings["mul_symbol_latex"] = f" {FACTOR}"

    def display(self, lines: Sequence[Line | Said]) -> str:
        """An `align*` environment of the lines that LaTeX shows; nothing where it shows none."""
        shown = [row for line in lines for row in self._row(line)]
        return align(shown) if shown else ""

    def _row(self, line: Line | Said) -> list[tuple[str, list[str]]]:
        """The left side and the pieces of the right that begin lines of their own; none where LaTeX leaves it out."""
        if isinstance(line, Said):
            return [] if line.latex is None else [(line.latex[0], [line.latex[1]])]
        if not line.in_latex:
            return []
        terms = self.terms(line)
        right = terms if line.stacked else [f" {TERM}".join(terms)]
        return [(f"{self.show(line.left)} ", [f"{line.relation.latex} {right[0]}", *right[1:]])]

    def sign(self, sign: Sign) -> str:
        """The sign's LaTeX."""
        return sign.latex

    def sub(self, at: Sequence[Any]) -> str:
        r"""j,r."""
        return ",".join(self._print(x) for x in self.reading.place(tuple(at)))

    def entry(self, sign: Sign, at: Sequence[Any], time: Sign) -> str:
        r"""\rho_{j,r,i}^{(t)}; a derivative's primes are part of the superscript, or in braces that a power needs."""
        if not at:
            return sign.latex
        below, dated = f"_{{{self.sub(at)}}}", f"^{{({time.latex})}}" if time.latex else ""
        if not isinstance(sign, Primed):
            return braced(sign.latex) + below + dated
        if dated and self.reading.primes_beside_time:
            primes = r"\prime" * sign.primes
            return f"{sign.letter}{below}^{{{primes}({time.latex})}}"
        return f"{{{sign.latex}{below}}}{dated}"

    def velocity(self, of: Entry) -> str:
        r"""v_{\rho;j,r,i}^{(t)}."""
        return f"v_{{{of.sign.latex};{self.sub(of.at)}}}^{{({of.time.latex})}}"

    def total(self, total: Total) -> str:
        r"""\sum_{i=1}^{n}."""
        below = ",".join(self.below(each) for each in total.ranges)
        above = ",".join(filter(None, (each.above(self.show) for each in total.ranges)))
        return rf"\sum_{{{below}}}" + (f"^{{{above}}}" if above else "")

    def totals(self, ranges: Sequence[Range]) -> str:
        """A sum each, the outer one first."""
        return "".join(self.total(Total((each,))) for each in reversed(ranges))

    def applied(self, function: Applied, args: Sequence[str], over: sp.Expr, power: str) -> str:
        r"""As in \sigma^{2}(z); what it divides by in parentheses where that is a fraction."""
        shown = self.show(over)
        divisor = shown if over.is_Symbol or over.is_Integer else rf"\bigl({shown}\bigr)"
        return function.in_latex(args, divisor, f"^{{{power}}}" if power else "")

    def share(self, share: Share) -> str:
        r"""\sum_{i} j y_i\,\rho_{j,r,i}^{(t)} \frac{\xi_i}{\|\xi_i\|_2^2}."""
        vector = self.vector(*share.vector)
        signs = " ".join(map(self.show, share.signs)) + r"\," * bool(share.signs)
        scaled = rf" \frac{{{vector}}}{{{self.norm(vector)}}}" if share.scaled else rf"\,{vector}"
        total = f"{self.total(share.over)} " if share.over else ""
        return f"{total}{signs}{self.show(share.coefficient)}{scaled}"

    def change(self, change: Change) -> str:
        r"""- common \sum_{i=1}^{n}\Bigl[ coefficient\, factor + ... \Bigr]."""
        sign, common, over = self.collected(change)
        if isinstance(change.body, Entry):
            body = f"{' ' * bool(over)}{self.show(change.body)}"
        else:
            products = self.signed([self._multiplied(*pair) for pair in change.body])
            body = rf"\Bigl[ {f' {TERM}'.join(products)} \Bigr]"
        return f"{sign} {common} {FACTOR}{''.join(over)}{body}"

    def _multiplied(self, coefficient: sp.Expr, factor: sp.Expr) -> str:
        if coefficient == 1:
            return self.show(factor)
        inner = self.show(coefficient)
        inner = rf"\bigl({inner}\bigr)" if coefficient.is_Add else inner
        return rf"{inner}\, {FACTOR}{self.show(factor)}"

    def _print_Add(self, expr: sp.Add, order: str | None = None) -> str:
        first, *rest = self._as_ordered_terms(expr, order=order)
        return f" {TERM}".join([self._summand(first), *(self._joined(term) for term in rest)])

    def _joined(self, term: sp.Expr) -> str:
        negative = term.could_extract_minus_sign()
        return f"{'-' if negative else '+'} {self._summand(-term if negative else term)}"

    def _summand(self, term: sp.Expr) -> str:
        shown = str(self._print(term))
        return rf"\left({shown}\right)" if self._needs_add_brackets(term) else shown

    def _print_Pow(self, expr: sp.Pow) -> str:
        return self.square(expr) or str(super()._print_Pow(expr))

    def _helper_print_standard_power(self, expr: sp.Pow, template: str) -> str:
        if self.reading.entry_time != NEVER and isinstance(expr.base, sp.Indexed):
            return rf"\bigl({self._print(expr.base)}\bigr)^{{{self._print(expr.exp)}}}"
        return str(super()._helper_print_standard_power(expr, template))
