"""Momentum and margins: examples of small margin are learned with momentum and memorised without.

Jelassi and Li, *Towards Understanding How Momentum Improves Generalization in Deep Learning* (ICML 2022):
x_i = (y_i alpha_i mu, xi_i), alpha_i = 1 for most examples and small for the others, cubic activation.  Claim: gradient
descent learns from large margins, then memorises the noise of small ones, which it errs on; with momentum it does not.
Here a fifth of fresh examples has a small margin.
"""

from typing import Literal

from derivations.declare import (
    Activation, Bernoulli, Coefficient, Constant, Directions, FixedLaw, FreshLaw, GaussianLaw, GradientDescent,
    Instance, Model, Network, Objective, Parameter, Patch, Preset, Statement, SumPatch, Term,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 40, "training examples"), ("m", "count", 5, "filters a head"), ("d", "count", 400, "dimension"),
    ("mu_norm", "real", 1.0, "length of the signal"), ("sigma_p", "real", 0.07, "deviation of the noise"),
    ("share", "real", 0.8, "share of large margins"), ("small", "real", 0.1, "a small margin"),
    ("more", "real", 0.9, "what a large margin has more"), ("sigma_0", "real", 0.2, "deviation of the initial filters"),
    ("eta", "real", 1.0, "step size"), ("beta", "real", 0.9, "momentum; 0 is gradient descent"),
)
SMALL = Constant(name="s", value="small")
MORE = (Bernoulli(name="large", probability="share"), Constant(name="l", value="more"))
model = Model(
    name="momentum", title="Momentum with margins (Jelassi and Li 2022)",
    directions=(
        Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(SumPatch(terms=(Term(direction="mu", scale=("label", SMALL)),
                             Term(direction="mu", scale=("label", *MORE)))), Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="cubic")),
    objective=Objective(loss="logistic"), algorithm=GradientDescent(momentum="beta"), test=FreshLaw(fresh=("xi",)),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)

GD = Preset(name="gradient-descent", values=(("beta", 0.0),), steps=1000, source="chosen here")
MOMENTUM = Preset(name="momentum", values=(("beta", 0.9),), steps=1000, source="chosen here")
PRESETS = (GD, MOMENTUM)
FIGURE = ("test_error", "gamma", "rho_over")
STATEMENTS = (
    Statement(id="memorises", kind="inequality", at="T", instance=Instance(values=GD.values, steps=GD.steps),
              claim="train_error <= 0 and test_error >= (1 - share)/4", mutant="test_error <= (1 - share)/4",
              text="gradient descent fits all labels and errs on small margins"),
    Statement(id="learns", kind="inequality", at="T", instance=Instance(values=MOMENTUM.values, steps=MOMENTUM.steps),
              claim="test_error <= (1 - share)/10", mutant="test_error >= (1 - share)/10",
              text="with momentum small margins are classified"),
)
