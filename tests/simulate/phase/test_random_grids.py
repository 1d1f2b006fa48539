"""Random declarations in grids and at several seeds: each run among others has what it has by itself."""

from __future__ import annotations

import pytest

from tests.helpers.wild_grids import many


def test_runs_of_some_declarations_have_in_grids_what_they_have_alone() -> None:
    assert many(24)["alike"] >= 4


@pytest.mark.slow
def test_runs_of_four_hundred_declarations_have_in_grids_what_they_have_alone() -> None:
    assert many(400)["alike"] >= 100
