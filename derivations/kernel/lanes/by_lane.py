"""A formula's functions on lanes: sums, products and what `dynamics.lanes.functions` has eight at a time.

What else a formula calls, such as sin, is the C library's, lane by lane.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy as sp

from ...calculus.curves import Branch, Curve, curve
from ...declare import Expression, Model
from .. import formulas
from ..layout import HELPER, Writer, copied
from ..printer import argument
from ..skeleton import functions
from .blocks import LANES

NATIVE = (
    "exponential", "sigmoid", "sigmoid_slope", "softplus", "tanh", "erf", "normal_share", "normal_density",
    "bell_slope",
)
"""The functions of formulas that have a form on lanes of their own."""


def each_of(name: str) -> str:
    """What the function on lanes of a function of one number is called."""
    return f"{name}_each"


def written(model: Model) -> list[str]:
    """The text of a model's formulas, of what they call, and of each on lanes; none where nothing is a formula."""
    declared = list(formulas.declared(model))
    if not declared:
        return []
    called = [_by_number(name, []) for name in formulas.CALLED.values() if name not in NATIVE]
    return [*copied(functions), *formulas.written(model), *called, *(_on_lanes(*each) for each in declared)]


def turned(name: str) -> str:
    """What a function of numbers is called on lanes where it has to have the bits that it has of numbers."""
    return f"{name}_in_turn"


def in_turn(name: str) -> str:
    """A function of one number on lanes, with the bits that it has of numbers."""
    return _by_number(name, [], turned(name))


def _by_number(name: str, constants: list[str], called: str = "") -> str:
    """A function of numbers on lanes, one after another."""
    out = Writer()
    out.put(0, HELPER)
    out.call(0, f"def {called or each_of(name)}(", [["x", *constants]], "):")
    out.put(1, f'"""`{name}` in every lane."""', "found = x", f"for k in range({LANES}):")
    out.put(2, f"found = in_lane(found, k, {name}({', '.join(['lane(x, k)', *constants])}))")
    out.put(1, "return found", "")
    return out.text()


def _on_lanes(name: str, said: str, expression: Expression, order: int) -> str:
    """A formula on lanes; by numbers where it has a power that is no whole one."""
    constants = {each: argument(each) for each in expression.constants}
    of = curve(expression, order)
    if any(not _whole(power) for piece in _pieces(of) for power in piece.atoms(sp.Pow)):
        return _by_number(name, list(constants.values()))
    out = Writer()
    out.put(0, HELPER)
    out.call(0, f"def {each_of(name)}(", [[expression.variable, *constants.values()]], "):")
    out.put(1, f'"""`{name}` in every lane: {said}."""')
    value = _Values(out, constants, expression.variable).of(of)
    out.assign(1, "return", f"lanes({value})")
    out.put(0, "")
    return out.text()


def _pieces(of: Curve) -> Iterator[sp.Expr]:
    """The expressions of a curve, and where they meet."""
    if isinstance(of, Branch):
        yield sp.sympify(of.cut)
        yield from _pieces(of.below)
        yield from _pieces(of.above)
    else:
        yield of


def _whole(power: sp.Pow) -> bool:
    """Whether a power is a product, a quotient, a root, or e to something."""
    base, exponent = power.as_base_exp()
    return bool(exponent.is_Integer or abs(exponent) == sp.Rational(1, 2) or base == sp.E)


class _Values:
    """Writes the lines of a formula's pieces, and says what the value is called."""

    def __init__(self, out: Writer, constants: Mapping[str, str], variable: str) -> None:
        self.out, self.printer, self.variable = out, LaneFormulaPrinter(constants), variable
        self.shared = sp.numbered_symbols("shared_")

    def of(self, of: Curve) -> str:
        """What is no number goes through the upper piece."""
        if isinstance(of, Branch):
            below, above = self.of(of.below), self.of(of.above)
            test = f"{self.variable} {'<' if of.closed else '<='} {self.printer.doprint(of.cut)}"
            return f"where({test}, {below}, {above})"
        found, (value,) = sp.cse([of], symbols=self.shared)
        for symbol, part in found:
            self.out.assign(1, f"{symbol} =", self.printer.doprint(part))
        return str(self.printer.doprint(value))


class LaneFormulaPrinter(formulas.FormulaPrinter):
    """Prints a piece over lanes; what stays a number, such as a function of a parameter, is put into every lane."""

    def _print_Function(self, expr: sp.Function) -> str:
        return f"{each_of(formulas.CALLED[type(expr)])}({', '.join(f'lanes({self._print(arg)})' for arg in expr.args)})"

    def _print_Pow(self, expr: sp.Pow, **_: object) -> str:
        base, power = expr.as_base_exp()
        if abs(power) == sp.Rational(1, 2):
            return f"{'' if power > 0 else '1.0/'}sqrt_each(lanes({self._print(base)}))"
        return super()._print_Pow(expr)

    _print_exp = _print_log = _print_sin = _print_cos = _print_atan = _print_Function
