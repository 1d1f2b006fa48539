"""How far a formula's value in float64 may be from the exact one: a bound that each operation adds its own part to."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from derivations.declare.formula import PARAMETERS, parse

from .formula import FUNCTIONS, OPERATIONS

Bounded = tuple[float, float]
"""A value, and how far it may be from the exact one."""
ULP = 2.0**-52
_LIBRARY = 4.0  # of these, which a function of the C library may be off by; an operation is off by one half


def bounded(text: str, named: Callable[[str], Bounded]) -> Bounded:
    """A formula's value and its bound, where `named` gives those of a name.

    First order in the errors, as these are: a sum adds those of its terms, a product and a quotient their relative
    ones.  The value has been taken before (`formula.evaluate`), so that it is known to be one; a bound may be infinite.
    """
    return _bounded(parse(text), text, named)


def _bounded(node: ast.expr, text: str, named: Callable[[str], Bounded]) -> Bounded:
    if isinstance(node, ast.Constant):
        value = float(str(node.value))
        return value, 0.0 if value.is_integer() else ULP * abs(value)
    if isinstance(node, ast.Name):
        return named(node.id)
    parts = [_bounded(part, text, named) for part in PARAMETERS.operands(node, text)]
    if isinstance(node, ast.UnaryOp):
        (value, off), = parts
        return (-value if isinstance(node.op, ast.USub) else value), off
    if isinstance(node, ast.BinOp):
        return _of_two(node.op, *parts)
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return _of_function(node.func.id, parts)


def _of_two(operation: ast.operator, left: Bounded, right: Bounded) -> Bounded:
    (x, x_off), (y, y_off) = left, right
    value = OPERATIONS[type(operation)](x, y)
    if isinstance(operation, ast.Add | ast.Sub):
        return value, x_off + y_off + ULP * abs(value)
    if isinstance(operation, ast.Mult):
        return value, abs(y) * x_off + abs(x) * y_off + ULP * abs(value)
    if isinstance(operation, ast.Div):
        return value, (x_off + abs(value) * y_off) / abs(y) + ULP * abs(value)
    steep = 0.0 if x_off == 0 else abs(value * y / x) * x_off if x else abs(y) * x_off
    along = 0.0 if y_off == 0 or not x else abs(value * math.log(abs(x))) * y_off
    return value, steep + along + _LIBRARY * ULP * abs(value)


def _of_function(name: str, parts: list[Bounded]) -> Bounded:
    value, off = float(FUNCTIONS[name](*(part for part, _ in parts))), max(off for _, off in parts)
    if name in ("abs", "max", "min"):
        return value, off
    if name == "sqrt":  # sqrt(x + off) - sqrt(x) is below either
        off = math.sqrt(off) if off >= value**2 else 0.5 * off / value
    else:
        off = off / abs(parts[0][0]) if name == "log" else off * value
    return value, off + _LIBRARY * ULP * abs(value)
