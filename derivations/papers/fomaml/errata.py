"""The errata of Zuo, Chen, Yao, Cao and Gu, ICLR 2023.

The paper numbers equations, hypotheses, lemmas and claims alike, so ids say which.  "One step" in an effect: one inner
step of size 0.8 or outer step of size 1 from weights of order one, K = 3, n = 5, n_1 = 2, m = 4, d = 14, J = 3,
||nu|| = 1.3, against automatic differentiation task by task; the largest entry of the difference.  L = log d, and
X = sigma_xi^2 d, which is L under Condition D.1; A(q) = m^(-1/2) (1 + gamma X/n)^-q.
"""

from __future__ import annotations

from ...ledger.errata import Erratum, Witness
from . import errata_proofs

_FORMULAS = (
    Erratum(
        id="fomaml-eq:C.7",
        kind="OCR", severity="typographical",
        where="(C.7)",
        printed="l'(y_{k,i} sum_j j sum_r sigma(<w_{j,r} xi_{k,i}>) + sigma(<w_{j,r} nu_k> y_{k,i}))",
        corrected="l'(y_{k,i} sum_j j sum_r [sigma(<w_{j,r}, xi_{k,i}>) + sigma(<w_{j,r}, nu_k> y_{k,i})])",
        why="It is the margin y f, both patches inside the sums. Perhaps only the converted text's, as the commas.",
        effect="One state: the margin is 1.2 away from y f as printed.",
        claims=("fomaml-eq:C.7-margin",),
    ),
    Erratum(
        id="fomaml-eq:C.10-arguments",
        kind="formula", severity="typographical",
        where="the sentence below (C.10)",
        printed="the arguments in sigma' are given by (C.4)",
        corrected="by (C.3)",
        why="The sum is over validation examples, whose products the inner loop moves without a self term. (C.4) is "
        "for "
        "the training example on the left side, whose slope does not enter.",
        effect="One step: <w, xi_{k,i}> differs by up to 0.096 with (C.4)'s arguments.",
        claims=("fomaml-eq:C.10-step",),
    ),
    Erratum(
        id="fomaml-eq:C.10-index",
        kind="formula", severity="typographical",
        where="(C.10), the sum and the sentence below it; (C.9), I_k^val",
        printed="sum_{k, i' > n_1}, over all k in [K] and i in I_k^val",
        corrected="sum_{k', i' > n_1}, over all k' in [K] and i' in I_{k'}^val",
        why="k and i are the left side's. (C.9) has k', i' and only I_k^val for I_{k'}^val, one set for all tasks. "
        "n_2 = n - n_1 is used from (C.9) on and nowhere defined.",
        effect="One step: differs by up to 0.1 where the sum is read as printed, k' = 1.",
        claims=("fomaml-eq:C.10-step",),
    ),
    Erratum(
        id="fomaml-eq:E.11-prime",
        kind="OCR", severity="typographical",
        where="(E.11)",
        printed="-(eta/(K n)) sum_{k',i} l_{k',i} sigma'(...) <nu_k, nu_k'>",
        corrected="l'_{k',i}",
        why="It is (C.8) along nu_k. Perhaps only the converted text's; (F.35)'s fourth line lacks the prime too.",
        effect="One step: differs by up to 0.46 as printed.",
        claims=("fomaml-eq:E.11-step",),
    ),
    Erratum(
        id="fomaml-eq:E.11-norm",
        kind="formula", severity="typographical",
        where="the line below (E.11)",
        printed="<nu_k, nu_k'> = ||nu||_2 + <z_k, z_k'>",
        corrected="||nu||_2^2 + <z_k, z_k'>",
        why="Definition 3.1. With Condition D.1's ||nu|| = 1 nothing changes; below Lemma F.7 it is right.",
        effect="At ||nu|| = 1.3: differs by 0.39 as printed.",
        claims=("fomaml-eq:E.11-product",),
    ),
    Erratum(
        id="fomaml-eq:E.17",
        kind="formula", severity="typographical",
        where="(E.17), the equality",
        printed="sigma'(<w_{j,r}, nu_k'>) y_{k',i}",
        corrected="sigma'(<w_{j,r}, nu_k'> y_{k',i})",
        why="The patch is y nu, so y stands inside; outside it is squared away. The inequality below has it inside.",
        effect="One step: <w, z_k> differs by up to 0.01 as printed.",
        claims=("fomaml-eq:E.17-step",),
    ),
    Erratum(
        id="fomaml-eq:E.34-factor",
        kind="formula", severity="typographical",
        where="(E.34), (F.33), (F.35), first lines",
        printed="l'_{k,i} sigma'(<w_{j,r}, xi_{k,i}>) <xi, xi_{k,i}>",
        corrected="l'_{k,i} y_{k,i} j sigma'(<w_{j,r}, xi_{k,i}>) <xi, xi_{k,i}>",
        why="(C.6) and (C.9) along a fresh noise. The bounds take absolute values and survive; the equality does not.",
        effect="One step: differs by up to 0.046 as printed.",
        claims=("fomaml-eq:E.34-step", "fomaml-eq:F.33-step", "fomaml-eq:F.35-step"),
    ),
    Erratum(
        id="fomaml-eq:E.34-method",
        kind="formula", severity="typographical",
        where="(E.34) and the text below it, in the proof about train-train",
        printed="(eta/(K n_2)) sum over Psi; T^(2)",
        corrected="(eta/(K n)) sum over all (k,i); T^(1)",
        why="n_2, Psi and T^(2) belong to train-validation; the display is (F.33)'s. It needs (E.30) for the sum of "
        "l'.",
        effect="One step of train-train: differs by up to 0.0092 as printed, y j mended.",
        claims=("fomaml-eq:E.34-step",),
    ),
    Erratum(
        id="fomaml-lem:F.7-label",
        kind="formula", severity="proof",
        where="Lemma F.7, proof, the outer step of <w_{1,r}, nu_k>",
        printed="sigma'(<w_{1,r}, nu_k'>) y_{k',i}",
        corrected="sigma'(<w_{1,r}, nu_k'> y_{k',i})",
        why="As in (E.17). As printed the negative examples push the product down, and it would not be increasing.",
        effect="One step: <w, nu_k> differs by up to 0.19 as printed, the other slip mended.",
        claims=("fomaml-lem:F.7-step",),
    ),
    Erratum(
        id="fomaml-lem:F.7-size",
        kind="formula", severity="constant",
        where="Lemma F.7, proof, the outer step of <w_{1,r}, nu_k>",
        printed="(eta/(K n)) sum over Psi",
        corrected="(eta/(K n_2)) sum over Psi",
        why="The outer loss is a mean over the n_2 validation examples, as in (C.11).",
        effect="One step: <w, nu_k> differs by up to 0.16 as printed, the other slip mended.",
        claims=("fomaml-lem:F.7-step",),
    ),
)

_SIZES = (
    Erratum(
        id="fomaml-cond:D.1-eta",
        kind="statement", severity="typographical",
        where="Condition D.1",
        printed="eta = 1/log(d)^-5",
        corrected="eta = log(d)^-5",
        why="Condition 4.3 has eta = 1/polylog(d), and every later power, 2^(-L^5.5) in Theorem E.2 among them, has "
        "-5.",
        effect="L = 100: one step multiplies Lambda by 1 + 6e+12 as printed, by 1 + 6e-08 corrected; Theorem E.2 "
        "allows 2 "
        "over all steps.",
        witness=Witness(at=(("L", 100),),
                        printed="1 + 1/L**(-5)*(L**0.4)**5 <= 2",
                        corrected="1 + L**(-5)*(L**0.4)**5 <= 2"),
    ),
    Erratum(
        id="fomaml-thm:E.3",
        kind="statement", severity="theorem",
        where="Theorem E.3, upper bound; its proof, \"<= 1.5 ...\"",
        printed="Xi_{k,i}(t) <= O(A(J - 0.5)) for eta = L^-5",
        corrected="O(max{A(J - 0.5), eta X/(K n)}), or eta = O(L^-7)",
        why="It needs eta X/(K n) = L^-4.5 to be o(A(J - 0.5)) = o(L^-6.4). One outer step grows Xi by L^2.5, "
        "so it jumps from below A(J) past the bound. Theorems E.10 and E.11 survive the larger bound.",
        effect="One example, one filter, 60 starts below A(J): the median of max_t Xi/A(J - 0.5) is 10, 6.9e+02, "
        "6.8e+05 "
        "at L = 1e2, 1e4, 1e8; with eta = L^-7 at most 0.22.",
        statements=("thm:E.3-printed", "thm:E.3-upper", "thm:E.3-lower"), preset="theorem-4.4",
        searches=(
            "gammarho check fomaml thm:E.3-upper --preset theorem-4.4 --search 120 --seed 1",
            "gammarho check fomaml thm:E.3-lower --preset theorem-4.4 --search 120 --seed 1",),
    ),
    Erratum(
        id="fomaml-thm:E.9",
        kind="statement", severity="theorem",
        where="Theorem E.9; its proof, Xi(t(k,i) + 1) < 1.5 A(J - 1)",
        printed="Xi_{k,i}(T) <= O(A(J - 1)) for eta = L^-5",
        corrected="O(max{A(J - 1), eta X/(K n)}) + (eta X/(K n)) (T - T^(1)) max{exp(-m^(-1/2) gamma X/(4 n)), "
        "n/(gamma X)}, the first alone where eta = O(L^-7)",
        why="As in Theorem E.3: A(J - 1) = L^-5.7 is below one step's L^-4.5. Lemma E.8 leaves a small -l' in every "
        "later step, and T of them add up: o(1) without an overshoot, where it is exponentially small in L^1.3, and "
        "not at finite sizes (found by a search: 0.03201 against 4 eta X/(K n) = 0.032 at step 587, gamma X/n = 8).",
        effect="The same 60 starts: the largest max_t Xi/A(J - 1) is 3.4, 8.4e+02, 5e+07 at L = 1e2, 1e4, 1e8; with "
        "eta = L^-7 at most 0.012.",
        statements=("thm:E.9-printed", "thm:E.9"), preset="theorem-4.4",
        searches=("gammarho check fomaml thm:E.9 --preset theorem-4.4 --search 100 --seed 1",),
    ),
    Erratum(
        id="fomaml-lem:D.5-constant",
        kind="statement", severity="theorem",
        where="Lemma D.5",
        printed="y_T <= O(G y_0) if x_0 >= O(G^(-A/B))",
        corrected="y_T <= (1 + B) G y_0 if x_0 >= D G^(-log(1 + A)/log(1 + B)), G >= 1",
        why="The constant before G^(-A/B) decides: at c < D the ratio y_T/(G y_0) is (D/c)^(B/A). T is a whole number, "
        "hence 1 + B.",
        effect="A = 0.001, B = 0.1, c = 1/2, D = 1, G = 2: y_T = 5e+28 G y_0. Corrected: no violation in 20000 draws "
        "of "
        "A and B between 1e-4 and 1e3.",
        witness=Witness(at=(("A", 0.001), ("B", 0.1), ("G", 2), ("T", 701), ("T_enough", 8)),
                        printed="(1 + B)**T <= 1000*G",
                        corrected="(1 + B)**T_enough <= (1 + B)*G"),
    ),
    Erratum(
        id="fomaml-lem:D.5-rates",
        kind="proof gap", severity="proof",
        where="Lemma D.5 as Theorem E.2 uses it",
        printed="G^(-A/B), A = o(1)",
        corrected="G^(-log(1 + A)/log(1 + B))",
        why="(D.1) puts A for log(1 + A). In Theorem E.2 the noise grows by L^2.5 a step, far from o(1). With "
        "logarithms "
        "both uses still go through.",
        effect="x_0 = 2^(-A/B), D = 1: y_T/(2 y_0) is 1.03 at A = 0.1, B = 0.01, and 90 at A = 25.2, B = 0.068, the "
        "rates "
        "of L = 100.",
        witness=Witness(at=(("A", 25.2), ("B", 0.068), ("G", 2), ("T", 79), ("T_enough", 11)),
                        printed="(1 + B)**T <= (1 + B)*G",
                        corrected="(1 + B)**T_enough <= (1 + B)*G"),
    ),
    Erratum(
        id="fomaml-thm:E.2-letters",
        kind="formula", severity="typographical",
        where="Theorem E.2, proof, the use of Lemma D.5",
        printed="A = O(1) eta gamma^J, B = Omega(1) (eta gamma^J/K)(X/n)^(J+1), Xi(0) > G^(-A/B) = 2^(-L^5.5)",
        corrected="A the noise's rate and B the feature's",
        why="x_t is the noise in the lemma, so A is its rate; 2^(-L^5.5) is G^(-B/A) in the letters as printed.",
        effect="L = 100, n = 1: A/B is 1e-11 as printed, so G^(-A/B) is 1 to all digits, and Xi(0) = e^-50 is not "
        "above "
        "it; with the letters exchanged it is 1e+11.",
        statements=("thm:E.2",), preset="theorem-4.4",
        searches=("gammarho check fomaml thm:E.2 --preset theorem-4.4 --search 120 --seed 1",),
        witness=Witness(at=(("L", 100),),
                        printed="-L/2 >= -log(2)*L**(-3)/L**2.5",
                        corrected="-L/2 >= -log(2)*L**2.5/L**(-3)"),
    ),
    Erratum(
        id="fomaml-lem:G.1",
        kind="statement", severity="constant",
        where="Lemma G.1; Lemma D.2(1), (2); under M = d/2",
        printed="sigma_xi^2 d/2 <= ||xi||^2 <= 3 sigma_xi^2 d/2 with probability 1 - delta",
        corrected="the same with d - M - 1 for d",
        why="Cited for noise off one direction; here it is off nu and all M = d/2 of the dictionary, so "
        "E||xi||^2 = (1/2 - 1/d) sigma_xi^2 d. The form with Theta holds with 1/4.",
        effect="P(||xi||^2 < sigma_xi^2 d/2) is 0.521 at d = 1000, M = 500, 0.507 at d = 10000, M = 5000, and 0.000 at "
        "M = 0; for all K n noises at once the event has probability about 2^(-K n).",
        statements=("lem:G.1-printed", "lem:G.1"), preset="lemma-D.2",
        searches=("gammarho check fomaml lem:G.1 --preset lemma-D.2 --search 120 --seed 1",
                  "gammarho check fomaml lem:D.2-joint --preset lemma-D.2 --search 100 --seed 1"),
    ),
    Erratum(
        id="fomaml-lem:D.2-probability",
        kind="statement", severity="theorem",
        where="Lemma D.2, \"with probability at least 1 - (K n)^-10\", (6); Lemma G.2's premise on m",
        printed="m = log(d)^0.2",
        corrected="m >= log(2 (K n)^11)/(-log Phi(sqrt(d/(d - M - 1))/4)), Lemma G.2's m = Omega(log(1/delta))",
        why="An example with no filter of its class above the bound has probability Phi(.)^m, and delta = (K n)^-10. "
        "At m = L^0.2, n = 2 that needs L near 1e13.",
        effect="Section 5's K n = 3430, m = 18: the expected number of pairs (j, (k, i)) that fail (6) is 2.1 at M = "
        "500 "
        "and 0.67 at M = 0, against the claimed 4e-36, which needs m = 201.",
        statements=("lem:G.2",), preset="lemma-D.2",
        searches=("gammarho check fomaml lem:G.2 --preset lemma-D.2 --search 120 --seed 1",),
        witness=Witness(at=(("N", 3430), ("q", 0.638), ("m", 18), ("m_enough", 201)),
                        printed="2*N*q**m <= N**(-10)",
                        corrected="2*N*q**m_enough <= N**(-10)"),
    ),
    Erratum(
        id="fomaml-lem:D.2-8",
        kind="statement", severity="proof",
        where="Lemma D.2(8)",
        printed="sigma_0 sigma_s sqrt(d)/4 <= max_r j <w_{j,r}, z_k> for any k in [M]",
        corrected="for any k in [K]",
        why="Each k fails with probability Phi(1/4)^m or so, and there are M = d/2; the proof takes k in [K].",
        effect="m = L^0.2: the expected number of (j, k) that fail is 10^2.7, 10^5.6, 10^99.3 at d = 1e3, 1e6, 1e100.",
        statements=("lem:D.2-8-printed", "lem:D.2"), preset="lemma-D.2",
        searches=("gammarho check fomaml lem:D.2 --preset lemma-D.2 --search 100 --seed 1",),
    ),
    Erratum(
        id="fomaml-lem:F.1",
        kind="statement", severity="proof",
        where="Lemma F.1",
        printed="max_r |j <w_{j,r}, z_k>| = o(1) Lambda_j for k in [M]",
        corrected="for k in [K]; for a fresh task with probability 1 - o(1)",
        why="At t = 0 the largest of d/2 products is near L^-0.4 sqrt(2 L) sigma_0, which is not o(1) Lambda_j. "
        "Theorem F.22 uses it for the z of a fresh task, so it holds for most tasks only.",
        effect="The median of the left side over Lambda_j at t = 0, L = 1e4, 1e16, 1e40: over [M] 2.8, 17, 2.5e+03; "
        "over [K] 0.065, 8.3e-07, 2e-16.",
        statements=("lem:F.1-printed", "lem:F.1"), preset="theorem-4.5",
        searches=("gammarho check fomaml lem:F.1 --preset theorem-4.5 --search 100 --seed 1",),
    ),
    Erratum(
        id="fomaml-lem:D.2-theta",
        kind="proof gap", severity="proof",
        where="Lemma D.2(3), (4), (7)",
        printed="max_r |<w_{j,r}, nu>| = Theta(sigma_0 sqrt(log(m K n)))",
        corrected="O(.), and Omega(sigma_0 sqrt(log m))",
        why="Only the upper bound is proved. A maximum over m filters is of order sqrt(log m), which is sqrt(log(m K "
        "n)) "
        "up to a constant only where m is a power of K n, as under Condition D.1.",
        effect="m = 2: the median over sigma_0 sqrt(log(m K n)) is 0.61 at K n = 10 and 0.04 at K n = 1e300.",
        statements=("lem:G.2",), preset="lemma-D.2",
        witness=Witness(at=(("m", 2), ("N", 1e300), ("median", 1.05)),
                        printed="median >= 0.1*sqrt(log(m) + log(N))",
                        corrected="0.5*sqrt(log(m)) <= median <= sqrt(2*log(m*N))"),
    ),
    Erratum(
        id="fomaml-lem:D.2-union",
        kind="formula", severity="constant",
        where="Lemma D.2, proof, the two bounds on <w_{j,r}, z_k>",
        printed="sqrt(2 log(12 m/delta)) sigma_0, with probability 1 - delta/3 for all k in [K]",
        corrected="sqrt(2 log(24 m K/delta)) sigma_0",
        why="The union runs over K tasks too.",
        effect="m = 10, K = 1000, delta = 0.1: some product along z/||z|| is larger with probability 0.96 as printed "
        "and "
        "0.0012 corrected.",
        statements=("lem:D.2",), preset="lemma-D.2",
        witness=Witness(at=(("m", 10), ("K", 1000), ("delta", 0.1)),
                        printed="1 - (1 - sqrt(2/3.141592653589793)*sqrt(2*log(12*m/delta))/(1 + "
                                "2*log(12*m/delta))*delta/(12*m))**(2*m*K) <= delta/3",
                        corrected="2*m*K*sqrt(2/3.141592653589793)/sqrt(2*log(24*m*K/delta))*delta/(24*m*K) <= "
                                  "delta/3"),
    ),
    Erratum(
        id="fomaml-lem:D.2-direction",
        kind="formula", severity="typographical",
        where="Lemma D.2, proof, the first bound on <w_{j,r}, z_k>",
        printed="|<w, z_k/||z_k||>| ||z_k|| <= (3/2) sigma_s sqrt(d) |<w, x>|",
        corrected="|<w, z_k/||z_k||>|",
        why="x is an input elsewhere.",
        effect="||z|| = 1.4 sigma_s sqrt(d) and another direction x: the inequality fails in a share 0.48 of 2000 "
        "draws.",
        witness=Witness(at=(("z", 1.4), ("along", 1), ("other", 0.1)),
                        printed="along*z <= 3/2*other",
                        corrected="along*z <= 3/2*along"),
    ),
    Erratum(
        id="fomaml-cond:4.1-log",
        kind="formula", severity="constant",
        where="Condition 4.1 against the proof of Hypothesis E.1, (E.17)",
        printed="<z_i, z_j> <= O(sigma_s^2 sqrt(d) log(d)), used as Theta(sigma_s^2 sqrt(d) sqrt(log(d)))",
        corrected="log(d) in (E.17)",
        why="The proof needs only log(d) << sqrt(d) and goes through.",
        effect="What the condition allows is 2.6 times what (E.17) uses at d = 1e3 and 15.2 times at d = 1e100.",
        witness=Witness(at=(("d", 1e100),),
                        printed="log(d) <= 2*sqrt(log(d))",
                        corrected="log(d)**0.2 <= 0.01*sqrt(d)"),
    ),
    Erratum(
        id="fomaml-cond:4.1-lower",
        kind="statement", severity="proof",
        where="Condition 4.1; below (E.11), below Lemma F.7, \"increasing in t\"",
        printed="<z_i, z_j> <= O(sigma_s^2 sqrt(d) log(d))",
        corrected="|<z_i, z_j>| <= the same, or ||z||^2 < ||nu||^2",
        why="<nu_k, nu_k'> > 0 needs a lower bound. It follows from (9/4) sigma_s^2 d < 1, under Condition D.1 from "
        "d >= 16 on.",
        effect="Two tasks with z_2 = -z_1, ||z|| = 1.6, ||nu|| = 1.3, eight draws: one step changes j <w, nu_k> by as "
        "much as "
        "-0.013; with ||z|| = 0.5 it never falls. Under Condition D.1 d = 16 is enough.",
        statements=("A12-printed", "A12"), preset="theorem-4.5",
        searches=("gammarho check fomaml A12 --preset theorem-4.5 --search 100 --seed 1",),
        witness=Witness(at=(("nu", 1.3), ("z", 1.6), ("short", 0.5)),
                        printed="nu**2 - z**2 >= 0",
                        corrected="nu**2 - short**2 >= 0"),
    ),
)

_STATEMENTS = (
    Erratum(
        id="fomaml-lem:F.15",
        kind="statement", severity="proof",
        where="Lemma F.15; so Claim F.11, (F.26), (F.27)",
        printed="l'_{k1,i1} = Theta(1) l'_{k2,i2} for (k1,i1), (k2,i2) in Psi_j",
        corrected="where all training sets have the same number of each label, and m gamma sigma_s^2 d <= 1",
        why="(F.22) bounds both tasks by sigma(<w^(t,J), nu>), but w^(t,J) is adapted on another set for each; the "
        "last "
        "inner step differs by gamma times the difference of the label shares. The sum over tasks would do.",
        effect="No noise, shares 3/4 and 1/4, one filter, <w, nu> from T^(2) to T^(3): |log(l'_1/l'_2)| is as large as "
        "2.1, 13, 82, 5.2e+02 at L = 1e2, 1e4, 1e6, 1e8; with equal shares and ||z||^2 at the two ends of Condition "
        "4.1 "
        "at most 0.24.",
        statements=("lem:F.15-printed", "lem:F.15"), preset="theorem-4.5",
        searches=("gammarho check fomaml lem:F.15 --preset theorem-4.5 --search 100 --seed 1",),
    ),
    Erratum(
        id="fomaml-rem:J=0",
        kind="proof gap", severity="proof",
        where="Section 4, \"the results of Theorem 4.4 still hold even for J = 0\"",
        printed="the proof covers J = 0",
        corrected="J >= 1; at J = 0 the ratio of the rates is X/(K n) = L^0.5, and Theorem E.2 needs more than L",
        why="Theorem E.2's 2 Lambda(0) fails. A test loss of Omega(1) may still be true: Lambda <= d^-1/2 "
        "exp(O(sqrt(L))).",
        effect="L = 100, K = 10, n = 4, m = 16, eta = 0.02: until the noise is fitted Lambda grows by 1e+04 at J = 0 "
        "and by "
        "2.2 at J = 1.",
        statements=("rem:J=0-printed", "thm:E.2"), preset="theorem-4.4",
    ),
    Erratum(
        id="fomaml-lem:6.1",
        kind="statement", severity="constant",
        where="Lemmas 6.1, 6.2",
        printed="gamma^J",
        corrected="(1 + O(1) gamma)^J, as Lemmas E.1, F.7 have it",
        why="The same only where gamma is at least a constant; Section 5 has gamma <= 0.01. Lemma 6.2(1) has "
        "Omega(1) and Theta(1) of one constant.",
        effect="gamma = 0.01, J = 5: the inner loop multiplies <w, nu_k> by 1.025, and gamma^J is 1e-10.",
        statements=("lem:6.1-printed", "A6"), preset="theorem-4.5",
        searches=("gammarho check fomaml A6 --preset theorem-4.5 --search 100 --seed 1",),
    ),
    Erratum(
        id="fomaml-lem:E.1-sign",
        kind="proof gap", severity="proof",
        where="Lemma E.1, Theorem E.2, \"without loss of generality j <w_{j,r}, nu_k> > 0\"",
        printed="a negative product stays negative",
        corrected="where gamma p |l'| ||nu_k||^2/h < 1, p the share of y = -j",
        why="Examples with y = -j push it up, and past 0 the others amplify it. It then enters the outer step with "
        "max_r |<w, nu>|, which costs a factor sqrt(log m).",
        effect="Both labels once, h = 1/2, J = 5, from -0.01: -0.0024 at gamma = 0.5 and 2.05 at gamma = 6.",
        statements=("lem:E.1-sign-printed", "4.10"), preset="reptile",
        searches=("gammarho check fomaml 4.10 --preset reptile --search 100 --seed 1",),
        witness=Witness(at=(("large", 6), ("small", 0.5), ("p", 0.5), ("P", 0.5), ("h", 0.5)),
                        printed="-0.01*(1 - large*p*P/h) <= 0",
                        corrected="-0.01*(1 - small*p*P/h) <= 0"),
    ),
    Erratum(
        id="fomaml-thm:F.22-monotone",
        kind="statement", severity="proof",
        where="Theorem F.22, proof, both bounds on F_{-1}",
        printed="j <w_{j,r}, z> is monotone in t",
        corrected="j <w_{j,r}, nu + z> is, where ||nu||^2 + <z_k, z> >= 0 for all k",
        why="A step moves it by a sum of terms <z_k, z> of either sign. Only the sum with nu is used.",
        effect="One step of 20 states: j <w, z_k> falls in 23% of the cases; j <w, nu + z_k> in none.",
        statements=("thm:F.22-monotone-printed", "F.22-monotone"), preset="theorem-4.5",
        searches=("gammarho check fomaml F.22-monotone --preset theorem-4.5 --search 100 --seed 1",),
    ),
    Erratum(
        id="fomaml-thm:F.22-constant",
        kind="formula", severity="constant",
        where="Theorem F.22, proof, l(sigma(Lambda) - F_{-1}) <= l(L^0.1 - log 2)",
        printed="sigma(Lambda) >= L^0.1, so I_1 <= 2 exp(-L^0.1)",
        corrected="sigma(Lambda) = Lambda - h/2, so 2 exp(1/4) (1 + o(1)) exp(-L^0.1)",
        why="The Huberized ReLU lies h/2 = 1/4 below x; the part of z changes 1 + o(1).",
        effect="L = 1e4: l(sigma(L^0.1) - log 2) is 0.189, above the printed bound 0.162 and below 0.208.",
        statements=("thm:F.22",), preset="theorem-4.5",
        searches=("gammarho check fomaml thm:F.22 --preset theorem-4.5 --search 100 --seed 1",),
        witness=Witness(at=(("L", 1e4), ("h", 0.5)),
                        printed="log(1 + exp(log(2) - (L**0.1 - h/2))) <= 2*exp(-L**0.1)",
                        corrected="log(1 + exp(log(2) - (L**0.1 - h/2))) <= 2*exp(h/2)*exp(-L**0.1)"),
    ),
    Erratum(
        id="fomaml-thm:4.5-tasks",
        kind="statement", severity="theorem",
        where="Theorem 4.5(2), exp(-K^c); Theorem F.22, o(1/polylog(d))",
        printed="the test loss falls exponentially in the number of tasks",
        corrected="exp(-L^0.1); K is tied to d by K = L^0.5",
        why="The bound is Lambda >= L^0.1 at T^(3), whatever K. exp(-L^0.1) is below 1/L only from L = e^35.8 on.",
        effect="L = 100: the proof's exp(-L^0.1) is 0.20 for every K; exp(-K^0.2) is that at K = 10 and 0.019 at K = "
        "1000. "
        "2 exp(-L^0.1) is 0.54 at d = 1e6 and 0.36 at d = 1e100.",
        statements=("thm:F.22",), preset="theorem-4.5",
        witness=Witness(at=(("L", 100), ("K", 1000), ("K_tied", 10)),
                        printed="exp(-L**0.1) <= exp(-K**0.2)",
                        corrected="exp(-L**0.1) <= exp(-K_tied**0.2)"),
    ),
    Erratum(
        id="fomaml-thm:4.5-event",
        kind="formula", severity="typographical",
        where="Section 6, proof of Theorem 4.5; (E.32), (F.31) and the event below them",
        printed="|<w_{j,r}(0), xi>| <= d^(3/2)",
        corrected="|<w_{j,r}(0), xi>| <= d^(-1/4)",
        why="The tail 2 exp(-1/(8 sigma_0^2 sigma_xi^2 d^(3/2))) is that of d^(-1/4), and the last lines of (E.34), "
        "(F.33) "
        "use it.",
        effect="d = 1e6, Condition D.1: the stated exponent is 9.05, that of d^(-1/4); that of d^(3/2) is 9e+21.",
        witness=Witness(at=(("d", 1e6), ("L", 13.8)),
                        printed="(d**(3/2))**2/(8*L/d) == sqrt(d)/(8*L/d)/d",
                        corrected="(d**(-1/4))**2/(8*L/d) == sqrt(d)/(8*L)"),
    ),
    Erratum(
        id="fomaml-thm:4.5-union",
        kind="formula", severity="constant",
        where="below (E.32), below (F.31)",
        printed="P(event) >= 1 - 2 (n K + m) exp(-d^(1/4))",
        corrected="1 - 2 (n K + 2 m) exp(-d^(1/4))",
        why="There are m filters a head.",
        effect="n = 4, K = 10, m = 16: 56 inequalities as printed, 72 in the event.",
        witness=Witness(at=(("n", 4), ("K", 10), ("m", 16), ("heads", 2)),
                        printed="n*K + heads*m <= n*K + m",
                        corrected="n*K + heads*m <= n*K + 2*m"),
    ),
    Erratum(
        id="fomaml-eq:E.31",
        kind="formula", severity="constant",
        where="(E.31), (E.32), (F.30), (F.31), last inequalities",
        printed="2 exp(-1/(8 sigma_xi^4 d^(3/2))) <= 2 exp(-d^(1/4))",
        corrected="for d large: d^(1/4) >= 8 L^2, and in (E.32) d^(1/4) >= 8 L",
        why="Under Condition D.1 the exponent is d^(1/2)/(8 L^2).",
        effect="It fails at d = 1e6 and holds from d = 1.5e+16 on; (E.32)'s from 7e+08 on.",
        witness=Witness(at=(("d", 1e6), ("d_large", 1.6e16)),
                        printed="sqrt(d)/(8*log(d)**2) >= d**(1/4)",
                        corrected="sqrt(d_large)/(8*log(d_large)**2) >= d_large**(1/4)"),
    ),
    Erratum(
        id="fomaml-eq:F.35-event",
        kind="formula", severity="typographical",
        where="the line before (F.35)",
        printed="when the event E holds",
        corrected="when it does not",
        why="I_2 is the expectation over the complement of E; (F.35) uses <xi, xi_{k,i}> <= ||xi|| ||xi_{k,i}||.",
        effect="d = 1000, Condition D.1, M = 0: |<xi, xi_{k,i}>| > d^(-1/4), outside E, for a share 0.40 of 400 pairs.",
        witness=Witness(at=(("d", 1000), ("product", 0.3), ("xi", 2.6), ("xi_k", 2.6)),
                        printed="product <= d**(-1/4)",
                        corrected="product <= xi*xi_k"),
    ),
)

ERRATA = (*_FORMULAS, *_SIZES, *_STATEMENTS, *errata_proofs.ERRATA)
