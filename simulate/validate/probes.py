"""One step of the two engines, and what they see of a state, at the states of `simulate.validate.states`.

A step is judged by its change of W relative to that change, whatever its size beside W: steps as small as eta = 1e-13
are resolved.  What is seen of examples is judged example by example, relative to each one's own size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from derivations.declare import Model
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.kernel import Kernel as GeneratedKernel

from ..errors import Diverged
from ..observe.seen import seen_by
from ..train import bilevel as weights_bilevel
from ..train import fresh as weights_fresh
from ..train import weights
from ..train.weights import Values
from . import states
from .engines import HUGE, Kernel, Pair
from .report import LIMIT, LONG, SAFETY, STRICT, Left, Row, parted, relative, worst_each

DEPTH = 5  # steps of the short runs
STRICTLY = "strict"
MEASURED = "10 x weight space's own response to rounding"
ROUNDED = "rounding moves weight space itself by more than the difference that would count"
ADAPTATION = "weight space's adaptation diverges"
DIVERGED = "weight space leaves the floating-point numbers"


def probes(model: Model, kernel: Kernel, values: Values, directions: int, device: str) -> tuple[list[Row], list[str]]:
    """Rows for generic vectors, kinks and margins, each the worst of its probes; and notes on what was not probed."""
    kernel = kernel.throughout(directions) if isinstance(kernel, GeneratedKernel) else kernel
    every = [
        *states.generic(model, kernel, values, device),
        *states.kinks(model, kernel, values, device),
        *states.tails(model, kernel, values, device),
    ]
    big = list(states.large(model, kernel, values, directions, device)) if _switches(kernel, directions) else []
    found: list[Row | Left] = []
    for probe in [*every, *big]:
        found += [*step_rows(probe), *([] if probe in big else seen_rows(probe)), *run_rows(probe)]
    found += [*outputs_rows(model, kernel, values, device), *overflow_rows(model, kernel, values, device)]
    rows, notes = parted(found)
    met = {probe.what for probe in every}
    missed = [what for what in ("generic vectors", "margins from -20 to 20") if what not in met]
    notes += [f"not probed: {what}, where weight space leaves the floating-point numbers" for what in missed]
    if "pre-activations at the kink" not in met:
        notes.append("not probed: pre-activations at the kink, as with momentum or SAM rounding decides there")
    return worst_each(rows), notes


def _switches(kernel: Kernel, directions: int) -> bool:
    """Whether a draw of so many directions runs another variant of the kernel than small probes do."""
    return isinstance(kernel, GeneratedKernel) and kernel.stepping(directions) is not kernel.stepping(1)


def step_rows(probe: states.Probe) -> Iterator[Row | Left]:
    """The change of W in one step, over the largest change; z after it, over max ||w|| ||v||."""
    pair, W = probe.pair, probe.pair.start
    change, what = _change(pair, W, probe.t), f"one step, change of W: {probe.what}"
    if change is None:
        yield Left(what, DIVERGED)
        return
    z, b = pair.step(W @ pair.vectors.T, probe.t)
    after = pair.share(np.array([pair.lag]))[0] * W + change
    gap = float(relative(np.abs(b @ pair.vectors - change).max(), np.abs(change).max()))
    long = np.linalg.norm(after, axis=2).max() * pair.lengths.max()
    of_z = float(relative(np.abs(z - after @ pair.vectors.T).max(), long))
    yield _judged(probe, what, max(gap, of_z), STRICT)


def _judged(probe: states.Probe, what: str, gap: float, bar: float) -> Row | Left:
    """A row against its bar, or where it is over it and not exact, against what rounding does to weight space."""
    if gap <= bar or probe.exact or not np.isfinite(gap):
        return Row(what, gap, bar, probe.t, STRICTLY if bar == STRICT else "fixed")
    measured = SAFETY * _response(probe)
    if not measured <= LIMIT:
        return Left(what, ROUNDED)
    bar, origin = max(bar, measured), MEASURED if measured > bar else STRICTLY
    return Row(what, gap, bar, probe.t, origin)


def _response(probe: states.Probe) -> float:
    """How far weight space's own change moves, relatively, as every weight of a filter moves by eps ||w||."""
    W, pair = probe.pair.start, probe.pair
    change = _change(pair, W, probe.t)
    nudge = np.finfo(np.float64).eps * np.linalg.norm(W, axis=-1, keepdims=True)
    other = _change(pair, W + nudge * stream(0, "validate", 3).standard_normal(W.shape), probe.t)
    if change is None or other is None:
        return np.inf
    return float(relative(np.abs(other - change).max(), np.abs(change).max()))


def _change(pair: Pair, W: Array, t: int) -> Array | None:
    """Weight space's change of W in one step (`Pair.lag` steps); None where it diverges or becomes huge."""
    try:
        change = weights.change_tensor(pair.task, pair.task.vectors.new_tensor(W), t, pair.lag).cpu().numpy()
    except Diverged:
        return None
    return change if np.isfinite(change).all() and np.abs(change).max() < HUGE else None


def run_rows(probe: states.Probe) -> Iterator[Row | Left]:
    """A few steps in one call, kept at some of them, against weight space: what the kernel's own loop over steps does.

    The penalty closes on the way where there is one.  At exact states rounding would decide later signs: none there.
    """
    if probe.exact or probe.what != "generic vectors":
        return
    pair, W = probe.pair, probe.pair.start
    start = max(0, probe.t - 2)
    at = np.array([start, start + 2, start + 3, start + DEPTH])
    kept, what = _path(pair, W, start, at), f"{DEPTH} steps in one run: {probe.what}"
    if kept is None:
        yield Left(what, DIVERGED)
        return
    moved = pair.run(W @ pair.vectors.T, np.zeros((*W.shape[:2], len(pair.vectors))), at, start)
    rebuilt = pair.share(at - start) * W + moved.b @ pair.vectors
    nudged = _path(pair, W * (1 + np.finfo(np.float64).eps * stream(0, "validate", 4).standard_normal(W.shape)), start,
                   at)
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
    found = np.stack(kept)
    return found if np.isfinite(found).all() and np.abs(found).max() < 1e6 else None


def seen_rows(probe: states.Probe) -> Iterator[Row | Left]:
    """What the kernel observes of the state, under the names a run gives it, against weight space."""
    theirs = _seen(probe.pair, probe.pair.start)
    ours = _observed(probe.pair, probe.pair.start)
    if ours is None:
        yield Left("what is observed of the probes", ADAPTATION)
        return
    if "zeta" in theirs and "zeta" in ours:
        theirs, ours = _same_zeta(probe.pair.task.model, theirs, ours)
    scales = _scales(ours, _sizes(probe.pair))
    _clear_ties(theirs, ours, scales["margins"])
    gaps = {name: _gap(theirs[name], ours[name], scales[name]) for name in sorted(ours.keys() & theirs.keys() & _NAMES)}
    over = [name for name, gap in gaps.items() if not gap <= LONG]
    response = _responses(probe, ours, scales, over) if over and not probe.exact else {}
    for name, gap in gaps.items():
        measured = SAFETY * response.get(name, 0.0)
        if measured <= LIMIT or not np.isfinite(gap):
            bar = max(LONG, measured)
            yield Row(f"{name} of the probes", gap, bar, probe.t, "fixed" if bar == LONG else MEASURED)
        else:
            yield Left(f"{name} of the probes", ROUNDED)
    if isinstance(probe.pair.kernel, BilevelKernel):
        what, adapted = "adaptation of tasks by their own states", _adaptation_gap(probe.pair)
        yield Left(what, ADAPTATION) if adapted is None else _judged(probe, what, adapted, LONG)


_NAMES = {"loss", "gradient_norm", "margins", "outputs", "l1", "zeta", "adapted", "train_error"}


def _same_zeta(
    model: Model, theirs: dict[str, Array], ours: dict[str, Array]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Both without zeta where several patches hold one family alone: what is a constant to take out is then not told.

    Entries that weight space does not know, of an example of length 0, count as equal.
    """
    if len(model.patches) > 1 and len({patch.direction for patch in model.patches}) == 1:
        return theirs, {name: each for name, each in ours.items() if name != "zeta"}
    known = np.isfinite(ours["zeta"])
    if known.shape != theirs["zeta"].shape:
        return theirs, ours
    return tuple({**seen, "zeta": np.where(known, seen["zeta"], 0.0)} for seen in (theirs, ours))  # type: ignore[return-value]


def _clear_ties(theirs: dict[str, Array], ours: dict[str, Array], terms: Array) -> None:
    """Takes the training error out where a margin is 0 but for rounding: which side it is on says nothing."""
    for seen in (theirs, ours):
        near = np.abs(seen["margins"])
        if bool(((near > 0) & (near <= 1e-13 * terms)).any()):
            ours.pop("train_error", None)


def _seen(pair: Pair, W: Array) -> dict[str, Array]:
    """The kernel's observables of W (H, m, d) under a run's names, one state."""
    found = seen_by(pair.kernel, (W @ pair.vectors.T)[None], pair.draw, pair.task.values)  # type: ignore[arg-type]
    return {name: each[0] for name, each in found.items()}


def _observed(pair: Pair, W: Array) -> dict[str, Array] | None:
    """Weight space's; None where adaptation diverges."""
    task = pair.task
    try:
        found = weights.observe(
            task.model, pair.vectors, pair.draw.y, W[None], task.values, str(task.y.device), pair.draw.clean, every=True
        )
    except Diverged:
        return None
    if not task.model.network.head_axis.signed and "zeta" in found:
        found["zeta"] = np.swapaxes(found["zeta"], 1, 2)
    return {name: each[0] for name, each in found.items()}


def _sizes(pair: Pair) -> Array:
    """kappa sum |sigma| over a head's filters and patches, its largest over heads (n,): what outputs are summed of."""
    task = pair.task
    w = task.vectors.new_tensor(pair.start)
    active = weights.activation(task.model.network.activation, task.patches @ w.reshape(-1, w.shape[2]).T, task.values)
    by_head = active.abs().sum(1).reshape(len(task.y), *w.shape[:2]).sum(2)
    return np.asarray(task.kappa(w.shape[1]) * by_head.amax(1).cpu().numpy())


def _scales(ours: Mapping[str, Array], sizes: Array) -> dict[str, Array]:
    """What each difference is measured by: an example's own value, or the size of the terms that it is a sum of."""
    scales = {name: np.abs(each) for name, each in ours.items()}
    # Adapted weights may have outputs of another size: the larger of what they are and of what they were.
    terms = np.maximum(sizes, np.abs(ours["outputs"]).max(axis=1))
    scales |= {"margins": terms, "outputs": terms[:, None], "train_error": np.ones(())}
    scales["adapted"] = np.abs(ours["adapted"]).max() if "adapted" in ours else np.ones(())
    return scales


def _gap(theirs: Array, ours: Array, scale: Array) -> float:
    """The largest relative difference."""
    if theirs.shape != ours.shape:
        return np.inf
    found = relative(np.abs(theirs - ours), scale)
    return float(np.inf if np.isnan(found).any() else np.max(found, initial=0.0))


def _responses(
    probe: states.Probe, ours: Mapping[str, Array], scales: Mapping[str, Array], names: Iterable[str]
) -> dict[str, float]:
    """How far weight space's own observables move as every weight of a filter moves by eps ||w||."""
    W = probe.pair.start
    nudge = np.finfo(np.float64).eps * np.linalg.norm(W, axis=-1, keepdims=True)
    other = _observed(probe.pair, W + nudge * stream(0, "validate", 5).standard_normal(W.shape))
    if other is None:
        return dict.fromkeys(names, np.inf)
    return {name: _gap(other[name], ours[name], scales[name]) for name in names}


def _adaptation_gap(pair: Pair) -> float | None:
    """`BilevelKernel.adapt` on the tasks' own states and blocks, against weight space's; None where these diverge."""
    kernel, task, draw = pair.kernel, pair.task, pair.draw
    assert isinstance(kernel, BilevelKernel) and task.model.algorithm.over_tasks
    plan = weights_bilevel.loops(task)
    w, ours, own = task.vectors.new_tensor(pair.start), [], []
    try:
        for k in range(plan.tasks):
            moved = w + weights_bilevel.adapt(task, plan, k, w)
            directions = weights_bilevel.own_directions(task, plan, k)
            ours.append((moved @ directions.T).cpu().numpy())
            own.append((w @ directions.T).cpu().numpy())
    except Diverged:
        return None
    blocks = kernel.blocks(draw.gram, plan.tasks, plan.n)
    theirs = kernel.adapt(np.stack(own), blocks, draw.y.reshape(plan.tasks, -1), plan.inner, task.values)
    return float(relative(np.abs(theirs - np.stack(ours)).max(), np.abs(np.stack(ours)).max()))


@dataclass(frozen=True)
class _Fresh:
    """Sizes of the batches of examples that outputs are compared on: N examples, m filters, weights times `scale`."""

    N: int
    m: int
    scale: float
    whole: bool = False


def outputs_rows(model: Model, kernel: Kernel, values: Values, device: str) -> Iterator[Row]:
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
            used = states.probe_values(model, values, states.Shape(batch.N, batch.m, d), own, 0)
            a = np.einsum("npd,hrd->nphr", patches, W)
            theirs, ours = kernel.outputs(a, used), weights_fresh.of_patches(model, W, patches, used, device)
            terms = weights_fresh.of_patches(model, W, patches, used, device, absolute=True)
            axis = model.network.head_axis
            scale = terms.max(axis=1) if axis.signed else terms
            yield Row("outputs of fresh examples", _gap(theirs, axis.output(ours), scale),
                      LONG, 0, "fixed")


def overflow_rows(model: Model, kernel: Kernel, values: Values, device: str) -> Iterator[Row]:
    """Whether a state whose outputs overflow is called diverged at the step where weight space says so."""
    if model.algorithm.over_tasks:  # tasks whose states stay finite go on, whatever their outputs are
        return
    pair = states.overflowing(model, kernel, values, device)
    W = pair.start
    try:
        weights.step_tensor(pair.task, pair.task.vectors.new_tensor(W), 0)
        return
    except Diverged as diverged:
        step = diverged.step
    z, at = W @ pair.vectors.T, np.array([0, 1, 2])
    extra = {} if pair.task.draws is None else {"draws": pair.task.draws}
    run = pair.kernel.run(z, np.zeros_like(z), pair.draw.gram, pair.draw.y, pair.task.values, 2, at, start=0, **extra)
    said = getattr(run, "diverged", step)
    yield Row("the step at which outputs overflow", float(abs(said - step)), 0.5, step, "exact")
