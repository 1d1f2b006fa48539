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
from ..errors import Diverged
from ..start.declared import law_of, off_indices
from ..start.drawn import Draw
from ..start.labels import flip_probability
from ..start.scalars import said_by_labels
from ..values import number
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
        return Places(stay, np.array(again, dtype=np.intp), np.array(std), np.array(projectors))


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

    The labels, flips and vectors of step t are streams of their own, (seed, "data", t).  Each state is a draw by Gram
    that starts from W(t).  Raises Diverged where it leaves the finite numbers.
    """
    schedules.check(model, values, steps)
    n, heads, stay = len(drawn.y), drawn.z.shape[:2], staying_places(model, len(drawn.y))
    staying = one_pass.Staying.of(drawn.gram[np.ix_(stay, stay)], drawn.d)
    places = Places.of(model, values, n, staying, stay)
    kept = one_pass.Kept.of(drawn.z[..., stay].reshape(-1, len(stay)), drawn.weight_gram, staying)
    fresh = _of_draw(drawn, kept, staying, places)
    now = Renewed(0, _as_draw(drawn, kept, staying, fresh, places, drawn.y, drawn.clean, drawn.scalars),
                  np.zeros(drawn.z.shape))
    for t in range(steps + 1):
        yield now
        if t == steps:
            return
        state = now.draw
        run = kernel.bind(state.clean, state.scalars).run(
            state.z, np.zeros_like(state.z), state.gram, state.y, values, 1, np.array([t + 1]), t)
        if not len(run.t) or not np.isfinite(run.z).all():
            raise Diverged(f"the run diverges: its state is not finite at step {t + 1}; lower {kernel.cure(values)}",
                           t + 1)
        change = run.b[-1]
        kept = one_pass.moved(kept, fresh, run.z[-1][..., stay].reshape(-1, len(stay)),
                              change[..., places.again].reshape(-1, len(places.again)))
        y, clean = labels(model, values, n, seed, t + 1)
        fresh = one_pass.drawn(stream(seed, "data", t + 1), kept, staying, places.std, places.projectors)
        so_far = now.b + change
        so_far[..., places.again] = 0.0
        told = said_by_labels(model, values, y, clean)
        now = Renewed(t + 1, _as_draw(drawn, kept, staying, fresh, places, y, clean, told), so_far)
        assert now.draw.z.shape[:2] == heads


def labels(model: Model, values: Mapping[str, Value], n: int, seed: int, t: int) -> tuple[Array, Array]:
    """Labels and those before flips of step t."""
    clean = stream(seed, "labels", t).choice(np.array(model.network.head_axis.labels), size=n)
    if not model.label_flips:
        return clean, clean
    flipped = stream(seed, "label_flips", t).random(n) < flip_probability(model, values)
    return np.where(flipped, -clean, clean), clean


def _of_draw(drawn: Draw, kept: one_pass.Kept, staying: one_pass.Staying, places: Places) -> one_pass.FreshVectors:
    """The start's own examples."""
    across, again = drawn.gram[np.ix_(places.again, places.stay)], places.again
    within = across @ staying.inverse.T
    z = drawn.z[..., again].reshape(-1, len(again)) - kept.z @ staying.inverse.T @ within.T
    return one_pass.placed(kept, staying, within, z, drawn.gram[np.ix_(again, again)] - within @ within.T)


def _as_draw(
    drawn: Draw, kept: one_pass.Kept, staying: one_pass.Staying, fresh: one_pass.FreshVectors, places: Places, y: Array,
    clean: Array, scalars: Mapping[str, Array],
) -> Draw:
    """A state with its step's examples as a draw by Gram."""
    z, gram, stay, again = np.empty(drawn.z.shape), np.empty(drawn.gram.shape), places.stay, places.again
    z[..., stay], z[..., again] = kept.z.reshape(*z.shape[:2], -1), fresh.z.reshape(*z.shape[:2], -1)
    gram[np.ix_(stay, stay)] = drawn.gram[np.ix_(stay, stay)]
    gram[np.ix_(again, stay)], gram[np.ix_(stay, again)] = fresh.across, fresh.across.T
    gram[np.ix_(again, again)] = fresh.gram
    return replace(drawn, z=z, gram=gram, y=y, clean=clean, scalars=scalars, sampling="gram", vectors=None,
                   weights=None, filter_gram=kept.weight_gram(staying))
