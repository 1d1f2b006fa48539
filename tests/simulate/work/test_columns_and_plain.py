"""Columns stand under one another whatever the cells hold, and plain data are strict JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from simulate.work.columns import columns
from simulate.work.plain import plain


@pytest.mark.parametrize("long", ["x", "a cell of thirty characters...", "x" * 500, "[bold]no markup[/bold]", "ẑ·中文"])
def test_a_row_is_a_line_and_numbers_end_together(long: str) -> None:
    lines = columns([("t", "0", "10"), (long, "1.234", "-"), ("short",)], right=(1, 2), least=6)
    assert len(lines) == 3 and long in lines[1]
    assert lines[2] == "short"
    if long.isascii():
        assert len(lines[0]) == len(lines[1])
        assert lines[0].index(" 0") + 2 == lines[1].index("1.234") + 5


def test_no_rows_are_no_lines() -> None:
    assert columns([]) == []


@dataclass(frozen=True)
class _Inside:
    x: float
    more: tuple[object, ...]


def test_plain_data_are_strict_json() -> None:
    of = {"a": _Inside(np.inf, (np.float64(2.0), np.arange(2), float("nan"))), 3: Path("f"), "c": [True, None]}
    found = plain(of)
    assert found == {"a": {"x": None, "more": [2.0, [0, 1], None]}, "3": "f", "c": [True, None]}
    assert json.loads(json.dumps(found, allow_nan=False)) == found
