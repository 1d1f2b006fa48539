"""The data of a model as plain frozen data: families of directions, how a coefficient is read off b, and patches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from ..errors import ModelError
from .choices import Declared, Name
from .laws import ChosenLaw, Law
from .over import INDEX_SETS, IndexSet, Over
from .parameter import Value

Scale = Literal["one", "label", "clean"]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Coefficient(Declared):
    """How a paper reads its coefficient off b: times ||v||^2 where `scaled`, times the head's sign j where `signed`.

    Where `labelled` (one vector an example, labels +-1), times y_i as well.

    `split` adds the two sign classes: NAME_over where the head is the example's own class, NAME_under elsewhere.
    """

    name: Name
    latex: str
    scaled: bool = True
    signed: bool = False
    labelled: bool = False
    split: bool = False


@dataclass(frozen=True, kw_only=True)
class Directions(Declared):
    """A family of directions: one vector, one a class, one a task, or one an example (of every task)."""

    name: Name
    over: Over
    latex: str
    coefficient: Coefficient
    law: Law | ChosenLaw | None = None

    @property
    def index_set(self) -> IndexSet:
        """What the family has one vector for."""
        return INDEX_SETS[self.over]


def laws_of(family: Directions) -> tuple[Law | None, ...]:
    """Every law that the family may have."""
    return tuple(law for _, law in family.law.laws) if isinstance(family.law, ChosenLaw) else (family.law,)


def chosen_law(family: Directions, values: Mapping[str, Value]) -> Law | None:
    """The family's law at these values.  Raises ModelError, in one sentence, where a choice has no law of that name."""
    if not isinstance(family.law, ChosenLaw):
        return family.law
    laws, asked = dict(family.law.laws), values.get(family.law.by)
    if asked not in laws:
        raise ModelError(f"{family.law.by}: {asked!r}; expected one of {', '.join(laws)}, the laws of {family.name!r}")
    return laws[str(asked)]
