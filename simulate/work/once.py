"""What is worked out once of an object that does not change, such as a declaration."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import TypeVar

Object = TypeVar("Object")
Result = TypeVar("Result")


def once(function: Callable[[Object], Result]) -> Callable[[Object], Result]:
    """The function, which keeps what it made of an object for as long as that lives.

    By the object, never by equality: equal declarations may be written apart, as 1 and 1.0 are.
    """
    known: dict[int, tuple[weakref.ref[Object], Result]] = {}

    @functools.wraps(function)
    def kept(of: Object) -> Result:
        place = id(of)
        found = known.get(place)
        if found is None or found[0]() is not of:
            gone = weakref.ref(of, lambda _: known.pop(place, None))
            found = known[place] = gone, function(of)
        return found[1]

    return kept
