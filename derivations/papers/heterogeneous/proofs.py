"""Lemmas about random matrices and fresh noise that the proofs of Xu and Chen, arXiv:2502.11893, rest on.

Their matrices are those that a run holds: the Gaussian Z of Lemma 8 is W_k(0) A_k over sigma_0 sigma_p where noise is
isotropic; the A of Lemmas 18 and 19 has the noises of the data for rows, so that their A x is (<w, xi_i>)_i and x a
filter at the start, of which there are K m; the sphere of Lemma 16 is that of (<w_{k,r}(0), u_k>)_r.

A Gaussian vector of covariance A A^T is in a cone at most prod_i l_max(A)/l_i(A) times as often as a standard one: its
density is below that of N(0, l_max^2 I) times that product. Lemmas 4, 18, 19 and 27 are repaired by it.
"""

from __future__ import annotations

from ...declare import Instance, Quantity, Statement, Value, on
from .scope import GAUSSIAN, NORMAL

# Three noises, all but orthogonal; and rows (+-l_max, +-l_min) with l_max = 4 l_min, as many as Lemma 18 asks for.
_APART: tuple[tuple[str, Value], ...] = (
    ("K", 2), ("n", 3), ("m", 500), ("d", 1e6), ("Gamma", 1.0), ("init", "gaussian"), ("sigma_0", 0.01))
_ALIKE: tuple[tuple[str, Value], ...] = (
    ("K", 2), ("n", 130), ("class_sizes", "130,0"), ("m", 150), ("d", 4), ("Gamma", 257 / 32), ("noise", "rademacher"),
    ("init", "gaussian"), ("sigma_0", 0.01))
_ONE_SIGN: tuple[tuple[str, Value], ...] = (
    ("K", 2), ("n", 1), ("class_sizes", "1,0"), ("m", 1), ("d", 50), ("init", "gaussian"), ("sigma_0", 0.01),
    ("delta", 0.61))
# A square W_j A_j of unit singular values; the preset theorem-1 in units where A and u are 10^6 times shorter.
_SQUARE: tuple[tuple[str, Value], ...] = (
    ("K", 2), ("n", 1), ("class_sizes", "1,0"), ("m", 100), ("d", 102), ("Gamma", 1.0), ("sigma_p", 1.0),
    ("init", "gaussian"), ("sigma_0", 1.0))
_OTHER_UNITS: tuple[tuple[str, Value], ...] = (
    ("K", 3), ("Gamma", 1.0), ("init", "gaussian"), ("n", 12), ("m", 60), ("d", 1e6), ("u_norm", 1e-6),
    ("sigma_p", 2e-9), ("sigma_0", 10.0), ("eta", 1.2e12))

_SAME_SIDE = "mean[k,r](min[i,q](h*h[k,r,q]*G[i,q]) > 0)"
_MOSTLY_NEGATIVE = "mean[k,r](sum[i]((h <= 0)*(G[i,q] > 0)) >= 0.9*sum[i](G[i,q] > 0))"

QUANTITIES = (
    Quantity(name="smallest", formula="sigma_p", meaning="smallest nonzero singular value of A_k"),
    Quantity(name="width_gap", formula="sqrt(rank) - sqrt(m) - sqrt(2*log(K/delta))",
             meaning="what the least singular value of K Gaussian m x rank matrices is at least"),
    Quantity(name="squeeze", formula="mean[r](log(max[r](stretch)/stretch))/2",
             meaning="mean of log(l_max/l_r) over the singular values of W_k A_k, by class"),
    Quantity(name="few_most", formula="exp(-m*(0.368 - squeeze))",
             meaning="exp(-m KL(0.1, 1/2)) times prod_r l_max/l_r: fewer than 0.1 m of m signs"),
    Quantity(name="round_A", meaning="l_max^2/l_min^2 of the matrix of the noises, at most (Gershgorin)",
             formula="max[i](sum[i2](abs(G)))/min[i](2*xi2 - sum[i2](abs(G)))"),
    Quantity(name="apart", formula="max[i](sum[i2](abs(G))) <= 1.44*min[i](2*xi2 - sum[i2](abs(G)))",
             meaning="its singular values are within a factor 1.2"),
    Quantity(name="orthant_most", formula="(round_A/4)**(n/2)", meaning="(l_max/(2 l_min))^n, the repaired 0.6^n"),
    Quantity(name="beyond", formula="sum[b](q[l,b] > q)", meaning="bins of the class's ratios above this one"),
    Quantity(name="right_beyond", meaning="P(right) of the class in these",
             formula="sum[b](q_accuracy[l,b]*(q[l,b] > q))/max(beyond, 1)"),
    Quantity(name="wrong_most", formula="(K - 1)*exp(-q**2*Gamma/2)", meaning="the bound of 2(b), c_2 = 1/2, L = q"),
)

_MATRICES = (
    Statement(id="L8", kind="probability", source="Lemma 8, of K matrices", at="0", only=(GAUSSIAN,),
              given="Gamma == 1 and sqrt(rank) > 2*sqrt(8*log(2*K/delta) + 8*log(9)*m)",
              text="every singular value of a Gaussian rank x m matrix is at least sqrt(rank) - 2 sqrt(8 log(2/delta) "
              "+ 8 log(9) m)",
              claim="min[r](stretch) >= (sigma_0*sigma_p*(sqrt(rank) - 2*sqrt(8*log(2*K/delta) + 8*log(9)*m)))**2",
              mutant="min[r](stretch) >= (sigma_0*sigma_p*sqrt(rank))**2"),
    Statement(id="L3-start", kind="probability", source="Lemma 3, third claim, at the start; explicit", at="0",
              only=(GAUSSIAN,), given="width_gap > 0",
              text="the least singular value of W_j(0) A_j is at least l_min(A_j) sigma_0 (sqrt(rank A_j) - sqrt(m) - "
              "sqrt(2 log(K/delta)))",
              claim="min[r](stretch) >= (smallest*sigma_0*width_gap)**2",
              mutant="min[r](stretch) >= (smallest*sigma_0*(sqrt(rank) + sqrt(m)))**2"),
    Statement(id="L9", kind="probability", source="Lemma 9, corrected, of the K^2 m variables <w(0), u_l>/||u_l||",
              at="0", text="the largest of N sub-Gaussians is at most sqrt(2 sigma_p^2 log(2N/delta))",
              claim="abs(a) <= sqrt(2*sigma_0**2*u2*log(2*K**2*m/delta))",
              mutant="abs(a) <= sqrt(sigma_0**2*u2*log(2*K**2*m/delta)/4)"),
    Statement(id="L9-printed", kind="probability", source="Lemma 9, (13)", at="0", erratum="heterogeneous-L9",
              text="all of them are at least as large", claim="abs(a) >= sqrt(2*sigma_0**2*u2*log(2*K**2*m/delta))"),
    Statement(id="L16", kind="probability", source="Lemma 16, corrected, of K points on the sphere of R^m", at="0",
              only=(GAUSSIAN,), given="mine",
              text="P(|share of positive coordinates - 1/2| >= t) <= 2 exp(-2 d t^2)",
              claim="abs(mean[r](a > 0) - 1/2) < sqrt(log(2*K/delta)/(2*m))",
              mutant="abs(mean[r](a > 0) - 1/2) < sqrt(log(2*K/delta)/(32*m))"),
    Statement(id="L16-printed", kind="probability", source="Lemma 16", at="0", erratum="heterogeneous-L16",
              only=(GAUSSIAN,), given="mine", instance=Instance(values=_ONE_SIGN, steps=0),
              text="P(|share of positive coordinates - 1/2| >= t) <= exp(-2 d t^2)",
              claim="abs(mean[r](a > 0) - 1/2) < sqrt(log(1/delta)/(2*m))"),
    Statement(id="L18", kind="inequality", source="Lemma 18, repaired, for every orthant that a filter is in", at="0",
              only=(GAUSSIAN,), given="apart", instance=Instance(values=_APART, steps=0),
              text="P(A x in T) <= prod_i l_max/(2 l_i), up to four standard errors of the share of K m filters",
              claim="mean[a,b](min[i](h*h[a,b,i]) > 0) <= orthant_most + 4*sqrt(orthant_most/(K*m)) + 4/(K*m)",
              mutant="mean[a,b](min[i](h*h[a,b,i]) > 0) <= orthant_most/4 + 4*sqrt(orthant_most/4/(K*m))"),
    Statement(id="L18-rows", kind="inequality", source="Lemma 18, its counterexample", at="0", only=(GAUSSIAN,),
              given="rank == 2 and Gamma > 1 and n >= log(n/delta)*spike/sigma_p**2",
              instance=Instance(values=_ALIKE, steps=0),
              text="two orthants have probability 1/2 - arctan(l_min/l_max)/pi or more each, rows (+-l_max, +-l_min)",
              claim=f"{_SAME_SIDE} >= 1 - 2/3.141592653589793*sigma_p/sqrt(spike) - 2/sqrt(K*m)",
              mutant=f"{_SAME_SIDE} >= 1 - 2/3.141592653589793*sigma_p/sqrt(spike) + 2/sqrt(K*m)"),
    Statement(id="L18-printed", kind="inequality", source="Lemma 18, of two opposite orthants", at="0",
              only=(GAUSSIAN,), given="n >= log(n/delta)*spike/sigma_p**2", erratum="heterogeneous-L18",
              instance=Instance(values=_ALIKE, steps=0), text="P(A x in T or -T) <= 2 0.6^M, M = rank A",
              claim=f"{_SAME_SIDE} <= 2*0.6**rank + 1/sqrt(K*m)"),
    Statement(id="L19", kind="inequality", source="Lemma 19, repaired", at="0", only=(GAUSSIAN,), given="apart",
              instance=Instance(values=_APART, steps=0),
              text="P(0.9 m rows or more with <w, xi_i> <= 0) <= exp(-0.07 m), and exp(-0.368 m) prod_i l_max/l_i",
              claim="mean[k,r](mean[i](h <= 0) >= 0.9) <= min(exp(-0.07*n), exp(-0.368*n)*round_A**(n/2) + "
                    "4*sqrt(exp(-0.368*n)/(K*m)))",
              mutant="mean[k,r](mean[i](h <= 0) >= 0.9) <= exp(-1.2*n)"),
    Statement(id="L19-printed", kind="inequality", source="Lemma 19, of the rows on one side of a noise", at="0",
              only=(GAUSSIAN,), given="sum[i](G[i,q] > 0) >= 0.7*log(n/delta)*spike/sigma_p**2/2",
              erratum="heterogeneous-L19", instance=Instance(values=_ALIKE, steps=0),
              text="P(0.9 m rows or more with <w, xi_i> <= 0) <= exp(-0.07 m)",
              claim=f"{_MOSTLY_NEGATIVE} <= exp(-0.07*sum[i](G[i,q] > 0)) + 2/sqrt(K*m)"),
)

_TRAINED = (
    Statement(id="L3", kind="inequality", source="Lemma 3, second and third claim, at T", at="T",
              text="W_j A_j has rank 0.9 m or more, and its (m - n)-th singular value is at least the least one at the "
              "start, as n examples add rank n; where float64 can tell W(0) beside what is learned",
              given="min[r](start(stretch)) >= 1e-10*max[r](stretch)",
              claim="sum[r](stretch > 1e-12*max[r](stretch)) >= 0.9*m and "
                    "sum[r](stretch >= (1 - 1e-6)*min[r](start(stretch))) >= m - n",
              mutant="sum[r](stretch >= 1.1*max[r](start(stretch))) >= m - n"),
    Statement(id="L3-printed", kind="probability", source="Lemma 3, third claim; (116)", at="0", only=(GAUSSIAN,),
              erratum="heterogeneous-116", instance=Instance(values=_SQUARE, steps=0),
              text="the (m - n)-th singular value of W_j A_j is at least 0.1 sqrt(m) sigma_0",
              claim="sum[r](stretch >= 0.01*m*sigma_0**2) >= m - n"),
    Statement(id="L26", kind="inequality", source="Lemmas 3 and 26, (104), spectral norm, constant 1", at="T",
              given="orthogonal and quiet and small_step and T >= 2 and filled",
              text="||W_k A_k|| <= ||A_k|| (sqrt(|S_k|)/min ||xi_i||) sqrt(m) log T, but for that of W(0); (a1) puts "
              "the factor below 1",
              claim="sqrt(max[r](stretch)) <= sqrt(max[r](start(stretch))) + "
                    "sqrt(spike*max[k](n_class)/min[i](xi2))*sqrt(m)*log(T)",
              mutant="sqrt(max[r](stretch)) <= sqrt(max[r](start(stretch))) + "
                     "0.05*sqrt(spike*max[k](n_class)/min[i](xi2))*sqrt(m)*log(T)"),
)

_FRESH = (
    Statement(id="L4", kind="inequality", source="Lemma 4, repaired", at="T", only=(NORMAL,), given="squeeze <= 0.3",
              text="fresh noise has fewer than 0.1 m active filters with probability exp(-0.368 m) prod_r "
              "l_max/l_r(W_j A_j) at most",
              claim="few_active <= few_most + 4*sqrt(few_most/4096) + 4/4096",
              mutant="few_active >= few_most"),
    Statement(id="L27", kind="inequality", source="Lemma 27, repaired", at="T", only=(NORMAL,),
              given="m*(0.368 - squeeze) >= log(1/delta)",
              text="with probability 1 - delta fresh noise has 0.1 m active filters, where m (0.368 - mean log "
              "l_max/l_r) >= log(1/delta)",
              claim="few_active <= delta", mutant="few_active > delta"),
    Statement(id="L27-printed", kind="inequality", source="Lemma 27 by (118)", at="T", only=(NORMAL,),
              given="m >= log(n/delta)*log(T)**2/(n*sigma_0**2)", erratum="heterogeneous-118",
              instance=Instance(values=_OTHER_UNITS, steps=550),
              text="with probability 1 - delta fresh noise has 0.1 m active filters", claim="few_active <= delta"),
)

STATEMENTS = (
    *on(("lemmas-8-16",), *_MATRICES), *on(("theorem-1",), *_TRAINED), *on(("lemma-27",), *_FRESH),
    Statement(id="T1.2b", presets=("theorem-1.2b",), kind="inequality", source="Theorem 1, statement 2(b), constants "
              "ours", at="hit", only=(NORMAL,),
              given="Gamma >= 10 and small_step and faint and trained and even and beyond > 0 and "
              "m >= 50*log(n/delta) and n >= 50*log(K*m/delta)",
              text="where Gamma >= 10 and Lemmas 22, 23 have their m and n, class errors on fresh noise of "
              "long-tail ratio >= L are <= (K - 1) exp(-L^2 Gamma/2), for every L that is a bin's mean ratio",
              claim="right_beyond >= 1 - wrong_most - 3*sqrt(wrong_most/(400*beyond)) - 5/(400*beyond)",
              mutant="right_beyond >= 1 - wrong_most**60 - 3*sqrt(wrong_most**60/(400*beyond)) - 5/(400*beyond)"),
)
