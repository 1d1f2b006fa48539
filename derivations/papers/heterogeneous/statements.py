"""Statements of Xu and Chen, arXiv:2502.11893, that can be executed, and exact invariants of the recursion.

Ids: I1 to I15 exact invariants of one step (not in the paper), B.. displays of Appendix B, C.. of Appendix C, L..
lemmas, T.. Theorem 1.  A trailing "-printed" is a form that is false, with its erratum; it is expected to be violated.

Condition 1 is met by no network that can be run, so nothing here waits for it: each statement has the hypothesis that
its own proof uses, with explicit constants.  Statements 2(a) and 3 of Theorem 1 hide theirs; the ones here are ours.
`proofs` has the lemmas about random matrices and fresh noise.
"""

from __future__ import annotations

from ...declare import Instance, Quantity, Statement, Statements, Value, on
from . import printed, proofs
from .scope import GAUSSIAN, MEAN, NORMAL, SMOOTH

_FEW_FILTERS: tuple[tuple[str, Value], ...] = (
    ("K", 3), ("n", 60), ("m", 30), ("d", 60), ("init", "gaussian"), ("sigma_0", 0.01))
_ISOTROPIC: tuple[tuple[str, Value], ...] = (("K", 3), ("n", 20), ("m", 2), ("d", 1000), ("Gamma", 1.0))

_UNLIKE_SIZES: tuple[tuple[str, Value], ...] = (
    ("K", 2), ("n", 31), ("class_sizes", "1,30"), ("m", 10), ("d", 200), ("sigma_p", 0.01), ("Gamma", 1.0),
    ("init", "gaussian"), ("sigma_0", 0.01), ("eta", 8.0))
_ACTIVE_FIRST = "min[i](start(active_u)) >= 0.3 and min[i](start(active_xi)) >= 0.3"  # Lemma 22, of features too
_CROSS = "sum[q](abs(c[k,q])*abs(G[i,q]), not same[i,q])"

QUANTITIES = (
    Quantity(name="a", formula="z_u", meaning="<w_{k,r}, u_l>, (k, r, l)"),
    Quantity(name="h", formula="z_xi", meaning="<w_{k,r}, xi_i>, (k, r, i)"),
    Quantity(name="G", formula="G_xi_xi", meaning="<xi_i, xi_q>"),
    Quantity(name="xi2", formula="G[i,i]", meaning="||xi_i||^2"),
    Quantity(name="u2", formula="G_u_u[l,l]", meaning="||u_l||^2"),
    Quantity(name="mine", formula="sum[i](own*own[l,i]) > 0", meaning="1{k = l}, of a class that has examples"),
    Quantity(name="u2_y", formula="sum[l](u2*own[l,i])", meaning="||u_{y_i}||^2"),
    Quantity(name="n_class", formula="sum[i](own)", meaning="|S_k|"),
    Quantity(name="n_y", formula="sum[k](n_class*own)", meaning="|S_{y_i}|"),
    Quantity(name="F", formula="outputs", meaning="F_k(x_i)"),
    Quantity(name="F_y", formula="sum[k](F*own)", meaning="F_{y_i}(x_i)"),
    Quantity(name="p", formula="exp(F - max[k](F))/sum[k](exp(F - max[k](F)))", meaning="p_k(x_i)"),
    Quantity(name="c", formula="own*one_minus_p - (1 - own)*p", meaning="1{k = y_i} - p_k(x_i)"),
    Quantity(name="loss_i", formula="max[k](F) - F_y + log(sum[k](exp(F - max[k](F))))", meaning="L_i"),
    Quantity(name="log_p", formula="F - max[k](F) - log(sum[k](exp(F - max[k](F))))", meaning="log p_k(x_i)"),
    Quantity(name="log_other", formula="max[k](log_p, not own)", meaning="largest log p_k(x_i), k != y_i"),
    Quantity(name="log_rest", formula="log_other + log(sum[k](exp(log_p - log_other), not own))",
             meaning="log(1 - p_{y_i}(x_i)), also where 1 - p underflows"),
    Quantity(name="step", formula="next(F) - F", meaning="Delta_k(x_i) of one step"),
    Quantity(name="step_y", formula="sum[k](step*own)", meaning="Delta_{y_i}(x_i)"),
    Quantity(name="gap", formula="step - step_y", meaning="Delta_k(x_i) - Delta_{y_i}(x_i)"),
    Quantity(name="moved", formula="log_p + gap", meaning="log(p_k exp(Delta_k - Delta_{y_i})), log p_k at k = y_i"),
    Quantity(name="top", formula="max[k](moved)", meaning="the largest of these"),
    Quantity(name="log_own", formula="sum[k](log_p*own)", meaning="log p_{y_i}(x_i)"),
    Quantity(name="worst_gap", formula="log_rest + max[k](gap, not own)", meaning="log((1 - p) max_k exp(Delta_k - "
             "Delta_{y_i}))"),
    Quantity(name="crowd", formula=_CROSS, meaning="sum over the other examples of |c_{k,q}| |<xi_i, xi_q>|"),
    Quantity(name="jostle", formula="sum[q](one_minus_p[q]*abs(G[i,q]), not same[i,q])",
             meaning="the same with 1 - p_{y_q}(x_q) for |c_{k,q}|, as in (94)"),
    Quantity(name="own_crowd", formula="sum[k](crowd*own)", meaning="the first, for the example's own class"),
    Quantity(name="alike", formula="sum[k](own*own[k,q])", meaning="1{y_i = y_q}, (i, q)"),
    Quantity(name="rate", formula="eta*m*kappa**2/n", meaning="eta/(m n) with the 1/m of (1)"),
    Quantity(name="grown", formula="u2_y*sum[q](one_minus_p[q]*alike)",
             meaning="||u_{y_i}||^2 sum over S_{y_i} of 1 - p_{y_i}"),
    Quantity(name="lost", formula="u2_y*sum[q](p[k,q]*alike)", meaning="the same of p_k"),
    Quantity(name="rise", formula="max[k](gap, not own)", meaning="Delta_{l_2}(x_i) - Delta_{y_i}(x_i) of (94)"),
    Quantity(name="fall", formula="max[k](-gap, not own)", meaning="Delta_{y_i}(x_i) - Delta_{l_1}(x_i), of x_j"),
    Quantity(name="spent", formula="past(one_minus_p)", meaning="S_i(t), the sum of 1 - p_{y_i}(x_i) in (8)"),
    Quantity(name="far_cross", formula="max[i,q](abs(G[i,q]), not same[i,q])", meaning="max |<xi_i, xi_q>|, i != q"),
    Quantity(name="even", formula="max[k](n_class) <= 2*min[k](n_class)", meaning="classes of like sizes"),
    Quantity(name="sparse", formula="10*n*far_cross <= min[i](xi2)", meaning="noises all but orthogonal: (a1)"),
    Quantity(name="farthest", formula="max[k](abs(gap), not own)", meaning="a of Lemma 14"),
    Quantity(name="M", formula="max[i](sqrt(u2_y) + sqrt(xi2))", meaning="largest ||u_{y_i}|| + ||xi_i||"),
    Quantity(name="orthogonal", meaning="features orthogonal to each other and to the noise",
             formula="max[l,i](abs(G_u_xi)) <= 1e-10*sqrt(max[l](u2)*max[i](xi2)) and "
                     "sum[l,q](G_u_u[l,q]**2) <= (1 + 1e-14)*sum[l](u2**2)"),
    Quantity(name="filled", formula="min[k](n_class) > 0", meaning="every class has examples"),
    Quantity(name="width", formula="2.5*log(4*(K - 1)/eps)/(kappa*m)", meaning="w*_{k,r} = width u_k/||u_k||^2"),
    Quantity(name="distance2", formula="norm**2 - 2*width*sum[k,r,l](a*mine/u2) + width**2*m*sum[l](1/u2)",
             meaning="||W - W*||^2"),
    Quantity(name="nearer", meaning="||W - W*||^2 less the next step's, for orthogonal features, by (60) and I10; "
             "a difference of the two would cancel where W is large",
             formula="2*width*eta*kappa/n*sum[k,r,l]((a > 0)*mine*sum[i](c*own[l,i])) - 2*eta*mean[i](sum[k](c*F)) - "
                     "eta**2*gradient_norm**2"),
    Quantity(name="small_step", formula="4*eta*m*kappa**2*M**2 <= 1", meaning="Lemma 2's step, with the 1/m of (1)"),
    Quantity(name="quiet", formula="start(signal) <= 0.1 and max[k,r,i](abs(start(h))) <= 0.1",
             meaning="W(0) is small"),
    Quantity(name="asked", formula="log((K - 1)/(exp(eps) - 1))",
             meaning="by how much the outputs differ where every example's loss is eps"),
    Quantity(name="faint", formula="max(start(signal), max[k,r,i](abs(start(h)))) <= 0.1*asked",
             meaning="W(0) is small beside what is learned by L_S <= eps"),
    Quantity(name="forgotten", meaning="W(0) is small beside what was learned of each feature",
             formula="max(start(signal), max[k,r,i](abs(start(h)))) <= 0.1*min[l](mean[r](sum[k](gamma*mine)))"),
    Quantity(name="remembered", meaning="W(0) is small beside what was learned of each noise",
             formula="max[k,r,i](abs(start(h))) <= 0.01*min[i](mean[r](sum[k](own*rho)))"),
    Quantity(name="hit", formula="first(loss <= eps)", meaning="first t with L_S <= eps"),
    Quantity(name="trained", formula="hit >= 1", meaning="L_S(W(0)) > eps: eps is small, as (70) takes it"),
    Quantity(name="rank", formula="d - K", meaning="rank of A_k"),
    Quantity(name="spike", formula="sigma_p**2*(Gamma + ((Gamma - 1)*(Gamma + rank - 1))**0.5)",
             meaning="largest eigenvalue of A_k A_k^T, Section 5.1"),
    Quantity(name="trace", formula="(rank - 1)*sigma_p**2 + spike", meaning="Tr(A_k^T A_k)"),
    Quantity(name="F_kk", formula="sqrt((rank - 1)*sigma_p**4 + spike**2)", meaning="||A_k^T A_k||_F"),
    Quantity(name="F_kj", formula="sqrt((rank - 2)*sigma_p**4 + 2*sigma_p**2*spike)", meaning="||A_k^T A_j||_F"),
    Quantity(name="Ln", formula="log(2*n/delta)", meaning="logarithm of (52)"),
    Quantity(name="Lp", formula="log(n**2/delta)", meaning="logarithm of (53)"),
    Quantity(name="L6", formula="log(6*n**2/delta)", meaning="the same, beside (52)"),
    Quantity(name="snr", formula="n*u_norm**4/(K*F_kj**2)", meaning="Theorem 1's SNR_{k,j}"),
    Quantity(name="snr_least", formula="min[k](n_class)**2*u_norm**4/(max[k](n_class)*F_kj**2)",
             meaning="the same of the smallest class against the largest"),
    Quantity(name="rivals", formula="max[k](n_class, not mine)*F_kj**2",
             meaning="max over j != l of |S_j| ||A_l^T A_j||_F^2"),
    Quantity(name="scattered", formula="trace >= n*max(F_kk, F_kj)*Lp and F_kk <= 10*F_kj",
             meaning="(a1) of Condition 1, for j = i too, at C = 1, and (a3) at C = 10: the others' filters unlearn "
                     "little of a class's own noise"),
)

_RECURSION = (
    Statement(id="60", kind="identity", source="(60), (4)", text="one step of gamma and rho",
              claim="next(gamma) == gamma + eta*kappa/n*u2*(a > 0)*sum[i](c*own[l,i]) and "
                    "next(rho) == rho + eta*kappa/n*xi2*(h > 0)*c",
              mutant="next(rho) == rho + eta*kappa/n*xi2*(h > 0)*(1 - own)*c"),
    Statement(id="1", kind="identity", source="(1)", text="F_k(x_i) = (1/m) sum_r ReLU(<w, u_{y_i}>) + ReLU(<w, xi_i>)",
              claim="F == kappa*sum[r](sum[l](relu(a)*own[l,i]) + relu(h))",
              mutant="F == kappa*sum[r](relu(h))"),
    Statement(id="96", kind="identity", source="(96), corrected", given="orthogonal",
              text="<w_{k,r}, xi_i> moves by (eta/(m n)) sum_q c_{k,q} 1{active} <xi_q, xi_i>",
              claim="next(h) == h + eta*kappa/n*sum[q](c[k,q]*(h[k,r,q] > 0)*G[i,q])",
              mutant="next(h) == h + eta*kappa/n*c*(h > 0)*xi2"),
    Statement(id="96-printed", kind="identity", source="(96)", text="with p_{y_i}(x_i) in the cross terms",
              given="orthogonal and own and n > 2", erratum="heterogeneous-96",
              claim="next(h) == h + eta*kappa/n*(c*(h > 0)*xi2 - p*sum[q]((h[k,r,q] > 0)*G[i,q], not same[i,q]))"),
    Statement(id="112-printed", kind="identity", source="(112)", text="rho/||xi||^2 grows by sigma'(<w, xi_i>) p(x_i)",
              given="h > 0 and one_minus_p > 1e-6", erratum="heterogeneous-112",
              claim="next(rho)/xi2 == rho/xi2 + (h > 0)*p"),
)

_INVARIANTS = (
    Statement(id="I1", kind="inequality", source="(60)", given="mine", text="the own class's gamma never falls",
              claim="next(gamma) >= gamma", mutant="next(gamma) <= gamma"),
    Statement(id="I1-other", kind="inequality", source="(60)", given="not mine",
              text="another class's gamma never rises", claim="next(gamma) <= gamma",
              mutant="next(gamma) <= gamma", mutant_given=""),
    Statement(id="I2", kind="inequality", source="(60)",
              text="rho never falls where the head is the example's own, never rises elsewhere",
              claim="next(rho_over) >= rho_over and next(rho_under) <= rho_under",
              mutant="next(rho_under) >= rho_under"),
    Statement(id="I3-frozen", kind="identity", source="orthogonal features", given="orthogonal and a <= 0",
              text="a filter that is inactive on a feature keeps <w, u>", claim="next(a) == a", mutant="next(a) == a",
              mutant_given="orthogonal"),
    Statement(id="I3-active", kind="inequality", source="orthogonal features", given="orthogonal and mine and a > 0",
              text="an own filter that is active on its feature stays so", claim="next(a) >= a > 0",
              mutant="next(a) <= a"),
    Statement(id="I5-step", kind="inequality", source="orthogonal features", given="orthogonal and not mine",
              text="another class's <w, u> never rises", claim="next(a) <= a", mutant="next(a) >= a"),
    Statement(id="I6-step", kind="inequality", source="(60)",
              text="one step of rho_i is at most (eta/(m n)) ||xi_i||^2 (1 - p), also summed over other heads",
              claim="abs(next(rho) - rho) <= eta*kappa/n*xi2*one_minus_p and "
                    "sum[k](max[r](abs(next(rho) - rho)), not own) <= eta*kappa/n*xi2*one_minus_p",
              mutant="abs(next(rho) - rho) <= 0.5*eta*kappa/n*xi2*one_minus_p"),
    Statement(id="I8", kind="inequality", source="sharpens (91)", given="orthogonal",
              text="|F_k(x_i)| moves by at most (eta/m)((|S_{y_i}|/n) ||u||^2 + ||xi_i|| max_q ||xi_q||)",
              claim="abs(step) <= eta*kappa**2*m*(n_y/n*u2_y + sqrt(xi2)*max[i](sqrt(xi2)))",
              mutant="abs(step) <= 0.01*eta*kappa**2*m*(n_y/n*u2_y + sqrt(xi2)*max[i](sqrt(xi2)))"),
    Statement(id="I10", kind="identity", source="1-homogeneity", text="||W||^2 grows by (2 eta/n) sum_i sum_k c_{k,i} "
              "F_k(x_i) + eta^2 ||grad L_S||^2",
              claim="next(norm)**2 - norm**2 == 2*eta*mean[i](sum[k](c*F)) + eta**2*gradient_norm**2",
              mutant="next(norm)**2 - norm**2 == eta*mean[i](sum[k](c*F)) + eta**2*gradient_norm**2"),
    Statement(id="I12", kind="inequality", source="Lemma 24, (86), one step", text="where an example outweighs its "
              "neighbours, its own active filters stay active and grow",
              given="orthogonal and own and h > 0 and xi2*one_minus_p >= crowd", claim="next(h) >= h > 0",
              mutant="next(h) >= h > 0", mutant_given="orthogonal and own and h > 0"),
    Statement(id="I14", kind="identity", source="softmax", text="F_k >= 0 and sum_{k != y_i} p_k = 1 - p_{y_i}",
              claim="sum[k](p, not own) == one_minus_p and F >= 0", mutant="sum[k](p) == one_minus_p"),
    Statement(id="I15", kind="inequality", source="sharpens (76)",
              text="||grad L_S||_F <= (2/sqrt m) max(||u|| + ||xi||) mean_i (1 - p_{y_i}(x_i))",
              claim="gradient_norm <= 2*sqrt(m)*kappa*M*mean[i](one_minus_p)",
              mutant="gradient_norm <= 0.2*sqrt(m)*kappa*M*mean[i](one_minus_p)"),
    Statement(id="77", kind="inequality", source="(77)", text="(1 - p)^2 <= 1 - p <= L, sum_k |c_{k,i}| = 2 (1 - p)",
              claim="one_minus_p**2 <= one_minus_p <= loss_i and sum[k](abs(c)) == 2*one_minus_p",
              mutant="one_minus_p >= loss_i"),
)

_STEP = (
    Statement(id="61", kind="identity", source="(61)",
              text="L_i moves by log(1 + sum_{k != y_i} p_k (exp(Delta_k - Delta_{y_i}) - 1)), which is "
              "log(p_{y_i} + sum_{k != y_i} p_k exp(Delta_k - Delta_{y_i})): no term is subtracted",
              claim="next(loss_i) - loss_i == top + log(sum[k](exp(moved - top))) and "
                    "next(one_minus_p)*sum[k](exp(moved - top)) == sum[k](exp(moved - top), not own)",
              mutant="next(loss_i) - loss_i == log(sum[k](p*exp(-gap)))"),
    Statement(id="61-bound", kind="inequality", source="(61), second line",
              text="at most log(1 + (1 - p) max_k (exp(Delta_k - Delta_{y_i}) - 1)), that is "
              "log(p + (1 - p) max_k exp(Delta_k - Delta_{y_i}))",
              claim="next(loss_i) - loss_i <= max(log_own, worst_gap) + log(1 + exp(-abs(log_own - worst_gap)))",
              mutant="next(loss_i) - loss_i <= log_own + log(1 + exp(log_rest - log_own + min[k](gap, not own)))"),
    Statement(id="68", kind="inequality", source="Lemma 1, (68)",
              text="Delta_k - Delta_{y_i} <= -(2 eta/(5 m n)) ||u||^2 sum_{S_{y_i}} (1 - p)",
              given="orthogonal and not own and active_u >= 0.4 and active_xi >= 0.4 and "
                    "0.4*one_minus_p*xi2 >= 2*max[k](crowd)",
              claim="gap <= -0.4*rate*grown", mutant="gap <= -4*rate*grown"),
    Statement(id="L1", kind="inequality", source="Lemma 1, (62) with (68)",
              text="L_i falls by -log(1 - (1 - p)(1 - exp(-x))) or more, x = (2 eta/(5 m n)) ||u||^2 sum_S (1 - p)",
              given="orthogonal and active_u >= 0.4 and active_xi >= 0.4 and 0.4*one_minus_p*xi2 >= 2*jostle",
              claim="next(loss_i) - loss_i <= log(1 + one_minus_p*(exp(-0.4*rate*grown) - 1))",
              mutant="next(loss_i) - loss_i <= log(1 + one_minus_p*(exp(-4*rate*grown) - 1))"),
    Statement(id="L14", kind="inequality", source="Lemma 14, of the step's gaps, where float64 has them, 1 - p and e^a",
              given="not own and 1e-9*max[k](abs(F)) < farthest < 700 and log_own > -20",
              text="log(1 + t (e^x - 1)) <= x for x >= 0 and <= x log(1 + t (e^-a - 1))/(-a) for x in [-a, 0)",
              claim="log(1 + one_minus_p*(exp(gap) - 1)) <= (gap >= 0)*gap - "
                    "(gap < 0)*gap/farthest*log(1 + one_minus_p*(exp(-farthest) - 1))",
              mutant="log(1 + one_minus_p*(exp(gap) - 1)) <= (gap >= 0)*gap*one_minus_p - "
                     "(gap < 0)*gap/farthest*log(1 + one_minus_p*(exp(-farthest) - 1))"),
    Statement(id="L17", kind="inequality", source="Lemma 17, explicit, of the products' own law; t = 1/2",
              given="mean[k,r](h**2) > 0", text="P(|x| > t) >= (1 - t^2)^2/E[x^4] where E[x^2] = 1 (Paley and Zygmund)",
              claim="mean[k,r](h**2 > mean[k,r](h**2)/4)*mean[k,r](h**4) >= 9/16*mean[k,r](h**2)**2",
              mutant="mean[k,r](h**2 > mean[k,r](h**2)/4)*mean[k,r](h**4) >= 2*mean[k,r](h**2)**2"),
    Statement(id="L15", kind="inequality", source="Lemma 15, of the step", text="-log p_{y_i} is convex in the outputs",
              claim="next(loss_i) - loss_i >= -sum[k](c*step)", mutant="next(loss_i) - loss_i <= -sum[k](c*step)"),
    Statement(id="66", kind="identity", source="(66), its exact value", given="orthogonal and mine",
              text="the own class's sum_r ReLU(<w, u>) rises by (eta/(m n)) ||u||^2 sum_{S_k} (1 - p) an active filter",
              claim="sum[r](next(relu(a)) - relu(a)) == "
                    "sum[r](a > 0)*eta*kappa/n*u2*sum[i](own[l,i]*one_minus_p)",
              mutant="sum[r](next(relu(a)) - relu(a)) == m*eta*kappa/n*u2*sum[i](own[l,i]*one_minus_p)"),
    Statement(id="94", kind="inequality", source="(94), corrected", given="orthogonal and active_u >= 0.4 and "
              "active_xi >= 0.4", text="the gain of x_i's rivals and of x_j's own output, with what x_j's rivals lose",
              claim="rise + fall[q] <= rate*(2*jostle + 2*jostle[q] - 0.4*(one_minus_p*xi2 + grown) + "
                    "2*(one_minus_p[q]*xi2[q] + grown[q]))",
              mutant="rise + fall[q] <= rate*(2*jostle + 2*jostle[q] - 0.4*(one_minus_p*xi2 + grown) + "
                     "0.4*(one_minus_p[q]*xi2[q] + grown[q]))"),
    Statement(id="94-fall", kind="inequality", source="(94), the half of x_j, sharp", given="orthogonal and not own",
              text="Delta_{y_j} - Delta_k at x_j: its own output gains at 1 - p, a rival loses at p_k",
              claim="-gap <= rate*(2*jostle + (one_minus_p + p)*xi2 + grown + lost)",
              mutant="-gap <= rate*(2*jostle + one_minus_p*xi2 + grown)"),
    Statement(id="86", kind="identity", source="Lemma 24, (86), one step", text="an example that outweighs its "
              "neighbours keeps every active filter of its class", given="orthogonal and xi2*one_minus_p >= own_crowd",
              claim="sum[k,r](own*(h > 0)*(next(h) <= 0)) == 0", mutant_given="orthogonal",
              mutant="sum[k,r](own*(h > 0)*(next(h) <= 0)) == 0"),
    Statement(id="89", kind="inequality", source="Lemma 24, (89), (90)",
              text="1 - p_{y_i}(x_i) grows by a factor of at most exp(max_k Delta_k - min_k Delta_k)",
              claim="min[k](step) - max[k](step) <= next(log_rest) - log_rest <= max[k](step) - min[k](step)",
              mutant="next(log_rest) - log_rest >= max[k](step) - min[k](step)"),
    Statement(id="93-line", kind="inequality",
              source="(93), first line, corrected, of each example, where float64 has the exponentials",
              given="log_own - log_rest - min[k](gap, not own) < 700",
              text="1/(1 - p) after the step is within 1 + A exp(-max_k gap) and 1 + A exp(-min_k gap), A = p/(1 - p)",
              claim="1 + exp(log_own - log_rest - max[k](gap, not own)) <= exp(-next(log_rest)) <= "
                    "1 + exp(log_own - log_rest - min[k](gap, not own))",
              mutant="exp(-next(log_rest)) <= 1 + exp(log_own - log_rest - max[k](gap, not own))"),
    Statement(id="L2", kind="inequality", source="Lemma 2, (79)",
              text="||W - W*||^2 falls by at least eta L_S - eta eps/2 a step",
              given="orthogonal and filled and min[i](active_u) >= 0.4 and small_step",
              claim="nearer >= eta*loss - eta*eps/2", mutant="nearer <= eta*loss - eta*eps/2"),
)

_RUNS = (
    Statement(id="I1-sign", kind="inequality", source="(60)", given="mine", text="the own class's gamma is >= 0",
              claim="gamma >= 0", mutant="gamma <= 0"),
    Statement(id="I1-sign-other", kind="inequality", source="(60)", given="not mine",
              text="another class's gamma is <= 0", claim="gamma <= 0", mutant="gamma >= 0"),
    Statement(id="I2-sign", kind="inequality", source="(60)", text="rho >= 0 for own examples, <= 0 for others",
              claim="rho_over >= 0 and rho_under <= 0", mutant="rho_over <= 0"),
    Statement(id="I3", kind="identity", source="orthogonal features", given="orthogonal and mine",
              text="the filters active on their class's feature are those of step 0",
              claim="(a > 0) == (start(a) > 0)", mutant="(a > 0) == (start(a) > 0)",
              mutant_given="orthogonal and not mine"),
    Statement(id="I4", kind="identity", source="orthogonal features",
              text="gamma_{k,r,k} is one number for the filters active at step 0",
              given="orthogonal and mine and start(a) > 0", claim="gamma == max[r](gamma)",
              mutant="gamma == max[r](gamma)", mutant_given="orthogonal and mine"),
    Statement(id="I4-zero", kind="identity", source="orthogonal features", text="and 0 for the others",
              given="orthogonal and mine and start(a) <= 0", claim="gamma == 0", mutant="gamma == 0",
              mutant_given="orthogonal and mine"),
    Statement(id="I5", kind="inequality", source="orthogonal features", given="orthogonal and not mine",
              text="gamma_{k,r,l} >= -ReLU(<w(0), u_l>) - (eta/(m n)) ||u_l||^2 |S_l|, l != k",
              claim="gamma >= -relu(start(a)) - eta*kappa/n*u2*n_class[l]",
              mutant="gamma >= -0.01*relu(start(a))"),
    Statement(id="I6", kind="inequality", source="(60), (8)", text="|rho_i| <= (eta/(m n)) ||xi_i||^2 S_i(t)",
              claim="abs(rho) <= eta*kappa/n*xi2*spent", mutant="abs(rho) <= 0.5*eta*kappa/n*xi2*spent"),
    Statement(id="112", kind="identity", source="(112), corrected", given="spent > 0", tolerance=1e-9,
              tolerance_from="rounding of one addition a step, for up to 10^6 steps",
              text="rho_i/||xi_i||^2 = (eta/(m n)) sum_t' sigma'(<w, xi_i>) (1{y_i = k} - p_k(x_i))",
              claim="rho == eta*kappa/n*xi2*past((h > 0)*c)", mutant="rho == eta*kappa/n*xi2*past((h > 0)*abs(c))"),
    Statement(id="122", kind="inequality", source="(122), corrected", given="orthogonal and mine and "
              "sum[r](start(a) > 0) >= 0.4*m", tolerance=1e-9,
              tolerance_from="rounding of one addition a step, for up to 10^6 steps",
              text="sum_r ReLU(<w_{k,r}, u_k>) >= 0.4 (eta/n) ||u_k||^2 sum_{S_k} S_i(t)",
              claim="sum[r](relu(a)) >= 0.4*m*eta*kappa/n*u2*sum[i](own[l,i]*spent)",
              mutant="sum[r](relu(a)) >= 4*m*eta*kappa/n*u2*sum[i](own[l,i]*spent)"),
    Statement(id="122-printed", kind="inequality", source="(122)", given="orthogonal and mine and t >= 1 and "
              "sum[r](start(a) > 0) >= 0.4*m", only=(MEAN,), erratum="heterogeneous-122",
              text="sum_r ReLU(<w_{k,r}, u_k>) >= 0.3 m (eta/n) ||u_k||^2 sum_{S_k} S_i(t)",
              claim="sum[r](relu(a)) >= 0.3*m*eta/n*u2*sum[i](own[l,i]*spent)"),
    Statement(id="81", kind="inequality", source="(81), (82), explicit", text="| ||W(t)|| - ||W(0)|| | is at most the "
              "length of the steps, and that at most eta (2/sqrt m) M sum_t' mean_i (1 - p)",
              claim="abs(norm - start(norm)) <= past(eta*gradient_norm) <= 2*eta*sqrt(m)*kappa*M*mean[i](spent)",
              mutant="past(eta*gradient_norm) <= 0.2*eta*sqrt(m)*kappa*M*mean[i](spent)"),
    Statement(id="L2-mean", kind="inequality", source="Lemma 2, summand W(s), T_0 = 0",
              given="orthogonal and filled and min[i](active_u) >= 0.4 and small_step and t >= 1",
              text="the mean of L_S over the first t steps is at most ||W(0) - W*||^2/(eta t) + eps/2",
              claim="past(loss)/t <= start(distance2)/(eta*t) + eps/2",
              mutant="past(loss)/t <= 0.001*start(distance2)/(eta*t) + eps/200"),
    Statement(id="101", kind="inequality", source="Lemma 25, (99) to (101), explicit", given="not own",
              text="another class's example a takes |rho_a| <= ReLU(<w(0), xi_a>) + (eta/(m n)) (sum_{i != a} S_i(t) "
              "|<xi_i, xi_a>| + ||xi_a||^2)",
              claim="abs(rho) <= relu(start(h)) + eta*kappa/n*(sum[q](spent[q]*abs(G[i,q]), not same[i,q]) + xi2)",
              mutant="abs(rho) <= eta*kappa/n*sum[q](spent[q]*abs(G[i,q]), not same[i,q])"),
    Statement(id="L25", kind="inequality", source="Lemma 25, corrected; where filter r was always active on x_q",
              given="own and past(h > 0) == t and t >= 1 and far_cross > 0",
              text="(rho_i/||xi_i||^2) n max |<xi, xi'>| max S/S_i bounds what the filter loses on other classes' "
              "examples, but for what it starts with there and the last step",
              claim="rho/xi2*n*far_cross*max[i](spent)/spent >= max[q](abs(rho[k,r,q]) - relu(start(h[k,r,q])) - "
                    "eta*kappa/n*xi2[q], not own[k,q])",
              mutant="rho/xi2*n*far_cross*max[i](spent)/spent >= max[q](abs(rho[k,r,q]), not own[k,q])"),
    Statement(id="L5", kind="inequality", source="Lemma 5, C' = 10", at="T", only=(SMOOTH,),
              given="orthogonal and sparse and even and small_step and quiet and loss <= eps and remembered and "
                    "min[i](start(active_xi)) >= 0.3",
              text="a class's filters are more active on every example of its own than on any other's",
              claim="min[i](sum[r](relu(h)), own) >= 10*max[i](sum[r](relu(h)), not own)",
              mutant="min[i](sum[r](relu(h)), own) <= 10*max[i](sum[r](relu(h)), not own)"),
    Statement(id="L1-printed", kind="inequality", source="Lemma 1, with 1/10 for Theta and 20 m n/eta for T_0",
              until="20*m*n/eta", only=(MEAN,), erratum="heterogeneous-L1",
              instance=Instance(values=printed.SETTLING, steps=3300),
              text="L_i(t+1) <= (1 - (eta/(10 m n)) |S_{y_i}| ||u_{y_i}||^2) L_i(t)",
              claim="next(loss_i) <= (1 - eta/(10*m*n)*n_y*u2_y)*loss_i"),
    Statement(id="94-printed", kind="inequality", source="(94)", given="orthogonal and active_u >= 0.4 and "
              "active_xi >= 0.4", only=(MEAN,), erratum="heterogeneous-94-pull",
              instance=Instance(values=_UNLIKE_SIZES, steps=2),
              text="with eta/n, one example's feature, each cross term once, and no loss of x_j's rivals",
              claim="rise + fall[q] <= eta/n*(jostle + jostle[q] - 0.4*one_minus_p*(xi2 + u2_y) + "
                    "one_minus_p[q]*(xi2[q] + u2_y[q]))"),
    Statement(id="85", kind="inequality", source="Lemma 24, (85), and Lemma 7 corrected; kappa = 10 + 2 log K",
              given=f"orthogonal and sparse and even and small_step and quiet and {_ACTIVE_FIRST}",
              text="the largest 1 - p_{y_i}(x_i) is at most kappa times the smallest: shares of active filters from "
              "0.3 to 1 and sizes within 2 make rates within 7, cross terms within 10",
              claim="balance <= 10 + 2*log(K)", mutant="balance <= 1.01"),
    Statement(id="93", kind="inequality", source="(93), (94), the induction's claim for --inductive; the same kappa",
              given="orthogonal and sparse and even and small_step and min[i](active_xi) >= 0.3 and "
                    f"{_ACTIVE_FIRST}",
              text="(85) is kept from one step to the next", claim="balance <= 10 + 2*log(K)",
              mutant="balance <= 1.01"),
    Statement(id="decomposition", kind="identity", source="Section 2, exact", given="orthogonal", tolerance=1e-9,
              tolerance_from="rounding of one addition a step, for up to 10^6 steps",
              text="<w, u_l> = <w(0), u_l> + gamma_l, <w, xi_i> = <w(0), xi_i> + sum_q rho_q <xi_q, xi_i>/||xi_q||^2",
              claim="a == start(a) + gamma and h == start(h) + sum[q](rho[k,r,q]*G[i,q]/G[q,q])",
              mutant="a == start(a) + gamma and h == start(h) + rho"),
    Statement(id="T1.1", kind="exists", source="Theorem 1, statement 1, by (79)",
              text="L_S <= eps within 2 ||W(0) - W*||^2/(eta eps) steps",
              given="orthogonal and filled and min[i](active_u) >= 0.4 and small_step",
              until="2*start(distance2)/(eta*eps)", claim="loss <= eps", mutant="loss <= 0"),
    Statement(id="T1.2a", presets=("theorem-1.2a", "theorem-1"),
              kind="inequality", source="Theorem 1, statement 2(a), constants ours", at="hit", only=(NORMAL,),
              text="where SNR >= 10, class errors <= (K - 1) exp(-SNR/10), for small steps and a small W(0); SNR "
              "that of the smallest class against the largest, filters active on every feature. A class's own noise is "
              "no part of it by (a1) and (a3)",
              given="snr_least >= 10 and scattered and small_step and forgotten and trained and "
                    "min[i](start(active_u)) >= 0.3",
              claim="class_error - 3*class_error_se <= (K - 1)*exp(-snr_least/10)", mutant="class_error >= 0.5"),
    Statement(id="T1.3", presets=("theorem-1.3", "theorem-1.3-sizes"),
              kind="inequality", source="Theorem 1, statement 3, constants ours", at="hit", only=(NORMAL,),
              text="where |S_l|^2 ||u_l||^4 is at most 0.1 and |S_l| ||A_l^T A_l||_F^2 at most 1.2 times the largest "
              "|S_j| ||A_l^T A_j||_F^2, j != l, the error of class l is >= 0.2, of classes of any sizes; by (a1) "
              "noise dominates, by (c3) W(0) is small, by Lemma 22 a share of the filters is active on every noise",
              given="size_class**2*u_norm**4 <= 0.1*rivals and size_class*F_kk**2 <= 1.2*rivals and "
                    "4*n*u_norm**2 <= trace and min[i](start(active_xi)) >= 0.25 and faint and trained",
              claim="class_error + 3*class_error_se >= 0.2", mutant="class_error <= 0.1"),
)

_DATA = (
    Statement(id="L20", kind="probability", source="Lemma 20, (52), explicit", at="0", only=(NORMAL,),
              text="Tr/2 <= ||xi_i||^2 <= 3 Tr/2", given="2*F_kk*sqrt(Ln) + 2*spike*Ln <= trace/2",
              claim="trace/2 <= xi2 <= 3*trace/2", mutant="trace <= xi2 <= 3*trace/2"),
    Statement(id="L20-products", kind="probability", source="Lemma 20, (53), explicit", at="0", only=(NORMAL,),
              text="|<xi_i, xi_q>| <= F sqrt(2 log(n^2/delta)) + |.|_op log(n^2/delta), i != q, F and |.|_op those of "
              "their classes", given="not same[i,q]",
              claim="abs(G[i,q]) <= alike*(F_kk*sqrt(2*Lp) + spike*Lp) + "
                    "(1 - alike)*(F_kj*sqrt(2*Lp) + sigma_p*sqrt(spike)*Lp)",
              mutant="abs(G[i,q]) <= 0.5*(alike*(F_kk*sqrt(2*Lp) + spike*Lp) + "
                     "(1 - alike)*(F_kj*sqrt(2*Lp) + sigma_p*sqrt(spike)*Lp))"),
    Statement(id="L20-joint", kind="probability", source="Lemma 20, (52) and (53) at once, explicit", at="0",
              only=(NORMAL,), text="the lengths and the products of two, by log(6 n/delta) and log(6 n^2/delta)",
              given="2*F_kk*sqrt(log(6*n/delta)) + 2*spike*log(6*n/delta) <= trace/2",
              claim="all[i](trace/2 <= xi2 <= 3*trace/2) and all[i,q](abs(G[i,q]) <= "
                    "alike*(F_kk*sqrt(2*L6) + spike*L6) + (1 - alike)*(F_kj*sqrt(2*L6) + sigma_p*sqrt(spike)*L6), "
                    "not same[i,q])",
              mutant="all[i](trace/2 <= xi2 <= 3*trace/2) and all[i,q](abs(G[i,q]) <= "
                     "0.5*(alike*(F_kk*sqrt(2*L6) + spike*L6) + (1 - alike)*(F_kj*sqrt(2*L6) + "
                     "sigma_p*sqrt(spike)*L6)), not same[i,q])"),
    Statement(id="L11", kind="probability", source="Lemma 11, two-sided, with Gaussian constants", at="0",
              only=(NORMAL,), text="| ||xi_i||^2 - Tr | <= 2 F sqrt(log(2 n/delta)) + 2 |.|_op log(2 n/delta)",
              claim="abs(xi2 - trace) <= 2*F_kk*sqrt(Ln) + 2*spike*Ln",
              mutant="abs(xi2 - trace) <= 0.4*(F_kk*sqrt(Ln) + spike*Ln)"),
    Statement(id="53-printed", kind="probability", source="Lemma 20, (53)", at="0", only=(NORMAL,),
              text="the same for all i, q", claim="abs(G[i,q]) <= max(F_kk, F_kj)*sqrt(2*Lp) + spike*Lp",
              erratum="heterogeneous-53", instance=Instance(values=_ISOTROPIC, steps=0)),
    Statement(id="L21", kind="probability", source="Lemma 21, (54), over all K classes", at="0", only=(GAUSSIAN,),
              text="|<w(0), u_l>| <= sqrt(2 log(4 K^2 m/delta)) ||u_l|| sigma_0",
              claim="abs(a) <= sqrt(2*log(4*K**2*m/delta)*u2)*sigma_0",
              mutant="abs(a) <= sqrt(log(4*K**2*m/delta)*u2/8)*sigma_0"),
    Statement(id="L21-noise", kind="probability", source="Lemma 21, (55), explicit", at="0", only=(GAUSSIAN,),
              text="|<w(0), xi_i>| <= sqrt(2 log(2 K m n/delta)) ||xi_i|| sigma_0",
              claim="abs(h) <= sqrt(2*log(2*K*m*n/delta)*xi2)*sigma_0",
              mutant="abs(h) <= sqrt(log(2*K*m*n/delta)*xi2/8)*sigma_0"),
    Statement(id="L21-joint", kind="probability", source="Lemma 21, (54) and (55) at once, explicit", at="0",
              only=(GAUSSIAN,), text="the products of the start with features and noises, each in half of delta",
              claim="all[k,r,l](abs(a) <= sqrt(2*log(4*K**2*m/delta)*u2)*sigma_0) and "
                    "all[k,r,i](abs(h) <= sqrt(2*log(4*K*m*n/delta)*xi2)*sigma_0)",
              mutant="all[k,r,l](abs(a) <= sqrt(2*log(4*K**2*m/delta)*u2)*sigma_0) and "
                     "all[k,r,i](abs(h) <= sqrt(log(4*K*m*n/delta)*xi2/8)*sigma_0)"),
    Statement(id="L22", kind="probability", source="Lemma 22, with m >= 50 log(n/delta)", at="0",
              text="0.4 m filters are active on each example's noise", given="m >= 50*log(n/delta)",
              claim="active_xi >= 0.4", mutant="active_xi >= 0.5"),
    Statement(id="L13-printed", kind="probability", source="Lemma 22 by Lemma 13 as printed, m >= (25/8) log(n/delta)",
              at="0", text="0.4 m filters are active on each example's noise", given="m >= 25/8*log(n/delta)",
              claim="active_xi >= 0.4", erratum="heterogeneous-L13", instance=Instance(values=_FEW_FILTERS, steps=0)),
    Statement(id="L23", kind="probability", source="Lemma 23, with n >= 50 log(K m/delta)", at="0", only=(SMOOTH,),
              text="each filter is active on 0.4 n examples", given="n >= 50*log(K*m/delta)",
              claim="mean[i](h > 0) >= 0.4", mutant="mean[i](h > 0) >= 0.5"),
)

STATEMENTS = Statements(
    paper="Xu and Chen 2025, arXiv:2502.11893",
    quantities=(*QUANTITIES, *proofs.QUANTITIES, *printed.QUANTITIES),
    statements=(*on(("theorem-1",), *_RUNS, *_STEP, *_RECURSION, *_INVARIANTS), *on(("lemmas-20-23",), *_DATA),
                *proofs.STATEMENTS, *printed.STATEMENTS),
)
