"""A case goes as soon as nobody names it: what statements took of it does not hold it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence

import pytest

from derivations.declare import Statement
from simulate.ask.chosen import choose
from simulate.check.bench import Bench, Call
from simulate.check.case import Case
from simulate.check.judge import judge
from simulate.check.posed import posed
from simulate.run.problem import problem_of


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Circles stay, as they do in a search: arrays are large, and too few objects to have it run."""
    gc.disable()
    yield
    gc.enable()


def bench(setting: str, preset: str, steps: int) -> Bench:
    asked = posed(setting, None, None, preset)
    problem = problem_of(choose(setting, None, preset))
    return Bench(problem, steps, 0, asked.quantities, Call({"setting": setting, "preset": preset}, {}))


@pytest.mark.parametrize(("setting", "preset", "ids"), [
    ("pegr", "mechanism", ("L1", "E12", "D1")),  # one step, the step after, a sum along the run
    ("heterogeneous", "theorem-1.3", ("T1.3", "81")),
    ("fomaml", "mechanism", ("hyp:E.1",)),
])
def test_a_case_that_statements_looked_at_goes_with_its_last_name(
    setting: str, preset: str, ids: tuple[str, ...], no_collector: None
) -> None:
    said = posed(setting, list(ids), None, preset).statements
    case = bench(setting, preset, 3).case(0, 3, said)
    for statement in said:
        judge(statement, case)
    left = weakref.ref(case)
    del case
    assert left() is None


def test_draws_of_statements_are_held_one_at_a_time(no_collector: None, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[int] = []
    made: list[weakref.ref[Case]] = []
    whole = Bench.case

    def counted(self: Bench, seed: int, steps: int, statements: Sequence[Statement]) -> Case:
        alive.append(sum(each() is not None for each in made))
        case = whole(self, seed, steps, statements)
        made.append(weakref.ref(case))
        return case

    monkeypatch.setattr(Bench, "case", counted)
    said = posed("pegr", ["D1"], None, "mechanism").statements
    bench("pegr", "mechanism", 3).results(said, 4, 0)
    assert alive == [0] * 4
