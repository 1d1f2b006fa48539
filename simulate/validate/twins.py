"""Weight space's accounts of declared observables, one a kind, found by the kind's class; who has none is told.

An account is written in `observables.py`, of states, or in `fresh_observables.py`, of fresh examples.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from derivations.declare import KnownFrom, Observable
from dynamics.arrays import Array

Account = Mapping[str, Array] | Array | None
"""The variable of an observable's name along the states, or several by name; None where W does not determine it."""
Twin = Callable[[Any, Any], Account]
"""Of a course of states, or of fresh examples at one (`fresh_observables.FreshCourse`), and an observable."""
Written = TypeVar("Written", bound=Twin)
TWINS: dict[type[Observable], Twin] = {}
ALONG = (KnownFrom.RUN, KnownFrom.FRESH)
"""What is compared by itself, and not among what is known of states."""


def twin(kind: type[Observable]) -> Callable[[Written], Written]:
    """Marks what a kind of observable is by its definition; a kind without is named among what is not compared."""

    def marked(made: Written) -> Written:
        TWINS[kind] = made
        return made

    return marked


def account(course: object, declared: Observable) -> Mapping[str, Array]:
    """Weight space's account of an observable's variables on a course; empty where it has none, or none here."""
    twin = TWINS.get(type(declared))
    found = None if twin is None else twin(course, declared)
    if found is None:
        return {}
    return found if isinstance(found, Mapping) else {declared.name: found}


def untold(declared: Observable, told: Collection[str]) -> str:
    """Why an observable is not among what is told, in words; "" where it is."""
    if declared.name in told:
        return ""
    kind = type(declared)
    return "W does not determine it here" if kind in TWINS else f"weight space has no account of {kind.__name__}"
