"""The errata of Kou, Chen and Gu, arXiv:2310.18935.

"One step" in an effect: one gradient step of size 1 from weights of order one, m = 4, n = 5, d = 9, slope 0.3, against
automatic differentiation; the largest entry of the difference.  (5.4), (5.5), (D.1) and (D.2) hold as printed.
"""

from __future__ import annotations

from ...ledger.errata import Erratum, Witness
from . import errata_proofs, errata_slips

_RUN = "gammarho run nearly_orthogonal"

_RECURSION = (
    Erratum(
        id="nearly_orthogonal-5.7",
        kind="formula",
        severity="typographical",
        where="Lemma 5.7, last line",
        printed="rho-bar_{y_i,r,i}(t) - rho-bar_{y_i,r,i}(T) = (rho_{-y_i,r',i}(t) - rho_{-y_i,r',i}(T))/gamma",
        corrected="= -(rho_{-y_i,r',i}(t) - rho_{-y_i,r',i}(T))/gamma",
        why="rho_{-y_i,r',i} <= 0 falls while rho-bar rises; Lemma D.3 has absolute values.",
        effect="One step with the pattern frozen: off by up to 0.099 as printed, twice the change itself.",
        claims=("nearly_orthogonal-5.7-ratio",),
    ),
    Erratum(
        id="nearly_orthogonal-B.3",
        kind="formula",
        severity="typographical",
        where="Lemma B.3, proof, rho^(t); (B.1), (B.2)",
        printed="rho^(t) = -(eta/(n m)) sum_{s=0}^{t} ...",
        corrected="sum_{s=0}^{t-1}",
        why="The sum to t is rho^(t+1)'s, as the proof's first display has it for w(t+1).",
        effect="At t = 0, where rho = 0 by (5.3), the printed sum has one term, as large as 0.11.",
        witness=Witness(
            at=(("rate", 0.1), ("t", 0)),
            printed="0 == -rate*(t + 1)",
            corrected="0 == -rate*t",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-D.2",
        kind="formula",
        severity="typographical",
        where="Lemma D.2, proof, first display, second line",
        printed="rho-underbar_{-y_i,r,i}(t) = rho-underbar(T_1) + (eta/(n m)) sum_s |l'_i^(t)| ||x_i||^2",
        corrected="- (gamma eta/(n m)) sum_s |l'_i^(s)| ||x_i||^2",
        why="It sums (D.2). The proof uses only that the increment is the same for all r.",
        effect="One step with the pattern frozen: off by up to 0.064 as printed.",
        claims=("nearly_orthogonal-D.2-sum",),
    ),
    Erratum(
        id="nearly_orthogonal-E.1-norm",
        kind="formula",
        severity="typographical",
        where="Lemma E.1, proof, |rho_{j,r'',i'}| before the choice of c_1",
        printed="(eta/(n m)) sum_s |l'_{i'}| sigma'(<w, x_i'>) ||x_i||^2",
        corrected="||x_i'||^2",
        why="(5.4) and (5.5) at i'; the next line has it.",
        effect="One step: off by up to 0.093 as printed.",
        claims=("nearly_orthogonal-E.1-sum",),
    ),
    Erratum(
        id="nearly_orthogonal-E.2-index",
        kind="formula",
        severity="typographical",
        where="Lemma E.2, proof, both updates of rho-underbar_{y_i,r,i'}",
        printed="l'_i sigma'(<w_{y_i,r}, x_i'>) ||x_i'||^2",
        corrected="l'_{i'} sigma'(<w_{y_i,r}, x_i'>) ||x_i'||^2",
        why="(5.5) at i'.",
        effect="One step: off by up to 0.026 as printed.",
        claims=("nearly_orthogonal-E.2-step",),
    ),
    Erratum(
        id="nearly_orthogonal-F.2-prime",
        kind="OCR",
        severity="typographical",
        where="Lemma F.2, proof, end of part 1",
        printed="(eta/(n m)) l_i sigma'(<w_{j,r}, x_i>) ||x_i||^2",
        corrected="(eta/(n m)) l'_i sigma'(<w_{j,r}, x_i>) ||x_i||^2",
        why="It is (5.5). Perhaps only the converted text's; sigma' = 0 there.",
        effect="One step before sigma' = 0: off by up to 0.29 as printed.",
        claims=("nearly_orthogonal-F.2-step",),
    ),
    Erratum(
        id="nearly_orthogonal-G.1-index",
        kind="formula",
        severity="typographical",
        where="Lemma G.1, proof, the updates of <w_{y_i,r}, x_i> at t = 1 and t + 2",
        printed="sum_{i'} |l'_{i'}| sigma'(<w_{y_i,r}, x_i>) <y_i' x_i', y_i x_i>",
        corrected="sum_{i'} |l'_{i'}| sigma'(<w_{y_i,r}, x_i'>) <y_i' x_i', y_i x_i>",
        why="(3.2): example i' pulls through its own pre-activation. The bound takes sigma' <= 1 and survives.",
        effect="One step: <w_{y_i,r}, x_i> off by up to 0.016 as printed.",
        claims=("nearly_orthogonal-G.1-step",),
    ),
    Erratum(
        id="nearly_orthogonal-G.11",
        kind="formula",
        severity="constant",
        where="(G.11), second equality",
        printed="grad_{w_{j,r}} (y_i f(W, x_i)) = y_i j sigma'(<w_{j,r}, x_i>) x_i",
        corrected="(1/m) y_i j sigma'(<w_{j,r}, x_i>) x_i",
        why="f is a mean over filters. The multiplier is m lambda'_i/||x_i||^2; its sign, and so the claim, stay.",
        effect="One state: off by up to 0.66 as printed.",
        claims=("nearly_orthogonal-G.11-gradient",),
    ),
    Erratum(
        id="nearly_orthogonal-G.13",
        kind="formula",
        severity="typographical",
        where="(G.13)",
        printed="lim rho_{j,r,i}/||W||_F = -gamma^-1 lim rho_{j,r',i'}/||W||_F for y_i = j = -y_i'",
        corrected="lim rho_{y_i,r,i}/||W||_F = -gamma^-1 lim rho_{-y_i,r',i}/||W||_F, of one example",
        why="Lemma D.3 relates the two classes of filters on one example. The line after (G.13) uses it so.",
        effect="Section 6's data, n = 6, slope 0.5, growth from step 10000 to 100000: the two sides as printed differ "
        "by up to 47%; corrected they agree to 1e-9.",
        runs=(
            f"{_RUN} n=6 m=20 d=100 slope=0.5 eta=0.1 sigma_0=1e-3 --steps 100000 --record 10000,100000 "
            "--observables rho",
        ),
        statements=("5.7",),
        preset="theorem-4.1",
        searches=("gammarho check nearly_orthogonal 5.7 --preset theorem-4.1 --search 100 --seed 1",),
    ),
)

_STATEMENTS = (
    Erratum(
        id="nearly_orthogonal-5.3",
        kind="statement",
        severity="theorem",
        where="Lemma 5.3, (5.7)",
        printed="log(exp(-x_0) + C_1 t) <= x_t <= log(exp(-x_0) + C_2 exp(C_2) t)",
        corrected="log(exp(x_0) + C_1 t) <= x_t <= log(exp(x_0) + C_2 exp(C_2) t)",
        why="At t = 0 the printed upper bound is -x_0. Lemmas H.1 and H.2 have exp(x_0); every use has x_0 = 0.",
        effect="x_0 = C_1 = C_2 = 1: x_1 = 1.368, above the printed bound 1.127 and below the corrected one 1.693.",
        statements=("5.3-printed", "5.3"),
        preset="sequences",
        searches=("gammarho check nearly_orthogonal 5.3 --preset sequences --search 100 --seed 1",),
    ),
    Erratum(
        id="nearly_orthogonal-5.9",
        kind="statement",
        severity="theorem",
        where="(5.9), (5.10)",
        printed="|F_j(x_i) - (1/m) sum_r rho_{j,r,i}| <= sum_{i' != i} (1/m) sum_r |rho_{j,r,i'}| p/R_min^2 for both j",
        corrected="for j = y_i, plus beta; for j = -y_i with gamma rho, as (C.18), (C.19) have it; gamma^-2 in (5.10)",
        why="For j = -y_i the pre-activations are negative, so sigma multiplies by gamma; w(0) is dropped.",
        effect="Orthogonal inputs (p = 0), slope 0.5, 1000 steps: the first margin is 5.73; with (5.9)'s F_j it is "
        "6.89.",
        runs=(
            f"{_RUN} n=4 m=10 d=4 slope=0.5 data=orthogonal eta=10 sigma_0=1e-6 --steps 1000 --record 1000 "
            "--observables rho,margins",
        ),
        searches=("gammarho check nearly_orthogonal 5.9-outputs --preset theorem-4.1 --search 120 --seed 1",),
        statements=("5.9-printed", "5.9-outputs"),
        preset="theorem-4.1",
    ),
    Erratum(
        id="nearly_orthogonal-5.12",
        kind="statement",
        severity="theorem",
        where="(5.12) = (G.4) for leaky ReLU; Theorem 4.1",
        printed="the margin grows by at least (eta/(5 n m)) |l'_i| ||x_i||^2",
        corrected="where m >= 50 log(2n/delta) (Lemma B.2); else with gamma^2 for 1/5",
        why="It takes |S_i^(0)| >= 0.4 m, which Theorem 4.1 does not ask for.",
        effect="n = m = 1, slope 0.1, both pre-activations -0.5: the growth is 0.02 (eta/(n m)) |l'| ||x||^2.",
        statements=("5.12-printed", "G.4"),
        preset="theorem-4.1",
        searches=("gammarho check nearly_orthogonal G.4 --preset theorem-4.1 --search 100 --seed 1",),
    ),
    Erratum(
        id="nearly_orthogonal-4.3",
        kind="statement",
        severity="theorem",
        where="Theorem 4.3; Lemma F.1",
        printed="||W_j||_F = Theta(log t) for both j",
        corrected="where both classes have examples, with constants that grow with the ratio of their sizes",
        why="Without an example of its class a ReLU filter only falls until it is inactive.",
        effect="From step 1000 to 100000: one example, ||W_j||_F of the other class stays at 1.46 (a factor 1.0); "
        "four examples of both classes, both grow by a factor 2.0 at least.",
        runs=(
            f"{_RUN} n=1 m=50 d=4 slope=0 data=orthogonal eta=10 sigma_0=0.1 --steps 100000 --record 1000,100000 "
            "--observables frobenius",
            f"{_RUN} n=4 m=50 d=4 slope=0 data=orthogonal eta=40 sigma_0=0.1 --steps 100000 --record 1000,100000 "
            "--observables frobenius",
        ),
        searches=(
            "gammarho check nearly_orthogonal 4.3a --preset theorem-4.3 --search 120 --seed 1",
            "gammarho check nearly_orthogonal 4.3b --preset theorem-4.3 --search 120 --seed 1",
        ),
        statements=("4.3a-printed", "4.3a"),
        preset="theorem-4.3",
    ),
    Erratum(
        id="nearly_orthogonal-C.3",
        kind="statement",
        severity="constant",
        where="Lemma C.3, third and fourth bullet",
        printed="c_6^-1 log(1 + ...), c_6^-1 gamma log(1 + ...)",
        corrected="(2 c_6)^-1 log(1 + ...), (2 c_6)^-1 gamma log(1 + ...), as (C.33), (C.34) have it",
        why="The margin is (1 + gamma^2) times the mean of rho_{y_i}, so the mean is log t/(1 + gamma^2) only.",
        effect="Orthogonal inputs (c_6 = 1), slope 0.5, 300000 steps: the mean of rho_{y_i} is 9.67, the printed bound "
        "11.23; the mean of |rho_{-y_i}| is 4.91, the printed bound 5.96.",
        runs=(
            f"{_RUN} n=2 m=10 d=4 slope=0.5 data=orthogonal eta=10 sigma_0=1e-6 --steps 300000 --record 300000 "
            "--observables rho",
        ),
        searches=("gammarho check nearly_orthogonal C.3-lower --preset theorem-4.1 --search 120 --seed 1",),
        statements=("C.3-printed", "C.3-lower"),
        preset="theorem-4.1",
    ),
    Erratum(
        id="nearly_orthogonal-E.2",
        kind="statement",
        severity="theorem",
        where="Lemma E.2, Corollary E.3",
        printed="|rho-underbar_{y_i,r,i'}| <= c (n p/R_min^2) rho-bar_{y_i,r',i} from some T_2 on",
        corrected="|rho-underbar_{y_i,r,i'}| <= beta + 1 + (n p/(c_1 R_min^2)) rho-bar_{y_i,r',i}, which is (E.24)",
        why="At p = 0 it says rho-underbar = 0; at p > 0, T_2 is of order exp(R_min^2/(n p)).",
        effect="Orthogonal inputs, ReLU: max |rho-underbar| is 0.96 at step 3000 and at step 100000; beta + 1 is 2.10.",
        runs=(
            f"{_RUN} n=6 m=50 d=6 slope=0 data=orthogonal eta=3 sigma_0=0.3 --steps 100000 --record 3000,100000 "
            "--observables rho_under",
        ),
        searches=("gammarho check nearly_orthogonal E.24 --preset theorem-4.3 --search 120 --seed 1",),
        statements=("E.2-printed", "E.24"),
        preset="theorem-4.3",
    ),
    Erratum(
        id="nearly_orthogonal-F.2",
        kind="formula",
        severity="constant",
        where="Lemma F.2, T, and in its proof",
        printed="T = C eta^-1 R_min^-2/(n m)",
        corrected="T = C eta^-1 R_min^-2 n m",
        why="The proof uses eta T/(n m) = C/R_min^2.",
        effect="n = 6, m = 50, eta = 3, R_min = 1: the last flip is at step 231; 1/(eta n m) is 0.0011, n m/eta 100.",
        runs=(
            f"{_RUN} n=6 m=50 d=6 slope=0 data=orthogonal eta=3 sigma_0=0.3 --steps 100000 --record 100000 "
            "--observables last_flip",
        ),
        statements=("F.2-printed", "F.2-late"),
        preset="orthogonal-relu",
        searches=("gammarho check nearly_orthogonal F.2-late --preset orthogonal-relu --search 100 --seed 1",),
    ),
    Erratum(
        id="nearly_orthogonal-F.3",
        kind="statement",
        severity="theorem",
        where="Lemma F.3, Remark 4.4: o(1) for m to infinity",
        printed="the stable rank of W_j converges to 2 +- o(1) on orthogonal data",
        corrected="to 2 k/(k + 1) for a class of k examples; 4 k/(k + 1) for both W_j stacked, classes of one size",
        why="(A^T A)_{ii'} = m^2 |S_i and S_i'|/(|S_i| |S_i'|) is m (1 + 1{i = i'}), of k x k: trace 2 k m, largest "
        "eigenvalue (k + 1) m.",
        effect="m = 2000, W_{+1} and W_{-1}: n = 4: 1.35 and 1.34 (both limits 1.33); n = 20: 1.80 and 1.84 (limits "
        "1.80 and 1.83).",
        runs=(
            f"{_RUN} n=4 m=2000 d=8 slope=0 data=orthogonal eta=800 sigma_0=1e-5 --seed 1 --steps 300 --record 300 "
            "--observables stable_rank",
            f"{_RUN} n=20 m=2000 d=40 slope=0 data=orthogonal eta=4000 sigma_0=1e-5 --steps 300 --record 300 "
            "--observables stable_rank",
        ),
        statements=("F.3-printed", "F.3"),
        preset="orthogonal-limit",
    ),
)

_PROOFS = (
    Erratum(
        id="nearly_orthogonal-C.31",
        kind="proof gap",
        severity="proof",
        where="(C.31), (C.32), second inequalities",
        printed="log(1 + C e^C t) <= log(1 + C t)",
        corrected="x_{t+1} - x_t <= C/(1 + e^{x_t}) gives log(1 + C t) without e^C for C <= 2; so the bounds stand",
        why="e^C > 1. |l'| is logistic, not exponential, which is what saves the bound.",
        effect="C = 0.1, t = 100: 2.489 against 2.398.",
        statements=("C.3-upper",),
        preset="theorem-4.1",
        searches=("gammarho check nearly_orthogonal C.3-upper --preset theorem-4.1 --search 100 --seed 1",),
        witness=Witness(
            at=(("C", 0.1), ("t", 100)),
            printed="log(1 + C*exp(C)*t) <= log(1 + C*t)",
            corrected="C/2 <= log(1 + C)",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-C.30",
        kind="formula",
        severity="typographical",
        where="Lemma C.3, proof, the x_t for (C.30)",
        printed="x_t = (2 (1 + gamma^-4 n p/(c_3 R_min^2))/(gamma m)) sum_r |rho_{-y_i,r,i}|",
        corrected="gamma^-2 for gamma^-4",
        why="(C.30) has gamma^-2 in the exponent, and so has c_6.",
        effect="gamma = 0.5, n p/(c_3 R_min^2) = 0.01: the factor is 4.16 in (C.30) and 4.64 in x_t.",
        witness=Witness(
            at=(("slope", 0.5), ("q", 0.01)),
            printed="2*(1 + q/slope**2)/slope == 2*(1 + q/slope**4)/slope",
            corrected="2*(1 + q/slope**2)/slope == 2*(1 + q/slope**2)/slope",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-C.35",
        kind="formula",
        severity="constant",
        where="(C.35), (C.36)",
        printed="c_4^-1 gamma^-1 log(1 + gamma (eta R_max^2/(n m)) c_5 e^{2 beta} t) in both",
        corrected="c_4 in both places of (C.35), c_5 in both of (C.36)",
        why="Bernoulli's inequality keeps c_4, and (C.32) has c_5^-1 >= c_4^-1. c_3's 1/6 absorbs it.",
        effect="gamma = 0.5, n p/(c_3 R_min^2) = 0.05, t = 10 n m/(eta ||x||^2), beta = 0: (C.32) is "
        "4.62, the printed (C.36) is 3.47.",
        statements=("C.35",),
        preset="theorem-4.1",
        searches=("gammarho check nearly_orthogonal C.35 --preset theorem-4.1 --search 100 --seed 1",),
        witness=Witness(
            at=(("slope", 0.5), ("q", 0.05), ("t", 10)),
            printed="log(1 + slope*(1 - q/slope**3)*t)/(slope*(1 - q/slope**3)) <= log(1 + "
                    "slope*(1 - q/slope**3)*t)/(slope*(1 - q/slope**2))",
            corrected="log(1 + slope*(1 - q/slope**3)*t)/(slope*(1 - q/slope**3)) <= log(1 + "
                      "slope*(1 - q/slope**3)*t)/(slope*(1 - q/slope**3))",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-C.5",
        kind="formula",
        severity="typographical",
        where="Lemma C.5, proof, the displays for j != y_i and j = y_i",
        printed="<w, x_i> = rho-underbar + sum_{i' != i} ... <= (1 - gamma^-1 c_2^-1 n p/R_min^2) rho-underbar - beta",
        corrected="<w(0), x_i> + rho-underbar + ... <= (1 - gamma^-4 c_1^-1 n p/R_min^2) rho-underbar + beta",
        why="<w(0), x_i> is dropped and comes back with the wrong sign; gamma^-1 c_1^-4 in the j = y_i part is "
        "gamma^-4 c_1^-1. The last display, with |rho-underbar| > beta, is right.",
        effect="Orthogonal inputs, slope 0.5, 20 steps: <w, x_i> is above the printed bound by up to 0.52.",
        runs=(
            f"{_RUN} n=4 m=10 d=4 slope=0.5 data=orthogonal eta=4 sigma_0=0.1 --steps 20 --record 20 --observables rho",
        ),
        statements=("C.5",),
        preset="theorem-4.1",
        searches=("gammarho check nearly_orthogonal C.5 --preset theorem-4.1 --search 100 --seed 1",),
        witness=Witness(
            at=(("h_0", 0.3), ("rho", -0.5), ("beta", 0.5)),
            printed="h_0 + rho <= rho - beta",
            corrected="h_0 + rho <= rho + beta",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-D.4-cross",
        kind="proof gap",
        severity="constant",
        where="Lemma D.4, proof, ||W_j||_2^2 from the third line on; C_3, C_4",
        printed="||W x + V x||^2 = ||W x||^2 + ||V x||^2 + <W x, V x>",
        corrected="+ 2 <W x, V x>; so C_3 = 2 sqrt(1.5) sigma_0 sqrt(d) + 2 sqrt(2) C' sqrt(n)/R_min",
        why="The factor 2 of the second line is dropped.",
        effect="Random 3 x 4 matrices: off by 7.66.",
        witness=Witness(
            at=(("w", 1), ("v", 1)),
            printed="(w + v)**2 == w**2 + v**2 + w*v",
            corrected="(w + v)**2 == w**2 + v**2 + 2*w*v",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-D.4-chain",
        kind="proof gap",
        severity="constant",
        where="Lemma D.4, proof, last chain, second inequality",
        printed="((C_1 + C_3) v + C_2 + C_4)/(v^2 - C_3 v - C_4) <= (C_1 + C_3)/v",
        corrected="<= 2 (C_1 + C_3)/v for large v",
        why="Numerator larger and denominator smaller than those of the right side. The rate O(1/log t) stands.",
        effect="All constants 1, v = 10: 0.247 against 0.2.",
        witness=Witness(
            at=(("C", 1), ("v", 10)),
            printed="((C + C)*v + C + C)/(v**2 - C*v - C) <= (C + C)/v",
            corrected="((C + C)*v + C + C)/(v**2 - C*v - C) <= 2*(C + C)/v",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-E.1-c_1",
        kind="formula",
        severity="constant",
        where="Lemma E.1, proof, c_1 and the display before it",
        printed="log(1 + 0.2 C e^-beta R_min^2)/log(1 + 1.2 C e^{2 beta} R_max^2)",
        corrected="log(1 + 0.2 C e^-beta R^-2)/log(1 + 1.2 C e^{2 beta}), R = R_max/R_min",
        why="T_1 = C n m/(eta R_max^2) takes the lengths out; as printed c_1 changes with the unit of x. The line "
        "before has R_max, e^{2 beta} in the numerator where R_min, e^-beta belong.",
        effect="C = 1, beta = 0.1, R_min = 2, R_max = 3: the display's left side at T_1 is 0.086, as printed 0.205.",
        witness=Witness(
            at=(("C", 1), ("beta", 0.1), ("R_min", 2), ("R_max", 3)),
            printed="log(1 + 0.2*C*exp(-beta)*R_min**2/R_max**2)/log(1 + "
                    "1.2*C*exp(2*beta)) == log(1 + 0.2*C*exp(-beta)*R_min**2)/log(1 + "
                    "1.2*C*exp(2*beta)*R_max**2)",
            corrected="log(1 + 0.2*C*exp(-beta)*R_min**2/R_max**2)/log(1 + "
                      "1.2*C*exp(2*beta)) == log(1 + "
                      "0.2*C*exp(-beta)*(R_max/R_min)**(-2))/log(1 + 1.2*C*exp(2*beta))",
        ),
    ),
    Erratum(
        id="nearly_orthogonal-E.1-c_2",
        kind="proof gap",
        severity="constant",
        where="Lemma E.1, proof, the choice of constants",
        printed="c_2 >= 0.37",
        corrected="c_2 >= 1/2.75",
        why="c' = 2.5 and n p/(c_1 R_min^2) <= 0.1. c_2/c_3 >= 1/14 stands.",
        effect="1/(2.5 x 1.1) is 0.364.",
        witness=Witness(
            at=(("c", 2.5), ("q", 0.1)),
            printed="1/(c*(1 + q)) >= 0.37",
            corrected="1/(c*(1 + q)) >= 1/2.75",
        ),
    ),
)

ERRATA = _RECURSION + _STATEMENTS + _PROOFS + errata_proofs.ERRATA + errata_slips.ERRATA
