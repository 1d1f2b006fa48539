"""Arrays that are made where they are first read: what most runs never look at costs nothing then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from .arrays import Array


class Later:
    """A field of a dataclass, given as an array or as what makes it, which is then called once, at the first look."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    @overload
    def __get__(self, held_by: None, owner: type) -> Later: ...

    @overload
    def __get__(self, held_by: object, owner: type) -> Array: ...

    def __get__(self, held_by: Any, owner: type) -> Array | Later:
        if held_by is None:
            raise AttributeError(self._name)  # so that the field has no default
        found = held_by.__dict__[self._name]
        if callable(found):
            found = held_by.__dict__[self._name] = found()
        array: Array = found
        return array

    def __set__(self, held_by: Any, value: Array | Callable[[], Array]) -> None:
        held_by.__dict__[self._name] = value


__all__ = ["Later"]
