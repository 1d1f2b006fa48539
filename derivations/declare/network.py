"""The network and its objective as plain frozen data: activation, heads, loss and penalty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..errors import ModelError
from .choices import Declared, Name
from .heads import HeadAxis, Heads, head_axis

LARGEST_POWER = 16
"""The largest q of ReLU^q: its powers are products in the kernel, of up to 2 (q - 1) factors under a penalty."""


@dataclass(frozen=True, kw_only=True)
class Activation(Declared):
    """sigma: "relu_power" (ReLU^power), "relu", "leaky_relu" (`slope`) or "huberized_relu" (`width` h).

    `slope` and `width` are numbers, or the names of parameters, which are then the kernel's arguments at run time.
    `at_kink` is the derivative's value at 0, 0 or 1, of relu and of leaky_relu's steep branch.
    `power` is a whole number from 2 to `LARGEST_POWER`, `slope` finite, `width` finite and above 0.
    Raises ModelError, in one sentence, for anything else.
    """

    name: Literal["relu_power", "relu", "leaky_relu", "huberized_relu"]
    power: int = 1
    slope: float | Name = 0.0
    width: float | Name = 0.5
    at_kink: Literal[0, 1] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name == "relu_power" and self.power < 2:
            raise ModelError(f"q: {self.power} is below 2, where ReLU^q is not smooth at 0; use 'relu' for q = 1")
        if self.name == "relu_power" and self.power > LARGEST_POWER:
            raise ModelError(f"q: {self.power} is above {LARGEST_POWER}, the largest power that kernels hold; lower q")
        for name, value in (("slope", self.slope), ("width", self.width)):
            if isinstance(value, str):
                if value.startswith("G_") or value in ("kappa", "c"):
                    taken = {"kappa": "1/m or 1", "c": "the penalty's factor"}.get(value, "an inner product")
                    raise ModelError(f"Activation.{name}: {value!r} reads as {taken}; give the parameter another name")
            elif not math.isfinite(value) or (name == "width" and value <= 0):
                expected = "a finite number" + " above 0" * (name == "width")
                raise ModelError(f"Activation.{name}: {value}; expected {expected}, or a parameter's name")

    @property
    def homogeneous(self) -> bool:
        """Whether sigma(c x) = c sigma(x) for every c > 0."""
        return self.name in ("relu", "leaky_relu")


@dataclass(frozen=True, kw_only=True)
class Network(Declared):
    """F_h(x) = kappa sum_{r<=m} sum_patches sigma(<w_{h,r}, x^(p)>), kappa = 1/m (mean) or 1 (sum).

    "signed" heads: j in {+1,-1} (index 0 is +1), f = F_{+1} - F_{-1}, labels +-1.
    "class" heads: k in 0..K-1, one output each, labels 0..K-1.
    """

    heads: Heads
    activation: Activation
    classes: int = 2

    @property
    def head_axis(self) -> HeadAxis:
        """The heads: their labels, signs and names."""
        return head_axis(self.heads, self.classes)


@dataclass(frozen=True, kw_only=True)
class Objective(Declared):
    """The mean loss over examples, plus (c lam) times a squared gradient norm: none, per example (mean) or full.

    Signed heads: "logistic" l(y f) = log(1 + e^{-yf}) or "exponential" e^{-yf}; class heads: "cross_entropy".
    c is 1/2 where the flag `penalty_half` is set, else 1; `lam` is on for t <= `lam_until` (absent: always).
    """

    loss: Literal["logistic", "exponential", "cross_entropy"]
    penalty: Literal["none", "per_example", "full"] = "none"
