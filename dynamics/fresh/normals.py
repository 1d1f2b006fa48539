"""The normals behind fresh examples: independent, or in groups that share all but what leads the heads' outputs.

The examples of a group have the same noise but for its components along the heads, the directions along which a head's
pre-activations move together: there each group has one example in each of Q strata, a Latin hypercube over the heads.
Groups are independent, so that a mean over them has the standard error of M independent draws; it is mostly that of
M Q independent examples or less, as what moves an output is mostly what moves a head, at 1/Q of their products.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..chance.normals import standard_normal
from ..chance.strata import enough, stratified
from ..chance.streams import stream
from .roots import Draws, coloured

STRATA = 8


@dataclass(frozen=True)
class Normals:
    """N = M Q fresh examples, group by group: `rest` (M, F, S) of F vectors, `lead` (M, Q, F, H) along their H heads.

    Without `lead` each example is a group of its own, Q = 1.  `spikes` (N, C) are each example's along class noise's
    spikes, where a kernel on lanes takes them.
    """

    rest: Array
    lead: Array | None = None
    spikes: Array | None = None

    @property
    def strata(self) -> int:
        """Q."""
        return 1 if self.lead is None else self.lead.shape[1]

    @property
    def count(self) -> int:
        """N."""
        return len(self.rest) * self.strata

    def draws(self, vector: int, covariance: Array) -> Draws:
        """Draws of one vector's pre-activations, of covariance (S, S): `roots.coloured`."""
        return coloured(self.rest[:, vector], covariance, None if self.lead is None else self.lead[:, :, vector])


def by_group(each: Array, strata: int) -> Array:
    """The mean over each group (M, ...) of what examples have (N, ...); of one alone, which is exact, itself."""
    if strata == 1 or len(each) == 1:
        return each
    return np.asarray(each.reshape(-1, strata, *each.shape[1:]).mean(axis=1))


@functools.lru_cache(maxsize=32)
def leading(seed: int, groups: int, vectors: int, heads: int) -> Array:
    """A seed's `lead` of `Normals`, (M, STRATA, F, H), read-only; runs of the seed share it."""
    lead = np.empty((groups, STRATA, vectors, heads))
    rng = stream(seed, "strata")
    drawn = standard_normal(rng, (vectors, heads, enough(groups, STRATA)))
    for f, h in np.ndindex(vectors, heads):
        column = stratified(rng, groups, STRATA, drawn[f, h])
        lead[:, :, f, h] = rng.permuted(column, axis=1) if f or h else column
    lead.flags.writeable = False
    return lead


__all__ = ["STRATA", "Normals", "by_group", "leading"]
