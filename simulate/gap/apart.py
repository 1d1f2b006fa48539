"""A gap: the idealised recursions beside the exact one, and its table.

The table has each dropped term's gap by family at some steps, where it opens, and which term opens it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynamics.arrays import Array, Steps

from ..work.columns import columns
from ..work.plain import plain

_SHOWN = 6  # recorded steps in the table


@dataclass(frozen=True, kw_only=True)
class Apart:
    """What dropping a term does: each family's gap at the recorded steps (T,), and where it passes the tolerance.

    `opens` is the first recorded step at which it does, by family; -1 where it does not.  `ends`: the first step at
    which the idealised run is not finite, -1 where it is to the end.
    """

    dropped: str
    gaps: Mapping[str, Array]
    opens: Mapping[str, int]
    ends: int

    @property
    def first(self) -> int:
        """The first recorded step at which any family's gap is open; -1 where none is."""
        return min((step for step in self.opens.values() if step >= 0), default=-1)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The idealised recursions beside the exact one; `apart` has each dropped term alone, the last all of them."""

    setting: str
    seed: int
    steps: int
    tolerance: float
    t: Steps
    apart: tuple[Apart, ...]
    notes: tuple[str, ...]

    def __getitem__(self, dropped: str) -> Apart:
        return {each.dropped: each for each in self.apart}[dropped]

    @property
    def opener(self) -> Apart | None:
        """The term that alone opens a gap first; None where none does."""
        opened = [each for each in self.apart[:-1] if each.first >= 0]
        return min(opened, key=lambda each: each.first, default=None)

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        fields: dict[str, Any] = plain(self)
        return {**fields, "opener": None if self.opener is None else self.opener.dropped}


def _lines(gap: Gap) -> list[str]:
    """What is compared, the table, and the verdict."""
    spaced = np.unique(np.rint(np.geomspace(1, len(gap.t), _SHOWN)).astype(int)) - 1
    places = [int(place) for place in spaced if gap.t[place] > 0]
    percent = f"{100 * gap.tolerance:g}%"
    head = ["dropped", "gap in", *(f"t = {gap.t[place]}" for place in places), f"passes {percent} at"]
    rows = [row for each in gap.apart for row in _rows(each, places)]
    return [
        f"{gap.setting}, seed {gap.seed}, {gap.steps} steps: the exact recursion beside idealised ones",
        "gap: the largest difference of a coefficient over the largest exact one of its family", "",
        *columns([head, *rows], right=range(2, 2 + len(places)), gap=2), "", *_verdict(gap, percent),
    ]


def _rows(each: Apart, places: list[int]) -> Iterator[list[str]]:
    for name, gaps in each.gaps.items():
        opened = f"t = {each.opens[name]}" if each.opens[name] >= 0 else "never"
        shown = ["not finite" if np.isnan(gaps[place]) else f"{gaps[place]:.2g}" for place in places]
        yield [each.dropped, name, *shown, opened]


def _verdict(gap: Gap, percent: str) -> list[str]:
    """Which dropped term opens the gap of all of them, and when each of the others does."""
    together, opener = gap.apart[-1], gap.opener
    if together.first < 0:
        said = f"With all of it dropped no gap passes {percent}."
        return [said if opener is None else f"{said}  {opener.dropped} alone does, at t = {opener.first}."]
    told = f"With all of it dropped the gap passes {percent} at t = {together.first}"
    if opener is None:
        return [f"{told}; no term alone opens one."]
    others = ", ".join(
        f"{each.dropped} at t = {each.first}" if each.first >= 0 else f"{each.dropped} never"
        for each in gap.apart[:-1] if each is not opener
    )
    return [f"{told}; {opener.dropped} opens it, alone at t = {opener.first} (alone {others})."]
