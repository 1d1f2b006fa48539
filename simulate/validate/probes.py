"""One step of the two engines, and what they see of a state, at the states of `simulate.validate.states`.

A step is judged by its change of W relative to that change, whatever its size beside W: steps as small as eta = 1e-13
are resolved.  What is seen of examples is judged example by example, relative to each one's own size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from derivations.declare import Model
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from dynamics.kernel.kernel import Kernel as GeneratedKernel

from ..errors import Diverged
from ..train import fresh as weights_fresh
from ..train import weights
from ..values import Values
from . import states
from .engines import KernelUnderTest, Pair
from .probe_state import Probe, Shape, probe_values
from .report import LIMIT, LONG, SAFETY, STRICT, Left, Row, parted, relative, worst_each
from .responses import DIVERGED, MEASURED, ROUNDED, change_of, judged, over_terms, summed
from .seen_rows import gap_of, seen_rows

DEPTH = 5  # steps of the short runs


def probes(
    model: Model, kernel: KernelUnderTest, values: Values, directions: int, filters: int, device: str
) -> tuple[list[Row], list[str]]:
    """Rows for generic vectors, kinks and margins, each the worst of its probes; and notes on what was not probed."""
    kernel = kernel.throughout(directions, filters) if isinstance(kernel, GeneratedKernel) else kernel
    every = [
        *states.generic(model, kernel, values, device),
        *states.kinks(model, kernel, values, device),
        *states.tails(model, kernel, values, device),
    ]
    switches = _switches(kernel, directions, filters)
    big = list(states.large(model, kernel, values, directions, device)) if switches else []
    comparisons: list[Row | Left] = []
    for probe in [*every, *big]:
        comparisons += [*step_rows(probe), *([] if probe in big else seen_rows(probe)), *run_rows(probe)]
    comparisons += [*outputs_rows(model, kernel, values, device), *overflow_rows(model, kernel, values, device)]
    rows, notes = parted(comparisons)
    met = {probe.what for probe in every}
    missed = [what for what in ("generic vectors", "margins from -20 to 20") if what not in met]
    notes += [f"not probed: {what}, where weight space leaves the floating-point numbers" for what in missed]
    if "pre-activations at the kink" not in met:
        notes.append("not probed: pre-activations at the kink, as rounding decides there")
    return worst_each(rows), notes


def _switches(kernel: KernelUnderTest, directions: int, filters: int) -> bool:
    """Whether a draw of so many directions and filters runs another variant of the kernel than small probes do."""
    return isinstance(kernel, GeneratedKernel) and kernel.stepping(directions, filters) is not kernel.stepping(1, 1)


def step_rows(probe: Probe) -> Iterator[Row | Left]:
    """The change of W in one step, over the largest change; z after it, over max ||w|| ||v||.

    Both over the rounding of what the change is summed of, where that cancels.
    """
    pair, W = probe.pair, probe.pair.start
    change, what = change_of(pair.task, W, probe.t), f"one step, change of W: {probe.what}"
    if change is None:
        yield Left(what, DIVERGED)
        return
    z, b = pair.step(W @ pair.vectors.T, probe.t)
    after = pair.share(np.array([pair.lag]), probe.t)[0] * W + change
    off, off_z = np.abs(b @ pair.vectors - change).max(), np.abs(z - after @ pair.vectors.T).max()

    def gap(least: Array) -> float:
        size = max(np.abs(change).max(), least.max())
        long = max(np.linalg.norm(after, axis=2).max(), least.max()) * pair.lengths.max()
        return float(max(relative(off, size), relative(off_z, long)))

    def seen(task: weights.Training, at: Array) -> dict[str, Array] | None:
        moved = change_of(task, at, probe.t)
        return None if moved is None else {what: moved}

    found = judged(probe, what, gap(np.zeros(1)), STRICT)
    yield over_terms(probe, found, lambda: summed(probe, seen), gap, STRICT)


def run_rows(probe: Probe) -> Iterator[Row | Left]:
    """A few steps in one call, kept at some of them, against weight space: what the kernel's own loop over steps does.

    The penalty closes on the way where there is one.  At exact states rounding would decide later signs: none there.
    """
    if probe.exact or probe.what != "generic vectors":
        return
    pair, W = probe.pair, probe.pair.start
    start = max(0, probe.t - 2)
    t = np.array([start, start + 2, start + 3, start + DEPTH])
    kept, what = _path(pair, W, start, t), f"{DEPTH} steps in one run: {probe.what}"
    if kept is None:
        yield Left(what, DIVERGED)
        return
    moved = pair.run(W @ pair.vectors.T, np.zeros((*W.shape[:2], len(pair.vectors))), t, start)
    rebuilt = pair.share(t - start, start) * W + moved.b @ pair.vectors
    nudged = _path(pair, W * (1 + np.finfo(np.float64).eps * stream(0, "validate", 4).standard_normal(W.shape)), start,
                   t)
    if nudged is None:
        yield Left(what, ROUNDED)
        return
    size = np.abs(kept).max()
    bar = max(LONG, SAFETY * float(np.abs(nudged - kept).max() / size))
    if not bar <= LIMIT:
        yield Left(what, ROUNDED)
        return
    long = np.linalg.norm(kept, axis=-1).max() * pair.lengths.max()
    of_z = np.abs(moved.z - kept @ pair.vectors.T).max() / long
    gap = float(max(np.abs(rebuilt - kept).max() / size, of_z))
    yield Row(what, gap, bar, start + DEPTH, "fixed" if bar == LONG else MEASURED)


def _path(pair: Pair, W: Array, start: int, at: Array) -> Array | None:
    """Weight space's W at the steps `at` (T, H, m, d) from W at step `start`, at rest; None where it diverges."""
    w, kept = pair.task.vectors.new_tensor(W), []
    velocity = w * 0
    try:
        for t in range(start, int(at[-1]) + 1):
            if t in at:
                kept.append(w.cpu().numpy())
            w, velocity = weights.move(pair.task, w, velocity, t)
    except Diverged:
        return None
    path = np.stack(kept)
    return path if np.isfinite(path).all() and np.abs(path).max() < 1e6 else None


@dataclass(frozen=True)
class _Fresh:
    """Sizes of the batches of examples that outputs are compared on: N examples, m filters, weights times `scale`."""

    N: int
    m: int
    scale: float
    whole: bool = False


def outputs_rows(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> Iterator[Row]:
    """`Kernel.outputs` on pre-activations of fresh patches, against the outputs that weight space gives these patches.

    Each relative to the terms it is a sum of; pre-activations of every size, and some that are exactly 0.
    """
    batches = [_Fresh(7, 3, 1.0), _Fresh(5, 2, 30.0), _Fresh(6, 4, 0.01), _Fresh(9, 4, 1.0, whole=True)]
    for at, batch in enumerate(batches):
        rng = stream(0, "validate", 16, at)
        size, d = (batch.N, len(model.patches)), 6
        patches, W = rng.standard_normal((*size, d)), rng.standard_normal((model.n_heads, batch.m, d))
        if batch.whole:
            patches, W = np.rint(patches), np.rint(W)
        W = batch.scale * W
        for own in (True, False):
            used = probe_values(model, values, Shape(batch.N, batch.m, d), own, 0)
            a = np.einsum("npd,hrd->nphr", patches, W)
            theirs, ours = kernel.outputs(a, used), weights_fresh.of_patches(model, W, patches, used, device)
            terms = weights_fresh.of_patches(model, W, patches, used, device, absolute=True)
            axis = model.network.head_axis
            scale = terms.max(axis=1) if axis.signed else terms
            yield Row("outputs of fresh examples", gap_of(theirs, axis.output(ours), scale),
                      LONG, 0, "fixed")


def _overflows(pair: Pair) -> bool:
    """Whether an output, summed over all heads where these are signed, is beyond twice the numbers, in any order."""
    F = weights.outputs(pair.task, pair.task.vectors.new_tensor(pair.start) / 16.0, pair.task.patches)
    with np.errstate(invalid="ignore"):
        sums = pair.task.model.network.head_axis.output(F.cpu().numpy())
    return bool((~np.isfinite(sums) | (np.abs(sums) > np.finfo(np.float64).max / 8.0)).any())


def overflow_rows(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> Iterator[Row]:
    """Whether a state whose outputs overflow is called diverged at the step where weight space says so.

    Of tasks one whose adapted states do: those whose states stay finite go on, whatever their outputs are.
    """
    tasks = model.algorithm.over_tasks
    pair = (states.overadapted if tasks else states.overflowing)(model, kernel, values, device)
    W = pair.start
    if not tasks and not _overflows(pair):  # the order of a sum may decide
        return
    try:
        weights.step_tensor(pair.task, pair.task.vectors.new_tensor(W), 0)
        return
    except Diverged as diverged:
        step = diverged.step
    z, t = W @ pair.vectors.T, np.array([0, 1, 2])
    extra = {} if pair.task.draws is None else {"draws": pair.task.draws}
    with np.errstate(over="ignore", invalid="ignore"):
        run = pair.kernel.run(z, 0 * z, pair.draw.gram, pair.draw.y, pair.task.values, 2, t, start=0, **extra)
    said, what = getattr(run, "diverged", step), "adaptations" if tasks else "outputs"
    yield Row(f"the step at which {what} overflow", float(abs(said - step)), 0.5, step, "exact")
