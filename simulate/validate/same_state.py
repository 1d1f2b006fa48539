"""What the kernel observes of a state against autograd, on the same states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynamics.chance.streams import stream

from .engines import KINK, Pair, Path, bends_gently
from .report import (
    LIMIT,
    LONG,
    SAFETY,
    Row,
    apart,
    largest,
    relative,
    worst_of,
)
from .seen_rows import zeta_is_told

GRADIENTS = 5e8  # entries of per-example gradients that observables are judged with, over all states
# The kernel's name, autograd's, and autograd's name for the terms it sums: these set the scale, as a sum may cancel.
OBSERVABLES = (
    ("loss", "loss", "loss"),
    ("gradient_norm", "gradient_norm", "gradient_norms"),
    ("margin", "margins", "outputs"),
    ("l1", "l1", "l1"),
    ("zeta", "zeta", "zeta"),
    ("adapted", "adapted", "adapted"),
)


def same_state(pair: Pair, path: Path, notes: list[str]) -> list[Row]:
    """The kernel's observables against autograd's on the same states, away from kinks."""
    z = path.W @ pair.vectors.T
    live = np.abs(z[..., pair.lengths > 0]).reshape(len(z), -1)
    clear = (live.min(1) > KINK * live.max(1)) | bends_gently(pair.task.model)
    if not clear.any():
        notes.append("not compared: observables of the same state, as some |z| is below 1e-12 max|z| at every state")
        return []
    kept = _affordable(clear, path.W[0].size * len(pair.draw.y))
    if kept.sum() < clear.sum():
        notes.append(
            f"not compared at {clear.sum() - kept.sum()} of {clear.sum()} states: observables of the same state, as "
            f"all examples' gradients at every one would be more than {GRADIENTS:.0e} numbers"
        )
    clear = kept
    ours, theirs = pair.autograd(path.W[clear]), pair.reduced(z[clear])
    moved = pair.rounding(path.W[clear]) * stream(0, "validate", 2).standard_normal(z[clear].shape)
    shaken, rows = pair.reduced(z[clear] + moved), []
    for name, same, summand in OBSERVABLES:
        if name in theirs and same in ours and (name != "zeta" or zeta_is_told(pair.task.model)):
            scale = largest(np.where(np.isinf(ours[summand]), 0.0, ours[summand]))  # of what is a number beside them
            gaps = relative(largest(apart(theirs[name], ours[same])), scale)
            response = relative(largest(apart(shaken[name], theirs[name])), scale)
            response[np.isnan(response)] = 0.0  # of what is no number, shaken or not
            decided = (SAFETY * response <= LIMIT) | ~np.isfinite(gaps)
            tolerance = np.where(np.isfinite(gaps), np.maximum(LONG, SAFETY * response), LONG)
            what = f"{name} of the same state"
            rows += worst_of(what, path.t[clear][decided], gaps[decided], tolerance[decided])
            if not decided.all():
                many = f"{len(decided) - decided.sum()} of {len(decided)} states"
                notes.append(f"not compared at {many}: {what}, as rounding alone moves it by more than {LIMIT:.0e}")
    return rows


def _affordable(clear: NDArray[np.bool_], entries: int) -> NDArray[np.bool_]:
    """Some of the states, evenly spread, where all examples' gradients at every one would be too many numbers."""
    at = np.flatnonzero(clear)
    kept = np.zeros_like(clear)
    kept[at[np.unique(np.linspace(0, len(at) - 1, max(2, int(GRADIENTS / entries))).astype(int))]] = True
    return kept
