"""Normals of a stream: the compiled twin has NumPy's bits, and is left where it has not."""

from __future__ import annotations

import numpy as np
import pytest

from dynamics.chance import normals, ziggurat
from dynamics.chance.streams import stream


@pytest.mark.parametrize("count", [1, 5, 4096, 2**20])
def test_the_compiled_twin_has_numpys_bits(count: int) -> None:
    """Fails on a shifted lane, on a word lost at a block's end, and on a table of which one number is another."""
    for seed in range(3):
        ours = ziggurat.standard_normal(np.random.PCG64(seed), count)
        assert ours.tobytes() == np.random.Generator(np.random.PCG64(seed)).standard_normal(count).tobytes()


@pytest.mark.parametrize("count", [1, 4096, 4097, 100_003])
def test_the_twin_takes_the_words_that_numpy_takes(count: int) -> None:
    """Fails where a word looked at, and left for the next normal, is counted."""
    for seed in range(5):
        ours, numpys = np.random.PCG64(seed), np.random.PCG64(seed)
        ziggurat.standard_normal(ours, count)
        np.random.Generator(numpys).standard_normal(count)
        assert ours.state == numpys.state


def test_standard_normal_are_the_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    size = (normals.LONG // 4, 2, 3)
    expected = stream(7, "test").standard_normal(size)
    monkeypatch.setattr(normals._Twin, "asked", 0)
    found = normals.standard_normal(stream(7, "test"), size)
    assert np.array_equal(found, expected)  # by NumPy, as so few were asked for
    monkeypatch.setattr(normals._Twin, "asked", normals.WORTH)
    monkeypatch.setattr(normals._Twin, "alike", None)
    assert np.array_equal(normals.standard_normal(stream(7, "test"), size), expected)
    assert normals._Twin.alike is True
    rng, by_numpy = stream(7, "test"), stream(7, "test")
    for whole in (False, True):
        for each in (rng, by_numpy):
            if whole:
                each.integers(0, 5, 3, dtype=np.uint32)  # half a word is left
            else:
                each.random(3)
        assert np.array_equal(normals.standard_normal(rng, size), by_numpy.standard_normal(size))
        assert rng.bit_generator.state == by_numpy.bit_generator.state
    other = np.random.Generator(np.random.SFC64(7))
    assert np.array_equal(normals.standard_normal(other, size),
                          np.random.Generator(np.random.SFC64(7)).standard_normal(size))


def test_a_twin_that_differs_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails where the first block is taken on trust, as with a NumPy whose normals are others."""
    size = (normals.LONG,)
    monkeypatch.setattr(normals._Twin, "asked", normals.WORTH)
    monkeypatch.setattr(normals._Twin, "alike", None)
    monkeypatch.setattr(ziggurat, "standard_normal", lambda bits, count: np.zeros(count))
    expected = stream(7, "test").standard_normal(size)
    for _ in range(2):
        assert np.array_equal(normals.standard_normal(stream(7, "test"), size), expected)
    assert normals._Twin.alike is False
