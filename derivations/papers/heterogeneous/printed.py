"""Displays of Xu and Chen, arXiv:2502.11893, as they are printed, each false, and beside them what corrects them.

They are the two forms of the ledger's entries; what they are about is in `errata`, `errata_proofs` and `errata_steps`.
"""

from __future__ import annotations

from ...declare import Instance, Quantity, Statement, Value, on
from .scope import EQUAL, MEAN, NORMAL

_Values = tuple[tuple[str, Value], ...]
_START: _Values = (("K", 2), ("init", "gaussian"), ("sigma_0", 0.001))
# One example against thirty, all but without noise: what each slip of (94) leaves out is what decides there.
_ONE_OR_THIRTY: _Values = (
    ("K", 2), ("n", 31), ("class_sizes", "1,30"), ("m", 10), ("d", 200), ("sigma_p", 0.01), ("Gamma", 1.0),
    ("init", "gaussian"), ("sigma_0", 0.01), ("eta", 8.0))
_ONE_OF_MANY: _Values = (*_ONE_OR_THIRTY[:3], ("m", 100), *_ONE_OR_THIRTY[4:-1], ("eta", 40.0))
SETTLING: _Values = (*_START, ("n", 8), ("m", 10), ("d", 2000), ("sigma_p", 0.002), ("eta", 0.5))
_LONG: _Values = (*_START, ("n", 10), ("m", 10), ("d", 500), ("eta", 2.0))
_SPIKED: _Values = (
    *_START, ("n", 400), ("m", 10), ("d", 500), ("Gamma", 1400.0), ("eta", 0.05), ("delta", 0.61))
_BY_FEATURES: _Values = (
    *_START, ("n", 44), ("class_sizes", "40,4"), ("m", 10), ("d", 400), ("sigma_p", 0.063), ("eta", 8.0))
_BY_NOISE: _Values = (
    *_START, ("n", 44), ("class_sizes", "40,4"), ("m", 40), ("d", 400), ("sigma_p", 0.95), ("eta", 1.6))
_FAINT: _Values = (
    ("K", 2), ("n", 8), ("m", 40), ("d", 500), ("u_norm", 0.03), ("sigma_p", 1e-4), ("init", "gaussian"),
    ("sigma_0", 1e-4), ("eta", 1e3), ("eps", 0.05))
_LOUD: _Values = (("K", 3), ("n", 20), ("m", 2), ("d", 1000), ("Gamma", 1.0), ("sigma_p", 10.0))
_UNLIKE: _Values = (
    ("K", 5), ("n", 5), ("m", 10), ("d", 7), ("u_norm", 0.1), ("sigma_p", 3.0), ("Gamma", 1.0), ("init", "gaussian"),
    ("sigma_0", 3.0), ("eta", 0.01))
_WIDE: _Values = (*_START, ("n", 8), ("m", 1000), ("d", 102), ("sigma_p", 0.01), ("Gamma", 1.0), ("eta", 0.5))
_SPARSE: _Values = (
    ("K", 2), ("n", 12), ("m", 60), ("d", 1e6), ("sigma_p", 2e-3), ("Gamma", 1.0), ("init", "gaussian"),
    ("sigma_0", 1e-5), ("eta", 1.2))
_FEW: _Values = (("K", 5), ("n", 5), ("m", 10), ("d", 100), ("init", "gaussian"), ("sigma_0", 0.01), ("delta", 0.001))

_ACTIVE = "orthogonal and active_u >= 0.4 and active_xi >= 0.4"
_LEARNED = "eta*kappa/n*b_S"

QUANTITIES = (
    Quantity(name="b_S", formula="sqrt(sum[i](own*spent**2))", meaning="b(S_k) of (8)"),
    Quantity(name="b_rival", formula="sqrt(sum[i](own[l,i]*past(1 - p)**2))",
             meaning="the same with 1 - p_k on the examples of class l, (k, l)"),
    Quantity(name="learned", meaning="||A^T (w_{k,r}(t) - w_{k,r}(0))|| where noise is isotropic",
             formula="sigma_p*sqrt(sum[i,q](rho*rho[k,r,q]*G[i,q]/(xi2*xi2[q])))"),
    Quantity(name="reached", formula="sqrt(sum[r](stretch)/m)", meaning="root mean square of ||A_l^T w_{l,r}|| over r"),
    Quantity(name="b_class", formula="sqrt(sum[i](own[l,i]*spent**2))", meaning="b(S_l)"),
    Quantity(name="b_rest", formula="sqrt(sum[i](spent**2, not own[l,i]))", meaning="b of other classes' examples"),
    Quantity(name="size_class", formula="sum[i](own[l,i])", meaning="|S_l|"),
    Quantity(name="size_rest", formula="sum[i](own[l,i] == 0)", meaning="n - |S_l|"),
    Quantity(name="chance", formula="sqrt(2*log(K**2/delta))", meaning="of K^2 Gaussian matrices, each by Chevet"),
    Quantity(name="T_printed", meaning="Theorem 1's T with the logarithms of Lemma 2's W*",
             formula="2*(2.5*log(4*(K - 1)/eps))**2*max(n*trace, sqrt(m*d)*sigma_0, sqrt(m*K))/(eta*eps)"),
)

_STEPS = (
    Statement(id="61-ratio", kind="identity", source="(61), third line, corrected",
              text="L_i(t+1) - L_i(t) = log(p_y(t)/p_y(t+1))",
              claim="next(loss_i) - loss_i == log_own - next(log_own)",
              mutant="next(loss_i) - loss_i == next(log_own) - log_own"),
    Statement(id="61-printed", kind="identity", source="(61), third line", erratum="heterogeneous-61",
              text="L_i(t+1) - L_i(t) = log(p_y(t+1)/p_y(t+1))",
              claim="next(loss_i) - loss_i == next(log_own) - next(log_own)"),
    Statement(id="68-line", kind="inequality", source="(68), second line, corrected", given=f"{_ACTIVE} and not own",
              text="Delta_k - Delta_{y_i}: what x_i and its class's feature gain, and twice the cross terms at 1 - p",
              claim="gap <= rate*(2*jostle - 0.4*(one_minus_p*xi2 + grown))",
              mutant="gap <= -0.4*rate*(one_minus_p*xi2 + grown)"),
    Statement(id="68-line-printed", kind="inequality", source="(68), second line", given=f"{_ACTIVE} and not own",
              erratum="heterogeneous-68", instance=Instance(values=_UNLIKE, steps=3),
              text="the cross terms of other classes at p_{y_i}(x_q)",
              claim="gap <= rate*(2*own_crowd - 0.4*(one_minus_p*xi2 + grown))"),
    Statement(id="94-rate-printed", kind="inequality", source="(94), its eta/n; the other slips mended", given=_ACTIVE,
              erratum="heterogeneous-94", instance=Instance(values=_ONE_OR_THIRTY, steps=2),
              text="eta/n for eta/(m n)",
              claim="rise + fall[q] <= m*rate*(2*jostle + 2*jostle[q] - 0.4*(one_minus_p*xi2 + grown) + "
                    "2*(one_minus_p[q]*xi2[q] + grown[q]))"),
    Statement(id="94-shared-printed", kind="inequality", source="(94), last term; the other slips mended",
              given=_ACTIVE, erratum="heterogeneous-94-shared", instance=Instance(values=_ONE_OR_THIRTY, steps=2),
              text="the feature grows by x_j's own 1 - p alone",
              claim="rise + fall[q] <= rate*(2*jostle + 2*jostle[q] - 0.4*(one_minus_p*xi2 + grown) + "
                    "2*one_minus_p[q]*(xi2[q] + u2_y[q]))"),
    Statement(id="95-printed", kind="inequality", source="(94), (95): the induction step, for kappa >= 2",
              given="orthogonal and min[i](active_u) >= 0.4 and balance >= 2",
              erratum="heterogeneous-94-sign", instance=Instance(values=_ONE_OF_MANY, steps=60),
              text="the largest ratio of two 1 - p no longer grows", claim="next(balance) <= balance"),
    Statement(id="98", kind="inequality", source="(98), corrected", given="orthogonal and not own",
              text="<w_{k,r}, xi_a> gains at most the cross terms at 1 - p_{y_i}(x_i), less p_k(x_a) ||xi_a||^2",
              claim="next(h) - h <= eta*kappa/n*(sum[q](one_minus_p[q]*abs(G[i,q])*(h[k,r,q] > 0), not same[i,q]) - "
                    "p*xi2*(h > 0))",
              mutant="next(h) - h <= -eta*kappa/n*p*xi2*(h > 0)"),
    Statement(id="98-printed", kind="inequality", source="(98), y read as y_a", given="orthogonal and not own",
              erratum="heterogeneous-98",
              text="the cross terms at 1 - p_k(x_i), less p_{y_a}(x_a) ||xi_a||^2",
              claim="next(h) - h <= eta*kappa/n*(sum[q]((1 - p[k,q])*abs(G[i,q])*(h[k,r,q] > 0), not same[i,q]) - "
                    "(1 - one_minus_p)*xi2*(h > 0))"),
    Statement(id="9-printed", kind="inequality", source="Lemma 7, (9), of two classes and from below; kappa = 2",
              given="orthogonal and sparse and even and small_step and quiet and not own", erratum="heterogeneous-9",
              text="1 - p_{y_i}(x_i) and 1 - p_{y_i}(x_j) are within a factor kappa, y_i = k",
              claim="1 - p <= 2*max[q](one_minus_p[q], own[k,q])"),
)

_SUMS = (
    Statement(id="69-printed", kind="inequality", source="(69), first line, of Lemma 1's t", until="20*m*n/eta",
              only=(MEAN,), erratum="heterogeneous-L1", instance=Instance(values=SETTLING, steps=3300),
              text="L_i falls by (2 eta/(5 m n)) ||u||^2 sum_{S_{y_i}} (1 - p), without (62)'s Theta(1)",
              claim="next(loss_i) <= loss_i - 0.4*rate*grown"),
    Statement(id="82-printed", kind="inequality", source="(82), constant 2 as in (81)", given="t >= 1", only=(MEAN,),
              erratum="heterogeneous-82", instance=Instance(values=_WIDE, steps=20),
              text="the length of the first t steps is at most 2 t (eta/m) (||u|| + Tr)",
              claim="past(eta*gradient_norm) <= 2*t*eta/m*(max[l](sqrt(u2)) + trace)"),
    Statement(id="L25-printed", kind="inequality", source="Lemma 25, (97), E_1 by F, 1/10 for Omega",
              given="own and past(h > 0) == t and t >= 1", erratum="heterogeneous-100",
              instance=Instance(values=_SPARSE, steps=2),
              text="sum (1 - p_{y_i}(x_i)) >= (1/(10 n)) sum p_j(x_a) sigma'(<w_{j,r}, xi_a>) Tr/E_1",
              claim="spent >= 0.1/n*max[q](past((h[k,r,q] > 0)*p[k,q]), not own[k,q])*trace/"
                    "(max(F_kk, F_kj)*sqrt(log(3*n**2/delta)))"),
    Statement(id="122-time", kind="identity", source="(122), the sum over t', corrected", tolerance=1e-9,
              given="orthogonal and mine and start(a) > 0",
              tolerance_from="rounding of one addition a step, for up to 10^6 steps",
              text="gamma_{y,r,y} = (eta/(m n)) ||u_y||^2 sum from t' = 0 to T - 1 of sum_{S_y} (1 - p_y)",
              claim="gamma == eta*kappa/n*u2*sum[i](own[l,i]*spent)",
              mutant="gamma == eta*kappa/n*u2*sum[i](own[l,i]*(spent + one_minus_p))"),
    Statement(id="122-time-printed", kind="identity", source="(122), 1/m restored", tolerance=1e-9,
              given="orthogonal and mine and start(a) > 0", erratum="heterogeneous-122-time",
              tolerance_from="rounding of one addition a step, for up to 10^6 steps", text="sum from t' = 1 to T",
              claim="gamma == eta*kappa/n*u2*sum[i](own[l,i]*(spent + one_minus_p - start(one_minus_p)))"),
    Statement(id="L2-printed", kind="identity", source="Lemma 2, summand W(t), against (80)", given="t >= 2",
              text="the sum of (80) over the first t steps is t L_S(W(t))", claim="past(loss) == t*loss",
              erratum="heterogeneous-L2"),
    Statement(id="128", kind="inequality", source="(124)(b), (127), corrected; isotropic noise", at="T",
              given="Gamma == 1 and orthogonal and sparse and quiet and T >= 50 and min[i](start(active_xi)) >= 0.3 "
                    "and max[k](n_class) <= 2*min[k](n_class)",
              text="the mean over r of ||A^T (w_{k,r}(T) - w_{k,r}(0))|| is of order (eta/(m n)) F b(S_k)",
              claim=f"0.3*{_LEARNED}*F_kk <= mean[r](learned) <= 1.1*{_LEARNED}*F_kk",
              mutant=f"{_LEARNED}*F_kk <= mean[r](learned)"),
    Statement(id="128-printed", kind="inequality", source="(124)(b), (127); isotropic noise", at="T", only=(MEAN,),
              given="Gamma == 1 and orthogonal and sparse and quiet and T >= 50", erratum="heterogeneous-128",
              text="of order (eta/n) F b(S_k)", claim=f"0.3*m*{_LEARNED}*F_kk <= mean[r](learned)"),
    Statement(id="128-spikes", kind="probability", source="(124)(b), (127), corrected for spikes; Gaussian noise",
              at="T", only=(NORMAL,), instance=Instance(values=_SPIKED, steps=20),
              text="at most (eta/(m n)) (F + (sqrt(|S_y|) + sqrt(2 log(K^2/delta))) ||A^T A||) b(S_y), beside w(0), "
              "and as much by A_y^T A_j of what the other classes' examples push",
              claim="reached <= start(reached) + eta*kappa/n*(b_class*(F_kk + (sqrt(size_class) + chance)*spike) + "
                    "b_rest*(sqrt(K - 1)*F_kj + (sqrt(size_rest) + sqrt(K - 1)*chance)*sigma_p*sqrt(spike))) + "
                    "1e-7*sqrt(spike)*norm",  # the last: what cancels in reached
              mutant="reached <= start(reached) + eta*kappa/n*b_class*F_kk"),
    Statement(id="128-spikes-printed", kind="inequality", source="(124)(b), (127), from above, constant 2", at="T",
              only=(NORMAL,), erratum="heterogeneous-128-spikes", instance=Instance(values=_SPIKED, steps=20),
              text="at most of order (eta/(m n)) F b(S_y), beside w(0)",
              claim="reached <= start(reached) + 2*eta*kappa/n*b_class*F_kk"),
    Statement(id="133-printed", kind="inequality", source="(133), B_2, from below; isotropic noise", at="T",
              given="Gamma == 1 and orthogonal and not mine", erratum="heterogeneous-133",
              instance=Instance(values=_LONG, steps=200),
              text="what class k learns of noise goes by the sums of 1 - p_k over another class's examples",
              claim="mean[r](learned) >= 0.1*eta*kappa/n*F_kk*b_rival"),
    Statement(id="T-printed", kind="exists", source="Theorem 1, T", until="T_printed", erratum="heterogeneous-T",
              instance=Instance(values=_FAINT, steps=400), text="L_S <= eps within the printed T",
              claim="loss <= eps"),
    Statement(id="sizes", kind="inequality", source="Theorem 1, 2(a), 2(b), where noise dominates", at="T",
              given="4*n*max[l](u2) <= trace and min[i](start(active_xi)) >= 0.3 and quiet",
              instance=Instance(values=_BY_NOISE, steps=250),
              text="from a small W(0) b(S_k)^2 is of the order |S_k|, within 4",
              claim="max[k](b_S**2/n_class) <= 4*min[k](b_S**2/n_class)",
              mutant="max[k](b_S**2/n_class**2) <= 4*min[k](b_S**2/n_class**2)"),
    Statement(id="sizes-printed", kind="inequality", source="Theorem 1, 2(a), 2(b), for classes of any sizes", at="T",
              erratum="heterogeneous-sizes", instance=Instance(values=_BY_FEATURES, steps=250),
              text="b(S_k)^2 is of the order |S_k|, within 4",
              claim="max[k](b_S**2/n_class) <= 4*min[k](b_S**2/n_class)"),
)

_EVENTS = (
    Statement(id="78", kind="probability", source="(78), what it needs, with m >= 50 log(K/delta)", at="0",
              given="m >= 50*log(K/delta)", text="0.4 m filters of each class are active on its feature",
              claim="active_u >= 0.4", mutant="active_u >= 0.5"),
    Statement(id="78-printed", kind="probability", source="(74) to (78), \"by Lemma 22\"", at="0",
              given="min[i](active_xi) >= 0.4", erratum="heterogeneous-78", instance=Instance(values=_FEW, steps=0),
              text="where 0.4 m filters are active on every noise, so they are on every feature",
              claim="active_u >= 0.4"),
    Statement(id="97-printed", kind="probability", source="(97), (99), (103), E_1", at="0", only=(NORMAL, EQUAL),
              given="not same[i,q]", erratum="heterogeneous-97", instance=Instance(values=_LOUD, steps=0),
              text="|<xi_i, xi_q>| <= 4 F^(1/2) sqrt(log(3n^2/delta))",
              claim="abs(G[i,q]) <= 4*sqrt(max(F_kk, F_kj)*log(3*n**2/delta))"),
)

STATEMENTS = (*on(("theorem-1",), *_STEPS, *_SUMS), *on(("lemmas-20-23",), *_EVENTS))
