"""The kinds of activation, one class a kind: what sigma has of constants, at its kinks and at 0, and what it is called.

Whoever computes with one goes by its class (`kinds.of_class`): `calculus/activations.py` derives it, and
`simulate/train` has formulas of its own.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Literal

from ..errors import ModelError
from .expressions import Expression
from .homogeneous import homogeneity_of

Constant = float | str
"""A number, or the name of the parameter that it is."""
LARGEST_POWER = 16
"""The largest q of ReLU^q: its powers are products in the kernel, of up to 2 (q - 1) factors under a penalty."""


@dataclass(frozen=True)
class ActivationKind(ABC):
    """sigma, with the fields of an `Activation` that it goes by.  Raises ModelError where one is out of range."""

    bends_gently: ClassVar[bool] = False
    """Whether sigma' is continuous, with a slope that is bounded wherever it has one."""
    stops: ClassVar[bool] = False
    """Whether sigma' is 0 below a kink, so that a filter does not move along what it is not active on."""

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The numbers in it that may be parameters."""
        return ()

    @property
    def degree(self) -> int:
        """q where sigma is a power, else 1."""
        return 1

    @property
    def homogeneity(self) -> int:
        """The q with sigma(c x) = c^q sigma(x) for every c > 0; 0 where none is known."""
        return 0

    @property
    @abstractmethod
    def words(self) -> str:
        """What it is, in words."""

    @property
    def unseen(self) -> str:
        """What no formula shows of it, to go after its name."""
        return ""


@dataclass(frozen=True)
class ReluPower(ActivationKind):
    """ReLU^q."""

    stops = True
    power: int

    def __post_init__(self) -> None:
        if self.power < 2:
            raise ModelError(f"q: {self.power} is below 2, where ReLU^q is not smooth at 0; use 'relu' for q = 1")
        if self.power > LARGEST_POWER:
            raise ModelError(f"q: {self.power} is above {LARGEST_POWER}, the largest power that kernels hold; lower q")

    @property
    def degree(self) -> int:
        """q."""
        return self.power

    @property
    def homogeneity(self) -> int:
        """The same."""
        return self.power

    @property
    def words(self) -> str:
        """With its power."""
        return f"ReLU^{self.power}"


@dataclass(frozen=True)
class Relu(ActivationKind):
    """max(0, x)."""

    stops = True
    at_kink: Literal[0, 1]

    @property
    def homogeneity(self) -> int:
        """One."""
        return 1

    @property
    def at_zero(self) -> Constant:
        """As declared."""
        return self.at_kink

    @property
    def flat(self) -> Constant:
        """The slope below 0."""
        return 0.0

    @property
    def words(self) -> str:
        """With sigma'(0)."""
        return f"ReLU, sigma'(0) = {self.at_zero}"


@dataclass(frozen=True)
class LeakyRelu(ActivationKind):
    """x above 0 and `slope` x below."""

    slope: Constant
    at_kink: Literal[0, 1]

    @property
    def homogeneity(self) -> int:
        """One."""
        return 1

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The slope."""
        return (self.slope,)

    @property
    def at_zero(self) -> Constant:
        """1 or the slope."""
        return 1 if self.at_kink else self.slope

    @property
    def flat(self) -> Constant:
        """The slope below 0."""
        return self.slope

    @property
    def words(self) -> str:
        """With sigma'(0)."""
        return f"leaky ReLU, sigma'(0) = {self.at_zero}"

    @property
    def unseen(self) -> str:
        """The slope and sigma'(0)."""
        return f" of slope {self.slope} with sigma'(0) = {self.at_zero}"


@dataclass(frozen=True)
class HuberizedRelu(ActivationKind):
    """0 below 0, x^2 / (2h) up to h = `width`, x - h/2 beyond."""

    bends_gently = True
    stops = True
    width: Constant

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The width."""
        return (self.width,)

    @property
    def words(self) -> str:
        """Its name."""
        return "huberized ReLU"


@dataclass(frozen=True)
class Expressed(ActivationKind):
    """A formula in z."""

    expression: Expression
    called: str

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The formula's parameters."""
        return self.expression.constants

    @property
    def homogeneity(self) -> int:
        """What the formula's form shows."""
        return homogeneity_of(self.expression)

    @property
    def bends_gently(self) -> bool:  # type: ignore[override]
        """Where it is smooth, or known to be."""
        return not self.expression.cuts or self.called == "smoothed_leaky_relu"

    @property
    def words(self) -> str:
        """Its name or formula."""
        return self.called


TwoSlopes = Relu | LeakyRelu
"""Those that are linear on either side of 0: 1 above, `flat` below."""
ACTIVATIONS: Final[dict[str, type[ActivationKind]]] = {
    "relu_power": ReluPower, "relu": Relu, "leaky_relu": LeakyRelu, "huberized_relu": HuberizedRelu,
}
"""The kinds by the word that a declaration has for them."""
FORMULAS: Final[dict[str, str]] = {
    "identity": "z", "square": "z**2", "cubic": "z**3", "sigmoid": "sigmoid(z)", "tanh": "tanh(z)",
    "softplus": "softplus(z)", "gelu": "z*Phi(z)", "erf": "erf(z)",
    "smoothed_leaky_relu": "where(z >= width, z - (1 - slope)*width/4, where(z > -width, "
                           "(1 - slope)*z**2/(4*width) + (1 + slope)*z/2, slope*z - (1 - slope)*width/4))",
}
"""Those that are formulas in z, by word; `slope` and `width` stand for the declared ones."""


def activation_kind(declared: Any) -> ActivationKind:
    """The kind of an `Activation`, with those of its fields that the kind goes by."""
    kind = ACTIVATIONS.get(declared.name)
    if kind is not None:
        return kind(**{each.name: getattr(declared, each.name) for each in fields(kind)})
    if declared.name not in FORMULAS:
        return Expressed(Expression(declared.name), declared.name)
    expression = Expression(FORMULAS[declared.name])
    given = {name: getattr(declared, name) for name in expression.constants}
    return Expressed(expression.bound(**given), declared.name)


def fields_read(name: str) -> tuple[str, ...]:
    """The fields of an `Activation` of that name that it goes by."""
    if name in ACTIVATIONS:
        return tuple(each.name for each in fields(ACTIVATIONS[name]))
    return Expression(FORMULAS[name]).constants if name in FORMULAS else ()


def constant_misfit(name: str, value: Constant) -> str:
    """What is wrong with a constant of that name; "" for nothing."""
    if isinstance(value, str):
        if not (value.startswith("G_") or value in ("kappa", "c", "z")):
            return ""
        known = {"kappa": "1/m or 1", "c": "the penalty's factor", "z": "the function's argument"}
        taken = known.get(value, "an inner product")
        return f"Activation.{name}: {value!r} reads as {taken}; give the parameter another name"
    if math.isfinite(value) and (name != "width" or value > 0):
        return ""
    expected = "a finite number" + " above 0" * (name == "width")
    return f"Activation.{name}: {value}; expected {expected}, or a parameter's name"
