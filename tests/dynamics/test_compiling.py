"""A first run says that it compiles: once a process, and only where that lasts."""

from __future__ import annotations

import pytest
from numba import njit

from dynamics.kernel import compiling


def test_compiling_that_lasts_is_told_once_and_loading_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fails where nobody listens to Numba, and where the line comes with every function."""
    compiling.watch()
    compiling.watch()
    square = njit(lambda x: x * x)
    assert square(3.0) == 9.0
    assert capsys.readouterr().err == ""  # short
    monkeypatch.setattr(compiling, "PATIENCE", 0.0)
    assert square(3) == 9 and njit(lambda x: x + 1)(1) == 2
    assert capsys.readouterr().err == compiling.NOTE + "\n"
    assert square(4.0) == 16.0
    assert capsys.readouterr().err == ""
