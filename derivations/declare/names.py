"""Names that mean something for every model, which nothing of one may have; and that no two things of one share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ModelError
from .data import laws_of
from .laws import TaskLaw
from .observed import Flips, LongTail

COMMON = ("loss", "gradient_norm", "margins", "train_error", "zeta")
"""Variables of the training data that every run returns (zeta of a single loop alone)."""
FRESH = ("test_error", "test_error_se", "test_loss", "test_loss_se")
"""Variables of fresh examples, each with its standard error."""
FRESH_BY_CLASS = ("class_error", "class_error_se")
"""The same, class by class."""
_OF_TASKS = (
    "test_loss", "test_error", "test_loss_unadapted", "test_error_unadapted", "test_accuracy_unadapted",
    "test_loss_adapted", "test_error_adapted", "test_accuracy_adapted",
)  # fmt: skip
FRESH_TASKS = tuple(name + end for name in _OF_TASKS for end in ("", "_se"))
"""Variables of fresh tasks, before and after adaptation."""
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


def variables_of(model: Any) -> Iterator[tuple[str, str]]:
    """What a model adds to a run's variables: (the kind of declaration, the variable's name)."""
    for family in model.directions:
        name = family.coefficient.name
        yield "coefficient", name
        if family.coefficient.split:
            yield from (("coefficient", f"{name}{part}") for part in ("_over", "_under"))
    for each in model.observables:
        yield "observable", each.name
        if isinstance(each, LongTail):
            yield from (("observable", f"{each.name}{part}") for part in ("_accuracy", "_empty"))
        if isinstance(each, Flips) and each.last:
            yield "observable", each.last
    yield from (("event", event.name) for event in model.events)


def _named(model: Any) -> Iterator[tuple[str, str, bool]]:
    """(the kind of declaration, a name, whether runs return a variable of that name)."""
    for family in model.directions:
        yield "family", family.name, False
        for law in laws_of(family):
            if isinstance(law, TaskLaw):
                yield from (("family", name, False) for name in (law.shared, law.dictionary))
    yield from ((what, name, True) for what, name in variables_of(model))
    yield from (("parameter", parameter.name, False) for parameter in model.parameters)
