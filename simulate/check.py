"""check: a paper's statements, or the user's own lemmas, held against runs; verdicts holds, violated, vacuous, undecided.

A statement is data (`derivations.statements`); a lemma of one's own takes a few lines, for any model:

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

import ast
import importlib
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from derivations.model import Model
from derivations.statements import Instance, Statement, Statements
from dynamics.formula import FormulaError
from dynamics.formula import evaluate as formula_value

from . import parameters, settings
from .check_case import Case, NoSuchStep, Rows, trajectory_case
from .check_formula import comparisons, evaluate, number, parse, uses
from .check_judge import Outcome, Point, judge
from .check_text import lines
from .draw import Draw, draw
from .errors import InputError, nearest, quoted
from .kernels import kernel_for
from .record import recorded_steps
from .run import total_steps

Verdict = Literal["holds", "violated", "vacuous", "undecided"]
CONFIDENCE = 0.99  # of the one-sided limits on a failure probability
SEEDS, DRAWS = 5, 200
EVERY_STEP = 3_000_000  # numbers in the states of a run that is recorded whole; longer runs at log-spaced steps


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A failure that can be run again: what failed, where, and the call of gr.run that shows the state."""

    seed: int
    t: int
    index: Mapping[str, int]
    comparison: str
    left: float
    right: float
    replay: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """A statement's verdict, the sentence behind it, the draws it was met on and failed on, and a witness."""

    statement: Statement
    verdict: Verdict
    detail: str
    draws: int
    met: int
    failed: int
    witness: Witness | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        said = self.statement
        found: dict[str, Any] = {
            "id": said.id, "kind": said.kind, "source": said.source, "text": said.text, "claim": said.claim, "given": said.given,
            "erratum": said.erratum or None, "verdict": self.verdict, "detail": self.detail, "draws": self.draws,
            "met": self.met, "failed": self.failed, "witness": None,
        }
        if self.witness is not None:
            found["witness"] = {**vars(self.witness), "index": dict(self.witness.index)}
        return found


@dataclass(frozen=True, kw_only=True)
class Check:
    """The results of a check, in the order asked for; `str` is a table."""

    setting: str
    paper: str
    about: str
    notes: tuple[str, ...]
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """No statement is violated, except those that an erratum already has on record as false."""
        return not any(result.verdict == "violated" and not result.statement.erratum for result in self.results)

    def __getitem__(self, name: str) -> Result:
        return {result.statement.id: result for result in self.results}[name]

    def __str__(self) -> str:
        return "\n".join(lines(self))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "setting": self.setting, "paper": self.paper, "about": self.about, "notes": list(self.notes), "passed": self.passed,
            "results": [result.to_dict() for result in self.results],
        }


def check(
    setting: str | Model,
    params: Mapping[str, object] | None = None,
    statements: Sequence[str | Statement] | Statements | None = None,
    *,
    preset: str | None = None,
    steps: int | None = None,
    seed: int = 0,
    seeds: int = SEEDS,
    draws: int = DRAWS,
) -> Check:
    """Hold statements against runs of a setting.

    Trajectories are those of `gr.run` at seed, seed + 1, ..., by Gram draws where these are exact; statements about
    the draw alone ("probability" at step 0) get `draws` of them.  A statement with an instance or a path of its own is
    checked there.

    Args:
        setting: a name, "file.py:model" or a Model.
        params: parameter values by name, over `preset`, over the published defaults.
        statements: ids of the setting's statements, Statements of the caller's own, or both; all of them by default.
        preset: a name of the setting's presets; also gives `steps`.
        steps: gradient steps of a run.
        seed: the first draw.
        seeds: trajectories.
        draws: draws for the statements about the draw alone.

    Raises:
        InputError: as `gr.run`; also for an unknown statement, and a formula that cannot be evaluated.
    """
    found = settings.resolve(setting)
    resolved = parameters.resolve(found.factory, params, found.preset(preset))
    recorded = recorded_for(found, setting, resolved.model)
    wanted, quantities = _wanted(statements, recorded, resolved.model.name)
    count = total_steps(steps, found.preset(preset), found)
    first, many = parameters.count("seed", seed), parameters.count("seeds", seeds, low=1)
    plenty = parameters.count("draws", draws, low=1)
    place = {"setting": setting if isinstance(setting, str) else setting.name, "preset": preset}
    call = _Call(place, dict(params or {}))
    results: dict[str, Result] = {}
    main = _Bench(found, resolved, count, first, quantities, call)
    results |= main.results([s for s in wanted if s.instance is None and s.path is None], many, plenty)
    for instance in dict.fromkeys(s.instance for s in wanted if s.instance is not None):
        own = parameters.resolve(found.factory, dict(instance.values))
        bench = _Bench(found, own, instance.steps, first, quantities, _Call({**place, "preset": None}, dict(instance.values)))
        results |= bench.results([s for s in wanted if s.instance == instance], many, plenty)
    for statement in wanted:
        if statement.path is not None:
            results[statement.id] = _along_path(statement, found, first, min(many, 3), quantities)
    about = f"{many} {'draw' if many == 1 else 'draws'} of {count} steps, seeds from {first}; {plenty} draws for statements about the draw alone"
    return Check(
        setting=resolved.model.name, paper=recorded.paper, about=about, notes=resolved.notes,
        results=tuple(results[s.id] for s in wanted),
    )


def recorded_for(found: settings.Setting, setting: object, model: Model) -> Statements:
    """The statements recorded for a setting: its file's STATEMENTS, or those of the paper of the model's name."""
    if isinstance(setting, str) and ".py" in setting:
        path = File(setting.rpartition(":")[0]).resolve()
        for module in list(sys.modules.values()):
            if getattr(module, "STATEMENTS", None) and File(getattr(module, "__file__", None) or "").resolve() == path:
                own = module.STATEMENTS
                return own if isinstance(own, Statements) else Statements(paper=found.name, statements=tuple(own))
    place = f"derivations.papers.{model.name}.statements"
    try:
        shipped = importlib.import_module(place).STATEMENTS
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise
        return Statements(paper=model.title)
    assert isinstance(shipped, Statements)
    return shipped


def _wanted(
    asked: Sequence[str | Statement] | Statements | None, recorded: Statements, name: str
) -> tuple[list[Statement], dict[str, str]]:
    """The statements asked for, and the formulas of their quantities."""
    quantities = {q.name: q.formula for q in recorded.quantities}
    if isinstance(asked, Statements):
        quantities |= {q.name: q.formula for q in asked.quantities}
        asked = asked.statements
    if not asked:
        asked = recorded.statements
    if not asked:
        raise InputError(f"statements: none are recorded for {name!r}; give Statements of your own, or STATEMENTS in its file")
    by_id = {s.id: s for s in recorded.statements}
    out: dict[str, Statement] = {}
    for one in asked:
        if isinstance(one, str) and one not in by_id:
            raise InputError(f"statements: {quoted(one)} is not one of {name}'s; {nearest(one, by_id)}")
        found = by_id[one] if isinstance(one, str) else one
        if out.get(found.id, found) != found:
            raise InputError(f"statements: the id {quoted(found.id)} is given to two of them; give each its own")
        out[found.id] = found
    return list(out.values()), quantities


@dataclass(frozen=True)
class _Call:
    """The arguments of the gr.run that repeats a draw."""

    place: Mapping[str, Any]
    params: Mapping[str, object]

    def replay(self, seed: int, sampling: str, t: int, ahead: bool) -> str:
        preset = f", preset={self.place['preset']!r}" if self.place["preset"] else ""
        record = [t, t + 1] if ahead else [t]
        given = f"{self.place['setting']!r}, {dict(self.params)!r}{preset}"
        return f"gr.run({given}, steps={record[-1]}, seed={seed}, sampling={sampling!r}, record={record})"


@dataclass(frozen=True)
class _Bench:
    """Runs of one parameter point, and statements held against them."""

    setting: settings.Setting
    resolved: parameters.Resolved
    steps: int
    seed: int
    quantities: Mapping[str, str]
    call: _Call

    def results(self, statements: Sequence[Statement], seeds: int, draws: int) -> dict[str, Result]:
        """A result for each statement."""
        starts = [s for s in statements if s.kind == "probability" and s.at == "0"]
        others = [s for s in statements if s not in starts]
        outcomes: dict[str, list[Outcome]] = {s.id: [] for s in statements}
        for group, count, steps in ((others, seeds, self.steps), (starts, draws, 0)):
            for seed in range(self.seed, self.seed + count) if group else ():
                case = self.case(seed, steps, group)
                for statement in group:
                    outcomes[statement.id].append(_judged(statement, case))
        return {s.id: self._result(s, outcomes[s.id]) for s in statements}

    def case(self, seed: int, steps: int, statements: Sequence[Statement]) -> Case:
        """One draw's trajectory, recorded where the statements look."""
        model, values = self.resolved.model, self.resolved.values
        drawn, kernel = drawn_for(model, values, seed), kernel_for(model)
        zero = np.zeros(1, dtype=np.int64)
        start = trajectory_case(kernel, drawn, model, values, self.steps, zero, seed, self.quantities)
        if steps == 0:
            return start
        recorded = _recorded(steps, 2 * drawn.z.size, _times(statements, start))
        return trajectory_case(kernel, drawn, model, values, self.steps, recorded, seed, self.quantities)

    def _result(self, statement: Statement, outcomes: Sequence[Outcome]) -> Result:
        met = [o for o in outcomes if o.entries]
        bad = [o for o in met if o.failed]
        verdict, detail = _VERDICTS[statement.kind](statement, outcomes, self)
        witness = None
        if verdict == "violated" and bad and bad[0].first is not None:
            witness = self._witness(statement, bad[0], bad[0].first)
        return Result(
            statement=statement, verdict=verdict, detail=detail, draws=len(outcomes), met=len(met), failed=len(bad), witness=witness
        )

    def _witness(self, statement: Statement, outcome: Outcome, point: Point) -> Witness:
        drawn = drawn_for(self.resolved.model, self.resolved.values, outcome.seed)
        ahead = any(uses(text, "next") for text in (statement.claim, statement.given))
        replay = self.call.replay(outcome.seed, drawn.sampling, point.t, ahead)
        return Witness(
            seed=outcome.seed, t=point.t, index=dict(point.index), comparison=point.text, left=point.left, right=point.right,
            replay=replay,
        )


def drawn_for(model: Model, values: Mapping[str, Any], seed: int) -> Draw:
    """A Gram draw where it is exact, else one from vectors."""
    try:
        return draw(model, values, seed, "gram")
    except InputError:
        return draw(model, values, seed, "vectors")


def _times(statements: Sequence[Statement], start: Case) -> list[int]:
    """The steps that statements name, as far as they are known before the run."""
    texts = [text for s in statements for text in (s.at, s.since, s.until) if text]
    asked = [s.claim for s in statements] + [s.given for s in statements] + list(start.quantities.values())
    texts += [ast.unparse(call.args[1]) for text in asked for call in uses(text, "at") if len(call.args) == 2]
    found = []
    for text in texts:
        if uses(text, "first"):
            continue
        try:
            step = number(text, start.view())
        except FormulaError:
            continue
        if 0 <= step < 2**53:
            found += [math.floor(step), math.floor(step) + 1]
    return found


def _recorded(steps: int, numbers: int, times: Sequence[int]) -> Rows:
    """Every step of a short run; else log-spaced ones, the named ones, and the step after each."""
    if (steps + 1) * numbers <= EVERY_STEP:
        return np.arange(steps + 1, dtype=np.int64)
    spaced = recorded_steps(None, steps)
    inside = np.array([t for t in times if t <= steps], dtype=np.int64)
    base = np.union1d(spaced, inside)
    found: Rows = np.union1d(base, np.minimum(base + 1, steps)).astype(np.int64)
    return found


def _judged(statement: Statement, case: Case) -> Outcome:
    try:
        return judge(statement, case)
    except NoSuchStep as error:
        return Outcome(case.seed, why=str(error), complete=case.diverged < 0)
    except FormulaError as error:
        raise InputError(f"{statement.id}: {error}") from None


def _universal(statement: Statement, outcomes: Sequence[Outcome], _: _Bench) -> tuple[Verdict, str]:
    """Identities and inequalities: every entry on every draw."""
    met = [o for o in outcomes if o.entries]
    if not met:
        return _empty(statement, outcomes)
    bad = [o for o in met if o.failed]
    on = f"on {len(met)} of {len(outcomes)} draws"
    if bad:
        return "violated", f"{len(bad)} of the {len(met)} draws it speaks of"
    unsure = [o for o in outcomes if o.unknown or not o.complete]
    note = next((o.note for o in outcomes if o.note), "")
    if unsure:
        return "undecided", f"nothing failed {on}, but {note or 'some entries have no value'}"
    closest = min((o.closest for o in met if o.closest is not None), key=lambda p: p.gap, default=None)
    tight = f"; closest {_sides(closest)}" if closest is not None and statement.kind == "inequality" else ""
    return "holds", f"{on}, {sum(o.entries for o in met)} entries{tight}{'; ' + note if note else ''}"


def _probable(statement: Statement, outcomes: Sequence[Outcome], bench: _Bench) -> tuple[Verdict, str]:
    """Failures k of N draws against delta, by one-sided Clopper-Pearson limits."""
    met = [o for o in outcomes if o.entries]
    if not met:
        return _empty(statement, outcomes)
    k, n = sum(o.failed > 0 for o in met), len(met)
    low, high = failure_limits(k, n)
    delta = formula_value(statement.delta, {"kappa": 1.0, **bench.resolved.values})
    sentence = f"fails in {k} of {n} draws; failure probability in [{low:.3g}, {high:.3g}], delta = {delta:.3g}"
    if low > delta:
        return "violated", sentence
    if high <= delta and not any(o.unknown or not o.complete for o in outcomes):
        return "holds", sentence
    needed = f"; {draws_needed(delta)} draws without a failure would decide" if k == 0 else ""
    return "undecided", sentence + needed


def failure_limits(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The one-sided lower and upper Clopper-Pearson limits on a probability seen k times in n."""
    from scipy.stats import beta

    low = float(beta.ppf(1 - confidence, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(confidence, k + 1, n - k)) if k < n else 1.0
    return low, high


def draws_needed(delta: float, confidence: float = CONFIDENCE) -> int:
    """The smallest number of draws without a failure whose upper limit is at most delta."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-delta)) if 0 < delta < 1 else 1


def _reached(statement: Statement, outcomes: Sequence[Outcome], _: _Bench) -> tuple[Verdict, str]:
    """Exists t: reached on every draw that the statement speaks of."""
    met = [o for o in outcomes if o.entries]
    if not met:
        return _empty(statement, outcomes)
    missed = [o for o in met if o.step < 0]
    if not missed:
        steps = [o.step for o in met]
        return "holds", f"reached on {len(met)} of {len(outcomes)} draws, at recorded t = {min(steps)} to {max(steps)}"
    if all(not o.complete for o in missed):
        why = next((o.note for o in missed if o.note), "not every step was looked at")
        return "undecided", f"not reached on {len(missed)} of {len(met)} draws, but {why}"
    return "violated", f"not reached on {len(missed)} of {len(met)} draws"


def _empty(statement: Statement, outcomes: Sequence[Outcome]) -> tuple[Verdict, str]:
    if any(not o.complete for o in outcomes):
        return "undecided", next((o.why for o in outcomes if o.why), "the run diverges before the statement applies")
    why = next((o.why for o in outcomes if o.why), "")
    return "vacuous", why or f"its hypothesis is never met: {statement.given}"


_VERDICTS = {"identity": _universal, "inequality": _universal, "probability": _probable, "exists": _reached}


def _along_path(
    statement: Statement, found: settings.Setting, seed: int, seeds: int, quantities: Mapping[str, str]
) -> Result:
    """An order statement: the implied constant at each scale, and the exponent it grows with, with its 95% interval."""
    assert statement.path is not None
    scales, ratios, reasons = [], [], []
    for scale, bench in _benches(statement, found, seed, quantities):
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
    runs = len(statement.path.scales) * seeds
    if len(set(scales)) < 2 or len(scales) < 3:
        why = reasons[0] if reasons else f"its hypothesis is met on {len(scales)} of {runs} runs of its path"
        return Result(statement=statement, verdict="vacuous", detail=why, draws=runs, met=len(scales), failed=0)
    slope, low, high = exponent(np.log(scales), np.log(ratios))
    slack = statement.path.slack
    verdict: Verdict = "holds" if high <= slack else "violated" if low > slack else "undecided"
    detail = f"implied constant {min(ratios):.3g} to {max(ratios):.3g} over {len(statement.path.scales)} scales; it grows as s^{slope:.3f}, 95% [{low:.3f}, {high:.3f}]"
    return Result(statement=statement, verdict=verdict, detail=detail, draws=runs, met=len(scales), failed=0)


def _benches(
    statement: Statement, found: settings.Setting, seed: int, quantities: Mapping[str, str]
) -> Iterator[tuple[float, _Bench]]:
    assert statement.path is not None
    base = parameters.build(found.factory, {})
    kinds = {p.name: p.kind for p in base.parameters}
    for scale in statement.path.scales:
        values: dict[str, object] = {}
        for name, text in statement.path.values:
            literal = isinstance(text, bool) or kinds.get(name) in ("choice", "flag")
            values[name] = text if literal else formula_value(str(text), {"s": scale, **_numbers(values)})
        own = parameters.resolve(found.factory, values)
        steps = round(formula_value(statement.path.steps, {"s": scale, **_numbers(own.values)}))
        yield scale, _Bench(found, own, steps, seed, quantities, _Call({"setting": found.name, "preset": None}, values))


def _numbers(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def implied_constant(statement: Statement, case: Case) -> float:
    """The smallest C with left <= C right (or C left >= right) wherever the hypothesis holds; NaN where it never does."""
    step = number(statement.at, case.view()) if statement.at else math.nan
    rows = np.array([case.row(step)]) if statement.at else case.rows
    view = case.view(rows)
    (found,) = comparisons(statement.claim, view, 0.0)
    over, under = (found.left, found.right) if "<" in found.text else (found.right, found.left)
    ratio = over / under
    if statement.given:
        given = evaluate(parse(statement.given), view)
        if not np.any(given.values):
            return math.nan
        if given.dims == found.dims:
            ratio = ratio[given.values != 0]
    return float(np.max(ratio))


def exponent(x: NDArray[np.float64], y: NDArray[np.float64], confidence: float = 0.95) -> tuple[float, float, float]:
    """The least-squares slope of y on x, with its confidence interval."""
    from scipy.stats import t as student

    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    rest = y - y.mean() - slope * centred
    error = math.sqrt(float(rest @ rest) / (len(x) - 2) / float(centred @ centred))
    half = float(student.ppf(0.5 + confidence / 2, len(x) - 2)) * error
    return slope, slope - half, slope + half


def _sides(point: Point) -> str:
    where = ", ".join([f"t = {point.t}", *(f"{dim} = {at}" for dim, at in point.index.items())])
    return f"{point.left:.4g} against {point.right:.4g} at {where}"


__all__ = ["Check", "Instance", "Result", "Statement", "Verdict", "Witness", "check"]
