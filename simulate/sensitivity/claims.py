"""A claim's truth on single draws: of numbers that whole batches of runs give, or of each run's own states."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from derivations.declare import KnownFrom, Model, Statement
from derivations.declare.formula import QUANTITIES, STEPS, FormulaError, parse
from derivations.errors import ModelError
from dynamics.errors import RangeError

from ..ask.derived import kappa, penalty_constant
from ..check.bench import Bench, Call, started
from ..check.case import Case
from ..check.cases import spoken, trajectory_case
from ..check.comparison import comparisons
from ..check.formula import Scope, mentioned
from ..check.indexed import Indexed, Parts
from ..check.judge import Outcome, judge
from ..check.view import NoSuchStep
from ..errors import Diverged, InputError
from ..observe import observables as obs
from ..observe.samplings import TestSampling
from ..phase.cell import DIVERGED, EITHER, OK, Measure, outcomes
from ..phase.grid import SCALARS
from ..phase.reduced_axes import Wanted
from ..run.problem import Problem
from ..run.request import Request
from ..start.refusals import gram_refusal
from .knobs import Spot

_OURS = "InputError: "  # before a sentence that a grid keeps of bad input


class Truth(Enum):
    """What a claim is on one draw."""

    HOLDS = "holds"
    FAILS = "fails"
    DIVERGES = "diverges"
    UNDECIDED = "undecided"
    REFUSED = "cannot be run"


@dataclass(frozen=True)
class Told:
    """A claim's truth on one draw, and a sentence where there is more to say."""

    truth: Truth
    said: str = ""


@dataclass(frozen=True)
class ByNumbers:
    """A claim in parameters and observables that are one number at the last step: runs go in batches."""

    statement: Statement
    names: tuple[str, ...]
    sampling: str | None
    fresh: TestSampling

    together = True

    def request(self, spot: Spot) -> Request:
        """What one run takes."""
        _, sampling = self.kind(spot)
        return _request(spot, "vectors" if sampling == "vectors" else "gram", self.names, self.fresh.draws)

    def kind(self, spot: Spot) -> tuple[int, str]:
        """What has to be alike for spots to be asked together: the steps and the sampling."""
        if self.sampling is not None:
            return spot.steps, self.sampling
        problem = spot.problem
        return spot.steps, "vectors" if gram_refusal(problem.model, problem.values) else EITHER

    def told(self, spots: Sequence[Spot], seeds: Sequence[int]) -> list[list[Told]]:
        """The claim on each spot and seed; the spots are of one kind."""
        steps, sampling = self.kind(spots[0])
        wanted = tuple(Wanted(name, name, (), "") for name in self.names)
        arrays = outcomes(Measure(wanted, steps, sampling, self.fresh), [spot.problem for spot in spots], seeds)
        return [
            [self._told(spot, {name: float(arrays[name][row, at]) for name in self.names},
                        str(arrays["status"][row, at]), str(arrays["message"][row, at])) for at in range(len(seeds))]
            for row, spot in enumerate(spots)
        ]

    def _told(self, spot: Spot, numbers: Mapping[str, float], status: str, message: str) -> Told:
        if status != OK:
            return Told(Truth.DIVERGES if status == DIVERGED else Truth.REFUSED, message.removeprefix(_OURS))
        holds, known = True, True
        for comparison in comparisons(self.statement.claim, _Numbers(spot, numbers), self.statement.tolerance):
            holds, known = holds and bool(comparison.holds), known and bool(comparison.known)
        if not known:
            return Told(Truth.UNDECIDED, "a side has no value")
        return Told(Truth.HOLDS if holds else Truth.FAILS)


@dataclass(frozen=True)
class _Numbers:
    """The names of a claim as numbers of one run, at its last step alone."""

    spot: Spot
    numbers: Mapping[str, float]
    parts: Parts = field(default_factory=Parts)

    def named(self, name: str) -> Indexed:
        """As `Scope` says."""
        if name in self.numbers:
            return Indexed((), np.asarray(self.numbers[name]))
        return Indexed((), np.asarray(float(_constants(self.spot)[name])))

    def after(self) -> Scope:
        """None: `_plain` lets no such formula through."""
        raise FormulaError("next: a run's last step has none")

    def at(self, step: float) -> Scope:
        """None, as `after`."""
        raise FormulaError(f"at: step {step:g} is not the last")

    def first(self, event: ast.expr) -> float:
        """None, as `after`."""
        raise FormulaError(f"first({ast.unparse(event)}): the steps before the last are not kept")

    def past(self, summand: ast.expr) -> Indexed:
        """None, as `after`."""
        raise FormulaError(f"past({ast.unparse(summand)}): the steps before the last are not kept")


def _constants(spot: Spot) -> dict[str, float]:
    """The parameters that are numbers, and what formulas have beside them."""
    values = spot.problem.values
    numbers = {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
    m = int(numbers.get("m", 1))
    return {**numbers, "kappa": kappa(values, m), "c": penalty_constant(values), "T": float(spot.steps)}


@dataclass(frozen=True)
class ByCases:
    """Any statement, on each run's own states, one run after the other."""

    statement: Statement
    quantities: Mapping[str, str]
    last_alone: bool

    together = False

    def request(self, spot: Spot) -> Request:
        """As `ByNumbers` says."""
        refused = gram_refusal(spot.problem.model, spot.problem.values)
        return _request(spot, "vectors" if refused else "gram", (), 0.0)

    def kind(self, spot: Spot) -> tuple[int, str]:
        """As `ByNumbers` says."""
        return spot.steps, ""

    def told(self, spots: Sequence[Spot], seeds: Sequence[int]) -> list[list[Told]]:
        """As `ByNumbers` says."""
        with np.errstate(all="ignore"):  # what is not finite is told
            return [[self._told(spot, seed) for seed in seeds] for spot in spots]

    def _told(self, spot: Spot, seed: int) -> Told:
        try:
            case = self._case(spot, seed)
            return _of_outcome(judge(self.statement, case), case.diverged)
        except Diverged as error:
            return Told(Truth.DIVERGES, str(error))
        except NoSuchStep as error:
            return Told(Truth.UNDECIDED, str(error))
        except FormulaError as error:
            raise InputError(f"{self.statement.id}: {error}") from None
        except (InputError, ModelError, RangeError) as error:
            return Told(Truth.REFUSED, str(error))

    def _case(self, spot: Spot, seed: int) -> Case:
        """One draw's states where the statement looks."""
        bench = Bench(spot.problem, spot.steps, seed, self.quantities, Call({}, {}))
        if not self.last_alone or spot.problem.redraws:  # which a bench refuses, in its own words
            return bench.case(seed, spot.steps, [self.statement])
        recorded = np.unique(np.array([0, spot.steps], dtype=np.int64))
        names = spoken([self.statement.claim], self.quantities)
        return trajectory_case(started(spot.problem, seed), spot.steps, recorded, self.quantities, names)


def _of_outcome(outcome: Outcome, diverged: int) -> Told:
    """What a statement's outcome on one draw says, whose run diverged at a step or, at -1, did not."""
    if outcome.failed:
        return Told(Truth.FAILS)
    if diverged >= 0:
        return Told(Truth.DIVERGES, f"the run diverges at step {diverged}")
    if not outcome.entries or outcome.unknown or not outcome.complete:
        missing = f"its hypothesis is not met: {', '.join(outcome.missing)}" if outcome.missing else ""
        return Told(Truth.UNDECIDED, outcome.why or outcome.note or missing or "some entries have no value")
    return Told(Truth.HOLDS)


def _request(spot: Spot, sampling: str, names: tuple[str, ...], fresh: float) -> Request:
    problem = spot.problem
    return Request(problem.model, problem.values, sampling, "reduced", spot.steps, 1, names, fresh)


Claim = ByNumbers | ByCases


def claim_of(
    statement: Statement, quantities: Mapping[str, str], base: Problem, sampling: str | None, fresh: TestSampling
) -> Claim:
    """How a statement is asked on many draws.  Raises InputError for one that is not about single draws' runs."""
    if statement.path is not None or statement.instance is not None:
        where = "a path" if statement.path is not None else "parameter values"
        raise InputError(f"claim: {statement.id} is about {where} of its own, which no knob moves; give another")
    names = _plain(statement, quantities, base.model)
    if names is not None:
        return ByNumbers(statement, names, sampling, fresh)
    last = statement.at == "T" and not (statement.given or statement.since or statement.until or statement.only)
    looks = {node.func.id for node in ast.walk(parse(statement.claim, QUANTITIES))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return ByCases(statement, quantities, last and not (looks & (set(STEPS) - {"start"})))


def _plain(statement: Statement, quantities: Mapping[str, str], model: Model) -> tuple[str, ...] | None:
    """The observables of a claim about the last step whose names are all one number; None of any other statement."""
    if statement.at != "T" or statement.given or statement.since or statement.until or statement.only:
        return None
    tree: Any = parse(statement.claim, QUANTITIES)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)
              and isinstance(node.func, ast.Name)}
    if any(isinstance(node, ast.Subscript) for node in ast.walk(tree)) or called & set(STEPS):
        return None
    fresh = set(obs.fresh_names(model)) if model.test.of_tasks else set()
    of_state = [each for each in model.observables if each.known_from is KnownFrom.STATE]
    declared = {each.name for each in of_state if each.one_number(model)}
    names, numbers = mentioned(statement.claim), {*SCALARS, *declared, *fresh}
    constants = {each.name for each in model.parameters} | {"kappa", "c", "T", "inf"}
    if set(names) & set(quantities) or not set(names) <= numbers | constants or not set(names) & numbers:
        return None
    return tuple(name for name in names if name in numbers)
