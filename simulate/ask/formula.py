"""The value of a formula of parameters (`derivations.declare.formula`): a finite number or a reason, never NaN."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping

from derivations.declare.formula import PARAMETERS, FormulaError, Vanishes, names, parse, short

FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "log": math.log, "exp": math.exp, "sqrt": math.sqrt, "abs": abs, "max": max, "min": min,
}
OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: math.pow,  # unlike **, never complex
}


def evaluate(text: str, values: Mapping[str, object], *, vanishing: bool = True) -> float:
    """The formula's value, a finite float, for the numbers in `values` (a flag counts as 0 or 1).

    An operation whose result is too small for float64 gives 0, as exp(-1000) does; not so with `vanishing=False`, which
    raises Vanishes there.

    Raises FormulaError for a text outside the grammar, a name that is missing or is no finite number, a division by
    zero, a logarithm or root outside its domain, and a result beyond the floating-point numbers.  Never NaN.
    """
    try:
        return _value(parse(text), text, values, vanishing)
    except RecursionError:
        raise FormulaError(f"{short(text)} is nested too deeply; split it into several formulas") from None


def _value(node: ast.expr, text: str, values: Mapping[str, object], vanishing: bool = True) -> float:
    if isinstance(node, ast.Constant):
        return _as_float(node.value)
    if isinstance(node, ast.Name):
        return _named(node.id, text, values)
    at = [_value(part, text, values, vanishing) for part in PARAMETERS.operands(node, text)]
    try:
        result = _apply(node, at)
    except OverflowError:
        result = math.inf
    except ZeroDivisionError:
        assert isinstance(node, ast.BinOp)
        raise FormulaError(f"{short(text)} divides by zero: {_shown(_zero(node.right, values), values)}") from None
    except ValueError:
        raise FormulaError(f"{short(text)} takes {_outside(node, values)}") from None
    if not math.isfinite(result):
        raise FormulaError(f"{short(text)} leaves the floating-point numbers at {short(ast.unparse(node))}")
    if result == 0 and not vanishing and _rounded_away(node, at):
        what = "is below the smallest number above 0, 5e-324"
        raise Vanishes(f"{short(text)} {what}, at {short(ast.unparse(node))}")
    return result


def _rounded_away(node: ast.expr, at: list[float]) -> bool:
    """Whether an operation's result of 0 is not the exact one."""
    if isinstance(node, ast.BinOp):
        return {ast.Mult: all(at), ast.Div: bool(at[0]), ast.Pow: bool(at[0])}.get(type(node.op), False)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "exp"


def _apply(node: ast.expr, at: list[float]) -> float:
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](*at)
    if isinstance(node, ast.UnaryOp):
        return -at[0] if isinstance(node.op, ast.USub) else at[0]
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return float(FUNCTIONS[node.func.id](*at))


def _named(name: str, text: str, values: Mapping[str, object]) -> float:
    if name not in values:
        raise FormulaError(f"{short(text)} needs {name}, which has no value here")
    value = values[name]
    if isinstance(value, str) or not hasattr(value, "__float__") or not math.isfinite(_as_float(value)):
        raise FormulaError(f"{short(text)} needs a finite number for {name}, which is {value!r}")
    return _as_float(value)


def _as_float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:  # an integer beyond 1.8e308
        return math.inf
    except (TypeError, ValueError):  # an array, say
        return math.nan


def _outside(node: ast.expr, values: Mapping[str, object]) -> str:
    """The part of an operation that is outside its domain, in words."""
    if isinstance(node, ast.BinOp):  # 0 ** -1 and (-1) ** 0.5
        return f"a power that is not a real number: {_shown(node.left, values)} to the {_shown(node.right, values)}"
    assert isinstance(node, ast.Call)
    kind = "the logarithm" if isinstance(node.func, ast.Name) and node.func.id == "log" else "the root"
    return f"{kind} of a number outside its domain: {_shown(node.args[0], values)}"


def _zero(node: ast.expr, values: Mapping[str, object]) -> ast.expr:
    """The factor that makes a product zero."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        node = node.left if _value(node.left, ast.unparse(node), values) == 0 else node.right
    return node


def _shown(node: ast.expr, values: Mapping[str, object]) -> str:
    """A subexpression with its value, such as "log(n) = 0 at n = 1"."""
    text = ast.unparse(node)
    shown = f"{short(text)} = {evaluate(text, values):.6g}"
    return shown if isinstance(node, ast.Name) else f"{shown}{where(text, values)}"


def where(text: str, values: Mapping[str, object]) -> str:
    """The point at which a formula has its value, such as " at n = 1"; "" where no name is in it."""
    used = ", ".join(f"{name} = {_named(name, text, values):.6g}" for name in names(text))
    return f" at {used}" if used else ""
