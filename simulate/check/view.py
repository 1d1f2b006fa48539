"""Quantities at some steps of a case: what a formula's names stand for there."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, OfFresh, variables
from derivations.declare.formula import QUANTITIES, FormulaError, parse
from derivations.declare.variables import FRESH, FRESH_BY_CLASS, FRESH_TASKS
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.kernel import Kernel

from ..errors import nearest
from ..observe import fresh_tasks
from ..observe import observables as obs
from ..observe.fresh import fresh_statistics
from ..observe.states import States
from ..start.drawn import Draw
from . import tasks as check_tasks
from .formula import evaluate
from .indexed import Indexed, Parts

Rows = NDArray[np.int64]
FRESH_NAMES = (*FRESH, *FRESH_BY_CLASS, *FRESH_TASKS)
OF_HEADS = "_heads"  # such as stable_rank_heads, the heads' entries of an observable of matrices


class NoSuchStep(FormulaError):
    """A formula speaks of a step that this run does not have."""


class Looked(Protocol):
    """What a view reads of a case, which makes views and so is not known here; see `Case` for each."""

    @property
    def states(self) -> States:
        """The recorded states."""

    @property
    def model(self) -> Model:
        """The model."""

    @property
    def kernel(self) -> Kernel:
        """The kernel of its run."""

    @property
    def draw(self) -> Draw:
        """The draw it started from."""

    @property
    def seed(self) -> int:
        """The seed of its draw."""

    @property
    def t(self) -> Rows:
        """The recorded steps (R,)."""

    @property
    def following(self) -> Rows:
        """The row one step later, or -1, of each (R,)."""

    @property
    def quantities(self) -> Mapping[str, str]:
        """Formulas by name."""

    @property
    def fixed(self) -> dict[str, Indexed]:
        """Quantities without an index t that have been taken."""

    @property
    def sums(self) -> dict[str, Indexed]:
        """Running sums that have been taken, by their text."""

    @property
    def matrices(self) -> set[str]:
        """The names of the observables of whole matrices."""

    def follows_t(self, name: str) -> bool:
        """Whether a quantity speaks of t though it has no index t."""

    def whole(self, name: str) -> Indexed:
        """A quantity that is not a formula, at every recorded step."""

    def row(self, step: float) -> int:
        """The row of a step."""

    def view(self, rows: Rows | None = None) -> View:
        """Quantities at these rows, all by default."""


@dataclass
class Taken:
    """What has been taken at some rows: quantities by name, formulas' parts, and the same one step later.

    A case keeps this and no view: one that held views, which hold it, would be left to the collector of circles, which
    goes by how many objects there are and not by the gigabytes of their arrays.
    """

    known: dict[str, Indexed] = field(default_factory=dict)
    parts: Parts = field(default_factory=Parts)
    later: Taken | None = None


class View:
    """Quantities at some rows of a case, or at one of them without an index t."""

    def __init__(self, case: Looked, rows: Rows, single: bool = False, taken: Taken | None = None) -> None:
        self.case, self.rows, self.single = case, rows, single
        self.taken = Taken() if taken is None else taken

    @property
    def known(self) -> dict[str, Indexed]:
        """Quantities that have been taken, by name."""
        return self.taken.known

    @property
    def parts(self) -> Parts:
        """Values of formulas' parts that have been taken."""
        return self.taken.parts

    def named(self, name: str) -> Indexed:
        """The quantity of that name at these rows."""
        if name not in self.known:
            self.known[name] = self._named(name)
        return self.known[name]

    def _named(self, name: str) -> Indexed:
        if name in self.case.fixed:
            return self.case.fixed[name]
        if name in self.case.quantities:
            quantity = evaluate(parse(self.case.quantities[name], QUANTITIES), self)
            if not self.single and "t" not in quantity.dims and not self.case.follows_t(name):
                self.case.fixed[name] = quantity
            return quantity
        if name in FRESH_NAMES or self._declared(name) is not None:
            return self._taken(self._fresh(name, self._declared(name)), np.arange(len(self.rows)))
        if name.removesuffix(OF_HEADS) in self.case.matrices:
            return self._taken(self._matrix(name), np.arange(len(self.rows)))
        if name.startswith(check_tasks.INNER) and self.case.states.over_tasks:
            return self._taken(self._inner(name), np.arange(len(self.rows)))
        return self._taken(self.case.whole(name), self.rows)

    def _taken(self, whole: Indexed, rows: Rows) -> Indexed:
        if "t" not in whole.dims:
            return whole
        assert whole.dims[0] == "t"
        return (
            Indexed(whole.dims[1:], whole.values[rows[0]]) if self.single else Indexed(whole.dims, whole.values[rows])
        )

    def _matrix(self, name: str) -> Indexed:
        """Observables of whole matrices, at these rows only: a decomposition of W each."""
        states, of = self.case.states, name.removesuffix(OF_HEADS)
        assert states.b is not None
        here = replace(
            states,
            z=states.z[self.rows],
            b=states.b[self.rows],
            seen={key: values[self.rows] for key, values in states.seen.items()},
            scale=None if states.scale is None else states.scale[self.rows],
        )
        here.__dict__["frame"] = states.frame  # made once: it does not depend on t
        variable = obs.evaluate(here, (of,))[of]
        if name == of or variable.dims[-1] != "matrix":
            return Indexed(variable.dims, variable.values)
        # The last is that of all heads stacked.
        return Indexed((*variable.dims[:-1], states.head), variable.values[..., :-1])

    def _inner(self, name: str) -> Indexed:
        """The states inside the inner loop, at these rows only: there are J + 1 of each."""
        states, kernel = self.case.states, self.case.kernel
        assert isinstance(kernel, BilevelKernel)
        inside = check_tasks.inner(replace(states, z=states.z[self.rows], b=None, seen={}), kernel)
        if name not in inside:
            raise FormulaError(f"{name!r} is not a quantity of {self.case.model.name}; {nearest(name, inside)}")
        whole = {key: self._taken(each, np.arange(len(self.rows))) for key, each in inside.items()}
        self.known.update(whole)
        return inside[name]

    def _declared(self, name: str) -> OfFresh | None:
        """The model's own observable of fresh examples that has this variable."""
        of_fresh = (o for o in self.case.model.observables if isinstance(o, OfFresh))
        return next((o for o in of_fresh if name in (o.name, *o.also)), None)

    def _fresh(self, name: str, declared: OfFresh | None) -> Indexed:
        """Test laws, at these rows only: they are the costly ones."""
        case = self.case
        assert case.states.b is not None
        statistics = self._fresh_tasks(name) if isinstance(case.kernel, BilevelKernel) else fresh_statistics(
            case.model,
            case.kernel,
            case.draw,
            case.states.z[self.rows],
            case.states.b[self.rows],
            case.states.values,
            case.seed,
            shares=None if case.states.scale is None else case.states.scale[self.rows],
            declared=() if declared is None else (declared,),
        )
        if name not in statistics:
            raise FormulaError(f"{name!r} is not a quantity of {case.model.name}")
        if declared is not None:  # errors and losses are those of the draws alone, however these are judged
            statistics = {key: statistics[key] for key in (declared.name, *declared.also)}
        dims = obs.dimensions(case.model)
        whole = {key: Indexed(variables.in_statements(dims[key]), values) for key, values in statistics.items()}
        self.known.update({key: self._taken(each, np.arange(len(self.rows))) for key, each in whole.items()})
        return whole[name]

    def _fresh_tasks(self, name: str) -> dict[str, NDArray[np.float64]]:
        """The same on fresh tasks, before adaptation or after it."""
        case, states = self.case, self.case.states
        assert isinstance(case.kernel, BilevelKernel) and states.b is not None
        reason = fresh_tasks.refusal(case.model, case.draw, states.values)
        if reason:
            raise FormulaError(f"{name!r} is not known here: {reason}")
        return fresh_tasks.fresh_task_statistics(
            case.model, case.kernel, case.draw, states.z[self.rows], states.b[self.rows], states.values, case.seed,
            wanted=(name,),
        )

    def after(self) -> View:
        """One step later.  Raises FormulaError where a row has no next one."""
        rows = self.case.following[self.rows]
        if np.any(rows < 0):
            raise NoSuchStep("the step after the run's last is not recorded")
        self.taken.later = self.taken.later or Taken()
        return View(self.case, rows, self.single, self.taken.later)

    def at(self, step: float) -> View:
        """The state at one step."""
        return View(self.case, np.array([self.case.row(step)]), single=True)

    def past(self, summand: ast.expr) -> Indexed:
        """The sum of an expression over the steps before t.  Raises NoSuchStep where not every step is recorded."""
        case, text = self.case, ast.unparse(summand)
        if text not in case.sums:
            case.sums[text] = _running(case, summand, text)
        return self._taken(case.sums[text], self.rows)

    def first(self, event: ast.expr) -> float:
        """The first recorded step at which an event holds for every index; inf where none is."""
        view = self.case.view()
        truth = evaluate(event, view)
        if "t" not in truth.dims:
            raise FormulaError(f"first({ast.unparse(event)}): the event does not depend on t")
        holds = (truth.values != 0).reshape(len(view.rows), -1).all(axis=1)
        return float(self.case.t[view.rows[int(np.argmax(holds))]]) if holds.any() else math.inf


def _running(case: Looked, summand: ast.expr, text: str) -> Indexed:
    """past(summand) at every row of a case whose rows are the steps 0, 1, 2, ..."""
    count = len(case.t)
    if np.any(case.following[:-1] != np.arange(1, count)) or case.t[0] != 0:
        raise NoSuchStep(f"past({text}) sums over every step, and not every one of this run is recorded")
    terms = evaluate(summand, case.view(np.arange(max(1, count - 1))))
    if terms.dims[:1] != ("t",):
        raise FormulaError(f"past({text}): it does not depend on t")

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        before = np.cumsum(values * 1.0, axis=0)[: count - 1]
        return np.concatenate([np.zeros((1, *values.shape[1:])), before])

    return Indexed(terms.dims, summed(terms.values), summed(terms.magnitude))
