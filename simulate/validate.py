"""Compares the two engines on one draw: the reduced kernel against weight-space autograd.

Three comparisons, from strict to conditioned:

* one step from the same state, along the weight-space trajectory and from random states of order one, bar 1e-12;
  where a hand-written loss of the paper exists, the interpreter against it in the same way;
* observables of the same state, bar 1e-11;
* trajectories, as long as they are comparable, bar 1e-11 or what rounding allows.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from derivations.model import Model
from dynamics.stepdraws import StepDraws
from dynamics.streams import stream

from . import raw, weights
from .engines import KINK, FullDraw, Kernel, Pair, Path, Steps, walk
from .validate_trajectories import trajectories
from .validation import LIMIT, LONG, SAFETY, STRICT, Row, Validation, largest, relative, worst, worst_of
from .weights import Array, Values

__all__ = ["Row", "Validation", "default_recorded", "validate"]

PROBES = 3  # random states of order one
# The kernel's name, autograd's, and autograd's name for the terms it sums: these set the scale, as a sum may cancel.
OBSERVABLES = (
    ("loss", "loss", "loss"),
    ("gradient_norm", "gradient_norm", "gradient_norms"),
    ("margin", "margins", "outputs"),
    ("l1", "l1", "l1"),
    ("zeta", "zeta", "zeta"),
)


def validate(
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
    torch's W(t); and the same for z, over max ||w|| ||v||.  Trajectories are compared up to the first step with
    min|z| < 1e-12 max|z| (directions of length 0 aside): from there on rounding, not the dynamics, decides signs and
    what regrows.  Their tolerance is 1e-11, or 10 times the kernel's own response to perturbations of z by the
    rounding of an inner product in d dimensions, eps ||w|| ||v||, at every recorded step, where that is larger; above
    1e-6 it decides nothing, and the verdict is "undecided" unless something else fails.

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
    notes = list(path.notes)
    rows = [*_one_steps(pair, path, notes), *_probes(pair), *_same_state(pair, path)]
    decided = path.window > 0
    if decided:
        long, decided = trajectories(pair, path, notes)
        rows += long
    else:
        notes.append("no step after the first is comparable, so the trajectories decide nothing")
    holds = all(row.holds for row in rows)
    return Validation(
        title=f"{model.name}: reduced kernel against weight space ({device})",
        verdict=("pass" if decided else "undecided") if holds else "fail",
        rows=tuple(rows),
        notes=tuple(notes),
        steps=path.steps,
        window=path.window,
        smallest=path.smallest,
        smallest_z=path.smallest_z,
        smallest_at=path.smallest_at,
        kernel_seconds=_kernel_seconds(pair, path.steps),
        torch_seconds=path.seconds,
    )


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


def _one_steps(pair: Pair, path: Path, notes: list[str]) -> list[Row]:
    """One step from torch's state, at every recorded step that has a successor; and against the hand-written loss."""
    kernel_w, kernel_z, by_hand, skipped = [], [], [], []
    for t, W in zip(path.t.tolist(), path.W, strict=True):
        if t not in path.after:
            continue
        by_hand += _by_hand(pair, W, path.after[t], t)
        allowed = _kink_allowance(pair, W, t)
        if not allowed <= LIMIT:
            skipped.append(t)
            continue
        origin = "strict" if allowed == 0 else "strict, plus the step's change as those |z| < 1e-12 max|z| change sign"
        w_gap, z_gap = _residuals(pair, W, path.after[t], t)
        kernel_w.append(Row("one step along the trajectory: W", w_gap, STRICT + allowed, t, origin))
        kernel_z.append(Row("one step along the trajectory: z", z_gap, STRICT + allowed, t, origin))
    if skipped:
        notes.append(
            f"one step is not judged at {len(skipped)} recorded states from step {skipped[0]} on: some |z| is below "
            "1e-12 max|z| there, and the step jumps where it changes sign"
        )
    if raw.find(pair.task.model) is None:
        notes.append(f"no hand-written loss stands beside the model {pair.task.model.name!r}")
    return worst(kernel_w) + worst(kernel_z) + worst(by_hand)


def _probes(pair: Pair) -> list[Row]:
    """One step from random states with |z| of order one, where every term of the recursion is visible."""
    rng = stream(0, "validate", 0)
    scale = 1.0 / np.sqrt(np.mean(pair.lengths**2))
    rows = []
    for _ in range(PROBES):
        W = scale * rng.standard_normal(pair.start.shape)
        after = weights.step_tensor(pair.task, pair.task.vectors.new_tensor(W), 0, pair.lag).cpu().numpy()
        w_gap, z_gap = _residuals(pair, W, after, 0)
        rows += [Row("one step from random states, z of order 1", gap, STRICT, 0, "strict") for gap in (w_gap, z_gap)]
    return worst(rows)


def _residuals(pair: Pair, W: Array, after: Array, t: int) -> tuple[float, float]:
    """The kernel's step from W against `after`: max|dW| / max|W|, and max|dz| / max ||w|| ||v||."""
    z, b = pair.step(W @ pair.vectors.T, t)
    long = np.linalg.norm(after, axis=2).max() * pair.lengths.max()
    kept = pair.share(np.array([pair.lag]))[0] * W
    w_gap = relative(np.abs(kept + b @ pair.vectors - after).max(), np.abs(after).max())
    return float(w_gap), float(relative(np.abs(z - after @ pair.vectors.T).max(), long))


def _by_hand(pair: Pair, W: Array, after: Array, t: int) -> list[Row]:
    """The hand-written loss's step from W against the interpreter's `after`; nothing where there is no such loss."""
    hand, task = raw.find(pair.task.model), pair.task
    if hand is None or task.model.algorithm.options:  # the displays are of full-batch gradient descent
        return []
    lam = weights.number(task.values, "lam") if task.penalty_on(t) else 0.0
    with weights.one_thread():
        leaf = task.vectors.new_tensor(W).requires_grad_()
        value = hand(leaf, weights.families(task.model, task.vectors), task.y, task.values, lam)
        (gradient,) = torch.autograd.grad(value, leaf)
    step = weights.number(task.values, task.model.algorithm.step) * gradient.cpu().numpy()
    gap = relative(np.abs(W - step - after).max(), np.abs(after).max())
    return [Row("one step, interpreter against hand-written loss", float(gap), STRICT, t, "strict")]


def _kink_allowance(pair: Pair, W: Array, t: int) -> float:
    """How far one kernel step moves, over max|W|, when every |z| below 1e-12 max|z| changes sign; 0 without such z."""
    z = W @ pair.vectors.T
    near = (np.abs(z) < KINK * np.abs(z).max()) & (pair.lengths > 0)
    if not near.any():
        return 0.0
    moved = (pair.step(np.where(near, -z, z), t)[1] - pair.step(z, t)[1]) @ pair.vectors
    return float(relative(np.abs(moved).max(), np.abs(W).max()))


def _same_state(pair: Pair, path: Path) -> list[Row]:
    """The kernel's observables against autograd's on the same states, away from kinks."""
    z = path.W @ pair.vectors.T
    live = np.abs(z[..., pair.lengths > 0]).reshape(len(z), -1)
    clear = live.min(1) > KINK * live.max(1)
    if not clear.any():
        return []
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
            rows += worst_of(f"{name} of the same state", path.t[clear][decided], gaps[decided], tolerance[decided])
    return rows


def _kernel_seconds(pair: Pair, steps: int) -> float:
    """The shortest of three runs of the kernel, which is compiled by now."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        pair.run(pair.draw.z, np.zeros_like(pair.draw.z), np.array([steps]))
        seconds.append(time.perf_counter() - began)
    return min(seconds)
