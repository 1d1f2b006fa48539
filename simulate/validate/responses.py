"""A difference at a probed state, with the bar that weight space's own response to rounding allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from dynamics.arrays import Array
from dynamics.chance.streams import stream

from ..errors import Diverged
from ..train import weights
from .engines import HUGE
from .probe_state import Probe
from .report import LIMIT, SAFETY, STRICT, Left, Row, relative
from .terms import CANCELLED, Seen, Terms, terms_at

STRICTLY = "strict"
MEASURED = "10 x weight space's own response to rounding"
ROUNDED = "rounding moves weight space itself by more than the difference that would count"
ADAPTATION = "weight space's adaptation diverges"
DIVERGED = "weight space leaves the floating-point numbers"


def judged(probe: Probe, what: str, gap: float, bar: float) -> Row | Left:
    """A row against its bar, or where it is over it and not exact, against what rounding does to weight space."""
    if gap <= bar or probe.exact or not np.isfinite(gap):
        return Row(what, gap, bar, probe.t, STRICTLY if bar == STRICT else "fixed")
    measured = SAFETY * response(probe)
    if not measured <= LIMIT:
        return Left(what, ROUNDED)
    bar, origin = max(bar, measured), MEASURED if measured > bar else STRICTLY
    return Row(what, gap, bar, probe.t, origin)


def summed(probe: Probe, seen: Seen) -> Mapping[str, Terms]:
    """The terms of what `seen` says of a probe."""
    return terms_at(probe.pair.task, probe.pair.start, seen, probe.exact)


def over_terms(
    probe: Probe, found: Row | Left, known: Callable[[], Mapping[str, Terms]], gap: Callable[[Array], float], bar: float
) -> Row | Left:
    """What was found; where it does not hold, the same over the rounding of what weight space's own number sums.

    `gap` is the relative difference where sizes are at least so much; `known` are terms, named as rows are.
    """
    if isinstance(found, Left) or found.holds:
        return found
    terms = known().get(found.what)
    if terms is None:
        return found
    if terms.decided:
        return Row(found.what, gap(terms.over(bar)), bar, probe.t, CANCELLED)
    # What is divided by a length that cancels; elsewhere no rounding excuses anything at exact states.
    excused = not probe.exact or "normalised" in probe.pair.task.model.algorithm.options
    return Left(found.what, ROUNDED) if excused and np.isfinite(gap(terms.whole)) else found


def response(probe: Probe) -> float:
    """How far weight space's own change moves, relatively, as every weight of a filter moves by eps ||w||."""
    W, pair = probe.pair.start, probe.pair
    change = change_of(pair.task, W, probe.t)
    nudge = np.finfo(np.float64).eps * np.linalg.norm(W, axis=-1, keepdims=True)
    other = change_of(pair.task, W + nudge * stream(0, "validate", 3).standard_normal(W.shape), probe.t)
    if change is None or other is None:
        return np.inf
    return float(relative(np.abs(other - change).max(), np.abs(change).max()))


def change_of(task: weights.Training, W: Array, t: int) -> Array | None:
    """Weight space's change of W in one step (`Pair.lag` steps); None where it diverges or becomes huge."""
    try:
        change = weights.change_tensor(task, task.vectors.new_tensor(W), t, task.model.algorithm.lag).cpu().numpy()
    except Diverged:
        return None
    return change if np.isfinite(change).all() and np.abs(change).max() < HUGE else None
