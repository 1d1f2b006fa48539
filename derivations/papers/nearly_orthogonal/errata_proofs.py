"""What else is wrong in the lemmas and proofs of Kou, Chen and Gu, arXiv:2310.18935, beside `errata`.

Each entry has both forms as formulas that the program evaluates: at numbers, or as statements of the registry.
"""

from __future__ import annotations

from ...ledger.errata import Erratum, Witness

_RUN = "gammarho run nearly_orthogonal"

_STATEMENTS = (
    Erratum(
        id="nearly_orthogonal-4.1-conditions", kind="statement", severity="theorem",
        where="Theorems 4.1 and 4.3, (C.2), (C.5); Lemmas F.3, G.1",
        printed="sigma_0 <= gamma/(C R_max sqrt(log(m n/delta))), probability 1 - delta, and no condition on m and d "
        "for leaky ReLU",
        corrected="log(12 m n/delta) for log(m n/delta); d >= c log(m/delta); m >= 50 log(2n/delta) for leaky ReLU "
        "too; probability 1 - 2 delta for ReLU and 1 - 3 delta for Lemma F.3",
        why="(C.5), beta <= c gamma, needs log(12 m n/delta) = O(log(m n/delta)), which fails as m n/delta goes to "
        "1. Lemma B.1 needs d, Lemma G.1 takes |S_i^(0)| >= 0.4 m from Lemma B.2, and the events of Lemmas B.1, B.2 "
        "and H.3 are added up.",
        effect="m = n = 1, delta = 0.9: log(12 m n/delta) = 2.59, and 10 log(m n/delta) = 1.05.",
        witness=Witness(at=(("m", 1), ("n", 1), ("delta", 0.9)), printed="log(12*m*n/delta) <= 10*log(m*n/delta)",
                        corrected="log(12*m*n/delta) <= 10*log(12*m*n/delta)"),
    ),
    Erratum(
        id="nearly_orthogonal-o", kind="statement", severity="typographical",
        where="Section 3, notation",
        printed="a_k = o(b_k) if lim |a_k| = 0",
        corrected="if lim |a_k/b_k| = 0",
        why="b_k is left out.",
        effect="a_k = 1/k would be o(1/k^2): at k = 1000 it is 0.001 against 1e-06.",
        witness=Witness(at=(("k", 1000),), printed="1/k <= 1/k**2", corrected="1/k**3 <= 1/k**2"),
    ),
    Erratum(
        id="nearly_orthogonal-5.10-rate", kind="formula", severity="proof",
        where="Section 5.1, the display after (5.10)",
        printed="(1/m) sum_r |rho_{j,r,i}| grows by Theta(eta ||x_i||^2/(n m)) exp(-(1 +- ...)(1/m) sum_r "
        "|rho_{j,r,i}|)",
        corrected="exp(-(1 + gamma^2)(1 +- ...)(1/m) sum_r rho) for j = y_i, exp(-(gamma + 1/gamma)(1 +- ...)(1/m) "
        "sum_r |rho|) for j = -y_i",
        why="The margin is F_{y_i} - F_{-y_i}: both classes of filters move it, the other one by gamma times gamma "
        "of the first. (C.27) to (C.30) have both.",
        effect="gamma = 0.5, t = 1e10, where the mean is log(t)/(1 + gamma^2): exp(-mean) is 1e-08 against the rate "
        "1/t, 1e-10.",
        statements=("5.10-rate",), preset="theorem-4.1",
        witness=Witness(at=(("gamma", 0.5), ("t", 1e10)), printed="exp(-log(t)/(1 + gamma**2)) <= 1/t",
                        corrected="exp(-(1 + gamma**2)*log(t)/(1 + gamma**2)) <= 1/t"),
        searches=(
            "gammarho check nearly_orthogonal 5.10-rate --preset theorem-4.1 --search 120 --steps 300 --seed 1",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-5.11", kind="statement", severity="constant",
        where="(5.11) and the display after it, from above",
        printed="z_i = (1 +- c n p/R_min^2)(1/m) sum over S_i^(0) of rho_{y_i,r,i}",
        corrected="at most c' (1 + n p/(c_1 R_min^2)) times that + beta, c' = 2.5, as (E.14) has it",
        why="Filters of class y_i that are inactive at step 0 are activated through the other examples' inner "
        "products once these exceed |<w(0), x_i>|, and then learn what those of S_i^(0) learn: S_i^(t) grows up to "
        "all m. Only where p = 0 they never do.",
        effect="n = 4, m = 220, p > 0, inside Lemma E.1's hypotheses, step 400: a margin of 3.56 against 1.93, the "
        "mean over S_i^(0).",
        statements=("5.11-printed", "5.11"), preset="theorem-4.3",
        runs=(f"{_RUN} --preset theorem-4.3 --sampling gram --steps 400 --record 400 --observables margins,rho",),
        searches=("gammarho check nearly_orthogonal 5.11 --preset theorem-4.3 --search 120 --steps 300 --seed 1",),
    ),
)

_PROOFS = (
    Erratum(
        id="nearly_orthogonal-C.19", kind="formula", severity="typographical",
        where="(C.19), third line",
        printed="sum_{i' != i} (1/m) sum_r |rho_{-y_i,r,i}|",
        corrected="sum_{i' != i} (1/m) sum_r |rho_{-y_i,r,i'}| p/R_min^2",
        why="The second line has i' and p/R_min^2, and so has the last.",
        effect="n = 4, p/R_min^2 = 1e-4, every mean 1: 0.0003, and 3 as printed.",
        statements=("C.18",), preset="theorem-4.1",
        searches=("gammarho check nearly_orthogonal C.18 --preset theorem-4.1 --search 100 --seed 1",),
        witness=Witness(at=(("mean", 1), ("p", 1e-4), ("last", 3e-4)),
                        printed="mean + mean + mean <= last*(1 + 1e-12)",
                        corrected="mean*p + mean*p + mean*p <= last*(1 + 1e-12)"),
    ),
    Erratum(
        id="nearly_orthogonal-C.24", kind="formula", severity="typographical",
        where="before (C.24)",
        printed="gamma rho_{y_i} <= |rho_{-y_i}| <= gamma^-4 rho_{y_i}",
        corrected="gamma rho_{y_i} <= |rho_{-y_i}| <= gamma^-1 rho_{y_i}",
        why="(C.24)'s 2 is 1 + gamma gamma^-1; with gamma^-4 it would be 1 + gamma^-3. The core of Lemma C.4 gives "
        "gamma^-1.",
        effect="gamma = 0.5: 9 against 2.",
        statements=("C.24-balance", "C.21"), preset="theorem-4.1",
        witness=Witness(at=(("gamma", 0.5),), printed="1 + gamma*gamma**(-4) <= 2",
                        corrected="1 + gamma*gamma**(-1) <= 2"),
        searches=(
            "gammarho check nearly_orthogonal C.24-balance --preset theorem-4.1 --search 100 --seed 1",
            "gammarho check nearly_orthogonal C.21 --preset theorem-4.1 --search 120 --steps 300 --seed 1",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-E.2-abs", kind="formula", severity="typographical",
        where="Lemma E.2, proof, end of the first case",
        printed="rho-underbar(t) = rho-underbar(t - 1) <= beta + 1 + ...",
        corrected="|rho-underbar(t)| = |rho-underbar(t - 1)| <= beta + 1 + ...",
        why="rho-underbar is never positive, so the printed line says nothing about its size.",
        effect="rho-underbar = -3, beta + 1 = 2: the printed line holds for a size of 3 against -3.",
        statements=("E.24",), preset="theorem-4.3",
        witness=Witness(at=(("rho", -3),), printed="abs(rho) == rho", corrected="abs(rho) == -rho"),
    ),
    Erratum(
        id="nearly_orthogonal-F.2-lines", kind="formula", severity="typographical",
        where="Lemma F.2, the three properties of rho; (F.6); its proof, the upper bound by Lemma H.1",
        printed="rho-bar_{y_i}(t) = rho-bar_{y_i}(T) if <w_{-y_i}(t), x_i> >= 0, rho-bar_{y_i} = 0 if <w_j(t), x_i> "
        "< 0, and log(1 + 2 eta ||x_i||^2 e^{-beta} t/(n m))",
        corrected="rho-underbar_{-y_i}(t) = rho-underbar_{-y_i}(T) if <w_{-y_i}(0), x_i> >= 0, rho_j = 0 if <w_j(0), "
        "x_i> < 0, and e^{2 beta}",
        why="The proof shows these. Lemma H.1 keeps e^{2 beta}, and e^{-beta} belongs to the lower bound; "
        "|S_i^(0)|/m is left out of both.",
        effect="a = 0.1, beta = 0.5, t = 10: Lemma H.1's bound is 1.52, and 0.794 as printed.",
        statements=("F.2-lines-printed", "F.2-late", "F.2-dead", "F.5"), preset="orthogonal-relu",
        witness=Witness(at=(("a", 0.1), ("beta", 0.5), ("t", 10)),
                        printed="log(1 + a*exp(2*beta)*exp(a*exp(2*beta))*t) <= log(1 + 2*a*exp(-beta)*t)",
                        corrected="log(1 + a*exp(2*beta)*exp(a*exp(2*beta))*t) <= log(1 + 2*a*exp(2*beta)*t)"),
        searches=(
            "gammarho check nearly_orthogonal F.2-dead --preset orthogonal-relu --search 100 --seed 1",
            "gammarho check nearly_orthogonal F.5 --preset orthogonal-relu --search 120 --steps 300 --seed 1",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-F.3-norm", kind="formula", severity="typographical",
        where="Lemma F.3, proof, the triangle inequalities for ||A||_2 and ||B||_2",
        printed="||A||_2 >= ||C||_2 - ||A - E[A]||_2 = sqrt(m) ||a||_2/2 - ...",
        corrected="||E[A]||_2 - ||A - E[A]||_2",
        why="A = E[A] + (A - E[A]), and sqrt(m) ||a||_2/2 is ||E[A]||_2; C is the matrix of zeros and ones before "
        "its columns are scaled.",
        effect="m = 4, one example with |S| = 2: ||C||_2 = 1.41 against 2.",
        statements=("F.3",), preset="orthogonal-limit",
        witness=Witness(at=(("m", 4), ("S", 2), ("one", 1)), printed="sqrt(one**2 + one**2) == sqrt(m)*(m/S)/2",
                        corrected="sqrt(4*(one/2*(m/S))**2) == sqrt(m)*(m/S)/2"),
        searches=(
            "gammarho check nearly_orthogonal F.3 --preset orthogonal-limit --search 120 --seed 1",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-F.3-expectation", kind="proof gap", severity="proof",
        where="Lemma F.3, proof: E[A], the entries of A - E[A], Hoeffding's inequality",
        printed="E[A] = G diag(m/|S_i|), A - E[A] has independent entries of mean zero",
        corrected="||A||_F^2 = m^2 sum 1/|S_i| and (A^T A)_{ik} = m^2 |S_i and S_k|/(|S_i| |S_k|), exactly",
        why="|S_i| is the column's own sum, so E[A] is random and every column of A sums to m: its entries are not "
        "independent, and not of mean zero.",
        effect="m = 4, |S| = 1: the column of A sums to 4, and that of the printed E[A] to 8.",
        statements=("F.3",), preset="orthogonal-limit",
        witness=Witness(at=(("m", 4), ("S", 1)), printed="S*m/S == m/2*m/S", corrected="S*m/S == m"),
    ),
    Erratum(
        id="nearly_orthogonal-G.1-words", kind="OCR", severity="typographical",
        where="Lemma G.1, proof, before (G.2), and the end of the second bullet's part",
        printed="S_i^(t+1) is part of S_i^(t); this verifies the fourth bullet",
        corrected="S_i^(t) is part of S_i^(t+1); the second bullet",
        why="The fourth bullet is S_i^(t) in S_i^(t+1), and the part is about C_1. y_i stands for x_i in one display.",
        effect="Filters of the own class that start inactive are activated, so that the printed inclusion fails.",
        statements=("G.1-reverse-printed", "G.1-4"), preset="theorem-4.1",
        searches=("gammarho check nearly_orthogonal G.1-4 --preset theorem-4.1 --search 100 --seed 1",),
    ),
)

ERRATA = _STATEMENTS + _PROOFS
