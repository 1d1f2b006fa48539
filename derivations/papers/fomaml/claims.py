"""The FOMAML paper's printed updates, display by display, with their slips marked.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023: Appendices A, C, E and F.  Terms stand in the paper's order.  In an inner step's
display l' and sigma' are at (t, tau), in an outer step's at (t, J), where task k's inner loop has ended.  The paper
numbers equations, hypotheses, lemmas and claims alike (E.1), so ids say which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from ...calculus.activations import HuberizedRelu, Ramp, number
from ...calculus.changes import expanded, vector
from ...calculus.recursion import Recursion
from ...calculus.roles import GramEntry, PatchPreactivation, Preactivation, Role, Symbol, indexed, role_of
from ...calculus.symbols import eta, i, i_, m, n, r, s, signed_head, y
from ...calculus.task_changes import along, inner_change, lifted, outer_change, reptile_change
from ...calculus.task_symbols import ALL, TRAIN, VALIDATION, K, gamma, k, k_, n_1, n_2
from ...declare import Model
from ...ledger.claims import Claim, Hypothesis, Slip, second_layer
from .model import model

j, _ = signed_head()
h = number("h")
l1, loss = sp.IndexedBase("l1"), sp.IndexedBase("loss")
a_nu, a_xi = indexed(PatchPreactivation("nu_k")), indexed(PatchPreactivation("xi"))
z_nu = indexed(Preactivation("nu_k"))
# <w, xi_{k,i}> of a validation example, moved as (C.4) moves a training one
by_c_4 = indexed(PatchPreactivation("xi", elsewhere=True))
gram_nu, gram_xi, gram_z = (indexed(GramEntry(family, family)) for family in ("nu_k", "xi", "z"))
xi_fresh, nu2 = indexed(GramEntry("xi", "fresh")), Symbol(GramEntry("nu", "nu"), positive=True)
start, adapted = sp.Symbol("W"), sp.IndexedBase("W~")

Lines = tuple[sp.Expr, ...]


def on_nu(task: sp.Expr, at: sp.Expr) -> sp.Expr:
    """sigma'(<w_{j,r}, nu_k> y_{k,i})."""
    return Ramp(a_nu[j, r, task, at], h)


def on_xi(task: sp.Expr, at: sp.Expr) -> sp.Expr:
    """sigma'(<w_{j,r}, xi_{k,i}>)."""
    return Ramp(a_xi[j, r, task, at], h)


def outside(task: sp.Expr, at: sp.Expr) -> sp.Expr:
    """sigma'(<w_{j,r}, nu_k>) y_{k,i}."""
    return Ramp(z_nu[j, r, task], h) * y[task, at]


def over(body: sp.Expr, split: tuple[sp.Expr, tuple[sp.Expr, sp.Expr]] = ALL, at: sp.Symbol = i_) -> sp.Expr:
    """The sum over a task's examples."""
    return sp.Sum(body, (at, *split[1]))


def over_all(body: sp.Expr, split: tuple[sp.Expr, tuple[sp.Expr, sp.Expr]] = ALL) -> sp.Expr:
    """The sum over (k', i')."""
    return sp.Sum(body, (k_, 1, K), (i_, *split[1]))


def same(task: sp.Expr, at: sp.Expr) -> sp.Expr:
    """1{(k, i) = (task, at)}."""
    return sp.KroneckerDelta(k, task) * sp.KroneckerDelta(i, at)


def pull(task: sp.Expr, at: sp.Expr, slope: sp.Expr | None = None) -> sp.Expr:
    """l'_{k',i'} y_{k',i'} j sigma'(<w_{j,r}, xi_{k',i'}>) <xi_{k',i'}, xi_{k,i}>."""
    return l1[task, at] * y[task, at] * s[j] * (slope or on_xi(task, at)) * gram_xi[task, at, k, i]


# Appendix C: the gradient, (C.1) to (C.11); (A.3).


def gradient(slip: Slip) -> Lines:
    """The gradient in w_{j,r} of a task's loss."""
    patches = on_nu(k, i) * y[k, i] * vector("nu_k", k) + on_xi(k, i) * vector("xi", k, i)
    return (over(l1[k, i] * y[k, i] * s[j] * patches, at=i) / n,)


def eq_c_1(slip: Slip) -> Lines:
    """j <w_{j,r}, nu_k>."""
    return (-gamma / n * over(l1[k, i] * on_nu(k, i) * gram_nu[k, k], at=i),)


def eq_c_2(slip: Slip) -> Lines:
    """<w_{j,r}, xi_{k,i}>."""
    return (-gamma / n * over((1 - sp.KroneckerDelta(i, i_)) * pull(k, i_)), -gamma / n * pull(k, i))


def eq_c_3(slip: Slip) -> Lines:
    """<w_{j,r}, xi_{k,i}>, i in I_k^val."""
    return (-gamma / n_1 * over(pull(k, i_), TRAIN),)


def eq_c_4(slip: Slip) -> Lines:
    """<w_{j,r}, xi_{k,i}>, i in I_k^tr."""
    others = over((1 - sp.KroneckerDelta(i, i_)) * pull(k, i_), TRAIN)
    return (-gamma / n_1 * others, -gamma / n_1 * pull(k, i))


def eq_c_5(slip: Slip) -> Lines:
    """j <w_{j,r}, nu_k>."""
    return (-gamma / n_1 * over(l1[k, i] * on_nu(k, i) * gram_nu[k, k], TRAIN, i),)


def eq_c_6(slip: Slip) -> Lines:
    """<w_{j,r}, xi_{k,i}>."""
    return (-eta / (K * n) * over_all((1 - same(k_, i_)) * pull(k_, i_)), -eta / (K * n) * pull(k, i))


def eq_c_7(slip: Slip) -> Lines:
    """The argument of l'_{k,i}."""
    noise, signal = HuberizedRelu(a_xi[j, r, k, i], h), HuberizedRelu(a_nu[j, r, k, i], h)
    whole = sp.Sum(s[j] * (noise + signal), (j, 1, 2), (r, 1, m))
    first = sp.Sum(s[j] * noise, (j, 1, 2), (r, 1, m))
    return (slip("fomaml-eq:C.7", y[k, i] * first + signal, y[k, i] * whole),)


def eq_c_8(slip: Slip) -> Lines:
    """j <w_{j,r}, nu>."""
    return (-eta / (K * n) * over_all(l1[k_, i_] * on_nu(k_, i_) * nu2),)


def eq_c_9(slip: Slip) -> Lines:
    """<w_{j,r}, xi_{k,i}>, i in I_k^val."""
    others = over_all((1 - same(k_, i_)) * pull(k_, i_), VALIDATION)
    return (-eta / (K * n_2) * others, -eta / (K * n_2) * pull(k, i))


def eq_c_10(slip: Slip) -> Lines:
    """<w_{j,r}, xi_{k,i}>, i in I_k^tr."""
    c_4 = Ramp(by_c_4[j, r, k_, i_], h)
    body = pull(k_, i_, slip("fomaml-eq:C.10-arguments", c_4, on_xi(k_, i_)))
    literal = sp.Sum(body, (k, 1, K), (i_, *VALIDATION[1]))
    whole = sp.Sum(body, (k_, 1, K), (i_, *VALIDATION[1]))
    return (-eta / (K * n_2) * slip("fomaml-eq:C.10-index", literal, whole),)


def eq_c_11(slip: Slip) -> Lines:
    """j <w_{j,r}, nu>."""
    return (-eta / (K * n_2) * over_all(l1[k_, i_] * on_nu(k_, i_) * nu2, VALIDATION),)


def eq_a_3(slip: Slip) -> Lines:
    """W."""
    return (eta / K * sp.Sum(adapted[k] - start, (k, 1, K)),)


# Appendix E.


def eq_e_11(slip: Slip) -> Lines:
    """j <w_{j,r}, nu_k>."""
    rate = slip("fomaml-eq:E.11-prime", loss[k_, i_], l1[k_, i_])
    return (-eta / (K * n) * over_all(rate * on_nu(k_, i_) * gram_nu[k, k_]),)


def eq_e_11_product(slip: Slip) -> Lines:
    """<nu_k, nu_k'>."""
    return (slip("fomaml-eq:E.11-norm", sp.sqrt(nu2), nu2) + gram_z[k, k_],)


def eq_e_17(slip: Slip) -> Lines:
    """j <w_{j,r}, z_k>, the equality."""
    near = l1[k, i_] * slip("fomaml-eq:E.17", outside(k, i_), on_nu(k, i_)) * gram_z[k, k]
    far = l1[k_, i_] * slip("fomaml-eq:E.17", outside(k_, i_), on_nu(k_, i_)) * gram_z[k_, k]
    return (-eta / (K * n) * over_all((1 - sp.KroneckerDelta(k, k_)) * far), -eta / (K * n) * over(near))


def fresh(slip: Slip, method: bool = False) -> Lines:
    """<w_{j,r}, xi>, a fresh noise: one term of the sum over t."""
    sign = slip("fomaml-eq:E.34-factor", sp.S.One, y[k_, i_] * s[j])
    body = l1[k_, i_] * sign * on_xi(k_, i_) * xi_fresh[k_, i_]
    printed = -eta / (K * n_2) * over_all(body, VALIDATION)
    return (slip("fomaml-eq:E.34-method", printed, -eta / (K * n) * over_all(body)) if method else printed,)


def eq_e_34(slip: Slip) -> Lines:
    """The same, in the proof about train-train."""
    return fresh(slip, method=True)


# Appendix F; the displays are for j = 1.


def eq_f_1(slip: Slip) -> Lines:
    """<w_{1,r}, z_k>, the equality."""
    return (-eta / (K * n_2) * over_all(l1[k_, i_] * on_nu(k_, i_) * gram_z[k_, k], VALIDATION),)


def eq_f_4(slip: Slip) -> Lines:
    """<w_{1,r}, nu>."""
    return (-gamma / n_1 * over(l1[k, i] * on_nu(k, i) * nu2, TRAIN, i),)


def eq_f_4_z(slip: Slip) -> Lines:
    """<w_{1,r}, z_k>."""
    return (-gamma / n_1 * over(l1[k, i] * on_nu(k, i) * gram_z[k, k], TRAIN, i),)


def lemma_f_7(slip: Slip) -> Lines:
    """<w_{1,r}, nu_k>."""
    slope = slip("fomaml-lem:F.7-label", outside(k_, i_), on_nu(k_, i_))
    size = slip("fomaml-lem:F.7-size", n, n_2)
    return (-eta / (K * size) * over_all(l1[k_, i_] * slope * gram_nu[k, k_], VALIDATION),)


def _products(values: Mapping[Role | None, Callable[[tuple[sp.Expr, ...]], sp.Expr]]) -> Callable[[sp.Expr], sp.Expr]:
    """Inner products, as what a hypothesis makes of them."""

    def is_one(e: sp.Expr) -> bool:
        return isinstance(e, sp.Indexed) and role_of(e) in values

    return lambda expr: expr.replace(is_one, lambda e: values[role_of(e)](e.indices))


def _zero(at: tuple[sp.Expr, ...]) -> sp.Expr:
    return sp.S.Zero


SUM = second_layer(sp.S.One)
_OFF = (("nu_k", "xi"), ("xi", "nu"), ("xi", "z"), ("nu_k", "fresh"))
NOISE_OFF = Hypothesis(
    text="xi _|_ nu, z_1, ..., z_M", latex=r"\boldsymbol{\xi}\perp\boldsymbol{\nu},\mathbf{z}_1,\dots,\mathbf{z}_M",
    rule=_products({GramEntry(*pair): _zero for pair in _OFF}),
)
FEATURES = Hypothesis(
    text="nu_k = nu + z_k, <nu, z_k> = 0", latex=r"\boldsymbol{\nu}_k=\boldsymbol{\nu}+\mathbf{z}_k\perp\mathbf{z}_k",
    rule=_products({GramEntry("nu_k", "nu"): lambda at: nu2, GramEntry("nu_k", "z"): lambda at: gram_z[at],
                    GramEntry("nu_k", "nu_k"): lambda at: nu2 + gram_z[at]}),
)
HEAD_1 = Hypothesis(text="j = 1", latex="j=1", rule=lambda expr: expr.xreplace({s[j]: sp.S.One}))

Derived = Callable[[Recursion], sp.Expr]


def _against(change: Derived, name: str, *place: sp.Expr) -> Derived:
    """<change, v>."""
    return lambda recursion: along(change(recursion), recursion.model, name, *place)


def _signed(of: Derived) -> Derived:
    return lambda recursion: s[j] * of(recursion)


def _inner(split: tuple[sp.Expr, tuple[sp.Expr, sp.Expr]]) -> Derived:
    return lambda recursion: inner_change(recursion, split)


def _outer(split: tuple[sp.Expr, tuple[sp.Expr, sp.Expr]]) -> Derived:
    return lambda recursion: outer_change(recursion, split)


def _margin(recursion: Recursion) -> sp.Expr:
    return lifted(expanded(recursion, sp.IndexedBase("margin")[i], "margin", "f"), recursion.model, k)


def _left(of: str, of_latex: str, inner: bool, sign: bool = False, head: str = "j") -> tuple[str, str]:
    old, new = ("t,tau", "t,tau+1") if inner else ("t,0", "t+1,0")
    w, j_ = rf"\mathbf{{w}}_{{{head},r}}", "j" if sign else ""
    latex = rf"{j_}\langle{w}^{{({new})}}-{w}^{{({old})}}, {of_latex}\rangle".replace("tau", r"\tau")
    return f"{j_} <w_{{{head},r}}({new}) - w_{{{head},r}}({old}), {of}>".strip(), latex


_NU_K, _XI, _NU, _Z = (r"\boldsymbol{\nu}_k", r"\boldsymbol{\xi}_{k,i}", r"\boldsymbol{\nu}", r"\mathbf{z}_k")


def _claim(
    name: str,
    where: str,
    left: tuple[str, str],
    display: Callable[[Slip], Lines],
    derived: Derived,
    *hypotheses: Hypothesis,
    errata: tuple[str, ...] = (),
    method: str = "train-train",
) -> Claim:
    def of() -> Model:
        return model(method)

    return Claim(id=f"fomaml-{name}", where=where, left=left[0], left_latex=left[1], model=of, display=display,
                 derived=derived, hypotheses=(SUM, *hypotheses), errata=errata)


_VAL = "train-validation"
_FRESH = ("fomaml-eq:E.34-factor",)

CLAIMS = (
    _claim("eq:C-gradient", "Appendix C, the gradient of L(W, S_k)", ("grad_{w_{j,r}} L(W, S_k)",
           r"\nabla_{\mathbf{w}_{j,r}}\mathcal{L}(\mathbf{W},\mathcal{S}_k)"), gradient,
           lambda recursion: sp.expand(inner_change(recursion) / -gamma)),
    _claim("eq:C.1-step", "(C.1)", _left("nu_k", _NU_K, True, True), eq_c_1,
           _signed(_against(_inner(ALL), "nu_k", k)), NOISE_OFF),
    _claim("eq:C.2-step", "(C.2)", _left("xi_{k,i}", _XI, True), eq_c_2, _against(_inner(ALL), "xi", k, i),
           NOISE_OFF),
    _claim("eq:C.3-step", "(C.3)", _left("xi_{k,i}", _XI, True), eq_c_3, _against(_inner(TRAIN), "xi", k, i),
           NOISE_OFF, method=_VAL),
    _claim("eq:C.4-step", "(C.4)", _left("xi_{k,i}", _XI, True), eq_c_4, _against(_inner(TRAIN), "xi", k, i),
           NOISE_OFF, method=_VAL),
    _claim("eq:C.5-step", "(C.5)", _left("nu_k", _NU_K, True, True), eq_c_5,
           _signed(_against(_inner(TRAIN), "nu_k", k)), NOISE_OFF, method=_VAL),
    _claim("eq:C.6-step", "(C.6)", _left("xi_{k,i}", _XI, False), eq_c_6, _against(_outer(ALL), "xi", k, i),
           NOISE_OFF),
    _claim("eq:C.7-margin", "(C.7), the argument of l'", ("y_{k,i} f(x_{k,i})", r"y_{k,i}f(\mathbf{x}_{k,i})"),
           eq_c_7, _margin, errata=("fomaml-eq:C.7",)),
    _claim("eq:C.8-step", "(C.8)", _left("nu", _NU, False, True), eq_c_8, _signed(_against(_outer(ALL), "nu")),
           NOISE_OFF, FEATURES),
    _claim("eq:C.9-step", "(C.9)", _left("xi_{k,i}", _XI, False), eq_c_9, _against(_outer(VALIDATION), "xi", k, i),
           NOISE_OFF, method=_VAL),
    _claim("eq:C.10-step", "(C.10) and the two sentences below it", _left("xi_{k,i}", _XI, False), eq_c_10,
           _against(_outer(VALIDATION), "xi", k, i), NOISE_OFF,
           errata=("fomaml-eq:C.10-arguments", "fomaml-eq:C.10-index"), method=_VAL),
    _claim("eq:C.11-step", "(C.11)", _left("nu", _NU, False, True), eq_c_11,
           _signed(_against(_outer(VALIDATION), "nu")), NOISE_OFF, FEATURES, method=_VAL),
    _claim("eq:A.3-step", "(A.3), epsilon written eta", ("W(t+1) - W(t)", r"\mathbf{W}^{(t+1)}-\mathbf{W}^{(t)}"),
           eq_a_3, lambda recursion: reptile_change(start, adapted), method="reptile"),
    _claim("eq:E.11-step", "(E.11)", _left("nu_k", _NU_K, False, True), eq_e_11,
           _signed(_against(_outer(ALL), "nu_k", k)), NOISE_OFF, errata=("fomaml-eq:E.11-prime",)),
    _claim("eq:E.11-product", "the line below (E.11)", ("<nu_k, nu_k'>",
           r"\langle\boldsymbol{\nu}_k,\boldsymbol{\nu}_{k'}\rangle"), eq_e_11_product,
           lambda recursion: gram_nu[k, k_], FEATURES, errata=("fomaml-eq:E.11-norm",)),
    _claim("eq:E.17-step", "(E.17), the equality", _left("z_k", _Z, False, True), eq_e_17,
           _signed(_against(_outer(ALL), "z", k)), NOISE_OFF, FEATURES, errata=("fomaml-eq:E.17",)),
    _claim("eq:E.34-step", "(E.34), the equality", _left("xi", r"\boldsymbol{\xi}", False), eq_e_34,
           _against(_outer(ALL), "fresh"), NOISE_OFF, errata=(*_FRESH, "fomaml-eq:E.34-method")),
    _claim("eq:F.1-step", "(F.1), the equality", _left("z_k", _Z, False, head="1"), eq_f_1,
           _against(_outer(VALIDATION), "z", k), NOISE_OFF, FEATURES, HEAD_1, method=_VAL),
    _claim("eq:F.4-step", "(F.4)", _left("nu", _NU, True, head="1"), eq_f_4, _against(_inner(TRAIN), "nu"), NOISE_OFF,
           FEATURES, HEAD_1, method=_VAL),
    _claim("eq:F.4-z", "the display below (F.4)", _left("z_k", _Z, True, head="1"), eq_f_4_z,
           _against(_inner(TRAIN), "z", k), NOISE_OFF, FEATURES, HEAD_1, method=_VAL),
    _claim("lem:F.7-step", "proof of Lemma F.7, the first display", _left("nu_k", _NU_K, False, head="1"), lemma_f_7,
           _against(_outer(VALIDATION), "nu_k", k), NOISE_OFF, HEAD_1,
           errata=("fomaml-lem:F.7-label", "fomaml-lem:F.7-size"), method=_VAL),
    _claim("eq:F.33-step", "(F.33), the equality", _left("xi", r"\boldsymbol{\xi}", False), fresh,
           _against(_outer(VALIDATION), "fresh"), NOISE_OFF, errata=_FRESH, method=_VAL),
    _claim("eq:F.35-step", "(F.35), the equality", _left("xi", r"\boldsymbol{\xi}", False), fresh,
           _against(_outer(VALIDATION), "fresh"), NOISE_OFF, errata=_FRESH, method=_VAL),
)
