"""The grammar of a formula in z: arithmetic, smooth functions of one argument, and where(z > c, above, below)."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from .formula import RELATIONS, FormulaError, Grammar, short

VARIABLE: Final = "z"
LARGEST_EXPONENT: Final = 16
"""The largest whole exponent: such powers are products in a kernel."""
_KINKED: Final = {
    "abs": "where({v} > 0, {v}, -{v})", "relu": "where({v} > 0, {v}, 0)", "max": "where({v} > 0, {v}, 0)",
    "min": "where({v} > 0, 0, {v})", "sign": "where with continuous pieces",
}


@dataclass(frozen=True)
class Cut:
    """Where a piecewise function changes: `above` it, at it too where `closed`, and `below`."""

    at: ast.expr
    closed: bool
    above: ast.expr
    below: ast.expr


class ExpressionGrammar(Grammar):
    """Arithmetic of z (or another variable) and parameters, smooth functions of one argument, and where(...)."""

    functions = ("exp", "log", "sqrt", "sin", "cos", "arctan", "tanh", "sigmoid", "softplus", "erf", "Phi")
    variadic = ()

    def __init__(self, variable: str = VARIABLE) -> None:
        self.variable = variable
        self.written = f"write {variable}, numbers, parameters, + - * / **, functions and {self._where}"

    @property
    def _where(self) -> str:
        return f"where({self.variable} > c, above, below)"

    @property
    def callables(self) -> tuple[str, ...]:
        """Every function's name."""
        return (*self.functions, "where")

    def operands(self, node: ast.expr, text: str) -> list[ast.expr]:
        """As for arithmetic of parameters; an exponent is free of z."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            if depends(node.right, self.variable):
                raise FormulaError(f"{short(text)} has {self.variable} in an exponent; write exp(...) instead")
            whole = number_of(node.right)
            if whole is not None and whole == int(whole) and abs(whole) > LARGEST_EXPONENT:
                raise FormulaError(f"{short(text)} has the exponent {whole:g}; the largest is {LARGEST_EXPONENT}")
        return super().operands(node, text)

    def arguments(self, node: ast.Call, text: str) -> list[ast.expr]:
        """The arguments of a function, or a piecewise one's cut and sides."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _KINKED:
            said = f"{short(text)} holds {name}, whose derivative at its kink is not said"
            cure = _KINKED[name].format(v=self.variable)
            raise FormulaError(f"{said}; write {cure}, with > or >= as the kink belongs below or above")
        if name != "where":
            return super().arguments(node, text)
        cut = cut_of(node, text, self.variable)
        return [cut.at, cut.above, cut.below]

    def stranger(self, node: ast.expr, text: str) -> FormulaError:
        """What is said of a node that is no part of the grammar."""
        what = short(ast.unparse(node))
        if isinstance(node, ast.Compare | ast.IfExp):
            return FormulaError(f"{short(text)} holds {what}; write {self._where}")
        said = f"{short(text)} holds {what}, which is no part of a formula in {self.variable}"
        return FormulaError(f"{said}; {self.written}")


EXPRESSIONS = ExpressionGrammar()


@cache
def grammar_in(variable: str) -> ExpressionGrammar:
    """The grammar of formulas in a variable."""
    return EXPRESSIONS if variable == VARIABLE else ExpressionGrammar(variable)


_SIDES: Mapping[type[ast.cmpop], tuple[bool, bool]] = {
    ast.Gt: (True, False), ast.GtE: (True, True), ast.Lt: (False, True), ast.LtE: (False, False),
}
"""By comparison of z with c: whether its first side is the upper one, and whether c itself is on the upper one."""
_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE,
}


def cut_of(node: ast.Call, text: str, variable: str = VARIABLE) -> Cut:
    """What a where(...) says.  Raises FormulaError where its condition compares anything but z with a number."""
    if node.keywords or len(node.args) != 3:
        given = f"{short(text)} gives where {len(node.args)} arguments"
        raise FormulaError(f"{given}; write where({variable} > c, above, below)")
    test, first, second = node.args
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _SIDES:
        left, kind, right = test.left, type(test.ops[0]), test.comparators[0]
        if depends(right, variable) and not depends(left, variable):
            left, kind, right = right, _MIRRORED[kind], left
        if isinstance(left, ast.Name) and left.id == variable and not depends(right, variable):
            upper, closed = _SIDES[kind]
            return Cut(right, closed, *((first, second) if upper else (second, first)))
    known = ", ".join(RELATIONS[kind] for kind in _SIDES)
    what = f"{short(text)} has the condition {short(ast.unparse(test))}"
    raise FormulaError(f"{what}; compare {variable} alone with a number free of {variable}, by {known}")


def depends(node: ast.expr, variable: str = VARIABLE) -> bool:
    """Whether an expression holds z, or another variable."""
    return any(isinstance(each, ast.Name) and each.id == variable for each in ast.walk(node))


def number_of(node: ast.expr) -> float | None:
    """The number that is written, with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = number_of(node.operand)
        return None if inner is None else -inner if isinstance(node.op, ast.USub) else inner
    return float(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else None


def function_of(node: ast.Call) -> str:
    """The name of the function that is called."""
    return node.func.id if isinstance(node.func, ast.Name) else ""
