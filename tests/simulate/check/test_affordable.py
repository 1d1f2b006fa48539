"""A search does not go to tasks or dictionaries that no memory holds."""

from __future__ import annotations

from dataclasses import replace

from derivations.papers.paper import PAPERS
from simulate.ask.chosen import choose
from simulate.check.space import Place, space_of
from simulate.run.problem import problem_of


def test_a_million_tasks_are_not_looked_at() -> None:
    """Before, a linear program sent FOMAML's tasks to 1.5 million, and the draw asked for 18 TiB."""
    problem = problem_of(choose("fomaml", {}))
    values = {name: value for name, value in problem.values.items() if value is not None}
    start, said = Place(values, 10, 0), PAPERS["fomaml"].statements
    assert said is not None
    space = space_of(problem.model, values, said.statements[0], True)
    tasks = problem.model.bilevel.tasks
    assert space.affordable(start, start) and space.affordable(replace(start, steps=10**9), start)
    assert not space.affordable(space.set(start, tasks, 1.5e6), start)
