"""Heterogeneous noise: Condition 1, the three statements of Theorem 1, and apart from them what the proofs use.

Xu and Chen, arXiv:2502.11893, Sections 3 and 5.  The clauses see the class
covariances through the quantities below: at parameters those of Section 5's family (one eigenvalue of A_k tuned for
Gamma, orthonormal spikes), for matrices of the caller's the ones of `dynamics.chance.covariances.quantities`, as
`measured`.  F_ij stands for ||A_i^T A_j||_F.  A run with a sum over filters is the mean at *_mean (exact: W -> m
kappa W).
"""

from __future__ import annotations

from ...declare import Clause, ClauseList, Conditions, Only, Prescription, Quantity

_PAPER = "Condition 1"
_READING = "not in the paper"
_DEN = "max(sqrt(log(K*m/delta))*u_max, log(K*m/delta)*sqrt(trace))"
_W_STAR = "m*K*(2.5*log(4*(K - 1)/eps)/u_norm)**2"

_CONDITION = (
    Clause(id="a1", source=f"{_PAPER} (a)", text="Tr_i/F_ij >= C n log(n^2/delta)", left="trace_to_F", relation=">=",
           right="n*log(n**2/delta)", mends=(("d", "raise"), ("n", "lower"), ("Gamma", "lower"))),
    Clause(id="a2", source=f"{_PAPER} (a)", text="F_ij/|A_i^T A_j|_op >= C sqrt(log(K/delta))", left="F_to_op",
           relation=">=", right="sqrt(log(K/delta))", mends=(("Gamma", "lower"), ("d", "raise"))),
    Clause(id="a3", source=f"{_PAPER} (a)", text="F_ij >= max_k F_ik/C (caps Gamma at C^2)", left="F_balance",
           relation=">=", right="1", power=-1, mends=(("Gamma", "lower"),)),
    Clause(id="a4", source=f"{_PAPER} (a)", text="some c' > 0 has P(zeta > c') >= 0.4", left="positive", relation=">=",
           right="0.4", kind="stated", power=0),
    Clause(id="b1", source=f"{_PAPER} (b)", text="m >= C log(n/delta) max (l_max/l_min)^2", left="m", relation=">=",
           right="spread**2*log(n/delta)", mends=(("m", "raise"), ("Gamma", "lower"), ("n", "lower"))),
    Clause(id="b2n", source=f"{_PAPER} (b)", text="n >= C log(m/delta)", left="n", relation=">=",
           right="log(m/delta)", mends=(("n", "raise"), ("m", "lower"))),
    Clause(id="b2m", source=f"{_PAPER} (b)", text="m >= Om(log(n/delta) log^2 T/(n sigma_0^2))", left="m",
           relation=">=", right="log(n/delta)*log(max(T, 1))**2/(n*sigma_0_mean**2)",
           mends=(("sigma_0", "raise"), ("m", "raise"), ("n", "raise"))),
    # min{m, d, rank} - 0.9 m >= C n is these two: apart, each moves one way in m.
    Clause(id="b3m", source=f"{_PAPER} (b)", text="m - 0.9 m >= C n", left="0.1*m", relation=">=", right="n",
           mends=(("m", "raise"), ("n", "lower"))),
    Clause(id="b3r", source=f"{_PAPER} (b)", text="min(d, rank A_j) - 0.9 m >= C n", left="min(d, rank) - 0.9*m",
           relation=">=", right="n", mends=(("d", "raise"), ("m", "lower"), ("n", "lower"))),
    Clause(id="b4", source=f"{_PAPER} (b)", text="d >= C log(m n/delta)", left="d", relation=">=",
           right="log(m*n/delta)", mends=(("d", "raise"), ("m", "lower"), ("n", "lower"))),
    Clause(id="c1", source=f"{_PAPER} (c)", text="eta <= 1/(C M^2)", left="eta_mean", relation="<=",
           right="1/reach**2", mends=(("eta", "lower"), ("u_norm", "lower"), ("d", "lower"), ("Gamma", "lower"))),
    Clause(id="c2", source=f"{_PAPER} (c)", text="eta <= m n log(T)/Tr_j", left="eta_mean", relation="<=",
           right="m*n*log(max(T, 1))/trace", kind="stated", power=0,
           mends=(("eta", "lower"), ("n", "raise"), ("d", "lower"), ("Gamma", "lower"))),
    Clause(id="c3", source=f"{_PAPER} (c), with the comma that its maximum lacks",
           text="sigma_0 <= phi/(C n max(..|u|, ..|A_k|_F))", left="sigma_0_mean", relation="<=",
           right=f"phi/(n*{_DEN})", mends=(("sigma_0", "lower"), ("n", "lower"), ("m", "lower"))),
)

_STATEMENTS = (
    ClauseList(title="Theorem 1, statement 2(a), every class: benign by the signal (C is its C_1)", clauses=(
        Clause(id="2a", source="Theorem 1, 2(a)", text="C_1 max_j |S_j| F_kj^2 <= |S_k|^2 |u_k|^4",
               left="noise_to_signal_max", relation="<=", right="1",
               mends=(("u_norm", "raise"), ("n", "raise"), ("d", "lower"))),)),
    ClauseList(title="Theorem 1, statement 2(b), every class: long tails benign by the noise (C is its C_2)", clauses=(
        Clause(id="2b", source="Theorem 1, 2(b)", text="C_2 max_j |S_j| F_kj^2 <= |S_k| F_kk^2",
               left="noise_to_own_max", relation="<=", right="1", mends=(("Gamma", "raise"),)),)),
    ClauseList(title="Theorem 1, statement 3, every class: harmful (C is its C_3; a larger one asks less)", clauses=(
        Clause(id="3s", source="Theorem 1, 3", text="C_3 max_j |S_j| F_kj^2 >= |S_k|^2 |u_k|^4",
               left="noise_to_signal_min", relation=">=", right="1", power=-1),
        Clause(id="3n", source="Theorem 1, 3", text="C_3 max_j |S_j| F_kj^2 >= |S_k| F_kk^2",
               left="noise_to_own_min", relation=">=", right="1", power=-1))),
)

_REPAIRED = (
    Clause(id="X1", source="b2m and c3 together, sigma_0 eliminated", text="some sigma_0 meets b2m and c3",
           left=f"(m*phi**2/(n*{_DEN}**2*log(n/delta)))**(1/3)", relation=">=", right="log(max(T, 1))**(2/3)",
           mends=(("m", "raise"), ("n", "lower"))),
    Clause(id="R1", source=f"{_READING}: Lemma 2 with the 1/m of (1)", text="4 eta M^2 <= m",
           left="4*eta_mean*reach**2", relation="<=", right="m", kind="stated",
           mends=(("eta", "lower"), ("u_norm", "lower"), ("d", "lower"), ("Gamma", "lower"))),
    Clause(id="R2", source="Lemma 22, with Lemma 13's exponent m/50", text="m >= 50 log(n/delta)", left="m",
           relation=">=", right="50*log(n/delta)", kind="stated", mends=(("m", "raise"), ("n", "lower"))),
    Clause(id="R3", source="Lemma 23, with Lemma 13's exponent n/50", text="n >= 50 log(K m/delta)", left="n",
           relation=">=", right="50*log(K*m/delta)", kind="stated", mends=(("n", "raise"), ("m", "lower"))),
    Clause(id="R4", source=f"{_READING}: (118), whose 1/n has no source", text="b2m's m, times 100 n/l_min(A)^2",
           left="m", relation=">=", right="100*log(n/delta)*log(max(T, 1))**2/(sigma_0_mean*smallest)**2",
           kind="stated", mends=(("sigma_0", "raise"), ("m", "raise"), ("n", "lower"))),
)

CONDITIONS = Conditions(
    paper="Xu and Chen 2025, arXiv:2502.11893",
    title="Heterogeneous noise: Theorem 1",
    lists=(
        ClauseList(title="Condition 1", clauses=_CONDITION),
        *_STATEMENTS,
        ClauseList(title="What Condition 1 implies and its proofs use (not in the paper)", clauses=_REPAIRED),
    ),
    quantities=(
        Quantity(name="rank", formula="d - K", meaning="smallest rank of A_k"),
        # Gamma = ((D - 1) b^4 + x^2)/((D - 2) b^4 + 2 b^2 x) at D = rank, b = sigma_p, solved for x = lambda^2.
        Quantity(name="spike", formula="sigma_p**2*(Gamma + sqrt((Gamma - 1)*(Gamma + rank - 1)))",
                 meaning="lambda^2, the tuned eigenvalue of Sigma_k"),
        Quantity(name="trace", formula="(rank - 1)*sigma_p**2 + spike", meaning="largest Tr Sigma_k"),
        Quantity(name="F_own", formula="sqrt((rank - 1)*sigma_p**4 + spike**2)", meaning="F_kk"),
        Quantity(name="F_cross", formula="sqrt((rank - 2)*sigma_p**4 + 2*sigma_p**2*spike)", meaning="F_kj, j != k"),
        Quantity(name="trace_to_F", formula="trace/F_own", meaning="smallest Tr_i/F_ij"),
        Quantity(name="F_to_op", formula="min(F_own/spike, F_cross/(sigma_p*sqrt(spike)))",
                 meaning="smallest F_ij/|A_i^T A_j|_op"),
        Quantity(name="F_balance", formula="1/sqrt(Gamma)", meaning="smallest F_ij/max_{k != j} F_ik"),
        Quantity(name="spread", formula="sqrt(spike)/sigma_p", meaning="largest l_max/l_min of an A_k, over l > 0"),
        Quantity(name="smallest", formula="sigma_p", meaning="smallest nonzero singular value of the A_k"),
        Quantity(name="u_max", formula="u_norm", meaning="largest |u_k|"),
        Quantity(name="reach", formula="u_max + sqrt(1.5*trace)", meaning="M = max |u_k| + sqrt(1.5 Tr_k)"),
        Quantity(name="phi", formula="min(F_cross, u_norm**2)", meaning="smallest of F_ij and |u_k|^2"),
        Quantity(name="positive", formula="0.5", meaning="P(zeta > 0)"),
        Quantity(name="noise_to_signal_max", formula="K*F_cross**2/(n*u_norm**4)",
                 meaning="max_j |S_j| F_kj^2/(|S_k|^2 |u_k|^4), largest over k"),
        Quantity(name="noise_to_signal_min", formula="noise_to_signal_max", meaning="the same, smallest over k"),
        Quantity(name="noise_to_own_max", formula="1/Gamma", meaning="1/min_j Gamma_kj, largest over k"),
        Quantity(name="noise_to_own_min", formula="noise_to_own_max", meaning="the same, smallest over k"),
        Quantity(name="eta_mean", formula="(m*kappa)**2*eta", meaning="step size, in the mean convention"),
        Quantity(name="sigma_0_mean", formula="m*kappa*sigma_0", meaning="initialisation, mean convention"),
    ),
    prescriptions=(
        Prescription(name="T, printed", used="T",
                     formula="max(n*trace, sqrt(m*d)*sigma_0_mean, sqrt(m*K))/(eta_mean*eps)",
                     source="Theorem 1, order only"),
        Prescription(name="T, corrected", used="T",
                     formula=f"2*(K*m*d*sigma_0_mean**2 + {_W_STAR})/(eta_mean*eps)",
                     source="Lemma 2 with |W - W*|^2, where R1 holds"),
    ),
    assumes=(
        Only(parameter="init", values=("gaussian",), why="Section 2 initialises with Gaussians"),
        Only(parameter="class_sizes", values=(None, ""), why="its quantities are for equal classes unless measured"),
    ),
    notes=(
        "The paper's Omega in b2 is read with the C of all clauses. (a3) asks C >= max F_ik/F_ij, so Gamma <= C^2 "
        "between classes of equal size, while a larger C makes every other clause harder.",
        "X1 asks for the m at which some sigma_0 meets b2m and c3 at once; b2m's sigma_0 is a lower bound and c3's an "
        "upper one.",
        "Where each clause is used: a1 Lemmas 20, 25; a2, a3 (124), (127); a4 Lemma 18; b1 Lemmas 18, 19; b2n Lemma "
        "23; b2m Lemmas 4, 27; b3 (115); b4 Lemma 21; c1 (79), (91); c2 (107); c3 (87), (106), (125), (132).",
    ),
)
