"""The runs behind the figures on nearly orthogonal data: synthetic inputs, and MNIST's digits in two classes.

Kou, Chen and Gu, arXiv:2310.18935, Section 6 and Appendix A.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Value
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from simulate.ask.chosen import choose
from simulate.images import images
from simulate.observe import observables as obs
from simulate.run.problem import Problem, Start, problem_of
from simulate.run.request import Request

from ..sweep import run_all

Measured = dict[str, Array]
UPDATES = 938  # an epoch of MNIST's 60000 images in batches of 64


@dataclass(frozen=True)
class Curve:
    """One curve: the parameters that differ from the published defaults, and how long it runs.

    Attributes:
        label: the legend's.
        given: (parameter, value) pairs.
        steps: steps of gradient descent.
        epochs: how many epochs of the figure's axis one step is.
        points: how many log-spaced steps are recorded, beside 0.
        test: how many of MNIST's test images measure the error; 0: synthetic data, no test error.
    """

    label: str
    given: tuple[tuple[str, Value], ...]
    steps: int
    epochs: float = 1.0
    points: int = 40
    test: int = 0

    @property
    def recorded(self) -> NDArray[np.int64]:
        """0 and the log-spaced steps."""
        return np.unique(np.append(0, np.rint(np.geomspace(1, self.steps, self.points)))).astype(np.int64)


@functools.lru_cache(maxsize=1)
def mnist() -> images.Images:
    """MNIST, loaded once."""
    return images.load("mnist")


def measure(curves: Sequence[Curve], seeds: int, label: str) -> dict[Curve, Measured]:
    """Of every curve, each (seeds, T): loss, test_error, rank and excess of W_j (mean over j), and of the stack.

    Names: loss, rank, excess, rank_stack, excess_stack, and where there are images test_error.
    Raises InputError where MNIST is wanted and cannot be had.
    """
    _ = problem_of(choose("nearly_orthogonal")).kernel  # loaded here, once: threads share it
    if any(curve.test for curve in curves):
        mnist()
    tasks = [(curve, seed) for curve in curves for seed in range(seeds)]
    measured = run_all(lambda task: one(*task), tasks, lambda task: asks(task[0]), label, KEPT)
    runs = {curve: [measured[curve, seed] for seed in range(seeds)] for curve in curves}
    return {curve: {name: np.stack([each[name] for each in of]) for name in of[0]} for curve, of in runs.items()}


KEPT: dict[tuple[Curve, int], Measured] = {}
"""Figures that share a run run it once."""
_OBSERVED = ("loss", "stable_rank", "stable_rank_excess")


@functools.cache
def _problem(curve: Curve) -> Problem:
    return problem_of(choose("nearly_orthogonal", dict(curve.given)))


def asks(curve: Curve) -> Request:
    """What one run of a curve takes."""
    problem = _problem(curve)
    return Request(problem.model, problem.values, "vectors", "reduced", curve.steps, len(curve.recorded), _OBSERVED)


def one(curve: Curve, seed: int) -> Measured:
    """One run."""
    problem = _problem(curve)
    if curve.test:
        problem = replace(problem, initial=digits(problem.values, seed))
    start = problem.start(seed)
    path = start.advance(curve.steps, curve.recorded)
    states = start.states(path)
    seen = {name: v.values for name, v in obs.evaluate(states, _OBSERVED).items()}
    rank, excess = seen["stable_rank"], seen["stable_rank_excess"]
    out = {
        "loss": seen["loss"],
        "rank": rank[:, :2].mean(1),
        "rank_stack": rank[:, 2],
        "excess": excess[:, :2].mean(1),
        "excess_stack": excess[:, 2],
    }
    if curve.test:
        out["test_error"] = _test_error(start, path.b, curve.test)
    return out


def digits(values: Any, seed: int) -> dict[str, Array]:
    """A seeded sample of n MNIST images as inputs, labelled by parity (even: +1), and Gaussian filters."""
    subset = images.class_subset(mnist(), range(10), n=int(values["n"]), seed=seed, labels="class")
    shape = (2, int(values["m"]), subset.x.shape[1])
    filters = float(values["sigma_0"]) * stream(seed, "init").standard_normal(shape)
    return {"x": subset.x, "y": 1.0 - 2.0 * (subset.y % 2), "W": filters}


def _test_error(start: Start, b: Array, size: int) -> Array:
    """P(y f < 0) over the first `size` test images, ties half, (T,)."""
    test = images.class_subset(mnist(), range(10), n=size, part="test", labels="class")
    y = 1.0 - 2.0 * (test.y % 2)
    drawn = start.draw
    assert drawn.vectors is not None and drawn.weights is not None
    at_start, across = drawn.weights @ test.x.T, drawn.vectors @ test.x.T
    errors = []
    for coefficients in b:
        a = np.moveaxis(at_start + coefficients @ across, -1, 0)[:, None]
        margins = y * start.kernel.outputs(a, start.values)
        errors.append(float(np.mean((margins < 0) + 0.5 * (margins == 0))))
    return np.array(errors)
