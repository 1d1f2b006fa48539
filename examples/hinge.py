"""The hinge loss on a leaky ReLU network with noisy labels: zero loss in finitely many steps, benign or not.

Karhadkar et al., *Benign overfitting in leaky ReLU networks with moderate input dimension* (arXiv:2403.06903): examples
yhat_i mu + noise, y_i = -yhat_i with a small probability.  Claim: gradient descent fits every label, the flipped ones
too, after finitely many steps; with a strong signal the test error is small nevertheless, with a weak one it is not.
"""

from typing import Literal

from derivations.declare import (
    Activation, Coefficient, Directions, Event, FreshLaw, Instance, MixtureLaw, Model, Network, Objective, Parameter,
    Patch, Preset, Statement,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 40, "training examples"), ("m", "count", 10, "filters a head"), ("d", "count", 400, "dimension"),
    ("mean_norm", "real", 0.7, "length of the signal, about"), ("sigma_p", "real", 0.05, "deviation of the noise"),
    ("flip_probability", "real", 0.1, "probability of a flipped label"), ("slope", "real", 0.1, "slope below 0"),
    ("sigma_0", "real", 0.001, "deviation of the initial filters"), ("eta", "real", 10.0, "step size"),
)
model = Model(
    name="hinge", title="Hinge loss on leaky ReLU with noisy labels (Karhadkar et al. 2024)",
    directions=(
        Directions(name="x", over="sample", latex=r"\mathbf{x}", law=MixtureLaw(mean_norm="mean_norm", std="sigma_p"),
                   coefficient=Coefficient(name="rho", latex=r"\rho", scaled=False, split=True)),
    ),
    patches=(Patch(direction="x"),),
    network=Network(heads="signed", activation=Activation(name="leaky_relu", slope="slope")),
    objective=Objective(loss="hinge"),
    label_flips="flip_probability", test=FreshLaw(fresh=("x",), flips=False),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
    events=(Event(name="T_fit", latex=r"T_{\mathrm{fit}}", observable="loss", relation="<=", threshold="0"),),
)

STRONG = Preset(name="strong-signal", values=(("mean_norm", 0.7),), steps=1000, source="chosen here")
WEAK = Preset(name="weak-signal", values=(("mean_norm", 0.05),), steps=1000, source="chosen here")
PRESETS = (STRONG, WEAK)
FIGURE = ("loss", "train_error", "test_error")
STATEMENTS = (
    Statement(id="fits", kind="inequality", at="T", instance=Instance(values=STRONG.values, steps=STRONG.steps),
              claim="loss <= 0", mutant="loss > 0", tolerance=0.0, text="the hinge loss of every example is 0"),
    Statement(id="benign", kind="inequality", at="T", instance=Instance(values=STRONG.values, steps=STRONG.steps),
              claim="test_error <= 0.05", mutant="test_error >= 0.05", text="and fresh examples are classified"),
    Statement(id="harmful", kind="inequality", at="T", instance=Instance(values=WEAK.values, steps=WEAK.steps),
              claim="loss <= 0 and test_error >= 0.25", mutant="test_error <= 0.25",
              text="with a weak signal the labels are fitted and fresh examples are not classified"),
)
