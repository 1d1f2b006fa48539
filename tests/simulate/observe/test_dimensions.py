"""A variable's value has the dimensions that are declared, and as many entries along each as the run has of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Extreme, LayerBalance, Model, NormalisedMargin, SecondLayer, Total, variables
from derivations.papers.paper import PAPERS
from simulate.ask.parameters import resolve
from simulate.observe import observables
from simulate.observe.states import States
from simulate.start.draw import draw
from tests.simulate.observe.test_new_kind import shipped

STEPS = 8
SIZES: dict[str, dict[str, Any]] = {  # no two dimensions of a run are as long, but for heads and classes
    "pegr": {"n": 5, "m": 4, "d": 30},
    "nearly_orthogonal": {"n": 5, "m": 4, "d": 30},
    "heterogeneous": {"n": 7, "m": 4, "d": 20},
    "fomaml": {"n_tasks": 3, "n": 4, "n_train": 2, "m": 6, "d": 30, "M": 5, "J": 2, "test_tasks": 2},
}


def sizes(model: Model, values: Mapping[str, Any]) -> dict[str, int]:
    """How long each dimension is, of the parameters and the heads alone."""
    heads = model.network.head_axis.count
    return {"t": STEPS + 1, model.network.head_axis.dim: heads, "r": values["m"], "i": values["n"],
            "task": values.get("n_tasks", 0), "class": heads, "matrix": heads + 1, "bin": 10}


@pytest.mark.parametrize("paper", PAPERS)
def test_every_variable_of_a_paper_has_its_declared_dimensions(paper: str) -> None:
    """Fails where a kind's `dims` are others than its value has: one too few, one of another length, two in turn."""
    model, values = PAPERS[paper].factory(), SIZES[paper]
    every = observables.names(model)
    data = gr.run(paper, values, steps=STEPS, record="all", observables=list(every))
    long = sizes(model, values)
    for name, dims in variables.dimensions(model).items():
        assert data[name].shape == tuple(long[dim] for dim in dims), name
        assert data[name].dims == dims, name
    described = gr.describe(paper)
    assert {each.name: each.dims for each in (*described.variables, *described.events)} == {
        name: data[name].dims for name in every}


def of_ones_own() -> Iterator[Model]:
    """Declarations with what papers lack: a second layer, and every axis that an extreme may keep or reduce."""
    pegr, fomaml = PAPERS["pegr"].factory(), PAPERS["fomaml"].factory()
    layered = replace(pegr.network, second_layer=SecondLayer())
    yield replace(PAPERS["pegr"].factory(regularizer="none"), network=layered, events=(),
                  observables=(LayerBalance(name="balance", latex="B"),))
    kept = [(), ("example",), ("head",), ("example", "head")]
    yield replace(pegr, events=(), observables=(
        *(Extreme(name=f"e{at}", latex="", of="xi", reduce="max", per=per) for at, per in enumerate(kept)),  # type: ignore[arg-type]
        Extreme(name="single", latex="", of="mu", reduce="min", per=("head",)),
        NormalisedMargin(name="margin", latex=""), NormalisedMargin(name="spread", latex="", spread=True),
        Total(name="total", latex="", of="rho")))
    kept += [("task",), ("task", "head"), ("example", "task")]
    yield replace(fomaml, events=(), observables=(
        *(Extreme(name=f"e{at}", latex="", of="rho", reduce="max", per=per) for at, per in enumerate(kept)),  # type: ignore[arg-type]
        Extreme(name="tasks", latex="", of="nu_k", reduce="max_abs", per=("task",))))


@pytest.mark.parametrize("model", [*of_ones_own()], ids=["layers", "one loop", "tasks"])
def test_every_observable_of_ones_own_model_has_its_declared_dimensions(model: Model) -> None:
    values = SIZES["fomaml" if model.algorithm.over_tasks else "pegr"]
    resolved = resolve(lambda **_: model, values).values
    drawn = draw(model, resolved, 0)
    z = np.random.default_rng(0).standard_normal((STEPS + 1, *drawn.z.shape))
    states = States(model, drawn, resolved, z, 0.1 * z, {"margins": z[:, 0, 0, : len(drawn.y)]})
    found = observables.evaluate(states, tuple(each.name for each in model.observables))
    long = sizes(model, values)
    assert set(found) == {each.name for each in model.observables}
    for name, dims in variables.dimensions(model).items():
        if name in found:
            assert (found[name].dims, found[name].values.shape) == (dims, tuple(long[dim] for dim in dims)), name


def test_every_shipped_kind_is_among_these() -> None:
    models = [*(paper.factory() for paper in PAPERS.values()), *of_ones_own()]
    assert {*shipped()} == {type(each) for model in models for each in model.observables}
