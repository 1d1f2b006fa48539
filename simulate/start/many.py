"""Many draws by Gram at once: runs of one shape, each with the bits that `draw` gives it alone.

What is random of a draw depends on its seed and sizes only, so cells of a grid share it, whatever their lengths and
deviations are; the inner products are those of a whole batch of runs.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from derivations.declare import Model, Value
from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.chance.streams import stream

from .drawn import Draw
from .labels import flips, labels_of
from .plan import Plan
from .refusals import LARGEST

KEPT = 256  # standard draws that are kept


@dataclass(frozen=True)
class Drawn:
    """R draws: z (R, H, m, B), gram (R, B, B), weight_gram (R, S, S), labels as observed and as given, (R, n)."""

    z: Array
    gram: Array
    weight_gram: Array
    y: Array
    clean: Array
    d: Array

    def one(self, run: int) -> Draw:
        """One run's draw."""
        return Draw(
            self.z[run], self.gram[run], self.y[run], float(self.d[run]), "gram", None, None, self.weight_gram[run],
            clean=self.clean[run],
        )


    def repeated(self, times: int) -> Drawn:
        """Every draw so many times over."""
        return Drawn(*(np.repeat(getattr(self, each.name), times, axis=0) for each in fields(self)))


def stacked(draws: Sequence[Draw]) -> Drawn:
    """Draws of one shape, however they were made."""
    names = [each.name for each in fields(Drawn)]
    return Drawn(*(np.stack([getattr(draw, name) for draw in draws]) for name in names))


def shape_of(plan: Plan) -> tuple[object, ...] | None:
    """What runs must have in common to be drawn together; None where a draw has more to it than lengths."""
    filters = plan.heads * plan.m
    if plan.centres or plan.class_noise or (plan.n + filters) ** 2 > LARGEST:
        return None
    columns = min(len(plan.noise) + filters, plan.d - len(plan.fixed))
    return plan.heads, plan.n, plan.m, tuple(plan.fixed), tuple(plan.noise), columns


def labels(model: Model, values: Mapping[str, Value], n: int, seed: int) -> tuple[Array, Array]:
    """Labels (n,) as observed and as given."""
    clean = labels_of(model, values, n, seed)
    return clean * flips(model, values, n, seed), clean


def draw_many(plans: Sequence[Plan], seeds: Sequence[int], drawn: Sequence[tuple[Array, Array]]) -> Drawn:
    """The draws of R runs of one shape (`shape_of`), with their `labels`."""
    first = plans[0]
    fixed, noise, filters = first.fixed, first.noise, first.heads * first.m
    raw = [_standard(seed, len(fixed), len(noise), filters, plan.d) for plan, seed in zip(plans, seeds, strict=True)]
    standard = grams.Standard(np.stack([each.noise for each in raw]), np.stack([each.filters for each in raw]))
    roots = np.stack([_root(tuple(plan.length[fixed])) for plan in plans])
    along, std = np.stack([plan.along for plan in plans]), np.stack([plan.std[noise] for plan in plans])
    found = grams.reduce_all(*grams.placed(standard, roots, along, std, np.array([plan.sigma_0 for plan in plans])))
    order = np.argsort(np.concatenate([fixed, noise]))  # from fixed first, then noise, to the families' order
    z = np.ascontiguousarray(found.z[..., order]).reshape(len(plans), first.heads, first.m, -1)
    gram = np.ascontiguousarray(found.gram[:, order[:, None], order])
    observed, clean = (np.stack([each[side] for each in drawn]) for side in (0, 1))
    return Drawn(z, gram, found.weight_gram, observed, clean, np.array([plan.d for plan in plans]))


@functools.lru_cache(maxsize=KEPT)
def _standard(seed: int, f: int, n: int, filters: int, d: float) -> grams.Standard:
    return grams.standard(stream(seed, "data"), stream(seed, "init"), f, n, filters, d)


@functools.lru_cache(maxsize=KEPT)
def _root(lengths: tuple[float, ...]) -> Array:
    """The root that a draw of its own takes, from fixed directions of these lengths."""
    length = np.array(lengths)
    none = np.empty(0)
    ensemble = grams.Ensemble(np.diag(length**2), none, none, 0, 0.0, np.inf, np.diag(length))
    return grams.fixed_root(ensemble)


__all__ = ["Drawn", "draw_many", "labels", "shape_of", "stacked"]
