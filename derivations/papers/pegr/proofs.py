"""Lemmas and displays that PEGR's proofs rest on, beside the stages of `statements`; their constants are worked out.

The paper's O and Theta are replaced by what the proof's own arithmetic gives: 28 = (5 + 1/4)^2 where gamma is at most
5/log n and <w(0), mu> at most 1/(4 log n), and pre-activations of the noise are at most six times (D.4)'s A.
"""

from __future__ import annotations

from ...declare import Instance, Only, Quantity, Statement, Value, on
from .scope import GD, LATE_E, OFF, PENALISED, SQUARE, STAGE_E, STEP

_FULL = Only(parameter="regularizer", values=("fgr",), why="full gradient regularization (Section 5.4)")
_FEW_FILTERS: tuple[tuple[str, Value], ...] = (("n", 6), ("m", 4), ("d", 100), ("regularizer", "none"))

QUANTITIES = (
    Quantity(name="A_0", formula="max[j,r](abs(start(A)))", meaning="max |<w(0), mu>|"),
    Quantity(name="h_0", formula="max[j,r,i](abs(start(h)))", meaning="max |<w(0), xi_i>|"),
    Quantity(name="noise_0", formula="2*sqrt(Lg)*sigma_0*S",
             meaning="the A of (D.4): Lemma B.3's bound of |<w(0), xi>|"),
    Quantity(name="F_own", formula="sum[j](F, own)", meaning="F_{y_i}(x_i)"),
    Quantity(name="talk", formula="max[j,r,i](sum[k](abs(rho[j,r,k])*abs(G[i,k])/G[k,k], not same[i,k]))",
             meaning="largest crosstalk of the coefficients at t"),
    Quantity(name="D_2", formula="max[j,r,i](abs(rho)) <= 4*noise_0", meaning="(D.2) in size, as (D.7)"),
    Quantity(name="D_1", formula="min[j,r](gamma) >= 0 and max[j,r](gamma) <= 5/log(n)", meaning="(D.1), constant 5"),
    Quantity(name="R7a", formula="4*Lm*sigma_0*mu_norm*log(n) <= 1", meaning="R7's small start"),
    Quantity(name="dist_2", formula="at(distance, T_2E)**2", meaning="||W - W*||^2 when rho-bar reaches 2"),
    Quantity(name="T_end", formula="T_2E + dist_2/(2*eta*eps)", meaning="the T of Proposition E.5"),
    Quantity(name="T_2E_printed", formula="T_1E + 8*n*m/(eta*S**2)*log(log(n)*sqrt(Lg))",
             meaning="Proposition E.2's T_1 + T_2, argument inverted, its constant 8"),
    Quantity(name="B_11", formula="max[j,r](rho + start(h) - 65*cross, own)", meaning="B_i of (E.11)"),
    Quantity(name="p_fgr", formula="sum[i](l1*a)", meaning="sum_i l'_i ReLU(<w, y_i mu>), (j, r)"),
    Quantity(name="q_fgr", formula="sum[k](l1[k]*y[k]*b[j,r,k]*G[k,i])", meaning="sum_k l'_k y_k ReLU <xi_k, xi_i>"),
    Quantity(name="S_fgr", formula="4*kappa**2/n*sum[j,r](a*p_fgr*mu2 + b*y*q_fgr)",
             meaning="<grad(y_i f), grad L_S>, (i)"),
)

_UPDATES = (
    Statement(id="5.1", kind="identity", source="Lemma 5.1 = A.1, its products with mu and xi_i", only=STEP,
              text="one step of the filters, corrected",
              claim="next(A) == A - 2*eta*kappa/n*mu2*sum[i](l1*slope*j*a + 2*kappa*pen*l1**2*a*mu2*y) and "
                    "next(h) == h - 2*eta*kappa/n*sum[k](l1[k]*slope[k]*j*y[k]*b[j,r,k]*G[i,k] + "
                    "2*kappa*pen*l1[k]**2*b[j,r,k]*G[k,k]*G[i,k])",
              mutant="next(A) == A - 2*eta*kappa/n*mu2*sum[i](l1*slope*j*a + kappa*pen*l1**2*a*mu2*y)"),
    Statement(id="5.8", kind="identity", source="Lemma 5.8, corrected, for any noise", only=(_FULL, SQUARE, OFF),
              presets=("full-gradient",), text="the recursion of full gradient regularization",
              claim="next(gamma) == gamma - 2*eta*kappa*mu2/n*(p_fgr + pen*(sum[i](l2*S_fgr*a) + "
                    "2*kappa/n*mu2*j*p_fgr*sum[i](l1*y*(A*y > 0)))) and next(rho) == rho - "
                    "2*eta*kappa*xi2/n*(l1*b*j*y + pen*(l2*S_fgr*b*j*y + 2*kappa/n*l1*y*q_fgr*(h > 0)))",
              mutant="next(rho) == rho - 2*eta*kappa*xi2/n*(l1*b*j*y + pen*(m*kappa/2*l2*S_fgr*b*j*y + "
                     "kappa/n*l1*y*q_fgr*(h > 0)))"),
)

_GENERAL = (
    Statement(id="C.2-F", kind="inequality", source="Lemma C.2, parts 2 and 3: F_j = O(1), with their 2^3 and 2 3^2",
              only=GD, given="B2a and B2b and max[j,r,i](abs(rho)) <= 4*LT and min[j,r](gamma) >= 0",
              text="F_{-y_i} <= 8 max{<w(0), mu>, <w(0), xi>, crosstalk}^2, F_{y_i} <= 18 max{these, gamma, rho-bar}^2",
              claim="F_other <= 8*max(A_0, h_0, talk)**2 and F_own <= 18*max(max[j,r](gamma), "
                    "max[j,r,i](rho_over), A_0, h_0, talk)**2 and talk <= 32*cross",
              mutant="F_own <= 18*max(A_0, h_0, talk)**2"),
    Statement(id="C.4", kind="inequality", source="(C.4) = Lemma C.2, part 2", only=(OFF,),
              given="not own and gamma >= 0",
              text="<w, y_i mu> <= <w(0), y_i mu>, j = -y_i", claim="A*y <= start(A)*y", mutant="A*y >= start(A)*y"),
    Statement(id="C.5", kind="inequality", source="(C.5) = Lemma C.2, part 2; and by the crosstalk at t", only=GD,
              given="not own and B2a and B2b and max[j,r,i](abs(rho)) <= 4*LT",
              text="<w, xi_i> <= <w(0), xi_i> + 32 n sqrt(log(4n^2/delta)/d) log T*, j = -y_i",
              claim="h <= start(h) + 32*cross and h <= start(h) + talk", mutant="h <= start(h)"),
    Statement(id="C.6", kind="identity", source="(C.6) = Lemma C.2, part 3", only=(OFF,), given="own",
              text="<w, y_i mu> = <w(0), y_i mu> + gamma, j = y_i", claim="A*y == start(A)*y + gamma",
              mutant="A*y == start(A)*y - gamma"),
    Statement(id="C.2-under-printed", kind="inequality", source="Lemma C.2, proof, part 1, j = y_i", only=GD,
              given="own",
              text="<w - w(0), xi_i> <= rho-underbar + crosstalk", claim="h - start(h) <= rho_under + talk",
              erratum="pegr-C.2"),
    Statement(id="C.8", kind="inequality", source="(C.8)", text="-l'_i ||grad f(x_i)||^2 <= 72 S^2", only=(SQUARE,),
              given="F_other <= 1 and xi2 <= 2.25*S**2 and mu_norm <= 1.5*S",
              claim="-l1*4*kappa**2*sum[j,r](a**2*mu2 + b**2*xi2) <= 72*S**2*m*kappa",
              mutant="-l1*4*kappa**2*sum[j,r](a**2*mu2 + b**2*xi2) <= 1e-9*S**2*m*kappa"),
)

_PENALISED = (
    Statement(id="D.2-signal", kind="inequality", source="Lemma D.2, first bound", only=PENALISED,
              given="lam_t > 0 and D_1 and B3a and R7a and pen*mu2 <= 1",
              text="(<w(0), mu> + gamma)^2 ||mu||^2 <= 28/(lambda log n) (1/log n)",
              claim="A**2*mu2 <= 28/(pen*log(n)**2)",
              mutant="A**2*mu2 <= 0.01/(pen*log(n)**2)"),
    Statement(id="D.2-noise", kind="inequality", source="Lemma D.2, second bound, with ||xi_i'||^2", only=PENALISED,
              given="lam_t > 0 and D_2 and B2a and B3b and R5x and pen*Lg*log(n)*(sigma_0*S**2)**2 <= 1",
              text="<w, xi_i>^2 ||xi_i||^2 <= 216/(lambda log n)", claim="h**2*xi2 <= 216/(pen*log(n))",
              mutant="h**2*xi2 <= 0.1/(pen*log(n))"),
    Statement(id="D.3-display", kind="inequality", source="(D.3)", only=PENALISED, given="D_2 and B2a and B3b and R5x",
              text="<w, xi_i>^2 ||xi_i||^2 <= 216 log(8mn/delta) sigma_0^2 S^4",
              claim="h**2*xi2 <= 216*Lg*(sigma_0*S**2)**2", mutant="h**2*xi2 <= Lg*(sigma_0*S**2)**2"),
    Statement(id="D.2-printed", kind="identity", source="Lemma D.2, (D.3), Lemma D.3's proof", only=PENALISED,
              given="lam_t > 0", text="<w, xi_i> = <w(0), xi_i> + sum_k rho_k <xi_k, xi_i>/||xi_i||^2",
              claim="h == start(h) + sum[k](rho[j,r,k]*G[i,k])/xi2", erratum="pegr-D.2"),
    Statement(id="D.3", kind="inequality", source="Lemma D.3, Proposition 5.6 (1)", only=PENALISED,
              given="lam_t > 0 and D_1 and D_2 and max[j,r,i](rho) <= 0 and B3a and B3b and R5x and R7a and "
                    "noise_0*log(n) <= 1",
              text="|l'_i + 1/2| <= 8/log^2 n", claim="abs(l1 + 1/2) <= 8/log(n)**2",
              mutant="abs(l1 + 1/2) <= 0.01/log(n)**2"),
    Statement(id="D.6", kind="inequality", source="(D.6), with its lambda/m, where the penalty outweighs",
              only=PENALISED,
              given="lam_t > 0 and own and 2*kappa*pen*abs(l1)*xi2 >= slope",
              text="rho moves by at most (4 eta lambda/(n m^2)) l'^2 ReLU(<w, xi_i>) ||xi_i||^4",
              claim="abs(next(rho) - rho) <= 4*eta*pen*kappa**2/n*l1**2*b*xi2**2",
              mutant="abs(next(rho) - rho) <= eta*kappa/n*abs(l1)*b*xi2"),
    Statement(id="D.3-test-printed", kind="identity", source="Section D.3, F_{j'} for j' = -y", only=(OFF,),
              given="not own",
              text="<w, y mu> = <w(0), j' mu> - gamma", claim="A*y == j*start(A) - gamma", erratum="pegr-D.3-sign"),
)

_PLAIN = (
    Statement(id="E1d", kind="inequality", source="Proposition E.1 = Corollary E.9, signal", only=GD, at="T_1E",
              given="R3b and R4", text="gamma <= 3 max |<w(0), mu>|", claim="gamma <= 3*A_0",
              mutant="gamma <= 0.003*A_0"),
    Statement(id="E2-signal", kind="inequality", source="Proposition E.2 = E.10, signal, T_2 inverted with 8", only=GD,
              at="T_2E_printed", given="R3b and R4 and R8 and 16*n*mu_norm**2/S**2*log(log(n)*sqrt(Lg)) <= log(2)",
              text="gamma <= 5 max |<w(0), mu>|", claim="gamma <= 5*A_0", mutant="gamma <= 0.01*A_0"),
    Statement(id="E7", kind="inequality", source="Lemma E.7", only=GD,
              given="max[j,r](abs(A)) <= 2*A_0 and 2*A_0*log(n) <= 1 and max[i](B)*log(n) <= 1 and "
                    "max[i](C)*log(n) <= 1",
              text="|l'_i + 1/2| <= 1/(2 log^2 n)", claim="abs(l1 + 1/2) <= 1/(2*log(n)**2)",
              mutant="abs(l1 + 1/2) <= 0.001/(2*log(n)**2)"),
    Statement(id="E.6", kind="inequality", source="(E.6), as it is used: over the run", only=GD, at="T_1E",
              given=f"{STAGE_E} and log(T_1E_arg)*max[i](abs(xi2/S**2 - 1)) + 1/log(n)**2 <= log(1/0.8)",
              text="sum_t (eta/(n m)) 2 |l'_i| ||xi_i||^2 <= log(1/(2 log n sqrt(log(8mn/delta)) sigma_0 S))",
              claim="2*eta/(n*m)*past(max[i](abs(l1)*xi2)) <= log(T_1E_arg/0.8)",
              mutant="2*eta/(n*m)*past(max[i](abs(l1)*xi2)) <= 0.9*log(T_1E_arg/0.8)"),
    Statement(id="E.9", kind="inequality", source="(E.9), as it is used: over the run", only=GD, at="T_1E",
              given=f"{STAGE_E} and log(T_1E_arg)*max[i](abs(xi2/S**2 - 1)) + 1/log(n)**2 + eta*S**2/(n*m) "
                    "<= log(4/3)",
              text="sum_t (eta/(n m)) 2 |l'_i| ||xi_i||^2 >= log(0.6/(2 log n sqrt(log(8mn/delta)) sigma_0 S))",
              claim="2*eta/(n*m)*past(min[i](abs(l1)*xi2)) >= log(0.75*T_1E_arg)",
              mutant="2*eta/(n*m)*past(min[i](abs(l1)*xi2)) >= 1.1*log(T_1E_arg)"),
    Statement(id="E.11", kind="inequality", source="(E.11)", only=GD, presets=("lemma-E.14",),
              given="B2a and B2b and max[j,r,i](abs(rho)) <= 4*LT and B_11 > 0",
              text="B_i grows by (eta S^2/(n m)) |l'_i| of itself a step",
              claim="next(B_11) >= B_11*(1 + eta*kappa*S**2/n*abs(l1))",
              mutant="next(B_11) >= B_11*(1 + 4*eta*kappa*S**2/n*abs(l1))"),
    Statement(id="E.11-c1", kind="inequality", source="(E.11): -l' >= c_1 until rho-bar reaches 2", only=GD,
              given="B2a and R5x and beta <= 1 and min[j,r](gamma) >= 0 and max_rho_over <= 2",
              text="|l'_i| >= 1/(1 + exp((gamma + |<w(0), mu>|)^2 + (2 + |<w(0), xi>| + crosstalk)^2))",
              claim="abs(l1) >= 1/(1 + exp((max[j,r](gamma) + A_0)**2 + (2 + h_0 + talk)**2))",
              mutant="abs(l1) >= 1/2"),
    Statement(id="E3-bound", kind="inequality", source="Lemma E.3 = E.11, in the Frobenius norm", only=GD, at="T_2E",
              given=f"{LATE_E} and max[j,r,i](rho_over) <= 4*LT and eps <= 1",
              text="||W - W*||^2 <= sum gamma^2/||mu||^2 + (4 m n/S^2) (max(4 m log(4/eps), 4 log T*)^2 + (beta + "
                   "...)^2)",
              claim="distance**2 <= sum[j,r](gamma**2)/mu2 + 4*m*n/S**2*(max(star, 4*LT)**2 + (beta + 64*cross)**2)",
              mutant="distance**2 <= 0.2*m*n/S**2*star**2"),
    Statement(id="E14-mean", kind="inequality", source="Lemma E.14, mean loss", only=GD, since="T_2E + 1",
              until="T_end", given=LATE_E,
              text="sum of L_S from T_2 to t - 1 <= ||W(T_2) - W*||^2/(3 eta) + (t - T_2) eps/3",
              claim="past(loss) - at(past(loss), T_2E) <= dist_2/(3*eta) + (t - T_2E)*eps/3",
              mutant="past(loss) - at(past(loss), T_2E) <= 1e-6*dist_2/(3*eta)"),
    Statement(id="E14-signal", kind="inequality", source="Lemma E.14, Proposition E.5, signal: m^2 n ||mu||^2 << S^2",
              only=GD, since="T_2E", until="T_end", presets=("lemma-E.14",), given=f"{LATE_E} and 4*mu2*dist_2 <= m",
              text="gamma <= 2 max{max gamma(T_2), max |<w(0), mu>|}",
              claim="gamma <= 2*max(at(max[j,r](gamma), T_2E), A_0)",
              mutant="gamma <= at(max[j,r](gamma), T_2E)"),
    Statement(id="E15-noise", kind="inequality", source="Lemma E.14, Proposition E.5, other class, with beta small",
              only=GD, since="T_2E", until="T_end", text="|rho-underbar| <= 65 n sqrt(log(4n^2/delta)/d) log T*",
              given=f"{LATE_E} and beta <= cross and max[j,r,i](rho_over) <= 4*LT", claim="abs(rho_under) <= 65*cross",
              mutant="abs(rho_under) <= 1e-6*cross"),
)

_PRINTED = (
    Statement(id="B3-j-printed", kind="probability", source="Lemma B.3's last line as (E.4) and Proposition E.8 use it",
              at="0", given="min[j,i](max[r](j*h)) >= sigma_0*S/4", text="max_r <w(0), xi_i> >= sigma_0 S/4",
              claim="max[r](h) >= sigma_0*S/4", erratum="pegr-B.3-j", instance=Instance(values=_FEW_FILTERS, steps=0)),
)

STATEMENTS = (
    *on(("theorem-3.2", "theorem-3.3"), *_UPDATES),
    *on(("theorem-3.3",), *_GENERAL, *_PLAIN),
    *on(("theorem-3.2",), *_PENALISED),
    *_PRINTED,
)
