"""Calibration: a few errors in formulas, how they are counted, and at length the hundred of the documentation."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.calibrate import Calibration, Seed, calibrate, in_formulas
from derivations.papers.paper import PAPERS


def test_errors_in_formulas_are_found_and_no_formula_is_an_alarm() -> None:
    found, correct, alarms = in_formulas([PAPERS["nearly_orthogonal"]], 3, np.random.default_rng(1))
    assert [each.found for each in found] == [True] * 3 and correct == 14 and alarms == []


def test_what_is_missed_is_said() -> None:
    told = str(Calibration((Seed("formulas", "pegr", "sign", "line 1", True),
                            Seed("statements", "pegr", "index", "I1, G[i,k] -> G[k,i]", False)),
                           9, ("pegr I2",), {"killed": 4, "slack": 2}))
    assert "| formulas | sign | 1 | 1 |" in told and "| all | | 2 | 1 |" in told
    assert "missed: pegr, statements: I1" in told and "Correct ones: 9; false alarms: 1." in told
    assert "Changes of the statements drawn: 4 killed, 2 slack." in told


@pytest.mark.slow
def test_95_errors_in_100_are_found_and_nothing_correct_is_an_alarm() -> None:
    """A hypothesis left out is an error where a run outside it refutes the claim (docs/power.md)."""
    found = calibrate(100, 0)
    assert found.found >= 95 and len(found.seeds) == 100, str(found)
    assert found.correct >= 100 and found.alarms == (), str(found)
