"""Runs of one parameter point, and the statements held against them: results with their witnesses."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivations.declare import Statement
from derivations.declare.formula import FormulaError

from ..errors import GramRefused, InputError, StatementRefused
from ..run.problem import Problem, Start
from ..run.record import recorded_steps
from ..values import number as number_of
from ..work.progress import Step, progress
from . import tasks as check_tasks
from .bent import Bends, bent
from .case import Case, looks_ahead
from .cases import spoken, trajectory_case
from .formula import number, uses
from .judge import Outcome, judge
from .over_steps import Point
from .verdict import VERDICTS, Verdict
from .view import NoSuchStep, Rows

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
    """A statement's verdict, the sentence behind it, the draws it was met on and failed on, and a witness.

    cases: the entries that it spoke of, over all draws.
    smaller: a failure of the same statement at smaller sizes, where one was looked for.
    """

    statement: Statement
    verdict: Verdict
    detail: str
    draws: int
    met: int
    failed: int
    cases: int = 0
    witness: Witness | None = None
    smaller: Witness | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        said = self.statement
        fields: dict[str, Any] = {
            "id": said.id,
            "kind": said.kind,
            "source": said.source,
            "text": said.text,
            "claim": said.claim,
            "given": said.given,
            "erratum": said.erratum or None,
            "verdict": self.verdict,
            "detail": self.detail,
            "draws": self.draws,
            "met": self.met,
            "failed": self.failed,
            "cases": self.cases,
        }
        for name, each in (("witness", self.witness), ("smaller", self.smaller)):
            fields[name] = None if each is None else {**vars(each), "index": dict(each.index)}
        return fields


@dataclass(frozen=True)
class Call:
    """The arguments of the gr.run that repeats a draw."""

    place: Mapping[str, Any]
    params: Mapping[str, object]
    brought: bool = False  # whether the caller brings the arrays

    def replay(self, seed: int, sampling: str, t: int, ahead: bool) -> str:
        """The call that shows the state at step t of a seed's run, and the next one where that is needed."""
        preset = f", preset={self.place['preset']!r}" if self.place["preset"] else ""
        record = [t, t + 1] if ahead else [t]
        given = f"{self.place['setting']!r}, {dict(self.params)!r}{preset}"
        if self.brought:
            return f"gr.run({given}, steps={record[-1]}, seed={seed}, initial=initial, record={record})"
        return f"gr.run({given}, steps={record[-1]}, seed={seed}, sampling={sampling!r}, record={record})"


@dataclass(frozen=True)
class Bench:
    """Runs of one parameter point, their draws bent or not, and statements held against them."""

    problem: Problem
    steps: int
    seed: int
    quantities: Mapping[str, str]
    call: Call
    bends: Bends = ()

    def results(self, statements: Sequence[Statement], seeds: int, draws: int) -> dict[str, Result]:
        """A result for each statement."""
        starts = [s for s in statements if s.of_the_draw]
        others = [s for s in statements if s not in starts]
        outcomes: dict[str, list[Outcome]] = {s.id: [] for s in statements}
        refuted = set[str]()
        with progress("check", self.steps * seeds if others else 0, "steps"):  # its runs count them
            self._hold(others, seeds, self.steps, outcomes, refuted)
        with progress("check", draws if starts else 0, "draws") as step:
            self._hold(starts, draws, 0, outcomes, refuted, step)
        return {s.id: self._result(s, outcomes[s.id], s.id in refuted) for s in statements}

    def _hold(
        self, group: Sequence[Statement], count: int, steps: int, outcomes: Mapping[str, list[Outcome]],
        refuted: set[str], step: Step | None = None,
    ) -> None:
        """Adds the outcomes of `count` draws of `steps` steps, and the statements whose false neighbour they refute."""
        for seed in range(self.seed, self.seed + count) if group else ():
            _hear(group, self.case(seed, steps, group), outcomes, refuted)  # no name here keeps it beside the next one
            if step is not None:
                step()

    def case(self, seed: int, steps: int, statements: Sequence[Statement]) -> Case:
        """One draw's trajectory, recorded where the statements look."""
        if self.problem.redraws:
            flag = self.problem.model.algorithm.redrawn
            raise InputError(
                f"{flag}: True draws examples afresh at every step, and statements are about "
                "one set of them; leave it out"
            )
        start = bent(started(self.problem, seed), self.bends)
        texts = [text for s in statements
                 for text in (s.claim, s.given, s.at, s.since, s.until, s.mutant, s.mutant_given) if text]
        names = spoken(texts, self.quantities) if statements else None
        recorded = np.arange(steps + 1, dtype=np.int64)
        if steps and steps + 1 > EVERY_STEP // _numbers(start):
            at_start = trajectory_case(start, self.steps, recorded[:1], self.quantities)
            recorded = _recorded(steps, _numbers(start), _times(statements, at_start), at_start.states.over_tasks)
        return trajectory_case(start, self.steps, recorded, self.quantities, names)

    def _result(self, statement: Statement, outcomes: Sequence[Outcome], refuted: bool) -> Result:
        met = [o for o in outcomes if o.entries]
        bad = [o for o in met if o.failed]
        verdict, detail = VERDICTS[statement.kind](statement, outcomes, self.problem.values)
        if verdict == "holds" and statement.mutant and not refuted:
            detail += f"; but so does its mutant here, {statement.mutant}: these runs do not tell them apart"
        witness = None
        if verdict == "violated" and bad and bad[0].first is not None:
            witness = self._witness(statement, bad[0], bad[0].first)
        return Result(
            statement=statement,
            verdict=verdict,
            detail=detail,
            draws=len(outcomes),
            met=len(met),
            failed=len(bad),
            cases=sum(o.entries for o in met),
            witness=witness,
        )

    def _witness(self, statement: Statement, outcome: Outcome, point: Point) -> Witness:
        drawn = started(self.problem, outcome.seed).draw
        ahead = any(looks_ahead(text, self.quantities) for text in (statement.claim, statement.given))
        replay = self.call.replay(outcome.seed, drawn.sampling, point.t, ahead)
        return Witness(
            seed=outcome.seed,
            t=point.t,
            index=dict(point.index),
            comparison=point.text,
            left=point.left,
            right=point.right,
            replay=replay,
        )


def started(problem: Problem, seed: int) -> Start:
    """A Gram draw where it is exact, else one from vectors; of several tasks also where d is below the directions.

    There vectors couple the tasks at fewer products.  From the caller's arrays, where there are any.
    """
    model, values = problem.model, problem.values
    if problem.initial is not None:
        return problem.start(seed, "vectors")
    if model.algorithm.over_tasks:
        count, n = (int(number_of(values, name)) for name in model.algorithm.sizes)
        if number_of(values, "d") < model.offsets(count * n, count)[""]:
            return problem.start(seed, "vectors")
    try:
        return problem.start(seed, "gram")
    except GramRefused:
        return problem.start(seed, "vectors")


def _times(statements: Sequence[Statement], start: Case) -> list[int]:
    """The steps that statements name, as far as they are known before the run."""
    texts = [text for s in statements for text in (s.at, s.since, s.until) if text]
    asked = [s.claim for s in statements] + [s.given for s in statements] + list(start.quantities.values())
    texts += [ast.unparse(call.args[1]) for text in asked for call in uses(text, "at") if len(call.args) == 2]
    steps = []
    for text in texts:
        if uses(text, "first"):
            continue
        try:
            step = number(text, start.view())
        except FormulaError:
            continue
        if 0 <= step < 2**53:
            steps += [math.floor(step), math.floor(step) + 1]
    return steps


def _numbers(start: Start) -> int:
    """How many numbers a recorded step holds."""
    return 2 * start.draw.z.size * check_tasks.states_a_step(start.values, start.kernel)


def _recorded(steps: int, numbers: int, times: Sequence[int], few: bool = False) -> Rows:
    """Of a long run: log-spaced steps, the named ones, and the step after each.

    Where states are large (`few`), as many of the first steps as a short run would have, and fewer of the others.
    """
    spaced = recorded_steps(None, steps)
    if few:
        whole = EVERY_STEP // numbers
        later = recorded_steps(None, steps, min(200, max(20, whole // 2)))
        spaced = np.union1d(np.arange(min(whole, steps) + 1), later)
    inside = np.array([t for t in times if t <= steps], dtype=np.int64)
    base = np.union1d(spaced, inside)
    recorded: Rows = np.union1d(base, np.minimum(base + 1, steps)).astype(np.int64)
    return recorded


def _hear(
    group: Sequence[Statement], case: Case, outcomes: Mapping[str, list[Outcome]], refuted: set[str]
) -> None:
    """Adds what one draw says of each statement, and the statements whose false neighbour it refutes."""
    for statement in group:
        outcomes[statement.id].append(_judged(statement, case))
        if statement.mutant and statement.id not in refuted and _judged(statement.mutated, case).failed:
            refuted.add(statement.id)


def _judged(statement: Statement, case: Case) -> Outcome:
    try:
        return judge(statement, case)
    except NoSuchStep as error:
        return Outcome(case.seed, why=str(error), complete=case.diverged < 0)
    except FormulaError as error:
        raise StatementRefused(statement.id, str(error)) from None
