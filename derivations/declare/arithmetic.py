"""The value of a formula in z, in any arithmetic: floats, arrays or symbols."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from .expression_grammar import VARIABLE, cut_of, function_of
from .expressions import Expression

T = TypeVar("T")


class Arithmetic(Generic[T]):
    """What a formula's numbers are, such as floats, arrays or symbols, with + - * / ** of their own."""

    functions: ClassVar[Mapping[str, Callable[[Any], Any]]]
    """By name, each of the grammar's."""
    variable = VARIABLE

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
        """The formula's value at z, or at its own variable."""
        self.variable = expression.variable
        return self.value(expression.tree, z, constants)

    def value(self, node: ast.expr, z: T, constants: Mapping[str, T]) -> T:
        """A part's value at z."""
        if isinstance(node, ast.Constant):
            return self.number(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return z if node.id == self.variable else constants[node.id]
        if isinstance(node, ast.UnaryOp):
            inner: Any = self.value(node.operand, z, constants)
            return -inner if isinstance(node.op, ast.USub) else inner
        if isinstance(node, ast.BinOp):
            return self.binary(node, self.value(node.left, z, constants), self.value(node.right, z, constants))
        assert isinstance(node, ast.Call)
        if function_of(node) == "where":
            cut = cut_of(node, "", self.variable)
            return self.where(
                z, self.value(cut.at, z, constants), cut.closed,
                lambda at: self.value(cut.above, at, constants), lambda at: self.value(cut.below, at, constants),
            )
        return self.apply(node, self.value(node.args[0], z, constants))

    def apply(self, node: ast.Call, at: T) -> T:
        """A function of one argument."""
        applied: T = self.functions[function_of(node)](at)
        return applied

    def binary(self, node: ast.BinOp, left: Any, right: Any) -> T:
        """An operation of two."""
        match node.op:
            case ast.Add():
                combined = left + right
            case ast.Sub():
                combined = left - right
            case ast.Mult():
                combined = left * right
            case ast.Div():
                combined = left / right
            case _:
                combined = self.power(left, right)
        return combined


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
