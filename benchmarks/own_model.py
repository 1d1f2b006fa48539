"""A model of a user's own, none of the shipped ones: a signal and two noise patches, ReLU^3, no penalty."""

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

model = Model(
    name="two_noises",
    title="A signal patch and two noise patches",
    directions=(
        Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex=r"\rho")),
        Directions(name="chi", over="sample", latex=r"\chi", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="upsilon", latex=r"\upsilon")),
    ),
    patches=(Patch(direction="mu", scale="label"), Patch(direction="xi"), Patch(direction="chi")),
    network=Network(heads="signed", activation=Activation(name="relu_power", power=3)),
    objective=Objective(loss="logistic"),
    test=FreshLaw(fresh=("xi", "chi")),
    parameters=(
        Parameter(name="n", latex="n", meaning="training examples", kind="count", default=20, low=1),
        Parameter(name="m", latex="m", meaning="filters a head", kind="count", default=10, low=1),
        Parameter(name="d", latex="d", meaning="patch dimension", kind="real", default=400, low=1),
        Parameter(name="mu_norm", latex=r"\|\mu\|", meaning="signal length", kind="real", default=1.0, low=0),
        Parameter(name="sigma_p", latex=r"\sigma_p", meaning="noise a coordinate", kind="real", default=0.1, low=0),
        Parameter(name="sigma_0", latex=r"\sigma_0", meaning="initialisation", kind="real", default=0.1, low=0),
        Parameter(name="eta", latex=r"\eta", meaning="step size", kind="real", default=0.1, low=0),
        Parameter(name="neurons", latex=r"\kappa", meaning="mean or sum over filters", kind="choice", default="mean",
                  choices=("mean", "sum")),
    ),
)
