"""Nearly orthogonal data: one patch, signed heads, (leaky) ReLU, logistic loss, gradient descent.

Kou, Chen and Gu, "Implicit bias of gradient descent for two-layer ReLU and leaky ReLU networks on nearly-orthogonal
data", arXiv:2310.18935: Section 3 (network, loss, gradient descent), Definition 5.1 (coefficients), Section 6 and
Appendix A.1 (data).
"""

from __future__ import annotations

from ...declare import (
    Activation,
    ChosenLaw,
    Coefficient,
    Directions,
    EntryInitialisation,
    Extreme,
    FixedLaw,
    Flips,
    FreshLaw,
    MaxMargin,
    MixtureLaw,
    Model,
    NearOrthogonality,
    Network,
    NeuronNorm,
    NormalisedMargin,
    Objective,
    Parameter,
    Patch,
    Preset,
    Spectral,
)

STRUCTURAL: dict[str, tuple[int | str, ...]] = {}  # slope and data are arguments at run time: one kernel serves all

_EXPERIMENT = "Section 6"


def parameters() -> tuple[Parameter, ...]:
    """The paper's parameters; sigma_0 of the synthetic runs and their slopes between 0 and 1 are not printed."""
    return (
        Parameter(name="n", latex="n", meaning="training examples", kind="count", default=10, source=_EXPERIMENT,
                  low=1),
        Parameter(name="m", latex="m", meaning="filters a head", kind="count", default=100, source=_EXPERIMENT, low=1),
        Parameter(name="d", latex="d", meaning="input dimension", kind="real", default=784, source=_EXPERIMENT, low=1),
        Parameter(name="slope", latex=r"\gamma", meaning="leaky ReLU's slope below 0; 0 is ReLU, 1 is linear",
                  kind="real", default=0.1, source="Figure 3's slope; Figures 1, 4 and 5 do not list theirs", low=0,
                  high=1),
        Parameter(name="data", latex="", meaning="mixture: y mu + noise; orthogonal: mutually orthogonal inputs",
                  kind="choice", default="mixture", source=_EXPERIMENT, choices=("mixture", "orthogonal")),
        Parameter(name="mu_norm", latex=r"\|\mu\|", meaning="root mean square length of the mixture's mean",
                  kind="real", default=0.28, source=f"{_EXPERIMENT}: mu ~ N(0, 1e-4 I) at d = 784", low=0),
        Parameter(name="sigma_p", latex=r"\sigma_p", meaning="the mixture's noise a coordinate, standard deviation",
                  kind="real", default=1.0, source=_EXPERIMENT, low=0),
        Parameter(name="x_norm", latex=r"\|x_i\|", meaning="length of orthogonal inputs", kind="real", default=1.0,
                  source="Appendix A.1: vectors of a basis", low=0),
        Parameter(name="eta", latex=r"\eta", meaning="step size", kind="real", default=0.1, source=_EXPERIMENT,
                  low=0, open_low=True),
        Parameter(name="sigma_0", latex=r"\sigma_0", meaning="initialisation standard deviation", kind="real",
                  default=1e-3, source="not stated in the paper for these data; our choice, Figure 2's largest", low=0),
        Parameter(name="init", latex="", meaning="shape of the initial entries", kind="choice", default="gaussian",
                  source="Section 3", choices=("gaussian", "uniform")),
        Parameter(name="neurons", latex=r"\kappa", meaning="mean (1/m) or sum over a head's filters", kind="choice",
                  default="mean", source="Section 3", choices=("mean", "sum")),
        Parameter(name="delta", latex=r"\delta", meaning="failure probability in the theorems", kind="real",
                  default=0.1, source="not stated in the paper; our choice", low=0, open_low=True, high=1),
    )


def model() -> Model:
    """The declaration; rho_over and rho_under are the paper's rho-bar and rho-underbar of (5.2)."""
    return Model(
        name="nearly_orthogonal",
        title="Implicit bias on nearly orthogonal data (Kou, Chen and Gu 2023)",
        directions=(
            Directions(name="x", over="sample", latex=r"\mathbf{x}",
                       law=ChosenLaw(by="data", laws=(("mixture", MixtureLaw(mean_norm="mu_norm", std="sigma_p")),
                                                      ("orthogonal", FixedLaw(norm="x_norm")))),
                       coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
        ),
        patches=(Patch(direction="x"),),
        network=Network(heads="signed", activation=Activation(name="leaky_relu", slope="slope", at_kink=1)),
        objective=Objective(loss="logistic"),
        initialisation=EntryInitialisation(std="sigma_0", shape="init"),
        test=FreshLaw(fresh=("x",)),
        parameters=parameters(),
        observables=(
            Extreme(name="beta", latex=r"\max_{j,r,i}|\langle w_{j,r},x_i\rangle|", of="x", reduce="max_abs",
                    source="Section 5; the paper's beta at t = 0"),
            NeuronNorm(name="neuron_norm", latex=r"\|w_{j,r}\|_2", source="Theorem 4.1"),
            Spectral(name="frobenius", latex=r"\|W_j\|_F", what="frobenius", source="Theorem 4.3"),
            Spectral(name="spectral", latex=r"\|W_j\|_2", what="spectral", source="Theorem 4.3"),
            Spectral(name="stable_rank", latex=r"\|W_j\|_F^2/\|W_j\|_2^2", what="stable_rank", source="Theorem 4.1"),
            Spectral(name="stable_rank_excess", latex=r"\|W_j\|_F^2/\|W_j\|_2^2-1", what="stable_rank_excess",
                     source="Appendix A.1, Figures 4 and 5"),
            NormalisedMargin(name="normalised_margin", latex=r"y_i f(W/\|W\|_F,x_i)", source="Theorem 4.1"),
            NormalisedMargin(name="margin_spread", latex=r"\max_{i,k}|y_i f_i-y_k f_k|/\|W\|_F", spread=True,
                             source="Theorem 4.1"),
            MaxMargin(name="kkt_residual", latex=r"\min_{\lambda\geq 0}\|W-\sum_i\lambda_i\nabla z_i\|_F/\|W\|_F",
                      source="(4.1), stationarity"),
            MaxMargin(name="kkt_slackness", latex=r"\max_i\lambda_i(z_i/\min_k z_k-1)", what="slackness",
                      source="(4.1), complementary slackness"),
            Flips(name="flips", latex=r"\mathrm{flips}", last="last_flip", source="Section 7"),
            Flips(name="flips_on_class", latex=r"\mathrm{flips}_{j=y_i}", heads="on_class", last="last_flip_on_class",
                  source="Lemma 5.8"),
            NearOrthogonality(name="near_orthogonality", latex=r"R_{\min}^2/(R^2 n p)", of="x",
                              source="Theorem 4.3 wants at least C, Theorem 4.1 C slope^-4"),
        ),
    )


PRESETS = (
    Preset(name="paper", steps=50, source="Section 6, Figure 1; slope and sigma_0 as in parameters",
           values=(("n", 10), ("m", 100), ("d", 784), ("mu_norm", 0.28), ("sigma_p", 1.0), ("eta", 0.1),
                   ("data", "mixture"))),
    Preset(name="orthogonal", steps=1000, source="Appendix A.1, Figure 5",
           values=(("n", 20), ("m", 10_000), ("d", 40), ("x_norm", 1.0), ("eta", 0.1), ("sigma_0", 1e-5),
                   ("data", "orthogonal"))),
    Preset(name="theorem-4.1-orthogonal", steps=2000,
           source="orthogonal inputs, so near-orthogonal for every C; m > 50 log(2n/delta), eta ||x||^2/(nm) = 0.1",
           values=(("n", 10), ("m", 300), ("d", 784), ("x_norm", 1.0), ("eta", 300.0), ("sigma_0", 1e-3),
                   ("slope", 0.5), ("data", "orthogonal"))),
    Preset(name="theorem-4.1", steps=2000,
           source="ours: the explicit hypotheses of Lemmas C.1 to C.5 and G.1 hold with p > 0 and R > 1",
           values=(("n", 4), ("m", 220), ("d", 1e10), ("mu_norm", 0.0), ("sigma_p", 1e-5), ("eta", 88.0),
                   ("sigma_0", 1e-6), ("slope", 0.5), ("data", "mixture"))),
    Preset(name="theorem-4.3", steps=2000,
           source="ours: the explicit hypotheses of Lemmas E.1 and G.1 hold with p > 0 and R > 1",
           values=(("n", 4), ("m", 220), ("d", 1e10), ("mu_norm", 0.0), ("sigma_p", 1e-5), ("eta", 88.0),
                   ("sigma_0", 1e-6), ("slope", 0.0), ("data", "mixture"))),
    Preset(name="orthogonal-relu", steps=2000, source="ours: Lemma F.2's orthogonal inputs and ReLU, W(0) of order one",
           values=(("n", 6), ("m", 250), ("d", 250), ("x_norm", 1.0), ("eta", 150.0), ("sigma_0", 0.05),
                   ("slope", 0.0), ("data", "orthogonal"))),
    Preset(name="sequences", steps=800,
           source="ours: Lemmas H.1, H.2 and H.4, on runs short enough to be seen at each step",
           values=(("n", 4), ("m", 40), ("d", 1e10), ("mu_norm", 0.0), ("sigma_p", 1e-5), ("eta", 16.0),
                   ("sigma_0", 0.05), ("slope", 0.5), ("data", "mixture"))),
    Preset(name="orthogonal-limit", steps=300, source="ours: orthogonal inputs and ReLU from a tiny W(0), two classes",
           values=(("n", 8), ("m", 600), ("d", 16), ("x_norm", 1.0), ("eta", 480.0), ("sigma_0", 1e-5),
                   ("slope", 0.0), ("data", "orthogonal"))),
)
