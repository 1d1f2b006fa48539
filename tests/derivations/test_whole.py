"""What used to run as something else, or to end in a traceback, is refused in a sentence where the model is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from derivations.declare import (
    Activation,
    Balance,
    Bilevel,
    ChosenLaw,
    ClassNoiseLaw,
    Complement,
    Distance,
    Event,
    Extreme,
    FixedLaw,
    Flips,
    FreshLaw,
    FreshTasks,
    GaussianInitialisation,
    GaussianLaw,
    GradientDescent,
    LongTail,
    MixtureLaw,
    Model,
    NearOrthogonality,
    NoiseRatio,
    NormalisedMargin,
    Parameter,
    Patch,
    Shifted,
    Spectral,
    TaskLaw,
)
from derivations.declare.shapes import SHAPES
from derivations.errors import ModelError
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.nearly_orthogonal.model import model as nearly_orthogonal
from derivations.papers.pegr.model import model as pegr
from dynamics.fresh import classnoise


def bare(model: Model, **changed: Any) -> Model:
    """The model without observables and events."""
    return replace(model, **{"observables": (), "events": (), **changed})


P, PENALISED, H, F = bare(pegr("none")), bare(pegr("pegr")), bare(heterogeneous()), bare(fomaml())
N = nearly_orthogonal()
FIRST = P.directions[0]


def par(name: str, kind: Any = "real", default: Any = 0.1, **more: Any) -> Parameter:
    return Parameter(name=name, latex="", meaning=name, kind=kind, default=default, **more)


def plus(model: Model, *more: Parameter, **changed: Any) -> Model:
    """The model with further parameters, in place of those of their names."""
    names = {each.name for each in more}
    kept = tuple(each for each in model.parameters if each.name not in names)
    return replace(model, parameters=(*kept, *more), **changed)


def without(model: Model, name: str) -> Model:
    return replace(model, parameters=tuple(each for each in model.parameters if each.name != name))


def family(model: Model, at: int, **changed: Any) -> Model:
    directions = list(model.directions)
    directions[at] = replace(directions[at], **changed)
    return bare(model, directions=tuple(directions))


def coefficient(model: Model, at: int, **changed: Any) -> Model:
    return family(model, at, coefficient=replace(model.directions[at].coefficient, **changed))


def seen(model: Model, kind: Any, **given: Any) -> Model:
    """The model with one observable."""
    return replace(model, observables=(kind(**{"name": "seen", "latex": "", **given}),))


def extreme(model: Model, of: str = "mu", **given: Any) -> Model:
    return seen(model, Extreme, **{"of": of, "reduce": "max", **given})


def event(model: Model, observable: str, threshold: str = "1") -> Model:
    return replace(model, events=(Event(name="hit", latex="", observable=observable, relation=">=",
                                        threshold=threshold),))


def activation(**given: Any) -> Model:
    return replace(P, network=replace(P.network, activation=Activation(**given)))


def noise(**changed: Any) -> Model:
    return family(P, 1, law=GaussianLaw(**{"std": "sigma_p", **changed}))


def chosen(*names: str) -> Model:
    laws = tuple((name, FixedLaw(norm="x_norm")) for name in names)
    return family(N, 0, law=ChosenLaw(by="data", laws=laws))


def matrices(name: str) -> ClassNoiseLaw:
    law = H.directions[1].law
    assert isinstance(law, ClassNoiseLaw)
    return replace(law, matrices=name)


FLIPPED = (Patch(direction="mu", scale="clean"), Patch(direction="xi"))

SILENT: dict[str, tuple[Callable[[], object], str]] = {
    # parameters of another kind than what reads them expects, and such as nothing declares
    "balanced without tasks": (
        lambda: plus(P, par("even", "flag", False), balanced="even"), "balanced: 'even' balances the labels of tasks"),
    "balanced by a number": (lambda: plus(F, par("even"), balanced="even"), "Model.balanced: 'even' is a real"),
    "neurons of other choices": (
        lambda: plus(P, par("neurons", "choice", "total", choices=("total",))), "neurons may be 'total'; expected one"),
    "neurons a flag": (lambda: plus(P, par("neurons", "flag", True)), "'neurons' is a flag; expected a choice"),
    "penalty_half a number": (lambda: plus(PENALISED, par("penalty_half")), "'penalty_half' is a real; expected a fla"),
    "a penalty without lam": (lambda: without(PENALISED, "lam"), "parameters: 'lam' is missing"),
    "lam a flag": (lambda: plus(PENALISED, par("lam", "flag", True)), "'lam' is a flag; expected a real or a count"),
    "lam_until half a step": (lambda: plus(P, par("lam_until", "real", 3.5)), "'lam_until' is a real; expected a coun"),
    "no n": (lambda: without(P, "n"), "parameters: 'n' is missing"),
    "no m": (lambda: without(P, "m"), "parameters: 'm' is missing"),
    "no d": (lambda: without(P, "d"), "parameters: 'd' is missing"),
    "n a real": (lambda: plus(P, par("n", "real", 5.5)), "'n' is a real; expected a count"),
    "the step a flag": (lambda: plus(P, par("eta", "flag", True)), "GradientDescent.step: 'eta' is a flag"),
    "a deviation that is a flag": (lambda: plus(P, par("sigma_p", "flag", True)), "GaussianLaw.std: 'sigma_p' is a fl"),
    "a start that is a flag": (
        lambda: replace(P, initialisation=GaussianInitialisation(std="penalty_half")), "is a flag; expected a real or"),
    "off_when a number": (lambda: noise(off=("mu",), off_when="eta"), "GaussianLaw.off_when: 'eta' is a real"),
    "off_when without off": (lambda: noise(off_when="project_noise"), "and nothing is projected off"),
    "off twice": (lambda: noise(off=("mu", "mu")), "GaussianLaw.off: 'mu' is given twice"),
    "off itself": (lambda: noise(off=("xi",)), "off names 'xi', which is drawn at random"),
    "class sizes a number": (lambda: replace(P, class_sizes="eta"), "Model.class_sizes: 'eta' is a real; expected a c"),
    "flips a flag": (
        lambda: replace(P, label_flips="penalty_half", patches=FLIPPED), "Model.label_flips: 'penalty_half' is a flag"),
    "a batch of reals": (
        lambda: plus(P, par("size"), algorithm=GradientDescent(batch="size")), "GradientDescent.batch: 'size' is a re"),
    "momentum a flag": (
        lambda: plus(P, par("on", "flag", True), algorithm=GradientDescent(momentum="on")), "'on' is a flag; expected"),
    "a shape that is none": (
        lambda: plus(H, par("noise", "choice", "cauchy", choices=("cauchy",))), "may be 'cauchy'; expected choices am"),
    "a law by a number": (
        lambda: family(N, 0, law=ChosenLaw(by="eta", laws=(("a", FixedLaw(norm="x_norm")),))), "'eta' is a real"),
    "a choice without its law": (lambda: chosen("mixtur", "orthogonal"), "lack one for 'mixture'"),
    "a law of no choice": (lambda: chosen("mixture", "orthogonal", "more"), "'more'; expected one of mixture, orthogo"),
    "two laws of one name": (lambda: chosen("mixture", "mixture"), "two of its laws are called 'mixture'"),
    "no laws": (chosen, "lack one for 'mixture'"),
    "a range without room": (lambda: par("a", low=3, high=1), "Parameter.low: 3 is above high, 1"),
    "a default out of range": (lambda: par("a", default=-1, low=0), "Parameter.default: -1; expected at least 0"),
    "a choice twice": (lambda: par("a", "choice", "a", choices=("a", "a")), "'a' is given twice"),
    "a default of nothing": (lambda: plus(P, par("a", default="nope*3")), "holds 'nope', which is no parameter"),
    "a default that is no formula": (lambda: plus(P, par("a", default="3*(")), "is not a formula"),
    "a default of a choice": (lambda: plus(P, par("a", default="neurons*3")), "'neurons', which is no number but a ch"),
    # numbers and lists where names and tuples are wanted
    "a number for a step": (
        lambda: GradientDescent(step=0.1),  # type: ignore[arg-type]
        "GradientDescent.step: 0.1; expected the name of a parameter; declare a Parameter of that default, and write"),
    "a number for a deviation": (
        lambda: GaussianLaw(std=0.4), "expected the name of a parameter; declare a Parameter"),  # type: ignore[arg-type]
    "a text for a tuple": (lambda: noise(off="mu"), "expected a tuple, each entry the name of a family; write ('mu',)"),
    "a list for a tuple": (lambda: noise(off=["mu"]), "each entry the name of a family; write ('mu',)"),
    "a list of patches": (lambda: bare(P, patches=list(P.patches)), "write parentheses for brackets"),
    "one family for a tuple": (lambda: bare(P, directions=FIRST), "write (it,), with a comma"),
    "a number for a formula": (lambda: event(P, "loss", 0.1), "expected a formula of parameters as text; write '0.1'"),  # type: ignore[arg-type]
    # names that meet the program's
    "a parameter of Python's": (lambda: plus(P, par("lambda")), "'lambda' is a word of Python"),
    "a family of Python's": (lambda: family(P, 0, name="class"), "'class' is a word of Python"),
    "a parameter called kappa": (lambda: plus(P, par("kappa")), "'kappa' is an axis of runs or a word of formulas"),
    "a parameter called c": (lambda: plus(P, par("c")), "'c' is an axis of runs or a word of formulas"),
    "a parameter called seed": (lambda: plus(P, par("seed")), "'seed' is an axis of runs or a word of formulas"),
    "a parameter called log": (lambda: plus(P, par("log")), "'log' is a function of formulas"),
    "a family called W": (lambda: replace(family(P, 0, name="W"), patches=()), "'W' is an array that a caller brings"),
    "matrices called as a family": (
        lambda: family(H, 1, law=matrices("u")), "family: 'u' is declared twice"),
    "a coefficient called as a pre-activation": (lambda: coefficient(P, 0, name="z_mu"), "is a quantity of 'mu'"),
    "a coefficient called as an inner product": (
        lambda: coefficient(P, 0, name="G_mu_xi"), "is the inner product of 'mu' and 'xi' in formulas"),
    "an observable called as heads of another": (
        lambda: replace(P, observables=(Spectral(name="A", latex="", what="spectral"),
                                        Extreme(name="A_heads", latex="", of="mu", reduce="max"))), "'A_heads' is of"),
    "a coefficient called message": (lambda: coefficient(P, 0, name="message"), "'message' is an axis of runs or a wo"),
    # heads, signs and halves where there are none
    "five signed heads": (lambda: replace(P, network=replace(P.network, classes=5)), "classes: 5, but signed heads ar"),
    "a shared coefficient labelled": (lambda: coefficient(P, 0, labelled=True), "labelled, which takes labels +-1"),
    "a class head's coefficient labelled": (lambda: coefficient(H, 1, labelled=True), "labelled, which takes labels"),
    "a class head's coefficient signed": (lambda: coefficient(H, 1, signed=True), "signed, but class heads have no si"),
    "a shared coefficient split": (lambda: coefficient(P, 0, split=True), "split by the example's own head, which tak"),
    "a feature's coefficient split": (lambda: coefficient(H, 0, split=True), "split by the example's own head"),
    "a task's coefficient split": (lambda: coefficient(F, 0, split=True), "split by the example's own head"),
    "on_class of a shared vector": (lambda: extreme(P, heads="on_class"), "are those of an example's label, and 'mu'"),
    "on_class of a feature": (lambda: extreme(H, "u", heads="on_class"), "are those of an example's label, and 'u' ha"),
    "plus of class heads": (lambda: extreme(H, "u", heads="plus"), "heads 'plus' are signed ones"),
    "signed by class heads": (lambda: extreme(H, "u", signed=True), "class heads have no sign to be signed with"),
    "per example of a shared vector": (lambda: extreme(P, per=("example",)), "per 'example', and 'mu' has no vector a"),
    "per task without tasks": (lambda: extreme(P, per=("task",)), "per 'task', and 'mu' has no vector a task"),
    "per head of one head": (lambda: extreme(P, heads="plus", per=("head",)), "per 'head', and heads 'plus' are one"),
    "an axis twice": (lambda: extreme(P, per=("head", "head")), "per names an axis twice"),
    "adapted without tasks": (lambda: extreme(P, adapted=True), "adapted weights are those of a family, in a Bilevel"),
    "adapted of a coefficient": (lambda: extreme(F, "g", adapted=True), "adapted weights are those of a family"),
    "a floor of nothing": (lambda: extreme(P, floor="2*nope"), "Extreme.floor: '2*nope' holds 'nope'"),
    # observables of what is not there
    "a shift of nothing": (lambda: seen(P, Shifted, of="l7", plus=0.0), "of 'l7'; expected one of margins, l1, zeta"),
    "a shift of the loss": (lambda: seen(P, Shifted, of="loss", plus=0.0), "of 'loss'; expected one of margins, l1, z"),
    "a distance along a shared vector": (
        lambda: seen(P, Distance, of="mu", scale="1"), "Distance.of: 'mu' is over 'one'; expected a family over 'samp"),
    "a distance along nothing": (lambda: seen(P, Distance, of="nu", scale="1"), "Distance.of: 'nu' is no family"),
    "a distance's scale of nothing": (lambda: seen(P, Distance, of="xi", scale="what"), "Distance.scale: 'what' holds"),
    "orthogonality of one": (lambda: seen(P, NearOrthogonality, of="mu"), "NearOrthogonality.of: 'mu' is over 'one'"),
    "a complement of signed heads": (lambda: seen(P, Complement), "Complement is of class heads, and these are signed"),
    "a balance of nothing": (lambda: seen(H, Balance, of="nope"), "'nope', and the model has no Complement; declare"),
    "a ratio of features": (lambda: seen(H, NoiseRatio, of="u"), "NoiseRatio.of: 'u' is over 'class'"),
    "a ratio to noise": (lambda: seen(H, NoiseRatio, of="xi", signal="xi"), "NoiseRatio.signal: 'xi' is over 'sample'"),
    "no bins": (lambda: seen(H, LongTail, of="xi", bins=0), "bins: 0; expected a whole number from 1"),
    "a tail of what is not fresh": (
        lambda: seen(replace(H, test=FreshLaw()), LongTail, of="xi"), "of 'xi', which fresh examples do not have agai"),
    "flips of tasks": (lambda: seen(F, Flips), "Flips is of one loop's examples, and these are of several tasks"),
    "margins of tasks over ||W||": (lambda: seen(F, NormalisedMargin, spread=True), "NormalisedMargin is of one loop'"),
    # events
    "a threshold of nothing": (lambda: event(P, "loss", "nope"), "Event.threshold: 'nope' holds 'nope'"),
    "a threshold that is no formula": (lambda: event(P, "loss", "0.1)"), "Event.threshold: 0.1) is not a formula"),
    "no threshold": (lambda: event(P, "loss", ""), "Event 'hit': its threshold is empty"),
    "an event of a count": (lambda: event(N, "flips"), "'flips' is known from every step of a run"),
    "an event of the data": (lambda: event(N, "near_orthogonality"), "'near_orthogonality' is known from the data"),
    "an event of recorded states": (lambda: event(heterogeneous(), "deactivated"), "is known from the recorded states"),
    # activations' fields
    "a ReLU with a slope": (lambda: activation(name="relu", slope=0.3), "Activation.slope: 0.3, which relu does not h"),
    "a ReLU with a power": (lambda: activation(name="relu", power=3), "Activation.power: 3, which relu does not have"),
    "a slope that is no parameter": (
        lambda: activation(name="leaky_relu", slope="nope"), "Activation.slope: 'nope' is no parameter of this model"),
    "a slope that is a flag": (
        lambda: activation(name="leaky_relu", slope="penalty_half"), "Activation.slope: 'penalty_half' is a flag"),
    # laws and fresh examples
    "fresh tasks of one loop": (
        lambda: plus(P, *(par(name, "count", 3) for name in ("test_tasks", "test_support", "test_query")),
                     test=FreshTasks(fresh=("xi",))), "test: FreshTasks are of a Bilevel algorithm"),
    "fresh examples of two loops": (lambda: replace(F, test=FreshLaw(fresh=("xi",))), "come in tasks; declare FreshTa"),
    "fresh twice": (lambda: replace(P, test=FreshLaw(fresh=("xi", "xi"))), "FreshLaw.fresh: 'xi' is given twice"),
    "no flips to leave out": (lambda: replace(P, test=FreshLaw(fresh=("xi",), flips=False)), "the model flips no labe"),
    "a mixture over one": (
        lambda: family(P, 0, law=MixtureLaw(mean_norm="mu_norm", std="sigma_p")), "mu: a mixture y_i mu + noise is fo"),
    "a mixture of classes": (
        lambda: family(H, 1, law=MixtureLaw(mean_norm="u_norm", std="sigma_0")), "xi: a mixture y_i mu + noise is for"),
    "a mixture in tasks": (
        lambda: family(F, 1, law=MixtureLaw(mean_norm="nu_norm", std="sigma_s")), "xi: a mixture y_i mu + noise is fo"),
    "two laws of tasks": (
        lambda: family(coefficient(F, 1, labelled=False), 1, over="task", law=TaskLaw(
            norm="nu_norm", std="sigma_s", items="M", shared="nu2", dictionary="z2")), "has a TaskLaw already"),
    "a law of tasks over examples": (lambda: family(F, 0, over="sample"), "nu_k: a TaskLaw is one vector a task"),
    "a bilevel algorithm without its numbers": (lambda: replace(P, algorithm=Bilevel()), "Bilevel.tasks: 'n_tasks' is"),
}


@pytest.mark.parametrize("name", SILENT)
def test_a_wrong_declaration_is_refused_in_one_sentence(name: str) -> None:
    make, said = SILENT[name]
    with pytest.raises(ModelError) as caught:
        make()
    assert said in str(caught.value), str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_shapes_of_entries_are_those_that_are_drawn() -> None:
    assert SHAPES == classnoise.SHAPES
