"""One statement on one case: how many entries it speaks of, which of them fail, and the tightest."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Statement
from derivations.declare.formula import QUANTITIES, FormulaError, parse

from .case import Case
from .comparison import Comparison
from .formula import evaluate, mentioned, number, uses
from .indexed import AnyArray, Indexed, aligned, truth
from .over_steps import OverSteps, Point, furthest, label, tightest
from .pending import said, settled, wavers
from .tasks import states_a_step
from .view import View

ENTRIES = 4_000_000  # numbers in one array of a formula; longer trajectories are taken in pieces


@dataclass(frozen=True)
class Outcome:
    """What one case says: entries where the hypothesis held, those that failed and those without a value.

    `first` is the failure at the earliest step, `closest` the tightest entry that holds; `step` is where an "exists"
    statement was reached (-1: nowhere), whose `closest` is of the step at which it holds by most.  `why` says why a
    statement was not evaluated here, `missing` lists the parts of its hypothesis that hold nowhere; `note` qualifies
    the outcome.  `short`: the run ends before the window does in which the statement's step has to come, and it has not
    come, so that the draw is not judged.  `near` is how near an entry came to failing, from 0 to 1: its sides' distance
    relative to their size, or of a side beside 0 relative to the largest entry of its step.
    """

    seed: int
    entries: int = 0
    failed: int = 0
    unknown: int = 0
    first: Point | None = None
    closest: Point | None = None
    step: int = -1
    complete: bool = True
    why: str = ""
    note: str = ""
    missing: tuple[str, ...] = ()
    short: bool = False
    near: float = 1.0


def judge(statement: Statement, case: Case, most: int = 0) -> Outcome:
    """The outcome of a statement on a case, at `most` steps of its range where that is given, spread over all of it.

    Raises FormulaError where one of its formulas cannot be evaluated.
    """
    for only in statement.only:
        value = case.states.values.get(only.parameter)
        if not only.admits(value):
            wanted = " or ".join(_shown(one) for one in only.values)
            return Outcome(
                case.seed, why=f"it is about {only.why}, {only.parameter}={wanted}; here it is {_shown(value)}"
            )
    if statement.at and statement.until and (outside := _window(statement, case)) is not None:
        return outside
    rows, why, note = rows_of(statement, case)
    if not len(rows):
        late = bool(uses(statement.at, "first")) or any(
            uses(case.quantities.get(n, ""), "first") for n in mentioned(statement.at)
        )
        return Outcome(
            case.seed, why=why or "no recorded step is in its range", complete=case.diverged < 0 and not late, note=note
        )
    if case.still and (case.t[rows].any() or _ahead(statement, case)):
        return _still(statement, case, rows)
    if statement.somewhere:
        return _exists(statement, case, rows, note)
    rows = spread(rows, most)
    budget = case.states.z.shape[1] * case.states.z.shape[2] * max(1, len(case.draw.y) * case.draw.examples)
    budget *= states_a_step(case.states.values, case.kernel)
    size = max(1, ENTRIES // budget)
    total = Outcome(case.seed, note=note)
    for start in range(0, len(rows), size):
        total = _merged(total, _piece(statement, case, rows[start : start + size]))
    if case.diverged >= 0:
        total = replace(total, complete=False, note=f"the run diverges at step {case.diverged}")
    return total


def _still(statement: Statement, case: Case, rows: NDArray[np.int64]) -> Outcome:
    """Of a run in which nothing moves: a claim that fails at its start fails; what holds there says nothing."""
    if statement.everywhere and not _ahead(statement, case):
        told = _piece(statement, case, rows[case.t[rows] == 0])
        if told.failed:
            return told
    return Outcome(case.seed, why="nothing moves: the run's state is the same at every recorded step")


def spread(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of these rows (all of them for 0): half of them evenly spaced, half on a log scale, both ends."""
    if not most or len(rows) <= most:
        return rows
    even, spaced = np.linspace(0, len(rows) - 1, most // 2), np.geomspace(1, len(rows), most - most // 2) - 1
    return rows[np.unique(np.concatenate([even, spaced]).astype(np.int64))]


def _window(statement: Statement, case: Case) -> Outcome | None:
    """What a draw says whose step `at` does not come by `until`: it fails where the run is that long; None else."""
    view = case.view()
    if statement.given and not np.any(evaluate(parse(statement.given, QUANTITIES), view).values):
        return Outcome(case.seed, missing=_missing(statement.given, view))
    step, end, last = number(statement.at, view), number(statement.until, view), int(case.t[-1])
    for text, value in ((statement.at, step), (statement.until, end)):
        if math.isnan(value):
            return Outcome(case.seed, why=f"not judged: {text} has no value here", complete=False)
    if step <= min(end, last):
        return None
    if last < end:
        why = f"not judged: its step, {statement.at}, has not come by {last}, and its window ends at {end:.6g}"
        return Outcome(case.seed, why=why, complete=case.diverged < 0, short=True)
    missed = Point(f"{statement.at} <= {statement.until}", last, {}, step, end)
    return Outcome(case.seed, entries=1, failed=1, first=missed)


def rows_of(statement: Statement, case: Case) -> tuple[NDArray[np.int64], str, str]:
    """The rows it is evaluated on; why there are none; and what part of its range they are."""
    if statement.at:
        return _row_at(statement, case)
    view, ends = case.view(), _diverges(case)
    since = number(statement.since, view) if statement.since else 0.0
    until = number(statement.until, view) if statement.until else math.inf
    rows = case.rows
    rows = rows[(case.t[rows] >= since) & (case.t[rows] <= until)]
    if _ahead(statement, case):
        rows = rows[case.following[rows] >= 0]
    for text, value in ((statement.since, since), (statement.until, until)):
        if math.isnan(value):
            return np.empty(0, dtype=np.int64), f"an end of its range, {text}, has no value here", ""
    span = "never begins" if since == math.inf else f"is t from {since:.6g} to {until:.6g}"
    why = f"its range {span}, and the run's is 0 to {case.t[-1]}{', as it diverges' if ends else ''}"
    short = statement.until and until > case.t[-1]
    if short and until == math.inf:
        return rows, why, f"its last step, {statement.until}, does not come {ends or _within(case)}"
    return rows, why, f"the run ends at {case.t[-1]} of {until:.6g}" if short else ""


def _row_at(statement: Statement, case: Case) -> tuple[NDArray[np.int64], str, str]:
    """The row of the one step that it is about; why there is none."""
    step, said, ends = number(statement.at, case.view()), f"its step, {statement.at}", _diverges(case)
    none, why = np.empty(0, dtype=np.int64), ""
    if step == math.inf:
        why = f"{said}, does not come {ends or _within(case)}"
    elif math.isnan(step):
        why = f"{said}, has no value here"
    elif step < 0:
        why = f"{said}, is {step:.4g}, which is no step"
    elif math.floor(step) > case.t[-1]:
        worth = f" = {math.floor(step)}" if statement.at != str(math.floor(step)) else ""
        beyond = f"does not come {ends}" if ends else f"is beyond the run's {case.t[-1]}"
        why = f"{said}{worth}, {beyond}"
    if why:
        return none, why, ""
    rows = np.array([case.row(step)])
    return (rows if not _ahead(statement, case) or case.following[rows[0]] >= 0 else none), "", ""


def _within(case: Case) -> str:
    return f"within the run's {case.t[-1]}"


def _diverges(case: Case) -> str:
    """Where a run that diverges ends; "" of another."""
    return f"before step {case.diverged}, at which the run diverges" if case.diverged >= 0 else ""


def _ahead(statement: Statement, case: Case) -> bool:
    return case.looks_ahead(statement.claim) or case.looks_ahead(statement.given)


def _piece(statement: Statement, case: Case, rows: NDArray[np.int64]) -> Outcome:
    view = case.view(rows)
    given = met(statement.given, view)
    if not np.any(given.values):  # the claim need not even have a value where the hypothesis fails
        return Outcome(case.seed, missing=_missing(statement.given, view))
    if wavers(statement.given, view):
        return Outcome(case.seed, why=f"of its hypothesis {said(statement.given, view)}", complete=False)
    out = Outcome(case.seed)
    for comparison in settled(statement.claim, view, statement.tolerance):
        out = _merged(out, _counted(comparison, given, case, rows))
    return replace(out, note=said(statement.claim, view)) if out.unknown else out


def met(given: str, view: View) -> Indexed:
    """Where a hypothesis holds; found once for all the statements that share it."""
    if not given:
        return Indexed((), np.asarray(True))
    if given not in view.known:
        view.known[given] = truth(evaluate(parse(given, QUANTITIES), view), given)
    return view.known[given]


def _missing(given: str, view: View) -> tuple[str, ...]:
    """The parts of a hypothesis, joined by `and`, that hold nowhere here; all of it where each part holds somewhere."""
    node = parse(given, QUANTITIES)
    parts = node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) else [node]
    never = tuple(ast.unparse(part) for part in parts if not np.any(evaluate(part, view).values))
    return never or (given,)


def _counted(comparison: Comparison, given: Indexed, case: Case, rows: NDArray[np.int64]) -> Outcome:
    arrays = comparison.left, comparison.right, comparison.holds, comparison.known
    fields = [Indexed(comparison.dims, array) for array in arrays]
    dims, parts = aligned((*fields, given))
    left, right, holds, known, meant = np.broadcast_arrays(*(part.values for part in parts))
    meant = meant != 0
    if "t" not in dims:
        dims = ("t", *dims)
        left, right, holds, known, meant = (array[None] for array in (left, right, holds, known, meant))
    failed = meant & known & ~holds
    passed = meant & known & holds & ((left != 0) | (right != 0))  # 0 against 0 says nothing about how tight it is
    with np.errstate(all="ignore"):
        gaps = np.abs(left - right) / (np.abs(left) + np.abs(right))
    gaps = np.where(np.isfinite(gaps), gaps, np.where(left == right, 0.0, 1.0))

    near = _near(left, right, gaps, meant & known)

    def point(mask: NDArray[np.bool_], largest: bool) -> Point | None:
        if not mask.any():
            return None
        if largest:  # the earliest step, and its worst entry
            mask = mask & (
                np.arange(mask.shape[0]) == int(np.argmax(mask.reshape(mask.shape[0], -1).any(axis=1)))
            ).reshape(-1, *[1] * (mask.ndim - 1))
        if largest:
            flat = int(np.argmax(np.where(mask, gaps, -1.0)))
        else:  # of entries that are as tight, the one nearest to 0 beside 0
            tight = mask & (gaps == gaps[mask].min())
            flat = int(np.argmin(np.where(tight, near, np.inf)))
        place = np.unravel_index(flat, mask.shape)
        index = {dim: label(dim, int(at)) for dim, at in zip(dims[1:], place[1:], strict=True)}
        return Point(comparison.text, int(case.t[rows[place[0]]]), index, float(left[place]), float(right[place]))

    return Outcome(
        case.seed,
        int(meant.sum()),
        int(failed.sum()),
        int((meant & ~known).sum()),
        point(failed, True),
        point(passed, False),
        near=float(near[passed].min()) if passed.any() else 1.0,
    )


def _near(
    left: AnyArray, right: AnyArray, gaps: NDArray[np.float64], meant: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The gaps; of a side beside 0, which is 100% apart from it whatever it is, its share of the largest entry.

    Of the largest of its step, or where a step has one entry of the largest of all steps.
    """
    beside = (left == 0) != (right == 0)
    if not beside.any():
        return gaps
    size = np.where(meant & np.isfinite(left) & np.isfinite(right), np.abs(left) + np.abs(right), 0.0)
    axes = tuple(range(1, size.ndim)) if size[0].size > 1 else None
    with np.errstate(all="ignore"):
        share = size / np.max(size, axis=axes, keepdims=True)
    return np.where(beside & np.isfinite(share), np.minimum(share, 1.0), gaps)


def _exists(statement: Statement, case: Case, rows: NDArray[np.int64], note: str) -> Outcome:
    """Whether the claim holds for every index at one of these rows, of those where the hypothesis holds for each."""
    if statement.given:
        view = case.view(rows)
        rows = rows[_everywhere(met(statement.given, view), len(rows))]
        if not len(rows):
            return Outcome(case.seed, missing=_missing(statement.given, view))
    if not statement.until:
        note = note or f"the run ends at {case.t[-1]}, and it may come later: give `until`"
    view = case.view(rows)
    parts = [OverSteps.of(each, len(rows)) for each in settled(statement.claim, view, statement.tolerance)]
    truth = np.all([part.holds.all(axis=1) for part in parts], axis=0)
    every = bool(np.all(np.diff(case.t[rows]) == 1)) and not note and case.diverged < 0
    if truth.any():
        step = int(case.t[rows[int(np.argmax(truth))]])
        closest = tightest(parts, truth, case.t[rows])
        return Outcome(case.seed, entries=len(rows), closest=closest, step=step, complete=every, note=note,
                       near=closest.gap)
    if every and not np.any([part.fails.any(axis=1) for part in parts], axis=0).all():
        every, note = False, "some entries have no value"
    return Outcome(case.seed, entries=len(rows), failed=1, first=furthest(parts, int(case.t[rows[-1]])),
                   complete=every, note=note)


def _everywhere(truth: Indexed, count: int) -> NDArray[np.bool_]:
    """At which of so many rows a truth value holds for every index."""
    _, (whole, _) = aligned((truth, Indexed(("t",), np.ones(count, dtype=bool))))
    return np.asarray((np.broadcast_to(whole.values, (count, *whole.values.shape[1:])) != 0).reshape(count, -1).all(1))


def _merged(a: Outcome, b: Outcome) -> Outcome:
    firsts = [p for p in (a.first, b.first) if p is not None]
    tight = [p for p in (a.closest, b.closest) if p is not None]
    return Outcome(
        a.seed,
        a.entries + b.entries,
        a.failed + b.failed,
        a.unknown + b.unknown,
        min(firsts, key=lambda p: p.t) if firsts else None,
        min(tight, key=lambda p: p.gap) if tight else None,
        a.step,
        a.complete and b.complete,
        a.why or b.why,
        a.note or b.note,
        common((a.missing, b.missing)),
        near=min(a.near, b.near),
    )


def common(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What all of the non-empty ones have in common; all there is where that is nothing."""
    several = [each for each in groups if each]
    shared = tuple(part for part in (several[0] if several else ()) if all(part in each for each in several))
    return shared or tuple(dict.fromkeys(part for each in several for part in each))


def _shown(value: object) -> str:
    return "absent" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


__all__ = ["FormulaError", "Outcome", "judge"]
