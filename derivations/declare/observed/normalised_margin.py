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
    """Each example's margin over ||W||_F^power; with `spread`, the largest minus the smallest.

    Of an activation that is homogeneous of degree q, power=q is what does not change with the length of W.
    """

    of_one_loop = True

    name: Name
    latex: str
    spread: bool = False
    power: int = 1
    source: str = ""

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """An example's; the spread is of all."""
        return {self.name: ("t",) if self.spread else ("t", *of_examples(model))}

    def words(self, model: Any) -> dict[str, str]:
        """A margin over a norm, or how far these lie apart."""
        norm = "||W||_F" if self.power == 1 else f"||W||_F^{self.power}"
        if self.spread:
            return {self.name: f"largest minus smallest margin over examples, divided by {norm}"}
        return {self.name: f"margin of each example divided by {norm}"}

    def refusal(self, model: Any) -> str:
        """A power of a length."""
        return "" if self.power >= 1 else f"{self.name}: power={self.power}; expected a whole number from 1"

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
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # W = 0 has no direction: NaN
            margins = states.seen["margins"] / states.norm[:, None] ** self.power
        return np.ptp(margins, axis=1) if self.spread else margins

    def lacking(self, states: StateView) -> str:
        """W = 0 has no direction."""
        if states.b is None or not (states.norm == 0).any():
            return ""
        return "W is 0 there, and margins are divided by its norm; start from larger filters, or leave it out"

    def by_weights(self, course: WeightView) -> Array:
        """State by state."""
        states = zip(course.seen["margins"], course.of_data(course.W), strict=True)
        margins = np.stack([z / np.linalg.norm(W.ravel()) ** self.power for z, W in states])
        return margins.max(1) - margins.min(1) if self.spread else margins
