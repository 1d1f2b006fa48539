"""FOMAML: Conditions 4.1, 4.2, 4.3 and D.1 as powers of log d, what follows from them, and what the proofs use.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023, Sections 3 and 4, Appendices D to G.  L stands for log d.  Every symbol of
Condition D.1 is a power of L, so the clauses are equations up to a factor C, and polylog(d) is L^C with C the power.
What depends on data (lengths and products of the dictionary and of the noise, class counts) is stated at parameters, by
the size that is typical of a Gaussian draw, right to leading order in its logarithm; `measured` takes their place.
The theorems are about the sum over filters; a mean is the sum at the step sizes, initialisation and h named *_sum
below (exact, as sigma_h(c z) = c sigma_{h/c}(z): W -> kappa W).
"""

from __future__ import annotations

from ...declare import Clause, ClauseList, Conditions, Only, Parameter, Prescription, Quantity
from .rates import RATES

_OURS = "not in the paper"
_TRAIN = Only(parameter="method", values=("train-train",), why="train-train, Theorem 4.4")
_VAL = Only(parameter="method", values=("train-validation",), why="train-validation, Theorem 4.5")
# Derived from the recursion (`derivations.show.early`): growth in a step, inner and outer.  What is typed below is the
# paper's own: its exponents of L and its thresholds A(q) and m^(-1/2) (1 + gamma)^(-J), which it defines.
_POOLED = RATES["train-train"]
_XI_SQUARE = "sigma_xi**2*d"
_STEP = f"eta_sum*{_XI_SQUARE}/(n_tasks*n)"


def _log1p(x: str) -> str:
    """log(1 + x) for x > 0, to eight digits however small x is: rounding is held between two bounds of it."""
    return f"max(min(log(1 + {x}), {x}), 2*{x}/(2 + {x}))"


def _A(q: str, square: str = _XI_SQUARE) -> str:
    """Appendix E's A(q) = m^(-1/2) (1 + gamma sigma_xi^2 d/n)^(-q)."""
    return f"(1 + gamma_sum*{square}/n)**(-({q}))/sqrt(m)"


_TAIL = "sqrt(-2*log(1 - 2**(-1/m)))"
# The median of the largest of m standard normals, Phi^{-1}(2^{-1/m}), to 4.5e-4 (Hastings' rational approximation).
_LARGEST = (f"max({_TAIL} - (2.515517 + 0.802853*{_TAIL} + 0.010328*{_TAIL}**2)"
            f"/(1 + 1.432788*{_TAIL} + 0.189269*{_TAIL}**2 + 0.001308*{_TAIL}**3), 0)")
# -log Phi(x), to 3e-4: Phi is a logistic function of 1.5976 x + 0.070566 x^3, nearly.
_SHORT = "log(1 + exp(-(1.5976*(0.25*sqrt(d/R)) + 0.070566*(0.25*sqrt(d/R))**3)))"

_PRINTED = (
    Clause(id="4.1a", source="Condition 4.1", text="|z_a| >= sigma_s sqrt(d)/2", left="z_min", relation=">=",
           right="sigma_s*sqrt(d)/2", kind="stated", power=0, mends=(("d", "raise"), ("M", "lower"))),
    Clause(id="4.1b", source="Condition 4.1", text="|z_a| <= 3 sigma_s sqrt(d)/2", left="z_max", relation="<=",
           right="1.5*sigma_s*sqrt(d)", kind="stated", power=0, mends=(("d", "raise"), ("M", "lower"))),
    Clause(id="4.1c", source="Condition 4.1", text="<z_a, z_b> <= C sigma_s^2 sqrt(d) L, a != b", left="z_product",
           relation="<=", right="sigma_s**2*sqrt(d)*L", power=-1, mends=(("M", "lower"),)),
    Clause(id="4.2nu", source="Condition 4.2", text="|nu| = 1", left="nu_norm", relation="=", right="1",
           power=-1, mends=(("nu_norm", "raise"),)),
    Clause(id="4.2xi", source="Condition 4.2", text="sigma_xi sqrt(d) = polylog: at least 1/C",
           left="sigma_xi*sqrt(d)", relation=">=", right="1", power=-1, mends=(("sigma_xi", "raise"), ("d", "raise"))),
    Clause(id="4.2s", source="Condition 4.2", text="sigma_s sqrt(d) = 1/polylog: at most C", left="sigma_s*sqrt(d)",
           relation="<=", right="1", power=-1, mends=(("sigma_s", "lower"), ("d", "lower"))),
    Clause(id="4.2n", source="Condition 4.2", text="n = Theta(1), read n <= C", left="n", relation="<=", right="1",
           power=-1, mends=(("n", "lower"),)),
    Clause(id="4.2Ma", source="Condition 4.2", text="M >= Omega(sqrt(d))", left="M", relation=">=", right="sqrt(d)",
           power=-1, mends=(("M", "raise"), ("d", "lower"))),
    Clause(id="4.2Mb", source="Condition 4.2", text="M <= d/2", left="M", relation="<=", right="d/2", kind="stated",
           power=0, mends=(("M", "lower"), ("d", "raise"))),
    Clause(id="4.3s0", source="Condition 4.3", text="sigma_0 = d^-1/2", left="sigma_0_sum", relation="=",
           right="1/sqrt(d)", power=-1, mends=(("sigma_0", "raise"),)),
    Clause(id="4.3g", source="Condition 4.3", text="gamma = polylog: at least 1/C", left="gamma_sum", relation=">=",
           right="1", power=-1, mends=(("eta_inner", "raise"),)),
    Clause(id="4.3e", source="Condition 4.3", text="eta = 1/polylog: at most C", left="eta_sum", relation="<=",
           right="1", power=-1, mends=(("eta", "lower"),)),
    Clause(id="4.3J", source="Condition 4.3", text="J = 5", left="J", relation="=", right="5", power=-1,
           mends=(("J", "raise"),),
           note="the paper says that any J = Theta(1) would do, and that Theorem 4.4 holds for J = 0; its proof does "
                "not cover that: the rates' ratio (sigma_xi^2 d)^(J + 1)/K must exceed L, and is L^0.5 at J = 0."),
)


def _power(id: str, source: str, text: str, of: str, *mends: tuple[str, str]) -> Clause:
    """polylog(d) = L^C: the power of L that a quantity is, which C must reach."""
    return Clause(id=id, source=source, text=text, left=f"log({of})/log(L)", relation="<=", right="1", power=-1,
                  mends=mends)  # type: ignore[arg-type]


_POWERS = (
    _power("P.xi", "Condition 4.2", "sigma_xi sqrt(d) <= L^C", "max(sigma_xi*sqrt(d), 1)", ("sigma_xi", "lower")),
    _power("P.s", "Condition 4.2", "1/(sigma_s sqrt(d)) <= L^C", "max(1/(sigma_s*sqrt(d)), 1)", ("sigma_s", "raise")),
    _power("P.K", "Condition 4.2", "K <= L^C", "n_tasks", ("n_tasks", "lower")),
    _power("P.m", "Condition 4.2", "m <= L^C", "m", ("m", "lower")),
    _power("P.g", "Condition 4.3", "gamma <= L^C", "max(gamma_sum, 1)", ("eta_inner", "lower")),
    _power("P.eta", "Condition 4.3", "1/eta <= L^C", "max(1/eta_sum, 1)", ("eta", "raise")),
    Clause(id="P.T", source="Condition 4.3", text="T = poly(d), read T <= d^C", left="log(max(T, 1))/L",
           relation="<=", right="1", power=-1),
)


def _equal(id: str, text: str, left: str, right: str, parameter: str = "", note: str = "") -> Clause:
    """An equation of Condition D.1, or one that follows from it (no parameter)."""
    return Clause(id=id, source="Condition D.1", text=text, left=left, relation="=", right=right, power=-1,
                  mends=((parameter, "raise"),) if parameter else (), note=note)


_D1 = (
    _equal("D.nu", "|nu| = 1", "nu_norm", "1", "nu_norm"),
    _equal("D.s0", "sigma_0 sqrt(d) = 1", "sigma_0_sum*sqrt(d)", "1", "sigma_0"),
    _equal("D.s", "sigma_s sqrt(d) = L^-0.4", "sigma_s*sqrt(d)", "L**(-0.4)", "sigma_s"),
    _equal("D.xi", "sigma_xi sqrt(d) = L^0.5", "sigma_xi*sqrt(d)", "L**0.5", "sigma_xi"),
    _equal("D.K", "K = L^0.5", "n_tasks", "L**0.5", "n_tasks"),
    _equal("D.m", "m = L^0.2", "m", "L**0.2", "m"),
    _equal("D.g", "gamma = L^0.4", "gamma_sum", "L**0.4", "eta_inner"),
    _equal("D.eta", "eta = L^-5, printed as 1/log(d)^-5", "eta_sum", "L**(-5)", "eta",
           "as printed, 1/log(d)^{-5} = L^5, which contradicts Condition 4.3's eta = 1/polylog(d) and every power "
           "derived from it; read as L^-5. Even that is too large for Theorems E.3 and E.9, which need about L^-7 "
           "(C4)."),
    _equal("D.J", "J = 5", "J", "5", "J"),
    _equal("D.h", "h = 1/2", "h_sum", "0.5", "h"),
    _equal("D.M", "M = d/2", "M", "d/2", "M",
           "noise is projected off nu and all M dictionary vectors, so at M = d/2 it has d/2 - 1 dimensions and "
           "E|xi|^2 is below the sigma_xi^2 d/2 that Lemmas D.2(1) and G.1 give as a lower bound (G1a)."),
)

_DERIVED = (
    _equal("sx2", "sigma_xi^2 d = L", _XI_SQUARE, "L"),
    _equal("gsx2", "gamma sigma_xi^2 d = L^1.4", f"gamma_sum*{_XI_SQUARE}", "L**1.4"),
    _equal("ss2", "sigma_s^2 d = L^-0.8", "sigma_s**2*d", "L**(-0.8)"),
    _equal("gJ", "gamma^J = L^(0.4 J), L^2 at J = 5", "gamma_sum**J", "L**(0.4*J)"),
    _equal("gsx2J", "(gamma sigma_xi^2 d)^J = L^(1.4 J), L^7", f"(gamma_sum*{_XI_SQUARE})**J", "L**(1.4*J)"),
    _equal("AJ", "A(J) = L^-(0.1 + 1.4 J), L^-7.1 at J = 5", _A("J"), "L**(-0.1 - 1.4*J)",
           note="A(q) = m^(-1/2) (1 + gamma sigma_xi^2 d/n)^(-q), whose n = Theta(1) the powers leave out."),
    _equal("AJ-1/2", "A(J - 1/2) = L^(0.6 - 1.4 J), L^-6.4", _A("J - 0.5"), "L**(0.6 - 1.4*J)"),
    _equal("AJ-1", "A(J - 1) = L^(1.3 - 1.4 J), L^-5.7", _A("J - 1"), "L**(1.3 - 1.4*J)"),
    _equal("T2", "m^-1/2 (1 + gamma)^-J = L^-(0.1 + 0.4 J)", "start_val", "L**(-0.1 - 0.4*J)"),
    _equal("step", "eta sigma_xi^2 d/(K n) = L^-4.5", _STEP, "L**(-4.5)"),
    _equal("g_tt", "tr-tr noise, a step: L^(1.4 J - 4.5), L^2.5", f"{_STEP}*(gamma_sum*{_XI_SQUARE}/n)**J",
           "L**(1.4*J - 4.5)",
           note="at J = 5 the growth is not the o(1) that Lemma D.5 wants, and one step passes A(J - 1/2)."),
    _equal("g_nu", "feature, a step: L^(0.4 J - 5), L^-3", "eta_sum*gamma_sum**J", "L**(0.4*J - 5)"),
    _equal("g_tv", "tr-val noise, a step: L^-4.5", f"eta_sum*{_XI_SQUARE}/(n_tasks*n_val)", "L**(-4.5)"),
)

_PHASES = (
    Clause(id="C1t", source=f"{_OURS}: Appendix E, T^(1) > 0", text="Xi_0 <= A(J): Phase I is not empty",
           left="Xi_0", relation="<=", right="start_train", kind="stated", only=_TRAIN,
           mends=(("sigma_0", "lower"), ("sigma_xi", "lower"), ("eta_inner", "lower"), ("n", "raise"), ("J", "lower")),
           note="Condition D.1's own sizes with n = 4 meet it from log d of about 30 on (44 if the noise had "
                "all d dimensions); below, training starts saturated and Theorem E.2 speaks of no step."),
    Clause(id="C1v", source=f"{_OURS}: Appendix F, T^(2) > 0", text="Lambda_0 <= m^-1/2 (1 + gamma)^-J",
           left="Lambda_0", relation="<=", right="start_val", kind="stated", only=_VAL,
           mends=(("sigma_0", "lower"), ("eta_inner", "lower"), ("J", "lower"), ("nu_norm", "lower")),
           note="T^(2) is where the adapted product reaches m^-1/2 if J steps multiply it by (1 + gamma)^J; what they "
                "can do at most is (1 + gamma |nu_k|^2/h)^J, at h = 1/2 about 2^J more, and with half the labels "
                "(1 + gamma/2)^J."),
    Clause(id="C2r", source=f"{_OURS}: Theorem E.2", text="noise outgrows the feature: r_tt >= C r_nu", left="r_tt",
           relation=">=", right="r_nu", only=_TRAIN,
           mends=(("sigma_xi", "raise"), ("n_tasks", "lower"), ("n", "lower"), ("sigma_s", "lower"))),
    Clause(id="C2", source=f"{_OURS}: Theorem E.2 by Lemma D.5, repaired",
           text="Xi is at A(J) before Lambda doubles",
           left=f"max(log(start_train/Xi_0), 0)/{_log1p('r_tt')}*{_log1p('r_nu')}", relation="<=", right="log(2)",
           kind="stated", only=_TRAIN,
           mends=(("sigma_0", "raise"), ("sigma_xi", "raise"), ("n_tasks", "lower"), ("n", "lower"),
                  ("eta", "lower"), ("sigma_s", "lower")),
           note="Lemma D.5 as printed takes log(1 + A) for A and leaves out a constant that matters; this is x_0 >= "
                "D G^(-log(1 + A)/log(1 + B)) with G = 2, which is true for all A, B > 0."),
    Clause(id="C3r", source=f"{_OURS}: Theorem F.9", text="the feature outgrows noise: C r_tv <= r_nu", left="r_tv",
           relation="<=", right="r_nu", only=_VAL,
           mends=(("sigma_xi", "lower"), ("n_tasks", "raise"), ("eta_inner", "raise"), ("nu_norm", "raise"))),
    Clause(id="C3", source=f"{_OURS}: Theorem F.9 by Lemma D.5, repaired",
           text="Lambda is there before val noise doubles",
           left=f"max(log(start_val/Lambda_0), 0)/{_log1p('r_nu')}*{_log1p('r_tv')}", relation="<=", right="log(2)",
           kind="stated", only=_VAL,
           mends=(("sigma_0", "raise"), ("sigma_xi", "lower"), ("n_tasks", "raise"), ("eta_inner", "raise"),
                  ("eta", "lower"))),
    Clause(id="C4", source="Theorems E.3 and E.9", text="eta X/(K n) << A(J - 1/2): no overshoot",
           left="eta_sum*X/(n_tasks*n)", relation="<=", right=_A("J - 0.5", "X"), only=_TRAIN,
           mends=(("eta", "lower"), ("n_tasks", "raise"), ("n", "raise"), ("sigma_xi", "lower"),
                  ("eta_inner", "lower"), ("J", "lower")),
           note="Condition D.1 itself breaks it at large d, L^-4.5 against L^-6.4; eta = O(L^-7) would not."),
)

_DATA = (
    Clause(id="C5a", source="Condition D.1", text="two examples or more in tr and in val", left="min(n_train, n_val)",
           relation=">=", right="2", kind="stated", power=0, only=_VAL, mends=(("n", "raise"),)),
    Clause(id="C5b", source="Condition D.1", text="E[splits without both labels] <= delta",
           left="(1 - balanced)*n_tasks*(2**(1 - n_train) + 2**(1 - n_val))", relation="<=", right="delta",
           kind="stated", only=_VAL, mends=(("n", "raise"), ("n_tasks", "lower"), ("delta", "raise")),
           note="Definition 3.2's labels are fair coins; balanced=true gives both labels to every split of two."),
    Clause(id="C5c", source=f"{_OURS}: Lemma F.15 compares tasks", text="C gamma |p_k - p_k'| |nu_k|^2/(2 h) <= 1",
           left="gain_nu*p_spread/p", relation="<=", right="1", only=_VAL,
           mends=(("eta_inner", "lower"), ("nu_norm", "lower")),
           note="p_k is the share of y = 1 in the training split of task k. Lemma F.15 is false unless the shares "
                "agree: then give balanced=true and an even n_train."),
    Clause(id="C6", source=f"{_OURS}: (E.11) is monotone then", text="<nu_k, nu_k'> >= 0 for all tasks",
           left="Gamma_min", relation=">=", right="0", kind="stated", power=0,
           mends=(("sigma_s", "lower"), ("nu_norm", "raise"), ("d", "lower"))),
    Clause(id="C7a", source=f"{_OURS}: every label has a live filter", text="2 K n 2^-m <= delta (in logs)",
           left="log(2)*m", relation=">=", right="log(2*n_tasks*n/delta)", kind="stated",
           mends=(("m", "raise"), ("n_tasks", "lower"), ("n", "lower"), ("delta", "raise")),
           note="an example all of whose m products are negative stays unlearnt: T^(1) is infinite."),
    Clause(id="C7b", source="Lemma D.2(6)", text="2 K n Phi(sqrt(d/R)/4)^m <= delta (in logs)",
           left=f"{_SHORT}*m", relation=">=", right="log(2*n_tasks*n/delta)", kind="stated",
           mends=(("m", "raise"), ("M", "lower"), ("n_tasks", "lower"), ("n", "lower"), ("delta", "raise"))),
    Clause(id="C7c", source="Lemma D.2(6) with the delta that it claims", text="the same at delta = (K n)^-10",
           left=f"{_SHORT}*m", relation=">=", right="log(2) + 11*log(n_tasks*n)", kind="stated",
           mends=(("m", "raise"), ("M", "lower"), ("n_tasks", "lower"), ("n", "lower")),
           note="with Condition D.1's m = L^0.2 the claimed probability needs log d of about 1e13."),
    Clause(id="C8", source="Condition 4.2, d >> K n", text="K n <= R: noise is linearly independent",
           left="n_tasks*n", relation="<=", right="R", kind="stated",
           mends=(("d", "raise"), ("M", "lower"), ("n_tasks", "lower"), ("n", "lower"))),
    Clause(id="C8b", source="Lemma D.2(2)", text="|G_off| <= 2 sigma_xi^2 sqrt(d log(..))", left="G_off",
           relation="<=", right="2*sigma_xi**2*sqrt(d)*sqrt(log(12*(n_tasks*n)**2/delta))", kind="stated"),
    Clause(id="G1a", source="Lemmas D.2(1), G.1", text="|xi|^2 >= sigma_xi^2 d/2", left="xi_min", relation=">=",
           right=f"{_XI_SQUARE}/2", kind="stated", mends=(("M", "lower"), ("d", "raise"))),
    Clause(id="G1b", source="Lemmas D.2(1), G.1", text="|xi|^2 <= 3 sigma_xi^2 d/2", left="xi_max", relation="<=",
           right=f"1.5*{_XI_SQUARE}", kind="stated", mends=(("n_tasks", "lower"), ("n", "lower"))),
    Clause(id="C9", source=f"{_OURS}: gamma^J for (1 + Theta(1) gamma)^J", text="gamma p |nu_k|^2/(2 h) >= 1",
           left="gain_nu", relation=">=", right="1", kind="stated",
           mends=(("eta_inner", "raise"), ("nu_norm", "raise")),
           note="without it adaptation hardly amplifies features, and gamma^J in Lemmas 6.1 and 6.2 means nothing. "
                "Where it holds, a filter with j<w, nu_k> < 0 can change sign within the inner loop, which the "
                "proofs' 'without loss of generality j<w, nu_k> > 0' leaves out."),
    Clause(id="C10i", source=f"{_OURS}: (E.6), (E.9)", text="(n - 1) |G_off| <= X/10: cross noise, inner",
           left="(n - 1)*G_off", relation="<=", right="X/10", kind="stated",
           mends=(("d", "raise"), ("M", "lower"), ("n", "lower"), ("n_tasks", "lower"))),
    Clause(id="C10o", source=f"{_OURS}: (E.6), (E.9)", text="K n |G_off| <= X/10: cross noise, outer",
           left="n_tasks*n*G_off", relation="<=", right="X/10", kind="stated",
           mends=(("d", "raise"), ("M", "lower"), ("n", "lower"), ("n_tasks", "lower"))),
    Clause(id="C11", source=f"{_OURS}: Lemma F.7(2)", text="C_floor << h: cross noise in validation", left="C_floor",
           relation="<=", right="h_sum", only=_VAL,
           mends=(("eta_inner", "lower"), ("sigma_xi", "lower"), ("J", "lower"))),
)

CONDITIONS = Conditions(
    paper="Zuo, Chen, Yao, Cao and Gu, ICLR 2023",
    title="FOMAML: Theorems 4.4 (train-train) and 4.5 (train-validation)",
    lists=(
        ClauseList(title="Conditions 4.1, 4.2 and 4.3", clauses=_PRINTED),
        ClauseList(title="The same, from above: polylog(d) is a power of L = log d, which C is", clauses=_POWERS),
        ClauseList(title="Condition D.1: powers of L = log d, up to a constant factor", clauses=_D1),
        ClauseList(title="The powers of L that follow from Condition D.1 (not printed there)", clauses=_DERIVED),
        ClauseList(title="What the proofs use of the step sizes, at finite size (not in the paper)", clauses=_PHASES),
        ClauseList(title="What the proofs use of the data, at finite size (not in the paper)", clauses=_DATA),
    ),
    quantities=(
        Quantity(name="L", formula="log(d)", meaning="log d"),
        Quantity(name="gamma_sum", formula="kappa**2*eta_inner", meaning="inner step size, in the sum convention"),
        Quantity(name="eta_sum", formula="kappa**2*eta", meaning="outer step size, sum convention"),
        Quantity(name="sigma_0_sum", formula="kappa*sigma_0", meaning="initialisation, sum convention"),
        Quantity(name="h_sum", formula="kappa*h", meaning="width of the activation, sum convention"),
        Quantity(name="n_val", formula="n - n_train", meaning="n_2, validation examples a task"),
        Quantity(name="R", formula="d - project_noise*(M + 1)", meaning="dimensions of the noise"),
        Quantity(name="X", formula="sigma_xi**2*R", meaning="mean of |xi|^2"),
        Quantity(name="xi_min", formula="X*max(1 - 2*sqrt(log(n_tasks*n)/R), 0)", meaning="smallest |xi|^2"),
        Quantity(name="xi_max", formula="X*(1 + 2*sqrt(log(n_tasks*n)/R))", meaning="largest |xi|^2"),
        Quantity(name="G_off", formula="sigma_xi**2*sqrt(R)*sqrt(2*log(max((n_tasks*n)**2/2, 1)))",
                 meaning="largest |<xi, xi'>|"),
        Quantity(name="z_min", formula="sigma_s*max(sqrt(d - 1) - sqrt(log(M)), 0)", meaning="smallest |z_a|"),
        Quantity(name="z_max", formula="sigma_s*(sqrt(d - 1) + sqrt(log(M)))", meaning="largest |z_a|"),
        Quantity(name="z_product", formula="sigma_s**2*sqrt(d - 1)*sqrt(2*log(max(M**2/2, 1)))",
                 meaning="largest <z_a, z_b>"),
        Quantity(name="Gamma_min", formula="nu_norm**2 - sigma_s**2*sqrt(d - 1)*sqrt(2*log(max(n_tasks**2/2, 1)))",
                 meaning="smallest <nu_k, nu_k'>", signed=True),
        Quantity(name="p", formula="0.5", meaning="share of an inner split that pushes a filter"),
        # Coins: a range of K binomial shares, sqrt(2 log K/n_1) and at most 1; balanced: 1/n_1 where n_1 is odd.
        Quantity(name="p_spread", formula="min(1, (1 - balanced)*sqrt(2*log(n_tasks)/n_train)"
                                          " + balanced*min(n_tasks - 1, 1)*(1 - (-1)**n_train)/(2*n_train))",
                 meaning="range of the tasks' p_k"),
        Quantity(name="largest", formula=_LARGEST, meaning="median of the largest of m standard normals"),
        Quantity(name="Xi_0", formula="sigma_0_sum*sqrt(X)*largest", meaning="Xi at the start"),
        Quantity(name="Lambda_0", formula="sigma_0_sum*nu_norm*largest", meaning="Lambda at the start"),
        Quantity(name="start_train", formula=_A("J", "X"), meaning="A(J), the end of train-train's Phase I"),
        Quantity(name="start_val", formula="(1 + gamma_sum)**(-J)/sqrt(m)",
                 meaning="m^-1/2 (1 + gamma)^-J, the end of train-validation's"),
        Quantity(name="r_tt", formula=_POOLED["rate_xi"], meaning="train-train's growth of noise in an outer step"),
        Quantity(name="r_tv", formula=RATES["train-validation"]["rate_xi"], meaning="train-validation's"),
        Quantity(name="r_nu", formula=_POOLED["rate_nu_k"], meaning="growth of the feature"),
        Quantity(name="gain_nu", formula=f"{_POOLED['inner_nu_k']} - 1", meaning="the share an inner step adds to it"),
        Quantity(name="C_floor", formula="J*gamma_sum*X/sqrt(R)*sqrt(log(n_tasks*n))",
                 meaning="Appendix F's floor of Xi-hat, J gamma sigma_xi^2 sqrt(R log(K n))"),
    ),
    prescriptions=(
        Prescription(name="T^(1)", used="T", formula=f"max(log(start_train/Xi_0), 0)/{_log1p('r_tt')}",
                     source="Appendix E, growth from Xi_0", cure="lower sigma_0", only=_TRAIN),
        Prescription(name="T^(2)", used="T", formula=f"max(log(start_val/Lambda_0), 0)/{_log1p('r_nu')}",
                     source="Appendix F, growth from Lambda_0", cure="lower sigma_0", only=_VAL),
    ),
    parameters=(
        Parameter(name="delta", latex=r"\delta", meaning="failure probability", kind="real", default=0.1,
                  source="our choice; the paper's (K n)^-10 has a clause of its own", low=0, open_low=True, high=1),
    ),
    assumes=(
        Only(parameter="method", values=("train-train", "train-validation"),
             why="the theorems are about (3.1) and (3.2)"),
        Only(parameter="activation", values=("huberized",), why="Section 3's network has the Huberized ReLU"),
        Only(parameter="project_noise", values=(True,), why="Definition 3.2 projects the noise off the features"),
        Only(parameter="fresh", values=(False,), why="the theorems are about one set of examples"),
    ),
    notes=(
        "An equation's C is the factor by which its two sides may differ, so it holds at C = 1 only where they are "
        "equal; in Conditions 4.1 to 4.3 too a larger C asks for less.",
        "Lengths and products of z and xi, class shares and the products at the start are the typical ones of a "
        "Gaussian draw (an extreme of N normals as sqrt(2 log N)), not those of a draw. A(q) is taken at X = "
        "sigma_xi^2 R, except among the powers of L, where it is at sigma_xi^2 d as printed.",
        "The clauses on finite sizes are sufficient ones: runs that break C3, C4, C10 and C11 can still separate the "
        "two methods.",
    ),
)
