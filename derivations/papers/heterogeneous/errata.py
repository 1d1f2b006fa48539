"""The errata of Xu and Chen, arXiv:2502.11893.

"One step" in an effect: one gradient step of size 1 from weights of order one, K = 3, m = 4, n = 7, d = 16, against
automatic differentiation; the largest entry of the difference.  F_kj = ||A_k^T A_j||_F.
"""

from __future__ import annotations

from ...ledger.errata import Erratum

_RUN = "gammarho run heterogeneous K=2"
_GAUSS = "init=gaussian"

_GRADIENTS = (
    Erratum(
        id="heterogeneous-60",
        kind="formula",
        where="(60), left side",
        printed="grad_{w_{k,r}} L(W, x, y) = -(1/(m n)) sum_S ...",
        corrected="grad_{w_{k,r}} L_S(W) = -(1/(m n)) sum_S ...",
        why="The right side is the gradient of the mean over S; L(W, x, y) is one example's loss.",
        effect="One state: an example's gradient differs from the right side by up to 0.39; that of L_S by rounding.",
    ),
    Erratum(
        id="heterogeneous-61",
        kind="OCR",
        where="(61), third line",
        printed="log(prob_y(W(t+1), x)/prob_y(W(t+1), x))",
        corrected="log(prob_y(W(t), x)/prob_y(W(t+1), x))",
        why="The line before it has both steps. In the next, the numerator's exp(F_y^(t+1)) has to be exp(F_y^(t)).",
        effect="One step: the loss of the first example changes by -0.15; the logarithm as printed is 0.",
    ),
    Erratum(
        id="heterogeneous-74",
        kind="formula",
        where="(74), case i = y",
        printed="(2.5 log(4(K - 1)/eps)/m) sum_r sigma'(<w_{y,r}, u_y>) ||u_y||^2",
        corrected="(2.5 log(4(K - 1)/eps)/m) sum_r sigma'(<w_{y,r}, u_y>)",
        why="w* of (70) is 2.5 log(4(K - 1)/eps) u_y/||u_y||^2, so <u_y, w*> has no length left in it.",
        effect="One state with ||u|| between 0.7 and 1.3: off by 5.7 as printed. The step to (78) needs the product to "
        "be at least log(4(K - 1)/eps) for every ||u||.",
        claims=("heterogeneous-74-product",),
    ),
    Erratum(
        id="heterogeneous-76",
        kind="formula",
        where="(76), the equality",
        printed="||grad F_k||_F = ||sigma'(<w_{k,r}, u_y>) u_y + sigma'(<w_{k,r}, xi>) xi||",
        corrected="||grad F_k||_F = (1/m) sqrt(sum_r ||sigma'(<w_{k,r}, u_y>) u_y + sigma'(<w_{k,r}, xi>) xi||^2)",
        why="(73) is one filter's block, with its 1/m; the norm is over all m.",
        effect="One state: the square is off by up to 11 as printed. The bound that follows holds, sqrt(m) "
        "times larger than need be, so (c1) asks for a step m times smaller than (79) needs.",
        claims=("heterogeneous-76-norm",),
    ),
)

_UPDATES = (
    Erratum(
        id="heterogeneous-94",
        kind="formula",
        where="(94)",
        printed="eta/n and 2 eta/(5 n)",
        corrected="eta/(m n) and 2 eta/(5 m n)",
        why="Each output is a mean over m filters whose own step has the second 1/m; (65) to (68) have it.",
        effect="m = 10, orthogonal patches, the last of three examples the shortest, the other slips mended: the left "
        "side over eta is -0.195, above the printed bound -0.445 and below the corrected one -0.045.",
    ),
    Erratum(
        id="heterogeneous-94-shared",
        kind="formula",
        where="(94), last term",
        printed="(eta/n) (1 - p_{y_j}(x_j)) ||u_{y_j}||^2",
        corrected="(eta/(m n)) sum over S_{y_j} of (1 - p_{y_j}(x)) ||u_{y_j}||^2",
        why="All examples of a class grow its feature, so the gain of x_j is that of its whole class.",
        effect="Sizes 1 and 10, hardly any noise, the other slips mended: the left side over eta is 0.041, the bound "
        "with one example's term 0.007, with the class's 0.089.",
    ),
    Erratum(
        id="heterogeneous-94-pull",
        kind="formula",
        where="(94), the terms of Delta_{l_1}(x_j) and both sums over k",
        printed="(1 - p_{y_j}(x_j)) (||xi_j||^2 + ||u_j||^2) once, each sum over other examples once",
        corrected="each of them twice",
        why="Two outputs move at x_j: its own rises by at most (1 - p_{y_j}) (||xi_j||^2 + ||u_j||^2), and a rival "
        "l_1 falls by at most p_{l_1} <= 1 - p_{y_j} times the same. Cross terms move both outputs of either example. "
        "With both the bound is attained: no state of a directed search (180000 states, 2 to 4 classes, "
        "up to 10 filters) is above it, and some meet it to rounding.",
        effect="K = 2, m = 10, orthogonal patches, the other slips mended: the left side over eta is 0.338, the bound "
        "with one such term 0.195, with two 0.396.",
    ),
    Erratum(
        id="heterogeneous-94-sign",
        kind="proof gap",
        where="(94), \"<= 0 by letting kappa > Theta(max{Tr/Tr, ||u||^2/||u||^2})\"; so (95)",
        printed="where (1 - p_{y_i}(x_i))/(1 - p_{y_j}(x_j)) > 0.9 kappa the right side of (94) is <= 0",
        corrected="only where ||xi_i||^2 (1 - p_{y_i}(x_i)) outweighs the feature's sum over S_{y_j} as well",
        why="x_j's feature grows with its whole class, and (85) only bounds its mates' 1 - p by kappa times its own: "
        "they may be as unsettled as x_i, for any kappa.",
        effect="Sizes 1 and 10, equal lengths, one example settled through its own noise: the left side over eta is "
        "0.029, and one step of eta = 1 takes the largest ratio, which is kappa, from 573 to 584.",
    ),
    Erratum(
        id="heterogeneous-96",
        kind="formula",
        where="(96), cross terms",
        printed="-(eta/(m n)) sum_{i' != i} p_{y_i}(x_i) sigma'(<w_{y_i,r}, xi_i'>) <xi_i', xi_i>",
        corrected="(eta/(m n)) sum_{i' != i} (1{y_i' = y_i} - p_{y_i}(x_i')) sigma'(<w_{y_i,r}, xi_i'>) <xi_i', xi_i>",
        why="Example i' pulls with its own probability, and upwards where it is of the filter's class.",
        effect="One step: <w_{y_i,r}, xi_i> off by up to 0.12 as printed. The inequality needs the cross terms small "
        "either way.",
        claims=("heterogeneous-96-step",),
    ),
    Erratum(
        id="heterogeneous-98",
        kind="formula",
        where="(98)",
        printed="(1 - p_j(xi_i)) |<xi_i, xi_a>| for every i, and -p_y(x) ||xi_a||^2",
        corrected="(1 - p_{y_i}(x_i)) |<xi_i, xi_a>|, as (99) has it, and -p_j(x_a) ||xi_a||^2",
        why="Outside S_j the weight is p_j(x_i) <= 1 - p_{y_i}(x_i); the last term is filter j's own; y is unbound.",
        effect="One step, K = 2, y read as y_a: <w_{j,r}, xi_a> exceeds the printed bound by up to 0.18 eta/(m n).",
    ),
    Erratum(
        id="heterogeneous-112",
        kind="formula",
        where="(112), the definition of beta below it",
        printed="beta_{j,r,i} = sum_t' sigma'(<w_{j,r}, xi_i>) p(x_i)",
        corrected="beta_{j,r,i} = (eta/(m n)) sum_t' sigma'(<w_{j,r}, xi_i>) (1{y_i = j} - p_j(x_i))",
        why="It is rho_{j,r,i}/||xi_i||^2: the step size and the own class's sign are missing (p read as p_j).",
        effect="One step: off by up to 0.72 as printed. Rank and (115) do not see it.",
        claims=("heterogeneous-112-beta",),
    ),
    Erratum(
        id="heterogeneous-122",
        kind="formula",
        where="(122); so (125), (133), (134)",
        printed="(eta/n) sum_t' sum_{S_y} (1 - p_y) ..., >= (3 m/10)(eta/n) sum_t' sum_{S_y} (1 - p_y) ||u_y||^2",
        corrected="(eta/(m n)) ..., >= (3/10)(eta/n) sum_t' sum_{S_y} (1 - p_y) ||u_y||^2",
        why="(60)'s 1/m is dropped. Divided by the signal's scale, (125)'s initial term is then m times the printed "
        "O((n/eta) sqrt(log(4Km/delta)) ||u_y|| sigma_0).",
        effect="One step of w_{y,r} along u_y: off by up to 0.12 as printed. 200 steps: sum_r sigma(<w_{y,r}, u_y>) is "
        "10.88 at m = 10, where the printed bound is 81.31 and the corrected one 8.13; it is 16.83 at m = 40, against "
        "500.67 and 12.52.",
        claims=("heterogeneous-122-step",),
        runs=tuple(
            f"{_RUN} n=12 m={m} d=200 sigma_p=0.1 sigma_0=0.01 {_GAUSS} eta=1 --steps 200 --record all "
            "--observables gamma,one_minus_p"
            for m in (10, 40)
        ),
    ),
    Erratum(
        id="heterogeneous-122-time",
        kind="formula",
        where="(122), both sums over t'",
        printed="sum from t' = 1 to T",
        corrected="sum from t' = 0 to T - 1, as (124) and (125) have it",
        why="w(T) is w(0) and the steps from 0 to T - 1.",
        effect="Five steps, 1/m restored: an active filter's gamma_{y,r,y} is 0.8708; the sum as printed gives 0.8125.",
        runs=(
            f"{_RUN} n=6 m=5 d=40 sigma_p=0.1 sigma_0=0.01 {_GAUSS} eta=4 --steps 5 --record all "
            "--observables gamma,one_minus_p",
        ),
    ),
    Erratum(
        id="heterogeneous-124",
        kind="formula",
        where="(124) and (127), the equalities and what follows them",
        printed="(eta/n) sum_{S_j} (1 - p_j) sigma' xi - (eta/n) sum_{S minus S_j} p_j sigma' xi",
        corrected="eta/(m n) in both; and sum_t' in the second sum of (124)",
        why="(60)'s 1/m is dropped, as in (122).",
        effect="One step of the filters along the noises: off by up to 0.3 as printed.",
        claims=("heterogeneous-124-step",),
    ),
    Erratum(
        id="heterogeneous-128",
        kind="statement",
        where="(124)(b), (127) to (131), (133); Lemma 6",
        printed="||A_y^T w_{y,r}|| = Theta((eta/n) F_yy b(S_y)); sums over filters Theta((eta m/n) ...)",
        corrected="Theta((eta/(m n)) F_yy b(S_y)), sums over filters Theta((eta/n) ...), of w(T) - w(0), "
        "where |S_y| ||A_y^T A_y||_op^2 <= O(F_yy^2) (heterogeneous-128-spikes)",
        why="The 1/m of (124) again; (131) also has F_yj and S_j for F_yy and S_y, and (127) to (131) drop w(0).",
        effect="Isotropic noise, 50 steps, w(0) taken out: the norm is 0.091 (eta/n) F b at m = 10 and 0.0057 of it at "
        "m = 160, that is 0.91 and 0.90 (eta/(m n)) F b.",
        runs=tuple(
            f"{_RUN} n=10 m={m} d=500 sigma_0=0.001 {_GAUSS} eta=2 --steps 50 --record {record} --observables {names}"
            for m in (10, 160)
            for record, names in (("50", "rho"), ("all", "one_minus_p"))
        ),
    ),
    Erratum(
        id="heterogeneous-128-spikes",
        kind="statement",
        where="(124)(b), (127), \"concentration of random vectors\"; so Lemma 6, (128) to (135) and 2(b)",
        printed="||A_y^T A_y sum_i S_i sigma'_i zeta_i|| = Theta(F_yy b(S_y))",
        corrected="<= (F_yy + (sqrt(|S_y|) + sqrt(2 log(1/delta))) ||A_y^T A_y||_op) b(S_y), for Gaussian zeta; the "
        "printed order where |S_y| ||A_y^T A_y||_op^2 <= O(F_yy^2), which (a2) does not give",
        why="sigma'_i is 1 where <w, A zeta_i> > 0, so the summands are neither centred nor independent of their "
        "weights: they share a mean along A w. For weights of any kind ||A^T A Z g|| <= ||A^T A Z||_op ||g||, Z the "
        "matrix of the zeta_i (Chevet). A search of 142 runs with |S_y| op^2 <= F^2, 2 to 4 classes, d from 50 to "
        "2000, never exceeds 1.08 F b; below, a filter needs a share of S_y that it is active on (Lemma 23).",
        effect="Gamma = 1400, m = 10: the norm is 1.32 (eta/(m n)) F b at |S_y| = 25 and 3.70 of it at 200; over "
        "F + sqrt(|S_y|) op it is 0.22 and 0.24.",
        runs=tuple(
            f"{_RUN} n={n} m=10 d=500 Gamma=1400 u_norm=1 sigma_0=0.001 {_GAUSS} eta=0.05 --steps 20 --record {record} "
            f"--observables {names}"
            for n in (50, 400)
            for record, names in (("20", "rho"), ("all", "one_minus_p"))
        ),
    ),
)

_STATEMENTS = (
    Erratum(
        id="heterogeneous-L1",
        kind="statement",
        where="Lemma 1, (69)(a)",
        printed="L_i(t+1) <= (1 - Theta(eta |S_y| ||u_y||^2/(m n))) L_i(t) for t <= T_0 = O~(m n/eta)",
        corrected="1 - Theta(eta |S_y| ||u_y||^2/(m n)) min{1, L_i(t)}",
        why="(69) puts |S_y| L for the sum of 1 - p, which is of the order of min{1, L}. As printed the loss would be "
        "exp(-Theta(n)) at T_0, and Stage 1 is where it is Theta(1).",
        effect="K = 2, n = 8, m = 10, T_0 = m n/eta = 160: the least contraction of an example's loss, over "
        "eta |S_y| ||u||^2/(m n), is 0.22 at t = 0, 0.15 at T_0 and 0.013 at 20 T_0; over min{1, L_i} besides, 0.32, "
        "0.43 and 0.59.",
        runs=(
            f"{_RUN} n=8 m=10 d=2000 sigma_p=0.002 sigma_0=0.001 {_GAUSS} eta=0.5 --steps 3201 "
            "--record 0,1,160,161,3200,3201 --observables one_minus_p",
        ),
    ),
    Erratum(
        id="heterogeneous-L2",
        kind="formula",
        where="Lemma 2",
        printed="(1/(t - T_0 + 1)) sum_{s=T_0}^t L_S(W(t))",
        corrected="(1/(t - T_0 + 1)) sum_{s=T_0}^t L_S(W(s)), as (80) has it",
        why="The summand does not depend on s as printed. The proof bounds the mean, and so min over s of L_S(W(s)).",
        effect="K = 2, n = 8, m = 10, 200 steps: the mean of L_S(W(s)) is 0.275, L_S(W(t)) is 0.120.",
        runs=(
            f"{_RUN} n=8 m=10 d=200 sigma_p=0.1 sigma_0=0.01 {_GAUSS} eta=1 --steps 200 --record all "
            "--observables loss",
        ),
    ),
    Erratum(
        id="heterogeneous-9",
        kind="formula",
        where="Lemma 7, (9)",
        printed="(1 - p_{y_i}(x_i))/(1 - p_{y_i}(x_j)) <= kappa",
        corrected="(1 - p_{y_i}(x_i))/(1 - p_{y_j}(x_j)) <= kappa, as (85)",
        why="For y_j != y_i the printed denominator goes to 1, and the lemma says nothing.",
        effect="K = 3, 300 steps of eta = 1 on orthogonal patches: two examples of two classes have the ratio 0.12 as "
        "printed, 1.00 corrected.",
    ),
    Erratum(
        id="heterogeneous-78",
        kind="proof gap",
        where="(74) to (78)",
        printed="0.4 m filters of each class active on its feature, \"by Lemma 22\"",
        corrected="the same lemma for <w_{k,r}(0), u_k>: m >= 50 log(K/delta), and what is active stays active",
        why="Lemma 22 is about the noises. The features need their own m Gaussians a class.",
        effect="m = 100, K = 5: some class has fewer than 0.4 m filters active on its feature with probability 0.085, "
        "whatever the noises do.",
    ),
    Erratum(
        id="heterogeneous-T",
        kind="statement",
        where="Theorem 1, T; (83)",
        printed="T = O~(max{n Tr, sqrt(m d) sigma_0, sqrt(m K)}/(eta eps))",
        corrected="T = O~(the square of ||W(0) - W*||_F over eta eps): K m d sigma_0^2 + m K log^2/||u||^2",
        why="Lemma 2 divides the squared distance by eta T; (83) bounds the distance. It also drops 1/||u|| from W*.",
        effect="K = 2, n = 8, Tr = 6, eps = 0.05: the loss is below eps after 1263 steps at m = 20 and 4769 at m = 80, "
        "a factor 3.8; the printed order grows by a factor 1.0 and the corrected one by 4.0.",
        runs=tuple(
            f"{_RUN} n=8 m={m} d=402 sigma_p=0.12247 sigma_0=0.01 {_GAUSS} eta=0.5 --steps 30000 --record all "
            "--observables loss --until loss=0.05"
            for m in (20, 80)
        ),
    ),
    Erratum(
        id="heterogeneous-118",
        kind="formula",
        where="(118), Condition 1 (b)",
        printed="m >= Omega(log(n/delta) log(T)^2/(n sigma_0^2))",
        corrected="m >= Omega(log(n/delta) log(T)^2/(sigma_0^2 l^2)), l the smallest nonzero singular value of A_j",
        why="(116) lacks l, as in heterogeneous-116, and Lemma 19 with (116), (117) has no 1/n.",
        effect="A and u times 10, the filters over 10, eta over 100: the same network (loss 0.1026 after 200 steps in "
        "both), and the printed bound on m is 100 times larger.",
        runs=tuple(
            f"{_RUN} n=8 m=10 d=50 {_GAUSS} {units} --steps 200 --record 200 --observables loss"
            for units in (
                "u_norm=1 sigma_p=0.5 sigma_0=0.01 eta=0.5",
                "u_norm=10 sigma_p=5 sigma_0=0.001 eta=0.005",
            )
        ),
    ),
    Erratum(
        id="heterogeneous-L13",
        kind="statement",
        where="Lemma 13, (26); so Lemmas 22 and 23",
        printed="P(at least 0.4 m of m Gaussians are positive) >= 1 - exp(-8 m/25)",
        corrected=">= 1 - exp(-m/50)",
        why="Hoeffding for [0, 1] gives exp(-2 m 0.1^2). Lemmas 22 and 23 then need m, n >= 50 log(...).",
        effect="m = 100: the probability of fewer is 0.018, the printed bound 1.3e-14 and the corrected one 0.14.",
    ),
    Erratum(
        id="heterogeneous-L16",
        kind="statement",
        where="Lemma 16",
        printed="P(|(1/d) sum 1{z_i} - 1/2| >= t) <= exp(-2 d t^2)",
        corrected="<= 2 exp(-2 d t^2), of 1{z_i > 0}",
        why="Two sides; Lemma 19 uses one, which the printed bound is right for.",
        effect="t = 0.5: the probability is 1.0 at d = 1 and 0.5 at d = 2, the printed bound 0.61 and 0.37.",
    ),
    Erratum(
        id="heterogeneous-L18",
        kind="statement",
        where="Lemma 18; so Lemma 19",
        printed="P(A x in T) <= 0.6^M for every orthant T, M = rank A",
        corrected="no such bound: it is 1/2 - arctan(l_min/l_max)/pi for rows (l_max, +-l_min), M = 2",
        why="Rows may agree but for a small part, and repeating them makes m as large as the lemma asks. (40) is not "
        "proved and the last step needs M = m.",
        effect="l_max/l_min = 50: the orthant of all signs positive has probability 0.494; the bound is 0.36.",
    ),
    Erratum(
        id="heterogeneous-L19", kind="statement", severity="proof",
        where="Lemma 19; so Lemmas 4, 27, (116) to (118), 2(b) and 3",
        printed="P(0.9 m rows or more with (A x)_i <= 0) <= exp(-0.07 m), m >= Omega(log(n/delta) (l_max/l_min)^2)",
        corrected="<= exp(-0.368 m) prod_i l_max/l_i for M = m, the exponent being KL(0.9, 1/2)",
        why="It sums Lemma 18 over orthants. N(0, A A^T) has the density of N(0, l_max^2 I) at most prod_i l_max/l_i "
        "times over, and orthants are cones; Cramer's bound counts the signs. Without M = m rows may agree in sign, "
        "and then no bound falls with m.",
        effect="Rows (+-4, +-1), 130 of them, which is what Lemma 18 asks for at C = 1: of those on one side of a "
        "noise 0.9 or more are negative for a share 0.43 of the filters, and exp(-0.07 m) is below 0.01.",
        statements=("L19-printed", "L19"),
    ),
    Erratum(
        id="heterogeneous-53",
        kind="formula",
        where="Lemma 20, (53)",
        printed="|<xi_i, xi_j>| <= O(max{F sqrt(log(6 n^2/delta)), ...}) for all i, j",
        corrected="for all i != j",
        why="At i = j it is ||xi_i||^2, which (52) bounds below by Tr/2.",
        effect="Isotropic, n = 20, d = 1000, delta = 0.1: the largest over F sqrt(log(6 n^2/delta)) is 10.6 at i = j, "
        "0.9 at i != j.",
    ),
    Erratum(
        id="heterogeneous-97",
        kind="formula",
        where="(97), (99), (103), Lemma 25",
        printed="E_1 = max F_ly^(1/2) log(3 n^2/delta)^(1/2)",
        corrected="E_1 = max F_ly log(3 n^2/delta)^(1/2)",
        why="It bounds |<xi_i, xi_a>| by (53), whose scale is F.",
        effect="Isotropic, n = 20, d = 1000: the largest product over E_1 is 0.55 as printed at sigma_p = 0.1 and 55 "
        "at sigma_p = 10; corrected it is 0.98 at both.",
    ),
    Erratum(
        id="heterogeneous-116",
        kind="statement",
        where="Lemma 3, third claim; (116)",
        printed="lambda_{min{m, d, rank A_j} - n}(W_j A_j) >= 0.1 sqrt(m) sigma_0",
        corrected="where rank A_j is a multiple of m, and times the smallest nonzero singular value of A_j",
        why="Condition (b3) allows rank A_j = m, where a Gaussian matrix is nearly singular; Lemma 8 needs a ratio of "
        "sides far from 1.",
        effect="m = 100, n = 1, sigma_0 = 1, unit singular values: 0.19 at rank 100 and 10.5 at rank 400; the bound is "
        "1.",
    ),
    Erratum(
        id="heterogeneous-L21",
        kind="formula",
        where="Lemma 21, (54), (55), (56); index set j in [2]",
        printed="sqrt(2 log(4 K m/delta)) ||u_k|| sigma_0, O(log(K m/delta) ...)",
        corrected="sqrt(2 log(4 K^2 m/delta)), O(log(K m n/delta) ...), for all j in [K]",
        why="The union is over filters of K classes and K features, or n noises. (56) has probability delta/(2 K m) an "
        "event, for K^2 m events.",
        effect="m = 100, delta = 0.1: some product is larger with probability 0.021 at K = 5 and 0.177 at K = 50 as "
        "printed; corrected 0.003.",
    ),
    Erratum(
        id="heterogeneous-L9",
        kind="statement",
        where="Lemma 9, (12), (13)",
        printed="with probability 1 - delta, P(|x| >= t) <= 2 exp(-t^2/(2 sigma_p^2)); "
        "|x_i| >= sqrt(2 sigma_p^2 log(2n/delta))",
        corrected="with probability 1 - delta, max_i |x_i| <= sqrt(2 sigma_p^2 log(2n/delta))",
        why="A probability is no event; the tail of one variable needs no delta. The sign in (13) is the other way.",
        effect="n = 20, delta = 0.1, Gaussians: all are above the bound with probability 0.0, all below it with 0.99.",
    ),
    Erratum(
        id="heterogeneous-L10",
        kind="statement",
        where="Lemmas 10, 12",
        printed="P(|<A zeta_1, A zeta_2>| >= t) <= 2 exp(-Omega(min{t^2/(F^2 sigma_p^4), ...})) for zeta_1, zeta_2 "
        "of independent coordinates",
        corrected="for zeta_1 independent of zeta_2; |.|_op sigma_p^2 in (16); sigma_p^4 and sigma_p^2 in (21), as in "
        "(23)",
        why="The coordinates of each are independent, the two vectors need not be: with zeta_2 = zeta_1 it is ||x||^2.",
        effect="A = I, d = 4000: |<x, y>|/F is 63 where zeta_2 = zeta_1, and at most 3.0 in 200 independent pairs.",
    ),
    Erratum(
        id="heterogeneous-106",
        kind="proof gap",
        where="Lemma 26, (106); (107)",
        printed="(1 - c_5) exp(sigma(<w_{y,r}, xi>)) <= c_5 sum_{j != y} exp(sigma(<w_{j,r}, u_j>) + sigma(<w_{j,r}, "
        "xi>)) for each r",
        corrected="the same with (1/m) sum_r in each exponent, and u_y for u_j",
        why="p_y <= c_5 is about the outputs, means over m filters. One filter may be m times as large, so (104) is "
        "not shown for a filter.",
        effect="K = 2, m = 10, one filter of class y at 5, the others 0: p_y = 0.622 = c_5, and the left side is 56.0 "
        "against 0.622; with means both are 0.622.",
    ),
    Erratum(
        id="heterogeneous-132",
        kind="proof gap",
        where="(132), third and fourth line; Definition 1",
        printed="exp(-c' (c L ||sum_r A^T w_{y,r}|| - ...)^2/(sum_r ||A^T w_{j,r}||^2)); c ||...|| without L in the "
        "line above",
        corrected="the denominator (sum_r ||A^T w_{j,r}||)^2; L in both",
        why="Hoeffding is for independent summands, and |<w_{j,r}, xi>|, r in [m], are functions of one xi. The last "
        "line needs the larger denominator anyway.",
        effect="m = 100 equal filters of unit length: P(sum_r |<w_r, xi>| - mean >= 3 sqrt(sum ||.||^2)) is 0.27, and "
        "exp(-9/2) is 0.011.",
    ),
    Erratum(
        id="heterogeneous-133",
        kind="formula",
        where="(133), B_2",
        printed="sqrt(sum over S_y of (sum_t' (1 - p_j(x)))^2)",
        corrected="sqrt(sum over S_j of ...), as (124)",
        why="On S_y 1 - p_j goes to 1, and its sum grows with T; what class j's filters learn is from S_j.",
        effect="Isotropic noise, K = 2: ||A_y^T (w_{j,r}(T) - w_{j,r}(0))|| over (eta/(m n)) F_yj and the sum is 0.05 "
        "after 50 steps and 0.01 after 200 as printed, 0.60 and 0.61 corrected.",
        runs=tuple(
            f"{_RUN} n=10 m=10 d=500 sigma_0=0.001 {_GAUSS} eta=2 --steps {steps} --record {record} "
            f"--observables {names}"
            for steps in (50, 200)
            for record, names in ((str(steps), "rho"), ("all", "one_minus_p"))
        ),
    ),
    Erratum(
        id="heterogeneous-135",
        kind="formula",
        where="above (134) and (135), against Theorem 1, statement 3",
        printed="n ||u_k||^2 <= C_3 ||A_k^T A_j||_F; with probability 1 - exp(Omega(c_5^2/sigma_p^2)), ... - "
        "exp(Omega(c_5^2/sigma_p^2))",
        corrected="|S_k| ||u_k||^2 <= sqrt(C_3 |S_j|) ||A_k^T A_j||_F, the theorem's; exp(-Omega(c_5^2/sigma_p^2))",
        why="The theorem squares: |S_k|^2 ||u||^4 <= C_3 |S_j| F^2. The tail of a sub-Gaussian has a minus.",
        effect="Classes of 100, C_3 = 1, F = 10 ||u||^2: the theorem's condition is met with equality, the appendix' "
        "left side is 10 times its right side. c_5 = 3 sigma_p: the probability would be 1 - 90.",
    ),
    Erratum(
        id="heterogeneous-sizes",
        kind="proof gap",
        where="Theorem 1, 2(a), 2(b), and the remark that a larger majority hurts the minority",
        printed="b(S_k)^2 of the order |S_k| for classes of any sizes, by (85)",
        corrected="where noise dominates, Tr >> n ||u||^2; else the smaller class has the larger b",
        why="A class's feature grows with all of its examples, so the larger class is settled earlier (as in "
        "heterogeneous-94-sign): the ratio of (85) exceeds the ratio of the sizes.",
        effect="Sizes 40 and 4, 2000 steps: b(S)^2 of the larger class is 0.63 times the smaller's where features "
        "dominate (sigma_p sqrt(d) = 1.3), and 10.6 times where noise does (sigma_p sqrt(d) = 19).",
        runs=tuple(
            f"{_RUN} n=44 class_sizes=40,4 m=10 d=400 sigma_p={sigma_p} sigma_0=0.001 {_GAUSS} eta={eta} --steps 2000 "
            "--record all --observables one_minus_p"
            for sigma_p, eta in ((0.063, 1), (0.95, 0.05))
        ),
    ),
    Erratum(
        id="heterogeneous-93",
        kind="proof gap",
        where="(93), last inequality",
        printed="the new ratio <= max{1, kappa exp(...)}, so <= kappa where (94) <= 0",
        corrected="one needs p_{y_i}(x_i) times i's gain >= p_{y_j}(x_j) times j's, so kappa larger by about 1/p_i",
        why="It bounds (1/(1 - p_j) - 1)/(1/(1 - p_i) - 1) by kappa, but that is the ratio times p_j/p_i.",
        effect="K = 2, p_i = 0.2, p_j = 0.9, both gains log 1.1: the ratio goes from kappa = 8 to 8.55.",
    ),
)

ERRATA = _GRADIENTS + _UPDATES + _STATEMENTS
