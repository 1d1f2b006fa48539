"""Rows that cells of a seed share are those of the seed's stream, and none of them is written to."""

from __future__ import annotations

import numpy as np
import pytest

from dynamics.chance import gram
from dynamics.chance.streams import stream
from simulate.start import standard
from simulate.start.standard import Shape, begun, filter_rows, noise_rows, scaled
from simulate.work.kept import LARGEST, SMALL

SHAPES: list[Shape] = [(3, "uniform", ()), (2, "student", (5.0,)), (4, "rademacher", ())]


@pytest.mark.parametrize("d", [7, SMALL, LARGEST // 8], ids=["small", "large", "not kept"])
def test_rows_are_those_of_the_stream_and_stay_so(d: int) -> None:
    first = noise_rows(5, SHAPES, d)
    if d == 7:  # one family after another, by one stream
        rng = stream(5, "data")
        whole = [rng.uniform(-np.sqrt(3.0), np.sqrt(3.0), (3, d)), rng.standard_t(5.0, (2, d)) * np.sqrt(3.0 / 5.0)]
        assert np.array_equal(first, np.vstack([*whole, 2.0 * rng.integers(0, 2, (4, d)) - 1.0]))
    was, by = first[:, :5].copy(), np.arange(1.0, 10.0)[:, None]
    assert np.array_equal(scaled(first, by)[:, :5], was * by)
    assert np.array_equal(noise_rows(5, SHAPES, d)[:, :5], was)


def test_what_nobody_keeps_is_scaled_in_place() -> None:
    """A draw as large as the memory allows is held once."""
    rows = filter_rows(5, [(1, "gaussian", ())], LARGEST + 1)
    assert scaled(rows, 2.0) is rows
    kept = filter_rows(5, [(1, "gaussian", ())], 5)
    assert scaled(kept, 2.0) is not kept and not kept.flags.writeable
    assert filter_rows(5, [(1, "gaussian", ())], 5) is kept


def test_no_rows_are_none() -> None:
    assert noise_rows(5, [], 4).shape == (0, 4)


def test_draws_of_many_dimensions_share_what_no_dimension_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their bits are those of the streams, one after another, in whatever order; only chi is drawn for each."""
    opened = list[tuple[int, str]]()

    def counted(seed: int, name: str) -> np.random.Generator:
        opened.append((seed, name))
        return stream(seed, name)

    monkeypatch.setattr(standard, "stream", counted)
    seed, shape = 987654, (2, 3, 4)
    for d in (50.0, 9.0, 1e20, 7.0, 50.0):  # in 7 dimensions there is one column less than vectors
        found = standard.standard(seed, *shape, d)
        alone = gram.standard(gram.rows_of(stream(seed, "data")), gram.rows_of(stream(seed, "init")), *shape, d)
        assert np.array_equal(found.noise, alone.noise) and np.array_equal(found.filters, alone.filters)
    assert opened == [(seed, "data"), (seed, "init")] * 2
    rows = begun(seed, "dictionary", 5, 1, 5)
    out, rng = np.empty((5, 5)), stream(seed, "dictionary")
    rows.close(rows.generator(), 8.0, out, 0.5)
    first, below = rng.standard_normal((5, 1)), np.tril(rng.standard_normal((5, 5)), -1)
    assert np.array_equal(rows.rows, np.hstack([first, below])) and not rows.rows.flags.writeable
    chi = np.sqrt(rng.chisquare(8.0 - np.arange(5)))
    assert np.array_equal(out, 0.5 * (below + np.diag(chi)))
