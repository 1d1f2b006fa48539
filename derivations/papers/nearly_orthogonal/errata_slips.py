"""Slips of the pen in Kou, Chen and Gu, arXiv:2310.18935, that would be copied: indices, factors, one time for another.

None changes a theorem; each has both forms at numbers.
"""

from __future__ import annotations

from ...ledger.errata import Erratum, Witness

ERRATA = (
    Erratum(
        id="nearly_orthogonal-B.1-law", kind="formula", severity="typographical",
        where="Lemma B.1, proof",
        printed="w_{j,r}(0) ~ N(0, sigma_0 I); <w_{j,r}(0), mu>",
        corrected="N(0, sigma_0^2 I), as Section 3 has it; <w_{j,r}(0), x_i>",
        why="The proof goes on with the variance sigma_0^2 ||x_i||^2, of a product with x_i.",
        effect="sigma_0 = 0.5, ||x|| = 2: a variance of 2 against 1.",
        witness=Witness(at=(("sigma_0", 0.5), ("x", 2)), printed="sigma_0*x**2 == (sigma_0*x)**2",
                        corrected="sigma_0**2*x**2 == (sigma_0*x)**2"),
    ),
    Erratum(
        id="nearly_orthogonal-C.4-slope", kind="OCR", severity="typographical",
        where="(C.4)",
        printed="R_min^2 >= C r^-4 R^2 n p",
        corrected="C gamma^-4 R^2 n p, as Theorem 4.1 has it",
        why="r counts filters, and (C.7) takes gamma^-4 from here. (E.5) to (E.7) cite (C.2), (C.4) where ReLU's own "
        "(E.2) and (E.4) are meant.",
        effect="gamma = 0.1, r = 1, C = 100, with equality: gamma^-4 R^2 n p/R_min^2 is 100 and not below 0.1.",
        witness=Witness(at=(("gamma", 0.1), ("r", 1), ("C", 100)), printed="gamma**(-4)/(C*r**(-4)) <= 0.1",
                        corrected="gamma**(-4)/(C*gamma**(-4)) <= 0.1"),
    ),
    Erratum(
        id="nearly_orthogonal-C.4-sums", kind="formula", severity="typographical",
        where="Lemma C.4, proof, both bounds of |rho(t)|",
        printed="(eta ||x_i||^2/(n m)) sum_{s=1}^{t-1} |l'_i(t)|",
        corrected="sum_{s=0}^{t-1} |l'_i(s)|",
        why="(5.4) and (5.5) add a term for each step from 0 on, with that step's own slope.",
        effect="Slopes 0.5, 0.375, 0.25 and then 0.125: the three steps add 1.12, and 0.25 as printed.",
        witness=Witness(at=(("l_0", 0.5), ("l_1", 0.375), ("l_2", 0.25), ("l_3", 0.125)),
                        printed="l_0 + l_1 + l_2 <= l_3 + l_3", corrected="l_0 + l_1 + l_2 <= (l_2 + l_1) + l_0"),
    ),
    Erratum(
        id="nearly_orthogonal-D.3", kind="formula", severity="typographical",
        where="Lemma D.3, proof, last sentence, and the lemmas it names",
        printed="gamma (|rho-underbar(t)| - |rho-underbar(T_1)|) and rho-bar(t) - rho-bar(T_1) are the same; Lemma C.3",
        corrected="gamma^-1 (...), as the lemma says; Lemma C.5, with Lemma C.2's T_1",
        why="(D.5) has gamma times what (D.4) has. Patterns are Lemma C.5's.",
        effect="gamma = 0.5, (D.4)'s sum 2: rho-bar grows by 2, and 0.5 as printed.",
        witness=Witness(at=(("gamma", 0.5), ("grown", 2)), printed="gamma*(gamma*grown) == grown",
                        corrected="gamma*grown/gamma == grown"),
    ),
    Erratum(
        id="nearly_orthogonal-E.1-model", kind="formula", severity="typographical",
        where="(E.1)",
        printed="f = F_{+1} - F_{+1}, F_j = (1/m) sum_{i=1}^m ReLU(<w_{j,r}, x>)",
        corrected="f = F_{+1} - F_{-1}, and a sum over r, as (3.1) and (G.1) have it",
        why="As printed f is 0.",
        effect="F_{+1} = 3, F_{-1} = 1: 0 against 2.",
        witness=Witness(at=(("F_plus", 3), ("F_minus", 1), ("f", 2)), printed="F_plus - F_plus == f",
                        corrected="F_plus - F_minus == f"),
    ),
    Erratum(
        id="nearly_orthogonal-F.1-lengths", kind="formula", severity="typographical",
        where="Lemma F.1, proof, the matrix A_t",
        printed="rho_{j,r,i} ||x_1||^-2 in every column i",
        corrected="rho_{j,r,i} ||x_i||^-2, as the row above it has it",
        why="(5.1) divides by the example's own length.",
        effect="||x_1|| = 1, ||x_2|| = 2, rho_{j,r,2} = 4: what x_2 adds to w has the length 2, and 8 as printed.",
        witness=Witness(at=(("rho", 4), ("x_1", 1), ("x_2", 2)), printed="rho*x_1**(-2)*x_2 == rho/x_2",
                        corrected="rho*x_2**(-2)*x_2 == rho/x_2"),
    ),
    Erratum(
        id="nearly_orthogonal-F.4", kind="formula", severity="typographical",
        where="Lemma F.2, proof, after (F.4)",
        printed="<w(t), x_i> = <w(0), x_i> + rho(t) = <w(0), x_i>",
        corrected="<w(0), x_i> + rho(t) >= <w(0), x_i>",
        why="rho-bar is at least 0, and grows here.",
        effect="<w(0), x_i> = 1, rho = 2: 3 against 1.",
        witness=Witness(at=(("w_0", 1), ("rho", 2)), printed="w_0 + rho == w_0", corrected="w_0 + rho >= w_0"),
    ),
    Erratum(
        id="nearly_orthogonal-G.1-upper", kind="formula", severity="typographical",
        where="Lemma G.1, proof, the upper bound of the margin's growth, (G.5)",
        printed="(eta/(n m^2)) sum_j sum_r of sum_{r in S_i} |l'_i| ||x_i||^2 + sum_{i' != i} |l'_{i'}| ||x_i||^2",
        corrected="(eta/(n m^2)) sum_j sum_r of |l'_i| ||x_i||^2 + sum_{i' != i} |l'_{i'}| |<x_{i'}, x_i>|",
        why="Each filter moves once by its own example, and by inner products with others, as in the lower bound. With "
        "||x_i||^2 there the next line's 3/2 fails from n = 2 on.",
        effect="n = 2, m = 10, equal slopes, products 1/100 of ||x||^2: 40 as printed and 20.2 corrected, against "
        "the next line's 30.",
        witness=Witness(at=(("n", 2), ("m", 10), ("q", 0.01)), printed="2*m + 2*m*(n - 1) <= 3*m",
                        corrected="2*m + 2*m*(n - 1)*q <= 3*m"),
    ),
)
