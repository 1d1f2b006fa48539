"""Declared observables of fresh examples at a state, from W and the samples, by their definitions.

As for those of states, nothing here is shared with `simulate.observe` or `dynamics`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from derivations import declare
from dynamics.arrays import Array

from .twins import twin


@dataclass(frozen=True)
class FreshCourse:
    """N fresh examples of each of L labels at one state W (H, m, d).

    `preactivations`(family, label) are <w_{h,r}, v> (N, H, m) on the family's vector of the label's examples;
    `matrix`(family, label) is the A (d, d) of v = A zeta; wrong (N, L) are the network's errors.
    """

    W: Array
    wrong: Array
    preactivations: Callable[[str, int], Array]
    matrix: Callable[[str, int], Array]


@twin(declare.LongTail)
def _long_tail(course: FreshCourse, o: declare.LongTail) -> dict[str, Array]:
    """Ratio and accuracy (K, bins), and how often no filter is active (K,)."""
    table, empty = np.full((2, len(course.W), o.bins), np.nan), np.zeros(len(course.W))
    for k, own in enumerate(course.W):
        through, ratios = own @ course.matrix(o.of, k), []  # <w_r, A e_c>
        for at, z in enumerate(course.preactivations(o.of, k)[:, k]):
            length = float(np.linalg.norm(sum(through[r] for r in np.flatnonzero(z > 0))))
            if length > 0:
                ratios.append((float(z[z > 0].sum()) / length, 1.0 - course.wrong[at, k]))
        empty[k] = 1.0 - len(ratios) / len(course.wrong)
        (size, more), start, ordered = divmod(len(ratios), o.bins), 0, sorted(ratios)
        for one in range(o.bins):
            part = ordered[start : start + size + (one < more)]
            start += len(part)
            if part:
                table[:, k, one] = np.mean(part, axis=0)
    return dict(zip((o.name, *o.also), (*table, empty), strict=True))
