"""Implicit bias on nearly orthogonal data: the hypotheses of Theorems 4.1 and 4.3, and the explicit ones of the proofs.

Kou, Chen and Gu, arXiv:2310.18935.  The theorems are about fixed data: R_min, R_max and p are best `measured` (on a
Gram matrix, `dynamics.geometry.orthogonality.quantities`).  At parameters, with x_i = y_i mu + N(0, sigma_p^2 I), they
are approximate medians over draws: squared lengths by the cube-root normal law with Patnaik's degrees of freedom,
extremes of N normals by their asymptotic median; right to 10 % wherever that was simulated.  The theorems are about
the mean over filters; a sum is the mean at the step size and initialisation *_mean (exact: W -> m kappa W).
"""

from __future__ import annotations

from typing import Literal

from ...declare import Clause, ClauseList, Conditions, Only, Parameter, Prescription, Quantity

_LEAKY = Only(parameter="slope", above=0, below=1, why="Theorem 4.1, leaky ReLU with 0 < slope < 1")
_RELU = Only(parameter="slope", values=(0,), why="Theorem 4.3, ReLU, slope 0")
_MIXTURE = Only(parameter="data", values=("mixture",), why="inputs of the Gaussian mixture")
_ORTHOGONAL = Only(parameter="data", values=("orthogonal",), why="orthogonal inputs")
_LOW, _HIGH, _PRODUCT = "smallest |x_i|", "largest |x_i|", "largest |<x_i, x_k>|"
_NORMS: tuple[tuple[str, Literal["raise", "lower"]], ...] = (("sigma_p", "lower"), ("d", "lower"), ("mu_norm", "lower"))
_RATE = "n*m/(eta_mean*R_max**2)"


def _extreme(count: str) -> str:
    """The median of the largest of `count` standard normals, asymptotically; 0.3665 is -log log 2."""
    root = f"sqrt(2*log({count}))"
    return f"{root} - (log(log({count})) + 2.5310242469692907)/(2*{root}) + 0.36651292058166435/{root}"


_THEOREMS = (
    Clause(id="C.4", source="Theorem 4.1, (C.4) with gamma for r", text="R_min^2 >= C slope^-4 R^2 n p",
           left="R_min**2", relation=">=", right="R**2*n*p/slope**4", only=_LEAKY,
           mends=(("d", "raise"), ("n", "lower"), ("slope", "raise"), ("mu_norm", "lower"))),
    Clause(id="C.3", source="Theorem 4.1, (C.3)", text="eta <= n m/(C R_max^2)", left="eta_mean", relation="<=",
           right="n*m/R_max**2", only=_LEAKY, mends=(("eta", "lower"), *_NORMS)),
    Clause(id="C.2", source="Theorem 4.1, (C.2)", text="sigma_0 <= slope/(C R_max log^.5(mn/delta))",
           left="sigma_0_mean", relation="<=", right="slope/(R_max*sqrt(log(m*n/delta)))", only=_LEAKY,
           mends=(("sigma_0", "lower"), ("slope", "raise"), ("m", "lower"), *_NORMS)),
    Clause(id="E.4", source="Theorem 4.3, (E.4)", text="R_min^2 >= C R^2 n p", left="R_min**2", relation=">=",
           right="R**2*n*p", only=_RELU, mends=(("d", "raise"), ("n", "lower"), ("mu_norm", "lower"))),
    Clause(id="E.3", source="Theorem 4.3, (E.3)", text="eta <= n m/(C R_max^2)", left="eta_mean", relation="<=",
           right="n*m/R_max**2", only=_RELU, mends=(("eta", "lower"), *_NORMS)),
    Clause(id="E.2", source="Theorem 4.3, (E.2)", text="sigma_0 <= 1/(C R_max log^.5(mn/delta))",
           left="sigma_0_mean", relation="<=", right="1/(R_max*sqrt(log(m*n/delta)))", only=_RELU,
           mends=(("sigma_0", "lower"), ("m", "lower"), *_NORMS)),
    Clause(id="4.3m", source="Theorem 4.3", text="m >= C log(n/delta)", left="m", relation=">=",
           right="log(n/delta)", only=_RELU, mends=(("m", "raise"), ("n", "lower"), ("delta", "raise"))),
)

_EXPLICIT = (
    Clause(id="B1", source="Lemma B.1, by the chi-square tails", text="d >= 23.4 log(8 m/delta)", left="d",
           relation=">=", right="23.4*log(8*m/delta)", kind="stated",
           mends=(("d", "raise"), ("m", "lower"), ("delta", "raise"))),
    Clause(id="B2", source="Lemma B.2; Lemma G.1 uses it for leaky ReLU too", text="m >= 50 log(2 n/delta)", left="m",
           relation=">=", right="50*log(2*n/delta)", kind="stated",
           mends=(("m", "raise"), ("n", "lower"), ("delta", "raise"))),
    Clause(id="G1", source="Lemma G.1", text="2 beta <= 1", left="2*beta", relation="<=", right="1", kind="stated",
           mends=(("sigma_0", "lower"), *_NORMS)),
    Clause(id="G2", source="Lemma G.1", text="3 a <= 1, a = eta R_max^2/(n m)", left="3*a_max", relation="<=",
           right="1", kind="stated", mends=(("eta", "lower"), *_NORMS)),
    Clause(id="G3", source="Lemma G.1", text="R_min^2 >= 10 C_2 n p", left="R_min**2", relation=">=",
           right="10*C_2*n*p", kind="stated", mends=(("n", "lower"), ("sigma_0", "lower"))),
    Clause(id="C3a", source="Lemma C.3", text="slope^-3 q <= 1/2, q = n p/(R_min^2 c_3)",
           left="2*coherence/(c_3*slope**3)", relation="<=", right="1", kind="stated", only=_LEAKY,
           mends=(("n", "lower"), ("slope", "raise"), ("sigma_0", "lower"))),
    Clause(id="C3b", source="Lemma C.3", text="a exp(2 beta) <= 2", left="a_max*exp(2*beta)", relation="<=", right="2",
           kind="stated", only=_LEAKY, mends=(("eta", "lower"), ("sigma_0", "lower"), *_NORMS)),
    Clause(id="C5", source="Lemma C.5: the pattern freezes by T_1",
           text="beta <= (1 - slope^-4 q) C' ct slope/R^2", left="beta", relation="<=",
           right="(1 - coherence/(c_3*slope**4))*C_prime*c_tilde*slope/R**2", kind="stated", only=_LEAKY,
           mends=(("sigma_0", "lower"),)),
    Clause(id="E1a", source="Lemma E.1", text="10 n p/(R_min^2 c_1) <= 1", left="10*coherence/c_1", relation="<=",
           right="1", kind="stated", only=_RELU, mends=(("n", "lower"), ("sigma_0", "lower"))),
    Clause(id="E1b", source="Lemma E.1", text="a exp(2 beta) <= log 2", left="a_max*exp(2*beta)", relation="<=",
           right="log(2)", kind="stated", only=_RELU,
           mends=(("eta", "lower"), ("sigma_0", "lower"), *_NORMS)),
    Clause(id="T1", source="the theorems speak of t -> infinity", text="T >= C' n m/(eta R_max^2) = T_1", left="T",
           relation=">=", right=f"C_prime*{_RATE}", mends=(("eta", "raise"), ("sigma_p", "raise"))),
)

CONDITIONS = Conditions(
    paper="Kou, Chen and Gu 2023, arXiv:2310.18935",
    title="Implicit bias on nearly orthogonal data: Theorems 4.1 and 4.3",
    lists=(
        ClauseList(title="Theorem 4.1 (leaky ReLU) or Theorem 4.3 (ReLU)", clauses=_THEOREMS),
        ClauseList(title="What the proofs use, with their constants made explicit (not in the paper)",
                   clauses=_EXPLICIT),
    ),
    quantities=(
        Quantity(name="mean_square", formula="mu_norm**2 + sigma_p**2*d", meaning="mean of |x_i|^2"),
        # The cube root of |x_i|^2/mean is normal, with mean 1 - cube_var and variance cube_var, nearly; `far` and
        # `far_pair` are how many standard deviations the extreme of the n inputs and of their pairs is out.
        Quantity(name="cube_var", formula="(2*sigma_p**4*d + 4*mu_norm**2*sigma_p**2)/(9*mean_square**2)", meaning=""),
        # One input is as long as itself and has no pair.
        Quantity(name="pairs", formula="min(n - 1, 1)", meaning=""),
        Quantity(name="far", formula=f"pairs*({_extreme('max(n, 2)')})", meaning=""),
        Quantity(name="far_pair", formula=_extreme("max(n*(n - 1), 2)"), meaning=""),
        Quantity(name="R_min", formula="sqrt(mean_square*max(1 - cube_var - far*sqrt(cube_var), 0)**3)",
                 meaning=_LOW, only=_MIXTURE),
        Quantity(name="R_max", formula="sqrt(mean_square*(1 - cube_var + far*sqrt(cube_var))**3)",
                 meaning=_HIGH, only=_MIXTURE),
        Quantity(name="p", formula="pairs*(mu_norm**2 + far_pair*sqrt(2*mu_norm**2*sigma_p**2 + sigma_p**4*d))",
                 meaning=_PRODUCT, only=_MIXTURE),
        Quantity(name="R_min", formula="x_norm", meaning=_LOW, only=_ORTHOGONAL),
        Quantity(name="R_max", formula="x_norm", meaning=_HIGH, only=_ORTHOGONAL),
        Quantity(name="p", formula="0", meaning=_PRODUCT, only=_ORTHOGONAL),
        Quantity(name="R", formula="R_max/R_min", meaning="R_max/R_min"),
        Quantity(name="eta_mean", formula="(m*kappa)**2*eta", meaning="step size, in the mean convention"),
        Quantity(name="sigma_0_mean", formula="m*kappa*sigma_0", meaning="initialisation, mean convention"),
        Quantity(name="a_max", formula="eta_mean*R_max**2/(n*m)", meaning="dimensionless step a"),
        Quantity(name="beta", formula="sqrt(2*log(8*m*n/delta))*sigma_0_mean*R_max",
                 meaning="largest |<w(0), x_i>|"),
        Quantity(name="coherence", formula="n*p/R_min**2", meaning="n p/R_min^2"),
        Quantity(name="C_1", formula="max(4*beta, log(60*R**2) + 1)", meaning="Lemma G.1's margin gap"),
        Quantity(name="C_2", formula="2*(1 + exp(C_1))", meaning="its ratio of loss derivatives"),
        Quantity(name="c_tilde", formula="1/(1 + exp((1 + slope)*(C_prime*(1 + coherence) + beta)))",
                 meaning="ct, least |l'| up to T_1"),
        Quantity(name="c_3",
                 formula="min(c_tilde/R**2, 1/6, log(1 + C_prime*exp(-(1 + slope)*beta)/R**2)"
                         "/log(1 + C_prime*slope*exp(2*beta))/6)",
                 meaning="Lemma C.1's balance"),
        Quantity(name="c_1",
                 formula="min(c_tilde/R**2, log(1 + 0.2*C_prime*exp(-beta)/R**2)"
                         "/log(1 + 1.2*C_prime*exp(2*beta))/14)",
                 meaning="Lemma E.1's balance, R for the printed R_min, R_max"),
    ),
    prescriptions=(
        Prescription(name="T_1", used="T", formula=f"C_prime*{_RATE}", source="Lemma C.2; C.3 and C.5: t >= T_1",
                     only=_LEAKY),
        Prescription(name="T_1", used="T", formula=f"C_prime*{_RATE}", source="Lemma E.1", only=_RELU),
        Prescription(name="T, loss ~ 1/t", used="T", formula="exp(2*beta)/3*n*m/(eta_mean*R_min**2)",
                     source="Lemma G.3: its bounds hold from here"),
        Prescription(name="T, p = 0", used="T", formula="n*m/(eta_mean*R_min**2)",
                     source="Lemma F.2, with n m above (erratum)", only=_RELU),
    ),
    parameters=(
        Parameter(name="C_prime", latex="C'", meaning="the free constant in T_1 = C' n m/(eta R_max^2)", kind="real",
                  default=1.0, source="Lemma C.2 leaves it free; our choice", low=0, open_low=True),
    ),
    assumes=(
        Only(parameter="slope", values=(0,), above=0, below=1,
             why="the theorems are for ReLU (0) and leaky ReLU (0 < slope < 1)"),
        Only(parameter="init", values=("gaussian",), why="Section 3 initialises with Gaussians"),
    ),
    notes=(
        "The theorems are about given data: unless measured, a mixture's R_min, R_max and p are approximate medians "
        "over draws and beta is Lemma B.1's bound. They take R to be at most an absolute constant; for ReLU both "
        "classes must be present.",
    ),
)
