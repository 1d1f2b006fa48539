"""Trajectories of the two engines, compared within what rounding allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynamics.arrays import Array, Steps
from dynamics.chance.streams import stream

from ..train import weights
from .engines import Pair, Path, Run
from .report import LIMIT, LONG, SAFETY, Row, apart, largest, relative, worst_of


@dataclass(frozen=True)
class _Course:
    """Along a trajectory: loss (T,), coefficients ||v_b||^2 b_b (T, H, m, B) where defined, W (T, H, m, d)."""

    loss: Array
    coefficients: Array | None
    W: Array


def trajectories(pair: Pair, path: Path, notes: list[str]) -> tuple[list[Row], bool]:
    """Rows for loss, coefficients and W up to the window's end; and whether every step in it decides something."""
    inside = path.t <= path.window
    t, W = path.t[inside], path.W[inside]
    b = weights.coefficients(W - pair.share(t) * pair.start, pair.vectors)
    if b is None:
        why = "are linearly dependent" if weights.dependent(pair.vectors) else "include vectors of length 0"
        notes.append(f"the directions {why}, so W does not determine coefficients: none are compared")
    ours = _Course(pair.losses(W), None if b is None else b * pair.lengths**2, W)
    theirs = _course(pair, pair.run(pair.draw.z, np.zeros_like(pair.draw.z), t), t)
    growth = _distances(_perturbed(pair, t, W), theirs, pair)
    if b is not None:
        growth["coefficients"] = growth["coefficients"] + _solving(pair, theirs, W)
    rows, all_decided = [], True
    for name, gaps in _distances(theirs, ours, pair).items():
        response = np.maximum.accumulate(growth[name])
        # A kernel that leaves the finite numbers where torch does not is wrong, not badly conditioned.
        tolerance = np.where(np.isfinite(gaps), np.maximum(LONG, SAFETY * response), LONG)
        decided = tolerance <= LIMIT
        if not decided.all():
            all_decided = False
            first = int(np.argmin(decided))
            notes.append(
                f"{name}: rounding alone moves the kernel by {response[first]:.1e} at step {t[first]}, so nothing is "
                "decided from there on"
            )
        rows += worst_of(f"trajectory: {name}", t[decided], gaps[decided], tolerance[decided])
    return rows, all_decided


def _solving(pair: Pair, theirs: _Course, W: Array) -> Array:
    """What least squares adds: the rounding of W, times the condition number of the directions at length one."""
    condition = np.linalg.cond(pair.vectors / pair.lengths[:, None])
    return relative(condition * largest(pair.rounding(W)), _size(pair, theirs))


def _size(pair: Pair, course: _Course) -> Array:
    """The coefficients' scale, max(|coefficients|, |z(0)|) (T,)."""
    assert course.coefficients is not None
    size: Array = np.maximum(largest(course.coefficients), np.abs(pair.draw.z).max())
    return size


def _course(pair: Pair, run: Run, t: Steps) -> _Course:
    W = pair.share(t) * pair.start + run.b @ pair.vectors
    return _Course(pair.reduced(run.z)["loss"], run.b * pair.lengths**2, W)


def _perturbed(pair: Pair, t: Steps, W: Array) -> _Course:
    """The kernel with z perturbed at every step in t by the rounding of an inner product, eps ||w|| ||v||.

    Once at the start would not do: z that decay and grow again carry the rounding of the time when they are smallest.
    A step's own perturbation counts at that step too: the loss of adapted weights is seen through an inner loop.
    """
    rng = stream(0, "validate", 1)
    z, b, velocity, now = pair.draw.z, np.zeros_like(pair.draw.z), None, 0
    zs, bs = [], []
    for later, w in zip(t.tolist(), W, strict=True):
        if later > now:
            run = pair.run(z, b, np.array([later]), now, velocity)
            z, b, now = run.z[-1], run.b[-1], later
            velocity = None if run.velocity is None else run.velocity[-1]
        z = z + pair.rounding(w) * rng.standard_normal(z.shape)
        zs.append(z)
        bs.append(b)
    return _course(pair, Run(np.stack(zs), np.stack(bs), None), t)


def _distances(a: _Course, reference: _Course, pair: Pair) -> dict[str, Array]:
    """Per step: loss relative; coefficients over max(|coefficients|, |z(0)|); W over max|W|."""
    distances = {"loss": relative(np.abs(apart(a.loss, reference.loss)), np.abs(reference.loss))}
    if a.coefficients is not None and reference.coefficients is not None:
        distances["coefficients"] = relative(largest(a.coefficients - reference.coefficients), _size(pair, reference))
    distances["W"] = relative(largest(a.W - reference.W), largest(reference.W))
    return distances
