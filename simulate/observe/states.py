"""What observables are computed from: recorded reduced states of one draw, as `derivations.declare.views` asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from derivations.declare import Model
from derivations.declare.formula import FormulaError
from dynamics.arrays import Array, Indices
from dynamics.geometry import distances, spectrum

from ..ask import formula
from ..ask.derived import kappa
from ..errors import InputError
from ..start.drawn import Draw
from ..start.scalars import all_scalars
from .entries import Entries
from .sides import patch_of_term, sides, slopes, term_columns

_SIZES = ("frobenius", "spectral", "excess")


@dataclass(frozen=True)
class States(Entries):
    """Recorded states z, b (T, H, m, B) of a draw, with what an engine observed at them by name.

    W(t) = scale(t) W(0) + b(t) V, `scale` (T,) being 1 where not given, that is without weight decay.
    """

    model: Model
    draw: Draw
    values: Mapping[str, Any]
    z: Array
    b: Array | None
    seen: Mapping[str, Array]
    scale: Array | None = None

    def blocks(self, entries: float) -> Iterator[States]:
        """The states in turn, as many at a time as hold `entries` pre-activations."""
        size = max(1, int(entries // max(self.z[:1].size, 1)))
        if len(self.z) <= size:
            yield self
            return
        for start in range(0, len(self.z), size):
            part = slice(start, start + size)
            seen = {name: values[part] for name, values in self.seen.items()}
            b, scale = (None if values is None else values[part] for values in (self.b, self.scale))
            yield replace(self, z=self.z[part], b=b, seen=seen, scale=scale)

    @property
    def shares(self) -> Array:
        """The scale (T,)."""
        return np.ones(len(self.z)) if self.scale is None else self.scale

    @property
    def y(self) -> Array:
        """Labels (n,), as observed."""
        return self.draw.y

    @property
    def gram(self) -> Array:
        """Inner products of the directions (B, B)."""
        return self.draw.gram

    @property
    def squared_lengths(self) -> Array:
        """Of the directions (B,)."""
        return self.draw.squared_lengths

    @property
    def tasks(self) -> int:
        """How many tasks; 1 with a single-level algorithm."""
        return self.draw.tasks

    @property
    def head(self) -> str:
        """The head dimension's name: j for signs, k for classes."""
        return self.model.network.head_axis.dim

    @property
    def over_tasks(self) -> bool:
        """Whether examples are those of several tasks, so that they have two dimensions: task and i."""
        return self.model.algorithm.over_tasks

    def by_task(self, per_example: Array) -> Array:
        """A last axis over all examples as two, tasks and examples, where there are tasks."""
        if not self.over_tasks:
            return per_example
        return per_example.reshape(*per_example.shape[:-1], self.draw.tasks, self.draw.examples)

    def number(self, text: str, whose: str) -> float:
        """A formula's value at the run's parameters, n counting a task's examples.

        Raises:
            InputError: it has none; the sentence begins with `whose`.
        """
        try:
            return formula.evaluate(text, {**self.values, "n": self.draw.examples, "m": self.z.shape[2]})
        except FormulaError as error:
            raise InputError(f"{whose} {error}; leave it out of observables") from error

    def adapted(self, family: str) -> Array | None:
        """<w~, v> (T, H, m, size), every task at its own adapted weights; a shared vector's is the last task's."""
        if "adapted" not in self.seen:
            return None
        tasks, n = self.draw.tasks, self.draw.examples
        start, size = self.model.offsets(n)[family], self.model.sizes(n)[family]
        own = np.moveaxis(self.seen["adapted"][..., start : start + size], 1, 3)  # (T, H, m, K, size)
        if not self.model.family(family).index_set.shared:
            return np.ascontiguousarray(own).reshape(*own.shape[:3], tasks * size)
        return own[..., -1, :]

    def looked(self, name: str) -> Array | None:
        """<w_s(t), x> (T, H, m, V) on vectors that runs only look at; None where the draw does not have them."""
        names = {} if self.draw.watched is None else self.draw.watched.names
        return None if self.watched is None or name not in names else self.watched[..., names[name]]

    def distance(self, target: Array) -> Array:
        """||W - W(0) - `target` V||_F (T,), for a target (H, m, B), by the Gram matrix."""
        assert self.b is not None
        if self.scale is None:
            return distances.distance(self.b, target, self.draw.reduced.gram)
        return distances.decayed_distance(self.draw.reduced, self.b, target, self.scale)

    def length(self, at: int, b: Array) -> float:
        """||a W(0) + b V||_F with the state's a, for other coefficients b (H, m, B)."""
        return spectrum.length(self.frame.at(b, self.shares[at]))

    def margin_gradients(self, at: int) -> tuple[Indices, Array]:
        """Term q adds g[s, i, q] of direction c[i, q] to filter s of grad z_i: c (n, Q) and g (S, n, Q).

        grad z_i = sum over neurons of j y_i kappa sigma' x, of signed heads.
        """
        model, y, clean, z = self.model, self.draw.y, self.draw.clean, self.z[at]
        scalars = all_scalars(model, self.values, self.draw.scalars)
        columns, scales = term_columns(model, y, clean, scalars)
        steep = sides(model, z, y, clean, scalars)[..., patch_of_term(model, len(y))]
        slope = slopes(model.network.activation, steep, self.values) * scales * y[:, None]
        signs = np.array(model.network.head_axis.signs)[:, None, None, None]
        return columns, (kappa(self.values, z.shape[1]) * signs * slope).reshape(-1, *slope.shape[2:])

    @cached_property
    def watched(self) -> Array | None:
        """<w_s(t), x> (T, H, m, V) of the vectors that the draw lets runs look at; None without them."""
        if self.draw.watched is None or self.b is None:
            return None
        return self.shares[:, None, None, None] * self.draw.watched.z + self.b @ self.draw.watched.across

    @cached_property
    def frame(self) -> spectrum.Frame:
        """Coordinates of W(0) and the directions, from their vectors where the draw has them."""
        drawn = self.draw
        if drawn.vectors is not None and drawn.weights is not None:
            return spectrum.frame_of_vectors(drawn.of_data(drawn.weights), drawn.of_data(drawn.vectors))
        return spectrum.frame_of_gram(drawn.reduced)

    @cached_property
    def norms(self) -> Array:
        """||w_{h,r}||, (T, H, m)."""
        assert self.b is not None
        pairs = zip(self.b, self.shares, strict=True)
        return np.array([spectrum.lengths(self.frame.at(b, a)) for b, a in pairs]).reshape(self.b.shape[:-1])

    @cached_property
    def norm(self) -> Array:
        """||W||_F, (T,)."""
        return spectrum.frobenius(self.norms)

    @cached_property
    def singular(self) -> spectrum.SpectrumSizes:
        """Sizes of each head's matrix and of all of them stacked, (T, H + 1)."""
        assert self.b is not None
        rows = []
        for b, a in zip(self.b, self.shares, strict=True):
            coordinates = self.frame.at(b, a)
            heads, stack = spectrum.sizes(coordinates), spectrum.sizes(np.concatenate(coordinates))
            rows.append([np.append(getattr(heads, name), getattr(stack, name)) for name in _SIZES])
        table = np.array(rows).reshape(len(self.b), len(_SIZES), self.b.shape[1] + 1)
        return spectrum.SpectrumSizes(*(table[:, at] for at in range(len(_SIZES))))
