"""A bilevel recursion in the papers' notation: the inner loop on every task, then the outer step, in text and LaTeX.

w^(t,tau) are task k's filters after tau inner steps of outer step t, w^(t,0) = w^(t); sums run over the examples that
a loop takes: S_k all n of a task, S_k^tr its first n_1 and S_k^val the other n_2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from ..calculus.recursion import Collected, Recursion
from ..calculus.symbols import Names, eta, i, kappa, n, r
from ..declare import Bilevel, Directions, Model
from .latex_lines import align
from .single import (
    PaperLatexPrinter,
    TextPrinter,
    activation_said,
    coefficient_change,
    declared_signs,
    definitions_shown,
    published,
    unprimed,
    update,
    update_latex,
)

_INNER, _OUTER = sp.Symbol("eta_inner", positive=True), eta / sp.Symbol("K", positive=True)
_TILDE = r"\tilde"
_SIZES = {"all": sp.Symbol("n", positive=True), "train": sp.Symbol("n_1", positive=True),
          "validation": sp.Symbol("n_2", positive=True)}
_MARKS = {"all": "", "train": "^tr", "validation": "^val"}
_MARKS_LATEX = {"all": "", "train": r"^{\mathrm{tr}}", "validation": r"^{\mathrm{val}}"}


def task_index(model: Model) -> sp.Symbol:
    """The index of a task: k, or q where k is a class."""
    return sp.Symbol("k" if model.network.heads == "signed" else "q", integer=True, positive=True)


def set_of(model: Model, split: str) -> str:
    """The examples of a task that a loop takes: S_k, S_k^tr or S_k^val."""
    return f"S_{task_index(model)}{_MARKS[split]}"


def set_latex(model: Model, split: str) -> str:
    """The same, as LaTeX."""
    return rf"\mathcal{{S}}_{task_index(model)}{_MARKS_LATEX[split]}"


def splits(model: Model) -> tuple[str, str]:
    """Which examples the inner loop and the outer step take: "all", "train" or "validation"."""
    assert isinstance(model.algorithm, Bilevel)
    return ("train", "validation") if model.algorithm.method == "train-validation" else ("all", "all")


def _with_task(model: Model, at: Sequence[Any]) -> tuple[Any, ...]:
    """Indices with an example's task before it."""
    return tuple(x for each in at for x in ((task_index(model), each) if each == i else (each,)))


class TaskTextPrinter(TextPrinter):
    """ASCII with a task's index, the filters at `time`, and sums over the examples `split`."""

    def __init__(self, model: Model, time: str = "", split: str = "all") -> None:
        super().__init__(model)
        self.time, self.split, self.batch, self.over_tasks = time, split, True, False

    def vector(self, family: str, at: tuple[sp.Expr, ...]) -> str:
        """A direction's name; a task's own with the task's index."""
        if self.model.family(family).over != "task":
            return super().vector(family, at)
        return f"{family.removesuffix('_k')}_{task_index(self.model)}"

    def _sub(self, at: tuple[Any, ...]) -> str:
        return super()._sub(_with_task(self.model, at))

    def filter(self, at: tuple[sp.Expr, ...]) -> str:
        """w at a head and a filter, at the time."""
        return super().filter(at) + self.time

    def named(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        """A definition's entry at the time; labels have none."""
        return super().named(base, at) + ("" if base in ("y", "label") else self.time)

    def range_of(self, bound: sp.Symbol) -> str:
        """A sum's index, with its examples."""
        return f"i in {set_of(self.model, self.split)}" if bound == i else str(self._print(bound))

    def example_sum(self, group: Collected) -> str:
        """The sum over examples, or the indicator of the one that a coefficient is of."""
        if group.limits:
            tasks = f"sum_{{{task_index(self.model)}}} " if self.over_tasks else ""
            return f"{tasks}sum_{{{self.range_of(group.limits[0][0])}}} "
        return "" if self.split == "all" else f"1{{i in {set_of(self.model, self.split)}}} "


class TaskLatexPrinter(PaperLatexPrinter):
    """LaTeX with a task's index, the filters at `time`, and sums over the examples `split`."""

    def __init__(self, model: Model, time: str = "", split: str = "all") -> None:
        super().__init__(model)
        self.time, self.split, self.batch, self.over_tasks = time, split, True, False

    def vector(self, family: Directions, at: tuple[sp.Expr, ...]) -> str:
        """A direction's LaTeX; a task's own with the task's index."""
        return f"{family.latex}_{{{task_index(self.model)}}}" if family.over == "task" else super().vector(family, at)

    def _sub(self, at: tuple[Any, ...]) -> str:
        return super()._sub(_with_task(self.model, at))

    def _filter(self, at: tuple[sp.Expr, ...]) -> str:
        return rf"\mathbf{{w}}_{{{self._sub(at)}}}" + (rf"^{{({self.time})}}" if self.time else "")

    def _named(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        entry = super()._named(base, at)
        return entry if base in ("y", "label") or not self.time else rf"{entry}^{{({self.time})}}"

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return self.inner_step if expr == _INNER else super()._print_Symbol(expr)

    @property
    def inner_step(self) -> str:
        """The inner step size's own symbol."""
        assert isinstance(self.model.algorithm, Bilevel)
        declared = {parameter.name: parameter.latex for parameter in self.model.parameters}
        return declared.get(self.model.algorithm.inner_step) or r"\eta_{\mathrm{in}}"

    def example_sum(self, group: Collected) -> str:
        """The sum over examples, or the indicator of the one that a coefficient is of."""
        if group.limits:
            tasks = rf"\sum_{{{task_index(self.model)}}}" if self.over_tasks else ""
            return rf"{tasks}\sum_{{i\in {set_latex(self.model, self.split)}}}"
        return "" if self.split == "all" else rf"\mathbf{{1}}\{{i\in {set_latex(self.model, self.split)}\}}"

    def _print_Sum(self, expr: sp.Sum) -> str:
        self.batch = False  # sums over heads and filters alone
        shown = super()._print_Sum(expr)
        self.batch = True
        return shown


def text(recursion: Recursion) -> str:
    """The recursion in ASCII: decomposition, definitions, inner loop, outer step."""
    model, printer = recursion.model, TaskTextPrinter(recursion.model)
    inner, outer = splits(model)
    assert isinstance(model.algorithm, Bilevel)
    names, k = Names(model), task_index(model)
    filters = printer._sub((names.head, r))
    lines = [f"{model.title or model.name}, activation {activation_said(model)}, {model.algorithm.method}.", ""]
    lines += ["Decomposition", f"  w_{filters}(t) = w_{filters}(0) + {' + '.join(_terms(recursion, printer))}", ""]
    lines += [f"Definitions, of task {k} at its filters w"]
    lines += [f"  {printer.doprint(left)} = {printer.doprint(right)}" for left, right in definitions_shown(recursion)]
    parameters = model.algorithm
    lines += ["", f"Inner loop on every task {k}, tau = 0 .. {parameters.inner_steps} - 1, "
              f"from w^(t,0) = w(t) and coefficients 0{_named(eta_inner=parameters.inner_step)}"]
    at_tau = TaskTextPrinter(model, "^(t,tau)", inner)
    lines += [f"  {line}" for line in _updates(recursion, at_tau, _INNER, inner=True)]
    changes = " + ".join(_terms(recursion, printer, of_task=True))
    lines += [f"  w_{filters}^(t,tau) = w_{filters}(t) + {changes}"]
    lines += ["", f"Outer step, from t to t + 1{_named(J=parameters.inner_steps, K=parameters.tasks)}"]
    if parameters.method == "reptile":
        for family in model.directions:
            name, moved = _coefficient(recursion, family, printer), _coefficient(recursion, family, printer, inner=True)
            total = f"sum_{{{k}}} " if _shared(family) else ""
            lines.append(f"  {name} <- {name} + (eta/K) {total}{moved}^(t,J)")
    else:
        at_end = TaskTextPrinter(model, "^(t,J)", outer)
        lines += [f"  {line}" for line in _updates(recursion, at_end, _OUTER, inner=False)]
    lines += ["", f"with {_sets_said(model)}"]
    if kappa not in published(model):
        lines.append("and kappa = 1/m for a mean over the filters, 1 for a sum")
    return "\n".join(lines) + "\n"


def _named(**parameters: str) -> str:
    """The parameters that have another name than the symbol."""
    return "".join(f", {symbol} = {name}" for symbol, name in parameters.items() if symbol != name)


def _sets_said(model: Model) -> str:
    """What the sets of examples are."""
    assert isinstance(model.algorithm, Bilevel)
    k, whole, train, other = task_index(model), *(set_of(model, split) for split in _MARKS)
    if model.algorithm.method == "train-validation":
        first = f"{train} the first n_1 = {model.algorithm.train} examples of task {k}"
        return f"{first}, and {other} the other n_2 = n - n_1"
    return f"{whole} all {model.algorithm.examples} examples of task {k}"


def _shared(family: Directions) -> bool:
    """Whether the tasks share the family's vectors, so that an outer step sums over tasks."""
    return family.over in ("one", "class")


def _place(model: Model, family: Directions, inner: bool) -> tuple[Any, ...]:
    """A coefficient's indices after head and filter; an inner one is its task's, whatever the family is over."""
    names = Names(model)
    at = tuple(unprimed(names, x) for x in names.free_place(family))
    own = family.over == "task" or (inner and _shared(family))
    return (*at, task_index(model)) if own else at


def _coefficient(recursion: Recursion, family: Directions, printer: TaskTextPrinter, inner: bool = False) -> str:
    """g_{j,r,k}, or the inner loop's g~_{j,r,k}."""
    at = _place(recursion.model, family, inner)
    mark = "~" if inner else ""
    return f"{family.coefficient.name}{mark}_{printer._sub((Names(recursion.model).head, r, *at))}"


def _terms(recursion: Recursion, printer: TaskTextPrinter, of_task: bool = False) -> list[str]:
    """The terms of the decomposition; with `of_task` those of the one task."""
    names, model, out = Names(recursion.model), recursion.model, []
    k = task_index(model)
    for family in model.directions:
        at = tuple(unprimed(names, x) for x in names.free_place(family))
        name = _coefficient(recursion, family, printer, inner=of_task)
        vector = printer.vector(family.name, at)
        over = {"task": [str(k)], "sample": [str(k), "i"], "class": [str(unprimed(names, at[0])) if at else ""]}
        bound = [index for index in over.get(family.over, []) if not (of_task and index == str(k))]
        total = f"sum_{{{','.join(bound)}}} " if bound else ""
        signs = " ".join(declared_signs(model, family, printer))
        scale = f"/{printer.square(vector)}" if family.coefficient.scaled else ""
        out.append(f"{total}{signs}{' ' * bool(signs)}{name} {vector}{scale}")
    return out


def _step_groups(
    recursion: Recursion, family: Directions, step: sp.Expr, split: str
) -> tuple[Collected, ...]:
    """What one gradient step adds to a coefficient, with the loop's own step size and number of examples."""
    swap = {eta: step, n: _SIZES[split]}
    return tuple(
        Collected(group.common.xreplace(swap), group.limits, group.terms)
        for group in coefficient_change(recursion, family)
    )


def _updates(recursion: Recursion, printer: TaskTextPrinter, step: sp.Expr, inner: bool) -> list[str]:
    lines = []
    for family in recursion.model.directions:
        name = _coefficient(recursion, family, printer, inner)
        printer.over_tasks = _shared(family) and not inner
        groups = _step_groups(recursion, family, step, printer.split)
        lines.append(" ".join([f"{name} <- {name}", *[update(printer, group) for group in groups]]))
    return lines


def latex(recursion: Recursion) -> str:
    """The recursion as `align*` environments: decomposition, definitions, inner loop, outer step."""
    model, printer = recursion.model, TaskLatexPrinter(recursion.model)
    assert isinstance(model.algorithm, Bilevel)
    inner, outer = splits(model)
    filters = printer._sub((Names(model).head, r))
    rows = [rf"\mathbf{{w}}_{{{filters}}}^{{(t)}} &= \mathbf{{w}}_{{{filters}}}^{{(0)}} + "
            + " + ".join(_terms_latex(recursion, printer))]
    defined = [rf"{printer.doprint(left)} &= {printer.doprint(right)}" for left, right in definitions_shown(recursion)]
    at_tau = TaskLatexPrinter(model, r"t,\tau", inner)
    loop = _updates_latex(recursion, at_tau, _INNER, r"t,\tau", r"t,\tau+1", _TILDE)
    if model.algorithm.method == "reptile":
        last = []
        for family in model.directions:
            new, now = (_coefficient_latex(recursion, family, printer, time) for time in ("t+1", "t"))
            moved = _coefficient_latex(recursion, family, printer, "t,J", _TILDE)
            total = rf"\sum_{{{task_index(model)}}} " if _shared(family) else ""
            last.append(rf"{new} &= {now} + \frac{{\eta}}{{K}} {total}{moved}")
    else:
        at_end = TaskLatexPrinter(model, "t,J", outer)
        last = _updates_latex(recursion, at_end, _OUTER, "t", "t+1", "")
    start = rf"\mathbf{{w}}_{{{filters}}}^{{(t,0)}} = \mathbf{{w}}_{{{filters}}}^{{(t)}}"
    loop.append(rf"\tau &= 0,\dots,J-1, \qquad {start}")
    return "".join(align(block) for block in (rows, defined, loop, last))


def _coefficient_latex(
    recursion: Recursion, family: Directions, printer: TaskLatexPrinter, time: str, accent: str = ""
) -> str:
    names, at = Names(recursion.model), _place(recursion.model, family, bool(accent))
    base = rf"{accent}{{{family.coefficient.latex}}}" if accent else family.coefficient.latex
    return rf"{base}_{{{printer._sub((names.head, r, *at))}}}^{{({time})}}"


def _terms_latex(recursion: Recursion, printer: TaskLatexPrinter) -> list[str]:
    names, model, out = Names(recursion.model), recursion.model, []
    k = task_index(model)
    for family in model.directions:
        at = tuple(unprimed(names, x) for x in names.free_place(family))
        vector = printer.vector(family, at)
        bound = {"task": f"{k}", "sample": f"{k},i", "class": "c'"}.get(family.over, "")
        total = rf"\sum_{{{bound}}} " if bound else ""
        scale = rf"\frac{{{vector}}}{{\|{vector}\|_2^2}}" if family.coefficient.scaled else vector
        signs = " ".join(declared_signs(model, family, printer))
        signs += r"\," if signs else ""
        out.append(rf"{total}{signs}{_coefficient_latex(recursion, family, printer, 't')}\,{scale}")
    return out


def _updates_latex(
    recursion: Recursion, printer: TaskLatexPrinter, step: sp.Expr, now: str, new: str, accent: str
) -> list[str]:
    lines = []
    for family in recursion.model.directions:
        before, after = (_coefficient_latex(recursion, family, printer, time, accent) for time in (now, new))
        printer.over_tasks = _shared(family) and not accent
        groups = _step_groups(recursion, family, step, printer.split)
        lines.append(rf"{after} &= {before} " + " ".join(update_latex(printer, group) for group in groups))
    return lines


def step_lines(model: Model) -> list[str]:
    """The two loops on z and b, as the derivation's last step."""
    inner, outer = splits(model)
    assert isinstance(model.algorithm, Bilevel)
    k = task_index(model)
    lines = [f"inner, on task {k}'s own block G_{k}: b~ <- b~ - eta_inner dL/dz over {set_of(model, inner)}, "
             f"z~ <- z~ - eta_inner (dL/dz) G_{k}"]
    if model.algorithm.method == "reptile":
        return [*lines, f"outer: b <- b + (eta/K) b~, z <- z + (eta/K) (sum_{k} b~_{k}) G"]
    return [*lines, f"outer: g = (1/K) dL/dz over {set_of(model, outer)} at z~, b <- b - eta g, z <- z - eta g G"]


__all__ = ["TaskLatexPrinter", "TaskTextPrinter", "latex", "splits", "step_lines", "task_index", "text"]
