"""Graph convolution against none: means over neighbours keep the signal and shrink the noise.

Huang, Cao, Wang, Cao and Suzuki, *Quantifying the Optimization and Generalization Advantages of Graph Neural Networks
Over Multilayer Perceptrons* (arXiv:2306.13926): a node holds (yhat mu, xi), its neighbours mostly have its label, and
the network sees the mean over them.  Claim: with ReLU^q, q > 2, and an expected degree D the signal that is needed for
a small test error is smaller, the regime larger by about D^((q-2)/2).
Here q = 3, the degree is some 12, and fresh nodes are of a graph of their own; one such pair of runs, no exponent.
"""

from typing import Literal

from derivations.declare import (
    Activation, Coefficient, Directions, FixedLaw, FreshLaw, GaussianLaw, GraphConvolution, Instance, MixedLabel, Model,
    Network, Objective, Parameter, Patch, Preset, Row, Statement,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n", "count", 40, "nodes"), ("m", "count", 40, "filters a head"), ("d", "count", 1000, "dimension"),
    ("mu_norm", "real", 2.5, "length of the signal"), ("sigma_p", "real", 0.3, "deviation of the noise"),
    ("p_same", "real", 0.6, "probability of an edge between nodes of one label; 0 is no graph"),
    ("p_other", "real", 0.02, "probability of one between nodes of two labels"),
    ("sigma_0", "real", 0.05, "deviation of the initial filters"), ("eta", "real", 0.5, "step size"),
)
GRAPH = GraphConvolution(name="A", same="p_same", other="p_other")
model = Model(
    name="graph", title="A graph convolutional network (Huang et al. 2023)",
    directions=(
        Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="mu", scale=MixedLabel(name="ybar", by=GRAPH, latex=r"\bar{y}")),
             Patch(direction="xi", scale=Row(by=GRAPH))),
    network=Network(heads="signed", activation=Activation(name="relu_power", power=3)),
    objective=Objective(loss="logistic"), test=FreshLaw(fresh=("xi",)),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)

ALONE = Preset(name="no-graph", values=(("p_same", 0.0), ("p_other", 0.0)), steps=300, source="chosen here")
JOINED = Preset(name="graph", values=(("p_same", 0.6), ("p_other", 0.02)), steps=300, source="chosen here")
PRESETS = (ALONE, JOINED)
FIGURE = ("test_error", "gamma", "rho_over")
STATEMENTS = (
    Statement(id="alone", kind="inequality", at="T", instance=Instance(values=ALONE.values, steps=ALONE.steps),
              claim="train_error <= 0 and test_error >= 0.3", mutant="test_error <= 0.3",
              text="without a graph labels are fitted and fresh nodes are not classified"),
    Statement(id="joined", kind="inequality", at="T", instance=Instance(values=JOINED.values, steps=JOINED.steps),
              claim="train_error <= 0 and test_error <= 0.01", mutant="test_error >= 0.01",
              text="with one they are"),
    Statement(id="signal", kind="inequality", at="T", instance=Instance(values=JOINED.values, steps=JOINED.steps),
              claim="max[j,r](gamma) >= max[j,r,i](rho_over)/2", mutant="max[j,r](gamma) <= max[j,r,i](rho_over)/2",
              text="and the signal is learned, not only the noise"),
)
