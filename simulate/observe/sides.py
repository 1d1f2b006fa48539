"""The sides of an activation's kink along a run: which pre-activations are on the steep side, and how many flip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Activation, Flips, Model, TwoSlopes, Value
from dynamics.arrays import Array, Steps

from .evaluators import Counter, OfRun, evaluates
from .states import Variable, own_heads

Sides = NDArray[np.bool_]


def sides(model: Model, z: Array, y: Array, clean: Array) -> Sides:
    """Whether each patch's pre-activation is on the steep side of 0, (..., H, m, n, P), for z (..., H, m, B).

    0 itself is on the side whose derivative the declaration gives it (`at_kink`).
    """
    closed = model.network.activation.at_kink == 1
    pre = preactivations(model, z, y, clean)
    found: Sides = pre >= 0 if closed else pre > 0
    return found


def preactivations(model: Model, z: Array, y: Array, clean: Array) -> Array:
    """<w, x_i^(p)>, (..., H, m, n, P), from z (..., H, m, B)."""
    columns, scales = patch_columns(model, y, clean)
    pre: Array = z[..., columns] * scales
    return pre


def patch_columns(model: Model, y: Array, clean: Array) -> tuple[NDArray[np.intp], Array]:
    """Where on the direction axis each example's patches are, and their scales, both (n, P), by labels y and clean."""
    n = len(y)
    offsets = model.offsets(n)
    first, label = np.zeros(n, dtype=np.intp), np.maximum(y, 0).astype(np.intp)
    sets = [model.family(patch.direction).index_set for patch in model.patches]
    within = [each.row(first, label, first, np.arange(n)) for each in sets]
    columns = [offsets[patch.direction] + row for patch, row in zip(model.patches, within, strict=True)]
    scales = [patch.factor(np.ones(n), y, clean) for patch in model.patches]
    return np.stack(columns, axis=1), np.stack(scales, axis=1)


def slopes(activation: Activation, steep: Sides, values: Mapping[str, Value]) -> Array:
    """sigma' on the two sides, of one that is linear on either: 1, and 0 or the slope."""
    kind = activation.kind
    if not isinstance(kind, TwoSlopes):
        raise TypeError(f"slopes: {type(kind).__name__} is not linear on either side of 0")
    value = float(values[kind.flat] or 0.0) if isinstance(kind.flat, str) else kind.flat
    return np.where(steep, 1.0, value)


class FlipCount:
    """One declared count of flips, fed every step's state in order."""

    def __init__(self, declared: Flips, model: Model, y: Array, recorded: Steps) -> None:
        self.declared, self.recorded = declared, recorded
        own = own_heads(model, y)
        counted = {"all": np.ones_like(own), "on_class": own, "off_class": ~own}[declared.heads]
        self.counted = counted[:, None, :, None]
        self.before: Sides | None = None
        self.total, self.last = 0, 0
        self.at: dict[int, int] = {}

    def add(self, t: Steps, steep: Sides) -> None:
        """The sides (T, H, m, n, P) at the consecutive steps t (T,)."""
        joined = np.concatenate([steep[:1] if self.before is None else self.before[None], steep])
        flips = ((joined[1:] != joined[:-1]) & self.counted).sum(axis=(1, 2, 3, 4))
        counts = self.total + np.cumsum(flips)
        changed = np.flatnonzero(flips)
        if changed.size:
            self.last = int(t[changed[-1]])
        kept = np.isin(t, self.recorded)
        kept[-1] = True  # where a run stops early, its last step is recorded too
        self.at |= dict(zip(t[kept].tolist(), counts[kept].tolist(), strict=True))
        self.before, self.total = steep[-1], int(counts[-1])

    def variables(self, t: Steps) -> dict[str, Variable]:
        """The counts at the recorded steps t, and the last flip's step."""
        counts = np.array([self.at[int(step)] for step in t], dtype=np.float64)
        out = {self.declared.name: Variable(("t",), counts)}
        if self.declared.last:
            out[self.declared.last] = Variable((), np.asarray(self.last))
        return out


class FlipCounts:
    """All counts that a run wants, of sides looked at once."""

    def __init__(self, counts: Sequence[FlipCount], model: Model, y: Array, clean: Array) -> None:
        self.counts, self.model, self.y, self.clean = counts, model, y, clean

    def add(self, t: Steps, z: Array) -> None:
        """The states z (T, H, m, B) at the consecutive steps t (T,)."""
        steep = sides(self.model, z, self.y, self.clean)
        for count in self.counts:
            count.add(t, steep)

    def variables(self, t: Steps) -> dict[str, Variable]:
        """Those of every count."""
        return {name: each for count in self.counts for name, each in count.variables(t).items()}


@evaluates(Flips)
class FlipsOfRuns(OfRun[Flips]):
    """Activation flips, counted at every step."""

    def counter(self, declared: Sequence[Flips], model: Model, y: Array, clean: Array, recorded: Steps) -> Counter:
        """The counts, from the first step's sides on."""
        return FlipCounts([FlipCount(each, model, y, recorded) for each in declared], model, y, clean)
