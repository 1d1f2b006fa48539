"""Every kind of head, of family and of algorithm in a small model, held to what every model has to pass."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from derivations.declare import (
    Activation,
    Bilevel,
    Coefficient,
    Directions,
    FixedLaw,
    FreshLaw,
    FreshTasks,
    GaussianLaw,
    GradientDescent,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
)
from tests.helpers.model_cases import ModelCases

pytestmark = pytest.mark.slow  # every model's kernels are compiled

_OPTIONS = {"batch": 3, "momentum": 0.8, "weight_decay": 0.05, "radius": 0.05, "label_noise": 0.1}
_TASKS = {"n_tasks": 3, "n_train": 2, "J": 2, "eta_inner": 0.3, "test_tasks": 20, "test_support": 4, "test_query": 4}
_LAWS: dict[str, Any] = {"mu": FixedLaw(norm="mu_norm"), "u": FixedLaw(norm="mu_norm"), "v": GaussianLaw(std="sigma_v"),
         "xi": GaussianLaw(std="sigma_p")}
_OVER: dict[str, Any] = {"mu": "one", "u": "class", "v": "task", "xi": "sample"}
_COUNTS = {"n", "m", "d", "batch", "n_tasks", "n_train", "J", "test_tasks", "test_support", "test_query"}


def small(names: tuple[str, ...], signed: bool, algorithm: GradientDescent | Bilevel) -> Model:
    """A model of these families: a signal for all or one a class, a feature a task, noise; ReLU^2 or leaky ReLU."""
    values: dict[str, Any] = {
        "n": 6, "m": 3, "d": 60, "mu_norm": 1.0, "sigma_v": 0.1, "sigma_p": 0.1, "sigma_0": 0.1, "eta": 0.2,
    }
    bilevel = isinstance(algorithm, Bilevel)
    values |= _TASKS if bilevel else {name: _OPTIONS[name] for name in algorithm.options}
    fresh = tuple(name for name in names if name in ("v", "xi"))
    return Model(
        name="small",
        title="A small model",
        directions=tuple(
            Directions(name=name, over=_OVER[name], latex=name, law=_LAWS[name],
                       coefficient=Coefficient(name=f"c_{name}", latex=f"c_{name}"))
            for name in names
        ),
        patches=tuple(
            Patch(direction=name, scale="label" if signed and name in ("mu", "v") else "one") for name in names
        ),
        network=Network(
            heads="signed" if signed else "class", classes=2 if signed else 3,
            activation=Activation(name="relu_power", power=2) if signed else Activation(name="leaky_relu", slope=0.1),
        ),
        objective=Objective(loss="logistic" if signed else "cross_entropy"),
        algorithm=algorithm,
        test=FreshTasks(fresh=fresh) if bilevel else FreshLaw(fresh=fresh),
        parameters=tuple(
            Parameter(name=name, latex="", meaning=name, kind="count" if name in _COUNTS else "real", default=value)
            for name, value in values.items()
        ),
    )


class Small(ModelCases):
    """At the small model's own values."""

    given: ClassVar[dict[str, Any]] = {}


_ALL = GradientDescent.by_option({name: name for name in _OPTIONS})


class TestSignedHeadsByDescent(Small):
    model = small(("mu", "xi"), signed=True, algorithm=GradientDescent())


class TestSignedHeadsByDescentWithOptions(Small):
    model = small(("mu", "xi"), signed=True, algorithm=_ALL)


class TestClassHeadsByDescent(Small):
    model = small(("u", "xi"), signed=False, algorithm=GradientDescent())


class TestClassHeadsByDescentWithOptions(Small):
    model = small(("u", "xi"), signed=False, algorithm=_ALL)


class TestSignedHeadsByTrainTrain(Small):
    model = small(("mu", "v", "xi"), signed=True, algorithm=Bilevel(method="train-train"))


class TestSignedHeadsByTrainValidation(Small):
    model = small(("v", "xi"), signed=True, algorithm=Bilevel(method="train-validation"))


class TestClassHeadsByReptile(Small):
    model = small(("v", "xi"), signed=False, algorithm=Bilevel(method="reptile"))
