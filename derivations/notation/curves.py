"""A formula in z as it is written, in plain text and in LaTeX: its pieces with their conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def text(of: Curve, variable: str = "z") -> str:
    """In the grammar of formulas, with f' for a derivative of a named function."""
    if not isinstance(of, Branch):
        return str(_Text().doprint(of))
    relation = ">=" if of.closed else ">"
    pieces = f"{text(of.above, variable)}, {text(of.below, variable)}"
    return f"where({variable} {relation} {_Text().doprint(of.cut)}, {pieces})"


def latex(of: Curve, names: Mapping[Any, str], variable: str = "z") -> str:
    """The same in LaTeX, pieces by cases; `names` writes parameters."""
    printer = _Latex({"symbol_names": dict(names)})
    if not isinstance(of, Branch):
        return str(printer.doprint(of))
    rows = r" \\ ".join(f"{piece}, & {condition}" for piece, condition in _cases(of, printer, "", variable))
    return rf"\begin{{cases}} {rows} \end{{cases}}"


def _cases(of: Curve, printer: _Latex, given: str, variable: str) -> Iterator[tuple[str, str]]:
    """Pieces with what has not been said of the variable before."""
    if not isinstance(of, Branch):
        yield printer.doprint(of), given or r"\text{otherwise}"
        return
    relation = r"\geq" if of.closed else ">"
    above = f"{variable} {relation} {printer.doprint(of.cut)}"
    yield from _cases(of.above, printer, f"{given}, {above}" if given else above, variable)
    yield from _cases(of.below, printer, given, variable)
