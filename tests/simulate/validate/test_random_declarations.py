"""The proof that the chain is general: random declarations derived, generated, run as plain Python, against torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from derivations.declare import (
    Activation,
    Bilevel,
    Coefficient,
    Directions,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
    Value,
    from_plain,
    to_plain,
)
from derivations.derive import derive
from derivations.errors import ModelError
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from simulate.testing import (
    Instance,
    activations,
    bilevel_algorithms,
    clear,
    instances,
    kinks,
    models,
    one_step,
    plain_kernel,
    residual,
)
from simulate.train import weights
from tests.helpers.slowly import one_in
from tests.helpers.wild import many, outcome, wild

TOLERANCE = 1e-12  # the bar for one step from the same state, as in simulate.validate.report
CALM = settings(suppress_health_check=list(HealthCheck))


def away_from_kinks(instance: Instance) -> None:
    """Rounding may fall either side of a kink; states within 1e-9 of one prove nothing.  Zero directions stay."""
    assume(clear(instance, kinks(instance.model, instance.values)))


def check(instance: Instance) -> None:
    kernel = plain_kernel(instance.model)
    assume(np.isfinite(one_step(instance, kernel)[0]).all())
    away_from_kinks(instance)
    assert residual(instance, kernel) <= TOLERANCE
    if kernel.lanes is not None:
        assert residual(instance, replace(kernel, lanes_from=0)) <= TOLERANCE
    if isinstance(instance.model.algorithm, Bilevel):
        check_adapted(instance, kernel)


def check_adapted(instance: Instance, kernel: Kernel) -> None:
    """What a bilevel kernel observes, at adapted weights, whose own conditioning no bar of one step covers."""
    theirs = kernel.observe(instance.z[None], instance.gram, instance.y, instance.values)
    ours = weights.observe(instance.model, instance.vectors, instance.y, instance.weights[None], instance.values)
    same = {"adapted": theirs["adapted"], "loss": theirs["loss"], "gradient_norm": theirs["gradient_norm"]}
    if kernel.signed:
        same |= {"margins": theirs["margin"], "l1": theirs["l1"]}
    else:
        same["outputs"] = np.swapaxes(theirs["F"], 1, 2)
    outputs = 1e-13 * np.abs(ours["outputs"]).max()  # losses and margins are their differences
    for name, value in same.items():
        atol = 1e-9 * np.abs(ours[name]).max() + outputs
        np.testing.assert_allclose(value, ours[name], rtol=1e-9, atol=atol, err_msg=name)


@given(instances())
@settings(CALM, max_examples=8)
def test_eight_random_models_match_training(instance: Instance) -> None:
    check(instance)


@pytest.mark.slow
@given(instances())
@settings(CALM, max_examples=200)
def test_two_hundred_random_models_match_training(instance: Instance) -> None:
    check(instance)


@given(instances(models(bilevel_algorithms())))
@settings(CALM, max_examples=8)
def test_random_bilevel_models_match_training(instance: Instance) -> None:
    check(instance)


@pytest.mark.slow
@given(instances(models(bilevel_algorithms())))
@settings(CALM, max_examples=200)
def test_two_hundred_random_bilevel_models_match_training(instance: Instance) -> None:
    check(instance)


BILEVEL_MUTANTS = [
    ("train-validation", ", outer, n,", ", 0, inner,"),  # the validation split ignored
    ("train-validation", ", 0, inner,", ", 0, n,"),  # adapted on the validation examples too
    ("train-train", "range(inner_steps)", "range(0)"),  # the outer gradient at W, not adapted
    ("train-train", "1.0 / tasks", "1.0"),  # a sum over tasks
    ("train-train", "range(inner_steps)", "range(inner_steps - 1)"),  # an inner step missing
    ("reptile", "1.0 / tasks", "1.0"),
    ("reptile", "range(inner_steps)", "range(inner_steps - 1)"),
]


@pytest.mark.parametrize(("method", "right", "wrong"), one_in(3, BILEVEL_MUTANTS))
def test_random_bilevel_models_catch_a_wrong_kernel(method: str, right: str, wrong: str) -> None:
    def of_method(algorithm: Bilevel) -> bool:
        return algorithm.method == method and not algorithm.shares and not algorithm.sampled

    @given(instances(models(bilevel_algorithms().filter(of_method))))
    @settings(CALM, max_examples=40, phases=[Phase.generate], derandomize=True, database=None)
    def holds(instance: Instance) -> None:
        source = derive(instance.model).kernel_source()
        if right not in source:
            raise LookupError(right)
        kernel = plain_kernel(instance.model).looped(plain_module(source.replace(right, wrong), "mutant"))
        assume(np.isfinite(one_step(instance, kernel)[0]).all())
        away_from_kinks(instance)
        assert residual(instance, kernel) <= TOLERANCE

    with pytest.raises(AssertionError):
        holds()


@pytest.mark.slow
def test_bilevel_models_are_drawn_with_all_that_they_have() -> None:
    """Methods, heads, repeated tasks, no and several inner steps, families over tasks: each within some hundreds."""
    seen: set[str] = set()

    @given(instances())
    @settings(CALM, max_examples=1600, phases=[Phase.generate], derandomize=True, database=None)
    def look(instance: Instance) -> None:
        model, values = instance.model, instance.values
        if not isinstance(model.algorithm, Bilevel):
            seen.add("single level")
            return
        seen.update([model.algorithm.method, model.network.heads, f"J = {values['J']}", f"K = {values['n_tasks']}"])
        seen.update(family.over for family in model.directions)
        rows = instance.vectors[np.any(instance.vectors != 0, axis=1)]
        seen.update(["a repeated task"] if len(np.unique(rows, axis=0)) < len(rows) else [])
        seen.add("dependent" if len(instance.vectors) > instance.weights.shape[-1] else "independent")

    look()
    assert {
        "single level", "train-train", "train-validation", "reptile", "signed", "class", "J = 0", "J = 5", "K = 1",
        "K = 4", "one", "task", "sample", "a repeated task", "dependent", "independent",
    } <= seen


@st.composite
def declarations(draw: Any) -> Callable[[], Model]:
    """How to make a model of parts that need not be legal or fit together."""
    over = st.sampled_from(["one", "class", "sample"])
    names = [(name, draw(over)) for name in draw(st.lists(st.sampled_from(["mu", "xi", "not a name"]), min_size=1,
                                                          max_size=2))]
    patches = draw(st.lists(st.tuples(st.sampled_from(["mu", "xi"]), st.sampled_from(["one", "label"])), max_size=2))
    heads, classes = draw(st.sampled_from(["signed", "class"])), draw(st.integers(1, 3))
    activation = draw(st.one_of(activations().map(asdict), st.just({"name": "relu_power", "power": 1})))
    loss = draw(st.sampled_from(["logistic", "exponential", "cross_entropy"]))
    return lambda: Model(
        name="parts",
        title="",
        directions=tuple(
            Directions(name=name, over=over, latex=name, coefficient=Coefficient(name=f"c{at}", latex="c"))
            for at, (name, over) in enumerate(names)
        ),
        patches=tuple(Patch(direction=name, scale=scale) for name, scale in patches),
        network=Network(heads=heads, classes=classes, activation=Activation(**activation)),
        objective=Objective(loss=loss),
    )


@given(declarations())
@settings(CALM, max_examples=100)
def test_a_declaration_either_builds_and_derives_or_is_refused_with_a_reason(make: Callable[[], Model]) -> None:
    try:
        model = make()
    except ValueError as refusal:
        reason = str(refusal)
        assert ":" in reason and "\n" not in reason and len(reason) > 30
        return
    assert "def run(" in derive(model).kernel_source()


def test_twelve_declarations_with_any_names_are_refused_in_a_sentence_or_run_right() -> None:
    found = many(12)
    assert found["right"] >= 4 and found["refused"] >= 1


@pytest.mark.slow
def test_five_hundred_declarations_with_any_names_are_refused_in_a_sentence_or_run_right() -> None:
    found = many(500)
    assert found["right"] >= 150 and found["refused"] >= 50


@pytest.mark.slow
def test_legal_declarations_of_two_loops_say_every_word_of_them() -> None:
    """Methods, weights and sampling of tasks, schedules of both steps, laws, fresh tasks, observables, odd names."""
    seen: set[str] = set()

    @hypothesis.seed(3)
    @given(wild(["two loops"]))
    @settings(CALM, max_examples=400, phases=[Phase.generate], database=None)
    def look(plain: dict[str, Any]) -> None:
        try:
            model = from_plain(plain)
        except ModelError:
            return
        if not isinstance(model, Model) or not isinstance(model.algorithm, Bilevel):
            return
        algorithm = model.algorithm
        seen.update([algorithm.method, model.network.heads, *(each for each in ("shares", "sampled", "redrawn")
                                                              if getattr(algorithm, each))])
        seen.update("eta" if each.of == algorithm.step else "inner" for each in algorithm.schedules)
        seen.update(type(family.law).__name__ + " over " + family.over for family in model.directions)
        seen.update(["balanced"] if model.balanced else [])
        seen.update(["own name"] if algorithm.examples != "n" else [])
        seen.update(["a task's own drawn again"] if any(
            model.family(name).over == "task" for name in model.test.drawn) else [])
        seen.update("adapted" for each in model.observables if getattr(each, "adapted", False))

    look()
    assert {
        "train-train", "train-validation", "reptile", "signed", "class", "shares", "sampled", "redrawn", "eta", "inner",
        "TaskLaw over task", "GaussianLaw over task", "GaussianLaw over sample", "FixedLaw over one", "balanced",
        "own name", "a task's own drawn again", "adapted",
    } <= seen


def test_a_name_that_met_the_kernels_own_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the prefix a slope called z is the state: what is drawn has to find that."""
    monkeypatch.setattr("derivations.kernel.nest_writer.argument", lambda name: name)
    monkeypatch.setattr("derivations.kernel.printer.argument", lambda name: name)
    plain = to_plain(named("gram"))
    with pytest.raises((AssertionError, SyntaxError, ValueError, TypeError, IndexError)):
        outcome(plain)
    monkeypatch.undo()
    assert outcome({**plain, "name": "with_its_prefix"}) == "right"  # a kernel is written once for a declaration


def named(slope: str) -> Model:
    """PEGR's network with a leaky ReLU whose slope is a parameter of that name."""
    from derivations.papers.pegr.model import model as pegr

    model = pegr("none")
    sizes = {"n": 3, "m": 2, "d": 7}
    known = tuple(replace(each, default=sizes.get(each.name, each.default)) for each in model.parameters)
    more = Parameter(name=slope, latex="", meaning="slope", kind="real", default=0.3)
    network = replace(model.network, activation=Activation(name="leaky_relu", slope=slope))
    return replace(model, network=network, parameters=(*known, more), observables=(), events=())


MUTANTS = [
    ("2.0*kappa/n", "kappa/n"),
    ("-= change * gram[q, c]", "-= change * gram[q, q]"),
    ("return 0.0 if x < 0.0 else x", "return x"),
]


@pytest.mark.parametrize(("right", "wrong"), MUTANTS)
def test_a_wrong_kernel_is_caught(right: str, wrong: str) -> None:
    from derivations.papers.pegr.model import model as pegr

    rng = np.random.default_rng(5)
    model = pegr("pegr")
    kernel = plain_kernel(model)
    source = derive(model).kernel_source()
    assert right in source
    mutant = kernel.looped(plain_module(source.replace(right, wrong), "mutant"))
    values: dict[str, Value] = {"neurons": "mean", "penalty_half": True, "eta": 0.5, "lam": 0.5, "lam_until": None}
    vectors, W = rng.normal(size=(6, 9)) / 3, rng.normal(size=(2, 3, 9))
    instance = Instance(model, values, vectors, W, rng.choice([-1.0, 1.0], size=5))
    assert residual(instance, kernel) <= TOLERANCE < residual(instance, mutant)
