"""Where runs of a search are made: the bench of a place, the steps that a statement needs there, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from derivations.declare import Statement, Value

from ..ask import settings
from ..ask.chosen import Chosen, choose
from ..run.problem import problem_of
from .bench import Bench, Call
from .case import Case
from .formula import mentioned, number, uses
from .space import Place

STEP = 500.0  # multiplications that a step is worth, whatever the sizes: its state is looked at


def ground(setting: settings.Setting, quantities: Mapping[str, str]) -> Ground:
    """The ground of a setting."""
    problem = problem_of(choose(setting))
    return Ground(setting, quantities, problem.values, tuple(problem.model.algorithm.sizes))


def place_of(chosen: Chosen, steps: int | str | None, seed: int) -> Place:
    """The place of what was chosen, without what has no value there.  Raises InputError."""
    values = {name: value for name, value in chosen.resolved.values.items() if value is not None}
    return Place(values, chosen.total_steps(steps), seed)


@dataclass(frozen=True)
class Ground:
    """A setting, the quantities of its formulas, the values that a place leaves out, and what counts its examples."""

    setting: settings.Setting
    quantities: Mapping[str, str]
    defaults: Mapping[str, Value]
    sizes: tuple[str, ...]

    def bench(self, place: Place, statement: Statement, work: float = math.inf) -> tuple[Bench, Place]:
        """The bench of a place, whose steps are those that the statement names where they are known at the start.

        They are not asked for where one step alone takes more multiplications than `work`.
        """
        bench = self.plain(place)
        texts = [text for text in (statement.at, statement.until) if text and text != "T"]
        if not texts or statement.at == "0" or self.work(replace(place, steps=1), statement) > work:
            return bench, place
        start = bench.case(place.seed, 0, [])
        known = [number(text, start.view()) for text in texts if not self.late(text, start)]
        last = [math.floor(step) + 1 for step in known if 0 <= step < 2**53]
        if not last:
            return bench, place
        place = replace(place, steps=max(last))
        if statement.at and statement.until and self.work(place, statement) > work:  # a window: its step may come early
            place = replace(place, steps=max(1, round(place.steps * work / self.work(place, statement) / 2)))
        return replace(bench, steps=place.steps), place

    def plain(self, place: Place) -> Bench:
        """The bench of a place as it stands."""
        call = Call({"setting": self.setting.word, "preset": None}, self.given(place))
        problem = problem_of(choose(self.setting, place.params))
        return Bench(problem, place.steps, place.seed, self.quantities, call, place.bends)

    def late(self, text: str, start: Case) -> bool:
        """Whether a step is known only once the run is made."""
        inner = [self.quantities[name] for name in mentioned(text) if name in self.quantities]
        return bool(uses(text, "first") or uses(text, "at")) or any(self.late(each, start) for each in inner)

    def work(self, place: Place, statement: Statement, draws: int = 1) -> float:
        """Multiplications of runs and of their draws, whose Gram matrices are of n and of 2 m vectors."""
        n = math.prod(float(place.params.get(name, 1) or 1) for name in self.sizes)
        m = float(place.params.get("m", 1) or 1)
        steps = 1 if statement.at == "0" else place.steps
        return draws * ((2 * m * n * n + STEP) * steps + n**3 + (2 * m) ** 3)

    def given(self, place: Place) -> dict[str, Value]:
        """The parameters that are not at their defaults."""
        return {name: value for name, value in place.params.items() if self.defaults.get(name) != value}
