"""Margins over the norm of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import Name
from ..observable import OfStates, of_examples
from ..views import Array, EntryView, Sizes, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class NormalisedMargin(OfStates):
    """Each example's margin over ||W||_F; with `spread`, the largest minus the smallest."""

    of_one_loop = True

    name: Name
    latex: str
    spread: bool = False
    source: str = ""

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """An example's; the spread is of all."""
        return {self.name: ("t",) if self.spread else ("t", *of_examples(model))}

    def words(self, model: Any) -> dict[str, str]:
        """A margin over a norm, or how far these lie apart."""
        if self.spread:
            return {self.name: "largest minus smallest margin over examples, divided by ||W||_F"}
        return {self.name: "margin of each example divided by ||W||_F"}

    def arrays(self, sizes: Sizes) -> Mapping[str, float]:
        """Coordinates of W(0) and the directions."""
        return sizes.frame

    def value(self, states: StateView) -> Array | None:
        """(T,) of the spread, else (T, n); None without coefficients."""
        return self.of_runs(states)

    def of_runs(self, states: EntryView) -> Array | None:
        """As `value`."""
        if states.b is None:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):  # W = 0 has no direction: NaN
            margins = states.seen["margins"] / states.norm[:, None]
        return np.ptp(margins, axis=1) if self.spread else margins

    def by_weights(self, course: WeightView) -> Array:
        """State by state."""
        states = zip(course.seen["margins"], course.of_data(course.W), strict=True)
        margins = np.stack([z / np.linalg.norm(W.ravel()) for z, W in states])
        return margins.max(1) - margins.min(1) if self.spread else margins
