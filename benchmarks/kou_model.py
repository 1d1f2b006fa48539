"""Benign overfitting in a two-layer ReLU CNN with flipped labels (Kou et al. 2023), as a user declares it."""

from __future__ import annotations

from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
)


def _real(name: str, latex: str, meaning: str, default: float) -> Parameter:
    return Parameter(name=name, latex=latex, meaning=meaning, kind="real", default=default, low=0)


model = Model(
    name="kou",
    title="Benign overfitting with flipped labels",
    directions=(
        Directions(name="mu", over="one", latex=r"\mathbf{\mu}", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
        Directions(name="xi", over="sample", latex=r"\mathbf{\xi}", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="mu", scale="clean"), Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="relu")),
    objective=Objective(loss="logistic"),
    label_flips="flip_probability",
    test=FreshLaw(fresh=("xi",)),
    parameters=(
        Parameter(name="n", latex="n", meaning="training examples", kind="count", default=20, low=1),
        Parameter(name="m", latex="m", meaning="filters a head", kind="count", default=10, low=1),
        _real("d", "d", "patch dimension", 600),
        _real("mu_norm", r"\|\mu\|", "signal length", 5.0),
        _real("sigma_p", r"\sigma_p", "noise standard deviation a coordinate", 1.0),
        _real("flip_probability", "p", "probability of a flipped label", 0.1),
        _real("sigma_0", r"\sigma_0", "standard deviation of the initial filters", 0.01),
        _real("eta", r"\eta", "step size", 0.1),
    ),
)
