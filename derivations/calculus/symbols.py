"""The symbols of a derivation: indices, pre-activations, Gram entries, labels, signs and parameters.

Names are those of the kernels.  Sums run over 1..H heads, 1..m filters and 1..n examples; s[j] is the sign of a
signed head (s[1] = +1, s[2] = -1) and is printed as j, the way the papers write it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from ..declare import AnyPatch, Constant, Directions, Model, Patch, Row, Scalar, Term, mixed_families, row_of
from .roles import (
    ConstantScalar,
    Covector,
    GramEntry,
    MixingEntry,
    OfPatch,
    PatchPreactivation,
    Preactivation,
    ScalarOfExample,
    SumPreactivation,
    indexed,
    scalar,
)

m, n, kappa, eta, lam, c = sp.symbols("m n kappa eta lam c", positive=True)
r, i = sp.symbols("r i", integer=True, positive=True)
r_, i_ = sp.symbols("r' i'", integer=True, positive=True)
head_sum = sp.Symbol("l", integer=True, positive=True)
class_ = sp.Symbol("c_", integer=True, positive=True)
y = sp.IndexedBase("y")
clean = sp.IndexedBase("clean")  # the label before flips, printed as yhat
label = sp.IndexedBase("label")  # the label that the loss sees at step t, where it is noisy
s = sp.IndexedBase("s")


def signed_head() -> tuple[sp.Symbol, sp.Symbol]:
    """The head index and its primed twin, for heads j = +1, -1."""
    return sp.Symbol("j", integer=True, positive=True), sp.Symbol("j'", integer=True, positive=True)


def class_head() -> tuple[sp.Symbol, sp.Symbol]:
    """The head index and its primed twin, for class heads."""
    return sp.Symbol("k", integer=True, positive=True), sp.Symbol("k'", integer=True, positive=True)


Vector = tuple[str, tuple[sp.Expr, ...]]  # a family and the index of one of its vectors


@dataclass(frozen=True)
class Names:
    """A model's indices and indexed symbols."""

    model: Model

    @property
    def signed(self) -> bool:
        """Whether the heads carry signs."""
        return self.model.network.head_axis.signed

    @property
    def head(self) -> sp.Symbol:
        """The head index of sums and definitions."""
        return (signed_head() if self.signed else class_head())[0]

    @property
    def head_(self) -> sp.Symbol:
        """The head index of the neuron being updated."""
        return (signed_head() if self.signed else class_head())[1]

    def sign(self, head: sp.Expr) -> sp.Expr:
        """The sign of a head; 1 for class heads, whose outputs are not subtracted."""
        return s[head] if self.signed else sp.S.One

    def label(self, example: sp.Expr) -> sp.Expr:
        """The label in an example's loss: its own, or the noisy one of the step."""
        return (label if "label_noise" in self.model.algorithm.options else y)[example]

    def batched(self, family: Directions) -> bool:
        """Whether a family's gradient is 0 outside the step's batch: one vector an example, and mini-batches."""
        return family.index_set.per_example and self.model.algorithm.batched

    def over_neurons(self, body: sp.Expr) -> sp.Sum:
        """The sum over every head and every filter."""
        return sp.Sum(body, (self.head, 1, self.model.n_heads), (r, 1, m))

    def place(self, family: Directions, example: sp.Expr) -> tuple[sp.Expr, ...]:
        """The index within a family of the vector that an example uses."""
        return family.index_set.index(y[example], example)

    def free_place(self, family: Directions) -> tuple[sp.Expr, ...]:
        """The primed index of a family's vector, as in the coefficient being updated."""
        return family.index_set.index(class_, i_)

    @property
    def mixed(self) -> sp.Symbol:
        """The index of the examples that are mixed into another: k, or q where k is a class."""
        return sp.Symbol("k" if self.signed else "q", integer=True, positive=True)

    def read_index(self, family: Directions) -> sp.Symbol:
        """The example of a family's vector: i, or the one that is mixed into others i."""
        return self.mixed if family.name in mixed_families(self.model) else i

    def unprimed(self, expr: sp.Expr, example: sp.Symbol = i) -> sp.Expr:
        """For reading: the updated neuron's indices without primes; a sum over heads runs over l."""
        over_l = expr.replace(
            lambda e: isinstance(e, sp.Sum) and e.limits[0][0] == self.head and len(e.limits) == 1,
            lambda e: e.xreplace({self.head: head_sum}),
        )
        return over_l.xreplace({self.head_: self.head, r_: r, i_: example, class_: sp.Symbol("c'")})

    def read_place(self, family: Directions) -> tuple[sp.Expr, ...]:
        """The index of a family's vector, without primes."""
        return tuple(self.unprimed(x, self.read_index(family)) for x in self.free_place(family))

    def z(self, family: str, head: sp.Expr, neuron: sp.Expr, *place: sp.Expr) -> sp.Indexed:
        """<w_{head,neuron}, v_place>."""
        return indexed(Preactivation(family))[(head, neuron, *place)]

    def u(self, family: str, head: sp.Expr, neuron: sp.Expr, *place: sp.Expr) -> sp.Indexed:
        """The frozen co-vector (G dL/dz) of the full gradient penalty, at one direction."""
        return indexed(Covector(family))[(head, neuron, *place)]

    def scale(self, term: Term, example: sp.Expr) -> sp.Expr:
        """A term's scale, without the row that it is mixed by."""
        known = {each.name: _scalar(each, example) for each in term.scalars}
        return sp.sympify(term.factor(sp.S.One, y[example], clean[example], known))

    def along(self, term: Term, example: sp.Expr, of: Callable[..., sp.Expr]) -> sp.Expr:
        """What a term adds of what its vectors have, `of`(family, place): its scale times that, mixed by its row."""
        row = row_of(term)
        if row is None:
            family, place = self.vector_of(term, example)
            return self.scale(term, example) * of(family, *place)
        other = self.mixed
        entry = indexed(MixingEntry(row.name))[example, other]
        return sp.Sum(entry * self.scale(term, other) * of(term.direction, other), (other, 1, n))

    def patch(self, number: int) -> PatchPreactivation | SumPreactivation:
        """What the pre-activation of patch `number` is; patches of one family are numbered among themselves."""
        patches, own = self.model.patches, self.model.patches[number]
        if not isinstance(own, Patch) or row_of(own) is not None:
            return SumPreactivation(number + 1)
        twins = [at for at, each in enumerate(patches)
                 if isinstance(each, Patch) and row_of(each) is None and each.direction == own.direction]
        return PatchPreactivation(own.direction, 0 if len(twins) == 1 else twins.index(number) + 1)

    def declared_patch(self, role: OfPatch) -> AnyPatch:
        """The declaration of the patch that a pre-activation is of."""
        if isinstance(role, SumPreactivation):
            return self.model.patches[role.number - 1]
        assert isinstance(role, PatchPreactivation)
        patches = self.model.patches
        same = [patch for patch in patches
                if isinstance(patch, Patch) and row_of(patch) is None and patch.direction == role.family]
        return same[max(role.twin - 1, 0)]

    def a(self, number: int, head: sp.Expr, neuron: sp.Expr, example: sp.Expr) -> sp.Indexed:
        """The pre-activation <w, x_example^(p)> of patch `number`."""
        return indexed(self.patch(number))[head, neuron, example]

    def gram(self, first: Vector, second: Vector) -> sp.Expr:
        """<v, v'> for two (family, place) pairs; families in declared order, since G is symmetric.

        The axis of a number of the neurons has length 1 and is orthogonal to all others.
        """
        if {first[0], second[0]} & set(self.model.network.axis_names):
            return sp.S.One if first[0] == second[0] else sp.S.Zero
        order = [family.name for family in self.model.directions]
        (f, at), (g, to) = sorted((first, second), key=lambda pair: order.index(pair[0]))
        role = GramEntry(f, g)
        return indexed(role)[(*at, *to)] if at or to else scalar(role)

    def weight(self, head: sp.Expr, neuron: sp.Expr, example: sp.Expr) -> sp.Expr:
        """A neuron's weight in its head's output: kappa, or its own where the second layer is trained."""
        if self.model.network.second_layer is None:
            return kappa
        return self.a(self.model.activated, head, neuron, example)

    def gram_sides(self, role: GramEntry, at: tuple[sp.Expr, ...]) -> tuple[Vector, Vector]:
        """The two (family, place) pairs of a Gram entry with the indices `at`."""
        split = 0 if self.model.family(role.first).index_set.single else 1
        return (role.first, at[:split]), (role.second, at[split:])

    def patch_gram(self, number: int, other: int, example: sp.Expr) -> sp.Expr:
        """<x^(p), x^(p')> of one example, scales included."""
        total = sp.S.Zero
        for first in self.model.patches[number].terms:
            for second in self.model.patches[other].terms:
                inner = self.gram(self.vector_of(first, example), self.vector_of(second, example))
                total += self.scale(first, example) * self.scale(second, example) * inner
        return total

    def vector_of(self, term: Term, example: sp.Expr) -> Vector:
        """The vector of a term in an example: its family and the index within."""
        return term.direction, self.place(self.model.family(term.direction), example)


def _scalar(declared: Scalar, example: sp.Expr) -> sp.Expr:
    """The symbol of a declared scalar for an example."""
    if isinstance(declared, Constant):
        return scalar(ConstantScalar(declared.name, declared.value))
    if isinstance(declared, Row):  # it is a matrix, and stands with its sum
        return sp.S.One
    powers = declared.power(2), declared.power(3)
    return indexed(ScalarOfExample(declared.name, powers == (0, 1), powers == (1, 1)))[example]
