"""A library's programs in a process of their own: `python -m benchmarks.contenders.child LIBRARY SHAPE THREADS`.

It first tells its programs and their variants, then answers JSON lines.  {"do": "make"} makes a program and calls it
once, {"do": "time"} times an ensemble, a run, {"do": "usual"} gives test errors at the usual values, and
{"do": "trained", "draw": file} gives z after the steps; `program` and `variant` name what is asked, `seed` its seed.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from .program import Given, Library, Program
from .shapes import SHAPES, Shape


class Server:
    """The programs of one library for one shape, made when they are first asked."""

    def __init__(self, library: Library, shape: Shape, threads: int) -> None:
        self.shape, self.threads = shape, threads
        self.programs = library(shape)
        self._made: dict[tuple[str, str], Program] = {}

    def answer(self, do: str, program: str, variant: str, **told: Any) -> dict[str, Any]:
        """The answer to one request."""
        if do == "make":
            return self.make(program, variant)
        made = self._made[program, variant]
        match do:
            case "time":
                return self.time(made, told["seed"])
            case "usual":
                return {"errors": made.usual(told["seed"]).tolist()}
            case "trained":
                return {"z": made.trained(Given.load(Path(told["draw"])), self.shape.usual(1)).tolist()}
        raise ValueError(f"do: {do!r}; expected make, time, usual or trained")

    def make(self, program: str, variant: str) -> dict[str, Any]:
        """Make a program and call it once: the CPU time of both, compilers that it started included; or why not."""
        before = _cpu()
        try:
            made = self.programs[program][variant](self.shape, self.threads)
            made.errors(0, self.shape.cells(made.runs))
        except Exception as reason:  # noqa: BLE001 - whatever keeps a library from it is said in its row
            return {"absent": str(reason).strip().splitlines()[0] or type(reason).__name__}
        self._made[program, variant] = made
        return {"cpu": _cpu() - before, "runs": made.runs}

    def time(self, program: Program, seed: int) -> dict[str, float]:
        """Seconds of wall and CPU time a run."""
        cells = self.shape.cells(program.runs)
        wall, cpu = time.perf_counter(), time.process_time()
        program.errors(seed, cells)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"wall": wall / program.runs, "cpu": cpu / program.runs}


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> None:
    """Answer requests until standard input closes."""
    library, shape, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    module = importlib.import_module(f".{library}", __package__)
    server = Server(module.programs, SHAPES[shape], threads)
    told = {name: list(variants) for name, variants in server.programs.items()}
    print(json.dumps({"programs": told}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(server.answer(**json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
