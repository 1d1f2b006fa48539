"""From outcomes to verdicts: universal statements, failure probabilities, hitting times, exponents."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Statement
from derivations.declare.formula import FormulaError

from ..ask import formula
from ..errors import StatementRefused
from ..values import Values
from .formula import conditioned
from .indexed import against, entry_text
from .judge import Outcome, common
from .over_steps import Point

Verdict = Literal["holds", "violated", "vacuous", "undecided"]
MOST = 10_000_000  # draws that are asked for
CONFIDENCE = 0.99  # of the one-sided limits on a failure probability


def _universal(statement: Statement, outcomes: Sequence[Outcome], _: Values) -> tuple[Verdict, str]:
    """Identities and inequalities: every entry on every draw."""
    met = [o for o in outcomes if o.entries]
    if not met:
        return _empty(statement, outcomes)
    bad = [o for o in met if o.failed]
    on = f"on {len(met)} of {len(outcomes)} draws"
    if bad:
        return "violated", f"{len(bad)} of the {len(met)} draws it speaks of{_over_nothing(bad)}"
    unsure = [o for o in outcomes if o.unknown or not o.complete]
    note = next((o.note for o in outcomes if o.note), "")
    if unsure:
        return "undecided", f"nothing failed {on}, but {note or 'some entries have no value'}"
    closest = min((o.closest for o in met if o.closest is not None), key=lambda p: p.gap, default=None)
    tight = f"; closest {_sides(closest)}" if closest is not None and statement.kind == "inequality" else ""
    return "holds", f"{on}, {sum(o.entries for o in met)} entries{tight}{'; ' + note if note else ''}"


def _over_nothing(bad: Sequence[Outcome]) -> str:
    """Says where the first failure has an infinite side that is a max or a min over no entry."""
    first = next((o.first for o in bad if o.first is not None), None)
    sides = () if first is None else (first.left, first.right)
    words = [word for word, side in (("max", -math.inf), ("min", math.inf)) if side in sides]
    over = next((word for word in words if first is not None and word in conditioned(first.text)), None)
    return f"; a {over} whose condition holds for no entry is {'-' if over == 'max' else ''}inf" if over else ""


def _probable(statement: Statement, outcomes: Sequence[Outcome], values: Values) -> tuple[Verdict, str]:
    """Failures k of N draws against delta, by one-sided Clopper-Pearson limits."""
    met = [o for o in outcomes if o.entries]
    if not met:
        return _empty(statement, outcomes)
    k, n = sum(o.failed > 0 for o in met), len(met)
    low, high = failure_limits(k, n)
    known = {"kappa": 1.0, **values}
    try:
        delta = formula.evaluate(statement.delta, known)
    except FormulaError as error:
        raise StatementRefused(statement.id, f"delta: {error}") from None
    if delta < 0:
        there = formula.where(statement.delta, known)
        raise StatementRefused(
            statement.id, f"delta: {statement.delta} is {delta:.4g}{there}; expected a probability")
    if delta >= 1:
        return "vacuous", f"delta = {delta:.3g}: it may fail on every draw"
    sentence = f"fails in {k} of {n} draws; failure probability in [{low:.3g}, {high:.3g}], delta = {delta:.3g}"
    short = sum(o.short for o in outcomes)
    if short:
        sentence += f"; {short} not judged: the run ends before the window in which the step has to come does"
    if low > delta:
        return "violated", sentence
    if high <= delta and not any(o.unknown or not o.complete for o in outcomes):
        return "holds", sentence
    option = "--draws" if statement.of_the_draw else "--seeds"
    enough = draws_needed(delta) if k == 0 and delta else 0
    asked = math.ceil(enough * len(outcomes) / n)  # of those not judged there are as many among more
    needed = f"; {enough} draws without a failure would decide ({option} {asked})" if enough else ""
    if enough > MOST:
        needed = f"; so small a delta takes {enough:.2g} draws without a failure to show, more than are made"
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


def _reached(statement: Statement, outcomes: Sequence[Outcome], _: Values) -> tuple[Verdict, str]:
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
    if any(not o.complete or o.short for o in outcomes):
        return "undecided", next((o.why for o in outcomes if o.why), "the run diverges before the statement applies")
    why = next((o.why for o in outcomes if o.why), "")
    missing = common(o.missing for o in outcomes)
    return "vacuous", why or f"its hypothesis is never met: {', '.join(missing) or statement.given}"


VERDICTS: dict[str, Callable[[Statement, Sequence[Outcome], Values], tuple[Verdict, str]]] = {
    "identity": _universal,
    "inequality": _universal,
    "probability": _probable,
    "exists": _reached,
}


def exponent(
    x: NDArray[np.float64], y: NDArray[np.float64], confidence: float = 0.95, draws: Sequence[int] = ()
) -> tuple[float, float, float]:
    """The least-squares slope of y on x with its confidence interval; each of `draws` (one a point) has its own level.

    A draw's constant is its own, and its exponent is everybody's: points of one draw at several x are compared with
    one another alone.
    """
    from scipy.stats import t as student

    levels = np.asarray(draws if len(draws) else np.zeros(len(x)))
    x, y = np.array(x, dtype=float), np.array(y, dtype=float)
    for level in np.unique(levels):
        same = levels == level
        x[same] -= x[same].mean()
        y[same] -= y[same].mean()
    slope, free = float(x @ y / (x @ x)), len(x) - len(np.unique(levels)) - 1
    rest = y - slope * x
    error = math.sqrt(float(rest @ rest) / free / float(x @ x))
    half = float(student.ppf(0.5 + confidence / 2, free)) * error
    return slope, slope - half, slope + half


def _sides(point: Point) -> str:
    return f"{against(point.left, point.right, 4)} at {entry_text(point.index, f't = {point.t}')}"
