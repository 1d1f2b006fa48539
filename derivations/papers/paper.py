"""A paper: everything beside a shipped model, each part loaded when it is asked for; and which paper a model is of.

A model belongs to a paper where the paper's own function, at the model's structural values, declares the same: what it
is called decides nothing, and other defaults of its parameters change nothing.  This module imports no SymPy.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import TYPE_CHECKING

from ..declare import Conditions, Model, Parameter, Preset, Statements, Value
from ..errors import ModelError

if TYPE_CHECKING:
    from ..ledger.catalogue import Numbered
    from ..ledger.claims import Claim
    from ..ledger.errata import Erratum


@dataclass(frozen=True)
class Paper:
    """One paper, by its folder's name, which is its setting's; the folder has `model.py` and whatever else there is.

    Reading `claims` loads SymPy; nothing else here does.
    """

    name: str

    @property
    def factory(self) -> Callable[..., Model]:
        """The declaration, as a function of the structural parameters."""
        declared: Callable[..., Model] = self._needed("model").model
        return declared

    @property
    def structural(self) -> Mapping[str, tuple[Value, ...]]:
        """The structural values whose kernels ship, by parameter."""
        choices: Mapping[str, tuple[Value, ...]] = self._needed("model").STRUCTURAL
        return choices

    @property
    def presets(self) -> tuple[Preset, ...]:
        """Published values, by name; the first one's steps are the default."""
        published: tuple[Preset, ...] = self._needed("model").PRESETS
        return published

    @property
    def conditions(self) -> Conditions | None:
        """What the theorems assume."""
        assumed: Conditions | None = getattr(self._part("conditions"), "CONDITIONS", None)
        return assumed

    @property
    def statements(self) -> Statements | None:
        """Lemmas, propositions and invariants."""
        stated: Statements | None = getattr(self._part("statements"), "STATEMENTS", None)
        return stated

    @property
    def errata(self) -> tuple[Erratum, ...]:
        """What is printed wrong."""
        return _errata(self)

    @property
    def catalogue(self) -> tuple[Numbered, ...]:
        """Its numbered statements, with what executes each."""
        numbered: tuple[Numbered, ...] = getattr(self._part("catalogue"), "CATALOGUE", ())
        return numbered

    @property
    def displays(self) -> tuple[Numbered, ...]:
        """The displays that its proofs rest on, with what executes each."""
        numbered: tuple[Numbered, ...] = getattr(self._part("catalogue"), "DISPLAYS", ())
        return numbered

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Printed displays, to be held against the derivation."""
        printed: tuple[Claim, ...] = getattr(self._part("claims"), "CLAIMS", ())
        return printed

    @property
    def figures(self) -> str:
        """The package that draws its figures and tables."""
        return f"figures.{self.name}"

    def declares(self, model: Model) -> bool:
        """Whether a model is this paper's: what its function makes at the model's structural values, bar defaults."""
        chosen = tuple((each.name, each.default) for each in model.parameters if each.structural)
        if {name for name, _ in chosen} != set(self.structural):
            return False
        try:
            made = _made(self, chosen)
        except (ModelError, KeyError, TypeError):  # values of another paper's parameter of that name
            return False
        return _same(made, model)

    def _needed(self, part: str) -> ModuleType:
        return importlib.import_module(f"{__package__}.{self.name}.{part}")

    def _part(self, part: str) -> ModuleType | None:
        """A part that a paper need not have."""
        return self._needed(part) if importlib.util.find_spec(f"{__package__}.{self.name}.{part}") else None


PAPERS: Mapping[str, Paper] = {
    name: Paper(name) for name in ("pegr", "heterogeneous", "nearly_orthogonal", "fomaml")
}
"""The shipped papers by name."""


def paper_of(model: Model) -> Paper | None:
    """The paper that a model belongs to by its declaration; None for a model of the user's own."""
    return next((paper for paper in PAPERS.values() if paper.declares(model)), None)


@functools.cache
def _errata(paper: Paper) -> tuple[Erratum, ...]:
    """A paper's errata with its name in them, made and checked once."""
    misprints: tuple[Erratum, ...] = getattr(paper._part("errata"), "ERRATA", ())
    return tuple(replace(each, paper=paper.name) for each in misprints)


@functools.lru_cache(maxsize=64, typed=True)
def _made(paper: Paper, chosen: tuple[tuple[str, Value], ...]) -> Model:
    return paper.factory(**dict(chosen))


def _same(one: Model, other: Model) -> bool:
    """Equal field by field, the defaults of parameters left out."""
    if type(one) is not type(other) or any(
        getattr(one, each.name) != getattr(other, each.name) for each in fields(one) if each.name != "parameters"
    ):
        return False
    return tuple(map(_without_default, one.parameters)) == tuple(map(_without_default, other.parameters))


@functools.lru_cache(maxsize=1024)  # asked at every arbitrary state
def _without_default(parameter: Parameter) -> Parameter:
    return replace(parameter, default=None)
