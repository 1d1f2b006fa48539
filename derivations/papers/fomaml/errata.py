"""The errata of Zuo, Chen, Yao, Cao and Gu, ICLR 2023.

The paper numbers equations, hypotheses, lemmas and claims alike, so ids say which.  "One step" in an effect: one inner
step of size 0.8 or outer step of size 1 from weights of order one, K = 3, n = 5, n_1 = 2, m = 4, d = 14, J = 3,
||nu|| = 1.3, against automatic differentiation task by task; the largest entry of the difference.  L = log d, and
X = sigma_xi^2 d, which is L under Condition D.1; A(q) = m^(-1/2) (1 + gamma X/n)^-q.
"""

from __future__ import annotations

from ...ledger.errata import Erratum

_FORMULAS = (
    Erratum(
        id="fomaml-eq:C.7",
        kind="OCR",
        where="(C.7)",
        printed="l'(y_{k,i} sum_j j sum_r sigma(<w_{j,r} xi_{k,i}>) + sigma(<w_{j,r} nu_k> y_{k,i}))",
        corrected="l'(y_{k,i} sum_j j sum_r [sigma(<w_{j,r}, xi_{k,i}>) + sigma(<w_{j,r}, nu_k> y_{k,i})])",
        why="It is the margin y f, both patches inside the sums. Perhaps only the converted text's, as the commas.",
        effect="One state: the margin is 1.2 away from y f as printed.",
        claims=("fomaml-eq:C.7-margin",),
    ),
    Erratum(
        id="fomaml-eq:C.10-arguments",
        kind="formula",
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
        kind="formula",
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
        kind="OCR",
        where="(E.11)",
        printed="-(eta/(K n)) sum_{k',i} l_{k',i} sigma'(...) <nu_k, nu_k'>",
        corrected="l'_{k',i}",
        why="It is (C.8) along nu_k. Perhaps only the converted text's; (F.35)'s fourth line lacks the prime too.",
        effect="One step: differs by up to 0.46 as printed.",
        claims=("fomaml-eq:E.11-step",),
    ),
    Erratum(
        id="fomaml-eq:E.11-norm",
        kind="formula",
        where="the line below (E.11)",
        printed="<nu_k, nu_k'> = ||nu||_2 + <z_k, z_k'>",
        corrected="||nu||_2^2 + <z_k, z_k'>",
        why="Definition 3.1. With Condition D.1's ||nu|| = 1 nothing changes; below Lemma F.7 it is right.",
        effect="At ||nu|| = 1.3: differs by 0.39 as printed.",
        claims=("fomaml-eq:E.11-product",),
    ),
    Erratum(
        id="fomaml-eq:E.17",
        kind="formula",
        where="(E.17), the equality",
        printed="sigma'(<w_{j,r}, nu_k'>) y_{k',i}",
        corrected="sigma'(<w_{j,r}, nu_k'> y_{k',i})",
        why="The patch is y nu, so y stands inside; outside it is squared away. The inequality below has it inside.",
        effect="One step: <w, z_k> differs by up to 0.01 as printed.",
        claims=("fomaml-eq:E.17-step",),
    ),
    Erratum(
        id="fomaml-eq:E.34-factor",
        kind="formula",
        where="(E.34), (F.33), (F.35), first lines",
        printed="l'_{k,i} sigma'(<w_{j,r}, xi_{k,i}>) <xi, xi_{k,i}>",
        corrected="l'_{k,i} y_{k,i} j sigma'(<w_{j,r}, xi_{k,i}>) <xi, xi_{k,i}>",
        why="(C.6) and (C.9) along a fresh noise. The bounds take absolute values and survive; the equality does not.",
        effect="One step: differs by up to 0.046 as printed.",
        claims=("fomaml-eq:E.34-step", "fomaml-eq:F.33-step", "fomaml-eq:F.35-step"),
    ),
    Erratum(
        id="fomaml-eq:E.34-method",
        kind="formula",
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
        kind="formula",
        where="Lemma F.7, proof, the outer step of <w_{1,r}, nu_k>",
        printed="sigma'(<w_{1,r}, nu_k'>) y_{k',i}",
        corrected="sigma'(<w_{1,r}, nu_k'> y_{k',i})",
        why="As in (E.17). As printed the negative examples push the product down, and it would not be increasing.",
        effect="One step: <w, nu_k> differs by up to 0.19 as printed, the other slip mended.",
        claims=("fomaml-lem:F.7-step",),
    ),
    Erratum(
        id="fomaml-lem:F.7-size",
        kind="formula",
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
        kind="statement",
        where="Condition D.1",
        printed="eta = 1/log(d)^-5",
        corrected="eta = log(d)^-5",
        why="Condition 4.3 has eta = 1/polylog(d), and every later power, 2^(-L^5.5) in Theorem E.2 among them, has "
        "-5.",
        effect="L = 100: one step multiplies Lambda by 1 + 6e+12 as printed, by 1 + 6e-08 corrected; Theorem E.2 "
        "allows 2 "
        "over all steps.",
    ),
    Erratum(
        id="fomaml-thm:E.3",
        kind="statement",
        where="Theorem E.3, upper bound; its proof, \"<= 1.5 ...\"",
        printed="Xi_{k,i}(t) <= O(A(J - 0.5)) for eta = L^-5",
        corrected="O(max{A(J - 0.5), eta X/(K n)}), or eta = O(L^-7)",
        why="It needs eta X/(K n) = L^-4.5 to be o(A(J - 0.5)) = o(L^-6.4). One outer step grows Xi by L^2.5, "
        "so it jumps from below A(J) past the bound. Theorems E.10 and E.11 survive the larger bound.",
        effect="One example, one filter, 60 starts below A(J): the median of max_t Xi/A(J - 0.5) is 10, 6.9e+02, "
        "6.8e+05 "
        "at L = 1e2, 1e4, 1e8; with eta = L^-7 at most 0.22.",
    ),
    Erratum(
        id="fomaml-thm:E.9",
        kind="statement",
        where="Theorem E.9; its proof, Xi(t(k,i) + 1) < 1.5 A(J - 1)",
        printed="Xi_{k,i}(T) <= O(A(J - 1)) for eta = L^-5",
        corrected="O(max{A(J - 1), eta X/(K n)}), or eta = O(L^-7)",
        why="As in Theorem E.3: A(J - 1) = L^-5.7 is below one step's L^-4.5.",
        effect="The same 60 starts: the largest max_t Xi/A(J - 1) is 3.4, 8.4e+02, 5e+07 at L = 1e2, 1e4, 1e8; with "
        "eta = L^-7 at most 0.012.",
    ),
    Erratum(
        id="fomaml-lem:D.5-constant",
        kind="statement",
        where="Lemma D.5",
        printed="y_T <= O(G y_0) if x_0 >= O(G^(-A/B))",
        corrected="y_T <= (1 + B) G y_0 if x_0 >= D G^(-log(1 + A)/log(1 + B)), G >= 1",
        why="The constant before G^(-A/B) decides: at c < D the ratio y_T/(G y_0) is (D/c)^(B/A). T is a whole number, "
        "hence 1 + B.",
        effect="A = 0.001, B = 0.1, c = 1/2, D = 1, G = 2: y_T = 5e+28 G y_0. Corrected: no violation in 20000 draws "
        "of "
        "A and B between 1e-4 and 1e3.",
    ),
    Erratum(
        id="fomaml-lem:D.5-rates",
        kind="proof gap",
        where="Lemma D.5 as Theorem E.2 uses it",
        printed="G^(-A/B), A = o(1)",
        corrected="G^(-log(1 + A)/log(1 + B))",
        why="(D.1) puts A for log(1 + A). In Theorem E.2 the noise grows by L^2.5 a step, far from o(1). With "
        "logarithms "
        "both uses still go through.",
        effect="x_0 = 2^(-A/B), D = 1: y_T/(2 y_0) is 1.03 at A = 0.1, B = 0.01, and 90 at A = 25.2, B = 0.068, the "
        "rates "
        "of L = 100.",
    ),
    Erratum(
        id="fomaml-thm:E.2-letters",
        kind="formula",
        where="Theorem E.2, proof, the use of Lemma D.5",
        printed="A = O(1) eta gamma^J, B = Omega(1) (eta gamma^J/K)(X/n)^(J+1), Xi(0) > G^(-A/B) = 2^(-L^5.5)",
        corrected="A the noise's rate and B the feature's",
        why="x_t is the noise in the lemma, so A is its rate; 2^(-L^5.5) is G^(-B/A) in the letters as printed.",
        effect="L = 100, n = 1: A/B is 1e-11 as printed, so G^(-A/B) is 1 to all digits, and Xi(0) = e^-50 is not "
        "above "
        "it; with the letters exchanged it is 1e+11.",
    ),
    Erratum(
        id="fomaml-lem:G.1",
        kind="statement",
        where="Lemma G.1; Lemma D.2(1), (2); under M = d/2",
        printed="sigma_xi^2 d/2 <= ||xi||^2 <= 3 sigma_xi^2 d/2 with probability 1 - delta",
        corrected="the same with d - M - 1 for d",
        why="Cited for noise off one direction; here it is off nu and all M = d/2 of the dictionary, so "
        "E||xi||^2 = (1/2 - 1/d) sigma_xi^2 d. The form with Theta holds with 1/4.",
        effect="P(||xi||^2 < sigma_xi^2 d/2) is 0.521 at d = 1000, M = 500, 0.507 at d = 10000, M = 5000, and 0.000 at "
        "M = 0; for all K n noises at once the event has probability about 2^(-K n).",
    ),
    Erratum(
        id="fomaml-lem:D.2-probability",
        kind="statement",
        where="Lemma D.2, \"with probability at least 1 - (K n)^-10\", (6); Lemma G.2's premise on m",
        printed="m = log(d)^0.2",
        corrected="m >= log(2 (K n)^11)/(-log Phi(sqrt(d/(d - M - 1))/4)), Lemma G.2's m = Omega(log(1/delta))",
        why="An example with no filter of its class above the bound has probability Phi(.)^m, and delta = (K n)^-10. "
        "At m = L^0.2, n = 2 that needs L near 1e13.",
        effect="Section 5's K n = 3430, m = 18: the expected number of pairs (j, (k, i)) that fail (6) is 2.1 at M = "
        "500 "
        "and 0.67 at M = 0, against the claimed 4e-36, which needs m = 201.",
    ),
    Erratum(
        id="fomaml-lem:D.2-8",
        kind="statement",
        where="Lemma D.2(8)",
        printed="sigma_0 sigma_s sqrt(d)/4 <= max_r j <w_{j,r}, z_k> for any k in [M]",
        corrected="for any k in [K]",
        why="Each k fails with probability Phi(1/4)^m or so, and there are M = d/2; the proof takes k in [K].",
        effect="m = L^0.2: the expected number of (j, k) that fail is 10^2.7, 10^5.6, 10^99.3 at d = 1e3, 1e6, 1e100.",
    ),
    Erratum(
        id="fomaml-lem:F.1",
        kind="statement",
        where="Lemma F.1",
        printed="max_r |j <w_{j,r}, z_k>| = o(1) Lambda_j for k in [M]",
        corrected="for k in [K]; for a fresh task with probability 1 - o(1)",
        why="At t = 0 the largest of d/2 products is near L^-0.4 sqrt(2 L) sigma_0, which is not o(1) Lambda_j. "
        "Theorem F.22 uses it for the z of a fresh task, so it holds for most tasks only.",
        effect="The median of the left side over Lambda_j at t = 0, L = 1e4, 1e16, 1e40: over [M] 2.8, 17, 2.5e+03; "
        "over [K] 0.065, 8.3e-07, 2e-16.",
    ),
    Erratum(
        id="fomaml-lem:D.2-theta",
        kind="proof gap",
        where="Lemma D.2(3), (4), (7)",
        printed="max_r |<w_{j,r}, nu>| = Theta(sigma_0 sqrt(log(m K n)))",
        corrected="O(.), and Omega(sigma_0 sqrt(log m))",
        why="Only the upper bound is proved. A maximum over m filters is of order sqrt(log m), which is sqrt(log(m K "
        "n)) "
        "up to a constant only where m is a power of K n, as under Condition D.1.",
        effect="m = 2: the median over sigma_0 sqrt(log(m K n)) is 0.61 at K n = 10 and 0.04 at K n = 1e300.",
    ),
    Erratum(
        id="fomaml-lem:D.2-union",
        kind="formula",
        where="Lemma D.2, proof, the two bounds on <w_{j,r}, z_k>",
        printed="sqrt(2 log(12 m/delta)) sigma_0, with probability 1 - delta/3 for all k in [K]",
        corrected="sqrt(2 log(24 m K/delta)) sigma_0",
        why="The union runs over K tasks too.",
        effect="m = 10, K = 1000, delta = 0.1: some product along z/||z|| is larger with probability 0.96 as printed "
        "and "
        "0.0012 corrected.",
    ),
    Erratum(
        id="fomaml-lem:D.2-direction",
        kind="formula",
        where="Lemma D.2, proof, the first bound on <w_{j,r}, z_k>",
        printed="|<w, z_k/||z_k||>| ||z_k|| <= (3/2) sigma_s sqrt(d) |<w, x>|",
        corrected="|<w, z_k/||z_k||>|",
        why="x is an input elsewhere.",
        effect="||z|| = 1.4 sigma_s sqrt(d) and another direction x: the inequality fails in a share 0.48 of 2000 "
        "draws.",
    ),
    Erratum(
        id="fomaml-cond:4.1-log",
        kind="formula",
        where="Condition 4.1 against the proof of Hypothesis E.1, (E.17)",
        printed="<z_i, z_j> <= O(sigma_s^2 sqrt(d) log(d)), used as Theta(sigma_s^2 sqrt(d) sqrt(log(d)))",
        corrected="log(d) in (E.17)",
        why="The proof needs only log(d) << sqrt(d) and goes through.",
        effect="What the condition allows is 2.6 times what (E.17) uses at d = 1e3 and 15.2 times at d = 1e100.",
    ),
    Erratum(
        id="fomaml-cond:4.1-lower",
        kind="statement",
        where="Condition 4.1; below (E.11), below Lemma F.7, \"increasing in t\"",
        printed="<z_i, z_j> <= O(sigma_s^2 sqrt(d) log(d))",
        corrected="|<z_i, z_j>| <= the same, or ||z||^2 < ||nu||^2",
        why="<nu_k, nu_k'> > 0 needs a lower bound. It follows from (9/4) sigma_s^2 d < 1, under Condition D.1 from "
        "d >= 16 on.",
        effect="Two tasks with z_2 = -z_1, ||z|| = 1.6, ||nu|| = 1.3, eight draws: one step changes j <w, nu_k> by as "
        "much as "
        "-0.013; with ||z|| = 0.5 it never falls. Under Condition D.1 d = 16 is enough.",
    ),
)

_STATEMENTS = (
    Erratum(
        id="fomaml-lem:F.15",
        kind="statement",
        where="Lemma F.15; so Claim F.11, (F.26), (F.27)",
        printed="l'_{k1,i1} = Theta(1) l'_{k2,i2} for (k1,i1), (k2,i2) in Psi_j",
        corrected="where all training sets have the same number of each label",
        why="(F.22) bounds both tasks by sigma(<w^(t,J), nu>), but w^(t,J) is adapted on another set for each; the "
        "last "
        "inner step differs by gamma times the difference of the label shares. The sum over tasks would do.",
        effect="No noise, shares 3/4 and 1/4, one filter, <w, nu> from T^(2) to T^(3): |log(l'_1/l'_2)| is as large as "
        "2.1, 13, 82, 5.2e+02 at L = 1e2, 1e4, 1e6, 1e8; with equal shares and ||z||^2 at the two ends of Condition "
        "4.1 "
        "at most 0.24.",
    ),
    Erratum(
        id="fomaml-rem:J=0",
        kind="proof gap",
        where="Section 4, \"the results of Theorem 4.4 still hold even for J = 0\"",
        printed="the proof covers J = 0",
        corrected="J >= 1; at J = 0 the ratio of the rates is X/(K n) = L^0.5, and Theorem E.2 needs more than L",
        why="Theorem E.2's 2 Lambda(0) fails. A test loss of Omega(1) may still be true: Lambda <= d^-1/2 "
        "exp(O(sqrt(L))).",
        effect="L = 100, K = 10, n = 4, m = 16, eta = 0.02: until the noise is fitted Lambda grows by 1e+04 at J = 0 "
        "and by "
        "2.2 at J = 1.",
    ),
    Erratum(
        id="fomaml-lem:6.1",
        kind="statement",
        where="Lemmas 6.1, 6.2",
        printed="gamma^J",
        corrected="(1 + O(1) gamma)^J, as Lemmas E.1, F.7 have it",
        why="The same only where gamma is at least a constant; Section 5 has gamma <= 0.01. Lemma 6.2(1) has "
        "Omega(1) and Theta(1) of one constant.",
        effect="gamma = 0.01, J = 5: the inner loop multiplies <w, nu_k> by 1.025, and gamma^J is 1e-10.",
    ),
    Erratum(
        id="fomaml-lem:E.1-sign",
        kind="proof gap",
        where="Lemma E.1, Theorem E.2, \"without loss of generality j <w_{j,r}, nu_k> > 0\"",
        printed="a negative product stays negative",
        corrected="where gamma p |l'| ||nu_k||^2/h < 1, p the share of y = -j",
        why="Examples with y = -j push it up, and past 0 the others amplify it. It then enters the outer step with "
        "max_r |<w, nu>|, which costs a factor sqrt(log m).",
        effect="Both labels once, h = 1/2, J = 5, from -0.01: -0.0024 at gamma = 0.5 and 2.05 at gamma = 6.",
    ),
    Erratum(
        id="fomaml-thm:F.22-monotone",
        kind="statement",
        where="Theorem F.22, proof, both bounds on F_{-1}",
        printed="j <w_{j,r}, z> is monotone in t",
        corrected="j <w_{j,r}, nu + z> is, where ||nu||^2 + <z_k, z> >= 0 for all k",
        why="A step moves it by a sum of terms <z_k, z> of either sign. Only the sum with nu is used.",
        effect="One step of 20 states: j <w, z_k> falls in 23% of the cases; j <w, nu + z_k> in none.",
    ),
    Erratum(
        id="fomaml-thm:F.22-constant",
        kind="formula",
        where="Theorem F.22, proof, l(sigma(Lambda) - F_{-1}) <= l(L^0.1 - log 2)",
        printed="sigma(Lambda) >= L^0.1, so I_1 <= 2 exp(-L^0.1)",
        corrected="sigma(Lambda) = Lambda - h/2, so 2 exp(1/4) (1 + o(1)) exp(-L^0.1)",
        why="The Huberized ReLU lies h/2 = 1/4 below x; the part of z changes 1 + o(1).",
        effect="L = 1e4: l(sigma(L^0.1) - log 2) is 0.189, above the printed bound 0.162 and below 0.208.",
    ),
    Erratum(
        id="fomaml-thm:4.5-tasks",
        kind="statement",
        where="Theorem 4.5(2), exp(-K^c); Theorem F.22, o(1/polylog(d))",
        printed="the test loss falls exponentially in the number of tasks",
        corrected="exp(-L^0.1); K is tied to d by K = L^0.5",
        why="The bound is Lambda >= L^0.1 at T^(3), whatever K. exp(-L^0.1) is below 1/L only from L = e^35.8 on.",
        effect="L = 100: the proof's exp(-L^0.1) is 0.20 for every K; exp(-K^0.2) is that at K = 10 and 0.019 at K = "
        "1000. "
        "2 exp(-L^0.1) is 0.54 at d = 1e6 and 0.36 at d = 1e100.",
    ),
    Erratum(
        id="fomaml-thm:4.5-event",
        kind="formula",
        where="Section 6, proof of Theorem 4.5; (E.32), (F.31) and the event below them",
        printed="|<w_{j,r}(0), xi>| <= d^(3/2)",
        corrected="|<w_{j,r}(0), xi>| <= d^(-1/4)",
        why="The tail 2 exp(-1/(8 sigma_0^2 sigma_xi^2 d^(3/2))) is that of d^(-1/4), and the last lines of (E.34), "
        "(F.33) "
        "use it.",
        effect="d = 1e6, Condition D.1: the stated exponent is 9.05, that of d^(-1/4); that of d^(3/2) is 9e+21.",
    ),
    Erratum(
        id="fomaml-thm:4.5-union",
        kind="formula",
        where="below (E.32), below (F.31)",
        printed="P(event) >= 1 - 2 (n K + m) exp(-d^(1/4))",
        corrected="1 - 2 (n K + 2 m) exp(-d^(1/4))",
        why="There are m filters a head.",
        effect="n = 4, K = 10, m = 16: 56 inequalities as printed, 72 in the event.",
    ),
    Erratum(
        id="fomaml-eq:E.31",
        kind="formula",
        where="(E.31), (E.32), (F.30), (F.31), last inequalities",
        printed="2 exp(-1/(8 sigma_xi^4 d^(3/2))) <= 2 exp(-d^(1/4))",
        corrected="for d large: d^(1/4) >= 8 L^2, and in (E.32) d^(1/4) >= 8 L",
        why="Under Condition D.1 the exponent is d^(1/2)/(8 L^2).",
        effect="It fails at d = 1e6 and holds from d = 1.5e+16 on; (E.32)'s from 7e+08 on.",
    ),
    Erratum(
        id="fomaml-eq:F.35-event",
        kind="formula",
        where="the line before (F.35)",
        printed="when the event E holds",
        corrected="when it does not",
        why="I_2 is the expectation over the complement of E; (F.35) uses <xi, xi_{k,i}> <= ||xi|| ||xi_{k,i}||.",
        effect="d = 1000, Condition D.1, M = 0: |<xi, xi_{k,i}>| > d^(-1/4), outside E, for a share 0.40 of 400 pairs.",
    ),
)

_PROOFS = (
    Erratum(
        id="fomaml-thm:F.19-display",
        kind="formula",
        where="Theorem F.19, proof, first display, second line; Lambda_1(t+1) <= ... below it",
        printed="the same with r(t) for r(t+1), \"by definition of r(t)\"; a sum over Psi_+",
        corrected=">=; bound <w_{1,r(t+1)}(t,0), nu> by Lambda_1(t) and sigma' by 1 at once, the sum over Psi",
        why="r(t+1) is the argmax after the step, so the first line is the larger one wherever the argmax changes. Its "
        "filter may be negative along some nu_k, and then examples of the other label push it up.",
        effect="One step of 200 states, both heads: the second line is the smaller one in 18 of 400; the conclusion "
        "with Psi_+ fails in 2, with Psi in none.",
    ),
    Erratum(
        id="fomaml-hyp:E.1-power",
        kind="formula",
        where="Hypothesis E.1, proof, Theta(sigma_0/(sigma_s sqrt(d))) and Theta(log(d)^0.1) Lambda_j(0)",
        printed="Theta(log(d)^0.2/sqrt(d)), so Theta(log(d)^0.1) Lambda_j(0)",
        corrected="Theta(log(d)^0.4/sqrt(d)), so Theta(log(d)^0.4/sqrt(log(m K n))) Lambda_j(0)",
        why="Condition D.1 has sigma_s sqrt(d) = log(d)^-0.4. The contradiction only gets stronger.",
        effect="L = 1e4: sigma_0 sqrt(d)/(sigma_s sqrt(d)) is 39.8; L^0.2 is 6.3.",
    ),
    Erratum(
        id="fomaml-lem:F.1-root",
        kind="formula",
        where="Lemma F.1, proof, last sentence",
        printed="sigma_s^2 d sqrt(log(m K n)) = sigma_s sqrt(log(m K n))/polylog(d)",
        corrected="sigma_s sqrt(d) sqrt(log(m K n))/polylog(d)",
        why="sigma_s^2 d = (sigma_s sqrt(d))^2 and sigma_s sqrt(d) = 1/polylog(d); the line before it has the root.",
        effect="L = 100: the two sides differ by sqrt(d) = 5e+21 as printed.",
    ),
    Erratum(
        id="fomaml-eq:E.13",
        kind="formula",
        where="above (E.13), \"upper bound\"; Theorem F.9, proof, \"we can upper bound the growth of Lambda_1\"",
        printed="upper bound",
        corrected="lower bound",
        why="Both displays are >=, and the comparison of rates needs them so.",
        effect="L = 100, Omega(1) = 1/2: one outer step multiplies a small Xi by 1588, and (E.13)'s right side by 782.",
    ),
    Erratum(
        id="fomaml-eq:F.28",
        kind="formula",
        where="(F.28), last line",
        printed="<w, xi> + Theta(d^-1/2) eta sum_Psi l'",
        corrected="<w, xi> - Theta(d^-1/2) eta sum_Psi l'",
        why="l' < 0; the line above has the minus, and so has the sum over t below (F.29).",
        effect="One step, (k,i) in Psi_-, j = 1: <w, xi> changes by up to 0.038, below 0.720, the corrected bound with "
        "the "
        "largest |<xi, xi'>|, and above its negative.",
    ),
    Erratum(
        id="fomaml-lem:E.8",
        kind="formula",
        where="Lemma E.8, proof, the bound on <w_{1,r'(t)}(t,J), xi_{k,i}>",
        printed="(1 - Theta(1) gamma X/n)^J",
        corrected="(1 + Theta(1) gamma X/n)^J",
        why="(E.22) with -l' = Omega(1) amplifies. As printed the last line does not follow.",
        effect="L = 100, n = 2, Theta(1) = 1: A(J - 1) times the factor is -193 as printed and 200 corrected; the "
        "proof's "
        "m^(-1/2) gamma X/n is 199.",
    ),
    Erratum(
        id="fomaml-lem:E.8-times",
        kind="formula",
        where="Lemma E.8, proof, \"we then apply (E.22) J - 1 times\"",
        printed="J - 1 times",
        corrected="J times, -l' = Omega(1) being needed for tau = 0 to J - 1",
        why="The display has the power J, and needs it: A(J - 1) times the (J - 1)-th power is m^(-1/2), without "
        "gamma X/n.",
        effect="L = 100, n = 2: A(J - 1) times the factor is 0.631 after J - 1 steps and 200 after J; the proof's "
        "m^(-1/2) gamma X/n is 199.",
    ),
    Erratum(
        id="fomaml-claim:E.4",
        kind="formula",
        where="Claim E.4, proof, the sum of l' and the line that uses it; Claim E.5, proof, last display",
        printed="K/(X^J gamma^(J-1) n^(J-2))",
        corrected="K n^J/(X^J gamma^(J-1))",
        why="Theorem E.9's A(J - 1) = m^(-1/2) (gamma X/n)^(1-J) has n in the denominator, so n comes out on top. "
        "Nothing changes for n = Theta(1).",
        effect="J = 5: it grows as n^5; as printed it falls as n^-3.",
    ),
    Erratum(
        id="fomaml-thm:4.5-mean",
        kind="formula",
        where="Section 6, proof of Theorem 4.5; Theorems E.10, F.21, proofs",
        printed="L-hat = sum_{k,i} l_{k,i}",
        corrected="(1/(K n_2)) sum over Psi of l_{k,i}; (1/(K n)) sum for train-train",
        why="L-hat is a mean over tasks of mean losses. K n is polylog(d), so the theorems stand. Theorem E.10's "
        "L-hat^tr "
        "is L-hat^tr-tr.",
        effect="One state: 4.34 as printed, and the meta-objective is 0.482.",
    ),
    Erratum(
        id="fomaml-thm:4.5-prime",
        kind="OCR",
        where="Section 6, proof of Theorem 4.5",
        printed="-2 sum l_{k,i}",
        corrected="-2 sum l'_{k,i}",
        why="-l'(x) >= l(x)/2. Perhaps only the converted text's; Theorem F.21's proof has the prime.",
        effect="At x = 0 the printed upper bound of l = 0.69 is -1.39.",
    ),
    Erratum(
        id="fomaml-thm:F.21-argmin",
        kind="formula",
        where="Theorem F.21, proof, t'",
        printed="t' = argmin over t in [T^(2)]",
        corrected="over t in [T^(2), T - 1]",
        why="Lemma F.20 bounds the minimum after T^(2); before it -l' = Theta(1).",
        effect="L = 100, K = 10, n = 4, m = 16, eta = 0.02, T = 4000: the least mean of -l' is 0.50 before T^(2) and "
        "0.0008 "
        "after it; 1/(T eta) is 1/80.",
    ),
    Erratum(
        id="fomaml-thm:E.10-sum",
        kind="formula",
        where="Theorem E.10, proof, the sum over k, i",
        printed="eta (K n - 1) sum l' Theta(.), \"if we sum (E.24)\"; 2/sqrt(m)",
        corrected="(eta (K n - 1)/(K n)) sum l' Theta(.), summing (E.23); Omega(1/sqrt(m)), as a line above",
        why="Each l' occurs K n - 1 times with eta/(K n). A lower bound sums (E.23); (E.24) is the upper one.",
        effect="K n = 12: the cross terms are 12 times too large as printed.",
    ),
    Erratum(
        id="fomaml-thm:F.9-D",
        kind="formula",
        where="Theorem F.9, proof, the use of Lemma D.5",
        printed="D = m^(-1/2) gamma^-J",
        corrected="D = m^(-1/2) (1 + gamma)^-J, which defines T^(2)",
        why="The same up to a constant only where gamma is at least one.",
        effect="J = 5: the printed D is 2.1 times T^(2)'s at gamma = 100^0.4 and 1e+10 times at gamma = 0.01.",
    ),
    Erratum(
        id="fomaml-hyp:F.5-training",
        kind="proof gap",
        where="Hypothesis F.5, proof, the part about i in [n_1]",
        printed="Xi-hat_{k,i}(t+1) <= O(Xi-hat_{k,i}(0)) for training examples, by Theorem F.9",
        corrected="by (C.10) and one bound for each inner step: |v(J)| <= |v(0)| q^J + c (q^J - 1)/(q - 1), "
        "q = 1 + gamma ||xi||^2/(n_1 h), c = (gamma/n_1) sum |<xi', xi>|",
        why="Theorem F.9 is about Psi. The inner loop amplifies training noise by its self term; only the outer step "
        "leaves it alone.",
        effect="One inner step with gamma = 3, five states: a training example's |<w, xi>| grows by up to 2.62 more "
        "than the "
        "validation bound J (gamma/n_1) sum |<xi', xi>|, and never past the corrected one.",
    ),
    Erratum(
        id="fomaml-hyp:F.5-sign",
        kind="proof gap",
        where="Hypothesis F.5, proof, max{|<w_{1,r}, xi_{k,i}>|, C}",
        printed="max{max_r |<w_{1,r}, xi_{k,i}>|, C} = Xi-hat_{k,i}",
        corrected="Xi-hat_{k,i} = max{max_r <w_{1,r}, xi_{k,i}>, C}; bound the negative products apart",
        why="Xi-hat is without absolute values. A negative product has sigma = 0 and moves by cross terms only.",
        effect="Four standard normal products, C = 0.1: the left side is larger in a share 0.53 of 200 draws.",
    ),
    Erratum(
        id="fomaml-thm:F.19-citation",
        kind="formula",
        where="Theorem F.19, proof, <w_{1,r(t)}(t,0), nu_k> = Theta(1) <w_{1,r(t)}(t,0), nu>",
        printed="by Corollary F.5",
        corrected="by Lemma F.2",
        why="Corollary F.5 is about (t, J). A product along nu that the inner loop made says nothing of (t, 0).",
        effect="<w, nu> = 1e-3, <w, z> = 0.5, ||z||^2 = 0.04, the inner loop adding 10 to <w, nu>: the ratio of the "
        "two is "
        "500 at (t, 0) and 0.09 at (t, J).",
    ),
)

_EXPERIMENTS = (
    Erratum(
        id="fomaml-sec:5-rates",
        kind="statement",
        where="Section 5.1, synthetic data, against its last sentence",
        printed="gamma = 0.001, eta = 0.0001; then \"0.01, 0.001, respectively\"",
        corrected="one pair; gammarho takes the first",
        why="The last sentence follows \"For synthetic data\", and its pair is also miniImagenet's.",
        effect="n_1 = 5, M = 500: one inner step multiplies a noise product by up to 23 with the first pair and by up "
        "to 218 "
        "with the second.",
    ),
    Erratum(
        id="fomaml-tab:3-default",
        kind="statement",
        where="Table 3, outer-lr < inner-lr, Train-Train, miniImagenet, against Tables 1, 2, 5, 6",
        printed="20.00 +- 0.10%",
        corrected="25.93 +- 1.10%, if it is the default setting",
        why="The row's other two cells and all of the row below are the default setting's in Tables 1 and 2. "
        "20% is chance among five classes.",
        effect="20.00 in Table 3 and 25.93 in the others.",
    ),
    Erratum(
        id="fomaml-tab:3-text",
        kind="statement",
        where="Section 5.2, the text on Table 3",
        printed="train-validation performs better when the inner-loop rate is smaller than the outer-loop rate",
        corrected="larger",
        why="Table 3 has it so, and so has Condition 4.3.",
        effect="Train-validation, inner rate smaller and then larger: synthetic loss 5.21 and 4.66, RainbowMNIST 66.13 "
        "and "
        "87.52.",
    ),
    Erratum(
        id="fomaml-sec:5-regime",
        kind="statement",
        where="Section 5.1, \"synthetic data to test our theory\"",
        printed="d = 1000, K = 343, n = 10, sigma_xi = 10.42, sigma_0 = 0.032, gamma = 0.001",
        corrected="K n << d, sigma_0 sigma_xi sqrt(d) << h and gamma >= const, as Conditions 4.2, 4.3 say",
        why="The experiment meets none of the three: its noises are linearly dependent, no noise product starts small, "
        "and "
        "the inner loop hardly moves the feature.",
        effect="K n = 3430 > d; sigma_0 sigma_xi sqrt(d - M - 1) = 7.4 at M = 500, h = 0.5. The preset mechanism meets "
        "all "
        "three.",
    ),
)

ERRATA = _FORMULAS + _SIZES + _STATEMENTS + _PROOFS + _EXPERIMENTS
