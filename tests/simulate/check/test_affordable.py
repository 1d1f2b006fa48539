"""A search does not go to tasks or dictionaries that no memory holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from derivations.papers.paper import PAPERS
from simulate.ask import settings
from simulate.ask.chosen import choose
from simulate.check.attack import Attack
from simulate.check.ground import ground
from simulate.check.space import Place, space_of
from simulate.errors import InputError
from simulate.run.problem import problem_of


def test_a_million_tasks_are_not_looked_at() -> None:
    """Before, a linear program sent FOMAML's tasks to 1.5 million, and the draw asked for 18 TiB."""
    problem = problem_of(choose("fomaml", {}))
    values = {name: value for name, value in problem.values.items() if value is not None}
    start, said = Place(values, 10, 0), PAPERS["fomaml"].statements
    assert said is not None
    space = space_of(problem.model, values, [said.statements[0]], {}, True)
    tasks = problem.model.bilevel.tasks
    assert space.affordable(start, start) and space.affordable(replace(start, steps=10**9), start)
    assert not space.affordable(space.set(start, tasks, 1.5e6), start)


def test_a_dictionary_that_no_memory_holds_is_not_drawn() -> None:
    """Before, a search of FOMAML's Lemma F.15 sent M to 64957, and the draw asked for 31 GiB of normals."""
    problem = problem_of(choose("fomaml", {"M": 64957}))
    for sampling in ("gram", "vectors"):
        with pytest.raises(InputError, match=r"M: a dictionary of 64957 vectors .* lower M to at most 14141"):
            problem.start(0, sampling)


def test_one_try_takes_no_more_memory_than_a_search_has_room_for() -> None:
    """Before, the number of vectors of a dictionary was bounded by nothing."""
    values = {"n_tasks": 2, "n": 4, "n_train": 2, "m": 2, "M": 8}
    begun = Place(values, 10, 0)
    at = ground(settings.resolve("fomaml"), {}).starting(begun)
    assert at.plain(begun).steps == 10
    for large in ({"M": 9000}, {"n_tasks": 500, "n": 40}, {"m": 5000}):
        with pytest.raises(InputError, match=r"search: a run there takes about .* GB, and one try takes at most 1\.07"):
            at.plain(replace(begun, params={**values, **large}))


def test_an_attack_tries_no_more_inner_steps_than_anybody_waits_for() -> None:
    """Before, a search of FOMAML's Lemma D.2 took 65 million steps of the inner loop at one place."""
    said = PAPERS["fomaml"].statements
    assert said is not None
    lemma = next(each for each in said.statements if each.id == "lem:D.2")
    chosen = choose("fomaml", None, "lemma-D.2")
    attack = Attack(chosen, lemma, {each.name: each.formula for each in said.quantities}, None, 1, 0)
    assert attack._tried(attack.space.set(attack.start, "J", 6e7)).score == -1
