"""The variables that a run of a model can return, by name; what an event watches is one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .observable import KnownFrom, of_examples, of_filters

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
_IN_STATEMENTS = {"class": "l"}


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
    own = [o for o in model.observables if o.known_from is KnownFrom.FRESH]
    return (*judged(model), *(name for o in own for name in (o.name, *o.also)))


def judged(model: Any) -> tuple[str, ...]:
    """Errors and losses on fresh examples of a model without tasks; of class heads each class's error too."""
    return (*FRESH, *(() if model.network.head_axis.signed else FRESH_BY_CLASS))


def dimensions(model: Any) -> dict[str, tuple[str, ...]]:
    """The names of the dimensions of every variable of a run in order, and of the hitting times of events, last.

    "t" is first where there is a value a state; what is of the data alone has it too in a run on examples that are
    drawn again for every step, and all of them have "seed" before it in several runs at once.
    """
    heads = () if model.network.head_axis.signed else (model.network.head_axis.dim,)
    known: dict[str, tuple[str, ...]] = dict.fromkeys((*COMMON, *FRESH, *FRESH_TASKS), ("t",))
    known |= dict.fromkeys(FRESH_BY_CLASS, ("t", "class"))
    known |= {"margins": ("t", *of_examples(model)), "zeta": ("t", *heads, *of_examples(model))}
    for family in model.directions:
        own = ("t", *of_filters(model), *family.index_set.dims(model.algorithm.over_tasks))
        known |= dict.fromkeys(coefficients(family), own)
    for each in model.observables:
        known |= each.dims(model)
    return {name: known[name] for name in of_run(model)} | {event.name: () for event in model.events}


def in_statements(dims: tuple[str, ...]) -> tuple[str, ...]:
    """The same dimensions as statements name them: `class` is no name in a formula."""
    return tuple(_IN_STATEMENTS.get(dim, dim) for dim in dims)


def coefficients(family: Any) -> tuple[str, ...]:
    """A family's coefficient, and where it is split its two halves."""
    name = family.coefficient.name
    return (name, *(f"{name}{part}" for part in ("_over", "_under") if family.coefficient.split))


def bounded(model: Any) -> tuple[str, ...]:
    """The errors that have an upper bound."""
    return _ERRORS_OF_TASKS if model.test.of_tasks else ("test_error", "class_error")


def added(model: Any) -> Iterator[tuple[str, str]]:
    """What a model adds to a run's variables: (the kind of declaration, the variable's name)."""
    for family in model.directions:
        yield from (("coefficient", name) for name in coefficients(family))
    for each in model.observables:
        yield from (("observable", name) for name in (each.name, *each.also))
    yield from (("event", event.name) for event in model.events)
