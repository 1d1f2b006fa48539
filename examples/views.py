"""Multi-view data with K = 3 classes and missing views: one network misses a view of some classes.

Allen-Zhu and Li, *Towards Understanding Ensemble, Knowledge Distillation and Self-Distillation in Deep Learning* (ICLR
2023): each class has two views, either of which may be missing from an example.  Claim: the network learns, of each
class, the view that its start favours, memorises the examples that lack it, and errs on fresh ones that do.
"""

from typing import Literal

from derivations.declare import (
    Activation, Bernoulli, Coefficient, Directions, FixedLaw, FreshLaw, GaussianLaw, Instance, Model, Network,
    Objective, Parameter, Patch, Preset, Statement,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 60, "training examples"), ("m", "count", 3, "filters a class"), ("d", "count", 1000, "dimension"),
    ("view_norm", "real", 1.0, "length of a view"), ("sigma_p", "real", 0.06, "deviation of the noise"),
    ("present", "real", 0.9, "probability of each view"), ("sigma_0", "real", 0.1, "deviation of the initial filters"),
    ("eta", "real", 1.0, "step size"),
)
model = Model(
    name="views", title="Multi-view data with missing views (Allen-Zhu and Li 2023)",
    directions=(
        Directions(name="u", over="class", latex="u", law=FixedLaw(norm="view_norm"),
                   coefficient=Coefficient(name="a", latex="a")),
        Directions(name="v", over="class", latex="v", law=FixedLaw(norm="view_norm"),
                   coefficient=Coefficient(name="b", latex="b")),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("u", "v")),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="u", scale=Bernoulli(name="seen_u", probability="present")),
             Patch(direction="v", scale=Bernoulli(name="seen_v", probability="present")), Patch(direction="xi")),
    network=Network(heads="class", classes=3, activation=Activation(name="relu_power", power=3)),
    objective=Objective(loss="cross_entropy"), test=FreshLaw(fresh=("xi",)),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)

# Of three filters a class one class in 64 has none that a view moves at its start, and errs whatever it is shown.
WHOLE = Preset(name="all-views", values=(("present", 1.0), ("m", 6)), steps=1000, source="chosen here")
MISSING = Preset(name="missing-views", values=(("present", 0.9),), steps=1000, source="chosen here")
PRESETS = (WHOLE, MISSING)
FIGURE = ("loss", "train_error", "test_error")
STATEMENTS = (
    Statement(id="whole", kind="inequality", at="T", instance=Instance(values=WHOLE.values, steps=WHOLE.steps),
              claim="test_error <= 0.001", mutant="test_error >= 0.001", text="with all views present none is wrong"),
    Statement(id="missing", kind="inequality", at="T", instance=Instance(values=MISSING.values, steps=MISSING.steps),
              claim="test_error >= 0.015 + train_error/2", mutant="test_error <= 0.015 + train_error/2",
              text="with views missing fresh examples are misclassified that training ones are not"),
    Statement(id="unlearned", kind="inequality", at="T", instance=Instance(values=MISSING.values, steps=MISSING.steps),
              claim="min(min[k](max[r](a[k,r,k])), min[k](max[r](b[k,r,k]))) <= max[k,r](b[k,r,k])/5",
              mutant="min(min[k](max[r](a[k,r,k])), min[k](max[r](b[k,r,k]))) >= max[k,r](b[k,r,k])/5",
              text="a view of some class is not learned"),
)
