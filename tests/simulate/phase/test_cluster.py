"""A grid on worker processes of their own, one of which is killed on the way: the bits of one process."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from simulate.errors import InputError
from simulate.phase import cluster, fill
from simulate.phase.grid import GridAsked, checked
from simulate.phase.grid_store import GridStore
from simulate.phase.phase import phase
from tests.helpers.durable import SMALL, bits

AXES: dict[str, Any] = {"x": ("lam", [0.0, 0.05, 0.1, 0.2]), "y": ("sigma_p", [0.5, 0.7, 1.0])}


def asked(**changes: Any) -> GridAsked:
    words = {"setting": "pegr", "params": SMALL, "axes": {**AXES, "z": None}, "hold": None, "preset": None, "steps": 3,
             "observable": "test_error", "seeds": 2, "seed": 0, "sampling": None}
    return GridAsked(**{**words, **changes})


def grid(**options: Any) -> Any:
    return phase("pegr", SMALL, **AXES, steps=3, seeds=2, progress=False, **options)


def test_a_worker_runs_the_chunks_of_the_grid_that_was_asked_for_and_of_no_other() -> None:
    made = checked(asked(), 1)
    words, chunk = json.dumps(made.layout.configuration), ((1, 2), (0, 1))
    (there, found), = cluster.run_on_worker(asked(), words, chunk)
    (_, known), = fill.run_chunk(made, chunk)
    assert there == chunk and isinstance(found, dict) and isinstance(known, dict)
    assert all(found[name].tobytes() == known[name].tobytes() for name in ("test_error", "test_error_se"))
    other = json.dumps({**made.layout.configuration, "gammarho": "0.0.9"})
    with pytest.raises(InputError, match=r"makes another grid of these words \(gammarho\)"):
        cluster.run_on_worker(asked(), other, chunk)


def test_what_is_no_scheduler_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="expected its address"):
        grid(scheduler=7)
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError, match=r"needs dask.distributed, .* pip install 'gammarho\[cluster\]'"):
        grid(scheduler="tcp://127.0.0.1:1")


def test_a_models_file_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cluster._anywhere("own.py:model") == f"{tmp_path / 'own.py'}:model"
    assert cluster._anywhere("pegr") == "pegr"


class Done:
    """A future of dask's that is done: its result, until it is released."""

    def __init__(self, found: Any) -> None:
        self.found, self.released = found, False

    def result(self) -> Any:
        assert not self.released
        return self.found

    def release(self) -> None:
        self.released = True


class Client:
    """A client of dask's that runs a task as it is submitted, and knows what was cancelled."""

    loop = "loop"

    def __init__(self) -> None:
        self.futures, self.cancelled = list[Done](), list[Done]()

    def submit(self, function: Any, *given: Any, pure: bool) -> Done:
        assert not pure  # a chunk that is asked for twice is run twice
        self.futures.append(Done(function(*given)))
        return self.futures[-1]

    def cancel(self, futures: list[Done]) -> None:
        self.cancelled += futures


@pytest.mark.parametrize("taken", [2, 3])
def test_workers_keep_no_result_that_is_here(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They kept every chunk's until the last one was done."""
    distributed = ModuleType("distributed")
    vars(distributed).update(as_completed=lambda futures, loop: iter([*futures][::-1]), KilledWorker=InterruptedError)
    monkeypatch.setitem(sys.modules, "distributed", distributed)
    client, made = Client(), checked(asked(), 1)
    pieces = [((0, 1), (0, 1)), ((2,), (0, 1)), ((3, 4), (0, 1))]
    parts = cluster.Cluster(client, asked(), 1).parts(made, pieces, False)
    for count in range(1, taken + 1):
        (chunk, _), = next(parts)
        assert chunk == pieces[-count]
        assert [each.released for each in client.futures] == [at >= 3 - count for at in range(3)]
    parts.close()
    assert client.cancelled == client.futures[: 3 - taken]


@pytest.fixture
def two_processes() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed: gammarho[cluster]")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


@pytest.mark.slow
def test_a_worker_killed_on_the_way_changes_no_bit(
    two_processes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    alone = bits(grid())
    with distributed.Client(two_processes.scheduler_address, set_as_default=False) as client:
        before = client.run(os.getpid)
    first, write, killed = sorted(before.values())[0], GridStore.write, list[int]()
    assert os.getpid() not in before.values() and len(set(before.values())) == 2

    def killing(store: GridStore, *what: Any) -> None:
        write(store, *what)
        if not killed:  # while the other chunks are on their way
            os.kill(first, signal.SIGKILL)
            killed.append(first)

    monkeypatch.setattr(GridStore, "write", killing)
    monkeypatch.setattr(fill, "_AT_RISK", 1e-9)  # a chunk a run
    store = tmp_path / "g.zarr"
    there = grid(scheduler=two_processes.scheduler_address, store=store)
    assert killed == [first] and not Path(f"/proc/{first}/fd").exists()
    assert bits(there) == alone
    assert bits(grid(store=store)) == alone  # and all of it is kept
