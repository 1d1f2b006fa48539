"""The variables that a run of a model can return, by name; what an event watches is one of them."""

from __future__ import annotations

from typing import Any

from .algorithms import Bilevel
from .laws import FreshTasks
from .observed import Flips, LongTail

COMMON = ("loss", "gradient_norm", "margins", "train_error", "zeta")
FRESH = ("test_error", "test_error_se", "test_loss", "test_loss_se")
FRESH_TASKS = tuple(
    name + end
    for name in (
        "test_loss", "test_error", "test_loss_unadapted", "test_error_unadapted", "test_accuracy_unadapted",
        "test_loss_adapted", "test_error_adapted", "test_accuracy_adapted",
    )
    for end in ("", "_se")
)  # fmt: skip
"""Those of fresh tasks, each followed by its standard error."""


def of_run(model: Any) -> tuple[str, ...]:
    """Every variable of a run in order, but for the hitting times of events."""
    coefficients: list[str] = []
    for family in model.directions:
        coefficient = family.coefficient
        coefficients.append(coefficient.name)
        coefficients += [f"{coefficient.name}_over", f"{coefficient.name}_under"] if coefficient.split else []
    common = tuple(name for name in COMMON if name != "zeta" or not isinstance(model.algorithm, Bilevel))
    declared = [o.name for o in model.observables if not isinstance(o, LongTail)]
    declared += [o.last for o in model.observables if isinstance(o, Flips) and o.last]
    return (*common, *of_fresh(model), *coefficients, *declared)


def of_fresh(model: Any) -> tuple[str, ...]:
    """The variables that come from fresh examples."""
    if isinstance(model.test, FreshTasks):
        return FRESH_TASKS
    tails = [o.name for o in model.observables if isinstance(o, LongTail)]
    by_class = ("class_error", "class_error_se") if model.network.heads == "class" else ()
    return (*FRESH, *by_class, *(f"{name}{part}" for name in tails for part in ("", "_accuracy", "_empty")))
