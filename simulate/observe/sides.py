"""The sides of an activation's kink: which pre-activations are on the steep one, and the slopes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from derivations.declare import Activation, Model, TwoSlopes, Value, terms_of
from dynamics.arrays import Array, Flags, Indices, Steps

Scalars = Mapping[str, Array | float]
NONE: Scalars = MappingProxyType({})


@dataclass(frozen=True)
class Along:
    """A run whose every step is shown to what counts along it: `derivations.declare.views.RunView`."""

    model: Model
    y: Array
    clean: Array
    recorded: Steps
    scalars: Scalars = field(default_factory=dict)

    @property
    def own(self) -> Flags:
        """(H, n): whether a head is an example's own."""
        return own_heads(self.model, self.y)

    def steep(self, z: Array) -> Flags:
        """Whether each patch is on the steep side of the kink, (T, H, m, n, P), at z (T, H, m, B)."""
        return sides(self.model, z, self.y, self.clean, self.scalars)


def own_heads(model: Model, y: Array) -> Flags:
    """(H, n): whether a head is an example's own."""
    own: Flags = np.array(model.network.head_axis.labels)[:, None] == y[None, :]
    return own


def sides(model: Model, z: Array, y: Array, clean: Array, scalars: Scalars = NONE) -> Flags:
    """Whether each patch's pre-activation is on the steep side of 0, (..., H, m, n, P), for z (..., H, m, B).

    `scalars` are all that patches are made with, by name.

    0 itself is on the side whose derivative the declaration gives it (`at_kink`).
    """
    closed = model.network.activation.at_kink == 1
    pre = preactivations(model, z, y, clean, scalars)[..., : model.activated]
    found: Flags = pre >= 0 if closed else pre > 0
    return found


def preactivations(model: Model, z: Array, y: Array, clean: Array, scalars: Scalars = NONE) -> Array:
    """<w, x_i^(p)>, (..., H, m, n, P), from z (..., H, m, B)."""
    columns, scales = term_columns(model, y, clean, scalars)
    of_terms: Array = z[..., columns] * scales
    if of_terms.shape[-1] == len(model.patches):
        return of_terms
    first = np.cumsum([0, *(len(patch.terms) for patch in model.patches[:-1])])
    return np.asarray(np.add.reduceat(of_terms, first, axis=-1))


def patch_of_term(model: Model) -> Indices:
    """Which patch each term is of (Q,)."""
    return np.repeat(np.arange(len(model.patches)), [len(patch.terms) for patch in model.patches])


def term_columns(model: Model, y: Array, clean: Array, scalars: Scalars = NONE) -> tuple[Indices, Array]:
    """Where on the direction axis each example's terms are, patch by patch, and their scales, both (n, Q)."""
    n = len(y)
    offsets, terms = model.offsets(n), terms_of(model.patches)
    first, label = np.zeros(n, dtype=np.intp), np.maximum(y, 0).astype(np.intp)
    sets = [model.family(term.direction).index_set for term in terms]
    within = [each.row(first, label, first, np.arange(n)) for each in sets]
    columns = [offsets[term.direction] + row for term, row in zip(terms, within, strict=True)]
    known = {name: np.broadcast_to(each, (n,)) for name, each in scalars.items()}
    scales = [term.factor(np.ones(n), y, clean, known) for term in terms]
    return np.stack(columns, axis=1), np.stack(scales, axis=1)


def slopes(activation: Activation, steep: Flags, values: Mapping[str, Value]) -> Array:
    """sigma' on the two sides, of one that is linear on either: 1, and 0 or the slope."""
    kind = activation.kind
    if not isinstance(kind, TwoSlopes):
        raise TypeError(f"slopes: {type(kind).__name__} is not linear on either side of 0")
    value = float(values[kind.flat] or 0.0) if isinstance(kind.flat, str) else kind.flat
    return np.where(steep, 1.0, value)
