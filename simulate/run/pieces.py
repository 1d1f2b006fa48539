"""The large arrays of a run, and the bytes of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from derivations.declare import (
    ClassNoiseLaw,
    EntryLaw,
    FixedLaw,
    GaussianLaw,
    Law,
    MixtureLaw,
    NeuronAxis,
    TaskLaw,
    chosen_law,
    of_class,
)
from derivations.declare.views import Sizes
from derivations.errors import ModelError

from ..observe import observables as obs
from ..observe.fresh import DRAWS
from ..start.refusals import LARGEST
from .request import Request, size_of


@dataclass(frozen=True)
class Piece:
    """An array, or several alike: what they hold and their bytes; `optional` where only test variables need them."""

    what: str
    bytes: float
    optional: bool = False


def all_pieces(request: Request, seeds: int) -> list[Piece]:
    """Those of one run, and what several seeds keep."""
    return [*pieces(request), *_of_seeds(request, seeds)]


def total_bytes(parts: Iterable[Piece]) -> float:
    """All of them together."""
    return sum(piece.bytes for piece in parts)


def pieces(request: Request) -> list[Piece]:
    """The large arrays of one run."""
    B, S, T, n, d = request.directions, request.filters, request.recorded, request.examples, request.d
    gram = request.sampling == "gram"
    held = int(gram and (B + S) ** 2 <= LARGEST)  # more is refused by the draw itself, with its own cure
    arrays = [
        Piece(f"the inner products of {B:.3g} directions", 3 * 8 * B**2),
        Piece(f"{S:.3g} filters on {B:.3g} directions", 3 * 8 * S * B),
        Piece(f"the inner products of {S + B:.3g} filters and vectors", held * 4 * 8 * (S + B) ** 2),
        Piece(f"{T:.3g} recorded states", 24 * T * S * B),
        Piece(f"{T:.3g} recorded margins", 6 * 8 * T * n),
    ]
    for items in (size_of(request.values, name) for name in request.dictionaries):
        arrays.append(Piece(f"the inner products of a dictionary of {items:.3g} vectors", 6 * 8 * items**2))
    if not gram and (B + S) * d <= LARGEST:
        arrays.append(Piece(f"{B + S:.3g} vectors of {d:.3g} entries", 8 * (2 * B + S) * d))
    if request.engine == "weights":
        arrays.append(Piece(f"{T:.3g} recorded weights", 3 * 8 * T * S * d))
    return [*arrays, *_of_observables(request)]


def _of_observables(request: Request) -> list[Piece]:
    """Arrays that only some variables need."""
    S, T, wanted = request.filters, request.recorded, set(request.wanted)
    arrays = []
    for family in request.model.directions:
        name, size = family.coefficient.name, request.model.sizes(int(request.examples), int(request.tasks))
        copies = len({name, f"{name}_over", f"{name}_under"} & wanted)
        arrays.append(Piece(f"{T:.3g} recorded {name}", 16.0 * copies * T * S * size[family.name]))
    pairs = 8 * S**2
    fresh = [name for name in obs.fresh_names(request.model) if name in wanted]
    if fresh and _covariances(request):
        covariances = f"the test law's covariances of {S:.3g} filters"
        arrays.append(Piece(covariances, _covariances(request) * pairs, optional=True))
        arrays.append(Piece(f"{DRAWS} fresh draws", 4 * 8 * DRAWS * S, optional=True))
    else:
        arrays += _declared(request)
    return arrays


def _declared(request: Request) -> list[Piece]:
    """Arrays that declared observables need beyond the states, as their kinds say it; what several share, once."""
    sizes = Sizes(request.filters, request.directions, request.d, request.recorded, request.examples)
    wanted = [o for o in request.model.observables if {o.name, *o.also} & set(request.wanted)]
    arrays = {what: held for o in wanted for what, held in o.arrays(sizes).items()}
    return [Piece(what, held) for what, held in arrays.items()]


def _covariances(request: Request) -> float:
    """How many covariances of all filters the test law holds: one a recorded state, or one; 0 where it has no law."""
    if request.model.algorithm.over_tasks or not request.model.test.by_own_laws:
        return 2 * request.recorded + 3 if request.model.test.drawn else 0
    try:
        laws = [chosen_law(request.model.family(name), request.values) for name in request.model.test.drawn]
    except ModelError:  # a choice that is not made: the draw says so, or takes the caller's arrays instead
        return 0
    held = [of_class(COVARIANCES, law, "covariances of fresh vectors") for law in laws if law is not None]
    return max((each(request.recorded) for each in held), default=0.0)


COVARIANCES: Final[Mapping[type[Law], Callable[[float], float]]] = {
    GaussianLaw: lambda recorded: 2 * recorded + 3, MixtureLaw: lambda recorded: 2 * recorded + 3,
    ClassNoiseLaw: lambda recorded: 5.0, EntryLaw: lambda recorded: 5.0,
    FixedLaw: lambda recorded: 0.0, TaskLaw: lambda recorded: 0.0, NeuronAxis: lambda recorded: 0.0,
}
"""How many covariances the test law holds at once, of so many recorded states, by the law of what is fresh."""


def _of_seeds(request: Request, seeds: int) -> list[Piece]:
    """What several seeds keep until all are run: the variables wanted."""
    if seeds == 1:
        return []
    names, T = set(request.wanted), request.recorded
    sizes = request.model.sizes(int(request.examples), int(request.tasks))
    a_seed = 8.0 * T * len(names)
    for family in request.model.directions:
        coef = family.coefficient.name
        copies = len({coef, f"{coef}_over", f"{coef}_under"} & names)
        a_seed += 8.0 * copies * T * request.filters * sizes[family.name]
    B, S = request.directions, request.filters
    start = 24 * B * (B + S)  # its draw
    for items in (size_of(request.values, name) for name in request.dictionaries):
        start += 8 * items * (items + B + S)
    return [Piece(f"{seeds:.3g} seeds' variables", (2 * a_seed + start + 2000) * seeds)]
