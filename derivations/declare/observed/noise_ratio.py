"""Ratios of noise, and of feature and noise, class by class from the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import ClassFamily, ExampleFamily, Name
from ..observable import KnownFrom, OfStates
from ..views import Array, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class NoiseRatio(OfStates):
    """Class by class from the data: |S_k| F_kk / (|S_j| F_kj), or with `signal` |S_k|^2 ||u_k||^4 / (|S_j| F_kj).

    F_kj is the mean of <v_a, v_b>^2 over pairs a in S_k, b in S_j, a != b, of the family `of`: for centred noise an
    unbiased estimate of ||A_k^T A_j||_F^2, whatever its law.  NaN where there is no such pair.
    """

    known_from = KnownFrom.DATA
    of_class_heads = True
    of_one_loop = True

    name: Name
    latex: str
    of: ExampleFamily
    signal: ClassFamily = ""
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """The data tell."""
        return False

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """Two classes k and j, of the data."""
        return {self.name: (model.network.head_axis.dim, "class")}

    def words(self, model: Any) -> dict[str, str]:
        """The ratio, by classes."""
        return {self.name: (
            f"|S_k|^2 ||{self.signal}||^4 / (|S_j| F_kj)" if self.signal else "|S_k| F_kk / (|S_j| F_kj)"
        ) + f", F_kj the mean squared inner product of {self.of} of classes k and j"}

    def value(self, states: StateView) -> Array | None:
        """(K, K) of the data at hand; NaN where a class has too few examples."""
        classes, rows, y = states.model.n_heads, states.rows(self.of), states.y
        among, lengths = states.gram[rows, rows], np.diag(states.gram)[states.rows(self.signal or self.of)]
        # The ratio is one of squares, which may overflow where it does not: a power of two off all of them is exact.
        unit = 2.0 ** -np.frexp(max(np.abs(among).max(initial=0.0), lengths.max(initial=0.0)))[1]
        moments = pair_moments(among * unit, y, classes)
        sizes = (y[None, :] == np.arange(classes)[:, None]).sum(axis=1).astype(np.float64)
        if self.signal:
            top = (sizes * lengths * unit) ** 2  # lengths are ||u_k||^2
        else:
            top = sizes * np.diag(moments)
        below = sizes[None, :] * moments
        unknown = np.full((classes, classes), np.nan)
        ratio: Array = np.divide(np.broadcast_to(top[:, None], below.shape), below, out=unknown, where=below > 0)
        return ratio

    def by_weights(self, course: WeightView) -> Array | None:
        """Of the vectors, pair by pair."""
        if not course.model.family(self.of).index_set.per_example:
            return None
        rows, classes = course.families[self.of], course.model.n_heads
        members = [np.flatnonzero(course.y == k) for k in range(classes)]
        ratios = np.full((classes, classes), np.nan)

        def moment(k: int, j: int) -> float:
            squares = [(rows[a] @ rows[b]) ** 2 for a in members[k] for b in members[j] if a != b]
            return float(np.mean(squares)) if squares else np.nan

        for k, j in np.ndindex(classes, classes):
            top = len(members[k]) * moment(k, k)
            if self.signal:
                top = len(members[k]) ** 2 * float(np.sum(course.families[self.signal][k] ** 2)) ** 2
            ratios[k, j] = top / (len(members[j]) * moment(k, j)) if len(members[j]) else np.nan
        return ratios


def pair_moments(gram: Array, y: Array, classes: int) -> Array:
    """F (K, K): the mean of <v_a, v_b>^2 over pairs a != b with labels k and j; NaN where there is none.

    For centred noise with independent examples this estimates ||A_k^T A_j||_F^2 without bias, whatever its law.
    gram (n, n); y (n,) of 0..K-1.
    """
    member = (y[None, :] == np.arange(classes)[:, None]).astype(np.float64)
    squares = gram**2
    np.fill_diagonal(squares, 0.0)
    sizes = member.sum(axis=1)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    unknown = np.full((classes, classes), np.nan)
    moments: Array = np.divide(member @ squares @ member.T, pairs, out=unknown, where=pairs > 0)
    return moments
