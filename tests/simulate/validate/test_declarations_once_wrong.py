"""Declarations that random draws found wrong, the smallest of each kind; `tests.helpers.wild` says what right is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import (
    Activation,
    Bilevel,
    Coefficient,
    Constant,
    Directions,
    EntryLaw,
    FewActive,
    FixedLaw,
    FreshLaw,
    FreshTasks,
    GaussianLaw,
    GradientDescent,
    HeldOutLaw,
    LongTail,
    Model,
    NearLaw,
    NearOrthogonality,
    Network,
    Objective,
    OnePass,
    Parameter,
    Patch,
    Schedule,
    SecondLayer,
    SumPatch,
    Term,
    to_plain,
)
from derivations.errors import ModelError
from simulate.validate.report import apart, in_errors, relative
from simulate.validate.reported import _gap
from tests.helpers.wild import outcome


def number(name: str, default: float, **more: Any) -> Parameter:
    return Parameter(**{"name": name, "latex": "", "meaning": "", "kind": "real", "default": default, **more})


SIZES = tuple(number(name, size, kind="count") for name, size in (("n", 3), ("m", 2), ("d", 7)))
SIGNAL = Directions(name="mu", over="one", latex="m", law=FixedLaw(norm="length"),
                    coefficient=Coefficient(name="gamma", latex="c"))
NOISE = Directions(name="xi", over="sample", latex="x", law=GaussianLaw(std="length"),
                   coefficient=Coefficient(name="rho", latex="r"))
OTHER = Directions(name="nu", over="one", latex="n", law=FixedLaw(norm="length"),
                   coefficient=Coefficient(name="delta", latex="d"))
IDLE = Directions(name="idle", over="one", latex="i", law=FixedLaw(norm="length"),
                  coefficient=Coefficient(name="still", latex="s"))
SHARE = Constant(name="share", value="g")
FLAG = Parameter(name="fresh", latex="", meaning="", kind="flag", default=True)


def model(**parts: Any) -> Model:
    """Class heads on one signal, unless the parts say otherwise."""
    declared: dict[str, Any] = {
        "name": "once_wrong", "title": "", "directions": (SIGNAL,), "patches": (Patch(direction="mu"),),
        "network": Network(heads="class", classes=3, activation=Activation(name="relu")),
        "objective": Objective(loss="cross_entropy"), "algorithm": GradientDescent(), "test": FreshLaw(),
        "parameters": (*SIZES, number("length", 0.5), number("sigma_0", 0.7), number("eta", 0.3), FLAG,
                       number("flips", 0.4)),
    }
    return Model(**(declared | parts))




def network(**activation: Any) -> Network:
    """Signed heads."""
    return Network(heads="signed", activation=Activation(**activation))


SIGNED: dict[str, Any] = {"network": network(name="relu"), "objective": Objective(loss="logistic")}
CASES: dict[str, Any] = {
    "one pass over labels alone, with no vector to draw": model(algorithm=OnePass(redrawn="fresh")),
    "a spectrum of fresh noise, of examples that are held out": {
        **to_plain(model(directions=(SIGNAL, NOISE), patches=(Patch(direction="xi"),), test=HeldOutLaw())),
        "observables": [{"is": "NoiseSpectrum", "name": "spectrum", "latex": "", "of": "xi"}]},
    "what is known of data that every step draws": model(
        directions=(SIGNAL, NOISE), patches=(Patch(direction="xi"),), test=FreshLaw(fresh=("xi",)),
        algorithm=OnePass(redrawn="fresh"),
        observables=(NearOrthogonality(name="near", latex="", of="xi"),)),
}
"""Wrong in a step or a run."""
TASKS = tuple(number(name, value, kind="count") for name, value in (
    ("n_tasks", 3), ("n_train", 1), ("J", 2), ("test_tasks", 3), ("test_support", 2), ("test_query", 2)))
WHOLE = {
    "a single direction, which a probe set to 0": model(),
    "zeta where two patches hold one direction": model(
        **SIGNED | {"network": network(name="relu_power", power=2)}, label_flips="flips",
        patches=(Patch(direction="mu", scale="clean"), Patch(direction="mu"))),
    "a pre-activation that is 0 but for the rounding of scalars": model(
        directions=(SIGNAL, IDLE, OTHER), parameters=(*SIZES, number("length", 0.5), number("sigma_0", 0.7),
                                                number("eta", 0.3), number("g", 0.3)),
        network=Network(heads="class", classes=3, activation=Activation(name="leaky_relu", slope="g")),
        patches=(SumPatch(terms=(Term(direction="nu", scale=(SHARE,)), Term(direction="mu", scale=(SHARE,)),
                                 Term(direction="mu"))), Patch(direction="nu"), Patch(direction="nu"))),
    "a mean of three fresh tasks, whose error is not known": model(
        **SIGNED | {"network": network(name="relu_power", power=2)}, algorithm=Bilevel(method="train-validation"),
        test=FreshTasks(), parameters=(*SIZES, *TASKS, number("length", 0.5), number("sigma_0", 0.7),
                                       number("eta", 0.3), number("eta_inner", 0.3))),
    "adaptation that diverges where the activation hides it": model(
        **SIGNED | {"network": network(name="relu_power", power=2), "objective": Objective(loss="exponential")},
        patches=(*[Patch(direction="mu", scale="label")] * 2, Patch(direction="mu")), test=FreshTasks(),
        algorithm=Bilevel(method="reptile"), parameters=(
            *SIZES, *TASKS, number("length", 0.5), number("sigma_0", 0.7), number("eta", 0.3),
            number("eta_inner", 0.5))),
    "saturated neurons that cancel on two patches": model(
        directions=(
            Directions(name="nu", over="sample", latex="x",
                       law=EntryLaw(std="length", entries="sparse", share="length"),
                       coefficient=Coefficient(name="rho", latex="r", scaled=True)),
            Directions(name="mu", over="class", latex="m", law=FixedLaw(norm="length"),
                       coefficient=Coefficient(name="gamma", latex="c", scaled=True)),
        ),
        patches=(Patch(direction="nu"), Patch(direction="mu")),
        network=Network(heads="class", classes=3, activation=Activation(name="tanh(slope*z)"),
                        second_layer=SecondLayer(name="a", latex="a")),
        algorithm=GradientDescent(clip="length", schedules=(Schedule(of="eta", formula="eta/(1 + t)"),)),
        test=NearLaw(near=("nu",), std="length", labels="fresh"), parameters=(
            *SIZES, number("length", 0.5), number("slope", 0.5), number("sigma_0", 0.7), number("eta", 0.3))),
    "a loss that is infinite in both engines": model(
        **SIGNED | {"objective": Objective(loss="exponential", penalty="per_example"),
                    "network": network(name="relu", at_kink=1)},
        directions=(replace(NOISE, law=None, coefficient=replace(NOISE.coefficient, scaled=True)), SIGNAL, OTHER),
        patches=(*[Patch(direction="xi", scale="clean")] * 2, Patch(direction="xi")), label_flips="flips",
        algorithm=GradientDescent(label_noise="flips"), test=FreshLaw(fresh=("xi",), flips=False),
        parameters=(*SIZES, number("length", 0.5), number("flips", 0.4), number("sigma_0", 0.7), number("eta", 0.3),
                    number("lam", 0.2))),
    "held-out examples beside those that every step draws": model(
        directions=(NOISE,), patches=(Patch(direction="xi"),), test=HeldOutLaw(), algorithm=OnePass(redrawn="fresh")),
}
"""Wrong in what `validate` said."""


@pytest.mark.parametrize("name", CASES)
def test_what_ran_wrong_is_refused_in_a_sentence_or_runs_right(name: str) -> None:
    case = CASES[name]
    assert outcome(to_plain(case) if isinstance(case, Model) else case) in ("right", "refused")


@pytest.mark.parametrize("name", WHOLE)
def test_what_validation_got_wrong_is_validated(name: str) -> None:
    assert outcome(to_plain(WHOLE[name]), whole=True) in ("right", "refused")


@pytest.mark.parametrize("kind", [LongTail, FewActive])
def test_what_is_of_fresh_vectors_that_no_patch_holds_is_refused(kind: type) -> None:
    with pytest.raises(ModelError, match="of 'xi', which no patch holds; name a family that fresh examples hold"):
        model(directions=(SIGNAL, NOISE), test=FreshLaw(fresh=("xi",)),
              observables=(kind(name="tail", latex="", of="xi"),))


def test_what_one_library_underflows_is_no_gap() -> None:
    """z Phi(z) far below 0: of the size of the least doubles here, 0 there, and the scale is 0 too."""
    gaps = relative(np.array([1e-310, 1e-300, np.nan]), np.zeros(3))
    assert np.array_equal(gaps, [0.0, np.inf, np.nan], equal_nan=True)


def test_the_same_infinity_is_no_gap() -> None:
    inf, nan = np.inf, np.nan
    given = np.array([inf, -inf, nan, inf, 1.0, inf, 1.0, nan, nan])
    wanted = np.array([inf, -inf, -inf, -inf, inf, 1.0, 1.0, 1.0, nan])
    assert np.array_equal(apart(given, wanted), [0.0, 0.0, 0.0, inf, -inf, inf, 0.0, nan, 0.0], equal_nan=True)


def test_a_standard_error_of_rounding_is_none() -> None:
    """Fails where two estimates that differ by rounding alone are told apart by an error of rounding."""
    assert in_errors("of samples that are all alike", 1e-16, 2e-18, 0.7).holds
    assert not in_errors("of samples that are all alike", 1e-8, 2e-18, 0.7).holds
    assert not in_errors("of samples", 0.1, 0.01, 0.7).holds


def test_what_is_infinite_in_weight_space_may_be_no_number_of_the_sums_that_are_kept() -> None:
    """Fails where terms that are infinite with both signs were called a difference."""
    inf, nan, one = np.inf, np.nan, np.array([1.0, 2.0])
    assert _gap(np.array([1.0, nan]), np.array([1.0, inf])) == 0 == _gap(np.array([1.0, inf]), np.array([1.0, inf]))
    assert _gap(np.array([1.0, nan]), one) == inf == _gap(one, np.array([1.0, inf])) == _gap(one, np.array([1.0, nan]))
