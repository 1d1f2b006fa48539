"""PEGR's Condition 3.1, the lambda and T_1 of Theorem 3.2, and apart from them the hypotheses its proofs use.

Meng, Cao and Zou, arXiv:2303.17940, Section 3.  The theorems are about the mean over filters and a penalty with 1/2;
a run with a sum, or without the 1/2, is the same run at the step size, penalty weight and initialisation *_mean below
(an exact symmetry: W -> W / sqrt(m kappa)).
"""

from __future__ import annotations

from ...declare import Clause, ClauseList, Conditions, Only, Parameter, Prescription, Quantity

_PENALISED = Only(parameter="regularizer", values=("pegr",), why="Theorem 3.2, per-example penalty")
_PLAIN = Only(parameter="regularizer", values=("none",), why="Theorem 3.3, no penalty")
_READING = "not in the paper"
_T_1_ARGUMENT = "4/(sqrt(2*log(8*m/delta))*sigma_0_mean*mu_norm*log(n))"
_T_1 = f"m/(eta_mean*mu_norm**2)*log({_T_1_ARGUMENT})"

_CONDITION = (
    Clause(id="3.1.1", source="Condition 3.1 (1)", text="d >= Omega~(m^2 n^(2+2 alpha))",
           left="d", relation=">=", right="m**2*n**(2 + 2*alpha)",
           mends=(("d", "raise"), ("n", "lower"), ("m", "lower"))),
    Clause(id="3.1.2a", source="Condition 3.1 (2)", text="|mu| + |mu|^4 << S",
           left="mu_norm + mu_norm**4", relation="<=", right="S",
           mends=(("sigma_p", "raise"), ("d", "raise"), ("mu_norm", "lower"))),
    Clause(id="3.1.2b", source="Condition 3.1 (2)", text="S -> infinity, read S >= the constant",
           left="S", relation=">=", right="1", mends=(("sigma_p", "raise"), ("d", "raise"))),
    Clause(id="3.1.3", source="Condition 3.1 (3)", text="sigma_0 <= O(1/(S^2 (nm)^(2 alpha)))",
           left="sigma_0_mean", relation="<=", right="1/(S**2*(n*m)**(2*alpha))",
           mends=(("sigma_0", "lower"), ("sigma_p", "lower"), ("d", "lower"))),
    Clause(id="3.1.4", source="Condition 3.1 (4)", text="eta = O~(n m/S^2)",
           left="eta_mean", relation="<=", right="n*m/S**2",
           mends=(("eta", "lower"), ("n", "raise"), ("m", "raise"), ("sigma_p", "lower"), ("d", "lower"))),
    Clause(id="3.1.5m", source="Condition 3.1 (5)", text="m = Omega(polylog(d, 1/sigma_0))",
           left="m", relation=">=", right="log(d/sigma_0_mean)",
           mends=(("m", "raise"), ("sigma_0", "raise"), ("d", "lower"))),
    Clause(id="3.1.5n", source="Condition 3.1 (5)", text="n = Omega(polylog(d, 1/sigma_0))",
           left="n", relation=">=", right="log(d/sigma_0_mean)",
           mends=(("n", "raise"), ("sigma_0", "raise"), ("d", "lower"))),
)

_REPAIRED = (
    Clause(id="R1", source=f"{_READING}: used by Proposition D.1", text="lambda S^2 >= m (at lambda = 1/S: S >= m)",
           left="lam_mean*S**2", relation=">=", right="m", kind="stated", only=_PENALISED,
           mends=(("lam", "raise"), ("sigma_p", "raise"), ("d", "raise"), ("m", "lower"))),
    Clause(id="R2", source=f"{_READING}: makes gamma grow at every step", text="2 lambda |mu|^2 <= m",
           left="2*lam_mean*mu_norm**2", relation="<=", right="m", kind="stated", only=_PENALISED,
           mends=(("lam", "lower"), ("mu_norm", "lower"), ("m", "raise"))),
    Clause(id="R3a", source=f"{_READING}: used by (D.6)", text="eta lambda S^4 <= n m^2",
           left="eta_mean*lam_mean*S**4", relation="<=", right="n*m**2", kind="stated", only=_PENALISED,
           mends=(("eta", "lower"), ("lam", "lower"), ("sigma_p", "lower"), ("d", "lower"), ("n", "raise"),
                  ("m", "raise"))),
    Clause(id="R3b", source=f"{_READING}: used by (D.6) and Lemma E.13", text="10 eta S^2 <= n m",
           left="10*eta_mean*S**2", relation="<=", right="n*m", kind="stated",
           mends=(("eta", "lower"), ("sigma_p", "lower"), ("d", "lower"), ("n", "raise"), ("m", "raise"))),
    Clause(id="R4", source=f"{_READING}: Theorem 3.3 is false without it",
           text="2 n |mu|^2/S^2 log(1/(sigma_0 S)) <= log 2", left="2*n*mu_norm**2/S**2*log(1/(sigma_0_mean*S))",
           relation="<=", right="log(2)", kind="stated", only=_PLAIN,
           mends=(("n", "lower"), ("mu_norm", "lower"), ("sigma_p", "raise"), ("d", "raise"), ("sigma_0", "raise"))),
    Clause(id="R5", source=f"{_READING}: used by Lemma C.2 and (D.5)",
           text="d >= n^2 log(4n^2/delta) log^2 max(T, e^2)", left="d", relation=">=",
           right="n**2*log(4*n**2/delta)*max(log(max(T, 1)), 2)**2", mends=(("d", "raise"), ("n", "lower"))),
    Clause(id="R6a", source="Lemma B.1", text="n >= 8 log(4/delta)",
           left="n", relation=">=", right="8*log(4/delta)", kind="stated", mends=(("n", "raise"), ("delta", "raise"))),
    Clause(id="R6b", source="Lemma B.2", text="d >> log(4n/delta)",
           left="d", relation=">=", right="log(4*n/delta)", mends=(("d", "raise"), ("n", "lower"), ("delta", "raise"))),
    # 0.51298... = -log Phi(1/4): Lemma B.3 fails only where all m filters of a head fall short for one of n examples.
    Clause(id="R6c", source=f"{_READING}: Lemma B.3 asks m >> log(1/delta)", text="2 n Phi(1/4)^m <= delta (in logs)",
           left="0.5129840754094305*m", relation=">=", right="log(2*n/delta)", kind="stated",
           mends=(("m", "raise"), ("n", "lower"), ("delta", "raise"))),
    Clause(id="R7", source=f"{_READING}: Theorem 3.2 needs it", text="T_1 > 0, its logarithm's argument >= 1",
           left=_T_1_ARGUMENT, relation=">=", right="1", kind="stated", only=_PENALISED,
           mends=(("sigma_0", "lower"), ("mu_norm", "lower"), ("n", "lower"), ("delta", "raise"))),
)

CONDITIONS = Conditions(
    paper="Meng, Cao and Zou 2023, arXiv:2303.17940",
    title="PEGR: Theorems 3.2 and 3.3",
    lists=(
        ClauseList(title="Condition 3.1", clauses=_CONDITION),
        ClauseList(title="What the proofs use (repaired hypotheses, not in the paper)", clauses=_REPAIRED),
    ),
    quantities=(
        Quantity(name="S", formula="sigma_p*sqrt(d)", meaning="noise length sigma_p sqrt(d)"),
        Quantity(name="eta_mean", formula="m*kappa*eta", meaning="step size, in the mean convention"),
        Quantity(name="lam_mean", formula="2*c*m*kappa*lam", meaning="penalty weight, mean convention with 1/2"),
        Quantity(name="sigma_0_mean", formula="sqrt(m*kappa)*sigma_0", meaning="initialisation, mean convention"),
    ),
    prescriptions=(
        Prescription(name="lambda", used="lam_mean", formula="1/S", source="Section 3, below Condition 3.1",
                     only=_PENALISED),
        Prescription(name="T_1, printed", used="lam_until", formula=_T_1, source="Theorem 3.2",
                     cure="lower sigma_0 or mu_norm", duration=True, only=_PENALISED),
        Prescription(name="T_1, corrected", used="lam_until", formula=f"2*{_T_1}",
                     source="a class has n/2 examples, not n", cure="lower sigma_0 or mu_norm", duration=True,
                     only=_PENALISED),
        Prescription(name="last t", used="T", formula=f"{_T_1} + 2*n*m*S**2/(eta_mean*eps*mu_norm**2)",
                     source="Theorem 3.2, order only", only=_PENALISED),
        Prescription(name="last t", used="T", formula="n*m/(eta_mean*S**2) + m**3*n/(eta_mean*eps)",
                     source="Theorem 3.3, order only", only=_PLAIN),
    ),
    parameters=(
        Parameter(name="alpha", latex=r"\alpha", meaning="slack in the exponents of Condition 3.1", kind="real",
                  default=0.0005, source="Condition 3.1 asks 0 < alpha < 0.001; the middle is our choice", low=0,
                  open_low=True, high=0.001),
    ),
    assumes=(
        Only(parameter="regularizer", values=("pegr", "none"), why="the theorems cover PEGR and no penalty"),
        Only(parameter="q", values=(2,), why="the theorems are for ReLU^2"),
        Only(parameter="project_noise", values=(True,), why="Definition 2.1 projects the noise off mu"),
    ),
    notes=(
        "The paper hides its constants and logarithms: O, Omega, << are read with one C for all clauses, polylog as "
        "the first power of the logarithm, and the logarithms inside O~ and Omega~ as 1.",
    ),
)
