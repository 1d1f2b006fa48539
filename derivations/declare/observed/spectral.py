"""Numbers of the weights' singular values, among them the stable rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..choices import Name
from ..observable import OfStates
from ..views import Array, EntryView, Sizes, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class Spectral(OfStates):
    """A number of each head's matrix W_h and of all of them stacked, from its singular values s_1 >= s_2 >= ...

    "frobenius" ||W||_F, "spectral" s_1, "stable_rank" ||W||_F^2 / s_1^2, "stable_rank_excess" sum_{k>1} s_k^2 / s_1^2.
    """

    decomposes = True
    by_inner_products = True

    name: Name
    latex: str
    what: Literal["frobenius", "spectral", "stable_rank", "stable_rank_excess"]
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """A matrix's: a head's, or all of them stacked."""
        return {self.name: ("t", "matrix")}

    def words(self, model: Any) -> dict[str, str]:
        """Which number of a matrix."""
        what = {
            "frobenius": "Frobenius norm ||W||_F", "spectral": "largest singular value ||W||_2",
            "stable_rank": "stable rank ||W||_F^2 / ||W||_2^2",
            "stable_rank_excess": "stable rank minus 1, without cancellation",
        }[self.what]
        return {self.name: f"{what}, of each head's matrix and of all stacked"}

    def arrays(self, sizes: Sizes) -> Mapping[str, float]:
        """Coordinates of W(0) and the directions."""
        return sizes.frame

    def value(self, states: StateView) -> Array | None:
        """(T, H + 1), the last of all heads stacked; None without coefficients."""
        return self.of_runs(states)

    def of_runs(self, states: EntryView) -> Array | None:
        """As `value`."""
        if states.b is None:
            return None
        sizes = states.singular
        numbers = {
            "frobenius": sizes.frobenius, "spectral": sizes.spectral, "stable_rank": 1.0 + sizes.excess,
            "stable_rank_excess": sizes.excess,
        }
        return numbers[self.what]

    def lacking(self, states: StateView) -> str:
        """W = 0 has no stable rank."""
        if states.b is None or not (states.singular.frobenius == 0).any():
            return ""
        what = "W is 0 there, or a head's part of it"
        return f"{what}, which has no stable rank; start from larger filters, or leave it out"

    def by_weights(self, course: WeightView) -> Array:
        """By the singular value decomposition of W itself."""
        filters = course.of_data(course.W)
        return np.array([[*(self._of(head) for head in W), self._of(np.concatenate(list(W)))] for W in filters])

    def _of(self, matrix: Array) -> float:
        s = np.linalg.svd(matrix, compute_uv=False)
        rest, first = float((s[1:] ** 2).sum()), float(s[0]) ** 2
        return {"frobenius": float(np.linalg.norm(matrix)), "spectral": float(s[0]), "stable_rank_excess": rest / first,
                "stable_rank": (first + rest) / first}[self.what]
