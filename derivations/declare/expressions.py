"""A function of one number z as a formula, such as "z*sigmoid(1.702*z)": its grammar, and its value in any arithmetic.

An activation sigma(z) and a loss l(z) of a margin z are declared so; names other than z are parameters.  A piecewise
one is where(z > c, above, below), whose comparison says which side c itself is on, and so sigma'(c): z > c takes the
lower side's, z >= c the upper's, and where(z > c, f, where(z < c, g, h)) takes h'(c).  Functions with kinks that would
not say it, such as abs and max, are refused.  This module imports neither NumPy nor SymPy.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .choices import Word
from .expression_grammar import (
    VARIABLE,
    Cut,
    ExpressionGrammar,
    cut_of,
    depends,
    function_of,
    grammar_in,
    number_of,
)
from .formula import FormulaError, names, parse, short

_MOST_CUTS: Final = 6


@dataclass(frozen=True)
class Expression:
    """A formula in z, or another variable, and parameters.  Raises FormulaError, in one sentence, for another text."""

    text: str
    variable: str = VARIABLE

    def __post_init__(self) -> None:
        if not depends(self.tree, self.variable):
            raise FormulaError(f"{short(self.text)} does not hold {self.variable}, of which it has to be a function")
        for name in self.constants:
            if said := Word().misfit(name):
                raise FormulaError(f"{short(self.text)} holds the name {said}")
        if len(self.cuts) > _MOST_CUTS:
            raise FormulaError(f"{short(self.text)} has {len(self.cuts)} conditions; expected at most {_MOST_CUTS}")

    @property
    def tree(self) -> ast.expr:
        """The syntax tree, in forms that neither overflow nor cancel where the text's would."""
        return _stable(self.text, self.grammar)

    @property
    def grammar(self) -> ExpressionGrammar:
        """The grammar of formulas in its variable."""
        return grammar_in(self.variable)

    @property
    def written(self) -> str:
        """The formula as it was given, in Python's spacing."""
        return ast.unparse(parse(self.text, self.grammar))

    @property
    def constants(self) -> tuple[str, ...]:
        """The parameters' names in it, in order."""
        return tuple(name for name in names(self.text, self.grammar) if name != self.variable)

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """Where it changes, outermost first; none where it is smooth."""
        called = [each for each in ast.walk(self.tree) if isinstance(each, ast.Call)]
        return tuple(cut_of(each, self.text, self.variable) for each in called if function_of(each) == "where")

    def bound(self, **values: float | str) -> Expression:
        """The same with numbers, or other names, for some of its names."""
        bound = _Bound(values).visit(ast.parse(self.text, mode="eval").body)
        return Expression(ast.unparse(bound), self.variable)


class _Bound(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, float | str]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.parse(str(self.values.get(node.id, node.id)), mode="eval").body


@lru_cache(maxsize=256)
def _stable(text: str, grammar: ExpressionGrammar) -> ast.expr:
    """The checked tree with log(1 + exp(u)), 1/(1 + exp(u)) and log(sigmoid(u)) by the functions that they are."""
    return _Stable().visit(ast.parse(ast.unparse(parse(text, grammar)), mode="eval").body)


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
