"""A case: recorded states of one draw, with every quantity that a statement may name."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Directions, FreshTasks, Model, NeuronNorm
from derivations.declare.formula import QUANTITIES, FormulaError, parse
from derivations.declare.variables import FRESH, FRESH_BY_CLASS, FRESH_TASKS
from dynamics.chance.gram import Reduced
from dynamics.geometry import distances
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.kernel import Kernel

from ..ask.derived import kappa, penalty_constant, penalty_weight
from ..errors import nearest
from ..observe import fresh_tasks
from ..observe import observables as obs
from ..observe.fresh import fresh_statistics
from ..observe.states import States
from ..run.problem import Start
from ..start.drawn import Draw
from . import tasks as check_tasks
from .formula import Indexed, evaluate, mentioned, uses

Rows = NDArray[np.int64]
_FRESH = (*FRESH, *FRESH_BY_CLASS, *FRESH_TASKS)
_HEADS = "_heads"  # such as stable_rank_heads, the heads' entries of an observable of matrices
KEPT = 4  # views of a case, with the quantities that formulas took there
_DIMS = {"class": "l"}  # `class` is no name in a formula


class NoSuchStep(FormulaError):
    """A formula speaks of a step that this run does not have."""


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
    views: dict[bytes, View] = field(default_factory=dict)

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

    @property
    def still(self) -> bool:
        """Whether nothing ever moves: every recorded state after the start is the start, to the last bit."""
        z, b = self.states.z, self.states.b
        return len(z) > 1 and self.diverged < 0 and bool((z == z[0]).all()) and (b is None or not b.any())

    @property
    def matrices(self) -> set[str]:
        """The names of the observables of whole matrices."""
        return {o.name for o in self.model.observables if o.decomposes}

    def view(self, rows: Rows | None = None) -> View:
        """Quantities at these rows (all by default); the last few are kept, as statements share them."""
        chosen = self.rows if rows is None else rows
        key = chosen.tobytes()
        if key not in self.views:
            while len(self.views) >= KEPT:
                del self.views[next(iter(self.views))]
            self.views[key] = View(self, chosen)
        return self.views[key]

    def row(self, step: float) -> int:
        """The row of a step.  Raises FormulaError where the step is not among the recorded ones."""
        found = np.flatnonzero(self.t == math.floor(step)) if math.isfinite(step) else np.empty(0)
        if not found.size:
            raise NoSuchStep(f"step {step:g} is not one of the run's recorded steps, 0 to {self.t[-1]}")
        return int(found[0])

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
        found = self._special(name)
        if found is not None:
            return found
        variable = obs.evaluate(states, (name,)).get(name)
        if variable is not None:
            return Indexed(tuple(_DIMS.get(dim, dim) for dim in variable.dims), variable.values)
        known = [*self.quantities, *obs.names(self.model), *self._scalars(), "own", "y", "yhat", "norm", "lam_t", "t"]
        raise FormulaError(f"{name!r} is not a quantity of {self.model.name} here; {nearest(name, known)}")

    def _scalars(self) -> dict[str, float]:
        absent = {k: math.inf for k, v in self.states.values.items() if v is None}  # such as lam_until: never closed
        values = {k: float(v) for k, v in self.states.values.items() if isinstance(v, int | float)} | absent
        m = self.states.z.shape[2]
        fixed = {"kappa": kappa(self.states.values, m), "c": penalty_constant(self.states.values), "T": self.steps}
        return {**values, "n": self.draw.examples, "m": m, "d": self.draw.d, **fixed}

    def _special(self, name: str) -> Indexed | None:
        """t, lam_t, y, yhat, j, own, same, norm, neuron_norm, and z_, b_, G_ of families."""
        states = self.states
        start = Reduced(z=self.draw.z, gram=self.draw.gram, weight_gram=self.draw.weight_gram)
        made: dict[str, Callable[[], Indexed]] = {
            "t": lambda: Indexed(("t",), self.t.astype(float)),
            "lam_t": lambda: Indexed(("t",), penalty_weight(self.model, states.values, self.t)),
            "y": lambda: Indexed(("i",), self.draw.y),
            "yhat": lambda: Indexed(("i",), self.draw.clean),
            "own": lambda: Indexed((states.head, "i"), states.own),
            "same": lambda: Indexed(("i", "i2"), np.eye(len(self.draw.y), dtype=bool)),
        }
        if self.model.network.head_axis.signed:
            made["j"] = lambda: Indexed(("j",), np.array(self.model.network.head_axis.signs))
        if (b := states.b) is not None:
            made["norm"] = lambda: Indexed(("t",), distances.weight_norm(start, b, states.shares))
            each = ("t", states.head, "r")
            if all(isinstance(o, NeuronNorm) for o in self.model.observables if o.name == "neuron_norm"):
                made["neuron_norm"] = lambda: Indexed(each, distances.neuron_norms(start, b, states.shares))
        return made[name]() if name in made else self._family(name)

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
        place, values = family.index_set.index("l", "i"), values[..., self.states.rows(family.name)]
        return Indexed(("t", self.states.head, "r", *place), values if place else values[..., 0])

    def _product(self, first: Directions, second: Directions) -> Indexed:
        """<v, v'> of every vector of one family with every one of another."""
        block, mark = self.draw.gram[self.states.rows(first.name), self.states.rows(second.name)], ""
        if first.index_set is second.index_set:
            mark = "2"
        rows, columns = first.index_set.index("l", "i"), second.index_set.index(f"l{mark}", f"i{mark}")
        block = block if rows else block[0]
        return Indexed((*rows, *columns), block if columns else block[..., 0])


class View:
    """Quantities at some rows of a case, or at one of them without an index t."""

    def __init__(self, case: Case, rows: Rows, single: bool = False) -> None:
        self.case, self.rows, self.single = case, rows, single
        self.known: dict[str, Indexed] = {}
        self.later: View | None = None

    def named(self, name: str) -> Indexed:
        """The quantity of that name at these rows."""
        if name not in self.known:
            self.known[name] = self._named(name)
        return self.known[name]

    def _named(self, name: str) -> Indexed:
        if name in self.case.fixed:
            return self.case.fixed[name]
        if name in self.case.quantities:
            found = evaluate(parse(self.case.quantities[name], QUANTITIES), self)
            if not self.single and "t" not in found.dims and not self.case.follows_t(name):
                self.case.fixed[name] = found
            return found
        if name in _FRESH:
            return self._taken(self._fresh(name), np.arange(len(self.rows)))
        if name.removesuffix(_HEADS) in self.case.matrices:
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
        states, of = self.case.states, name.removesuffix(_HEADS)
        assert states.b is not None
        here = replace(
            states,
            z=states.z[self.rows],
            b=states.b[self.rows],
            seen={key: values[self.rows] for key, values in states.seen.items()},
            scale=None if states.scale is None else states.scale[self.rows],
        )
        here.__dict__["frame"] = states.frame  # made once: it does not depend on t
        found = obs.evaluate(here, (of,))[of]
        if name == of or found.dims[-1] != "matrix":
            return Indexed(found.dims, found.values)
        return Indexed((*found.dims[:-1], states.head), found.values[..., :-1])  # the last is that of all heads stacked

    def _inner(self, name: str) -> Indexed:
        """The states inside the inner loop, at these rows only: there are J + 1 of each."""
        states, kernel = self.case.states, self.case.kernel
        assert isinstance(kernel, BilevelKernel)
        found = check_tasks.inner(replace(states, z=states.z[self.rows], b=None, seen={}), kernel)
        if name not in found:
            raise FormulaError(f"{name!r} is not a quantity of {self.case.model.name}; {nearest(name, found)}")
        whole = {key: self._taken(each, np.arange(len(self.rows))) for key, each in found.items()}
        self.known.update(whole)
        return found[name]

    def _fresh(self, name: str) -> Indexed:
        """Test laws, at these rows only: they are the costly ones."""
        case = self.case
        assert case.states.b is not None
        found = self._fresh_tasks(name) if isinstance(case.kernel, BilevelKernel) else fresh_statistics(
            case.model,
            case.kernel,
            case.draw,
            case.states.z[self.rows],
            case.states.b[self.rows],
            case.states.values,
            case.seed,
            shares=None if case.states.scale is None else case.states.scale[self.rows],
        )
        if name not in found:
            raise FormulaError(f"{name!r} is not a quantity of {case.model.name}")
        dims = {1: ("t",), 2: ("t", "l")}
        whole = {key: Indexed(dims[values.ndim], values) for key, values in found.items()}
        self.known.update({key: self._taken(each, np.arange(len(self.rows))) for key, each in whole.items()})
        return whole[name]

    def _fresh_tasks(self, name: str) -> dict[str, NDArray[np.float64]]:
        """The same on fresh tasks; where adapted weights are not asked for, of the fewest tasks there can be."""
        case, states = self.case, self.case.states
        assert isinstance(case.kernel, BilevelKernel) and states.b is not None
        reason = fresh_tasks.refusal(case.model, case.draw, states.values)
        if reason:
            raise FormulaError(f"{name!r} is not known here: {reason}")
        adapted = "_adapted" in name
        fewer = {} if adapted or not isinstance(case.model.test, FreshTasks) else {case.model.test.tasks: 2}
        found = fresh_tasks.fresh_task_statistics(
            case.model, case.kernel, case.draw, states.z[self.rows], states.b[self.rows], {**states.values, **fewer},
            case.seed,
        )
        return {key: each for key, each in found.items() if adapted or "_adapted" not in key}

    def after(self) -> View:
        """One step later.  Raises FormulaError where a row has no next one."""
        if self.later is None:
            rows = self.case.following[self.rows]
            if np.any(rows < 0):
                raise NoSuchStep("the step after the run's last is not recorded")
            self.later = View(self.case, rows, self.single)
        return self.later

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


def looks_ahead(text: str, quantities: Mapping[str, str]) -> bool:
    """Whether a formula has to know the next step, itself or through one of these quantities."""
    inner = [quantities[name] for name in mentioned(text) if name in quantities]
    return bool(uses(text, "next")) or any(looks_ahead(other, quantities) for other in inner)


def _running(case: Case, summand: ast.expr, text: str) -> Indexed:
    """past(summand) at every row of a case whose rows are the steps 0, 1, 2, ..."""
    count = len(case.t)
    if np.any(case.following[:-1] != np.arange(1, count)) or case.t[0] != 0:
        raise NoSuchStep(f"past({text}) sums over every step, and not every one of this run is recorded")
    found = evaluate(summand, case.view(np.arange(max(1, count - 1))))
    if found.dims[:1] != ("t",):
        raise FormulaError(f"past({text}): it does not depend on t")

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        before = np.cumsum(values * 1.0, axis=0)[: count - 1]
        return np.concatenate([np.zeros((1, *values.shape[1:])), before])

    return Indexed(found.dims, summed(found.values), summed(found.magnitude))


def spoken(texts: Iterable[str], quantities: Mapping[str, str]) -> set[str]:
    """The names in formulas, and in the quantities that these name."""
    found = {name for text in texts for name in mentioned(text)}
    named = [quantities[name] for name in found if name in quantities]
    return found | (spoken(named, {name: text for name, text in quantities.items() if name not in found}) if named
                    else set())


def _looked_at(start: Start, names: set[str]) -> bool:
    """Whether any of the names needs what a kernel observes of states."""
    own = {"loss", "gradient_norm", "margins", "train_error", "outputs", *start.kernel.observed}
    plain = {name.removesuffix(_HEADS) for name in names}
    return start.model.algorithm.over_tasks or bool(own & names) or obs.needs_seen(start.model, plain)


def trajectory_case(
    start: Start, steps: int, recorded: Rows, quantities: Mapping[str, str], names: set[str] | None = None
) -> Case:
    """The case of a run from its start, at the recorded steps; a run that diverges is kept up to there.

    `names` are those that formulas will ask for; None: any.
    """
    path = start.up_to(recorded)
    at = {int(step): row for row, step in enumerate(path.t)}
    following = np.array([at.get(int(step) + 1, -1) for step in path.t], dtype=np.int64)
    rows = np.arange(len(path.t))
    states = start.states(path) if names is None or _looked_at(start, names) else start.seen(path, {})
    return Case(start, states, path.t, following, rows, steps, quantities, path.diverged)


def state_case(start: Start, b: NDArray[np.float64], quantities: Mapping[str, str]) -> Case:
    """The case of one step from an arbitrary state: coefficients b (H, m, B) on top of the draw's W(0), t = 1 to 2.

    Row 0 is the draw itself, so that start(x) is what it says; the state need not be one that a run can reach.
    """
    drawn = start.draw
    z = drawn.z + b @ drawn.gram
    after = start.again(z, b, 1, np.array([2]), first=1)
    zs, bs = np.stack([drawn.z, z, *after.z]), np.stack([np.zeros_like(b), b, *after.b])
    states = States(start.model, drawn, start.values, zs, bs, start.observe(zs))
    complete = len(after.t) == 1
    t, following = np.arange(len(zs)), np.array([-1, 2, -1] if complete else [-1, -1])
    return Case(start, states, t, following, np.array([1]), 2, quantities, after.diverged)
