"""What a run of a bilevel algorithm needs beyond a single-level one: sizes, notes, fresh tasks and fresh examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.model import Bilevel, Extreme, Model, Total, Value
from dynamics import gram as grams
from dynamics.bilevel import BilevelKernel
from dynamics.streams import stream

from . import draw_tasks, fresh_tasks, observables
from .draw import Draw
from .errors import Diverged
from .states import States, Variable

Array = NDArray[np.float64]


def sizes(model: Model, drawn: Draw) -> dict[str, float]:
    """The sizes of a caller's arrays, by parameter."""
    known = {"n": float(drawn.examples), "m": float(drawn.z.shape[1]), "d": drawn.d}
    if isinstance(model.algorithm, Bilevel):
        known |= {model.algorithm.examples: float(drawn.examples), model.algorithm.tasks: float(drawn.tasks)}
    return known


def note(model: Model, kernel: BilevelKernel, drawn: Draw, values: Mapping[str, Value]) -> str:
    """What couples the tasks.  Raises InputError where the split leaves no examples."""
    draw_tasks.split_at(model, values, drawn.examples)
    rank = kernel.coupling(drawn.gram, values, drawn.tasks, drawn.examples).rank
    how = f"a noise basis of {rank} dimensions, cheaper than the Gram matrix" if rank else "the Gram matrix"
    return f"tasks are coupled through {how}, for {drawn.z.shape[2]} directions"


def flag(model: Model) -> str:
    """The parameter that asks for fresh examples before every step."""
    return model.algorithm.fresh if isinstance(model.algorithm, Bilevel) else ""


def afresh(model: Model, values: Mapping[str, Value]) -> bool:
    """Whether examples are drawn again before every step."""
    return bool(flag(model) and values.get(flag(model)))


def fresh(
    kernel: BilevelKernel, states: States, seed: int, wanted: Sequence[str]
) -> tuple[dict[str, Variable], str]:
    """Losses and errors on fresh tasks with and without adaptation; or why they are not known."""
    reason = fresh_tasks.refusal(states.model, states.draw, states.values)
    if reason or states.b is None:
        return {}, reason
    found = fresh_tasks.fresh_task_statistics(
        states.model, kernel, states.draw, states.z, states.b, states.values, seed
    )
    return {name: Variable(("t",), found[name], _meaning(name)) for name in wanted}, ""


def _meaning(name: str) -> str:
    if name.endswith("_se"):
        return "standard error"
    what = "expected loss" if "loss" in name else "P(right)" if "accuracy" in name else "P(misclassified)"
    how = "after adaptation to its task" if "_adapted" in name else "without adaptation"
    return f"{what} of a fresh task's example, {how}"


def path(
    kernel: BilevelKernel, model: Model, values: Mapping[str, Value], drawn: Draw, seed: int, steps: int
) -> Iterator[tuple[int, Draw, Array]]:
    """(t, draw, b) for t = 0 .. steps where examples are drawn afresh: the state as a draw of its own, and b so far.

    Each step's noise and labels are streams of their own, (seed, "data", t); tasks and features stay.  W(t) is held as
    weights, so that noise of steps long past needs no coefficients: b (H, m, B) has those of features alone, 0 for the
    examples.  Raises Diverged where W leaves the finite numbers.
    """
    assert drawn.vectors is not None and drawn.weights is not None and drawn.watched is not None
    assert isinstance(model.algorithm, Bilevel)
    layout, features = draw_tasks.layout_of(model, values, seed), drawn.watched.vectors
    assert features is not None
    eta, held = float(values[model.algorithm.step]), np.flatnonzero(layout.std == 0)  # type: ignore[arg-type]
    state, total = drawn, np.zeros(drawn.z.shape)
    for t in range(steps + 1):
        yield t, state, total
        if t == steps:
            return
        assert state.vectors is not None and state.weights is not None
        blocks = kernel.through(state.vectors).blocks(state.gram, state.tasks, state.examples)
        g = kernel.direction(state.z, blocks, state.y, values)
        weights = state.weights - eta * (g.reshape(-1, g.shape[-1]) @ state.vectors).reshape(state.weights.shape)
        if not np.isfinite(weights).all():
            name = model.algorithm.step
            raise Diverged(f"the run diverges: its state is not finite at step {t + 1}; lower {name} ({eta:g})", t + 1)
        total = total.copy()
        total[..., held] -= eta * g[..., held]
        noise = draw_tasks.noise_vectors(layout, features, stream(seed, "data", t + 1))
        labels = draw_tasks.labels(model, values, layout.tasks, layout.n, seed, t + 1).reshape(-1)
        vectors = layout.mixing @ features + noise
        apart = np.broadcast_to(0.0, (len(vectors), len(features)))  # each state starts anew, so its b is 0
        watched = replace(drawn.watched, across=apart)
        gram = np.empty((0, 0))  # every block comes from the vectors
        state = rebased(replace(drawn, gram=gram, y=labels, clean=labels, vectors=vectors, watched=watched), weights)


def rebased(drawn: Draw, weights: Array) -> Draw:
    """The draw with W (H, m, d) as its initial weights: a state as a draw of its own.  Needs vectors."""
    assert drawn.vectors is not None
    watched = drawn.watched
    if watched is not None and watched.vectors is not None:
        watched = replace(watched, z=grams.onto(weights, watched.vectors))
    return replace(drawn, z=grams.onto(weights, drawn.vectors), weights=weights, watched=watched)


def watched_names(model: Model, wanted: Sequence[str]) -> tuple[str, ...]:
    """The observables among `wanted` of vectors that no patch holds."""
    known = {f.name for f in model.directions} | {f.coefficient.name for f in model.directions}
    looked_at = {o.name for o in model.observables if isinstance(o, Extreme) and o.of not in known}
    return tuple(name for name in wanted if name in looked_at)


def at_fresh_state(states: States, b: Array, wanted: tuple[str, ...]) -> dict[str, Variable]:
    """Variables of one state of a run on fresh examples; coefficients are those of what stays, b (H, m, B) so far.

    Past examples' coefficients are not kept, so neither these nor their totals are given.
    """
    stays = {f.coefficient.name for f in states.model.directions if f.over != "sample"}
    totals = {o.name: o.of for o in states.model.observables if isinstance(o, Total)}
    summed = tuple(name for name in wanted if totals.get(name, name) in stays)
    gone = {f.coefficient.name for f in states.model.directions if f.over == "sample"}
    gone |= {f"{name}{part}" for name in gone for part in ("_over", "_under")}
    others = tuple(name for name in wanted if name not in summed and totals.get(name, name) not in gone)
    return {**observables.evaluate(states, others), **observables.evaluate(replace(states, b=b[None]), summed)}


def joined(rows: Sequence[Mapping[str, Any]]) -> dict[str, Variable]:
    """Variables of single states, one after another."""
    names = rows[0]
    return {
        name: Variable(names[name].dims, np.concatenate([row[name].values for row in rows]), names[name].meaning)
        for name in names
    }
