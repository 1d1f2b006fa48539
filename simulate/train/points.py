"""Where the steps of an algorithm take their gradients, in weight space, to tell what rounding decides there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dynamics.arrays import Array

from . import bilevel as weights_bilevel
from . import weights
from .weights import Training

if TYPE_CHECKING:
    from torch import Tensor


def gradient_points(task: Training, start: Array, steps: int) -> Iterator[tuple[Array, float]]:
    """(z, share) at every point where `steps` steps from `start`, at rest, take a gradient.

    z (H, m, B') are the pre-activations on the directions that are not 0, with a bilevel algorithm those of the task
    that is adapted there; share is ||grad|| / ||W|| at the point that a SAM step ascends from, whose direction is
    rounding where that is tiny but not 0, and 0 elsewhere.
    """
    w = task.vectors.new_tensor(start)
    velocity = 0.0 * w
    for t in range(steps):
        if task.model.algorithm.over_tasks:
            yield from _of_tasks(task, w, t)
        else:
            yield from _of_descent(task, w, t)
        w, velocity = weights.move(task, w, velocity, t)


def growth(task: Training, start: Array, steps: int, away: Array) -> float:
    """max |change in W after `steps` steps| / max |away|, where the start (H, m, d) is moved by `away`."""
    w = task.vectors.new_tensor(start)
    moved = weights.step_tensor(task, w + task.vectors.new_tensor(away), 0, steps)
    return float((moved - weights.step_tensor(task, w, 0, steps)).abs().max() / abs(away).max())


def _of_descent(task: Training, w: Tensor, t: int) -> Iterator[tuple[Array, float]]:
    share, points = 0.0, [w]
    if "radius" in task.model.algorithm.options:
        gradient = weights.gradient_at(task.at(t), w, t)
        size = float(gradient.norm())
        share = size / float(w.norm())
        points += [w + task.option("radius", t) * gradient / size] if size > 0 else []
    for point in points:
        yield (point @ weights.activated(task).T).cpu().numpy(), share


def _of_tasks(task: Training, w: Tensor, t: int) -> Iterator[tuple[Array, float]]:
    plan = weights_bilevel.loops(task)
    for k in range(plan.tasks):
        own = weights_bilevel.own_directions(task, plan, k)
        for change in weights_bilevel.inner_path(task, plan, k, w, t):
            yield _on_live(w + change, own), 0.0


def _on_live(point: Tensor, directions: Tensor) -> Array:
    """z (H, m, B') on the directions that are not 0."""
    live = directions[directions.norm(dim=1) > 0]
    return (point @ live.T).cpu().numpy()
