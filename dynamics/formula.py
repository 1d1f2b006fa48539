"""Arithmetic formulas of parameters, such as "1/(sqrt(2*log(8*m/delta))*log(n))", evaluated without surprises.

Events, distances, conditions and prescriptions are declared with such texts.  Numbers, names, + - * / **, parentheses
and log, exp, sqrt, abs, max, min are all there is; a text is parsed by Python and walked, never executed.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from .errors import RangeError

FUNCTIONS: dict[str, Callable[..., float]] = {
    "log": math.log, "exp": math.exp, "sqrt": math.sqrt, "abs": abs, "max": max, "min": min,
}
_VARIADIC = ("max", "min")
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: math.pow,  # unlike **, never complex
}


LITERAL = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")  # Python's own are wider: 0x10, 1_000, 1j


class FormulaError(RangeError):
    """A formula that cannot be read or has no value here; one sentence with the formula and the culprit."""


class Vanishes(FormulaError):
    """A number that is not 0 as it is written, and 0 in float64."""


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
        raise FormulaError(f"{_short(text)} is nested too deeply; split it into several formulas") from None


@lru_cache(maxsize=1024)
def names(text: str) -> tuple[str, ...]:
    """The parameters a formula uses, in order of appearance.  Raises FormulaError for a text outside the grammar."""
    functions = {id(node.func) for node in ast.walk(parse(text)) if isinstance(node, ast.Call)}
    found = [node for node in ast.walk(parse(text)) if isinstance(node, ast.Name) and id(node) not in functions]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(node.id for node in found))


@lru_cache(maxsize=1024)
def parse(text: str) -> ast.expr:
    """The syntax tree of a formula, checked against the grammar.  Raises FormulaError otherwise."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        _check(tree, text)
    except (SyntaxError, MemoryError, RecursionError, ValueError) as error:
        if isinstance(error, FormulaError):
            raise
        raise FormulaError(f"{_short(text)} is not a formula; write numbers, names, + - * / ** and calls") from None
    return tree


def _check(node: ast.expr, text: str) -> None:
    if isinstance(node, ast.Constant):
        # NOTE: `type`, because True and False are ints to isinstance.
        if type(node.value) not in (int, float) or not math.isfinite(_as_float(node.value)):
            raise FormulaError(f"{_short(text)} holds {node.value!r}, which is not a finite number")
        _check_literal(ast.get_source_segment(text.strip(), node) or "", node.value, text)
        return
    if isinstance(node, ast.Name):
        if node.id in FUNCTIONS:
            raise FormulaError(f"{_short(text)} uses {node.id} without an argument; write {node.id}(...)")
        return
    for part in _operands(node, text):
        _check(part, text)


def _check_literal(written: str, value: object, text: str) -> None:
    """Refuses numbers that are written otherwise than in decimals, and those that are not 0 and read as 0."""
    if not LITERAL.fullmatch(written):
        raise FormulaError(f"{_short(text)} holds {_short(written)}; write numbers in decimals, such as 1e-3")
    if value == 0 and re.search("[1-9]", re.split("[eE]", written)[0]):
        raise Vanishes(f"{_short(text)} holds {_short(written)}, which is below the smallest number above 0, 5e-324")


def _operands(node: ast.expr, text: str) -> list[ast.expr]:
    """The operands of an operation of the grammar."""
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return [node.left, node.right]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
        raise FormulaError(f"{_short(text)} uses ^; write ** for a power")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
        return [node.operand]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        function = node.func.id
        if function not in FUNCTIONS:
            raise FormulaError(f"{_short(text)} calls {function}; the functions are {', '.join(FUNCTIONS)}")
        if len(node.args) != 1 and not (function in _VARIADIC and node.args):
            wanted = "at least one argument" if function in _VARIADIC else "one argument"
            raise FormulaError(f"{_short(text)} gives {function} {len(node.args)} arguments; it takes {wanted}")
        return node.args
    raise FormulaError(f"{_short(text)} holds {_short(ast.unparse(node))}, which is not arithmetic of parameters")


def _value(node: ast.expr, text: str, values: Mapping[str, object], vanishing: bool = True) -> float:
    if isinstance(node, ast.Constant):
        return _as_float(node.value)
    if isinstance(node, ast.Name):
        return _named(node.id, text, values)
    at = [_value(part, text, values, vanishing) for part in _operands(node, text)]
    try:
        result = _apply(node, at)
    except OverflowError:
        result = math.inf
    except ZeroDivisionError:
        assert isinstance(node, ast.BinOp)
        raise FormulaError(f"{_short(text)} divides by zero: {_shown(_zero(node.right, values), values)}") from None
    except ValueError:
        raise FormulaError(f"{_short(text)} takes {_outside(node, values)}") from None
    if not math.isfinite(result):
        raise FormulaError(f"{_short(text)} leaves the floating-point numbers at {_short(ast.unparse(node))}")
    if result == 0 and not vanishing and _rounded_away(node, at):
        what = "is below the smallest number above 0, 5e-324"
        raise Vanishes(f"{_short(text)} {what}, at {_short(ast.unparse(node))}")
    return result


def _rounded_away(node: ast.expr, at: list[float]) -> bool:
    """Whether an operation's result of 0 is not the exact one."""
    if isinstance(node, ast.BinOp):
        return {ast.Mult: all(at), ast.Div: bool(at[0]), ast.Pow: bool(at[0])}.get(type(node.op), False)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "exp"


def _apply(node: ast.expr, at: list[float]) -> float:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](*at)
    if isinstance(node, ast.UnaryOp):
        return -at[0] if isinstance(node.op, ast.USub) else at[0]
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return float(FUNCTIONS[node.func.id](*at))


def _named(name: str, text: str, values: Mapping[str, object]) -> float:
    if name not in values:
        raise FormulaError(f"{_short(text)} needs {name}, which has no value here")
    value = values[name]
    if isinstance(value, str) or not hasattr(value, "__float__") or not math.isfinite(_as_float(value)):
        raise FormulaError(f"{_short(text)} needs a finite number for {name}, which is {value!r}")
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
    used = ", ".join(f"{name} = {_named(name, text, values):.6g}" for name in names(text))
    shown = f"{_short(text)} = {evaluate(text, values):.6g}"
    return f"{shown} at {used}" if used and not isinstance(node, ast.Name) else shown


def _short(text: str, limit: int = 60) -> str:
    """At most `limit` characters of a text, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."
