"""The sum of a coefficient over its family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import Name, nearest
from ..observable import OfStates, of_filters
from ..views import Array, EntryView, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class Total(OfStates):
    """The sum of the coefficient `of` over its family, for every filter."""

    name: Name
    latex: str
    of: str
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False

    @property
    def entries_of(self) -> str:
        """The coefficient."""
        return self.of

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """A filter's."""
        return {self.name: ("t", *of_filters(model))}

    def words(self, model: Any) -> dict[str, str]:
        """The sum."""
        return {self.name: f"sum of {self.of} over its family, for each filter"}

    def refusal(self, model: Any) -> str:
        """It is of a coefficient."""
        known = sorted(family.coefficient.name for family in model.directions)
        if self.of in known:
            return ""
        return f"{self.name}: of {self.of!r}, which is not declared; {nearest(self.of, known)}"

    def value(self, states: StateView) -> Array | None:
        """(T, H, m); None without coefficients."""
        return self.of_runs(states)

    def of_runs(self, states: EntryView) -> Array | None:
        """As `value`."""
        values = states.coefficient(self.of)
        return None if values is None else np.asarray(values.sum(-1))

    def by_weights(self, course: WeightView) -> Array | None:
        """One after another."""
        coefficient = course.coefficients.get(self.of)
        if coefficient is None:
            return None
        return sum((coefficient[..., at] for at in range(coefficient.shape[-1])), np.zeros(1))
