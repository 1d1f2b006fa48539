"""sigma, the loss and what is read of outputs: torch formulas of the weight-space engine's own, by the kind declared.

They go from a declaration and numbers alone; no derived formula is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

import torch

from derivations.declare import (
    Activation,
    ActivationKind,
    Arithmetic,
    CrossEntropy,
    Exponential,
    Expressed,
    Expression,
    HuberizedRelu,
    LeakyRelu,
    Logistic,
    LossKind,
    Model,
    OfMargin,
    Relu,
    ReluPower,
    of_class,
)

from ..values import Values, constant, real
from .stable import cross_entropy, sigmoid, softplus

if TYPE_CHECKING:
    from torch import Tensor


def activation(act: Activation, z: Tensor, values: Values | None = None) -> Tensor:
    """sigma(z), its branches chosen so that autograd gives the declared derivative at a kink.

    A slope or width that is a parameter's name is read from `values`.  ReLU^q takes the second derivative 0 at 0;
    huberized ReLU is 0, z^2/(2h), z - h/2 with branches z <= 0 and z >= h.
    """
    kind = act.kind
    return of_class(ACTIVE, kind, "sigma in weight space")(kind, z, values)


def _relu_power(kind: ReluPower, z: Tensor, values: Values | None) -> Tensor:
    return torch.where(z > 0, z, torch.zeros_like(z)) ** kind.power


def _relu(kind: Relu, z: Tensor, values: Values | None) -> Tensor:
    return torch.where(z >= 0 if kind.at_kink else z > 0, z, torch.zeros_like(z))


def _leaky_relu(kind: LeakyRelu, z: Tensor, values: Values | None) -> Tensor:
    return torch.where(z >= 0 if kind.at_kink else z > 0, z, constant(values or {}, kind.slope) * z)


def _huberized_relu(kind: HuberizedRelu, z: Tensor, values: Values | None) -> Tensor:
    width = constant(values or {}, kind.width)
    return torch.where(z > 0, torch.where(z < width, z * z / (2 * width), z - width / 2), torch.zeros_like(z))


def _expressed(kind: Expressed, z: Tensor, values: Values | None) -> Tensor:
    return _Tensors().evaluate(kind.expression, z, _constants(kind.expression, z, values))


ACTIVE: Final[Mapping[type[ActivationKind], Callable[[Any, Tensor, Values | None], Tensor]]] = {
    ReluPower: _relu_power, Relu: _relu, LeakyRelu: _leaky_relu, HuberizedRelu: _huberized_relu,
    Expressed: _expressed,
}
"""sigma(z) by the activation's kind."""


def _tanh(x: Tensor) -> Tensor:
    """Beyond 1 through the sigmoid, since torch's derivative 1 - tanh^2 cancels there."""
    near = x.abs() < 1.0
    far = torch.where(near, torch.ones_like(x), x)
    inside = torch.tanh(torch.where(near, x, torch.zeros_like(x)))
    return torch.where(near, inside, torch.sign(far).detach() * (1 - 2 * sigmoid(-2 * far.abs())))


def _torchs(name: str) -> Callable[[Tensor], Tensor]:
    """A function of torch by name, which is not loaded before it is called."""
    def called(x: Tensor) -> Tensor:
        mapped: Tensor = getattr(torch, name)(x)
        return mapped

    return called


def _normal_share(x: Tensor) -> Tensor:
    """By erfc: torch's own Phi is 1 + erf for x < 0, and loses its digits from -5 on."""
    share: Tensor = 0.5 * torch.special.erfc(-x * 0.5**0.5)
    return share


class _Tensors(Arithmetic["Tensor"]):
    """Tensors, which autograd differentiates; a piece is evaluated on its own side of a cut alone, where it has values.

    At a cut the piece that the formula puts it on is the one that is differentiated.
    """

    functions: ClassVar = {
        **{name: _torchs(name) for name in ("exp", "log", "sqrt", "sin", "cos", "erf")},
        "arctan": _torchs("atan"), "tanh": _tanh, "sigmoid": sigmoid, "softplus": softplus, "Phi": _normal_share,
    }

    def number(self, value: float) -> Tensor:
        """A number."""
        return torch.tensor(float(value), dtype=torch.float64)

    def where(
        self, z: Tensor, cut: Tensor, closed: bool, above: Callable[[Tensor], Tensor],
        below: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """The side that each entry is on."""
        on_top = z >= cut if closed else z > cut
        upper, lower = above(torch.where(on_top, z, cut + 1.0)), below(torch.where(on_top, cut - 1.0, z))
        return torch.where(on_top, upper, lower)

    def power(self, base: Tensor, exponent: Tensor) -> Tensor:
        """A number as exponent is one to autograd, so that 0 ** 2 has a derivative."""
        return base ** exponent.item()


def at_step(model: Model, values: Values, name: str, t: int) -> float:
    """The parameter's value in step t, by the model's schedule for it where there is one."""
    for each in model.algorithm.schedules:
        if each.of == name:
            now = torch.tensor(float(t), dtype=torch.float64)
            number = _Tensors().evaluate(each.expression, now, _constants(each.expression, now, values))
            return float(number)
    return real(values, name)


def _constants(expression: Expression, like: Tensor, values: Values | None) -> dict[str, Tensor]:
    return {name: like.new_tensor(real(values or {}, name)) for name in expression.constants}


def losses_of(model: Model, F: Tensor, y: Tensor, values: Values) -> Tensor:
    """The declared loss of each example, (n,), at the network's outputs F (n, H); its parameters are in `values`."""
    return of_class(COST, model.objective.loss_kind, "the loss in weight space")(model, F, y, values)


def _logistic(model: Model, F: Tensor, y: Tensor, values: Values) -> Tensor:
    return softplus(-margins(model, F, y))


def _exponential(model: Model, F: Tensor, y: Tensor, values: Values) -> Tensor:
    return torch.exp(-margins(model, F, y))


def _cross_entropy(model: Model, F: Tensor, y: Tensor, values: Values) -> Tensor:
    return cross_entropy(F, _own_head(model, F, y))


def _of_margin(model: Model, F: Tensor, y: Tensor, values: Values) -> Tensor:
    kind = model.objective.loss_kind
    assert isinstance(kind, OfMargin)
    margin = margins(model, F, y)
    return _Tensors().evaluate(kind.expression, margin, _constants(kind.expression, margin, values))


COST: Final[Mapping[type[LossKind], Callable[[Model, Tensor, Tensor, Values], Tensor]]] = {
    Logistic: _logistic, Exponential: _exponential, CrossEntropy: _cross_entropy, OfMargin: _of_margin,
}
"""The losses of examples by the loss' kind."""


def margins(model: Model, F: Tensor, y: Tensor) -> Tensor:
    """(n,): y f for signed heads, F_y - max_{k != y} F_k for class heads; positive where an example is right."""
    if model.network.head_axis.signed:
        return y * (F[:, 0] - F[:, 1])
    own = _own_head(model, F, y)
    return F[own] - F.masked_fill(own, -torch.inf).amax(1)


def errors(model: Model, F: Tensor, y: Tensor) -> Tensor:
    """(n,): 0 where the example's own head is largest, 1 where another is, 1 - 1/k where it is one of k that tie."""
    largest = F == F.amax(1, keepdim=True)
    return 1 - (largest & _own_head(model, F, y)).sum(1).double() / largest.sum(1)


def trained_on(model: Model, F: Tensor, y: Tensor, values: Values, mixed: Tensor | None = None) -> Tensor:
    """Losses (n,) of training examples with labels y (n,) at outputs F (n, H), weighed where the objective has weights.

    With `mixed` labels (n,), those of a label +1 with weight (1 + mixed)/2 and of -1 with the rest.
    """
    if mixed is not None:
        plus, minus = (losses_of(model, F, torch.full_like(y, each), values) for each in (1.0, -1.0))
        return (1 + mixed) / 2 * plus + (1 - mixed) / 2 * minus
    losses, given = losses_of(model, F, y, values), model.objective.label_weights
    if not given:
        return losses
    plus_weight, minus_weight = (constant(values, each) for each in given)
    return losses * torch.where(y > 0, y.new_tensor(plus_weight), y.new_tensor(minus_weight))


def by_output(model: Model, F: Tensor, y: Tensor, values: Values, mixed: Tensor | None = None) -> Tensor:
    """dL_i/dF (n, H) at outputs F (n, H), of losses as `trained_on`."""
    leaf = F.detach().requires_grad_()
    (slopes,) = torch.autograd.grad(trained_on(model, leaf, y, values, mixed).sum(), leaf)
    return slopes.detach()


def _own_head(model: Model, F: Tensor, y: Tensor) -> Tensor:
    """(n, H): true at the head of the example's own class."""
    own: Tensor = y.new_tensor(model.network.head_axis.labels) == y[:, None]
    return own
