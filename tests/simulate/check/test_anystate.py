"""Arbitrary states of models of any kind: examples with scalars, matrices, flips, batches; tasks of any families."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import (
    Activation,
    Bernoulli,
    Bilevel,
    Coefficient,
    Directions,
    FixedLaw,
    FreshTasks,
    GaussianLaw,
    GivenMixing,
    GivenScalar,
    GradientDescent,
    MixedLabel,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
    Row,
)
from derivations.papers.pegr.model import model as pegr
from simulate.check.anystate import arbitrary
from simulate.check.case import Case
from simulate.check.noted import Noted

CYCLE = GivenMixing(name="M", rows=((0.5, 0.5, 0), (0, 0.5, 0.5), (0.5, 0, 0.5)))


def number(name: str, default: float | str, kind: Any = "real") -> Parameter:
    return Parameter(name=name, latex="", meaning=name, kind=kind, default=default, low=None if kind == "counts" else 0)


def examples(*parameters: Parameter, **changed: Any) -> Model:
    declared = pegr("none")
    return replace(declared, **{"name": "examples", "observables": (), "events": (),
                                "parameters": (*declared.parameters, *parameters), **changed})


SCALARS = examples(
    number("share", 1.0),
    patches=(Patch(direction="mu", scale=("label", Bernoulli(name="seen", probability="share"))),
             Patch(direction="xi", scale=GivenScalar(name="own"))),
)
MIXED = examples(patches=(Patch(direction="mu", scale=MixedLabel(name="ybar", by=CYCLE)),
                          Patch(direction="xi", scale=Row(by=CYCLE))))
BATCHES = examples(number("batch", 10, "count"), algorithm=GradientDescent(batch="batch"))
TASKS = Model(
    name="several", title="Tasks",
    directions=(
        Directions(name="mu", over="one", latex="mu", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex="g", signed=True)),
        Directions(name="own_k", over="task", latex="v", law=GaussianLaw(std="sigma_v"),
                   coefficient=Coefficient(name="a", latex="a", signed=True)),
        Directions(name="xi", over="sample", latex="xi", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex="r", split=True)),
    ),
    patches=(Patch(direction="mu", scale="label"), Patch(direction="own_k", scale="label"), Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="leaky_relu", slope=0.1)),
    objective=Objective(loss="logistic"), algorithm=Bilevel(method="reptile", shares="sizes", sampled="clients"),
    test=FreshTasks(fresh=("own_k", "xi")),
    parameters=(
        number("n_tasks", 6, "count"), number("n", 5, "count"), number("m", 4, "count"), number("d", 50),
        number("mu_norm", 1.0), number("sigma_v", 0.1), number("sigma_p", 0.1), number("sigma_0", 0.01),
        number("J", 3, "count"), number("eta_inner", 0.5), number("eta", 0.5), number("n_train", 2, "count"),
        number("clients", 6, "count"), number("sizes", "1,2,3,4,5,6", "counts"), number("test_tasks", 4, "count"),
        number("test_support", 5, "count"), number("test_query", 5, "count"),
    ),
)


def states(model: Model, count: int = 12) -> list[Case]:
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        return [arbitrary(Noted(rng), model) for _ in range(count)]


def test_scalars_are_of_their_laws_and_a_givens_are_any() -> None:
    """Before, the arrays of such states were without them, and `check --mutants` refused the model for it."""
    drawn = [each.draw.scalars for each in states(SCALARS)]
    assert all(set(each["seen"]) == {1.0} for each in drawn)  # its probability is 1
    assert {len(set(each["own"])) == len(each["own"]) for each in drawn} == {True}


def test_a_matrix_that_is_given_says_how_many_examples_there_are() -> None:
    for each in states(MIXED):
        np.testing.assert_array_equal(each.draw.scalars["M"], np.array(CYCLE.rows))
        np.testing.assert_allclose(each.draw.scalars["ybar"], np.array(CYCLE.rows) @ each.draw.y)


def test_a_batch_is_of_as_many_examples_as_there_are() -> None:
    assert all(len(each.draw.y) >= int(str(each.states.values["batch"])) for each in states(BATCHES))


@pytest.mark.parametrize(("flips", "differ"), [(0.0, {False}), (0.3, {False, True}), (1.0, {True})])
def test_labels_before_flips_differ_where_they_may(flips: float, differ: set[bool]) -> None:
    """Before, they were the observed ones at every state."""
    found = states(examples(number("p", flips), label_flips="p",
                            patches=(Patch(direction="mu", scale="clean"), Patch(direction="xi"))))
    assert {bool(each) for case in found for each in case.draw.y != case.draw.clean} == differ


def test_tasks_have_families_of_any_index_set_and_law() -> None:
    """Before, only a TaskLaw and noise were known there: a KeyError."""
    for each in states(TASKS):
        tasks, n, gram = each.draw.tasks, len(each.draw.y) // each.draw.tasks, each.draw.gram
        assert len(gram) == 1 + tasks + tasks * n
        assert np.abs(gram[0, 1 + tasks :]).max() == 0.0 < np.abs(gram[0, 1 : 1 + tasks]).max()  # noise is off mu
        assert len(str(each.states.values["sizes"]).split(",")) == tasks >= int(str(each.states.values["clients"]))
