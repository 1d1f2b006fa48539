"""The length of every filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import Name
from ..observable import OfStates, of_filters
from ..views import Array, EntryView, Sizes, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class NeuronNorm(OfStates):
    """||w_{h,r}|| of every filter."""

    by_inner_products = True

    name: Name
    latex: str
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """A filter's."""
        return {self.name: ("t", *of_filters(model))}

    def words(self, model: Any) -> dict[str, str]:
        """A norm a filter."""
        return {self.name: "length ||w|| of each filter"}

    def arrays(self, sizes: Sizes) -> Mapping[str, float]:
        """Coordinates of W(0) and the directions."""
        return sizes.frame

    def value(self, states: StateView) -> Array | None:
        """(T, H, m); None without coefficients."""
        return self.of_runs(states)

    def of_runs(self, states: EntryView) -> Array | None:
        """As `value`."""
        return None if states.b is None else states.norms

    def by_weights(self, course: WeightView) -> Array:
        """Of W itself."""
        return np.asarray(np.sqrt((course.of_data(course.W) ** 2).sum(-1)))
