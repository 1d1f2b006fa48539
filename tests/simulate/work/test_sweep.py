"""Sweeps take short turns at the interpreter, and leave its setting as they found it."""

from __future__ import annotations

import sys
from contextlib import closing

import pytest

from simulate.work.sweep import TURN, sweep


def test_turns_are_short_inside_and_as_before_when_the_last_sweep_ends() -> None:
    before = sys.getswitchinterval()
    with closing(sweep(lambda at: sys.getswitchinterval(), range(3), 2, "test", "pieces", False)) as one:
        assert next(one)[1] == pytest.approx(TURN)
        assert [found for _, found in sweep(lambda at: at, range(2), 2, "test", "pieces", False)] == [0, 1]
        assert sys.getswitchinterval() == pytest.approx(TURN)  # another sweep is still under way
    assert sys.getswitchinterval() == before


def test_a_failure_leaves_the_setting_too_and_a_shorter_one_stays() -> None:
    before = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError):
        list(sweep(lambda at: 1 // at, range(2), 2, "test", "pieces", False))
    assert sys.getswitchinterval() == before
    try:
        sys.setswitchinterval(1.005e-4)
        for _ in range(3):
            ((_, inside),) = sweep(lambda at: sys.getswitchinterval(), [0], 1, "test", "pieces", False)
            assert inside == pytest.approx(1e-4) == sys.getswitchinterval()
    finally:
        sys.setswitchinterval(before)
