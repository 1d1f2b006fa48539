"""The sides of an activation's kink: which pre-activations are on the steep one, and the slopes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from derivations.declare import Activation, Model, TwoSlopes, Value
from dynamics.arrays import Array, Flags, Indices, Steps


@dataclass(frozen=True)
class Along:
    """A run whose every step is shown to what counts along it: `derivations.declare.views.RunView`."""

    model: Model
    y: Array
    clean: Array
    recorded: Steps

    @property
    def own(self) -> Flags:
        """(H, n): whether a head is an example's own."""
        return own_heads(self.model, self.y)

    def steep(self, z: Array) -> Flags:
        """Whether each patch is on the steep side of the kink, (T, H, m, n, P), at z (T, H, m, B)."""
        return sides(self.model, z, self.y, self.clean)


def own_heads(model: Model, y: Array) -> Flags:
    """(H, n): whether a head is an example's own."""
    own: Flags = np.array(model.network.head_axis.labels)[:, None] == y[None, :]
    return own


def sides(model: Model, z: Array, y: Array, clean: Array) -> Flags:
    """Whether each patch's pre-activation is on the steep side of 0, (..., H, m, n, P), for z (..., H, m, B).

    0 itself is on the side whose derivative the declaration gives it (`at_kink`).
    """
    closed = model.network.activation.at_kink == 1
    pre = preactivations(model, z, y, clean)
    found: Flags = pre >= 0 if closed else pre > 0
    return found


def preactivations(model: Model, z: Array, y: Array, clean: Array) -> Array:
    """<w, x_i^(p)>, (..., H, m, n, P), from z (..., H, m, B)."""
    columns, scales = patch_columns(model, y, clean)
    pre: Array = z[..., columns] * scales
    return pre


def patch_columns(model: Model, y: Array, clean: Array) -> tuple[Indices, Array]:
    """Where on the direction axis each example's patches are, and their scales, both (n, P), by labels y and clean."""
    n = len(y)
    offsets = model.offsets(n)
    first, label = np.zeros(n, dtype=np.intp), np.maximum(y, 0).astype(np.intp)
    sets = [model.family(patch.direction).index_set for patch in model.patches]
    within = [each.row(first, label, first, np.arange(n)) for each in sets]
    columns = [offsets[patch.direction] + row for patch, row in zip(model.patches, within, strict=True)]
    scales = [patch.factor(np.ones(n), y, clean) for patch in model.patches]
    return np.stack(columns, axis=1), np.stack(scales, axis=1)


def slopes(activation: Activation, steep: Flags, values: Mapping[str, Value]) -> Array:
    """sigma' on the two sides, of one that is linear on either: 1, and 0 or the slope."""
    kind = activation.kind
    if not isinstance(kind, TwoSlopes):
        raise TypeError(f"slopes: {type(kind).__name__} is not linear on either side of 0")
    value = float(values[kind.flat] or 0.0) if isinstance(kind.flat, str) else kind.flat
    return np.where(steep, 1.0, value)
