"""Federated averaging: clients with signals of their own and one in common, who average their filters.

Huang, Shi, Cai and Suzuki, *Understanding Convergence and Generalization in Federated Learning through Feature Learning
Theory* (ICLR 2024).  Every round, each client takes J steps on its own examples and W becomes the mean of theirs
(Reptile with step 1).  Claim: a client alone memorises noise, while averaging over many clients learns the signal.
Here the figure is of fresh clients, with one client of 10 examples and with 20 of them.
"""

from typing import Literal

from derivations.declare import (
    Activation, Bilevel, Coefficient, Directions, FixedLaw, FreshTasks, GaussianLaw, Instance, Model, Network,
    Objective, Parameter, Patch, Preset, Statement,
)

NUMBERS: tuple[tuple[str, Literal["count", "real"], float, str], ...] = (
    ("n_tasks", "count", 20, "clients"), ("n", "count", 10, "examples of a client"), ("n_train", "count", 5, "unused"),
    ("m", "count", 10, "filters a head"), ("d", "count", 1000, "dimension"),
    ("mu_norm", "real", 1.0, "length of the common signal"), ("sigma_v", "real", 0.02, "deviation of own signals"),
    ("sigma_p", "real", 0.2, "deviation of the noise"), ("sigma_0", "real", 0.01, "deviation of the initial filters"),
    ("J", "count", 5, "local steps a round"), ("eta_inner", "real", 0.1, "local step size"),
    ("eta", "real", 1.0, "step towards the mean of the clients; 1 is federated averaging"),
    ("test_tasks", "count", 50, "fresh clients"), ("test_support", "count", 5, "examples they adapt on"),
    ("test_query", "count", 10, "examples they are judged on"),
)
model = Model(
    name="federated", title="Federated averaging with client signals (Huang et al. 2024)",
    directions=(
        Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
        Directions(name="v_k", over="task", latex="v", law=GaussianLaw(std="sigma_v"),
                   coefficient=Coefficient(name="own_signal", latex="a", signed=True)),
        Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="mu", scale="label"), Patch(direction="v_k", scale="label"), Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="relu_power", power=2)),
    objective=Objective(loss="logistic"), algorithm=Bilevel(method="reptile"), test=FreshTasks(fresh=("v_k", "xi")),
    parameters=tuple(Parameter(name=name, latex="", meaning=meaning, kind=kind, default=default, low=0)
                     for name, kind, default, meaning in NUMBERS),
)

ALONE = Preset(name="one-client", values=(("n_tasks", 1),), steps=400, source="chosen here")
TOGETHER = Preset(name="twenty-clients", values=(("n_tasks", 20),), steps=400, source="chosen here")
PRESETS = (ALONE, TOGETHER)
FIGURE = ("test_error", "gamma", "rho_over")
STATEMENTS = (
    Statement(id="memorises", kind="inequality", at="T", instance=Instance(values=ALONE.values, steps=ALONE.steps),
              claim="max[j,r](gamma) <= max[j,r,task,i](rho_over)/10", text="alone, a client memorises noise",
              mutant="max[j,r](gamma) >= max[j,r,task,i](rho_over)/10"),
    Statement(id="learns", kind="inequality", at="T", instance=Instance(values=TOGETHER.values, steps=TOGETHER.steps),
              claim="max[j,r](gamma) >= max[j,r,task,i](rho_over)", text="together they learn the common signal",
              mutant="max[j,r](gamma) <= max[j,r,task,i](rho_over)"),
)
