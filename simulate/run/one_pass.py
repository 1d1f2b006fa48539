"""One-pass SGD: a run whose examples are drawn afresh for every step, in their inner products alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import GaussianLaw, Model, Value
from dynamics.arrays import Array, Indices
from dynamics.chance.streams import stream
from dynamics.fresh import one_pass
from dynamics.kernel.kernel import Kernel

from ..ask import schedules
from ..start.declared import law_of, off_indices
from ..start.drawn import Draw
from ..start.labels import flip_probability
from ..start.scalars import drawn_scalars
from ..values import number
from ..work.divergence import divergence
from .tasks import Renewed


@dataclass(frozen=True)
class Places:
    """Which directions stay (f,) and which are drawn again (n',), those with their deviations and projectors."""

    stay: Indices
    again: Indices
    std: Array
    projectors: Array

    @staticmethod
    def of(model: Model, values: Mapping[str, Value], n: int, staying: one_pass.Staying, stay: Indices) -> Places:
        """As the families' laws say."""
        offsets, sizes, again, std, projectors = model.offsets(n), model.sizes(n), list[int](), list[float](), []
        for family in model.directions:
            law = law_of(family, values)
            if family.index_set.per_example and isinstance(law, GaussianLaw):
                again += range(offsets[family.name], offsets[family.name] + sizes[family.name])
                std += [number(values, law.std)] * sizes[family.name]
                off = np.isin(stay, off_indices(model, law, n, values))
                projectors += [staying.projector(off)] * sizes[family.name]
        size = staying.root.shape[1]
        return Places(stay, np.array(again, dtype=np.intp), np.array(std),
                      np.array(projectors).reshape(len(std), size, size))  # none where only labels are drawn

    def whole(
        self, kept: one_pass.Kept, fresh: one_pass.FreshVectors, staying: Array, heads: int
    ) -> tuple[Array, Array]:
        """z (H, m, B) and the Gram matrix (B, B) of all directions; `staying` (f, f) is of those that stay."""
        stay, again = self.stay, self.again
        size = len(stay) + len(again)
        z, gram = np.empty((heads, len(kept.z) // heads, size)), np.empty((size, size))
        for places, products in ((stay, kept.z), (again, fresh.z)):
            z[..., places] = products.reshape(*z.shape[:2], len(places))
        gram[np.ix_(stay, stay)], gram[np.ix_(again, again)] = staying, fresh.gram
        gram[np.ix_(again, stay)], gram[np.ix_(stay, again)] = fresh.across, fresh.across.T
        return z, gram

    def moved(self, kept: one_pass.Kept, fresh: one_pass.FreshVectors, z: Array, b: Array) -> one_pass.Kept:
        """What is kept after a step that led to z and added b (H, m, B)."""
        filters = len(kept.z)
        return one_pass.moved(kept, fresh, z[..., self.stay].reshape(filters, len(self.stay)),
                              b[..., self.again].reshape(filters, len(self.again)))


def staying_places(model: Model, n: int) -> Indices:
    """Where the directions are that no example has for itself."""
    offsets, sizes = model.offsets(n), model.sizes(n)
    spans = [np.arange(offsets[f.name], offsets[f.name] + sizes[f.name])
             for f in model.directions if not f.index_set.per_example]
    return np.concatenate([np.empty(0, dtype=np.intp), *spans])


def path(
    kernel: Kernel, model: Model, values: Mapping[str, Value], drawn: Draw, seed: int, steps: int
) -> Iterator[Renewed]:
    """The states for t = 0 .. steps, each with the examples of its own step; those of t = 0 are the start's.

    The labels, flips, scalars and vectors of step t are streams of their own, (seed, "data", t).  Each state is a draw
    by Gram that starts from W(t).  Raises Diverged where it leaves the finite numbers.
    """
    schedules.check(model, values, steps)
    n, stay = len(drawn.y), staying_places(model, len(drawn.y))
    staying = one_pass.Staying.of(drawn.gram[np.ix_(stay, stay)], drawn.d)
    places = Places.of(model, values, n, staying, stay)
    filters = drawn.z.shape[0] * drawn.z.shape[1]
    kept = one_pass.Kept.of(drawn.z[..., stay].reshape(filters, len(stay)), drawn.weight_gram, staying)
    again = places.again
    fresh = one_pass.given(kept, staying, drawn.z[..., again].reshape(filters, len(again)),
                           drawn.gram[np.ix_(again, stay)], drawn.gram[np.ix_(again, again)])
    now = Renewed(0, as_draw(drawn, kept, staying, fresh, places, drawn.y, drawn.clean, drawn.scalars),
                  np.zeros(drawn.z.shape))
    for t in range(steps + 1):
        yield now
        if t == steps:
            return
        state = now.draw
        run = kernel.bind(state.clean, state.scalars).run(
            state.z, np.zeros_like(state.z), state.gram, state.y, values, 1, np.array([t + 1]), t)
        if not len(run.t) or not np.isfinite(run.z).all():
            raise divergence(model, values, t + 1, kernel.cure(values))
        change = run.b[-1]
        kept = places.moved(kept, fresh, run.z[-1], change)
        y, clean = labels(model, values, n, seed, t + 1)
        fresh = one_pass.drawn(stream(seed, "data", t + 1), kept, staying, places.std, places.projectors)
        so_far = now.b + change
        so_far[..., again] = 0.0
        told = drawn_scalars(model, values, y, clean, seed, step=t + 1)
        now = Renewed(t + 1, as_draw(drawn, kept, staying, fresh, places, y, clean, told), so_far)


def labels(model: Model, values: Mapping[str, Value], n: int, seed: int, t: int) -> tuple[Array, Array]:
    """Labels and those before flips of step t."""
    clean = stream(seed, "labels", t).choice(np.array(model.network.head_axis.labels), size=n)
    if not model.label_flips:
        return clean, clean
    flipped = stream(seed, "label_flips", t).random(n) < flip_probability(model, values)
    return np.where(flipped, -clean, clean), clean


def as_draw(
    drawn: Draw, kept: one_pass.Kept, staying: one_pass.Staying, fresh: one_pass.FreshVectors, places: Places, y: Array,
    clean: Array, scalars: Mapping[str, Array],
) -> Draw:
    """A state with its step's examples as a draw by Gram."""
    stay = places.stay
    z, gram = places.whole(kept, fresh, drawn.gram[np.ix_(stay, stay)], drawn.z.shape[0])
    return replace(drawn, z=z, gram=gram, y=y, clean=clean, scalars=scalars, sampling="gram", vectors=None,
                   weights=None, filter_gram=kept.weight_gram(staying))
