"""sensitivity: which single knob breaks a claim, each moved alone from the values given until the claim flips.

    print(gr.sensitivity("pegr", {"sigma_p": 0.000632, "d": 1e9, "eta": 0.2, "lam": 0.05}, steps=1500,
                         claim="test_error < 0.01"))

A knob goes out by factors, up to `reach`; between the last value at which a draw's claim is what it was and the first
at which it is not, it is halved until they are within the tolerance.  All draws and knobs go together, in batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from derivations.declare import Model, Statement, Value
from dynamics.blas import one_blas_thread

from ..ask import arguments as ask
from ..ask import keywords, reading, settings
from ..ask.chosen import Chosen, choose
from ..ask.hold import holds
from ..ask.noted import lines
from ..check.cases import spoken
from ..check.posed import statements_asked
from ..errors import InputError, quoted
from ..observe.samplings import DRAWN, TEST_SAMPLINGS
from ..run import estimate
from ..run.run import SAMPLINGS
from ..run.seconds import seconds
from ..work.progress import progress
from ..work.sweep import processors, sweep
from .claims import Claim, Told, Truth, claim_of
from .flips import Flip, Steady, row
from .fragile import Sensitivity
from .knobs import Knob, MovesAsked, Spot, Unmoved, knobs_of, shown
from .search import Request, Side, counted, grouped, searched

if TYPE_CHECKING:
    pass

SEEDS, REACH, TOLERANCE = 6, 1000.0, 0.01
_LEAST = 0.03  # seconds that a run may take in any case
_SHARES = 2  # pieces a worker that a batch of runs is cut into


@one_blas_thread()
def sensitivity(
    setting: str | Model | Chosen,
    params: Mapping[str, object] | None = None,
    *,
    claim: str | Statement,
    knobs: str | Sequence[str] | None = None,
    hold: str | Sequence[str] | None = None,
    preset: str | None = None,
    steps: int | str | None = None,
    seed: int | str = 0,
    seeds: int | str = SEEDS,
    reach: float | str = REACH,
    tolerance: float | str = TOLERANCE,
    sampling: str | None = None,
    test_sampling: str = DRAWN.name,
    workers: int | str | None = None,
    progress: bool = True,
    **values: object,
) -> Sensitivity:
    """Move every parameter, every choice and the steps alone until a claim flips.

    Args:
        setting: a name, "file.py:model" or a Model.
        params: parameter values by name, over `preset`, over the published defaults: where knobs are moved from.
        values: more of them, as keywords.
        claim: as `check` takes it: a claim at the last step, such as "test_error < 0.01", the id of one of the
            setting's statements, or a Statement.  One in observables that are a number each is asked of batches of
            runs, any other of one run after the other.
        knobs: the names to move, "steps" among them; all by default.
        hold: equations that hold wherever a knob is, as `phase` takes them.
        preset: a name of the setting's presets; also gives `steps`.
        steps: gradient steps of a run.
        seed: the first draw.
        seeds: draws; every value of a knob has the same.
        reach: the factor, up and down, to which a number is moved.
        tolerance: to what share of its value a flip is found.
        sampling: "gram" or "vectors"; default gram where it is exact.
        test_sampling: how fresh examples are taken, "draws" or "importance", as in `run`.
        workers: threads; default, the processors at hand.  The result does not depend on it.
        progress: show progress on stderr.

    Returns:
        The flips with their intervals: the least and greatest of the draws' own flips that cover the median of draws
        (`simulate.sensitivity.thresholds`).  A parameter that others follow, by a formula or an equation, is moved
        twice: once with these going along, once with these held.  A value between two rungs of the way out (a factor of
        1.8, and 3.2 from 10 on) at which the claim flips twice is not seen.

    Raises:
        InputError: bad input; a claim that has no value, or that most runs do not reach, at the values given.
    """
    chosen = choose(setting, keywords.joined(params, values), preset, "sensitivity")
    show, threads = reading.switch("progress", progress), ask.workers(workers, processors())
    asked = _asked(chosen, hold, steps)
    statement, quantities = _statement(claim, chosen.setting, chosen.built)  # a slip in it costs no kernel
    base = asked.base()
    first, many = reading.count("seed", seed), reading.count("seeds", seeds, low=1, example=SEEDS)
    how = None if sampling is None else reading.choice("sampling", sampling, SAMPLINGS)
    fresh = TEST_SAMPLINGS[reading.choice("test_sampling", test_sampling, tuple(TEST_SAMPLINGS))]
    within, share = _above_one(reach), reading.positive("tolerance", tolerance)
    asking = claim_of(statement, quantities, base, how, fresh)
    moved, left = _picked(knobs, *knobs_of(asked, base, _read(statement, quantities)))
    draws = tuple(range(first, first + many))
    truths = _Runs(asking, threads, show).ask([(Spot(base, asked.steps), draws)])[0]
    start, same = _start(statement, dict(zip(draws, truths, strict=True)))
    sides = [Side(knob, ladder, same, start, share) for knob in moved for ladder in knob.ladders(within)]
    _run(asking, sides, _Dear(asking, Spot(base, asked.steps)), threads, show)
    rows = [row(side) for side in sides]
    return Sensitivity(
        setting=base.model.name, claim=statement.id, steps=asked.steps, seeds=draws,
        start=counted(dict(zip(draws, truths, strict=True))), draws=same, tolerance=share, reach=within,
        notes=lines(base.resolved.notes), unmoved=tuple(left),
        flips=tuple(sorted((each for each in rows if isinstance(each, Flip)), key=lambda each: each.fragility)),
        steady=tuple(each for each in rows if isinstance(each, Steady)),
    )


def _asked(chosen: Chosen, hold: object, steps: int | str | None) -> MovesAsked:
    return MovesAsked(chosen, holds(hold), chosen.total_steps(steps))


def _statement(
    claim: str | Statement, setting: settings.Setting, model: Model
) -> tuple[Statement, Mapping[str, str]]:
    """The one statement that a claim is, with the formulas of its quantities."""
    if not isinstance(claim, str | Statement) or claim == "":
        raise InputError(f"claim: {quoted(claim)}; expected a claim such as 'test_error < 0.01', or a statement's id")
    wanted, quantities = statements_asked([claim], settings.statements_of(setting, model), model)
    return wanted[0], quantities


def _read(statement: Statement, quantities: Mapping[str, str]) -> set[str]:
    """The names that a claim reads, those of its quantities' formulas too."""
    texts = [statement.claim, statement.given, statement.at, statement.since, statement.until]
    return spoken([*texts, *([statement.delta] if statement.random else [])], quantities) | {
        each.parameter for each in statement.only}


def _above_one(reach: object) -> float:
    factor = reading.positive("reach", reach)
    if not 1.0 < factor <= 1e10:
        raise InputError(f"reach: {quoted(reach)}; expected a factor above 1, and at most 1e10, such as reach=1000")
    return factor


def _picked(
    names: object, moved: Sequence[Knob], left: Sequence[Unmoved]
) -> tuple[list[Knob], list[Unmoved]]:
    """The knobs of these names; all where none are given."""
    known = tuple(dict.fromkeys([*(each.name for each in moved), *(each.name for each in left)]))
    wanted = ask.names("knobs", names, known, "a parameter here") or known
    return [each for each in moved if each.name in wanted], [each for each in left if each.name in wanted]


def _start(statement: Statement, told: Mapping[int, Told]) -> tuple[Truth, tuple[int, ...]]:
    """What the claim is on most draws at the values given, and them.  Raises InputError where that is nothing."""
    counts = counted(told)
    most = max((Truth.HOLDS, Truth.FAILS, Truth.DIVERGES, Truth.UNDECIDED, Truth.REFUSED),
               key=lambda truth: counts.get(truth.value, 0))
    same = tuple(seed for seed, each in told.items() if each.truth is most)
    if most not in (Truth.HOLDS, Truth.FAILS):
        said = next((told[seed].said for seed in same if told[seed].said), "nothing is known of it")
        raise InputError(
            f"claim: {statement.id!r} {most.value if most is not Truth.UNDECIDED else 'is undecided'} on "
            f"{len(same)} of {len(told)} draws at the values given ({said}), so there is "
            "nothing to flip; start where it holds or fails"
        )
    return most, same


def _run(claim: Claim, sides: Sequence[Side], dear: _Dear, threads: int, show: bool) -> None:
    """Fills the sides in, with one progress over all rounds."""
    with progress("sensitivity", sum(side.most for side in sides), "runs", show) as step:
        searched(sides, _Runs(claim, threads, show).ask, dear.reason, step)


@dataclass(frozen=True)
class _Runs:
    """Runs of a claim's requests over threads."""

    claim: Claim
    threads: int
    show: bool

    def ask(self, requests: Sequence[Request]) -> list[list[Told]]:
        """The claim of each request, seed by seed."""
        pieces = list[list[int]]()
        for places in grouped(self.claim, requests):
            size = max(1, -(-len(places) // (_SHARES * self.threads))) if self.claim.together else 1
            pieces += [places[at : at + size] for at in range(0, len(places), size)]
        answers: list[list[Told]] = [[] for _ in requests]

        def one(places: list[int]) -> list[list[Told]]:
            return self.claim.told([requests[place][0] for place in places], requests[places[0]][1])

        def runs(places: list[int]) -> int:
            return len(places) * len(requests[places[0]][1])

        for at, answered in sweep(one, pieces, self.threads, "sensitivity", "runs", self.show, size=runs):
            for place, told in zip(pieces[at], answered, strict=True):
                answers[place] = told
        return answers


class _Dear:
    """What is too dear to run, by the run at the values given."""

    def __init__(self, claim: Claim, base: Spot) -> None:
        self._claim, self._base = claim, seconds(claim.request(base))

    def reason(self, spot: Spot, value: Value, dearer: float) -> str:
        """Why a spot's runs are not made: more than `dearer` times as long, or too large; empty where they are."""
        asked = self._claim.request(spot)
        takes = seconds(asked)
        if takes > max(_LEAST, dearer * self._base):
            return f"a run at {shown(value)} takes {takes / self._base:.2g} times as long as at the values given"
        try:
            estimate.check_memory(asked)
        except InputError as error:
            return str(error)
        return ""


__all__ = ["Flip", "Sensitivity", "Steady", "Unmoved", "sensitivity"]
