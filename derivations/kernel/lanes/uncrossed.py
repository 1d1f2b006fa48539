"""A schedule where an example's own directions are orthogonal to one another, without what is 0 then."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from ...calculus.roles import GramEntry, role_of
from ..schedule import Stage


def uncrossed(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The stages where an example's own directions are orthogonal to one another, without what is 0 then."""
    kept: list[Stage] = []
    known: dict[sp.Expr, sp.Expr] = {}
    for stage in stages:
        exprs = [*[d.expr for d in stage.definitions], *stage.contributions.values()]
        for entry in {entry for expr in exprs for entry in expr.atoms(sp.Indexed)}:
            role = role_of(entry)
            if isinstance(role, GramEntry) and role.first != role.second:
                known[entry] = sp.S.Zero
        definitions = [replace(d, expr=d.expr.xreplace(known)) for d in stage.definitions]
        known |= {d.symbol: sp.S.Zero for d in definitions if d.expr == 0}
        contributions = {name: expr.xreplace(known) for name, expr in stage.contributions.items()}
        some = tuple(d for d in definitions if d.expr != 0)
        kept.append(replace(stage, definitions=some, contributions=contributions))
    last = [expr for stage in kept for expr in stage.contributions.values()]
    used = {str(base) for expr in last for base in expr.atoms(sp.IndexedBase)}
    used |= {"f", "F"}  # a run looks whether outputs are finite
    for place, stage in reversed(list(enumerate(kept))):
        definitions = []
        for d in reversed(stage.definitions):
            if d.name in used:
                definitions.insert(0, d)
                used |= {str(base) for base in d.expr.atoms(sp.IndexedBase)}
        kept[place] = replace(stage, definitions=tuple(definitions))
    return tuple(stage for stage in kept if stage.definitions or stage.contributions or stage.kind == "contract")
