"""Statements of Zuo, Chen, Yao, Cao and Gu, ICLR 2023, that can be executed, and exact invariants of the recursion.

Ids: A1 to A17 exact invariants (not in the paper: its lemmas without hidden constants), C.., E.., F.. equations; hyp:,
lem:, thm:, claim: as the paper's numbers, which repeat.  A trailing "-printed" is a form that is false, with its
erratum; it is expected to be violated.

The theorems hide constants and polylogarithms; those here are ours.  They are stated where the phase is not empty, one
rate wins over the other (Lemma D.5, repaired) and cross noise stays small, all taken from the draw; elsewhere they are
vacuous.  T_1, T_2 and T_3 are first recorded steps at which every index is
there; a label's own T_j is where its Lambda_j, which never falls, passes the threshold.
Left out: A15, an identity in how <w(t,J), nu> is taken here, and Lemmas D.2, D.5, G.2, about draws and plain numbers.
"""

from __future__ import annotations

from ...declare import Instance, Only, Quantity, Statement, Statements, Value, on

_FOMAML = Only(parameter="method", values=("train-train", "train-validation"), why="FOMAML")
_REPTILE = Only(parameter="method", values=("reptile",), why="Reptile (A.3)")
_TRAIN = Only(parameter="method", values=("train-train",), why="train-train, Theorem 4.4")
_VAL = Only(parameter="method", values=("train-validation",), why="train-validation, Theorem 4.5")
_SMOOTH = Only(parameter="activation", values=("huberized",), why="the Huberized ReLU")
_SUM = Only(parameter="neurons", values=("sum",), why="a sum over filters")
_OFF = Only(parameter="project_noise", values=(True,), why="noise orthogonal to the features")
_ADAPTS = Only(parameter="J", values=(1,), above=0, below=float("inf"), why="at least one inner step")

_STEP = (_FOMAML, _SMOOTH, _OFF)
_E = (_TRAIN, _SMOOTH, _SUM, _OFF, _ADAPTS)
_F = (_VAL, _SMOOTH, _SUM, _OFF, _ADAPTS)

_Values = tuple[tuple[str, Value], ...]

_FAR: _Values = (("n_tasks", 20), ("n", 4), ("n_train", 2), ("m", 16), ("d", 1e40), ("J", 5), ("eta_inner", 4.0),
                 ("sigma_s", 2e-21), ("sigma_xi", 4e-20), ("M", 8), ("sigma_0", 1e-15), ("balanced", True))
# Parameter points of the false statements' own; each shows its erratum.
_OVERSHOOT: _Values = (*_FAR, ("n_tasks", 6), ("m", 12), ("eta", 0.001), ("method", "train-train"))
_NO_INNER: _Values = (("n_tasks", 10), ("n", 4), ("m", 16), ("d", 2.6881171418161356e43), ("J", 0), ("eta_inner", 6.31),
                      ("eta", 0.02), ("sigma_s", 3.06e-23), ("sigma_xi", 1.929e-21), ("M", 8), ("sigma_0", 1.929e-22),
                      ("balanced", True), ("method", "train-train"))
_SLOW: _Values = (("n_tasks", 4), ("n", 4), ("n_train", 2), ("m", 4), ("d", 200), ("eta_inner", 0.01), ("eta", 0.1),
                  ("sigma_s", 0.2 / 200**0.5), ("sigma_xi", 1 / 200**0.5), ("M", 8), ("sigma_0", 0.01))
_WIDE: _Values = (("n_tasks", 3), ("n", 4), ("n_train", 2), ("m", 2), ("d", 200), ("eta_inner", 1.0), ("eta", 0.1),
                  ("sigma_s", 0.5 / 200**0.5), ("sigma_xi", 1 / 200**0.5), ("M", 100), ("sigma_0", 0.01))
_HALF: _Values = (("n_tasks", 3), ("n", 4), ("n_train", 2), ("m", 2), ("d", 200), ("M", 100), ("sigma_xi", 0.1),
                  ("sigma_s", 0.02), ("sigma_0", 0.01))
_MANY_ITEMS: _Values = (("n_tasks", 5), ("n", 4), ("n_train", 2), ("m", 4), ("d", 200), ("eta_inner", 1.0),
                        ("eta", 1.0), ("sigma_s", 0.5 / 200**0.5), ("sigma_xi", 1 / 200**0.5), ("M", 50),
                        ("sigma_0", 0.1))
_SHORT_FEATURE: _Values = (("n_tasks", 5), ("n", 4), ("n_train", 2), ("m", 4), ("d", 20), ("eta_inner", 1.0),
                           ("eta", 1.0), ("nu_norm", 0.3), ("sigma_s", 0.4), ("sigma_xi", 0.2), ("M", 8),
                           ("sigma_0", 0.3))
_UNEQUAL: _Values = (("n_tasks", 3), ("n", 16), ("n_train", 8), ("m", 3), ("d", 1e40), ("J", 5), ("eta_inner", 30.0),
                     ("eta", 0.003), ("sigma_s", 2e-21), ("sigma_xi", 1e-20), ("M", 8), ("sigma_0", 1e-15))


def _sigma(x: str) -> str:
    """The Huberized ReLU."""
    return f"(min(relu({x}), h)*(relu({x}) - min(relu({x}), h)/2)/h)"


def _slope(x: str) -> str:
    """Its derivative."""
    return f"min(relu({x})/h, 1)"


_NEXT = "tau[s] == tau + 1"
_NEAR = "G_off <= 3*sigma_xi**2*sqrt(d*log(n_tasks*n))"  # Lemma D.2 (2)
_R_E = "normal and even and noise_starts_low and noise_first and little_cross and D_holds"
_R_F = "normal and feature_starts_low and feature_first and adapted_noise_small and D_holds"

QUANTITIES = (
    Quantity(name="u", formula="inner_nu_k", meaning="<w(t,tau), nu_k>, (j, r, task, tau)"),
    Quantity(name="v", formula="inner_xi", meaning="<w(t,tau), xi_{k,i}>, (j, r, task, i, tau)"),
    Quantity(name="z_own", formula="z_nu_k - z_nu", meaning="<w, z_k>, of the task's own entry, (j, r, task)"),
    Quantity(name="nunu", formula="G_nu_nu", meaning="||nu||^2"),
    Quantity(name="nu2", formula="G_nu_k_nu_k[task,task]", meaning="||nu_k||^2"),
    Quantity(name="xi2", formula="G_xi_xi[task,i,task,i]", meaning="||xi_{k,i}||^2"),
    Quantity(name="Gk", formula="G_xi_xi[task,i,task,q]", meaning="<xi_{k,i}, xi_{k,q}>, (task, i, q)"),
    Quantity(name="others", formula="sum[q](abs(Gk)*train[q], not same[i,q])",
             meaning="sum over the task's other adapted examples of |<xi_q, xi_i>|"),
    Quantity(name="n_in", formula="sum[i](train)", meaning="examples of the inner loop"),
    Quantity(name="n_out", formula="sum[i](outer)", meaning="examples of the outer step, n_2"),
    Quantity(name="gam", formula="kappa*eta_inner", meaning="inner step size"),
    Quantity(name="et", formula="kappa*eta", meaning="outer step size"),
    Quantity(name="d_rho", formula="next(rho) - rho", meaning="one step of rho"),
    Quantity(name="P_in", formula=f"1/(1 + exp(y*kappa*sum[j,r](j*({_sigma('u*y')} + {_sigma('v')}))))",
             meaning="-l' inside the inner loop, (task, i, tau)"),
    Quantity(name="u_nu", formula="z_nu + nunu/nu2*(u - z_nu_k)", meaning="<w(t,tau), nu>, (j, r, task, tau)"),
    Quantity(name="ratio", formula="1 + gam*xi2/(n_in*h)", meaning="the most one inner step multiplies noise by"),
    Quantity(name="phi", meaning="mean of y f over the dictionary and labels, without noise",
             formula=f"mean[item](kappa*sum[j,r](j*({_sigma('z_nu + z_z')} - {_sigma('-(z_nu + z_z)')}))/2)"),
    Quantity(name="mean_loss", formula="max(-phi, 0) + log(1 + exp(-abs(phi)))", meaning="l(phi)"),
    Quantity(name="R", formula="d - M - 1", meaning="dimension of the noise's space"),
    Quantity(name="xi_min", formula="min[task,i](xi2)", meaning="smallest ||xi||^2"),
    Quantity(name="xi_max", formula="max[task,i](xi2)", meaning="largest ||xi||^2"),
    Quantity(name="share", meaning="largest share of one label in an inner split",
             formula="max[task](max(sum[i](train*(y > 0)), sum[i](train*(y < 0))))/n_in"),
    Quantity(name="seen_least", meaning="smallest share of one label in an inner or outer split",
             formula="min(min[task](min(sum[i](train*(y > 0)), sum[i](train*(y < 0))))/n_in,"
                     " min[task](min(sum[i](outer*(y > 0)), sum[i](outer*(y < 0))))/n_out)"),
    Quantity(name="equal", meaning="all inner splits have the same number of each label",
             formula="max[task](sum[i](train*(y > 0))) == min[task](sum[i](train*(y > 0)))"),
    Quantity(name="z_share", formula="max[task](nu2 - nunu)/nunu", meaning="largest ||z_k||^2/||nu||^2"),
    Quantity(name="D_0", formula="sigma_s*sqrt(d*log(m*n_tasks*n))", meaning="(E.17)'s D_0"),
    Quantity(name="z_start", formula="max[j,r,task](abs(start(z_own)))", meaning="largest |<w(0), z_k>|"),
    Quantity(name="nu_start", formula="max[j,r](abs(start(z_nu)))", meaning="largest |<w(0), nu>|"),
    Quantity(name="xi_start", formula="max[j,r,task,i](abs(start(z_xi)))", meaning="largest |<w(0), xi>|"),
    Quantity(name="z_reach", formula="max[task,s](abs(G_nu_k_nu_k[task,s] - nunu))", meaning="largest |<z_k, z_k'>|"),
    Quantity(name="D_holds", formula="z_start <= D_0*min[j](start(Lambda)) and "
             "z_reach*(1 + nu_start/min[j](start(Lambda))) <= D_0*nunu and min[j](start(Lambda)) > 0",
             meaning="Lemma D.2 (3), (5), (7) as Lemma F.1 uses them"),
    Quantity(name="z_small", meaning="Condition 4.1 and a small start, as Lemmas F.2, F.3 use them",
             formula="z_reach <= 2.25*sigma_s**2*d and z_start <= sigma_s**2*d*d**(-1/3) and "
                     "nu_start <= d**(-1/3)/4 and nunu == 1 and 4*sigma_s**2*d <= 1"),
    Quantity(name="A_J", formula="m**(-1/2)*(1 + eta_inner*sigma_xi**2*d/n)**(-J)", meaning="A(J)"),
    Quantity(name="A_half", formula="m**(-1/2)*(1 + eta_inner*sigma_xi**2*d/n)**(1/2 - J)", meaning="A(J - 1/2)"),
    Quantity(name="A_less", formula="m**(-1/2)*(1 + eta_inner*sigma_xi**2*d/n)**(1 - J)", meaning="A(J - 1)"),
    Quantity(name="one_step", formula="eta*xi_max/(n_tasks*n)", meaning="the most a step adds to noise by itself"),
    Quantity(name="later", formula="max(exp(-m**(-1/2)*gam*sigma_xi**2*d/(4*n)), n/(gam*sigma_xi**2*d))",
             meaning="Lemma E.8's bound on -l', corrected"),
    Quantity(name="T1", formula="first(Xi >= A_J)", meaning="T^(1)"),
    Quantity(name="gained", formula="sum[task,i](at(Xi, T) - at(Xi, T1))",
             meaning="what (E.30) bounds -l' by: sum of Xi(T) - Xi(T^(1)), a polylogarithm of d by Theorem E.9"),
    Quantity(name="top", formula="own and z_xi >= Xi", meaning="r = argmax_r <w_{y,r}, xi_{k,i}>, (j, r, task, i)"),
    Quantity(name="top_nu", formula="j*z_nu >= Lambda", meaning="r = argmax_r j <w_{j,r}, nu>"),
    Quantity(name="r_xi", formula="eta*xi_min/(2*h*n_tasks*n)*(1 + gam*xi_min/(2*h*n))**J",
             meaning="train-train's growth of noise in a step"),
    Quantity(name="r_most", formula="eta*share*nunu/(2*h)*(1 + gam*share*max[task](nu2)/(2*h))**J",
             meaning="growth of the feature in a step, at most"),
    Quantity(name="r_least", formula="eta*seen_least*nunu/(2*h)*(1 + gam*seen_least*min[task](nu2)/(2*h))**J",
             meaning="the same, at least"),
    Quantity(name="r_val", formula="eta*xi_max/(2*h*n_tasks*n_out)", meaning="train-validation's growth of noise"),
    Quantity(name="Xi_0", formula="min[task,i](start(Xi))", meaning="smallest Xi at the start"),
    Quantity(name="G_off", meaning="largest |<xi, xi'>|",
             formula="max[task,i,a,q](abs(G_xi_xi[task,i,a,q]), not (same_task[task,a] and same[i,q]))"),
    Quantity(name="normal", formula="nunu == 1 and h == 0.5",
             meaning="Section 3 and Condition D.1: ||nu|| = 1, h = 1/2"),
    Quantity(name="even", formula="0.9*sigma_xi**2*d <= xi_min and xi_max <= 1.1*sigma_xi**2*d",
             meaning="Lemma D.2 (1) within a tenth"),
    Quantity(name="noise_starts_low", formula="0 < Xi_0 < A_J", meaning="train-train's Phase I is not empty"),
    Quantity(name="noise_first", meaning="noise is at A(J) before Lambda doubles (Theorem E.2 by Lemma D.5, repaired)",
             formula="log(A_J/Xi_0)/log(1 + r_xi)*log(1 + r_most) <= log(2) and r_most <= 1/2"),
    Quantity(name="little_cross", formula="n_tasks*n*G_off <= xi_min/10", meaning="(E.6), (E.9): cross noise"),
    Quantity(name="C_cross", formula="J*eta_inner*sigma_xi**2*sqrt(d)*sqrt(log(n_tasks*n))", meaning="Appendix F's C"),
    Quantity(name="D2", formula="m**(-1/2)*(1 + eta_inner)**(-J)", meaning="threshold of T^(2)"),
    Quantity(name="T2", formula="first(Lambda >= D2)", meaning="T^(2)"),
    Quantity(name="T3", formula="first(Lambda >= log(d)**0.1)", meaning="T^(3)"),
    Quantity(name="early", formula="Lambda < D2", meaning="t < T_j^(2)"),
    Quantity(name="middle", formula="D2 <= min[j](Lambda) and Lambda < log(d)**0.1", meaning="T^(2) <= t < T_j^(3)"),
    Quantity(name="feature_starts_low", meaning="train-validation's Phase I is not empty",
             formula="0 < min[j](start(Lambda)) and max[j](start(Lambda)) < D2"),
    Quantity(name="feature_first", meaning="Lambda is at T^(2)'s before noise doubles (Theorem F.9, the same)",
             formula="seen_least > 0 and log(D2/min[j](start(Lambda)))/log(1 + r_least)*log(1 + r_val) <= log(2)"),
    Quantity(name="adapted_noise_small", meaning="what the inner loop can make of noise and of C stays far below h",
             formula="max(C_cross, xi_start)*max[task,i](ratio)**J <= h/10"),
    Quantity(name="P_most", formula="max[task,i](P, own and outer)", meaning="largest -l' over Psi_j"),
    Quantity(name="P_least", formula="min[task,i](P, own and outer)", meaning="smallest -l' over Psi_j"),
    Quantity(name="spent", formula="at(max[j](Lambda), T)/(eta*nunu*(T - T2))",
             meaning="Lambda(T)/(eta (T - T^(2))), a polylogarithm of d over eta T"),
)

_RECURSION = (
    Statement(id="C.1", kind="identity", source="(C.1), (C.5)", text="one inner step of j <w, nu_k>",
              only=(_SMOOTH, _OFF), given=_NEXT,
              claim=f"j*u[j,r,task,s] == j*u + gam/n_in*nu2*sum[i](P_in*train*{_slope('u*y')})",
              mutant=f"j*u[j,r,task,s] == j*u + gam/n_in*nunu*sum[i](P_in*train*{_slope('u*y')})"),
    Statement(id="C.2", kind="identity", source="(C.2), (C.3), (C.4)", text="one inner step of <w, xi_{k,i}>",
              only=(_SMOOTH, _OFF), given=_NEXT,
              claim="v[j,r,task,i,s] == v + gam/n_in*j*sum[q](y[task,q]*P_in[task,q,tau]*train[q]*"
                    f"{_slope('v[j,r,task,q,tau]')}*Gk)",
              mutant="v[j,r,task,i,s] == v + gam/n_in*j*sum[q](P_in[task,q,tau]*train[q]*"
                     f"{_slope('v[j,r,task,q,tau]')}*Gk)"),
    Statement(id="A16", kind="identity", source="(C.6), (C.9)", only=_STEP,
              text="rho moves by (eta/(K n_e)) P sigma'(<w(t,J), xi>) on the outer step's examples",
              claim=f"next(rho) == rho + et/(n_tasks*n_out)*outer*P*{_slope('adapted_xi')}",
              mutant=f"next(rho) == rho + et/(n_tasks*n_out)*outer*P*{_slope('z_xi')}"),
    Statement(id="C.8", kind="identity", source="(C.8), (C.11)", only=_STEP,
              text="<w, nu> moves by ||nu||^2, not ||nu_k||^2",
              claim="j*next(z_nu) == j*z_nu + et/(n_tasks*n_out)*nunu*sum[task,i](outer*P*"
                    f"{_slope('adapted_nu_k*y')})",
              mutant="j*next(z_nu) == j*z_nu + et/(n_tasks*n_out)*sum[task,i](nu2*outer*P*"
                     f"{_slope('adapted_nu_k*y')})"),
    Statement(id="E.11", kind="identity", source="(E.11), with l' and ||nu||^2", only=_STEP,
              text="<w, nu_k> moves by the products of the tasks' features",
              claim="j*next(z_nu_k) == j*z_nu_k + et/(n_tasks*n_out)*sum[a](G_nu_k_nu_k[task,a]*sum[i](outer*P[a,i]*"
                    f"{_slope('adapted_nu_k[j,r,a]*y[a,i]')}))",
              mutant="j*next(z_nu_k) == j*z_nu_k + et/(n_tasks*n_out)*nunu*sum[a](sum[i](outer*P[a,i]*"
                     f"{_slope('adapted_nu_k[j,r,a]*y[a,i]')}))"),
    Statement(id="A16-alpha", kind="identity", source="accumulated", only=(_OFF,),
              text="j <w(t) - w(0), nu> = ||nu||^2 sum_k g_k", claim="j*(z_nu - start(z_nu)) == nunu*alpha",
              mutant="j*(z_nu - start(z_nu)) == nunu*alpha/n_tasks"),
)

_INVARIANTS = (
    Statement(id="A1", kind="inequality", text="g and rho never fall", claim="next(g) >= g and next(rho) >= rho",
              mutant="j*next(g) >= j*g"),
    Statement(id="A2", kind="inequality", only=(_FOMAML,), text="a step of g is at most eta/K, over tasks at most eta",
              claim="next(g) - g <= et/n_tasks and sum[task](next(g) - g) <= et",
              mutant="next(g) - g <= et/(4*n_tasks)"),
    Statement(id="A2-reptile", presets=("reptile",),
              kind="inequality", only=(_REPTILE,), text="a step of g is at most eps gamma J/K",
              claim="next(g) - g <= eta*gam*J/n_tasks", mutant="next(g) - g <= eta*gam/n_tasks"),
    Statement(id="A3", kind="inequality", only=(_FOMAML,), text="a step of rho is at most eta/(K n_e)",
              claim="next(rho) - rho <= et/(n_tasks*n_out)", mutant="next(rho) - rho <= et/(4*n_tasks*n_out)"),
    Statement(id="A3-reptile", presets=("reptile",),
              kind="inequality", only=(_REPTILE,), text="a step of rho is at most eps gamma J/(K n)",
              claim="next(rho) - rho <= eta*gam*J/(n_tasks*n)", mutant="next(rho) - rho <= eta*gam/(n_tasks*n)"),
    Statement(id="A4", kind="identity", only=(_VAL,), given="train", text="rho of training examples stays",
              claim="next(rho) == rho", mutant="next(rho) == rho", mutant_given=""),
    Statement(id="A5", kind="inequality", given="tau[s] > tau", text="j <w(t,tau), nu_k> never falls in tau",
              only=(_OFF,), claim="j*u[j,r,task,s] >= j*u", mutant="u[j,r,task,s] >= u"),
    Statement(id="A6", kind="inequality", source="Lemma E.1 (1), explicit", only=(_SMOOTH, _OFF),
              text="|<w(t,tau), nu_k>| <= |<w(t,0), nu_k>| (1 + gamma ||nu_k||^2/h)^tau",
              claim="abs(u) <= abs(z_nu_k)*(1 + gam*nu2/h)**tau",
              mutant="abs(u) <= abs(z_nu_k)*(1 + gam*nu2/(4*h))**tau"),
    Statement(id="4.10", presets=("reptile",),
              kind="inequality", source="Lemma E.1, the sign of <w, nu_k>", only=(_SMOOTH, _OFF),
              given="gam*nu2 <= h and j*z_nu_k < 0", text="a product keeps its sign where gamma ||nu_k||^2 <= h",
              claim="j*u <= 0", mutant="j*u <= 0", mutant_given="j*z_nu_k < 0"),
    Statement(id="lem:E.1-sign-printed", kind="inequality", source="Lemma E.1, without loss of generality",
              only=(_SMOOTH,), given="j*z_nu_k < 0", text="a negative product stays negative", claim="j*u <= 0",
              erratum="fomaml-lem:E.1-sign", instance=Instance(values=_OVERSHOOT, steps=1)),
    Statement(id="A7", kind="inequality", only=(_OFF,), text="j <w(t,tau), nu> gains at most tau gamma ||nu||^2",
              claim="j*u_nu <= j*z_nu + tau*gam*nunu", mutant="j*u_nu <= j*z_nu + 0.1*gam*nunu"),
    Statement(id="lem:F.6", kind="inequality", source="Lemma F.6, A8", only=(_OFF,),
              text="j <w(t,J), nu> <= 2 max(Lambda_j, J gamma ||nu||^2)",
              claim="j*u_nu <= 2*max(Lambda, J*gam*nunu)", mutant="j*u_nu <= max(Lambda, gam*nunu)"),
    Statement(id="A9", kind="inequality", source="Lemma F.7 (2), explicit", only=(_VAL, _OFF), given="outer",
              text="validation noise moves by cross terms alone, (tau gamma/n_1) sum |<xi', xi>| at most",
              claim="abs(v - z_xi) <= tau*gam/n_in*others", mutant="abs(v - z_xi) <= 0.2*tau*gam/n_in*others"),
    Statement(id="A10", kind="inequality", source="(E.20), explicit", only=(_SMOOTH, _OFF), given="train",
              text="|v(tau)| <= |v(0)| q^tau + c (q^tau - 1)/(q - 1)",
              claim="abs(v) <= abs(z_xi)*ratio**tau + gam/n_in*others*(ratio**tau - 1)/(ratio - 1)",
              mutant="abs(v) <= abs(z_xi)*ratio**tau"),
    Statement(id="E.6", kind="inequality", source="(E.6), explicit", only=(_SMOOTH, _OFF),
              given=f"{_NEXT} and train and own and v >= 0", text="own noise grows by its self term, less cross terms",
              claim=f"v[j,r,task,i,s] >= v + gam/n_in*P_in*{_slope('v')}*xi2 - gam/n_in*others",
              mutant=f"v[j,r,task,i,s] >= v + gam/n_in*P_in*{_slope('v')}*xi2"),
    Statement(id="A11", kind="inequality", only=(_OFF,), text="j <w, nu> never falls",
              claim="j*next(z_nu) >= j*z_nu", mutant="next(z_nu) >= z_nu"),
    Statement(id="A12", kind="inequality", source="below (E.11), Lemma F.7", only=(_OFF,),
              given="min[task,s](G_nu_k_nu_k[task,s]) >= 0",
              text="j <w, nu_k> never falls where no <nu_k, nu_k'> is negative",
              claim="j*next(z_nu_k) >= j*z_nu_k", mutant="j*next(z_nu_k) >= j*z_nu_k", mutant_given=""),
    Statement(id="A12-printed", kind="inequality", source="below (E.11), Condition 4.1 alone", only=(_OFF,),
              text="j <w, nu_k> never falls", claim="j*next(z_nu_k) >= j*z_nu_k", erratum="fomaml-cond:4.1-lower",
              instance=Instance(values=_SHORT_FEATURE, steps=20)),
    Statement(id="hyp:F.5-training-printed", kind="inequality", source="Hypothesis F.5, proof, of training examples",
              only=(_VAL, _OFF), given="train", erratum="fomaml-hyp:F.5-training",
              text="training noise moves by cross terms alone too", claim="abs(v - z_xi) <= tau*gam/n_in*others"),
    Statement(id="F.28", kind="inequality", source="(F.28), corrected", only=(_VAL, _OFF), given="outer and not own",
              text="<w_{-y}, xi> rises by at most max |<xi, xi'>| (eta/(K n_2)) sum over Psi of -l'",
              claim="next(z_xi) <= z_xi + et/(n_tasks*n_out)*G_off*sum[task,i](outer*P)",
              mutant="next(z_xi) <= z_xi + et/(1e9*n_tasks*n_out)*G_off*sum[task,i](outer*P)"),
    Statement(id="F.28-printed", kind="inequality", source="(F.28), last line", only=(_VAL, _OFF),
              given="outer and not own", erratum="fomaml-eq:F.28", text="with + sum over Psi of l'",
              claim="next(z_xi) <= z_xi - et/(n_tasks*n_out)*G_off*sum[task,i](outer*P)"),
    Statement(id="thm:F.19-step", kind="inequality", source="Theorem F.19, proof, one step, corrected",
              only=(_FOMAML, _SMOOTH, _OFF),
              text="Lambda_j rises by at most ||nu||^2 (eta/(K n_2)) sum over Psi of -l'",
              claim="next(Lambda) <= Lambda + et/(n_tasks*n_out)*nunu*sum[task,i](outer*P)",
              mutant="next(Lambda) <= Lambda + 1e-3*et/(n_tasks*n_out)*nunu*sum[task,i](outer*P)"),
    Statement(id="thm:F.19-display-printed", kind="inequality", source="Theorem F.19, proof, first display",
              only=(_OFF,), text="<w_{1,r(t+1)}(t+1), nu> <= <w_{1,r(t)}(t+1), nu>", erratum="fomaml-thm:F.19-display",
              claim="next(Lambda) <= max[r](j*next(z_nu), top_nu)", instance=Instance(values=_MANY_ITEMS, steps=40)),
    Statement(id="thm:4.5-mean", kind="identity", source="Section 6, proof of Theorem 4.5, corrected", only=(_FOMAML,),
              text="the meta-objective is the mean of l over the outer examples, while 1 - P is known to nine digits",
              given="max[task,i](P) <= 1 - 1e-7", tolerance=1e-9,
              tolerance_from="rounding of log(1 - P), P from the margin",
              claim="loss == sum[task,i](-log(1 - P)*outer)/(n_tasks*n_out)",
              mutant="loss == sum[task,i](-log(1 - P)*outer)/(n_tasks*n)"),
    Statement(id="thm:4.5-mean-printed", kind="identity", source="Section 6, proof of Theorem 4.5", only=(_FOMAML,),
              text="L-hat = sum_{k,i} l_{k,i}", erratum="fomaml-thm:4.5-mean",
              claim="loss == sum[task,i](-log(1 - P)*outer)"),
    Statement(id="A13", kind="inequality", source="(E.16), explicit", only=(_OFF,), given="not own",
              text="<w_{-y}, xi> rises by other examples' terms alone",
              claim="next(z_xi) - z_xi <= sum[a,q](d_rho[j,r,a,q]*abs(G_xi_xi[task,i,a,q])) - d_rho*xi2",
              mutant="next(z_xi) - z_xi <= sum[a,q](d_rho[j,r,a,q]*abs(G_xi_xi[task,i,a,q])) - d_rho*xi2",
              mutant_given="own"),
    Statement(id="A14", kind="inequality", source="Lemmas F.1 to F.3, explicit", only=(_OFF,),
              text="|<w, z_b>| moves by at most max_k |<z_k, z_b>|/||nu||^2 times what j <w, nu> does",
              claim="abs(next(z_z) - z_z) <= max[task](abs(G_nu_k_z))/nunu*j*(next(z_nu) - z_nu)",
              mutant="abs(next(z_z) - z_z) <= min[task](abs(G_nu_k_z))/nunu*j*(next(z_nu) - z_nu)"),
    Statement(id="F.22-monotone", kind="inequality", source="Theorem F.22, repaired", only=(_OFF,),
              given="min[task](nunu + G_nu_k_z) >= 0", text="j <w, nu + z_b> never falls",
              claim="j*next(z_nu + z_z) >= j*(z_nu + z_z)", mutant="j*next(z_z) >= j*z_z"),
    Statement(id="thm:F.22-monotone-printed", kind="inequality", source="Theorem F.22, proof", only=(_OFF,),
              text="j <w, z_b> never falls", claim="j*next(z_z) >= j*z_z", erratum="fomaml-thm:F.22-monotone",
              instance=Instance(values=_MANY_ITEMS, steps=10)),
    Statement(id="lem:F.4", kind="inequality", source="Lemma F.4, A15", only=(_OFF,),
              given="j*z_nu >= 0 and j*z_own <= z_share*j*z_nu",
              text="j <w, z_k> <= max ||z_k||^2/||nu||^2 j <w, nu>, of order sigma_s^2 d, survives the inner loop",
              claim="j*(u - u_nu) <= z_share*j*u_nu", mutant="j*(u - u_nu) <= 0.01*z_share*j*u_nu"),
)

_TRAINING = (
    Statement(id="A17", kind="inequality", source="Jensen; Theorem 4.4 (2) without its event", only=(_SMOOTH, _OFF),
              at="T", text="test loss >= l(mean margin), the noise's part has mean 0",
              claim="test_loss + 6*test_loss_se >= mean_loss",
              mutant="test_loss - 6*test_loss_se >= mean_loss + 0.1"),
    Statement(id="lem:E.1", kind="inequality", source="Lemma E.1 (2), of every example before its T^(1)", only=_E,
              given=f"{_R_E} and Xi < A_J and top and max[j,r,tau](v, own) <= h",
              text="<w(t,J), xi> >= <w(t,0), xi> (1 + gamma sigma_xi^2 d/(2 n))^J where Xi is below A(J)",
              claim="adapted_xi >= z_xi*(1 + gam*sigma_xi**2*d/(2*n))**J",
              mutant="adapted_xi >= z_xi*(1 + 2*gam*sigma_xi**2*d/n)**J"),
    Statement(id="lem:6.1-printed", kind="inequality", source="Lemma 6.1 (1), gamma^J", only=(_SMOOTH,),
              text="j <w(t,J), nu_k> <= 100 |<w(t,0), nu_k>| gamma^J",
              claim="j*adapted_nu_k <= 100*abs(z_nu_k)*eta_inner**J", erratum="fomaml-lem:6.1",
              instance=Instance(values=_SLOW, steps=1)),
    Statement(id="hyp:E.1", kind="inequality", source="Hypothesis E.1, 2 D_0 for o(1)", only=_E, until="T1",
              given=_R_E, text="max_r j <w, z_k> <= 2 D_0 Lambda_j", claim="max[r](j*z_own) <= 2*D_0*Lambda",
              mutant="max[r](j*z_own) <= 0.01*D_0*Lambda"),
    Statement(id="hyp:E.2", kind="inequality", source="Hypothesis E.2, of every example before its T^(1)", only=_E,
              given=f"{_R_E} and Xi < A_J", text="-l' >= 1/10 where Xi is below A(J), in all inner steps",
              claim="P_in >= 0.1", mutant="P_in >= 0.51"),
    Statement(id="hyp:E.3", kind="inequality", source="Hypothesis E.3", only=_E, until="T1", given=_R_E,
              text="j <w(t,tau), nu_k> <= 1/10", claim="j*u <= 0.1", mutant="j*u <= 1e-13"),
    Statement(id="hyp:E.4", kind="inequality", source="Hypothesis E.4, of every example before its T^(1)", only=_E,
              given=f"{_R_E} and Xi < A_J and own", text="sigma' is linear where Xi is below A(J): v <= h",
              claim="v <= h", mutant="v <= 1e-9*h"),
    Statement(id="thm:E.2", kind="inequality", source="Theorem E.2 (1)", only=_E, until="T1", given=_R_E,
              text="Lambda_j <= 3 Lambda_j(0) up to T^(1): 2 (1 + B)", claim="Lambda <= 3*start(Lambda)",
              mutant="Lambda <= 1.01*start(Lambda)"),
    Statement(id="rem:J=0-printed", kind="inequality", source="Section 4, Theorem 4.4 at J = 0", until="T1",
              only=(_TRAIN, _SMOOTH), text="Lambda_j <= 3 Lambda_j(0) up to T^(1)", claim="Lambda <= 3*start(Lambda)",
              erratum="fomaml-rem:J=0", instance=Instance(values=_NO_INNER, steps=1200)),
    Statement(id="thm:E.2-other", kind="inequality", source="Theorem E.2 (2), log d for the polylogarithm", only=_E,
              until="T1", given=f"{_R_E} and not own and {_NEAR}", text="<w_{-y}, xi> = O~(d^-1/2)",
              claim="z_xi <= xi_start + log(d)/sqrt(d)", mutant="z_xi <= 0.1*xi_start"),
    Statement(id="thm:E.3-lower", kind="inequality", source="Theorem E.3, lower half", only=_E, until="T1",
              given=f"{_R_E} and Xi >= A_J/2", text="Xi stays above A(J)/2 once it is", claim="next(Xi) >= A_J/2",
              mutant="next(Xi) >= 1e6*A_J"),
    Statement(id="thm:E.3-upper", kind="inequality", source="Theorem E.3, upper half corrected", only=_E, until="T1",
              given=_R_E, text="Xi <= 4 max(A(J - 1/2), eta X/(K n))", claim="Xi <= 4*max(A_half, one_step)",
              mutant="Xi <= 1e-6*max(A_half, one_step)"),
    Statement(id="thm:E.3-printed", kind="inequality", source="Theorem E.3, upper half", only=_E, until="T1",
              given=f"{_R_E} and A_J <= Xi < max[task,i](Xi)", text="Xi <= 4 A(J - 1/2)", claim="Xi <= 4*A_half",
              erratum="fomaml-thm:E.3", instance=Instance(values=_OVERSHOOT, steps=8)),
    Statement(id="claim:E.4", kind="inequality", source="Claim E.4, log d for the polylogarithm", only=_E, since="T1",
              given=f"{_R_E} and not own and {_NEAR}", text="<w_{-y}, xi> = O~(d^-1/2), adapted too",
              claim="max(z_xi, adapted_xi) <= xi_start + log(d)/sqrt(d)",
              mutant="max(z_xi, adapted_xi) <= 0.1*xi_start"),
    Statement(id="claim:E.5", kind="inequality", source="Claim E.5", only=_E, since="T1", given=_R_E,
              text="Lambda_j <= d^-1/4", claim="Lambda <= d**(-1/4)", mutant="Lambda <= d**(-1/2)"),
    Statement(id="claim:E.6", kind="inequality", source="Claim E.6, 2 D_0 for o(1)", only=_E, since="T1",
              given=_R_E, text="max_r j <w, z_k> <= 2 D_0 Lambda_j", claim="max[r](j*z_own) <= 2*D_0*Lambda",
              mutant="max[r](j*z_own) <= 0.01*D_0*Lambda"),
    Statement(id="lem:E.7", kind="inequality", source="Lemma E.7", only=_E, since="T1", given=f"{_R_E} and top",
              text="Xi >= A(J)/2, and <w(t,J), xi> >= m^-1/2/4 at the argmax",
              claim="z_xi >= A_J/2 and adapted_xi >= m**(-1/2)/4", mutant="adapted_xi >= 40*m**(-1/2)"),
    Statement(id="lem:E.8", kind="inequality", source="Lemma E.8 corrected, constant 1/4", only=_E, since="T1",
              given=f"{_R_E} and Xi >= A_less and gam*sigma_xi**2*d >= n*sqrt(m)",
              text="-l' <= max(exp(-m^-1/2 gamma X/(4 n)), n/(gamma X)) where Xi is at A(J - 1)",
              claim="P <= later", mutant="P <= exp(-4*m**(-1/2)*gam*sigma_xi**2*d/n)"),
    Statement(id="thm:E.9", kind="inequality", source="Theorem E.9, corrected", only=_E, since="T1", given=_R_E,
              text="Xi <= 4 max(A(J - 1), eta X/(K n)) and what Lemma E.8 leaves to later steps, (t - T^(1)) times "
                   "1.1 (eta X/(K n)) max(exp(-m^-1/2 gamma X/(4 n)), n/(gamma X))",
              claim="Xi <= 4*max(A_less, one_step) + 1.1*one_step*(t - T1)*later",
              mutant="Xi <= 0.001*max(A_less, one_step)"),
    Statement(id="thm:E.9-printed", kind="inequality", source="Theorem E.9", only=_E, since="T1", given=_R_E,
              text="Xi <= 4 A(J - 1)", claim="Xi <= 4*A_less", erratum="fomaml-thm:E.9",
              instance=Instance(values=_OVERSHOOT, steps=8)),
    Statement(id="thm:E.10", kind="exists", source="Theorem E.10, 4.4 (1), (E.30)", only=_E, since="T1", until="T - 1",
              given=f"{_R_E} and sqrt(m)*n_tasks*n*G_off <= xi_min/10 and T > T1",
              text="min_t of the meta-objective <= 5 sqrt(m) sum (Xi(T) - Xi(T^(1)))/(X eta (T - T^(1)))",
              claim="loss <= 5*sqrt(m)*gained/(eta*xi_min*(T - T1))",
              mutant="loss <= 0.05*sqrt(m)*gained/(eta*xi_min*(T - T1))"),
    Statement(id="thm:E.11", kind="inequality", source="Theorem E.11, 4.4 (2), by A17", only=_E, given=_R_E,
              text="test loss >= l(mean margin) >= log(2)/2", claim="mean_loss >= log(2)/2",
              mutant="mean_loss >= 1.01*log(2)"),
)

_VALIDATION = (
    Statement(id="lem:F.1", kind="inequality", source="Lemma F.1, k in [K], 2 D_0 for o(1)", only=_F,
              given="D_holds", text="max_r |<w, z_k>| <= 2 D_0 Lambda_j", claim="max[r](abs(z_own)) <= 2*D_0*Lambda",
              mutant="max[r](abs(z_own)) <= 0.01*D_0*Lambda"),
    Statement(id="lem:F.1-printed", kind="inequality", source="Lemma F.1, k in [M]", only=(_OFF,), at="0",
              text="max_r |<w, z_b>| <= Lambda_j/2 for the whole dictionary",
              claim="max[r,item](abs(z_z)) <= Lambda/2", erratum="fomaml-lem:F.1",
              instance=Instance(values=_WIDE, steps=1)),
    Statement(id="lem:F.2", kind="inequality", source="Lemma F.2, constant 4", only=_F,
              given="z_small and j*z_nu >= d**(-1/3)", text="j <w, z_k> <= 4 sigma_s^2 d j <w, nu>",
              claim="j*z_own <= 4*sigma_s**2*d*j*z_nu", mutant="j*z_own <= 0.01*sigma_s**2*d*j*z_nu"),
    Statement(id="lem:F.3", kind="inequality", source="Lemma F.3", only=_F, given="z_small and j*z_nu < d**(-1/3)",
              text="j <w, z_k> < d^-1/3", claim="j*z_own < d**(-1/3)", mutant="j*z_own < d**(-1)"),
    Statement(id="cor:F.5", kind="inequality", source="Corollary F.5, constant 4", only=_F,
              given="z_small and j*z_nu >= d**(-1/3)", text="j <w(t,J), z_k> <= 4 sigma_s^2 d j <w(t,J), nu>",
              claim="j*(u - u_nu) <= 4*sigma_s**2*d*j*u_nu", mutant="j*(u - u_nu) <= 0.01*sigma_s**2*d*j*u_nu"),
    Statement(id="lem:F.7-feature", kind="inequality", source="Lemma F.7 (1), t < T_j^(2)", only=_F,
              given=f"{_R_F} and early and top_nu", text="<w(t,J), nu_k> >= <w(t,0), nu> (1 + gamma/4)^J/2",
              claim="j*adapted_nu_k >= 0.5*Lambda*(1 + gam/4)**J", mutant="j*adapted_nu_k >= Lambda*(1 + gam)**J"),
    Statement(id="lem:F.7-noise", kind="inequality", source="Lemma F.7 (2), constant 4", only=_F,
              given=f"outer and {_NEAR}", text="<w(t,J), xi> <= 4 max(<w(t,0), xi>, C)",
              claim="adapted_xi <= 4*max(z_xi, C_cross)", mutant="adapted_xi <= 4*max(z_xi, C_cross)",
              mutant_given="train"),
    Statement(id="hyp:F.5", kind="inequality", source="Hypothesis F.5, t < T_j^(2)", only=_F,
              given=f"{_R_F} and early and own", text="-l' >= 1/10 in all inner steps", claim="P_in >= 0.1",
              mutant="P_in >= 0.51"),
    Statement(id="hyp:F.6", kind="inequality", source="Hypothesis F.6, t < T_j^(2)", only=_F,
              given=f"{_R_F} and early and D2*(1 + gam*share*max[task](nu2)/(2*h))**J <= 0.9*h",
              text="sigma' is linear along the features: j <w(t,tau), nu_k> <= h", claim="j*u <= h",
              mutant="j*u <= 1e-6*h"),
    Statement(id="thm:F.9", kind="inequality", source="Theorem F.9", only=_F,
              given=f"{_R_F} and outer and min[j](Lambda) < D2",
              text="validation noise stays: Xi-hat <= 3 Xi-hat(0), Gamma-hat <= 3 Gamma-hat(0) before T^(2)",
              claim="Xi_hat <= 3*start(Xi_hat) and Gamma_hat <= 3*start(Gamma_hat)",
              mutant="Xi_hat <= 0.5*start(Xi_hat)"),
    Statement(id="claim:F.10", kind="inequality", source="Claim F.10, log d for the polylogarithm", only=_F,
              since="T2", given=f"{_R_F} and outer", text="Gamma-tilde = O~(d^-1/2) on Psi",
              claim="Gamma_tilde <= 2*xi_start + C_cross + log(d)/sqrt(d)", mutant="Gamma_tilde <= 0.01*xi_start"),
    Statement(id="rem:F.12", kind="inequality", source="Remark F.12, 1/10 for o(1)", only=_F, since="T2",
              given=f"{_R_F} and outer", text="Gamma-tilde = o(1) Xi-tilde on Psi", claim="Gamma_tilde <= Xi_tilde/10",
              mutant="Gamma_tilde <= Xi_tilde/1e4"),
    Statement(id="claim:F.11", kind="inequality", source="Claim F.11", only=_F,
              given=f"{_R_F} and middle and own and outer", text="Xi-tilde <= d^-1/4 on Psi_j before T_j^(3)",
              claim="Xi_tilde <= d**(-1/4)", mutant="Xi_tilde <= d**(-1/3)/2"),
    Statement(id="lem:F.14", kind="inequality", source="Lemma F.14, constant 1/20", only=_F,
              given=f"{_R_F} and middle and top_nu", text="j <w(t,J), nu_k> >= m^-1/2/20 at the argmax, all k",
              claim="j*adapted_nu_k >= m**(-1/2)/20", mutant="j*adapted_nu_k >= 40*m**(-1/2)"),
    Statement(id="lem:F.15", kind="inequality", source="Lemma F.15, equal class counts", only=_F,
              given=f"{_R_F} and middle and equal and m*gam*sigma_s**2*d <= 1",
              text="-l' within a factor 10 on Psi_j, where m gamma sigma_s^2 d <= 1",
              claim="P_most <= 10*P_least", mutant="P_most <= P_least"),
    Statement(id="lem:F.15-printed", kind="inequality", source="Lemma F.15", only=_F,
              given=f"{_R_F} and middle and m*sigma_s**2*d*Lambda <= 1",
              text="-l' within a factor 10 on Psi_j", claim="P_most <= 10*P_least", erratum="fomaml-lem:F.15",
              instance=Instance(values=_UNEQUAL, steps=20)),
    Statement(id="lem:F.16", kind="inequality", source="Lemma F.16", only=_F,
              given=f"{_R_F} and middle and own and outer", text="-l' >= d^-1/8 on Psi_j before T_j^(3)",
              claim="P >= d**(-1/8)", mutant="P >= 0.5"),
    Statement(id="thm:F.18", kind="exists", source="Theorem F.18, 6.5, d^2 for T", only=_F, given=_R_F, since="T2",
              until="d**2", text="T^(3) comes within T = poly(d)", claim="Lambda >= log(d)**0.1",
              mutant="Lambda >= d"),
    Statement(id="thm:F.19", kind="inequality", source="Theorem F.19", only=_F, given=_R_F,
              text="Lambda_j <= log(d)^1.2", claim="Lambda <= log(d)**1.2", mutant="Lambda <= 0.01"),
    Statement(id="lem:F.20", kind="exists", source="Lemma F.20, 6.4", only=_F, since="T2", until="T - 1",
              given=_R_F, text="min_t of the sum of -l' over Psi <= 20 sqrt(m) K n_2 Lambda(T)/(eta (T - T^(2))); "
              "slopes are m^-1/2/10 at least, by Lemma F.14",
              claim="sum[task,i](P, outer) <= 20*sqrt(m)*n_tasks*n_out*spent", mutant="sum[task,i](P, outer) <= 1e-12"),
    Statement(id="thm:F.21", kind="exists", source="Theorem F.21, 4.5 (1)", only=_F, since="T2", until="T - 1",
              given=_R_F, text="min_t of the meta-objective <= 40 sqrt(m) Lambda(T)/(eta (T - T^(2)))",
              claim="loss <= 40*sqrt(m)*spent", mutant="loss <= 1e-12"),
    Statement(id="thm:F.22", kind="inequality", source="Theorem F.22, 4.5 (2), at T >= T^(3)", only=_F, at="T",
              given=f"{_R_F} and T3 <= T", text="test loss <= 2 exp(1/4) exp(-log(d)^0.1), 10% for the part of z",
              claim="test_loss - 6*test_loss_se <= 2.2*exp(h/2 - log(d)**0.1)", mutant="test_loss <= 1e-12"),
)

_LOTS = "m >= log(20*n_tasks*n)/0.5129840754094305"  # every item's failure in its share of delta

_DATA = (
    Statement(id="lem:G.1", kind="probability", source="Lemmas D.2 (1), (2), G.1, with d - M - 1 for d", at="0",
              delta="0.1", only=(_OFF,), given="R >= 48*log(12*(n_tasks*n)**2/0.1)",
              text="jointly: R sigma_xi^2/2 <= ||xi||^2 <= 3 R sigma_xi^2/2, |<xi, xi'>| <= 2 sigma_xi^2 sqrt(R log(4 "
              "(K n)^2/delta))",
              claim="sigma_xi**2*R/2 <= xi2 <= 3*sigma_xi**2*R/2 and "
                    "G_off <= 2*sigma_xi**2*sqrt(R*log(4*(n_tasks*n)**2/0.1))",
              mutant="sigma_xi**2*R/2 <= xi2 <= 3*sigma_xi**2*R/2 and "
                     "G_off <= 0.7*sigma_xi**2*sqrt(R*log(4*(n_tasks*n)**2/0.1))"),
    Statement(id="lem:G.2", kind="probability", source="Lemma G.2, D.2 (3) to (6), m >= 2 log(2 K n/delta)", at="0",
              delta="0.1", only=(_OFF,), given=_LOTS,
              text="jointly: the products of the start with nu and the noises, from above and the largest from below",
              claim="nu_start <= sqrt(2*log(8*m/0.1)*nunu)*sigma_0 and "
                    "abs(z_xi) <= sqrt(2*log(8*m*n_tasks*n/0.1)*xi2)*sigma_0 and Lambda >= sigma_0*sqrt(nunu)/2 and "
                    "max[r](z_xi) >= sigma_0*sqrt(xi2)/4",
              mutant="nu_start <= sqrt(2*log(8*m/0.1)*nunu)*sigma_0 and "
                     "abs(z_xi) <= sqrt(2*log(8*m*n_tasks*n/0.1)*xi2)*sigma_0 and Lambda >= 2*sigma_0*sqrt(nunu)"),
    Statement(id="lem:D.2", kind="probability", source="Lemma D.2 (7), (8), with K in the union and k in [K]", at="0",
              delta="0.1", only=(_OFF,), given="m >= log(20*n_tasks)/0.5129840754094305",
              text="jointly: sigma_0 ||z_k||/4 <= max_r j <w, z_k> and |<w, z_k>| <= sqrt(2 log(4 m K/delta)) sigma_0 "
              "||z_k||",
              claim="abs(z_own) <= sqrt(2*log(4*m*n_tasks/0.1)*(nu2 - nunu))*sigma_0 and "
                    "max[r](j*z_own) >= sigma_0*sqrt(nu2 - nunu)/4",
              mutant="abs(z_own) <= sqrt(log(4*m*n_tasks/0.1)*(nu2 - nunu)/2)*sigma_0"),
    Statement(id="lem:D.2-joint", kind="probability", source="Lemma D.2, its items at once, thirds of delta", at="0",
              delta="0.1", only=(_OFF,), given="R >= 48*log(36*(n_tasks*n)**2/0.1) and "
              "m >= log(60*n_tasks*n/0.1)/0.5129840754094305",
              text="jointly: lengths and products of the noises, and the products of the start with nu, noises and z_k",
              claim="sigma_xi**2*R/2 <= xi2 <= 3*sigma_xi**2*R/2 and "
                    "G_off <= 2*sigma_xi**2*sqrt(R*log(12*(n_tasks*n)**2/0.1)) and "
                    "nu_start <= sqrt(2*log(24*m/0.1)*nunu)*sigma_0 and "
                    "abs(z_xi) <= sqrt(2*log(24*m*n_tasks*n/0.1)*xi2)*sigma_0 and "
                    "Lambda >= sigma_0*sqrt(nunu)/2 and max[r](z_xi) >= sigma_0*sqrt(xi2)/4 and "
                    "abs(z_own) <= sqrt(2*log(24*m*n_tasks/0.1)*(nu2 - nunu))*sigma_0 and "
                    "max[r](j*z_own) >= sigma_0*sqrt(nu2 - nunu)/4",
              mutant="sigma_xi**2*R/2 <= xi2 <= 3*sigma_xi**2*R/2 and "
                     "G_off <= 0.7*sigma_xi**2*sqrt(R*log(12*(n_tasks*n)**2/0.1))"),
    Statement(id="lem:G.1-printed", kind="probability", source="Lemmas D.2 (1), G.1, at M = d/2", at="0", delta="0.1",
              text="sigma_xi^2 d/2 <= ||xi||^2 <= 3 sigma_xi^2 d/2",
              claim="sigma_xi**2*d/2 <= xi2 <= 3*sigma_xi**2*d/2", erratum="fomaml-lem:G.1",
              instance=Instance(values=_HALF, steps=1)),
    Statement(id="lem:D.2-8-printed", kind="probability", source="Lemma D.2 (8), k in [M]", at="0", delta="0.1",
              text="sigma_0 sigma_s sqrt(d)/4 <= max_r j <w(0), z_b>",
              claim="sigma_0*sigma_s*sqrt(d)/4 <= max[r](j*z_z)", erratum="fomaml-lem:D.2-8",
              instance=Instance(values=_HALF, steps=1)),
)

STATEMENTS = Statements(
    paper="Zuo, Chen, Yao, Cao and Gu, ICLR 2023",
    quantities=QUANTITIES,
    statements=(
        *on(("theorem-4.4",), *_TRAINING), *on(("theorem-4.5",), *_VALIDATION),
        *on(("theorem-4.5",), *_RECURSION, *_INVARIANTS), *on(("lemma-D.2",), *_DATA),
    ),
)
