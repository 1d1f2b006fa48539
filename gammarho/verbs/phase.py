"""phase: an observable over a grid of two parameters."""

from __future__ import annotations

import sys
from typing import Any

from gammarho import terminal

from .shared import Switch, goes_on, say


def phase(
    setting: str,
    /,
    *values: str,
    x: str,
    y: str,
    preset: str | None = None,
    steps: str | None = None,
    seed: str = "0",
    seeds: str = "3",
    observable: str = "test_error",
    sampling: str | None = None,
    workers: str | None = None,
    out: str | None = None,
    json: Switch = False,
) -> int:
    """Fill a grid over two parameters with an observable at the last step.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value.
        x: the columns, as name=a:b:n or name=a:b:n:log.
        y: the rows.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: the first seed.
        seeds: draws a cell.
        observable: one number a run, such as test_error, loss or a hitting time.
        sampling: gram (drawn without the dimension) or vectors; default gram where it is exact and not refused.
        workers: threads; the result does not depend on it.
        out: keep the grid in this .zarr folder; the same command takes an interrupted grid up where it stopped.
        json: print JSON instead of a table.
    """
    from gammarho import api, arguments
    from simulate.ask import paths

    given, path = arguments.assignments(values), paths.store("out", out)
    api.resolve(setting, given, preset)
    from gammarho import report
    from simulate.phase.phase import phase as fill

    options: dict[str, Any] = {
        "x": x, "y": y, "steps": steps, "seed": seed, "seeds": seeds, "workers": workers, "observable": observable,
        "sampling": sampling,
    }
    try:
        data = fill(setting, given, preset=preset, store=path, **options)
    except KeyboardInterrupt:
        if path is not None:
            print(f"gammarho: the finished cells are in {path}, and the same command goes on", file=sys.stderr)
        raise
    with terminal.safe(path):
        print(report.as_json(data) if json else report.grid_as_text(data, observable))
        if path is not None and not json:
            print(f"wrote {path}")
    left = report.undone(data)
    return say(f"{left}; {goes_on(path)}") if left else 0
