"""Activations that a class fixes: computed once a class, in every kernel that has class families, and still right."""

from __future__ import annotations

import ast
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import (
    Activation,
    Bilevel,
    Coefficient,
    Directions,
    GradientDescent,
    Model,
    Network,
    Objective,
    Patch,
    Value,
)
from derivations.derive import derive
from dynamics.kernel.loading import plain_module
from simulate.testing import Instance, plain_kernel, residual
from tests.helpers.slowly import where

TOLERANCE = 1e-12
OPTIONS = ("batch", "momentum", "weight_decay", "radius", "label_noise")
VALUES: dict[str, Value] = {
    "neurons": "mean", "penalty_half": True, "eta": 0.3, "lam": 0.5, "lam_until": None, "n": 7, "m": 3, "d": 9,
    "batch": 3, "momentum": 0.8, "weight_decay": 0.05, "radius": 0.05, "label_noise": 0.4, "n_tasks": 3, "n_train": 4,
    "J": 2, "eta_inner": 0.4,
}


ACTIVATIONS = {"relu": Activation(name="relu"), "relu_power": Activation(name="relu_power", power=2)}


def declared(algorithm: GradientDescent | Bilevel, penalty: Any = "none", activation: Any = "relu") -> Model:
    """Two families over classes, one with two patches, beside a shared direction and noise."""
    overs = {"u": "class", "v": "class", "mu": "one", "xi": "sample"}
    families: Any = [
        Directions(name=name, over=over, latex=name, coefficient=Coefficient(name=f"c_{name}", latex="c"))  # type: ignore[arg-type]
        for name, over in overs.items()
    ]
    return Model(
        name="classes", title="Two families over classes", directions=tuple(families),
        patches=tuple(Patch(direction=name) for name in ("u", "xi", "v", "mu", "u")),
        network=Network(heads="class", classes=4, activation=ACTIVATIONS[activation]),
        objective=Objective(loss="cross_entropy", penalty=penalty), algorithm=algorithm,
    )


def instance(model: Model, seed: int = 3) -> Instance:
    """A state of order one whose last class is empty."""
    rng = np.random.default_rng(seed)
    tasks = 3 if isinstance(model.algorithm, Bilevel) else 1
    y = rng.integers(0, 3, 7 * tasks).astype(np.float64)
    vectors = rng.normal(size=(model.offsets(len(y), tasks)[""], 9)) / 3
    return Instance(model, VALUES, vectors, rng.normal(size=(4, 3, 9)), y, seed=2)


def functions(source: str) -> dict[str, str]:
    tree = ast.parse(source)
    return {node.name: ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("options", "penalty", "activation"), where(
    lambda case: (case[2] == "relu") == (case[1] == "full") and case[0] in [(), OPTIONS],
    itertools.product(
        [(), ("batch",), ("label_noise",), OPTIONS], ("none", "per_example", "full"), ("relu", "relu_power")
    ),
))
def test_one_step_is_training(options: tuple[str, ...], penalty: str, activation: str) -> None:
    algorithm = GradientDescent.by_option({name: name for name in options})
    found = instance(declared(algorithm, penalty, activation))
    kernel = plain_kernel(found.model)
    assert kernel.lanes is not None
    for each in (kernel.looped(kernel.loops), replace(kernel, lanes_from=0)):
        assert residual(found, each) <= TOLERANCE


@pytest.mark.parametrize("method", ["train-train", "train-validation", "reptile"])
def test_one_outer_step_is_training(method: Any) -> None:
    found = instance(declared(Bilevel(method=method)))
    assert residual(found, plain_kernel(found.model)) <= TOLERANCE


MUTANTS = [
    ("F[h, i] += F_by_class[y[i]]", "F[h, i] += F_by_class[0]"),
    ("v0_by_class[y[i]] += v0[h, i]", "v0_by_class[y[i]] = v0[h, i]"),
    ("F_by_class[:] = 0.0", "pass"),
    ("v0_by_class[:] = 0.0", "pass"),
    ("a_v = z[h, r, at_v + q]", "a_v = z[h, r, at_v]"),
]


@pytest.mark.parametrize(("algorithm", "mutant"), list(itertools.product(
    [GradientDescent(), GradientDescent(batch="batch"), Bilevel(method="train-validation")], MUTANTS,
)))
def test_a_wrong_kernel_is_caught(algorithm: GradientDescent | Bilevel, mutant: tuple[str, str]) -> None:
    found = instance(declared(algorithm))
    kernel, source = plain_kernel(found.model), derive(found.model).kernel_source()
    assert mutant[0] in source
    wrong = kernel.looped(plain_module(source.replace(*mutant), "mutant"))
    assert residual(found, kernel) <= TOLERANCE < residual(found, wrong)


@pytest.mark.parametrize("algorithm", [GradientDescent(), GradientDescent(batch="batch"), Bilevel()])
def test_no_example_computes_what_its_class_fixes(algorithm: GradientDescent | Bilevel) -> None:
    text = functions(derive(declared(algorithm)).kernel_source())["plain_gradient"]
    assert "at_u + q]" in text and "at_v + q]" in text
    assert "at_u + y[i]" not in text and "at_v + y[i]" not in text


def test_terms_that_mix_families_stay_with_the_examples() -> None:
    """A penalty's, in which a filter's activations multiply one another."""
    text = functions(derive(declared(GradientDescent(), "per_example", "relu_power")).kernel_source())
    assert "g[h, r, at_u + q] =" in text["gradient"] and "g[h, r, at_u + y[i]] +=" in text["gradient"]
    assert "at_u + y[i]" not in text["plain_gradient"]


@pytest.mark.parametrize("algorithm", [GradientDescent(), Bilevel()])
def test_only_outer_functions_allocate(algorithm: GradientDescent | Bilevel) -> None:
    text = functions(derive(declared(algorithm, "none" if isinstance(algorithm, Bilevel) else "full")).kernel_source())
    allocating = {name for name, body in text.items() if "np.zeros" in body}
    assert allocating <= {"run", "observe", "adapt_all"}
    assert all("F_by_class = np.zeros(4)" in text[name] for name in allocating)
