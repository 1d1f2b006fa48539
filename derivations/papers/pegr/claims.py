"""PEGR's printed formulas, display by display, with their slips marked.

Meng, Cao and Zou, arXiv:2303.17940: Section 5 and Appendix A; (E.7) and (E.8).  Terms and factors stand in the
paper's order.  w_{j,r} is the filter that is updated; a sum over filters runs over j', r'.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from ...calculus import changes
from ...calculus.activations import Relu, Step
from ...calculus.recursion import Recursion
from ...calculus.roles import GramEntry, PatchPreactivation, indexed, scalar
from ...calculus.symbols import eta, i, i_, lam, m, n, r, r_, s, signed_head, y
from ...declare import Model
from ...ledger.claims import Claim, Hypothesis, Slip, omitted, orthogonal, penalty_constant, second_layer
from .model import model

j, j_ = signed_head()
l1, l2, zeta = sp.IndexedBase("l1"), sp.IndexedBase("l2"), sp.IndexedBase("zeta")
gamma, rho = sp.IndexedBase("gamma"), sp.IndexedBase("rho")
rho_over, rho_under = sp.IndexedBase("rho_over"), sp.IndexedBase("rho_under")
a_mu, a_xi = indexed(PatchPreactivation("mu")), indexed(PatchPreactivation("xi"))  # <w_{j,r}, y_i mu>, <w_{j,r}, xi_i>
a0_mu, a0_xi = (indexed(PatchPreactivation(family, start=True)) for family in ("mu", "xi"))  # the same at t = 0
mu, mu2, gram = changes.vector("mu"), scalar(GramEntry("mu", "mu")), indexed(GramEntry("xi", "xi"))

Lines = tuple[sp.Expr, ...]


def xi(at: sp.Expr) -> sp.Expr:
    """xi_i."""
    return changes.vector("xi", at)


def xi2(at: sp.Expr) -> sp.Expr:
    """||xi_i||^2."""
    return gram[at, at]


def on_mu(at: sp.Expr = i, head: sp.Expr = j, neuron: sp.Expr = r) -> sp.Expr:
    """ReLU(<w_{j,r}, y_i mu>)."""
    return Relu(a_mu[head, neuron, at])


def on_xi(at: sp.Expr = i, head: sp.Expr = j, neuron: sp.Expr = r) -> sp.Expr:
    """ReLU(<w_{j,r}, xi_i>)."""
    return Relu(a_xi[head, neuron, at])


def over_examples(body: sp.Expr, at: sp.Symbol = i) -> sp.Expr:
    """sum_{i=1}^n."""
    return sp.Sum(body, (at, 1, n))


def over_filters(body: sp.Expr) -> sp.Expr:
    """sum_{j'} sum_{r'=1}^m."""
    return sp.Sum(body, (j_, 1, 2), (r_, 1, m))


# Section 5.1 and Lemma A.2: zeta.


def zeta_display(slip: Slip) -> Lines:
    """zeta_i."""
    return (over_filters(on_mu(i, j_, r_) ** 2 * mu2 + on_xi(i, j_, r_) ** 2 * xi2(i)),)


# Appendix A.1; sigma' = 2 ReLU.


def squared_slope(slip: Slip) -> Lines:
    """grad l'_i^2: the chain's 1/m is not there."""
    chain = slip("pegr-5.3", sp.S.One, 1 / m)
    return (2 * l1[i] * l2[i] * s[j] * y[i] * (2 * on_mu() * y[i] * mu + 2 * on_xi() * xi(i)) * chain,)


def example_norm(slip: Slip) -> Lines:
    """||grad L_i||_F^2."""
    inner = (2 * on_mu(i, j_, r_)) ** 2 * mu2 + (2 * on_xi(i, j_, r_)) ** 2 * xi2(i)
    return (l1[i] ** 2 / m**2 * over_filters(inner),)


def example_norm_gradient(slip: Slip) -> Lines:
    """grad ||grad L_i||_F^2."""
    power = slip("pegr-5.3", m**2, m**3)
    return (
        8 / m**2 * (l1[i] ** 2 * on_mu() * mu2 * y[i] * mu + l1[i] ** 2 * on_xi() * xi2(i) * xi(i)),
        16 * l1[i] * l2[i] * s[j] * y[i] / power * zeta[i] * (on_mu() * y[i] * mu + on_xi() * xi(i)),
    )


def flow(slip: Slip) -> Lines:
    """The update before its terms are collected."""
    power = slip("pegr-5.3", m**2, m**3)
    return (
        -2 * eta / (n * m) * over_examples(l1[i] * s[j] * y[i] * (on_mu() * y[i] * mu + on_xi() * xi(i))),
        -4
        * lam
        * eta
        / (n * m**2)
        * over_examples(l1[i] ** 2 * (on_mu() * mu2 * y[i] * mu + on_xi() * xi2(i) * xi(i))),
        -8
        * lam
        * eta
        / (n * power)
        * over_examples(l1[i] * l2[i] * s[j] * y[i] * zeta[i] * (on_mu() * y[i] * mu + on_xi() * xi(i))),
    )


def flow_collected(slip: Slip) -> Lines:
    """The update's last form in A.1: Lemma 5.1 with l'' where l' has to be."""
    first, second = lemma_5_1(slip)
    return (first.xreplace({l1[i]: slip("pegr-A.1-l2", l2[i], l1[i])}), second)


# Lemmas 5.1 and 5.3.


def _pulled(slip: Slip) -> sp.Expr:
    """1 + (4 lambda zeta_i / m) l''_i."""
    return 1 + slip("pegr-5.3", 4 * lam * zeta[i] / m, 4 * lam * zeta[i] / m**2) * l2[i]


def lemma_5_1(slip: Slip) -> Lines:
    """w_{j,r}, PEGR."""
    return (
        -2
        * eta
        / (n * m)
        * over_examples(l1[i] * _pulled(slip) * s[j] * y[i] * (on_mu() * y[i] * mu + on_xi() * xi(i))),
        -4
        * lam
        * eta
        / (n * m**2)
        * over_examples(l1[i] ** 2 * (on_mu() * mu2 * y[i] * mu + on_xi() * xi2(i) * xi(i))),
    )


def plain_step(slip: Slip) -> Lines:
    """w_{j,r}, standard training."""
    return (-2 * eta / (n * m) * over_examples(l1[i] * (on_mu() * s[j] * mu + on_xi() * s[j] * y[i] * xi(i))),)


def early_step(slip: Slip) -> Lines:
    """w_{j,r}, PEGR while zeta is small."""
    return (*plain_step(slip), lemma_5_1(slip)[1])


def lemma_5_3_gamma(slip: Slip) -> Lines:
    """gamma_{j,r}."""
    return (
        -2
        * eta
        / (n * m)
        * over_examples(
            l1[i] * _pulled(slip) * on_mu() * mu2 + 2 * lam / m * l1[i] ** 2 * on_mu() * mu2**2 * s[j] * y[i]
        ),
    )


def lemma_5_3_rho(slip: Slip) -> Lines:
    """rho_{j,r,i}."""
    return (
        -2
        * eta
        / (n * m)
        * (l1[i] * _pulled(slip) * on_xi() * xi2(i) * s[j] * y[i] + 2 * lam / m * l1[i] ** 2 * on_xi() * xi2(i) ** 2),
    )


# (A.1) to (A.3), (5.2) = (C.1): the same in the coefficients of (5.1).


def decomposed(expr: sp.Expr, *noise: sp.IndexedBase) -> sp.Expr:
    """Pre-activations by (5.1): <w0, y_i mu> + j y_i gamma, <w0, xi_i> + sum_k (noise coefficients)_k G_ik / G_kk."""

    def is_entry(e: sp.Expr) -> bool:
        return isinstance(e, sp.Indexed) and e.base in (a_mu, a_xi)

    def value(entry: sp.Indexed) -> sp.Expr:
        head, neuron, example = entry.indices
        if entry.base == a_mu:
            return a0_mu[entry.indices] + s[head] * y[example] * gamma[head, neuron]
        k = sp.Dummy("k", integer=True, positive=True)
        parts = [sp.Sum(part[head, neuron, k] * gram[example, k] / xi2(k), (k, 1, n)) for part in noise]
        return a0_xi[entry.indices] + sp.Add(*parts)

    return expr.replace(is_entry, value)


def in_coefficients(display: Callable[[Slip], Lines]) -> Callable[[Slip], Lines]:
    """(A.1), (A.2), (A.3) from the displays of Lemma A.2."""
    return lambda slip: tuple(decomposed(line, rho) for line in display(slip))


def eq_5_2_gamma(slip: Slip) -> Lines:
    """gamma_{j,r}, lambda = 0."""
    return (-2 * eta / (n * m) * over_examples(l1[i] * Relu(a0_mu[j, r, i] + s[j] * y[i] * gamma[j, r]) * mu2),)


def _on_xi_split() -> sp.Expr:
    """ReLU(<w0, xi_i> + sum_{i'} rho-bar_{i'} G_ii'/G_i'i' + sum_{i'} rho-underbar_{i'} G_ii'/G_i'i')."""
    return Relu(
        a0_xi[j, r, i]
        + over_examples(rho_over[j, r, i_] * gram[i, i_] / xi2(i_), i_)
        + over_examples(rho_under[j, r, i_] * gram[i, i_] / xi2(i_), i_)
    )


def own_class() -> sp.Expr:
    """1{j = y_i}."""
    return sp.KroneckerDelta(s[j], y[i])


def eq_5_2_over(slip: Slip) -> Lines:
    """rho-bar_{j,r,i}, lambda = 0."""
    return (-2 * eta / (n * m) * l1[i] * _on_xi_split() * xi2(i) * slip("pegr-5.2", sp.S.One, own_class()),)


def eq_5_2_under(slip: Slip) -> Lines:
    """rho-underbar_{j,r,i}, lambda = 0."""
    return (2 * eta / (n * m) * l1[i] * _on_xi_split() * xi2(i) * slip("pegr-5.2", sp.S.One, 1 - own_class()),)


# Lemma 5.8 and Appendix A.2.


def full_norm(slip: Slip) -> Lines:
    """||grad L_S||_F^2 for orthogonal noises."""
    return (
        4 / (n**2 * m**2) * over_filters(over_examples(l1[i] * on_mu(i, j_, r_)) ** 2 * mu2),
        4 / (n**2 * m**2) * over_filters(over_examples(l1[i] ** 2 * on_xi(i, j_, r_) ** 2 * xi2(i))),
    )


def _second_order(slip: Slip) -> sp.Expr:
    """l''_i: its chain rule's 2/m is not there."""
    return slip("pegr-5.8-C4", l2[i], 2 / m * l2[i])


def _across(slip: Slip, noise: sp.Expr) -> sp.Expr:
    """sum_{j',r'} (sum l' ReLU(j',r')) (sum l'' (...) ReLU(j',r')) ||mu||^2, with the noise's vector as given."""
    pulled = over_examples(_second_order(slip) * (on_mu() * s[j] * mu + on_xi() * noise) * on_mu(i, j_, r_))
    return over_filters(over_examples(l1[i] * on_mu(i, j_, r_)) * pulled) * mu2


def _own_signal(indicator: sp.Expr) -> sp.Expr:
    """(sum l' ReLU) (sum l' 1{...} y_i mu) ||mu||^2."""
    return over_examples(l1[i] * on_mu()) * over_examples(l1[i] * indicator * y[i] * mu) * mu2


def _across_noise(slip: Slip) -> sp.Expr:
    """sum_{j',r'} sum l' l'' (...) ReLU^2(j',r') ||xi_i||^2."""
    first = slip("pegr-5.8-C5", on_xi(), on_mu()) * s[j] * mu
    body = l1[i] * _second_order(slip) * (first + on_xi() * s[j] * y[i] * xi(i)) * on_xi(i, j_, r_) ** 2 * xi2(i)
    return over_filters(over_examples(body))


def full_norm_gradient(slip: Slip) -> Lines:
    """grad of ||grad L_S||_F^2 / 2, the last display of A.2."""
    fraction = 4 / (n**2 * m**2)
    return (
        fraction * _across(slip, s[j] * y[i] * xi(i)),
        slip("pegr-5.8-bracket", sp.S.One, fraction) * _own_signal(Step(a_mu[j, r, i])),
        fraction * over_examples(l1[i] ** 2 * on_xi() * xi2(i) * xi(i)),
        fraction * _across_noise(slip),
    )


def _first_order(slip: Slip) -> sp.Expr:
    noise = slip("pegr-5.8-C1", Relu(s[j] * y[i] * a_xi[j, r, i]) * xi(i), on_xi() * s[j] * y[i] * xi(i))
    return -2 * eta / (n * m) * over_examples(l1[i] * (on_mu() * s[j] * mu + noise))


def lemma_5_8(slip: Slip) -> Lines:
    """w_{j,r}, FGR; the third line's own fraction is printed nowhere."""
    fraction = -4 * lam * eta / (n**2 * m**2)
    zero, positive = sp.KroneckerDelta(a_mu[j, r, i], 0), Step(a_mu[j, r, i])
    return (
        _first_order(slip),
        fraction * _across(slip, slip("pegr-5.8-C3", s[j] * changes.vector("mu", i), s[j] * y[i] * xi(i))),
        slip("pegr-5.8-bracket", sp.S.One, fraction) * _own_signal(slip("pegr-5.8-C2", zero, positive)),
        fraction * over_examples(l1[i] ** 2 * on_xi() * xi2(i) * xi(i)),
        fraction * _across_noise(slip),
    )


def simplified_full_step(slip: Slip) -> Lines:
    """w_{j,r}, FGR without the terms in l''."""
    fraction = -4 * lam * eta / (n**2 * m**2)
    return (
        _first_order(slip),
        fraction * _own_signal(Step(a_mu[j, r, i])),
        fraction * over_examples(l1[i] ** 2 * on_xi() * xi2(i) * xi(i)),
    )


def experiment_step(slip: Slip) -> Lines:
    """Lemma 5.8, mended, read as the step of Section 4.1's objective."""
    weight = slip("pegr-4.1-half", lam, 2 * lam)
    return tuple(line.xreplace({lam: weight}) for line in lemma_5_8(lambda erratum, printed, corrected: corrected))


# (E.7) and (E.8).


def eq_e_7(slip: Slip) -> Lines:
    """<w_{j,r}, y_i mu>."""
    inner = slip("pegr-E.7", s[j] * y[i_] * on_mu(i), s[j] * y[i] * on_mu(i_))
    return (-2 * eta / (n * m) * over_examples(l1[i_] * inner * mu2, i_),)


def eq_e_8(slip: Slip) -> Lines:
    """<w_{j,r}, xi_i>."""
    return (-2 * eta / (n * m) * over_examples(l1[i_] * s[j] * y[i_] * on_xi(i_) * gram[i, i_], i_),)


SIGNAL_FREE = orthogonal("mu", "xi", "<mu, xi_i> = 0", r"\langle\boldsymbol{\mu},\boldsymbol{\xi}_i\rangle=0")
NOISE_FREE = orthogonal("xi", "xi", "<xi_i, xi_i'> = 0 for i != i'",
                        r"\langle\boldsymbol{\xi}_i,\boldsymbol{\xi}_{i'}\rangle=0\ (i\neq i')")
MEAN, HALF, WHOLE = second_layer(1 / m), penalty_constant(sp.Rational(1, 2)), penalty_constant(sp.S.One)
EARLY = omitted("zeta", "terms with zeta left out", r"\text{terms with }\zeta\text{ left out}")
FIRST_ORDER = omitted("l2", "terms with l'' left out", r"\text{terms with }\ell''\text{ left out}")

_FILTER = ("w_{j,r}(t+1) - w_{j,r}(t)", r"\mathbf{w}_{j,r}^{(t+1)} - \mathbf{w}_{j,r}^{(t)}")
_GAMMA = ("gamma_{j,r}(t+1) - gamma_{j,r}(t)", r"\gamma_{j,r}^{(t+1)} - \gamma_{j,r}^{(t)}")
_RHO = ("rho_{j,r,i}(t+1) - rho_{j,r,i}(t)", r"\rho_{j,r,i}^{(t+1)} - \rho_{j,r,i}^{(t)}")
_OVER = (
    "rho_over_{j,r,i}(t+1) - rho_over_{j,r,i}(t)",
    r"\overline{\rho}_{j,r,i}^{(t+1)} - \overline{\rho}_{j,r,i}^{(t)}",
)
_UNDER = ("rho_under_{j,r,i}(t+1) - rho_under_{j,r,i}(t)",
          r"\underline{\rho}_{j,r,i}^{(t+1)} - \underline{\rho}_{j,r,i}^{(t)}")


def _model(regularizer: str) -> Callable[[], Model]:
    return lambda: model(regularizer)


def _claim(
    name: str,
    where: str,
    left: tuple[str, str],
    regularizer: str,
    display: Callable[[Slip], Lines],
    derived: Callable[[Recursion], sp.Expr],
    *hypotheses: Hypothesis,
    errata: tuple[str, ...] = (),
) -> Claim:
    return Claim(id=name, where=where, left=left[0], left_latex=left[1], model=_model(regularizer), display=display,
                 derived=derived, hypotheses=(SIGNAL_FREE, MEAN, *hypotheses), errata=errata)


def _gamma(recursion: Recursion) -> sp.Expr:
    return changes.coefficient_change(recursion, "mu")


def _rho(recursion: Recursion) -> sp.Expr:
    return changes.coefficient_change(recursion, "xi")


def _written(of: Callable[[Recursion], sp.Expr]) -> Callable[[Recursion], sp.Expr]:
    """A quantity of FGR with D, the derivative along the co-vector, and the co-vector written out."""
    return lambda recursion: changes.expanded(recursion, of(recursion), "D")


def _half_norm_gradient(recursion: Recursion) -> sp.Expr:
    """The penalised step less the plain one, over -eta lambda, at c = 1/2."""
    penalised = changes.expanded(recursion, changes.filter_change(recursion), "D")
    return sp.expand((penalised - penalised.xreplace({lam: sp.S.Zero})) / (-eta * lam))


_FULL = ("pegr-5.8-C4", "pegr-5.8-C5", "pegr-5.8-bracket")

CLAIMS = (
    _claim("pegr-zeta", "Section 5.1, before Lemma 5.1; A.1; Lemma A.2", ("zeta_i", r"\zeta_i"), "pegr", zeta_display,
           lambda recursion: recursion.definitions["zeta"].expr),
    _claim("pegr-A.1-norm", "Appendix A.1, before grad ||grad L_i||^2", ("||grad L_i||_F^2", r"\|\nabla L_i\|_F^2"),
           "pegr", example_norm,
           lambda recursion: changes.expanded(recursion, changes.example_norm(recursion), "zeta")),
    _claim("pegr-A.1-slope", "Appendix A.1, grad l'_i^2: where the factor 1/m is dropped",
           ("grad_{w_{j,r}} l'_i^2", r"\nabla_{\mathbf{w}_{j,r}}\ell_i'^2"), "pegr", squared_slope,
           lambda recursion: changes.filter_gradient(recursion, l1[i] ** 2), errata=("pegr-5.3",)),
    _claim("pegr-A.1-norm-gradient", "Appendix A.1, grad ||grad L_i||_F^2",
           ("grad_{w_{j,r}} ||grad L_i||_F^2", r"\nabla_{\mathbf{w}_{j,r}}\|\nabla L_i\|_F^2"), "pegr",
           example_norm_gradient, lambda recursion: changes.filter_gradient(recursion, changes.example_norm(recursion)),
           errata=("pegr-5.3",)),
    _claim("pegr-A.1-flow", "Appendix A.1, the update, first equality", _FILTER, "pegr", flow, changes.filter_change,
           HALF, errata=("pegr-5.3",)),
    _claim("pegr-A.1-collected", "Appendix A.1, the update, last equality", _FILTER, "pegr", flow_collected,
           changes.filter_change, HALF, errata=("pegr-5.3", "pegr-A.1-l2")),
    _claim("pegr-5.1-filters", "Lemma 5.1 = Lemma A.1", _FILTER, "pegr", lemma_5_1, changes.filter_change, HALF,
           errata=("pegr-5.3",)),
    _claim("pegr-5.1-standard", "Section 5.1, standard training", _FILTER, "none", plain_step, changes.filter_change),
    _claim("pegr-5.1-early", "Section 5.1, PEGR without the terms in zeta", _FILTER, "pegr", early_step,
           changes.filter_change, HALF, EARLY),
    _claim("pegr-5.3-gamma", "Lemma 5.3 = Lemma A.2, second line", _GAMMA, "pegr", lemma_5_3_gamma, _gamma, HALF,
           errata=("pegr-5.3",)),
    _claim("pegr-5.3-rho", "Lemma 5.3 = Lemma A.2, third line", _RHO, "pegr", lemma_5_3_rho, _rho, HALF,
           errata=("pegr-5.3",)),
    _claim("pegr-eq-A.1", "(A.1)", ("zeta_i", r"\zeta_i"), "pegr", in_coefficients(zeta_display),
           lambda recursion: decomposed(recursion.definitions["zeta"].expr, rho)),
    _claim("pegr-eq-A.2", "(A.2)", _GAMMA, "pegr", in_coefficients(lemma_5_3_gamma),
           lambda recursion: decomposed(_gamma(recursion), rho), HALF, errata=("pegr-5.3",)),
    _claim("pegr-eq-A.3", "(A.3)", _RHO, "pegr", in_coefficients(lemma_5_3_rho),
           lambda recursion: decomposed(_rho(recursion), rho), HALF, errata=("pegr-5.3",)),
    _claim("pegr-5.2-gamma", "(5.2) = (C.1), first line", _GAMMA, "none", eq_5_2_gamma,
           lambda recursion: decomposed(_gamma(recursion), rho)),
    _claim("pegr-5.2-over", "(5.2) = (C.1), second line", _OVER, "none", eq_5_2_over,
           lambda recursion: decomposed(own_class() * _rho(recursion), rho_over, rho_under), errata=("pegr-5.2",)),
    _claim("pegr-5.2-under", "(5.2) = (C.1), third line", _UNDER, "none", eq_5_2_under,
           lambda recursion: decomposed((1 - own_class()) * _rho(recursion), rho_over, rho_under),
           errata=("pegr-5.2",)),
    _claim("pegr-A.2-norm", "Appendix A.2, ||grad L_S||_F^2", ("||grad L_S||_F^2", r"\|\nabla L_S\|_F^2"), "fgr",
           full_norm, changes.risk_norm, NOISE_FREE),
    _claim("pegr-A.2-gradient", "Appendix A.2, last display",
           ("grad_{w_{j,r}} ||grad L_S||_F^2 / 2", r"\nabla_{\mathbf{w}_{j,r}}\tfrac12\|\nabla L_S\|_F^2"), "fgr",
           full_norm_gradient, _half_norm_gradient, NOISE_FREE, HALF, errata=_FULL),
    _claim("pegr-5.8-filters", "Lemma 5.8", _FILTER, "fgr", lemma_5_8, _written(changes.filter_change), NOISE_FREE,
           HALF, errata=("pegr-5.8-C1", "pegr-5.8-C2", "pegr-5.8-C3", *_FULL)),
    _claim("pegr-5.8-simplified", "Section 5.4, the simplified rule", _FILTER, "fgr", simplified_full_step,
           _written(changes.filter_change), NOISE_FREE, HALF, FIRST_ORDER, errata=("pegr-5.8-C1",)),
    _claim("pegr-4.1-step", "Lemma 5.8, mended, for the objective of Section 4.1", _FILTER, "fgr", experiment_step,
           _written(changes.filter_change), NOISE_FREE, WHOLE, errata=("pegr-4.1-half",)),
    _claim("pegr-E.7-step", "(E.7)", ("<w_{j,r}(t+1) - w_{j,r}(t), y_i mu>",
           r"\langle\mathbf{w}_{j,r}^{(t+1)}-\mathbf{w}_{j,r}^{(t)}, y_i\boldsymbol{\mu}\rangle"), "none", eq_e_7,
           lambda recursion: changes.patch_change(recursion, 0), errata=("pegr-E.7",)),
    _claim("pegr-E.8-step", "(E.8)", ("<w_{j,r}(t+1) - w_{j,r}(t), xi_i>",
           r"\langle\mathbf{w}_{j,r}^{(t+1)}-\mathbf{w}_{j,r}^{(t)}, \boldsymbol{\xi}_i\rangle"), "none", eq_e_8,
           lambda recursion: changes.patch_change(recursion, 1)),
)
