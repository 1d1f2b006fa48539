"""The early stage of a recursion: how each product <w, v> grows while all are small, by the lowest order in them.

All products small, the outputs are 0: the loss has its slopes there, and zeta and what else is quadratic is of higher
order.  Inner products of different directions are left out.  What is left of <w, v> is a power law of its own,

    |<w, v>| <- |<w, v>| + rate |<w, v>|^power,

power 1 of an exponential stage.  Rates keep |v|^2 (`norm`), and the examples of either label (`same`, `other`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import sympy as sp

from ..declare import (
    ACTIVATIONS,
    LOSSES,
    CrossEntropy,
    Directions,
    Exponential,
    Expressed,
    Full,
    Logistic,
    LossKind,
    Model,
    Patch,
    of_class,
)
from ..declare.formula import short
from ..errors import ModelError
from .activations import (
    Box,
    HuberizedRelu,
    LeakyRelu,
    LeakyReluClosed,
    LeakySlope,
    Ramp,
    Relu,
    ReluClosed,
    Step,
)
from .recursion import Gradient, Recursion
from .roles import Covector, GramEntry, PatchPreactivation, role_of
from .symbols import Names, class_, clean, eta, i, label, lam, s, y

norm = sp.Symbol("norm", positive=True)  # |v|^2
same, other = sp.symbols("same other", nonnegative=True)
"""Examples whose label pushes a product outward where their patch is active: those of its sign, or class; others."""
flipped = sp.Symbol("flipped", nonnegative=True)
"""The share of flipped labels, where a model has them."""
A = sp.Symbol("A", positive=True)  # |<w, v>|
_SECOND = ("l2", "zeta", "D")  # what is of second order in the products, as a factor

SLOPES: Final[Mapping[type[LossKind], sp.Expr]] = {
    Logistic: sp.Rational(-1, 2), Exponential: sp.Integer(-1), CrossEntropy: sp.S.Zero,
}
"""l'(0) of a loss of the margin; class heads have their softmax at 1/K."""
_SLOPED = [word for word, kind in LOSSES.items() if type(kind) in SLOPES]


@dataclass(frozen=True)
class Stage:
    """A family's early stage.

    `own`: the product is one that its labels push outward (of an example's head or class with its own noise, or of a
    head with the feature's sign), or one that they push back.  What one step adds to |<w, v>| is rate A^power.
    """

    family: str
    own: bool
    power: int
    rate: sp.Expr

    def vanishes(self, parameter: sp.Symbol = lam) -> sp.Expr | None:
        """The value of a parameter at which nothing grows; None where there is none."""
        return _root(self.rate / eta, parameter)


def stages(recursion: Recursion) -> tuple[Stage, ...]:
    """Each family's stages, those that grow outward first; none of a product that does not move.

    Raises ModelError where the recursion has no such stage, in one sentence.
    """
    model = recursion.model
    _check(model)
    growths = list[Stage]()
    for family in model.directions:
        slope = _small(recursion, _slope(recursion.gradient, family.name), family)
        for own in (True, False):
            change = sp.expand(-eta * norm * _directed(Names(model), slope, family, own))
            if change != 0:
                power, rate = _lowest(change)
                if power == 0 and model.objective.penalised:
                    said = "where sigma'(0) is not 0 the penalty is not small with the products"
                    raise ModelError(f"rates: {said}; leave it out")
                growths.append(Stage(family.name, own, power, rate))
    return tuple(growths)


def outgrows(first: Stage, second: Stage, norms: tuple[sp.Expr, sp.Expr], parameter: sp.Symbol = lam) -> sp.Expr | None:
    """The value of a parameter at which two products grow alike, of stages of one power; None where there is none.

    `norms` are |v|^2 of the first and of the second.
    """
    if first.power != second.power:
        return None
    difference = first.rate.xreplace({norm: norms[0]}) - second.rate.xreplace({norm: norms[1]})
    return _root(difference / eta, parameter)


def _root(expr: sp.Expr, parameter: sp.Symbol) -> sp.Expr | None:
    """The only value of a parameter at which an expression is 0; None where there is none, or it is negative."""
    roots = sp.solve(expr, parameter) if parameter in expr.free_symbols else []
    root = sp.simplify(roots[0]) if len(roots) == 1 else sp.S.NegativeOne
    plain = root.xreplace({flipped: sp.S.Zero})  # few labels are flipped
    return None if plain.is_negative or sp.factor(plain).could_extract_minus_sign() else root


def _check(model: Model) -> None:
    """Refuses what has no lowest order here."""
    kind, activation = type(model.objective.loss_kind), model.network.activation.kind
    if kind not in SLOPES:
        said = f"the loss {short(model.objective.loss)} has no slope at 0 that is known"
        raise ModelError(f"rates: {said}; expected one of {', '.join(_SLOPED)}")
    if not all(isinstance(patch, Patch) and patch.plain for patch in model.patches):
        said = "a patch of several terms, or of scalars, is no product that grows alone"
        raise ModelError(f"rates: {said}; expected one direction a patch")
    if isinstance(activation, Expressed):
        said = f"the activation {short(model.network.activation.name)} is a formula, whose power at 0 is not known"
        raise ModelError(f"rates: {said}; expected one of {', '.join(ACTIVATIONS)}")
    labels = "label weights" if model.objective.label_weights else "mixed labels"
    if model.objective.label_weights or model.objective.mixed_labels or model.algorithm.options:
        what = ", ".join(model.algorithm.options) or labels
        raise ModelError(f"rates: they are of plain gradient descent, and this has {what}; leave that out")


def _slope(gradient: Gradient, family: str) -> sp.Expr:
    return sp.Add(*[group.expr for group in gradient[family]])


def _small(recursion: Recursion, slope: sp.Expr, family: Directions) -> sp.Expr:
    """dO/dz of a family where all products are small, different directions are orthogonal, and second orders are 0."""
    names = Names(recursion.model)
    if isinstance(recursion.model.objective.penalty_kind, Full):
        own = norm * _frozen(names, _slope(recursion.plain, family.name))
        covectors = {each: role_of(each) for each in slope.atoms(sp.Indexed) if isinstance(role_of(each), Covector)}
        slope = slope.xreplace({
            each: own if isinstance(role, Covector) and role.family == family.name else sp.S.Zero
            for each, role in covectors.items()
        })
    return _frozen(names, slope)


def _frozen(names: Names, expr: sp.Expr) -> sp.Expr:
    """Gram entries, the loss's slopes and second orders as they are in the early stage."""
    early_values = {each: _value(names, each) for each in expr.atoms(sp.Indexed)}
    entries = expr.xreplace({each: value for each, value in early_values.items() if value is not None})
    single = {each: role_of(each) for each in entries.free_symbols}
    return entries.xreplace({each: _length(role) for each, role in single.items() if isinstance(role, GramEntry)})


def _value(names: Names, entry: sp.Indexed) -> sp.Expr | None:
    """What an indexed symbol is in the early stage; None where it stays."""
    role, name, heads = role_of(entry), str(entry.base), sp.Integer(names.model.n_heads)
    if isinstance(role, GramEntry):
        return _length(role)
    if name in _SECOND:
        return sp.S.Zero
    if name == "l1":
        return of_class(SLOPES, names.model.objective.loss_kind, "the loss's slope at 0")
    if name in ("p", "e"):
        own = sp.KroneckerDelta(entry.indices[0], names.label(entry.indices[1])) if name == "e" else sp.S.Zero
        return 1 / heads - own
    return None


def _length(role: GramEntry) -> sp.Expr:
    return norm if role.own else sp.S.Zero


def _directed(names: Names, slope: sp.Expr, family: Directions, own: bool) -> sp.Expr:
    """The slope along a product A > 0, which its labels push outward (`own`) or back.

    An example's own product is of an active patch.  A sum over examples is that over those whose label is the product's
    sign, or class, and that over the others, each example like the next, a share of either with a flipped label.
    """
    if family.index_set.per_example:
        return _at(names, slope, family, own, True)
    total, share = sp.S.Zero, flipped if names.model.label_flips else sp.S.Zero
    for matching, count in ((True, same), (False, other)):
        body = slope.replace(
            lambda e: isinstance(e, sp.Sum) and e.limits[0][0] == i, lambda e, count=count: count * e.function
        )
        total += (1 - share) * _at(names, body, family, own, matching)
        total += share * _at(names, body, family, own, matching, kept=False) if share else sp.S.Zero
    return total


def _at(
    names: Names, body: sp.Expr, family: Directions, own: bool, matching: bool, kept: bool = True
) -> sp.Expr:
    """A summand for examples whose label is the product's sign, or class, or is not (`matching`).

    It is the clean one too where it is `kept`, else the other.
    """
    sign = sp.S.One if matching else sp.S.NegativeOne
    before = sign if kept else -sign
    label_of_head = matching if family.index_set.single else own

    def value(e: sp.Expr) -> sp.Expr:
        role = role_of(e)
        if isinstance(role, PatchPreactivation):
            patch = names.declared_patch(role)
            assert isinstance(patch, Patch)
            return A * patch.factor(sp.S.One, sign, before, {})
        if isinstance(e, sp.KroneckerDelta):
            return sp.Integer(int(matching if class_ in e.args else label_of_head))
        return (sp.S.One if own else sp.S.NegativeOne) if e.base == s else before if e.base == clean else sign

    def known(e: sp.Expr) -> bool:
        labels = isinstance(e, sp.Indexed) and e.base in (s, y, clean, label)
        patch = isinstance(e, sp.Indexed) and isinstance(role_of(e), PatchPreactivation)
        return labels or patch or isinstance(e, sp.KroneckerDelta)

    def deltas(e: sp.Expr) -> bool:
        return isinstance(e, sp.KroneckerDelta)

    settled = body.replace(deltas, value).replace(known, value)
    return settled.replace(lambda e: isinstance(e, tuple(_VALUES)), _piece)


def _piece(e: sp.Expr) -> sp.Expr:
    """A piece of an activation at A or at -A."""
    active = not e.args[0].could_extract_minus_sign()
    kind = next(kind for kind in _VALUES if isinstance(e, kind))
    return _VALUES[kind](active, *e.args[1:])


_VALUES: Final[Mapping[type[sp.Function], Callable[..., sp.Expr]]] = {
    Step: lambda active: sp.Integer(int(active)),
    Relu: lambda active: A * int(active),
    ReluClosed: lambda active: A * int(active),
    Box: lambda active, h: int(active) / h,
    Ramp: lambda active, h: A * int(active) / h,
    HuberizedRelu: lambda active, h: A**2 * int(active) / (2 * h),
    LeakySlope: lambda active, slope: sp.S.One if active else slope,
    LeakyRelu: lambda active, slope: A if active else -slope * A,
    LeakyReluClosed: lambda active, slope: A if active else -slope * A,
}
"""Pieces at the product A where it is positive, and at -A, below every kink."""


def _lowest(change: sp.Expr) -> tuple[int, sp.Expr]:
    """The lowest power of A, and what stands before it."""
    terms = sp.Poly(change, A).as_dict()
    power = min(monomial[0] for monomial in terms)
    return power, sp.factor(terms[(power,)])
