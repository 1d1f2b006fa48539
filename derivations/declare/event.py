"""Events as plain frozen data: first steps at which an observable crosses a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .choices import Declared, Formula, Name, VariableName


@dataclass(frozen=True, kw_only=True)
class Event(Declared):
    """The first step t at which every entry of `observable` stands in `relation` to `threshold` (a formula).

    So it is the smallest entry that decides for ">=", and the largest for "<=".  The observable is any variable that
    each state has; one of fresh examples is judged at every step until the event is reached.
    """

    name: Name
    latex: str
    observable: VariableName
    relation: Literal[">=", "<="]
    threshold: Formula
    source: str = ""
