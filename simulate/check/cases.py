"""Cases of a run from its start, and of one step from any state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..observe import observables as obs
from ..observe.states import States
from ..run.problem import Start
from .case import Case
from .formula import mentioned
from .view import OF_HEADS, Rows


def spoken(texts: Iterable[str], quantities: Mapping[str, str]) -> set[str]:
    """The names in formulas, and in the quantities that these name."""
    names = {name for text in texts for name in mentioned(text)}
    named = [quantities[name] for name in names if name in quantities]
    return names | (spoken(named, {name: text for name, text in quantities.items() if name not in names}) if named
                    else set())


def _looked_at(start: Start, names: set[str]) -> bool:
    """Whether any of the names needs what a kernel observes of states."""
    own = {"loss", "gradient_norm", "margins", "train_error", "outputs", *start.kernel.observed}
    plain = {name.removesuffix(OF_HEADS) for name in names}
    return start.model.algorithm.over_tasks or bool(own & names) or obs.needs_seen(start.model, plain)


def trajectory_case(
    start: Start, steps: int, recorded: Rows, quantities: Mapping[str, str], names: set[str] | None = None
) -> Case:
    """The case of a run from its start, at the recorded steps; a run that diverges is kept up to there.

    `names` are those that formulas will ask for; None: any.
    """
    path = start.up_to(recorded)
    at = {int(step): row for row, step in enumerate(path.t)}
    following = np.array([at.get(int(step) + 1, -1) for step in path.t], dtype=np.int64)
    rows = np.arange(len(path.t))
    states = start.states(path) if names is None or _looked_at(start, names) else start.seen(path, {})
    return Case(start, states, path.t, following, rows, steps, quantities, path.diverged)


def state_case(
    start: Start, b: NDArray[np.float64], quantities: Mapping[str, str], t: int = 1, steps: int = 2
) -> Case:
    """The case of one step from an arbitrary state: coefficients b (H, m, B) on top of the draw's W(0), t to t + 1.

    It is as of a run of so many `steps`.

    Row 0 is the draw itself, so that start(x) is what it says; the state need not be one that a run can reach.
    """
    drawn = start.draw
    z = drawn.z + b @ drawn.gram
    after = start.again(z, b, 1, np.array([t + 1]), first=t)
    zs, bs = np.stack([drawn.z, z, *after.z]), np.stack([np.zeros_like(b), b, *after.b])
    states = States(start.model, drawn, start.values, zs, bs, start.observe(zs))
    complete = len(after.t) == 1
    at, following = np.array([0, t, t + 1])[: len(zs)], np.array([-1, 2, -1] if complete else [-1, -1])
    return Case(start, states, at, following, np.array([1]), steps, quantities, after.diverged)
