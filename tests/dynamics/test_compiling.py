"""Who wants to know hears of compiling: of each function once, with what it calls, and of no loading."""

from __future__ import annotations

import pytest
from numba import njit

from dynamics.kernel import compiling


def test_a_function_is_told_as_it_begins_and_as_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails where nobody listens to Numba, and where a function that another calls is told of as well."""
    told: list[str | None] = []
    monkeypatch.setattr(compiling, "heard", lambda name, before: told.append(name))
    compiling.watch()
    compiling.watch()

    square = njit(lambda x: x * x)
    calls = njit(lambda x: square(x) + 1)
    assert calls(3.0) == 10.0
    assert told == ["<lambda>", None]
    assert calls(4.0) == 17.0
    assert told == ["<lambda>", None]
