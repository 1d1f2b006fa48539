"""FOMAML's train-validation split: tasks that share a feature, signed heads, Huberized ReLU, two loops.

Zuo, Chen, Yao, Cao and Gu, "Understanding Train-Validation Split in Meta-Learning with Neural Networks", ICLR 2023:
Definitions 3.1 and 3.2 (tasks, data), Section 3 (network, (3.1) train-train, (3.2) train-validation), (A.3) Reptile,
Section 5 (experiment), Appendix D and F (the sizes that the proofs follow).
"""

from __future__ import annotations

from ...declare import (
    Activation,
    Bilevel,
    Coefficient,
    Directions,
    Event,
    Extreme,
    FreshTasks,
    GaussianLaw,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
    Preset,
    Shifted,
    TaskLaw,
    Total,
)

METHODS = ("train-train", "train-validation", "reptile")
ACTIVATIONS = {
    "huberized": Activation(name="huberized_relu", width="h"),
    "relu": Activation(name="relu", at_kink=0),
}
STRUCTURAL = {"method": METHODS, "activation": tuple(ACTIVATIONS)}

_EXPERIMENT = "Section 5"
_C = "J*eta_inner*sigma_xi**2*sqrt(d)*sqrt(log(n_tasks*n))"


def parameters(method: str, activation: str) -> tuple[Parameter, ...]:
    """The synthetic experiment's parameters; M, n_train and h are not printed with it."""
    return (
        Parameter(name="n_tasks", latex="K", meaning="training tasks", kind="count", default=343, source=_EXPERIMENT,
                  low=1),
        Parameter(name="n", latex="n", meaning="examples a task", kind="count", default=10, source=_EXPERIMENT, low=1),
        Parameter(name="n_train", latex="n_1", meaning="examples a task that train-validation adapts on", kind="count",
                  default=5, source="not stated in the paper; our choice, half of n", low=1),
        Parameter(name="m", latex="m", meaning="filters a head", kind="count", default=18, source=_EXPERIMENT, low=1),
        Parameter(name="d", latex="d", meaning="patch dimension", kind="real", default=1000, source=_EXPERIMENT, low=1),
        Parameter(name="J", latex="J", meaning="inner steps", kind="count", default=5, source=_EXPERIMENT, low=0),
        Parameter(name="eta_inner", latex=r"\gamma", meaning="inner step size", kind="real", default=0.001,
                  source=f"{_EXPERIMENT}, first version; the last sentence prints 0.01", low=0),
        Parameter(name="eta", latex=r"\eta", meaning="outer step size; Reptile's epsilon", kind="real", default=0.0001,
                  source=f"{_EXPERIMENT}, first version; the last sentence prints 0.001", low=0, open_low=True),
        Parameter(name="nu_norm", latex=r"\|\nu\|", meaning="length of the shared feature", kind="real", default=1.0,
                  source=_EXPERIMENT, low=0),
        Parameter(name="sigma_s", latex=r"\sigma_s", meaning="dictionary's standard deviation a coordinate",
                  kind="real", default=0.00066, source=_EXPERIMENT, low=0),
        Parameter(name="sigma_xi", latex=r"\sigma_\xi", meaning="noise standard deviation a coordinate", kind="real",
                  default=10.42, source=_EXPERIMENT, low=0),
        Parameter(name="M", latex="M", meaning="dictionary features", kind="count", default=500,
                  source="not stated with the experiment; Condition D.1's d/2", low=1),
        Parameter(name="sigma_0", latex=r"\sigma_0", meaning="initialisation standard deviation", kind="real",
                  default=0.032, source=_EXPERIMENT, low=0, open_low=True),
        Parameter(name="h", latex="h", meaning="width of the Huberized ReLU", kind="real", default=0.5,
                  source="Section 3; the analysis takes 1/2", low=0, open_low=True),
        Parameter(name="activation", latex=r"\sigma", meaning="Huberized ReLU or ReLU", kind="choice",
                  default=activation, source="Section 3; Table 1 compares", choices=tuple(ACTIVATIONS),
                  structural=True),
        Parameter(name="method", latex="", meaning="what the outer step takes", kind="choice", default=method,
                  source="(3.1), (3.2), (A.3)", choices=METHODS, structural=True),
        Parameter(name="fresh", latex="", meaning="new examples before every outer step, the tasks staying",
                  kind="flag", default=False, source="not stated in the paper; the theory's data are fixed"),
        Parameter(name="balanced", latex="", meaning="labels as equal as possible in each task's splits", kind="flag",
                  default=False, source="Definition 3.2 tosses a fair coin; Condition D.1 wants both labels in each"),
        Parameter(name="test_tasks", latex="", meaning="fresh tasks that adapted weights are tested on", kind="count",
                  default=343, source="not stated in the paper; what the printed intervals suggest", low=2),
        Parameter(name="test_support", latex="", meaning="examples a fresh task adapts on; absent: as in training",
                  kind="count", low=0),
        Parameter(name="test_query", latex="", meaning="further examples a fresh task is judged on", kind="count",
                  default=10, source="not stated in the paper; what the printed intervals suggest", low=1),
        Parameter(name="neurons", latex=r"\kappa", meaning="mean (1/m) or sum over a head's filters", kind="choice",
                  default="sum", source="Section 3", choices=("mean", "sum")),
        Parameter(name="project_noise", latex="", meaning="noise is projected off nu and the dictionary", kind="flag",
                  default=True, source="Definition 3.2"),
    )


def model(method: str = "train-validation", activation: str = "huberized") -> Model:
    """The declaration; g and rho are the coefficients of nu_k and of y xi, as (E.11) and (C.6) move them."""
    return Model(
        name="fomaml",
        title="Train-validation split in meta-learning (Zuo, Chen, Yao, Cao and Gu 2023)",
        directions=(
            Directions(name="nu_k", over="task", latex=r"\boldsymbol{\nu}",
                       law=TaskLaw(norm="nu_norm", std="sigma_s", items="M"),
                       coefficient=Coefficient(name="g", latex="g", scaled=False, signed=True)),
            Directions(name="xi", over="sample", latex=r"\boldsymbol{\xi}",
                       law=GaussianLaw(std="sigma_xi", off=("nu_k",), off_when="project_noise"),
                       coefficient=Coefficient(name="rho", latex=r"\rho", scaled=False, signed=True, labelled=True)),
        ),
        patches=(Patch(direction="nu_k", scale="label"), Patch(direction="xi")),
        network=Network(heads="signed", activation=ACTIVATIONS[activation]),
        objective=Objective(loss="logistic"),
        algorithm=Bilevel(method=method, redrawn="fresh"),  # type: ignore[arg-type]
        test=FreshTasks(fresh=("xi",)),
        balanced="balanced",
        parameters=parameters(method, activation),
        observables=(
            Total(name="alpha", latex=r"\alpha_{j,r}=\sum_k g_{j,r,k}", of="g", source="coefficient of nu"),
            Extreme(name="Lambda", latex=r"\Lambda_j=\max_r j\langle w_{j,r},\nu\rangle", of="nu", reduce="max",
                    per=("head",), signed=True, source="Appendix E"),
            Extreme(name="Xi", latex=r"\Xi_{k,i}=\max_r\langle w_{y_{k,i},r},\xi_{k,i}\rangle", of="xi", reduce="max",
                    heads="on_class", per=("example",), source="Appendix E"),
            Extreme(name="Xi_hat", latex=r"\hat\Xi_{k,i}", of="xi", reduce="max", heads="plus", per=("example",),
                    floor=_C, source="Appendix F: its floor is J gamma sigma_xi^2 sqrt(d log Kn)"),
            Extreme(name="Gamma_hat", latex=r"\hat\Gamma_{k,i}", of="xi", reduce="max", heads="minus",
                    per=("example",), floor=_C, source="Appendix F, with the same floor"),
            Extreme(name="Xi_tilde", latex=r"\tilde\Xi_{k,i}", of="xi", reduce="max", heads="on_class",
                    per=("example",), floor="d**(-1/3)", source="Appendix F, Phase II"),
            Extreme(name="Gamma_tilde", latex=r"\tilde\Gamma_{k,i}", of="xi", reduce="max", heads="off_class",
                    per=("example",), floor=_C, source="Appendix F, Phase II"),
            Extreme(name="dictionary", latex=r"\max_{r,a}j\langle w_{j,r},z_a\rangle", of="z", reduce="max",
                    per=("head",), signed=True, source="Lemma F.1"),
            Extreme(name="signal_adapted", latex=r"\max_r j\langle\tilde w_{j,r},\nu_k\rangle", of="nu_k",
                    reduce="max", per=("head", "task"), signed=True, adapted=True, source="Lemmas E.1, F.7"),
            Extreme(name="noise_adapted", latex=r"\max_r\langle\tilde w_{y,r},\xi_{k,i}\rangle", of="xi",
                    reduce="max", heads="on_class", per=("example",), adapted=True, source="Lemmas E.1, E.7"),
            Shifted(name="P", latex=r"-\ell'_{k,i}", of="l1", plus=0.0, times=-1.0,
                    source="-l' at the adapted weights, Appendix C"),
        ),
        events=(
            Event(name="T_1", latex="T^{(1)}", observable="Xi", relation=">=",
                  threshold="m**(-1/2)*(1+eta_inner*sigma_xi**2*d/n)**(-J)", source="Appendix E, of train-train"),
            Event(name="T_2", latex="T^{(2)}", observable="Lambda", relation=">=",
                  threshold="m**(-1/2)*(1+eta_inner)**(-J)", source="Appendix F, of train-validation"),
            Event(name="T_3", latex="T^{(3)}", observable="Lambda", relation=">=", threshold="log(d)**0.1",
                  source="Appendix F, of train-validation"),
        ),
    )


_FAR = (("n_tasks", 6), ("n", 4), ("n_train", 2), ("d", 1e40), ("J", 5), ("eta_inner", 4.0), ("nu_norm", 1.0),
        ("sigma_s", 2e-21), ("M", 8), ("sigma_0", 1e-15), ("balanced", True))
PRESETS = (
    Preset(name="paper", steps=2000, source="Section 5, with gamma = 0.001, eta = 0.0001; the steps are not printed",
           values=(("n_tasks", 343), ("n", 10), ("m", 18), ("d", 1000), ("J", 5), ("eta_inner", 0.001),
                   ("eta", 0.0001), ("nu_norm", 1.0), ("sigma_s", 0.00066), ("sigma_xi", 10.42),
                   ("sigma_0", 0.032))),
    Preset(name="mechanism", steps=2000,
           source="Phase I is not empty: sigma_xi sqrt(d) = 4, ||z|| = 0.2, gamma = 4 and sigma_0 = 1e-12, out of d; "
           "noise is not orthogonal enough for the theorems, which say nothing here",
           values=(("n_tasks", 20), ("n", 4), ("n_train", 2), ("m", 16), ("d", 2000), ("J", 5), ("eta_inner", 4.0),
                   ("eta", 0.02), ("nu_norm", 1.0), ("sigma_s", 0.2 / 2000**0.5), ("sigma_xi", 4 / 2000**0.5),
                   ("M", 8), ("sigma_0", 1e-12), ("balanced", True))),
    Preset(name="theorem-4.4", steps=60, source="ours: Theorem 4.4 and Appendix E with their proofs' hypotheses",
           values=(*_FAR, ("method", "train-train"), ("m", 12), ("eta", 0.001), ("sigma_xi", 4e-20))),
    Preset(name="theorem-4.5", steps=250, source="ours: Theorem 4.5 and Appendix F with their proofs' hypotheses",
           values=(*_FAR, ("method", "train-validation"), ("m", 3), ("eta", 1.0), ("sigma_xi", 1e-20))),
    Preset(name="lemma-D.2", steps=1, source="ours: Lemmas D.2, G.1 and G.2 at delta = 1/10, sizes large enough",
           values=(("n_tasks", 6), ("n", 4), ("n_train", 2), ("m", 24), ("d", 4000), ("J", 1), ("sigma_s", 0.003),
                   ("sigma_xi", 0.05), ("M", 8), ("sigma_0", 0.01))),
    Preset(name="reptile", steps=20, source="ours: (A.3), and inner steps that turn no product's sign",
           values=(("n_tasks", 3), ("n", 4), ("n_train", 2), ("m", 4), ("d", 60), ("J", 3), ("eta_inner", 0.1),
                   ("eta", 0.5), ("sigma_s", 0.05), ("sigma_xi", 0.1), ("M", 4), ("sigma_0", 0.1),
                   ("method", "reptile"))),
)
