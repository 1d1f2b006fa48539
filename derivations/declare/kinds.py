"""What goes by a part's own class, where none may be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def of_class(table: Mapping[type[Any], T], part: object, what: str) -> T:
    """The entry of a part's own class.

    Raises TypeError, a defect of ours, which names the class that `what` forgets; it never falls to another's.
    """
    kind = type(part)
    if kind not in table:
        raise TypeError(f"{what}: {kind.__name__} is not among {', '.join(each.__name__ for each in table)}; add it")
    return table[kind]


def forgotten(part: object, what: str) -> TypeError:
    """The error of a chain of kinds that `what` goes through and that ends at a part of none of them."""
    return TypeError(f"{what}: {type(part).__name__} is a kind that is not known here; add it")
