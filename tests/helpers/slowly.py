"""Cases of a test of which some run with every change (`make test`) and the others are slow (`make test-all`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def rarely(*case: Any) -> Any:
    """A case that is among the slow tests."""
    return pytest.param(*case, marks=pytest.mark.slow)


def where(often: Callable[[Any], bool], cases: Iterable[Any], whole: bool = False) -> list[Any]:
    """The cases; where `often(case)` is false they are among the slow tests.

    A tuple has a value for each of a test's arguments, unless it is the `whole` of one.
    """
    return [
        (pytest.param if often(case) else rarely)(*(case if isinstance(case, tuple) and not whole else (case,)))
        for case in cases
    ]


def one_in(every: int, cases: Iterable[Any]) -> list[Any]:
    """The cases; one of so many, the first included, runs with every change."""
    turns = iter(range(10**9))
    return where(lambda _: next(turns) % every == 0, cases)
