"""The runs behind PEGR's figures: three readings of Section 4.1, three penalties, the paper's four noise levels.

Meng, Cao and Zou, arXiv:2303.17940.  With the printed network the printed parameters show no effect of the penalty
(reading A), so two neighbouring readings that do are run beside them, and every figure says which is which.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from derivations.model import Value
from simulate import observables as obs
from simulate import parameters, settings
from simulate.draw import draw
from simulate.fresh import fresh_statistics
from simulate.kernels import kernel_for
from simulate.progress import progress
from simulate.record import advance
from simulate.run import seen_by

Array = NDArray[np.float64]
Regularizer = Literal["pegr", "fgr", "none"]
REGULARIZERS: tuple[Regularizer, ...] = ("pegr", "fgr", "none")
FLOOR = 1e-12  # of max|z|: a pre-activation below it carries no digits that two correct programs share
VISIBLE = 1e-3  # of max|z|: one that has grown back to this size is seen in a figure


@dataclass(frozen=True)
class Experiment:
    """Section 4.1; `test_every` steps lie between test accuracies, `every` between other recorded states."""

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


PAPER = Experiment()


@dataclass(frozen=True)
class Reading:
    """One reading of the experiment: what is printed, or printed with the changes that `says` names."""

    key: str
    says: str
    eta: float
    lam: float | None  # None: min(0.2, 2 m / (sigma_p^2 d))
    neurons: Literal["mean", "sum"] = "mean"
    half: bool = True

    def parameters(self, regularizer: Regularizer, sigma_p: float, experiment: Experiment) -> dict[str, Any]:
        """Every parameter by name.  FGR carries no 1/2 (Section 4.1) and is closed with PEGR (not stated)."""
        lam = min(0.2, 2 * experiment.m / (sigma_p**2 * experiment.d)) if self.lam is None else self.lam
        penalty: dict[str, Any] = {"lam": lam, "lam_until": experiment.closed}
        return {
            "n": experiment.n, "m": experiment.m, "d": experiment.d, "mu_norm": experiment.mu_norm,
            "sigma_p": sigma_p, "sigma_0": 0.001 if sigma_p > 1 else 0.01, "eta": self.eta, "neurons": self.neurons,
            "regularizer": regularizer, "penalty_half": regularizer == "pegr" and self.half,
            **({"lam": 0.0} if regularizer == "none" else penalty),
        }


READINGS = (
    Reading("A", "as printed", eta=0.02, lam=0.01),
    Reading("B2", r"no $1/m$ in $F_j$, PEGR penalty without $1/2$", eta=0.02, lam=0.01, neurons="sum", half=False),
    Reading("R1", r"$\eta=0.2$, $\lambda=\min(0.2,\,2m/\sigma_p^2d)$", eta=0.2, lam=None),
)


@dataclass(frozen=True)
class Curves:
    """One reading, penalty and sigma_p: steps t (T,), observables by name (seeds, T), and `lost` (seeds, T).

    `lost`: a noise pre-activation that had fallen below FLOOR is again above VISIBLE, so that the state depends on
    digits that float64 does not hold.
    """

    values: dict[str, Value]
    t: NDArray[np.int64]
    by_name: dict[str, Array]
    lost: NDArray[np.bool_] = field(repr=False)


Key = tuple[str, Regularizer, float]


def keys(experiment: Experiment) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Every curve of the experiment, by (reading, regularizer, sigma_p), with its parameters."""
    for reading in READINGS:
        for regularizer in REGULARIZERS:
            for sigma_p in experiment.sigma_ps:
                yield (reading.key, regularizer, sigma_p), reading.parameters(regularizer, sigma_p, experiment)


@functools.lru_cache(maxsize=2)
def trajectories(experiment: Experiment) -> dict[Key, Curves]:
    """Loss, signal, noise and the coefficients' extremes of every curve."""
    return _all(experiment, experiment.every, "pegr: trajectories", _observed)


@functools.lru_cache(maxsize=2)
def test_errors(experiment: Experiment) -> dict[Key, Curves]:
    """The test error of every curve, with its standard error."""
    return _all(experiment, experiment.test_every, "pegr: test accuracy", _tested)


def _all(experiment: Experiment, every: int, label: str, measure: Any) -> dict[Key, Curves]:
    from joblib import Parallel, delayed

    wanted = dict(keys(experiment))
    steps = np.unique(np.append(np.arange(0, experiment.steps + 1, every), experiment.steps)).astype(np.int64)
    tasks = [(key, seed) for key in wanted for seed in range(experiment.seeds)]
    found: dict[Key, list[tuple[dict[str, Array], NDArray[np.bool_]]]] = {key: [] for key in wanted}
    resolved = {key: parameters.resolve(settings.resolve("pegr").factory, given) for key, given in wanted.items()}
    kernels = {regularizer: None for regularizer in REGULARIZERS}
    for (_, regularizer, _), each in resolved.items():
        kernels[regularizer] = kernels[regularizer] or kernel_for(each.model)
    with progress(label, len(tasks), "runs") as step:
        run = Parallel(n_jobs=2, backend="threading", return_as="generator")
        one = delayed(_one)
        for (key, _), out in zip(tasks, run(one(resolved[k], kernels[k[1]], s, experiment.steps, steps, measure) for k, s in tasks), strict=True):
            found[key].append(out)
            step()
    return {
        key: Curves(resolved[key].values, steps, {name: np.stack([each[0][name] for each in runs]) for name in runs[0][0]},
                    np.stack([each[1] for each in runs]))
        for key, runs in found.items()
    }


def _one(resolved: Any, kernel: Any, seed: int, steps: int, recorded: Any, measure: Any) -> Any:
    values = resolved.values
    drawn = draw(resolved.model, values, seed)
    path = advance(kernel, drawn, values, steps, recorded)
    states = obs.States(resolved.model, drawn, values, path.z, path.b, seen_by(kernel, path.z, drawn, values))
    return measure(states, kernel, seed), _lost(states)


def _observed(states, kernel, seed):
    names = ("loss", "signal", "noise", "gamma", "rho_over", "rho_under")
    found = {name: variable.values for name, variable in obs.evaluate(states, names).items()}
    axes = (1, 2, 3)
    return {
        "loss": found["loss"], "signal": found["signal"], "noise": found["noise"], "max_gamma": found["gamma"].max((1, 2)),
        "max_rho_over": found["rho_over"].max(axes), "min_rho_under": found["rho_under"].min(axes),
    }

def _tested(states, kernel, seed):
    return fresh_statistics(states.model, lambda a: kernel.outputs(a, states.values), states.draw, states.z, states.b, states.values, seed)

def _lost(states):
    noise = np.where(states.own[:, None, :], states.z[..., states.rows("xi")], -np.inf).max((1, 2))
    size = np.abs(states.z).max((1, 2, 3))[:, None]
    fallen = np.logical_or.accumulate(np.abs(noise) < FLOOR * size, axis=0)
    return np.any(fallen & (noise > VISIBLE * size), axis=1)
