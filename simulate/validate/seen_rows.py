"""What a kernel observes of a probed state, against autograd: each number relative to the terms that it sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

import numpy as np

from derivations.declare import Model, terms_of
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from dynamics.kernel.bilevel import BilevelKernel

from ..errors import Diverged
from ..observe.seen import seen_by
from ..train import bilevel as weights_bilevel
from ..train import fresh as weights_fresh
from ..train import weights
from .engines import Pair
from .probe_state import Probe
from .report import LIMIT, LONG, SAFETY, Left, Row, relative
from .responses import ADAPTATION, MEASURED, ROUNDED, judged, over_terms, summed


def seen_rows(probe: Probe) -> Iterator[Row | Left]:
    """What the kernel observes of the state, under the names a run gives it, against weight space."""
    theirs = _seen(probe.pair, probe.pair.start)
    ours = _observed(probe.pair.task, probe.pair.start)
    if ours is None:
        yield Left("what is observed of the probes", ADAPTATION)
        return
    if "zeta" in theirs and "zeta" in ours:
        theirs, ours = _same_zeta(probe.pair.task.model, theirs, ours)
    scales = _scales(ours, _sizes(probe.pair))
    _clear_ties(theirs, ours, scales["margins"])
    names = sorted(ours.keys() & theirs.keys() & _NAMES)
    gaps = {name: gap_of(theirs[name], ours[name], scales[name]) for name in names}
    over = [name for name, gap in gaps.items() if not gap <= LONG]
    response = _responses(probe, ours, scales, over) if over and not probe.exact else {}
    known = cache(partial(summed, probe, partial(_by_row, names=names)))  # once for all rows over their bars
    for name, gap in gaps.items():
        found = _judged(probe, name, gap, SAFETY * response.get(name, 0.0))
        yield over_terms(probe, found, known, partial(_gap_over, theirs[name], ours[name], scales[name]), LONG)
    if isinstance(probe.pair.kernel, BilevelKernel):
        what, adapted = "adaptation of tasks by their own states", _adaptation_gap(probe.pair)
        yield Left(what, ADAPTATION) if adapted is None else judged(probe, what, adapted, LONG)


def _judged(probe: Probe, name: str, gap: float, measured: float) -> Row | Left:
    """A difference against its bar, or what rounding makes of weight space's own number."""
    if not measured <= LIMIT and np.isfinite(gap):
        return Left(f"{name} of the probes", ROUNDED)
    bar = max(LONG, measured)
    return Row(f"{name} of the probes", gap, bar, probe.t, "fixed" if bar == LONG else MEASURED)


def _gap_over(theirs: Array, ours: Array, scale: Array, least: Array) -> float:
    """`gap_of`, over at least so much."""
    return gap_of(theirs, ours, np.maximum(scale, least))


def _by_row(task: weights.Training, W: Array, names: Sequence[str]) -> dict[str, Array] | None:
    """Weight space's account under the names of its rows, without entries that it does not know."""
    told = _observed(task, W)
    return None if told is None else {f"{name} of the probes": np.nan_to_num(told[name]) for name in names}


_NAMES = {"loss", "gradient_norm", "margins", "outputs", "l1", "zeta", "adapted", "train_error"}


def zeta_is_told(model: Model) -> bool:
    """Not where several patches hold one family alone: what is a constant to take out is then not told."""
    terms = terms_of(model.patches)
    return len(terms) == 1 or len({term.direction for term in terms}) > 1


def _same_zeta(
    model: Model, theirs: dict[str, Array], ours: dict[str, Array]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Both without zeta where it is not told.

    Entries that weight space does not know, of an example of length 0, count as equal.
    """
    if not zeta_is_told(model):
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
    observed = seen_by(pair.kernel, (W @ pair.vectors.T)[None], pair.draw, pair.task.values)  # type: ignore[arg-type]
    return {name: each[0] for name, each in observed.items()}


def _observed(task: weights.Training, W: Array) -> dict[str, Array] | None:
    """Weight space's; None where adaptation diverges."""
    try:
        row = weights.algorithm_of(task.model).observe(task, task.vectors.new_tensor(W), True)
    except Diverged:
        return None
    observed = {name: each.detach().cpu().numpy() for name, each in row.items()}
    if not task.model.network.head_axis.signed and "zeta" in observed:
        observed["zeta"] = np.swapaxes(observed["zeta"], 0, 1)
    return observed


def _sizes(pair: Pair) -> Array:
    """kappa sum |sigma| over a head's filters and patches, its largest over heads (n,): what outputs are summed of."""
    task = pair.task
    patches, W = task.patches.cpu().numpy(), pair.start
    terms = weights_fresh.of_patches(task.model, W, patches, task.values, str(task.y.device), absolute=True)
    return np.asarray(terms.max(axis=1))


def _scales(ours: Mapping[str, Array], sizes: Array) -> dict[str, Array]:
    """What each difference is measured by: an example's own value, or the size of the terms that it is a sum of."""
    scales = {name: np.abs(each) for name, each in ours.items()}
    # Adapted weights may have outputs of another size: the larger of what they are and of what they were.
    terms = np.maximum(sizes, np.abs(ours["outputs"]).max(axis=1))
    scales |= {"margins": terms, "outputs": terms[:, None], "train_error": np.ones(())}
    scales["adapted"] = np.abs(ours["adapted"]).max() if "adapted" in ours else np.ones(())
    return scales


def gap_of(theirs: Array, ours: Array, scale: Array) -> float:
    """The largest relative difference."""
    if theirs.shape != ours.shape:
        return np.inf
    gaps = relative(np.abs(theirs - ours), scale)
    return float(np.inf if np.isnan(gaps).any() else np.max(gaps, initial=0.0))


def _responses(
    probe: Probe, ours: Mapping[str, Array], scales: Mapping[str, Array], names: Iterable[str]
) -> dict[str, float]:
    """How far weight space's own observables move as every weight of a filter moves by eps ||w||."""
    W = probe.pair.start
    nudge = np.finfo(np.float64).eps * np.linalg.norm(W, axis=-1, keepdims=True)
    other = _observed(probe.pair.task, W + nudge * stream(0, "validate", 5).standard_normal(W.shape))
    if other is None:
        return dict.fromkeys(names, np.inf)
    return {name: gap_of(other[name], ours[name], scales[name]) for name in names}


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
