"""The long-tail ratio of fresh noise, and accuracy by it, in bins of equally many draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import ExampleFamily, Name
from ..observable import OfFresh, not_fresh
from ..views import Array, FreshView, FreshWeights


@dataclass(frozen=True, kw_only=True)
class LongTail(OfFresh):
    """The long-tail ratio of fresh noise v of `of`, and accuracy by it, in `bins` equally likely bins a class.

    q(v) = <sum_R w_{y,r}, v> / ||A_y^T sum_R w_{y,r}|| over R = {r : <w_{y,r}, v> > 0}.  NAME is a bin's mean ratio,
    NAME_accuracy the accuracy in it, NAME_empty the probability that R is empty and q undefined.
    """

    of_class_heads = True
    of_one_loop = True

    name: Name
    latex: str
    of: ExampleFamily
    bins: int = 10
    source: str = ""

    @property
    def also(self) -> tuple[str, ...]:
        """Accuracy by bin, and the probability that there is no ratio."""
        return (f"{self.name}_accuracy", f"{self.name}_empty")

    def refusal(self, model: Any) -> str:
        """It has bins, and is of noise that is fresh."""
        if self.bins < 1:
            return f"{self.name}: bins: {self.bins}; expected a whole number from 1, such as 10"
        return not_fresh(self.name, self.of, model)

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """A bin's of each class, and a class's."""
        return {**dict.fromkeys((self.name, self.also[0]), ("t", "class", "bin")), self.also[1]: ("t", "class")}

    def words(self, model: Any) -> dict[str, str]:
        """The ratio, accuracy by it, and where there is none."""
        said = (
            f"long-tail ratio of fresh {self.of}, mean of a bin of equally likely ones",
            "P(right) in the bin of ratios", "P(no filter active), where the ratio is not defined",
        )
        return dict(zip((self.name, *self.also), said, strict=True))

    def statistics(self, fresh: FreshView) -> dict[str, Array]:
        """NAME, NAME_accuracy (T, K, bins) and NAME_empty (T, K)."""
        classes, m = fresh.heads, fresh.filters
        own = [slice(k * m, (k + 1) * m) for k in range(classes)]
        held, covariance = fresh.held(self.of), fresh.covariance(self.of)
        accuracy, none = self.also
        by_bin = {name: np.full((fresh.recorded, classes, self.bins), np.nan) for name in (self.name, accuracy)}
        empty = np.full((fresh.recorded, classes), np.nan)

        def ratios(t: int) -> Callable[[list[Array]], Array]:
            """(n, K): every class's own filters on its own noise."""
            blocks = [covariance(t, k, own[k]) for k in range(classes)]
            return lambda vectors: np.stack(
                [long_tail_ratio(vectors[held[k]][:, own[k]], blocks[k]) for k in range(classes)], axis=1
            )

        for state in fresh.states(ratios):
            for k, q in enumerate(state.made.T):
                known = np.flatnonzero(np.isfinite(q))
                empty[state.t, k] = 1.0 - len(known) / len(q)
                for at, part in enumerate(np.array_split(known[np.argsort(q[known])], self.bins)):
                    if len(part):
                        by_bin[self.name][state.t, k, at] = q[part].mean()
                        by_bin[accuracy][state.t, k, at] = state.right[part, k].mean()
        return {**by_bin, none: empty}

    def by_weights(self, course: FreshWeights) -> dict[str, Array]:
        """Ratio and accuracy (K, bins), and how often no filter is active (K,), sample by sample."""
        table, empty = np.full((2, len(course.W), self.bins), np.nan), np.zeros(len(course.W))
        for k, own in enumerate(course.W):
            through, ratios = own @ course.matrix(self.of, k), []  # <w_r, A e_c>
            for at, z in enumerate(course.preactivations(self.of, k)[:, k]):
                length = float(np.linalg.norm(sum(through[r] for r in np.flatnonzero(z > 0))))
                if length > 0:
                    ratios.append((float(z[z > 0].sum()) / length, 1.0 - course.wrong[at, k]))
            empty[k] = 1.0 - len(ratios) / len(course.wrong)
            (size, more), start, ordered = divmod(len(ratios), self.bins), 0, sorted(ratios)
            for one in range(self.bins):
                part = ordered[start : start + size + (one < more)]
                start += len(part)
                if part:
                    table[:, k, one] = np.mean(part, axis=0)
        return dict(zip((self.name, *self.also), (*table, empty), strict=True))


def long_tail_ratio(z: Array, covariance: Array) -> Array:
    """q = sum_R z_r / sqrt(1_R^T C 1_R) over R = {r : z_r > 0} of pre-activations z (N, m); NaN where R is empty.

    C (m, m) is the neurons' covariance W_y Sigma_y W_y^T (Definition 1).
    """
    active = (z > 0).astype(np.float64)
    length = np.sqrt(np.maximum(np.einsum("nr,nr->n", active @ covariance, active), 0.0))
    ratio: Array = np.divide((z * active).sum(axis=1), length, out=np.full(len(z), np.nan), where=length > 0)
    return ratio
