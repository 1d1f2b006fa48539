"""Activations and their derivatives as SymPy functions that keep the value at the kink.

SymPy's Max and Heaviside are avoided: their derivatives are distributions.  Each class here states its
derivative almost everywhere; `tests/derivations/test_activations.py` holds them against finite differences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import sympy as sp

from .. import declare
from ..declare import Activation
from ..errors import ModelError


class Step(sp.Function):
    """1{x > 0}, so 0 at 0."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Zero almost everywhere."""
        return sp.S.Zero


class StepClosed(Step):
    """1{x >= 0}, so 1 at 0."""


class Relu(sp.Function):
    """max(0, x), with derivative 0 at 0."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """1{x > 0}."""
        return Step(self.args[0])


class ReluClosed(sp.Function):
    """max(0, x), with derivative 1 at 0."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """1{x >= 0}."""
        return StepClosed(self.args[0])


class Box(sp.Function):
    """1{0 < x < h}."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Zero almost everywhere."""
        return sp.S.Zero


class Ramp(sp.Function):
    """min(max(x / h, 0), 1), the derivative of the Huberized ReLU of width h."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """1{0 < x < h} / h."""
        return Box(*self.args) / self.args[1]


class HuberizedRelu(sp.Function):
    """0 below 0, x^2 / (2h) up to h, x - h/2 beyond."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The ramp."""
        return Ramp(*self.args)


class LeakySlope(sp.Function):
    """1{x > 0} + s 1{x <= 0}, the derivative of the leaky ReLU of slope s, so s at 0."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Zero almost everywhere."""
        return sp.S.Zero


class LeakySlopeClosed(LeakySlope):
    """1{x >= 0} + s 1{x < 0}, so 1 at 0."""


class LeakyRelu(sp.Function):
    """x above 0 and s x below, with derivative s at 0."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The slope on either side."""
        return LeakySlope(*self.args)


class LeakyReluClosed(sp.Function):
    """x above 0 and s x below, with derivative 1 at 0."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The slope on either side."""
        return LeakySlopeClosed(*self.args)


class Sigma(sp.Function):
    """sigma(x) of a formula, whose parameters are the further arguments."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """sigma'."""
        return SigmaSlope(*self.args)


class SigmaSlope(sp.Function):
    """sigma'(x) of a formula."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """sigma''."""
        return SigmaBend(*self.args)


class SigmaBend(sp.Function):
    """sigma''(x) of a formula."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Nothing asks for more."""
        raise ModelError("activation: it needs a third derivative; declare penalties on gradient norms only")


EXPRESSED = (Sigma, SigmaSlope, SigmaBend)
"""The pieces of a formula, by order of derivative."""
PIECES = (
    *EXPRESSED,
    Step,
    StepClosed,
    Relu,
    ReluClosed,
    Box,
    Ramp,
    HuberizedRelu,
    LeakySlope,
    LeakySlopeClosed,
    LeakyRelu,
    LeakyReluClosed,
)


def number(value: float | str) -> sp.Expr:
    """A declared constant as an exact rational, or a parameter's symbol where a name is given."""
    return sp.Symbol(value, real=True) if isinstance(value, str) else sp.Rational(repr(value))


def sigma(activation: Activation, x: sp.Expr) -> sp.Expr:
    """sigma(x) of a declared activation."""
    kind = activation.kind
    expr: sp.Expr = declare.of_class(SIGMA, kind, "sigma")(kind, x)
    return expr


SIGMA: Final[Mapping[type[declare.ActivationKind], Callable[[Any, sp.Expr], sp.Expr]]] = {
    declare.ReluPower: lambda kind, x: Relu(x) ** kind.power,
    declare.Relu: lambda kind, x: (ReluClosed if kind.at_kink else Relu)(x),
    declare.LeakyRelu: lambda kind, x: (LeakyReluClosed if kind.at_kink else LeakyRelu)(x, number(kind.slope)),
    declare.HuberizedRelu: lambda kind, x: HuberizedRelu(x, number(kind.width)),
    declare.Expressed: lambda kind, x: Sigma(x, *map(number, kind.constants)),
}
"""sigma(x) by the activation's kind."""


def merge_steps(expr: sp.Expr) -> sp.Expr:
    """1{x>0} ReLU(x)^k -> ReLU(x)^k for k >= 1, and 1{x>0}^k -> 1{x>0}, in every product of `expr`."""

    def merged(product: sp.Mul) -> sp.Expr:
        powers: dict[Any, sp.Expr] = product.as_powers_dict()
        kept = [
            base if isinstance(base, Step) and power.is_positive else base**power
            for base, power in powers.items()
            if not (isinstance(base, Step) and power.is_positive and _gated(base, powers))
        ]
        return sp.Mul(*kept)

    out = expr.replace(
        lambda e: isinstance(e, sp.Pow) and isinstance(e.base, Step) and e.exp.is_positive, lambda e: e.base
    )
    return out.replace(lambda e: isinstance(e, sp.Mul), merged)


def _gated(step: sp.Expr, powers: dict[Any, sp.Expr]) -> bool:
    return any(powers.get(relu(*step.args), 0) >= 1 for relu in (Relu, ReluClosed))
