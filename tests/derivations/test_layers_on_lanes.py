"""Biases, second layers, sums and scalars of patches on lanes: the loops' numbers, plain Python's bits, training's."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import (
    Activation,
    Biases,
    Constant,
    Event,
    Extreme,
    GaussianLaw,
    Model,
    Objective,
    OfLabel,
    Parameter,
    Patch,
    RandomSign,
    SecondLayer,
    SumPatch,
    Term,
)
from derivations.derive import derive
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from dynamics.kernel.trajectory import Trajectory
from simulate.ask.chosen import choose
from simulate.observe.fresh import fresh_statistics
from simulate.run import batch, reduced
from simulate.run.asked import Asked
from simulate.run.kernels import kernel_for
from simulate.run.problem import Start, problem_of
from simulate.run.watch import EventWatch
from simulate.testing import plain_kernel
from simulate.validate.compare import compare
from tests.helpers.slowly import where

TILT = Parameter(name="tilt", latex="", meaning="noise in the second patch", kind="real", default=0.7)
SUMS = (SumPatch(terms=(Term(direction="mu", scale="label"), Term(direction="xi"))),
        Patch(direction="xi", scale=Constant(name="k", value="tilt")))
SCALED = (Patch(direction="mu", scale=("label", OfLabel(name="s", plus=1.0, minus=0.5))),
          SumPatch(terms=(Term(direction="xi"), Term(direction="mu", scale=RandomSign(name="e")))))
OF_CLASSES = (Patch(direction="u"), SumPatch(terms=(Term(direction="u"), Term(direction="xi"))))
GIVEN: dict[str, Any] = {"n": 11, "m": 3, "d": 60, "eta": 0.2, "sigma_p": 0.5, "sigma_0": 0.2, "lam": 0.05}
TANH = Activation(name="tanh")


def signed(penalty: str = "none", patches: Any = None, activation: Any = None, **layers: Any) -> Model:
    model = pegr(penalty)
    network = replace(model.network, activation=activation or model.network.activation, **layers)
    return replace(model, name="layers", network=network, patches=patches or model.patches, observables=(), events=(),
                   parameters=(*model.parameters, *[TILT] * (patches is SUMS)))


def classes(penalty: Any = "none", activation: Any = TANH, **layers: Any) -> Model:
    model = heterogeneous(3)
    u, xi = model.directions
    lam = Parameter(name="lam", latex="", meaning="the penalty's weight", kind="real", default=0.1, low=0)
    return replace(
        model, name="layers_of_classes", network=replace(model.network, activation=activation, **layers),
        patches=OF_CLASSES, directions=(u, replace(xi, law=GaussianLaw(std="sigma_p"))), observables=(), events=(),
        objective=Objective(loss="cross_entropy", penalty=penalty),
        parameters=(*model.parameters, *[lam] * (penalty != "none")),
    )


BOTH: dict[str, Any] = {"biases": Biases(), "second_layer": SecondLayer()}
MODELS = {
    "biases": signed(biases=Biases()), "a second layer": signed(second_layer=SecondLayer()),
    "both, penalised": signed("pegr", **BOTH), "both, in full": signed("fgr", **BOTH),
    "sums": signed(patches=SUMS), "scalars": signed("pegr", SCALED), "sums of tanh": signed("pegr", SUMS, TANH, **BOTH),
    "classes": classes(**BOTH), "classes, penalised": classes("per_example", **BOTH),
    "classes, in full": classes("full", biases=Biases()),
}


def start_of(model: Model, seed: int = 1, **more: Any) -> Start:
    given = {**GIVEN, **({} if model.network.head_axis.signed else {"init": "gaussian"}), **more}
    known = {each.name for each in model.parameters}
    problem = problem_of(choose(model, {name: value for name, value in given.items() if name in known}))
    return replace(problem, loaded=plain_kernel(model)).start(seed)


def along(kernel: Kernel, start: Start, steps: int = 8) -> Trajectory:
    of, bound = start.draw, kernel.bind(start.draw.clean, start.draw.scalars)
    return bound.run(of.z, 0 * of.z, of.gram, of.y, start.values, steps, np.arange(steps + 1))


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_steps_are_those_of_the_loops_but_for_the_order_of_sums(model: Model) -> None:
    kernel, start = plain_kernel(model), start_of(model)
    assert kernel.lanes is not None
    loops, lanes = (along(each, start) for each in (kernel.looped(kernel.loops), replace(kernel, lanes_from=0)))
    np.testing.assert_allclose(lanes.z, loops.z, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(lanes.b, loops.b, rtol=1e-12, atol=1e-13)
    assert loops.b[-1].any()


@pytest.mark.slow
@pytest.mark.parametrize("model", [
    pytest.param(model, id=name, marks=() if name == "biases" else pytest.mark.slow)
    for name, model in MODELS.items()
])
def test_compiled_kernels_have_the_bits_of_plain_python(model: Model) -> None:
    for n in (1, 8, 13):
        start = start_of(model, n=n)
        one, two = (along(replace(each, lanes_from=0), start) for each in (kernel_for(model), plain_kernel(model)))
        assert one.z.tobytes() == two.z.tobytes() and one.b.tobytes() == two.b.tobytes() and one.b[-1].any()


CELLS: dict[str, tuple[Model, list[dict[str, Any]]]] = {
    "biases": (MODELS["biases"], [{}, {"sigma_p": 1.0}, {"mu_norm": 3.0}]),
    "a second layer": (MODELS["a second layer"], [{}, {"sigma_p": 1.0}]),
    "a constant that cells differ in": (MODELS["sums"], [{"tilt": 0.1}, {"tilt": 2.0}, {"tilt": 2.0, "mu_norm": 2.0}]),
    "scalars that examples differ in": (MODELS["scalars"], [{}, {"sigma_p": 1.0}, {"mu_norm": 3.0}]),
    "classes": (MODELS["classes, in full"], [{}, {"u_norm": 2.0}]),
}


@pytest.mark.slow  # compiles models of its own
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_fresh_examples_are_judged_as_the_law_of_fresh_examples_says(model: Model) -> None:
    """On lanes, but of neurons with weights of their own, and elsewhere: the same sums of the same draws."""
    kernel, start = kernel_for(model), start_of(model)
    path = along(replace(kernel, lanes_from=0), start)
    found = [
        fresh_statistics(model, each.bind(start.draw.clean, start.draw.scalars), start.draw, path.z[[0, 8]],
                         path.b[[0, 8]], start.values, 3)
        for each in (replace(kernel, lanes_from=0), kernel.looped(kernel.loops))
    ]
    for name, values in found[1].items():
        np.testing.assert_allclose(found[0][name], values, rtol=1e-12, atol=1e-15)
    assert 0.1 < found[0]["test_error"].min() < found[0]["test_error"].max() < 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("model", "cells"), [
    pytest.param(*each, id=name, marks=() if name == "biases" else pytest.mark.slow) for name, each in CELLS.items()
])
def test_grids_go_together(model: Model, cells: list[dict[str, Any]]) -> None:
    """With test errors too, but those of neurons with weights of their own."""
    fresh = () if model.network.second_layer is not None else ("test_error", "test_loss")
    names, problems = ("loss", "rho", *fresh), [start_of(model, **{**each, "m": 2}).problem for each in cells]
    problems = [replace(each, loaded=problems[0].kernel) for each in problems]
    made = batch.together(problems, [0, 1], 4, names)
    assert made.done.all() and made.found is not None
    for problem, row in zip(problems, made.found, strict=True):
        for seed, found in enumerate(row):
            asked = Asked(4, np.array([4]), names, {}, named=True)
            alone = reduced.run(problem.start(seed, "gram"), asked).variables
            assert found is not None
            for name in names:
                assert np.array_equal(found.variables[name].values, alone[name].values), name
    if not fresh:
        assert not batch.together(problems, [0], 4, ("test_error",)).done.any()


@pytest.mark.slow
def test_what_neurons_have_is_looked_at_as_it_is() -> None:
    """The largest bias and the least weight, in the kernel and from outside."""
    extremes: Any = (Extreme(name="highest", latex="h", of="bias", reduce="max"),
                     Extreme(name="least", latex="l", of="a", reduce="min"))
    events = (Event(name="T_bias", latex="T", observable="highest", relation=">=", threshold="eps"),
              Event(name="T_weight", latex="T", observable="least", relation="<=", threshold="1/m - eps/2"))
    model, times = replace(MODELS["both, penalised"], observables=extremes, events=events), set[int]()
    for seed, eps in itertools.product(range(3), (0.01, 0.03)):
        start, asked = start_of(model, seed, eps=eps), Asked(40, np.array([40]), ("T_bias", "T_weight"), {}, True)
        watch = EventWatch(start, asked)
        assert watch.inside() is not None
        start.advance(40, asked.recorded, watch)
        inside = reduced.run(start, asked).variables
        for name in asked.wanted:
            assert int(inside[name].values) == int(watch.times()[name].values)
            times.add(int(inside[name].values))
    assert len(times - {-1, 0}) > 3, times


MUTANTS = [
    ("both, penalised", "entry(z, at + at_biases) + load(z", "load(z"),
    ("sums of tanh", "total(sum_second_layer)", "0.0 * total(sum_second_layer)"),
    ("scalars", "load(scalar_e, i)*", ""),
    ("classes, penalised", "z_u_own + ", ""),
]


@pytest.mark.parametrize(("name", "right", "wrong"), where(lambda case: case[0] == "scalars", MUTANTS))
def test_a_wrong_formula_is_seen_by_validate(name: str, right: str, wrong: str) -> None:
    model = MODELS[name]
    source, start = derive(model).lanes_source(), start_of(model, m=2, n=5)
    assert source is not None and right in source, source
    for text, verdict in ((source, "pass"), (source.replace(right, wrong), "fail")):
        kernel = replace(plain_kernel(model), lanes_plain=plain_module(text, "mutant"), lanes_from=0)
        bound = kernel.bind(start.draw.clean, start.draw.scalars)
        assert compare(model, bound, start.draw, dict(start.values), 4).verdict == verdict
