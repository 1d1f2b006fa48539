"""Statements of Meng, Cao and Zou, arXiv:2303.17940, that can be executed, and exact invariants of the recursion.

Ids: B1 to B3 the data and initialisation lemmas, P.. propositions of Section 5, D.. of Appendix D (Theorem 3.2), E.. of
Appendix E (Theorem 3.3), T.. the theorems; I1 to I15 exact invariants of one step (not in the paper), L.. its linear
stage.  A trailing "-printed" is a form that is false, with its erratum; it is expected to be violated.

The paper's E_pre, "Lemmas B.1 to B.3 hold", enters as its parts, each statement with the parts that it uses.  Theorems
with hidden constants are stated under the repaired hypotheses R1 to R5 of `conditions`, with constant 1.
"""

from __future__ import annotations

from ...declare import Instance, Only, Path, Quantity, Statement, Statements, Value

_Values = tuple[tuple[str, Value], ...]

_SQUARE = Only(parameter="q", values=(2,), why="ReLU^2")
_MEAN = Only(parameter="neurons", values=("mean",), why="the mean over filters")
_HALF = Only(parameter="penalty_half", values=(True,), why="a penalty with 1/2")
_OFF = Only(parameter="project_noise", values=(True,), why="noise orthogonal to mu")
_PEGR = Only(parameter="regularizer", values=("pegr",), why="PEGR (Theorem 3.2)")
_PLAIN = Only(parameter="regularizer", values=("none",), why="gradient descent without penalty (Theorem 3.3)")
_EITHER = Only(parameter="regularizer", values=("pegr", "none"), why="PEGR and gradient descent")

_PAPER = (_SQUARE, _MEAN, _HALF, _OFF)
_STEP = (_EITHER, _SQUARE, _OFF)
_GD = (_PLAIN, _SQUARE, _MEAN, _OFF)
_PENALISED = (_PEGR, *_PAPER)

# Parameter points of the false statements' own; each shows its erratum.
_LARGE_M: _Values = (("n", 20), ("m", 40), ("d", 1e6), ("sigma_p", 0.02), ("mu_norm", 0.5), ("sigma_0", 0.0025),
                     ("eta", 0.2), ("lam", 0.05), ("regularizer", "pegr"))
_LARGE_STEP: _Values = (("n", 30), ("m", 5), ("d", 1e6), ("sigma_p", 0.2), ("sigma_0", 2.5e-5), ("eta", 0.001875),
                        ("lam", 0.005), ("regularizer", "pegr"))
_LARGE_D: _Values = (("n", 30), ("m", 20), ("d", 1e8), ("sigma_p", 0.006), ("sigma_0", 2.8e-7), ("eta", 0.0083),
                     ("regularizer", "none"))
_LARGE_N: _Values = (("n", 2000), ("m", 4), ("d", 1e8), ("sigma_p", 0.002), ("sigma_0", 0.0025), ("eta", 10.0),
                     ("regularizer", "none"))
_FIGURE_2: _Values = (("n", 20), ("m", 10), ("d", 400), ("sigma_p", 1.0), ("eta", 0.02), ("lam", 0.01),
                      ("lam_until", 800), ("regularizer", "pegr"))
_LARGE_LAM: _Values = (("n", 20), ("m", 10), ("d", 400), ("sigma_p", 1.0), ("eta", 0.2), ("lam", 0.5),
                       ("lam_until", 800), ("regularizer", "fgr"), ("penalty_half", False))
_LEARNED: _Values = (("n", 20), ("m", 10), ("sigma_p", 1.0), ("eta", 0.2), ("regularizer", "none"))
_LONGER = Path(scales=(1, 3, 10), steps="300", values=(
    ("n", "20"), ("m", "5"), ("d", "1e6"), ("sigma_p", "0.02*s"), ("mu_norm", "0.1"), ("sigma_0", "2.5e-6/s**2"),
    ("eta", "0.0125/s**2"), ("regularizer", "none")))

QUANTITIES = (
    Quantity(name="A", formula="z_mu", meaning="<w_{j,r}, mu>"),
    Quantity(name="h", formula="z_xi", meaning="<w_{j,r}, xi_i>"),
    Quantity(name="G", formula="G_xi_xi", meaning="<xi_i, xi_k>"),
    Quantity(name="mu2", formula="G_mu_mu", meaning="||mu||^2"),
    Quantity(name="xi2", formula="G[i,i]", meaning="||xi_i||^2"),
    Quantity(name="a", formula="relu(A*y)", meaning="ReLU(<w, y_i mu>), (j, r, i)"),
    Quantity(name="b", formula="relu(h)", meaning="ReLU(<w, xi_i>), (j, r, i)"),
    Quantity(name="F", formula="kappa*sum[r](a**2 + b**2)", meaning="F_j(x_i), (j, i)"),
    Quantity(name="F_other", formula="sum[j](F, not own)", meaning="F_{-y_i}(x_i)"),
    Quantity(name="l2", formula="exp(-abs(margins))/(1 + exp(-abs(margins)))**2", meaning="l''_i"),
    Quantity(name="pen", formula="2*c*lam_t", meaning="lambda at step t, for a penalty with 1/2"),
    Quantity(name="slope", formula="1 + 4*kappa**2*pen*zeta*l2", meaning="1 + 4 lambda zeta_i l''_i/m^2"),
    Quantity(name="alpha", formula="j*y*l1*slope + 2*kappa*pen*l1**2*xi2", meaning="rate of h along xi_i, (j, i)"),
    Quantity(name="n_own", formula="sum[i](own)", meaning="examples of class j"),
    Quantity(name="n_plus", formula="sum[i](y > 0)", meaning="examples of class +1"),
    Quantity(name="S", formula="sigma_p*sqrt(d)", meaning="noise length sigma_p sqrt(d)"),
    Quantity(name="Lm", formula="log(8*m/delta)", meaning="logarithm of Lemma B.3, signal"),
    Quantity(name="Lg", formula="log(8*m*n/delta)", meaning="logarithm of Lemma B.3, noise"),
    Quantity(name="L2", formula="log(4*n**2/delta)", meaning="logarithm of Lemma B.2"),
    Quantity(name="LT", formula="log(max(T, exp(2)))", meaning="log T*, T the steps of the run, at least 2"),
    Quantity(name="cross", formula="n*sqrt(L2/d)*LT", meaning="crosstalk n sqrt(log(4n^2/delta)/d) log T*"),
    Quantity(name="T_1", formula="m/(eta*mu_norm**2)*log(4/(sqrt(2*Lm)*sigma_0*mu_norm*log(n)))",
             meaning="Theorem 3.2's T_1"),
    Quantity(name="T_1E", formula="n*m/(eta*S**2)*log(0.8/(2*log(n)*sqrt(Lg)*sigma_0*S))",
             meaning="Proposition E.1's T_1"),
    Quantity(name="B1", formula="abs(n_plus - n/2) <= sqrt(n*log(4/delta)/2)", meaning="Lemma B.1"),
    Quantity(name="B2a", formula="all[i](S**2/2 <= xi2 <= 3*S**2/2)", meaning="Lemma B.2, lengths"),
    Quantity(name="B2b", formula="max[i,k](abs(G[i,k]), not same[i,k]) <= 2*sigma_p**2*sqrt(d*L2)",
             meaning="Lemma B.2, products"),
    Quantity(name="B3a", formula="max[j,r](abs(start(A))) <= sqrt(2*Lm)*sigma_0*mu_norm",
             meaning="Lemma B.3, <w(0), mu>"),
    Quantity(name="B3b", formula="max[j,r,i](abs(start(h))) <= 2*sqrt(Lg)*sigma_0*S", meaning="Lemma B.3, <w(0), xi>"),
    Quantity(name="B3c", formula="min[j](max[r](j*start(A))) >= sigma_0*mu_norm/2",
             meaning="Lemma B.3, active signal"),
    Quantity(name="B3d", formula="min[j,i](max[r](start(h))) >= sigma_0*S/4",
             meaning="Lemma B.3, active noise, without j"),
    Quantity(name="E_pre", formula="B1 and B2a and B2b and B3a and B3b and B3c and B3d",
             meaning="Lemmas B.1 to B.3 hold"),
    Quantity(name="R1", formula="2*c*lam*S**2 >= m", meaning="PEGR suppresses noise"),
    Quantity(name="R2", formula="4*c*lam*mu_norm**2 <= m", meaning="PEGR keeps signal"),
    Quantity(name="R3", formula="2*c*eta*lam*S**4 <= n*m**2 and 10*eta*S**2 <= n*m", meaning="the step is small"),
    Quantity(name="R3b", formula="10*eta*S**2 <= n*m", meaning="the plain step is small"),
    Quantity(name="R4", formula="2*n*mu_norm**2/S**2*log(1/(sigma_0*S)) <= log(2)", meaning="the signal stays small"),
    Quantity(name="R5", formula="d >= n**2*L2*LT**2", meaning="the noise is nearly orthogonal"),
    Quantity(name="small", formula="max[i](abs(margins)) <= 0.02 and max[i](slope) <= 1.01", meaning="linear stage"),
    Quantity(name="hit", formula="first(loss <= eps and t >= T_1)", meaning="first t >= T_1 with L_S <= eps"),
    Quantity(name="hit_plain", formula="first(loss <= eps)", meaning="first t with L_S <= eps"),
    Quantity(name="T_2E", formula="first(min[i](max_rho_over) >= 2)", meaning="end of Proposition E.2's stage"),
    Quantity(name="star", formula="4*m*log(4/eps)", meaning="<w* - w(0), xi_i> up to crosstalk"),
    Quantity(name="h_star", formula="start(h) + star*sum[k](own[j,k]*G[i,k]/G[k,k])",
             meaning="<w*, xi_i>, W* corrected"),
    Quantity(name="u_printed", formula="rho/xi2 - star*own/sqrt(xi2)",
             meaning="coefficients of W - W*, W* as printed"),
    Quantity(name="distance_printed", meaning="||W - W*||, W* as printed",
             formula="sqrt(sum[j,r](gamma**2)/mu2 + sum[j,r,i,k](u_printed*u_printed[j,r,k]*G[i,k]))"),
)

_DATA = (
    Statement(id="B1", kind="probability", source="Lemma B.1", text="the classes are balanced", at="0", claim="B1",
              given="n >= 8*log(4/delta)", mutant="abs(n_plus - n/2) <= sqrt(n)/40"),
    Statement(id="B2a", kind="probability", source="Lemma B.2", text="S^2/2 <= ||xi_i||^2 <= 3S^2/2", at="0",
              claim="S**2/2 <= xi2 <= 3*S**2/2", given="d >= log(4*n/delta)", mutant="S**2 <= xi2 <= 3*S**2/2"),
    Statement(id="B2b", kind="probability", source="Lemma B.2",
              text="|<xi_i, xi_k>| <= 2 sigma_p^2 sqrt(d log(4n^2/delta)), i != k", at="0",
              claim="abs(G[i,k]) <= 2*sigma_p**2*sqrt(d*L2)", given="d >= log(4*n/delta) and not same[i,k]",
              mutant="abs(G[i,k]) <= 0.1*sigma_p**2*sqrt(d*L2)"),
    Statement(id="B2-printed", kind="probability", source="Lemma B.2", text="the same for all i, k", at="0",
              claim="abs(G[i,k]) <= 2*sigma_p**2*sqrt(d*L2)", given="d >= 16*L2", erratum="pegr-B.2"),
    Statement(id="B3a", kind="probability", source="Lemma B.3",
              text="|<w(0), mu>| <= sqrt(2 log(8m/delta)) sigma_0 ||mu||", at="0",
              claim="abs(A) <= sqrt(2*Lm)*sigma_0*mu_norm", mutant="abs(A) <= sqrt(Lm/8)*sigma_0*mu_norm"),
    Statement(id="B3b", kind="probability", source="Lemma B.3",
              text="|<w(0), xi_i>| <= 2 sqrt(log(8mn/delta)) sigma_0 S", at="0",
              claim="abs(h) <= 2*sqrt(Lg)*sigma_0*S", mutant="abs(h) <= sqrt(Lg/8)*sigma_0*S"),
    Statement(id="B3c", kind="probability", source="Lemma B.3", text="max_r j <w(0), mu> >= sigma_0 ||mu||/2", at="0",
              claim="max[r](j*A) >= sigma_0*mu_norm/2", given="0.36894*m >= log(2/delta)",
              mutant="min[r](j*A) >= sigma_0*mu_norm/2"),
    Statement(id="B3d", kind="probability", source="Lemma B.3, m >= log(2n/delta)/-log Phi(1/4)", at="0",
              text="max_r <w(0), xi_i> >= sigma_0 S/4", claim="max[r](h) >= sigma_0*S/4",
              given="0.5129840754094305*m >= log(2*n/delta)", mutant="max[r](h) >= 2*sigma_0*S"),
    Statement(id="B3d-printed", kind="probability", source="Lemma B.3, m >= log(1/delta)", at="0",
              text="max_r j <w(0), xi_i> >= sigma_0 S/4", claim="max[r](j*h) >= sigma_0*S/4",
              given="m >= log(1/delta)", erratum="pegr-B.3",
              instance=Instance(values=(("n", 200), ("m", 10), ("d", 400)), steps=0)),
)

_INVARIANTS = (
    Statement(id="I1", kind="inequality", source="(5.2)",
              text="without penalty gamma and rho-bar never fall, rho-underbar never rises",
              claim="next(gamma) >= gamma and next(rho_over) >= rho_over and next(rho_under) <= rho_under",
              given="lam_t == 0", mutant="next(rho_under) >= rho_under"),
    Statement(id="I2", kind="inequality", source="Lemma 5.3", text="rho-underbar never rises, whatever lambda",
              only=_STEP, claim="next(rho_under) <= rho_under", mutant="next(rho_over) <= rho_over"),
    Statement(id="I3", kind="inequality", source="Lemma 5.3", only=_STEP, given="own and h > 0",
              text="rho_i of an active own filter moves with the sign of 1 + 4 lam zeta l''/m^2 - (2 lam/m)|l'| "
                   "||xi||^2", claim="(next(rho) - rho)*(slope - 2*kappa*pen*abs(l1)*xi2) >= 0",
              mutant="(next(rho) - rho)*(slope + 2*kappa*pen*abs(l1)*xi2) >= 0"),
    Statement(id="I4", kind="inequality", source="Lemma 5.3", text="gamma never falls where 2 lambda ||mu||^2 <= m",
              only=_STEP, claim="next(gamma) >= gamma", given="2*kappa*pen*mu2 <= 1", mutant="next(gamma) >= gamma",
              mutant_given=""),
    Statement(id="I5", kind="identity", source="Lemma 5.3", only=_STEP, given="A*A[j,q] > 0",
              text="<w_{j,r}, mu> of one head and sign share one multiplier a step",
              claim="next(A)*A[j,q] == next(A[j,q])*A", mutant="next(A)*A[j,q] == next(A[j,q])*A", mutant_given=""),
    Statement(id="I6", kind="identity", source="Lemma 5.3", only=_STEP,
              text="h <- h - (2 eta/(n m)) G diag(alpha) ReLU(h), one map for each head",
              claim="next(h) == h - 2*eta*kappa/n*sum[k](b[j,r,k]*alpha[j,k]*G[i,k])",
              mutant="next(h) == h - 2*eta*kappa/n*b*alpha*xi2"),
    Statement(id="I6-frozen", kind="identity", source="Lemma 5.3", only=_STEP, given="max[i](h) <= 0",
              text="a filter without an active noise keeps its rho", claim="next(rho) == rho",
              mutant="next(rho) == rho", mutant_given=""),
    Statement(id="I7", kind="identity", source="A.1", text="||grad L_i||^2 = 4 l'^2 zeta/m^2 (one example)",
              only=(_SQUARE, _OFF), given="n == 1", claim="gradient_norm**2 == 4*kappa**2*sum[i](l1**2*zeta)",
              mutant="gradient_norm**2 == 4*kappa*sum[i](l1**2*zeta)"),
    Statement(id="I7-zeta", kind="identity", source="A.1", text="zeta_i = sum (a^2 ||mu||^2 + b^2 ||xi_i||^2)",
              only=(_SQUARE, _OFF), claim="zeta == sum[j,r](a**2*mu2 + b**2*xi2)",
              mutant="zeta == sum[j,r](a**2*mu2)"),
    Statement(id="I8", kind="inequality", source="Section 5.4", only=(_SQUARE, _OFF),
              text="||grad L_S||^2 <= mean_i ||grad L_i||^2: PEGR is FGR plus the gradients' variance",
              claim="gradient_norm**2 <= 4*kappa**2*mean[i](l1**2*zeta)",
              mutant="gradient_norm**2 >= 4*kappa**2*mean[i](l1**2*zeta)"),
    Statement(id="I8-products", kind="identity", source="Section 5.4", only=(_SQUARE, _OFF),
              text="||grad L_S||^2 is the mean of the gradients' inner products",
              claim="gradient_norm**2 == 4*kappa**2/n**2*sum[j,r,i,k](l1*l1[k]*y*y[k]*(a*a[j,r,k]*y*y[k]*mu2 + "
                    "b*b[j,r,k]*G[i,k]))",
              mutant="gradient_norm**2 == 4*kappa**2/n**2*sum[j,r,i,k](l1*l1[k]*(a*a[j,r,k]*mu2 + "
                     "b*b[j,r,k]*G[i,k]))"),
    Statement(id="I9", kind="inequality", source="A.1",
              text="zeta_i is between m min and m max(||mu||^2, ||xi_i||^2) times F_+ + F_-", only=(_SQUARE, _OFF),
              claim="min(mu2, xi2)*sum[j](F)/kappa <= zeta <= max(mu2, xi2)*sum[j](F)/kappa",
              mutant="mu2*sum[j](F)/kappa <= zeta"),
    Statement(id="I10", kind="identity", source="2-homogeneity",
              text="||W||^2 grows by -(4 eta/n) sum l' z + eta^2 ||grad L_S||^2", only=(_SQUARE, _OFF),
              given="lam_t == 0",
              claim="next(norm)**2 - norm**2 == -4*eta*mean[i](l1*margins) + eta**2*gradient_norm**2",
              mutant="next(norm)**2 - norm**2 == -4*eta*mean[i](l1*margins)"),
    Statement(id="I11", kind="inequality", source="(E.7)",
              text="|<w, mu>| grows by at most 1 + 2 eta ||mu||^2 max(n_+, n_-)/(n m)", only=(_SQUARE, _OFF),
              given="lam_t == 0", claim="abs(next(A)) <= abs(A)*(1 + 2*eta*kappa*mu2*max[j](n_own)/n)",
              mutant="abs(next(A)) <= abs(A)*(1 + 0.5*eta*kappa*mu2*max[j](n_own)/n)"),
    Statement(id="I12", kind="inequality", source="sharpens Lemma 5.5", only=(_SQUARE, _OFF),
              text="||grad L_S||^2 <= (4/m) mean_i l'^2 max(||mu||^2, ||xi_i||^2) (F_+ + F_-)",
              claim="gradient_norm**2 <= 4*kappa*mean[i](l1**2*max(mu2, xi2)*sum[j](F))",
              mutant="gradient_norm**2 <= kappa*mean[i](l1**2*max(mu2, xi2)*sum[j](F))"),
    Statement(id="I14", kind="identity", source="Definition 5.2", only=(_OFF,), tolerance=1e-9,
              tolerance_from="rounding of one addition a step, for up to 10^6 steps",
              text="<w, mu> = <w(0), mu> + j gamma and <w, xi_i> = <w(0), xi_i> + sum_k rho_k <xi_i, "
                   "xi_k>/||xi_k||^2",
              claim="A == start(A) + j*gamma and h == start(h) + sum[k](rho[j,r,k]*G[i,k]/G[k,k])",
              mutant="A == start(A) + gamma and h == start(h) + rho"),
    Statement(id="I15", kind="inequality", source="logistic loss",
              text="|l' + 1/2| <= |z|/4, 0 <= l'' <= 1/4, -l' <= l, -l' <= e^-z",
              claim="abs(l1 + 1/2) <= abs(margins)/4 and 0 <= l2 <= 1/4 and -l1 <= log(1 + exp(-margins)) and -l1 "
                    "<= exp(-margins)", mutant="abs(l1 + 1/2) <= abs(margins)/9"),
)

_RECURSION = (
    Statement(id="5.3", kind="identity", source="Lemma 5.3, (A.2), (A.3)",
              text="the recursion of gamma and rho, corrected", only=_STEP,
              claim="next(gamma) == gamma - 2*eta*kappa*mu2/n*sum[i](l1*slope*a + 2*kappa*pen*l1**2*a*mu2*j*y) and "
                    "next(rho) == rho - 2*eta*kappa*xi2/n*b*alpha",
              mutant="next(gamma) == gamma - 2*eta*kappa*mu2/n*sum[i](l1*slope*a - 2*kappa*pen*l1**2*a*mu2*j*y)"),
    Statement(id="5.3-printed", kind="identity", source="Lemma 5.3, (A.2), (A.3)",
              text="with zeta/m in place of zeta/m^2", only=_STEP, given="lam_t > 0 and m > 1 and slope > 1",
              erratum="pegr-5.3",
              claim="next(rho) == rho - 2*eta*kappa*xi2/n*b*(l1*(1 + 4*kappa*pen*zeta*l2)*j*y + "
                    "2*kappa*pen*l1**2*xi2)"),
    Statement(id="5.2-printed", kind="identity", source="(5.2) = (C.1)", text="rho-bar's line without 1{j = y_i}",
              only=(_SQUARE, _OFF), given="lam_t == 0 and not own and b > 1e-200", erratum="pegr-5.2",
              claim="next(rho_over) == rho_over - 2*eta*kappa*xi2/n*l1*b"),
    Statement(id="E.7", kind="identity", source="(E.7)", text="one plain step of <w, y_i mu>, corrected",
              only=(_SQUARE, _OFF), given="lam_t == 0",
              claim="next(A*y) == A*y - 2*eta*kappa*mu2/n*j*y*sum[k](l1[k]*a[j,r,k])",
              mutant="next(A*y) == A*y + 2*eta*kappa*mu2/n*j*y*sum[k](l1[k]*a[j,r,k])"),
    Statement(id="E.7-printed", kind="identity", source="(E.7)", text="with y_{i'} and <w, y_i mu> interchanged",
              only=(_SQUARE, _OFF), given="lam_t == 0", erratum="pegr-E.7",
              claim="next(A*y) == A*y - 2*eta*kappa*mu2/n*j*sum[k](l1[k]*y[k])*a"),
    Statement(id="E.8", kind="identity", source="(E.8)", text="one plain step of <w, xi_i>", only=(_SQUARE, _OFF),
              given="lam_t == 0", claim="next(h) == h - 2*eta*kappa/n*sum[k](j*l1[k]*y[k]*b[j,r,k]*G[i,k])",
              mutant="next(h) == h - 2*eta*kappa/n*sum[k](j*l1[k]*b[j,r,k]*G[i,k])"),
    Statement(id="C.7", kind="inequality", source="(C.7), with its 1/m", only=(_SQUARE,), given="own",
              text="|l'_i| <= exp(-ReLU^2(<w, xi_i>)/m + F_{-y_i}(x_i))", claim="abs(l1) <= exp(F_other - kappa*b**2)",
              mutant="abs(l1) <= exp(F_other - 3*kappa*b**2)"),
    Statement(id="C.7-printed", kind="inequality", source="Proposition C.1, proof", only=(_SQUARE, _MEAN), given="own",
              text="|l'_i| <= exp(-ReLU^2(<w, xi_i>) + F_{-y_i}(x_i))", claim="abs(l1) <= exp(F_other - b**2)",
              erratum="pegr-C.1", instance=Instance(values=_LEARNED, steps=600)),
)

_LINEAR = (
    Statement(id="L1", kind="inequality", source="linear stage, within 3%",
              text="active signal grows by (eta ||mu||^2/m)(n_j/n)(1 - lam ||mu||^2/m)", only=_STEP,
              given="small and j*A > 0",
              claim="abs(next(A) - A - A*eta*kappa*mu2*n_own/n*(1 - kappa*pen*mu2)) <= "
                    "0.03*abs(A)*eta*kappa*mu2*n_own/n*(1 + kappa*pen*mu2)",
              mutant="abs(next(A) - A - A*eta*kappa*mu2*(1 - kappa*pen*mu2)) <= 0.03*abs(A)*eta*kappa*mu2*(1 + "
                     "kappa*pen*mu2)"),
    Statement(id="L2", kind="inequality", source="linear stage, within 3%", only=_STEP, given="small and j*A < 0",
              text="inactive signal shrinks by (eta ||mu||^2/m)(n_{-j}/n)(1 + lam ||mu||^2/m)",
              claim="abs(next(A) - A + A*eta*kappa*mu2*(1 - n_own/n)*(1 + kappa*pen*mu2)) <= "
                    "0.03*abs(A)*eta*kappa*mu2*(1 - n_own/n)*(1 + kappa*pen*mu2)",
              mutant="abs(next(A) - A + A*eta*kappa*mu2*n_own/n*(1 + kappa*pen*mu2)) <= "
                     "0.03*abs(A)*eta*kappa*mu2*n_own/n"),
    Statement(id="L3", kind="inequality", source="linear stage, within 3%", only=_STEP,
              given="small and own and h > 0", text="own noise is learned at (eta S^2/(n m))(1 - lam S^2/m)",
              claim="abs(next(rho) - rho - h*eta*kappa*xi2/n*(1 - kappa*pen*xi2)) <= 0.03*h*eta*kappa*xi2/n*(1 + "
                    "kappa*pen*xi2)",
              mutant="abs(next(rho) - rho - h*eta*kappa*xi2/n*(1 - 2*kappa*pen*xi2)) <= 0.03*h*eta*kappa*xi2/n*(1 + "
                     "kappa*pen*xi2)"),
    Statement(id="L4", kind="inequality", source="linear stage, within 3%", only=_STEP,
              given="small and not own and h > 0", text="other noise is unlearned at (eta S^2/(n m))(1 + lam S^2/m)",
              claim="abs(next(rho) - rho + h*eta*kappa*xi2/n*(1 + kappa*pen*xi2)) <= 0.03*h*eta*kappa*xi2/n*(1 + "
                    "kappa*pen*xi2)",
              mutant="abs(next(rho) - rho + h*eta*kappa*xi2/n*(1 - kappa*pen*xi2)) <= 0.03*h*eta*kappa*xi2/n"),
)

_STAGE = "R1 and R2 and R3"

_PEGR_STAGES = (
    Statement(id="D1", kind="inequality", source="Proposition D.1, 5.6 (4), with S > m", only=_PENALISED, until="T_1",
              text="0 >= rho >= -8 sqrt(log(8mn/delta)) sigma_0 S",
              given=f"{_STAGE} and lam_t > 0 and B2a and B2b and B3b",
              claim="rho <= 0 and rho >= -8*sqrt(Lg)*sigma_0*S", mutant="rho >= -0.5*sigma_0*S"),
    Statement(id="D1-printed", kind="inequality", source="Proposition D.1, without S > m", only=_PENALISED,
              until="T_1", text="0 >= rho", claim="rho <= 0", given="lam_t > 0", erratum="pegr-D.1",
              instance=Instance(values=_LARGE_M, steps=200)),
    Statement(id="D6-printed", kind="inequality", source="(D.6), eta = n m/(2 S^2)", only=_PENALISED, until="T_1",
              text="rho >= -8 sqrt(log(8mn/delta)) sigma_0 S", claim="rho >= -8*sqrt(Lg)*sigma_0*S", given="lam_t > 0",
              erratum="pegr-D.6", instance=Instance(values=_LARGE_STEP, steps=10)),
    Statement(id="D4a", kind="inequality", source="Proposition 5.6 (2)", text="gamma >= 0", only=_PENALISED,
              until="T_1", given=f"{_STAGE} and lam_t > 0", claim="gamma >= 0", mutant="gamma <= 0"),
    Statement(id="D4b", kind="inequality", source="Proposition 5.6 (2)", text="gamma <= 5/log n", only=_PENALISED,
              until="T_1", given=f"{_STAGE} and lam_t > 0 and B1 and B3a", claim="gamma <= 5/log(n)",
              mutant="gamma <= 0.001/log(n)"),
    Statement(id="D4c-printed", kind="inequality", source="Proposition 5.6 (3) at T_1", only=_PENALISED, at="T_1",
              text="max_r gamma >= 1/(sqrt(2 log(8m/delta)) log n) for each j",
              given=f"{_STAGE} and lam_t > 0 and B1 and B3c", claim="max[r](gamma) >= 1/(sqrt(2*Lm)*log(n))",
              erratum="pegr-T_1"),
    Statement(id="D4c", kind="inequality", source="Proposition 5.6 (3) at T_1 n/n_j (2 T_1 for balanced classes)",
              only=_PENALISED, text="max_r gamma >= 1/(sqrt(2 log(8m/delta)) log n) for each j",
              at="T_1*n/min[j](n_own)", given=f"{_STAGE} and B1 and B3c",
              claim="max[r](gamma) >= 1/(sqrt(2*Lm)*log(n))", mutant="max[r](gamma) >= 100/log(n)"),
    Statement(id="P5.4-printed", kind="inequality", source="Proposition 5.4, first line", only=_PENALISED,
              since="lam_until + 1", text="0 <= rho-bar after PEGR", given="lam_t == 0 and R1", claim="rho_over >= 0",
              erratum="pegr-5.4"),
    Statement(id="P5.4c", kind="inequality", source="Proposition 5.4, after PEGR", only=_PENALISED,
              since="lam_until + 1",
              text="rho-underbar >= -max(beta, 2 max|rho_0|) - 64 n sqrt(log(4n^2/delta)/d) log T*",
              given="lam_t == 0 and B2a and B2b",
              claim="rho_under >= -max(2*max[j,r](abs(start(A))), 2*max[j,r,i](abs(start(h))), "
                    "2*max[j,r,i](abs(at(rho, lam_until + 1)))) - 64*cross",
              mutant="rho_under >= -0.01*max[j,r,i](abs(start(h)))"),
    Statement(id="D5", kind="exists", source="Proposition 5.7", text="L_S <= eps within T_2 of T_1", only=_PENALISED,
              given=f"{_STAGE} and B1 and B3c", since="T_1", claim="loss <= eps", mutant="loss <= 1e-9",
              until="T_1 + 2*n*m/(eta*(1 - exp(-eps))*mu_norm**2)*log(sqrt(2*Lm)*log(n)*d)"),
    Statement(id="T3.2", kind="probability", source="Theorem 3.2",
              text="at the first t >= T_1 with L_S <= eps, test error <= 1/n", only=_PENALISED, at="hit", given=_STAGE,
              claim="test_error - 3*test_error_se <= 1/n", mutant="test_error >= 1/2.01"),
)

_GD_STAGES = (
    Statement(id="P5.4a", kind="inequality", source="Proposition 5.4, (C.2)", text="gamma, rho-bar <= 4 log T*",
              only=(_EITHER, *_PAPER), given="lam_t == 0 and B2a and B2b and R5",
              claim="gamma <= 4*LT and rho_over <= 4*LT", mutant="rho_over <= 0.01*LT"),
    Statement(id="P5.4b", kind="inequality", source="Proposition 5.4, (E.2)", only=_GD, given="B2a and B2b and R5",
              text="rho-underbar >= -beta - 64 n sqrt(log(4n^2/delta)/d) log T*",
              claim="rho_under >= -2*max(max[j,r](abs(start(A))), max[j,r,i](abs(start(h)))) - 64*cross",
              mutant="rho_under >= -0.01*max[j,r,i](abs(start(h)))"),
    Statement(id="C.2", kind="inequality", source="Lemma C.2 (a)",
              text="|<w - w(0), xi_i> - rho| <= 32 n sqrt(log(4n^2/delta)/d) log T*", only=(_OFF,),
              given="B2a and B2b and max[j,r,i](abs(rho)) <= 4*LT", claim="abs(h - start(h) - rho) <= 32*cross",
              mutant="abs(h - start(h) - rho) <= 0.001*cross"),
    Statement(id="C.2-sharp", kind="inequality", source="Lemma C.2 (a), without constants", only=(_OFF,),
              tolerance=1e-9, tolerance_from="rounding of one addition a step, for up to 10^6 steps",
              text="|<w - w(0), xi_i> - rho_i| <= sum_{k != i} |rho_k| |<xi_i, xi_k>|/||xi_k||^2",
              claim="abs(h - start(h) - rho) <= sum[k](abs(rho[j,r,k])*abs(G[i,k])/G[k,k], not same[i,k])",
              mutant="abs(h - start(h)) <= sum[k](abs(rho[j,r,k])*abs(G[i,k])/G[k,k], not same[i,k])"),
    Statement(id="C.3", kind="inequality", source="Lemma 5.5, (C.8)", text="||grad L_S||^2 <= 72 S^2 L_S",
              only=(_SQUARE, _MEAN), given="max[i](F_other) <= 1 and max[i](xi2) <= 2.25*S**2 and mu_norm <= 1.5*S",
              claim="gradient_norm**2 <= 72*S**2*loss", mutant="gradient_norm**2 <= 1e-9*S**2*loss"),
    Statement(id="E1a", kind="inequality", source="Proposition E.1",
              text="max_r rho-bar >= 1/(21 log n sqrt(log(8mn/delta))) for each i", only=_GD, at="T_1E",
              given="E_pre and R3b and R4 and R5", claim="max_rho_over >= 1/(21*log(n)*sqrt(Lg))",
              mutant="max_rho_over >= 1/log(n)"),
    Statement(id="E1b", kind="inequality", source="Proposition E.1", text="rho-bar <= 2/log n", only=_GD, at="T_1E",
              given="E_pre and R3b and R4 and R5", claim="rho_over <= 2/log(n)", mutant="rho_over <= 0.01/log(n)"),
    Statement(id="E1c", kind="inequality", source="Propositions E.1, E.2",
              text="|rho-underbar| <= 65 n sqrt(log(4n^2/delta)/d) log T*", only=_GD,
              given="E_pre and R3b and R5 and t >= T_1E", claim="abs(rho_under) <= 65*cross",
              mutant="abs(rho_under) <= 1e-6*cross"),
    Statement(id="E2-printed", kind="inequality", source="Proposition E.2", text="T_2 is positive", at="0",
              given="n >= 3", claim="log(1/(log(n)*sqrt(Lg))) > 0", erratum="pegr-T_2"),
    Statement(id="E2", kind="inequality", source="Proposition E.2, argument inverted", text="T_2 is positive", at="0",
              given="n >= 3", claim="log(log(n)*sqrt(Lg)) > 0", mutant="log(log(n)/sqrt(Lg)) > 0.5"),
    Statement(id="E3", kind="inequality", source="(E.3)", text="|<w, mu>| <= 2 max |<w(0), mu>|", only=_GD,
              until="T_1E", given="E_pre and R3b and R4", claim="abs(A) <= 2*max[j,r](abs(start(A)))",
              mutant="abs(A) <= max[r](abs(start(A)))"),
    Statement(id="E4a", kind="inequality", source="(E.4), first half", text="B_i <= 16 sqrt(log(8mn/delta)) B_k",
              only=_GD, until="T_1E", given="E_pre and R3b and R4 and R5", claim="B <= 16*sqrt(Lg)*min[i](B)",
              mutant="B <= min[i](B)"),
    Statement(id="E4b", kind="inequality", source="(E.4), second half, at T_1", only=_GD, at="T_1E",
              text="C_i <= 17 n sqrt(log(8mn/delta) log(4n^2/delta)/d) B_k", given="E_pre and R3b and R4 and R5",
              claim="C <= 17*n*sqrt(Lg*L2/d)*min[i](B)", mutant="C <= 1e-3*n*sqrt(Lg*L2/d)*min[i](B)"),
    Statement(id="E4b-printed", kind="inequality", source="(E.4), second half, all t <= T_1", only=_GD, until="T_1E",
              text="C_i <= 17 n sqrt(log(8mn/delta) log(4n^2/delta)/d) B_k", given="B3b", erratum="pegr-E.4",
              claim="C <= 17*n*sqrt(Lg*L2/d)*min[i](B)", instance=Instance(values=_LARGE_D, steps=153)),
    Statement(id="E5", kind="inequality", source="(E.5)", text="B_i <= 1/log n", only=_GD, until="T_1E",
              given="E_pre and R3b and R4 and R5", claim="B <= 1/log(n)", mutant="B <= 0.01/log(n)"),
    Statement(id="E8", kind="inequality", source="Proposition E.8",
              text="max_r <w, xi_i> >= 1/(20 log n sqrt(log(8mn/delta))), each i", only=_GD, at="T_1E",
              given="E_pre and R3b and R4 and R5", claim="max[j,r](h, own) >= 1/(20*log(n)*sqrt(Lg))",
              mutant="max[j,r](h, own) >= 1/log(n)"),
    Statement(id="E12", kind="inequality", source="Lemma E.12, W* corrected",
              text="y_i <grad f(W, x_i), W*> >= 2 log(4/eps)", only=_GD, since="T_2E", given="E_pre and R3b and R5",
              claim="kappa*sum[j,r](j*y*(2*a*y*start(A) + 2*b*h_star)) >= 2*log(4/eps)",
              mutant="kappa*sum[j,r](j*y*(2*a*y*start(A) + 2*b*start(h))) >= 2*log(4/eps)"),
    Statement(id="E13", kind="inequality", source="Lemma E.4, E.13, W* corrected", only=_GD, since="T_2E",
              given="E_pre and R3b and R5", text="||W - W*||^2 falls by at least 3 eta L_S - eta eps a step",
              claim="distance**2 - next(distance)**2 >= 3*eta*loss - eta*eps",
              mutant="distance**2 - next(distance)**2 <= eta*loss"),
    Statement(id="E3-order", kind="order", source="Lemma E.3, W* corrected",
              text="||W - W*|| = O(m^1.5 n^0.5/S), as S grows", claim="distance*S <= m**1.5*n**0.5", at="T",
              path=_LONGER),
    Statement(id="E3-order-printed", kind="order", source="Lemma E.3, W* as printed",
              text="||W - W*|| = O(m^1.5 n^0.5/S), as S grows", claim="distance_printed*S <= m**1.5*n**0.5", at="T",
              erratum="pegr-W*", path=_LONGER),
    Statement(id="E15", kind="exists", source="Proposition E.5, W* corrected",
              text="L_S <= eps within ||W - W*||^2/(2 eta eps) of T_2", only=_GD, given="E_pre and R3b and R5",
              since="T_2E", until="T_2E + at(distance, T_2E)**2/(2*eta*eps)", claim="loss <= eps",
              mutant="loss <= 1e-9"),
    Statement(id="E4t", kind="inequality", source="Theorem 3.3, proof", text="max_r ||w_{j,r}|| >= 1.9/S for each j",
              only=_GD, at="hit_plain", given="E_pre and R5", claim="max[r](neuron_norm) >= 1.9/S",
              mutant="max[r](neuron_norm) >= 190/S"),
    Statement(id="T3.3", kind="probability", source="Theorem 3.3, with n ||mu||^2 << S^2", only=_GD, at="hit_plain",
              text="at the first t with L_S <= eps, test error >= 1/2.01", given="R3b and R4",
              claim="test_error + 3*test_error_se >= 1/2.01", mutant="test_error <= 1/n"),
    Statement(id="T3.3-printed", kind="probability", source="Theorem 3.3, Condition 3.1 only", only=_GD,
              at="hit_plain", text="at the first t with L_S <= eps, test error >= 1/2.01",
              claim="test_error + 3*test_error_se >= 1/2.01", erratum="pegr-3.3",
              instance=Instance(values=_LARGE_N, steps=100)),
)

_EXPERIMENTS = (
    Statement(id="FGR-printed", kind="probability", source="Sections 3, 4.1", at="T", erratum="pegr-FGR",
              text="FGR is unable to learn the signal while it suppresses the noise", claim="test_error >= 0.4",
              instance=Instance(values=_LARGE_LAM, steps=1500)),
    Statement(id="4.1-printed", kind="probability", source="Section 4.1",
              text="PEGR's test accuracy tends to 1 as stated", at="T", claim="test_error <= 0.05", erratum="pegr-4.1",
              instance=Instance(values=_FIGURE_2, steps=1500)),
)

STATEMENTS = Statements(
    paper="Meng, Cao and Zou 2023, arXiv:2303.17940",
    quantities=QUANTITIES,
    statements=(*_PEGR_STAGES, *_GD_STAGES, *_DATA, *_RECURSION, *_INVARIANTS, *_LINEAR, *_EXPERIMENTS),
)
