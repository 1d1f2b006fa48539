"""Where an expression is read, one class a kind: which indices, times, sets and names its symbols have there.

The calculus writes one task's or one loop's expressions with the same symbols; a reading says what they mean on a page:
`OneLoop` in a recursion's own lines, `OneTask` in a task's lines of two loops, `Printed` and `PrintedTasks` in the
displays of papers.  Both alphabets ask it the same questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sympy as sp

from ..calculus.roles import GramEntry, PatchPreactivation, SumPreactivation
from ..calculus.symbols import Names, Vector, clean, i, label, n, y
from ..calculus.task_symbols import n_1, n_2
from ..declare import INDEX_SETS, Constant, Model, scheduled
from .ranges import FromTo, Members, Range, Signs, Spelled
from .signs import DEFINED, ETA, FILTER, FUNCTIONS, MOVED, NEVER, NOW, SLOPE, SYMBOLS, Applied, Sign, in_step

Indices = tuple[sp.Expr, ...]
_UNDATED = (y, label, clean)


class OneLoop:
    """A recursion of one loop; `moved` at the point where SAM takes its gradient, where the algorithm has one."""

    filter_time: Sign = NOW
    entry_time: Sign = NOW
    primes_beside_time = True
    functions: Mapping[str, Applied] = FUNCTIONS

    def __init__(self, model: Model, moved: bool = False) -> None:
        self.model, self.names = model, Names(model)
        self.moved = moved and "radius" in model.algorithm.options

    @property
    def filters(self) -> Sign:
        """The filters' letter."""
        return MOVED if self.moved else FILTER

    @property
    def examples(self) -> Sign | None:
        """The set that a sum over examples runs over, where that is not all of them."""
        return Sign("B_t", r"\mathcal{B}_t") if "batch" in self.model.algorithm.options else None

    @property
    def one_of(self) -> Members | None:
        """The set that a coefficient's own example has to be in, for a step to move it."""
        return None if self.examples is None else Members(i, self.examples)

    @property
    def risk(self) -> Sign:
        """The training loss in a gradient."""
        loss = Sign("L_S", "L_S") if self.examples is None else Sign("L_{B_t}", r"L_{\mathcal{B}_t}")
        return Sign(f"{loss.text}(W~)", rf"{loss.latex}(\widetilde{{\mathbf{{W}}}}^{{(t)}})") if self.moved else loss

    def place(self, at: tuple[Any, ...]) -> tuple[Any, ...]:
        """Indices as they are written."""
        return at

    def vector(self, family: str, at: Indices) -> tuple[Sign, Indices]:
        """A family's sign and the index of one of its vectors."""
        return Sign(family, self.model.family(family).latex), at

    def sides(self, entry: GramEntry, at: Indices) -> tuple[Vector, Vector]:
        """The two vectors of an inner product."""
        return self.names.gram_sides(entry, at)

    def patch(self, role: PatchPreactivation, example: Indices) -> tuple[sp.Expr, Vector]:
        """A patch of an example that is one term: its scale and its vector."""
        (term,) = self.names.declared_patch(role).terms
        return self.names.scale(term, *example), self.names.vector_of(term, *example)

    def of_neurons(self, family: str) -> Sign | None:
        """The sign of what is seen along the axis of a number of the neurons; None of every other family."""
        sign = next((axis.coefficient for axis in self.model.network.axes if axis.name == family), None)
        if sign is None:
            return None
        moved = Sign(f"{sign.name}~", rf"\widetilde{{{sign.latex}}}")
        return moved if self.moved else Sign(sign.name, sign.latex)

    def biased(self, role: SumPreactivation) -> Sign | None:
        """The sign of a patch's pre-activation with its bias, numbered where there are several; None without biases."""
        if self.model.network.biases is None:
            return None
        letter = "z~" if self.moved else "z"
        latex = r"\widetilde{z}" if self.moved else "z"
        if self.model.activated == 1:
            return Sign(letter, latex)
        return Sign(f"{letter}({role.number})", rf"{{{latex}^{{({role.number})}}}}")

    def summed(self, role: SumPreactivation) -> Sign:
        """The sign of a patch that is a sum: x, with its number in parentheses where there are several patches."""
        alone = len(self.model.patches) == 1 and all(family.name != "x" for family in self.model.directions)
        return Sign("x", r"\mathbf{x}") if alone else Sign(
            f"x({role.number})", rf"{{\mathbf{{x}}^{{({role.number})}}}}")

    def scalar(self, name: str) -> Sign:
        """A declared scalar's sign; a constant's is its parameter's, or its number."""
        declared = next(each for each in self.model.scalars if each.name == name)
        if not isinstance(declared, Constant):
            return Sign(name, declared.latex or rf"\mathrm{{{name}}}".replace("_", r"\_"))
        if not isinstance(declared.value, str):
            return Sign(f"{declared.value:g}", declared.latex or f"{declared.value:g}")
        known = {parameter.name: parameter.latex for parameter in self.model.parameters}
        shown = known.get(declared.value) or rf"\mathrm{{{declared.value}}}".replace("_", r"\_")
        return Sign(declared.value, declared.latex or shown)

    def entry(self, base: sp.IndexedBase) -> tuple[Sign, Sign]:
        """A definition's or label's sign, and its time."""
        name = str(base)
        return DEFINED.get(name, Sign(name, name)), NEVER if base in _UNDATED else self.entry_time

    def symbol(self, name: str) -> Sign | None:
        """A symbol's sign, eta and lam those of step t where they change with it; None where SymPy's own does."""
        return in_step(SYMBOLS.get(name, ETA)) if name in scheduled(self.model) else SYMBOLS.get(name)

    def over(self, limit: sp.Tuple) -> Range:
        """What a sum runs over."""
        bound, first, last = limit
        if bound == i and self.examples is not None:
            return Members(bound, self.examples)
        signed_heads = self.names.signed and last == self.model.n_heads
        return Signs(bound) if signed_heads else FromTo(bound, first, last)


@dataclass(frozen=True)
class Split:
    """Which of a task's examples a loop takes: how the set is marked, and how many they are."""

    mark: Sign
    size: sp.Symbol


WHOLE = Split(NEVER, n)
TRAINED = Split(Sign("^tr", r"^{\mathrm{tr}}"), n_1)
VALIDATED = Split(Sign("^val", r"^{\mathrm{val}}"), n_2)
INNER_STEP = sp.Symbol("eta_inner", positive=True)


def inner_step(model: Model) -> Sign:
    """The inner step size's sign, that of outer step t where it changes with it."""
    sign = given_inner_step(model)
    return in_step(sign) if "inner_step" in scheduled(model) else sign


def given_inner_step(model: Model) -> Sign:
    """The sign of the inner step size as given, a letter in both alphabets where its parameter declares a Greek one."""
    declared = {parameter.name: parameter.latex for parameter in model.parameters}
    latex = declared.get(model.bilevel.inner_step) or r"\eta_{\mathrm{in}}"
    letter = latex.removeprefix("\\")
    return Sign(letter if latex != letter and letter.isalpha() else str(INNER_STEP), latex)


def task_index(model: Model) -> sp.Symbol:
    """The index of a task: k, or q where k is a class."""
    return sp.Symbol("k" if Names(model).signed else "q", integer=True, positive=True)


def examples_of(model: Model, split: Split) -> Sign:
    """The examples of a task that a loop takes: S_k, S_k^tr or S_k^val."""
    k = task_index(model)
    return Sign(f"S_{k}{split.mark.text}", rf"\mathcal{{S}}_{k}{split.mark.latex}")


class OneTask(OneLoop):
    """One task of two loops: its filters and definitions at a time, its sums over the examples that a loop takes."""

    primes_beside_time = False

    def __init__(self, model: Model, time: Sign = NEVER, split: Split = WHOLE) -> None:
        super().__init__(model)
        self.filter_time = self.entry_time = time
        self.split = split

    @property
    def examples(self) -> Sign:
        """The examples that the loop takes."""
        return examples_of(self.model, self.split)

    @property
    def one_of(self) -> Members | None:
        """The same where they are not all of the task's."""
        return None if self.split is WHOLE else Members(i, self.examples)

    def place(self, at: tuple[Any, ...]) -> tuple[Any, ...]:
        """Indices with an example's task before it."""
        return tuple(x for each in at for x in ((task_index(self.model), each) if each == i else (each,)))

    def vector(self, family: str, at: Indices) -> tuple[Sign, Indices]:
        """A family's sign and index; a task's own with the task's."""
        declared = self.model.family(family)
        if not declared.index_set.per_task:
            return super().vector(family, at)
        return Sign(family.removesuffix("_k"), declared.latex), (task_index(self.model),)

    def symbol(self, name: str) -> Sign | None:
        """A symbol's sign, the inner step size's own among them."""
        return inner_step(self.model) if name == str(INNER_STEP) else super().symbol(name)


class Printed(OneLoop):
    """A paper's display: what its left side says of the time is not said again, and coefficients stand in it."""

    entry_time = NEVER

    def entry(self, base: sp.IndexedBase) -> tuple[Sign, Sign]:
        """A coefficient's sign, whole or its half over the own class's or the others' examples, or a definition's."""
        known: dict[str, Sign] = {}
        for name, latex in ((f.coefficient.name, f.coefficient.latex) for f in self.model.directions):
            known[name] = Sign(name, latex)
            known[f"{name}_over"] = Sign(f"{name}_over", rf"\overline{{{latex}}}")
            known[f"{name}_under"] = Sign(f"{name}_under", rf"\underline{{{latex}}}")
        return (known[str(base)], NEVER) if str(base) in known else super().entry(base)


_OTHERS = {"nu": Sign("nu", r"\boldsymbol{\nu}"), "z": Sign("z", r"\mathbf{z}"),
           "fresh": Sign("xi", r"\boldsymbol{\xi}")}


class PrintedTasks(Printed):
    """A display of two loops: vectors and examples carry their task's index, and vectors that are no family's occur."""

    filter_time = NEVER
    functions: Mapping[str, Applied] = MappingProxyType({**FUNCTIONS, "Ramp": SLOPE})

    def places(self, family: str) -> int:
        """How many indices a vector has, the task among them: of a family, of nu, of a z or of a fresh noise."""
        own = {each.name: each.index_set for each in self.model.directions}
        index_set = own[family] if family in own else INDEX_SETS["task" if family == "z" else "one"]
        return len(index_set.index("label", "example", "task"))

    def vector(self, family: str, at: Indices) -> tuple[Sign, Indices]:
        """A vector's sign and index; a task family's name ends in its index."""
        if family in _OTHERS:
            return _OTHERS[family], at
        sign, at = super().vector(family, at)
        return (Sign(sign.text.removesuffix("_k"), sign.latex) if at else sign), at

    def sides(self, entry: GramEntry, at: Indices) -> tuple[Vector, Vector]:
        """The two vectors of an inner product, of one task or of two."""
        split = self.places(entry.first)
        return (entry.first, at[:split]), (entry.second, at[split:])

    def patch(self, role: PatchPreactivation, example: Indices) -> tuple[sp.Expr, Vector]:
        """A patch of a task's example: its scale and its vector."""
        by_label = self.names.declared_patch(role).by_label
        return y[example] if by_label else sp.S.One, (role.family, example[: self.places(role.family)])

    def over(self, limit: sp.Tuple) -> Range:
        """What a sum runs over; the examples, which have several ranges, spelled out."""
        bound, first, last = limit
        return Spelled(bound, first, last) if last in (n, n_1) else super().over(limit)
