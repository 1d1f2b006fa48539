"""What observables are computed from: recorded reduced states of one draw, and the labelled arrays that come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model
from dynamics.arrays import Array
from dynamics.chance.gram import Reduced
from dynamics.geometry import spectrum

from ..start.drawn import Draw


@dataclass(frozen=True)
class Variable:
    """An array with the names of its dimensions; what it is stands in the declaration (`declare.meanings`).

    `said` is what a run says of it instead, such as on how many examples it was measured, and `note` what it adds.
    """

    dims: tuple[str, ...]
    values: Array
    said: str = ""
    note: str = ""


@dataclass(frozen=True)
class States:
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
        for at in range(0, len(self.z), size):
            part = slice(at, at + size)
            seen = {name: values[part] for name, values in self.seen.items()}
            b, scale = (None if values is None else values[part] for values in (self.b, self.scale))
            yield replace(self, z=self.z[part], b=b, seen=seen, scale=scale)

    @property
    def shares(self) -> Array:
        """The scale (T,)."""
        return np.ones(len(self.z)) if self.scale is None else self.scale

    @property
    def head(self) -> str:
        """The head dimension's name: j for signs, k for classes."""
        return self.model.network.head_axis.dim

    @property
    def own(self) -> NDArray[np.bool_]:
        """(H, n): whether a head is an example's own."""
        return own_heads(self.model, self.draw.y)

    def rows(self, family: str) -> slice:
        """Where a family stands on the direction axis."""
        n, tasks = len(self.draw.y), self.draw.tasks
        start = self.model.offsets(n, tasks)[family]
        return slice(start, start + self.model.sizes(n, tasks)[family])

    @property
    def over_tasks(self) -> bool:
        """Whether examples are those of several tasks, so that they have two dimensions: task and i."""
        return self.model.algorithm.over_tasks

    def per_example(self, dims: tuple[str, ...], values: Array) -> Variable:
        """A variable whose last axis runs over all examples, with that axis as (i,) or (task, i)."""
        if not self.over_tasks:
            return Variable((*dims, "i"), values)
        unfolded = values.reshape(*values.shape[:-1], self.draw.tasks, self.draw.examples)
        return Variable((*dims, "task", "i"), unfolded)

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
            return spectrum.frame_of_vectors(drawn.weights, drawn.vectors)
        return spectrum.frame_of_gram(Reduced(z=drawn.z, gram=drawn.gram, weight_gram=drawn.weight_gram))

    @cached_property
    def norms(self) -> Array:
        """||w_{h,r}||, (T, H, m)."""
        assert self.b is not None
        pairs = zip(self.b, self.shares, strict=True)
        return np.stack([spectrum.lengths(self.frame.at(b, a)) for b, a in pairs])

    @cached_property
    def sizes(self) -> spectrum.Sizes:
        """Sizes of each head's matrix and of all of them stacked, (T, H + 1)."""
        assert self.b is not None
        rows = []
        for b, a in zip(self.b, self.shares, strict=True):
            coordinates = self.frame.at(b, a)
            heads, stack = spectrum.sizes(coordinates), spectrum.sizes(coordinates.reshape(-1, coordinates.shape[-1]))
            rows.append([np.append(getattr(heads, name), getattr(stack, name)) for name in _SIZES])
        table = np.array(rows).reshape(len(self.b), len(_SIZES), -1)
        return spectrum.Sizes(*(table[:, at] for at in range(len(_SIZES))))


_SIZES = ("frobenius", "spectral", "excess")


def own_heads(model: Model, y: Array) -> NDArray[np.bool_]:
    """(H, n): whether a head is an example's own."""
    own: NDArray[np.bool_] = np.array(model.network.head_axis.labels)[:, None] == y[None, :]
    return own
