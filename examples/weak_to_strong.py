"""Weak to strong in two stages: a ReLU CNN learns from a linear CNN's labels what the linear one cannot.

Oh, Song and Yun, *From Linear to Nonlinear: Provable Weak-to-Strong Generalization through Feature Learning* (NeurIPS
2025): easy signals are linear in the label and hard ones are not (here +v or -v, either as likely); the weak model
guesses where the easy one is missing, and the strong one trains on its labels.  Claim: with few examples the strong
model fits them all and beats its teacher, or fails where noise is strong; with many it does so early, and overtraining
spoils it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np

import gammarho as gr
from derivations.declare import (
    Activation, Bernoulli, Coefficient, Directions, FixedLaw, FreshLaw, GaussianLaw, Instance, Model, Network,
    Objective, OfLabel, Parameter, Patch, Preset, RandomSign, Statement, SumPatch, Term,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 40, "examples"), ("m", "count", 10, "filters a head"), ("d", "count", 2000, "dimension"),
    ("length", "real", 2.0, "length of a signal"), ("sigma_p", "real", 0.1, "deviation of the noise"),
    ("easy", "real", 0.75, "probability of an easy signal"), ("eta", "real", 0.2, "step size"),
    ("sigma_0", "real", 0.01, "deviation of the initial filters"),
)
SIGN, EASY = RandomSign(name="s"), Bernoulli(name="e", probability="easy")
PLUS, MINUS = OfLabel(name="p", plus=1, minus=0), OfLabel(name="q", plus=0, minus=1)
SIGNALS = (("mu", r"\mu", "gamma"), ("v_p", "v", "a"), ("v_q", "u", "b"))
model = Model(
    name="weak_to_strong", title="Weak-to-strong generalisation: the strong model (Oh, Song and Yun 2025)",
    directions=(
        *(Directions(name=name, over="one", latex=latex, law=FixedLaw(norm="length"),
                     coefficient=Coefficient(name=own, latex=own, signed=True)) for name, latex, own in SIGNALS),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("mu", "v_p", "v_q")),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="mu", scale=("clean", EASY)), Patch(direction="xi"),
             SumPatch(terms=(Term(direction="v_p", scale=(SIGN, PLUS)), Term(direction="v_q", scale=(SIGN, MINUS))))),
    network=Network(heads="signed", activation=Activation(name="relu")),
    objective=Objective(loss="logistic"), test=FreshLaw(fresh=("xi",)),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)
weak = replace(model, name="weak", network=Network(heads="signed", activation=Activation(name="identity")))


def initial(values: Mapping[str, object], seed: int) -> dict[str, Any]:
    """Stage two's arrays: the strong model's own draw, with the labels that a trained weak model gives its examples."""
    own = gr.restart(gr.run(model, values, steps=0, seed=seed), setting=model)
    teacher = gr.weights(gr.run(weak, n=200, steps=100, seed=seed + 1000), setting=weak)
    seen = gr.run(weak, values, steps=0, initial={**own, "W": teacher}, observables="margins")
    return {**own, "y": own["y"] * np.sign(seen["margins"].values[0])}


SCARCE = Preset(name="few-examples", values=(("n", 40),), steps=200, source="chosen here")
NOISY = Preset(name="few-in-noise", values=(("n", 40), ("sigma_p", 0.6)), steps=200, source="chosen here")
MANY = Preset(name="many-examples", values=(("n", 400),), steps=1000, source="chosen here")
PRESETS = (SCARCE, NOISY, MANY)
FIGURE = ("test_error", "train_error", "loss")
STATEMENTS = (
    Statement(id="benign", kind="inequality", at="T", instance=Instance(values=SCARCE.values, steps=200),
              claim="train_error <= 0 and test_error <= 0.02", mutant="test_error >= 0.02",
              text="of few examples all labels are fitted, and fresh ones are classified"),
    Statement(id="harmful", kind="inequality", at="T", instance=Instance(values=NOISY.values, steps=200),
              claim="train_error <= 0 and test_error >= 0.05", mutant="test_error <= 0.05",
              text="in strong noise they are fitted too, and fresh ones are not"),
    Statement(id="early", kind="inequality", at="100", instance=Instance(values=MANY.values, steps=1000),
              claim="mean[i](y*yhat) <= 0.85 and test_error <= 0.02", mutant="test_error >= 0.02",
              text="of many, 7 % and more labelled wrong, fresh ones are classified after 100 steps"),
    Statement(id="overtrained", kind="inequality", at="T", instance=Instance(values=MANY.values, steps=1000),
              claim="test_error >= 0.05", mutant="test_error <= 0.05", text="and after 1000 they no longer are"),
)
