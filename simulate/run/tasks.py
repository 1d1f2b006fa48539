"""What a run of a bilevel algorithm needs beyond a single-level one: sizes, notes, fresh tasks and fresh examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, TaskLaw, Value, Variable
from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.chance.streams import stream
from dynamics.kernel.bilevel import BilevelKernel

from ..ask import schedules
from ..observe import fresh_tasks, observables
from ..observe.states import States
from ..start import draw_tasks, task_layout
from ..start.drawn import Draw
from ..work.divergence import divergence


def sizes(model: Model, drawn: Draw) -> dict[str, float]:
    """The sizes of a caller's arrays, by parameter."""
    known = {"n": float(drawn.examples), "m": float(drawn.z.shape[1]), "d": drawn.d}
    if model.algorithm.over_tasks:
        known |= {model.bilevel.examples: float(drawn.examples), model.bilevel.tasks: float(drawn.tasks)}
        for law in [family.law for family in model.directions if isinstance(family.law, TaskLaw)]:
            if drawn.watched is not None and law.dictionary in drawn.watched.names:
                rows = drawn.watched.names[law.dictionary]
                known[law.items] = float(rows.stop - rows.start)
    return known


def note(model: Model, kernel: BilevelKernel, drawn: Draw, values: Mapping[str, Value]) -> str:
    """What couples the tasks.  Raises InputError where the split leaves no examples."""
    task_layout.split_at(model, values, drawn.examples)
    on_lanes = kernel.on_lanes(drawn.z.shape[2], drawn.z.shape[1])
    rank = 0 if on_lanes else kernel.coupling(drawn.gram, values, drawn.tasks, drawn.examples).rank
    how = f"a noise basis of {rank} dimensions, cheaper than the Gram matrix" if rank else "the Gram matrix"
    return f"tasks are coupled through {how}, for {drawn.z.shape[2]} directions"


def redraws(model: Model, values: Mapping[str, Value]) -> bool:
    """Whether examples are drawn again before every step."""
    return bool(model.algorithm.redrawn and values.get(model.algorithm.redrawn))


def on_fresh_tasks(
    kernel: BilevelKernel, states: States, seed: int, wanted: Sequence[str]
) -> tuple[dict[str, Variable], str]:
    """Losses and errors on fresh tasks with and without adaptation; or why they are not known."""
    reason = fresh_tasks.refusal(states.model, states.draw, states.values)
    if reason or states.b is None:
        return {}, reason
    statistics = fresh_tasks.fresh_task_statistics(
        states.model, kernel, states.draw, states.z, states.b, states.values, seed, wanted=wanted
    )
    return {name: Variable(("t",), statistics[name]) for name in wanted}, ""


@dataclass(frozen=True)
class Renewed:
    """W(t) before step t on examples drawn for it: a draw of its own, which starts from W(t).

    b (H, m, B) are the coefficients so far of the directions that stay, 0 for those drawn again; the draw's Gram matrix
    is left out (0, 0), since blocks come from the vectors.
    """

    t: int
    draw: Draw
    b: Array

    def states(self, model: Model, values: Mapping[str, Value], seen: Mapping[str, Array]) -> States:
        """The one state, z and b (1, H, m, B) with b = 0: nothing has moved since the draw."""
        return States(model, self.draw, values, self.draw.z[None], np.zeros((1, *self.draw.z.shape)), seen)


def path(
    kernel: BilevelKernel, model: Model, values: Mapping[str, Value], drawn: Draw, seed: int, steps: int
) -> Iterator[Renewed]:
    """The states for t = 0 .. steps where examples are drawn again before every step after the first.

    Each step's vectors and labels are streams of their own, (seed, "data", t).  W(t) is held as weights, so that noise
    of steps long past needs no coefficients.  Raises Diverged where W leaves the finite numbers.
    """
    assert drawn.vectors is not None and drawn.weights is not None
    schedules.check(model, values, steps)
    layout = task_layout.layout_of(model, values, seed)
    eta, inner = (schedules.at_steps(model, values, name, np.arange(steps + 1)) for name in model.bilevel.rates)
    features, again = draw_tasks.feature_vectors(layout, seed), _again(model, drawn)
    now = Renewed(0, drawn, np.zeros(drawn.z.shape))
    for t in range(steps + 1):
        yield now
        if t == steps:
            return
        state = now.draw
        assert state.vectors is not None and state.weights is not None
        g = kernel.direction(state.z, kernel.through(state.vectors).blocks(state.gram, state.tasks, state.examples),
                             state.y, {**values, model.bilevel.inner_step: float(inner[t])})
        weights = state.weights - eta[t] * (g.reshape(-1, g.shape[-1]) @ state.vectors).reshape(state.weights.shape)
        if not np.isfinite(weights).all():
            raise divergence(model, values, t + 1, kernel.cure(values))
        vectors = drawn.vectors.copy()
        fresh = layout.made_of(features) + draw_tasks.noise_vectors(layout, features, stream(seed, "data", t + 1))
        vectors[again] = fresh[again]
        labels = draw_tasks.labels(model, values, layout.tasks, layout.n, seed, t + 1).reshape(-1)
        new = replace(drawn, gram=np.empty((0, 0)), y=labels, clean=labels, vectors=vectors)
        now = Renewed(t + 1, rebased(new, weights), np.where(again, 0.0, now.b - eta[t] * g))


def _again(model: Model, drawn: Draw) -> NDArray[np.bool_]:
    """(B,): the directions that are drawn again."""
    again = np.zeros(drawn.z.shape[2], dtype=bool)
    sizes, offsets = model.sizes(len(drawn.y), drawn.tasks), model.offsets(len(drawn.y), drawn.tasks)
    for name in model.test.drawn:
        again[offsets[name] : offsets[name] + sizes[name]] = True
    return again


def rebased(drawn: Draw, weights: Array) -> Draw:
    """The draw with W (H, m, d) as its initial weights: a state as a draw of its own.  Needs vectors."""
    assert drawn.vectors is not None
    watched = drawn.watched
    if watched is not None and watched.vectors is not None:
        apart = np.broadcast_to(0.0, watched.across.shape)  # the state starts anew, so its b is 0
        watched = replace(watched, z=grams.onto(weights, watched.vectors), across=apart)
    return replace(drawn, z=grams.onto(weights, drawn.vectors), weights=weights, watched=watched)


def watched_names(model: Model, wanted: Sequence[str]) -> tuple[str, ...]:
    """The observables among `wanted` of vectors that no patch holds."""
    known = {f.name for f in model.directions} | {f.coefficient.name for f in model.directions}
    looked_at = {o.name for o in model.observables if o.entries_of and o.entries_of not in known}
    return tuple(name for name in wanted if name in looked_at)


def of_renewed(
    renewed: Renewed, model: Model, values: Mapping[str, Value], seen: Mapping[str, Array], wanted: tuple[str, ...]
) -> dict[str, Variable]:
    """Variables of one state of a run on fresh examples; coefficients are those of what stays, so far.

    Past examples' coefficients are not kept, so neither these nor what is made of them is given.
    """
    states = renewed.states(model, values, seen)
    stays = {f.coefficient.name for f in model.directions if f.name not in model.test.drawn}
    summed = tuple(name for name in wanted if _coefficient_of(model, name) in stays)
    away = lost(model)
    others = tuple(name for name in wanted if name not in summed and name not in away)
    with_b = replace(states, b=renewed.b[None])
    return {**observables.evaluate(states, others), **observables.evaluate(with_b, summed)}


def lost(model: Model) -> set[str]:
    """The variables made of coefficients of examples that are drawn again."""
    gone = {f.coefficient.name for f in model.directions if f.name in model.test.drawn}
    made = {name for name in observables.names(model) if _coefficient_of(model, name) in gone}
    return made | {o.name for o in model.observables if o.from_start}


def _coefficient_of(model: Model, name: str) -> str:
    """The coefficient that a variable is, is a sign class of, or is taken over; another name where it is none."""
    taken = {o.name: o.entries_of for o in model.observables if o.entries_of}
    return taken.get(name, name.removesuffix("_over").removesuffix("_under"))


def joined(rows: Sequence[Mapping[str, Any]]) -> dict[str, Variable]:
    """Variables of single states, one after another; what is known of data is of each state's own examples."""
    return {name: _series([row[name] for row in rows]) for name in rows[0]}


def _series(parts: Sequence[Variable]) -> Variable:
    dims = parts[0].dims
    if dims[:1] == ("t",):
        return Variable(dims, np.concatenate([part.values for part in parts]))
    return Variable(("t", *dims), np.stack([part.values for part in parts]))
