"""Where runs of a search are made: the bench of a place, the steps that a statement needs there, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from derivations.declare import Statement, Value

from ..ask import settings
from ..ask.chosen import Chosen, choose
from ..errors import InputError
from ..run.estimate import check_memory
from ..run.pieces import pieces, total_bytes
from ..run.problem import Problem, problem_of
from ..run.request import Request, dictionaries, recorded_states
from ..work.memory import amount
from .bench import Bench, Call
from .case import Case
from .formula import mentioned, number, uses
from .space import DIMENSION, Place

HELD = 2.0**30  # bytes that one try of a search may take; more where the search starts from more
STEP = 500.0  # multiplications that a step is worth, whatever the sizes: its state is looked at


def ground(setting: settings.Setting, quantities: Mapping[str, str]) -> Ground:
    """The ground of a setting."""
    problem = problem_of(choose(setting))
    model = problem.model
    return Ground(setting, quantities, problem.values, tuple(model.algorithm.sizes), dictionaries(model))


def place_of(chosen: Chosen, steps: int | str | None, seed: int) -> Place:
    """The place of what was chosen, without what has no value there.  Raises InputError."""
    values = {name: value for name, value in chosen.resolved.values.items() if value is not None}
    return Place(values, chosen.total_steps(steps), seed)


@dataclass(frozen=True)
class Ground:
    """A setting, the quantities of its formulas, the values that a place leaves out, and what counts its examples.

    A run may take so many bytes of `memory`.
    """

    setting: settings.Setting
    quantities: Mapping[str, str]
    defaults: Mapping[str, Value]
    sizes: tuple[str, ...]
    dictionaries: tuple[str, ...]
    memory: float = HELD

    def starting(self, place: Place) -> Ground:
        """The same, with room for twice what a search's start takes.  Raises InputError where that is not at hand."""
        problem = problem_of(choose(self.setting, place.params))
        check_memory(_request(problem, place), label="search")
        return replace(self, memory=max(HELD, 2 * _bytes(problem, place)))

    def bench(
        self, place: Place, statement: Statement, work: float = math.inf, draws: int = 1
    ) -> tuple[Bench, Place]:
        """The bench of a place, whose steps are those that the statement names where they are known at the start.

        They are not asked for where one step alone of so many draws takes more multiplications than `work`.
        """
        bench = self.plain(place)
        texts = [text for text in (statement.at, statement.until) if text and text != "T"]
        if not texts or statement.at == "0" or self.work(replace(place, steps=1), statement, draws) > work:
            return bench, place
        start = bench.case(place.seed, 0, [])
        known = [number(text, start.view()) for text in texts if not self.late(text, start)]
        last = [math.floor(step) + 1 for step in known if 0 <= step < 2**53]
        if not last:
            return bench, place
        place = replace(place, steps=max(last))
        takes = self.work(place, statement, draws)
        if statement.at and statement.until and takes > work:  # a window: its step may come early
            place = replace(place, steps=max(1, round(place.steps * work / takes / 2)))
        return replace(bench, steps=place.steps), place

    def plain(self, place: Place) -> Bench:
        """The bench of a place as it stands.  Raises InputError where a run there takes too much memory."""
        call = Call({"setting": self.setting.word, "preset": None}, self.given(place))
        problem = problem_of(choose(self.setting, place.params))
        if (size := _bytes(problem, place)) > self.memory:
            raise InputError(
                f"search: a run there takes about {amount(size)}, and one try takes at most {amount(self.memory)}; "
                "start from fewer examples, filters or vectors")
        return Bench(problem, place.steps, place.seed, self.quantities, call, place.bends)

    def bytes(self, place: Place) -> float:
        """What a run of a place takes at the peak, its draw included."""
        return _bytes(problem_of(choose(self.setting, place.params)), place)

    def late(self, text: str, start: Case) -> bool:
        """Whether a step is known only once the run is made."""
        inner = [self.quantities[name] for name in mentioned(text) if name in self.quantities]
        return bool(uses(text, "first") or uses(text, "at")) or any(self.late(each, start) for each in inner)

    def ends(self, statement: Statement) -> bool:
        """Whether a statement speaks of T, the run's last step, so that a shorter run is another case of it."""
        texts = [statement.claim, statement.given, statement.at, statement.since, statement.until]
        return any(self._speaks(text, "T") for text in texts)

    def _speaks(self, text: str, of: str) -> bool:
        inner = mentioned(text)
        return of in inner or any(self._speaks(self.quantities[name], of) for name in inner if name in self.quantities)

    def sizes_of(self, params: Mapping[str, Value]) -> dict[str, float]:
        """How many examples, vectors and filters there are, and the dimension, at the values that differ from these."""
        names = (*self.sizes, *self.dictionaries, "m", DIMENSION)
        whole = {**self.defaults, **params}
        return {name: float(str(whole[name])) for name in names if whole.get(name) is not None}

    def work(self, place: Place, statement: Statement, draws: int = 1) -> float:
        """Multiplications of runs and their draws: Gram matrices of n, of 2 m and of a dictionary's vectors."""
        n = math.prod(float(place.params.get(name, 1) or 1) for name in self.sizes)
        m = float(place.params.get("m", 1) or 1)
        steps = 1 if statement.at == "0" else place.steps
        items = sum(float(place.params.get(name, 1) or 1) ** 3 for name in self.dictionaries)
        return draws * ((2 * m * n * n + STEP) * steps + n**3 + (2 * m) ** 3 + items)

    def given(self, place: Place) -> dict[str, Value]:
        """The parameters that are not at their defaults."""
        return {name: value for name, value in place.params.items() if self.defaults.get(name) != value}


def _request(problem: Problem, place: Place) -> Request:
    """What a run of a place asks for; a bend changes no size."""
    recorded = recorded_states(None, place.steps)
    return Request(problem.model, problem.sizes, "gram", "reduced", place.steps, recorded, ())


def _bytes(problem: Problem, place: Place) -> float:
    return total_bytes(pieces(_request(problem, place)))
