"""The ascent to states that leave a claim in one step: random lines inside the hypotheses, from the tightest states."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from derivations.declare import Statement
from derivations.declare.formula import FormulaError
from dynamics.arrays import Array
from dynamics.chance.streams import stream

from ..ask.chosen import Chosen
from ..errors import Diverged, InputError
from ..run.problem import Start
from .bench import started
from .case import Case
from .cases import state_case
from .formula import uses
from .ground import ground, place_of
from .indexed import Indexed
from .judge import Outcome, judge
from .over_steps import Point
from .replay import replayed
from .space import Place, space_of

STARTS = 8  # draws and parameter points from which states are made
ROWS = 40  # states of a run that a search may start from
REACH = 12  # lengths of a move that are tried for where it leaves the hypotheses
ELITE = 6  # states that a claim's moves start from
_SIZES = (1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True)
class State:
    """A state of the hypothesis set: where it was made, its step and its coefficients b (H, m, B).

    `named` are the quantities that speak of a named step of the run that it was made from, such as its last one.
    """

    place: Place
    start: Start
    t: int
    b: Array
    named: Mapping[str, Indexed]


@dataclass(frozen=True)
class Broken:
    """A state that leaves a claim in one step: the failing entry, and how the step agrees with training in torch."""

    state: State
    point: Point
    replay: str


@dataclass(eq=False)
class Climb:
    """What is known of one claim: its verdict so far, how near a state came, and the one that broke it."""

    statement: Statement
    ran: int = 0
    states: int = 0
    violated: Point | None = None
    tightest: float = math.inf
    broken: Broken | None = None
    elite: list[tuple[float, State]] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """One of the four words."""
        if self.violated is not None:
            return "false"
        if self.broken is not None:
            return "on trajectories only"
        return "inductive" if self.states else "untested"

    def offered(self, gap: float, state: State) -> None:
        """Keeps the states from which the claim is nearest to failing."""
        self.tightest = min(self.tightest, gap)
        self.elite = sorted([*self.elite, (gap, state)], key=lambda each: each[0])[:ELITE]


class Ascent:
    """The search of one joint hypothesis."""

    def __init__(
        self, chosen: Chosen, statements: Sequence[Statement], quantities: Mapping[str, str],
        steps: int | str | None, seed: int,
    ) -> None:
        self.place = place_of(chosen, steps, seed)
        self.ground = ground(chosen.setting, quantities).starting(self.place)
        self.space = space_of(chosen.resolved.model, self.place.params, statements, quantities, False)
        self.quantities, self.climbs = quantities, [Climb(statement) for statement in statements]
        self.rng = stream(seed, "inductive")
        self.inside = self.tried = 0

    def run(self, tries: int, step: Callable[[], object]) -> None:
        """Runs, and then states about theirs, until so many are tried."""
        self.left, self.step = tries, step
        for at in range(STARTS):
            place = self.place if at == 0 else replace(self.place, seed=self.place.seed + at)
            if at > 2:
                place = self.space.moved(place, self.rng)
            until = self.left * (STARTS - 1 - at) // (STARTS - at)
            states = list(self._visited(place))
            while states and self.left > until and any(each.broken is None for each in self._open()):
                self._climb(states)

    def _open(self) -> list[Climb]:
        return [each for each in self.climbs if each.violated is None]

    def _visited(self, place: Place) -> Iterator[tuple[State, list[Climb]]]:
        """States of a run where no claim fails, with those that speak there; a claim that fails on the run is false."""
        try:
            bench = self.ground.plain(place)
            case = bench.case(place.seed, place.steps, [climb.statement for climb in self.climbs])
            spoken = [judge(climb.statement, case) for climb in self.climbs]
        except (InputError, FormulaError, Diverged, OverflowError):
            return
        for climb, outcome in zip(self.climbs, spoken, strict=True):
            climb.ran += bool(outcome.entries)
            if outcome.failed and climb.violated is None:
                climb.violated = outcome.first
        named = {name: each for name, each in case.fixed.items() if uses(self.quantities[name], "at")}
        start = started(bench.problem, place.seed)
        rows = np.unique(np.geomspace(1, len(case.t), ROWS).astype(int)) - 1
        for row in rows if case.states.b is not None else ():
            state = State(place, start, max(1, int(case.t[row])), case.states.b[row], named)  # type: ignore[index]
            if speaking := self._speaking(self._case(state, 1)):
                yield state, speaking

    def _climb(self, states: Sequence[tuple[State, list[Climb]]]) -> None:
        """One move: from a state of a run where a claim speaks, or one of the best for it, as far as hypotheses go."""
        aimed = [each for each in self._open() if each.broken is None]
        climb = aimed[int(self.rng.integers(len(aimed)))]
        if climb.elite and self.rng.random() < 0.7:
            state = climb.elite[int(self.rng.integers(len(climb.elite)))][1]
        else:
            own = [each for each, speaking in states if climb in speaking] or [each for each, _ in states]
            state = own[int(self.rng.integers(len(own)))]
        move, size, inside = self._move(state.b), 1.0, 0.0
        for _ in range(REACH):
            if self.left <= 0:
                return
            held = climb in self._try(replace(state, b=state.b + size * move))
            if held:
                inside, size = size, 2 * size if inside == size / 2 or not inside else (size + 2 * inside) / 2
            else:
                size = (inside + size) / 2 if inside else size / 4
            if inside and abs(size - inside) < 0.02 * inside:
                return

    def _move(self, b: Array) -> Array:
        """A direction: random signs or a multiple, of one entry, one filter, one direction, one head or all."""
        mask = np.zeros(b.shape)
        h, r, k = (int(self.rng.integers(size)) for size in b.shape)
        places: list[Any] = [(h, r, k), (h, r), (slice(None), slice(None), k), (h, slice(None), k), (h,), ()]
        mask[places[int(self.rng.integers(len(places)))]] = 1.0
        largest = max(float(np.abs(b * mask).max()), 1e-3 * float(np.abs(b).max()), 1e-300)
        scale = float(self.rng.choice(_SIZES)) * largest
        kind = int(self.rng.integers(3))
        if kind == 0:
            return scale * mask * self.rng.normal(size=b.shape)
        if kind == 1:
            return scale * mask * float(self.rng.choice((-1.0, 1.0)))
        return float(self.rng.choice((-1.0, 1.0))) * float(self.rng.choice(_SIZES)) * mask * b

    def _try(self, state: State) -> list[Climb]:
        """The claims that speak of a state, where none fails; each of them is then judged one step later."""
        self.left, self.tried = self.left - 1, self.tried + 1
        self.step()
        case = self._case(state, 1)
        if not (speaking := self._speaking(case)):
            return []
        self.inside += 1
        for climb in self._open():
            if climb.broken is None:
                self._later(climb, state)
        return speaking

    def _speaking(self, case: Case | None) -> list[Climb]:
        """The claims that speak of a state; none where one of them fails, or has no value."""
        told = [] if case is None else [(each, self._judged(each.statement, case)) for each in self.climbs]
        if any(outcome is None or outcome.failed for _, outcome in told):
            return []
        return [climb for climb, outcome in told if outcome is not None and outcome.entries]

    def _later(self, climb: Climb, state: State) -> None:
        here, case = self._case(state, 1), self._case(state, 2)
        before = None if here is None else self._judged(climb.statement, here)
        after = None if case is None else self._judged(climb.statement, case)
        if case is None or not before or not before.entries or not after or not after.entries:
            return
        climb.states += 1
        if after.failed and after.first is not None:
            climb.broken = Broken(state, after.first, replayed(case))
        elif after.closest is not None:
            climb.offered(after.near, state)

    def _case(self, state: State, row: int) -> Case | None:
        """The case of one step from a state, to be looked at before (1) or after it (2)."""
        try:
            with np.errstate(all="ignore"):
                case = state_case(state.start, state.b, self.quantities, state.t, self.place.steps)
        except (InputError, FormulaError, Diverged, OverflowError):
            return None
        if len(case.t) <= row:
            return None
        return replace(case, rows=np.array([row]), known={}, fixed=dict(state.named), sums={}, taken={})

    @staticmethod
    def _judged(statement: Statement, case: Case) -> Outcome | None:
        try:
            return judge(statement, case)
        except FormulaError:
            return None
