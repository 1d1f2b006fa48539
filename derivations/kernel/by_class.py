"""What depends on an example through its class alone, so that a kernel computes it once a class.

A family over classes gives all examples of a class one vector; so a patch of scale 1 along such a family has the same
pre-activation for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from ..calculus.symbols import Names, i, r, y
from ..declare import Patch
from .schedule import Stage

CLASS = sp.Symbol("q", integer=True, positive=True)  # not c: that is a penalty's constant
AT_CLASS = {y[i]: CLASS}  # an example's class becomes any class


_ENDING = "_by_class"


def sums_of(name: str) -> str:
    """The array (K,) of an example array's sums over each class, or of a sum over neurons at each class."""
    return f"{name}{_ENDING}"


def told_of_class(name: str) -> str:
    """What such an array holds, in words."""
    return f"{name.removesuffix(_ENDING)} of each class"


@dataclass(frozen=True)
class ByClass:
    """Splits sums of terms.  `families` are those over classes, `fixed` the pre-activations a_... along them."""

    families: frozenset[str]
    fixed: frozenset[str]

    @classmethod
    def of(cls, names: Names) -> ByClass:
        """A model's families over classes."""
        families = frozenset(family.name for family in names.model.directions if family.index_set.per_class)
        patches = enumerate(names.model.patches)
        along = [p for p, each in patches if isinstance(each, Patch) and each.plain and each.direction in families]
        return cls(families, frozenset(names.patch(p).name for p in along))

    def reduced(self, body: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """The terms of a sum over neurons that an example's class fixes, and the others."""
        terms = sp.Add.make_args(body)
        return sp.Add(*[t for t in terms if self._is_fixed(t)]), sp.Add(*[t for t in terms if not self._is_fixed(t)])

    def weighted(self, contribution: sp.Expr) -> tuple[dict[sp.Indexed, sp.Expr], sp.Expr]:
        """The terms of a gradient that are an example array times what a class fixes, by that array; and the others."""
        return by_weight(contribution, lambda entry: r not in entry.free_symbols, self._is_fixed)

    def weights(self, stage: Stage) -> list[sp.Indexed]:
        """The example arrays whose sums over each class a gradient stage takes, in order."""
        along = [expr for name, expr in stage.contributions.items() if name in self.families]
        return list(dict.fromkeys(weight for expr in along for weight in self.weighted(expr)[0]))

    def arrays(self, stages: tuple[Stage, ...]) -> list[str]:
        """The arrays (K,) that stages fill, in order."""
        names: list[str] = []
        for stage in stages:
            if stage.kind == "reduce":
                names += [d.name for d in stage.definitions if self.reduced(summand(d.expr))[0] != 0]
            names += [str(weight.base) for weight in self.weights(stage)]
        return [sums_of(name) for name in names]

    def _is_fixed(self, term: sp.Expr) -> bool:
        """Whether a term is a function of pre-activations along families over classes, and of nothing else indexed."""
        used = {str(entry.base) for entry in term.atoms(sp.Indexed)}
        return bool(used) and used <= self.fixed and not term.has(sp.KroneckerDelta)


def by_weight(
    contribution: sp.Expr, weighs: Callable[[sp.Indexed], bool], fixed: Callable[[sp.Expr], bool]
) -> tuple[dict[sp.Indexed, sp.Expr], sp.Expr]:
    """The terms that are one entry which `weighs` times a factor that is `fixed`, by that entry; and the others."""
    factors: dict[sp.Indexed, sp.Expr] = {}
    others = sp.S.Zero
    for term in sp.Add.make_args(contribution):
        weights = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.Indexed) and weighs(f)]
        factor = sp.Mul(*[f for f in sp.Mul.make_args(term) if f not in weights])
        if len(weights) == 1 and fixed(factor):
            factors[weights[0]] = factors.get(weights[0], sp.S.Zero) + factor
        else:
            others += term
    return factors, others


def summand(expr: sp.Expr) -> sp.Expr:
    """What a constant times a sum sums."""
    return next(iter(expr.atoms(sp.Sum))).function


def factor(expr: sp.Expr) -> sp.Expr:
    """What the sum in it is multiplied by."""
    return expr / next(iter(expr.atoms(sp.Sum)))
