"""One run of a grid's cell as one number: the observable at the last step, or what kept it from having one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from derivations.declare import Model
from derivations.errors import ModelError
from dynamics.errors import RangeError

from ..errors import Diverged, GramRefused, InputError, quoted
from ..observe import observables as obs
from ..run import reduced
from ..run.asked import Asked
from ..run.dataset import labels
from ..run.problem import Problem, Start
from .reduced_axes import Wanted

OK, DIVERGED, FAILED, UNDONE = "ok", "diverged", "failed", "undone"
EITHER = "gram, else vectors"  # the default where no law forbids gram: vectors at cells whose values it refuses


@dataclass(frozen=True)
class Measure:
    """What is measured: one number of an observable's entries after so many steps, on draws of this sampling."""

    wanted: Wanted
    steps: int
    sampling: str

    @property
    def name(self) -> str:
        """The observable with what is picked or reduced of it, as the caller wrote it."""
        return self.wanted.text

    def error_of(self, model: Model) -> str | None:
        """The name of the number's standard error, where it has one."""
        known = f"{self.wanted.name}_se" in obs.fresh_names(model) and self.wanted.rule not in ("mean", "sum")
        return f"{self.name}_se" if known else None


@dataclass(frozen=True)
class Outcome:
    """A number with its standard error, NaN where there is none; its status, and a sentence where there is one."""

    value: float = np.nan
    error: float = np.nan
    status: str = OK
    message: str = ""


def outcome(measure: Measure, cell: Problem, seed: int) -> Outcome:
    """One run's number, or what kept it from having one.  A defect of the program goes through."""
    try:
        with np.errstate(all="ignore"):  # what is not finite becomes a status
            found = measured(measure, cell, seed)
    except Diverged as diverged:
        return Outcome(status=DIVERGED, message=str(diverged))
    except (MemoryError, OSError) as failure:  # another day, or another machine, may have the room
        return Outcome(status=UNDONE, message=_told(type(failure), failure))
    except InputError as failure:
        return Outcome(status=FAILED, message=_told(InputError, failure))
    except (ModelError, RangeError) as failure:
        return Outcome(status=FAILED, message=_told(type(failure), failure))
    if not np.isfinite(found.value):
        message = f"{measure.name} is not finite at step {measure.steps}; lower eta"
        return Outcome(status=DIVERGED, message=message)
    return found


def _told(kind: type[Exception], failure: Exception) -> str:
    return f"{kind.__name__}: {' '.join(str(failure).split())}"


def measured(measure: Measure, cell: Problem, seed: int) -> Outcome:
    """The number after all steps.  Raises what a run raises."""
    start, said = _started(measure.sampling, cell, seed)
    value, error = _number(measure, start, measure.steps)
    return Outcome(value, error, message=said)


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


def _number(measure: Measure, start: Start, steps: int) -> tuple[float, float]:
    """The number after `steps` steps, and its standard error.  Raises InputError where there is no such number."""
    wanted, name = measure.wanted, measure.wanted.name
    asked = Asked(steps, np.array([steps], dtype=np.int64), (name, f"{name}_se"), {}, named=True)
    found = reduced.run(start, asked)
    if name in found.undefined:
        raise InputError(f"{name}: {found.undefined[name]}; give other parameters, or another observable")
    variable = found.variables.get(name)
    if variable is None:
        raise InputError(f"observable: {quoted(name)} is not known of {start.model.name} here; leave it out")
    of, (dims, values) = labels(start), _last(variable)
    error = found.variables.get(f"{name}_se")
    of_error = np.nan if error is None else wanted.error(dims, values, _last(error)[1], of)
    return wanted.number(dims, values, of), of_error


def _last(variable: obs.Variable) -> tuple[tuple[str, ...], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """The dimensions besides t, and the entries at the one step recorded."""
    over_time = variable.dims[:1] == ("t",)
    return variable.dims[over_time:], variable.values[0] if over_time else variable.values


def try_out(measure: Measure, cells: Sequence[Problem], seed: int) -> None:
    """Raises InputError where the observable is not one number at the start of the first cell that can be drawn."""
    for cell in cells:
        try:
            start, _ = _started(measure.sampling, cell, seed)
        except InputError:
            continue  # that cell fails, with its own sentence
        _number(measure, start, 0)
        return
