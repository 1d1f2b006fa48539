"""Rows that cells of a seed share are those of the seed's stream, and none of them is written to."""

from __future__ import annotations

import numpy as np
import pytest

from dynamics.chance.streams import stream
from simulate.start.standard import Shape, scaled, standard_rows
from simulate.work.kept import LARGEST, SMALL

SHAPES: list[Shape] = [(3, "uniform", ()), (2, "student", (5.0,)), (4, "rademacher", ())]


@pytest.mark.parametrize("d", [7, SMALL, LARGEST // 8], ids=["small", "large", "not kept"])
def test_rows_are_those_of_the_stream_and_stay_so(d: int) -> None:
    first = standard_rows(5, "data", SHAPES, d)
    if d == 7:  # one family after another, by one stream
        rng = stream(5, "data")
        whole = [rng.uniform(-np.sqrt(3.0), np.sqrt(3.0), (3, d)), rng.standard_t(5.0, (2, d)) * np.sqrt(3.0 / 5.0)]
        assert np.array_equal(first, np.vstack([*whole, 2.0 * rng.integers(0, 2, (4, d)) - 1.0]))
    was, by = first[:, :5].copy(), np.arange(1.0, 10.0)[:, None]
    assert np.array_equal(scaled(first, by)[:, :5], was * by)
    assert np.array_equal(standard_rows(5, "data", SHAPES, d)[:, :5], was)


def test_what_nobody_keeps_is_scaled_in_place() -> None:
    """A draw as large as the memory allows is held once."""
    rows = standard_rows(5, "init", [(1, "gaussian", ())], LARGEST + 1)
    assert scaled(rows, 2.0) is rows
    kept = standard_rows(5, "init", [(1, "gaussian", ())], 5)
    assert scaled(kept, 2.0) is not kept and not kept.flags.writeable
    assert standard_rows(5, "init", [(1, "gaussian", ())], 5) is kept


def test_no_rows_are_none() -> None:
    assert standard_rows(5, "data", [], 4).shape == (0, 4)
