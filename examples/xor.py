"""XOR clusters with an angle: a ReLU CNN learns what no linear function tells apart.

Meng, Zou and Cao, *Benign Overfitting in Two-Layer ReLU Convolutional Neural Networks for XOR Data* (ICML 2024): the
signal patch is s_i (u + yhat_i v) with a random sign s_i and an angle between u and v, labels flip with probability p.
Claim: with a strong signal the network fits flipped labels too and errs on the flips alone; with a weak one it errs.
Here the test error is judged by clean labels, and the noise has length 6.
"""

from typing import Literal

from derivations.declare import (
    Activation, Angle, Coefficient, Directions, FixedLaw, FreshLaw, GaussianLaw, Instance, Model, Network, Objective,
    Parameter, Patch, Preset, RandomSign, Statement, SumPatch, Term,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 40, "training examples"), ("m", "count", 40, "filters a head"), ("d", "count", 400, "dimension"),
    ("mu_norm", "real", 3.0, "length of u and of v"), ("cosine", "real", 0.3, "cosine of their angle"),
    ("sigma_p", "real", 0.3, "deviation of the noise"), ("flip_probability", "real", 0.1, "probability of a flip"),
    ("sigma_0", "real", 0.01, "deviation of the initial filters"), ("eta", "real", 2.0, "step size"),
)
SIGN = RandomSign(name="s")
model = Model(
    name="xor", title="XOR clusters with an angle (Meng, Zou and Cao 2024)",
    directions=(
        Directions(name="u", over="one", latex="u", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="a", latex="a", signed=True)),
        Directions(name="v", over="one", latex="v", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="b", latex="b", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("u", "v")),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    angles=(Angle(first="u", second="v", cosine="cosine"),),
    patches=(SumPatch(terms=(Term(direction="u", scale=SIGN), Term(direction="v", scale=("clean", SIGN)))),
             Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="relu")),
    objective=Objective(loss="logistic"), label_flips="flip_probability", test=FreshLaw(fresh=("xi",), flips=False),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)

STRONG = Preset(name="strong-signal", values=(("mu_norm", 3.0),), steps=1000, source="chosen here")
WEAK = Preset(name="weak-signal", values=(("mu_norm", 0.3),), steps=1000, source="chosen here")
PRESETS = (STRONG, WEAK)
FIGURE = ("loss", "train_error", "test_error")
STATEMENTS = (
    Statement(id="benign", kind="inequality", at="T", instance=Instance(values=STRONG.values, steps=STRONG.steps),
              claim="train_error <= 0 and test_error <= 0.02", mutant="test_error >= 0.02",
              text="with a strong signal flipped labels are fitted and fresh examples are classified"),
    Statement(id="harmful", kind="inequality", at="T", instance=Instance(values=WEAK.values, steps=WEAK.steps),
              claim="train_error <= 0 and test_error >= 0.25", mutant="test_error <= 0.25",
              text="with a weak one labels are fitted and fresh examples are not"),
)
