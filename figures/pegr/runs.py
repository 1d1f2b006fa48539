"""The runs behind PEGR's figures: three readings of Section 4.1, three penalties, the paper's four noise levels.

Meng, Cao and Zou, arXiv:2303.17940.  With the printed network the printed parameters show no effect of the penalty
(the reading "As printed"), so two neighbouring readings that do show it are run beside them; every figure says which
is which.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Value
from dynamics.arrays import Array, Flags
from simulate.ask import settings
from simulate.ask.chosen import choose
from simulate.observe import observables as obs
from simulate.run.judge import judge
from simulate.run.kernels import ready
from simulate.run.problem import Start, problem_of
from simulate.run.record import finite
from simulate.run.request import Request

from ..sweep import run_all

Regularizer = Literal["pegr", "fgr", "none"]
Key = tuple[str, Regularizer, float]
Measured = dict[str, Array]
_OBSERVED = ("loss", "signal", "noise", "gamma", "rho_over", "rho_under")
Measure = Callable[[Start, obs.States], Measured]

REGULARIZERS: tuple[Regularizer, ...] = ("pegr", "fgr", "none")
ROUNDING = float(np.finfo(np.float64).eps)  # of max|z|: a rounding error of float64 weights
VISIBLE = 0.005  # a change that one sees: of a curve's largest value, or of the loss, whose axis is logarithmic


@dataclass(frozen=True)
class Experiment:
    """Section 4.1.  Observables are recorded every `every` steps, the test error every `test_every`."""

    seeds: int = 5
    steps: int = 1500
    closed: int = 800
    sigma_ps: tuple[float, ...] = (0.1, 0.5, 1.0, 1.5)
    n: int = 20
    m: int = 10
    d: int = 400
    mu_norm: float = 1.0
    every: int = 10
    test_every: int = 25

    def recorded(self, every: int) -> NDArray[np.int64]:
        """0, every, 2 every, ..., the close and the last step."""
        steps = np.append(np.arange(0, self.steps, every), [min(self.closed, self.steps), self.steps])
        return np.unique(steps).astype(np.int64)


PAPER = Experiment()


@dataclass(frozen=True)
class Reading:
    """One reading of the experiment, by its name: as printed, or with the changes that `says` names."""

    key: str
    says: str
    eta: float
    lam: float | None  # None: min(0.2, 2 m / (sigma_p^2 d))
    neurons: Literal["mean", "sum"] = "mean"
    half: bool = True

    def parameters(self, regularizer: Regularizer, sigma_p: float, experiment: Experiment) -> dict[str, Any]:
        """Every parameter by name.

        FGR carries no 1/2 (Section 4.1).  Not stated in the paper, and our choice: that FGR is closed with PEGR, and
        sigma_0 = 0.01 for sigma_p = 0.1.
        """
        lam = min(0.2, 2 * experiment.m / (sigma_p**2 * experiment.d)) if self.lam is None else self.lam
        standard = regularizer == "none"
        return {
            "n": experiment.n, "m": experiment.m, "d": experiment.d, "mu_norm": experiment.mu_norm,
            "sigma_p": sigma_p, "sigma_0": 0.001 if sigma_p > 1 else 0.01, "eta": self.eta, "neurons": self.neurons,
            "regularizer": regularizer, "penalty_half": regularizer == "pegr" and self.half,
            "lam": 0.0 if standard else lam, "lam_until": None if standard else experiment.closed,
        }


READINGS = (
    Reading("As printed", r"$F_j$ with $1/m$, $\eta=0.02$, $\lambda=0.01$", eta=0.02, lam=0.01),
    Reading("Sum of filters", r"not as printed: $F_j$ without $1/m$, PEGR without $1/2$; $\eta=0.02$, $\lambda=0.01$",
            eta=0.02, lam=0.01, neurons="sum", half=False),
    Reading("Larger steps", r"not as printed: $\eta=0.2$, $\lambda=\min(0.2,\ 2m/\sigma_p^2 d)$; $F_j$ with $1/m$",
            eta=0.2, lam=None),
)


@dataclass(frozen=True)
class Curves:
    """One reading, penalty and sigma_p: steps t (T,), observables by name and what is `lost` of them, each (seeds, T).

    `lost`: the value depends on rounding errors, and is no result.
    """

    values: dict[str, Value]
    t: NDArray[np.int64]
    by_name: Measured
    lost: dict[str, Flags]


def keys(experiment: Experiment) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Every curve of the experiment, by (reading, regularizer, sigma_p), with its parameters."""
    for reading in READINGS:
        for regularizer in REGULARIZERS:
            for sigma_p in experiment.sigma_ps:
                yield (reading.key, regularizer, sigma_p), reading.parameters(regularizer, sigma_p, experiment)


@functools.lru_cache(maxsize=1)
def trajectories(experiment: Experiment) -> dict[Key, Curves]:
    """Of every curve: loss, signal, noise, max_gamma, max_rho_over, min_rho_under."""
    return _run(experiment, experiment.recorded(experiment.every), "trajectories", _observed, _OBSERVED)


@functools.lru_cache(maxsize=1)
def test_accuracies(experiment: Experiment) -> dict[Key, Curves]:
    """Of every curve: accuracy, 1 minus the test error, from 4096 fresh draws."""
    return _run(experiment, experiment.recorded(experiment.test_every), "test accuracy", _accuracy, ("test_error",))


test_accuracies.__test__ = False  # type: ignore[attr-defined]  # its name is not a test's


def _run(
    experiment: Experiment, recorded: NDArray[np.int64], label: str, measure: Measure, observables: tuple[str, ...]
) -> dict[Key, Curves]:
    """Every curve of what `measure` makes of `observables`."""
    pegr = settings.resolve("pegr")
    problems = {key: problem_of(choose(pegr, given)) for key, given in keys(experiment)}
    for problem in problems.values():
        ready(problem.model, problem.kernel, problem.values)  # threads share it

    def one(key: Key, seed: int) -> tuple[Measured, dict[str, Flags]]:
        start = problems[key].start(seed)
        path = start.advance(experiment.steps, recorded)
        states = start.states(path)
        measured = measure(start, states)
        return measured, _lost(start, states, path.t, measure, measured)

    def asks(key: Key) -> Request:
        of, steps = problems[key], experiment.steps
        return Request(of.model, of.values, "vectors", "reduced", steps, len(recorded), observables)

    # The last one first: PEGR's own kernels are those that a run beside this (`make run`) compiles, and keeps.
    tasks = [(key, seed) for key in reversed(problems) for seed in range(experiment.seeds)]
    by_task = run_all(lambda task: one(*task), tasks, lambda task: asks(task[0]), f"pegr, {label}")
    out = {}
    for key, problem in problems.items():
        runs = [by_task[key, seed] for seed in range(experiment.seeds)]
        by_name = {name: np.stack([measured[name] for measured, _ in runs]) for name in runs[0][0]}
        lost = {name: np.stack([flags[name] for _, flags in runs]) for name in by_name}
        out[key] = Curves(dict(problem.values), recorded, by_name, lost)
    return out


def _observed(start: Start, states: obs.States) -> Measured:
    observed = {name: each.values for name, each in obs.evaluate(states, _OBSERVED).items()}
    return {
        **{name: observed[name] for name in ("loss", "signal", "noise")},
        "max_gamma": observed["gamma"].max(axis=(1, 2)),
        "max_rho_over": observed["rho_over"].max(axis=(1, 2, 3)),
        "min_rho_under": observed["rho_under"].min(axis=(1, 2, 3)),
    }


def _accuracy(start: Start, states: obs.States) -> Measured:
    return {"accuracy": 1.0 - judge(start, states, ["test_error"], start.kernel).variables["test_error"].values}


def _lost(
    start: Start, states: obs.States, t: NDArray[np.int64], measure: Measure, measured: Measured
) -> dict[str, Flags]:
    """Of each observable (T,): whether it depends on a rounding error made when the penalty was closed.

    While the penalty is on, noise pre-activations can decay far below what float64 weights resolve; closed, they grow
    again.  The recursion iterates pre-activations and keeps their relative precision; training weights leaves a
    rounding error in their place.  So the run is continued from the close with such an error in each of them.
    """
    flags = {name: np.zeros(len(t), dtype=bool) for name in measured}
    closed = states.values["lam_until"]
    if closed is None or closed >= t[-1]:
        return flags
    assert states.b is not None
    first, xi = int(np.searchsorted(t, closed)), states.rows("xi")
    size = np.abs(states.z[first:]).max(axis=(1, 2, 3))
    rounded, error = states.z[first].copy(), ROUNDING * size[0]
    rounded[..., xi] = np.where(np.abs(rounded[..., xi]) < error, error, rounded[..., xi])
    again = start.again(rounded, states.b[first], int(t[-1] - t[first]), t[first:], int(t[first]))
    path = finite(start.model, start.kernel, start.values, again)
    if np.all(np.abs(path.z - states.z[first:]).max(axis=(1, 2, 3)) < 1e-6 * size):
        return flags
    other = measure(start, start.states(path))
    for name, value in measured.items():
        scale = np.abs(value[first:]) if name == "loss" else np.abs(value).max()
        flags[name][first:] = np.abs(other[name] - value[first:]) > VISIBLE * scale
    return flags
