"""Heterogeneous noise: K classes, a feature patch and a noise patch A_y zeta, ReLU filters, softmax cross-entropy.

Xu and Chen, "Rethinking Benign Overfitting in Two-Layer Neural Networks", arXiv:2502.11893: Section 2 and eqs. (1)-(4)
(data, network, training), Definition 1 (long-tailed points), Theorem 1 (ratios), Section 5 (experiments).  The paper
names no coefficients: gamma and rho are read off the derived recursion, in the convention of the signal-noise papers.
"""

from __future__ import annotations

from ...declare import (
    Activation,
    ActiveShare,
    Balance,
    ClassNoiseLaw,
    Coefficient,
    Complement,
    Deactivated,
    Directions,
    EntryInitialisation,
    Extreme,
    FewActive,
    FixedLaw,
    FreshLaw,
    LongTail,
    Model,
    Network,
    NoiseRatio,
    NoiseSpectrum,
    Objective,
    Parameter,
    Patch,
    Preset,
)

STRUCTURAL = {"K": (2, 3, 4, 5)}  # the kernels that ship; other K are derived on demand

_EXPERIMENT = "Section 5.1"


def parameters(K: int) -> tuple[Parameter, ...]:
    """The paper's parameters; the defaults are the Gaussian phase diagram's (Figure 3(a)) at one of its corners."""
    return (
        Parameter(name="K", latex="K", meaning="classes", kind="count", default=K, source=_EXPERIMENT, low=2,
                  structural=True),
        Parameter(name="n", latex="n", meaning="training examples", kind="count", default=500,
                  source=f"{_EXPERIMENT}, 100 a class", low=1),
        Parameter(name="class_sizes", latex=r"|\mathcal{S}_k|", kind="counts",
                  meaning="examples of each class, summing to n; absent: as equal as possible"),
        Parameter(name="m", latex="m", meaning="filters a head", kind="count", default=100, source=_EXPERIMENT, low=1),
        Parameter(name="d", latex="d", meaning="patch dimension", kind="real", default=1000, source=_EXPERIMENT, low=1),
        Parameter(name="u_norm", latex=r"\|u\|", meaning="feature length", kind="real", default=1.0,
                  source=f"{_EXPERIMENT}, Figure 3 ranges from 0.001 to 3.8", low=0),
        Parameter(name="Gamma", latex=r"\Gamma", meaning="noise correlation ratio at equal class sizes", kind="real",
                  default=1.0, source=f"{_EXPERIMENT}, Figure 3 ranges from 1 to 1400", low=1),
        Parameter(name="sigma_p", latex=r"b_0", meaning="noise standard deviation a coordinate, off the spikes",
                  kind="real", default=0.5, source=f"{_EXPERIMENT}, the eigenvalue of A_k", low=0),
        Parameter(name="noise", latex="", meaning="shape of the noise coordinates", kind="choice",
                  default="gaussian", source=f"{_EXPERIMENT}, Figure 3(a); uniform in Figure 3(b)",
                  choices=("gaussian", "uniform", "rademacher")),
        Parameter(name="init", latex="", meaning="shape of the filters' entries", kind="choice", default="uniform",
                  source=f"{_EXPERIMENT}, PyTorch's default; gaussian in Section 2", choices=("gaussian", "uniform")),
        Parameter(name="sigma_0", latex=r"\sigma_0", meaning="initialisation standard deviation", kind="real",
                  default="1/sqrt(3*d)", source=f"{_EXPERIMENT}, PyTorch's default U(-1/sqrt d, 1/sqrt d)", low=0,
                  open_low=True),
        Parameter(name="eta", latex=r"\eta", meaning="step size", kind="real", default=0.05, source=_EXPERIMENT,
                  low=0, open_low=True),
        Parameter(name="neurons", latex=r"\kappa", meaning="mean (1/m) or sum over a head's filters", kind="choice",
                  default="mean", source="eq. (1); Section 5's figures are met with sum", choices=("mean", "sum")),
        Parameter(name="delta", latex=r"\delta", meaning="failure probability in the theorem", kind="real",
                  default=0.1, source="not stated in the paper; our choice", low=0, open_low=True, high=1),
        Parameter(name="eps", latex=r"\varepsilon", meaning="target training loss in the theorem", kind="real",
                  default=0.1, source="not stated in the paper; our choice", low=0, open_low=True),
    )


def model(K: int = 5) -> Model:
    """The declaration; rho_over is the own class's rho (growing), rho_under the other classes' (falling)."""
    return Model(
        name="heterogeneous",
        title="Benign overfitting under heterogeneous noise (Xu and Chen 2025)",
        directions=(
            Directions(name="u", over="class", latex=r"\boldsymbol{u}", law=FixedLaw(norm="u_norm"),
                       coefficient=Coefficient(name="gamma", latex=r"\gamma")),
            Directions(name="xi", over="sample", latex=r"\boldsymbol{\xi}",
                       law=ClassNoiseLaw(entries="noise", spread="sigma_p", ratio="Gamma", off=("u",)),
                       coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
        ),
        patches=(Patch(direction="u"), Patch(direction="xi")),
        network=Network(heads="class", activation=Activation(name="relu", at_kink=0), classes=K),
        objective=Objective(loss="cross_entropy"),
        initialisation=EntryInitialisation(std="sigma_0", shape="init"),
        test=FreshLaw(fresh=("xi",)),
        class_sizes="class_sizes",
        parameters=parameters(K),
        observables=(
            Complement(name="one_minus_p", latex=r"1-p_{y_i}(x_i)", source="eq. (8)"),
            Balance(name="balance", latex=r"\kappa_{\mathrm{balance}}(t)", of="one_minus_p",
                    source="Lemma 24, eq. (85)"),
            ActiveShare(name="active_u", latex=r"|\{r:\langle w_{y_i,r},u_{y_i}\rangle>0\}|/m", of="u",
                        source="Lemma 2"),
            ActiveShare(name="active_xi", latex=r"|\mathcal{S}_i^{(t)}|/m", of="xi", source="eq. (84), Lemma 22"),
            Deactivated(name="deactivated", latex=r"|\mathcal{S}_i^{(t)}\setminus\mathcal{S}_i^{(t+1)}|", of="xi",
                        source="eq. (86)"),
            Extreme(name="signal", latex=r"\max_{k,r,k'}|\langle w_{k,r},u_{k'}\rangle|", of="u", reduce="max_abs",
                    source="not of the paper; how far signals are learned"),
            Extreme(name="memory", latex=r"\max_{k,r,i}\langle w_{k,r},\xi_i\rangle", of="xi", reduce="max",
                    source="not of the paper; how far noise is memorised"),
            NoiseRatio(name="Gamma_kj", latex=r"\Gamma_{k,j}", of="xi", source="Theorem 1, estimated from the data"),
            NoiseRatio(name="SNR_kj", latex=r"\mathrm{SNR}_{k,j}", of="xi", signal="u",
                       source="Theorem 1, estimated from the data"),
            LongTail(name="q", latex="q(\\xi)", of="xi", source="Definition 1"),
            NoiseSpectrum(name="stretch", latex=r"\lambda_s^2(W_kA_k)", of="xi", source="Lemmas 3 and 26"),
            FewActive(name="few_active", latex=r"P(|R(\xi)|<0.1m)", of="xi", source="Lemmas 4 and 27"),
        ),
    )


_SHARED = (("K", 5), ("n", 500), ("m", 100), ("d", 1000), ("noise", "gaussian"), ("init", "uniform"), ("eta", 0.05))
_ISOTROPIC = (("K", 3), ("Gamma", 1.0), ("noise", "gaussian"), ("init", "gaussian"))
_FAINT = (*_ISOTROPIC, ("n", 60), ("m", 40), ("d", 2000), ("u_norm", 0.01), ("neurons", "sum"), ("eta", 0.05))
PRESETS = (
    Preset(name="paper", steps=20, source="Section 5.1: the Gaussian noise of Figure 3(a), eq. (1) with 1/m as printed",
           values=(*_SHARED, ("Gamma", 1400.0), ("u_norm", 0.001), ("neurons", "mean"))),
    Preset(name="mechanism", steps=20, source="the same without the printed 1/m, where Figure 3's accuracies are met; "
           "Theorem 1 says nothing here: its steps are too long for Lemma 2",
           values=(*_SHARED, ("Gamma", 1400.0), ("u_norm", 0.001), ("neurons", "sum"))),
    Preset(name="theorem-1", steps=550, source="ours: Theorem 1 (1) by Lemma 2's step, Lemmas 1, 2, 24, 25 "
           "with their proofs' hypotheses: sigma_p sqrt(d) = 2, noises orthogonal to 1/400",
           values=(*_ISOTROPIC, ("n", 12), ("m", 60), ("d", 1e6), ("u_norm", 1.0), ("sigma_p", 2e-3),
                   ("sigma_0", 1e-5), ("eta", 1.2), ("eps", 0.3))),
    Preset(name="theorem-1.2a", steps=550, source="ours: Theorem 1 (2a) near its threshold: SNR 20 between classes, "
           "0.7 with a class's own noise, Gamma = 30",
           values=(("K", 2), ("Gamma", 30.0), ("noise", "gaussian"), ("init", "gaussian"), ("n", 12), ("m", 60),
                   ("d", 1e6), ("u_norm", 0.086), ("sigma_p", 2e-3), ("sigma_0", 1e-6), ("eta", 2.5), ("eps", 0.3))),
    Preset(name="theorem-1.2b", steps=200, source="ours: Theorem 1 (2b): no feature to speak of, long-tailed noise, m "
           "and n large enough for Lemmas 22 and 23 at delta = 0.9",
           values=(("K", 2), ("Gamma", 30.0), ("noise", "gaussian"), ("init", "gaussian"), ("n", 326), ("m", 295),
                   ("d", 2000), ("u_norm", 0.01), ("sigma_p", 0.05), ("sigma_0", 1e-5), ("eta", 4.4), ("eps", 0.66),
                   ("delta", 0.9))),
    Preset(name="theorem-1.3", steps=100, source="ours: Theorem 1 (3): no feature to speak of, isotropic noise",
           values=(*_FAINT, ("sigma_0", 0.001))),
    Preset(name="lemma-27", steps=100, source="ours: filters that stay near a large W(0), for Lemmas 4 and 27",
           values=(*_FAINT, ("sigma_0", 0.01))),
    Preset(name="theorem-1.3-sizes", steps=100, source="ours: Theorem 1 (3) of the smaller of two classes, whose noise "
           "is more correlated within a class than between the two",
           values=(("K", 2), ("Gamma", 6.0), ("noise", "gaussian"), ("init", "gaussian"), ("n", 34),
                   ("class_sizes", "30,4"), ("m", 40), ("d", 2000), ("u_norm", 0.9), ("sigma_p", 0.35),
                   ("sigma_0", 0.001), ("neurons", "sum"), ("eta", 0.005))),
    Preset(name="lemmas-8-16", steps=1, source="ours: dimensions enough for Lemmas 3, 8, 9 and 16 at delta = 1/2",
           values=(*_ISOTROPIC, ("n", 6), ("m", 8), ("d", 3000), ("sigma_0", 0.01), ("delta", 0.5))),
    Preset(name="lemmas-20-23", steps=1, source="ours: m and n large enough for Lemmas 20 to 23 at delta = 1/2",
           values=(*_ISOTROPIC, ("n", 400), ("m", 340), ("d", 1000), ("delta", 0.5))),
)
