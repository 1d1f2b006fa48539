"""What a request will take, before anything is allocated: memory against what is at hand, and time.

Every large array of a run is a `Piece`: its bytes, the parameters that make it large, and what would make it smaller.
Bytes are those at the peak, temporaries included.  Time counts multiplications and additions, at rates that were
measured (`simulate.run.seconds`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynamics.arrays import Array

from ..errors import InputError
from ..work import memory
from ..work.memory import amount
from ..work.progress import duration, say
from .pieces import all_pieces, total_bytes
from .request import STATES, Request, is_known, size_of
from .seconds import seconds

SMALL = 2.0**25  # bytes that are there wherever Python is: less is taken without asking, which takes a millisecond
LONGEST = 30 * 86400.0  # seconds that a request may take; more is taken for a slip of the pen
WORTH_SAYING = 10.0  # seconds from which the start of the work says how long it will take
CELL = 4000.0  # bytes of a grid's cell, its parameter values
ENTRY = 64.0  # bytes of a run's number in a grid, with its error, status and message
RECORD, SEEDS = "record", "seeds"


def check_run(request: Request, seeds: int = 1, label: str = "run") -> None:
    """Refuses a request that memory does not hold, or that would take more than a month; tells of a long one.

    Raises:
        InputError: naming the parameter at fault, and the cure.
    """
    check_memory(request, seeds)
    check_time(seconds(request) * seeds, request, seeds, label)


def check_grid(requests: Sequence[Request], cells: int, seeds: int, workers: int) -> None:
    """Refuses a grid of `cells` cells, whose corners are `requests`, that memory does not hold.  Raises InputError."""
    size = cells * (CELL + ENTRY * seeds)
    if size > SMALL and size > (free := memory.at_hand()):
        name, cure = ("seeds", "run fewer seeds") if ENTRY * seeds > CELL else ("x and y", "give fewer values")
        raise InputError(
            f"{name}: {cells:.3g} cells of {seeds:.3g} seeds take about {amount(size)}, and {amount(free)} are at "
            f"hand; {cure}"
        )
    for request in requests:
        check_memory(request, 1, min(workers, cells * seeds))


def check_cells(takes: Array, runs: NDArray[np.intp], dearest: Request, seeds: int, workers: int) -> None:
    """As `check_time`, of a grid's cells: the seconds that a run of each takes (C,), and how many runs it makes (C,).

    `dearest` is a run of the cell that takes most, `seeds` how many a cell has in all.
    """
    expected = float((takes * runs).sum()) / min(workers, len(takes))
    check_time(expected, dearest, seeds, "phase", len(takes))


def check_sweep(requests: Sequence[Request], workers: int, label: str) -> None:
    """As `check_run`, of runs that are each one of `requests` and that `workers` threads take at a time.

    Raises:
        InputError: naming `label` and the parameter at fault.
    """
    if not requests:
        return
    at_once = min(workers, len(requests))
    for request in requests:
        check_memory(request, 1, at_once, label)
    check_time(sum(map(seconds, requests)) / at_once, max(requests, key=seconds), 1, label, len(requests))


def check_memory(request: Request, seeds: int = 1, workers: int = 1, label: str = "") -> None:
    """Refuses what does not fit into memory, with what makes it so large.  Raises InputError.

    A `label` names work whose sizes its caller may not have given.
    """
    pieces = all_pieces(request, seeds)
    total = workers * total_bytes(pieces)
    if total <= SMALL or total <= (free := memory.at_hand()):
        return
    names = _culprits(request, seeds, free / workers)
    worst = max(pieces, key=lambda piece: piece.bytes)
    values = {**request.values, "seeds": seeds}
    said = " and ".join(f"{name} ({values[name]:g})" if is_known(values, name) else name for name in names)
    numbers = [name for name in names if name not in (RECORD, SEEDS)]
    cures = [f"lower {' and '.join(numbers)}"] if numbers else []
    cures += ["record fewer steps"] * (RECORD in names) + ["run fewer seeds"] * (SEEDS in names)
    cure = ", and ".join(cures)
    if worst.optional and workers * total_bytes(piece for piece in pieces if not piece.optional) <= free:
        cure += ", or leave the test variables out of observables"
    if label:
        said, cure = f"{label}: {said}", f"{cure}, or free memory"
    part = f"about {amount(worst.bytes)} of {amount(total)} in all" if amount(worst.bytes) != amount(total) else (
        f"about {amount(total)}")
    raise InputError(f"{said}: {worst.what} take {part}, and {amount(free)} are at hand; {cure}")


def _culprits(request: Request, seeds: int, free: float) -> list[str]:
    """What to lower: the sizes furthest above their published defaults, as many as have to come down to these."""
    usual = {each.name: each.default for each in request.model.parameters}
    names = dict.fromkeys((*request.lower, *request.dictionaries, "m", "d"))
    sizes = {name: size_of(request.values, name) for name in names}
    excess = {name: value / max(size_of(usual, name), 1.0) for name, value in sizes.items()}
    excess |= {RECORD: request.recorded / STATES, SEEDS: float(seeds)}
    culprits: list[str] = []
    for name in sorted(excess, key=lambda name: -excess[name]):
        if excess[name] <= 1 or total_bytes(all_pieces(request, seeds)) <= free:
            break
        culprits.append(name)
        if name == SEEDS:
            seeds = 1
        elif name == RECORD:
            request = replace(request, recorded=STATES)
        else:
            request = replace(request, values={**request.values, name: max(size_of(usual, name), 1.0)})
    return culprits or [*request.lower, "m"]


def check_time(expected: float, request: Request, seeds: int, label: str, cells: int = 1) -> None:
    """Raises InputError where the work would take more than a month; says how long, on stderr, where it is long."""
    if expected > LONGEST:
        without_steps = seconds(replace(request, steps=0)) * seeds * cells
        if seeds > 1 and expected / seeds <= LONGEST:
            culprit, cure = f"seeds: {seeds:g} of them", "run fewer seeds"
        elif without_steps <= LONGEST and request.steps > 1:
            culprit, cure = f"steps: {request.steps:g} of them", "take fewer steps"
        else:
            names = (*request.lower, "m", "d")
            sizes = ", ".join(f"{name} = {request.values[name]:g}" for name in names if is_known(request.values, name))
            culprit, cure = f"{request.lower[-1]}: a run at {sizes}", f"lower {', '.join(names[:-1])} or d"
        raise InputError(
            f"{culprit} would take about {duration(expected)}, and what takes more than {duration(LONGEST)} is not "
            f"begun; {cure}"
        )
    if expected > WORTH_SAYING:
        say(f"{label}: this may take about {duration(expected)}")
