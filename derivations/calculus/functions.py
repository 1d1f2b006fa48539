"""The functions of formulas as SymPy functions whose derivatives neither overflow nor cancel.

SymPy's own tanh has the derivative 1 - tanh^2, which has no digit left from 20 on; here it is a product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import sympy as sp


class Sigmoid(sp.Function):
    """1/(1 + exp(-x))."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Its slope."""
        return SigmoidSlope(self.args[0])


class SigmoidSlope(sp.Function):
    """1/((1 + exp(x)) (1 + exp(-x)))."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """-tanh(x/2) times itself."""
        return -SigmoidSlope(self.args[0]) * Tanh(self.args[0] / 2)


class Tanh(sp.Function):
    """The hyperbolic tangent."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """1/cosh(x)^2."""
        return 4 * SigmoidSlope(2 * self.args[0])


class Softplus(sp.Function):
    """log(1 + exp(x))."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The sigmoid."""
        return Sigmoid(self.args[0])


class NormalShare(sp.Function):
    """Phi, the standard normal distribution function."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The density."""
        return NormalDensity(self.args[0])


class NormalDensity(sp.Function):
    """exp(-x^2/2)/sqrt(2 pi)."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """-x times itself."""
        return -self.args[0] * NormalDensity(self.args[0])


class ErrorFunction(sp.Function):
    """erf."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """2 exp(-x^2)/sqrt(pi)."""
        return BellSlope(self.args[0])


class BellSlope(sp.Function):
    """2 exp(-x^2)/sqrt(pi)."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """-2 x times itself."""
        return -2 * self.args[0] * BellSlope(self.args[0])


FUNCTIONS: Final[Mapping[str, Callable[[sp.Expr], sp.Expr]]] = {
    "exp": sp.exp, "log": sp.log, "sqrt": sp.sqrt, "sin": sp.sin, "cos": sp.cos, "arctan": sp.atan, "tanh": Tanh,
    "sigmoid": Sigmoid, "softplus": Softplus, "erf": ErrorFunction, "Phi": NormalShare,
}
"""By the name that formulas have for them."""
