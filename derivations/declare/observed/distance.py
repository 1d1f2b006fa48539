"""The distance of the weights from a matrix that a theorem compares them with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import ExampleFamily, Formula, Name
from ..observable import OfStates
from ..views import Array, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class Distance(OfStates):
    """||W - W*||_F for W* = W(0) + `scale` sum_{i : head is y_i's} v_i / ||v_i||^2 over the family `of`."""

    from_start = True
    by_inner_products = True

    name: Name
    latex: str
    of: ExampleFamily
    scale: Formula
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """A norm."""
        return {self.name: ("t",)}

    def words(self, model: Any) -> dict[str, str]:
        """The norm, and what W* is."""
        star = f"W(0) + {self.scale} sum_i {self.of}_i / ||{self.of}_i||^2, i over a head's own examples"
        return {self.name: f"||W - W*||_F to W* = {star}"}

    def undefined(self, states: StateView) -> str:
        """W* divides by every vector's length."""
        if np.all(states.squared_lengths[states.rows(self.of)] != 0):
            return ""
        return f"{self.of}: a zero vector has no direction, and {self.name} divides by its length"

    def value(self, states: StateView) -> Array | None:
        """(T,); None without coefficients."""
        if states.b is None:
            return None
        rows, target = states.rows(self.of), np.zeros(states.b.shape[1:])
        scale = states.number(self.scale, f"{self.name}: its scale")
        target[..., rows] = scale * states.own[:, None, :] / states.squared_lengths[rows]
        return states.distance(target)

    def by_weights(self, course: WeightView) -> Array:
        """Of W itself and W* as written."""
        scale, target = course.number(self.scale), course.start.copy()
        for head in range(len(target)):
            for at, v in enumerate(course.families[self.of]):
                target[head] += scale * v / (v @ v) if course.own(head, at) else 0.0
        return np.array([np.linalg.norm(course.of_data(W - target).ravel()) for W in course.W])
