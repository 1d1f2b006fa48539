"""Sharpness-aware minimisation against SGD with flipped labels.

Chen et al., *Why Does Sharpness-Aware Minimization Generalize Better Than SGD?* (arXiv:2310.07269): a ReLU CNN on
x_i = (yhat_i mu, xi_i) with labels y_i = -yhat_i with probability p.  Claim: there are signals at which SGD memorises
the noise and errs with a probability of order one, while SAM keeps noise from being memorised and learns the signal.
Here the test error is judged by clean labels.
"""

from typing import Literal

from derivations.declare import (
    Activation, Coefficient, Directions, FixedLaw, FreshLaw, GaussianLaw, GradientDescent, Instance, Model, Network,
    Objective, Parameter, Patch, Preset, Statement,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 20, "training examples"), ("m", "count", 10, "filters a head"), ("d", "count", 2000, "dimension"),
    ("mu_norm", "real", 2.0, "length of the signal"), ("sigma_p", "real", 1.0, "deviation of the noise"),
    ("flip_probability", "real", 0.1, "probability of a flipped label"),
    ("sigma_0", "real", 0.001, "deviation of the initial filters"), ("eta", "real", 0.02, "step size"),
    ("batch", "count", 10, "examples a step"), ("radius", "real", 0.1, "SAM's radius; 0 is SGD"),
)
model = Model(
    name="sharpness_aware", title="SAM against SGD with flipped labels (Chen et al. 2023)",
    directions=(
        Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="mu", scale="clean"), Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="relu")),
    objective=Objective(loss="logistic"), algorithm=GradientDescent(batch="batch", radius="radius"),
    label_flips="flip_probability", test=FreshLaw(fresh=("xi",), flips=False),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)

SGD = Preset(name="sgd", values=(("radius", 0.0),), steps=400, source="chosen here")
SAM = Preset(name="sam", values=(("radius", 0.1),), steps=400, source="chosen here")
PRESETS = (SGD, SAM)
FIGURE = ("test_error", "gamma", "rho_over")
STATEMENTS = (
    Statement(id="harmful", kind="inequality", at="T", instance=Instance(values=SGD.values, steps=SGD.steps),
              claim="test_error >= 0.15", mutant="test_error <= 0.15", text="SGD errs with a probability of order one"),
    Statement(id="benign", kind="inequality", at="T", instance=Instance(values=SAM.values, steps=SAM.steps),
              claim="test_error <= 0.01", mutant="test_error >= 0.01", text="SAM learns the signal"),
    Statement(id="overfits", kind="inequality", at="T", instance=Instance(values=SGD.values, steps=SGD.steps),
              claim="train_error <= 0", mutant="train_error > 0", text="SGD fits every label, flipped ones too"),
)
