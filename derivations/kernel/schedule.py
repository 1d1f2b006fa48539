"""The schedule of a recursion: stages of loops, each quantity computed once per index set it depends on.

A stage is one loop nest: a reduction over neurons into example arrays, a pass over examples, a gradient pass over
(head, filter, example), or a contraction with the Gram matrix.  A gradient's coefficients, which do not involve the
filter, are hoisted into example arrays w0, w1, ...: what depends on i alone is computed once per i.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import sympy as sp

from ..calculus.recursion import Gradient, Recursion, needed
from ..calculus.roles import Covector, MixingEntry, role_of
from ..calculus.sums import Definition, collect_by
from ..calculus.symbols import Names, class_, i, i_, r, r_
from ..notation.readings import OneLoop
from ..notation.text import Text


@dataclass(frozen=True)
class Spread:
    """What an example adds to the vectors that it is mixed of: entry * scale * expr.

    `entry` is M[i, k] and `scale` what example k's vector is taken times, at the vector's index i'; `expr` is of
    example i.
    """

    entry: sp.Indexed
    scale: sp.Expr
    expr: sp.Expr


KINDS = ("reduce", "heads", "softmax", "pass", "gradient", "contract")


@dataclass(frozen=True)
class Stage:
    """One loop nest.

    "reduce": sums over neurons; "heads": sums over heads; "softmax": p and p - 1{k = y_i}; "pass": example by example;
    "gradient": dL/dz for every direction; "contract": u = (dL/dz) G.  `contributions[family]` is what example i adds,
    `spread[family]` what it adds to those that it is mixed of.
    """

    kind: str
    definitions: tuple[Definition, ...] = ()
    contributions: dict[str, sp.Expr] = field(default_factory=dict)
    spread: dict[str, tuple[Spread, ...]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Of its definitions."""
        return [d.name for d in self.definitions]


def arrays(stages: tuple[Stage, ...]) -> tuple[Definition, ...]:
    """Every definition that the stages fill an array for, in order."""
    return tuple(d for stage in stages for d in stage.definitions)


def read_later(stages: tuple[Stage, ...]) -> set[str]:
    """The arrays that lanes keep: of sums over neurons, and what another loop reads than the one that fills it."""
    read: set[str] = set()
    for stage in stages:
        exprs, here = [*[d.expr for d in stage.definitions], *stage.contributions.values()], set(stage.names)
        bases = {str(base) for expr in exprs for base in expr.atoms(sp.IndexedBase)}
        read |= bases - here if stage.kind in ("pass", "softmax") else bases
        read |= here if stage.kind == "reduce" else set()
    return read


def schedule(
    recursion: Recursion, gradient: Gradient, prefix: str = "w", wanted: tuple[str, ...] = ()
) -> tuple[Stage, ...]:
    """Stages that compute `gradient` (and the definitions named in `wanted`), hoisted arrays named by `prefix`."""
    names = Names(recursion.model)
    hoisted, contributions, spread = _hoist(names, gradient, prefix)
    first: tuple[Stage, ...] = ()
    added = [*contributions.values(), *[each.expr for some in spread.values() for each in some]]
    exprs = [*added, *[d.expr for d in hoisted], *[recursion.definitions[w].symbol for w in wanted]]
    need = [d for d in needed(recursion, exprs) if not d.of_patch]
    if any(isinstance(role_of(base), Covector) for d in need for base in d.expr.atoms(sp.IndexedBase)):
        first = (*schedule(recursion, recursion.plain, prefix="v"), Stage("contract"))
    done = {d.name for d in arrays(first)}
    waiting = [d for d in (*need, *hoisted) if d.name not in done]
    levels = _levels(_split_sums(names, waiting, f"{prefix}z"))
    return (*first, *levels, Stage("gradient", contributions=contributions, spread=spread))


def _hoist(
    names: Names, gradient: Gradient, prefix: str
) -> tuple[list[Definition], dict[str, sp.Expr], dict[str, tuple[Spread, ...]]]:
    """Hoisted example arrays, and each family's contribution of example i, at unprimed indices, its own and spread."""
    sums: dict[sp.Expr, Definition] = {}
    factors: dict[sp.Expr, Definition] = {}
    contributions: dict[str, sp.Expr] = {}
    spread: dict[str, tuple[Spread, ...]] = {}

    def term(family: str, outer: sp.Expr, factor: sp.Expr) -> sp.Expr:
        outer, inner = _unprimed(names, outer), _unprimed(names, factor)
        said = f"of {_in_words(names, inner)} in the gradient along {family}"
        for total in outer.atoms(sp.Sum):
            part = _named(names, total, sums, f"{prefix}s", f"part of the weight {said}")
            outer = outer.xreplace({total: part})
        return _named(names, outer, factors, prefix, f"weight {said}") * inner

    for family, groups in gradient.items():
        own, mixed = list[sp.Expr](), dict[tuple[sp.Indexed, sp.Expr], sp.Expr]()
        pairs = [(group.common * coefficient, factor) for group in groups for coefficient, factor in group.terms]
        for outer, factor in pairs:
            if not _entries(outer):
                own.append(term(family, outer, factor))
                continue
            for entry, scale, rest in _spread(outer):
                mixed[entry, scale] = mixed.get((entry, scale), sp.S.Zero) + term(family, rest, factor)
        contributions[family] = sp.Add(*own)
        if mixed:
            spread[family] = tuple(Spread(entry, scale, expr) for (entry, scale), expr in mixed.items())
    return [*sums.values(), *factors.values()], contributions, spread


def _entries(expr: sp.Expr) -> list[sp.Indexed]:
    """The entries of mixing matrices in an expression."""
    return [each for each in expr.atoms(sp.Indexed) if isinstance(role_of(each), MixingEntry)]


def _spread(outer: sp.Expr) -> Iterator[tuple[sp.Indexed, sp.Expr, sp.Expr]]:
    """The terms of a gradient's coefficient as an entry, what is of the vector's own example i', and the rest."""
    for each in sp.Add.make_args(sp.expand(outer)):
        (entry,) = _entries(each)
        factors = [factor for factor in sp.Mul.make_args(each) if factor != entry]
        own = [factor for factor in factors if i_ in factor.free_symbols]
        yield entry, sp.Mul(*own), sp.Mul(*[factor for factor in factors if factor not in own])


def _unprimed(names: Names, expr: sp.Expr) -> sp.Expr:
    """At the example's own indices; a class's delta becomes the scatter's address."""
    plain = expr.xreplace({i_: i, r_: r, names.head_: names.head})
    return plain.replace(lambda e: isinstance(e, sp.KroneckerDelta) and class_ in e.args, lambda e: sp.S.One)


def _in_words(names: Names, factor: sp.Expr) -> str:
    """A factor of a gradient in the field's notation, as in j sigma'(<w_{j,r}, mu>)."""
    return Text(OneLoop(names.model)).show(factor)


def _named(names: Names, expr: sp.Expr, known: dict[sp.Expr, Definition], prefix: str, meaning: str) -> sp.Expr:
    """The array that holds an example-level expression; plain scalars stay where they are."""
    if not expr.has(sp.Indexed):
        return expr
    if expr not in known:
        indices = (names.head, i) if names.head in expr.free_symbols else (i,)
        known[expr] = Definition(f"{prefix}{len(known)}", indices, expr, meaning)
    return known[expr].symbol


def _split_sums(names: Names, definitions: list[Definition], prefix: str) -> list[Definition]:
    """Sums over neurons, example-level factors taken out: sum_r (c_i f_r + d_i g_r) = c_i sum_r f_r + d_i sum_r g_r."""
    out: list[Definition] = []
    parts: dict[sp.Expr, Definition] = {}
    for definition in definitions:
        total = next(iter(definition.expr.atoms(sp.Sum)), None)
        if total is None or _kind(definition) != "reduce":
            out.append(definition)
            continue
        groups = collect_by(sp.expand(total.function), {names.head, r})
        if not any(coefficient.has(sp.Indexed) for coefficient in groups.values()):
            out.append(definition)
            continue
        whole = sp.S.Zero
        for factor, coefficient in groups.items():
            part = total.func(factor, *total.limits)
            if part not in parts:
                name, meaning = f"{prefix}{len(parts)}", f"sum over neurons of {_in_words(names, factor)}"
                parts[part] = Definition(name, definition.indices, part, meaning)
                out.append(parts[part])
            whole += coefficient * parts[part].symbol
        out.append(replace(definition, expr=definition.expr.xreplace({total: whole})))
    return out


def _levels(definitions: list[Definition]) -> tuple[Stage, ...]:
    """At each turn the definitions whose inputs are there, one kind a stage; a pass takes what follows from it too."""
    waiting, stages = list(definitions), []
    while waiting:
        pending = {d.name for d in waiting}
        ready = [d for d in waiting if not _inputs(d) & pending]
        reach = (_kind(ready[0]), len(ready[0].indices))
        taken: list[Definition] = []
        for d in waiting:
            available = {t.name for t in taken} if reach[0] in ("pass", "softmax") else set()
            if (_kind(d), len(d.indices)) == reach and _inputs(d) & pending <= available:
                taken.append(d)
        stages.append(Stage(reach[0], tuple(taken)))
        waiting = [d for d in waiting if d not in taken]
    return tuple(stages)


def _inputs(definition: Definition) -> set[str]:
    return {str(base) for base in definition.expr.atoms(sp.IndexedBase)} - {definition.name}


def _kind(definition: Definition) -> str:
    if definition.name in ("p", "e"):
        return "softmax"
    bound = {limit[0] for total in definition.expr.atoms(sp.Sum) for limit in total.limits}
    return "reduce" if r in bound else "heads" if bound else "pass"
