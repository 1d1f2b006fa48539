"""The sides of an activation's kink: which pre-activations are on the steep one, and the slopes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
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


@dataclass(frozen=True)
class ManyAlong:
    """R runs of one shape whose every step is shown: `derivations.declare.views.RunsView`.

    Labels y and clean ones are (R, n), `scalars` are each run's.
    """

    model: Model
    y: Array
    clean: Array
    recorded: Steps
    scalars: Sequence[Scalars]

    @property
    def own(self) -> Flags:
        """(R, H, n): whether a head is an example's own."""
        return own_heads(self.model, self.y)

    @cached_property
    def _terms(self) -> tuple[Indices, Array]:
        """`term_columns` of each run, (R, n, Q)."""
        each = zip(self.y, self.clean, self.scalars, strict=True)
        columns, scales = zip(*(term_columns(self.model, *of_run) for of_run in each), strict=True)
        return np.stack(columns), np.stack(scales)

    def steep(self, z: Array, rows: Indices) -> Flags:
        """Whether each patch is on the steep side of the kink, (R', T, H, m, n, P), at z (R', T, H, m, B)."""
        columns, scales = self._terms
        alike = (columns == columns[0]).all()
        of_terms = z[..., columns[0]] if alike else np.stack(
            [states[..., own] for states, own in zip(z, columns[rows], strict=True)])
        return _steep(self.model, of_patches(self.model, of_terms * scales[rows][:, None, None, None]))


def own_heads(model: Model, y: Array) -> Flags:
    """(H, n) of labels (n,), or (..., H, n) of (..., n): whether a head is an example's own."""
    own: Flags = np.array(model.network.head_axis.labels)[:, None] == y[..., None, :]
    return own


def sides(model: Model, z: Array, y: Array, clean: Array, scalars: Scalars = NONE) -> Flags:
    """Whether each patch's pre-activation is on the steep side of 0, (..., H, m, n, P), for z (..., H, m, B).

    `scalars` are all that patches are made with, by name.

    0 itself is on the side whose derivative the declaration gives it (`at_kink`).
    """
    return _steep(model, preactivations(model, z, y, clean, scalars))


def _steep(model: Model, pre: Array) -> Flags:
    """The same of pre-activations (..., P'), of the patches that are activated."""
    of_activated = pre[..., : model.activated]
    steep: Flags = of_activated >= 0 if model.network.activation.at_kink == 1 else of_activated > 0
    return steep


def preactivations(model: Model, z: Array, y: Array, clean: Array, scalars: Scalars = NONE) -> Array:
    """<w, x_i^(p)>, (..., H, m, n, P), from z (..., H, m, B)."""
    columns, scales = term_columns(model, y, clean, scalars)
    return of_patches(model, z[..., columns] * scales)


def of_patches(model: Model, of_terms: Array) -> Array:
    """Sums over each patch's terms (..., n, P), of the columns of `term_columns` (..., n, Q)."""
    if of_terms.shape[-1] == len(model.patches):
        return of_terms
    first = np.searchsorted(patch_of_term(model, of_terms.shape[-2]), np.arange(len(model.patches)))
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
