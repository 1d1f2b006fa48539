"""A trainable second layer: where it starts decides whether it stays where it is or grows with the first.

Shang, Meng, Cao and Zou, *Initialization Matters: On the Benign Overfitting of Two-Layer ReLU CNN with Fully Trainable
Layers* (arXiv:2410.19139).  Claim: second-layer weights that start large remain largely unchanged while the filters
grow, as where they are fixed; from small ones the filters grow to a certain ratio to them, which both then keep.
Gradient flow conserves a^2 - ||w||^2 of a neuron.
"""

from typing import Literal

from derivations.declare import (
    Activation, Coefficient, Directions, FixedLaw, FreshLaw, GaussianLaw, Instance, LayerBalance, Model, Network,
    NeuronNorm, Objective, Parameter, Patch, Preset, SecondLayer, Statement,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 20, "training examples"), ("m", "count", 10, "filters a head"), ("d", "count", 400, "dimension"),
    ("mu_norm", "real", 1.0, "length of the signal"), ("sigma_p", "real", 0.05, "deviation of the noise"),
    ("sigma_0", "real", 0.001, "deviation of the initial filters"), ("eta", "real", 0.05, "step size"),
    ("a_0", "real", 3.0, "second-layer weights at the start"),
)
model = Model(
    name="second_layer", title="Fully trainable layers (Shang et al. 2024)",
    directions=(
        Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="mu", scale="label"), Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="relu"), second_layer=SecondLayer(initial="a_0")),
    objective=Objective(loss="logistic"), test=FreshLaw(fresh=("xi",)),
    observables=(NeuronNorm(name="w_norm", latex=r"\|\mathbf{w}\|"), LayerBalance(name="balance", latex="B")),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)

LARGE = Preset(name="large", values=(("a_0", 3.0),), steps=1000, source="chosen here")
SMALL = Preset(name="small", values=(("a_0", 0.01),), steps=2000, source="chosen here")
PRESETS = (LARGE, SMALL)
FIGURE = ("loss", "a", "w_norm")
STATEMENTS = (
    Statement(id="unchanged", kind="inequality", at="T", instance=Instance(values=LARGE.values, steps=LARGE.steps),
              claim="max[j,r](abs(a - a_0)) <= a_0/100 and min[j,r](w_norm) >= 5*max[j,r](start(w_norm))",
              mutant="max[j,r](abs(a - a_0)) >= a_0/100", text="large weights stay while the filters grow"),
    Statement(id="ratio", kind="inequality", at="T", instance=Instance(values=SMALL.values, steps=SMALL.steps),
              claim="max[j,r](abs(a/w_norm - 1)) <= 0.01 and min[j,r](a) >= 30*a_0",
              mutant="max[j,r](abs(a/w_norm - 1)) >= 0.01", text="small ones grow with the filters, at the ratio 1"),
    Statement(id="balanced", kind="inequality", instance=Instance(values=SMALL.values, steps=200),
              claim="max[j,r](abs(next(balance) - balance)) <= eta**2*gradient_norm**2",
              mutant="max[j,r](abs(next(balance) - balance)) > eta**2*gradient_norm**2",
              text="a step moves a^2 - ||w||^2 by O(eta^2)"),
)
