"""One step from the same state: the kernel, weight space, and the loss that is typed by hand from the paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from dynamics.arrays import Array
from dynamics.chance.streams import stream

from ..errors import Diverged
from ..train import raw, weights
from ..values import real
from .engines import KINK, Pair, Path, bends_gently
from .report import (
    LIMIT,
    SAFETY,
    STRICT,
    Left,
    Row,
    parted,
    relative,
    worst,
)
from .responses import DIVERGED

_ROUNDED = f"the inner loop makes more than {LIMIT:.0e} of rounding there"
PROBES = 3  # random states of order one


def along_the_path(pair: Pair, path: Path, notes: list[str]) -> tuple[list[Row], bool]:
    """One step from torch's state, at every recorded step that has a successor; and against the hand-written loss.

    The second value is False where conditioning leaves a step undecided.
    """
    by_what: dict[str, list[Row]] = {}
    skipped, open_steps = [], set()
    for t, W in zip(path.t.tolist(), path.W, strict=True):
        if t not in path.after:
            continue
        allowed, rows = _kink_allowance(pair, W, t), []
        if allowed <= LIMIT:
            origin = "strict, plus the step's change as those |z| < 1e-12 max|z| change sign" if allowed else "strict"
            for what, gap in zip("Wz", _residuals(pair, W, path.after[t], t), strict=True):
                rows.append(Row(f"one step along the trajectory: {what}", gap, STRICT + allowed, t, origin))
        else:
            skipped.append(t)
        for row in _conditioned(pair, W, [*rows, *_by_hand(pair, W, path.after[t], t)]):
            by_what.setdefault(row.what, []).append(row)
            if _undecided(row):
                open_steps.add(t)
    if skipped:
        notes.append(
            f"one step is not judged at {len(skipped)} recorded states from step {skipped[0]} on: some |z| is below "
            "1e-12 max|z| there, and the step jumps where it changes sign"
        )
    if open_steps:
        notes.append(
            f"one step decides nothing at {len(open_steps)} recorded states from step {min(open_steps)} on: its inner "
            "loop makes more than 1e-6 of rounding there"
        )
    if raw.find(pair.task.model) is not None and pair.task.model.algorithm.options:
        notes.append("not compared: the hand-written loss, as it is one of full-batch gradient descent without options")
    return [row for rows in by_what.values() for row in worst([r for r in rows if not _undecided(r)])], not open_steps


def from_random_states(pair: Pair, notes: list[str]) -> list[Row]:
    """One step from random states with |z| of order one, where every term of the recursion is visible."""
    rng = stream(0, "validate", 0)
    scale = 1.0 / np.sqrt(np.mean(pair.lengths**2))
    rows, what = list[Row | Left](), "one step from random states, z of order 1"
    for _ in range(PROBES):
        W = scale * rng.standard_normal(pair.start.shape)
        try:
            after = weights.step_tensor(pair.task, pair.task.vectors.new_tensor(W), 0, pair.lag).cpu().numpy()
        except Diverged:
            rows.append(Left(what, DIVERGED))
            continue
        if not np.isfinite(after).all():
            rows.append(Left(what, DIVERGED))
            continue
        judged = _conditioned(pair, W, [Row(what, gap, STRICT, 0, "strict") for gap in _residuals(pair, W, after, 0)])
        rows += [Left(what, _ROUNDED) if _undecided(row) else row for row in judged]
    decided, said = parted(rows)
    notes += said
    return worst(decided)


def _conditioned(pair: Pair, W: Array, rows: list[Row]) -> list[Row]:
    """The rows of one step from W, those over their bar with the one that a bilevel algorithm's inner loop allows.

    An error e of the adapted weights goes from inner step to inner step as (1 - gamma hess L) e, plus new rounding: to
    first order the J + 1 roundings of a step are each multiplied by no more than the largest growth along the loop, and
    reach W(t+1) through the outer step.  How much that is at W is measured in weight space, which knows no kernel: the
    response of its own step to a rounding eps ||w|| of every weight, and the bar is ten times as much.
    """
    if not pair.task.model.algorithm.over_tasks or all(row.holds for row in rows):
        return rows
    origin = "10 x weight space's own response to rounding"
    try:
        bar = SAFETY * pair.response(W, rows[0].step)
    except Diverged:  # beside a state that does not
        bar = np.inf
    return [row if row.holds or bar <= row.tolerance else replace(row, tolerance=bar, origin=origin) for row in rows]


def _undecided(row: Row) -> bool:
    """Whether a finite difference has a bar too loose to decide anything."""
    return row.tolerance > LIMIT and bool(np.isfinite(row.difference))


def _residuals(pair: Pair, W: Array, after: Array, t: int) -> tuple[float, float]:
    """The kernel's step from W against `after`: max|dW| / max|W|, and max|dz| / max ||w|| ||v||."""
    z, b = pair.step(W @ pair.vectors.T, t)
    long = np.linalg.norm(after, axis=2).max() * pair.lengths.max()
    kept = pair.share(np.array([pair.lag]), t)[0] * W
    w_gap = relative(np.abs(kept + b @ pair.vectors - after).max(), np.abs(after).max())
    return float(w_gap), float(relative(np.abs(z - after @ pair.vectors.T).max(), long))


def _by_hand(pair: Pair, W: Array, after: Array, t: int) -> list[Row]:
    """The hand-written step from W against the interpreter's `after`; nothing where there is none.

    It is the module's own step, or gradient descent on its loss.
    """
    task = pair.task
    hand, own_step = raw.find(task.model), raw.find_step(task.model)
    algorithm = task.model.algorithm
    if hand is None or algorithm.options or algorithm.schedules:  # the displays are of full-batch gradient descent
        return []
    known = weights.families(task.model, task.vectors, weights.task_count(task.model, task.values, len(task.y)))
    if own_step is not None:
        with weights.one_thread():
            moved = own_step(task.vectors.new_tensor(W), known, task.y, task.values).cpu().numpy()
    else:
        lam = real(task.values, "lam") if task.penalty_on(t) else 0.0
        with weights.one_thread():
            leaf = task.vectors.new_tensor(W).requires_grad_()
            (gradient,) = torch.autograd.grad(hand(leaf, known, task.y, task.values, lam), leaf)
        moved = W - real(task.values, task.model.algorithm.step) * gradient.cpu().numpy()
    gap = relative(np.abs(moved - after).max(), np.abs(after).max())
    what = "one step, interpreter against hand-written " + ("loss" if own_step is None else "step")
    return [Row(what, float(gap), STRICT, t, "strict")]


def _kink_allowance(pair: Pair, W: Array, t: int) -> float:
    """How far one kernel step moves, over max|W|, when every |z| below 1e-12 max|z| changes sign; 0 without such z.

    It is 0 too where sigma' does not jump, see `engines.bends_gently`.
    """
    z = W @ pair.vectors.T
    if bends_gently(pair.task.model):
        return 0.0
    near = (np.abs(z) < KINK * np.abs(z).max()) & (pair.lengths > 0)
    if not near.any():
        return 0.0
    moved = (pair.step(np.where(near, -z, z), t)[1] - pair.step(z, t)[1]) @ pair.vectors
    return float(relative(np.abs(moved).max(), np.abs(W).max()))
