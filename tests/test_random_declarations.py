"""The proof that the chain is general: random declarations derived, generated, run as plain Python, against torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from derivations.derive import derive
from derivations.model import Activation, Coefficient, Directions, Model, Network, Objective, Patch, Value
from dynamics.kernel import plain_module
from simulate.testing import Instance, activations, clear, instances, one_step, plain_kernel, residual

TOLERANCE = 1e-12  # DESIGN's bar for one step from the same state
CALM = settings(suppress_health_check=list(HealthCheck))


def away_from_kinks(instance: Instance) -> None:
    """Rounding may fall either side of a kink; states within 1e-9 of one prove nothing.  Zero directions stay."""
    assume(clear(instance, np.array([0.0, float(instance.model.network.activation.width)])))


def check(instance: Instance) -> None:
    kernel = plain_kernel(instance.model)
    assume(np.isfinite(one_step(instance, kernel)[0]).all())
    away_from_kinks(instance)
    assert residual(instance, kernel) <= TOLERANCE


@given(instances())
@settings(CALM, max_examples=20)
def test_twenty_random_models_match_training(instance: Instance) -> None:
    check(instance)


@pytest.mark.slow
@given(instances())
@settings(CALM, max_examples=200)
def test_two_hundred_random_models_match_training(instance: Instance) -> None:
    check(instance)


@st.composite
def declarations(draw: Any) -> dict[str, Any]:
    """Parts of a model that need not fit together."""
    over = st.sampled_from(["one", "class", "sample"])
    names = draw(st.lists(st.sampled_from(["mu", "xi", "not a name"]), min_size=1, max_size=2))
    return {
        "name": "parts",
        "title": "",
        "directions": tuple(
            Directions(name=name, over=draw(over), latex=name, coefficient=Coefficient(name=f"c{at}", latex="c"))
            for at, name in enumerate(names)
        ),
        "patches": tuple(
            Patch(direction=draw(st.sampled_from(["mu", "xi"])), scale=draw(st.sampled_from(["one", "label"])))
            for _ in range(draw(st.integers(0, 2)))
        ),
        "network": Network(
            heads=draw(st.sampled_from(["signed", "class"])),
            classes=draw(st.integers(1, 3)),
            activation=draw(st.one_of(activations(), st.just(Activation(name="relu_power", power=1)))),
        ),
        "objective": Objective(loss=draw(st.sampled_from(["logistic", "exponential", "cross_entropy"]))),
    }


@given(declarations())
@settings(CALM, max_examples=100)
def test_a_declaration_either_builds_and_derives_or_is_refused_with_a_reason(parts: dict[str, Any]) -> None:
    try:
        model = Model(**parts)
    except ValueError as refusal:
        reason = str(refusal)
        assert ":" in reason and "\n" not in reason and len(reason) > 30
        return
    assert "def run(" in derive(model).kernel_source()


MUTANTS = [
    ("2.0*kappa/n", "kappa/n"),
    ("-= change * gram[q, c]", "-= change * gram[q, q]"),
    ("return 0.0 if x <= 0.0 else x", "return x"),
]


@pytest.mark.parametrize(("right", "wrong"), MUTANTS)
def test_a_wrong_kernel_is_caught(right: str, wrong: str) -> None:
    from derivations.papers.pegr.model import model as pegr

    rng = np.random.default_rng(5)
    model = pegr("pegr")
    kernel = plain_kernel(model)
    source = derive(model).kernel_source()
    assert right in source
    mutant = replace(kernel, loops=plain_module(source.replace(right, wrong), "mutant"))
    values: dict[str, Value] = {"neurons": "mean", "penalty_half": True, "eta": 0.5, "lam": 0.5, "lam_until": None}
    vectors, W = rng.normal(size=(6, 9)) / 3, rng.normal(size=(2, 3, 9))
    instance = Instance(model, values, vectors, W, rng.choice([-1.0, 1.0], size=5))
    assert residual(instance, kernel) <= TOLERANCE < residual(instance, mutant)
