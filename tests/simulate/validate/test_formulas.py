"""Models whose activation and loss are formulas, against training in weight space, which never sees a derivative."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import (
    FORMULAS,
    Activation,
    Coefficient,
    Directions,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
)
from derivations.derive import derive
from derivations.errors import ModelError
from dynamics.fresh import testlaw
from dynamics.kernel.loading import plain_module
from simulate.ask.losses import loss_of
from simulate.testing import LOSS_FORMULAS, Instance, plain_kernel, residual
from simulate.train import fresh
from tests.helpers.slowly import one_in

SIZES = {"n": 4, "m": 3, "d": 12}
REALS = {"mu_norm": 1.0, "sigma_p": 0.4, "sigma_0": 0.3, "eta": 0.1, "lam": 0.2, "beta": 1.3, "temp": 0.8}
PENALTIES = ("none", "per_example", "full")


def model(activation: str, loss: str, penalty: str = "none") -> Model:
    """A signal and noises, with parameters that formulas may hold."""
    count = (Parameter(name=name, latex=name, meaning=name, kind="count", default=size, low=1)
             for name, size in SIZES.items())
    real = (Parameter(name=name, latex=name, meaning=name, kind="real", default=value, low=0, open_low=True)
            for name, value in REALS.items() if name != "lam" or penalty != "none")
    named = Activation(activation, slope=0.1) if "leaky" in activation else Activation(activation)
    return Model(
        name="formulas", title="Formulas in z",
        directions=(
            Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="mu_norm"),
                       coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
            Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p"),
                       coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
        ),
        patches=(Patch(direction="mu", scale="label"), Patch(direction="xi")), test=FreshLaw(fresh=("xi",)),
        network=Network(heads="signed", activation=named),
        objective=Objective(loss=loss, penalty=penalty),  # type: ignore[arg-type]
        parameters=(*count, *real),
    )


PAIRS = [
    *((activation, "logistic", PENALTIES[at % 3]) for at, activation in enumerate(FORMULAS)),
    *(("z*sigmoid(beta*z)", loss, PENALTIES[at % 3]) for at, loss in enumerate(LOSS_FORMULAS, start=1)),
]


def an_instance(of: Model) -> Instance:
    """A state of order one, no pre-activation near a cut."""
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(SIZES["n"] + 1, SIZES["d"])) / np.sqrt(SIZES["d"])
    values = {**REALS, **SIZES, "neurons": "mean", "penalty_half": False, "lam_until": None}
    y = np.array([1.0, -1.0, -1.0, 1.0])
    return Instance(of, dict(values), vectors, rng.normal(size=(2, SIZES["m"], SIZES["d"])), y)


@pytest.mark.parametrize(("activation", "loss", "penalty"), one_in(3, PAIRS))
def test_one_step_is_one_of_training(activation: str, loss: str, penalty: str) -> None:
    of = model(activation, loss, penalty)
    instance, kernel = an_instance(of), plain_kernel(of)
    assert kernel.lanes is not None
    assert all(residual(instance, each) <= 1e-14 for each in (kernel, kernel.looped(kernel.loops)))


@pytest.mark.parametrize(("loss", "penalty"), [("logistic", "none"), ("squared", "per_example"), ("hinge", "full")])
def test_one_step_with_weights_of_labels_is_one_of_training(loss: str, penalty: str) -> None:
    plain = model("tanh", loss, penalty)
    of = replace(plain, objective=replace(plain.objective, label_weights=("beta", 0.25)))
    kernel, source = plain_kernel(of), derive(of).lanes_source()
    assert all(residual(an_instance(of), each) <= 1e-14 for each in (kernel, kernel.looped(kernel.loops)))
    assert residual(an_instance(of), plain_kernel(plain)) > 1e-3, "weights are read"
    assert source is not None and "omega_i = q0 + q1*load(y, i)" in source
    wrong = plain_module(source.replace("omega_i = q0 + q1*load(y, i)", "omega_i = q0 - q1*load(y, i)"), "wrong")
    assert residual(an_instance(of), replace(kernel, lanes_plain=wrong)) > 1e-3, "on lanes too"
    assert "omega_i = beta/2 + (beta - 1/4)*y_i/2 + 1/8\n" in str(derive(of))


def test_weights_of_labels_are_refused_where_they_mean_nothing() -> None:
    plain = model("tanh", "logistic")
    for given, said in (
        ((1.0,), "1 weights with signed heads; expected two"), ((1.0, -0.5), "-0.5; expected numbers from 0"),
        (("rare", 1.0), "'rare' is no parameter of this model"), (("c", 1.0), "'c' reads as the penalty's factor"),
    ):
        with pytest.raises(ModelError, match=r"^Objective\.label_weights: ") as caught:
            replace(plain, objective=replace(plain.objective, label_weights=given))
        assert said in str(caught.value)


def test_a_wrong_derivative_is_seen() -> None:
    """The mutant: tanh' with its factor lost, by loops and on lanes."""
    of = model("tanh", "logistic")
    instance, kernel, derived = an_instance(of), plain_kernel(of), derive(of)
    source, lanes = derived.kernel_source(), derived.lanes_source()
    assert lanes is not None and source.count("4.0*sigmoid_slope(") == lanes.count("4.0*sigmoid_slope_each(") == 1
    wrong = [plain_module(text.replace("4.0*sigmoid_slope", "sigmoid_slope"), "wrong") for text in (source, lanes)]
    assert residual(instance, kernel.looped(wrong[0])) > 1e-3
    assert residual(instance, replace(kernel, lanes_plain=wrong[1])) > 1e-3


@pytest.mark.parametrize("loss", LOSS_FORMULAS)
def test_fresh_examples_are_judged_by_the_same_loss(loss: str) -> None:
    of = model("tanh", loss)
    scores, labels = np.linspace(-6.0, 6.0, 49)[:, None] * np.array([1.0, 0.7]), np.array([1.0, -1.0])
    ours = testlaw.costs(scores, labels, loss_of(of, REALS))
    assert np.allclose(ours, fresh.judged(of, scores, labels, REALS)[1], rtol=1e-14, atol=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "loss", "penalty"), PAIRS)
def test_validate_passes(activation: str, loss: str, penalty: str) -> None:
    of = model(activation, loss, penalty)
    if penalty == "full":
        of = replace(of, objective=replace(of.objective, label_weights=("beta", 0.5)))
    result = gr.validate(of, steps=20)
    assert result.verdict == "pass", result
