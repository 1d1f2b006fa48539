"""Statements of Kou, Chen and Gu, arXiv:2310.18935, that can be executed, and exact invariants of the recursion.

Ids are the paper's: B.. data and initialisation, C.., D.. leaky ReLU, E.., F.. ReLU, G.. both, 4.1 and 4.3 the
theorems; I.. are exact invariants of one step or of a run (not in the paper).  A trailing "-printed" is a form that is
false, with its erratum; it is expected to be violated.

The hypotheses are the proofs' own with their hidden constants made explicit, and for the data and W(0) at hand, not
for a draw: `setG` of Lemma G.1, `setC` and `setC5` of Lemmas C.1 to C.5 (T_1 = n m/(eta R_max^2), C' = 1), `setE` of
Lemma E.1.  Outside them a statement is vacuous.  The theorems' limits enter as their finite-time forms.
"""

from __future__ import annotations

from ...declare import Instance, Only, Path, Quantity, Statement, Statements, Value, on

_Values = tuple[tuple[str, Value], ...]

_LEAKY = Only(parameter="slope", above=0, below=1, why="leaky ReLU, 0 < slope < 1 (Theorem 4.1)")
_RELU = Only(parameter="slope", values=(0,), why="ReLU, slope 0 (Theorem 4.3)")
_MEAN = Only(parameter="neurons", values=("mean",), why="the mean over filters")
_GAUSSIAN = Only(parameter="init", values=("gaussian",), why="Gaussian initialisation (Section 3)")
_LEAKY_MEAN, _RELU_MEAN = (_LEAKY, _MEAN), (_RELU, _MEAN)

# Parameter points of the false statements' own; each shows its erratum.
_ONE: _Values = (("n", 3), ("m", 1), ("d", 4), ("slope", 0.1), ("data", "orthogonal"), ("eta", 0.1), ("sigma_0", 0.1))
_TWO: _Values = (("n", 2), ("m", 10), ("d", 4), ("slope", 0.5), ("data", "orthogonal"), ("eta", 10.0),
                 ("sigma_0", 1e-6))
_SHORT: _Values = (("n", 4), ("m", 10), ("d", 4), ("slope", 0.5), ("data", "orthogonal"), ("eta", 10.0),
                   ("sigma_0", 1e-6))
_SINGLE: _Values = (("n", 1), ("m", 50), ("d", 4), ("slope", 0.0), ("data", "orthogonal"), ("eta", 10.0),
                    ("sigma_0", 0.1))
_SIX: _Values = (("n", 6), ("m", 50), ("d", 6), ("slope", 0.0), ("data", "orthogonal"), ("eta", 3.0), ("sigma_0", 0.3))
_FOUR: _Values = (("n", 4), ("m", 400), ("d", 8), ("slope", 0.0), ("data", "orthogonal"), ("eta", 160.0),
                  ("sigma_0", 1e-5))
_LONGER: tuple[tuple[str, str | bool], ...] = (
    ("n", "4"), ("m", "40"), ("d", "8"), ("data", "orthogonal"), ("eta", "48"), ("sigma_0", "1e-4"))

QUANTITIES = (
    Quantity(name="h", formula="z_x", meaning="<w_{j,r}, x_i>"),
    Quantity(name="G", formula="G_x_x", meaning="<x_i, x_k>"),
    Quantity(name="N", formula="G[i,i]", meaning="||x_i||^2"),
    Quantity(name="steep", formula="(h >= 0) + slope*(h < 0)", meaning="sigma'(<w_{j,r}, x_i>)"),
    Quantity(name="out", formula="kappa*sum[r](steep*h)", meaning="F_j(x_i)"),
    Quantity(name="a", formula="eta*kappa*N/n", meaning="step of rho_i at |l'| = 1, (i)"),
    Quantity(name="R_min2", formula="min[i](N)", meaning="R_min^2"),
    Quantity(name="R_max2", formula="max[i](N)", meaning="R_max^2"),
    Quantity(name="R2", formula="R_max2/R_min2", meaning="R^2"),
    Quantity(name="prod", formula="max(0, max[i,k](abs(G[i,k]), not same[i,k]))", meaning="the paper's p"),
    Quantity(name="coherence", formula="n*prod/R_min2", meaning="n p/R_min^2"),
    Quantity(name="beta_0", formula="max[j,r,i](abs(start(h)))", meaning="the paper's beta"),
    Quantity(name="a_max", formula="max[i](a)", meaning="largest a_i"),
    Quantity(name="share", formula="mean[r](start(h) >= 0)", meaning="share of filters active at step 0, (j, i)"),
    Quantity(name="least", formula="min[j,i](share, own)", meaning="smallest |S_i^(0)|/m"),
    Quantity(name="most", formula="max[j,i](share, own)", meaning="largest |S_i^(0)|/m"),
    Quantity(name="first_on", formula="start(h) >= 0 and own", meaning="r in S_i^(0), j = y_i"),
    Quantity(name="C_1", formula="max(4*beta_0, log(60*R2) + 1)", meaning="Lemma G.1's margin gap"),
    Quantity(name="C_2", formula="2*(1 + exp(C_1))", meaning="its ratio of loss derivatives"),
    Quantity(name="C_3", formula="max(log(6) + 1, log(5*(1 + exp(2*beta_0))))", meaning="Lemma G.3's constant"),
    Quantity(name="T_G", formula="exp(2*beta_0)/3*n*m/(eta*R_min2) + 1", meaning="Lemma G.3's T"),
    Quantity(name="setG", formula="2*beta_0 <= 1 and 3*a_max <= 1 and least >= 0.4 and R_min2 >= 10*C_2*n*prod",
             meaning="the hypotheses of Lemma G.1"),
    Quantity(name="T_1", formula="n*m/(eta*R_max2)", meaning="T_1, C' = 1"),
    Quantity(name="ct", formula="1/(1 + exp((1 + slope)*(1 + coherence + beta_0)))", meaning="least |l'| up to T_1"),
    Quantity(name="c_3", formula="min(ct/R2, 1/6, log(1 + exp(-(1 + slope)*beta_0)/R2)/log(1 + slope*exp(2*beta_0))/6)",
             meaning="Lemma C.1's balance"),
    Quantity(name="qC", formula="coherence/c_3", meaning="n p/(R_min^2 c_3)"),
    Quantity(name="setC", formula="2*qC <= slope**3 and a_max*exp(2*beta_0) <= 2", meaning="Lemma C.3's hypotheses"),
    Quantity(name="setC5", formula="setC and (1 - qC/slope**4)*ct*slope/R2 > beta_0", meaning="Lemma C.5's"),
    Quantity(name="c_4", formula="1 - qC/slope**2", meaning="Lemma C.3"),
    Quantity(name="c_5", formula="1 - qC/slope**3", meaning="Lemma C.3"),
    Quantity(name="c_6", formula="1 + qC/slope**2", meaning="Lemma C.3"),
    Quantity(name="mean_rho", formula="mean[r](abs(rho))", meaning="(1/m) sum_r |rho_{j,r,i}|"),
    Quantity(name="ctE", formula="1/(1 + exp(1 + coherence + beta_0))", meaning="least |l'| up to T_1, ReLU"),
    Quantity(name="c_1", formula="min(ctE/R2, log(1 + 0.2*exp(-beta_0)/R2)/log(1 + 1.2*exp(2*beta_0))/14)",
             meaning="Lemma E.1's balance, R for the printed R_min, R_max"),
    Quantity(name="qE", formula="coherence/c_1", meaning="n p/(R_min^2 c_1)"),
    Quantity(name="setE", formula="10*qE <= 1 and a_max*exp(2*beta_0) <= log(2) and least >= 0.4 and most <= 0.6",
             meaning="Lemma E.1's hypotheses"),
    Quantity(name="orthogonal", formula="prod <= 1e-12*R_min2", meaning="p = 0"),
    Quantity(name="both", formula="min[j](sum[i](own)) > 0", meaning="both classes have examples"),
    Quantity(name="on", formula="sum[j](rho_over)", meaning="rho_{y_i,r,i}, (r, i)"),
    Quantity(name="off", formula="sum[j](rho_under)", meaning="rho_{-y_i,r,i}, (r, i)"),
    Quantity(name="n_own", formula="sum[i](own)", meaning="examples of class j"),
    Quantity(name="rise", formula="log(1 + 0.4*min[i](a)*exp(-beta_0)*t/2)/(2.5*(1 + qE))",
             meaning="Lemma E.1 (2): least rho on S_i^(0)"),
    Quantity(name="top", formula="2.5/(1 - 5*qE)*log(1 + 1.2*a_max*exp(2*beta_0)*t)",
             meaning="Lemma E.1 (3): largest rho on S_i^(0)"),
    Quantity(name="top_off", formula="beta_0 + 1 + qE*top", meaning="(E.24): largest |rho| of the other class"),
    Quantity(name="F_norm", formula="sqrt(sum[r](neuron_norm**2))", meaning="||W_j||_F"),
    Quantity(name="F_top", formula="sqrt((1 + coherence)*m/R_min2*(n_own*top**2 + (n - n_own)*top_off**2))",
             meaning="largest ||W_j - W_j(0)||_F"),
    Quantity(name="F_low", formula="sqrt(0.4*m*n_own*(1 - coherence)/R_max2)*rise",
             meaning="least ||W_j - W_j(0)||_F"),
    Quantity(name="S_low", formula="0.4*sqrt(m*n_own*(1 - coherence)*R_min2)*rise/R_max2",
             meaning="least ||W_j - W_j(0)||_2, along X^+ 1{y = j}"),
    Quantity(name="learned", formula="sqrt(sum[i,k](rho/N*(rho[j,r,k]/N[k])*G[i,k]))",
             meaning="||w_{j,r} - w_{j,r}(0)||"),
    Quantity(name="s", formula="max[j,r](start(neuron_norm))*sqrt(2/3)", meaning="sigma_0 sqrt(d), from W(0)"),
    Quantity(name="u", formula="(1 + 1/T_1)*sqrt(n/R_min2)", meaning="spread of the filters' learned parts"),
)

_INVARIANTS = (
    Statement(id="5.4", kind="identity", source="(5.4), (5.5), Lemma 5.2", text="the recursion of rho",
              claim="next(rho) == rho - eta*kappa/n*l1*steep*N*j*y",
              mutant="next(rho) == rho - eta*kappa/n*l1*(h >= 0)*N*j*y"),
    Statement(id="5.1", kind="identity", source="Definition 5.1", tolerance=1e-9,
              tolerance_from="rounding of one addition a step, for up to 10^6 steps",
              text="<w, x_i> = <w(0), x_i> + sum_k rho_k <x_k, x_i>/||x_k||^2",
              claim="h == start(h) + sum[k](rho[j,r,k]*G[i,k]/G[k,k])", mutant="h == start(h) + rho"),
    Statement(id="5.9", kind="inequality", source="(5.9), for pre-activations and with beta", tolerance=1e-9,
              tolerance_from="rounding of one addition a step, for up to 10^6 steps",
              text="|<w - w(0), x_i> - rho_i| <= sum_{k != i} |rho_k| p/||x_k||^2",
              claim="abs(h - start(h) - rho) <= sum[k](abs(rho[j,r,k])*prod/G[k,k], not same[i,k])",
              mutant="abs(h - start(h)) <= sum[k](abs(rho[j,r,k])*prod/G[k,k], not same[i,k])"),
    Statement(id="I1", kind="inequality", source="Lemma B.3", text="rho moves with the sign of j y_i, always",
              claim="j*y*next(rho) >= j*y*rho", mutant="next(rho) >= rho"),
    Statement(id="C.11", kind="inequality", source="(C.11), (E.8)", text="by at most eta ||x_i||^2/(n m) a step",
              claim="abs(next(rho) - rho) <= a", mutant="abs(next(rho) - rho) <= 0.05*a"),
    Statement(id="C.4-step", kind="inequality", source="Lemma C.4, its core", only=(_LEAKY,),
              presets=("theorem-4.1",),
              text="the steps of rho_{j,r,i} for one example differ by a factor of at most 1/slope",
              claim="abs(next(rho) - rho) >= slope*max[j,r](abs(next(rho) - rho))",
              mutant="abs(next(rho) - rho) >= 2*slope*max[j,r](abs(next(rho) - rho))"),
    Statement(id="I2", kind="identity", source="1-homogeneity",
              text="||W||^2 grows by -(2 eta/n) sum l' z + eta^2 ||grad L_S||^2",
              claim="next(norm)**2 - norm**2 == -2*eta*mean[i](l1*margins) + eta**2*gradient_norm**2",
              mutant="next(norm)**2 - norm**2 == -2*eta*mean[i](l1*margins)"),
    Statement(id="I3", kind="identity", source="Section 3", text="||grad L_S||^2 from the Gram matrix",
              claim="gradient_norm**2 == (kappa/n)**2*sum[j,r,i,k](l1*y*steep*(l1[k]*y[k]*steep[j,r,k])*G[i,k])",
              mutant="gradient_norm**2 == (kappa/n)**2*sum[j,r,i](l1**2*steep**2*N)"),
    Statement(id="I4", kind="identity", source="(3.1)", text="z_i = y_i (F_{+1} - F_{-1})",
              claim="margins == y*sum[j](j*out)", mutant="margins == sum[j](j*out)"),
    Statement(id="5.8", kind="inequality", source="(5.8)",
              text="e^-z (1 - e^-z/2) <= l <= e^-z, and -l' >= e^-z/(1 + e^c) where z >= -c",
              claim="mean[i](exp(-margins)*(1 - exp(-margins)/2)) <= loss <= mean[i](exp(-margins)) and "
                    "-l1 >= exp(-margins)/(1 + exp(-min[i](margins)))",
              mutant="-l1 >= exp(-margins)"),
    Statement(id="H.5", kind="inequality", source="Lemma H.5, sharpened", text="l'(z_k)/l'(z_i) <= 1 + exp(z_i - z_k)",
              claim="l1[k]/l1 <= 1 + exp(margins - margins[k])", mutant="l1[k]/l1 <= exp(margins - margins[k])"),
    Statement(id="H.5-lower", kind="inequality", source="Lemma H.5, second half",
              text="l'(z_k)/l'(z_i) >= exp(z_i - z_k)/4 where z_k >= -1", given="margins[k] >= -1",
              claim="l1[k]/l1 >= exp(margins - margins[k])/4", mutant="l1[k]/l1 >= exp(margins - margins[k])"),
    Statement(id="5.9-outputs", kind="inequality", source="(5.9), with beta, and slope for j = -y_i", tolerance=1e-9,
              tolerance_from="rounding of one addition a step, for up to 10^6 steps", only=(_MEAN,),
              text="|F_j(x_i) - (1/m) sum_r sigma(rho_{j,r,i})| <= beta + sum_{k != i} (1/m) sum_r |rho_{j,r,k}| "
                   "p/R_min^2",
              claim="abs(out - mean[r](max(rho, slope*rho))) <= beta_0 + "
                    "sum[k](mean[r](abs(rho))[j,k]*prod/R_min2, not same[i,k])",
              mutant="abs(out - mean[r](max(rho, slope*rho))) <= "
                     "sum[k](mean[r](abs(rho))[j,k]*prod/R_min2, not same[i,k])"),
    Statement(id="I5", kind="identity", source="Frobenius norms", text="||W||_F^2 = sum ||w_{j,r}||^2",
              claim="norm**2 == sum[j,r](neuron_norm**2)", mutant="norm == sum[j,r](neuron_norm)"),
)

_RUNS = (
    Statement(id="B.3", kind="inequality", source="Lemma B.3, (C.10)", text="rho-bar >= 0 >= rho-underbar",
              claim="rho_over >= 0 and rho_under <= 0", mutant="rho_under >= 0"),
    Statement(id="C.14", kind="inequality", source="(C.14)", text="|rho_i| <= eta ||x_i||^2 t/(n m)",
              claim="abs(rho) <= a*t", mutant="abs(rho) <= 0.01*a*t"),
    Statement(id="C.4-core", kind="inequality", source="Lemma C.4, its core", only=(_LEAKY,),
              presets=("theorem-4.1",),
              text="|rho_{j,r,i}| >= slope |rho_{j',r',i}|, any data and step size",
              claim="abs(rho) >= slope*max[j,r](abs(rho))", mutant="abs(rho) >= 1.5*slope*max[j,r](abs(rho))"),
    Statement(id="sizes", kind="identity", source="matrix norms", at="T",
              text="||W_j||_F^2 = sum_r ||w_{j,r}||^2 = (stable rank) ||W_j||_2^2",
              claim="sum[r](neuron_norm**2) == frobenius_heads**2 and "
                    "frobenius_heads**2 == stable_rank_heads*spectral_heads**2 and stable_rank >= 1",
              mutant="frobenius_heads == spectral_heads"),
    Statement(id="5.9-printed", kind="inequality", source="(5.9), both heads", at="T", given="slope < 1 and t > 0",
              text="|F_j(x_i) - (1/m) sum_r rho_{j,r,i}| <= sum_{k != i} (1/m) sum_r |rho_{j,r,k}| p/R_min^2",
              claim="abs(out - kappa*sum[r](rho)) <= sum[k](kappa*sum[r](abs(rho))[j,k]*prod/R_min2, not same[i,k])",
              erratum="nearly_orthogonal-5.9", instance=Instance(values=_SHORT, steps=1000)),
)

_MARGINS = (
    Statement(id="G.1-1", kind="inequality", source="Lemma G.1 (1)", text="z_i >= -2 beta", only=(_MEAN,), given="setG",
              claim="margins >= -2*beta_0", mutant="margins <= 2*beta_0"),
    Statement(id="G.1-2", kind="inequality", source="Lemma G.1 (2) = Lemma 5.9", text="z_i - z_k <= C_1", only=(_MEAN,),
              given="setG", claim="margins - margins[k] <= C_1", mutant="margins - margins[k] <= 1e-5*C_1"),
    Statement(id="G.1-3", kind="inequality", source="Lemma G.1 (3) = Lemma 5.9", text="l'_i/l'_k <= C_2", only=(_MEAN,),
              given="setG", claim="l1/l1[k] <= C_2", mutant="l1/l1[k] <= 0.999"),
    Statement(id="G.1-4", kind="inequality", source="Lemma G.1 (4) = Lemma 5.8", only=(_MEAN,),
              text="a filter active on an example of its class stays so", given="setG and own and h >= 0",
              claim="next(h) >= 0", mutant="next(h) >= 0", mutant_given="setG and not own and h >= 0"),
    Statement(id="G.4-rise", kind="inequality", source="Lemma G.1, proof", text="margins never fall", only=(_MEAN,),
              given="setG", claim="next(margins) >= margins", mutant="next(margins) <= margins"),
    Statement(id="G.4", kind="inequality", source="(G.4), (G.5) = (5.12)", only=(_MEAN,), given="setG",
              text="margins grow by (eta/(n m)) |l'_i| ||x_i||^2, times 1/5 to 3",
              claim="-a*l1/5 <= next(margins) - margins <= -3*a*l1", mutant="next(margins) - margins <= -0.1*a*l1"),
    Statement(id="5.12-printed", kind="inequality", source="(5.12) for leaky ReLU of any width",
              only=(_LEAKY, _MEAN), given="2*beta_0 <= 1 and 3*a_max <= 1 and R_min2 >= 10*C_2*n*prod",
              text="margins grow by at least (eta/(5 n m)) |l'_i| ||x_i||^2", erratum="nearly_orthogonal-5.12",
              claim="next(margins) - margins >= -a*l1/5", instance=Instance(values=_ONE, steps=1)),
    Statement(id="G.3-lower", kind="inequality", source="Lemma G.3 = (5.13)", only=(_MEAN,), given="setG", since="1",
              text="z_i >= log t + log a_i - C_3, a_i = eta ||x_i||^2/(n m)", claim="margins >= log(a*t) - C_3",
              mutant="margins >= log(a*t) + C_3"),
    Statement(id="G.3-upper", kind="inequality", source="Lemma G.3 = (5.13)", only=(_MEAN,), given="setG", since="T_G",
              text="z_i <= log t + log a_i + C_3 from T on", claim="margins <= log(a*t) + C_3",
              mutant="margins <= log(a*t) - C_3"),
    Statement(id="4.1d", kind="inequality", source="Theorems 4.1, 4.3: L_S = Theta(1/t); Lemma G.4", only=(_MEAN,),
              given="setG", since="T_G", text="L_S lies between mean_i 1/(a_i t) times e^{-C_3}, e^{C_3}, up to 1/t^2",
              claim="mean[i](exp(-C_3)/(a*t) - exp(2*C_3)/(a*t)**2) <= loss <= mean[i](exp(C_3)/(a*t))",
              mutant="loss <= mean[i](exp(-C_3)/(a*t))"),
    Statement(id="4.1c", kind="inequality", source="Theorems 4.1, 4.3: margins' spread; Lemma G.2", only=(_MEAN,),
              given="setG", text="max |z_i - z_k|/||W||_F <= C_1/||W||_F", claim="margin_spread <= C_1/norm",
              mutant="margin_spread <= 1e-5*C_1/norm"),
)

_LEAKY_STAGES = (
    Statement(id="C.2", kind="inequality", source="Lemma C.2", only=_LEAKY_MEAN, until="T_1", given="setC",
              text="|rho| >= ct slope/R^2 max |rho|, t <= T_1", claim="abs(rho) >= ct/R2*slope*max[j,r,i](abs(rho))",
              mutant="abs(rho) >= 1.01*max[j,r,i](abs(rho))"),
    Statement(id="C.13", kind="inequality", source="(C.13)", only=_LEAKY_MEAN, until="T_1", given="setC",
              text="|rho| >= ct slope eta R_min^2 t/(n m), t <= T_1",
              claim="abs(rho) >= ct*slope*eta*R_min2*t/(n*m)", mutant="abs(rho) >= 0.6*eta*R_min2*t/(n*m)"),
    Statement(id="C.1", kind="inequality", source="Lemma C.1 = Lemma 5.4: automatic balance", only=_LEAKY_MEAN,
              given="setC", text="sum_r |rho_{j,r,i}| >= c_3 slope^2 sum_r |rho_{j',r,i'}|",
              claim="mean_rho >= c_3*slope**2*max[j,i](mean_rho)", mutant="mean_rho >= max[j,i](mean_rho)"),
    Statement(id="C.4", kind="inequality", source="Lemma C.4: automatic balance", only=_LEAKY_MEAN, given="setC",
              text="|rho_{j,r,i}| >= c_3 slope^4 |rho_{j',r',i'}|",
              claim="abs(rho) >= c_3*slope**4*max[j,r,i](abs(rho))", mutant="abs(rho) >= max[j,r,i](abs(rho))"),
    Statement(id="C.3-upper", kind="inequality", source="Lemma C.3 (1), (2)", only=_LEAKY_MEAN, given="setC",
              text="mean_r |rho| <= log(1 + ...)/c_4 for j = y_i, log(1 + ...)/(slope c_5) for j = -y_i",
              claim="mean[r](rho_over) <= log(1 + a*c_4*exp(2*beta_0)*t)/c_4 and "
                    "mean[r](abs(rho_under)) <= log(1 + slope*a*c_5*exp(2*beta_0)*t)/(slope*c_5)",
              mutant="mean[r](rho_over) <= 0.3*log(1 + a*c_4*exp(2*beta_0)*t)/c_4"),
    Statement(id="C.3-lower", kind="inequality", source="Lemma C.3 (3), (4), with the proof's 1/2", only=_LEAKY_MEAN,
              given="setC", text="mean_r |rho| >= log(1 + ...)/(2 c_6), times slope for j = -y_i",
              claim="sum[j](mean[r](rho_over)) >= log(1 + slope*a*c_6*exp(-(1 + slope)*beta_0)*t)/(2*c_6) and "
                    "sum[j](mean[r](abs(rho_under))) >= slope*log(1 + a*c_6*exp(-(1 + slope)*beta_0)*t)/(2*c_6)",
              mutant="sum[j](mean[r](rho_over)) >= 2*log(1 + slope*a*c_6*exp(-(1 + slope)*beta_0)*t)/c_6"),
    Statement(id="C.16", kind="inequality", source="(C.16), (C.17) = (5.10)", only=_LEAKY_MEAN, given="setC and own",
              text="F_{y_i}(x_i) = (1 +- n p/(slope^2 c_3 R_min^2)) (1/m) sum_r rho_{y_i,r,i} +- beta",
              claim="(1 - qC/slope**2)*mean_rho - beta_0 <= out <= (1 + qC/slope**2)*mean_rho + beta_0",
              mutant="(1 - qC/slope**2)*mean_rho + beta_0 <= out"),
    Statement(id="C.18", kind="inequality", source="(C.18), (C.19)", only=_LEAKY_MEAN, given="setC and not own",
              text="F_{-y_i}(x_i) lies between -slope (1 + q/slope^2) (1/m) sum_r |rho_{-y_i,r,i}| - slope beta and "
                   "-slope (1 - q/slope^3) (1/m) sum_r |rho_{-y_i,r,i}| + beta",
              claim="-slope*(1 + qC/slope**2)*mean_rho - slope*beta_0 <= out <= "
                    "-slope*(1 - qC/slope**3)*mean_rho + beta_0",
              mutant="out <= -(1 - qC/slope**3)*mean_rho - beta_0"),
    Statement(id="C.3-printed", kind="inequality", source="Lemma C.3 (3), (4)", only=_LEAKY_MEAN, given="setC", at="T",
              text="mean_r |rho| >= log(1 + ...)/c_6, times slope for j = -y_i", erratum="nearly_orthogonal-C.3",
              claim="sum[j](mean[r](rho_over)) >= log(1 + slope*a*c_6*exp(-(1 + slope)*beta_0)*t)/c_6",
              instance=Instance(values=_TWO, steps=300_000)),
    Statement(id="C.5", kind="inequality", source="Lemma C.5 = Lemma 5.6: no flips from T_1 on", only=_LEAKY_MEAN,
              since="T_1", given="setC5", text="sign <w_{j,r}, x_i> = j y_i", claim="j*y*h > 0", mutant="h > 0"),
    Statement(id="D.1", kind="inequality", source="Lemmas D.1, D.2", only=_LEAKY_MEAN, given="setC5",
              text="rho_{j,r,i} of one head and example differ by at most C' = 1, rounded up to a step",
              claim="max[r](rho) - min[r](rho) <= 1 + 1/T_1", mutant="max[r](rho) - min[r](rho) <= 1e-4"),
    Statement(id="5.7", kind="identity", source="Lemma 5.7 = Lemma D.3, with the sign of D.3", only=_LEAKY_MEAN,
              since="T_1 + 1", given="setC5", text="from T_1 on rho_{y_i} grows by 1/slope of what rho_{-y_i} falls, "
              "one number for all r", tolerance=1e-9, tolerance_from="rounding of one addition a step",
              claim="on - at(on, T_1 + 1) == -max[r](off - at(off, T_1 + 1))/slope and "
                    "max[r](off - at(off, T_1 + 1)) == min[r](off - at(off, T_1 + 1))",
              mutant="on - at(on, T_1 + 1) == -max[r](off - at(off, T_1 + 1))"),
    Statement(id="5.7-printed", kind="identity", source="Lemma 5.7, last line", only=_LEAKY_MEAN, since="T_1 + 2",
              given="setC5", text="the same without the minus sign", erratum="nearly_orthogonal-5.7",
              claim="on - at(on, T_1 + 1) == max[r](off - at(off, T_1 + 1))/slope"),
    Statement(id="D.4-norm", kind="inequality", source="Lemma D.4, proof", only=_LEAKY_MEAN, given="setC",
              text="||w - w(0)||^2 >= (1 - n p R^2/(R_min^2 c_3 slope^4)) sum_i rho_i^2/R_max^2",
              claim="learned**2 >= (1 - R2*qC/slope**4)*sum[i](rho**2)/R_max2",
              mutant="learned**2 >= 1.01*sum[i](rho**2)/R_min2"),
    Statement(id="4.1b", kind="inequality", source="Theorem 4.1, stable rank; Lemma D.4 with its cross term's 2",
              only=_LEAKY_MEAN, at="T",
              given="setC5 and T >= T_1 and learned**2 > (2*sqrt(1.5)*s + 2*sqrt(2)*u)*learned + 2*sqrt(3)*s*u",
              text="||W_j||_F^2/||W_j||_2^2 - 1 = O(1/||w_{j,r} - w_{j,r}(0)||)",
              claim="stable_rank_heads - 1 <= "
                    "((3*(s + u) + 2*sqrt(1.5)*s + 2*sqrt(2)*u)*learned + 2*(s + u)**2 + 2*sqrt(3)*s*u)"
                    "/(learned**2 - (2*sqrt(1.5)*s + 2*sqrt(2)*u)*learned - 2*sqrt(3)*s*u)",
              mutant="stable_rank_heads >= 2"),
    Statement(id="4.1a", kind="inequality", source="Theorem 4.1: ||w_{j,r}|| = Theta(log t), from Lemmas C.3 and C.4",
              only=_LEAKY_MEAN, given="setC",
              text="||w_{j,r}|| lies between c log(1 + slope a t/2) - ||w(0)|| and C log(1 + a t) + ||w(0)||",
              claim="sqrt(n*(1 - coherence)/R_max2)*slope**2*log(1 + slope*min[i](a)*c_6*exp(-(1 + slope)*beta_0)*t)"
                    "/(2*c_6) - start(neuron_norm) <= neuron_norm <= start(neuron_norm) + "
                    "sqrt(n*(1 + coherence)/R_min2)*log(1 + a_max*exp(2*beta_0)*t)/(slope**2*c_5)",
              mutant="neuron_norm >= sqrt(n*(1 + coherence)/R_min2)*log(1 + a_max*exp(2*beta_0)*t)/(slope**2*c_5)"),
    Statement(id="4.1a-upper", kind="order", source="Theorem 4.1", text="||w_{j,r}|| = O(log t)", at="T",
              claim="max[j,r](neuron_norm) <= log(T)", mutant="max[j,r](neuron_norm) <= log(T)**0.5", path=Path(
                  values=(*_LONGER, ("slope", "0.5")), scales=(1e3, 1e4, 1e5), steps="s", of="log")),
    Statement(id="4.1a-lower", kind="order", source="Theorem 4.1", text="||w_{j,r}|| = Omega(log t)", at="T",
              claim="log(T) <= min[j,r](neuron_norm)", mutant="log(T)**1.5 <= min[j,r](neuron_norm)", path=Path(
                  values=(*_LONGER, ("slope", "0.5")), scales=(1e3, 1e4, 1e5), steps="s", of="log")),
    Statement(id="4.1d-upper", kind="order", source="Theorems 4.1, 4.3", text="L_S = O(1/t)", at="T",
              claim="loss <= 1/T", mutant="loss <= T**(-1.1)", path=Path(
                  values=(*_LONGER, ("slope", "0.5")), scales=(1e3, 1e4, 1e5), steps="s")),
    Statement(id="4.1d-lower", kind="order", source="Theorems 4.1, 4.3", text="L_S = Omega(1/t)", at="T",
              claim="1/T <= loss", mutant="T**(-0.9) <= loss", path=Path(
                  values=(*_LONGER, ("slope", "0.5")), scales=(1e3, 1e4, 1e5), steps="s")),
)

_RELU_STAGES = (
    Statement(id="E.1-1", kind="inequality", source="Lemma E.1 (1) = Lemma 5.5: automatic balance", only=_RELU_MEAN,
              given="setE and first_on", text="rho_{y_i,r,i} >= c_1 max |rho|, r in S_i^(0)",
              claim="rho >= c_1*max[j,r,i](abs(rho))", mutant="rho >= 1.01*max[j,r,i](abs(rho))"),
    Statement(id="E.1-2", kind="inequality", source="Lemma E.1 (2)", only=_RELU_MEAN, given="setE and first_on",
              text="rho_{y_i,r,i} >= c_2 log(1 + eta |S_i^(0)| ||x_i||^2 e^{-beta} t/(2 n m^2))",
              claim="rho >= log(1 + a*share*exp(-beta_0)*t/2)/(2.5*(1 + qE))",
              mutant="rho >= 3*log(1 + a*share*exp(-beta_0)*t/2)"),
    Statement(id="E.1-3", kind="inequality", source="Lemma E.1 (3)", only=_RELU_MEAN, given="setE and first_on",
              text="rho_{y_i,r,i} <= c_3 log(1 + 2 eta |S_i^(0)| ||x_i||^2 e^{2 beta} t/(n m^2))",
              claim="rho <= 2.5/(1 - 5*qE)*log(1 + 2*a*share*exp(2*beta_0)*t)",
              mutant="rho <= 0.4*log(1 + 2*a*share*exp(2*beta_0)*t)"),
    Statement(id="E.1-4", kind="inequality", source="Lemma E.1 (4)", only=_RELU_MEAN, given="setE and first_on",
              text="S_i^(0) stays active", claim="h >= 0", mutant="h >= 0", mutant_given="setE and own"),
    Statement(id="E.1-same", kind="identity", source="Lemma E.1, proof", only=_RELU_MEAN, given="setE and first_on",
              text="rho_{y_i,r,i} is one number on S_i^(0), the largest of all r", claim="rho == max[r](rho)",
              mutant="rho == max[r](rho)", mutant_given="setE and own"),
    Statement(id="E.24", kind="inequality", source="(E.24)", only=_RELU_MEAN, given="setE and not own",
              text="|rho-underbar_{j,r,i'}| <= beta + 1 + n p/(R_min^2 c_1) min over S_i^(0), y_i = j, of rho-bar",
              claim="abs(rho) <= beta_0 + 1 + qE*min[r,i](rho, first_on)", mutant="abs(rho) <= 0.01*beta_0"),
    Statement(id="E.2-printed", kind="inequality", source="Lemma E.2 at a late step", only=_RELU_MEAN, at="T",
              given="not own", text="|rho-underbar| <= (n p/R_min^2) rho-bar", erratum="nearly_orthogonal-E.2",
              claim="abs(rho) <= coherence*max[j,r,i](rho)", instance=Instance(values=_SIX, steps=3000)),
    Statement(id="F.2-on", kind="inequality", source="Lemma F.2, p = 0", only=(_RELU,), given="orthogonal and first_on",
              text="<w_{y_i,r}, x_i> of a filter active at step 0 never falls", claim="next(h) >= h >= 0",
              mutant="next(h) <= h"),
    Statement(id="F.2-dead", kind="identity", source="Lemma F.2, p = 0", only=(_RELU,),
              given="orthogonal and start(h) < 0", text="a filter inactive at step 0 keeps rho = 0", claim="rho == 0",
              mutant="rho == 0", mutant_given="orthogonal and start(h) >= 0"),
    Statement(id="F.2-off", kind="inequality", source="Lemma F.2, p = 0", only=(_RELU,), given="orthogonal and not own",
              text="0 >= rho_{-y_i,r,i} >= -ReLU(<w(0), x_i>) - eta ||x_i||^2/(n m)",
              claim="0 >= rho >= -relu(start(h)) - a", mutant="rho >= -0.5*relu(start(h))"),
    Statement(id="F.2-printed", kind="inequality", source="Lemma F.2, its T = 1/(eta n m R_min^2)", only=_RELU_MEAN,
              given="orthogonal and not own", since="1/(eta*n*m*R_min2)", erratum="nearly_orthogonal-F.2",
              text="no filter of the other class is active from T on", claim="h < 0",
              instance=Instance(values=_SIX, steps=50)),
    Statement(id="4.3a", kind="inequality", source="Theorem 4.3: ||W_j||_F = Theta(log t), from Lemma E.1",
              only=_RELU_MEAN, given="setE and both",
              text="||W_j||_F lies between c log(1 + a t/6) - ||W_j(0)||_F and C log(1 + 2 a t) + ||W_j(0)||_F",
              claim="F_low - start(F_norm) <= F_norm <= F_top + start(F_norm)", mutant="F_norm >= F_top"),
    Statement(id="4.3a-spectral", kind="inequality", source="Theorem 4.3: ||W_j||_2 = Theta(log t), as Lemma F.1",
              only=_RELU_MEAN, at="T", given="setE and both", text="||W_j||_2 >= c log(1 + a t/6) - ||W_j(0)||_2",
              claim="spectral_heads >= S_low - start(spectral_heads)", mutant="spectral_heads >= 12*S_low"),
    Statement(id="4.3a-printed", kind="inequality", source="Theorem 4.3", only=_RELU_MEAN, at="T",
              text="||W_j||_F grows from T/10 to T, for both j", erratum="nearly_orthogonal-4.3",
              claim="frobenius_heads >= 1.05*at(frobenius_heads, T/10)",
              instance=Instance(values=_SINGLE, steps=10_000)),
    Statement(id="4.3b", kind="inequality", source="Theorem 4.3: the stable ranks stay bounded; Lemma F.1", at="T",
              only=_RELU_MEAN, given="setE and both and S_low > start(spectral_heads)",
              text="||W_j||_F^2/||W_j||_2^2 <= (C/c)^2 R^4, up to W_j(0) and the other class",
              claim="stable_rank_heads <= (F_top + start(F_norm))**2/(S_low - start(spectral_heads))**2",
              mutant="stable_rank_heads <= 1"),
    Statement(id="4.3a-upper", kind="order", source="Theorem 4.3", given="both",
              text="||W_j||_F = O(log t)", at="T", claim="max[j](F_norm) <= log(T)",
              mutant="max[j](F_norm) <= log(T)**0.5", path=Path(
                  values=(*_LONGER, ("slope", "0"), ("eta", "320")), scales=(1e3, 1e4, 1e5), steps="s", of="log")),
    Statement(id="4.3a-lower", kind="order", source="Theorem 4.3", given="both",
              text="||W_j||_F = Omega(log t)", at="T", claim="log(T) <= min[j](F_norm)",
              mutant="log(T)**1.5 <= min[j](F_norm)", path=Path(
                  values=(*_LONGER, ("slope", "0"), ("eta", "320")), scales=(1e3, 1e4, 1e5), steps="s", of="log")),
    Statement(id="4.3b-order", kind="order", source="Theorem 4.3", text="the stable ranks stay bounded as t grows",
              given="both", at="T", claim="max[j](stable_rank_heads) <= 1",
              mutant="max[j](stable_rank_heads)*log(T)**0.5 <= 1",
              path=Path(values=(*_LONGER, ("slope", "0")), scales=(1e3, 1e4, 1e5), steps="s", of="log")),
    Statement(id="F.3-printed", kind="inequality", source="Lemma F.3, Remark 4.4", only=_RELU_MEAN, at="T",
              text="the stable ranks are about 2", claim="abs(stable_rank_heads - 2) <= 0.1",
              erratum="nearly_orthogonal-F.3", instance=Instance(values=_FOUR, steps=300)),
)

_DATA = (
    Statement(id="B.1", kind="probability", source="Lemma B.1, both parts at once", at="0", only=(_GAUSSIAN,),
              text="sigma_0^2 d/2 <= ||w(0)||^2 <= 3 sigma_0^2 d/2 and |<w(0), x_i>| <= sqrt(2 log(8 m n/delta)) "
                   "sigma_0 R_max", given="d >= 23.4*log(8*m/delta)",
              claim="sigma_0**2*d/2 <= neuron_norm**2 <= 3*sigma_0**2*d/2 and "
                    "abs(h) <= sqrt(2*log(8*m*n/delta)*R_max2)*sigma_0",
              mutant="abs(h) <= sqrt(log(8*m*n/delta)*R_max2/8)*sigma_0"),
    Statement(id="B.1-norm", kind="probability", source="Lemma B.1, by the chi-square tails", at="0", only=(_GAUSSIAN,),
              text="sigma_0^2 d/2 <= ||w(0)||^2 <= 3 sigma_0^2 d/2", given="d >= 23.4*log(8*m/delta)",
              claim="sigma_0**2*d/2 <= neuron_norm**2 <= 3*sigma_0**2*d/2", mutant="neuron_norm**2 <= sigma_0**2*d"),
    Statement(id="B.1-product", kind="probability", source="Lemma B.1", at="0", only=(_GAUSSIAN,),
              text="|<w(0), x_i>| <= sqrt(2 log(8 m n/delta)) sigma_0 R_max",
              claim="abs(h) <= sqrt(2*log(8*m*n/delta)*R_max2)*sigma_0",
              mutant="abs(h) <= sqrt(log(8*m*n/delta)*R_max2/8)*sigma_0"),
    Statement(id="B.2", kind="probability", source="Lemma B.2", at="0", given="m >= 50*log(2*n/delta) and own",
              text="0.4 m <= |S_i^(0)| <= 0.6 m", claim="0.4 <= share <= 0.6", mutant="share <= 0.5"),
)

STATEMENTS = Statements(
    paper="Kou, Chen and Gu 2023, arXiv:2310.18935",
    quantities=QUANTITIES,
    statements=(
        *on(("theorem-4.1", "theorem-4.3"), *_MARGINS),
        *on(("theorem-4.1",), *_LEAKY_STAGES),
        *on(("orthogonal-relu",), *(each for each in _RELU_STAGES if each.id.startswith("F.2"))),
        *on(("theorem-4.3",), *(each for each in _RELU_STAGES if not each.id.startswith("F.2"))),
        *on(("theorem-4.1", "theorem-4.3"), *_DATA, *_RUNS, *_INVARIANTS),
    ),
)
