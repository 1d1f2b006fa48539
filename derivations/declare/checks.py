"""That the parts of a model go together and that nothing of one is left unread; each refusal is one sentence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import fields, replace
from typing import Any, Final

from . import angles, mixing
from .activations import fields_read
from .choices import NUMBERS, nearest_or_new, one_of
from .data import laws_of
from .formula import short
from .laws import ChosenLaw
from .observable import KnownFrom, OfFresh, OfRun, OfStates
from .patches import SumPatch, terms_of
from .references import check_formula, parameters_read, read_by
from .schedules import roles, schedule_constants

NEURONS = ("mean", "sum")
"""What a parameter `neurons` chooses between: kappa = 1/m and kappa = 1."""
CONVENTIONAL: Final[dict[str, tuple[str, ...]]] = {
    "n": ("count",), "m": ("count",), "d": NUMBERS, "neurons": ("choice",), "lam": NUMBERS, "lam_until": ("count",),
    "penalty_half": ("flag",),
}
"""Parameters that are read by their names, with the kinds that they may be."""
NEEDED = ("n", "m", "d")
DRAWN_OPTIONS: Final = {
    "batch": "an epoch visits each example once in batches of one size, which a size that changes would not",
    "label_noise": "the labels of many steps are drawn ahead, at one probability",
}
"""The options of gradient descent that do not change with the step, and why."""
OF_PENALTY = ("lam", "lam_until", "penalty_half")


def refusal(model: Any) -> str:
    """The first reason for which the parts of a model do not go together; "" for none."""
    return next((said for check in CHECKS for said in check(model) if said), "")


def kind_refusal(model: Any) -> str:
    """The observable that is of no kind that runs know, before anybody asks it what it is known from; "" for none."""
    for each in model.observables:
        if not isinstance(each, OfStates | OfRun | OfFresh):
            whose = f"{each.name}: {type(each).__name__} derives from Observable itself"
            return f"observables: {whose}; derive it from OfStates, OfRun or OfFresh"
    return ""


def unread(model: Any) -> tuple[str, ...]:
    """The parameters that nothing of the model reads."""
    read = parameters_read(model) | {"n", "m", "d", "neurons", *model.constants, *schedule_constants(model)}
    read |= set(OF_PENALTY) if model.objective.penalised else set()
    return tuple(each.name for each in model.parameters if not each.structural and each.name not in read)


def idle(model: Any, said: Collection[str]) -> set[str]:
    """The parameters that neither a run reads nor what is `said` of it, also by the observables and events named."""
    events = [event for event in model.events if event.name in said]
    named = {*said, *(event.observable for event in events)}
    parts = [*events, *(each for each in model.observables if each.name in named)]
    read = named.union(*(read_by(part) for part in parts))
    return set(unread(replace(model, events=(), observables=()))) - read


def _heads(model: Any) -> Iterator[str]:
    axis, network = model.network.head_axis, model.network
    if model.objective.loss_kind.of_margin != axis.signed:
        yield (f"loss: {model.objective.loss!r} does not go with {network.heads} heads; signed heads take a loss of "
               "the margin, such as 'logistic', class heads take 'cross_entropy'")
    weighed = model.objective.label_weights
    if weighed and (not axis.signed or len(weighed) != axis.count):
        yield (f"Objective.label_weights: {len(weighed)} weights with {network.heads} heads; expected two, of +1 and "
               "of -1, with signed heads; leave them out with class heads")
    if axis.signed and network.classes != axis.count:
        yield f"classes: {network.classes}, but signed heads are two; leave it out"
    if network.classes < 2:
        yield f"K: {network.classes} classes; expected at least 2"


def _patches(model: Any) -> Iterator[str]:
    names, axis = [family.name for family in model.directions], model.network.head_axis
    terms = terms_of(model.patches)
    for term in terms:
        if term.direction not in names:
            yield f"patches: {term.direction!r} is not a declared family; expected one of {names}"
    if not model.patches:
        yield "patches: a model needs at least one patch"
    scaled = [_said_of(term) for term in terms if term.by_label]
    if scaled and not axis.signed:
        yield f"patches: scale {scaled[0]!r} needs labels +-1, so signed heads; use a family over classes"
    if axis.signed and any(family.index_set.per_class for family in model.directions):
        yield "directions: a family over classes needs class heads; use scale 'label' with signed heads"


def _densities(model: Any) -> Iterator[str]:
    """A mixture's mean is no vector of its own, so that nothing multiplies the vectors as they are."""
    for term in terms_of(model.patches):
        family = next((each for each in model.directions if each.name == term.direction), None)
        laws = () if family is None else laws_of(family)
        if term.densities and any(law is not None and law.follows_clean for law in laws):
            what = f"{term.densities[0].name!r} multiplies {term.direction!r}, which is a mixture"
            yield f"patches: {what}; declare its mean as a term of its own"


def _said_of(term: Any) -> str:
    """What of a term goes by a label."""
    return next(factor if isinstance(factor, str) else str(factor.name) for factor in term.factors
                if isinstance(factor, str) or factor.by_label)


def _coefficients(model: Any) -> Iterator[str]:
    """Signs and halves only where there are any."""
    signed = model.network.head_axis.signed
    for family in model.directions:
        own, what = family.coefficient, f"Coefficient {family.coefficient.name!r}"
        if own.signed and not signed:
            yield f"{what}: signed, but class heads have no sign; leave signed out"
        if own.labelled and not (signed and family.index_set.per_example):
            yield f"{what}: labelled, which takes labels +-1 and one vector an example; leave labelled out"
        if own.split and not family.index_set.per_example:
            yield f"{what}: split by the example's own head, which takes one vector an example; leave split out"


def _activation(model: Any) -> Iterator[str]:
    """Fields that the kind of activation does not go by are as they are where nobody gives them."""
    declared = model.network.activation
    for field in fields(declared):
        value = getattr(declared, field.name)
        if field.name not in ("name", *fields_read(declared.name)) and value != field.default:
            yield f"Activation.{field.name}: {value!r}, which {declared.name} does not have; leave it out"
    known = {each.name: each.kind for each in model.parameters}
    for name in model.constants if known else ():
        if known.get(name) not in NUMBERS:
            where = "the activation, the loss or a patch"
            yield f"parameters: {name!r} stands in {where}, and is a {known.get(name)}; make it real"


def _flips(model: Any) -> Iterator[str]:
    if not model.label_flips:
        return
    if not model.network.head_axis.signed:
        yield "label_flips: flipping needs labels +-1, so signed heads; leave it out with class heads"
    laws = [law for family in model.directions for law in laws_of(family)]
    by_clean = any(each.tells_clean for each in model.scalars)
    if not model.follows_clean and not by_clean and not any(law is not None and law.follows_clean for law in laws):
        yield ("label_flips: no patch has scale 'clean' and no family is a mixture, so nothing of an example would "
               "tell a flipped label from another; give the signal's patch scale 'clean'")


def _laws(model: Any) -> Iterator[str]:
    """Each family can have its law, and a choice has a law for each of its values."""
    for family in model.directions:
        chosen = family.law
        if isinstance(chosen, ChosenLaw):
            yield _choice_refusal(model, family.name, chosen)
        for law in laws_of(family):
            said = law.refusal(family, model) if law is not None else ""
            yield f"{family.name}: {said}" if said else ""


def _choice_refusal(model: Any, family: str, chosen: ChosenLaw) -> str:
    names = [name for name, _ in chosen.laws]
    for name in names:
        if names.count(name) > 1:
            return f"{family}: two of its laws are called {name!r}; give each its own name"
    for choice in model.parameter(chosen.by).choices if model.parameters else ():
        if choice not in names:
            return f"{family}: the laws by {chosen.by!r} lack one for {choice!r}; name its laws as the choices are"
    for name in names if model.parameters else ():
        if name not in model.parameter(chosen.by).choices:
            return f"{family}: {one_of(name, model.parameter(chosen.by).choices)}, the choices of {chosen.by!r}"
    return "" if names else f"{family}: a ChosenLaw without laws; give laws=(('name', law), ...)"


def _tests(model: Any) -> Iterator[str]:
    """Fresh tasks for two loops, fresh examples for one; and what the law says itself."""
    test, tasks = model.test, model.algorithm.over_tasks
    if test.of_tasks and not tasks:
        yield "test: FreshTasks are of a Bilevel algorithm, and this one has one loop; declare FreshLaw(fresh=...)"
    if tasks and not test.of_tasks and (test.drawn or not test.by_own_laws):
        yield "test: a Bilevel algorithm's fresh examples come in tasks; declare FreshTasks(fresh=...)"
    yield from test.refusals(model)


def _algorithm(model: Any) -> Iterator[str]:
    """Every option has a parameter of its own, and what the algorithm does not do is refused."""
    algorithm = model.algorithm
    if algorithm.over_tasks:
        names = [algorithm.step, algorithm.inner_step, algorithm.inner_steps, algorithm.tasks, algorithm.train]
        refused = {
            "a trained second layer": model.network.second_layer is not None,
            "biases": model.network.biases is not None,
            "a gradient penalty": model.objective.penalised, "label flips": bool(model.label_flips),
            "label weights": bool(model.objective.label_weights),
            "patches of scale 'clean'": model.follows_clean, "class sizes": bool(model.class_sizes),
            "patches that are sums": any(isinstance(patch, SumPatch) for patch in model.patches),
            "scalars of examples": bool(model.scalars),
            "tasks that are sampled where examples are drawn again": bool(algorithm.sampled and algorithm.redrawn),
        }
        yield from (f"algorithm: a bilevel algorithm does not go with {what}; leave that out"
                    for what, asked in refused.items() if asked)
    else:
        yield from algorithm.refusals(model)
        names = [algorithm.step, *algorithm.options.values()]
        for family in model.directions:
            if family.index_set.per_task:
                yield f"directions: {family.name!r} is over tasks, which a Bilevel algorithm has; declare one"
        if model.balanced:
            yield (f"balanced: {model.balanced!r} balances the labels of tasks, which a Bilevel algorithm has; leave "
                   "it out, or give class_sizes=")
    yield from (f"algorithm: the parameter {name!r} is named twice; give each option its own"
                for name in names if names.count(name) > 1)


def _schedules(model: Any) -> Iterator[str]:
    """Each is of a number of the step, once, and holds numbers of the model."""
    known, given = roles(model), [each.of for each in model.algorithm.schedules]
    kinds = {each.name: each.kind for each in model.parameters}
    drawn = {name: option for option, name in model.algorithm.options.items() if option in DRAWN_OPTIONS}
    for schedule in model.algorithm.schedules:
        if schedule.of in drawn:
            yield f"Schedule.of: {schedule.of!r}, but {DRAWN_OPTIONS[drawn[schedule.of]]}; leave that schedule out"
        if schedule.of not in known:
            yield f"Schedule.of: {one_of(schedule.of, known)}, the numbers of a step"
        if given.count(schedule.of) > 1:
            yield f"Schedule.of: {schedule.of!r} is given twice; give it once"
        for name in schedule.expression.constants if kinds else ():
            if name not in kinds:
                said = f"{name!r} in {short(schedule.formula)} is neither t nor a parameter of this model"
                yield f"Schedule.formula: {said}; {nearest_or_new(name, kinds)}"
            elif kinds[name] not in NUMBERS:
                yield f"Schedule.formula: {name!r} is a {kinds[name]}, and no number; leave it out"


def _angles(model: Any) -> Iterator[str]:
    """Of fixed families of one loop."""
    if model.angles and model.algorithm.over_tasks:
        yield "algorithm: a bilevel algorithm does not go with angles; leave them out"
    yield from angles.refusals(model)


def _parameters(model: Any) -> Iterator[str]:
    """Those that are read by their names are there and of their kinds; defaults are formulas of the others."""
    known = {each.name: each for each in model.parameters}
    for name, kinds in CONVENTIONAL.items():
        if name in known and known[name].kind not in kinds:
            yield f"parameters: {name!r} is a {known[name].kind}; expected a {' or a '.join(kinds)}"
    neurons = known.get("neurons")
    for choice in () if neurons is None else neurons.choices:
        if choice not in NEURONS:
            yield f"parameters: neurons may be {one_of(choice, NEURONS)}"
    needed = [name for name in NEEDED if name != "n" or not model.algorithm.over_tasks]
    for name in [*needed, *(["lam"] if model.objective.penalised else [])] if known else []:
        if name not in known:
            yield f"parameters: {name!r} is missing; declare n, m and d, and lam where there is a penalty"
    for parameter in model.parameters:
        if parameter.kind in NUMBERS and isinstance(parameter.default, str):
            check_formula(model, f"Parameter.default of {parameter.name!r}", parameter.default)


def _observables(model: Any) -> Iterator[str]:
    """Each fits the model, as it says itself."""
    signed, tasks = model.network.head_axis.signed, model.algorithm.over_tasks
    for each in model.observables:
        what = f"{each.name}: {type(each).__name__} is of"
        if each.of_class_heads and signed:
            yield f"{what} class heads, and these are signed; leave it out"
        if each.of_one_loop and tasks:
            yield f"{what} one loop's examples, and these are of several tasks; leave it out"
        yield each.refusal(model)
        given, names = each.dims(model), (each.name, *each.also)
        if {*given} != {*names}:
            yield (f"{each.name}: {type(each).__name__} has the dimensions of {', '.join(given) or 'nothing'}; "
                   f"expected those of {', '.join(names)}, the variables that it adds to a run")


def _events(model: Any) -> Iterator[str]:
    """An event's variable has a value at every step, which no other observable's along the run changes."""
    elsewhere = {
        name: each for each in model.observables for name in (each.name, *each.also)
        if each.known_from in (KnownFrom.RECORDED, KnownFrom.RUN, KnownFrom.DATA)
    }
    for event in model.events:
        if event.observable in elsewhere:
            known = elsewhere[event.observable].known_from.value
            yield (f"Event {event.name!r}: {event.observable!r} is known from {known}, and not from a state; watch a "
                   "variable that each state has")
        if not event.threshold.strip():
            yield f"Event {event.name!r}: its threshold is empty; give a formula, such as '0.1'"


CHECKS: Final[tuple[Callable[[Any], Iterator[str]], ...]] = (
    _heads, _patches, _densities, _flips, _algorithm, _schedules, _observables, _activation, _coefficients, _laws,
    _tests, _angles, _parameters, _events, mixing.refusals,
)
