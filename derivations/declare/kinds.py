"""What goes by a part's own class, where none may be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ..errors import ModelError

T = TypeVar("T")


class UnknownKind(ModelError, TypeError):
    """A kind that a model's own file declares, where every kind has to be known."""


def of_class(table: Mapping[type[Any], T], part: object, what: str) -> T:
    """The entry of a part's own class.

    Raises TypeError, a defect of ours, which names the class that `what` forgets; it never falls to another's.  Of a
    kind that is not ours UnknownKind.
    """
    kind, known = type(part), ", ".join(each.__name__ for each in table)
    if kind not in table:
        if not _ours(kind):
            raise UnknownKind(f"{what}: {kind.__name__} is a kind of a model's own, and is not known there; expected "
                              f"one of {known}")
        raise TypeError(f"{what}: {kind.__name__} is not among {known}; add it")
    return table[kind]


def forgotten(part: object, what: str) -> TypeError:
    """The error of a chain of kinds that `what` goes through and that ends at a part of none of them."""
    kind = type(part)
    if not _ours(kind):
        return UnknownKind(f"{what}: {kind.__name__} is a kind of a model's own, and is not known there")
    return TypeError(f"{what}: {kind.__name__} is a kind that is not known here; add it")


def _ours(kind: type[Any]) -> bool:
    return kind.__module__.split(".")[0] in ("derivations", "builtins")
