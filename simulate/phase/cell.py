"""Cells in numbers: observables at the last step of each seed's run, or what kept a run from having one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, Variable
from derivations.declare.meanings import STOPPED
from derivations.declare.variables import FRESH
from derivations.errors import ModelError
from dynamics.arrays import Array, Flags
from dynamics.errors import RangeError

from ..ask.bounds import Bound
from ..errors import Diverged, GramRefused, InputError, quoted
from ..observe import observables as obs
from ..observe.samplings import DRAWN, TestSampling
from ..run import batch, reduced
from ..run.asked import Asked, Found
from ..run.dataset import labels
from ..run.gathered import at_last
from ..run.lots import Lot, Lots
from ..run.problem import Problem, Start
from ..work.memory import keep_freed
from .grid_layout import Arrays
from .reduced_axes import NoLabel, Wanted

OK, DIVERGED, FAILED, UNDONE = "ok", "diverged", "failed", "undone"
_TRIED = 16  # cells of a kind by which an observable is judged to be one number
EITHER = "gram, else vectors"  # the default unless every cell's laws forbid gram: vectors where it is refused


@dataclass(frozen=True)
class Measure:
    """What is measured: numbers of observables' entries after so many steps, on draws of this sampling.

    `fresh` is how the fresh examples are taken; `until` are the bounds of observables where a run ends.
    """

    wanted: tuple[Wanted, ...]
    steps: int
    sampling: str
    fresh: TestSampling = DRAWN
    until: Mapping[str, Bound] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The observables with what is picked or reduced of them, as the caller wrote them."""
        return tuple(each.text for each in self.wanted)

    @property
    def refused(self) -> bool:
        """Whether something is picked from, or reduced of, what is one number: then every run says so."""
        return any(each.name in FRESH and not each.plain for each in self.wanted)

    def variables(self, model: Model) -> tuple[str, ...]:
        """The variables that a run has to give, standard errors among them where they are known."""
        known = obs.fresh_names(model)
        names = [each for wanted in self.wanted for each in (wanted.name, f"{wanted.name}_se")]
        plain = {wanted.name for wanted in self.wanted} - {STOPPED}  # which comes with `until`
        return tuple(dict.fromkeys(name for name in names if name in plain or name in known))

    def of_runs(
        self, variables: Mapping[str, Variable], start: Callable[[], Start]
    ) -> tuple[Mapping[str, Array], Flags]:
        """The numbers (R,) of runs' variables, as `batch.together` asks, and of which runs all are finite."""
        numbers = _of_runs(self.wanted, variables, start)
        return numbers, np.logical_and.reduce([np.isfinite(numbers[name]) for name in self.names])

    def with_errors(self, model: Model) -> tuple[str, ...]:
        """The names of all numbers: each observable's, and that of its standard error where it has one."""
        known = obs.fresh_names(model)
        names = [
            name for each in self.wanted for name in
            (each.text, *([each.error_name] if f"{each.name}_se" in known and each.has_error else []))
        ]
        return tuple(dict.fromkeys([*names, *[STOPPED] * bool(self.until)]))


@dataclass(frozen=True)
class Outcome:
    """A run's numbers by name, those that it has; its status, and a sentence where there is one."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    status: str = OK
    message: str = ""


def outcomes(measure: Measure, cells: Sequence[Problem], seeds: Sequence[int]) -> Arrays:
    """The numbers of each cell and seed: all that a grid knows of runs goes through here.

    Args:
        measure: the observables, steps and sampling, the same of all cells.
        cells: problems of one declaration, but for structural parameters.
        seeds: of every cell.

    Returns:
        (cell, seed): each number by name, NaN where it has none, and "status" and "message" as text.

    Raises:
        Whatever is a defect of the program.
    """
    keep_freed()
    shape, names = (len(cells), len(seeds)), measure.variables(cells[0].model)
    arrays: Arrays = {name: np.full(shape, np.nan) for name in measure.with_errors(cells[0].model)}
    arrays |= {name: np.full(shape, text, dtype=object) for name, text in (("status", OK), ("message", ""))}
    done = np.zeros(shape, dtype=np.bool_)
    if measure.fresh.together and not measure.refused:
        done = _together(measure, cells, seeds, names, arrays)
    for column, row in np.argwhere(~done.T).tolist():  # cells of a seed one after another: they share what is random
        _take(arrays, (row, column), outcome(measure, cells[row], seeds[column]))
    return arrays


def _together(
    measure: Measure, cells: Sequence[Problem], seeds: Sequence[int], names: Sequence[str], arrays: Arrays
) -> NDArray[np.bool_]:
    """Fills in the runs that go together; (cell, seed), which they are.  What one lacks is said where it is alone."""
    sampling = "gram" if measure.sampling == EITHER else measure.sampling
    try:
        made = batch.together(cells, seeds, measure.steps, names, sampling, measure.until, measure.of_runs)
    except (MemoryError, OSError):  # one by one they take less
        return np.zeros((len(cells), len(seeds)), dtype=np.bool_)
    for place, error in made.diverged.items():
        _take(arrays, place, Outcome(status=DIVERGED, message=str(error)))
    for name, numbers in made.numbers.items():
        arrays[name][:] = numbers
    return made.done


def _take(arrays: Arrays, place: tuple[int, int], run: Outcome) -> None:
    """Fills in one run's outcome."""
    for name, number in run.numbers.items():
        arrays[name][place] = number
    arrays["status"][place], arrays["message"][place] = run.status, run.message


def outcome(measure: Measure, cell: Problem, seed: int) -> Outcome:
    """One run's numbers, or what kept it from having them.  A defect of the program goes through."""
    try:
        with np.errstate(all="ignore"):  # what is not finite becomes a status
            return measured(measure, cell, seed)
    except Diverged as diverged:
        return Outcome(status=DIVERGED, message=str(diverged))
    except (MemoryError, OSError) as failure:  # another day, or another machine, may have the room
        return Outcome(status=UNDONE, message=_told(type(failure), failure))
    except InputError as failure:
        return Outcome(status=FAILED, message=_told(InputError, failure))
    except (ModelError, RangeError) as failure:
        return Outcome(status=FAILED, message=_told(type(failure), failure))


def _told(kind: type[Exception], failure: Exception) -> str:
    return f"{kind.__name__}: {' '.join(str(failure).split())}"


def measured(measure: Measure, cell: Problem, seed: int) -> Outcome:
    """The numbers after all steps.  Raises what a run raises.

    Where several are asked for, one that this run does not have leaves the others as they are; its reason is told.
    """
    start, said = _started(measure.sampling, cell, seed)
    try:
        run = _run(measure, measure.wanted, start, measure.steps)
        return _judged(measure, _picked(measure.wanted, run), said, run.lacking)
    except InputError as refused:
        numbers: dict[str, float] = {}
        for observable in measure.wanted if len(measure.wanted) > 1 else ():
            try:
                numbers |= _picked((observable,), _run(measure, (observable,), start, measure.steps))
            except InputError:
                continue
        return Outcome(numbers, FAILED, _told(InputError, refused))


def _judged(measure: Measure, numbers: Mapping[str, float], said: str, reasons: Mapping[str, str]) -> Outcome:
    """The numbers, where all of them are finite; `reasons` say of some variables why they have none."""
    lacking = [each for each in measure.wanted if not np.isfinite(numbers[each.text])]
    if not lacking:
        return Outcome(numbers, message=said)
    names = [each.text for each in lacking]
    finite = {name: value for name, value in numbers.items() if name.removesuffix("_se") not in names}
    last = int(numbers.get(STOPPED, -1.0))
    at = last if last >= 0 else measure.steps
    why = list(dict.fromkeys(reasons.get(each.name, "") for each in lacking))
    if all(why):
        return Outcome(finite, FAILED, f"{', '.join(names)}: no value at step {at}: {'; '.join(why)}")
    verb = "is" if len(names) == 1 else "are"
    scales = "what the draw's filters or vectors scale by"
    cure = f"lower eta, or {scales}" if at else f"eta has no part in it there, so lower {scales}"
    return Outcome(finite, DIVERGED, f"{', '.join(names)} {verb} not finite at step {at}; {cure}")


def _started(sampling: str, cell: Problem, seed: int) -> tuple[Start, str]:
    """A cell's start; and where gram, chosen by default, is refused at its values, why it is one of vectors."""
    if sampling != EITHER:
        return cell.start(seed, sampling), ""
    try:
        return cell.start(seed, "gram"), ""
    except GramRefused as refused:
        try:
            return cell.start(seed, "vectors"), f"drawn as vectors, because of {refused}"
        except InputError:  # its cure would be gram
            raise refused from None


def _run(measure: Measure, wanted: Sequence[Wanted], start: Start, steps: int) -> Found:
    """The run of some of what is measured, of so many steps.  Raises InputError where one is not to be had."""
    names = replace(measure, wanted=tuple(wanted)).variables(start.model)
    asked = Asked(steps, np.array([steps], dtype=np.int64), names, measure.until, named=True, fresh=measure.fresh)
    return reduced.run(start, asked)


def _picked(wanted: Sequence[Wanted], run: Found) -> dict[str, float]:
    """The numbers out of a run's variables."""
    every = {name: at_last(each) for name, each in run.variables.items()}
    return {name: float(each[0]) for name, each in _of_runs(wanted, every, lambda: run.start).items()}


def _of_runs(
    wanted: Sequence[Wanted], variables: Mapping[str, Variable], start: Callable[[], Start]
) -> dict[str, Array]:
    """The numbers (R,) out of the variables (R, ...) of runs of one shape, at one step; `start` is one of theirs."""
    of, numbers = labels(start()) if any(each.picked for each in wanted) else {}, dict[str, Array]()
    for each in wanted:
        variable, error = variables.get(each.name), variables.get(f"{each.name}_se")
        if variable is None:
            raise InputError(f"observable: {quoted(each.name)} is not known of {start().model.name} here; leave it out")
        numbers[each.text] = each.numbers(variable.dims, variable.values, of)
        if error is not None and each.has_error:
            numbers[each.error_name] = each.errors(variable.dims, variable.values, error.values, of)
    return numbers | ({STOPPED: variables[STOPPED].values} if STOPPED in variables else {})


def try_out(measure: Measure, cells: Lots, seed: int) -> None:
    """Raises InputError where an observable is not one number at the start of a cell that can be run.

    Where some kinds of cells lack a label, it is of those that have it.  A cell that cannot be run is one with that
    status, when it is its turn; where none of those that are tried can, what the first one lacks is raised.
    """
    lacking: InputError | None = None
    for lot in cells.lots:
        for start in _some(measure, lot, seed):
            try:
                _picked(measure.wanted, _run(measure, measure.wanted, start, 0))
            except NoLabel as none:
                lacking = lacking or none
                break
            except InputError as refused:
                lacking = lacking or refused
                continue
            return
    if lacking is not None:
        raise lacking


def _some(measure: Measure, lot: Lot, seed: int) -> Iterator[Start]:
    """Starts of some of a lot's cells that can be drawn, from its first to its last; else of the first that can."""
    count, any_drawn = len(lot.places), False
    some = dict.fromkeys(np.linspace(0, count - 1, min(count, _TRIED)).astype(int).tolist())
    for row in (*some, *range(count)):
        if row not in some and any_drawn:
            return
        try:
            start = _started(measure.sampling, lot.problem(row), seed)[0]
        except InputError:  # each fails with its own sentence
            continue
        any_drawn = True
        yield start

