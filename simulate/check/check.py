"""check: a paper's statements, or lemmas of one's own, held against runs: holds, violated, vacuous or undecided.

A statement is data (`derivations.declare`); a lemma of one's own takes a few lines, for any model:

    import gammarho as gr

    lemma = gr.Statement(
        id="monotone", kind="inequality", claim="next(gamma) >= gamma", given="2*lam_t*G_mu_mu <= m",
        mutant="next(gamma) <= gamma")
    print(gr.check("pegr", {"n": 10, "m": 4, "d": 300}, [lemma], steps=200, seeds=3))

or `STATEMENTS = (lemma,)` beside the model in file.py, and `gammarho check file.py:model`.

- "holds": nothing failed where the hypothesis was met; a probability's upper confidence limit is at most delta.
- "violated": with the draw, step and index of a failure, and the line that runs it again.
- "vacuous": the hypothesis, the parameter values it is about or its step never occurred: nothing was tested.
- "undecided": a value was missing, the run ended too early, or the draws are too few.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from derivations.declare import Instance, Model, Statement, Statements
from derivations.declare.formula import QUANTITIES, parse
from dynamics.blas import one_blas_thread

from ..ask import keywords, models, noted, reading, settings
from ..ask.chosen import Chosen, choose
from ..ask.formula import evaluate as formula_value
from ..errors import InputError
from ..run import estimate
from ..run.problem import problem_of
from ..run.request import Request, recorded_states
from ..start.source import Source
from ..work.progress import duration
from .bench import Bench, Call, Result, Witness
from .case import Case
from .comparison import comparisons
from .forecast import seconds_of
from .formula import evaluate, number
from .posed import posed
from .results import Check, counted
from .spared import every, spared
from .verdict import Verdict, exponent
from .view import NoSuchStep

SEEDS, DRAWS = 5, 200


@one_blas_thread()
def check(
    setting: str | Model | Chosen,
    params: Mapping[str, object] | None = None,
    statements: Sequence[str | Statement] | Statements | None = None,
    *,
    preset: str | None = None,
    steps: int | str | None = None,
    seed: int | str = 0,
    seeds: int | str = SEEDS,
    draws: int | str = DRAWS,
    initial: Mapping[str, Any] | Source | None = None,
    **values: object,
) -> Check:
    """Hold statements against runs of a setting.

    Trajectories are those of `gr.run` at seed, seed + 1, ..., by Gram draws where these are exact; statements about
    the draw alone ("probability" at step 0) get `draws` of them.  A statement with an instance or a path of its own is
    checked there.

    Args:
        setting: a name, "file.py:model" or a Model.
        params: parameter values by name, over `preset`, over the published defaults.
        values: more of them, as keywords.
        statements: ids of the setting's statements, Statements of the caller's own, claims as text, such as
            "test_error <= 0.01", which are judged at the last step, or all of these; the setting's by default, of
            which those that cannot be judged are `refused` and the others judged.
        preset: a name of the setting's presets; also gives `steps`.
        steps: gradient steps of a run.
        seed: the first draw.
        seeds: trajectories.
        draws: draws for the statements about the draw alone.
        initial: arrays or examples to start from instead of draws, as `gr.run` takes them, also where a statement has
            an instance; seeds then tell what the algorithm draws at each step.

    Raises:
        InputError: as `gr.run`; also for an unknown statement, a formula that cannot be evaluated, and for `initial`
            with a statement that is held along a path, whose sizes are its own.
    """
    params = keywords.joined(params, values)
    if statements is None and (declared := every(setting)):
        return spared(lambda some: check(
            setting, params, some, preset=preset, steps=steps, seed=seed, seeds=seeds, draws=draws, initial=initial,
        ), declared)
    asked_for = posed(setting, statements, params, preset, initial)
    source, problem, recorded = asked_for.chosen.setting, asked_for.problem.on(initial), asked_for.recorded
    wanted, quantities = asked_for.statements, asked_for.quantities
    along = [s.id for s in wanted if s.path is not None]
    if initial is not None and along:
        raise InputError(f"initial: {along[0]!r} is held along a path of sizes, and arrays have one; leave either out")
    count = asked_for.chosen.total_steps(steps)
    first, many = reading.count("seed", seed), reading.count("seeds", seeds, low=1, example=SEEDS)
    plenty = reading.count("draws", draws, low=1, example=DRAWS)
    asked = Request(problem.model, problem.sizes, "gram", "reduced", count, recorded_states(None, count), ())
    estimate.check_memory(asked)
    begun = asked_for.chosen.preset
    place = {"setting": source.word, "preset": None if begun is None else begun.name}
    read = asked_for.chosen.resolved.values
    call = Call(place, {name: read[name] for name in asked_for.chosen.given}, initial is not None)
    results: dict[str, Result] = {}
    groups = [(Bench(problem, count, first, quantities, call),
               [s for s in wanted if s.instance is None and s.path is None])]
    for instance in dict.fromkeys(s.instance for s in wanted if s.instance is not None):
        own = problem_of(choose(source, dict(instance.values))).on(initial)
        repeated = Call({**place, "preset": None}, dict(instance.values), initial is not None)
        groups.append((Bench(own, instance.steps, first, quantities, repeated),
                       [s for s in wanted if s.instance == instance]))
    paths = [(s, list(_benches(s, source, first, quantities))) for s in wanted if s.path is not None]
    few = min(many, 3)
    along_paths = [(bench, [s]) for s, benches in paths for _, bench in benches]
    _foretold(asked, [*((*each, many) for each in groups), *((*each, few) for each in along_paths)], plenty)
    for bench, group in groups:
        results |= bench.results(group, many, plenty)
    for statement, benches in paths:
        results[statement.id] = _along_path(statement, benches, first, few)
    about = f"{counted(many, 'draw')} of {counted(count, 'step')}, seeds from {first}"
    if any(s.of_the_draw for s in wanted):
        about += f"; {counted(plenty, 'draw')} for statements about the draw alone"
    return Check(
        setting=problem.model.name,
        paper=recorded.paper,
        about=about,
        notes=noted.lines(problem.resolved.notes),
        results=tuple(results[s.id] for s in wanted),
        quantities=(*recorded.quantities, *(statements.quantities if isinstance(statements, Statements) else ())),
    )


def _foretold(asked: Request, groups: Sequence[tuple[Bench, Sequence[Statement], int]], draws: int) -> None:
    """Says how long the check takes, where that is long.  Raises InputError where nobody waits for it."""
    runs = drawn = 0.0
    for bench, group, seeds in groups:
        some, starts = seconds_of(bench.problem, bench.steps, group, bench.quantities, seeds, draws)
        runs, drawn = runs + some, drawn + starts
    if drawn > estimate.LONGEST:
        raise InputError(
            f"draws: {draws} of them would take about {duration(drawn)}, and what takes more than "
            f"{duration(estimate.LONGEST)} is not begun; take fewer draws"
        )
    estimate.check_time(runs + drawn, asked, groups[0][2], "check")


def _along_path(statement: Statement, benches: Sequence[tuple[float, Bench]], seed: int, seeds: int) -> Result:
    """An order statement: the implied constant at each scale, and the exponent it grows with, with its 95% interval."""
    assert statement.path is not None
    scales, ratios, seeds_met, reasons = [], [], [], []
    for scale, bench in benches:
        for one in range(seed, seed + seeds):
            case = bench.case(one, bench.steps, [statement])
            try:
                constant = implied_constant(statement, case)
            except NoSuchStep as error:
                reasons.append(str(error))
                continue
            if 0 < constant < math.inf:
                scales.append(scale)
                ratios.append(constant)
                seeds_met.append(one)
    runs = len(statement.path.scales) * seeds
    if len(set(scales)) < 2 or len(scales) < len(set(seeds_met)) + 2:
        why = reasons[0] if reasons else f"its hypothesis is met on {len(scales)} of {runs} runs of its path"
        return Result(statement=statement, verdict="vacuous", detail=why, draws=runs, met=len(scales), failed=0)
    logarithmic = statement.path.of == "log"
    slope, low, high = exponent(np.log(np.log(scales) if logarithmic else scales), np.log(ratios), draws=seeds_met)
    between = statement.path.neighbour / 2  # nearer to the exponent as stated than to the next one above it
    verdict: Verdict = "holds" if high < between else "violated" if low > between else "undecided"
    detail = (
        f"implied constant {min(ratios):.3g} to {max(ratios):.3g} over {len(statement.path.scales)} scales; "
        f"it grows as {'(log s)' if logarithmic else 's'}^{slope:.3f}, 95% [{low:.3f}, {high:.3f}], where 0 is the "
        f"order as stated and {2 * between:g} the next one"
    )
    return Result(statement=statement, verdict=verdict, detail=detail, draws=runs, met=len(scales), failed=0)


def _benches(
    statement: Statement, setting: settings.Setting, seed: int, quantities: Mapping[str, str]
) -> Iterator[tuple[float, Bench]]:
    assert statement.path is not None
    base = models.build(setting.factory, {})
    words = {p.name for p in base.parameters if p.listed}
    for scale in statement.path.scales:
        values: dict[str, object] = {}
        for name, text in statement.path.values:
            literal = isinstance(text, bool) or name in words
            values[name] = text if literal else formula_value(str(text), {"s": scale, **_numbers(values)})
        own = problem_of(choose(setting, values))
        steps = round(formula_value(statement.path.steps, {"s": scale, **_numbers(own.values)}))
        yield scale, Bench(own, steps, seed, quantities, Call({"setting": setting.word, "preset": None}, values))


def _numbers(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def implied_constant(statement: Statement, case: Case) -> float:
    """The smallest C with left <= C right (C left >= right) wherever the hypothesis holds; NaN where it never does."""
    step = number(statement.at, case.view()) if statement.at else math.nan
    rows = np.array([case.row(step)]) if statement.at else case.rows
    view = case.view(rows)
    (comparison,) = comparisons(statement.claim, view, 0.0)
    over, under = (comparison.left, comparison.right) if "<" in comparison.text else (comparison.right, comparison.left)
    ratio = over / under
    if statement.given:
        given = evaluate(parse(statement.given, QUANTITIES), view)
        if not np.any(given.values):
            return math.nan
        if given.dims == comparison.dims:
            ratio = ratio[given.values != 0]
    return float(np.max(ratio))


__all__ = ["Check", "Instance", "Result", "Statement", "Verdict", "Witness", "check"]
