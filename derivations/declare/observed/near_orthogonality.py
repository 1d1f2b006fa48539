"""How nearly orthogonal the training inputs are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import ExampleFamily, Name
from ..observable import KnownFrom, OfStates
from ..views import Array, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class NearOrthogonality(OfStates):
    """R_min^2 / (R^2 n p) of the family `of` over examples: R_min and R_max the lengths, R their ratio.

    p = max_{i != k} |<v_i, v_k>|; infinite where p is 0.
    """

    known_from = KnownFrom.DATA

    name: Name
    latex: str
    of: ExampleFamily
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """The data tell."""
        return False

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """One number of the data."""
        return {self.name: ()}

    def words(self, model: Any) -> dict[str, str]:
        """The ratio."""
        return {self.name: f"R_min^2 / (R^2 n p), how nearly orthogonal {self.of}_i are; p the largest |<v_i, v_k>|"}

    def value(self, states: StateView) -> Array | None:
        """One number of the data; NaN where a vector is 0."""
        rows = states.rows(self.of)
        return np.asarray(_ratio(states.gram[rows, rows]))

    def by_weights(self, course: WeightView) -> Array:
        """Of the vectors, pair by pair."""
        rows = course.families[self.of]
        lengths = [float(np.linalg.norm(v)) for v in rows]
        p = max((abs(a @ b) for i, a in enumerate(rows) for k, b in enumerate(rows) if i != k), default=0.0)
        ratio = max(lengths) / min(lengths)
        below = ratio * ratio * len(rows) * p  # ratio ** 2 would raise where it overflows
        return np.asarray(min(lengths) ** 2 / below if below else np.inf)


def _ratio(gram: Array) -> float:
    """Of inner products (n, n)."""
    squares = np.diag(gram)
    if not np.all(squares > 0):
        return float("nan")
    low, high = float(np.sqrt(squares.min())), float(np.sqrt(squares.max()))
    p = float(np.abs(gram[~np.eye(len(gram), dtype=bool)]).max(initial=0.0))
    ratio = high / low
    below = ratio * ratio * len(gram) * p  # ratio ** 2 would raise where it overflows
    return float(low**2 / below) if below > 0 else float("inf")
