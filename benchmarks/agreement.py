"""Contenders agree with gammarho before they are measured beside it: on the same draw, and in the mean of many.

From gammarho's own draw, the pre-activations after the shape's steps agree to `BAR` of the largest.  At the usual
values, mean test errors of `CALLS` calls agree within `ERRORS` standard errors of their difference, estimated between
calls: runs of one call share their fresh noises.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .contenders.shapes import Shape

BAR, ERRORS, CALLS = 1e-10, 6.0, 8


class Contender(Protocol):
    """Who is asked; gammarho's phase comes first."""

    def ask(self, do: str, **told: object) -> dict[str, Any]:
        """What the program answers."""
        ...


class Disagreement(Exception):
    """A contender that does not compute what gammarho does: its time says nothing."""


def held(shape: Shape, contenders: Sequence[Contender]) -> list[str]:
    """Lines that say how far contenders agree.  Raises Disagreement where one does not; the first is gammarho's."""
    from .contenders.package import draw

    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "draw.npz"
        draw(shape, 0).save(given)
        states = {str(each): np.array(each.ask("trained", draw=str(given))["z"]) for each in contenders}
    ours, *others = states
    largest = max((_checked(name, states[name], states[ours]) for name in others), default=0.0)
    lines = [f"from one draw, all agree to {largest:.1g} of the largest pre-activation after {shape.steps} steps"]
    means = {str(each): _mean(each) for each in contenders}
    told = []
    for name, (mean, error) in means.items():
        apart = abs(mean - means[ours][0]) / max(float(np.hypot(error, means[ours][1])), 1e-12)
        if apart > ERRORS:
            raise Disagreement(f"{name}: mean test error {mean:.4f}, gammarho's is {means[ours][0]:.4f}, {apart:.1f} "
                               "standard errors apart; its time is no measure")
        if np.isfinite(mean):
            told.append(f"{name} {mean:.4f} ± {error:.4f}")
    return [*lines, f"mean test error at {shape.x.name}={shape.x.usual:g}, {shape.y.name}={shape.y.usual:g}: "
            + "; ".join(told)]


def _checked(name: str, theirs: Any, ours: Any) -> float:
    """How far apart two states are, of the larger's largest entry."""
    apart = float(np.abs(theirs - ours).max() / np.abs(ours).max())
    if not apart <= BAR:
        raise Disagreement(f"{name}: from the same draw its pre-activations differ by {apart:.1g} of the largest; "
                           f"expected at most {BAR:g}")
    return apart


def _mean(contender: Contender) -> tuple[float, float]:
    """The mean test error and its standard error, from calls with different seeds."""
    calls = [float(np.mean(contender.ask("usual", seed=seed)["errors"])) for seed in range(CALLS)]
    return float(np.mean(calls)), float(np.std(calls, ddof=1) / CALLS**0.5)
