"""Named streams: the same bits for the same name, and none shared between names, indices and seeds."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynamics.chance.streams import STREAMS, stream

ROOT = Path(__file__).resolve().parents[2]

RECORDED = [7183427237466856058, 4588577728134379623]


def test_streams_do_not_depend_on_the_order_of_creation() -> None:
    first = {name: stream(7, name).standard_normal(5) for name in ("labels", "data", "init")}
    other = {name: stream(7, name).standard_normal(5) for name in ("init", "labels", "data")}
    assert all(np.array_equal(first[name], other[name]) for name in first)


def test_streams_differ_by_seed_name_and_index() -> None:
    keys: list[tuple[Any, ...]] = [(0, "data"), (1, "data"), (0, "init"), (0, "data", 0), (0, "data", 1)]
    keys += [(0, "data", 0, 1), (0, "data", 2**32)]
    draws = {int(stream(key[0], key[1], *key[2:]).integers(2**63)) for key in keys}
    assert len(draws) == len(keys)


def test_streams_keep_their_bits() -> None:
    # Recorded once: a change here changes every published run.
    assert stream(0, "data").integers(2**63, size=2).tolist() == RECORDED
    assert stream(np.int64(0), "data").integers(2**63, size=2).tolist() == RECORDED  # type: ignore[arg-type]


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (1.0, TypeError), (True, TypeError)])
def test_a_seed_is_a_whole_number_from_zero(seed: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="seed"):
        stream(seed, "data")


def names_in(source: str) -> list[str]:
    """The names of the streams that a module draws from; its source where the name is no literal."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [node for node in calls if ast.unparse(node.func).split(".")[-1] == "stream"]
    keys = [node.args[1] for node in named]
    return [str(key.value) if isinstance(key, ast.Constant) else ast.unparse(key) for key in keys]


def test_the_streams_in_use_are_those_listed() -> None:
    packages = ("derivations", "dynamics", "simulate", "figures", "gammarho", "benchmarks")
    files = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    used = {name for path in files for name in names_in(path.read_text(encoding="utf-8"))}
    assert used == set(STREAMS)


def test_a_stream_that_is_not_listed_is_seen() -> None:
    source = "def f(seed, name):\n    stream(seed, 'other', 3)\n    streams.stream(seed, name)"
    assert names_in(source) == ["other", "name"]
