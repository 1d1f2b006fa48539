"""The network and its objective as plain frozen data: activation, heads, loss and penalty."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Literal

from ..errors import ModelError
from .activations import ACTIVATIONS, FORMULAS, ActivationKind, activation_kind, constant_misfit
from .choices import Declared, NumberName, WordOrFormula
from .data import Directions
from .expression_grammar import VARIABLE
from .expressions import Expression
from .heads import HeadAxis, Heads, head_axis
from .layers import Biases, SecondLayer
from .mixing import MixedLabel
from .objectives import LOSSES, PENALTIES, LossKind, PenaltyKind, loss_kind


def _formula_misfit(text: str) -> str | None:
    """What is wrong with a text as a formula in z; None for nothing."""
    try:
        Expression(text)
    except ModelError as error:
        return str(error)
    return None


ActivationName = Annotated[str, WordOrFormula((*ACTIVATIONS, *FORMULAS), VARIABLE, _formula_misfit)]
"""An activation's word, or a formula in z."""
LossName = Annotated[str, WordOrFormula(tuple(LOSSES), VARIABLE, _formula_misfit)]
"""A loss's word, or a formula in the margin z."""


@dataclass(frozen=True)
class Activation(Declared):
    """sigma, by its word or as a formula in z, such as `Activation("z*sigmoid(1.702*z)")`, with parameters in it.

    "relu_power" (ReLU^power), "relu", "leaky_relu" (`slope`) and "huberized_relu" (`width` h, 0 below 0); "identity",
    "square", "cubic" (z^3), "sigmoid", "tanh", "softplus", "gelu" (z Phi(z)), "erf", and "smoothed_leaky_relu": z above
    and `slope` z below, less (1 - slope) width/4, and a parabola from -`width` to `width`.
    `slope` and `width` are numbers, or the names of parameters, which are then the kernel's arguments at run time.
    `at_kink` is the derivative's value at 0, 0 or 1, of relu and of leaky_relu's steep branch; a formula says it by the
    comparison of its where(z > c, above, below), see `derivations.declare.expressions`, which has the grammar.
    `power` is a whole number from 2 to `LARGEST_POWER`, `slope` finite, `width` finite and above 0.
    Raises ModelError, in one sentence, for anything else.
    """

    name: ActivationName
    _: KW_ONLY
    power: int = 1
    slope: float | NumberName = 0.0
    width: float | NumberName = 0.5
    at_kink: Literal[0, 1] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        named = {"slope": self.slope, "width": self.width}
        for name, value in named.items():
            if said := constant_misfit(name, value):
                raise ModelError(said)
        for value in self.kind.constants:  # making the kind checks its own fields
            if isinstance(value, str) and value not in named.values() and (said := constant_misfit("name", value)):
                raise ModelError(said)

    @property
    def kind(self) -> ActivationKind:
        """What sigma is, by its own class."""
        return activation_kind(self)


@dataclass(frozen=True, kw_only=True)
class Network(Declared):
    """F_h(x) = kappa sum_{r<=m} sum_patches sigma(<w_{h,r}, x^(p)>), kappa = 1/m (mean) or 1 (sum).

    kappa is 1/m unless the model has a parameter `neurons`, a choice of "mean" and "sum", that says "sum"; another
    factor, such as 1/sqrt(m), stands in the activation: neurons = "sum" and "where(z > 0, z, 0)/sqrt(m)".
    "signed" heads: j in {+1,-1} (index 0 is +1), f = F_{+1} - F_{-1}, labels +-1.
    "class" heads: k in 0..K-1, one output each, labels 0..K-1.
    With a `second_layer` weights a_{h,r}, trained with the filters, stand in kappa's place; with `biases` sigma is of
    <w_{h,r}, x^(p)> + b_{h,r}, and these are trained too.
    """

    heads: Heads
    activation: Activation
    classes: int = 2
    second_layer: SecondLayer | None = None
    biases: Biases | None = None

    @property
    def head_axis(self) -> HeadAxis:
        """The heads: their labels, signs and names."""
        return head_axis(self.heads, self.classes)

    @property
    def axes(self) -> tuple[Directions, ...]:
        """The axes of what is trained beside the filters: of the biases, then of the second layer."""
        return tuple(each.family for each in (self.biases, self.second_layer) if each is not None)

    @property
    def axis_names(self) -> tuple[str, ...]:
        """Their names, as families of directions: no data has a component along any of them."""
        return tuple(axis.name for axis in self.axes)


@dataclass(frozen=True, kw_only=True)
class Objective(Declared):
    """The mean loss over examples, plus (c lam) times a squared gradient norm: none, per example (mean) or full.

    Signed heads, of the margin z = y f: "logistic" log(1 + e^{-z}), "exponential" e^{-z}, "hinge" max(0, 1 - z) with
    l'(1) = 0, "squared" (1 - z)^2/2 = (y - f)^2/2, "smooth_hinge" (1 - z)^2/2 from 0 to 1 and 1/2 - z below, or a
    formula in z, such as "log(1 + exp(-z/temperature))", with parameters in it; class heads: "cross_entropy".
    `label_weights` weigh an example's loss by the label that it sees, of signed heads: (w_{+1}, w_{-1}), numbers from 0
    or parameters' names; a penalty's gradient norms are of weighted losses, and fresh examples count alike.
    With `mixed_labels` an example's loss is that of all labels that it is mixed of, sum_k M_ik l(y_k f), as mixup's.
    c is 1/2 where the flag `penalty_half` is set, else 1; `lam` is on for t <= `lam_until` (absent: always).
    """

    loss: LossName
    penalty: Literal["none", "per_example", "full"] = "none"
    label_weights: tuple[float | NumberName, ...] = ()
    mixed_labels: MixedLabel | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for value in self.loss_kind.constants:
            if said := constant_misfit("loss", value):
                raise ModelError(said.replace("Activation", "Objective", 1))
        for weight in self.label_weights:
            if said := constant_misfit("label_weights", weight):
                raise ModelError(said.replace("Activation", "Objective", 1))
            if not isinstance(weight, str) and weight < 0:
                raise ModelError(f"Objective.label_weights: {weight:g}; expected numbers from 0, or parameters' names")

    @property
    def loss_kind(self) -> LossKind:
        """The loss, by its own class."""
        return loss_kind(self.loss)

    @property
    def penalty_kind(self) -> PenaltyKind:
        """The penalty, by its own class."""
        return PENALTIES[self.penalty]

    @property
    def penalised(self) -> bool:
        """Whether there is a penalty."""
        return self.penalty_kind.present
