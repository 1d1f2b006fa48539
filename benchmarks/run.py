"""All benchmarks by one command: `python -m benchmarks.run [--jax PYTHON]` prints them and writes RESULTS.md, whole.

A table of contenders first: one thread, float64, medians of interleaved repeats, ratios of CPU time.  Then what other
modules print, each in a process of its own.
"""

from __future__ import annotations

import argparse
import importlib
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from . import table
from .jax_child import Jax
from .table import Section, Target
from .timing import ONE_THREAD, Sample, Timing, interleave, process, timed

os.environ.update(ONE_THREAD)  # before NumPy and torch are loaded: the imports below stand inside the functions

RESULTS = Path(__file__).with_name("RESULTS.md")
DIMENSIONS = {"d = 1e3": 1e3, "d = 1e6": 1e6, "d = 1e9": 1e9, "d = e^100": math.exp(100)}
OWN = "a user's own model, its first ensemble"
FURTHER = {
    "maps": "Whole phase diagrams", "public_calls": "Public calls", "forecasts": "What runs are foretold to take",
    "rungs": "Further rungs",
}
"""Modules that print tables of their own, with the heading of each."""
_METHODS = {"train-train": "7", "train-validation": "8"}
NOISE_LENGTH = 10.0  # sigma_p sqrt(d), held fixed where d varies; Section 4.1's at sigma_p = 1/2


def run_pegr(batch: int, sampling: str, **changes: Any) -> Callable[[], None]:
    """`batch` whole runs of gammarho with different seeds: draw, train, test error after the last step."""
    import gammarho

    from .problem import Schedule, parameters

    schedule = Schedule()
    given = parameters(schedule, **changes)

    def runs() -> None:
        for seed in range(batch):
            gammarho.run("pegr", given, steps=schedule.steps, seed=seed, sampling=sampling, record=[schedule.steps],
                         observables=["loss", "test_error"])

    return runs


def end_to_end(repeats: int, jax: Jax | None) -> Section:
    """Section 4.1's experiment, whole: gammarho beside torch eager, and JAX on the Gram form where there is one."""
    from . import torch_eager
    from .problem import Schedule

    contenders = {
        f"gammarho, {label}": timed(run_pegr(10, sampling), 10)
        for label, sampling in (("vectors", "vectors"), ("sampled Gram", "gram"))
    }
    for way in torch_eager.WAYS:
        contenders[f"torch eager, {way}"] = timed(_torch(torch_eager.experiment, Schedule(), way))
    if jax:
        from .jax_gram import CHUNKS

        contenders |= {f"JAX Gram form, chunk {chunk}": jax.contender("whole", chunk) for chunk in CHUNKS}
    timings = interleave(contenders, repeats)
    torch = _fastest(timings, "torch")
    targets = [
        Target(f"torch eager over {name}, end to end", torch / timings[name].cpu, ">=", 100.0)
        for name in timings
        if name.startswith("gammarho")
    ]
    note = "gammarho's test error has its own law; torch and JAX test on 1000 fresh examples"
    return Section("1. one PEGR run", "a run", timings, "gammarho, vectors", tuple(targets), (note,))


def _torch(experiment: Callable[..., Any], schedule: Any, way: str) -> Callable[[], object]:
    return lambda: experiment(0, schedule, way)


def kernel_steps(regularizer: str) -> Callable[[], object]:
    """The generated kernel over the whole schedule of one draw, nothing recorded but the end."""
    import numpy as np

    from simulate.ask import parameters, settings
    from simulate.run.kernels import kernel_for

    from .problem import Schedule, sample
    from .problem import parameters as published

    problem, schedule = sample(np.random.default_rng(0)), Schedule()
    resolved = parameters.resolve(settings.resolve("pegr").factory, published(schedule, regularizer=regularizer))
    kernel = kernel_for(resolved.model)
    z, gram, b = problem.start, problem.gram, np.zeros_like(problem.start)
    recorded = np.array([schedule.steps])
    return lambda: kernel.run(z, b, gram, problem.y, resolved.values, schedule.steps, recorded)


def loop_steps(advance: Callable[..., None]) -> Callable[[], object]:
    """A hand-written loop over the same schedule of the same draw."""
    import numpy as np

    from . import hand_loop
    from .problem import Schedule, sample

    problem = sample(np.random.default_rng(0))
    start, constants = hand_loop.state(problem), hand_loop.constants(problem, Schedule())

    def loop() -> None:
        advance(*(array.copy() for array in start), *constants)

    return loop


def steps(repeats: int, jax: Jax | None) -> list[Section]:
    """One step: generated kernel, hand-written Numba, C and JAX; then FGR's gradient against PEGR's."""
    from . import c_loop, hand_loop
    from .problem import Schedule

    count = Schedule().steps
    generated, by_hand = "gammarho, generated", "Numba, by hand"
    contenders = {
        generated: timed(kernel_steps("pegr"), count),
        by_hand: timed(loop_steps(hand_loop.advance), count),
    }
    notes = ["the hand-written loops, C and JAX assume <mu, xi_i> = 0; the generated kernel does not"]
    with tempfile.TemporaryDirectory() as folder:
        if c_loop.compiler():
            contenders[f"C, {' '.join(c_loop.FLAGS[:2])}"] = timed(loop_steps(c_loop.build(Path(folder))), count)
        else:
            notes.append("C was skipped: there is no gcc")
        if jax:
            from .jax_gram import CHUNKS

            contenders |= {f"JAX, chunk {chunk}": jax.contender("steps", chunk, count) for chunk in CHUNKS}
        timings = interleave(contenders, 3 * repeats, warm_up=2)
    ours = timings[generated].cpu
    targets = [Target("generated kernel over hand-written Numba, a step", ours / timings[by_hand].cpu, "<=", 2.0)]
    if any(name.startswith("JAX") for name in timings):
        notes.append(f"JAX at its best chunk over the generated kernel: {_fastest(timings, 'JAX') / ours:.3g}")
    penalties = interleave({name: timed(kernel_steps(name), count) for name in ("pegr", "fgr")}, 3 * repeats, warm_up=2)
    fgr = Target("FGR over PEGR, a step", penalties["fgr"].cpu / penalties["pegr"].cpu, "<=", 4.0)
    return [
        Section("2. one step", "a step", timings, by_hand, tuple(targets), tuple(notes)),
        Section("3. FGR and PEGR", "a step", penalties, "pegr", (fgr,)),
    ]


def flat_in_d(repeats: int) -> Section:
    """Whole runs on a sampled Gram matrix, sigma_p sqrt(d) held at its published value."""
    contenders = {
        name: timed(run_pegr(10, "gram", d=d, sigma_p=NOISE_LENGTH / math.sqrt(d)), 10)
        for name, d in DIMENSIONS.items()
    }
    return Section("4. sampled Gram", "a run", interleave(contenders, repeats), "d = 1e3")


def classes(repeats: int) -> Section:
    """Heterogeneous noise at the paper's sizes: 20 steps and the test error, beside batched torch in weight space."""
    import gammarho

    from . import torch_classes

    sizes = torch_classes.Sizes()
    given = {"K": sizes.K, "n": sizes.n, "m": sizes.m, "d": sizes.d, "u_norm": sizes.u_norm, "Gamma": 1.0,
             "sigma_p": sizes.sigma_p, "eta": sizes.eta, "neurons": "sum", "init": "uniform"}

    def run() -> object:
        return gammarho.run("heterogeneous", given, steps=sizes.steps, record=[sizes.steps],
                            observables=["loss", "test_error"])

    contenders = {
        "gammarho, vectors": timed(run),
        "torch, batched": timed(lambda: torch_classes.experiment(sizes, 0)),
    }
    timings = interleave(contenders, repeats)
    ratio = timings["torch, batched"].cpu / timings["gammarho, vectors"].cpu
    what = "batched torch over gammarho, heterogeneous noise, end to end"
    note = "gammarho's test error has its own law, on 4096 draws; torch tests on 1000 fresh examples"
    target = Target(what, ratio, ">=", 3)
    return Section("5. K=5, m=100, n=500, d=1000", "20 steps", timings, "gammarho, vectors", (target,), (note,))


def first_runs(repeats: int) -> Section:
    """Fresh processes: the import, a warm run, a derivation, and a user's own model from nothing."""
    cli = [sys.executable, "-m", "gammarho"]
    own = f"{Path(__file__).with_name('own_model.py')}:model"
    ensemble = [*cli, "phase", own, "--x", "eta=0.01:0.1:8", "--steps", "100", "--seeds", "4"]
    cold, warm, shipped = f"{OWN}, from nothing", f"{OWN}, warm", "gammarho run pegr, warm"
    contenders: dict[str, Callable[[], Sample]] = {
        "python -c pass": process([sys.executable, "-c", "pass"]),
        "import gammarho": process([sys.executable, "-c", "import gammarho"]),
        shipped: process([*cli, "run", "pegr", "--preset", "paper"]),
        "gammarho derive pegr --latex": process([*cli, "derive", "pegr", "--latex"]),
        "a user's own model: derive, generate, compile, run": _from_nothing([*cli, "run", own, "--steps", "100"]),
        cold: _from_nothing(ensemble),
    }
    with tempfile.TemporaryDirectory() as folder:  # the first round, which is not counted, fills it
        timings = interleave({**contenders, warm: process(ensemble, _caches(folder))}, repeats)
    bounds = ((shipped, 1.0), (cold, 15.0), (warm, 1.5))
    targets = tuple(Target(f"{name}, CPU seconds", timings[name].cpu, "<=", bound) for name, bound in bounds)
    return Section("6. first runs", "a fresh process", timings, "", targets, ())


def _caches(folder: str) -> dict[str, str]:
    return {"XDG_CACHE_HOME": folder, "GAMMARHO_CACHE": ""}


def _from_nothing(command: Sequence[str]) -> Callable[[], Sample]:
    """The command with an empty cache folder each time."""

    def contender() -> Sample:
        with tempfile.TemporaryDirectory() as folder:
            return process(command, _caches(folder))()

    return contender


def _fastest(timings: dict[str, Timing], prefix: str) -> float:
    return min(time.cpu for name, time in timings.items() if name.startswith(prefix))


def measure(repeats: int, jax: Jax | None, python: str) -> list[Section]:
    """Every section, in order; JAX's rows, by `python`, stand in sections 1 and 2 and among the ensembles."""
    few = max(3, repeats // 2)
    from . import ensembles, fomaml_steps

    tasks = [fomaml_steps.section(3, method, number) for method, number in _METHODS.items()]
    sections = [end_to_end(repeats, jax), *steps(repeats, jax), flat_in_d(repeats), classes(few), first_runs(few)]
    return [*sections, *tasks, *ensembles.measure(few, python)]


def further(name: str) -> str:
    """What a module prints, below its heading, the command that makes it alone, and what its docstring says of it."""
    about = (importlib.import_module(f"benchmarks.{name}").__doc__ or "").strip().split("\n\n", 1)[-1]
    own = {key: value for key, value in os.environ.items() if key not in ONE_THREAD}  # it sets what it needs itself
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=own)
    return f"## {FURTHER[name]}\n\n    python -m benchmarks.{name}\n\n{about}\n\n{done.stdout.rstrip()}\n"


def report(sections: Sequence[Section], command: str, jax: str, others: Sequence[str]) -> str:
    """The whole of RESULTS.md."""
    facts = f"{table.machine()}; {jax}; {platform.system()}."
    how = "One thread where no row says two; float64, medians of interleaved repeats, ratios of CPU time."
    said = "What other machines gave, and what was learnt: `benchmarks/README.md`."
    contenders = f"# Benchmarks\n\n    {command}\n\n{facts} {how} {said}\n\n{table.markdown(sections).rstrip()}\n"
    return "\n".join([contenders, *others])


def main() -> None:
    """Measure everything, print the table, write RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    add = parser.add_argument
    add("--jax", default=sys.executable, metavar="PYTHON", help="a Python that has jax (default: this one)")
    add("--repeats", type=int, default=7, help="rounds of the end-to-end benchmarks (default: 7)")
    asked = parser.parse_args()
    command = "python -m benchmarks.run" + (" --jax PYTHON" if asked.jax != sys.executable else "")
    command += f" --repeats {asked.repeats}" if asked.repeats != parser.get_default("repeats") else ""
    with ExitStack() as stack:
        jax, version = None, "jax absent, its rows skipped"
        try:
            jax = stack.enter_context(Jax(asked.jax))
            version = f"jax {jax.version}"
        except FileNotFoundError:
            parser.error(f"--jax is {asked.jax!r}; expected the path of a Python that has jax")
        except RuntimeError as error:
            print(error, file=sys.stderr)
        sections = measure(asked.repeats, jax, asked.jax)
        text = report(sections, command, version, [further(name) for name in FURTHER])
    print(text)
    RESULTS.write_text(text)


if __name__ == "__main__":
    main()
