"""What one step changes, written out from a Recursion: filters, coefficients, pre-activations and gradient norms.

A vector is a formal symbol (v_mu, v_xi[i]), so an update of a filter is one expression, linear in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import sympy as sp

from ..declare import Directions
from .canonical import bound_apart
from .recursion import Collected, Gradient, Recursion
from .roles import Covector, FormalVector, indexed, role_of, scalar
from .sums import Definition, derivative, reduce_signs
from .symbols import Names, class_, eta, i, i_, n, r, r_, y


def vector(family: str, *place: sp.Expr) -> sp.Expr:
    """A direction as a formal vector."""
    return indexed(FormalVector(family))[place] if place else scalar(FormalVector(family))


Slopes = dict[str, sp.Expr]  # a derivative in z at head', r', place', by family


def filter_change(recursion: Recursion) -> sp.Expr:
    """w_{j,r}^{(t+1)} - w_{j,r}^{(t)}: -eta times the gradient, in the formal vectors."""
    return -eta * _in_vectors(recursion, _slopes(recursion.gradient))


def collected_change(
    recursion: Recursion, family: str, constants: Mapping[sp.Symbol, sp.Expr] = MappingProxyType({})
) -> tuple[Collected, ...]:
    """What one step adds to a family's coefficient, at j, r and the family's index.

    That is -eta times the declared signs and scale times dO/dz, with `constants` put in and common factors taken out.
    """
    names, coefficient = Names(recursion.model), recursion.model.family(family).coefficient
    place = names.free_place(recursion.model.family(family))
    scale = names.gram((family, place), (family, place)) if coefficient.scaled else sp.S.One
    sign = names.sign(names.head_) if coefficient.signed else sp.S.One
    own = y[i_] if coefficient.labelled else sp.S.One
    example = names.read_index(recursion.model.family(family))

    def read(expr: sp.Expr) -> sp.Expr:
        return names.unprimed(expr, example)

    def reduced(outer: sp.Expr, expr: sp.Expr) -> sp.Expr:
        return reduce_signs(outer * expr, names.signed)

    return tuple(
        Collected(
            -eta * read(scale * group.common.subs(constants)), group.limits,
            tuple(
                (read(sp.factor_terms(reduced(own, weight.subs(constants)))), read(reduced(sign, factor)))
                for weight, factor in group.terms
            ),
        )
        for group in recursion.gradient[family]
    )


def coefficient_change(recursion: Recursion, family: str) -> sp.Expr:
    """The same as one expression."""
    return sp.Add(*[group.expr for group in collected_change(recursion, family)])


def patch_change(recursion: Recursion, number: int) -> sp.Expr:
    """What one step adds to the pre-activation of patch `number` of example i: -eta times its scale times (dO/dz) G."""
    names, total = Names(recursion.model), sp.S.Zero
    slopes = _slopes(recursion.gradient)
    for term in recursion.model.patches[number].terms:
        total += -eta * names.along(
            term, i, lambda family, *place: _read(names, _covector(recursion, slopes, family, place)))
    return total


def example_norm(recursion: Recursion) -> sp.Expr:
    """||grad_W L_i||_F^2."""
    return next(right for title, _, right in recursion.steps if title == "squared gradient norm of one example")


def risk_norm(recursion: Recursion) -> sp.Expr:
    """||grad_W L_S||_F^2 = sum over neurons of (dL_S/dz) G (dL_S/dz)^T."""
    return _squared(recursion, _slopes(recursion.plain))


def filter_gradient(recursion: Recursion, expr: sp.Expr) -> sp.Expr:
    """The gradient of `expr` (in i and the recursion's definitions) in w_{j,r}, in the formal vectors."""
    return _in_vectors(recursion, _slopes_of(recursion, expr))


def gradient_norm(recursion: Recursion, expr: sp.Expr) -> sp.Expr:
    """The squared norm of the gradient of `expr` in all filters."""
    return _squared(recursion, _slopes_of(recursion, expr))


def expanded(recursion: Recursion, expr: sp.Expr, *definitions: str) -> sp.Expr:
    """`expr` with these definitions, and the full penalty's co-vector u, written out."""
    names = Names(recursion.model)

    def written(atom: sp.Indexed) -> sp.Expr:
        role = role_of(atom)
        if not isinstance(role, Covector):
            return expanded(recursion, _at(recursion.definitions[str(atom.base)], atom.indices), *definitions)
        head, neuron, *place = atom.indices
        inner = _covector(recursion, _slopes(recursion.plain), role.family, tuple(place))
        return bound_apart(inner, {names.head_: head, r_: neuron})

    def is_wanted(e: sp.Expr) -> bool:
        return isinstance(e, sp.Indexed) and (str(e.base) in definitions or isinstance(role_of(e), Covector))

    return expr.replace(is_wanted, written)


def _at(definition: Definition, indices: tuple[sp.Expr, ...]) -> sp.Expr:
    return bound_apart(definition.expr, dict(zip(definition.indices, indices, strict=True)))


def _slopes(gradient: Gradient) -> Slopes:
    return {family: sp.Add(*[group.expr for group in groups]) for family, groups in gradient.items()}


def _slopes_of(recursion: Recursion, expr: sp.Expr) -> Slopes:
    names = Names(recursion.model)
    targets = {f.name: names.z(f.name, names.head_, r_, *names.free_place(f)) for f in recursion.model.directions}
    return {family: derivative(expr, target, recursion.definitions) for family, target in targets.items()}


def _in_vectors(recursion: Recursion, slopes: Slopes) -> sp.Expr:
    """sum_b slope_b v_b, at the updated neuron."""
    names, total = Names(recursion.model), sp.S.Zero
    for family in recursion.model.directions:
        total += _over(family, slopes[family.name] * vector(family.name, *names.free_place(family)), recursion)
    return _read(names, total)


def _squared(recursion: Recursion, slopes: Slopes) -> sp.Expr:
    """sum over neurons of slopes G slopes^T."""
    names, total = Names(recursion.model), sp.S.Zero
    for family in recursion.model.directions:
        inner = _covector(recursion, slopes, family.name, names.free_place(family))
        total += _over(family, slopes[family.name] * inner, recursion)
    return names.over_neurons(bound_apart(total, {names.head_: names.head, r_: r}))


def _covector(recursion: Recursion, slopes: Slopes, family: str, place: tuple[sp.Expr, ...]) -> sp.Expr:
    """(slopes G) at one direction, at head_ and r_."""
    names, total = Names(recursion.model), sp.S.Zero
    for other in recursion.model.directions:
        bounds = names.free_place(other)
        own = {bound: sp.Dummy(str(bound), integer=True, positive=True) for bound in bounds}  # `place` may be i'
        slope = bound_apart(slopes[other.name], own)
        inner = names.gram((family, place), (other.name, tuple(own.values()))) * slope
        total += _over(other, inner, recursion, tuple(own.values()))
    return total


def _over(
    family: Directions, body: sp.Expr, recursion: Recursion, bounds: tuple[sp.Symbol, ...] | None = None
) -> sp.Expr:
    """The sum of `body` over a family's vectors."""
    if family.index_set.single:
        return body
    bound = (Names(recursion.model).free_place(family) if bounds is None else bounds)[0]
    upper = family.index_set.size(recursion.model.network.classes, 1, n)
    return sp.Sum(body, (bound, 1, upper))


def _read(names: Names, expr: sp.Expr) -> sp.Expr:
    """The updated neuron's indices without primes, no sum capturing them."""
    return names.unprimed(bound_apart(expr, {names.head_: names.head, r_: r, i_: i, class_: sp.Symbol("c'")}))
