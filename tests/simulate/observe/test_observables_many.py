"""Observables of many runs' states at once are, to the bit, those of each run by itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import Extreme, Model, Shifted
from derivations.papers.paper import PAPERS
from dynamics.kernel.trajectory import Trajectory
from simulate.ask.columns import columns_of
from simulate.ask.parameters import resolve
from simulate.observe import observables, observables_many
from simulate.run.problem import Problem, Start
from simulate.start.many import stacked

TIMES = 3
CELLS: dict[str, list[dict[str, Any]]] = {
    "pegr": [{"n": 6, "m": 3, "d": 40, "sigma_p": sigma} for sigma in (0.2, 0.7)],
    "heterogeneous": [{"n": 7, "m": 2, "d": 40, "K": 3, "init": "gaussian", "sigma_p": sigma} for sigma in (0.2, 0.7)],
    "nearly_orthogonal": [{"n": 6, "m": 3, "d": 40, "slope": slope} for slope in (0.1, 0.6)],
}
OF = {"pegr": ("xi", "rho", "mu", "gamma"), "heterogeneous": ("xi", "rho", "u"), "nearly_orthogonal": ("x", "rho")}


def extremes(of: tuple[str, ...]) -> Iterator[Extreme]:
    """Every kind, of these."""
    heads = ("all", "on_class", "off_class", "plus", "minus")
    for entry, reduce, each, turned in itertools.product(of, ("max", "max_abs", "min"), heads, (False, True)):
        for per in ((), ("example",), ("head",), ("example", "head")):
            yield Extreme(name="e", latex="e", of=entry, reduce=reduce, heads=each, per=per, signed=turned)  # type: ignore[arg-type]


def declared(paper: str) -> Model:
    """The paper's model with extremes of every kind in place of its own observables."""
    model = PAPERS[paper].factory(**({"K": 3} if paper == "heterogeneous" else {}))
    possible = [each for each in extremes(OF[paper]) if not each.refusal(model)]
    named = [replace(each, name=f"e{at}") for at, each in enumerate(possible)]
    shifted = Shifted(name="shifted", latex="s", of="margins", plus=0.5, times=-2.0)
    return replace(model, events=(), observables=(*named, shifted))


def starts(model: Model, paper: str) -> list[Start]:
    """Runs whose lengths or slopes differ, and their labels."""
    problems = [Problem(resolve(lambda **_: model, cell), {}) for cell in CELLS[paper]]
    every = [problem.start(seed, "gram") for problem in problems for seed in (0, 3)]
    return [replace(start, draw=replace(start.draw, y=np.roll(start.draw.y, at))) for at, start in enumerate(every)]


@pytest.mark.parametrize("paper", CELLS)
def test_what_is_known_of_many_runs_at_once_has_the_bits_of_each_alone(paper: str) -> None:
    model = declared(paper)
    runs = starts(model, paper)
    z, b = np.random.default_rng(1).standard_normal((2, len(runs), TIMES, *runs[0].draw.z.shape))
    names = observables.at_every_step(model)
    assert len(names) > 60
    drawn, values = stacked([start.draw for start in runs]), columns_of([{**start.values} for start in runs])
    found = observables_many.of_runs(model, runs[0].problem.kernel, drawn, z, b, values, names)
    assert {*found} == {*names}
    for at, start in enumerate(runs):
        states = start.states(Trajectory(np.arange(TIMES), z[at], b[at], -1))
        for name, expected in observables.evaluate(states, names).items():
            assert found[name].dims == expected.dims, name
            assert np.array_equal(found[name].values[at], expected.values), (name, at)


def test_what_is_asked_of_each_run_is_not_among_them() -> None:
    """A floor may be another in every run, and a distance needs more than entries."""
    model = PAPERS["pegr"].factory()
    floored = Extreme(name="floored", latex="f", of="xi", reduce="max", floor="sigma_0")
    model = replace(model, observables=(*model.observables, floored))
    (start, *_), names = starts(model, "pegr"), ("distance", "floored", "B")
    z, b = start.draw.z[None, None], np.zeros((1, 1, *start.draw.z.shape))
    values = columns_of([{**start.values}])
    found = observables_many.of_runs(model, start.problem.kernel, stacked([start.draw]), z, b, values, names)
    assert {*found} == {"B"}
