"""One step from an arbitrary state of a declared model: sizes, values, directions, labels and coefficients chosen.

The states need not be reachable: coefficients of either sign and any size sit on top of a fresh W(0).  Step size,
penalty weight and lengths span the thresholds that lemmas speak of, so that hypotheses are met often and missed often;
classes' features are orthogonal to each other and to the noise in two states of three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from derivations.declare import Bilevel, FixedLaw, Law, Model, TaskLaw, Value
from dynamics.arrays import Array

from ..ask import models, parameters, settings
from ..run.kernels import plain_kernel_for
from ..run.problem import Problem
from ..start import neurons
from ..start.declared import off_indices
from ..values import whole
from .case import Case
from .cases import state_case


class Choices(Protocol):
    """Who chooses: a generator of random numbers, or Hypothesis, which can shrink what it chose."""

    def one_of(self, options: Sequence[Any]) -> Any:
        """One of these."""

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""

    def real(self, low: float, high: float) -> float:
        """A real number."""


class Random:
    """Choices by a generator of random numbers."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def one_of(self, options: Sequence[Any]) -> Any:
        """One of these."""
        return options[int(self.rng.integers(len(options)))]

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def real(self, low: float, high: float) -> float:
        """A real number."""
        return float(self.rng.uniform(low, high))


def arbitrary(
    choose: Choices, setting: str | Model | settings.Setting, fixed: Mapping[str, Value] | None = None
) -> Case:
    """A case of a setting: n to 5 examples, m to 4 filters, d to 12; structural parameters vary unless `fixed`."""
    source = settings.resolve(setting)
    chosen: dict[str, Value] = {name: choose.one_of(options) for name, options in source.structural.items()}
    chosen |= dict(fixed or {})
    n, m = choose.whole(1, 5), choose.whole(1, 4)
    known = [p.name for p in models.build(source.factory, {}).parameters]
    declared = models.build(source.factory, chosen)
    features = declared.n_heads if any(family.index_set.per_class for family in declared.directions) else 0
    free = {
        "n": n,
        "m": m,
        "d": n + features + choose.whole(2, 6),
        "eta": 10 ** choose.real(-3, 0.5),
        "lam": 10 ** choose.real(-2, 1),
        "neurons": choose.one_of(["mean", "sum"]),
        "penalty_half": choose.one_of([False, True]),
    }
    if choose.one_of([False, True]):
        free["lam"] = 0.0
    if declared.algorithm.over_tasks:
        free |= _task_sizes(choose, declared.bilevel)
        n = int(free[declared.bilevel.examples])
    if "slope" in known:
        free["slope"] = choose.one_of([0.0, 0.1, 0.5, 1.0])
    resolved = parameters.resolve(source.factory, {**{k: v for k, v in free.items() if k in known}, **chosen})
    rng = np.random.default_rng(choose.whole(0, 2**32 - 1))
    length, size = 10 ** choose.real(-0.7, 0.7), 10 ** choose.real(-3, 0)
    straight = choose.whole(0, 2) > 0 or not features
    make = _task_arrays if declared.algorithm.over_tasks else _straight if straight else _skew
    initial = make(rng, resolved.model.of_data, resolved.values, n, m, length, size)
    initial |= {name: size * rng.normal(size=(declared.n_heads, m)) for name in neurons.names(resolved.model)}
    start = Problem(resolved, initial=initial, loaded=plain_kernel_for(resolved.model)).start(0)
    b = size * choose.one_of([0.0, 0.3, 1.0]) * rng.normal(size=start.draw.z.shape) / max(length, 1.0)
    quantities = {q.name: q.formula for q in settings.statements_of(source, resolved.model).quantities}
    return state_case(start, b, quantities)


def _skew(
    rng: np.random.Generator, model: Model, values: Mapping[str, Value], n: int, m: int, length: float, size: float
) -> dict[str, Array]:
    """Vectors of about that length in any direction, filters of about that size; labels are any."""
    return _split(rng, model, n, m, size, _vectors(rng, model, values, n, length))


def _straight(
    rng: np.random.Generator, model: Model, values: Mapping[str, Value], n: int, m: int, length: float, size: float
) -> dict[str, Array]:
    """The same, projected off or orthogonal where the law says so."""
    offsets, vectors = model.offsets(n), _vectors(rng, model, values, n, length)
    for family in model.directions:
        rows = slice(offsets[family.name], offsets[family.name] + model.sizes(n)[family.name])
        if isinstance(family.law, FixedLaw) and family.index_set.per_class:
            lengths = np.linalg.norm(vectors[rows], axis=1)
            vectors[rows] = lengths[:, None] * np.linalg.qr(vectors[rows].T)[0].T
        if isinstance(family.law, Law):
            off = off_indices(model, family.law, n, values)
            if len(off):
                basis = np.linalg.qr(vectors[off].T)[0]
                vectors[rows] -= vectors[rows] @ basis @ basis.T
    return _split(rng, model, n, m, size, vectors)


def _vectors(rng: np.random.Generator, model: Model, values: Mapping[str, Value], n: int, length: float) -> Array:
    d = int(values.get("d") or n + 4)
    vectors: Array = length * rng.normal(size=(model.offsets(n)[""], d)) / np.sqrt(d)
    return vectors


def _split(rng: np.random.Generator, model: Model, n: int, m: int, size: float, vectors: Array) -> dict[str, Array]:
    """The arrays of a draw: each family's vectors, filters and labels."""
    axis, offsets = model.network.head_axis, model.offsets(n)
    arrays = {"W": size * rng.normal(size=(axis.count, m, vectors.shape[1])), "y": rng.choice(axis.labels, size=n)}
    for family in model.directions:
        rows = slice(offsets[family.name], offsets[family.name] + model.sizes(n)[family.name])
        arrays[family.name] = vectors[rows][0] if family.index_set.single else vectors[rows]
    return arrays


def _task_sizes(choose: Choices, algorithm: Bilevel) -> dict[str, Value]:
    """1 to 3 tasks of 2 to 4 examples, up to 4 inner steps, and room for a dictionary in d."""
    n, items = choose.whole(2, 4), choose.whole(1, 4)
    return {
        algorithm.tasks: choose.whole(1, 3),
        algorithm.examples: n,
        algorithm.train: choose.whole(1, n - 1),
        algorithm.inner_steps: choose.whole(0, 4),
        algorithm.inner_step: 10 ** choose.real(-1.5, 1),
        "h": choose.one_of([0.1, 0.5, 2.0]),
        "M": items,
        "d": items + 1 + choose.whole(2, 8),
    }


def _task_arrays(
    rng: np.random.Generator, model: Model, values: Mapping[str, Value], n: int, m: int, length: float, size: float
) -> dict[str, Array]:
    """Tasks that share nu and take z_a, both of lengths about 0.3 to 3 and orthogonal; noise off all of these."""
    d, tasks = int(whole(values, "d")), int(whole(values, model.bilevel.tasks))
    axis = model.network.head_axis
    arrays = {"W": size * rng.normal(size=(axis.count, m, d)), "y": rng.choice(axis.labels, size=(tasks, n))}
    spans: list[Array] = []
    for family in model.directions:
        if isinstance(family.law, TaskLaw):
            items = int(whole(values, family.law.items))
            shared, entries = np.zeros(d), np.zeros((items, d))
            shared[0] = 10 ** rng.uniform(-0.5, 0.5)
            entries[:, 1 : items + 1] = 10 ** rng.uniform(-0.5, 0.5) * rng.normal(size=(items, items)) / items**0.5
            arrays |= {family.law.shared: shared, family.law.dictionary: entries}
            arrays[family.name] = shared + entries[rng.integers(0, items, size=tasks)]
            spans += [shared[None], entries]
    basis = np.linalg.qr(np.vstack(spans).T)[0] if spans else np.zeros((d, 0))
    for family in model.directions:
        if family.index_set.per_example:
            vectors = length * rng.normal(size=(tasks, n, d)) / np.sqrt(d)
            arrays[family.name] = vectors - (vectors @ basis) @ basis.T
    return arrays
