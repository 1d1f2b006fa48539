"""PEGR: signal and noise patches, signed heads, ReLU^q, logistic loss, gradient-norm penalties.

Meng, Cao and Zou, "Per-Example Gradient Regularization Improves Learning Signals from Noisy Data",
arXiv:2303.17940: Definition 2.1 (data), Section 2 (network, objective), Definition 5.2 (coefficients).
"""

from __future__ import annotations

from ...declare import (
    Activation,
    Coefficient,
    Directions,
    Distance,
    Event,
    Extreme,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
    Preset,
    Shifted,
)

PENALTIES = {"none": "none", "pegr": "per_example", "fgr": "full"}
STRUCTURAL = {"regularizer": ("pegr", "fgr", "none"), "q": (2, 3)}  # what ships; other q are derived

_EXPERIMENT = "Section 4.1"


def parameters(regularizer: str, q: int) -> tuple[Parameter, ...]:
    """The paper's parameters; the penalty's 1/2 is printed with PEGR (Section 2), not with FGR (Section 4.1)."""
    half = regularizer != "fgr"
    half_source = "Section 2" if half else _EXPERIMENT
    return (
        Parameter(name="n", latex="n", meaning="examples", kind="count", default=20, source=_EXPERIMENT, low=1),
        Parameter(name="m", latex="m", meaning="filters a head", kind="count", default=10, source=_EXPERIMENT, low=1),
        Parameter(name="d", latex="d", meaning="patch dimension", kind="real", default=400, source=_EXPERIMENT, low=1),
        Parameter(name="mu_norm", latex=r"\|\mu\|", meaning="signal length", kind="real", default=1.0,
                  source=_EXPERIMENT, low=0),
        Parameter(name="sigma_p", latex=r"\sigma_p", meaning="noise standard deviation a coordinate", kind="real",
                  default=0.5, source=f"{_EXPERIMENT}, one of 0.1, 0.5, 1, 1.5", low=0),
        Parameter(name="sigma_0", latex=r"\sigma_0", meaning="initialisation standard deviation", kind="real",
                  default=0.01, source=f"{_EXPERIMENT}, for sigma_p 0.5 and 1", low=0, open_low=True),
        Parameter(name="eta", latex=r"\eta", meaning="step size", kind="real", default=0.02, source=_EXPERIMENT,
                  low=0, open_low=True),
        Parameter(name="lam", latex=r"\lambda", meaning="penalty weight", kind="real", default=0.01,
                  source=_EXPERIMENT, low=0),
        Parameter(name="lam_until", latex=r"T_\lambda", meaning="last step with the penalty on; absent: always",
                  kind="count", low=0),
        Parameter(name="regularizer", latex="", meaning="gradient penalty", kind="choice", default=regularizer,
                  source="Section 2", choices=tuple(PENALTIES), structural=True),
        Parameter(name="penalty_half", latex="c", meaning="the penalty carries 1/2", kind="flag", default=half,
                  source=half_source),
        Parameter(name="q", latex="q", meaning="power of ReLU^q", kind="count", default=q, source="Section 2", low=2,
                  structural=True),
        Parameter(name="neurons", latex=r"\kappa", meaning="mean (1/m) or sum over a head's filters", kind="choice",
                  default="mean", source="Section 2", choices=("mean", "sum")),
        Parameter(name="project_noise", latex="", meaning="noise is projected off mu", kind="flag", default=True,
                  source="Definition 2.1"),
        Parameter(name="delta", latex=r"\delta", meaning="failure probability in the theorems", kind="real",
                  default=0.1, source="not stated in the paper; our choice", low=0, open_low=True, high=1),
        Parameter(name="eps", latex=r"\varepsilon", meaning="target training loss in the theorems", kind="real",
                  default=0.01, source="not stated in the paper; our choice", low=0, open_low=True),
    )


def model(regularizer: str = "pegr", q: int = 2) -> Model:
    """The declaration; rho_over and rho_under are the paper's rho-bar and rho-underbar."""
    return Model(
        name="pegr",
        title="Per-example gradient regularization (Meng, Cao and Zou 2023)",
        directions=(
            Directions(name="mu", over="one", latex=r"\boldsymbol{\mu}", law=FixedLaw(norm="mu_norm"),
                       coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
            Directions(name="xi", over="sample", latex=r"\boldsymbol{\xi}",
                       law=GaussianLaw(std="sigma_p", off=("mu",), off_when="project_noise"),
                       coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
        ),
        patches=(Patch(direction="mu", scale="label"), Patch(direction="xi")),
        network=Network(heads="signed", activation=Activation(name="relu_power", power=q)),
        objective=Objective(loss="logistic", penalty=PENALTIES[regularizer]),  # type: ignore[arg-type]
        test=FreshLaw(fresh=("xi",)),
        parameters=parameters(regularizer, q),
        observables=(
            Extreme(name="signal", latex=r"\max_{j,r}|\langle w_{j,r},\mu\rangle|", of="mu", reduce="max_abs",
                    source="Section 4.1"),
            Extreme(name="noise", latex=r"\max_{j,r,i}\langle w_{j,r},\xi_i\rangle", of="xi", reduce="max",
                    source="Section 4.1"),
            Extreme(name="B", latex="B_i", of="xi", reduce="max_abs", heads="on_class", per=("example",),
                    source="Proposition E.6"),
            Extreme(name="C", latex="C_i", of="xi", reduce="max_abs", heads="off_class", per=("example",),
                    source="Proposition E.6"),
            Shifted(name="Upsilon", latex=r"\Upsilon_i", of="l1", plus=0.5, source="Proposition 5.6"),
            Distance(name="distance", latex=r"\|W-W^*\|_F", of="xi", scale="4*m*log(4/eps)",
                     source="Lemma E.3, with the norm squared in W* (erratum pegr-W*)"),
            Extreme(name="max_gamma", latex=r"\max_r\gamma_{j,r}", of="gamma", reduce="max", per=("head",),
                    source="Proposition 5.6 (3)"),
            Extreme(name="max_rho_over", latex=r"\max_r\overline{\rho}_{j,r,i}", of="rho", reduce="max",
                    heads="on_class", per=("example",), source="Proposition E.2"),
        ),
        events=(
            Event(name="T_1", latex="T_1", observable="max_gamma", relation=">=",
                  threshold="1/(sqrt(2*log(8*m/delta))*log(n))", source="Proposition 5.6 (3)"),
            Event(name="T_2", latex="T_2", observable="loss", relation="<=", threshold="eps", source="Proposition 5.7"),
            Event(name="T_1_noise", latex=r"T_1^{\mathrm{noise}}", observable="max_rho_over", relation=">=",
                  threshold="1/(21*log(n)*sqrt(log(8*m*n/delta)))", source="Proposition E.1"),
            Event(name="T_2_noise", latex=r"T_2^{\mathrm{noise}}", observable="max_rho_over", relation=">=",
                  threshold="2", source="Proposition E.2"),
        ),
    )


PRESETS = (
    Preset(name="paper", steps=1500, source="Section 4.1, with sigma_p = 0.5",
           values=(("n", 20), ("m", 10), ("d", 400), ("mu_norm", 1.0), ("sigma_p", 0.5), ("sigma_0", 0.01),
                   ("eta", 0.02), ("lam", 0.01), ("lam_until", 800), ("regularizer", "pegr"))),
    Preset(name="mechanism", steps=300_000,
           source="sigma_p sqrt(d) = 60 > m, lam = 1/60, eta = 0.2 n m^2 / 60^3, closed at twice the printed T_1",
           values=(("n", 30), ("m", 5), ("d", 30_000), ("mu_norm", 1.0), ("sigma_p", 0.34641016151377546),
                   ("sigma_0", 1 / 3600), ("eta", 0.2 * 30 * 25 / 60**3), ("lam", 1 / 60), ("lam_until", 102_371),
                   ("regularizer", "pegr"))),
    Preset(name="theorem-3.2", steps=12_000,
           source="ours: Theorem 3.2's repaired hypotheses hold: S = 40, lam S^2 = 5 m, closed at 2.4 printed T_1",
           values=(("n", 30), ("m", 8), ("d", 1e6), ("mu_norm", 2.0), ("sigma_p", 0.04), ("sigma_0", 1 / 1600),
                   ("eta", 0.006), ("lam", 1 / 40), ("lam_until", 4500), ("eps", 0.05), ("regularizer", "pegr"))),
    Preset(name="theorem-3.3", steps=600,
           source="ours: Theorem 3.3's repaired hypotheses and Lemmas B.1 to B.3 hold: S = 60, n ||mu||^2/S^2 = 0.008",
           values=(("n", 30), ("m", 20), ("d", 1e6), ("mu_norm", 1.0), ("sigma_p", 0.06), ("sigma_0", 2.8e-7),
                   ("eta", 0.0083), ("regularizer", "none"))),
    Preset(name="lemma-E.14", steps=600,
           source="ours: the same, with m^2 n ||mu||^2 log^2(4/eps) << S^2, as its signal needs",
           values=(("n", 30), ("m", 20), ("d", 1e14), ("mu_norm", 0.01), ("sigma_p", 6e-6), ("sigma_0", 2.8e-7),
                   ("eta", 0.0083), ("regularizer", "none"))),
    Preset(name="full-gradient", steps=30, source="ours: full gradient regularization at sizes where each term shows",
           values=(("n", 6), ("m", 4), ("d", 50), ("sigma_p", 0.2), ("sigma_0", 0.3), ("eta", 0.1), ("lam", 1.0),
                   ("regularizer", "fgr"))),
    Preset(name="one-example", steps=50, source="ours: n = 1, where the gradient's norm is one example's",
           values=(("n", 1), ("m", 8), ("d", 50), ("sigma_p", 0.2), ("sigma_0", 0.1), ("eta", 0.1), ("lam", 0.5),
                   ("regularizer", "pegr"))),
)
