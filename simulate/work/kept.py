"""What is random and shared by the runs of a seed, kept by its size: many that are small, few that are large."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

SMALL, LARGEST = 2**18, 2**22  # numbers: of what many are kept, 2 MB, and of what any is, 32 MB
FEW = 2

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """A function of hashable arguments, whose values are kept: of those with up to `SMALL` numbers the last `many`."""

    def __init__(self, make: Callable[..., Made], many: int) -> None:
        self._make = make
        self._small, self._large = functools.lru_cache(many)(make), functools.lru_cache(FEW)(make)

    def __call__(self, numbers: float, *given: Hashable) -> Made:
        """The value, which holds so many numbers; made anew where they are more than `LARGEST`."""
        if numbers > LARGEST:
            return self._make(*given)
        return (self._small if numbers <= SMALL else self._large)(*given)


__all__ = ["LARGEST", "SMALL", "Kept"]
