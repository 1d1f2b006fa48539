"""Activations' declared derivatives against finite differences, and the conventions at the kink."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from derivations.calculus.activations import EXPRESSED, Relu, Step, merge_steps, sigma
from derivations.declare import Activation
from derivations.kernel.pieces import HELPERS
from derivations.kernel.skeleton import pieces

x = sp.Symbol("x", real=True)

ACTIVATIONS = [
    Activation(name="relu_power", power=2),
    Activation(name="relu_power", power=3),
    Activation(name="relu"),
    Activation(name="relu", at_kink=1),
    Activation(name="leaky_relu", slope=0.3),
    Activation(name="leaky_relu", slope=0.3, at_kink=1),
    Activation(name="huberized_relu", width=0.5),
]


def value(expr: sp.Expr, at: float) -> float:
    """The expression at a point, by the kernel's own helpers."""
    functions = {kind.__name__: getattr(pieces, name) for kind, name in HELPERS.items() if kind not in EXPRESSED}
    return float(sp.lambdify(x, expr, modules=[functions, "math"])(at))


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_derivatives_are_derivatives(activation: Activation) -> None:
    f = sigma(activation, x)
    for order in (0, 1):
        g, dg = sp.diff(f, x, order), sp.diff(f, x, order + 1)
        for at in (-1.3, -0.2, 0.21, 0.43, 0.9, 2.7):
            h = 1e-6
            slope = (value(g, at + h) - value(g, at - h)) / (2 * h)
            assert abs(slope - value(dg, at)) < 1e-8 * max(1.0, abs(slope))


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        (Activation(name="relu"), 0.0),
        (Activation(name="relu", at_kink=1), 1.0),
        (Activation(name="leaky_relu", slope=0.3), 0.3),
        (Activation(name="leaky_relu", slope=0.3, at_kink=1), 1.0),
        (Activation(name="relu_power", power=2), 0.0),
        (Activation(name="huberized_relu"), 0.0),
    ],
    ids=str,
)
def test_the_derivative_at_zero_follows_the_declaration(activation: Activation, expected: float) -> None:
    assert value(sp.diff(sigma(activation, x), x), 0.0) == expected


def test_the_second_derivative_of_relu_squared_keeps_its_indicator() -> None:
    second = merge_steps(sp.diff(sigma(Activation(name="relu_power", power=2), x), x, 2))
    assert second == 2 * Step(x)  # 0^0 = 1 would lose the indicator
    assert value(second, 0.0) == 0.0 and value(second, -1.0) == 0.0


def test_steps_merge_only_with_their_own_relu() -> None:
    z = sp.Symbol("z")
    assert merge_steps(Step(x) * Relu(x) ** 2) == Relu(x) ** 2
    assert merge_steps(Step(z) * Relu(x)) == Step(z) * Relu(x)
    assert merge_steps(Step(x) ** 3) == Step(x)


@pytest.mark.parametrize("name", ["relu", "ramp", "huberized", "leaky"])
def test_nan_passes_through_every_piece(name: str) -> None:
    piece = getattr(pieces, name)
    assert np.isnan(piece(*[np.nan, 0.5][: piece.__code__.co_argcount]))
