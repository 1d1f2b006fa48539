"""Which filters of an example's own head are active on it, and how many cease to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import FamilyName, Name
from ..observable import KnownFrom, OfStates, of_examples
from ..views import Array, Flags, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class ActiveShare(OfStates):
    """The share of an example's own head's filters with z > 0 on the family `of`, for each example."""

    of_class_heads = True
    of_one_loop = True

    name: Name
    latex: str
    of: FamilyName
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """An example's."""
        return {self.name: ("t", *of_examples(model))}

    def words(self, model: Any) -> dict[str, str]:
        """The share."""
        return {self.name: f"share of the own head's filters with <w, {self.of}> > 0, for each example"}

    def value(self, states: StateView) -> Array | None:
        """(T, n)."""
        return np.asarray(_own_active(states, self.of).mean(axis=1))

    def by_weights(self, course: WeightView) -> Array:
        """Filter by filter."""
        return np.asarray(_by_weights(course, self.of).mean(-1))


@dataclass(frozen=True, kw_only=True)
class Deactivated(OfStates):
    """How many (filter of the own head, example) have z > 0 on `of` at the recorded step before and not at this one.

    0 at the first; with every step recorded it is 0 throughout exactly where the activation sets are nested.
    """

    known_from = KnownFrom.RECORDED
    of_class_heads = True
    of_one_loop = True

    name: Name
    latex: str
    of: FamilyName
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """One count a state."""
        return {self.name: ("t",)}

    def words(self, model: Any) -> dict[str, str]:
        """The count."""
        return {self.name: (
            f"how many (own head's filter, example) have <w, {self.of}> > 0 at the recorded step before and not here"
        )}

    def value(self, states: StateView) -> Array | None:
        """(T,), 0 at the first."""
        active = _own_active(states, self.of)
        lost = np.zeros(len(active))
        lost[1:] = (active[:-1] & ~active[1:]).sum(axis=(1, 2))
        return lost

    def by_weights(self, course: WeightView) -> Array:
        """State by state."""
        on = _by_weights(course, self.of)
        return np.array([0.0] + [float((on[t - 1] & ~on[t]).sum()) for t in range(1, len(on))])


def _own_active(states: StateView, family: str) -> Flags:
    """Whether each filter of the example's own head has z > 0 on the family's vector of that example, (T, m, n)."""
    z, label = states.z[..., states.rows(family)], states.y.astype(np.intp)
    first = np.zeros_like(label)
    place = states.model.family(family).index_set.row(first, label, first, np.arange(len(label)))
    own = z[:, label, :, place]  # the indexed axes come first: (n, T, m)
    return np.moveaxis(own, 0, -1) > 0


def _by_weights(course: WeightView, of: str) -> Flags:
    """(T, n, m): whether a filter of the example's own head sees its vector of the family above 0."""
    vectors = [course.example_vector(of, i) for i in range(len(course.y))]
    heads = [next(h for h in range(len(course.signs)) if course.own(h, i)) for i in range(len(course.y))]
    return np.stack([course.W[:, h] @ v > 0 for h, v in zip(heads, vectors, strict=True)], axis=1)
