"""A state at which the two engines take a step, and the parameter values that it is taken at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from derivations.declare import Model, Value
from dynamics.arrays import Array

from ..values import Values
from .engines import Pair

# Values of no special form, for the parameters that a training step reads: step sizes, penalty, options, two loops.
_SIZES = {"step": 0.29, "inner_step": 0.23, "momentum": 0.6, "weight_decay": 0.11, "radius": 0.2, "label_noise": 0.4,
          "clip": 0.05, "normalised": 0.3}
_LAST_PENALISED = 3


@dataclass(frozen=True)
class ProbeStart:
    """A state as a draw: what `engines.FullDraw` asks for."""

    vectors: Array
    weights: Array
    y: Array
    clean: Array
    scalars: Mapping[str, Array] = field(default_factory=dict)

    @property
    def z(self) -> Array:
        """Pre-activations (H, m, B)."""
        return np.asarray(self.weights @ self.vectors.T)

    @property
    def gram(self) -> Array:
        """Inner products of the directions (B, B)."""
        return np.asarray(self.vectors @ self.vectors.T)


@dataclass(frozen=True)
class Probe:
    """The two engines at a state; `what` groups probes into rows, and steps are taken from step `t`.

    An `exact` probe has whole numbers whose products are exact, some of them 0: rounding excuses nothing there.
    """

    what: str
    pair: Pair
    t: int = 0
    exact: bool = False


@dataclass(frozen=True)
class Shape:
    """Examples a task, filters a head, dimension, tasks."""

    n: int
    m: int
    d: int
    tasks: int = 1


def probe_values(model: Model, values: Values, shape: Shape, own: bool, at: int) -> dict[str, Value]:
    """The run's values with the probe's sizes; unless `own`, values of no special form where a step reads them."""
    algorithm = model.algorithm
    probed: dict[str, Value] = {**values, "n": shape.n, "m": shape.m, "d": shape.d}
    options = dict(algorithm.options)
    if "batch" in options:
        probed[options["batch"]] = max(1, shape.n - 2)
    if algorithm.over_tasks:
        loops = model.bilevel
        probed |= {loops.tasks: shape.tasks, loops.examples: shape.n}
        probed[loops.train] = max(1, shape.n // 2 - (shape.n > 3))
        if loops.redrawn:
            probed[loops.redrawn] = False
        if loops.shares:
            probed[loops.shares] = ",".join(str(1 + (3 * k) % 4) for k in range(shape.tasks))
        if loops.sampled:
            probed[loops.sampled] = max(1, shape.tasks - 1)
        options |= {"inner_step": loops.inner_step}
    if own:
        return probed
    options |= {"step": algorithm.step}
    probed |= {name: _SIZES[option] for option, name in options.items() if option in _SIZES}
    if algorithm.over_tasks:
        probed[model.bilevel.inner_steps] = 2 + at
    probed["neurons"] = "sum" if values.get("neurons", "mean") == "mean" else "mean"
    probed["penalty_half"] = not values.get("penalty_half", False)
    if model.objective.penalised:
        probed |= {"lam": 0.37, "lam_until": _LAST_PENALISED}
    probed |= {name: 0.3 for name in model.constants}
    return probed


def tasks_of(model: Model, shape: Shape) -> int:
    """How many tasks the model has at this shape; 1 without."""
    return shape.tasks if model.algorithm.over_tasks else 1
