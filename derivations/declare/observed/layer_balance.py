"""How the two layers of a neuron are balanced, which gradient flow conserves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import Name
from ..layers import BIASES, SECOND_LAYER
from ..observable import OfStates, of_filters
from ..views import Array, Sizes, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class LayerBalance(OfStates):
    """a_{h,r}^2 - (||w_{h,r}||^2 + b_{h,r}^2)/q of every neuron, sigma homogeneous of degree q; b = 0 without biases.

    Gradient flow on the loss conserves it, since a dL/da = (<w, dL/dw> + b dL/db)/q where sigma(c z) = c^q sigma(z)
    (Du, Hu and Lee, arXiv:1806.00900, Theorem 2.1, q = 1).  One step of plain gradient descent changes it by exactly
    eta^2 ((dL/da)^2 - (||dL/dw||^2 + (dL/db)^2)/q).  Of a trained second layer and relu, leaky_relu, relu_power,
    identity, square or cubic.
    """

    by_inner_products = True

    name: Name
    latex: str
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """A neuron's."""
        return {self.name: ("t", *of_filters(model))}

    def words(self, model: Any) -> dict[str, str]:
        """The difference."""
        q, inner = _degree(model), "||w||^2" if model.network.biases is None else "(||w||^2 + b^2)"
        of = inner if q == 1 else f"{inner}/{q}"
        return {self.name: f"a^2 - {of} of each neuron, which gradient flow conserves"}

    def refusal(self, model: Any) -> str:
        """There is a second layer, and its neurons are homogeneous."""
        if model.network.second_layer is None:
            return f"{self.name}: it is of a trained second layer; declare Network(second_layer=SecondLayer())"
        if not _degree(model):
            return (f"{self.name}: layers are balanced where sigma(c z) = c^q sigma(z), and no q is known of "
                    f"{model.network.activation.name!r}; take relu, leaky_relu, relu_power, identity, square or cubic")
        return ""

    def arrays(self, sizes: Sizes) -> Mapping[str, float]:
        """Coordinates of W(0) and the directions."""
        return sizes.frame

    def value(self, states: StateView) -> Array | None:
        """(T, H, m); None without coefficients."""
        if states.b is None:
            return None
        with np.errstate(over="ignore", invalid="ignore"):  # squares beyond the largest double have no difference: NaN
            inner = states.norms**2
            if states.model.network.biases is not None:
                inner = inner + states.z[..., states.rows(BIASES)][..., 0] ** 2
            outer = states.z[..., states.rows(SECOND_LAYER)][..., 0] ** 2
            return np.asarray(outer - inner / _degree(states.model))

    def by_weights(self, course: WeightView) -> Array:
        """Of the entries of each neuron: a is the last."""
        W, q = course.W, course.model.network.activation.kind.homogeneity
        return np.asarray(W[..., -1] ** 2 - (W[..., :-1] ** 2).sum(-1) / q)


def _degree(model: Any) -> int:
    """q where sigma is homogeneous, else 0."""
    return int(model.network.activation.kind.homogeneity)
