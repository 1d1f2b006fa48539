"""What else is wrong in the proofs and lemmas of Meng, Cao and Zou, arXiv:2303.17940, beside `errata`.

Each entry has both forms as formulas that the program evaluates: at numbers, or as statements of the registry.
"""

from __future__ import annotations

from ...ledger.errata import Erratum, Witness

_LEMMAS = (
    Erratum(
        id="pegr-B.3-j", kind="statement", severity="proof",
        where="Lemma B.3, last line, against (E.4) and Proposition E.8",
        printed="max_r j <w_{j,r}(0), xi_i> >= sigma_0 S/4",
        corrected="max_r <w_{j,r}(0), xi_i> >= sigma_0 S/4",
        why="Appendix E starts from max over j = y_i of <w, xi_i> without j. For j = -1 the two are different "
        "events, of one probability; for mu the factor j belongs.",
        effect="n = 6, m = 4: of the draws with the printed line, more than half of those with an example of class "
        "-1 and no filter above sigma_0 S/4 along it; the statement B3d has the line without j.",
        statements=("B3-j-printed",),
    ),
    Erratum(
        id="pegr-C.2", kind="formula", severity="typographical",
        where="Lemma C.2, proof: part 1 for j = y_i, part 3; Proposition C.1, proof, first update",
        printed="<w - w(0), xi_i> <= rho-underbar_i + 32 n sqrt(...) log T*, sigma(<w, -j mu>), and ReLU(<w, xi_i>) "
        "= rho-underbar ||xi_i||^2",
        corrected="rho-bar_i, sigma(<w, j mu>), and ReLU(<w, xi_i>) ||xi_i||^2 = rho-underbar",
        why="For j = y_i rho-underbar is 0 and rho-bar is what grows; y_i mu is j mu there; the update's ||xi_i||^2 "
        "and its equality are interchanged.",
        effect="As printed <w - w(0), xi_i> would stay within the crosstalk of 0, for any loss; the lemma's own "
        "statement has rho-bar.",
        statements=("C.2-under-printed", "C.2-sharp"), preset="theorem-3.3",
        searches=(
            "gammarho check pegr C.2-sharp --preset theorem-3.3 --search 100 --seed 1",
            "gammarho check pegr C.2-F --preset theorem-3.3 --search 120 --steps 300 --seed 1",
        ),
    ),
    Erratum(
        id="pegr-D.2", kind="formula", severity="typographical",
        where="Lemma D.2, (D.3), Lemma D.3's proof, Proposition D.1's proof",
        printed="sum_{i' != i} rho_{i'} <xi_i', xi_i>/||xi_i||^2",
        corrected="sum_{i' != i} rho_{i'} <xi_i', xi_i>/||xi_i'||^2",
        why="The decomposition (5.1) divides each coefficient by its own vector's length.",
        effect="<w, xi_i> is not the printed sum from the first step on; the bounds take lengths within a factor 3 "
        "and stand.",
        statements=("D.2-printed", "I14"), preset="theorem-3.2",
        searches=(
            "gammarho check pegr I14 --preset theorem-3.3 --search 100 --seed 1",
            "gammarho check pegr D.2-noise --preset theorem-3.2 --search 120 --steps 300 --seed 1",
        ),
    ),
    Erratum(
        id="pegr-D.2-rate", kind="proof gap", severity="proof",
        where="Proposition D.1, proof, first display; Proposition D.4's",
        printed="Lemma D.2 gives 4 lam zeta_i l''_i/m = O(1/log^2 n)",
        corrected="4 lam zeta_i l''_i/m^2 = O(1/(m log n)), with the m^2 of erratum pegr-5.3",
        why="zeta sums 2 m filters of at most 2/(lam log n) each (Lemma D.2, constant 1), and l'' <= 1/4. Over m "
        "that is 4/log n and no 1/log^2 n.",
        effect="n = 50, m = 10, at the edge of Lemma D.2: 1.02 against 0.0653 as printed, 0.102 corrected.",
        witness=Witness(at=(("n", 50), ("m", 10), ("lam", 1)),
                        printed="4*lam/m*(2*m*2/(lam*log(n)))/4 <= 1/log(n)**2",
                        corrected="4*lam/m**2*(2*m*2/(lam*log(n)))/4 <= 4/(m*log(n))"),
    ),
    Erratum(
        id="pegr-D.6-lambda", kind="formula", severity="proof",
        where="(D.6)",
        printed="|rho(tau)| <= |rho(tau - 1)| + Theta(eta) A ||xi_i||^4/(n m)",
        corrected="... + Theta(eta lam) A ||xi_i||^4/(n m^2)",
        why="A step of the penalty is (4 eta lam/(n m^2)) l'^2 ReLU(<w, xi_i>) ||xi_i||^4: the factor lam/m is left "
        "out.",
        effect="n = m = 1, eta = 1, A = 1, ||xi_i|| = 1, |l'| = 1/2, lam = 100: the step is 100 against 1 as "
        "printed, with the constant that is right at lam = m.",
        statements=("D.6",), preset="theorem-3.2",
        witness=Witness(at=(("n", 1), ("m", 1), ("eta", 1), ("lam", 100), ("A", 1), ("xi", 1)),
                        printed="4*eta*lam/(n*m**2)*A*xi**4/4 <= eta*A*xi**4/(n*m)",
                        corrected="4*eta*lam/(n*m**2)*A*xi**4/4 <= eta*lam*A*xi**4/(n*m**2)"),
        searches=(
            "gammarho check pegr D.6 --preset theorem-3.2 --search 120 --steps 300 --seed 1",
        ),
    ),
)

_STAGES = (
    Erratum(
        id="pegr-C.1-base", kind="proof gap", severity="constant",
        where="Proposition C.1, proof, t = 0",
        printed="|rho(0)| <= 8 sqrt(log(8mn/delta)) sigma_0 S gives (C.3) at t = 0",
        corrected="(C.3) with max{beta, 2 max |rho(0)|} for beta",
        why="beta is at most 4 sqrt(log(8mn/delta)) sigma_0 S by Lemma B.3, half of what rho(0) may be, and the "
        "other term goes to 0 as d grows.",
        effect="n = 30, m = 8, S = 40, sigma_0 = 1/1600, delta = 0.1, d = 1e12, T* = 1e4: rho(0) may be -0.628, the "
        "bound is -0.371, and -1.31 corrected.",
        statements=("P5.4c",), preset="theorem-3.2",
        witness=Witness(at=(("n", 30), ("m", 8), ("S", 40), ("sigma_0", 1 / 1600), ("delta", 0.1), ("d", 1e12),
                            ("T", 1e4)),
                        printed="-8*sqrt(log(8*m*n/delta))*sigma_0*S >= -4*sqrt(log(8*m*n/delta))*sigma_0*S "
                                "- 64*n*sqrt(log(4*n**2/delta)/d)*log(T)",
                        corrected="-8*sqrt(log(8*m*n/delta))*sigma_0*S >= -16*sqrt(log(8*m*n/delta))*sigma_0*S "
                                  "- 64*n*sqrt(log(4*n**2/delta)/d)*log(T)"),
    ),
    Erratum(
        id="pegr-D.4-log", kind="proof gap", severity="proof",
        where="Proposition D.4, proof, the powers of 1 +- O(1/log^2 n); Proposition E.6's and E.8's, (E.6), (E.9)",
        printed="exp(log(1/sigma_0) O(1/log^2 n)) is a constant: Condition 3.1 (5)",
        corrected="log(1/sigma_0) = O(log^2 n), or the sum over t of |l' + 1/2|, which is geometric and O(1/log^2 n)",
        why="Condition 3.1 (5) asks for n >= polylog(1/sigma_0) only, so log n may be log log(1/sigma_0). (E.6) and "
        "(E.9) bound every step's deviation by its largest; their statements here take the sum.",
        effect="n = 50, sigma_0 = 1e-20: the factor is 20.3 where the proof takes 1.5; by the sum of the deviations, "
        "which are e^-2s/log^2 n after s e-folds, it is 1.03.",
        statements=("E.6", "E.9"), preset="theorem-3.3",
        witness=Witness(at=(("n", 50), ("sigma_0", 1e-20)), printed="exp(log(1/sigma_0)/log(n)**2) <= 1.5",
                        corrected="exp(1/(2*log(n)**2)) <= 1.5"),
        searches=(
            "gammarho check pegr E.6 --preset theorem-3.3 --search 120 --seed 1",
            "gammarho check pegr E.9 --preset theorem-3.3 --search 120 --seed 1",
        ),
    ),
    Erratum(
        id="pegr-D.5-root", kind="proof gap", severity="constant",
        where="Proposition D.5, proof, the last display",
        printed="A(T_1 + T_2) >= exp(eta eps_0 T_2/(2 m n))/(sqrt(2 log(8mn/delta)) log n) >= d",
        corrected="sqrt(2 log(8m/delta)) below, as in Proposition D.4 (3) and in T_2",
        why="T_2 has sqrt(2 log(8m/delta)) log(n) d for its logarithm's argument, and the two do not cancel.",
        effect="n = 20, m = 10, delta = 0.1, d = 400: the display ends at 332 and not at 400.",
        statements=("D5",), preset="theorem-3.2",
        searches=("gammarho check pegr D5 --preset theorem-3.2 --search 150 --seed 1",),
        witness=Witness(at=(("n", 20), ("m", 10), ("delta", 0.1), ("d", 400)),
                        printed="sqrt(2*log(8*m/delta))*log(n)*d/(sqrt(2*log(8*m*n/delta))*log(n)) >= d",
                        corrected="sqrt(2*log(8*m/delta))*log(n)*d/(sqrt(2*log(8*m/delta))*log(n)) >= d"),
    ),
    Erratum(
        id="pegr-D.3-sign", kind="formula", severity="typographical",
        where="Section D.3, F_{j'} for j' = -y, first line; the time",
        printed="ReLU^2(<w_{j',r}(0), j' mu> - gamma_{j',r}), and T_1 + Omega~(n m S^2/(eta eps_0 ||mu||))",
        corrected="ReLU^2(-<w_{j',r}(0), j' mu> - gamma_{j',r}), and ||mu||^2",
        why="<w, y mu> = <w, -j' mu> = -<w(0), j' mu> - gamma. The noise's bound lacks n^2 log^2 T* "
        "log(4n^2/delta)/d beside; both are small.",
        effect="At t = 0 the printed pre-activation has the wrong sign for every filter.",
        statements=("D.3-test-printed", "C.4"), preset="theorem-3.3",
        searches=(
            "gammarho check pegr C.4 --preset theorem-3.3 --search 120 --steps 300 --seed 1",
        ),
    ),
    Erratum(
        id="pegr-E.6-ratio", kind="formula", severity="typographical",
        where="Proposition E.6, proof, the display of B_i/B_{i_1}, last line",
        printed="B_i (1 + x (1 + O(1/log^2 n)))/(B_{i_1} (1 - x (1 - O(1/log^2 n)))), x = eta S^2/(n m)",
        corrected="1 + x (1 - O(1/log^2 n)) below",
        why="The line before it has +; with - the ratio grows by e^{2x} a step. sqrt(log(4n^2/delta)/d) lacks its "
        "factor 2 above.",
        effect="x = 0.1, 7 e-folds, O(1/log^2 n) = 0.03: the ratio grows by 1.21e+06 as printed where the proof "
        "takes 2; corrected by 1.47.",
        witness=Witness(at=(("x", 0.1), ("L", 7), ("e", 0.03)),
                        printed="((1 + x*(1 + e))/(1 - x*(1 - e)))**(L/x) <= 2",
                        corrected="((1 + x*(1 + e))/(1 + x*(1 - e)))**(L/x) <= 2"),
    ),
)

_CONVERGENCE = (
    Erratum(
        id="pegr-E.11", kind="proof gap", severity="proof",
        where="Lemma E.11, proof",
        printed="||W - W*||_F <= sum over 2 m filters of norms = O~(m^1.5 n^0.5/S); |<xi_i, xi_i'>|/||xi_i||^2 = "
        "O~(1/(sigma_p sqrt(d)))",
        corrected="the Frobenius norm: m sqrt(2 m n) 4 log(4/eps)/S; and O~(1/sqrt(d))",
        why="The triangle inequality over filters and examples gives m times m n/S, which is m^1.5 n^0.5/S only "
        "where m n <= 1; the sum of squares gives it always. The ratio of inner products has no sigma_p.",
        effect="m = 4, n = 100, S = 1, W* - W(0) of m per example: 3.2e+03 by the triangle inequality against 80, "
        "113 by squares against 113.",
        statements=("E3-bound",), preset="theorem-3.3",
        witness=Witness(at=(("m", 4), ("n", 100), ("S", 1)), printed="2*m*n*m/S <= m**1.5*n**0.5/S",
                        corrected="sqrt(2*m*n*m**2)/S <= sqrt(2)*m**1.5*n**0.5/S"),
        searches=(
            "gammarho check pegr E3-bound --preset theorem-3.3 --search 120 --seed 1",
        ),
    ),
    Erratum(
        id="pegr-E.12", kind="formula", severity="typographical",
        where="Lemma E.12, proof, second and third line; Lemma E.13, proof",
        printed="(1/m) sum sigma'(<w, xi_i>) 4 log(4/eps) 1{j = y_i'} <xi_i', xi_i>/||xi_i'||",
        corrected="sum sigma'(<w, xi_i>) 4 log(4/eps) j y_i 1{j = y_i'} <xi_i', xi_i>/||xi_i'||^2",
        why="W* has 4 m log(4/eps), whose m cancels the 1/m. The sign y_i y_i' is dropped, and Lemma E.13 drops y_i "
        "in <grad f, W*>; only absolute values of these terms are used. Beyond eps = 4 the logarithm is negative and "
        "the lemma false, by a search at eps = 80: eps <= 1 is meant.",
        effect="m = 10, one active filter with <w, xi_i> = 1, eps = 0.01: the sum is 47.9, and 4.79 as printed.",
        statements=("E12",), preset="theorem-3.3",
        searches=("gammarho check pegr E12 --preset theorem-3.3 --search 100 --seed 1",),
        witness=Witness(at=(("m", 10), ("eps", 0.01)), printed="1/m*2*(4*m*log(4/eps)) == 1/m*2*4*log(4/eps)",
                        corrected="1/m*2*(4*m*log(4/eps)) == 2*4*log(4/eps)"),
    ),
    Erratum(
        id="pegr-E.13", kind="proof gap", severity="proof",
        where="Lemma E.13, proof, last step",
        printed="Lemma C.3 and eta << 1/S^2 give eta ||grad L_S||^2 <= L_S",
        corrected="10 eta S^2 <= n m, and the gradient's own size, (4/m) mean l'^2 max(||mu||^2, ||xi||^2) F",
        why="Condition 3.1 (4) allows eta of order n m/S^2, n m times more than the proof takes. Lemma C.3's 72 S^2 "
        "is the loss of both 1/n and 1/m. Beyond eps = 4, where W* turns round as in Lemma E.12, the lemma is false: "
        "eps <= 1 is meant.",
        effect="n = 30, m = 20, S = 60, eta = 0.0083: 72 eta S^2 = 2.15e+03 where the proof takes 1, while 10 eta "
        "S^2/(n m) = 0.498. Lemma E.13 holds there, at eps = 0.01. At eps = 11.04 a step of it raises the distance by "
        "0.440 where 0.0832 is allowed.",
        statements=("E13",), preset="theorem-3.3",
        searches=("gammarho check pegr E13 --preset theorem-3.3 --search 100 --seed 1",),
        witness=Witness(at=(("n", 30), ("m", 20), ("S", 60), ("eta", 0.0083)), printed="72*eta*S**2 <= 1",
                        corrected="10*eta*S**2/(n*m) <= 1"),
    ),
    Erratum(
        id="pegr-E.14", kind="proof gap", severity="theorem",
        where="Lemma E.14, proof, gamma <= 2 beta'; Proposition E.5, Theorem 3.3",
        printed="6 eta ||mu||^2 m^-1 O~(m^3 n/(eta S^2)) <= 1 by Condition 3.1",
        corrected="m^2 n ||mu||^2 log^2(4/eps) << S^2",
        why="The sum of losses up to T is bounded by m^3 n/(eta S^2) only, and nothing in Condition 3.1 bounds m^2 n "
        "||mu||^2/S^2.",
        effect="n = 30, m = 20, S = 60, ||mu|| = 1, eps = 0.01: 4 ||mu||^2 ||W - W*||^2/m is 7.66e+03 with ||W - "
        "W*||^2 = 16 m^3 n log^2(4/eps)/S^2, and 0.766 at ||mu|| = 0.01.",
        statements=("E14-signal",), preset="lemma-E.14",
        witness=Witness(at=(("n", 30), ("m", 20), ("S", 60), ("eps", 0.01)),
                        printed="4*1**2/m*16*m**3*n*log(4/eps)**2/S**2 <= 1",
                        corrected="4*0.01**2/m*16*m**3*n*log(4/eps)**2/S**2 <= 1"),
        searches=(
            "gammarho check pegr E14-signal --preset lemma-E.14 --search 120 --steps 300 --seed 1",
        ),
    ),
    Erratum(
        id="pegr-3.3-noise", kind="proof gap", severity="proof",
        where="Theorem 3.3, proof, the last display",
        printed="y f = O~(sigma_0 ||mu|| + sigma_0 S) + noise, and P(|noise| <= O~(sigma_0 S)) = o(1)",
        corrected="the signal's part is O~(sigma_0^2 ||mu||^2), which the noise's own output exceeds",
        why="The output of the noise may be as small as 1/(m d), and Condition 3.1 does not put sigma_0 S below "
        "that; ReLU^2 squares the signal's <w, mu>, and what W(0) adds to the noise belongs to the noise.",
        effect="m = 20, d = 1e6, S = 60, sigma_0 = 2.8e-7, ||mu|| = 1, delta = 0.1: sigma_0 S = 1.68e-05 against "
        "1/(m d) = 5e-08, and 4 log(8m/delta) sigma_0^2 ||mu||^2 = 2.31e-12.",
        witness=Witness(at=(("m", 20), ("d", 1e6), ("S", 60), ("sigma_0", 2.8e-7), ("mu_norm", 1), ("delta", 0.1)),
                        printed="sigma_0*S <= 1/(m*d)",
                        corrected="4*log(8*m/delta)*(sigma_0*mu_norm)**2 <= 1/(m*d)"),
    ),
)

ERRATA = _LEMMAS + _STAGES + _CONVERGENCE
