"""A function of one number z as a formula, such as "z*sigmoid(1.702*z)": its grammar, and its value in any arithmetic.

An activation sigma(z) and a loss l(z) of a margin z are declared so; names other than z are parameters.  A piecewise
one is where(z > c, above, below), whose comparison says which side c itself is on, and so sigma'(c): z > c takes the
lower side's, z >= c the upper's, and where(z > c, f, where(z < c, g, h)) takes h'(c).  Functions with kinks that would
not say it, such as abs and max, are refused.  This module imports neither NumPy nor SymPy.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final, Generic, TypeVar

from .choices import Word
from .formula import RELATIONS, FormulaError, Grammar, names, parse, short

T = TypeVar("T")
VARIABLE: Final = "z"
LARGEST_EXPONENT: Final = 16
"""The largest whole exponent: such powers are products in a kernel."""
_MOST_CUTS: Final = 6
_KINKED: Final = {
    "abs": "where(z > 0, z, -z)", "relu": "where(z > 0, z, 0)", "max": "where(z > 0, z, 0)",
    "min": "where(z > 0, 0, z)", "sign": "where with continuous pieces",
}


@dataclass(frozen=True)
class Cut:
    """Where a piecewise function changes: `above` it, at it too where `closed`, and `below`."""

    at: ast.expr
    closed: bool
    above: ast.expr
    below: ast.expr


class ExpressionGrammar(Grammar):
    """Arithmetic of z and parameters, smooth functions of one argument, and where(z > c, above, below)."""

    functions = ("exp", "log", "sqrt", "sin", "cos", "arctan", "tanh", "sigmoid", "softplus", "erf", "Phi")
    variadic = ()
    written = "write z, numbers, parameters, + - * / **, functions and where(z > c, above, below)"

    @property
    def callables(self) -> tuple[str, ...]:
        """Every function's name."""
        return (*self.functions, "where")

    def operands(self, node: ast.expr, text: str) -> list[ast.expr]:
        """As for arithmetic of parameters; an exponent is free of z."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            if depends(node.right):
                raise FormulaError(f"{short(text)} has z in an exponent; write exp(...) instead")
            whole = number_of(node.right)
            if whole is not None and whole == int(whole) and abs(whole) > LARGEST_EXPONENT:
                raise FormulaError(f"{short(text)} has the exponent {whole:g}; the largest is {LARGEST_EXPONENT}")
        return super().operands(node, text)

    def arguments(self, node: ast.Call, text: str) -> list[ast.expr]:
        """The arguments of a function, or a piecewise one's cut and sides."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _KINKED:
            said = f"{short(text)} holds {name}, whose derivative at its kink is not said"
            raise FormulaError(f"{said}; write {_KINKED[name]}, with > or >= as the kink belongs below or above")
        if name != "where":
            return super().arguments(node, text)
        cut = cut_of(node, text)
        return [cut.at, cut.above, cut.below]

    def stranger(self, node: ast.expr, text: str) -> FormulaError:
        """What is said of a node that is no part of the grammar."""
        what = short(ast.unparse(node))
        if isinstance(node, ast.Compare | ast.IfExp):
            return FormulaError(f"{short(text)} holds {what}; write where(z > c, above, below)")
        return FormulaError(f"{short(text)} holds {what}, which is no part of a formula in z; {self.written}")


EXPRESSIONS = ExpressionGrammar()
_SIDES: Mapping[type[ast.cmpop], tuple[bool, bool]] = {
    ast.Gt: (True, False), ast.GtE: (True, True), ast.Lt: (False, True), ast.LtE: (False, False),
}
"""By comparison of z with c: whether its first side is the upper one, and whether c itself is on the upper one."""
_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE,
}


def cut_of(node: ast.Call, text: str) -> Cut:
    """What a where(...) says.  Raises FormulaError where its condition compares anything but z with a number."""
    if node.keywords or len(node.args) != 3:
        raise FormulaError(f"{short(text)} gives where {len(node.args)} arguments; write where(z > c, above, below)")
    test, first, second = node.args
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _SIDES:
        left, kind, right = test.left, type(test.ops[0]), test.comparators[0]
        if depends(right) and not depends(left):
            left, kind, right = right, _MIRRORED[kind], left
        if isinstance(left, ast.Name) and left.id == VARIABLE and not depends(right):
            upper, closed = _SIDES[kind]
            return Cut(right, closed, *((first, second) if upper else (second, first)))
    known = ", ".join(RELATIONS[kind] for kind in _SIDES)
    what = f"{short(text)} has the condition {short(ast.unparse(test))}"
    raise FormulaError(f"{what}; compare z alone with a number free of z, by {known}")


def depends(node: ast.expr) -> bool:
    """Whether an expression holds z."""
    return any(isinstance(each, ast.Name) and each.id == VARIABLE for each in ast.walk(node))


def number_of(node: ast.expr) -> float | None:
    """The number that is written, with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = number_of(node.operand)
        return None if inner is None else -inner if isinstance(node.op, ast.USub) else inner
    return float(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else None


@dataclass(frozen=True)
class Expression:
    """A formula in z and parameters.  Raises FormulaError, in one sentence, for a text that is none."""

    text: str

    def __post_init__(self) -> None:
        if not depends(self.tree):
            raise FormulaError(f"{short(self.text)} does not hold z, of which it has to be a function")
        for name in self.constants:
            if said := Word().misfit(name):
                raise FormulaError(f"{short(self.text)} holds the name {said}")
        if len(self.cuts) > _MOST_CUTS:
            raise FormulaError(f"{short(self.text)} has {len(self.cuts)} conditions; expected at most {_MOST_CUTS}")

    @property
    def tree(self) -> ast.expr:
        """The syntax tree, in forms that neither overflow nor cancel where the text's would."""
        return _stable(self.text)

    @property
    def written(self) -> str:
        """The formula as it was given, in Python's spacing."""
        return ast.unparse(parse(self.text, EXPRESSIONS))

    @property
    def constants(self) -> tuple[str, ...]:
        """The parameters' names in it, in order."""
        return tuple(name for name in names(self.text, EXPRESSIONS) if name != VARIABLE)

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """Where it changes, outermost first; none where it is smooth."""
        called = [each for each in ast.walk(self.tree) if isinstance(each, ast.Call)]
        return tuple(cut_of(each, self.text) for each in called if function_of(each) == "where")

    def bound(self, **values: float | str) -> Expression:
        """The same with numbers, or other names, for some of its names."""
        return Expression(ast.unparse(_Bound(values).visit(ast.parse(self.text, mode="eval").body)))


class _Bound(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, float | str]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.parse(str(self.values.get(node.id, node.id)), mode="eval").body


@lru_cache(maxsize=256)
def _stable(text: str) -> ast.expr:
    """The checked tree with log(1 + exp(u)), 1/(1 + exp(u)) and log(sigmoid(u)) by the functions that they are."""
    return _Stable().visit(ast.parse(ast.unparse(parse(text, EXPRESSIONS)), mode="eval").body)


class _Stable(ast.NodeTransformer):
    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return _minus(node.operand) if isinstance(node.op, ast.USub) else node.operand

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if function_of(node) == "log":
            (inside,) = node.args
            grown = _one_and_exp(inside)
            if grown is not None:
                return _call("softplus", grown)
            if isinstance(inside, ast.Call) and function_of(inside) == "sigmoid":
                return _minus(_call("softplus", _minus(inside.args[0])))
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        grown = _one_and_exp(node.right) if isinstance(node.op, ast.Div) else None
        if grown is None:
            return node
        share = _call("sigmoid", _minus(grown))
        return share if number_of(node.left) == 1 else ast.BinOp(node.left, ast.Mult(), share)


def _one_and_exp(node: ast.expr) -> ast.expr | None:
    """u, of 1 + exp(u) or exp(u) + 1."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if number_of(one) == 1 and isinstance(other, ast.Call) and function_of(other) == "exp":
                return other.args[0]
    return None


def _minus(node: ast.expr) -> ast.expr:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    return node.operand if negative else ast.UnaryOp(ast.USub(), node)  # type: ignore[attr-defined]


def _call(name: str, argument: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [argument], [])


def function_of(node: ast.Call) -> str:
    """The name of the function that is called."""
    return node.func.id if isinstance(node.func, ast.Name) else ""


class Arithmetic(Generic[T]):
    """What a formula's numbers are, such as floats, arrays or symbols, with + - * / ** of their own."""

    functions: ClassVar[Mapping[str, Callable[[Any], Any]]]
    """By name, each of the grammar's."""

    def number(self, value: float) -> T:
        """A number that is written."""
        raise NotImplementedError

    def power(self, base: T, exponent: T) -> T:
        """base ** exponent."""
        return base**exponent  # type: ignore[operator]

    def where(self, z: T, cut: T, closed: bool, above: Callable[[T], T], below: Callable[[T], T]) -> T:
        """`above`(z) where z > cut, or z >= cut where `closed`, else `below`(z)."""
        raise NotImplementedError

    def evaluate(self, expression: Expression, z: T, constants: Mapping[str, T]) -> T:
        """The formula's value at z."""
        return self.value(expression.tree, z, constants)

    def value(self, node: ast.expr, z: T, constants: Mapping[str, T]) -> T:
        """A part's value at z."""
        if isinstance(node, ast.Constant):
            return self.number(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return z if node.id == VARIABLE else constants[node.id]
        if isinstance(node, ast.UnaryOp):
            inner: Any = self.value(node.operand, z, constants)
            return -inner if isinstance(node.op, ast.USub) else inner
        if isinstance(node, ast.BinOp):
            return self.binary(node, self.value(node.left, z, constants), self.value(node.right, z, constants))
        assert isinstance(node, ast.Call)
        if function_of(node) == "where":
            cut = cut_of(node, "")
            return self.where(
                z, self.value(cut.at, z, constants), cut.closed,
                lambda at: self.value(cut.above, at, constants), lambda at: self.value(cut.below, at, constants),
            )
        return self.apply(node, self.value(node.args[0], z, constants))

    def apply(self, node: ast.Call, at: T) -> T:
        """A function of one argument."""
        found: T = self.functions[function_of(node)](at)
        return found

    def binary(self, node: ast.BinOp, left: Any, right: Any) -> T:
        """An operation of two."""
        match node.op:
            case ast.Add():
                found = left + right
            case ast.Sub():
                found = left - right
            case ast.Mult():
                found = left * right
            case ast.Div():
                found = left / right
            case _:
                found = self.power(left, right)
        return found


class OneSided(Arithmetic[float]):
    """Floats, taken at a point from one side of it: from above where `side` is 1, from below where it is -1."""

    functions: ClassVar[Mapping[str, Callable[[float], float]]] = {
        "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos, "arctan": math.atan,
        "tanh": math.tanh, "sigmoid": lambda x: 0.5 + 0.5 * math.tanh(0.5 * x), "erf": math.erf,
        "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
        "Phi": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
    }

    def __init__(self, side: int) -> None:
        self.side = side

    def number(self, value: float) -> float:
        """As it is."""
        return float(value)

    def where(
        self, z: float, cut: float, closed: bool, above: Callable[[float], float], below: Callable[[float], float]
    ) -> float:
        """The side that z is on, its own where it is the cut."""
        return (above if z > cut or (z == cut and self.side > 0) else below)(z)


def cuts_at(expression: Expression, constants: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Each cut of a formula as it is written and its place, for these constants."""
    for cut in expression.cuts:
        yield ast.unparse(cut.at), OneSided(1).value(cut.at, math.nan, constants)
