"""The variables that a run of a model can return, by name; what an event watches is one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .observable import KnownFrom

COMMON = ("loss", "gradient_norm", "margins", "train_error", "zeta")
"""Variables of the training data that every run returns (zeta of a single loop alone)."""
FRESH = ("test_error", "test_error_se", "test_error_upper", "test_loss", "test_loss_se")
"""Variables of fresh examples, each with its standard error, and a bound of what the draws leave open of an error."""
FRESH_BY_CLASS = ("class_error", "class_error_se", "class_error_upper")
"""The same, class by class."""
_ERRORS_OF_TASKS = ("test_error", "test_error_unadapted", "test_error_adapted")
ESTIMATES_OF_TASKS = (
    "test_loss", "test_error", "test_loss_unadapted", "test_error_unadapted", "test_accuracy_unadapted",
    "test_loss_adapted", "test_error_adapted", "test_accuracy_adapted",
)
"""Estimates on fresh tasks, before and after adaptation."""
FRESH_TASKS = tuple(
    name + end for name in ESTIMATES_OF_TASKS
    for end in (("", "_se", "_upper") if name in _ERRORS_OF_TASKS else ("", "_se"))
)
"""Variables of fresh tasks."""


def of_run(model: Any) -> tuple[str, ...]:
    """Every variable of a run in order, but for the hitting times of events."""
    common = tuple(name for name in COMMON if name != "zeta" or not model.algorithm.over_tasks)
    coefficients = [name for what, name in added(model) if what == "coefficient"]
    own = [o for o in model.observables if o.known_from is not KnownFrom.FRESH]
    declared = [*(o.name for o in own), *(name for o in own for name in o.also)]
    return (*common, *of_fresh(model), *coefficients, *declared)


def of_fresh(model: Any) -> tuple[str, ...]:
    """The variables that come from fresh examples."""
    if model.test.of_tasks:
        return FRESH_TASKS
    by_class = () if model.network.head_axis.signed else FRESH_BY_CLASS
    own = [o for o in model.observables if o.known_from is KnownFrom.FRESH]
    return (*FRESH, *by_class, *(name for o in own for name in (o.name, *o.also)))


def bounded(model: Any) -> tuple[str, ...]:
    """The errors that have an upper bound."""
    return _ERRORS_OF_TASKS if model.test.of_tasks else ("test_error", "class_error")


def added(model: Any) -> Iterator[tuple[str, str]]:
    """What a model adds to a run's variables: (the kind of declaration, the variable's name)."""
    for family in model.directions:
        name = family.coefficient.name
        yield "coefficient", name
        if family.coefficient.split:
            yield from (("coefficient", f"{name}{part}") for part in ("_over", "_under"))
    for each in model.observables:
        yield from (("observable", name) for name in (each.name, *each.also))
    yield from (("event", event.name) for event in model.events)
