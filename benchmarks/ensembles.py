"""Ensembles of runs, end to end: `python -m benchmarks.ensembles [--jax PYTHON] [--shapes NAME,...]` prints the table.

`--libraries package,native,jax_ensembles` leaves the others' programs out, of which torch's take most of the time.

A run is drawn, trained and tested on 4096 fresh noises, one number a run.  gammarho's rows are `gr.phase` as a user
calls it, on a grid with as many cells as the others have runs.  A program lives in a process of its library's own, on
one thread or two; rounds take turns.  Before anything is measured, programs have to agree with gammarho (`agreement`).
What two threads gain is measured once more by itself, in many more rounds: of three, one that the machine disturbs
moves it by a tenth.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from . import agreement, table
from .child import Child
from .contenders.shapes import FLAT, SHAPES
from .table import Section, Target
from .timing import Sample, Timing, interleave

OURS, LANES, STRONGEST = "gammarho, phase", "C++, lanes", "JAX Gram form, Bartlett"
LIBRARIES = {"package": "gammarho", "native": "C++", "jax_ensembles": "JAX", "torch_ensembles": "torch"}
ON_TWO = (OURS, LANES, STRONGEST)
_MEASURED = ("kou", "pegr", "large", "classes", "few")
_BOUNDS: Mapping[str, tuple[float | None, float | None]] = {  # to C++, to JAX
    "kou": (1.8, 4.0), "pegr": (1.8, 5.0), "large": (1.5, 1.5), "classes": (None, 1.2), "few": (None, None),
}
SILENT = "gave no answer and was stopped"
_TRIES = 2  # calls by which a variant is chosen
_OFTEN = 5  # times as many rounds of what takes a second or less and is compared within a few hundredths


@dataclass(frozen=True)
class Contender:
    """A program in its child, at one variant; `first` is the CPU time of making it and its first call."""

    name: str
    child: Child
    program: str
    variant: str
    runs: int
    first: float

    def __str__(self) -> str:
        """The row's name."""
        return f"{self.name}, {self.variant}" if self.variant else self.name

    def ask(self, do: str, **told: object) -> dict[str, Any]:
        """What the program answers."""
        return self.child.ask(do=do, program=self.program, variant=self.variant, **told)

    def timed(self) -> Callable[[], Sample]:
        """For `interleave`: an ensemble, from another seed at every call; seconds a run."""
        seeds = itertools.count(1)
        return lambda: Sample(**self.child.ask(do="time", program=self.program, variant=self.variant, seed=next(seeds)))


@contextmanager
def library(name: str, shape: str, threads: int, python: str, caches: str) -> Iterator[Child]:
    """A library's child.  Raises RuntimeError, with the reason, where it is not there."""
    environment = {
        "NUMBA_NUM_THREADS": str(threads), "NPROC": str(threads), "NUMBA_CACHE_DIR": caches, "GAMMARHO_CACHE": caches,
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false", "JAX_ENABLE_X64": "1",
        "TORCHINDUCTOR_COMPILE_THREADS": "1", "TORCHINDUCTOR_CACHE_DIR": caches,
    }
    of = python if name == "jax_ensembles" else sys.executable
    with Child([of, "-m", "benchmarks.contenders.child", name, shape, str(threads)], environment) as child:
        yield child


def best(name: str, child: Child, program: str, variants: Sequence[str]) -> Contender:
    """A program at the variant that takes least CPU time.  Raises RuntimeError where none can be made."""
    tried: list[tuple[float, Contender]] = []
    absent = ""
    for variant in variants:
        made = child.ask(do="make", program=program, variant=variant)
        if "absent" in made:
            absent = made["absent"]
            continue
        contender = Contender(name, child, program, variant, made["runs"], made["cpu"])
        call = contender.timed()
        tried.append((min(call().cpu for _ in range(_TRIES)), contender))
    if not tried:
        raise RuntimeError(absent)
    return min(tried, key=lambda pair: pair[0])[1]


def gathered(
    shape: str, threads: int, python: str, caches: str, stack: ExitStack, chosen: Mapping[str, str] | None = None,
    libraries: Sequence[str] = tuple(LIBRARIES),
) -> tuple[list[Contender], dict[str, str]]:
    """The contenders for a shape, and by name those that are absent with the reason.

    `chosen` are the only programs wanted, each with its variant; None: all, each at its best.
    """
    contenders, absent = [], {}
    for module, called in LIBRARIES.items():
        if module not in libraries:
            absent[called] = "not asked for"
            continue
        try:
            child = stack.enter_context(library(module, shape, threads, python, caches))
        except (RuntimeError, OSError) as reason:
            absent[called] = str(reason)
            continue
        offered = child.hello["programs"]
        wanted = offered if chosen is None else {program: [chosen[program]] for program in offered if program in chosen}
        for program, variants in wanted.items():
            name = program if threads == 1 else f"{program}, {threads} threads"
            try:
                contenders.append(best(name, child, program, variants))
            except RuntimeError as reason:
                absent[name] = str(reason)
    return contenders, absent


def sections(
    name: str, repeats: int, python: str, number: int, libraries: Sequence[str] = tuple(LIBRARIES)
) -> list[Section]:
    """One shape: the table of a run, and what is compiled before it."""
    shape = SHAPES[name]
    with ExitStack() as stack:
        caches = stack.enter_context(tempfile.TemporaryDirectory())
        contenders, absent = gathered(name, 1, python, caches, stack, None, libraries)
        notes = agreement.held(shape, contenders)
        if len(os.sched_getaffinity(0)) > 1:
            chosen = {each.program: each.variant for each in contenders if each.program in ON_TWO}
            more, without = gathered(name, 2, python, caches, stack, chosen, libraries)
            contenders, absent = [*contenders, *more], {**without, **absent}
        timings = interleave({str(each): each.timed() for each in contenders}, repeats, warm_up=1)
        gaining = [each for each in contenders if each.program in (OURS, LANES)]
        threads = interleave({str(each): each.timed() for each in gaining}, _OFTEN * repeats, warm_up=1)
    absent |= {str(each): SILENT for each in contenders if str(each) not in timings}
    contenders = [each for each in contenders if str(each) in timings]
    by_name = {each.name: timings[str(each)] for each in contenders}
    compiled = {
        str(each): _once(max(0.0, each.first - each.runs * timings[str(each)].cpu))
        for each in contenders if "threads" not in each.name
    }
    fewer = {str(each): each.runs for each in contenders if each.runs != shape.runs}
    notes += [f"{row} makes {runs} runs a call, the others {shape.runs}" for row, runs in fewer.items()]
    title = f"{number}. ensemble of {shape}"
    reference = next((str(each) for each in contenders if each.name == LANES), OURS)
    return [
        Section(title, "a run", timings, reference, _targets(name, by_name), tuple(notes), absent),
        Section(title, "a run, once more", threads, OURS, _gained(name, threads)),
        Section(title, "compiling, once", compiled),
    ]


def _once(seconds: float) -> Timing:
    return Timing(wall=seconds, cpu=seconds, low=seconds, high=seconds, repeats=1)


def _targets(name: str, timings: dict[str, Timing]) -> tuple[Target, ...]:
    """What is measured beside what it should be, for the contenders that are there."""
    ours, (to_lanes, to_jax) = timings[OURS], _BOUNDS[name]
    targets = []
    if to_lanes is not None and LANES in timings:
        targets.append(Target(f"phase over C++ with lanes, {name}", ours.cpu / timings[LANES].cpu, "<=", to_lanes))
    if to_jax is not None and STRONGEST in timings:
        targets.append(Target(f"JAX with Bartlett over phase, {name}", timings[STRONGEST].cpu / ours.cpu, ">=", to_jax))
    return tuple(targets)


def _gained(name: str, threads: Mapping[str, Timing]) -> tuple[Target, ...]:
    """What two threads gain, where there are two."""
    both = threads.get(f"{OURS}, 2 threads")
    if both is None:
        return ()
    return (Target(f"phase, wall time on one thread over two, {name}", threads[OURS].wall / both.wall, ">=", 1.8),)


def flat_in_d(repeats: int, number: int) -> Section:
    """`gr.phase` at Kou's sizes, sigma_p sqrt(d) and sigma_0 sqrt(d) held, d from 10^3 to 10^12."""
    with ExitStack() as stack:
        caches = stack.enter_context(tempfile.TemporaryDirectory())
        contenders = {
            f"d = {SHAPES[name].d:.0e}": best(
                OURS, stack.enter_context(library("package", name, 1, sys.executable, caches)), OURS, [""]
            )
            for name in FLAT
        }
        timings = interleave({row: each.timed() for row, each in contenders.items()}, _OFTEN * repeats)
    costs = [time.cpu for time in timings.values()]
    target = Target("phase, dearest d over cheapest", max(costs) / min(costs), "<=", 1.2)
    return Section(f"{number}. phase, n=20 m=10 T=100", "a run", timings, next(iter(timings)), (target,))


def measure(
    repeats: int, python: str, names: Sequence[str] = _MEASURED, first: int = 9,
    libraries: Sequence[str] = tuple(LIBRARIES),
) -> list[Section]:
    """All sections, numbered from `first`."""
    measured = []
    for number, name in enumerate(names, first):
        measured += sections(name, repeats, python, number, libraries)
    return [*measured, flat_in_d(repeats, first + len(names))] if "kou" in names else measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ensembles", description=__doc__)
    add = parser.add_argument
    add("--jax", default=sys.executable, metavar="PYTHON", help="a Python that has jax (default: this one)")
    add("--repeats", type=int, default=7, help="rounds (default: 7)")
    add("--shapes", default=",".join(_MEASURED), help=f"which of {', '.join(_MEASURED)} (default: all)")
    add("--libraries", default=",".join(LIBRARIES), help=f"which of {', '.join(LIBRARIES)} (default: all)")
    asked = parser.parse_args()
    libraries = asked.libraries.split(",")
    if not set(libraries) <= set(LIBRARIES):
        parser.error(f"--libraries is {asked.libraries!r}; expected some of {', '.join(LIBRARIES)}")
    names = asked.shapes.split(",")
    if not set(names) <= set(_MEASURED):
        parser.error(f"--shapes is {asked.shapes!r}; expected some of {', '.join(_MEASURED)}, with commas between")
    print(table.markdown(measure(asked.repeats, asked.jax, names, libraries=libraries)))


if __name__ == "__main__":
    main()
