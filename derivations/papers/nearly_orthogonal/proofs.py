"""Displays that the proofs on nearly orthogonal data rest on, and the lemmas on sequences, on those that a run makes.

`on_mean` and `off_mean` are the two means over filters of Appendix C, `on_sum` Appendix E's sum over S_i^(0), over m.
A lemma about any sequence is put to a run's own: x_t = z_i(t) - z_i(0), as long as its hypothesis held at every step.
"""

from __future__ import annotations

from ...declare import Instance, Quantity, Statement, Value, on
from .scope import LEAKY_MEAN, MEAN, RELU, RELU_MEAN

_ONE_PAIR: tuple[tuple[str, Value], ...] = (
    ("n", 4), ("m", 40), ("d", 8), ("slope", 0.5), ("data", "orthogonal"), ("eta", 16.0), ("sigma_0", 0.5))

QUANTITIES = (
    Quantity(name="on_mean", formula="sum[j](mean[r](rho_over))", meaning="(1/m) sum_r rho_{y_i,r,i}, (i)"),
    Quantity(name="off_mean", formula="sum[j](mean[r](abs(rho_under)))", meaning="(1/m) sum_r |rho_{-y_i,r,i}|, (i)"),
    Quantity(name="on_sum", formula="mean[r](sum[j](rho*first_on))", meaning="(1/m) sum of rho over S_i^(0), (i)"),
    Quantity(name="share_on", formula="sum[j](share, own)", meaning="|S_i^(0)|/m, (i)"),
    Quantity(name="low", formula="exp(-(1 + slope)*beta_0)", meaning="e^{-(gamma + 1) beta}"),
    Quantity(name="x_t", formula="margins - start(margins)", meaning="a sequence: the margin's growth"),
    Quantity(name="C_top", formula="3*a*exp(-start(margins))", meaning="(G.8)'s constant for it"),
    Quantity(name="C_low", formula="a/(5*(1 + exp(2*beta_0)))*exp(-start(margins))", meaning="(G.9)'s constant"),
    Quantity(name="least_z", formula="min[i](margins)", meaning="smallest margin"),
    Quantity(name="ratio_z", formula="max[i](margins)/least_z", meaning="largest margin over the smallest"),
)

_SEQUENCES = (
    Statement(id="H.1", kind="inequality", source="Lemma H.1, on x_t = z_i(t) - z_i(0)", only=(MEAN,),
              given="past(x_t < 0 or next(x_t) - x_t > C_top*exp(-x_t)) == 0 and x_t >= 0",
              text="x_{t+1} - x_t <= C e^{-x_t} and x >= 0 give x_t <= log(e^{x_0} + C e^C t)",
              claim="x_t <= log(exp(start(x_t)) + C_top*exp(C_top)*t)",
              mutant="x_t <= log(exp(start(x_t)) + C_top*t/30)"),
    Statement(id="H.2", kind="inequality", source="Lemma H.2, on x_t = z_i(t) - z_i(0)", only=(MEAN,),
              given="past(next(x_t) - x_t < C_low*exp(-x_t)) == 0",
              text="x_{t+1} - x_t >= C e^{-x_t} gives x_t >= log(e^{x_0} + C t)",
              claim="x_t >= log(exp(start(x_t)) + C_low*t)", mutant="x_t >= log(exp(start(x_t)) + 30*C_low*t)"),
    Statement(id="5.3", kind="inequality", source="Lemma 5.3, with e^{x_0}, on margins", only=(MEAN,),
              given="past(margins < 0 or next(margins) - margins > 3*a*exp(-margins) or next(margins) - margins < "
                    "a/10*exp(-margins)) == 0 and margins >= 0",
              text="log(e^{x_0} + C_1 t) <= x_t <= log(e^{x_0} + C_2 e^{C_2} t)",
              claim="log(exp(start(margins)) + a/10*t) <= margins <= log(exp(start(margins)) + 3*a*exp(3*a)*t)",
              mutant="margins <= log(exp(start(margins)) + a/10*t)"),
    Statement(id="5.3-printed", kind="inequality", source="Lemma 5.3, (5.7)", only=(MEAN,),
              given="past(margins < 0 or next(margins) - margins > 3*a*exp(-margins)) == 0 and margins >= 0",
              text="x_t <= log(e^{-x_0} + C_2 e^{C_2} t)",
              claim="margins <= log(exp(-start(margins)) + 3*a*exp(3*a)*t)", erratum="nearly_orthogonal-5.3",
              instance=Instance(values=_ONE_PAIR, steps=20)),
    Statement(id="H.4", kind="inequality", source="Lemma H.4, at a = a_i, b = a_k, s = 1", given="t >= 1 and a[k] > a",
              text="log(1 + a t)/log(1 + b t) >= log(1 + a s)/log(1 + b s), t >= s, b > a",
              claim="log(1 + a*t)/log(1 + a[k]*t) >= log(1 + a)/log(1 + a[k])",
              mutant="log(1 + a*t)/log(1 + a[k]*t) <= log(1 + a)/log(1 + a[k])"),
)

_BOTH = (
    Statement(id="5.14", kind="inequality", source="(5.14), Lemma G.1's proof", only=(MEAN,), given="setG",
              text="z_k - z_i moves by at most (3 |l'_k| ||x_k||^2 - |l'_i| ||x_i||^2/5) eta/(n m)",
              claim="next(margins)[k] - next(margins) <= margins[k] - margins - 3*a[k]*l1[k] + a*l1/5",
              mutant="next(margins)[k] - next(margins) <= margins[k] - margins + a*l1/5"),
    Statement(id="G.6", kind="inequality", source="(G.6), (G.7)", only=(MEAN,), given="setG",
              text="e^{-z}/(1 + e^c) <= |l'| <= e^{-z}, c = 2 beta",
              claim="exp(-margins)/(1 + exp(2*beta_0)) <= -l1 <= exp(-margins)",
              mutant="1.5*exp(-margins)/(1 + exp(2*beta_0)) <= -l1"),
    Statement(id="G.8", kind="inequality", source="(G.8), (G.9)", only=(MEAN,), given="setG",
              text="margins grow by a e^{-z}, times 1/(5 (1 + e^c)) to 3",
              claim="a*exp(-margins)/(5*(1 + exp(2*beta_0))) <= next(margins) - margins <= 3*a*exp(-margins)",
              mutant="next(margins) - margins <= 0.2*a*exp(-margins)"),
    Statement(id="G.1-reverse-printed", kind="inequality", source="Lemma G.1, proof, before (G.2)", only=(MEAN,),
              given="setG and own and h < 0", text="a filter of the example's class that is inactive stays so",
              claim="next(h) < 0", erratum="nearly_orthogonal-G.1-words"),
    Statement(id="G.3-slope", kind="inequality", source="Lemma G.3, second display", only=(MEAN,), given="setG",
              since="T_G", text="C_4/(a_i t) <= |l'_i| <= C_5/(a_i t)",
              claim="exp(-C_3)/(1 + exp(2*beta_0))/(a*t) <= -l1 <= exp(C_3)/(a*t)", mutant="-l1 <= exp(-C_3)/(a*t)"),
)

_LEAKY = (
    Statement(id="C.20", kind="inequality", source="(C.20), (C.22), (C.23)", only=LEAKY_MEAN, given="setC",
              text="|l'_i| <= exp(-(1 - q/slope^2) on - slope (1 - q/slope^3) off + 2 beta), on and off the means "
                   "of rho",
              claim="-l1 <= exp(-c_4*on_mean - slope*c_5*off_mean + 2*beta_0) and -l1 <= exp(-c_4*on_mean + 2*beta_0) "
                    "and -l1 <= exp(-slope*c_5*off_mean + 2*beta_0)",
              mutant="-l1 <= exp(-c_4*on_mean - 3*slope*c_5*off_mean + 2*beta_0)"),
    Statement(id="C.21", kind="inequality", source="(C.21), (C.24), (C.25)", only=LEAKY_MEAN, given="setC",
              text="|l'_i| >= exp(-(1 + q/slope^2)(on + slope off) - (1 + slope) beta)/2",
              claim="-l1 >= 1/(1 + exp(c_6*(on_mean + slope*off_mean) + (1 + slope)*beta_0)) and "
                    "-l1 >= low*exp(-2*c_6*on_mean)/2 and -l1 >= low*exp(-2*c_6*off_mean/slope)/2",
              mutant="-l1 >= low*exp(-c_6*on_mean)/2"),
    Statement(id="5.10-rate", kind="inequality", source="after (5.10), with 1 + slope^2", only=LEAKY_MEAN,
              given="setC5", text="|l'_i| = exp(-(1 + slope^2)(1 +- ...) on), up to constants",
              claim="low/2*exp(-c_6*(1 + slope**2)*on_mean - c_6*slope*(1 + 1/T_1)) <= -l1 <= "
                    "exp(2*beta_0 - (c_4 + slope**2*c_5)*on_mean)",
              mutant="-l1 >= low/2*exp(-on_mean)"),
    Statement(id="C.24-balance", kind="inequality", source="before (C.24), with 1/slope", only=LEAKY_MEAN,
              text="slope rho_{y_i} <= |rho_{-y_i}| <= rho_{y_i}/slope",
              claim="slope*on_mean <= off_mean <= on_mean/slope",
              mutant="off_mean <= 0.2*on_mean"),
    Statement(id="C.26", kind="inequality", source="(C.26)", only=LEAKY_MEAN,
              text="|rho_i| grows by (eta ||x_i||^2/(n m)) |l'_i|, times slope to 1",
              claim="-slope*a*l1 <= abs(next(rho)) - abs(rho) <= -a*l1",
              mutant="abs(next(rho)) - abs(rho) <= -0.3*a*l1"),
    Statement(id="C.27", kind="inequality", source="(C.27), (C.28)", only=LEAKY_MEAN, given="setC",
              text="the means of |rho| grow by at most a e^{2 beta} exp(-c times themselves)",
              claim="next(on_mean) <= on_mean + a*exp(2*beta_0 - c_4*on_mean) and "
                    "next(off_mean) <= off_mean + a*exp(2*beta_0 - slope*c_5*off_mean)",
              mutant="next(on_mean) <= on_mean + a*exp(2*beta_0 - 3*c_4*on_mean)"),
    Statement(id="C.29", kind="inequality", source="(C.29), (C.30)", only=LEAKY_MEAN, given="setC",
              text="and by at least (slope a/2) e^{-(1 + slope) beta} exp(-2 c_6 on), exp(-2 c_6 off/slope)",
              claim="next(on_mean) >= on_mean + slope*a*low/2*exp(-2*c_6*on_mean) and "
                    "next(off_mean) >= off_mean + slope*a*low/2*exp(-2*c_6*off_mean/slope)",
              mutant="next(on_mean) >= on_mean + slope*a*low/2*exp(-0.5*c_6*on_mean)"),
    Statement(id="C.35", kind="inequality", source="(C.35), (C.36), with c_4 and c_5 each in both places",
              only=LEAKY_MEAN, given="setC",
              text="the means are at most log(1 + slope (eta R_max^2/(n m)) c e^{2 beta} t)/(c slope), c = c_4, c_5",
              claim="on_mean <= log(1 + slope*a_max*c_4*exp(2*beta_0)*t)/(c_4*slope) and "
                    "off_mean <= log(1 + slope*a_max*c_5*exp(2*beta_0)*t)/(c_5*slope)",
              mutant="on_mean <= log(1 + slope*a_max*c_4*exp(2*beta_0)*t)/c_4/4"),
    Statement(id="C.37", kind="inequality", source="(C.37), (C.38)", only=LEAKY_MEAN, given="setC",
              text="and at least slope log(1 + (eta R_min^2/(n m)) c_6 e^{-(1 + slope) beta} t)/(2 c_6)",
              claim="min(on_mean, off_mean) >= slope*log(1 + min[i](a)*c_6*low*t)/(2*c_6)",
              mutant="min(on_mean, off_mean) >= 3*slope*log(1 + min[i](a)*c_6*low*t)/c_6"),
    Statement(id="C.39", kind="inequality", source="(C.39), (C.40), with the smaller c_5 for c_4", only=LEAKY_MEAN,
              given="setC and R_min2*c_6*low >= slope*R_max2*c_4*exp(2*beta_0)",
              text="the means for any two examples are within slope^2 c_5/(2 c_6)",
              claim="min[i](min(on_mean, off_mean)) >= slope**2*c_5/(2*c_6)*max[i](max(on_mean, off_mean))",
              mutant="min[i](min(on_mean, off_mean)) >= max[i](max(on_mean, off_mean))"),
    Statement(id="C.41", kind="inequality", source="(C.41)", only=LEAKY_MEAN,
              text="|rho_{j,r,i}| >= slope mean_r |rho_{j,r,i}| and mean_r |rho| >= slope |rho_{j,r',i}|",
              claim="abs(rho) >= slope*mean_rho and mean_rho >= slope*abs(rho)", mutant="abs(rho) >= 1.5*mean_rho"),
    Statement(id="C.43", kind="inequality", source="(C.43), (C.44)", only=LEAKY_MEAN, given="setC", since="T_1",
              text="|rho| >= ct slope/R^2 from T_1 on", claim="abs(rho) >= ct*slope/R2", mutant="abs(rho) >= 5*ct/R2"),
    Statement(id="D.2-steps", kind="identity", source="(D.1), (D.2) = (D.4), (D.5)", only=LEAKY_MEAN, given="setC5",
              since="T_1", text="from T_1 on |rho| grows by a |l'| on class, slope a |l'| off class",
              claim="abs(next(rho)) - abs(rho) == -a*l1*(own + slope*(1 - own))",
              mutant="abs(next(rho)) - abs(rho) == -a*l1"),
    Statement(id="D.4-sizes", kind="inequality", source="Lemma D.4's proof = Section 5.2, with the cross term's 2",
              only=LEAKY_MEAN, at="T", given="setC5",
              text="||W_j||_F^2 <= m (v^2 + 3 (s + u) v + 2 (s + u)^2), ||W_j||_2^2 >= m (v^2 - C_3 v - C_4)",
              claim="sum[r](neuron_norm**2) <= m*(learned**2 + 3*(s + u)*learned + 2*(s + u)**2) and "
                    "spectral_heads**2 >= m*(learned**2 - (2*sqrt(1.5)*s + 2*sqrt(2)*u)*learned - 2*sqrt(3)*s*u)",
              mutant="spectral_heads**2 >= 1.5*m*(learned**2 + s*u)"),
    Statement(id="G.5", kind="inequality", source="Theorem 4.1: KKT, stationarity; Lemma G.5, (G.11)", only=LEAKY_MEAN,
              at="T", given="setC5 and T >= T_1 + 1",
              text="W is within ||W(T_1)||_F of the nonnegative combinations of the margins' gradients",
              claim="kkt_residual*norm <= at(norm, T_1 + 1)", mutant="kkt_residual*norm <= 1e-4*at(norm, T_1 + 1)"),
    Statement(id="G.5-slack", kind="inequality", source="Theorem 4.1: KKT, complementary slackness", only=LEAKY_MEAN,
              at="T", given="setC5 and setG and T >= T_1 + 1 and least_z > 0",
              text="lambda_i (z_i/min z - 1) <= m (max z/min z)(max z/min z - 1)/((1 + slope^2)(R_min^2 - n p)), "
                   "max z - min z <= C_1",
              claim="kkt_slackness <= m*ratio_z*(ratio_z - 1)/((1 + slope**2)*(R_min2 - n*prod)) and "
                    "ratio_z - 1 <= C_1/least_z",
              mutant="kkt_slackness <= 0.3*m*ratio_z*(ratio_z - 1)/((1 + slope**2)*(R_min2 - n*prod))"),
)

_RELU = (
    Statement(id="E.10", kind="inequality", source="(E.10) to (E.12)", only=RELU_MEAN, until="T_1",
              given="setE and first_on",
              text="rho_{y_i} >= c eta ||x_i||^2 t/(n m), |rho| <= eta R_max^2 t/(n m), and their quotient",
              claim="rho >= ctE*a*t and max[j,r,i](abs(rho)) <= a_max*t and rho >= ctE/R2*max[j,r,i](abs(rho))",
              mutant="rho >= 0.7*a*t"),
    Statement(id="E.13", kind="inequality", source="(E.13), (E.14)", only=RELU_MEAN, given="setE",
              text="F_{y_i} <= 2.5 (1 + q) (1/m) sum over S_i^(0) of rho + beta, |l'_i| >= 1/(1 + e^{F_{y_i}})",
              claim="sum[j](out, own) <= 2.5*(1 + qE)*on_sum + beta_0 and -l1 >= 1/(1 + exp(sum[j](out, own)))",
              mutant="sum[j](out, own) <= 0.2*on_sum + beta_0"),
    Statement(id="E.15", kind="inequality", source="(E.15), and the display after (E.16)", only=RELU_MEAN, given="setE",
              text="e^{-2.5 (1 + q) on - beta}/2 <= |l'_i| <= e^{-(1 - 5 q) on + 2 beta}, on the sum over S_i^(0), "
                   "over m",
              claim="exp(-2.5*(1 + qE)*on_sum - beta_0)/2 <= -l1 <= exp(-(1 - 5*qE)*on_sum + 2*beta_0)",
              mutant="-l1 <= exp(-3*on_sum + 2*beta_0)"),
    Statement(id="5.11", kind="inequality", source="(5.11), with beta and c' = 2.5 above", only=RELU_MEAN, given="setE",
              text="(1 - 5 q) on - 2 beta <= z_i <= 2.5 (1 + q) on + beta",
              claim="(1 - 5*qE)*on_sum - 2*beta_0 <= margins <= 2.5*(1 + qE)*on_sum + beta_0",
              mutant="margins <= 0.5*on_sum"),
    Statement(id="5.11-printed", kind="inequality", source="(5.11), from above", only=RELU_MEAN, given="setE", at="T",
              text="z_i <= (1 + 10 q) (1/m) sum over S_i^(0) of rho + beta", erratum="nearly_orthogonal-5.11",
              claim="margins <= (1 + 10*qE)*on_sum + beta_0"),
    Statement(id="E.16", kind="inequality", source="(E.16)", only=RELU_MEAN, given="not own",
              text="F_{-y_i} <= beta + sum_{k != i} (1/m) sum_r |rho_{-y_i,r,k}| p/R_min^2",
              claim="out <= beta_0 + sum[k](mean[r](abs(rho))[j,k]*prod/R_min2, not same[i,k])",
              mutant="out <= 1e-3*beta_0"),
    Statement(id="E.17", kind="inequality", source="(E.17), (E.18)", only=RELU_MEAN, given="setE",
              text="on grows by a |S_i^(0)|/m, times e^{-beta - 2.5 (1 + q) on}/2 to e^{2 beta - (1 - 5 q) on}",
              claim="a*share_on*exp(-beta_0 - 2.5*(1 + qE)*on_sum)/2 <= next(on_sum) - on_sum <= "
                    "a*share_on*exp(2*beta_0 - (1 - 5*qE)*on_sum)",
              mutant="next(on_sum) - on_sum <= a*share_on*exp(-3*on_sum)"),
    Statement(id="E.19", kind="inequality", source="(E.19), (E.20)", only=RELU_MEAN, given="setE",
              text="log(1 + 2.5 (1 + q) a s e^{-beta} t/2)/(2.5 (1 + q)) <= on <= log(1 + 2 (1 - 5 q) a s e^{2 "
                   "beta} t)/"
                   "(1 - 5 q), s = |S_i^(0)|/m",
              claim="log(1 + 2.5*(1 + qE)*a*share_on*exp(-beta_0)*t/2)/(2.5*(1 + qE)) <= on_sum <= "
                    "log(1 + 2*(1 - 5*qE)*a*share_on*exp(2*beta_0)*t)/(1 - 5*qE)",
              mutant="on_sum <= log(1 + 2*a*share_on*exp(2*beta_0)*t)/3"),
    Statement(id="E.21", kind="inequality", source="(E.21)", only=RELU_MEAN, given="setE and first_on",
              text="the same for rho_{y_i,r,i} times s, r in S_i^(0)",
              claim="log(1 + 2.5*(1 + qE)*a*share*exp(-beta_0)*t/2)/(2.5*(1 + qE)) <= rho*share <= "
                    "log(1 + 2*(1 - 5*qE)*a*share*exp(2*beta_0)*t)/(1 - 5*qE)",
              mutant="rho*share <= log(1 + 2*a*share*exp(2*beta_0)*t)/3"),
    Statement(id="E.22", kind="inequality", source="(E.22), (E.23)", only=RELU_MEAN, given="setE and first_on",
              text="c_2 log(1 + eta R_min^2 e^{-beta} t/(5 n m)) <= rho <= c_3 log(1 + 6 eta R_max^2 e^{2 beta} "
                   "t/(5 n m))",
              claim="log(1 + min[i](a)*exp(-beta_0)*t/5)/(2.5*(1 + qE)) <= rho <= "
                    "2.5/(1 - 5*qE)*log(1 + 1.2*a_max*exp(2*beta_0)*t)",
              mutant="rho <= 0.4*log(1 + 1.2*a_max*exp(2*beta_0)*t)"),
    Statement(id="F.1-step", kind="identity", source="(F.1)", only=RELU_MEAN, given="setE and first_on",
              text="rho_{y_i,r,i} grows by (eta/(n m)) |l'_i| ||x_i||^2, r in S_i^(0)",
              claim="next(rho) == rho - a*l1", mutant="next(rho) == rho - a*l1", mutant_given="setE and own"),
    Statement(id="F.2-display", kind="inequality", source="(F.2)", only=RELU_MEAN,
              given="setE and sum[r,i](abs(rho)/N, not own) <= sum[r,i](rho, first_on)/(2*R_max2) and n_own > 0",
              text="sum_r sum_i rho_{j,r,i}/||x_i||^2 >= (1/(2 R_max^2)) sum over y_i = j and S_i^(0) of rho",
              claim="sum[r,i](rho/N) >= sum[r,i](rho, first_on)/(2*R_max2)",
              mutant="sum[r,i](rho/N) >= 3*sum[r,i](rho, first_on)/R_max2"),
    Statement(id="F.1-sizes", kind="inequality", source="Lemma F.1's proof: Gershgorin, X^T (X X^T)^-1 1",
              only=RELU_MEAN,
              at="T", given="setE",
              text="||W_j - W_j(0)||_F^2 <= (1 + n p/R_min^2) sum rho^2/||x_i||^2, and ||W_j||_2 >= "
              "|sum_{r,i} rho/||x_i||^2| R_min sqrt((1 - n p/R_min^2)/(n m)) - ||W_j(0)||_2",
              claim="sum[r](learned**2) <= (1 + coherence)*sum[r,i](rho**2/N) and spectral_heads >= "
                    "abs(sum[r,i](rho/N))*sqrt(R_min2*(1 - coherence)/(n*m)) - start(spectral_heads)",
              mutant="sum[r](learned**2) <= 0.9*sum[r,i](rho**2/N)"),
    Statement(id="4.3a-top", kind="inequality", source="Theorem 4.3: ||W_j||_2 = O(log t)", only=RELU_MEAN, at="T",
              given="setE and both", text="||W_j||_2 <= C log(1 + 1.2 a t) + ||W_j(0)||_F",
              claim="spectral_heads <= F_top + start(F_norm)", mutant="spectral_heads <= 0.01*F_top"),
)

_ORTHOGONAL = (
    Statement(id="F.2-late", kind="inequality", source="Lemma F.2, T = 1.3 n m/(eta R_min^2), beta <= 0.2",
              only=RELU_MEAN,
              given="orthogonal and not own and beta_0 <= 0.2 and R2 <= 1 + 1e-9 and 10*a_max <= 1",
              since="1.3*n*m/(eta*R_min2) + 1", text="no filter of the other class is active from T on, and rho stays",
              claim="h < 0 and next(rho) == rho", mutant="next(rho) <= rho - 1e-12"),
    Statement(id="F.2-lines-printed", kind="identity", source="Lemma F.2, second property of rho", only=RELU_MEAN,
              given="orthogonal and sum[j](start(h)*(1 - own)) >= 0", text="rho-bar_{y_i,r,i} stays from T on",
              since="1.3*n*m/(eta*R_min2) + 1", claim="next(on) == on", erratum="nearly_orthogonal-F.2-lines"),
    Statement(id="F.5", kind="inequality", source="Lemma F.2's limit, (F.5), with e^{2 beta}", only=RELU_MEAN,
              given="orthogonal and beta_0 <= 1/2 and a_max*exp(2*beta_0) <= log(2)",
              text="log(1 + a e^{-beta} t/2) <= (1/m) sum over S_i^(0) of rho <= log(1 + 2 a e^{2 beta} t)/1, each rho "
                   "m/|S_i^(0)| of it", claim="log(1 + a*share_on*exp(-beta_0)*t/2) <= on_sum <= "
              "log(1 + 2*a*share_on*exp(2*beta_0)*t)",
              mutant="on_sum <= log(1 + 0.1*a*share_on*exp(2*beta_0)*t)"),
    Statement(id="F.5-each", kind="identity", source="Lemma F.2: rho/log t -> m/|S_i^(0)|", only=RELU_MEAN,
              given="orthogonal and first_on", text="rho_{y_i,r,i} |S_i^(0)|/m is the sum over S_i^(0), over m",
              claim="rho*share == sum[j](mean[r](rho*first_on))", mutant="rho == sum[j](mean[r](rho*first_on))"),
    Statement(id="F.6", kind="identity", source="(F.6), first line", only=(RELU,), given="orthogonal and first_on",
              text="rho_{y_i,r,i} of a filter active at step 0 grows by a |l'| a step",
              claim="next(rho) == rho - kappa*m*a*l1",
              mutant="next(rho) == rho - a*l1*(1 - own)"),
    Statement(id="F.3", kind="inequality", source="Lemma F.3, Remark 4.4, corrected", only=RELU_MEAN, at="T",
              presets=("orthogonal-limit",),
              given="orthogonal and both and least >= 0.4 and 100*start(F_norm) <= F_norm and "
                    "100*sum[r,i](rho**2, not own) <= sum[r,i](rho**2, own)",
              text="||W_j||_F^2/||W_j||_2^2 is 2 k/(k + 1) for a class of k examples, up to 5/sqrt(m) and 0.1 for what "
                   "is not learned of them",
              claim="abs(stable_rank_heads - 2*n_own/(n_own + 1)) <= 5/sqrt(m) + 0.1",
              mutant="abs(stable_rank_heads - 2) <= 5/sqrt(m) + 0.1"),
)

STATEMENTS = (
    *on(("sequences",), *_SEQUENCES),
    *on(("theorem-4.1", "theorem-4.3"), *_BOTH),
    *on(("theorem-4.1",), *_LEAKY),
    *on(("theorem-4.3",), *_RELU),
    *on(("orthogonal-relu",), *_ORTHOGONAL),
)
