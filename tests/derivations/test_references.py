"""What a declaration names is declared: families and parameters are looked up where the model is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from derivations.declare import (
    EntryInitialisation,
    Event,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    GradientDescent,
    Model,
    Objective,
    Parameter,
    unread,
)
from derivations.errors import ModelError
from derivations.papers.pegr.model import model as pegr

PEGR = pegr("none")
MU, XI = PEGR.directions


def without(name: str) -> Model:
    """PEGR with a parameter left out."""
    return replace(PEGR, parameters=tuple(each for each in PEGR.parameters if each.name != name))


WRONG: dict[str, tuple[Callable[[], Model], str]] = {
    "noise off no family": (
        lambda: replace(PEGR, directions=(MU, replace(XI, law=GaussianLaw(std="sigma_p", off=("nu",))))),
        "GaussianLaw.off: 'nu' is no family of this model; expected one of mu, xi",
    ),
    "a fresh family that is none": (
        lambda: replace(PEGR, test=FreshLaw(fresh=("zi",))),
        "FreshLaw.fresh: 'zi' is no family of this model; expected one of mu, xi",
    ),
    "a length that is no parameter": (
        lambda: replace(PEGR, directions=(replace(MU, law=FixedLaw(norm="mu_nrom")), XI)),
        "FixedLaw.norm: 'mu_nrom' is no parameter of this model; did you mean 'mu_norm'?",
    ),
    "a step that is no parameter": (
        lambda: replace(PEGR, algorithm=GradientDescent(step="etaa")),
        "GradientDescent.step: 'etaa' is no parameter of this model; did you mean 'eta'?",
    ),
    "the step's parameter left out": (lambda: without("eta"), "GradientDescent.step: 'eta' is no parameter"),
    "an option that is no parameter": (
        lambda: replace(PEGR, algorithm=GradientDescent(momentum="beta")), "GradientDescent.momentum: 'beta' is no",
    ),
    "a start that is no parameter": (
        lambda: replace(PEGR, initialisation=EntryInitialisation(std="sigma_0", shape="form")),
        "EntryInitialisation.shape: 'form' is no parameter",
    ),
    "an event of no variable": (
        lambda: replace(PEGR, events=(Event(name="T", latex="", observable="test_eror", relation="<=",
                                            threshold="1"),)),
        "Event.observable: 'test_eror' is no variable of this model; did you mean 'test_error'?",
    ),
    "an event of another event": (
        lambda: replace(PEGR, events=(*PEGR.events, Event(name="T", latex="", observable="T_1", relation="<=",
                                                          threshold="1"))),
        "Event.observable: 'T_1' is no variable of this model",
    ),
    "a flag that is no parameter": (lambda: replace(PEGR, class_sizes="sizes"), "Model.class_sizes: 'sizes' is no"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_name_that_nothing_has_is_refused_with_the_nearest(name: str) -> None:
    make, said = WRONG[name]
    with pytest.raises(ModelError) as caught:
        make()
    assert said in str(caught.value)


LOW = replace(PEGR, events=(Event(name="T_low", latex="", observable="test_error", relation="<=", threshold="0.3"),))
SMALL = {"n": 20, "m": 4, "d": 40, "sigma_p": 0.3, "eta": 0.5}


def test_an_event_of_fresh_examples_is_reached_at_the_first_step_at_which_they_are_judged_so() -> None:
    """It used to be declared, and watched at no step."""
    from simulate.run.run import run

    data = run(LOW, SMALL, steps=40, record="all", observables=["test_error", "T_low"])
    reached = np.flatnonzero(data["test_error"].values <= 0.3)
    assert 0 < int(data["T_low"]) == reached[0] and reached.size
    alone = run(LOW, SMALL, steps=40, record=[40], observables=["T_low"])
    assert int(alone["T_low"]) == reached[0]
    assert int(run(LOW, SMALL, steps=int(reached[0]) - 1, observables=["T_low"])["T_low"]) == -1
    stopped = run(LOW, SMALL, steps=40, until={"test_error": 0.3})
    assert int(stopped["t"][-1]) == reached[0]


def test_a_grid_has_the_hitting_times_of_fresh_examples() -> None:
    from simulate.phase.phase import phase
    from simulate.run.run import run

    given = {name: value for name, value in SMALL.items() if name != "eta"}
    grid = phase(LOW, given, x="eta=0.5,2", observable="T_low,test_error", steps=40, seeds=2,
                 sampling="vectors", progress=False)
    for eta in (0.5, 2.0):
        one = run(LOW, {**SMALL, "eta": eta}, steps=40, seed=1, observables=["T_low"])
        assert int(grid["T_low"].sel(eta=eta, seed=1)) == int(one["T_low"])


@pytest.mark.parametrize("relation", [">=", "<="])
def test_an_event_is_met_where_every_entry_meets_it(relation: Literal[">=", "<="]) -> None:
    from simulate.run.run import run

    small = {"n": 4, "m": 2, "d": 20, "eta": 0.5}
    margins = run(PEGR, small, steps=30, record="all", observables=["margins"])["margins"].values
    bound = float(margins[15 if relation == ">=" else 0].mean())
    each = margins >= bound if relation == ">=" else margins <= bound
    met, wrong = each.all(1), each.any(1)
    event = Event(name="T", latex="", observable="margins", relation=relation, threshold=repr(bound))
    found = int(run(replace(PEGR, events=(event,)), small, steps=30, observables=["T"])["T"])
    assert found == (int(np.argmax(met)) if met.any() else -1) != int(np.argmax(wrong))


def test_what_nothing_reads_is_noted() -> None:
    """An unread momentum used to be reported as a default that was used."""
    from simulate.run.run import run

    momentum = Parameter(name="momentum", latex="", meaning="momentum", kind="real", default=0.9)
    idle = replace(PEGR, parameters=(*PEGR.parameters, momentum))
    line = "momentum plays no part in the run: nothing of pegr reads it"
    assert unread(idle) == ("lam", "lam_until", "penalty_half", "momentum")
    assert line in run(idle, SMALL, steps=1, observables=["loss"]).attrs["notes"]
    used = replace(idle, algorithm=GradientDescent(momentum="momentum"))
    assert "momentum" not in unread(used)


@pytest.mark.parametrize(("loss", "rises"), [
    ("exp(z)", True), ("log(1 + exp(z/temp))", True), ("exp(-z)", False), ("squared", False), ("logistic", False)])
def test_a_loss_that_grows_with_the_margin_is_noted(loss: str, rises: bool) -> None:
    """A sign that was forgotten trained every example to be wrong, and nothing said so."""
    import gammarho as gr
    from simulate.ask.losses import rising

    temp = Parameter(name="temp", latex="", meaning="temperature", kind="real", default=2.0, low=1)
    model = replace(PEGR, objective=Objective(loss=loss), parameters=(*PEGR.parameters, temp))
    said = rising(model, {"temp": 2.0})
    assert bool(said) is rises
    if loss == "exp(z)":
        assert "the loss exp(z) grows with the margin z = y f at 0" in said[0]
        told = gr.run(model, SMALL, steps=1, observables=["loss"], engine="weights")
        assert said[0] in told.attrs["notes"]


def test_a_model_without_parameters_is_derived_and_refers_freely() -> None:
    assert replace(PEGR, parameters=()).algorithm.step == "eta"
