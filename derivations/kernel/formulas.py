"""A formula and its derivatives as functions of a kernel: sigma, dsigma, ddsigma of z, and loss_0, loss_1, loss_2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy as sp
from sympy.printing.pycode import PythonCodePrinter

from ..calculus.activations import EXPRESSED
from ..calculus.curves import Branch, Curve, curve
from ..calculus.functions import (
    BellSlope,
    ErrorFunction,
    NormalDensity,
    NormalShare,
    Sigmoid,
    SigmoidSlope,
    Softplus,
    Tanh,
)
from ..declare import Expressed, Expression, Model, OfMargin
from .layout import HELPER, INDENT, OPTIONS, Writer, wrapped
from .pieces import HELPERS
from .printer import argument

CALLED = {
    sp.exp: "exponential", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.atan: "atan", Tanh: "tanh",
    Sigmoid: "sigmoid", SigmoidSlope: "sigmoid_slope", Softplus: "softplus", NormalShare: "normal_share",
    NormalDensity: "normal_density", ErrorFunction: "erf", BellSlope: "bell_slope",
}
_MOST_FACTORS = 32
_MARKS = ("", "'", "''")


def written(model: Model) -> list[str]:
    """The text of each function of a model's formulas; none where neither activation nor loss is one."""
    return [function(name, said, of, order) for name, said, of, order in declared(model)]


def declared(model: Model) -> Iterator[tuple[str, str, Expression, int]]:
    """The same functions by name, with notation, formula and order of derivative."""
    kind, loss = model.network.activation.kind, model.objective.loss_kind
    for order, marks in enumerate(_MARKS):
        if isinstance(kind, Expressed):
            yield HELPERS[EXPRESSED[order]], f"sigma{marks}(z)", kind.expression, order
        if isinstance(loss, OfMargin):
            yield f"loss_{order}", f"l{marks}(z)", loss.expression, order


def function(name: str, said: str, expression: Expression, order: int) -> str:
    """One function of z and the formula's parameters: its derivative of an order."""
    return _function(name, said, expression, order, {each: argument(each) for each in expression.constants})


def schedule(role: str, expression: Expression, called: Mapping[str, str]) -> str:
    """What a number of the step is at t: a function of t and of the parameters that `called` writes.

    It has a signature, as it is called from Python too: how much of W(0) is left at a step is a product of its values.
    """
    types = ", ".join(["float64"] * (1 + len(expression.constants)))
    head = f'@njit("float64({types})", {OPTIONS})'
    constants = {each: called[each] for each in expression.constants}
    return _function(f"{role}_at", f"{role}(t)", expression, 0, constants, head)


def _function(
    name: str, said: str, expression: Expression, order: int, constants: Mapping[str, str], head: str = HELPER
) -> str:
    out = Writer()
    out.put(0, head)
    out.call(0, f"def {name}(", [[expression.variable, *constants.values()]], "):")
    of = "" if order == 0 else ", the derivative of" if order == 1 else ", the second derivative of"
    told = f"{said} = {expression.written}." if order == 0 else f"{said}{of} {expression.written}."
    out.put(1, *_docstring(told))
    out.put(0, *_statements(curve(expression, order), FormulaPrinter(constants), 1, expression.variable))
    return out.text()


def _docstring(told: str) -> list[str]:
    lines = wrapped(told)
    return [f'"""{told}"""'] if len(lines) == 1 and len(told) < 100 else [f'"""{lines[0]}', *lines[1:], '"""']


def _statements(of: Curve, printer: FormulaPrinter, depth: int, variable: str) -> Iterator[str]:
    """The upper piece last, so that what is no number goes through it."""
    if isinstance(of, Branch):
        yield f"{INDENT * depth}if {variable} {'<' if of.closed else '<='} {printer.doprint(of.cut)}:"
        yield from _statements(of.below, printer, depth + 1, variable)
        yield from _statements(of.above, printer, depth, variable)
        return
    out = Writer()
    shared, (value,) = sp.cse([of], symbols=sp.numbered_symbols("shared_"))
    for symbol, part in shared:
        out.assign(depth, f"{symbol} =", printer.doprint(part))
    out.assign(depth, "return", printer.doprint(value))
    yield from out.lines


class FormulaPrinter(PythonCodePrinter):
    """Prints a piece over z; whole powers are products."""

    def __init__(self, constants: Mapping[str, str]) -> None:
        super().__init__({"fully_qualified_modules": False, "strict": False})
        self.constants = constants

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return self.constants.get(str(expr), str(expr))

    def _print_Integer(self, expr: sp.Integer) -> str:
        return f"{int(expr)}.0"

    def _print_Rational(self, expr: sp.Rational) -> str:
        return repr(int(expr.p) / int(expr.q))

    def _print_NumberSymbol(self, expr: sp.NumberSymbol) -> str:
        return repr(float(expr))

    def _print_Pow(self, expr: sp.Pow, **_: object) -> str:
        base, power = expr.as_base_exp()
        if power.is_Integer and 2 <= abs(int(power)) <= _MOST_FACTORS:
            product = "(" + "*".join([self.parenthesize(base, 60)] * abs(int(power))) + ")"
            return product if power > 0 else f"1.0/{product}"
        if power == -1:
            return f"1.0/{self.parenthesize(base, 60)}"
        if abs(power) == sp.Rational(1, 2):
            return f"sqrt({self._print(base)})" if power > 0 else f"1.0/sqrt({self._print(base)})"
        return f"{self.parenthesize(base, 60)}**{self.parenthesize(power, 61)}"

    def _print_Function(self, expr: sp.Function) -> str:
        return f"{CALLED[type(expr)]}({', '.join(map(self._print, expr.args))})"

    _print_exp = _print_log = _print_sin = _print_cos = _print_atan = _print_Function
