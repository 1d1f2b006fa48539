"""Strategies over a user's own model: its parameters, under its own names and in its own ranges."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.declare import Activation, Bernoulli, Bilevel, GradientDescent, Model, Objective, Parameter, Patch
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.pegr.model import model as pegr
from simulate.testing import Instance, clear, instances, kinks, plain_kernel, residual


def real(name: str, default: float | str, **bounds: float | bool) -> Parameter:
    return Parameter(name=name, latex="", meaning=name, kind="real", default=default, **{"low": 0, **bounds})  # type: ignore[arg-type]


PLAIN = pegr("none")
OWN = replace(
    PLAIN, name="own", observables=(), events=(),
    network=replace(PLAIN.network, activation=Activation(name="z*sigmoid(sharp*z)")),
    objective=Objective(loss="log(1 + exp(-z/heat))"),
    algorithm=GradientDescent(step="rate", momentum="memory", batch="few"),
    patches=(Patch(direction="mu", scale=("label", Bernoulli(name="s", probability="share"))), Patch(direction="xi")),
    parameters=(
        *(each for each in PLAIN.parameters if each.name != "eta"), real("rate", 0.01, high=0.02),
        real("sharp", 1.7, open_low=True), real("heat", "2*sharp", open_low=True), real("memory", 0.9, high=0.95),
        real("share", 0.8, high=1),
        Parameter(name="few", latex="", meaning="a batch", kind="count", default=10, low=1),
    ),
)
LOOPS = replace(
    fomaml(), name="loops", observables=(), events=(),
    algorithm=Bilevel(tasks="clients", examples="n", inner_step="inside", inner_steps="rounds", step="outside",
                      train="apart", redrawn="", method="train-validation"),
    parameters=tuple(
        replace(each, name={"n_tasks": "clients", "eta_inner": "inside", "J": "rounds", "eta": "outside",
                            "n_train": "apart"}.get(each.name, each.name)) for each in fomaml().parameters),
)


@pytest.mark.parametrize("model", [OWN, LOOPS])
def test_a_model_of_ones_own_is_stepped_as_torch_trains_it(model: Model) -> None:
    """Before, parameters that the package's own models do not have were absent, and steps by another name too."""
    kernel, met = plain_kernel(model), []

    @settings(max_examples=10, deadline=None, derandomize=True, database=None)
    @given(instances(of=st.just(model)))
    def stepped(instance: Instance) -> None:
        met.append(instance)
        if clear(instance, kinks(model, instance.values)):
            assert residual(instance, kernel) < 1e-11

    stepped()
    for each in met:
        values = each.values
        assert all(parameter.spans(float(str(values[parameter.name]))) for parameter in model.parameters
                   if parameter.numeric and values[parameter.name] is not None)
    if model is OWN:
        assert len({each.values["share"] for each in met}) > 1
