"""The declaration of a model: data, network, objective, algorithm and laws, as plain frozen data.

Every patch of every example is a scale times a direction, w_s are the filters, and training sees the
data through z_{s,b} = <w_s, v_b> alone (README, "The idea").  A model says which directions there
are, how patches are made of them, and what is minimised; `derivations.derive` does the rest.

The parts stand by subject in the modules beside this one, and all words are had from `derivations.declare`, which
imports no SymPy, so that a run of a shipped setting can read a declaration without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ModelError
from .algorithms import Bilevel, CoordinateWise, GradientDescent
from .choices import Declared, Name, OptionalParameter, Word
from .data import Directions, Patch, laws_of
from .domains import check_formulas
from .event import Event
from .laws import FreshLaw, FreshTasks, GaussianInitialisation, Initialisation
from .names import check_names
from .network import Network, Objective
from .observable import Observable, OfFresh, OfRun, OfStates
from .parameter import Parameter
from .references import check_references

_DESCENT, _GAUSSIAN, _FRESH = GradientDescent(), GaussianInitialisation(), FreshLaw()


@dataclass(frozen=True, kw_only=True)
class Model(Declared):
    """A model, whole.  See `derivations.papers` for the four papers' declarations.

    Shapes: W (H, m, d) with H heads; z and b (H, m, B) with B directions, families one after another.
    `class_sizes` names the parameter that says how many examples each class has (absent: as equal as possible);
    without it labels are drawn uniformly.  `balanced` names the flag with which a bilevel model's labels are as equal
    as possible in each task's splits.  `label_flips` names the probability with which each label, once drawn, is
    flipped to the other sign, independently of everything else: y_i is the label after it (observed), yhat_i before
    (clean); patches of scale "clean" and mixtures follow yhat_i.
    Raises ModelError, in one sentence, where the parts do not fit together.
    """

    name: Name
    title: str
    directions: tuple[Directions, ...]
    patches: tuple[Patch, ...]
    network: Network
    objective: Objective
    algorithm: GradientDescent | Bilevel = _DESCENT
    initialisation: Initialisation = _GAUSSIAN
    test: FreshLaw | FreshTasks = _FRESH
    parameters: tuple[Parameter, ...] = ()
    observables: tuple[Observable, ...] = ()
    events: tuple[Event, ...] = ()
    label_flips: OptionalParameter = ""
    class_sizes: OptionalParameter = ""
    balanced: OptionalParameter = ""

    def __post_init__(self) -> None:
        self._refuse_coordinatewise()
        super().__post_init__()
        self._check_names()
        self._check_network()
        self._check_flips()
        self._check_algorithm()
        self._check_observables()
        check_references(self)
        check_formulas(self)

    def _check_names(self) -> None:
        names = [family.name for family in self.directions]
        check_names(self)
        for parameter in self.parameters:
            said = Word().misfit(parameter.name)
            if said is not None:
                raise ModelError(f"parameters: the name {said}")
        for patch in self.patches:
            if patch.direction not in names:
                raise ModelError(f"patches: {patch.direction!r} is not a declared family; expected one of {names}")
        if not self.patches:
            raise ModelError("patches: a model needs at least one patch")

    def _check_network(self) -> None:
        axis, loss = self.network.head_axis, self.objective.loss
        if self.objective.loss_kind.of_margin != axis.signed:
            raise ModelError(
                f"loss: {loss!r} does not go with {self.network.heads} heads; signed heads take a loss of the margin, "
                "such as 'logistic', class heads take 'cross_entropy'"
            )
        weighed = self.objective.label_weights
        if weighed and (not axis.signed or len(weighed) != 2):
            raise ModelError(
                f"Objective.label_weights: {len(weighed)} weights with {self.network.heads} heads; expected two, of +1 "
                "and of -1, with signed heads; leave them out with class heads"
            )
        scaled = [patch.scale for patch in self.patches if patch.labelled]
        if scaled and not axis.signed:
            needs = f"scale {scaled[0]!r} needs labels +-1, so signed heads"
            raise ModelError(f"patches: {needs}; use a family over classes")
        if axis.signed and any(family.index_set.per_class for family in self.directions):
            raise ModelError("directions: a family over classes needs class heads; use scale 'label' with signed heads")
        if self.network.classes < 2:
            raise ModelError(f"K: {self.network.classes} classes; expected at least 2")

    def _check_flips(self) -> None:
        if not self.label_flips:
            return
        if not self.network.head_axis.signed:
            raise ModelError("label_flips: flipping needs labels +-1, so signed heads; leave it out with class heads")
        laws = [law for family in self.directions for law in laws_of(family)]
        if not self.follows_clean and not any(law is not None and law.follows_clean for law in laws):
            raise ModelError(
                "label_flips: no patch has scale 'clean' and no family is a mixture, so nothing of an example would "
                "tell a flipped label from another; give the signal's patch scale 'clean'"
            )

    def _refuse_coordinatewise(self) -> None:
        algorithm: GradientDescent | Bilevel | CoordinateWise = self.algorithm
        if isinstance(algorithm, CoordinateWise):
            raise ModelError(
                f"algorithm: {algorithm.name!r} acts on each weight alone, so it is not rotation-equivariant: its "
                "update of a filter is no combination of the data's vectors, and no coefficient recursion closes; use "
                "GradientDescent, with batch, momentum, weight_decay, radius or label_noise as wanted"
            )

    def _check_algorithm(self) -> None:
        algorithm = self.algorithm
        if isinstance(algorithm, Bilevel):
            self._check_bilevel(algorithm)
            names = [algorithm.step, algorithm.inner_step, algorithm.inner_steps, algorithm.tasks, algorithm.train]
        else:
            names = [algorithm.step, *algorithm.options.values()]
            over_tasks = [family.name for family in self.directions if family.index_set.per_task]
            if over_tasks:
                name = over_tasks[0]
                raise ModelError(f"directions: {name!r} is over tasks, which a Bilevel algorithm has; declare one")
        for name in names:
            if names.count(name) > 1:
                raise ModelError(f"algorithm: the parameter {name!r} is named twice; give each option its own")

    def _check_observables(self) -> None:
        """Each fits the model, as it says itself."""
        for each in self.observables:
            if not isinstance(each, OfStates | OfRun | OfFresh):
                whose = f"{each.name}: {type(each).__name__} derives from Observable itself"
                raise ModelError(f"observables: {whose}; derive it from OfStates, OfRun or OfFresh")
            said = each.refusal(self)
            if said:
                raise ModelError(said)

    def _check_bilevel(self, algorithm: Bilevel) -> None:
        """Every loop has its own numbers, and what the algorithm does not do is refused."""
        refused = {
            "a gradient penalty": self.objective.penalised, "label flips": bool(self.label_flips),
            "label weights": bool(self.objective.label_weights),
            "patches of scale 'clean'": self.follows_clean, "class sizes": bool(self.class_sizes),
        }
        for what, asked in refused.items():
            if asked:
                raise ModelError(f"algorithm: a bilevel algorithm does not go with {what}; leave that out")

    @property
    def constants(self) -> tuple[str, ...]:
        """The parameters that the activation, the loss and its weights hold."""
        named = (*self.network.activation.kind.constants, *self.objective.loss_kind.constants,
                 *self.objective.label_weights)
        return tuple(dict.fromkeys(value for value in named if isinstance(value, str)))

    @property
    def follows_clean(self) -> bool:
        """Whether a patch has scale "clean", so that training reads the clean labels beside the observed ones."""
        return any(patch.scale == "clean" for patch in self.patches)

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
        classes = self.network.classes
        return {family.name: family.index_set.size(classes, tasks, n) for family in self.directions}

    def offsets(self, n: int, tasks: int = 1) -> dict[str, int]:
        """Where each family starts on the direction axis, for n examples in all; "" is the axis's length."""
        start, at = {}, 0
        for name, size in self.sizes(n, tasks).items():
            start[name], at = at, at + size
        return {**start, "": at}
