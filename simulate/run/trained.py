"""A run by training the weights with torch, its variables taken from W itself where the directions do not tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derivations.declare import Flips, KnownFrom, Model, Value
from dynamics.arrays import Array
from dynamics.kernel.trajectory import Trajectory

from ..ask import schedules
from ..errors import InputError
from ..observe import observables as obs
from ..observe.states import States
from ..start import source
from ..start.drawn import Draw
from ..train import flips, weights
from ..train import fresh as trained_fresh
from . import tasks
from .asked import Asked, Found, Variables
from .judge import WHAT, by_another, held_out, judge
from .problem import Start
from .reduced import afresh_refusal, declared


def along(start: Start, asked: Asked) -> Found:
    """The run of a start by training.  Raises Diverged, and InputError for a named variable that is not to be had."""
    model, drawn, values = start.model, start.draw, start.values
    if start.problem.redraws:
        raise InputError(afresh_refusal(model))
    vectors, _ = weights.needs_vectors(drawn)
    counted = [o for o in model.observables if o.known_from is KnownFrom.RUN and {o.name, *o.also} & set(asked.wanted)]
    schedules.check(model, values, asked.steps)
    watch = flips.Watch([o for o in counted if isinstance(o, Flips)], asked.recorded.tolist())
    with start.explained():
        path = weights.train(model, drawn, values, asked.steps, asked.recorded, draws=start.draws, watch=watch)
    seen = weights.observe(model, vectors, drawn.y, path.W, values, clean=drawn.clean, scalars=drawn.scalars)
    b, scale = np.empty(0) if path.b is None else path.b, weights.remaining(model, values, path.t)
    states = start.seen(Trajectory(path.t, seen["z"], b, -1, scale), seen)
    fresh, notes = _fresh(start, states, path.W, asked)
    known, said = declared(states, asked)
    counts = {name: obs.labelled(model, name, each) for name, each in watch.variables().items() if name in asked.wanted}
    said += tuple(f"{o.name} is left out: only engine='reduced' counts it" for o in counted if not isinstance(o, Flips))
    if path.b is None:
        said += ("coefficients are left out: the directions are linearly dependent, so that W does not determine them; "
                 "engine='reduced' has them",)
    variables = {**known, **fresh, **counts}
    absent = [name for name in asked.wanted if name not in variables]
    if asked.named and absent:
        cure = "take engine='reduced'"
        raise InputError(f"observables: {absent[0]!r} is not known with engine='weights' here; {cure}")
    return Found(start, path.t, variables, (*notes, *said), obs.lacking(states, known))


def one_step(
    model: Model, values: Mapping[str, Value], draw: Draw, vectors: Array, W: Array, t: int
) -> Array:
    """W(t + 1) from W (H, m, d) by training on the draw's labels and scalars, on vectors (B, d) in place of its own."""
    return weights.step(model, vectors, draw.y, W, values, t, clean=draw.clean, scalars=draw.scalars)


def _fresh(start: Start, states: States, W: Array, asked: Asked) -> tuple[Variables, tuple[str, ...]]:
    """Fresh examples judged by the network as declared: from W, where b does not determine what is judged."""
    network, examples = trained_fresh.Network(start.model), start.problem.examples
    if start.model.algorithm.over_tasks:
        return _on_tasks(start, W, states.seen, asked, network)
    if examples is not None and start.model.test.by_source:
        wanted = set(obs.fresh_names(start.model)) & set(asked.wanted)
        through = source.through_weights(W, examples.test_x)
        return (held_out(start, through, wanted, network) if wanted else {}), ()
    judged = judge(start, _spanned(start, states, W), asked.wanted, network, asked.fresh)
    return judged.variables, (*judged.notes, *asked.left_out(judged.reason, WHAT))


def _spanned(start: Start, states: States, W: Array) -> States:
    """The states with some b of W(t) = scale W(0) + b V where W determines none: what is judged goes by b V alone."""
    vectors, weights = start.draw.vectors, start.draw.weights
    if states.b is not None or vectors is None or weights is None:
        return states
    moved = W - states.shares[:, None, None, None] * weights
    return replace(states, b=moved @ np.linalg.pinv(vectors))


def _on_tasks(
    start: Start, W: Array, seen: Mapping[str, Array], asked: Asked, network: Any
) -> tuple[Variables, tuple[str, ...]]:
    """What W tells of vectors that runs look at, and of fresh tasks, whether or not it determines coefficients."""
    watched = tasks.watched_names(start.model, asked.wanted)
    names = [name for name in obs.fresh_names(start.model) if name in asked.wanted]
    rows, notes, another = [], tuple[str, ...](), by_another(start)
    for row, weights_now in enumerate(W):
        state = tasks.rebased(start.draw, weights_now)
        now = {name: values[row : row + 1] for name, values in seen.items()}
        rest = np.zeros((1, *state.z.shape))
        states = States(start.model, state, start.values, state.z[None], rest, now)
        variables, reason = tasks.on_fresh_tasks(network, states, start.seed, names) if names else ({}, "")
        notes = notes or asked.left_out(reason, WHAT) or ((another,) if variables and another else ())
        rows.append({**obs.evaluate(states, watched), **variables})
    return tasks.joined(rows), notes
