"""How long runs are foretold to take, over what they take: `python -m benchmarks.forecasts` prints the table.

Compiled and warm, on one thread, the least of five calls; the forecast is what `simulate.run.seconds` says to a caller.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from .timing import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy is loaded: gammarho is imported inside the functions

CALLS = 5
CELLS, SEEDS = 100, 2  # of a grid whose runs go together; what is random of a seed, its cells share

ALONE: tuple[tuple[str, Mapping[str, Any], int, str, bool], ...] = (
    ("pegr", {"n": 100, "m": 100, "d": 1e4}, 1000, "loss", False),
    ("pegr", {"n": 20, "m": 10, "d": 400.0}, 300, "test_error", True),
    ("nearly_orthogonal", {"n": 200, "m": 200, "d": 1e4}, 20, "loss", False),
    ("heterogeneous", {"n": 100, "m": 20, "d": 1000.0}, 200, "test_error", False),
    ("fomaml", {"n_tasks": 20, "n": 4, "n_train": 2, "m": 16, "d": 2000.0}, 100, "loss", False),
    ("fomaml", {"n_tasks": 100, "n": 10, "m": 18, "d": 1000.0}, 20, "loss", False),
    ("fomaml", {"n_tasks": 343, "n": 10, "m": 18, "d": 1000.0}, 5, "loss", False),
)
TOGETHER: tuple[tuple[str, Mapping[str, Any], int], ...] = (
    ("pegr", {"n": 20, "m": 10, "d": 600.0, "regularizer": "none"}, 100),
    ("pegr", {"n": 20, "m": 10, "d": 400.0}, 1500),
    ("pegr", {"n": 100, "m": 20, "d": 2000.0, "regularizer": "none"}, 100),
    ("nearly_orthogonal", {"n": 10, "m": 20, "d": 1000.0}, 100),
    ("fomaml", {"n_tasks": 20, "n": 4, "n_train": 2, "m": 16, "d": 2000.0}, 100),
)
"""Settings, values, steps, what is asked for, and whether at every step; and of grids."""


def least(call: Callable[[], object]) -> float:
    """Seconds of the quickest of some calls, after one that is not counted."""
    call()
    times = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return min(times)


def foretold(setting: str, given: Mapping[str, Any], steps: int, name: str, sampling: str, recorded: int) -> float:
    """Seconds of one run by the estimate."""
    from simulate.ask.chosen import choose
    from simulate.run.problem import problem_of
    from simulate.run.request import Request
    from simulate.run.seconds import seconds

    problem = problem_of(choose(setting, dict(given)))
    return seconds(Request(problem.model, problem.values, sampling, "reduced", steps, recorded, (name,), 4096))


def main() -> None:
    """Measure and print."""
    import gammarho as gr

    print("| run | foretold ms | takes ms | ratio |\n| --- | --- | --- | --- |")
    for setting, given, steps, name, every in ALONE:
        asked: dict[str, Any] = {"record": list(range(steps + 1)) if every else [steps], "observables": name}
        takes = least(lambda s=setting, g=given, t=steps, a=asked: gr.run(s, dict(g), steps=t, **a))  # type: ignore[misc]
        says = foretold(setting, given, steps, name, "vectors", steps + 1 if every else 1)
        print(f"| {setting} {dict(given)}, {steps} steps, {name} | {1e3 * says:.3g} | {1e3 * takes:.3g} "
              f"| {says / takes:.2f} |")
    for setting, given, steps in TOGETHER:
        axis = ("eta", [0.1 + 0.001 * at for at in range(CELLS)])
        takes = least(lambda s=setting, g=given, t=steps, x=axis: gr.phase(  # type: ignore[misc]
            s, dict(g), x=x, steps=t, seeds=SEEDS, workers=1, progress=False)) / (CELLS * SEEDS)
        says = foretold(setting, given, steps, "test_error", "gram", 1)
        run = f"{setting} {dict(given)}, {steps} steps, one of {CELLS * SEEDS}"
        print(f"| {run} | {1e3 * says:.3g} | {1e3 * takes:.3g} | {says / takes:.2f} |")


if __name__ == "__main__":
    main()
