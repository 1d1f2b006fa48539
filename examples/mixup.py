"""Mixup: mixed with common features, a rare feature is learned that training on single examples leaves unlearned.

Zou, Cao, Li and Gu, *The Benefits of Mixup for Feature Learning* (ICML 2023): x_i = (y_i u, xi_i), or for a few
examples (y_i v, xi_i), with a rare v.  Claim: standard training learns the common u and memorises the noise of the rare
examples; on mixed pairs, with the loss of both labels, v is learned too.  Here a rare example is one whose label is
flipped, from yhat_i to y_i, so that (y_i + yhat_i)/2 is y_i of a common example and 0 of a rare one.
"""

from typing import Literal

from derivations.declare import (
    Activation, Coefficient, Constant, Directions, FixedLaw, FreshLaw, GaussianLaw, Instance, MixedLabel, Mixup, Model,
    Network, Objective, Parameter, Patch, Preset, Row, Statement, SumPatch, Term,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 80, "training examples"), ("m", "count", 20, "filters a head"), ("d", "count", 1000, "dimension"),
    ("u_norm", "real", 3.0, "length of the common feature"), ("v_norm", "real", 3.0, "length of the rare one"),
    ("sigma_p", "real", 0.3, "deviation of the noise"), ("rare", "real", 0.05, "probability of the rare feature"),
    ("share", "real", 0.5, "share of an example itself; 1 is no mixup"),
    ("sigma_0", "real", 0.01, "deviation of the initial filters"), ("eta", "real", 0.5, "step size"),
)
PAIRS, HALF = Mixup(name="M", share="share"), Constant(name="half", value=0.5)
SEEN, BEFORE = (MixedLabel(name=name, by=PAIRS, observed=name == "ybar") for name in ("ybar", "before"))
LESS = Constant(name="less", value=-0.5)
model = Model(
    name="mixup", title="Mixup of common and rare features (Zou et al. 2023)",
    directions=(
        Directions(name="u", over="one", latex="u", law=FixedLaw(norm="u_norm"),
                   coefficient=Coefficient(name="common", latex="a", signed=True)),
        Directions(name="v", over="one", latex="v", law=FixedLaw(norm="v_norm"),
                   coefficient=Coefficient(name="uncommon", latex="b", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("u", "v")),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(SumPatch(terms=(Term(direction="u", scale=(HALF, SEEN)), Term(direction="u", scale=(HALF, BEFORE)),
                             Term(direction="v", scale=(HALF, SEEN)), Term(direction="v", scale=(LESS, BEFORE)))),
             Patch(direction="xi", scale=Row(by=PAIRS))),
    network=Network(heads="signed", activation=Activation(name="relu_power", power=2)), label_flips="rare",
    objective=Objective(loss="logistic", mixed_labels=SEEN), test=FreshLaw(fresh=("xi",)),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)

PLAIN = Preset(name="single-examples", values=(("share", 1.0),), steps=1000, source="chosen here")
MIXED = Preset(name="mixup", values=(("share", 0.5),), steps=1000, source="chosen here")
PRESETS = (PLAIN, MIXED)
FIGURE = ("test_error", "common", "uncommon", "rho_over")
STATEMENTS = (
    Statement(id="alone", kind="inequality", at="T", instance=Instance(values=PLAIN.values, steps=PLAIN.steps),
              claim="train_error <= 0 and test_error >= 0.015", mutant="test_error <= 0.015",
              text="single examples are fitted, and fresh rare ones are guessed"),
    Statement(id="mixed", kind="inequality", at="T", instance=Instance(values=MIXED.values, steps=MIXED.steps),
              claim="test_error <= 0.008", mutant="test_error >= 0.008", text="mixed, fresh ones are classified"),
    Statement(id="learned", kind="inequality", at="T", instance=Instance(values=MIXED.values, steps=MIXED.steps),
              claim="max[j,r](uncommon) >= max[j,r](common)/10", mutant="max[j,r](uncommon) <= max[j,r](common)/10",
              text="since the rare feature is learned"),
)
