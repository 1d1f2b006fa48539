"""Where the steps of an algorithm take their gradients, in weight space, to tell what rounding decides there."""

from __future__ import annotations

from collections.abc import Iterator

from . import weights
from .weights import Array, Problem


def gradient_points(task: Problem, start: Array, steps: int) -> Iterator[tuple[Array, float]]:
    """(z, share) at every point where `steps` steps from `start`, at rest, take a gradient.

    z (H, m, B') are the pre-activations on the directions that are not 0; share is ||grad|| / ||W|| at the point that a
    SAM step ascends from, whose direction is rounding where that is tiny but not 0, and 0 elsewhere.
    """
    w = task.vectors.new_tensor(start)
    live = task.vectors[task.vectors.norm(dim=1) > 0]
    velocity = 0.0 * w
    for t in range(steps):
        share, points = 0.0, [w]
        if "radius" in task.model.algorithm.options:
            gradient = weights.gradient_at(task.at(t), w, t)
            size = float(gradient.norm())
            share = size / float(w.norm())
            points += [w + task.option("radius") * gradient / size] if size > 0 else []
        for point in points:
            yield (point @ live.T).cpu().numpy(), share
        w, velocity = weights.move(task, w, velocity, t)
