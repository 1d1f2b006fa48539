"""Numbers that a neuron has beside its filter and that are trained with it: its second-layer weight, its bias.

A number of the neuron is one more entry of the filter, seen through a vector of its own: w~ = (w, b, a), an axis e of
length 1 along which no data has a component, <w~, e_a> = a.  So a neuron with them is one of the class, its
pre-activation <w, x> + b = <w~, (x, 1)>, and everything closes on z and the Gram matrix as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .choices import Declared, Name, OptionalReal
from .data import Coefficient, Directions
from .laws import SureLaw
from .patches import AnyPatch, Patch, SumPatch, Term

SECOND_LAYER = "second_layer"
BIASES = "biases"


@dataclass(frozen=True, kw_only=True)
class NeuronAxis(SureLaw):
    """The axis of a number of the neurons: a vector of length 1 that is orthogonal to all data, at any dimension.

    A model has it by its `SecondLayer` or its `Biases`, and never by a family of its own.
    """

    initial: OptionalReal
    std: OptionalReal

    @property
    def scales(self) -> tuple[str, ...]:
        """What the numbers start at."""
        return tuple(name for name in (self.initial, self.std) if name)


@dataclass(frozen=True, kw_only=True)
class SecondLayer(Declared):
    """Second-layer weights a_{h,r}, trained with the filters at the same step size: F_h(x) = sum_r a_{h,r} sigma(...).

    Each starts at kappa, what it is where it is not trained (1/m, or 1 with neurons = "sum"), or at the parameter
    `initial`; plus N(0, std^2), independently, where the parameter `std` is named.  Signed heads keep their sign j
    outside, f = F_{+1} - F_{-1}: the weight of a neuron in f is j a_{j,r}.  `name` is the variable's in a run (t, h, r)
    and of the array (H, m) that a caller may bring in initial=, `latex` its symbol.
    """

    initial: OptionalReal = ""
    std: OptionalReal = ""
    name: Name = "a"
    latex: str = "a"

    @property
    def family(self) -> Directions:
        """Its axis."""
        return _axis(SECOND_LAYER, self.name, self.latex, NeuronAxis(initial=self.initial, std=self.std))


@dataclass(frozen=True, kw_only=True)
class Biases(Declared):
    """Biases b_{h,r}, trained with the filters at the same step size: a patch is seen as <w_{h,r}, x^(p)> + b_{h,r}.

    Each starts at 0, or at the parameter `initial`; plus N(0, std^2), independently, where the parameter `std` is
    named.  `name` is the variable's in a run (t, h, r) and of the array (H, m) that a caller may bring in initial=.
    """

    initial: OptionalReal = ""
    std: OptionalReal = ""
    name: Name = "bias"
    latex: str = "b"

    @property
    def family(self) -> Directions:
        """Their axis."""
        return _axis(BIASES, self.name, self.latex, NeuronAxis(initial=self.initial, std=self.std))


def _axis(name: str, of: str, latex: str, law: NeuronAxis) -> Directions:
    coefficient = Coefficient(name=of, latex=latex, scaled=False)
    return Directions(name=name, over="one", latex=rf"\mathbf{{e}}_{{{latex}}}", coefficient=coefficient, law=law)


def of_neurons(family: Directions) -> bool:
    """Whether a family is the axis of a number of the neurons."""
    return isinstance(family.law, NeuronAxis)


def declared_families(directions: tuple[Directions, ...]) -> tuple[Directions, ...]:
    """Those of data."""
    return tuple(family for family in directions if not of_neurons(family))


def declared_patches(directions: tuple[Directions, ...], patches: tuple[AnyPatch, ...]) -> tuple[AnyPatch, ...]:
    """The patches as they are without the axes among the directions."""
    axes = {family.name for family in directions if of_neurons(family)}
    kept: list[AnyPatch] = []
    for patch in patches:
        terms = tuple(term for term in patch.terms if term.direction not in axes)
        if len(terms) == len(patch.terms):
            kept.append(patch)
        elif terms:
            first = terms[0]
            kept.append(first if len(terms) == 1 and isinstance(first, Patch) else SumPatch(terms=terms))
    return tuple(kept)


def with_axes(network: Any, patches: tuple[AnyPatch, ...]) -> tuple[AnyPatch, ...]:
    """The patches with their biases; the second layer's weight is seen as one more, the last."""
    biased = patches
    if network.biases is not None:
        biased = tuple(SumPatch(terms=(*patch.terms, Term(direction=BIASES))) for patch in patches)
    return biased if network.second_layer is None else (*biased, Patch(direction=SECOND_LAYER))
