"""Derivatives and contractions of indexed sums: named definitions are kept, sums are never unrolled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy as sp

from .activations import merge_steps
from .roles import OfPatch, Role, ScalarOfExample, indexed, role_of
from .symbols import clean, label, s, y

Rule = Callable[[tuple[sp.Expr, ...], Callable[[sp.Expr], sp.Expr]], sp.Expr]


@dataclass(frozen=True)
class Definition:
    """A named intermediate: NAME[indices] = expr.

    `rule`, where given, is its derivative: it takes the actual indices and a function that differentiates; it is
    how l, l', l'' and the softmax keep their names instead of being expanded.  `role`, where given, is the symbol's,
    and `name` the role's.
    """

    name: str
    indices: tuple[sp.Symbol, ...]
    expr: sp.Expr
    meaning: str
    rule: Rule | None = None
    role: Role | None = None

    @property
    def symbol(self) -> sp.Indexed:
        """The definition's own symbol at its formal indices."""
        return (sp.IndexedBase(self.name) if self.role is None else indexed(self.role))[self.indices]

    @property
    def of_patch(self) -> bool:
        """Whether it is a patch's pre-activation."""
        return isinstance(self.role, OfPatch)

    def at(self, *actual: sp.Expr) -> sp.Expr:
        """The defining expression at actual indices."""
        return self.expr.xreplace(dict(zip(self.indices, actual, strict=True)))


Definitions = dict[str, Definition]


def derivative(expr: sp.Expr, target: sp.Indexed, definitions: Definitions) -> sp.Expr:
    """d expr / d target, through every definition; Kronecker deltas contracted.

    A symbol that is neither the target's family nor defined counts as constant: that is how a co-vector is frozen.
    """

    def of(inner: sp.Expr) -> sp.Expr:
        return derivative(inner, target, definitions)

    marks = {atom: sp.Dummy() for atom in dict.fromkeys(_outermost(expr))}
    marked = expr.xreplace(marks)
    back = {mark: atom for atom, mark in marks.items()}
    total = sp.S.Zero
    for atom, mark in marks.items():
        partial = sp.diff(marked, mark)
        if partial != 0:
            total += partial.xreplace(back) * _of_atom(atom, target, definitions, of)
    return total


def _outermost(expr: sp.Expr) -> Iterator[sp.Expr]:
    if isinstance(expr, sp.KroneckerDelta):
        return
    if isinstance(expr, sp.Sum | sp.Indexed):
        yield expr
    else:
        for arg in expr.args:
            yield from _outermost(arg)


def _of_atom(atom: sp.Expr, target: sp.Indexed, definitions: Definitions, of: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    if isinstance(atom, sp.Sum):
        return contract(of(atom.function), atom.limits)
    if atom.base == target.base:
        return sp.Mul(*[sp.KroneckerDelta(a, b) for a, b in zip(atom.indices, target.indices, strict=True)])
    known = definitions.get(str(atom.base))
    if known is None:
        return sp.S.Zero
    return known.rule(atom.indices, of) if known.rule else of(known.at(*atom.indices))


def contract(body: sp.Expr, limits: tuple[sp.Tuple, ...]) -> sp.Expr:
    """sum over `limits` of body, term by term: a delta removes its sum, and constant factors leave it.

    Every delta's other index is taken to lie in the summed set (targets range over the whole set).
    """
    total = sp.S.Zero
    for term in sp.Add.make_args(sp.expand_mul(body)):
        total += _contract_term(term, limits)
    return total


def _contract_term(term: sp.Expr, limits: tuple[sp.Tuple, ...]) -> sp.Expr:
    left = []
    for limit in limits:
        bound = limit[0]
        delta = next((d for d in term.atoms(sp.KroneckerDelta) if bound in d.args), None)
        if delta is None:
            left.append(limit)
        else:
            other = delta.args[1] if delta.args[0] == bound else delta.args[0]
            term = term.xreplace({delta: sp.S.One}).xreplace({bound: other})
    if not left or term == 0:
        return term
    bounds = {limit[0] for limit in left}
    outer, inner = split_factors(term, bounds)
    return outer * sp.Sum(inner, *left)


def split_factors(term: sp.Expr, bounds: set[sp.Symbol]) -> tuple[sp.Expr, sp.Expr]:
    """A product as (factors free of `bounds`, the rest)."""
    outer: list[sp.Expr] = []
    inner: list[sp.Expr] = []
    for factor in sp.Mul.make_args(term):
        (inner if factor.free_symbols & bounds else outer).append(factor)
    return sp.Mul(*outer), sp.Mul(*inner)


def reduce_signs(expr: sp.Expr, signed: bool) -> sp.Expr:
    """Expanded, with s[j]^2 = 1, for signed heads every label's square 1, and powers of scalars that are shorter so.

    Steps are merged with their ReLU.
    """
    bases = (s, y, clean, label) if signed else (s,)

    def reduced(power: sp.Pow) -> sp.Expr:
        role = role_of(power.base)
        return power.base ** (role.reduced(int(power.exp)) if isinstance(role, ScalarOfExample) else power.exp % 2)

    out = sp.expand(expr).replace(
        lambda e: (
            isinstance(e, sp.Pow) and isinstance(e.base, sp.Indexed) and e.exp.is_Integer
            and (e.base.base in bases or isinstance(role_of(e.base), ScalarOfExample))
        ),
        reduced,
    )
    return merge_steps(sp.expand(out))


def pull_out(body: sp.Expr, bounds: set[sp.Symbol]) -> tuple[sp.Expr, sp.Expr]:
    """An expanded sum as (greatest common factor free of `bounds`, the rest)."""
    terms = sp.Add.make_args(body)
    powers = [dict(split_factors(term, bounds)[0].as_powers_dict()) for term in terms]
    common = sp.S.One
    for base in powers[0]:
        if all(base in p for p in powers):
            common *= base ** min((p[base] for p in powers), key=lambda e: e if e.is_number else sp.S.Zero)
    numbers = [sp.Abs(term.as_coeff_Mul()[0]) for term in terms]
    stripped = common.as_coeff_Mul()[1]
    scale = sp.gcd_list(numbers) if all(x.is_Rational for x in numbers) else sp.S.One
    common = scale * stripped
    return common, sp.expand(body / common)


def collect_by(expr: sp.Expr, inner: set[sp.Symbol]) -> dict[sp.Expr, sp.Expr]:
    """An expanded sum grouped by its factors that involve `inner`: {inner factor: coefficient, factored}."""
    groups: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(expr):
        coefficient, factor = split_factors(term, inner)
        groups[factor] = groups.get(factor, sp.S.Zero) + coefficient
    return {factor: sp.factor_terms(coefficient) for factor, coefficient in groups.items()}
