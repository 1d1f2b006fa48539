"""The public functions that put two parts together: a setting's model, and what is done with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulate.ask import formula, keywords, models, parameters, reading, settings
from simulate.ask import values as ask
from simulate.ask.chosen import Chosen, choose
from simulate.errors import InputError, quoted
from simulate.work import progress

if TYPE_CHECKING:
    from derivations.declare import Conditions, Model, Parameter, Value
    from derivations.derive import Derived
    from simulate.conditions.conditions import ConditionTable
    from simulate.conditions.point import Point
    from simulate.conditions.rows import Repair
    from simulate.run.problem import Start
    from simulate.start.source import Source
    from simulate.validate.compare import Validation

Given = Mapping[str, object] | None


def resolve(
    setting: str | Model | Chosen, params: Given = None, preset: str | None = None, verb: str = "run"
) -> parameters.Resolved:
    """The setting's model and the value of every parameter: `params` over `preset` over the published defaults.

    `verb` is whose options a name may be that is no parameter.

    Raises:
        InputError: for an unknown setting, preset or parameter, and for a value outside its range.
    """
    return choose(setting, params, preset, verb).resolved


def derive(
    setting: str | Model, params: Given = None, *, preset: str | None = None, **more: object
) -> Derived:
    """The exact reduced recursion of a setting (a name, "file.py:model" or a Model).

    Parameters may be keywords too, `more`.  Structural ones, such as `regularizer` and `q` of `pegr`, select it;
    `neurons` and `penalty_half` are shown
    in it, as kappa = 1/m or 1 and c = 1/2 or 1.

    Raises:
        InputError: as `resolve`.
    """
    from derivations.derive import derive as derive_model

    resolved = resolve(setting, keywords.joined(params, more), preset, "derive")
    given = tuple(dataclasses.replace(each, default=resolved.values[each.name]) for each in resolved.model.parameters)
    with progress.doing("deriving the recursion"):
        return derive_model(dataclasses.replace(resolved.model, parameters=given))


def conditions(
    setting: str | Model,
    params: Given = None,
    *,
    preset: str | None = None,
    constant: float | str = 1.0,
    steps: int | str | None = None,
    measured: Mapping[str, float] | None = None,
    initial: Source | None = None,
    covariances: Any = None,
    solve: Sequence[str] | str | None = None,
    hold: object = None,
    **more: object,
) -> ConditionTable:
    """The paper's conditions at these values: a row a clause, with the constants C for which it holds.

    A file of the user's own may hold CONDITIONS beside its model.

    Args:
        setting: a name, "file.py:model" or a Model.
        params: values by name, of the model's parameters and of the conditions' own, such as `alpha`.
        preset: a name of the setting's presets; also gives `steps`.
        constant: the C at which each clause is judged.
        steps: the run's gradient steps, for the clauses that speak of them.
        measured: quantities of the conditions by name, such as R_min, taken as they are instead of from the parameters.
        initial: examples such as `images` gives; R_min, R_max, R and p are measured on them, n and d are theirs.
        covariances: (K, d, d), Sigma_k = A_k A_k^T of class-dependent noise, on which the quantities are measured.
        solve: parameters of which the nearest values are sought at which all clauses hold together, as "d,sigma_p" or
            names (`ConditionTable.repair`).
        more: further values, as keywords.
        hold: equations that are solved for parameters, as `held` takes them, wherever `solve` looks.

    Raises:
        InputError: as `resolve`; also where no conditions are recorded for the model, where what is measured does not
            fit the model or its conditions, and where no tasks could be drawn at these sizes.
    """
    from simulate.conditions.conditions import recorded, tabulate

    level, quantities = reading.positive("constant", constant), ask.mapping(
        "measured", measured, "quantities by name", "{'R_min': 1.0}"
    )
    own, given = condition_parameters(setting), parameters.by_name(keywords.joined(params, more))
    asked = {name: value for name, value in given.items() if name not in own}
    solved = _held(setting, asked, hold, preset, steps)
    resolved = resolve(setting, solved, preset, "conditions")
    extra = parameters.further(resolved, own, given)
    observed: dict[str, float] = {}
    if initial is not None:
        resolved, observed = _measured_on(resolved, given, initial, recorded(resolved.model, setting))
    if covariances is not None:
        from simulate.conditions.measured import from_covariances

        resolved, observed = from_covariances(resolved, given, covariances)
    count = None if steps is None and preset is None else choose(setting, None, preset).total_steps(steps)
    values = {**resolved.values, **extra}
    declared = recorded(resolved.model, setting)
    if resolved.model.algorithm.over_tasks:
        from simulate.start.task_layout import check_sizes

        check_sizes(resolved.model, values)

    def repaired(here: Point) -> Repair:
        from simulate.ask.arguments import names
        from simulate.conditions.repair import repair

        known = {each.name: each for each in (*declared.parameters, *resolved.model.parameters)}

        def moved(changed: Mapping[str, float]) -> Mapping[str, Value]:
            return {**here.values, **_following(setting, resolved, asked, changed, hold, preset, steps), **changed}

        return repair(here, moved, names("solve", solve, tuple(known), "a parameter here") or (), known)

    table = tabulate(
        declared, resolved.model, values, constant=level, steps=count, measured={**observed, **quantities},
        repaired=None if solve is None else repaired,
    )
    held = tuple((name, value) for name, value in solved.items() if name not in asked and isinstance(value, float))
    return dataclasses.replace(table, held=held)


def _held(
    setting: str | Model, given: Mapping[str, object], hold: object, preset: str | None, steps: int | str | None
) -> Mapping[str, object]:
    """What is given, with the parameters that equations are solved for."""
    if not hold:
        return given
    from simulate.conditions.held import held

    return held(setting, given, hold, preset=preset, steps=steps)


def _following(
    setting: str | Model, resolved: parameters.Resolved, asked: Mapping[str, object], changed: Mapping[str, float],
    hold: object, preset: str | None, steps: int | str | None,
) -> dict[str, Value]:
    """The parameters that follow changed ones, by an equation or a formula, where those are not whole yet."""
    if hold:
        declared = {each.name: each for each in resolved.model.parameters}
        whole = {name: reading.nearest_whole(declared[name], x) for name, x in changed.items() if name in declared}
        return resolve(setting, _held(setting, {**asked, **whole}, hold, preset, steps), preset).values
    numbers: dict[str, Value] = {**resolved.values, **changed}
    for parameter in resolved.model.parameters:
        text = parameters.formula_of(resolved.model, parameter, asked)
        if text is not None and parameter.name not in changed:
            numbers[parameter.name] = formula.evaluate(text, numbers)
    return numbers


def _measured_on(
    resolved: parameters.Resolved, given: Given, initial: Source, declared: Conditions
) -> tuple[parameters.Resolved, dict[str, float]]:
    """The parameters that go with a source's examples, and what the conditions take from their Gram matrix."""
    from simulate.start.source import Source, measured, settle

    if not isinstance(initial, Source):
        raise InputError(
            f"initial: {quoted(initial)}; conditions measure examples such as gr.images gives, and for arrays of your "
            "own take measured={...}"
        )
    resolved, examples = settle(resolved, given, initial)
    known = {quantity.name for quantity in declared.quantities}
    return resolved, {name: value for name, value in measured(examples).items() if name in known}


def condition_parameters(setting: str | Model) -> dict[str, Parameter]:
    """The parameters that belong to the conditions recorded for a setting and not to its model."""
    from simulate.conditions.conditions import recorded

    model = models.build(settings.resolve(setting).factory, {})
    return {own.name: own for own in recorded(model, setting).parameters}


def validate(
    setting: str | Model | Chosen,
    params: Given = None,
    *,
    preset: str | None = None,
    steps: int | str | None = None,
    seed: int | str = 0,
    initial: Mapping[str, Any] | Source | None = None,
    **more: object,
) -> Validation:
    """Compare the reduced recursion with gradient descent on the weights (torch, float64), on one draw.

    Args:
        setting: a name, "file.py:model" or a Model.
        params: parameter values by name, over `preset`, over the published defaults.
        preset: a name of the setting's presets.
        steps: gradient steps; else the preset's, else the setting's first preset's, of which only as many are taken as
            weight space can do in a minute or so (a note in the result says where that cut the run short).
        seed: selects the draw, and what the algorithm draws at each step.
        initial: arrays or examples to start from instead of a draw, as `run` takes them; sizes come from them.
        more: further parameters, as keywords.

    Returns:
        One-step residuals and the trajectories' differences with their bounds; `verdict` is "pass", "fail" or
        "undecided".

    Raises:
        InputError: as `resolve`, and where nothing says how many steps.
    """
    import numpy as np

    from simulate.run import estimate
    from simulate.run.problem import problem_of
    from simulate.run.request import Request
    from simulate.run.seconds import seconds
    from simulate.start import magnitudes
    from simulate.validate.compare import compare

    chosen = choose(setting, keywords.joined(params, more), preset, "validate").on(initial)
    count, first = chosen.total_steps(steps, low=1), reading.count("seed", seed)
    problem = problem_of(chosen).on(initial)
    asked = Request(problem.model, problem.sizes, "vectors", "weights", count, min(count + 1.0, 62.0), ())
    estimate.check_memory(asked)
    if steps is not None:
        estimate.check_time(seconds(asked), asked, 1, "validate")
    start = problem.start(first)
    affordable = count
    if steps is None:  # as many as a minute or so is enough for, or the fewest that tell something
        affordable = min(count, _affordable(start))
        fewer = dataclasses.replace(asked, steps=affordable, recorded=min(affordable + 1.0, 62.0))
        estimate.check_time(seconds(fewer), fewer, 1, "validate")
    with start.explained(), np.errstate(all="ignore"):
        report = compare(start.model, start.kernel, start.draw, start.values, affordable, draws=start.draws)
    extreme = magnitudes.undecided_by(start.model, start.values)
    if extreme and report.verdict == "fail":
        report = dataclasses.replace(report, verdict="undecided", notes=(*report.notes, extreme))
    if affordable == count:
        return report
    cut = f"the first {affordable} of {count} steps: more would train the weights for minutes; ask for them by steps"
    return dataclasses.replace(report, asked=count, notes=(*report.notes, cut))


def _affordable(start: Start) -> int:
    """Steps of weight-space training that take a minute or so on one core: about 1e9 filter entries x examples.

    A bilevel step goes through all examples J + 1 times, in one call a task, which alone costs as much as 1e5 of them.
    """
    from simulate.values import number

    drawn, values = start.draw, start.values
    heads, m, _ = drawn.z.shape
    cost = heads * m * drawn.d * len(drawn.y)
    if not start.model.algorithm.over_tasks:
        return max(20, int(1e9 / cost))
    algorithm = start.model.bilevel
    passes = 1 + int(number(values, algorithm.inner_steps))
    return max(10, int(1e9 / (passes * (cost + 1e5 * int(number(values, algorithm.tasks))))))
