"""How each kind of observable is computed: one evaluator a kind, found by the kind's class and never by a list.

A kind is declared in `derivations.declare.observed`; its evaluator derives from the class here that goes with what the
kind is known from, is marked with `@evaluates(Kind)`, and stands in a module that `simulate.observe.observables` loads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from derivations.declare import KnownFrom, Model, Observable
from dynamics.arrays import Array, Steps
from dynamics.chance.gram import Reduced
from dynamics.fresh import classnoise, testlaw

from ..start.drawn import Draw
from .states import States, Variable

Kind = TypeVar("Kind", bound=Observable)
Made = TypeVar("Made", bound="Evaluator[Any]")


@dataclass(frozen=True)
class Sizes:
    """What the memory of a run goes by: S filters on B directions in d dimensions, T recorded states of n examples."""

    filters: float
    directions: float
    d: float
    recorded: float
    examples: float


class Evaluator(Generic[Kind]):
    """How observables of one kind are computed."""

    def arrays(self, declared: Kind, sizes: Sizes) -> Mapping[str, float]:
        """The large arrays that it needs beyond the states: in words, the same for kinds that share one, and bytes."""
        return {}


class OfStates(Evaluator[Kind], ABC):
    """Of a kind that the recorded states of a draw determine, one by one or in their order, or that its data do."""

    @abstractmethod
    def variable(self, states: States, declared: Kind) -> Variable | None:
        """The observable at the states; None where they do not determine it."""

    def undefined(self, states: States, declared: Kind) -> str:
        """Why it has no value on this draw, in one sentence; "" where it has one."""
        return ""


class Counter(Protocol):
    """What is counted along one run."""

    def add(self, t: Steps, z: Array) -> None:
        """Takes the states z (T, H, m, B) at the consecutive steps t (T,); chunks come in the run's order."""

    def variables(self, t: Steps) -> dict[str, Variable]:
        """What was counted, at the recorded steps t (T,)."""


class OfRun(Evaluator[Kind], ABC):
    """Of a kind that has to be shown every step's state."""

    @abstractmethod
    def counter(self, declared: Sequence[Kind], model: Model, y: Array, clean: Array, recorded: Steps) -> Counter:
        """One counter for all that a run wants of this kind, on examples labelled y, `clean` before flips."""


@dataclass(frozen=True)
class FreshDraws:
    """Fresh examples along states of a draw: their law, the normals behind it, and the vector that each label holds.

    z and b (T, H, m, B), shares (T,); `held`(family) (L,) tells which fresh vector an example of each label holds.
    """

    outputs: testlaw.Outputs
    law: testlaw.Fresh
    normals: Array
    draw: Draw
    z: Array
    b: Array
    shares: Array
    held: Callable[[str], list[int]]

    @property
    def start(self) -> classnoise.Start:
        """The filters at step 0 among the directions."""
        return start_of(self.draw)


def start_of(draw: Draw) -> classnoise.Start:
    """The filters of a draw among its directions, as vectors where it has any."""
    reduced = Reduced(z=draw.z, gram=draw.gram, weight_gram=draw.weight_gram)
    flat = None if draw.weights is None else draw.weights.reshape(-1, draw.weights.shape[-1])
    return classnoise.Start(reduced, draw.vectors, flat)


class OfFresh(Evaluator[Kind], ABC):
    """Of a kind that is of fresh examples at each state."""

    @abstractmethod
    def statistics(self, declared: Kind, fresh: FreshDraws) -> dict[str, Array]:
        """Its variables by name, each (T,), (T, class) or (T, class, bin)."""


_WANTED: Final[Mapping[KnownFrom, type[Evaluator[Any]]]] = {
    KnownFrom.STATE: OfStates, KnownFrom.RECORDED: OfStates, KnownFrom.DATA: OfStates, KnownFrom.RUN: OfRun,
    KnownFrom.FRESH: OfFresh,
}
KINDS: Final[dict[type[Observable], Evaluator[Any]]] = {}


def evaluates(kind: type[Observable]) -> Callable[[type[Made]], type[Made]]:
    """Marks the evaluator class of a kind.  Raises TypeError where it does not go with what the kind is known from."""

    def marked(evaluator: type[Made]) -> type[Made]:
        wanted = _WANTED[kind.known_from]
        if not issubclass(evaluator, wanted):
            said = f"{kind.__name__} is known from {kind.known_from.value}"
            raise TypeError(f"{evaluator.__name__}: {said}, so its evaluator derives from {wanted.__name__}")
        if kind in KINDS:
            raise TypeError(f"{evaluator.__name__}: {kind.__name__} has the evaluator {type(KINDS[kind]).__name__}")
        KINDS[kind] = evaluator()
        return evaluator

    return marked


def evaluator(declared: Observable) -> Evaluator[Any]:
    """The evaluator of an observable's own class.  Raises TypeError, a defect, where nobody has written one."""
    kind = type(declared)
    if kind not in KINDS:
        raise TypeError(f"{kind.__name__} has no evaluator; write one in simulate/observe, marked @evaluates")
    return KINDS[kind]


def of_states(declared: Observable) -> OfStates[Any]:
    """The evaluator of an observable of states or data."""
    found = evaluator(declared)
    assert isinstance(found, OfStates)
    return found


def of_run(declared: Observable) -> OfRun[Any]:
    """The evaluator of an observable that is counted along a run."""
    found = evaluator(declared)
    assert isinstance(found, OfRun)
    return found


def of_fresh(declared: Observable) -> OfFresh[Any]:
    """The evaluator of an observable of fresh examples."""
    found = evaluator(declared)
    assert isinstance(found, OfFresh)
    return found
