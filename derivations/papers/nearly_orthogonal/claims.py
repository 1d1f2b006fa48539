"""The implicit-bias paper's printed updates, display by display, with their slips marked.

Kou, Chen and Gu, arXiv:2310.18935: (3.2), Section 5, Appendices B to G.  Terms stand in the paper's order; |l'_i| is
written -l'_i.  w_{j,r} is the filter that is updated; of example i's own class where j = y_i.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from ...calculus import changes
from ...calculus.activations import LeakySlopeClosed
from ...calculus.canonical import bound_apart
from ...calculus.recursion import Recursion
from ...calculus.roles import GramEntry, PatchPreactivation, indexed
from ...calculus.symbols import eta, i, i_, m, n, r, s, signed_head, y
from ...ledger.claims import Claim, Hypothesis, Slip, second_layer
from .model import model

j, _ = signed_head()
gamma = sp.Symbol("slope", real=True)
l1, loss, margin = sp.IndexedBase("l1"), sp.IndexedBase("loss"), sp.IndexedBase("margin")
a_x, gram = indexed(PatchPreactivation("x")), indexed(GramEntry("x", "x"))

Lines = tuple[sp.Expr, ...]


def x(at: sp.Expr) -> sp.Expr:
    """x_i."""
    return changes.vector("x", at)


def x2(at: sp.Expr) -> sp.Expr:
    """||x_i||^2."""
    return gram[at, at]


def slope(at: sp.Expr = i) -> sp.Expr:
    """sigma'(<w_{j,r}, x_i>)."""
    return LeakySlopeClosed(a_x[j, r, at], gamma)


def own_class(at: sp.Expr = i) -> sp.Expr:
    """1{j = y_i}."""
    return sp.KroneckerDelta(s[j], y[at])


def over_examples(body: sp.Expr, at: sp.Symbol = i) -> sp.Expr:
    """sum_{i=1}^n."""
    return sp.Sum(body, (at, 1, n))


# (3.2), Definition 5.1, Lemma 5.2.


def eq_3_2(slip: Slip) -> Lines:
    """w_{j,r}."""
    return (-eta / (n * m) * over_examples(l1[i] * slope() * s[j] * y[i] * x(i)),)


def eq_5_1(slip: Slip) -> Lines:
    """w_{j,r}, by the rho of Lemma 5.2."""
    change = -eta / (n * m) * l1[i] * slope() * x2(i) * (own_class() - (1 - own_class()))
    return (over_examples(change / x2(i) * x(i)),)


def eq_5_4(slip: Slip) -> Lines:
    """rho-bar_{j,r,i}."""
    return (-eta / (n * m) * l1[i] * slope() * x2(i) * own_class(),)


def eq_5_5(slip: Slip) -> Lines:
    """rho-underbar_{j,r,i}."""
    return (eta / (n * m) * l1[i] * slope() * x2(i) * (1 - own_class()),)


# Once the activation pattern is frozen: (D.1) = (D.4), (D.2) = (D.5), Lemmas 5.7 and D.3.


def eq_d_1(slip: Slip) -> Lines:
    """rho-bar_{y_i,r,i}."""
    return (eta / (n * m) * -l1[i] * x2(i),)


def eq_d_2(slip: Slip) -> Lines:
    """rho-underbar_{-y_i,r,i}."""
    return (-gamma * eta / (n * m) * -l1[i] * x2(i),)


def lemma_d_2(slip: Slip) -> Lines:
    """rho-underbar_{-y_i,r,i}: one term of the sum over s."""
    return (slip("nearly_orthogonal-D.2", sp.S.One, -gamma) * eta / (n * m) * -l1[i] * x2(i),)


def lemma_5_7(slip: Slip) -> Lines:
    """rho-bar_{y_i,r,i}, by the change of rho-underbar_{-y_i,r',i}, which is (D.2)."""
    return (slip("nearly_orthogonal-5.7", sp.S.One, -sp.S.One) * eq_d_2(slip)[0] / gamma,)


def lemma_d_3(slip: Slip) -> Lines:
    """rho-bar_{y_i,r,i}, by the change of |rho-underbar_{-y_i,r',i}|."""
    return (-eq_d_2(slip)[0] / gamma,)


# Proofs: Lemmas E.1, E.2, F.2, G.1, G.5.


def lemma_e_1(slip: Slip) -> Lines:
    """|rho_{j,r,i'}|: one term of the sum over s in the proof's last part."""
    return (eta / (n * m) * -l1[i_] * slope(i_) * x2(slip("nearly_orthogonal-E.1-norm", i, i_)),)


def lemma_e_2(slip: Slip) -> Lines:
    """rho-underbar_{j,r,i'}, of an example i' of the other class than j = y_i."""
    return (eta / (n * m) * l1[slip("nearly_orthogonal-E.2-index", i, i_)] * slope(i_) * x2(i_),)


def lemma_f_2(slip: Slip) -> Lines:
    """rho-underbar_{j,r,i}, j = -y_i."""
    return (eta / (n * m) * slip("nearly_orthogonal-F.2-prime", loss[i], l1[i]) * slope() * x2(i),)


def lemma_g_1(slip: Slip) -> Lines:
    """<w_{y_i,r}, x_i>."""
    seen = slip("nearly_orthogonal-G.1-index", i, i_)
    return (eta / (n * m) * over_examples(-l1[i_] * slope(seen) * y[i_] * y[i] * gram[i, i_], i_),)


def eq_g_11(slip: Slip) -> Lines:
    """The gradient of a margin in w_{j,r}."""
    return (slip("nearly_orthogonal-G.11", sp.S.One, 1 / m) * y[i] * s[j] * slope() * x(i),)


def _frozen(expr: sp.Expr) -> sp.Expr:
    """sigma'(<w_{j,r}, x_i>) = 1 where j = y_i, else gamma."""

    def value(e: sp.Expr) -> sp.Expr:
        head, _, at = e.args[0].indices
        same = sp.KroneckerDelta(s[head], y[at])
        return same + gamma * (1 - same)

    return expr.replace(lambda e: isinstance(e, LeakySlopeClosed), value)


MEAN = second_layer(1 / m)
FROZEN = Hypothesis(text="sign(<w_{j,r}, x_i>) = j y_i", rule=_frozen,
                    latex=r"\mathrm{sign}\langle\mathbf{w}_{j,r},\mathbf{x}_i\rangle=jy_i")
OWN = Hypothesis(text="j = y_i", latex="j=y_i", rule=lambda expr: expr * own_class())
OTHER = Hypothesis(text="j = -y_i", latex="j=-y_i", rule=lambda expr: expr * (1 - own_class()))
ACROSS = Hypothesis(text="j = y_i = -y_i'", latex="j=y_i=-y_{i'}",
                    rule=lambda expr: expr * own_class() * (1 - own_class(i_)))

_FILTER = ("w_{j,r}(t+1) - w_{j,r}(t)", r"\mathbf{w}_{j,r}^{(t+1)} - \mathbf{w}_{j,r}^{(t)}")


def _step(name: str, latex: str, at: str) -> tuple[str, str]:
    return (f"{name}_{{{at}}}(t+1) - {name}_{{{at}}}(t)", f"{latex}_{{{at}}}^{{(t+1)}} - {latex}_{{{at}}}^{{(t)}}")


def _over(at: str) -> tuple[str, str]:
    return _step("rho_over", r"\overline{\rho}", at)


def _under(at: str) -> tuple[str, str]:
    return _step("rho_under", r"\underline{\rho}", at)


def _rho(recursion: Recursion) -> sp.Expr:
    return changes.coefficient_change(recursion, "x")


def _rho_of(recursion: Recursion) -> sp.Expr:
    """rho_{j,r,i'}."""
    return bound_apart(_rho(recursion), {i: i_})


def _claim(
    name: str,
    where: str,
    left: tuple[str, str],
    display: Callable[[Slip], Lines],
    derived: Callable[[Recursion], sp.Expr],
    *hypotheses: Hypothesis,
    errata: tuple[str, ...] = (),
) -> Claim:
    return Claim(id=f"nearly_orthogonal-{name}", where=where, left=left[0], left_latex=left[1], model=model,
                 display=display, derived=derived, hypotheses=(MEAN, *hypotheses), errata=errata)


CLAIMS = (
    _claim("3.2-step", "(3.2); the proof of Lemma B.3, first display", _FILTER, eq_3_2, changes.filter_change),
    _claim("5.1-step", "(5.1) with (5.2), (5.4), (5.5)", _FILTER, eq_5_1, changes.filter_change),
    _claim("5.4-step", "(5.4), Lemma 5.2 = Lemma B.3", _over("j,r,i"), eq_5_4,
           lambda recursion: own_class() * _rho(recursion)),
    _claim("5.5-step", "(5.5), Lemma 5.2 = Lemma B.3", _under("j,r,i"), eq_5_5,
           lambda recursion: (1 - own_class()) * _rho(recursion)),
    _claim("D.1-step", "(D.1) = (D.4); Section 5.2", _over("y_i,r,i"), eq_d_1, _rho, FROZEN, OWN),
    _claim("D.2-step", "(D.2) = (D.5); Section 5.2", _under("-y_i,r,i"), eq_d_2, _rho, FROZEN, OTHER),
    _claim("D.2-sum", "proof of Lemma D.2, first display, second line", _under("-y_i,r,i"), lemma_d_2, _rho, FROZEN,
           OTHER, errata=("nearly_orthogonal-D.2",)),
    _claim("5.7-ratio", "Lemma 5.7, last line", _over("y_i,r,i"), lemma_5_7, _rho, FROZEN, OWN,
           errata=("nearly_orthogonal-5.7",)),
    _claim("D.3-ratio", "Lemma D.3, last line", _over("y_i,r,i"), lemma_d_3, _rho, FROZEN, OWN),
    _claim("E.1-sum", "proof of Lemma E.1, last displays", ("|rho_{j,r,i'}(t+1)| - |rho_{j,r,i'}(t)|",
           r"|\rho_{j,r,i'}^{(t+1)}| - |\rho_{j,r,i'}^{(t)}|"), lemma_e_1,
           lambda recursion: s[j] * y[i_] * _rho_of(recursion), errata=("nearly_orthogonal-E.1-norm",)),
    _claim("E.2-step", "proof of Lemma E.2, the two updates", _under("j,r,i'"), lemma_e_2, _rho_of, ACROSS,
           errata=("nearly_orthogonal-E.2-index",)),
    _claim("F.2-step", "proof of Lemma F.2, end of part 1", _under("j,r,i"), lemma_f_2, _rho, OTHER,
           errata=("nearly_orthogonal-F.2-prime",)),
    _claim("G.1-step", "proof of Lemma G.1, the updates of <w_{y_i,r}, x_i>", ("<w_{y_i,r}(t+1) - w_{y_i,r}(t), x_i>",
           r"\langle\mathbf{w}_{y_i,r}^{(t+1)}-\mathbf{w}_{y_i,r}^{(t)}, \mathbf{x}_i\rangle"), lemma_g_1,
           lambda recursion: changes.patch_change(recursion, 0), OWN, errata=("nearly_orthogonal-G.1-index",)),
    _claim("G.11-gradient", "(G.11), the second equality", ("grad_{w_{j,r}} y_i f(x_i)",
           r"\nabla_{\mathbf{w}_{j,r}}(y_if(\mathbf{x}_i))"), eq_g_11,
           lambda recursion: changes.filter_gradient(recursion, margin[i]), errata=("nearly_orthogonal-G.11",)),
)
