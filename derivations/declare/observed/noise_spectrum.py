"""The spectrum of what a class's filters make of its noise, and how often fresh noise finds few filters active."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import ExampleFamily, Name
from ..observable import OfFresh, not_fresh
from ..views import Array, FreshView, FreshWeights


@dataclass(frozen=True, kw_only=True)
class NoiseSpectrum(OfFresh):
    """The eigenvalues of W_k Sigma_k W_k^T, the squared singular values of W_k A_k, of class noise `of`, ascending.

    A run has it only where it is asked for by name.
    """

    of_class_heads = True
    of_one_loop = True
    on_request = True

    name: Name
    latex: str
    of: ExampleFamily
    source: str = ""

    def refusal(self, model: Any) -> str:
        """It is of noise that is fresh."""
        return not_fresh(self.name, self.of, model)

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """An eigenvalue of each class's."""
        return {self.name: ("t", "class", "r")}

    def words(self, model: Any) -> dict[str, str]:
        """Of which matrix."""
        return {self.name: f"squared singular values of W_k A_k, ascending, A_k the matrix of fresh {self.of}"}

    def statistics(self, fresh: FreshView) -> dict[str, Array]:
        """NAME (T, K, m); NaN where W is not finite."""
        spectra = np.full((fresh.recorded, fresh.heads, fresh.filters), np.nan)
        covariance = fresh.covariance(self.of)
        for t, k in np.ndindex(spectra.shape[:2]):
            block = covariance(t, k, slice(k * fresh.filters, (k + 1) * fresh.filters))
            if np.isfinite(block).all():
                spectra[t, k] = np.maximum(np.linalg.eigvalsh(block), 0.0)
        return {self.name: spectra}

    def by_weights(self, course: FreshWeights) -> Array:
        """(K, m), by the singular values of W_k A_k itself; filters beyond the noise's dimension add zeros."""
        spectra = np.zeros(course.W.shape[:2])
        for k, own in enumerate(course.W):
            values = np.linalg.svd(own @ course.matrix(self.of, k), compute_uv=False)[::-1]
            spectra[k, len(own) - len(values) :] = values**2
        return spectra


@dataclass(frozen=True, kw_only=True)
class FewActive(OfFresh):
    """P(fewer than `share` of the m own filters are active on fresh noise `of`), of each class.

    A run has it only where it is asked for by name.
    """

    of_class_heads = True
    of_one_loop = True
    on_request = True

    name: Name
    latex: str
    of: ExampleFamily
    share: float = 0.1
    source: str = ""

    def refusal(self, model: Any) -> str:
        """It is of noise that is fresh, and of a share."""
        if not 0 < self.share <= 1:
            return f"{self.name}: share: {self.share}; expected a number above 0 and up to 1, such as 0.1"
        return not_fresh(self.name, self.of, model)

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """A class's."""
        return {self.name: ("t", "class")}

    def words(self, model: Any) -> dict[str, str]:
        """Which filters, and how few."""
        return {self.name: f"P(fewer than {self.share:g} m own filters active on fresh {self.of})"}

    def statistics(self, fresh: FreshView) -> dict[str, Array]:
        """NAME (T, K)."""
        m = fresh.filters
        shares, held = np.full((fresh.recorded, fresh.heads), np.nan), fresh.held(self.of)

        def few(t: int) -> Callable[[list[Array]], Array]:
            """(N, K): every class's own filters on its own noise."""
            return lambda vectors: np.stack(
                [(vectors[held[k]][:, k * m : (k + 1) * m] > 0).sum(axis=1) < self.share * m
                 for k in range(fresh.heads)], axis=1
            ).astype(np.float64)

        for state in fresh.states(few):
            shares[state.t] = state.made.mean(axis=0)
        return {self.name: shares}

    def by_weights(self, course: FreshWeights) -> Array:
        """(K,), sample by sample."""
        classes, m = course.W.shape[:2]
        counted = [[int(np.count_nonzero(z > 0)) for z in course.preactivations(self.of, k)[:, k]]
                   for k in range(classes)]
        return np.array([np.mean([count < self.share * m for count in counts]) for counts in counted])
