"""Declarations that random draws found wrong, the smallest of each kind; `tests.helpers.wild` says what right is."""

from __future__ import annotations

from typing import Any

import pytest

from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    FixedLaw,
    FreshLaw,
    GradientDescent,
    Model,
    Network,
    Objective,
    OnePass,
    Parameter,
    Patch,
    to_plain,
)
from tests.helpers.wild import outcome


def number(name: str, default: float, **more: Any) -> Parameter:
    return Parameter(**{"name": name, "latex": "", "meaning": "", "kind": "real", "default": default, **more})


SIZES = tuple(number(name, size, kind="count") for name, size in (("n", 3), ("m", 2), ("d", 7)))
SIGNAL = Directions(name="mu", over="one", latex="m", law=FixedLaw(norm="length"),
                    coefficient=Coefficient(name="gamma", latex="c"))
FLAG = Parameter(name="fresh", latex="", meaning="", kind="flag", default=True)


def model(**parts: Any) -> Model:
    """Class heads on one signal, unless the parts say otherwise."""
    declared: dict[str, Any] = {
        "name": "once_wrong", "title": "", "directions": (SIGNAL,), "patches": (Patch(direction="mu"),),
        "network": Network(heads="class", classes=3, activation=Activation(name="relu")),
        "objective": Objective(loss="cross_entropy"), "algorithm": GradientDescent(), "test": FreshLaw(),
        "parameters": (*SIZES, number("length", 0.5), number("sigma_0", 0.7), number("eta", 0.3), FLAG),
    }
    return Model(**(declared | parts))


CASES = {
    "one pass over labels alone, with no vector to draw": model(algorithm=OnePass(redrawn="fresh")),
}
"""Wrong in a step or a run."""
WHOLE = {
    "a single direction, which a probe set to 0": model(),
}
"""Wrong in what `validate` said."""


@pytest.mark.parametrize("name", CASES)
def test_what_ran_wrong_is_refused_in_a_sentence_or_runs_right(name: str) -> None:
    assert outcome(to_plain(CASES[name])) in ("right", "refused")


@pytest.mark.parametrize("name", WHOLE)
def test_what_validation_got_wrong_is_validated(name: str) -> None:
    assert outcome(to_plain(WHOLE[name]), whole=True) in ("right", "refused")
