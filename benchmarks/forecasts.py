"""How long runs are foretold to take, over what they take: `python -m benchmarks.forecasts` prints the table.

Compiled and warm, CPU time on one thread, the least of five calls; the forecast is what `simulate.run.seconds` says to
a caller, and what a grid's chunks, of which a kill may cost one, are cut by.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from .timing import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy is loaded: gammarho is imported inside the functions

CALLS = 5
CELLS, SEEDS = 100, 2  # of most grids; what is random of a seed, cells that go together share

ALONE: tuple[tuple[str, Mapping[str, Any], int, str, bool], ...] = (
    ("pegr", {"n": 100, "m": 100, "d": 1e4}, 1000, "loss", False),
    ("pegr", {"n": 20, "m": 10, "d": 400.0}, 300, "test_error", True),
    ("nearly_orthogonal", {"n": 200, "m": 200, "d": 1e4}, 20, "loss", False),
    ("heterogeneous", {"n": 100, "m": 20, "d": 1000.0}, 200, "test_error", False),
    ("fomaml", {"n_tasks": 20, "n": 4, "n_train": 2, "m": 16, "d": 2000.0}, 100, "loss", False),
    ("fomaml", {"n_tasks": 100, "n": 10, "m": 18, "d": 1000.0}, 20, "loss", False),
    ("fomaml", {"n_tasks": 343, "n": 10, "m": 18, "d": 1000.0}, 5, "loss", False),
)
GRIDS: tuple[tuple[str, Mapping[str, Any], int, int, Mapping[str, Any]], ...] = (
    ("pegr", {"n": 20, "m": 10, "d": 600.0, "regularizer": "none"}, 100, CELLS, {}),
    ("pegr", {"n": 20, "m": 10, "d": 400.0}, 1500, CELLS, {}),
    ("pegr", {"n": 100, "m": 20, "d": 2000.0, "regularizer": "none"}, 100, CELLS, {}),
    ("pegr", {"n": 20, "m": 10, "d": 600.0}, 100, CELLS, {"observable": "T_1,loss", "until": {"loss": 0.1}}),
    ("pegr", {"n": 20, "m": 10, "d": 600.0}, 1500, 4, {"observable": "loss", "until": {"gradient_norm": 1e-9}}),
    ("pegr", {"n": 20, "m": 10, "d": 600.0}, 100, 4, {"observable": "loss", "until": {"test_error": 0}}),
    ("pegr", {"n": 20, "m": 10, "d": 600.0}, 100, CELLS, {"observable": "loss", "until": {"margins": ">=100"}}),
    ("pegr", {"n": 20, "m": 10, "d": 600.0}, 100, CELLS, {"observable": "loss", "until": {"rho:max": ">=100"}}),
    ("pegr", {"n": 20, "m": 10, "d": 600.0, "mu_norm": 4.0}, 100, 2, {"test_sampling": "importance"}),
    ("pegr", {"n": 20, "m": 10, "d": 600.0}, 100, CELLS, {"sampling": "vectors"}),
    ("pegr", {"n": 300, "m": 100, "d": 2000.0}, 50, 2, {}),
    ("heterogeneous", {"n": 20, "m": 10, "d": 600.0, "K": 3, "init": "gaussian"}, 100, CELLS, {}),
    ("heterogeneous", {"n": 500, "m": 100, "d": 2000.0, "K": 5, "init": "gaussian"}, 20, 2, {}),
    ("nearly_orthogonal", {"n": 10, "m": 20, "d": 1000.0}, 100, CELLS, {}),
    ("nearly_orthogonal", {"n": 20, "m": 20, "d": 1000.0}, 100, CELLS, {"observable": "stable_rank:max"}),
    ("nearly_orthogonal", {"n": 100, "m": 100, "d": 2000.0}, 20, 4, {"observable": "kkt_residual"}),
    ("fomaml", {"n_tasks": 20, "n": 4, "n_train": 2, "m": 16, "d": 2000.0}, 100, 10, {}),
    ("fomaml", {"n_tasks": 20, "n": 4, "n_train": 2, "m": 16, "d": 2000.0}, 10, 10, {"observable": "test_loss"}),
    ("fomaml", {"n_tasks": 20, "n": 4, "n_train": 2, "m": 16, "d": 2000.0}, 100, 10, {
        "observable": "test_error_adapted"}),
)
"""Settings, values, steps, what is asked for, and whether at every step; and of grids, with how many cells."""


def least(call: Callable[[], object]) -> float:
    """Seconds of the processor in the quickest of some calls, after one that is not counted."""
    call()
    times = []
    for _ in range(CALLS):
        begun = time.process_time()
        call()
        times.append(time.process_time() - begun)
    return min(times)


def foretold(setting: str, given: Mapping[str, Any], steps: int, name: str, sampling: str, recorded: int) -> float:
    """Seconds of one run by the estimate."""
    from simulate.ask.chosen import choose
    from simulate.run.problem import problem_of
    from simulate.run.request import Request
    from simulate.run.seconds import seconds

    problem = problem_of(choose(setting, dict(given)))
    return seconds(Request(problem.model, problem.values, sampling, "reduced", steps, recorded, (name,), 4096))


def of_grid(setting: str, given: Mapping[str, Any], grid: Mapping[str, Any]) -> float:
    """Seconds of one of a grid's runs by the estimate that its chunks are made by."""
    from simulate.phase.fill import costs
    from simulate.phase.grid import GridAsked, checked

    words = {name: value for name, value in grid.items() if name not in ("x", "progress")}
    axes = {"x": grid["x"], "y": None, "z": None}
    asked = GridAsked(setting, dict(given), axes, None, None, seed=0, **{"sampling": None, **words})
    made = checked(asked, 1)
    return float(costs(made.measure, made.cells).mean())


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
    for setting, given, steps, cells, more in GRIDS:
        runs, asked = cells * SEEDS, {"observable": "test_error", "seeds": SEEDS, "progress": False, **more}
        grid = {"x": ("eta", [0.1 + 0.001 * at for at in range(cells)]), "steps": steps, **asked}
        takes = least(lambda s=setting, g=given, a=grid: gr.phase(s, dict(g), workers=1, **a)) / runs  # type: ignore[misc]
        says = of_grid(setting, given, grid)
        said = ", ".join(f"{name} {value}" for name, value in more.items())
        run = f"{setting} {dict(given)}, {steps} steps, {f'{said}, ' if said else ''}one of {runs}"
        print(f"| {run} | {1e3 * says:.3g} | {1e3 * takes:.3g} | {says / takes:.2f} |")


if __name__ == "__main__":
    main()
