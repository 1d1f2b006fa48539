"""Whole phase diagrams, by `gr.phase` as a user calls it: `python -m benchmarks.maps [--repeats N] [--only WORD]`.

Kou et al.'s map of 100 x 100 cells and 10 seeds, beside two rows of it, which is a few chunks and is made with other
observables too and by runs that may end early, the diagram that `make run` draws, of 825 cells and 3 seeds, stable
ranks over slope and sigma_0, and grids of FOMAML whose cells share a seed's draw, or have each their own.  CPU time on
one worker, the least of calls that take turns, and wall time on as many as there are cores; everything is compiled
before.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping
from functools import partial

from .timing import ONE_THREAD, Sample

os.environ.update({name: value for name, value in ONE_THREAD.items() if name != "NUMBA_NUM_THREADS"})

SEEDS = 10
FOMAML: Mapping[str, float] = {"n_tasks": 20, "n": 4, "n_train": 2, "m": 16}
OBSERVABLES = ("loss", "Lambda:max", "noise_adapted:max", "test_error", "test_error_adapted", "test_loss")
RANKS = ("loss", "stable_rank:max", "neuron_norm:max")
OTHERS = ("test_error,loss", "loss", "loss,gradient_norm,train_error", "rho:max,gamma:mean")
ENDS: tuple[Mapping[str, float | str], ...] = (
    {"loss": 0.05}, {"margins": ">=1"}, {"gamma:max": ">=1"}, {"margins:mean": ">=1"}, {"gradient_norm": 1e-9})
KOU: Mapping[str, float] = {"n": 20, "m": 10, "sigma_p": 1.0, "sigma_0": 0.01, "eta": 0.1, "flip_probability": 0.1}


def maps(workers: int) -> dict[str, tuple[int, Callable[[int], object]]]:
    """By name, how many runs a diagram has and what makes it from a first seed."""
    import gammarho as gr
    from figures.pegr.phase import GRID
    from figures.phase.kou import MODEL

    def kou(
        seed: int, d: str, observable: str = "test_error", until: Mapping[str, float | str] | None = None
    ) -> object:
        return gr.phase(MODEL, KOU, x="mu_norm=0:9.9:100", y=f"d={d}", steps=100, seeds=SEEDS, seed=seed,
                        workers=workers, observable=observable, until=until)

    def ours(seed: int) -> object:
        return gr.phase("pegr", GRID.parameters(), x=("lam", GRID.lams), y=("sigma_p", GRID.sigma_ps), steps=GRID.steps,
                        seeds=GRID.seeds, sampling="gram", seed=seed, workers=workers)

    def tasks(seed: int, observable: str, **axes: str | int) -> object:
        return gr.phase("fomaml", dict(FOMAML), observable=observable, steps=100, seed=seed, workers=workers, **axes)

    def shared(seed: int, observable: str) -> object:
        return tasks(seed, observable, x="eta=0.01:0.1:20", y="eta_inner=0.01:0.1:10", seeds=2, d=2000)

    def own(seed: int, observable: str) -> object:
        return tasks(seed, observable, x="d=2000:4000:20", seeds=5)

    def classes(seed: int) -> object:
        return gr.phase("heterogeneous", K=3, n=20, m=10, d=1000, x="u_norm=0.1:3:10", y="Gamma=1:100:10", steps=100,
                        seeds=5, seed=seed, workers=workers)

    def ranks(seed: int, observable: str) -> object:
        return gr.phase("nearly_orthogonal", n=10, m=10, d=1000, x="slope=0.1:0.9:20", y="sigma_0=0.001:0.1:10:log",
                        steps=100, seeds=5, seed=seed, workers=workers, observable=observable)

    return {
        **{f"orthogonal data, {name}": (1000, partial(ranks, observable=name)) for name in RANKS},
        "heterogeneous noise, by vectors": (500, classes),
        **{f"FOMAML, draws of 200 cells, {name}": (400, partial(shared, observable=name)) for name in OBSERVABLES},
        **{f"FOMAML, a draw a run, {name}": (100, partial(own, observable=name)) for name in OBSERVABLES},
        "two rows of Kou's map": (200 * SEEDS, lambda seed: kou(seed, "590:600:2")),
        **{f"the two rows' {observable}": (200 * SEEDS, partial(kou, d="590:600:2", observable=observable))
           for observable in OTHERS},
        **{f"the two rows until {name} {end}": (200 * SEEDS, partial(kou, d="590:600:2", until={name: end}))
           for until in ENDS for name, end in until.items()},
        "Kou's map": (100 * 100 * SEEDS, lambda seed: kou(seed, "100:1090:100")),
        "that of `make run`": (len(GRID.lams) * len(GRID.sigma_ps) * GRID.seeds, ours),
    }


def timed(call: Callable[[int], object], seed: int) -> Sample:
    """One call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call(seed)
    return Sample(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.maps", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--only", default="", help="those whose names hold this (default: all)")
    given = parser.parse_args()
    rounds, cores = given.repeats, len(os.sched_getaffinity(0))
    alone, together = ({name: each for name, each in maps(many).items() if given.only in name} for many in (1, cores))
    for _, call in together.values():
        call(0)
    print(f"| diagram | runs | CPU s | CPU us a run | wall s, {cores} workers |\n| --- | --- | --- | --- | --- |")
    found: dict[str, list[tuple[Sample, Sample]]] = {name: [] for name in alone}
    for seed in range(1, rounds + 1):
        for name, (_, call) in alone.items():
            found[name].append((timed(call, SEEDS * seed), timed(together[name][1], SEEDS * seed)))
    for name, (runs, _) in alone.items():
        cpu = min(one.cpu for one, _ in found[name])
        wall = min(both.wall for _, both in found[name])
        print(f"| {name} | {runs} | {cpu:.2f} | {cpu / runs * 1e6:.0f} | {wall:.2f} |")


if __name__ == "__main__":
    main()
