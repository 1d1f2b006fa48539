"""Angles between fixed directions, which are mutually orthogonal where none is declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import ModelError
from .choices import Declared, FamilyName, NumberName
from .data import laws_of
from .laws import FixedLaw


@dataclass(frozen=True, kw_only=True)
class Angle(Declared):
    """The cosine of the angle between vectors of two families of a FixedLaw: a number, or a parameter's name.

    Of families over classes it is between the two vectors of each class; of one family with itself between each two of
    its vectors; of one vector and a family between it and every vector of the family.
    """

    first: FamilyName
    second: FamilyName
    cosine: float | NumberName

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.cosine, str) and not -1 <= self.cosine <= 1:
            raise ModelError(f"Angle.cosine: {self.cosine:g}; expected a number from -1 to 1, or a parameter's name")

    def pairs(self, model: Any, sizes: dict[str, int]) -> Iterator[tuple[int, int]]:
        """The places within the first family and the second that it is between."""
        first, second = sizes[self.first], sizes[self.second]
        if self.first == self.second:
            yield from ((a, b) for a in range(first) for b in range(a))
        elif first == 1 or second == 1:
            yield from ((a, b) for a in range(first) for b in range(second))
        else:
            yield from ((a, a) for a in range(first))


def refusals(model: Any) -> Iterator[str]:
    """Why declared angles have no meaning, each in one sentence."""
    families = {family.name: family for family in model.directions}
    seen: list[frozenset[str]] = []
    for angle in model.angles:
        pair = [families[name] for name in (angle.first, angle.second)]
        what = f"angles: {angle.first!r} and {angle.second!r}"
        for family in pair:
            if not all(isinstance(law, FixedLaw) for law in laws_of(family)):
                yield f"{what}: {family.name!r} is no fixed family; declare a FixedLaw for it, or leave the angle out"
        overs = {family.over for family in pair if not family.index_set.single}
        if len(overs) > 1:
            yield f"{what} are over {' and '.join(sorted(overs))}; expected families over one set, or over one vector"
        if pair[0] is pair[1] and pair[0].index_set.single:
            yield f"{what}: one vector has no angle with itself; name another family"
        if frozenset((angle.first, angle.second)) in seen:
            yield f"{what}: their angle is given twice; give it once"
        seen.append(frozenset((angle.first, angle.second)))
