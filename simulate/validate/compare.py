"""Compares the two engines on one draw: the reduced kernel against weight-space autograd.

Three comparisons, from strict to conditioned:

* one step from the same state, along the weight-space trajectory and from random states of order one, bar 1e-12;
  where a hand-written loss of the paper exists, the interpreter against it in the same way;
* observables of the same state, bar 1e-11: what the kernel observes, and what a run reports of states;
* trajectories, as long as they are comparable, bar 1e-11 or what rounding allows.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from derivations.declare import Model
from dynamics.arrays import Array, Steps
from dynamics.chance.stepdraws import StepDraws
from dynamics.chance.streams import stream
from dynamics.kernel.blas import one_blas_thread

from ..start.drawn import Draw
from ..train import bilevel as weights_bilevel
from ..train import raw, weights
from ..train.weights import Values
from . import (
    fresh as validate_fresh,
)
from . import (
    probes as validate_probes,
)
from . import (
    reported as validate_reported,
)
from . import (
    tasks as validate_tasks,
)
from .engines import KINK, FullDraw, Kernel, Pair, Path, bends_gently, walk
from .report import (
    LIMIT,
    LONG,
    SAFETY,
    STRICT,
    Left,
    Row,
    Validation,
    largest,
    parted,
    relative,
    worst,
    worst_each,
    worst_of,
)
from .trajectories import trajectories

__all__ = ["Row", "Validation", "compare", "default_recorded"]

_ROUNDED = f"the inner loop makes more than {LIMIT:.0e} of rounding there"
PROBES = 3  # random states of order one
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


@one_blas_thread()
def compare(
    model: Model,
    kernel: Kernel,
    draw: FullDraw,
    values: Values,
    steps: int,
    recorded: Steps | None = None,
    device: str = "cpu",
    draws: StepDraws | None = None,
) -> Validation:
    """Runs both engines for `steps` steps from `draw` (with its vectors) and compares them at the recorded steps.

    One-step residuals are max|W - W'| / max|W| between torch's W(t+1) and W(t) + db V with the kernel's db, from
    torch's W(t); and the same for z, over max ||w|| ||v||; see `_conditioned` for their bar with a bilevel algorithm.
    Trajectories are compared up to the first step with min|z| < 1e-12 max|z| (directions of length 0 aside): from there
    on rounding, not the dynamics, decides signs and what regrows; see `engines.bends_gently` for models where it does
    not.  Their tolerance is 1e-11, or 10 times the kernel's own response to perturbations of z by the rounding of an
    inner product in d dimensions, eps ||w|| ||v||, at every recorded step, where that is larger; above 1e-6 it decides
    nothing, and the verdict is "undecided" unless something else fails.  With a bilevel algorithm z is that of W(t):
    kinks that only adapted weights come near are not watched for.

    Args:
        model: the declaration that weight space reads.
        kernel: the reduced dynamics under test, bound to the draw's clean labels where patches follow them.
        draw: the start; a Gram draw is refused.
        values: every parameter by name.
        steps: how many, at least 1.
        recorded: increasing steps in [0, steps], default 0 and up to 60 log-spaced ones; the steps where the penalty
            closes are added.
        device: "cpu" or a CUDA device, for torch.
        draws: the batches and labels that both engines see at each step, for an algorithm that has any.

    With momentum, one step is three steps from rest: from the weights alone, with velocity 0.

    Raises:
        InputError: the draw has no vectors, or `recorded` does not increase within [0, steps].
    """
    vectors, start = weights.needs_vectors(draw)
    at = default_recorded(steps) if recorded is None else np.asarray(recorded, dtype=np.int64)
    weights.check_recorded(at, steps)
    task = weights.problem(model, vectors, draw.y, values, device, draws, draw.clean)
    path = walk(task, start, steps, _with_closing(at, values, steps))
    pair = Pair(task, kernel, draw, vectors, start)
    notes = [*path.notes, *_amplification(task, start.shape[1])]
    short, judged = _one_steps(pair, path, notes)
    probes = _probes(pair, notes)
    with weights.one_thread():
        small, unmet = validate_probes.probes(model, kernel, values, len(vectors), device)
        reported, unseen = validate_reported.rows(model, kernel, values, device)
    notes += [*unmet, *unseen]
    rows = [*short, *probes, *small, *reported, *_same_state(pair, path, notes)]
    with weights.one_thread():
        rows += _fresh(pair, path, draw, notes)
    decided = path.window > 0
    if decided:
        long, decided = trajectories(pair, path, notes)
        rows += long
    else:
        notes.append("no step after the first is comparable, so the trajectories decide nothing")
    moves = _moves(pair, path)
    if not moves:
        notes.append(
            f"no recorded step moves W by more than {STRICT:.0e} max|W|, so along the trajectory nothing is decided: "
            f"a larger {model.algorithm.step} would show more"
        )
    holds = all(row.holds for row in rows)
    return Validation(
        title=f"{model.name}: reduced kernel against weight space ({device})",
        verdict=("pass" if decided and judged and probes and moves else "undecided") if holds else "fail",
        rows=tuple(rows),
        notes=tuple(notes),
        steps=path.steps,
        window=path.window,
        smallest=path.smallest,
        smallest_z=path.smallest_z,
        smallest_at=path.smallest_at,
        kernel_seconds=_kernel_seconds(pair, path.steps),
        torch_seconds=path.seconds,
        asked=steps,
        dependent=weights.dependent(vectors),
        zeros=bool((pair.lengths == 0).any()),
    )


def _moves(pair: Pair, path: Path) -> bool:
    """Whether any recorded step moves W by more than the bar of one step resolves."""
    share = float(pair.share(np.array([pair.lag]))[0, 0, 0, 0])
    steps = [(W, path.after[t]) for t, W in zip(path.t.tolist(), path.W, strict=True) if t in path.after]
    return any(np.abs(after - share * W).max() > STRICT * np.abs(after).max() for W, after in steps)


def _fresh(pair: Pair, path: Path, draw: FullDraw, notes: list[str]) -> list[Row]:
    """Fresh examples at the start, at the run's last comparable step and at another state; notes what is left out."""
    if not isinstance(draw, Draw):
        return []
    last = np.array([max(path.window, 1)])
    b, model, values = pair.run(pair.draw.z, np.zeros_like(pair.draw.z), last).b[0], pair.task.model, pair.task.values
    left = pair.share(last)[0, 0, 0, 0]
    if not np.isfinite(b).all():
        b = np.zeros_like(b)
    compare = validate_tasks.rows if model.algorithm.over_tasks else validate_fresh.rows
    found, said = compare(model, pair.kernel, draw, values, b, left)
    notes += said
    return worst_each(found)


def default_recorded(steps: int, count: int = 60) -> Steps:
    """0, `steps` and up to `count` log-spaced steps between."""
    spaced = np.rint(np.geomspace(1, max(steps, 1), count)).astype(np.int64)
    return np.unique(np.concatenate([[0], spaced, [steps]])).astype(np.int64)


def _with_closing(recorded: Steps, values: Values, steps: int) -> Steps:
    """The last penalised step and the first free one as well: an error of one step shows nowhere else."""
    if values.get("lam_until") is None:
        return recorded
    last = int(weights.number(values, "lam_until"))
    extra = [t for t in (last, last + 1) if 0 <= t <= steps]
    return np.unique(np.concatenate([recorded, np.array(extra, dtype=np.int64)]))


def _one_steps(pair: Pair, path: Path, notes: list[str]) -> tuple[list[Row], bool]:
    """One step from torch's state, at every recorded step that has a successor; and against the hand-written loss.

    The second value is False where conditioning leaves a step undecided.
    """
    found: dict[str, list[Row]] = {}
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
            found.setdefault(row.what, []).append(row)
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
    if raw.find(pair.task.model) is None:
        notes.append(
            f"not compared: the loss of {pair.task.model.name!r} as weight space reads it from the declaration, "
            "with one typed by hand from the paper, as only the models of this package have such a second copy"
        )
    elif pair.task.model.algorithm.options:
        notes.append("not compared: the hand-written loss, as it is one of full-batch gradient descent without options")
    return [row for rows in found.values() for row in worst([r for r in rows if not _undecided(r)])], not open_steps


def _probes(pair: Pair, notes: list[str]) -> list[Row]:
    """One step from random states with |z| of order one, where every term of the recursion is visible."""
    rng = stream(0, "validate", 0)
    scale = 1.0 / np.sqrt(np.mean(pair.lengths**2))
    rows = []
    for _ in range(PROBES):
        W = scale * rng.standard_normal(pair.start.shape)
        after = weights.step_tensor(pair.task, pair.task.vectors.new_tensor(W), 0, pair.lag).cpu().numpy()
        gaps, what = _residuals(pair, W, after, 0), "one step from random states, z of order 1"
        rows += _conditioned(pair, W, [Row(what, gap, STRICT, 0, "strict") for gap in gaps])
    decided, said = parted(Left(row.what, _ROUNDED) if _undecided(row) else row for row in rows)
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
    bar, origin = SAFETY * pair.response(W, rows[0].step), "10 x weight space's own response to rounding"
    return [row if row.holds or bar <= row.tolerance else replace(row, tolerance=bar, origin=origin) for row in rows]


def _undecided(row: Row) -> bool:
    """Whether a finite difference has a bar too loose to decide anything."""
    return row.tolerance > LIMIT and bool(np.isfinite(row.difference))


def _amplification(task: weights.Problem, m: int) -> list[str]:
    """What the two loops of a bilevel algorithm may at worst make of rounding in one step."""
    if not task.model.algorithm.over_tasks:
        return []
    rate = task.model.bilevel.inner_step
    growth, steps = weights_bilevel.inner_growth(task, m), weights_bilevel.loops(task).steps
    if growth is None:
        return []
    worst_case = growth**steps
    if worst_case < 2:
        return []  # rounding stays what it is
    return [
        f"an inner step multiplies rounding by up to 1 + {rate} max|sigma''| max||v||^2 / |I| = "
        f"{growth:.4g}, the {steps} of one outer step by up to {worst_case:.2g}, so that 1e-16 may become "
        f"{1e-16 * worst_case:.1e} of the adapted weights; what it does become is measured"
    ]


def _residuals(pair: Pair, W: Array, after: Array, t: int) -> tuple[float, float]:
    """The kernel's step from W against `after`: max|dW| / max|W|, and max|dz| / max ||w|| ||v||."""
    z, b = pair.step(W @ pair.vectors.T, t)
    long = np.linalg.norm(after, axis=2).max() * pair.lengths.max()
    kept = pair.share(np.array([pair.lag]))[0] * W
    w_gap = relative(np.abs(kept + b @ pair.vectors - after).max(), np.abs(after).max())
    return float(w_gap), float(relative(np.abs(z - after @ pair.vectors.T).max(), long))


def _by_hand(pair: Pair, W: Array, after: Array, t: int) -> list[Row]:
    """The hand-written step from W against the interpreter's `after`; nothing where there is none.

    It is the module's own step, or gradient descent on its loss.
    """
    task = pair.task
    hand, own_step = raw.find(task.model), raw.find_step(task.model)
    if hand is None or task.model.algorithm.options:  # the displays are of full-batch gradient descent
        return []
    known = weights.families(task.model, task.vectors, weights.task_count(task.model, task.values, len(task.y)))
    if own_step is not None:
        with weights.one_thread():
            moved = own_step(task.vectors.new_tensor(W), known, task.y, task.values).cpu().numpy()
    else:
        lam = weights.number(task.values, "lam") if task.penalty_on(t) else 0.0
        with weights.one_thread():
            leaf = task.vectors.new_tensor(W).requires_grad_()
            (gradient,) = torch.autograd.grad(hand(leaf, known, task.y, task.values, lam), leaf)
        moved = W - weights.number(task.values, task.model.algorithm.step) * gradient.cpu().numpy()
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


def _same_state(pair: Pair, path: Path, notes: list[str]) -> list[Row]:
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
        if name in theirs and same in ours:
            scale = largest(ours[summand])
            gaps = relative(largest(theirs[name] - ours[same]), scale)
            response = relative(largest(shaken[name] - theirs[name]), scale)
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


def _kernel_seconds(pair: Pair, steps: int) -> float:
    """The shortest of three runs of the kernel, which is compiled by now."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        pair.run(pair.draw.z, np.zeros_like(pair.draw.z), np.array([steps]))
        seconds.append(time.perf_counter() - began)
    return min(seconds)
