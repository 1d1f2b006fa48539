"""How long a check takes: its runs, what is looked at of their states, and its formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derivations.declare import Statement

from ..observe import observables as obs
from ..run.problem import Problem
from ..run.request import Request, size_of
from ..run.seconds import seconds
from .bench import EVERY_STEP
from .cases import spoken

FEW = 400.0  # recorded steps of a run that is not recorded whole, about
FORMULA = 3e-8  # seconds that a formula takes for a number of the states, its mutant's included


def seconds_of(
    problem: Problem, steps: int, statements: Sequence[Statement], quantities: Mapping[str, str], seeds: int, draws: int
) -> tuple[float, float]:
    """The seconds that `seeds` runs take for the statements about runs, and `draws` draws for those about the draw."""
    starts = [s for s in statements if s.of_the_draw]
    others = [s for s in statements if not s.of_the_draw]
    runs = seeds * _one(problem, steps, others, quantities) if others else 0.0
    return runs, draws * _one(problem, 0, starts, quantities) if starts else 0.0


def _one(problem: Problem, steps: int, statements: Sequence[Statement], quantities: Mapping[str, str]) -> float:
    """One draw's run, recorded where statements look, and they held against it."""
    model = problem.model
    asked = Request(model, problem.sizes, "gram", "reduced", steps, 1.0, ())
    numbers = 2 * asked.filters * asked.directions
    if model.algorithm.over_tasks:
        numbers *= 1 + size_of(problem.sizes, model.bilevel.inner_steps)
    rows = min(steps + 1.0, max(EVERY_STEP / numbers, FEW))
    fresh, formulas, judged = set(obs.fresh_names(model)), 0.0, 0.0
    for each in statements:
        looked = 1.0 if each.at else rows
        texts = [t for t in (each.claim, each.given, each.at, each.since, each.until, each.mutant) if t]
        formulas += looked * numbers * FORMULA
        if fresh & spoken(texts, quantities):
            judged = max(judged, looked)
    told = seconds(Request(model, problem.sizes, "gram", "reduced", steps, rows, ()))
    if judged:
        one = seconds(Request(model, problem.sizes, "gram", "reduced", 0, 1.0, tuple(fresh)))
        told += judged * (one - seconds(Request(model, problem.sizes, "gram", "reduced", 0, 1.0, ())))
    return told + formulas
