"""A case goes as soon as nobody names it: what statements took of it does not hold it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.vendor.pretty import pretty

from derivations.declare import Statement, spoken
from derivations.declare.formula import FormulaError
from simulate.ask.chosen import choose
from simulate.check.bench import Bench, Call
from simulate.check.case import Case
from simulate.check.judge import judge
from simulate.check.posed import posed
from simulate.check.states import cases
from simulate.check.view import FRESH_NAMES
from simulate.errors import InputError
from simulate.observe import observables as obs
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


@pytest.mark.parametrize(("setting", "preset"), [
    ("pegr", "mechanism"), ("heterogeneous", "theorem-1.3"), ("nearly_orthogonal", "orthogonal-relu"),
    ("fomaml", "mechanism"),
])
def test_what_a_step_has_a_value_of_no_step_has_none_of(setting: str, preset: str) -> None:
    """A statement about a step that a run never reaches looks at none.

    Before, the spectra and the long-tail ratios of none were an error, which ended a count of mutants after 15 minutes.
    """
    made = bench(setting, preset, 2)
    case, none = made.case(0, 2, []), np.zeros(0, dtype=np.int64)
    model = made.problem.model
    declared = [name for each in model.observables for name in (each.name, *each.also)]
    told = 0
    for name in {*FRESH_NAMES, *spoken.spoken(model), *obs.names(model), *declared}:
        try:
            one = case.view(case.rows[:1]).named(name)
        except (FormulaError, InputError):
            continue  # of another model, no quantity of a step, or without a test law
        of_none = case.view(none).named(name)
        told += 1
        assert of_none.dims == one.dims
        shape = tuple(0 if dim == "t" else size for dim, size in zip(one.dims, one.values.shape, strict=True))
        assert of_none.values.shape == shape
    assert told > 20


@pytest.mark.parametrize(("setting", "preset"), [
    ("pegr", "mechanism"), ("heterogeneous", "theorem-1.3"), ("nearly_orthogonal", "orthogonal-relu"),
    ("fomaml", "mechanism"),
])
def test_what_statements_name_has_the_indices_that_a_description_gives(setting: str, preset: str) -> None:
    made = bench(setting, preset, 2)
    case, model = made.case(0, 2, []), made.problem.model
    told = {name: each.dims for name, each in spoken.spoken(model).items()}
    for family in model.directions:
        told |= {f"{of}_{family.name}": spoken.of_family(model, family) for of in ("z", "b")}
        told |= {f"G_{family.name}_{other.name}": spoken.of_product(model, family, other)
                 for other in model.directions}
    for name, dims in told.items():
        one = case.view().named(name)
        assert one.dims == dims and one.values.ndim == len(dims), name


@settings(max_examples=3)
@given(cases("pegr", {"q": 2}))
def test_a_case_is_written_out_in_a_line(case: Case) -> None:
    """Before, with all arrays and the whole model: 26000 signs for each state that Hypothesis finds."""
    for text in (repr(case), pretty(case)):
        assert text.startswith("<pegr at ") and text.endswith(f"seed {case.seed}, 3 steps to 2>")
        assert f"eta={case.states.values['eta']!r}" in text and len(text) < 600
