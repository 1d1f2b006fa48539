"""What depends on an example through its label alone, so that a kernel on lanes computes it once for either label.

A fixed vector's patch is the vector times the label, so its pre-activation takes two values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from ...calculus.symbols import Names, i
from ...declare import Patch
from ..by_class import by_weight
from .places import Places

SIDES: Mapping[str, int] = {"plus": 1, "minus": -1}


@dataclass(frozen=True)
class ByLabel:
    """Splits sums of terms.  `fixed` are pre-activations along fixed vectors, which `label`, y or clean, decides."""

    fixed: frozenset[str]
    label: str

    @classmethod
    def of(cls, names: Names) -> ByLabel:
        """A model's patches along families of one vector; none where some follow y and others the clean labels."""
        single = {family.name for family in names.model.directions if family.index_set.single}
        patches = enumerate(names.model.patches)
        plain = [(p, patch) for p, patch in patches if isinstance(patch, Patch) and patch.plain]
        along = [(p, patch) for p, patch in plain if patch.direction in single]
        scales = {str(names.scale(patch, i).base) for _, patch in along if patch.by_label}
        if len(scales) > 1:
            return cls(frozenset(), "y")
        return cls(frozenset(names.patch(p).name for p, _ in along), next(iter(scales), "y"))

    def test(self, places: Places) -> str:
        """Which of eight numbers are of examples that have the label +1, as a kernel's text."""
        return f"{places.read(self.label, 'i')} > 0.0"

    def at(self, label: int) -> dict[sp.Expr, sp.Expr]:
        """An example's label becomes this one."""
        return {sp.IndexedBase(self.label)[i]: sp.Integer(label)}

    def split(self, body: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """The terms of a sum over neurons that an example's label fixes, and the others."""
        terms = sp.Add.make_args(sp.expand(body))
        return sp.Add(*[t for t in terms if self._is_fixed(t)]), sp.Add(*[t for t in terms if not self._is_fixed(t)])

    def weighted(self, contribution: sp.Expr) -> tuple[dict[sp.Indexed, sp.Expr], sp.Expr]:
        """The terms of a gradient that are an example array times what a label fixes, by that array; and the others."""
        return by_weight(contribution, lambda entry: entry.indices == (i,), self._is_fixed)

    def _is_fixed(self, term: sp.Expr) -> bool:
        """Whether a term is a function of pre-activations along fixed vectors, and of nothing else of an example."""
        used = {str(entry.base) for entry in term.atoms(sp.Indexed) if i in entry.free_symbols}
        return bool(used) and used <= self.fixed and not term.has(sp.KroneckerDelta)


