"""A formula in z as it is written, in plain text and in LaTeX: its pieces with their conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from ..calculus.curves import Branch, Curve
from .signs import Sign

_SIGNS: Mapping[str, Sign] = {
    "Sigmoid": Sign("sigmoid", r"\operatorname{sigmoid}"), "SigmoidSlope": Sign("sigmoid'", r"\operatorname{sigmoid}'"),
    "Tanh": Sign("tanh", r"\tanh"), "Softplus": Sign("softplus", r"\operatorname{softplus}"),
    "NormalShare": Sign("Phi", r"\Phi"), "NormalDensity": Sign("Phi'", r"\Phi'"),
    "ErrorFunction": Sign("erf", r"\operatorname{erf}"), "BellSlope": Sign("erf'", r"\operatorname{erf}'"),
    "atan": Sign("arctan", r"\arctan"),
}


_LONG, _LONGEST = 10, 10**6  # denominators between which a fraction is harder to read than its decimals


class _Text(StrPrinter):
    def _print_Function(self, expr: sp.Function) -> str:
        name = type(expr).__name__
        called = _SIGNS[name].text if name in _SIGNS else name
        return f"{called}({', '.join(map(self._print, expr.args))})"


class _Latex(LatexPrinter):
    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:
        sign = _SIGNS.get(type(expr).__name__)
        if sign is None:
            return str(super()._print_Function(expr, exp))
        (argument,) = map(self._print, expr.args)
        shown = rf"{sign.latex}\left({argument}\right)"
        return shown if exp is None else rf"{{{shown}}}^{{{exp}}}"

    _print_atan = _print_Function


def _decimals(of: sp.Expr) -> sp.Expr:
    """The same with the numbers that are typed as decimals written so: 1.702 and not 851/500; 1/2 and 1/4 stay."""
    shown: dict[sp.Basic, sp.Expr] = {}
    for number in of.atoms(sp.Rational):
        written = format(Decimal(abs(int(number.p))) / int(number.q), "f")
        if _LONG < number.q <= _LONGEST and sp.Rational(written) == abs(number):
            shown[number] = sp.sign(number) * sp.Symbol(written, positive=True)
    return of.xreplace(shown)


def text(of: Curve, variable: str = "z") -> str:
    """In the grammar of formulas, with f' for a derivative of a named function."""
    if not isinstance(of, Branch):
        return str(_Text().doprint(_decimals(of)))
    relation = ">=" if of.closed else ">"
    pieces = f"{text(of.above, variable)}, {text(of.below, variable)}"
    return f"where({variable} {relation} {_Text().doprint(_decimals(of.cut))}, {pieces})"


def latex(of: Curve, names: Mapping[Any, str], variable: str = "z") -> str:
    """The same in LaTeX, pieces by cases; `names` writes parameters."""
    printer = _Latex({"symbol_names": dict(names)})
    if not isinstance(of, Branch):
        return str(printer.doprint(_decimals(of)))
    rows = r" \\ ".join(f"{piece}, & {condition}" for piece, condition in _cases(of, printer, "", variable))
    return rf"\begin{{cases}} {rows} \end{{cases}}"


def _cases(of: Curve, printer: _Latex, given: str, variable: str) -> Iterator[tuple[str, str]]:
    """Pieces with what has not been said of the variable before."""
    if not isinstance(of, Branch):
        yield printer.doprint(_decimals(of)), given or r"\text{otherwise}"
        return
    relation = r"\geq" if of.closed else ">"
    above = f"{variable} {relation} {printer.doprint(_decimals(of.cut))}"
    yield from _cases(of.above, printer, f"{given}, {above}" if given else above, variable)
    yield from _cases(of.below, printer, given, variable)
