"""One step from an arbitrary state of a declared model: sizes, values, directions, labels and coefficients chosen.

The states need not be reachable: coefficients of either sign and any size sit on top of a fresh W(0).  Step size,
penalty weight and lengths span the thresholds that lemmas speak of, so that hypotheses are met often and missed often;
classes' features are orthogonal to each other and to the noise in two states of three, and in one of two each family
has a length, and products with the filters and coefficients of a size, of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from derivations.declare import (
    Bilevel,
    Directions,
    FixedLaw,
    GaussianLaw,
    GivenMixing,
    GivenScalar,
    Law,
    Model,
    TaskLaw,
    Value,
    mixings_of,
)
from dynamics.arrays import Array

from ..ask import models, parameters, settings
from ..run.kernels import plain_kernel_for
from ..run.problem import Problem, Start
from ..start import neurons
from ..start.declared import off_indices
from ..start.scalars import drawn_scalars, named_of_arrays
from ..values import number, whole
from .case import Case
from .cases import state_case

ANYWHERE = 2**32 - 1  # the largest seed of an arbitrary state's vectors
ROUNDING = 1e-14  # cosines below it are 0


class Choices(Protocol):
    """Who chooses: a generator of random numbers, or Hypothesis, which can shrink what it chose."""

    def one_of(self, options: Sequence[Any]) -> Any:
        """One of these."""

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""

    def real(self, low: float, high: float) -> float:
        """A real number."""


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
    n = next((len(each.rows) for each in mixings_of(declared) if isinstance(each, GivenMixing)), n)
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
    elif batch := declared.algorithm.options.get("batch"):
        free[batch] = choose.whole(1, n)
    if "slope" in known:
        free["slope"] = choose.one_of([0.0, 0.1, 0.5, 1.0])
    rng = np.random.default_rng(choose.whole(0, ANYWHERE))
    length, size = 10 ** choose.real(-0.7, 0.7), 10 ** choose.real(-3, 0)
    own = choose.one_of([0.0, 1.0])  # decades; what is 0 can be moved
    families = [family for family in declared.of_data.directions if not isinstance(family.law, TaskLaw)]
    times = {family.name: 10 ** choose.real(-own, own) for family in families}
    for family in families:
        free |= _of_law(family, length * times[family.name], float(free["d"]))
    resolved = parameters.resolve(source.factory, {**{k: v for k, v in free.items() if k in known}, **chosen})
    straight = choose.whole(0, 2) > 0 or not features
    make = _task_arrays if declared.algorithm.over_tasks else _straight if straight else _skew
    initial = make(rng, resolved.model.of_data, resolved.values, n, m, length, size)
    for family in families:
        one = isinstance(family.law, FixedLaw) and family.index_set.single
        drawn = float(np.linalg.norm(initial[family.name])) if one else 1.0  # a length that a parameter names is that
        initial[family.name] = initial[family.name] * times[family.name] * (length / drawn if one else 1.0)
    if not declared.algorithm.over_tasks:
        initial["W"] = _lengthened(initial, {each.name: 10 ** choose.real(-2 * own, 2 * own) for each in families})
        initial |= _beside(rng, resolved.model, resolved.values, initial["y"])
    initial |= {name: size * rng.normal(size=(declared.n_heads, m)) for name in neurons.names(resolved.model)}
    start = _exact(Problem(resolved, initial=initial, loaded=plain_kernel_for(resolved.model)).start(0))
    b = size * choose.one_of([0.0, 0.3, 1.0]) * rng.normal(size=start.draw.z.shape) / max(length, 1.0)
    offsets, sizes = (each(len(start.draw.y), start.draw.tasks) for each in (start.model.offsets, start.model.sizes))
    for each in families:
        b[..., offsets[each.name] : offsets[each.name] + sizes[each.name]] *= 10 ** choose.real(-2 * own, 2 * own)
    quantities = {q.name: q.formula for q in settings.statements_of(source, resolved.model).quantities}
    return state_case(start, b, quantities)


def _beside(rng: np.random.Generator, model: Model, values: Mapping[str, Value], y: Array) -> dict[str, Array]:
    """What else examples have: labels before flips, and scalars and mixing matrices by their laws, else Gaussian."""
    flipped = number(values, model.label_flips) if model.label_flips else 0.0
    clean = np.where(rng.random(len(y)) < (0.5 if 0 < flipped < 1 else flipped), -y, y) if flipped else y
    lawless = {each.name: rng.normal(size=len(y)) for each in model.scalars if isinstance(each, GivenScalar)}
    wanted = [name for names in named_of_arrays(model) for name in names]
    drawn = drawn_scalars(model, values, y, clean, int(rng.integers(ANYWHERE)), lawless) if wanted else {}
    return {**{name: drawn[name] for name in wanted}, **({"clean": clean} if flipped else {})}


def _of_law(family: Directions, length: float, d: float) -> dict[str, Value]:
    """The parameters by which a law draws vectors of about that length."""
    if isinstance(family.law, GaussianLaw):
        return {family.law.std: length / d**0.5}
    return {family.law.norm: length} if isinstance(family.law, FixedLaw) and family.index_set.single else {}


def _exact(start: Start) -> Start:
    """The start whose orthogonal vectors are: of very different lengths, the rounding of their products would tell."""
    lengths = np.sqrt(np.diag(start.draw.gram))
    far = np.abs(start.draw.gram) > ROUNDING * np.outer(lengths, lengths)
    return replace(start, draw=replace(start.draw, gram=np.where(far, start.draw.gram, 0.0)))


def _lengthened(initial: Mapping[str, Array], scales: Mapping[str, float]) -> Array:
    """The filters W (H, m, d) with their products along each family so many times what they are."""
    W, parts = initial["W"], {name: np.atleast_2d(initial[name]) for name in scales}
    vectors = np.concatenate(list(parts.values()))
    by = np.concatenate([np.full(len(part), scales[name] - 1.0) for name, part in parts.items()])
    return W + (W @ vectors.T * by) @ np.linalg.pinv(vectors).T if by.any() else W


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
    sizes: dict[str, Value] = {
        algorithm.tasks: (tasks := choose.whole(1, 3)),
        algorithm.examples: n,
        algorithm.train: choose.whole(1, n - 1),
        algorithm.inner_steps: choose.whole(0, 4),
        algorithm.inner_step: 10 ** choose.real(-1.5, 1),
        "h": choose.one_of([0.1, 0.5, 2.0]),
        "M": items,
        "d": items + 1 + choose.whole(2, 8),
    }
    if algorithm.shares:
        sizes[algorithm.shares] = ",".join(str(choose.whole(1, 9)) for _ in range(tasks))
    return sizes | ({algorithm.sampled: choose.whole(1, tasks)} if algorithm.sampled else {})


def _task_arrays(
    rng: np.random.Generator, model: Model, values: Mapping[str, Value], n: int, m: int, length: float, size: float
) -> dict[str, Array]:
    """Tasks that share nu and take z_a, of lengths about 0.3 to 3 and orthogonal, and vectors of about that length.

    What a law projects off is orthogonal to that.
    """
    d, axis, over = int(whole(values, "d")), model.network.head_axis, model.bilevel.tasks
    many = {over: int(whole(values, over)), "n": n, "K": axis.count}
    arrays = {"W": size * rng.normal(size=(axis.count, m, d)), "y": rng.choice(axis.labels, size=(many[over], n))}
    spans: dict[str, list[Array]] = {}
    for family in model.directions:
        if isinstance(family.law, TaskLaw):
            items = int(whole(values, family.law.items))
            shared, entries = np.zeros(d), np.zeros((items, d))
            shared[0] = 10 ** rng.uniform(-0.5, 0.5)
            entries[:, 1 : items + 1] = 10 ** rng.uniform(-0.5, 0.5) * rng.normal(size=(items, items)) / items**0.5
            arrays |= {family.law.shared: shared, family.law.dictionary: entries}
            arrays[family.name] = shared + entries[rng.integers(0, items, size=many[over])]
            spans[family.name] = [shared[None], entries]
    others = [family for family in model.directions if not isinstance(family.law, TaskLaw)]
    for family in sorted(others, key=lambda each: not isinstance(each.law, FixedLaw)):  # what others are off goes first
        law, shape = family.law, [many[each] for each in family.index_set.index("K", "n", over)]
        vectors: Array = length * rng.normal(size=(*shape, d)) / np.sqrt(d)
        off = law.projected_off(values) if isinstance(law, Law) else ()
        if off:
            basis = np.linalg.qr(np.vstack([each for name in off for each in spans[name]]).T)[0]
            vectors = vectors - (vectors @ basis) @ basis.T
        arrays[family.name], spans[family.name] = vectors, [vectors.reshape(-1, d)]
    return arrays
