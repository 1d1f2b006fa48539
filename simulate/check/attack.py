"""The attack on one statement: tries that climb to its hypotheses, along their edges, and to where it is tightest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from derivations.commands import command
from derivations.declare import Statement, Value
from derivations.declare.formula import FormulaError
from dynamics.chance.streams import stream

from ..ask.chosen import Chosen
from ..errors import Diverged, InputError
from ..work.progress import doing
from .bench import Bench, Result
from .case import Case
from .forecast import seconds_of
from .formula import number
from .ground import ground, place_of
from .hypotheses import Part, parts
from .indexed import at_most
from .judge import Outcome, judge, rows_of
from .space import DIMENSION, STEPS, Place, Space, rounded, space_of
from .verdict import failure_limits
from .view import NoSuchStep

WORK = 1e7  # multiplications of one try; more where the search starts from more
TRY = 0.05  # seconds that a try takes whatever its size
ELITE = 8  # places that new tries move
EDGES = 0.4  # share of the moves that start from the place nearest to the edge of some hypothesis
FIRST = 8  # draws of the start that are tried until one is inside the hypotheses
FEW, MANY = 4, 30  # draws of a try of a probability, and of one where most of these failed
_LONG = 3.0  # first push towards an edge, in logarithms, halved as it closes in


@dataclass(frozen=True)
class Tried:
    """One try: a score, higher is closer to a violation (below 1 outside the hypotheses, 3 where it is violated)."""

    place: Place
    score: float
    outcomes: tuple[Outcome, ...] = ()
    rooms: Mapping[str, float] = field(default_factory=dict)

    @property
    def inside(self) -> bool:
        """Whether the hypotheses were met."""
        return self.score >= 1

    @property
    def violated(self) -> bool:
        """Whether the claim failed there."""
        return self.score >= 3


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """What a search of one statement found: tries inside its hypotheses, the tightest, the edges, and a witness.

    `failing` is the largest share of a place's draws on which a probability's claim fails, while no more than its delta
    is shown; there `tightest` is 0.
    `edges` are the parts of the hypotheses by name, with how near the tries came to each, relative to its sides;
    `command` searches again, "" for a statement that is not on record; `setting` is the word by which it was asked for.
    """

    statement: Statement
    tries: int
    inside: int
    tightest: float
    failing: float
    place: Mapping[str, Value]
    edges: Mapping[str, float]
    result: Result | None
    command: str
    setting: str

    @property
    def violated(self) -> bool:
        """Whether a violation was found."""
        return self.result is not None


class Attack:
    """The search of one statement, from one start."""

    def __init__(
        self, chosen: Chosen, statement: Statement, quantities: Mapping[str, str], steps: int | str | None,
        tries: int, seed: int, on_record: bool = True, latest: float = math.inf,
    ) -> None:
        """`latest`: what fails at later steps alone is no violation."""
        self.statement, self.tries, self.latest = statement, tries, latest
        self.draws = FEW if statement.random else 1
        self.start = place_of(chosen, steps, seed)
        self.ground = ground(chosen.setting, quantities).starting(self.start)
        whole = statement.at in ("", "T")
        self.space: Space = space_of(chosen.resolved.model, self.start.params, statement, whole)
        self.parts: tuple[Part, ...] = parts(statement.given, quantities)
        self.rng = stream(seed, "search", *(ord(letter) for letter in statement.id))
        window = bool(statement.at and statement.until)  # its step may come early: no try has to last as long
        self.work = 2 * self._work(self.start) if window else math.inf
        bench, place = self._bench(self.start)
        self.seconds = TRY + sum(
            seconds_of(bench.problem, place.steps, [statement], quantities, self.draws, self.draws))
        self.work = max(WORK, self.work if window else 2 * self._work(place))
        self.kept: list[Tried] = []
        self.made = self.inside = 0
        self.edges: dict[str, float] = {}
        self.nearest: dict[str, Tried] = {}
        preset = None if chosen.preset is None else chosen.preset.name
        options = {"preset": preset, "search": tries, "steps": steps, "seed": seed or None}
        again = command("check", chosen.setting.word, statement.id, values=chosen.given, options=options)
        self.told = again if on_record else ""

    def run(self, step: Callable[[], object]) -> Attacked:
        """The search, up to its number of tries or a violation; `step` is called after each try."""
        self._step = step
        for more in range(min(FIRST, self.tries)):  # a draw need not have a property that the hypotheses ask for
            self._try(replace(self.start, seed=self.start.seed + more))
            if self.kept[0].inside:
                break
        while self.made < self.tries and not self.kept[0].violated:
            parent = self._parent()
            if parent.inside and self.rng.random() < 0.25:
                self._push(parent)
            else:
                self._try(self.space.moved(parent.place, self.rng))
        best = self.kept[0]
        if best.violated:
            with doing(f"{self.statement.id}: violated on try {self.made}, its witness is made smaller"):
                best = self._shrunk(best)
        held = best.inside and not best.violated
        tightest = max(0.0, 2 - best.score) if held else math.nan
        failing = max(0.0, best.score - 2) * 2 if held else 0.0
        shown = {**self.ground.given(best.place), "steps": best.place.steps, "seed": best.place.seed}
        return Attacked(
            statement=self.statement, tries=self.made, inside=self.inside, tightest=tightest, failing=failing,
            place=shown, edges=self.edges, result=self._result(best.place) if best.violated else None,
            command=self.told, setting=self.ground.setting.word)

    def _parent(self) -> Tried:
        """One of the best, or the one that came nearest to some hypothesis's edge."""
        if self.nearest and self.rng.random() < EDGES:
            return list(self.nearest.values())[int(self.rng.integers(len(self.nearest)))]
        return self.kept[min(len(self.kept) - 1, int(self.rng.exponential(ELITE / 3)))]

    def _push(self, parent: Tried) -> None:
        """One coordinate as far as the hypotheses go, in one direction."""
        name = str(self.rng.choice(self.space.names))
        by, inside = _LONG * float(self.rng.choice((-1.0, 1.0))), parent
        for _ in range(7):
            if self.made >= self.tries:
                return
            tried = self._try(self.space.scaled(inside.place, name, by))
            if tried.violated:
                return
            if tried.inside:
                inside = tried
            else:
                by /= 3

    def _try(self, place: Place) -> Tried:
        tried = self._tried(place)
        self.made += 1
        self._step()
        if tried.inside:
            self.inside += 1
            for name, room in tried.rooms.items():
                if room < self.edges.get(name, math.inf):
                    self.edges[name], self.nearest[name] = room, tried
        self.kept = sorted([tried, *self.kept], key=lambda each: -each.score)[:ELITE]
        return tried

    def _tried(self, place: Place, again: bool = False) -> Tried:
        """A place's score.  What cannot be run, or would take too long or too much memory, has none."""
        with at_most(self.ground.memory):
            return self._held(place)

    def _held(self, place: Place) -> Tried:
        try:
            if not self.space.affordable(place, self.start):
                return Tried(place, -1.0)
            bench, place = self._bench(place)
            if self._work(place) > self.work:
                return Tried(place, -1.0)
            if self.statement.random:
                return self._probable(bench, place)
            case = bench.case(place.seed, 0 if self.statement.at == "0" else place.steps, [self.statement])
            outcome = judge(self.statement, case)
            return self._scored(place, case, (outcome,))
        except (InputError, FormulaError, Diverged, OverflowError):
            return Tried(place, -2.0)

    def _probable(self, bench: Bench, place: Place) -> Tried:
        steps = 0 if self.statement.at == "0" else place.steps
        outcomes: list[Outcome] = []
        for count in (FEW, MANY):
            for seed in range(place.seed + len(outcomes), place.seed + count):
                case = bench.case(seed, steps, [self.statement])
                outcomes.append(judge(self.statement, case))
            failed = sum(outcome.failed > 0 for outcome in outcomes)
            if failed < FEW - 1:
                break
        tried = self._scored(place, case, tuple(outcomes))
        met = [outcome for outcome in outcomes if outcome.entries]
        failed = sum(outcome.failed > 0 for outcome in met)
        if not failed:
            return replace(tried, score=min(tried.score, 1.99))
        delta = number(self.statement.delta, case.view())
        return replace(tried, score=3.0 if failure_limits(failed, len(met))[0] > delta else 2 + failed / len(met) / 2)

    def _scored(self, place: Place, case: Case, outcomes: tuple[Outcome, ...]) -> Tried:
        met = [outcome for outcome in outcomes if outcome.entries]
        rows = rows_of(self.statement, case)[0]
        view = case.view(rows if len(rows) else case.rows[-1:])  # hypotheses are about the statement's own steps
        rooms = {}
        for part in self.parts:
            try:
                rooms[part.name, part.text] = (part.room(view), part.has_edge(view))
            except NoSuchStep:
                rooms[part.name, part.text] = (-1.0, False)
        if not met:
            outside = sum(min(0.0, room) for room, _ in rooms.values())
            return Tried(place, 1 / (1.001 - outside) if outside else 0.0, outcomes)
        edges: dict[str, float] = {}
        for (name, _), (room, edge) in rooms.items():
            if edge and room >= 0:
                edges[name] = min(room, edges.get(name, math.inf))
        whole = not self.statement.somewhere  # what a run that is too short has not reached is not refuted
        bad = [outcome for outcome in met if outcome.failed and (whole or outcome.complete)]
        if any(outcome.first is None or outcome.first.t <= self.latest for outcome in bad):
            return Tried(place, 3.0, outcomes, edges)
        gaps = [outcome.closest.gap for outcome in met if outcome.closest is not None]
        return Tried(place, 1 + 0.99 * (1 - min(gaps, default=1.0)), outcomes, edges)

    def _bench(self, place: Place) -> tuple[Bench, Place]:
        return self.ground.bench(place, self.statement, self.work, self.draws)

    def _work(self, place: Place) -> float:
        return self.ground.work(place, self.statement, self.draws)

    def _shrunk(self, best: Tried) -> Tried:
        """The same violation with smaller sizes, fewer steps and rounder numbers, as far as it stays one."""
        for _ in range(3):
            before = best
            for name in self.space.names:
                old = best.place.at(name)
                whole = name == STEPS or self.space.model.parameter(name).counted
                smaller = [1, 2, old // 4, old // 2, old - 1] if whole else [rounded(old, digits) for digits in (1, 2)]
                for value in smaller:
                    if value == old or value <= 0 or ((whole or name == DIMENSION) and value >= old):
                        continue  # no size is rounded up
                    tried = self._tried(self.space.set(best.place, name, float(value)))
                    if tried.violated:
                        best = tried
                        break
            if best is before:
                return best
        return best

    def _result(self, place: Place) -> Result:
        bench, place = self._bench(place)
        many = MANY if self.statement.random else 1
        return bench.results([self.statement], many, many)[self.statement.id]
