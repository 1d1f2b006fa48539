"""What a proof drops, one toggle each: of a draw its products between directions, of the loss how its slope changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import Model, TaskLaw
from dynamics.arrays import Array

from ..start.drawn import Draw


@dataclass(frozen=True, kw_only=True)
class Toggle:
    """What is dropped from the recursion, in words.

    `cross`: products of different directions, but for those by which tasks share a feature; `alike`: what differs
    between the tasks' features; `frozen`: l' is l'(0); `flat`: l'' is 0.
    """

    name: str
    cross: bool = False
    alike: bool = False
    frozen: bool = False
    flat: bool = False

    def drawn(self, draw: Draw, model: Model) -> tuple[Array, Array]:
        """W(0)'s products (H, m, B) and the Gram matrix (B, B) of a draw without what is dropped of it."""
        z, gram = draw.z, draw.gram
        for rows in _shared(draw, model) if self.alike else ():
            assert draw.watched is not None
            nu = draw.watched.names[rows.law.shared]
            z, gram = z.copy(), gram.copy()
            z[..., rows.at] = draw.watched.z[..., nu]
            gram[rows.at, :] = draw.watched.across[:, nu].T
            gram[:, rows.at] = draw.watched.across[:, nu]
            gram[rows.at, rows.at] = draw.watched.gram[nu, nu]
        if self.cross:
            kept = np.eye(len(gram), dtype=bool)
            for rows in _shared(draw, model):
                kept[rows.at, rows.at] = True
            gram = np.where(kept, gram, 0.0)
        return z, gram


CROSS = Toggle(name="cross terms", cross=True)
ALIKE = Toggle(name="tasks' own parts", alike=True)
FROZEN = Toggle(name="l' frozen", frozen=True)
FLAT = Toggle(name="zeta (l'')", flat=True)


def toggles(model: Model) -> tuple[Toggle, ...]:
    """What can be dropped of a model's recursion, one by one and together."""
    tasks = any(isinstance(family.law, TaskLaw) for family in model.directions)
    curved = model.objective.penalised and model.network.head_axis.signed  # of a softmax l'' stands in no term alone
    single = (CROSS, *((ALIKE,) if tasks else ()), FROZEN, *((FLAT,) if curved else ()))
    return (*single, replace(CROSS, name="all", alike=tasks, frozen=True, flat=curved))


@dataclass(frozen=True)
class _Rows:
    """The features of the tasks: their law, and where they stand on the direction axis."""

    law: TaskLaw
    at: slice


def _shared(draw: Draw, model: Model) -> tuple[_Rows, ...]:
    """The families whose tasks share a feature."""
    return tuple(_Rows(family.law, rows_of(draw, model, family.name)) for family in model.directions
                 if isinstance(family.law, TaskLaw))


def rows_of(draw: Draw, model: Model, family: str) -> slice:
    """Where a family stands on the direction axis."""
    start = model.offsets(len(draw.y), draw.tasks)[family]
    return slice(start, start + model.sizes(len(draw.y), draw.tasks)[family])
