"""Settings whose patches are sums of terms: XOR clusters at an angle, and views that may be missing."""

from __future__ import annotations

from typing import Any

from derivations.declare import (
    Activation,
    Angle,
    Bernoulli,
    Coefficient,
    Directions,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    Law,
    Model,
    Network,
    Objective,
    OfLabel,
    Over,
    Parameter,
    Patch,
    RandomSign,
    SumPatch,
    Term,
)

EPS = RandomSign(name="eps", latex=r"\epsilon")
UP, DOWN = OfLabel(name="up", plus=1, minus=0), OfLabel(name="down", plus=0, minus=1)
SEEN = Bernoulli(name="seen", probability="presence")


def number(name: str, default: float, **more: Any) -> Parameter:
    """A real parameter from 0."""
    return Parameter(name=name, latex="", meaning=name, kind="real", default=default, **{"low": 0, **more})


def count(name: str, default: int) -> Parameter:
    """A whole number from 1."""
    return Parameter(name=name, latex=name, meaning=name, kind="count", default=default, low=1)


def family(name: str, over: Over, law: Law, **coefficient: Any) -> Directions:
    """A family whose coefficient is called c_NAME."""
    return Directions(name=name, over=over, latex=rf"\mathbf{{{name}}}", law=law,
                      coefficient=Coefficient(name=f"c_{name}", latex=rf"c_{{{name}}}", **coefficient))


SIZES = (count("n", 12), count("m", 4), number("d", 60), number("sigma_0", 0.1), number("eta", 0.2))


def xor(**more: Any) -> Model:
    """x_i = eps_i mu where the clean label is +1, eps_i nu where it is -1, plus noise off both."""
    declared: dict[str, Any] = {
        "name": "xor", "title": "XOR clusters at an angle",
        "directions": (
            family("mu", "one", FixedLaw(norm="length")), family("nu", "one", FixedLaw(norm="length")),
            family("xi", "sample", GaussianLaw(std="sigma", off=("mu", "nu")), split=True),
        ),
        "patches": (SumPatch(terms=(
            Term(direction="mu", scale=(EPS, UP)), Term(direction="nu", scale=(EPS, DOWN)), Term(direction="xi"),
        )),),
        "angles": (Angle(first="mu", second="nu", cosine="cosine"),),
        "network": Network(heads="signed", activation=Activation(name="relu")),
        "objective": Objective(loss="logistic"), "label_flips": "flipped", "test": FreshLaw(fresh=("xi",)),
        "parameters": (*SIZES, number("length", 2.0), number("sigma", 0.1), number("flipped", 0.1, high=1),
                       number("cosine", 0.5, low=-1, high=1)),
    }
    return Model(**{**declared, **more})


def views(**more: Any) -> Model:
    """Three classes with two features each, the second of which may be missing, in noise."""
    declared: dict[str, Any] = {
        "name": "views", "title": "Multi-view data with missing views",
        "directions": (
            family("u", "class", FixedLaw(norm="length")), family("v", "class", FixedLaw(norm="length")),
            family("xi", "sample", GaussianLaw(std="sigma")),
        ),
        "patches": (
            Patch(direction="u"),
            SumPatch(terms=(Term(direction="v", scale=SEEN), Term(direction="xi"))),
        ),
        "angles": (Angle(first="u", second="v", cosine=0.3),),
        "network": Network(heads="class", classes=3, activation=Activation(name="relu_power", power=2)),
        "objective": Objective(loss="cross_entropy"), "test": FreshLaw(fresh=("xi",)),
        "parameters": (*SIZES, number("length", 1.0), number("sigma", 0.1), number("presence", 0.7, high=1)),
    }
    return Model(**{**declared, **more})
