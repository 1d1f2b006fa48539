"""The declaration of a model: data, network, objective, algorithm and laws, as plain frozen data.

Every patch of every example is a sum of terms, scalars of the example times a direction; w_s are the filters, and
training sees the data through z_{s,b} = <w_s, v_b> alone (README, "The idea").  A model says which directions there
are, how patches are made of them, and what is minimised; `derivations.derive` does the rest.

The parts stand by subject in the modules beside this one, and all words are had from `derivations.declare`, which
imports no SymPy, so that a run of a shipped setting can read a declaration without it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..errors import ModelError
from . import checks
from .algorithms import Bilevel, CoordinateWise, GradientDescent, Population
from .angles import Angle
from .choices import Declared, Name, OptionalCounts, OptionalFlag, OptionalReal, Word
from .data import Directions
from .domains import check_formulas
from .event import Event
from .fresh_laws import FreshLaw, FreshTasks, TestLaw
from .initialisations import GaussianInitialisation, Initialisation
from .layers import declared_families, declared_patches, of_neurons, with_axes
from .names import check_names
from .network import Network, Objective
from .observable import Observable
from .over import IndexSet
from .parameter import Parameter
from .patches import Patch, SumPatch, scalars_of, terms_of
from .references import check_references
from .scalars import Constant, Scalar

_DESCENT, _GAUSSIAN, _FRESH = GradientDescent(), GaussianInitialisation(), FreshLaw()


@dataclass(frozen=True, kw_only=True)
class Model(Declared):
    """A model, whole.  See `derivations.papers` for the four papers' declarations.

    Shapes: W (H, m, d) with H heads; z and b (H, m, B) with B directions, families one after another.
    `class_sizes` names the parameter that says how many examples each class has (absent: as equal as possible);
    without it labels are drawn uniformly.  `balanced` names the flag with which a bilevel model's labels are as equal
    as possible in each task's splits.  `label_flips` names the probability with which each label, once drawn, is
    flipped to the other sign, independently of everything else: y_i is the label after it (observed), yhat_i before
    (clean); patches of scale "clean" and mixtures follow yhat_i.  Fixed directions are orthogonal but for their
    `angles`.  A network's trained second layer and biases add their axes to `directions` and `patches`, as the last.
    Raises ModelError, in one sentence, where the parts do not fit together.
    """

    name: Name
    title: str
    directions: tuple[Directions, ...]
    patches: tuple[Patch | SumPatch, ...]
    network: Network
    objective: Objective
    algorithm: GradientDescent | Bilevel = _DESCENT
    initialisation: Initialisation = _GAUSSIAN
    test: TestLaw = _FRESH
    parameters: tuple[Parameter, ...] = ()
    observables: tuple[Observable, ...] = ()
    events: tuple[Event, ...] = ()
    label_flips: OptionalReal = ""
    class_sizes: OptionalCounts = ""
    balanced: OptionalFlag = ""
    angles: tuple[Angle, ...] = ()

    def __post_init__(self) -> None:
        self._refuse_unclosed()
        super().__post_init__()
        for parameter in self.parameters:
            said = Word().misfit(parameter.name)
            if said is not None:
                raise ModelError(f"parameters: the name {said}")
        self._take_axes()
        self._refuse(checks.kind_refusal(self))
        check_names(self)
        check_references(self)
        check_formulas(self)
        self._refuse(checks.refusal(self))

    def _refuse(self, reason: str) -> None:
        if reason:
            raise ModelError(reason)

    def _refuse_unclosed(self) -> None:
        algorithm: GradientDescent | Bilevel | CoordinateWise | Population = self.algorithm
        if isinstance(algorithm, Population):
            raise ModelError(
                "algorithm: Population takes E[l'(y f) sigma'(<w, x>) x] over fresh examples; its part from noise, "
                "sigma_p^2 sum_s E[d(l' sigma')/d<w_s, x>] w_s, moves filters along one another and along no vector of "
                "the data, and the mean is an integral over all pre-activations, closed for few pairs of loss and "
                "activation and derived here for none; declare OnePass, whose steps on n fresh examples have this "
                "gradient as their mean, off it by 1/sqrt(n), without n^2 memory or d"
            )
        if isinstance(algorithm, CoordinateWise):
            options = " or ".join(GradientDescent.known_options())
            raise ModelError(
                f"algorithm: {algorithm.name!r} acts on each weight alone, so it is not rotation-equivariant: its "
                "update of a filter is no combination of the data's vectors, and no coefficient recursion closes; use "
                f"GradientDescent, with {options} as wanted"
            )

    def _take_axes(self) -> None:
        """Puts the axes of the neurons' own numbers last, whether or not they were there (`dataclasses.replace`)."""
        own = self.network.axes
        for family in self.directions:
            if of_neurons(family) and family.name not in self.network.axis_names:
                raise ModelError(
                    f"directions: {family.name!r} is the axis of a number that these neurons lack; leave it out, "
                    "or declare Network(second_layer=SecondLayer()) or Network(biases=Biases())"
                )
        patches = declared_patches(self.directions, self.patches)
        object.__setattr__(self, "directions", (*declared_families(self.directions), *own))
        object.__setattr__(self, "patches", with_axes(self.network, patches) if patches else patches)

    @property
    def of_data(self) -> Model:
        """The same with the neurons' filters alone trained, by which its data and filters are drawn."""
        if not self.network.axes:
            return self
        return replace(
            self, directions=declared_families(self.directions), observables=(), events=(),
            patches=declared_patches(self.directions, self.patches),
            network=replace(self.network, second_layer=None, biases=None),
        )

    @property
    def activated(self) -> int:
        """How many of the patches go through the activation: all but the second layer's weight, which is the last."""
        return len(self.patches) - (self.network.second_layer is not None)

    @functools.cached_property
    def constants(self) -> tuple[str, ...]:
        """The parameters that the activation, the loss and its weights, and constant scalars hold."""
        named = (*self.network.activation.kind.constants, *self.objective.loss_kind.constants,
                 *self.objective.label_weights, *(each.value for each in self.scalars if isinstance(each, Constant)))
        return tuple(dict.fromkeys(value for value in named if isinstance(value, str)))

    @functools.cached_property
    def follows_clean(self) -> bool:
        """Whether a term has scale "clean", so that training reads the clean labels beside the observed ones."""
        return any(term.follows_clean for term in terms_of(self.patches))

    @functools.cached_property
    def scalars(self) -> tuple[Scalar, ...]:
        """The scalars of examples that patches and losses are made with, each once."""
        labels = self.objective.mixed_labels
        return tuple(dict.fromkeys((*scalars_of(self.patches), *([] if labels is None else [labels]))))

    @functools.cached_property
    def varying(self) -> tuple[str, ...]:
        """The names of those that examples may differ in, which a kernel takes as arrays."""
        return tuple(each.name for each in self.scalars if each.varies)

    @property
    def bilevel(self) -> Bilevel:
        """The algorithm of a model over tasks, which has two loops; a TypeError elsewhere."""
        if not isinstance(self.algorithm, Bilevel):
            raise TypeError(f"algorithm: {type(self.algorithm).__name__} of {self.name} has one loop")
        return self.algorithm

    @property
    def fresh_tasks(self) -> FreshTasks:
        """The test law of a model whose fresh examples come in tasks; a TypeError elsewhere."""
        if not isinstance(self.test, FreshTasks):
            raise TypeError(f"test: {type(self.test).__name__} of {self.name} is of examples")
        return self.test

    @property
    def n_heads(self) -> int:
        """Heads: 2 signed ones, or one a class."""
        return self.network.head_axis.count

    def family(self, name: str) -> Directions:
        """The family of that name (KeyError otherwise)."""
        return {family.name: family for family in self.directions}[name]

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name (KeyError otherwise)."""
        return {parameter.name: parameter for parameter in self.parameters}[name]

    def sizes(self, n: int, tasks: int = 1) -> dict[str, int]:
        """Vectors in each family, for n examples in all, in declared order."""
        if (n, tasks) not in self._sizes:
            classes = self.network.classes
            self._sizes[n, tasks] = {each.name: each.index_set.size(classes, tasks, n) for each in self.directions}
        return {**self._sizes[n, tasks]}

    @functools.cached_property
    def index_sets(self) -> Mapping[str, IndexSet]:
        """What families are over, by their own names and by their coefficients'."""
        sets = {family.name: family.index_set for family in self.directions}
        return sets | {family.coefficient.name: family.index_set for family in self.directions}

    @functools.cached_property
    def _sizes(self) -> dict[tuple[int, int], dict[str, int]]:
        """`sizes` of what was asked for: every draw and every observable asks."""
        return {}

    def offsets(self, n: int, tasks: int = 1) -> dict[str, int]:
        """Where each family starts on the direction axis, for n examples in all; "" is the axis's length."""
        start, at = {}, 0
        for name, size in self.sizes(n, tasks).items():
            start[name], at = at, at + size
        return {**start, "": at}
