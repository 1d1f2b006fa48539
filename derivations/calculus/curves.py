"""A formula in z as smooth pieces between cuts, in SymPy, and its derivatives, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import sympy as sp

from ..declare import Arithmetic, Expression
from .functions import FUNCTIONS

z = sp.Symbol("z", real=True)


@dataclass(frozen=True)
class Branch:
    """`above` where z > cut, at the cut too where `closed`, else `below`."""

    cut: sp.Expr
    closed: bool
    above: Curve
    below: Curve


Curve: TypeAlias = "sp.Expr | Branch"


class _Where(sp.Function):
    """where(cut, closed, above, below), before pieces are told apart."""


class _Symbols(Arithmetic[sp.Expr]):
    functions: ClassVar = FUNCTIONS

    def number(self, value: float) -> sp.Expr:
        """Exactly the decimals that are written."""
        return sp.Rational(repr(value))

    def where(
        self, z: sp.Expr, cut: sp.Expr, closed: bool, above: Callable[[sp.Expr], sp.Expr],
        below: Callable[[sp.Expr], sp.Expr],
    ) -> sp.Expr:
        """Both sides."""
        return _Where(cut, sp.Integer(closed), above(z), below(z))


def curve(expression: Expression, order: int = 0) -> Curve:
    """The formula's derivative of an order in its variable, with its parameters as real symbols.

    At a cut it is the derivative of the piece that the formula puts the cut on.
    """
    constants = {name: sp.Symbol(name, real=True) for name in expression.constants}
    at = sp.Symbol(expression.variable, real=True)
    return _derived(_apart(_Symbols().evaluate(expression, at, constants)), at, order)


def vanishes(of: Curve) -> bool:
    """Whether a piece of it is 0."""
    return vanishes(of.above) or vanishes(of.below) if isinstance(of, Branch) else bool(of == 0)


def _apart(expr: sp.Expr) -> Curve:
    wheres = sorted(expr.atoms(_Where), key=lambda each: (-sp.count_ops(each), str(each)))
    if not wheres:
        return expr
    cut, closed = wheres[0].args[:2]

    def chosen(side: int) -> Curve:
        def is_it(e: sp.Basic) -> bool:
            return isinstance(e, _Where) and e.args[:2] == (cut, closed)

        return _apart(expr.replace(is_it, lambda e: e.args[side]))

    return Branch(cut, closed == 1, chosen(2), chosen(3))


def _derived(of: Curve, z: sp.Symbol, order: int) -> Curve:
    if isinstance(of, Branch):
        above, below = _derived(of.above, z, order), _derived(of.below, z, order)
        return above if above == below else Branch(of.cut, of.closed, above, below)
    slope = sp.diff(of, z, order)
    return sp.factor(slope) if order and slope.is_algebraic_expr(z) else slope  # 1/(1 + z) - z/(1 + z)^2 cancels
