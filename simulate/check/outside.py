"""Places outside one condition of a hypothesis and inside all the others, and places inside all, on the edge of some.

At the former runs tell whether the condition is needed, at the latter how sharp a claim is.

The conditions are nearly power laws: their logarithms are linear in those of the parameters and in how a draw is bent.
At a place the slopes are taken by differences, and a linear program gives the least change, in coordinates weighted at
random, that leaves the one condition by a chosen factor and keeps the others; what comes of it is looked at, and moved
on from.  Conditions that only a run tells are looked at along the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy import optimize

from derivations.declare import Model, Statement
from derivations.declare.formula import FormulaError
from dynamics.arrays import Array

from ..errors import Diverged, InputError
from .bent import Bend
from .ground import Ground
from .hypotheses import MOST, Part
from .indexed import Indexed, aligned
from .judge import rows_of, spread
from .space import Place, Space
from .view import NoSuchStep, View

ROUNDS, AIMS = 3, 7  # places at which slopes are taken, and changes that are tried from each
BLIND = 12  # changes at random, where slopes tell of no way out
DEEPEST = 5.0  # logarithm of the factor by which a condition is left, at most
_GRAIN = 0.1  # of the differences in a parameter, in logarithms
_REACH, NEAR = 12.0, 5.0  # of one change of one coordinate, in logarithms: out of a condition, and to an edge
_PULLED, _CHEAP = (0.25, 0.6), 0.02  # share of the conditions pulled to their edges, and a change's cost beside them
SHARES = (0.5, 0.2, 0.05)  # of the way out that are tried where the whole is too far
ROOM = 0.02  # kept to the edges of the other conditions, in logarithms
_WORTH = 3  # a bent draw counts as so many times the change of a parameter
_DRAW = 2e6  # multiplications of a draw that is looked at; more where the search starts from more
_MANY = 24  # steps of a run at which conditions are looked at
_ON_FOR = 0.3  # of a run, where a step is given that had none


class Looked(NamedTuple):
    """A place, the logarithm by which each condition is met, and how far each is left inside all the others.

    -inf where the others hold nowhere; conditions that only a run tells of are taken to hold where none was made.
    """

    place: Place
    rooms: Array
    depths: Array


class Left(NamedTuple):
    """Places outside a condition, the least far first, and at how many inside all the others it was looked."""

    places: tuple[Looked, ...]
    looked: int


@dataclass(frozen=True)
class Outside:
    """The search outside the conditions `parts` of a statement, one at a time; a run may take so much `work`.

    Slopes are taken at so many places (`rounds`), and so many changes tried from each (`aims`), then some at random
    unless it is not to be `blind`.  `part_way`, where no change reaches all the way out, one that reaches some of it is
    tried, as slopes there may be steeper.
    """

    ground: Ground
    model: Model
    space: Space
    knobs: tuple[Bend, ...]
    statement: Statement
    parts: tuple[Part, ...]
    work: float
    start: Place
    rng: np.random.Generator
    rounds: int = ROUNDS
    aims: int = AIMS
    blind: bool = True
    part_way: bool = False
    known: dict[bool, tuple[Looked | None, Array]] = field(default_factory=dict)
    known_left: dict[int, Left] = field(default_factory=dict)

    def left(self, condition: str) -> Left:
        """Where one of the conditions is left."""
        dropped = [part.text for part in self.parts].index(condition)
        if dropped not in self.known_left:
            self.known_left[dropped] = self._left(dropped, self._of_a_run(dropped))
        return self.known_left[dropped]

    def _left(self, dropped: int, run: bool) -> Left:
        begun, slopes = self._begun(run)
        if begun is None:
            return Left((), 0)
        out, base, looked = list[Looked](), begun, 1
        for _ in range(self.rounds):
            before = base
            if self.part_way and not np.nan_to_num(slopes[len(self.parts) + dropped]).any():
                break  # nothing tells of a way
            for tried in self._aimed(base, slopes, dropped, run):
                looked += 1
                if tried.depths[dropped] > 0:
                    out.append(tried)
                if tried.depths[dropped] > base.depths[dropped]:
                    base = tried
            if out:
                break
            slopes = slopes if base is before else self._slopes(base, run)
        for place in () if out or not self.blind else self._blind(begun.place):
            blind = self._looked(place, run)
            if blind is not None and math.isfinite(blind.depths[dropped]):
                looked += 1
                out += [blind] if blind.depths[dropped] > 0 else []
        return Left(tuple(sorted(out, key=lambda each: each.depths[dropped])), looked)

    def _begun(self, run: bool) -> tuple[Looked | None, Array]:
        """The start and its slopes, once for all conditions."""
        if run not in self.known:
            looked = self._looked(self.start, run)
            self.known[run] = looked, np.empty(0) if looked is None else self._slopes(looked, run)
        return self.known[run]

    def _of_a_run(self, dropped: int) -> bool:
        """Whether only a run tells of a condition."""
        part = self.parts[dropped]
        try:
            case = self.ground.plain(self.start).case(self.start.seed, 0, [])
            return self.ground.late(part.text, case) or "t" in part.rooms(case.view()).dims
        except FormulaError:
            return True

    def _looked(self, place: Place, run: bool) -> Looked | None:
        """A place as it is; None where it cannot be run, or takes too long."""
        try:
            if not self.space.affordable(place, self.start):
                return None
            if self._drawn(place) > max(_DRAW, 2 * self._drawn(self.start)):
                return None
            _, place = self.ground.bench(place, self.statement, self.work)
            if run and self.ground.work(place, self.statement) > self.work:
                return None
            case = self.ground.plain(place).case(place.seed, place.steps if run else 0, [self.statement] if run else [])
            rows = spread(rows_of(self.statement, case)[0], _MANY) if run else case.rows
            return Looked(place, *depths(self._entries(part, case.view(rows), run) for part in self.parts)) \
                if len(rows) else None
        except (InputError, FormulaError, Diverged, OverflowError, np.linalg.LinAlgError):
            return None

    def _drawn(self, place: Place) -> float:
        """Multiplications that a draw takes."""
        return self.ground.work(replace(place, steps=1), self.statement)

    def _entries(self, part: Part, view: View, run: bool) -> Indexed:
        """How far inside a condition each entry is, as a logarithm."""
        try:
            logs = part.logs(view)
        except NoSuchStep:
            if run:
                raise
            return Indexed((), np.asarray(MOST))
        return Indexed((), np.asarray(MOST)) if "t" in logs.dims and not run else logs

    def _coordinates(self) -> Iterator[tuple[str | Bend, float]]:
        """What is changed, and the amounts by which slopes are taken: a bent draw's in either direction."""
        yield from ((name, _GRAIN) for name in self.space.names)
        yield from ((knob, sign * knob.grain) for knob in self.knobs for sign in (1.0, -1.0))

    def _slopes(self, base: Looked, run: bool) -> Array:
        """The slope of each condition, then of how far each is left, in each coordinate; NaN where none is known."""
        columns = []
        for coordinate, amount in self._coordinates():
            place = self._changed(base.place, coordinate, amount, coarse=True)
            looked = self._looked(place, run)
            by = self._changed_by(base.place, place, coordinate)
            with np.errstate(invalid="ignore"):
                columns.append(np.full(2 * len(self.parts), np.nan) if looked is None or not by else np.concatenate(
                    [(looked.rooms - base.rooms) / by, (looked.depths - base.depths) / by]))
        return np.array(columns).T

    def edges(self, many: int) -> list[Place]:
        """So many places at most that are inside every condition and on the edge of some of them, chosen at random."""
        base, slopes = self._begun(False)
        if base is None or not len(self.parts):
            return []
        places = []
        for _ in range(many):
            reachable = (base.rooms > ROOM) & (base.rooms < MOST)
            pulled = np.where(reachable, self.rng.exponential(size=len(self.parts)), 0.0)
            pulled *= self.rng.random(len(pulled)) < self.rng.choice(_PULLED)
            least = np.minimum(base.rooms, ROOM) - base.rooms
            change = self._change(base, slopes[: len(self.parts)], least, pulled, NEAR)
            tried = None if change is None else self._along(base, change, False, _inside)
            if tried is not None:
                places.append(tried.place)
        return places

    def _aimed(self, base: Looked, slopes: Array, dropped: int, run: bool) -> Iterator[Looked]:
        """What comes of least changes that leave the condition by random factors, where that is inside the others."""
        if not math.isfinite(base.depths[dropped]):
            return
        rows = slopes[: len(self.parts)].copy()
        # How far it is left is not known where the change left another condition too: there the room to it tells.
        left = slopes[len(self.parts) + dropped]
        rows[dropped] = np.where(np.isfinite(left), left, -slopes[dropped])
        least = np.minimum(base.rooms, ROOM) - base.rooms
        for _ in range(self.aims):
            wanted = math.exp(self.rng.uniform(math.log(0.02), math.log(DEEPEST)))
            change = None
            for share in (1.0, *SHARES) if self.part_way else (1.0,):
                least[dropped] = share * (wanted - base.depths[dropped])
                change = self._change(base, rows, least, np.zeros(len(rows)), _REACH) if change is None else change
            reached = None if change is None else self._along(
                base, change, run, lambda each: math.isfinite(each.depths[dropped]))
            if reached is not None:
                yield reached

    def _change(self, base: Looked, rows: Array, least: Array, pulled: Array, reach: float) -> Array | None:
        """The least change, in weights at random, by which rows @ change >= least; None where there is none.

        Beside it `pulled` @ rows @ change is made small.  Whole numbers are rounded, and the others follow them.
        """
        coordinates = list(self._coordinates())
        one_way = np.array([isinstance(each, Bend) for each, _ in coordinates])
        weights = np.exp(1.5 * self.rng.normal(size=len(coordinates))) * np.where(one_way, _WORTH, 1.0)
        free = np.asarray(np.isfinite(rows).all(axis=0))
        signed = np.where(free, rows, 0.0) * np.array([math.copysign(1.0, amount) for _, amount in coordinates])
        both, price = np.hstack([signed, -signed]), weights * (_CHEAP if pulled.any() else 1.0)
        cost = np.concatenate([price, price]) + pulled @ both
        most = reach * np.concatenate([free, free & ~one_way])
        change = cheapest(cost, both, least, np.zeros(len(most)), most)
        if change is None:
            return None
        for i, (coordinate, _) in enumerate(coordinates):
            if isinstance(coordinate, str) and self.space.whole(coordinate) and free[i]:
                old = base.place.at(coordinate)
                by = math.log(max(1, round(old * math.exp(change[i]))) / old)
                most[i], most[len(free) + i] = max(by, 0.0), max(-by, 0.0)
        whole = np.array([isinstance(each, str) and self.space.whole(each) for each, _ in coordinates])
        lowest = np.where(np.concatenate([whole, whole]), most, 0.0)
        again = cheapest(cost, both, least, lowest, most)
        return change if again is None else again

    def _along(self, base: Looked, change: Array, run: bool, wanted: Callable[[Looked], bool]) -> Looked | None:
        """The place after a change, or a share of it, that is as wanted; None where none is."""
        for share in (1.0, 0.5, 0.2, 0.05):
            place = base.place
            for (coordinate, amount), by in zip(self._coordinates(), share * change, strict=True):
                place = self._changed(place, coordinate, math.copysign(1.0, amount) * float(by))
            looked = self._looked(place, run)
            if looked is not None and wanted(looked):
                return looked
        return None

    def _blind(self, at: Place) -> Iterator[Place]:
        """Parameters at 0, steps that had no value, and random changes."""
        for each in self.model.parameters:
            value = at.params.get(each.name)
            if each.kind == "real" and each.low == 0 and value:
                yield replace(at, params={**at.params, each.name: 0.0})
            elif each.counted and value is None and not each.structural:
                yield replace(at, params={**at.params, each.name: max(1, round(_ON_FOR * at.steps))})
        for _ in range(BLIND):
            yield self.space.moved(at, self.rng)

    def _changed(self, place: Place, coordinate: str | Bend, by: float, coarse: bool = False) -> Place:
        """A place with one coordinate changed; a whole number moves by one at least where `coarse`."""
        if not by:
            return place
        if isinstance(coordinate, Bend):
            known = dict(place.bends)
            return replace(place, bends=tuple({**known, coordinate: known.get(coordinate, 0.0) + by}.items()))
        whole = self.space.whole(coordinate)
        if whole and not coarse and round(place.at(coordinate) * math.exp(by)) == place.at(coordinate):
            return place
        return self.space.scaled(place, coordinate, by)

    @staticmethod
    def _changed_by(before: Place, after: Place, coordinate: str | Bend) -> float:
        """By how much a coordinate was changed, as a logarithm."""
        if isinstance(coordinate, Bend):
            return dict(after.bends).get(coordinate, 0.0) - dict(before.bends).get(coordinate, 0.0)
        old, new = before.at(coordinate), after.at(coordinate)
        return math.log(new / old) if old > 0 and new > 0 else 0.0  # 0 has no logarithm, and no slope


def depths(entries: Iterable[Indexed]) -> tuple[Array, Array]:
    """Each condition at its nearest entry, and how far it is left at entries that are inside the others.

    `entries` are how far inside each condition each entry is, as logarithms; -inf where the others hold nowhere.
    """
    _, same = aligned(list(entries))
    values = np.broadcast_arrays(*(each.values for each in same))
    missed = np.sum([each < 0 for each in values], axis=0)
    left = []
    for each in values:
        inside = missed == (each < 0)
        left.append(float(-each[inside].min()) if inside.any() else -math.inf)
    return np.array([each.max() for each in values]), np.array(left)


def cheapest(cost: Array, rows: Array, least: Array, lowest: Array, most: Array) -> Array | None:
    """The cheapest of changes forth less changes back, each between these bounds, with rows @ them >= least."""
    solved = optimize.linprog(cost, A_ub=-rows, b_ub=-least, bounds=np.stack([lowest, most], axis=1))
    if solved.x is None:
        return None
    forth, back = np.split(solved.x, 2)
    change: Array = forth - back
    return change


def _inside(looked: Looked) -> bool:
    return bool((looked.rooms >= 0).all())


def chosen(places: Sequence[Looked], many: int) -> list[Place]:
    """So many of these places, from the least far to the farthest."""
    if len(places) <= many:
        return [each.place for each in places]
    return [places[int(at)].place for at in np.linspace(0, len(places) - 1, many)]
