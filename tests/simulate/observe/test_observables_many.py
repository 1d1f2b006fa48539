"""Observables of many runs' states at once are, to the bit, those of each run by itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import (
    Extreme,
    Model,
    NeuronNorm,
    NormalisedMargin,
    OfStates,
    Shifted,
    Spectral,
    Total,
)
from derivations.papers.paper import PAPERS
from dynamics.arrays import Array
from dynamics.geometry import spectrum
from dynamics.kernel.trajectory import Trajectory
from simulate.ask.columns import columns_of
from simulate.ask.parameters import resolve
from simulate.errors import InputError
from simulate.observe import observables, observables_many, states_many
from simulate.run.problem import Problem, Start
from simulate.start.drawn import Sampling
from simulate.start.many import stacked

TIMES = 3
CELLS: dict[str, list[dict[str, Any]]] = {
    "pegr": [{"n": 6, "m": 3, "d": 40, "sigma_p": sigma, "eta": sigma} for sigma in (0.2, 0.7)],
    "heterogeneous": [{"n": 7, "m": 2, "d": 40, "K": 3, "init": "gaussian", "sigma_p": sigma, "eta": sigma}
                      for sigma in (0.2, 0.7)],
    "nearly_orthogonal": [{"n": 6, "m": 3, "d": 40, "slope": slope, "eta": slope} for slope in (0.1, 0.6)],
    "fomaml": [{"n_tasks": 3, "n": 2, "n_train": 1, "m": 3, "d": 40, "J": 2, "M": 4, "sigma_xi": 0.2,
                "eta_inner": rate, "eta": rate} for rate in (0.1, 0.6)],
}
OF = {"pegr": ("xi", "rho", "mu", "gamma"), "heterogeneous": ("xi", "rho", "u"), "nearly_orthogonal": ("x", "rho"),
      "fomaml": ("xi", "rho", "nu_k", "g", "nu", "z")}


def extremes(of: tuple[str, ...]) -> Iterator[Extreme]:
    """Every kind, of these."""
    heads = ("all", "on_class", "off_class", "plus", "minus")
    for entry, reduce, each, turned in itertools.product(of, ("max", "max_abs", "min"), heads, (False, True)):
        for per in ((), ("example",), ("head",), ("task",), ("example", "head")):
            for adapted in (False, True):
                yield Extreme(name="e", latex="e", of=entry, reduce=reduce, heads=each, per=per, signed=turned,  # type: ignore[arg-type]
                              adapted=adapted, floor="4*eta" if each == "on_class" else "")


def declared(paper: str) -> Model:
    """The paper's model with extremes of every kind, and what is of all of W, in place of its own observables."""
    model = PAPERS[paper].factory(**({"K": 3} if paper == "heterogeneous" else {}))
    possible: list[OfStates] = [each for each in extremes(OF[paper]) if not each.refusal(model)]
    named: dict[str, Any] = {"name": "e", "latex": "e"}
    possible += [Spectral(**named, what=what) for what in ("frobenius", "spectral", "stable_rank")]
    possible += [NeuronNorm(**named), Total(**named, of=model.directions[-1].coefficient.name)]
    possible += [Shifted(**named, of="margins", plus=0.5, times=-2.0)]
    possible += [] if paper == "fomaml" else [NormalisedMargin(**named, spread=some) for some in (True, False)]
    return replace(model, events=(), observables=tuple(
        replace(each, name=f"e{at}") for at, each in enumerate(possible)))  # type: ignore[type-var]


def starts(model: Model, paper: str, sampling: Sampling = "gram") -> list[Start]:
    """Runs whose lengths or slopes differ, and their labels."""
    problems = [Problem(resolve(lambda **_: model, cell), {}) for cell in CELLS[paper]]
    every = [problem.start(seed, sampling) for problem in problems for seed in (0, 3)]
    return [replace(start, draw=replace(start.draw, y=np.roll(start.draw.y, at))) for at, start in enumerate(every)]


def compared(model: Model, runs: list[Start], wanted: tuple[str, ...], left: Array) -> None:
    """All of these at once and one by one."""
    rng, shape = np.random.default_rng(1), (len(runs), TIMES, *runs[0].draw.z.shape)
    z, b = rng.standard_normal((2, *shape))
    drawn, values = stacked([start.draw for start in runs]), columns_of([{**start.values} for start in runs])
    found = observables_many.of_runs(model, runs[0].problem.kernel, drawn, z, b, values, wanted, left)
    assert {*found} == {*wanted}
    for at, start in enumerate(runs):
        looked = start.observe(z[at]) if observables.needs_seen(model, wanted) else {}
        states = observables.States(model, start.draw, start.values, z[at], b[at], looked, left[at])
        for name, expected in observables.evaluate(states, wanted).items():
            assert found[name].dims == expected.dims, name
            assert np.array_equal(found[name].values[at], expected.values), (name, at)


@pytest.mark.parametrize("paper", CELLS)
def test_what_is_known_of_many_runs_at_once_has_the_bits_of_each_alone(paper: str) -> None:
    model = declared(paper)
    runs = starts(model, paper)
    names = observables.at_every_step(model)
    assert len(names) > 60
    compared(model, runs, names, np.linspace(1.0, 0.5, len(runs) * TIMES).reshape(-1, TIMES))


@pytest.mark.parametrize("block", [1, 200, 2**19])
@pytest.mark.parametrize(
    ("paper", "sampling"), [("nearly_orthogonal", "vectors"), ("fomaml", "gram"), ("pegr", "gram")])
def test_spectra_are_those_of_each_run_whatever_is_taken_at_a_time(
    paper: str, sampling: Sampling, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few states of a run at a time, or several runs; and matrices of which one vector is found by itself."""
    monkeypatch.setattr(states_many, "BLOCK", block)
    monkeypatch.setattr(spectrum, "WIDE", 5)
    model = declared(paper)
    names = tuple(each.name for each in model.observables if isinstance(each, Spectral | NeuronNorm))
    runs = starts(model, paper, sampling)
    compared(model, runs, names, np.ones((len(runs), TIMES)))


def test_a_run_without_spectrum_leaves_the_others_theirs() -> None:
    """Of W = 0, and of squares beyond the largest double."""
    model = declared("pegr")
    names = tuple(each.name for each in model.observables if isinstance(each, Spectral))
    runs = starts(model, "pegr")[:3]
    every = [start.draw for start in runs]
    zero = replace(every[1], z=0.0 * every[1].z, filter_gram=0.0 * every[1].weight_gram)
    huge = replace(every[2], gram=np.full_like(every[2].gram, np.inf))
    b, values = np.zeros((3, 1, *every[0].z.shape)), columns_of([{**start.values} for start in runs])
    with np.errstate(over="ignore", invalid="ignore"):
        found = [observables_many.of_runs(model, runs[0].kernel, stacked(draws), b[:count], b[:count], values, names,
                                          np.ones((count, 1)))
                 for count, draws in ((3, [every[0], zero, huge]), (1, [every[0]]))]
    for name in names:
        assert np.array_equal(found[0][name].values[:1], found[1][name].values)
    assert (found[0][names[0]].values[1] == 0.0).all() and np.isnan(found[0][names[-1]].values[1:]).all()


def test_what_needs_more_than_entries_is_asked_of_each_run() -> None:
    model = PAPERS["pegr"].factory()
    (start, *_), names = starts(model, "pegr"), ("distance", "B")
    z, b = start.draw.z[None, None], np.zeros((1, 1, *start.draw.z.shape))
    values, drawn = columns_of([{**start.values}]), stacked([start.draw])
    found = observables_many.of_runs(model, start.problem.kernel, drawn, z, b, values, names, np.ones((1, 1)))
    assert {*found} == {"B"}


def test_a_floor_without_a_value_leaves_its_runs_to_themselves() -> None:
    model = PAPERS["pegr"].factory()
    floored = Extreme(name="floored", latex="f", of="xi", reduce="max", floor="log(n - 6)")
    model = replace(model, observables=(*model.observables, floored))
    start = starts(model, "pegr")[0]
    z, b = start.draw.z[None, None], np.zeros((1, 1, *start.draw.z.shape))
    values, drawn = columns_of([{**start.values}]), stacked([start.draw])
    assert not observables_many.of_runs(model, start.kernel, drawn, z, b, values, ("floored",), np.ones((1, 1)))
    with pytest.raises(InputError, match="floored: its floor"):
        observables.evaluate(start.states(Trajectory(np.arange(1), z[0], b[0], -1)), ("floored",))


@pytest.mark.parametrize("paper", ["pegr", "nearly_orthogonal", "fomaml"])
def test_what_is_observed_some_states_at_a_time_has_the_same_bits(paper: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adapted weights are as many as the states, and a run holds those of a few at once."""
    cell = {**CELLS[paper][0], "test_tasks": 3} if paper == "fomaml" else CELLS[paper][0]
    asked: dict[str, Any] = {"steps": 7, "record": "all", "seed": 2}
    whole, observe, counts = gr.run(paper, cell, **asked), Start.observe, list[int]()
    monkeypatch.setattr(observables, "BLOCK", int(2.5 * whole["Lambda" if paper == "fomaml" else "rho"][0].size))

    def counted(self: Start, z: Array) -> dict[str, Array]:
        counts.append(len(z))
        return observe(self, z)

    monkeypatch.setattr(Start, "observe", counted)
    parts = gr.run(paper, cell, **asked)
    assert max(counts) < 8 and [*whole.data_vars] == [*parts.data_vars]
    for name, variable in whole.data_vars.items():
        assert variable.dims == parts[name].dims and np.array_equal(variable, parts[name], equal_nan=True), name
