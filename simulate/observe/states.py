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
from .entries import BLOCK, Entries, frame_of, looked_at
from .sides import patch_of_term, preactivations, slopes, term_columns


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

    def number(self, text: str, whose: str) -> float:
        """A formula's value at the run's parameters, n counting a task's examples.

        Raises:
            InputError: it has none; the sentence begins with `whose`.
        """
        try:
            return formula.evaluate(text, {**self.values, "n": self.draw.examples, "m": self.z.shape[2]})
        except FormulaError as error:
            raise InputError(f"{whose} {error}; leave it out of observables") from error

    def looked(self, name: str) -> Array | None:
        """<w_s(t), x> (T, H, m, V) on vectors that runs only look at; None where the draw does not have them."""
        return None if self.b is None else looked_at(self.draw, name, self.b, self.shares)

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
        pre = preactivations(model, z, y, clean, scalars)[..., : model.activated]
        slope = slopes(model.network.activation, pre, self.values)[..., patch_of_term(model, len(y))]
        slope = slope * scales * y[:, None]
        signs = np.array(model.network.head_axis.signs)[:, None, None, None]
        return columns, (kappa(self.values, z.shape[1]) * signs * slope).reshape(-1, *slope.shape[2:])

    @cached_property
    def frame(self) -> spectrum.Frame:
        """Coordinates of W(0) and the directions."""
        return frame_of(self.draw)

    def coordinates(self) -> Iterator[Array]:
        """W in the frame (T', H, m, R), as many states at a time as hold about BLOCK numbers."""
        assert self.b is not None
        size = max(1, BLOCK // max(1, self.frame.filters.size))
        for at in range(0, len(self.b), size):
            part = slice(at, at + size)
            yield self.frame.at(self.b[part], self.shares[part])
