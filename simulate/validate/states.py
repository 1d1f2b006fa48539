"""States that `validate` probes: small, generic, and with values of their own, so that no law of the data hides a term.

A draw's own vectors have products that are 0 by law, labels that agree with patches, margins of one size and no
pre-activation at a kink; what a kernel does elsewhere would not be seen on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from derivations.declare import Model, OfMargin, Value
from derivations.declare.arithmetic import cuts_at
from dynamics.arrays import Array
from dynamics.chance.stepdraws import StepDraws
from dynamics.chance.streams import stream

from ..run.algorithm import step_draws
from ..start.neurons import on_axes
from ..start.scalars import any_scalars, said_by_labels
from ..train import weights
from ..values import Values, closing, real
from .engines import KernelUnderTest, Pair
from .probe_state import Probe, ProbeStart, Shape, probe_values, tasks_of

NEAR = 1e-9  # of a cut: nearer, and rounding may decide
HALVINGS = 40
MARGINS = (-20.0, -9.0, -4.5, 2.0, 4.5, 6.5, 9.0, 13.0, 20.0)
EXACT = 5 / 16
"""A value of no special form whose products with small whole numbers are exact."""
FAR = -8000.0  # what the smallest output is behind the largest, where
LONGER = 1e5  # vectors than filters
AHEAD = 720.0  # the largest is ahead of the next by at least so much: exp of that overflows


def generic(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> Iterator[Probe]:
    """Correlated Gaussian vectors, dependent ones and one of length 0 included; at the run's values and at others."""
    bilevel = model.algorithm.over_tasks
    classes = model.n_heads
    shapes = [Shape(classes + 3, 2, 12, 3), Shape(classes + 1, 3, 5, 2), Shape(classes + 4, 4, 9, 2)]
    for at, shape in enumerate(shapes):
        rng = stream(0, "validate", 10, at)
        vectors = _correlated(model, shape, rng)
        if at == 2 and len(vectors) > 1 + len(model.network.axes):  # a single one of length 0 would leave nothing to do
            vectors[-1 - len(model.network.axes)] = 0.0
        for own in (True, False):
            at_values = probe_values(model, values, shape, own, at)
            lengths = np.linalg.norm(vectors, axis=1)
            W = rng.standard_normal((model.n_heads, shape.m, shape.d)) / np.sqrt(np.mean(lengths**2))
            pair = _pair(model, kernel, at_values, vectors, W, _labels(model, shape, rng), rng, device)
            for t in _steps(model, at_values):
                yield Probe("generic vectors", pair, t)
    if bilevel:
        yield from _loops(model, kernel, values, device)


def large(model: Model, kernel: KernelUnderTest, values: Values, directions: int, device: str) -> Iterator[Probe]:
    """Generic vectors, as many as choose the variant of the kernel that a draw of so many directions runs."""
    shape = Shape(2, 2, 7, 2)
    while model.offsets(shape.n * tasks_of(model, shape), tasks_of(model, shape))[""] < directions:
        shape = replace(shape, n=shape.n + 8)
    rng = stream(0, "validate", 11)
    vectors = _correlated(model, shape, rng)
    W = rng.standard_normal((model.n_heads, shape.m, shape.d)) / np.sqrt(np.mean((vectors**2).sum(1)))
    for own in (True, False):
        at_values = probe_values(model, values, shape, own, 0)
        pair = _pair(model, kernel, at_values, vectors, W, _labels(model, shape, rng), rng, device)
        yield Probe("generic vectors", pair, _steps(model, at_values)[0])


def kinks(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> Iterator[Probe]:
    """Vectors and weights of entries -1, 0, 1: many pre-activations are exactly 0, with products that are exact.

    Only states where a step's gradients are taken at the state itself: elsewhere rounding decides.  So there are none
    with momentum or SAM, and an inner loop has no step, or the one whose change is Reptile's; nor where a margin is at
    a cut of the loss, as outputs are sums that are rounded.
    """
    if model.algorithm.lag > 1 or "radius" in model.algorithm.options:
        return
    for trial in range(4):
        rng = stream(0, "validate", 12, trial)
        shape = Shape(model.n_heads + 2, 4, 4, 2)
        size = model.offsets(shape.n * tasks_of(model, shape), tasks_of(model, shape))[""]
        vectors = on_axes(rng.integers(-1, 2, (size, shape.d)).astype(np.float64), len(model.network.axes))
        W = rng.integers(-1, 2, (model.n_heads, shape.m, shape.d)).astype(np.float64)
        at_values = probe_values(model, values, shape, trial % 2 == 0, 0)
        if model.algorithm.over_tasks:
            at_values[model.bilevel.inner_steps] = int(model.bilevel.to_adapted)
        if trial % 2:
            at_values |= dict.fromkeys(model.constants, EXACT)
        pair = _pair(model, kernel, at_values, vectors, W, _labels(model, shape, rng), rng, device)
        if _at_a_cut(model, pair) or _rounded(model, pair):
            continue
        for t in _steps(model, at_values):
            yield Probe("pre-activations at the kink", pair, t, exact=True)


def _rounded(model: Model, pair: Pair) -> bool:
    """Whether rounding decides if a patch's pre-activation is 0: its terms' scalars may make products inexact.

    Of a sum's terms first and of entries first, as both engines take them.
    """
    task, draw = pair.task, pair.draw
    filters = pair.start.reshape(-1, pair.start.shape[-1])
    entries_first = task.patches.cpu().numpy() @ filters.T
    terms_first = weights.problem(model, pair.vectors @ filters.T, draw.y, task.values, str(task.y.device), None,
                                  draw.clean, draw.scalars).patches.cpu().numpy()
    near = np.abs(entries_first) < NEAR
    return bool((near & ((entries_first != 0.0) | (terms_first != 0.0))).any())


def _at_a_cut(model: Model, pair: Pair) -> bool:
    """Whether rounding decides on which side of a cut of the loss a margin is."""
    kind = model.objective.loss_kind
    if not isinstance(kind, OfMargin) or not kind.expression.cuts:
        return False
    task, constants = pair.task, {name: real(pair.task.values, name) for name in kind.constants}
    F = weights.outputs(task, task.vectors.new_tensor(pair.start), task.patches)
    margin = weights.margins(model, F, task.y).cpu().numpy()
    return any(bool((np.abs(margin - at) < NEAR).any()) for _, at in cuts_at(kind.expression, constants))


def tails(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> Iterator[Probe]:
    """One example a step whose margin is about each of `MARGINS`, so that a wrong tail of l' is not hidden by others.

    With a bilevel algorithm a task has two examples of one label, for it may have to split them, and the margin is that
    before adaptation.
    """
    bilevel = model.algorithm.over_tasks
    for at, margin in enumerate(MARGINS):
        rng = stream(0, "validate", 13, at)
        shape = Shape(2 if bilevel else 1, 3, 6, 1)
        vectors, W = _correlated(model, shape, rng), rng.standard_normal((model.n_heads, 3, 6))
        label = np.full(shape.n, model.network.head_axis.labels[0])
        for own in (True, False):
            at_values = probe_values(model, values, shape, own, 0)
            if model.algorithm.over_tasks:
                at_values[model.bilevel.inner_steps] = int(model.bilevel.to_adapted)
            pair = _pair(model, kernel, at_values, vectors, W, (label, label), rng, device)
            scaled = _with_margin(pair, margin)
            if scaled is not None:
                yield Probe("margins from -20 to 20", scaled, _steps(model, at_values)[0])
    if not model.network.head_axis.signed:
        yield from _far(model, kernel, values, device)


def _far(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> Iterator[Probe]:
    """One example far on the wrong side, each head in turn the largest: exp of an unshifted output overflows."""
    shape, head = Shape(1, 3, 6, 1), 0
    for trial in range(16 * model.n_heads):
        rng = stream(0, "validate", 17, trial)
        vectors, W = _correlated(model, shape, rng), rng.standard_normal((model.n_heads, 3, 6))
        at_values = probe_values(model, values, shape, False, 0)
        pair = _pair(model, kernel, at_values, vectors, W, (np.zeros(1), np.zeros(1)), rng, device)
        scaled = _with_margin(pair, FAR)
        if scaled is None:
            continue
        start = scaled.task.vectors.new_tensor(scaled.start)
        F = weights.outputs(scaled.task, start, scaled.task.patches)[0].cpu().numpy()  # labels choose patches too
        if int(np.argmax(F)) != head or np.diff(np.sort(F))[-1] < AHEAD:
            continue
        head += 1
        yield Probe("margins of -8000", scaled, _steps(model, at_values)[0])
        if head == model.n_heads:
            return


def overflowing(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> Pair:
    """A state whose outputs are beyond the floating-point numbers, though its pre-activations are not.

    All filters of a head are alike and the largest pre-activation is near the largest number.
    """
    rng, shape = stream(0, "validate", 14), Shape(model.n_heads + 1, 4, 5, 2)
    at_values = probe_values(model, values, shape, False, 0)
    vectors = _correlated(model, shape, rng)
    W = np.repeat(rng.standard_normal((model.n_heads, 1, shape.d)), shape.m, axis=1)
    W = W * (1e308 / np.abs(W @ vectors.T).max())
    return _pair(model, kernel, at_values, vectors, W, _labels(model, shape, rng), rng, device)


def overadapted(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> Pair:
    """A state of tasks whose first inner step, of vectors far longer than the filters, leaves the numbers."""
    rng, shape = stream(0, "validate", 18), Shape(5, 3, 8, 2)
    at_values = probe_values(model, values, shape, False, 0) | {model.bilevel.inner_step: 1e308}
    vectors = _correlated(model, shape, rng)
    W = rng.standard_normal((model.n_heads, shape.m, shape.d)) / LONGER
    return _pair(model, kernel, at_values, LONGER * vectors, W, _labels(model, shape, rng), rng, device)


def _loops(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> Iterator[Probe]:
    """Bilevel algorithms without an inner step, with one, and with four."""
    for at, steps in enumerate((0, 1, 4)):
        rng, shape = stream(0, "validate", 15, at), Shape(5, 3, 8, 2 + at)
        vectors = _correlated(model, shape, rng)
        W = rng.standard_normal((model.n_heads, shape.m, shape.d)) / np.sqrt(np.mean((vectors**2).sum(1)))
        at_values = probe_values(model, values, shape, False, 0) | {model.bilevel.inner_steps: steps}
        pair = _pair(model, kernel, at_values, vectors, W, _labels(model, shape, rng), rng, device)
        yield Probe("generic vectors", pair)


def _steps(model: Model, values: Values) -> list[int]:
    """Steps to probe: the last penalised one and the first free one where there is a penalty, else the first."""
    last = closing(model, values)
    return [0] if last is None else [last, last + 1]


def _correlated(model: Model, shape: Shape, rng: np.random.Generator) -> Array:
    """Gaussian vectors (B, d) with a part in common and lengths about 1, none of them alike."""
    tasks = tasks_of(model, shape)
    size = model.offsets(shape.n * tasks, tasks)[""]
    common = rng.standard_normal(shape.d)
    lengths = rng.uniform(0.6, 1.6, (size, 1))
    vectors: Array = lengths * (rng.standard_normal((size, shape.d)) + 0.5 * common) / np.sqrt(shape.d)
    return on_axes(vectors, len(model.network.axes))


def _labels(model: Model, shape: Shape, rng: np.random.Generator) -> tuple[Array, Array]:
    """Labels (n,) of every kind in no order, and the clean ones, which differ where patches follow them."""
    n, known = shape.n * tasks_of(model, shape), np.array(model.network.head_axis.labels)
    y = rng.permutation(known[np.arange(n) % len(known)])
    clean = np.where(np.arange(n) % 3 == 0, -y, y) if model.follows_clean else y
    return y, clean


def _pair(
    model: Model, kernel: KernelUnderTest, values: Mapping[str, Value], vectors: Array, W: Array,
    labels: tuple[Array, Array], rng: np.random.Generator, device: str,
) -> Pair:
    y, clean = labels
    draws = step_draws(model, values, y, int(rng.integers(2**16)))
    scalars = any_scalars(model, values, y, clean, rng)
    task = weights.problem(model, vectors, y, values, device, draws, clean, scalars)
    bound = kernel.bind(clean, scalars).through(vectors)
    return Pair(task, bound, ProbeStart(vectors, W, y, clean, scalars), vectors, W)


def _with_margin(pair: Pair, wanted: float) -> Pair | None:
    """The pair with its weights scaled, and its labels chosen, so that the first margin is `wanted`; None if it cannot.

    The label is the one whose margin has the sign, at the head that is largest or smallest.
    """
    draw, model = pair.draw, pair.task.model
    assert isinstance(draw, ProbeStart)
    F = weights.outputs(pair.task, pair.task.vectors.new_tensor(draw.weights), pair.task.patches)[0].cpu().numpy()
    best = int(np.argmax(F) if wanted > 0 else np.argmin(F))
    label = model.network.head_axis.labels[best]
    y = np.full_like(draw.y, label)
    clean = y if not model.follows_clean else draw.clean
    scalars = {**draw.scalars, **said_by_labels(model, pair.task.values, y, clean)}

    task = weights.problem(
        model, draw.vectors, y, pair.task.values, str(pair.task.y.device), _relabelled(pair, y), clean, scalars
    )

    def margins(scales: Array) -> Array:
        """The first margin at weights so many times as long, all in one call."""
        w = task.vectors.new_tensor(scales[:, None, None, None] * draw.weights)
        F = weights.outputs(task, w, task.patches[:1].expand(len(scales), -1, -1))
        return np.asarray(weights.margins(model, F, task.y[:1].expand(len(scales))).cpu().numpy())

    low, high = 0.0, 0.0
    scales: Array = np.exp2(np.arange(20.0))
    for _ in range(1 + HALVINGS // 4):
        found = margins(scales)
        reached = ~(np.abs(found) < abs(wanted))
        if not reached.any():
            return None
        at = int(np.argmax(reached))
        low, high = float(scales[at - 1]) if at else low, float(scales[at])
        scales = low + (high - low) * np.arange(1, 17) / 16  # four halvings
    if not (np.isfinite(found[at]) and abs(found[at] - wanted) < 1.0):
        return None
    start = ProbeStart(draw.vectors, high * draw.weights, y, clean, scalars)
    kernel = pair.kernel.bind(clean, scalars) if scalars else pair.kernel
    return replace(pair, task=task, draw=start, start=start.weights, kernel=kernel)


def _relabelled(pair: Pair, y: Array) -> StepDraws | None:
    draws = pair.task.draws
    return None if draws is None else replace(draws, y=y)
