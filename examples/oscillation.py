"""Benign oscillation: a large step keeps SGD from fitting by the strong feature alone, so it learns the weak one.

Lu, Meng and Cao, *Benign Oscillation of Stochastic Gradient Descent with Large Learning Rates* (ICLR 2024): examples
with a weak and a strong feature, SGD over single examples, the squared loss.  Claim: with a small step the strong
feature fits the labels and the weak one is hardly learned; with a large one outputs oscillate, and it is.
Here every example has both features, where the paper's strong one is missing from some.
"""

from typing import Literal

from derivations.declare import (
    Activation, Coefficient, Directions, Extreme, FixedLaw, FreshLaw, GaussianLaw, GradientDescent, Instance, Model,
    Network, Objective, Parameter, Patch, Preset, Statement,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 20, "training examples"), ("m", "count", 10, "filters a head"), ("d", "count", 400, "dimension"),
    ("weak", "real", 0.3, "length of the weak feature"), ("strong", "real", 1.0, "length of the strong feature"),
    ("sigma_p", "real", 0.01, "deviation of the noise"), ("sigma_0", "real", 0.05, "deviation of the initial filters"),
    ("eta", "real", 0.3, "step size"), ("batch", "count", 1, "examples a step"),
)
model = Model(
    name="oscillation", title="Benign oscillation of SGD with a large step (Lu et al. 2024)",
    directions=(
        Directions(name="u", over="one", latex="u", law=FixedLaw(norm="weak"),
                   coefficient=Coefficient(name="a", latex="a", signed=True)),
        Directions(name="v", over="one", latex="v", law=FixedLaw(norm="strong"),
                   coefficient=Coefficient(name="b", latex="b", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("u", "v")),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="u", scale="label"), Patch(direction="v", scale="label"), Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="relu_power", power=2)),
    objective=Objective(loss="squared"), algorithm=GradientDescent(batch="batch"), test=FreshLaw(fresh=("xi",)),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
    observables=(Extreme(name="weak_learned", latex=r"\max |\langle w, u\rangle|", of="u", reduce="max"),
                 Extreme(name="strong_learned", latex=r"\max |\langle w, v\rangle|", of="v", reduce="max")),
)

SMALL = Preset(name="small-step", values=(("eta", 0.3),), steps=1000, source="chosen here")
LARGE = Preset(name="large-step", values=(("eta", 7.0),), steps=1000, source="chosen here")
PRESETS = (SMALL, LARGE)
FIGURE = ("loss", "strong_learned", "weak_learned")
STATEMENTS = (
    Statement(id="strong-alone", kind="inequality", at="T", instance=Instance(values=SMALL.values, steps=SMALL.steps),
              claim="weak_learned <= strong_learned/20", mutant="weak_learned >= strong_learned/20",
              text="with a small step the strong feature fits the labels"),
    Statement(id="weak-too", kind="inequality", at="T", instance=Instance(values=LARGE.values, steps=LARGE.steps),
              claim="weak_learned >= strong_learned/4", mutant="weak_learned <= strong_learned/4",
              text="with a large one the weak feature is learned too"),
    Statement(id="fits", kind="inequality", at="T", instance=Instance(values=LARGE.values, steps=LARGE.steps),
              claim="loss <= 0.01", mutant="loss >= 0.01", text="and the oscillation ends: the loss goes to 0"),
)
