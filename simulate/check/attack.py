"""The attack on one statement: tries that climb to its hypotheses, along their edges, and to where it is tightest."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from derivations.commands import command
from derivations.declare import Statement, Value, idle
from derivations.declare.formula import FormulaError
from dynamics.chance.streams import stream

from ..ask.chosen import Chosen
from ..errors import Diverged, InputError
from ..work.progress import doing
from .aimed import aimed, settled
from .bench import Bench, Result
from .case import Case
from .forecast import seconds_of
from .formula import number
from .ground import ground, place_of
from .hypotheses import Part, parts
from .indexed import at_most
from .judge import Outcome, common, judge, rows_of
from .space import DIMENSION, Place, Space, rounded, said_by, space_of
from .verdict import failure_limits
from .view import NoSuchStep

WORK = 1e7  # multiplications of one try; more where the search starts from more
TRY = 0.05  # seconds that a try takes whatever its size
ELITE = 8  # places that new tries move
EARLY = 10_000  # steps of a run before which shorter ones are made to see a step come
EDGES = 0.4  # share of the moves that start from the place nearest to the edge of some hypothesis
FIRST = 8  # draws of the start that are tried until one is inside the hypotheses
NEAR, AGAIN = 0.15, 0.1  # share of the tries that are made around the start, before any other, and of those after
SEEDS = 10  # draws that a witness is looked for on, whatever the draw it was found on
ALIKE = 12  # digits of two scores that are the same: of such places the one nearer to the start is better
FEW, MANY = 4, 30  # draws of a try of a probability, and of one where most of these failed
_SCORED = 0.99  # of a score from 1 on: how tight a claim that holds is
_LONG = 3.0  # first push towards an edge, in logarithms, halved as it closes in


@dataclass(frozen=True)
class Tried:
    """One try: a score, higher is closer to a violation (below 1 outside the hypotheses, 3 where it is violated).

    `why` is what kept it from being made.
    """

    place: Place
    score: float
    outcomes: tuple[Outcome, ...] = ()
    rooms: Mapping[str, float] = field(default_factory=dict)
    why: str = ""

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
    `tightest` is how far apart the sides are, relative to their size; where one of them is 0 (`signed`), the other
    beside the largest entry of its step.
    `edges` are the parts of the hypotheses by name, with how near the tries came to each, relative to its sides;
    `unmet` says what kept tries outside; `unmoved` are the numbers among the parameters that no try inside moved.
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
    signed: bool = False
    unmet: str = ""
    unmoved: tuple[str, ...] = ()

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
        self.parts: tuple[Part, ...] = parts(statement.given, quantities)
        model = chosen.resolved.model
        self.space: Space = space_of(
            model, self.start.params, [statement], quantities, whole, zeros=True, fixed=settled(self.parts, model))
        self.rng = stream(seed, "search", *(ord(letter) for letter in statement.id))
        self.soon = statement.somewhere and not self.ground.ends(statement)
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
        self.moved = set[str]()
        self.unmet = ""
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
            if not more:
                self._begin_inside()
        around = self.made + round(NEAR * (self.tries - self.made))
        while self.made < around and not self.kept[0].violated:
            self._try(self.space.around(self.start, self.rng))
        while self.made < self.tries and not self.kept[0].violated:
            parent = self._parent()
            if self.rng.random() < AGAIN:
                self._try(self.space.around(self.start, self.rng))
            elif parent.inside and self.rng.random() < 0.25:
                self._push(parent)
            else:
                self._try(self.space.moved(parent.place, self.rng))
        best = self.kept[0]
        if best.violated:
            with doing(f"{self.statement.id}: violated on try {self.made}, its witness is made smaller"):
                best = self._shrunk(best)
        held = best.inside and not best.violated
        tightest = max(0.0, 1 - (best.score - 1) / _SCORED) if held else math.nan
        failing = max(0.0, best.score - 2) * 2 if held else 0.0
        shown = {**self.ground.given(best.place), "steps": best.place.steps, "seed": best.place.seed}
        return Attacked(
            statement=self.statement, tries=self.made, inside=self.inside, tightest=tightest, failing=failing,
            place=shown, edges=self.edges, result=self._result(best.place) if best.violated else None,
            command=self.told, setting=self.ground.setting.word,
            signed=held and _signed(best), unmet=self.unmet, unmoved=self._unmoved())

    def _begin_inside(self) -> None:
        """Where the start is outside: begins where its parameters are as the hypotheses ask."""
        begun = aimed(self.start, self.statement, self.parts, self.space.model)
        if begun.params != self.start.params and self._tried(begun).score > self.kept[0].score:
            self.start = begun

    def _unmoved(self) -> tuple[str, ...]:
        """The numbers that are read, by runs or the statement, and that every try inside the hypotheses left as is."""
        model = self.space.model
        left = {*self.moved, *idle(model, said_by([self.statement], self.ground.quantities))}
        return tuple(each.name for each in model.parameters
                     if each.numeric and not each.structural and each.name not in left)

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
        tried = self._tried(self.space.within(place, self.start))
        self.made += 1
        self._step()
        if tried.inside:
            self.inside += 1
            self.moved |= {name for name, value in tried.place.params.items() if value != self.start.params.get(name)}
            for name, room in tried.rooms.items():
                if room < self.edges.get(name, math.inf):
                    self.edges[name], self.nearest[name] = room, tried
        else:
            self.unmet = _unmet(tried.outcomes) or self.unmet or tried.why
        self.kept = sorted([tried, *self.kept], key=self._rank)[:ELITE]
        return tried

    def _rank(self, tried: Tried) -> tuple[float, float]:
        """The best first; of those that are alike, the one nearest to the start."""
        return -round(tried.score, ALIKE), self.space.distance(tried.place, self.start)

    def _tried(self, place: Place, again: bool = False) -> Tried:
        """A place's score.  What cannot be run, or would take too long or too much memory, has none."""
        with at_most(self.ground.memory):
            return self._held(place)

    def _held(self, place: Place) -> Tried:
        try:
            if not self.space.affordable(place, self.start):
                return Tried(place, -1.0, why="it is larger than a try may be")
            bench, place = self._bench(place)
            if self._work(place) > self.work:
                return Tried(place, -1.0, why="it is longer than a try may be")
            if self.statement.random:
                return self._probable(bench, place)
            for steps in self._lengths(place):
                case = bench.case(place.seed, steps, [self.statement])
                outcome = judge(self.statement, case)
                if outcome.step >= 0 or (steps < place.steps and self._shut(case)):  # no longer run says more
                    break
            return self._scored(place, case, (outcome,))
        except (InputError, FormulaError, Diverged, OverflowError) as error:
            return Tried(place, -2.0, why=str(error))

    def _lengths(self, place: Place) -> tuple[int, ...]:
        """The steps of a place's runs, until one decides: a step that is to come often comes soon."""
        if self.statement.at == "0":
            return (0,)
        soon = self.soon and place.steps >= EARLY
        return tuple(place.steps // part for part in (64, 8, 1)) if soon else (place.steps,)

    def _shut(self, case: Case) -> bool:
        """Whether a part of the hypothesis that is about the start alone fails."""
        view = case.view(case.rows[:1])
        of_start = [part for part in self.parts if not self.ground.late(part.text, case)]
        return any("t" not in (rooms := part.rooms(view)).dims and not (rooms.values >= 0).any() for part in of_start)

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
            return replace(tried, score=min(tried.score, 1 + _SCORED))
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
        near = min(outcome.near for outcome in met)
        return Tried(place, 1 + _SCORED * (1 - near), outcomes, edges)

    def _bench(self, place: Place) -> tuple[Bench, Place]:
        return self.ground.bench(place, self.statement, self.work, self.draws)

    def _work(self, place: Place) -> float:
        return self.ground.work(place, self.statement, self.draws)

    def _shrunk(self, best: Tried) -> Tried:
        """The same violation with smaller sizes, fewer steps, defaults and rounder numbers, as far as it stays one."""
        for _ in range(3):
            before = best
            for name in self.space.names:
                best = self._first(best, (self.space.set(best.place, name, value) if value else
                                          replace(best.place, params={**best.place.params, name: 0.0})
                                          for value in self._simpler(best.place, name)))
            if best.place.seed >= SEEDS:
                best = self._first(best, (replace(best.place, seed=seed) for seed in range(SEEDS)))
            if best is before:
                return best
        return best

    def _simpler(self, place: Place, name: str) -> list[float]:
        """Values of a coordinate that are simpler than its own, the simplest first; no size is made larger."""
        old = place.at(name)
        if self.space.whole(name):
            digits = [rounded(old, 1), rounded(old, 2)] if name == DIMENSION else []
            return [value for value in (1, 2, old // 4, old // 2, *digits, old - 1) if 0 < value < old]
        begun, usual = self.start.at(name), self.ground.defaults.get(name)
        known = [float(usual)] if isinstance(usual, int | float) else []
        known += [begun] if old != begun else []
        if old in known[:1]:
            return []
        return [value for value in (*known, rounded(old, 1), rounded(old, 2)) if value != old]

    def _first(self, best: Tried, places: Iterable[Place]) -> Tried:
        """The first of some places that violates the statement too; what there was where none does."""
        return next((tried for tried in map(self._tried, places) if tried.violated), best)

    def _result(self, place: Place) -> Result:
        bench, place = self._bench(place)
        many = MANY if self.statement.random else 1
        return bench.results([self.statement], many, many)[self.statement.id]


def _unmet(outcomes: Sequence[Outcome]) -> str:
    """Why draws said nothing: the first reason, or the parts of the hypothesis that fail on them."""
    why = next((each.why for each in outcomes if each.why), "")
    return why or " and ".join(common(each.missing for each in outcomes))


def _signed(tried: Tried) -> bool:
    """Whether the entry that came nearest to failing is one beside 0."""
    nearest = min(tried.outcomes, key=lambda each: each.near, default=None)
    point = None if nearest is None else nearest.closest
    return point is not None and (point.left == 0) != (point.right == 0)
