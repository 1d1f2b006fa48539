"""The network and its objective as plain frozen data: activation, heads, loss and penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import ModelError
from .activations import ActivationKind, activation_kind, constant_misfit
from .choices import Declared, Name
from .heads import HeadAxis, Heads, head_axis
from .objectives import LOSSES, PENALTIES, LossKind, PenaltyKind


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
        _ = self.kind  # which checks its own fields
        for name, value in (("slope", self.slope), ("width", self.width)):
            if said := constant_misfit(name, value):
                raise ModelError(said)

    @property
    def kind(self) -> ActivationKind:
        """What sigma is, by its own class."""
        return activation_kind(self)


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

    @property
    def loss_kind(self) -> LossKind:
        """The loss, by its own class."""
        return LOSSES[self.loss]

    @property
    def penalty_kind(self) -> PenaltyKind:
        """The penalty, by its own class."""
        return PENALTIES[self.penalty]

    @property
    def penalised(self) -> bool:
        """Whether there is a penalty."""
        return self.penalty_kind.present
