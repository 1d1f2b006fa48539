"""A step of training in torch from a state of any model: agrees with the kernel's, and tells a wrong one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from derivations.declare import Biases, GradientDescent, Model, Network, Parameter, Patch, SecondLayer
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.pegr.model import model as pegr
from simulate.ask.chosen import choose
from simulate.check.case import Case
from simulate.check.replay import replayed
from simulate.observe.states import States
from simulate.run.problem import problem_of
from simulate.testing import plain_kernel
from tests.helpers.wild import plainly


def number(name: str, default: float) -> Parameter:
    return Parameter(name=name, latex="", meaning="", kind="real", default=default, low=0, high=1)


def models() -> dict[str, tuple[Model, dict[str, Any]]]:
    base = replace(pegr("none"), observables=(), events=())
    small = {"n": 4, "m": 2, "d": 30, "eta": 0.2, "sigma_0": 0.5}
    signal = base.directions[0].name
    patches = tuple(Patch(direction=signal, scale="clean") if p.terms[0].direction == signal else p
                    for p in base.patches)
    network: Network = replace(base.network, second_layer=SecondLayer(), biases=Biases())
    flipped = replace(base, patches=patches, label_flips="p", parameters=(*base.parameters, number("p", 0.5)))
    decaying = replace(base, algorithm=GradientDescent(weight_decay="wd"),
                       parameters=(*base.parameters, number("wd", 0.3)))
    tasks = {"n_tasks": 2, "n": 3, "m": 2, "d": 40, "M": 5, "n_train": 1, "eta": 0.3, "eta_inner": 0.3, "sigma_0": 0.5}
    return {"flipped labels": (flipped, small), "second layer and biases": (replace(base, network=network), small),
            "weight decay": (decaying, small), "tasks": (fomaml("reptile", "relu"), tasks)}


def case_of(model: Model, values: dict[str, Any], sampling: str) -> Case:
    kernel = plain_kernel(model)
    with plainly(kernel):
        start = problem_of(choose(model, values)).start(1, sampling)
        z, t = start.draw.z, np.arange(3)
        run = start.kernel.run(z, np.zeros_like(z), start.draw.gram, start.draw.y, start.values, 2, t)
    states = States(model, start.draw, start.values, run.z, run.b, {}, run.scale)
    return cast(Case, SimpleNamespace(model=model, draw=start.draw, states=states, t=t))


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
@pytest.mark.parametrize("name", models())
def test_a_step_is_replayed_where_labels_are_flipped_neurons_have_numbers_weights_decay_or_there_are_tasks(
    name: str, sampling: str
) -> None:
    """Fails where such models are not replayed, or from another W or by other labels."""
    case = case_of(*models()[name], sampling)
    assert float(replayed(case).split("agrees to ")[1].split()[0]) < 1e-12
    wrong = replace(case.states, z=case.states.z * np.array([1.0, 1.0, 1.01])[:, None, None, None])
    off = cast(Case, SimpleNamespace(model=case.model, draw=case.draw, states=wrong, t=case.t))
    assert float(replayed(off).split("agrees to ")[1].split()[0]) > 1e-3
