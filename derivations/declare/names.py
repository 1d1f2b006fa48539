"""Names that mean something for every model, which nothing of one may have; and that no two things of one share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ModelError
from .data import laws_of
from .variables import COMMON, FRESH, FRESH_BY_CLASS, FRESH_TASKS, added

AXES = ("t", "seed", "i", "j", "k", "l", "r", "task", "tau", "class", "matrix", "item", "status", "diverged_at")
"""Dimensions and labels of a run's variables."""
WORDS = ("lam_t", "y", "yhat", "own", "same", "norm", "outputs", "l1", "l2", "inf")
"""Words of a statement's formulas (`derivations.declare.statements`)."""


def check_names(model: Any) -> None:
    """Raises ModelError, in one sentence, for a name of the model's that is taken."""
    standard = {*COMMON, *FRESH, *FRESH_BY_CLASS, *FRESH_TASKS}
    taken: dict[str, str] = {}
    for what, name, returned in _named(model):
        if name in standard:
            raise ModelError(f"{what}: {name!r} is a variable that every run has; give it another name")
        if returned and name in (*AXES, *WORDS):
            raise ModelError(f"{what}: {name!r} is an axis of runs or a word of formulas; give it another name")
        if name in taken:
            also = "twice" if taken[name] == what else f"as {what} and as {taken[name]}"
            raise ModelError(f"{what}: {name!r} is declared {also}; give each thing of a model its own name")
        taken[name] = what


def _named(model: Any) -> Iterator[tuple[str, str, bool]]:
    """(the kind of declaration, a name, whether runs return a variable of that name)."""
    for family in model.directions:
        yield "family", family.name, False
        for law in laws_of(family):
            yield from (("family", name, False) for name in (law.watched if law is not None else ()))
    yield from ((what, name, True) for what, name in added(model))
    yield from (("parameter", parameter.name, False) for parameter in model.parameters)
