"""Sums of coefficients, distances between weights, and a definition per example on another scale."""

from __future__ import annotations

import numpy as np

from derivations.declare import Distance, Shifted, Total
from dynamics.arrays import Array
from dynamics.chance.gram import Reduced
from dynamics.geometry import distances

from ..ask import formula
from ..errors import InputError
from .coefficients import coefficient
from .evaluators import OfStates, evaluates
from .states import States, Variable


@evaluates(Shifted)
class Shifts(OfStates[Shifted]):
    """A definition per example times a constant plus a constant."""

    def variable(self, states: States, declared: Shifted) -> Variable | None:
        """None where the engine does not observe the definition."""
        of = states.seen.get(declared.of)
        if of is None:
            return None
        return states.per_example(("t",), declared.times * of + declared.plus)


@evaluates(Total)
class Totals(OfStates[Total]):
    """The sum of a coefficient over its family."""

    def variable(self, states: States, declared: Total) -> Variable | None:
        """(T, H, m); None without coefficients."""
        if states.b is None:
            return None
        families = {family.coefficient.name: family for family in states.model.directions}
        total = coefficient(states, families[declared.of]).sum(-1)
        return Variable(("t", states.head, "r"), total)


@evaluates(Distance)
class Distances(OfStates[Distance]):
    """||W - W*||_F, by the Gram matrix."""

    def variable(self, states: States, declared: Distance) -> Variable | None:
        """(T,); None without coefficients.  Raises InputError where a vector of the family is 0."""
        if states.b is None:
            return None
        said = self.undefined(states, declared)
        if said:
            raise InputError(said)
        return Variable(("t",), _distance(states, states.b, declared))

    def undefined(self, states: States, declared: Distance) -> str:
        """W* divides by every vector's length."""
        if np.all(states.draw.squared_lengths[states.rows(declared.of)] != 0):
            return ""
        return (
            f"{declared.of}: a zero vector has no direction, and {declared.name} divides by its length; leave it out "
            "of observables"
        )


def _distance(states: States, b: Array, declared: Distance) -> Array:
    rows = states.rows(declared.of)
    target = np.zeros(b.shape[1:])
    scale = formula.evaluate(declared.scale, {**states.values, "n": len(states.draw.y), "m": b.shape[2]})
    target[..., rows] = scale * states.own[:, None, :] / states.draw.squared_lengths[rows]
    if states.scale is None:
        return distances.distance(b, target, states.draw.gram)
    drawn = states.draw
    start = Reduced(z=drawn.z, gram=drawn.gram, weight_gram=drawn.weight_gram)
    return distances.decayed_distance(start, b, target, states.scale)
