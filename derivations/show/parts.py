"""What the displays of one loop and of two have in common: constants, definitions, coefficients and their terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sympy as sp

from ..calculus.changes import vector
from ..calculus.recursion import Collected, Recursion, needed
from ..calculus.roles import SumPreactivation
from ..calculus.symbols import Names, c, i, kappa, m, n, r, y
from ..declare import Directions, Model, Row, Term, row_of, rows_of
from ..notation.lines import Change, Entry, Factors, Line, Said, Share, Total, Within
from ..notation.readings import OneLoop
from ..notation.signs import FILTER, NEVER, Sign

BATCH_SIZE = sp.Symbol("|B_t|", positive=True)
THEN = Sign("(t)", "t")


def batch_mean(model: Model) -> dict[sp.Symbol, sp.Expr]:
    """n, as it reads where a step averages over its batch."""
    return {n: BATCH_SIZE} if "batch" in model.algorithm.options else {}


def published(model: Model) -> dict[sp.Symbol, sp.Expr]:
    """kappa and c at the declared defaults, 1/m for a mean over filters and 1/2 where declared; n of a batch."""
    defaults = {parameter.name: parameter.default for parameter in model.parameters}
    shown: dict[sp.Symbol, sp.Expr] = batch_mean(model)
    if "neurons" in defaults:
        shown[kappa] = 1 / m if defaults["neurons"] == "mean" else sp.S.One
    if "penalty_half" in defaults:
        shown[c] = sp.Rational(1, 2) if defaults["penalty_half"] else sp.S.One
    return shown


def activation_said(model: Model) -> str:
    """The activation by name; a leaky one with its slope and sigma'(0), which no formula shows."""
    return model.network.activation.name + model.network.activation.kind.unseen


def patch_lines(model: Model, reading: OneLoop) -> tuple[Line | Said, ...]:
    """What the patches that are sums are made of, and what the scalars of examples are."""
    names, lines = Names(model), list[Line | Said]()
    for number, patch in enumerate(model.patches):
        role = names.patch(number)
        if isinstance(role, SumPreactivation) and (sign := reading.biased(role)) is not None:
            seen = tuple(names.along(term, i, lambda family, *place: names.z(family, names.head, r, *place))
                         for term in patch.terms)
            lines.append(Line(Entry(sign, (names.head, r, i), reading.filter_time), seen))
        elif isinstance(role, SumPreactivation):
            lines.append(Line(Entry(reading.summed(role), (i,)), tuple(_term(names, term) for term in patch.terms)))
    for row in rows_of(model):
        entry = (f"{row.name}_{{i,{names.mixed}}}", rf"{reading.scalar(row.name).latex}_{{i,{names.mixed}}}")
        lines.append(Said(f"{entry[0]}: {row.words()}", (f"{entry[1]} ", rf":\ \text{{{row.words()}}}")))
    for scalar in (each for each in model.scalars if each.varies and not isinstance(each, Row)):
        words = scalar.words().replace("_", r"\_")
        shown = (f"{reading.scalar(scalar.name).latex}_{{i}} ", rf":\ \text{{{words}}}")
        lines.append(Said(f"{scalar.name}_i: {scalar.words()}", shown))
    return tuple(lines)


def _term(names: Names, term: Term) -> Factors:
    """A term of a patch: its scale and its vector, or the sum that it is mixed of."""
    if row_of(term) is not None:
        return Factors((names.along(term, i, vector),))
    scale, (family, place) = names.scale(term, i), names.vector_of(term, i)
    along = vector(family, *place)
    return Factors((along,) if scale == 1 else (scale, along))


def definition_lines(recursion: Recursion) -> tuple[Line, ...]:
    """The definitions that the gradient rests on, the margin written y_i f_i."""
    names = Names(recursion.model)
    definitions = needed(recursion, [group.expr for groups in recursion.gradient.values() for group in groups])
    shown = [d for d in definitions if not d.of_patch and not (names.signed and d.name == "margin")]
    margin, f, constants = sp.IndexedBase("margin"), sp.IndexedBase("f"), published(recursion.model)
    unfold = {margin[x]: names.label(x) * f[x] for d in shown for x in d.indices}
    return tuple(Line(d.symbol, (d.expr.subs(constants).xreplace(unfold),)) for d in shown)


def filters(names: Names, time: Sign, sign: Sign = FILTER) -> Entry:
    """w_{j,r} at a time."""
    return Entry(sign, (names.head, r), time)


def coefficient(names: Names, family: Directions, place: Iterable[sp.Expr], time: Sign = NEVER) -> Entry:
    """A family's coefficient at head, filter and its own place."""
    return Entry(Sign(family.coefficient.name, family.coefficient.latex), (names.head, r, *place), time)


def share(names: Names, family: Directions, entry: Entry, over: Total | None) -> Share:
    """What a family adds to a filter: its coefficient with the declared signs and scale, times its vectors."""
    declared = family.coefficient
    signs = (*((names.head,) if declared.signed and names.signed else ()),
             *((y[names.read_index(family)],) if declared.labelled else ()))
    return Share(over, signs, entry, (family.name, names.read_place(family)), declared.scaled)


def change(
    reading: OneLoop, group: Collected, outer: tuple[Total, ...] = (), example: sp.Symbol = i
) -> Change:
    """A term of an update, with its sum over examples, or the indicator of the one `example` that it is about."""
    if group.limits:
        sums = (Total((reading.over(limit),)) for limit in group.limits)
        return Change(group.common, (*outer, *sums), group.terms)
    batch = reading.one_of
    return Change(group.common, Within(replace(batch, bound=example)) if batch else (), group.terms)
