"""The runs behind the figures of FOMAML: the synthetic experiment in both readings of its learning rates, and others.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023, Section 5 and Appendix A.  The paper prints (gamma, eta) = (0.001, 0.0001) and,
at the end of the same paragraph, (0.01, 0.001).  Runs are functions of s = eta t as long as the outer step is small, so
they take fewer and larger steps to the same s; `Experiment.checks` are the runs that measure what this changes.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from derivations.declare import Value
from dynamics.arrays import Array
from simulate.ask import models, parameters, settings
from simulate.run.kernels import kernel_for
from simulate.run.request import Request
from simulate.run.run import run

from ..sweep import run_all

if TYPE_CHECKING:
    import xarray

METHODS = ("train-validation", "train-train")
SPLIT, POOLED = METHODS  # train-validation and train-train
ACTIVATIONS = {"relu": "ReLU", "huberized": "Huberized-ReLU"}
DATA = {False: "fixed data", True: "fresh samples"}
TESTED = tuple(
    name + end
    for name in ("test_loss", "test_accuracy_unadapted", "test_loss_adapted", "test_accuracy_adapted")
    for end in ("", "_se")
)
BAND = 1.96  # standard errors on either side of a mean: 95 %


@dataclass(frozen=True)
class Case:
    """One run but for its seed: parameters over the preset's or the published ones, steps, and what is recorded."""

    given: tuple[tuple[str, Value], ...]
    steps: int
    recorded: tuple[int, ...]
    observables: tuple[str, ...]
    preset: str | None = None
    sampling: str = "vectors"

    @property
    def values(self) -> dict[str, Value]:
        """The parameters that were given, by name."""
        return dict(self.given)

    @property
    def work(self) -> int:
        """About how long it takes: a step with fresh samples draws them."""
        return self.steps * (10 if self.values.get("fresh") else 1)


@dataclass(frozen=True)
class Reading:
    """A reading of the learning rates: inner gamma and outer eta, and where the paper prints them."""

    gamma: float
    eta: float
    where: str

    @property
    def label(self) -> str:
        """For a legend or a column."""
        return rf"$\gamma={self.gamma:g}$, $\eta={self.eta:g}$"

    @property
    def plain(self) -> str:
        """For text."""
        return f"gamma={self.gamma:g}, eta={self.eta:g}"

    @property
    def swapped(self) -> Reading:
        """The rates in each other's place: Table 3's "outer-lr > inner-lr", whose numbers are not printed."""
        return Reading(self.eta, self.gamma, f"{self.where}, swapped")


READINGS = (Reading(0.001, 0.0001, "first printed"), Reading(0.01, 0.001, "printed last"))


@dataclass(frozen=True)
class Experiment:
    """Section 5's synthetic experiment: as printed, but for the outer step, the span and what is not printed.

    Attributes:
        seeds: draws on fixed data; `fresh_seeds` with fresh samples, which take longer.
        eta: the outer step that is taken, for either reading's.
        span: s = eta t at the last step.
        short: s where `checks` compare the printed outer step with `eta`.
        points: how many log-spaced steps are recorded, beside 0.
    """

    seeds: int = 2
    fresh_seeds: int = 1
    eta: float = 0.004
    span: float = 0.6
    short: float = 0.04
    points: int = 16
    n_tasks: int = 343
    n: int = 10
    n_train: int = 5
    m: int = 18
    d: int = 1000
    J: int = 5
    M: int = 500
    test_tasks: int = 343

    def case(
        self, method: str, reading: Reading, fresh: bool, activation: str = "huberized", J: int | None = None,
        eta: float | None = None, span: float | None = None,
    ) -> Case:
        """One run; `eta` and `span` are the experiment's unless given."""
        eta = self.eta if eta is None else eta
        span = self.span if span is None else span
        given: dict[str, Value] = {
            "n_tasks": self.n_tasks, "n": self.n, "n_train": self.n_train, "m": self.m, "d": self.d, "M": self.M,
            "J": self.J if J is None else J, "eta_inner": reading.gamma, "eta": eta, "balanced": True, "fresh": fresh,
            "test_tasks": self.test_tasks, "method": method, "activation": activation,
        }
        steps = round(span / eta)
        recorded = np.unique(np.rint(np.geomspace(1, steps, self.points))).astype(int)
        return Case(tuple(given.items()), steps, (0, *recorded.tolist()), ("loss", "Lambda", *TESTED))

    def draws(self, case: Case) -> int:
        """Of a case."""
        return self.fresh_seeds if case.values["fresh"] else self.seeds

    @property
    def checks(self) -> tuple[tuple[Reading, bool, Case, Case], ...]:
        """Train-validation with the printed outer step and with ours, to s = `short`: both readings, either data."""
        pairs = []
        for fresh in DATA:
            for reading in READINGS:
                printed, ours = (
                    dataclasses.replace(case, recorded=(0, case.steps))
                    for eta in (reading.eta, None)
                    for case in (self.case(METHODS[0], reading, fresh, eta=eta, span=self.short),)
                )
                pairs.append((reading, fresh, printed, ours))
        return tuple(pairs)


PAPER = Experiment()


def measure(cases: Sequence[Case], draws: int | Callable[[Case], int], label: str) -> dict[Case, list[xarray.Dataset]]:
    """Every case's `draws` runs, seeds 0, 1, ...; a case that another figure has run is not run again."""
    cases = list(dict.fromkeys(cases))
    factory = settings.resolve("fomaml").factory
    for case in cases:  # written here, once, where it is not there yet: threads share them
        structural = {name: value for name, value in case.given if name in ("method", "activation")}
        kernel_for(models.build(factory, structural))
    many = {case: draws if isinstance(draws, int) else draws(case) for case in cases}
    tasks = [(case, seed) for case in cases for seed in range(many[case])]
    # The longest first, so that no processor is left with one of them at the end.
    order = sorted(tasks, key=lambda task: -task[0].work)
    runs = run_all(lambda task: one(*task), order, lambda task: asks(task[0]), label, _KEPT)
    return {case: [runs[case, seed] for seed in range(many[case])] for case in cases}


_KEPT: dict[tuple[Case, int], xarray.Dataset] = {}  # figures and tables that share a run run it once


@functools.cache
def asks(case: Case) -> Request:
    """What one run of a case takes."""
    setting = settings.resolve("fomaml")
    resolved = parameters.resolve(setting.factory, case.values, setting.preset(case.preset))
    recorded = float(len(case.recorded))
    return Request(resolved.model, resolved.values, case.sampling, "reduced", case.steps, recorded, case.observables)


def one(case: Case, seed: int) -> xarray.Dataset:
    """One run."""
    return run("fomaml", case.values, preset=case.preset, steps=case.steps, seed=seed, sampling=case.sampling,
               record=case.recorded, observables=case.observables)


def stack(runs: Sequence[xarray.Dataset], name: str) -> Array:
    """(seeds, T, ...) of a variable."""
    return np.stack([np.asarray(data[name].values, dtype=np.float64) for data in runs])


def final(runs: Sequence[xarray.Dataset], name: str) -> Array:
    """(seeds,) of a variable at the last step."""
    return stack(runs, name)[:, -1]


def describe(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """For a figure's record."""
    return [{"parameters": case.values, "preset": case.preset, "steps": case.steps, "sampling": case.sampling,
             "recorded": case.recorded} for case in dict.fromkeys(cases)]
