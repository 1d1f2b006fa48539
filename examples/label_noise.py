"""Label noise against memorisation: gradient descent with ReLU^2 whose labels flip afresh at every step.

Huang et al., *How Does Label Noise Gradient Descent Improve Generalization in the Low SNR Regime?* (arXiv:2510.17526):
x_i = (y_i mu, xi_i) with xi_i orthogonal to mu.  Claim: where noise is strong, gradient descent memorises it and its
test error stays of order one, while with label noise the noise coefficients stay small and the signal is learned.
"""

from typing import Literal

from derivations.declare import (
    Activation, Coefficient, Directions, FixedLaw, FreshLaw, GaussianLaw, GradientDescent, Instance, Model, Network,
    Objective, Parameter, Patch, Preset, Statement,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 20, "training examples"), ("m", "count", 20, "filters a head"), ("d", "count", 2000, "dimension"),
    ("mu_norm", "real", 1.5, "length of the signal"), ("sigma_p", "real", 0.5, "deviation of the noise"),
    ("sigma_0", "real", 0.01, "deviation of the initial filters"), ("eta", "real", 0.5, "step size"),
    ("flips", "real", 0.1, "probability with which a step sees a label flipped; 0 is gradient descent"),
)
model = Model(
    name="label_noise", title="Label noise gradient descent (Huang et al. 2025)",
    directions=(
        Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="mu", scale="label"), Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="relu_power", power=2)),
    objective=Objective(loss="logistic"), algorithm=GradientDescent(label_noise="flips"),
    test=FreshLaw(fresh=("xi",)),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)

GD = Preset(name="gradient-descent", values=(("flips", 0.0),), steps=1000, source="chosen here")
NOISY = Preset(name="label-noise", values=(("flips", 0.1),), steps=1000, source="chosen here")
PRESETS = (GD, NOISY)
FIGURE = ("test_error", "gamma", "rho_over")
STATEMENTS = (
    Statement(id="memorises", kind="inequality", at="T", instance=Instance(values=GD.values, steps=GD.steps),
              claim="test_error >= 0.4", mutant="test_error <= 0.4", text="gradient descent stays at chance"),
    Statement(id="learns", kind="inequality", at="T", instance=Instance(values=NOISY.values, steps=NOISY.steps),
              claim="test_error <= 0.01", mutant="test_error >= 0.01", text="with label noise the signal is learned"),
    Statement(id="noise-bounded", kind="inequality", at="T", instance=Instance(values=NOISY.values, steps=NOISY.steps),
              claim="max[j,r,i](rho_over) <= max[j,r](gamma)/5", mutant="max[j,r,i](rho_over) >= max[j,r](gamma)/5",
              text="and the noise coefficients stay below the signal's"),
)
