"""A case: recorded states of one draw, with every quantity that a statement may name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Directions, Model, NeuronNorm, spoken, variables
from derivations.declare.formula import FormulaError
from dynamics.geometry import distances
from dynamics.kernel.kernel import Kernel

from ..ask.derived import kappa, lam_at, penalty_constant
from ..observe import observables as obs
from ..observe.states import States
from ..run.problem import Start
from ..start.drawn import Draw
from . import tasks as check_tasks
from .formula import mentioned, uses
from .indexed import Indexed
from .known import unknown
from .view import NoSuchStep, Rows, Taken, View

KEPT = 4  # views of a case, with the quantities that formulas took there


@dataclass(frozen=True)
class Case:
    """One draw's states at steps t (R,), in order; `following` is the row one step later, or -1.

    `rows` are those that statements are evaluated on; `steps` is the run's length and `diverged` where it ended early
    (-1: it did not); `quantities` are formulas by name, which formulas may use as they do any other name.
    """

    start: Start
    states: States
    t: Rows
    following: Rows
    rows: Rows
    steps: int
    quantities: Mapping[str, str]
    diverged: int = -1
    known: dict[str, Indexed] = field(default_factory=dict)
    fixed: dict[str, Indexed] = field(default_factory=dict)
    sums: dict[str, Indexed] = field(default_factory=dict)
    taken: dict[bytes, Taken] = field(default_factory=dict)

    def __repr__(self) -> str:
        """The model, its values and the steps."""
        values = ", ".join(f"{name}={value!r}" for name, value in self.states.values.items())
        return f"<{self.model.name} at {values}; seed {self.seed}, {len(self.t)} steps to {self.t[-1]}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For IPython, and for Hypothesis, which writes out each case that it finds: the arrays are long."""
        printer.text(repr(self))

    @property
    def kernel(self) -> Kernel:
        """The kernel of its run."""
        return self.start.kernel

    @property
    def seed(self) -> int:
        """The seed of its draw."""
        return self.start.seed

    @property
    def model(self) -> Model:
        """The model."""
        return self.states.model

    @property
    def draw(self) -> Draw:
        """The draw it started from."""
        return self.states.draw

    @cached_property
    def still(self) -> bool:
        """Whether nothing ever moves: every recorded state after the start is the start, to the last bit."""
        z, b = self.states.z, self.states.b
        return len(z) > 1 and self.diverged < 0 and bool((z == z[0]).all()) and (b is None or not b.any())

    @property
    def matrices(self) -> set[str]:
        """The names of the observables of whole matrices."""
        return {o.name for o in self.model.observables if o.decomposes}

    def view(self, rows: Rows | None = None) -> View:
        """Quantities at these rows (all by default); what the last few took is kept, as statements share them."""
        chosen = self.rows if rows is None else rows
        key = chosen.tobytes()
        if key not in self.taken:
            while len(self.taken) >= KEPT:
                del self.taken[next(iter(self.taken))]
            self.taken[key] = Taken()
        return View(self, chosen, taken=self.taken[key])

    def row(self, step: float) -> int:
        """The row of a step.  Raises FormulaError where the step is not among the recorded ones."""
        places = np.flatnonzero(self.t == math.floor(step)) if math.isfinite(step) else np.empty(0)
        if not places.size:
            raise NoSuchStep(f"step {step:g} is not one of the run's recorded steps, 0 to {self.t[-1]}")
        return int(places[0])

    def looks_ahead(self, text: str) -> bool:
        """Whether a formula has to know the next step, itself or through a quantity."""
        return looks_ahead(text, self.quantities)

    def follows_t(self, name: str) -> bool:
        """Whether a quantity speaks of t or the next step, itself or through another, though it has no index t."""
        text = self.quantities[name]
        inner = [other for other in mentioned(text) if other in self.quantities]
        return "t" in mentioned(text) or bool(uses(text, "next")) or any(self.follows_t(other) for other in inner)

    def whole(self, name: str) -> Indexed:
        """A quantity that is not a formula, at every recorded step.  Raises FormulaError for an unknown name."""
        if name not in self.known:
            self.known[name] = self._whole(name)
        return self.known[name]

    def _whole(self, name: str) -> Indexed:
        states = self.states
        if states.over_tasks and (of_tasks := check_tasks.named(states, self.kernel, name)) is not None:
            return of_tasks
        if name in states.seen:
            values = states.seen[name]
            values = np.swapaxes(values, 1, 2) if name == "outputs" and values.ndim == 3 else values  # (t, i, k) there
            return Indexed({1: ("t",), 2: ("t", "i"), 3: ("t", states.head, "i")}[values.ndim], values)
        scalar = self._scalars().get(name)
        if scalar is not None:
            return Indexed((), np.asarray(float(scalar)))
        quantity = self._special(name)
        if quantity is not None:
            return quantity
        variable = obs.evaluate(states, (name,)).get(name)
        if variable is not None:
            return Indexed(variables.in_statements(variable.dims), variable.values)
        for event in self.model.events:
            if event.name == name:
                reached = f"first({event.observable} {event.relation} {event.threshold})"
                raise FormulaError(f"{name!r} is a hitting time, which is no quantity of a step; write {reached}")
        known = [*self.quantities, *obs.names(self.model), *self._scalars(), "own", "y", "yhat", "norm", "lam_t", "t"]
        raise FormulaError(unknown(name, self.model, known))

    def _scalars(self) -> dict[str, float]:
        absent = {k: math.inf for k, v in self.states.values.items() if v is None}  # such as lam_until: never closed
        values = {k: float(v) for k, v in self.states.values.items() if isinstance(v, int | float)} | absent
        m = self.states.z.shape[2]
        fixed = {"kappa": kappa(self.states.values, m), "c": penalty_constant(self.states.values), "T": self.steps}
        return {**values, "n": self.draw.examples, "m": m, "d": self.draw.d, **fixed}

    def _special(self, name: str) -> Indexed | None:
        """t, lam_t, y, yhat, j, own, same, norm, neuron_norm, and z_, b_, G_ of families."""
        states = self.states
        start = self.draw.reduced
        made: dict[str, Callable[[], NDArray[Any]]] = {
            "t": lambda: self.t.astype(float),
            "lam_t": lambda: lam_at(self.model, states.values, self.t),
            "y": lambda: self.draw.y,
            "yhat": lambda: self.draw.clean,
            "own": lambda: states.own,
            "same": lambda: np.eye(len(self.draw.y), dtype=bool),
            "j": lambda: np.array(self.model.network.head_axis.signs),
        }
        if (b := states.b) is not None:
            made["norm"] = lambda: distances.weight_norm(start, b, states.shares)
            if all(isinstance(o, NeuronNorm) for o in self.model.observables if o.name == "neuron_norm"):
                made["neuron_norm"] = lambda: distances.neuron_norms(start, b, states.shares)
        known = spoken.spoken(self.model)
        return Indexed(known[name].dims, made[name]()) if name in made and name in known else self._family(name)

    def _family(self, name: str) -> Indexed | None:
        """z_, b_ of a family and G_ of two.  Raises FormulaError where the name could be of two pairs."""
        families = self.model.directions
        along = [(state, f) for f in families for state in ("z", "b") if name == f"{state}_{f.name}"]
        pairs = [(f, g) for f in families for g in families if name == f"G_{f.name}_{g.name}"]
        if len(along) + len(pairs) > 1:
            said = " and of ".join(f"{f.name} with {g.name}" for f, g in pairs)
            raise FormulaError(f"{name!r} is the inner product of {said}; give a family another name")
        if along:
            state, family = along[0]
            values = self.states.z if state == "z" else self.states.b
            return None if values is None else self._of_family(values, family)
        return self._product(*pairs[0]) if pairs else None

    def _of_family(self, values: NDArray[np.float64], family: Directions) -> Indexed:
        dims, values = spoken.of_family(self.model, family), values[..., self.states.rows(family.name)]
        return Indexed(dims, values if len(dims) == values.ndim else values[..., 0])

    def _product(self, first: Directions, second: Directions) -> Indexed:
        """<v, v'> of every vector of one family with every one of another."""
        block = self.draw.gram[self.states.rows(first.name), self.states.rows(second.name)]
        block = block if first.index_set.dims(False) else block[0]
        block = block if second.index_set.dims(False) else block[..., 0]
        return Indexed(spoken.of_product(self.model, first, second), block)


def looks_ahead(text: str, quantities: Mapping[str, str]) -> bool:
    """Whether a formula has to know the next step, itself or through one of these quantities."""
    inner = [quantities[name] for name in mentioned(text) if name in quantities]
    return bool(uses(text, "next")) or any(looks_ahead(other, quantities) for other in inner)
