"""A right kernel passes where its sums cancel, and a wrong one does not, whatever cancels beside what it gets wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from derivations.declare import (
    Activation,
    AnyPatch,
    Coefficient,
    Directions,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    GradientDescent,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
)
from derivations.derive import derive
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from simulate.ask import parameters
from simulate.testing import plain_kernel
from simulate.train import weights
from simulate.validate import reported, states
from simulate.validate.probes import overflow_rows, step_rows
from simulate.validate.report import Left, Row
from simulate.validate.seen_rows import seen_rows

KINK = "one step, change of W: pre-activations at the kink"


def number(name: str, default: float) -> Parameter:
    kind: Literal["count", "real"] = "count" if name in "nm" else "real"
    return Parameter(name=name, latex="", meaning=name, kind=kind, default=default, low=0)


def flipped(activation: Activation, algorithm: GradientDescent | None = None, *more: AnyPatch) -> Model:
    """A signal whose label is flipped as often as not: of even examples all terms of the gradient may cancel."""
    own = Coefficient(name="gamma", latex="g"), Coefficient(name="rho", latex="r")
    families = (
        Directions(name="mu", over="one", latex="v", law=FixedLaw(norm="length"), coefficient=own[0]),
        Directions(name="xi", over="sample", latex="x", law=GaussianLaw(std="std"), coefficient=own[1]),
    )
    return Model(
        name="flipped", title="", directions=families[: 1 + bool(more)],
        patches=(Patch(direction="mu", scale="clean"), *more),
        network=Network(heads="signed", activation=activation),
        objective=Objective(loss="sigmoid(-z)", label_weights=(0.5, "half")), label_flips="share",
        algorithm=algorithm or GradientDescent(), test=FreshLaw(fresh=("xi",) if more else ()),
        parameters=tuple(number(name, value) for name, value in (
            ("n", 4), ("m", 2), ("d", 7), ("length", 1.0), ("std", 0.5), ("sigma_0", 0.7), ("eta", 0.3), ("half", 0.5),
            ("share", 0.4), ("kept", 0.4)) if name not in unread(algorithm, more)),
    )


def unread(algorithm: GradientDescent | None, more: tuple[AnyPatch, ...]) -> set[str]:
    """Parameters that such a model has no use for."""
    return {*([] if algorithm else ["kept"]), *([] if more else ["std"])}


def at_kinks(model: Model, kernel: Kernel) -> list[Row | Left]:
    values = {**parameters.resolve(model).values, "lam_until": None}
    found: list[Row | Left] = []
    for probe in states.kinks(model, kernel, values, "cpu"):
        found += [*step_rows(probe), *seen_rows(probe)]
    return found


LEAKY = Activation(name="leaky_relu", slope=0.2)


@pytest.mark.parametrize("model", [
    flipped(LEAKY), flipped(Activation(name="identity")), flipped(Activation(name="relu")),
    flipped(LEAKY, GradientDescent(clip="kept")),
    flipped(Activation(name="identity"), None, Patch(direction="xi", scale="label"), Patch(direction="xi")),
], ids=["leaky", "identity", "relu", "clipped", "patches"])
def test_a_right_kernel_holds_where_its_gradient_cancels(model: Model) -> None:
    """A difference of 1e-17 over a gradient of 1e-17 was called wrong."""
    rows = at_kinks(model, plain_kernel(model))
    assert not [row for row in rows if isinstance(row, Left) or not row.holds]
    assert any(isinstance(row, Row) and row.what == KINK for row in rows)


def test_a_normalised_gradient_that_cancels_is_left_out() -> None:
    """Its direction is rounding, and its length is not: with l' that rounds otherwise at x and -x, no more wrong."""
    model = flipped(LEAKY, GradientDescent(normalised="kept"))
    source, even = derive(model).kernel_source(), "e = exp(-abs(x))\n    return e / ((1.0"
    assert even in source
    other = plain_module(source.replace(even, even.replace("-abs(x)", "x")), "uneven")
    rows = at_kinks(model, plain_kernel(model).looped(other))
    assert not [row for row in rows if isinstance(row, Row) and not row.holds]
    assert {row.what for row in rows if isinstance(row, Left)} == {KINK}


@pytest.mark.parametrize(("right", "wrong"), [
    ("return e / ((1.0 + e)", "return 1.0000001*e / ((1.0 + e)"), ("return s if x <= 0.0", "return s if x < 0.0"),
])
def test_a_kernel_that_is_wrong_where_another_gradient_cancels_is_caught(right: str, wrong: str) -> None:
    """By a ten-millionth of the slope, or at the kink alone."""
    model = flipped(LEAKY)
    source = derive(model).kernel_source()
    assert right in source, source
    kernel = plain_kernel(model).looped(plain_module(source.replace(right, wrong), "mutant"))
    values = {**parameters.resolve(model).values, "lam_until": None}
    generic = [row for probe in states.generic(model, kernel, values, "cpu") for row in step_rows(probe)]
    assert [row.what for row in [*generic, *at_kinks(model, kernel)] if isinstance(row, Row) and not row.holds]


def test_outputs_near_the_largest_number_are_no_probe_of_overflow() -> None:
    """Each head's own output is beyond the numbers and their difference is not: the order of a sum decides."""
    model = replace(flipped(Activation(name="identity")), name="near")
    values = {**parameters.resolve(model).values, "lam_until": None, "neurons": "mean"}  # the probe takes the other one
    kernel = plain_kernel(model)
    pair = states.overflowing(model, kernel, values, "cpu")
    sixteenth = weights.outputs(pair.task, pair.task.vectors.new_tensor(pair.start) / 16, pair.task.patches).numpy()
    largest = np.finfo(np.float64).max / 16
    assert np.abs(sixteenth).max() > largest > np.abs(model.network.head_axis.output(sixteenth)).max()
    with np.errstate(all="ignore"):
        assert not list(overflow_rows(model, kernel, values, "cpu"))


def test_a_reported_gradient_that_cancels_is_over_its_terms() -> None:
    """Inside the hinge every slope is 1, and examples of one vector cancel: terms were taken of patches not moved."""
    alike = Model(
        name="alike", title="", patches=(Patch(direction="mu"),),
        directions=(Directions(name="mu", over="one", latex="v", law=FixedLaw(norm="length"),
                               coefficient=Coefficient(name="gamma", latex="g")),
                    Directions(name="xi", over="sample", latex="x", law=GaussianLaw(std="std"),
                               coefficient=Coefficient(name="rho", latex="r"))),
        network=Network(heads="signed", activation=Activation(name="relu")), objective=Objective(loss="hinge"),
        test=FreshLaw(fresh=("xi",)),
        parameters=tuple(number(name, value) for name, value in (
            ("n", 4), ("m", 2), ("d", 7), ("length", 1.0), ("std", 0.5), ("sigma_0", 0.7), ("eta", 0.3))),
    )
    values = {**parameters.resolve(alike).values, "lam_until": None}
    rows, _ = reported.rows(alike, plain_kernel(alike), values, "cpu")
    assert all(row.holds for row in rows), [row for row in rows if not row.holds]
