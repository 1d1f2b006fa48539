"""The functions that a kernel's time loop calls, of loop nests."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

import sympy as sp

from ..calculus.sums import Definition
from ..declare import CrossEntropy, Exponential, Logistic, Model, OfMargin, of_class, rows_of
from . import formulas, schedules
from .by_class import told_of_class
from .layout import A1, A2, Groups, copied
from .schedule import Stage, arrays
from .skeleton import blas, classes, exponential, functions, keeping, logistic, loops, options, pieces, signed, tasks
from .stage_nests import StageNests

RATES = {
    Logistic: [logistic], Exponential: [exponential], CrossEntropy: list[ModuleType](), OfMargin: list[ModuleType](),
}
"""The modules that hold a loss and its derivatives; those of class heads go through the softmax, formulas' are written.
"""
_COUNT = {(): "n = float(y.size)", ("batch",): "n = float(batch.size)", ("first", "last"): "n = float(last - first)"}
WORK = {
    "g": "the gradient in z", "row": "one neuron's terms of a sum over examples", "u": "the frozen co-vector g gram",
    "dz": "g gram", "near": "SAM's point", "along": "g gram",
}


def observed(model: Model) -> tuple[str, ...]:
    """What of examples `observe` returns; zeta is of an example alone, so of no use over tasks or where it is mixed."""
    zeta = () if model.algorithm.over_tasks or rows_of(model) else ("zeta",)
    return (*(("margin", "l1") if model.network.head_axis.signed else ("F",)), *zeta)


class Emitter(StageNests):
    """Prints the functions of one recursion's kernel.

    What an algorithm does with them is printed by a subclass: its helpers and its `loop`.
    """

    what = ""

    def loop(self) -> None:
        """The gradient functions, the time loop and the observables."""
        raise NotImplementedError

    def shape(self) -> None:
        """What the loader asks of a kernel: patches, and directions of n examples (of one task, where there are)."""
        classes = str(self.model.network.classes)
        sizes = " + ".join(family.index_set.of_a_task("1", classes, "n") for family in self.model.directions)
        whose = "a task" if self.model.algorithm.over_tasks else "a model"
        self.out.put(0, f"PATCHES = {len(self.model.patches)}", "", "", "def directions(n):")
        self.out.put(1, f'"""Directions of {whose} with n examples."""', f"return {sizes}")
        self.out.put(0, "")

    def helpers(self) -> None:
        """Activation pieces, loss rates, outputs and their softmax, the contraction the moves: those used stay."""
        rates = of_class(RATES, self.model.objective.loss_kind, "the loss's rates")
        outputs = signed if self.signed else classes
        written = [*formulas.written(self.model), *schedules.written(self.model)]
        held = [functions] if written else []
        moved = [outputs, keeping, loops, *([blas] if self.blas else []), options, tasks]
        for text in [*copied(pieces, *held, *rates), *written, *copied(*moved)]:
            self.out.put(0, *text.split("\n"))

    def gradient_function(self, name: str, stages: tuple[Stage, ...], doc: str) -> list[Definition]:
        """A function that fills g and the example arrays; returns the arrays it takes."""
        filled = list(arrays(stages))
        covector = ["u"] if any(stage.kind == "contract" for stage in stages) else []
        self.out.function(name, self.gradient_arguments("z", covector, filled, stages), doc)
        self.out.put(1, _COUNT[self.chosen])
        self.said.clear()
        self.offsets(1)
        for stage in stages:
            self.stage(1, stage)
        self.out.put(0, "")
        return filled

    def gradient_arguments(
        self, state: str, covector: list[str], filled: Iterable[Definition], stages: tuple[Stage, ...]
    ) -> Groups:
        """A gradient function's arguments: the state, the data, the parameters, and what is filled."""
        return (
            [state], ["gram", "y", *self.told, *self.given, *self.grams], self.scalars,
            ["g", "row", *covector], [*dict.fromkeys(d.name for d in filled), *self.by_class.arrays(stages)],
        )

    def allocate(self, depth: int, definitions: list[Definition], *by_class: str) -> None:
        """Arrays of the definitions, once, and arrays (K,)."""
        shape = {1: "y.size", 2: f"({self.model.n_heads}, y.size)"}
        for d in definitions:
            self.out.assign(depth, f"{d.name} =", f"np.zeros({shape[len(d.indices)]})", d.meaning)
        for name in by_class:
            self.out.assign(depth, f"{name} =", f"np.zeros({self.model.network.classes})", told_of_class(name))

    def work(self, depth: int, *wanted: str) -> None:
        """Arrays beside the definitions': those of a state's shape, and the terms of one neuron's sum over examples."""
        for name in wanted:
            self.out.assign(depth, f"{name} =", f"np.zeros({'y.size' if name == 'row' else 'z.shape'})", WORK[name])

    def outputs_function(self) -> None:
        """Network outputs from patch pre-activations, for fresh examples."""
        extra = "".join(", float64" for _ in self.scalars)
        names = self.names
        target = "out[i]" if self.signed else "out[i, h]"
        shape = A1 if self.signed else A2
        said = "The network on examples given by a[i, p, h, r] = <w_{h,r}, x_i^(p)>."
        types = f"void(float64[:, :, :, ::1]{extra}, {shape})"
        self.out.function("outputs", (["a"], self.scalars, ["out"]), said, types=types)
        self.out.put(1, "out[:] = 0.0", "for i in range(a.shape[0]):", f"    for h in range({self.model.n_heads}):")
        if self.signed:
            self.out.put(3, "j = 1.0 - 2.0 * h")
        self.out.put(3, "for r in range(a.shape[3]):")
        definition = self.recursion.definitions["f" if self.signed else "F"]
        total = next(iter(definition.expr.atoms(sp.Sum)))
        for p in range(len(self.model.patches)):
            self.out.put(4, f"{names.patch(p).name} = a[i, {p}, h, r]")
        self.pieces_of(4, [total.function])
        self.out.assign(4, f"{target} +=", self.printer.doprint(total.function))
        if definition.expr != total:
            self.out.put(1, f"out *= {self.printer.doprint(definition.expr / total)}")
