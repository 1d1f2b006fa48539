"""The declared loss as test laws take it: a word that they know, or a formula of margins on arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivations.declare import Arithmetic, Expression, Model, OfMargin, Value
from dynamics.arrays import Array

_NEAR = 1e-3  # to either side of 0, where a slope is told


def loss_of(model: Model, values: Mapping[str, Value]) -> Any:
    """A `dynamics.fresh.testlaw.Loss`: the loss's word, or the function of margins that its formula is at `values`."""
    kind = model.objective.loss_kind
    if not isinstance(kind, OfMargin):
        return model.objective.loss
    constants = tuple((name, float(str(values[name]))) for name in kind.constants)
    return Margins(kind.expression, constants)


def rising(model: Model, values: Mapping[str, Value]) -> list[str]:
    """A line where a loss's formula grows with the margin at 0, as far as `values` tell its constants."""
    kind = model.objective.loss_kind
    if not isinstance(kind, OfMargin) or not set(kind.constants) <= values.keys():
        return []
    below, above = loss_of(model, values)(np.array([-_NEAR, _NEAR]))
    if not above > below:
        return []
    return [f"the loss {kind.called} grows with the margin z = y f at 0, so that descent makes examples wrong; a loss "
            "falls there, as exp(-z) does"]


@dataclass(frozen=True)
class Margins:
    """l of an array of margins, entry by entry."""

    expression: Expression
    constants: tuple[tuple[str, float], ...]

    def __call__(self, margins: Array) -> Array:
        """The losses, of the margins' shape."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            known = {name: np.asarray(value) for name, value in self.constants}
            losses = Arrays().evaluate(self.expression, margins, known)
            return np.array(np.broadcast_to(losses, margins.shape))


class Arrays(Arithmetic[Array]):
    """Arrays; both sides of a cut are evaluated everywhere, and each entry takes its own."""

    @property
    def functions(self) -> Mapping[str, Callable[[Any], Any]]:  # type: ignore[override]
        """SciPy's, which a model without formulas need not load."""
        from scipy import special

        return {
            **_NUMPY, "sigmoid": special.expit, "erf": special.erf, "Phi": special.ndtr,
        }

    def number(self, value: float) -> Array:
        """A number."""
        return np.asarray(float(value))

    def where(
        self, z: Array, cut: Array, closed: bool, above: Callable[[Array], Array], below: Callable[[Array], Array]
    ) -> Array:
        """The side that each entry is on."""
        return np.where(z >= cut if closed else z > cut, above(z), below(z))


_NUMPY: Mapping[str, Callable[[Any], Any]] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "arctan": np.arctan,
    "tanh": np.tanh, "softplus": lambda x: np.logaddexp(0.0, x),
}
