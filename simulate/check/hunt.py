"""The search for runs that kill mutants: every run is shared by all statements of a preset, and aimed at one mutant.

A place inside a statement's hypotheses is moved, in one or more parameters on a log scale or to another draw, where a
mutant was nearest to being false.  Where what is dropped of a hypothesis is left, `leaving` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from derivations.declare.formula import FormulaError
from derivations.declare.mutants import HYPOTHESIS

from ..ask.chosen import Chosen
from ..errors import Diverged, InputError
from .attack import FEW, WORK
from .bent import knobs_of
from .case import Case
from .family import Family
from .formula import uses
from .ground import HELD, ground, place_of
from .heard import Heard
from .hypotheses import Part, parts
from .outside import Outside, chosen
from .space import Place, space_of
from .suspect import Suspect

SEEDS = 3  # draws of the preset itself, to begin with
AT_START, AT_START_OFTEN = 60, 24  # draws of a statement about the draw alone; of one that may fail OFTEN
OFTEN = 0.4
EDGES = 10  # runs on edges of each hypothesis
ACROSS = 2  # runs where a parameter lies on the other side of 1
CHASED, CHASED_OF_DRAWS = 12, 2  # more runs aimed at a mutant that is left, neither implied nor slack
SHARED = 4  # one run of so many is held against every statement, the others against that of the mutant aimed at


def draws_of(family: Family, chosen: Chosen) -> int:
    """How many draws a place takes to judge a statement: one, or enough to refute that it fails at most delta often."""
    said = family.statement
    if not said.random:
        return 1
    if not said.of_the_draw:
        return FEW
    delta = chosen.resolved.values.get(said.delta)
    return AT_START if not isinstance(delta, int | float) or delta < OFTEN else AT_START_OFTEN


class Hunt:
    """The search on one preset, for statements that are judged on the same number of draws."""

    def __init__(
        self, chosen: Chosen, families: Sequence[Family], quantities: Mapping[str, str], steps: int | str | None,
        rng: np.random.Generator, seed: int,
    ) -> None:
        self.start = place_of(chosen, steps, seed)
        self.ground = ground(chosen.setting, quantities).starting(self.start)
        self.families, self.rng, self.draws = families, rng, draws_of(families[0], chosen)
        whole = any(family.statement.at in ("", "T") for family in families)
        self.spaces = {
            family.statement.id: space_of(
                chosen.resolved.model, self.start.params, [family.statement], quantities, whole)
            for family in families
        }
        self.searches: dict[tuple[object, ...], Outside] = {}
        self.work = max(WORK, 2 * self._work(self.start, families[0]))

    def run(self, tries: int, step: Callable[[], object]) -> None:
        """The preset's own draws, then up to `tries` runs, each aimed at a mutant that is still open."""
        at_start = self.families[0].statement.at == "0"
        for seed in range(self.start.seed, self.start.seed + (1 if self.draws > 1 else SEEDS)):
            self.hold(replace(self.start, seed=seed, steps=0 if at_start else self.start.steps), self.families)
        self._across_one()
        self._at_edges()
        for attempt in range(tries):
            aimed = [(family, suspect) for family in self.families for suspect in family.suspects
                     if suspect.open and family.runs and suspect.mutant.change is not HYPOTHESIS]
            step()
            if apart := [each for each in aimed if each[1].apart] if attempt % 2 else []:
                aimed = apart
            if aimed:
                family, suspect = aimed[int(self.rng.integers(len(aimed)))]
                self.aim(family, suspect, self.families if attempt % SHARED == 0 and self.draws == 1 else [family])

    def chase(self) -> None:
        """More runs for each mutant that says something else than its statement and was not refuted, aimed at it."""
        for family in self.families:
            for suspect in family.suspects:
                for _ in range(CHASED if self.draws == 1 else CHASED_OF_DRAWS):
                    if suspect.apart and family.violated is None:
                        self.aim(family, suspect, [family])

    def _at_edges(self) -> None:
        """Runs on edges of hypotheses, each held against the statements that share the hypothesis."""
        for group in self._sharing():
            for place in self.searched(group[0]).edges(EDGES) if group[0].statement.given else ():
                if any(suspect.open for family in group for suspect in family.suspects):
                    self.hold(place, group)

    def _across_one(self) -> None:
        """Runs where a parameter lies on the other side of 1: a factor left out, or taken twice, says more on one."""
        for group in self._sharing():
            family, start = group[0], group[0].best or self.start
            space = self.spaces[family.statement.id]
            sides = [f"{name} <= 1" if start.at(name) < 1 else f"{name} >= 1" for name in space.reals]
            conditions = (*self.searched(family).parts, *parts(" and ".join(sides), {}))
            search = replace(self.outside(family, conditions, start), rounds=1, aims=2 * ACROSS, blind=False)
            for said in sides:
                for place in chosen(search.left(said).places, ACROSS):
                    self.hold(place, group, every=True)

    def _sharing(self) -> list[list[Family]]:
        """The statements by the hypothesis that they share; none where a place takes several draws."""
        sharing: dict[int, list[Family]] = {}
        for family in self.families if self.draws == 1 else ():
            sharing.setdefault(id(self.searched(family)), []).append(family)
        return list(sharing.values())

    def searched(self, family: Family) -> Outside:
        """The search about a statement's hypothesis, shared by those that have it and are about the same steps."""
        said, space = family.statement, self.spaces[family.statement.id]
        conditions = parts(said.given, family.quantities)
        key = (tuple(part.text for part in conditions), said.at, said.since, said.until, space.names)
        if key not in self.searches:
            self.searches[key] = self.outside(family, conditions, family.best or self.start)
        return self.searches[key]

    def outside(self, family: Family, conditions: tuple[Part, ...], start: Place) -> Outside:
        """A search outside these conditions, from a start."""
        space = self.spaces[family.statement.id]
        knobs = knobs_of(space.model, start.params) if self.draws == 1 else ()
        return Outside(
            self.ground, space.model, space, knobs, family.statement, conditions, self.work / self.draws, start,
            self.rng)

    def aim(self, family: Family, suspect: Suspect, others: Sequence[Family]) -> None:
        """A move at random from where a mutant came nearest to being false, held against these statements."""
        parent = suspect.best or family.best or self.start
        space = self.spaces[family.statement.id]
        try:
            _, place = self.ground.bench(
                space.moved(parent, self.rng), suspect.mutant.statement, self.work, self.draws)
        except (InputError, FormulaError, Diverged, OverflowError):
            return
        self.hold(place, others)

    def hold(self, place: Place, families: Sequence[Family], every: bool = False) -> None:
        """Runs a place once and holds every family against it, with the mutants that are open, or that `every` is left.

        What cannot be run, or takes too long, is left.
        """
        heard = [
            (family, Heard(family.statement, [
                suspect for suspect in family.suspects
                if suspect.open or (every and suspect.alive and suspect.mutant.change is not HYPOTHESIS)]))
            for family in families
        ]
        if self._affordable(place, families[0]) and self._heard(place, heard):
            for family, told in heard:
                family.conclude(told, place)

    def hold_dropped(self, place: Place, members: Sequence[tuple[Family, Suspect]]) -> None:
        """Runs a place once and holds these mutants, each of a dropped condition, against it."""
        heard = [
            (family, Heard(family.statement, [suspect])) for family, suspect in members
            if suspect.alive and family.violated is None
        ]
        if heard and self._affordable(place, members[0][0]) and self._heard(place, heard):
            for family, told in heard:
                family.conclude_dropped(told, place)

    def _heard(self, place: Place, heard: Sequence[tuple[Family, Heard]]) -> bool:
        """Adds the draws of a place one by one, as together no memory might hold them; whether all could be run."""
        try:
            for case in self.cases(place, [family for family, _ in heard]):
                for _, told in heard:
                    told.add(case)
        except (InputError, FormulaError, Diverged, OverflowError):
            return False
        return True

    def cases(self, place: Place, families: Sequence[Family]) -> Iterator[Case]:
        """The runs of a place's draws, recorded where these statements look.

        Raises InputError, FormulaError, Diverged or OverflowError where it cannot be run.
        """
        bench = self.ground.plain(place)
        said = [family.statement for family in families]
        said += [suspect.mutant.statement for family in families for suspect in family.suspects
                 if suspect.alive and uses(suspect.mutant.statement.claim, "at")]
        for more in range(self.draws):
            yield bench.case(place.seed + more, place.steps, said)

    def held(self, places: Sequence[Place], family: Family) -> list[tuple[Place, list[Case]]]:
        """The runs of as many draws of these places as HELD bytes hold together, one at least."""
        room, runs = HELD, list[tuple[Place, list[Case]]]()
        for place in places:
            size, cases = self.ground.bytes(place), list[Case]()
            try:
                for case in self.cases(place, [family]):
                    cases.append(case)
                    room -= size
                    if room < size:
                        break
            except (InputError, FormulaError, Diverged, OverflowError):
                continue
            runs.append((place, cases))
            if room < size:
                break
        return runs

    def _affordable(self, place: Place, family: Family) -> bool:
        space = self.spaces[family.statement.id]
        return space.affordable(place, self.start) and self._work(place, family) <= self.work

    def _work(self, place: Place, family: Family) -> float:
        return self.ground.work(place, family.statement, self.draws)

