"""What a request will take, before anything is allocated: memory against what is at hand, and time.

Every large array of a run is a `Piece`: its bytes, the parameters that make it large, and what would make it smaller.
Bytes are those at the peak, temporaries included.  Time counts multiplications and additions at RATE a second, which
one core of a recent machine passes several times over, so that what is refused would indeed take long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from derivations.declare import (
    ClassNoiseLaw,
    FixedLaw,
    GaussianLaw,
    Law,
    MixtureLaw,
    Model,
    TaskLaw,
    chosen_law,
    of_class,
)
from derivations.declare.views import Sizes
from derivations.errors import ModelError
from dynamics.arrays import Array
from dynamics.kernel.kernel import LANES_FROM, LANES_UPTO

from ..errors import InputError
from ..observe import observables as obs
from ..start.refusals import LARGEST
from ..work import memory
from ..work.memory import amount
from ..work.progress import duration, say

RATE = 1e9  # operations a second
LANES_RATE = 2e10  # the same, of runs that go together on lanes (benchmarks/ensembles.py: 3 to 5 times 1e10)
SMALL = 2.0**25  # bytes that are there wherever Python is: less is taken without asking, which takes a millisecond
LONGEST = 30 * 86400.0  # seconds that a request may take; more is taken for a slip of the pen
WORTH_SAYING = 10.0  # seconds from which the start of the work says how long it will take
START = 2e-3  # seconds that a run takes whatever its size
TOGETHER = 1e-4  # the same, of one among many
FRESH = 4096  # draws of a test law
CELL = 4000.0  # bytes of a grid's cell, its parameter values
ENTRY = 64.0  # bytes of a run's number in a grid, with its error, status and message
STATES = 200  # recorded states by default

RECORD, SEEDS = "record", "seeds"


@dataclass(frozen=True)
class Piece:
    """An array, or several alike: what they hold and their bytes; `optional` where only test variables need them."""

    what: str
    bytes: float
    optional: bool = False


@dataclass(frozen=True)
class Request:
    """One run: H heads of m filters in d dimensions, B directions of n examples in all, T recorded states.

    `recorded` is T, `wanted` are the variables asked for, and `fresh` the examples that each state is judged on.
    """

    model: Model
    values: Mapping[str, Any]
    sampling: str
    engine: str
    steps: int
    recorded: float
    wanted: Collection[str]
    fresh: float = FRESH

    @property
    def tasks(self) -> float:
        """K, 1 without tasks."""
        return math.prod((_float(self.values, name) for name in self.model.algorithm.sizes[:-1]), start=1.0)

    @property
    def examples(self) -> float:
        """All of them."""
        return math.prod((_float(self.values, name) for name in self.model.algorithm.sizes), start=1.0)

    @property
    def lower(self) -> tuple[str, ...]:
        """What the number of examples comes from."""
        return self.model.algorithm.sizes

    @property
    def directions(self) -> float:
        """B."""
        return float(self.model.offsets(int(self.examples), int(self.tasks))[""])

    @property
    def filters(self) -> float:
        """S = H m."""
        return self.model.n_heads * _float(self.values, "m")

    @property
    def d(self) -> float:
        """The dimension."""
        return _float(self.values, "d")


def states(record: object, steps: int) -> float:
    """How many states are recorded: all, the caller's list, or the default's."""
    if isinstance(record, str):
        return steps + 1.0
    return float(min(steps + 1, len(record) if isinstance(record, Sequence) else STATES + 2))


def check_run(request: Request, seeds: int = 1, label: str = "run") -> None:
    """Refuses a request that memory does not hold, or that would take more than a month; tells of a long one.

    Raises:
        InputError: naming the parameter at fault, and the cure.
    """
    check_memory(request, seeds)
    check_time(seconds(request) * seeds, request, seeds, label)


def check_grid(requests: Sequence[Request], cells: int, seeds: int, workers: int) -> None:
    """Refuses a grid of `cells` cells, whose corners are `requests`, that memory does not hold.  Raises InputError."""
    size, free = cells * (CELL + ENTRY * seeds), memory.at_hand()
    if size > free:
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
    found = _pieces(request, seeds)
    total = workers * _bytes(found)
    if total <= SMALL or total <= (free := memory.at_hand()):
        return
    names = _culprits(request, seeds, free / workers)
    worst = max(found, key=lambda piece: piece.bytes)
    values = {**request.values, "seeds": seeds}
    said = " and ".join(f"{name} ({values[name]:g})" if _known(values, name) else name for name in names)
    numbers = [name for name in names if name not in (RECORD, SEEDS)]
    cures = [f"lower {' and '.join(numbers)}"] if numbers else []
    cures += ["record fewer steps"] * (RECORD in names) + ["run fewer seeds"] * (SEEDS in names)
    cure = ", and ".join(cures)
    if worst.optional and workers * _bytes(piece for piece in found if not piece.optional) <= free:
        cure += ", or leave the test variables out of observables"
    if label:
        said, cure = f"{label}: {said}", f"{cure}, or free memory"
    part = f"about {amount(worst.bytes)} of {amount(total)} in all" if amount(worst.bytes) != amount(total) else (
        f"about {amount(total)}")
    raise InputError(f"{said}: {worst.what} take {part}, and {amount(free)} are at hand; {cure}")


def _culprits(request: Request, seeds: int, free: float) -> list[str]:
    """What to lower: the sizes furthest above their published defaults, as many as have to come down to these."""
    usual = {each.name: each.default for each in request.model.parameters}
    sizes = {name: _float(request.values, name) for name in dict.fromkeys((*request.lower, "m", "d"))}
    excess = {name: value / max(_float(usual, name), 1.0) for name, value in sizes.items()}
    excess |= {RECORD: request.recorded / STATES, SEEDS: float(seeds)}
    found: list[str] = []
    for name in sorted(excess, key=lambda name: -excess[name]):
        if excess[name] <= 1 or _bytes(_pieces(request, seeds)) <= free:
            break
        found.append(name)
        if name == SEEDS:
            seeds = 1
        elif name == RECORD:
            request = replace(request, recorded=STATES)
        else:
            request = replace(request, values={**request.values, name: max(_float(usual, name), 1.0)})
    return found or [*request.lower, "m"]


def _pieces(request: Request, seeds: int) -> list[Piece]:
    return [*pieces(request), *_of_seeds(request, seeds)]


def _bytes(parts: Iterable[Piece]) -> float:
    return sum(piece.bytes for piece in parts)


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
            sizes = ", ".join(f"{name} = {request.values[name]:g}" for name in names if _known(request.values, name))
            culprit, cure = f"{request.lower[-1]}: a run at {sizes}", f"lower {', '.join(names[:-1])} or d"
        raise InputError(
            f"{culprit} would take about {duration(expected)} at {RATE:.0e} operations a second, and what takes more "
            f"than {duration(LONGEST)} is not begun; {cure}"
        )
    if expected > WORTH_SAYING:
        say(f"{label}: this may take about {duration(expected)}")


def pieces(request: Request) -> list[Piece]:
    """The large arrays of one run."""
    B, S, T, n, d = request.directions, request.filters, request.recorded, request.examples, request.d
    gram = request.sampling == "gram"
    held = int(gram and (B + S) ** 2 <= LARGEST)  # more is refused by the draw itself, with its own cure
    found = [
        Piece(f"the inner products of {B:.3g} directions", 3 * 8 * B**2),
        Piece(f"{S:.3g} filters on {B:.3g} directions", 3 * 8 * S * B),
        Piece(f"the inner products of {S + B:.3g} filters and vectors", held * 4 * 8 * (S + B) ** 2),
        Piece(f"{T:.3g} recorded states", 24 * T * S * B),
        Piece(f"{T:.3g} recorded margins", 6 * 8 * T * n),
    ]
    if not gram and (B + S) * d <= LARGEST:
        found.append(Piece(f"{B + S:.3g} vectors of {d:.3g} entries", 8 * (2 * B + S) * d))
    if request.engine == "weights":
        found.append(Piece(f"{T:.3g} recorded weights", 3 * 8 * T * S * d))
    return [*found, *_of_observables(request)]


def _of_observables(request: Request) -> list[Piece]:
    """Arrays that only some variables need."""
    S, T, wanted = request.filters, request.recorded, set(request.wanted)
    found = []
    for family in request.model.directions:
        name, size = family.coefficient.name, request.model.sizes(int(request.examples), int(request.tasks))
        copies = len({name, f"{name}_over", f"{name}_under"} & wanted)
        found.append(Piece(f"{T:.3g} recorded {name}", 16.0 * copies * T * S * size[family.name]))
    pairs = 8 * S**2
    fresh = [name for name in obs.fresh_names(request.model) if name in wanted]
    if fresh and _covariances(request):
        covariances = f"the test law's covariances of {S:.3g} filters"
        found.append(Piece(covariances, _covariances(request) * pairs, optional=True))
        found.append(Piece(f"{FRESH} fresh draws", 4 * 8 * FRESH * S, optional=True))
    else:
        found += _declared(request)
    return found


def _declared(request: Request) -> list[Piece]:
    """Arrays that declared observables need beyond the states, as their kinds say it; what several share, once."""
    sizes = Sizes(request.filters, request.directions, request.d, request.recorded, request.examples)
    wanted = [o for o in request.model.observables if {o.name, *o.also} & set(request.wanted)]
    arrays = {what: held for o in wanted for what, held in o.arrays(sizes).items()}
    return [Piece(what, held) for what, held in arrays.items()]


def _covariances(request: Request) -> float:
    """How many covariances of all filters the test law holds: one a recorded state, or one; 0 where it has no law."""
    if request.model.algorithm.over_tasks:
        return 2 * request.recorded + 3
    try:
        laws = [chosen_law(request.model.family(name), request.values) for name in request.model.test.fresh]
    except ModelError:  # a choice that is not made: the draw says so, or takes the caller's arrays instead
        return 0
    held = [of_class(COVARIANCES, law, "covariances of fresh vectors") for law in laws if law is not None]
    return max((each(request.recorded) for each in held), default=0.0)


COVARIANCES: Final[Mapping[type[Law], Callable[[float], float]]] = {
    GaussianLaw: lambda recorded: 2 * recorded + 3, MixtureLaw: lambda recorded: 2 * recorded + 3,
    ClassNoiseLaw: lambda recorded: 5.0, FixedLaw: lambda recorded: 0.0, TaskLaw: lambda recorded: 0.0,
}
"""How many covariances the test law holds at once, of so many recorded states, by the law of what is fresh."""


def _of_seeds(request: Request, seeds: int) -> list[Piece]:
    """What several seeds keep until all are run: the variables wanted."""
    if seeds == 1:
        return []
    names, T = set(request.wanted), request.recorded
    sizes = request.model.sizes(int(request.examples), int(request.tasks))
    each = 8.0 * T * len(names)
    for family in request.model.directions:
        coef = family.coefficient.name
        copies = len({coef, f"{coef}_over", f"{coef}_under"} & names)
        each += 8.0 * copies * T * request.filters * sizes[family.name]
    start = 24 * request.directions * (request.directions + request.filters)  # its draw
    return [Piece(f"{seeds:.3g} seeds' variables", (2 * each + start + 2000) * seeds)]


def seconds(request: Request) -> float:
    """How long one run takes at RATE, or at LANES_RATE where its cell's runs go together (`simulate.run.batch`)."""
    B, S, n, d, model = request.directions, request.filters, request.examples, request.d, request.model
    patches = len(model.patches)
    passes, inside = 1.0, 0.0
    if model.algorithm.over_tasks:
        passes += _float(request.values, model.bilevel.inner_steps)
        inside = S * request.tasks * (B / request.tasks) ** 2
    if request.engine == "weights":
        a_step = 6 * passes * n * patches * S * d + 1e6 * (1 + passes * request.tasks)
    elif inside:
        a_step = 2 * passes * inside + 2 * S * B * min(B, d) + 20 * S * B
    else:
        a_step = 2 * S * B * min(B, n + 8) + 20 * S * B
    drawn = 2 * B * (B + S) * min(d, B + S) if request.sampling == "gram" else 2 * B * (B + S) * d
    drawn *= request.sampling == "gram" or (B + S) * d <= LARGEST  # more is refused by the draw itself
    fresh = bool(set(obs.fresh_names(model)) & set(request.wanted)) * request.fresh
    fresh *= request.recorded * S * (S + 40 * patches)
    operations = request.steps * a_step + drawn + fresh + request.recorded * a_step
    if _together(request):
        return TOGETHER + operations / LANES_RATE
    return START + operations / RATE


def _together(request: Request) -> bool:
    """Whether a grid makes this run in one call with others."""
    model, alone = request.model, {event.name for event in request.model.events}
    return (
        request.engine == "reduced" and request.sampling == "gram" and request.recorded == 1 and request.fresh == FRESH
        and LANES_FROM <= request.directions < LANES_UPTO and model.network.head_axis.signed
        and not model.algorithm.over_tasks and not model.algorithm.batched and not alone & set(request.wanted)
    )


def _float(values: Mapping[str, Any], name: str) -> float:
    """A number among the values; 1 where there is none, which the draw refuses."""
    value = values.get(name)
    return float(value) if isinstance(value, int | float) and value > 0 else 1.0


def _known(values: Mapping[str, Any], name: str) -> bool:
    return isinstance(values.get(name), int | float)
