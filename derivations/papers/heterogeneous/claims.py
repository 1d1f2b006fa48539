"""The heterogeneous-noise paper's printed gradients and updates, display by display, with their slips marked.

Xu and Chen, arXiv:2502.11893, Appendices B and C.  Terms stand in the paper's order.  w_{k,r} is the filter that is
updated, and example i the one whose patch it is looked at along; other examples are i'.  The displays are stated for
the K of `CLASSES`; nothing in them depends on it.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from ...calculus import changes
from ...calculus.activations import Step
from ...calculus.canonical import bound_apart
from ...calculus.recursion import Recursion
from ...calculus.roles import FormalVector, GramEntry, PatchPreactivation, Preactivation, indexed, role_of
from ...calculus.symbols import class_head, eta, i, i_, m, n, r, r_, y
from ...declare import Model
from ...ledger.claims import Claim, Hypothesis, Slip, orthogonal, second_layer
from .model import model

CLASSES = 3

k, _ = class_head()
head = sp.Symbol("h", integer=True, positive=True)  # the output that is differentiated
class_ = sp.Symbol("c'")  # a class, where the filter's is k
w_star = sp.Symbol("w_star", positive=True)  # 2.5 log(4 (K - 1)/eps), the length of (70)'s w* in units of 1/||u||
p, F = sp.IndexedBase("p"), sp.IndexedBase("F")
z_u, a_xi = indexed(Preactivation("u")), indexed(PatchPreactivation("xi"))  # <w_{k,r}, u_c>, <w_{k,r}, xi_i>
gram_u, gram_xi, gram_u_xi = (indexed(GramEntry(*pair)) for pair in (("u", "u"), ("xi", "xi"), ("u", "xi")))

Lines = tuple[sp.Expr, ...]


def u(of: sp.Expr) -> sp.Expr:
    """u_c."""
    return changes.vector("u", of)


def xi(at: sp.Expr) -> sp.Expr:
    """xi_i."""
    return changes.vector("xi", at)


def on_u(of: sp.Expr, of_head: sp.Expr = k, neuron: sp.Expr = r) -> sp.Expr:
    """sigma'(<w_{k,r}, u_c>)."""
    return Step(z_u[of_head, neuron, of])


def on_xi(at: sp.Expr = i, of_head: sp.Expr = k, neuron: sp.Expr = r) -> sp.Expr:
    """sigma'(<w_{k,r}, xi_i>)."""
    return Step(a_xi[of_head, neuron, at])


def same(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    """1{left = right}; as in_class(i) it is 1{y_i = k}."""
    return sp.KroneckerDelta(left, right)


def in_class(at: sp.Expr, of: sp.Expr = k) -> sp.Expr:
    """1{y_i = k}, so that its sum over i is the paper's sum over S_k."""
    return same(of, y[at])


def over_examples(body: sp.Expr, at: sp.Symbol = i) -> sp.Expr:
    """sum over S."""
    return sp.Sum(body, (at, 1, n))


# (60) and (73): gradients.


def both_patches(at: sp.Expr = i) -> sp.Expr:
    """sum_{j=1,2} sigma'(<w_{k,r}, x^(j)>) x^(j)."""
    return on_u(y[at]) * u(y[at]) + on_xi(at) * xi(at)


def eq_60(slip: Slip) -> Lines:
    """The gradient in w_{k,r}."""
    return (
        -1 / (m * n) * over_examples(in_class(i) * (1 - p[k, i]) * both_patches()),
        1 / (m * n) * over_examples((1 - in_class(i)) * p[k, i] * both_patches()),
    )


def eq_73(slip: Slip) -> Lines:
    """The gradient of an output."""
    return (1 / m * (on_xi() * xi(i) + on_u(y[i]) * u(y[i])) * same(k, head),)


def eq_74(slip: Slip) -> Lines:
    """<grad F_h(x_i), W*>: 0 but for the own class's output."""
    length = slip("heterogeneous-74", gram_u[y[i], y[i]], sp.S.One)
    return (same(head, y[i]) * w_star / m * sp.Sum(on_u(y[i], head, r), (r, 1, m)) * length,)


def eq_76(slip: Slip) -> Lines:
    """||grad F_h(x_i)||_F^2, its two patches orthogonal."""
    one = on_u(y[i], head) * gram_u[y[i], y[i]] + on_xi(i, head) * gram_xi[i, i]
    whole = sp.Sum(one.xreplace({r: r_}), (r_, 1, m)) / m**2
    return (slip("heterogeneous-76", one, whole),)


# (64) to (67): the inner products after a step, as they stand inside sigma.


def eq_64(slip: Slip) -> Lines:
    """<w_{k,r}, u_{y_i}>, another class's filter."""
    pull = in_class(i_, y[i]) * on_u(y[i]) * p[k, i_]
    return (-eta / (m * n) * over_examples(pull * gram_u[y[i], y[i]], i_),)


def eq_66(slip: Slip) -> Lines:
    """<w_{y_i,r}, u_{y_i}>."""
    pull = in_class(i_, y[i]) * on_u(y[i], y[i]) * (1 - p[y[i], i_])
    return (eta / (m * n) * over_examples(pull * gram_u[y[i], y[i]], i_),)


def eq_65(slip: Slip) -> Lines:
    """<w_{k,r}, xi_i>: any class's filter."""
    return (
        -eta / (m * n) * over_examples((1 - in_class(i_)) * on_xi(i_) * p[k, i_] * gram_xi[i, i_], i_),
        eta / (m * n) * over_examples(in_class(i_) * on_xi(i_) * (1 - p[k, i_]) * gram_xi[i, i_], i_),
    )


def eq_96(slip: Slip) -> Lines:
    """<w_{y_i,r}, xi_i>."""
    error = slip("heterogeneous-96", -p[y[i], i], same(y[i], y[i_]) - p[y[i], i_])
    return (
        eta / (m * n) * (1 - p[y[i], i]) * on_xi(i, y[i]) * gram_xi[i, i],
        eta / (m * n) * over_examples((1 - same(i, i_)) * error * on_xi(i_, y[i]) * gram_xi[i, i_], i_),
    )


# (112), (122), (124) = (127): filters.


def eq_112(slip: Slip) -> Lines:
    """beta_{k,r,i}: one term of its sum over t'."""
    rate = slip("heterogeneous-112", p[k, i], eta / (m * n) * (in_class(i) - p[k, i]))
    return (on_xi() * rate,)


def eq_122(slip: Slip) -> Lines:
    """w_{c',r} along u_{c'}: one term of the sum over t'."""
    rate = slip("heterogeneous-122", eta / n, eta / (m * n))
    return (rate * over_examples(in_class(i, class_) * (1 - p[class_, i])) * on_u(class_, class_) * u(class_),)


def eq_124(slip: Slip) -> Lines:
    """w_{k,r} along the noises: one term of the sums over t'."""
    rate = slip("heterogeneous-124", eta / n, eta / (m * n))
    return (
        rate * over_examples(in_class(i) * (1 - p[k, i]) * on_xi() * xi(i)),
        -rate * over_examples((1 - in_class(i)) * p[k, i] * on_xi() * xi(i)),
    )


# The decomposition: not printed, but what (112) sums, with the coefficients of the signal-noise papers.


def decomposition(slip: Slip) -> Lines:
    """w_{k,r}, by gamma_{k,r,c} u_c/||u_c||^2 and rho_{k,r,i} xi_i/||xi_i||^2."""
    gamma = eta / (m * n) * on_u(class_) * gram_u[class_, class_] * over_examples(
        in_class(i, class_) * (same(k, class_) - p[k, i]))
    rho = eta / (m * n) * on_xi() * gram_xi[i, i] * (in_class(i) - p[k, i])
    return (
        sp.Sum(gamma * u(class_) / gram_u[class_, class_], (class_, 1, CLASSES)),
        over_examples(rho * xi(i) / gram_xi[i, i]),
    )


FEATURES = orthogonal("u", "u", "<u_k, u_j> = 0 for k != j",
                      r"\langle\boldsymbol{u}_k,\boldsymbol{u}_j\rangle=0\ (k\neq j)")
NOISE_OFF = orthogonal("u", "xi", "u_k^T A_j = 0", r"\boldsymbol{u}_k^\top\mathbf{A}_j=0")
MEAN = second_layer(1 / m)
OTHER = Hypothesis(text="k != y_i", latex=r"k\neq y_i", rule=lambda expr: expr * (1 - same(k, y[i])))

_FILTER = ("w_{k,r}(t+1) - w_{k,r}(t)", r"\mathbf{w}_{k,r}^{(t+1)} - \mathbf{w}_{k,r}^{(t)}")


def _along(of: str, of_latex: str, head_: str = "k") -> tuple[str, str]:
    text, latex = f"w_{{{head_},r}}", rf"\mathbf{{w}}_{{{head_},r}}"
    return f"<{text}(t+1) - {text}(t), {of}>", rf"\langle{latex}^{{(t+1)}}-{latex}^{{(t)}}, {of_latex}\rangle"


def _model() -> Model:
    return model(CLASSES)


def _written(of: Callable[[Recursion], sp.Expr]) -> Callable[[Recursion], sp.Expr]:
    """A quantity with p_k - 1{k = y_i} and <w_{k,r}, u_{y_i}> written out."""
    return lambda recursion: changes.expanded(recursion, of(recursion), "e", "a_u")


def _of_own_class(of: Callable[[Recursion], sp.Expr]) -> Callable[[Recursion], sp.Expr]:
    """The same for the filters of example i's class."""
    return lambda recursion: bound_apart(of(recursion), {k: y[i]})


def _patch(number: int) -> Callable[[Recursion], sp.Expr]:
    return lambda recursion: changes.patch_change(recursion, number)


def _in_units(family: str) -> Callable[[Recursion], sp.Expr]:
    """A coefficient's change over the squared length of its vector."""
    gram, at = {"u": (gram_u, class_), "xi": (gram_xi, i)}[family]
    return lambda recursion: changes.coefficient_change(recursion, family) / gram[at, at]


def _own_feature(recursion: Recursion) -> sp.Expr:
    """The part of a step of w_{c',r} along u_{c'}."""
    return bound_apart(_in_units("u")(recursion), {k: class_}) * u(class_)


def _noise_part(recursion: Recursion) -> sp.Expr:
    """The part of a step along the noises."""
    return over_examples(_in_units("xi")(recursion) * xi(i))


def _against_w_star(recursion: Recursion) -> sp.Expr:
    """<grad F_h(x_i), W*>, W* of (70)."""

    def is_vector(e: sp.Expr) -> bool:
        return isinstance(e, sp.Indexed) and isinstance(role_of(e), FormalVector)

    def value(e: sp.Indexed) -> sp.Expr:
        (index,) = e.indices
        return w_star * (gram_u[index, k] if role_of(e) == FormalVector("u") else gram_u_xi[k, index]) / gram_u[k, k]

    gradient = changes.filter_gradient(recursion, F[head, i]).replace(is_vector, value)
    return sp.Sum(gradient, (k, 1, CLASSES), (r, 1, m))


def _claim(
    name: str,
    where: str,
    left: tuple[str, str],
    display: Callable[[Slip], Lines],
    derived: Callable[[Recursion], sp.Expr],
    *hypotheses: Hypothesis,
    errata: tuple[str, ...] = (),
) -> Claim:
    return Claim(id=f"heterogeneous-{name}", where=where, left=left[0], left_latex=left[1], model=_model,
                 display=display, derived=_written(derived), hypotheses=(MEAN, *hypotheses), errata=errata)


CLAIMS = (
    _claim("60-gradient", "(60), its left side read as the gradient of L_S",
           ("grad_{w_{k,r}} L_S", r"\nabla_{\mathbf{w}_{k,r}}L_S"), eq_60,
           lambda recursion: sp.expand(changes.filter_change(recursion) / -eta)),
    _claim("64-step", "(64), inside sigma", _along("u_{y_i}", r"\boldsymbol{u}_{y_i}"), eq_64, _patch(0), FEATURES,
           NOISE_OFF, OTHER),
    _claim("65-step", "(65) and (67), first lines, inside sigma", _along("xi_i", r"\boldsymbol{\xi}_i"), eq_65,
           _patch(1), NOISE_OFF),
    _claim("66-step", "(66), inside sigma", _along("u_{y_i}", r"\boldsymbol{u}_{y_i}", "y_i"), eq_66,
           _of_own_class(_patch(0)), FEATURES, NOISE_OFF),
    _claim("73-gradient", "(73)", ("grad_{w_{k,r}} F_h(x_i)", r"\nabla_{\mathbf{w}_{k,r}}F_h(\mathbf{x}_i)"),
           eq_73, lambda recursion: changes.filter_gradient(recursion, F[head, i])),
    _claim("74-product", "(74)", ("<grad F_h(x_i), W*>", r"\langle\nabla F_h(\mathbf{x}_i),\mathbf{W}^*\rangle"),
           eq_74, _against_w_star, FEATURES, NOISE_OFF, errata=("heterogeneous-74",)),
    _claim("76-norm", "(76), first line, squared", ("||grad F_h(x_i)||_F^2", r"\|\nabla F_h(\mathbf{x}_i)\|_F^2"),
           eq_76, lambda recursion: changes.gradient_norm(recursion, F[head, i]), NOISE_OFF,
           errata=("heterogeneous-76",)),
    _claim("96-step", "(96), the equality", _along("xi_i", r"\boldsymbol{\xi}_i", "y_i"), eq_96,
           _of_own_class(_patch(1)), NOISE_OFF, errata=("heterogeneous-96",)),
    _claim("112-beta", "(112), the definition of beta below it",
           ("beta_{k,r,i}(t+1) - beta_{k,r,i}(t)", r"\beta_{k,r,i}^{(t+1)}-\beta_{k,r,i}^{(t)}"), eq_112,
           _in_units("xi"), errata=("heterogeneous-112",)),
    _claim("122-step", "(122), the equality", ("w_{c',r}(t+1) - w_{c',r}(t), along u_{c'}",
           r"\mathbf{w}_{c',r}^{(t+1)} - \mathbf{w}_{c',r}^{(t)}\text{ along }\boldsymbol{u}_{c'}"), eq_122,
           _own_feature, errata=("heterogeneous-122",)),
    _claim("124-step", "(124) and (127), the equalities", ("w_{k,r}(t+1) - w_{k,r}(t), along the noises",
           r"\mathbf{w}_{k,r}^{(t+1)} - \mathbf{w}_{k,r}^{(t)}\text{ along the noises}"), eq_124, _noise_part,
           errata=("heterogeneous-124",)),
    _claim("decomposition", "the decomposition that (112) uses, with the features; not printed", _FILTER, decomposition,
           changes.filter_change),
)
