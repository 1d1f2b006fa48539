"""The errata of Xu and Chen, arXiv:2502.11893, in bounds of what one step moves, or all of them together."""

from __future__ import annotations

from ...ledger.errata import Erratum, Witness

ERRATA = (
    Erratum(
        id="heterogeneous-68",
        kind="formula", severity="proof",
        where="(68), second line; (65)",
        printed="(2 eta/(m n)) sum_{S \\ S_y} p_y(x_i) |<xi_i, xi>|; (65) has no mean over r, and x among them",
        corrected="(2 eta/(m n)) sum over all other examples of (1 - p_{y_i}(x_i)) |<xi_i, xi>|",
        why="Filter j moves by 1 - p_j(x_i) on S_j, at least p_y(x_i) and equal to it for K = 2 alone, and by p_j(x_i) "
        "on third classes. All are at most 1 - p_{y_i}(x_i), which (85) compares with 1 - p_y(x): the last line holds.",
        effect="Three classes at x_i of S_j, p = (0.01, 0.01, 0.98) of y, j and the third: both filters move by 1 "
        "where the printed weights are 0.02.",
        statements=("68-line-printed", "68-line", "68"), preset="theorem-1",
        searches=("gammarho check heterogeneous 68-line --preset theorem-1 --search 100 --seed 1",),
        witness=Witness(at=(("p_y", 0.01), ("p_j", 0.01)), printed="(1 - p_j) + p_y <= 2*p_y",
                        corrected="(1 - p_j) + p_y <= 2*(1 - p_j)"),
    ),
    Erratum(
        id="heterogeneous-82",
        kind="formula", severity="proof",
        where="(81) to (83), the length of the way",
        printed="||W(T_1) - W(0)||_F <= O(T_1 (eta/m) max{||u_i|| + Tr(A_j^T A_j)}) = O~(n max Tr)",
        corrected="O(T_0 (eta/sqrt(m)) max{||u_i|| + sqrt(Tr(A_j^T A_j))}), and T_0 for T_1",
        why="eta/m is one filter's step; m of them have the length eta/sqrt(m). A noise's length is sqrt(Tr), and T_0 "
        "is where Stage 2 begins.",
        effect="m = 1000, Tr = 0.01, W(0) all but 0: the first step has the length 0.0056, the printed bound with the "
        "constant 2 is 0.0010.",
        statements=("82-printed", "81"), preset="theorem-1",
        searches=("gammarho check heterogeneous 81 --preset theorem-1 --search 100 --seed 1",),
    ),
    Erratum(
        id="heterogeneous-93-index", kind="formula", severity="typographical",
        where="(93), first and second line",
        printed="sum_{k != y_i} exp(F_k(x_i)) + exp(F_{y_i}(x_j)) exp(...) above; then Delta(x_i) twice, p_{y_i}(x_j)",
        corrected="above sum_{k != y_j} exp(F_k(x_j)) + exp(F_{y_j}(x_j)) exp(Delta_{y_j}(x_j) - min_k Delta_k(x_j))",
        why="It is 1/(1 - p_{y_j}(x_j)), of x_j and its own label alone.",
        effect="K = 2, outputs that do not move, odds 3 to 1 for the own class at x_i and 7 to 1 at x_j: the ratio is "
        "2, its bound as printed 0.5.",
        statements=("93-line",), preset="theorem-1",
        searches=("gammarho check heterogeneous 93-line --preset theorem-1 --search 100 --seed 1",),
        witness=Witness(at=(("own_i", 3), ("rest_i", 1), ("own_j", 7), ("rest_j", 1)),
                        printed="rest_i/(own_i + rest_i)/(rest_j/(own_j + rest_j)) <= "
                                "(rest_i + rest_j)/(own_i + rest_i)*rest_i/rest_j",
                        corrected="rest_i/(own_i + rest_i)/(rest_j/(own_j + rest_j)) <= "
                                  "(rest_j + own_j)/(own_i + rest_i)*rest_i/rest_j"),
    ),
    Erratum(
        id="heterogeneous-100",
        kind="statement", severity="proof",
        where="Lemma 25; (97), (99) to (101), beside heterogeneous-97",
        printed="<w(t+1) - w(0), xi_a> >= -(cross terms) - (eta/(m n)) ||xi_a||^2, so that (101) has cross terms alone",
        corrected="less ReLU(<w(0), xi_a>) too; (101) keeps both: |rho_a| <= ReLU(<w(0), xi_a>) + (eta/(m n)) "
        "(cross terms + ||xi_a||^2)",
        why="A filter that is active on xi_a falls from <w(0), xi_a> to 0 and, in its last step, by up to "
        "(eta/(m n)) ||xi_a||^2 past it. The less eta is, the more steps does the first take. Both are small beside "
        "what is learned late, but (97) is for every t.",
        effect="K = 2, n = 12, Tr = 4, F = 0.004: after one step (97)'s left side is 0.50 and its right side 14, "
        "E_1 being F log(3 n^2/delta)^(1/2).",
        statements=("L25-printed", "L25", "101"), preset="theorem-1",
        searches=(
            "gammarho check heterogeneous L25 --preset theorem-1 --search 100 --seed 1",
            "gammarho check heterogeneous 101 --preset theorem-1 --search 100 --seed 1",),
    ),
    Erratum(
        id="heterogeneous-72", kind="formula", severity="typographical",
        where="(72), last line; (63), first bracket; (123)",
        printed="<F_k(W, x), W*>; ReLU(<w_{j,r}(t), x^(j)>); ||A_k^T w_{j,r}||",
        corrected="F_k(W, x) - <grad F_k(W, x), W*>; x^(i), the patch of the bracket's sum; A_y, of the fresh example",
        why="<grad F_k, W> = F_k by homogeneity, and what is subtracted from it is the line above.",
        effect="F_k = 2 and <grad F_k, W*> = 3: -1 against 3 as printed.",
        statements=("L2",), preset="theorem-1",
        searches=("gammarho check heterogeneous L2 --preset theorem-1 --search 100 --seed 1",),
        witness=Witness(at=(("w", 2), ("w_star", 3), ("x", 1)), printed="x*(w - w_star) == x*w_star",
                        corrected="x*(w - w_star) == w*x - x*w_star"),
    ),
)
