"""A trained second layer and biases: derivation, kernel, torch, starts, fresh examples and what is made of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from xarray import Dataset

import gammarho as gr
from derivations.declare import (
    Activation,
    Biases,
    Bilevel,
    Coefficient,
    CovarianceLaw,
    Directions,
    Event,
    Extreme,
    FixedLaw,
    FreshLaw,
    FreshTasks,
    GaussianLaw,
    GradientDescent,
    HeldOutLaw,
    LayerBalance,
    MaxMargin,
    Model,
    NearLaw,
    Network,
    NeuronNorm,
    Objective,
    Parameter,
    Patch,
    SecondLayer,
    Statement,
    TestLaw,
    Value,
    from_plain,
    to_plain,
)
from derivations.derive import derive
from derivations.errors import ModelError
from simulate.check.judge import judge
from simulate.check.states import cases
from simulate.errors import InputError
from simulate.run.kernels import kernel_for
from simulate.start import source
from simulate.start.draw import draw
from simulate.testing import Instance, one_step, plain_kernel, residual
from simulate.validate import fresh as of_fresh
from tests.helpers.model_cases import ModelCases
from tests.helpers.wild import plainly

VALUES: dict[str, Value] = {
    "n": 6, "m": 3, "d": 60, "neurons": "mean", "mu_norm": 1.0, "sigma_p": 0.3, "sigma_0": 0.2, "eta": 0.5,
    "sigma_a": 0.2, "a_0": -0.3,
}


def _number(name: str, default: Any, kind: str = "real") -> Parameter:
    choices = ("mean", "sum") if kind == "choice" else ()
    return Parameter(name=name, latex="", meaning=name, kind=kind, default=default, choices=choices)  # type: ignore[arg-type]


def declared(
    second_layer: SecondLayer | None = None, biases: Biases | None = None, activation: str = "relu",
    algorithm: GradientDescent | None = None, **more: Any,
) -> Model:
    """A signal and noise through neurons with what is asked for."""
    kinds = {"n": "count", "m": "count", "neurons": "choice"}
    return Model(
        name="layers", title="A signal and noise",
        directions=(
            Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="mu_norm"),
                       coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
            Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma_p"),
                       coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
        ),
        patches=(Patch(direction="mu", scale="label"), Patch(direction="xi")),
        network=Network(heads="signed", activation=Activation(activation), second_layer=second_layer, biases=biases),
        objective=Objective(loss="logistic"), algorithm=algorithm or GradientDescent(), test=FreshLaw(fresh=("xi",)),
        parameters=tuple(_number(name, value, kinds.get(name, "real")) for name, value in VALUES.items()), **more,
    )


BOTH = declared(SecondLayer(std="sigma_a"), Biases(initial="a_0", std="sigma_a"), observables=(
    NeuronNorm(name="norms", latex=""), LayerBalance(name="balance", latex="B")),
    events=(Event(name="T_grown", latex="T", observable="bias", relation=">=", threshold="-10"),))


@pytest.mark.slow
class TestBothOfThem(ModelCases):
    model, given, steps = BOTH, VALUES, 12


@pytest.fixture(scope="module")
def run() -> Dataset:
    with plainly(plain_kernel(BOTH)):
        return gr.run(BOTH, steps=12, seed=3, record="all")


@pytest.mark.parametrize("test", [
    NearLaw(near=("xi",), std="sigma_a"), CovarianceLaw(fresh=("xi",)), HeldOutLaw(),
], ids=["near", "covariance", "held out"])
def test_every_test_law_is_that_of_weights(run: Dataset, test: TestLaw) -> None:
    model, rng = replace(BOTH, test=test), np.random.default_rng(0)
    root, y = rng.normal(size=(60, 60)) / 60, rng.choice([-1.0, 1.0], size=5)
    own = {"Sigma_xi": root @ root.T} if isinstance(test, CovarianceLaw) else (
        {"test_y": y, "test_xi": 0.3 * rng.normal(size=(5, 60))} if isinstance(test, HeldOutLaw) else {})
    found = draw(model, VALUES, 0, initial={**gr.restart(run, setting=BOTH), **own})
    rows, left = of_fresh.rows(model, kernel_for(BOTH), found, VALUES, rng.normal(size=found.z.shape), np.ones(()))
    assert not left and {"test_error", "test_loss"} <= {row.what.split()[0].strip(",") for row in rows}
    assert all(row.holds for row in rows), rows


def by_hand(data: dict[str, Any], a: Any, b: Any, steps: int) -> tuple[Any, Any, Any]:
    """Gradient descent of f = sum_{j,r} j a_{j,r} sum_p relu(<w_{j,r}, x^(p)> + b_{j,r}), written without gammarho."""
    W, a, b = (torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (data["W"], a, b))
    y, mu, xi = (torch.tensor(data[name], dtype=torch.float64) for name in ("y", "mu", "xi"))
    j = torch.tensor([1.0, -1.0], dtype=torch.float64)[:, None]
    for _ in range(steps):
        of_mu, of_xi = torch.relu(y[:, None, None] * (W @ mu) + b), torch.relu(torch.einsum("jrd,id->ijr", W, xi) + b)
        f = (j * a * (of_mu + of_xi)).sum((1, 2))
        gradients = torch.autograd.grad(torch.nn.functional.softplus(-y * f).mean(), (W, a, b))
        W, a, b = ((each - 0.5 * g).detach().requires_grad_() for each, g in zip((W, a, b), gradients, strict=True))
    return W.detach().numpy(), a.detach().numpy(), b.detach().numpy()


def test_it_is_training_of_a_network_written_by_hand(run: Dataset) -> None:
    first, last = gr.restart(run.isel(t=[0]), setting=BOTH), gr.restart(run, setting=BOTH)
    W, a, b = by_hand(first, run.a[0].values, run.bias[0].values, 12)
    for ours, theirs in ((last["W"], W), (last["a"], a), (last["bias"], b), (run.a[-1], a), (run.bias[-1], b)):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)
    assert first["W"].shape == (2, 3, 60) == gr.weights(run, setting=BOTH).shape and first["mu"].shape == (60,)
    np.testing.assert_allclose(run.norms[-1], np.linalg.norm(W, axis=-1), rtol=1e-12)
    assert np.abs(run.a[-1] - run.a[0]).max() > 0.01 < np.abs(run.bias[-1] - run.bias[0]).max()


def test_what_gradient_flow_conserves_is_moved_by_eta_squared_a_step(run: Dataset) -> None:
    """Exactly eta^2 ((dL/da)^2 - ||dL/dw||^2 - (dL/db)^2); fails where the balance leaves the biases out."""
    np.testing.assert_allclose(run.balance, run.a**2 - run.norms**2 - run.bias**2, rtol=0, atol=1e-14)
    moved, eta = np.diff(run.balance, axis=0), 0.5
    arrays = [gr.restart(run.isel(t=slice(0, t + 1)), setting=BOTH) for t in (4, 5)]
    steps = [(arrays[1][name] - arrays[0][name]) / eta for name in ("W", "a", "bias")]
    slope = steps[1] ** 2 - (steps[0] ** 2).sum(-1) - steps[2] ** 2
    np.testing.assert_allclose(moved[4], eta**2 * slope, rtol=0, atol=1e-13)
    assert (np.abs(moved).max(axis=(1, 2)) <= eta**2 * run.gradient_norm[:-1].values ** 2).all()
    assert np.abs(moved).max() > 1e-4


def test_smaller_steps_conserve_it_better() -> None:
    """Over the same time the drift is proportional to the step, of an activation of degree 2; fails for another q."""
    model = declared(SecondLayer(), Biases(), "square", observables=(LayerBalance(name="balance", latex="B"),))
    kernel, drifts = plain_kernel(model), []
    with plainly(kernel):
        for eta, steps in ((0.02, 10), (0.01, 20)):
            found = gr.run(model, eta=eta, steps=steps, record=[0, steps], observables=("balance", "a"))
            drifts.append(float(np.abs(found.balance[1] - found.balance[0]).max()))
    assert drifts[1] == pytest.approx(drifts[0] / 2, rel=0.1) and drifts[0] > 1e-6


def test_an_event_may_watch_them(run: Dataset) -> None:
    assert int(run.T_grown) == 0


@pytest.mark.usefixtures("plainly")
def test_a_run_goes_on_where_it_was(run: Dataset) -> None:
    half = gr.restart(run.isel(t=slice(0, 6)), setting=BOTH)
    on = gr.run(BOTH, steps=7, initial=half)
    for name in ("a", "bias", "margins", "norms"):
        np.testing.assert_allclose(on[name][-1], run[name][-1], rtol=0, atol=1e-13)


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
def test_data_and_filters_are_those_of_the_network_without(sampling: str) -> None:
    start = draw(BOTH, VALUES, 5, sampling)
    plain = draw(declared(), VALUES, 5, sampling)
    assert np.array_equal(start.z[..., :-2], plain.z) and np.array_equal(start.gram[:-2, :-2], plain.gram)
    assert np.array_equal(start.gram[-2:], np.eye(2, 9, k=7)) and np.array_equal(start.weight_gram, plain.weight_gram)
    reduced = start.reduced
    assert not reduced.z[..., -2:].any() and not reduced.gram[-2:].any() and not reduced.gram[:, -2:].any()


def test_what_they_start_at() -> None:
    for values, kappa in (({}, 1 / 3), ({"neurons": "sum"}, 1.0)):
        start = draw(declared(SecondLayer(), Biases()), {**VALUES, **values}, 0)
        assert np.array_equal(start.z[..., -2:], np.broadcast_to([0.0, kappa], (2, 3, 2)))
    named = draw(declared(SecondLayer(initial="a_0"), Biases(initial="a_0")), VALUES, 0)
    assert (named.z[..., -2:] == -0.3).all()
    many = [draw(BOTH, {**VALUES, "m": 500, "n": 2}, seed).z[..., -2:] for seed in (0, 1)]
    assert abs(many[0][..., 1].mean() - 1 / 500) < 0.03 and abs(many[0][..., 0].mean() + 0.3) < 0.03
    assert np.abs(many[0].std((0, 1)) - 0.2).max() < 0.02 < np.abs(many[0] - many[1]).max()
    first, second = many[0].reshape(-1, 2).T
    assert abs(np.mean((first - first.mean()) * (second - second.mean()))) < 0.15 * 0.2**2


@pytest.mark.parametrize("model", [
    declared(SecondLayer(), activation="tanh"), declared(None, Biases(), "softplus"),
    declared(SecondLayer(std="sigma_a"), Biases(std="sigma_a"), "square"),
], ids=["second layer", "biases", "both"])
def test_one_step_in_plain_python_is_training(model: Model) -> None:
    found = draw(model, VALUES, 0)
    assert found.vectors is not None and found.weights is not None
    instance = Instance(model, VALUES, found.vectors, found.weights, found.y)
    kernel = plain_kernel(model)
    assert residual(instance, kernel) <= 1e-12
    moved = np.abs(np.asarray(one_step(instance, kernel)[0]) - found.weights)[..., 60:]
    assert moved.shape[-1] == found.axes and all(moved[..., at].max() > 1e-4 for at in range(found.axes))


def test_from_kappa_the_filters_step_as_without_a_second_layer() -> None:
    after = []
    for model in (declared(), declared(SecondLayer())):
        found = draw(model, VALUES, 0)
        assert found.vectors is not None and found.weights is not None
        after.append(one_step(Instance(model, VALUES, found.vectors, found.weights, found.y), plain_kernel(model))[0])
    np.testing.assert_allclose(after[1][..., :60], after[0], rtol=0, atol=1e-15)


def test_the_recursion_reads_as_written() -> None:
    text = str(derive(declared(SecondLayer(std="sigma_a"), Biases())))
    for line in (
        "z(1)_{j,r,i} = y_i*<w_{j,r}, mu> + bias_{j,r}",
        "f_i = sum_{j,r} [ (ReLU(z(1)_{j,r,i}) + ReLU(z(2)_{j,r,i}))*a_{j,r}*j ]",
        "a_{j,r} <- a_{j,r} - (eta/n) sum_{i} [ l'_i*y_i * ReLU(z(1)_{j,r,i})*j + l'_i*y_i * ReLU(z(2)_{j,r,i})*j ]",
        "rho_{j,r,i} <- rho_{j,r,i} - (eta*||xi_i||^2/n) [ l'_i*y_i * 1{z(2)_{j,r,i} > 0}*a_{j,r}*j ]",
        "bias_{j,r}(0) = 0", "a_{j,r}(0) = 1/m + N(0, sigma_a^2)",
    ):
        assert line in text, line
    assert "second_layer" not in text and "biases" not in text and "kappa" not in text
    latex = derive(declared(None, Biases())).latex()
    assert r"b_{j,r}^{(t+1)} &= b_{j,r}^{(t)}" in latex and "second" not in latex


def test_a_declaration_keeps_them_as_data() -> None:
    assert from_plain(to_plain(BOTH)) == BOTH == replace(BOTH, title=BOTH.title)
    assert [family.name for family in BOTH.directions] == ["mu", "xi", "biases", "second_layer"]
    other = replace(BOTH, network=replace(BOTH.network, second_layer=SecondLayer(name="v")))
    assert other.directions[-1].coefficient.name == "v" and len(other.patches) == 3
    plain = BOTH.of_data
    assert plain.patches == declared().patches and plain.directions == declared().directions
    assert declared().of_data == declared()


@pytest.mark.parametrize(("make", "said"), [
    (lambda: replace(BOTH, network=declared().network), "'biases' is the axis of a number that these neurons lack"),
    (lambda: declared(SecondLayer(name="gamma")), "'gamma' is declared as second layer and as coefficient"),
    (lambda: declared(SecondLayer(name="loss")), "'loss' is a variable that every run has"),
    (lambda: declared(SecondLayer(std="nope")), "NeuronAxis.std: 'nope' is no parameter of this model"),
    (lambda: declared(SecondLayer(std="n")), "'n' is a count; expected a real"),
    (lambda: declared(SecondLayer(), observables=(MaxMargin(name="kkt", latex=""),)), "where filters alone"),
    (lambda: replace(BOTH, test=FreshLaw(fresh=("second_layer",))), "'second_layer' is no family of this model"),
    (lambda: declared(observables=(LayerBalance(name="B", latex=""),)), "it is of a trained second layer"),
    (lambda: declared(SecondLayer(), activation="tanh", observables=(LayerBalance(name="B", latex=""),)),
     "no q is known of 'tanh'"),
    (lambda: declared(SecondLayer(), observables=(Extreme(name="E", latex="", of="second_layer", reduce="max"),)),
     "'second_layer', which is not declared"),
    (lambda: replace(BOTH, parameters=(), algorithm=Bilevel(), test=FreshTasks()), "not go with a trained second"),
    (lambda: replace(declared(None, Biases()), parameters=(), algorithm=Bilevel()), "does not go with biases"),
])
def test_what_does_not_go_together_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ModelError, match=said.replace("(", r"\(")):
        make()


@pytest.mark.parametrize(("initial", "said"), [
    ({"a": np.ones((2, 2))}, r"initial\['a'\]: shape \(2, 2\); expected \(2, 3\)"),
    ({"a": [["x"]]}, r"initial\['a'\]"), ({"second_layer": np.ones((2, 3))}, "unknown key 'second_layer'"),
])
def test_arrays_that_do_not_fit_are_refused(run: Dataset, initial: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        gr.run(BOTH, steps=1, initial={**gr.restart(run, setting=BOTH), **initial})


def test_images_are_refused() -> None:
    with pytest.raises(InputError, match="layers trains more than them; leave the second layer"):
        source.inputs(BOTH)


def test_a_start_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="a_0: inf; expected a finite number"):
        draw(declared(SecondLayer(initial="a_0")), {**VALUES, "a_0": np.inf}, 0)


BALANCED = Statement(id="balanced", kind="inequality", text="a step moves a^2 - ||w||^2 by O(eta^2)",
                     claim="max[j,r](abs(next(balance) - balance))"
                           " <= eta**2*gradient_norm**2 + 1e-9*(1 + max[j,r](a**2))",
                     mutant="max[j,r](abs(next(balance) - balance)) <= 0")


@given(cases(declared(SecondLayer(), observables=(LayerBalance(name="balance", latex="B"),))))
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
def test_a_lemma_about_any_state_takes_states_of_the_neurons_own_numbers(case: Any) -> None:
    """Fails where the arrays of a state are those of the data's families alone, or of the axes as well."""
    verdict = judge(BALANCED, case)
    assert (verdict.failed, verdict.unknown) == (0, 0) and np.unique(case.whole("a").values[1]).size > 1
