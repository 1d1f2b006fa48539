"""The sides of an activation's kink: which pre-activations are on the steep one, and the slopes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from derivations.declare import (
    Activation,
    ActivationKind,
    Expressed,
    LeakyRelu,
    Model,
    Relu,
    ReluPower,
    TwoSlopes,
    Value,
    of_class,
    row_of,
    rows_of,
    terms_of,
)
from dynamics.arrays import Array, Flags, Indices, Steps

from ..ask.losses import Arrays

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
    """(H, n) of labels (n,), or (..., H, n) of (..., n): whether a head is an example's own."""
    own: Flags = np.array(model.network.head_axis.labels)[:, None] == y[..., None, :]
    return own


def sides(model: Model, z: Array, y: Array, clean: Array, scalars: Scalars = NONE) -> Flags:
    """Whether each patch's pre-activation is on the steep side of 0, (..., H, m, n, P), for z (..., H, m, B).

    `scalars` are all that patches are made with, by name.

    0 itself is on the side whose derivative the declaration gives it (`at_kink`).
    """
    closed = model.network.activation.at_kink == 1
    pre = preactivations(model, z, y, clean, scalars)[..., : model.activated]
    steep: Flags = pre >= 0 if closed else pre > 0
    return steep


def preactivations(model: Model, z: Array, y: Array, clean: Array, scalars: Scalars = NONE) -> Array:
    """<w, x_i^(p)>, (..., H, m, n, P), from z (..., H, m, B)."""
    columns, scales = term_columns(model, y, clean, scalars)
    of_terms: Array = z[..., columns] * scales
    if of_terms.shape[-1] == len(model.patches):
        return of_terms
    first = np.searchsorted(patch_of_term(model, len(y)), np.arange(len(model.patches)))
    return np.asarray(np.add.reduceat(of_terms, first, axis=-1))


def patch_of_term(model: Model, n: int) -> Indices:
    """Which patch each column of `term_columns` is of (Q,): one a term, n of a term that is mixed of n examples."""
    each = [n if row_of(term) is not None else 1 for term in terms_of(model.patches)]
    of_terms = np.repeat(np.arange(len(model.patches)), [len(patch.terms) for patch in model.patches])
    return np.repeat(of_terms, each)


def term_columns(model: Model, y: Array, clean: Array, scalars: Scalars = NONE) -> tuple[Indices, Array]:
    """Where on the direction axis each example's vectors are, patch by patch, and their scales, both (n, Q)."""
    n = len(y)
    offsets, rows = model.offsets(n), [row.name for row in rows_of(model)]
    first, label, every = np.zeros(n, dtype=np.intp), np.maximum(y, 0).astype(np.intp), np.arange(n)
    known = {name: np.broadcast_to(each, (n,)) for name, each in scalars.items() if name not in rows}
    columns, scales = list[Indices](), list[Array]()
    for term in terms_of(model.patches):
        within = offsets[term.direction] + model.family(term.direction).index_set.row(first, label, first, every)
        row, own = row_of(term), dict[str, Array](known)
        if row is not None:
            own[row.name] = np.ones(n)
        scale = term.factor(np.ones(n), y, clean, own)
        columns.append(within[:, None] if row is None else np.tile(within, (n, 1)))
        scales.append(scale[:, None] if row is None else np.asarray(scalars[row.name]) * scale)
    return np.concatenate(columns, axis=1), np.concatenate(scales, axis=1)


def slopes(activation: Activation, pre: Array, values: Mapping[str, Value]) -> Array:
    """sigma' at pre-activations, of an activation that is homogeneous of degree q.

    Such a sigma is sigma(1) z^q above 0 and sigma(-1) |z|^q below.
    """
    kind = activation.kind
    above, below = of_class(_AT_ONE, kind, "sigma(1) and sigma(-1)")(kind, values)
    q, upper = kind.homogeneity, pre >= 0 if _closed(activation) else pre > 0
    return np.asarray(np.where(upper, q * above, -q * below) * np.abs(pre) ** (q - 1))


def _closed(activation: Activation) -> bool:
    """Whether 0 itself is on the upper side."""
    kind = activation.kind
    return any(cut.closed for cut in kind.expression.cuts) if isinstance(kind, Expressed) else activation.at_kink == 1


def _at_one(kind: Expressed, values: Mapping[str, Value]) -> tuple[float, float]:
    known: dict[str, Array] = {name: np.asarray(float(str(values[name]))) for name in kind.expression.constants}
    above, below = np.broadcast_to(Arrays().evaluate(kind.expression, np.array([1.0, -1.0]), known), 2)
    return float(above), float(below)


def _flat(kind: TwoSlopes, values: Mapping[str, Value]) -> tuple[float, float]:
    return 1.0, -float(values[kind.flat] or 0.0) if isinstance(kind.flat, str) else -float(kind.flat)


_AT_ONE: Mapping[type[ActivationKind], Callable[[Any, Mapping[str, Value]], tuple[float, float]]] = {
    Relu: _flat, LeakyRelu: _flat, ReluPower: lambda kind, values: (1.0, 0.0), Expressed: _at_one,
}
"""sigma(1) and sigma(-1), by the activation's class."""
