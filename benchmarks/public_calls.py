"""What a call of `gr.run` takes once everything is compiled: `python -m benchmarks.public_calls [--repeats N]`.

CPU time on one thread, the least of calls that take turns, each from another seed: what runs of one seed share is drawn
every time.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

from .timing import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy is loaded: gammarho is imported inside the functions

SEEDS = 20
GOALS = {"two recorded steps": 6.0, "test error alone": 3.0, "default record": 20.0, f"a seed of {SEEDS}": 2.5}


def calls() -> dict[str, Callable[[int], object]]:
    """Runs of PEGR at the paper's size, by what is asked of them, from a seed."""
    import gammarho as gr

    two, last = [0, 1500], [1500]
    return {
        "two recorded steps": lambda seed: gr.run("pegr", record=two, seed=seed),
        "test error alone": lambda seed: gr.run("pegr", record=last, observables="test_error", seed=seed),
        "default record": lambda seed: gr.run("pegr", seed=seed),
        f"a seed of {SEEDS}": lambda seed: gr.run("pegr", record=two, seed=SEEDS * seed, seeds=SEEDS),
    }


def measured(repeats: int, warm_up: int = 20) -> dict[str, float]:
    """The least CPU milliseconds of each call, a seed's where it makes several."""
    least = dict.fromkeys(GOALS, float("inf"))
    for round_of in range(warm_up + repeats):
        for name, call in calls().items():
            began = time.process_time()
            call(round_of)
            spent = (time.process_time() - began) * 1e3 / (SEEDS if str(SEEDS) in name else 1)
            if round_of >= warm_up:
                least[name] = min(least[name], spent)
    return least


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.public_calls", description=__doc__)
    parser.add_argument("--repeats", type=int, default=40, help="rounds (default: 40)")
    print('| `gr.run("pegr")` | CPU ms | goal |\n| --- | --- | --- |')
    for name, spent in measured(parser.parse_args().repeats).items():
        print(f"| {name} | {spent:.2f} | {GOALS[name]:g} |")


if __name__ == "__main__":
    main()
