"""A canonical form of indexed sums: two expressions are equal where the form of their difference is 0.

Products of sums become sums over several indices, Kronecker deltas remove their sums or make their two sides one,
y^2 = 1, s^2 = 1, 1{x>0} ReLU(x) = ReLU(x), G_{ik} = G_{ki}, and bound indices are renamed to the least of all their
renamings.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sympy as sp

from ..errors import ModelError
from .activations import PIECES
from .roles import GramEntry, role_of
from .sums import reduce_signs, split_factors
from .symbols import class_head, i, i_, m, n, r, r_, s, signed_head, y
from .task_symbols import TRAIN, VALIDATION, K

# Bound names by what a sum runs over (filters, examples, tasks, else heads and classes); inside a function's argument,
# others.
_EXAMPLES = (n, TRAIN[0], sp.Tuple(*VALIDATION[1]))
_NAMES = (
    {
        m: (r, r_, sp.Symbol("r''", **r.assumptions0)),
        **dict.fromkeys(_EXAMPLES, (i, i_, *sp.symbols("i'' i''' i''''", integer=True, positive=True))),
        K: sp.symbols("k k' k''", integer=True, positive=True),
    },
    {
        m: sp.symbols("q q' q''", integer=True, positive=True),
        **dict.fromkeys(_EXAMPLES, sp.symbols("k k' k''", integer=True, positive=True)),
        K: sp.symbols("p p' p''", integer=True, positive=True),
    },
)
_HEADS = (
    (*signed_head(), sp.Symbol("j''", integer=True, positive=True)),
    sp.symbols("h h' h''", integer=True, positive=True),
)
_CLASSES = (
    (*class_head(), *sp.symbols("k'' k'''", integer=True, positive=True)),
    sp.symbols("h h' h''", integer=True, positive=True),
)

Limits = tuple[tuple[sp.Symbol, sp.Basic], ...]  # bound index, what it runs to from 1, else the first and the last


@dataclass(frozen=True)
class Term:
    """A product, summed over `limits`."""

    factor: sp.Expr
    limits: Limits = ()

    def __mul__(self, other: Term) -> Term:
        return Term(self.factor * other.factor, self.limits + other.limits)


@dataclass
class Canonical:
    """An expression as {limits: summed polynomial}; equal expressions have equal groups."""

    groups: dict[Limits, sp.Expr] = field(default_factory=dict)

    def __sub__(self, other: Canonical) -> Canonical:
        """The canonical form of the difference of the two expressions."""
        groups = {}
        for limits in (self.groups | other.groups).keys():
            total = sp.expand(self.groups.get(limits, sp.S.Zero) - other.groups.get(limits, sp.S.Zero))
            if total != 0:
                groups[limits] = total
        return Canonical(groups)

    @property
    def expr(self) -> sp.Expr:
        """The expression again, one sum for each set of bound indices, common factors taken out."""
        return sp.Add(*self.lines)

    @property
    def lines(self) -> tuple[sp.Expr, ...]:
        """Its terms, fewest bound indices first."""
        order = sorted(self.groups, key=lambda limits: (len(limits), str(limits)))
        return tuple(_line(self.groups[limits], limits) for limits in order)


def canonical(expr: sp.Expr, signed: bool = True, depth: int = 0) -> Canonical:
    """The canonical form of an expression in the symbols of `derivations.calculus.symbols`.

    `signed`: labels are +-1 (y^2 = 1).  `depth` counts the functions around this argument; their sums are named apart.
    Raises ModelError where a product has more sums over one set than there are names.
    """
    free = expr.free_symbols
    form = Canonical()
    for term in _terms(_own_bounds(_indicators(expr))):
        settled = _contracted(term)
        for part in sp.Add.make_args(reduce_signs(settled.factor, signed)):
            least = _least(Term(part, settled.limits), free, signed, depth)
            total = sp.expand(form.groups.get(least.limits, sp.S.Zero) + least.factor)
            if total == 0:
                form.groups.pop(least.limits, None)
            else:
                form.groups[least.limits] = total
    return form


def bound_apart(expr: sp.Expr, names: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """`expr` with free symbols replaced by `names`, never captured by a sum."""
    return _own_bounds(expr).xreplace(dict(names))


def _indicators(expr: sp.Expr) -> sp.Expr:
    """1{j = y_i} = (1 + j y_i) / 2."""

    def is_sign(e: sp.Expr) -> bool:
        return isinstance(e, sp.KroneckerDelta) and {getattr(arg, "base", None) for arg in e.args} == {s, y}

    return expr.replace(is_sign, lambda e: (1 + sp.Mul(*e.args)) / 2)


def _own_bounds(expr: sp.Expr) -> sp.Expr:
    """Every sum with a bound index of its own."""
    if isinstance(expr, sp.Sum):
        fresh = {limit[0]: sp.Dummy(str(limit[0]), integer=True, positive=True) for limit in expr.limits}
        body = _own_bounds(expr.function.xreplace(fresh))
        return sp.Sum(body, *[(fresh[limit[0]], limit[1], limit[2]) for limit in expr.limits])
    if not expr.args or isinstance(expr, sp.Indexed):
        return expr
    return expr.func(*[_own_bounds(arg) for arg in expr.args])


def _terms(expr: sp.Expr) -> list[Term]:
    """Flat: a sum of products, each with its bound indices."""
    if isinstance(expr, sp.Add):
        return [term for arg in expr.args for term in _terms(arg)]
    if isinstance(expr, sp.Sum):
        limits = tuple((bound, last if first == 1 else sp.Tuple(first, last)) for bound, first, last in expr.limits)
        return [term * Term(sp.S.One, limits) for term in _terms(expr.function)]
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer and expr.exp.is_positive and expr.base.has(sp.Sum, sp.Add):
        return _product([_terms(_own_bounds(expr.base)) for _ in range(int(expr.exp))])
    if isinstance(expr, sp.Mul):
        return _product([_terms(arg) for arg in expr.args])
    return [Term(expr)]


def _product(factors: list[list[Term]]) -> list[Term]:
    out = [Term(sp.S.One)]
    for factor in factors:
        out = [left * right for left in out for right in factor]
    return out


def _contracted(term: Term) -> Term:
    """Deltas with a bound index removed with its sum, and sums over an index that does not occur counted.

    The delta's other index is taken to be in the sum's range.
    """
    factor, limits = term.factor, list(term.limits)
    for bound, upper in term.limits:
        delta = next(
            (d for d in sp.Mul.make_args(factor) if isinstance(d, sp.KroneckerDelta) and bound in d.args), None
        )
        if delta is not None:
            other = delta.args[1] if delta.args[0] == bound else delta.args[0]
            factor = (factor / delta).xreplace({bound: other})
        elif bound not in factor.free_symbols:
            first, last = _ends(upper)
            factor *= last - first + 1
        else:
            continue
        limits.remove((bound, upper))
    return Term(factor, tuple(limits))


def _least(term: Term, free: set[sp.Symbol], signed: bool, depth: int) -> Term:
    """The renaming of the bound indices whose text comes first; arguments of functions made canonical."""
    candidates = [_renamed(term, naming, signed, depth) for naming in _namings(term.limits, free, signed, depth)]
    return min(candidates, key=lambda renamed: (str(renamed.limits), sp.srepr(renamed.factor)))


def _renamed(term: Term, naming: Mapping[sp.Symbol, sp.Symbol], signed: bool, depth: int) -> Term:
    factor = _arguments(_symmetric(_joined(term.factor.xreplace(dict(naming)))), signed, depth)
    limits = sorted(((naming[bound], upper) for bound, upper in term.limits), key=lambda limit: str(limit[0]))
    return Term(reduce_signs(factor, signed), tuple(limits))


def _joined(product: sp.Expr) -> sp.Expr:
    """Every delta's second side replaced by its first, wherever else it stands; sides in order."""
    rest, deltas = product, sp.S.One
    while kroneckers := [factor for factor in sp.Mul.make_args(rest) if isinstance(factor, sp.KroneckerDelta)]:
        delta = min(kroneckers, key=lambda d: (len(str(d)), str(d)))  # of indices first, then of their labels
        first, second = sorted(delta.args, key=lambda side: (len(str(side)), str(side)))
        rest, deltas = (rest / delta).xreplace({second: first}), deltas.xreplace({second: first}) * delta
    return rest * deltas


def _symmetric(expr: sp.Expr) -> sp.Expr:
    """Each Gram entry of a family with itself, its two vectors in order."""

    def is_own(e: sp.Expr) -> bool:
        role = role_of(e) if isinstance(e, sp.Indexed) else None
        return isinstance(role, GramEntry) and role.own

    def ordered(e: sp.Indexed) -> sp.Expr:
        middle = len(e.indices) // 2
        sides = sorted((e.indices[:middle], e.indices[middle:]), key=lambda side: [str(index) for index in side])
        return e.base[(*sides[0], *sides[1])]

    return expr.replace(is_own, ordered)


def _arguments(expr: sp.Expr, signed: bool, depth: int) -> sp.Expr:
    """The same with every function's argument in canonical form."""
    if isinstance(expr, PIECES):
        return expr.func(*[canonical(arg, signed, depth + 1).expr for arg in expr.args])
    if not expr.args or isinstance(expr, sp.Indexed):
        return expr
    return expr.func(*[_arguments(arg, signed, depth) for arg in expr.args])


def _namings(limits: Limits, free: set[sp.Symbol], signed: bool, depth: int) -> Iterator[dict[sp.Symbol, sp.Symbol]]:
    """Every renaming of the bound indices, each set's sums among its first free names."""
    level = min(depth, 1)
    heads = _HEADS[level] if signed else _CLASSES[level]
    sets: dict[tuple[sp.Symbol, ...], list[tuple[sp.Symbol, sp.Basic]]] = {}
    for bound, upper in limits:
        sets.setdefault(tuple(_NAMES[level].get(upper, heads)), []).append((bound, upper))
    choices = []
    for known, members in sets.items():
        names, bounds = [name for name in known if name not in free], [bound for bound, _ in members]
        if len(names) < len(bounds):
            raise ModelError(
                f"canonical: {len(bounds)} sums up to {members[0][1]} in one product; expected at most {len(names)}"
            )
        choices.append(
            [dict(zip(bounds, order, strict=True)) for order in itertools.permutations(names[: len(bounds)])]
        )
    for chosen in itertools.product(*choices):
        yield {bound: name for naming in chosen for bound, name in naming.items()}


def _line(body: sp.Expr, limits: Limits) -> sp.Expr:
    outer, inner = split_factors(_with_indicators(sp.factor(body)), {bound for bound, _ in limits})
    return outer * (sp.Sum(inner, *[(bound, *_ends(upper)) for bound, upper in limits]) if limits else inner)


def _ends(upper: sp.Basic) -> tuple[sp.Expr, sp.Expr]:
    """The first and the last index of a sum."""
    return tuple(upper) if isinstance(upper, sp.Tuple) else (sp.S.One, upper)


def _with_indicators(expr: sp.Expr) -> sp.Expr:
    """Signs as the papers write them: (1 + j y_i) = 2 1{j = y_i}, (1 - j y_i) = 2 (1 - 1{j = y_i})."""

    def is_sum(e: sp.Expr) -> bool:
        return isinstance(e, sp.Add) and len(e.args) == 2 and {entry.base for entry in e.atoms(sp.Indexed)} == {s, y}

    def value(e: sp.Expr) -> sp.Expr:
        sign, label = next(iter(_of(e, s))), next(iter(_of(e, y)))
        same = sp.KroneckerDelta(sign, label)
        other = sp.Mul(2, 1 - same, evaluate=False)  # or the 2 would go inside
        known = {1 + sign * label: 2 * same, 1 - sign * label: other, sign * label - 1: -other}
        return known.get(e, e)

    return expr.replace(is_sum, value)


def _of(expr: sp.Expr, base: sp.IndexedBase) -> set[sp.Indexed]:
    return {entry for entry in expr.atoms(sp.Indexed) if entry.base == base}
