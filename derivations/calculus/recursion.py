"""The recursion of a declared model, by differentiating its objective through the Gram matrix.

The gradient in w_s is sum_b (dO/dz_{s,b}) v_b, so one step of gradient descent is b <- b - eta dO/dz and
z <- z - eta (dO/dz) G (README, "The idea").  A squared gradient norm is (dL/dz) G (dL/dz)^T; per example it
becomes a named sum (zeta), and for the full gradient it is differentiated through its frozen co-vector u = (dL/dz) G.

Momentum, SAM and weight decay take that gradient as it is (`derivations.show.algorithm`); with mini-batches n and the
sums over examples are the batch's, and with label noise the loss sees the step's label_i, while patches keep y_i.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from ..declare import Directions, Full, Model, NoPenalty, PerExample, rows_of, terms_of
from ..errors import ModelError
from .activations import number, sigma
from .roles import ConstantScalar, ScalarOfExample, indexed, role_of
from .sums import Definition, Definitions, collect_by, contract, derivative, pull_out, reduce_signs
from .symbols import Names, c, class_, head_sum, i, i_, lam, m, n, r, r_, y

KEPT = 64  # recursions; each is a second or less of SymPy, and few hundred kilobytes


@dataclass(frozen=True)
class Collected:
    """common * sum over `limits` (the examples, or nothing) of sum_t coefficient_t * factor_t.

    A coefficient does not involve the filter, so it is computed once an example; a factor does.
    """

    common: sp.Expr
    limits: tuple[sp.Tuple, ...]
    terms: tuple[tuple[sp.Expr, sp.Expr], ...]

    @property
    def expr(self) -> sp.Expr:
        """The expression itself."""
        body = sp.Add(*[coefficient * factor for coefficient, factor in self.terms])
        return self.common * (sp.Sum(body, *self.limits) if self.limits else body)


_P = sp.IndexedBase("p")
"""Softmax probabilities of class heads."""

Gradient = dict[str, tuple[Collected, ...]]


@dataclass(frozen=True)
class Recursion:
    """A derived recursion: named definitions and dO/dz for each family of directions.

    definitions: by name, in order of computation; `gradient[family]` is dO/dz at (head', r', place') in the
    definitions, collected by neuron factors; `plain[family]` the same without penalty; `steps` the derivation,
    (title, left side, right side).
    Plain gradient descent is b <- b - eta dO/dz, z <- z - eta (dO/dz) G; coefficients are b times the declared scale
    and sign.
    """

    model: Model
    definitions: Definitions
    gradient: Gradient
    plain: Gradient
    penalty: sp.Expr
    steps: tuple[tuple[str, sp.Expr, sp.Expr], ...]


def of_model(model: Model) -> Recursion:
    """Derive a model's recursion; of the last models that were asked for it is kept.  Source: README, "The idea".

    Raises ModelError in one sentence where the model does not close on pre-activations.
    """
    return _of_model(model, repr(model))


@functools.lru_cache(maxsize=KEPT)
def _of_model(model: Model, _written: str) -> Recursion:
    """The recursion of a model, told from others by how it is written too: 2 and 2.0 are equal, and print otherwise."""
    names = Names(model)
    definitions = _forward(names)
    example_loss = definitions["loss"].symbol
    risk = contract(example_loss / n, ((i, 1, n),))
    steps: list[tuple[str, sp.Expr, sp.Expr]] = [("training loss", sp.Symbol("L_S"), risk)]

    plain = {f.name: _gradient(names, risk, f, definitions) for f in model.directions}
    about = {f.name: f.name + (", for an example of the batch" if names.batched(f) else "") for f in model.directions}
    steps += [("its gradient along " + about[f.name], _dz("L_S", names, f), plain[f.name]) for f in model.directions]
    norm = sp.S.Zero
    if not rows_of(model):  # of an example that is mixed of others it takes the inner products of all of them
        norm = _example_norm(names, definitions)
        steps.append(("squared gradient norm of one example", sp.Function("norm2")(sp.Symbol("L_i")), norm))

    penalty, gradient, kind = sp.S.Zero, plain, type(model.objective.penalty_kind)
    if kind is PerExample:
        penalty = contract(c * lam * norm / n, ((i, 1, n),))
        gradient = {f.name: _gradient(names, risk + penalty, f, definitions) for f in model.directions}
    elif kind is Full:
        frozen = _along_covector(names, definitions)
        penalty = c * lam * sp.Function("norm2")(sp.Symbol("L_S"))
        steps.append(("derivative of L_S along the frozen co-vector u", sp.Function("along")(sp.Symbol("L_S")), frozen))
        extra = {f.name: _gradient(names, 2 * c * lam * frozen, f, definitions) for f in model.directions}
        gradient = {name: plain[name] + extra[name] for name in plain}
    elif kind is not NoPenalty:
        raise TypeError(f"penalty: {kind.__name__} has no derivation; write one")
    if penalty != 0:
        title = "gradient of the objective along "
        steps += [(title + about[f.name], _dz("O", names, f), gradient[f.name]) for f in model.directions]
    tidy = {name: _tidy(names, expr) for name, expr in gradient.items()}
    tidy_plain = {name: _tidy(names, expr) for name, expr in plain.items()}
    return Recursion(model, definitions, tidy, tidy_plain, penalty, tuple(steps))


def _forward(names: Names) -> Definitions:
    """Patch pre-activations, outputs, and the loss with its derivatives in the outputs."""
    model, h = names.model, names.head
    out: list[Definition] = []
    for p, patch in enumerate(model.patches):
        expr = sp.Add(*[names.along(term, i, lambda family, *place: names.z(family, h, r, *place))
                        for term in patch.terms])
        role = names.patch(p)
        meaning = f"pre-activation of the patch {role.label}" if p < model.activated else "second-layer weight"
        out.append(Definition(role.name, (h, r, i), expr, meaning, role=role))
    activated = sp.Add(*[sigma(model.network.activation, names.a(p, h, r, i)) for p in range(model.activated)])
    out += _signed_outputs(names, activated) if names.signed else _class_outputs(names, activated)
    return {definition.name: definition for definition in out}


def _signed_outputs(names: Names, activated: sp.Expr) -> list[Definition]:
    h = names.head
    f, margin = sp.IndexedBase("f"), sp.IndexedBase("margin")
    l1, l2 = sp.IndexedBase("l1"), sp.IndexedBase("l2")
    constants = tuple(map(number, names.model.objective.loss_kind.constants))

    mixed = names.model.objective.mixed_labels
    weights = tuple(map(number, names.model.objective.label_weights))
    omega = sp.IndexedBase("omega")[i]

    def rate(order: int, margin: sp.Expr) -> sp.Expr:
        plain = sp.Function("rate")(order, margin, *constants)
        if mixed is not None:  # the labels that it is mixed of: y_i, and -y_i, whose margin is -y_i f
            other = sp.Function("rate")(order, -margin, *constants)
            share = (1 + y[i] * indexed(ScalarOfExample(mixed.name))[i]) / 2
            return share * plain + (-1) ** order * (1 - share) * other
        return omega * plain if weights else plain

    weighed = []
    if weights:
        plus, minus = weights
        expr = (plus + minus) / 2 + names.label(i) * (plus - minus) / 2
        weighed.append(Definition("omega", (i,), expr, "weight of the example's loss"))
    fixed, trained = _weight(names)
    return [
        Definition("f", (i,), fixed * names.over_neurons(names.sign(h) * trained * activated), "network output"),
        Definition("margin", (i,), names.label(i) * f[i], "margin y_i f(x_i)"),
        *weighed,
        Definition("loss", (i,), rate(0, margin[i]), "loss at the margin",
                   rule=lambda at, of: l1[at] * of(margin[at])),
        Definition("l1", (i,), rate(1, margin[i]), "first derivative of the loss at the margin",
                   rule=lambda at, of: l2[at] * of(margin[at])),
        Definition("l2", (i,), rate(2, margin[i]), "second derivative of the loss at the margin",
                   rule=lambda at, of: _refuse_third_derivative()),
    ]


def _weight(names: Names) -> tuple[sp.Expr, sp.Expr]:
    """A neuron's weight in its head's output, as a factor before the sum over neurons and one inside it."""
    weight = names.weight(names.head, r, i)
    return (sp.S.One, weight) if weight.has(sp.Indexed) else (weight, sp.S.One)


def _refuse_third_derivative() -> sp.Expr:
    raise ModelError("objective: it needs a third derivative of the loss; declare penalties on gradient norms only")


def _class_outputs(names: Names, activated: sp.Expr) -> list[Definition]:
    k = names.head
    F, p, e = sp.IndexedBase("F"), _P, sp.IndexedBase("e")
    classes = (head_sum, 1, names.model.network.classes)
    own = sp.KroneckerDelta(k, names.label(i))

    def mean(weight: sp.IndexedBase, example: sp.Expr, of: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
        """The heads' changes, weighted."""
        return contract(weight[head_sum, example] * of(F[head_sum, example]), (sp.Tuple(*classes),))

    fixed, trained = _weight(names)
    return [
        Definition("F", (k, i), fixed * sp.Sum(trained * activated, (r, 1, m)), "output of a head"),
        Definition("p", (k, i), sp.Function("softmax")(F[k, i]), "softmax probability",
                   rule=lambda at, of: p[at] * (of(F[at]) - mean(p, at[1], of))),
        Definition("e", (k, i), p[k, i] - own, "p_k - 1{k = y_i}"),
        Definition("loss", (i,), sp.Function("cross_entropy")(F[names.label(i), i]), "cross-entropy",
                   rule=lambda at, of: mean(e, at[0], of)),
    ]


def _dz(of: str, names: Names, family: Directions) -> sp.Expr:
    at = names.z(family.name, names.head_, r_, *names.free_place(family))
    return sp.Function("partial")(sp.Symbol(of), at)


def _gradient(names: Names, objective: sp.Expr, family: Directions, definitions: Definitions) -> sp.Expr:
    target = names.z(family.name, names.head_, r_, *names.free_place(family))
    return _reduced(names, derivative(objective, target, definitions))


def _reduced(names: Names, expr: sp.Expr) -> sp.Expr:
    """Signs and steps reduced outside and inside every sum."""
    inside = expr.replace(
        lambda e: isinstance(e, sp.Sum), lambda e: contract(reduce_signs(e.function, names.signed), e.limits)
    )
    return reduce_signs(inside, names.signed)


def _patch_gradients(names: Names, definitions: Definitions) -> list[sp.Expr]:
    """d loss_i / d a_p[head, r, i] for each patch p, at unprimed indices."""
    h, example_loss = names.head, definitions["loss"].symbol
    states = {name: d for name, d in definitions.items() if not d.of_patch}
    out = []
    for p in range(len(names.model.patches)):
        target = names.a(p, names.head_, r_, i_)
        slope = derivative(example_loss, target, states)
        same = slope.xreplace({sp.KroneckerDelta(i, i_): sp.S.One}).xreplace({i_: i, r_: r, names.head_: h})
        out.append(_reduced(names, same))
    return out


def _name_neuron_sum(names: Names, body: sp.Expr, definitions: Definitions, name: str, meaning: str) -> sp.Expr:
    """sum over neurons of body, as a coefficient times a definition called `name` (added to `definitions`)."""
    h = names.head
    coefficient, rest = pull_out(reduce_signs(body, names.signed), {h, r} if names.signed else {r})
    if len(terms_of(names.model.patches)) > 1:  # of one term the whole vector is a constant; of several no scalar is
        inside = sp.Mul(*[each for each in sp.Mul.make_args(coefficient) if _of_scalars(each)])
        coefficient, rest = coefficient / inside, sp.expand(rest * inside)
    indices = (i,) if names.signed else (h, i)
    total = names.over_neurons(rest) if names.signed else sp.Sum(rest, (r, 1, m))
    definitions[name] = Definition(name, indices, total, meaning)
    value = coefficient * definitions[name].symbol
    return value if names.signed else sp.Sum(value, (h, 1, names.model.n_heads))


def _of_scalars(factor: sp.Expr) -> bool:
    """Whether a factor is a power of a declared scalar."""
    return isinstance(role_of(factor.as_base_exp()[0]), ScalarOfExample | ConstantScalar)


def _example_norm(names: Names, definitions: Definitions) -> sp.Expr:
    """||grad_W L_i||_F^2, with the sum over neurons named zeta."""
    g = _patch_gradients(names, definitions)
    body = sp.Add(*[names.patch_gram(p, q, i) * g[p] * g[q] for p in range(len(g)) for q in range(len(g))])
    meaning = "squared norm of the output's gradient, constants taken out"
    return _name_neuron_sum(names, body, definitions, "zeta", meaning)


def _along_covector(names: Names, definitions: Definitions) -> sp.Expr:
    """<dL_S/dz, u> with u frozen, with the sum over neurons named D."""
    body = sp.S.Zero
    for p, g in enumerate(_patch_gradients(names, definitions)):
        terms = names.model.patches[p].terms
        body += sp.Add(*[g * names.along(term, i, lambda family, *place: names.u(family, names.head, r, *place))
                         for term in terms])
    meaning = "derivative of the output along u, constants taken out"
    along = _name_neuron_sum(names, body, definitions, "D", meaning)
    return contract(along / n, (sp.Tuple(i, 1, n),))


def _tidy(names: Names, expr: sp.Expr) -> tuple[Collected, ...]:
    indices = {names.head_, r_, i_, class_}
    out = []
    for limits, body in _merge_sums(expr).items():
        if body == 0:  # a family that no patch uses, or terms that cancel
            continue
        common, rest = pull_out(sp.expand(body), indices | {limit[0] for limit in limits})
        groups = collect_by(rest, {names.head_, r_} if names.signed else {r_})
        out.append(Collected(common, limits, tuple((_bracketed(each), factor) for factor, each in groups.items())))
    return tuple(out)


def _bracketed(coefficient: sp.Expr) -> sp.Expr:
    """p_k (a_k - sum_l p_l a_l) in one bracket, which is exactly 0 where p_k is 1: apart, rounding of a_k is left."""
    terms = sp.Add.make_args(sp.expand(coefficient))
    held = {factor for term in terms for factor in sp.Mul.make_args(term)
            if isinstance(factor, sp.Indexed) and factor.base == _P}
    if len(held) != 1:
        return coefficient
    (p,) = held
    inside = [term / p for term in terms if p in sp.Mul.make_args(term)]
    rest = [term for term in terms if p not in sp.Mul.make_args(term)]
    return sp.Add(sp.Mul(p, sp.factor_terms(sp.Add(*inside))), sp.factor_terms(sp.Add(*rest)))


def _merge_sums(expr: sp.Expr) -> dict[tuple[sp.Tuple, ...], sp.Expr]:
    """Terms grouped by the limits of their example sum; other factors go inside, and so does any sum over heads."""
    groups: dict[tuple[sp.Tuple, ...], sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(expr)):
        outer = next((f for f in sp.Mul.make_args(term) if isinstance(f, sp.Sum) and f.limits[-1][0] == i), None)
        if outer is None:
            limits, body = (), term
        else:  # SymPy writes sum_i sum_k f as one Sum with two limits
            limits, inner = outer.limits[-1:], outer.limits[:-1]
            body = term / outer * (contract(outer.function, inner) if inner else outer.function)
        groups[limits] = groups.get(limits, sp.S.Zero) + body
    return groups


def needed(recursion: Recursion, exprs: list[sp.Expr]) -> tuple[Definition, ...]:
    """The definitions that `exprs` rest on, in order of computation."""
    names = _bases(exprs)
    while True:
        below = _bases([recursion.definitions[name].expr for name in names & set(recursion.definitions)])
        if below <= names:
            return tuple(d for name, d in recursion.definitions.items() if name in names)
        names |= below


def _bases(exprs: list[sp.Expr]) -> set[str]:
    return {str(base) for expr in exprs for base in expr.atoms(sp.IndexedBase)}
