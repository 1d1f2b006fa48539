"""Normals that runs of a seed share are those of the seed's own stream, and so is what is drawn after them."""

from __future__ import annotations

import numpy as np
import pytest

from dynamics.chance.streams import stream
from dynamics.fresh.lanelaw import packed
from dynamics.fresh.normals import Normals, leading
from simulate.observe.fresh import _packed
from simulate.observe.kept_normals import FreshStream
from simulate.work.kept import LARGEST, SMALL


@pytest.mark.parametrize("rows", [5, SMALL, LARGEST])
def test_what_is_drawn_is_the_stream(rows: int) -> None:
    for _ in range(2):  # drawn, then kept
        own, known = FreshStream(3), stream(3, "test")
        assert np.array_equal(own.standard_normal((rows, 2)), known.standard_normal((rows, 2)))
        assert np.array_equal(own.uniform(-1.0, 1.0, (4,)), known.uniform(-1.0, 1.0, (4,)))
        assert np.array_equal(own.standard_normal((rows, 2)), known.standard_normal((rows, 2)))
        assert np.array_equal(own.integers(0, 2, (9,)), known.integers(0, 2, (9,)))


def test_what_is_kept_is_not_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        FreshStream(3).standard_normal((5, 2))[0] = 0.0


def test_nothing_drawn_leaves_the_stream_where_it_is_and_many_are_kept_too() -> None:
    own = FreshStream(3)
    assert own.standard_normal((7, 0)).shape == (7, 0)
    many = own.standard_normal((SMALL, 2))
    assert FreshStream(3).standard_normal((SMALL, 2)) is many


def test_heads_of_as_many_neurons_have_leads_of_their_own() -> None:
    """Three heads of two filters, then two heads of three, of one seed: what is packed for lanes is each one's."""
    rest = FreshStream(11).standard_normal((64, 1, 6))
    for heads in (3, 2, 3):
        normals = Normals(rest, leading(11, 64, 1, heads))
        for part in ("rest", "lead", "strata"):
            kept, own = (getattr(each, part) for each in (_packed(normals, heads), packed(normals, heads)))
            assert np.array_equal(kept, own), part
    assert _packed(normals, 3) is _packed(normals, 3)
