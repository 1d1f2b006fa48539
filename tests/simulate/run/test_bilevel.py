"""Bilevel kernels and draws of tasks: compiled against plain, loops against BLAS, laws, fresh examples, text."""

from __future__ import annotations

import ast
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Bilevel, Model
from derivations.derive import derive
from derivations.generate import GENERATED
from derivations.papers.fomaml.model import METHODS, model
from dynamics.kernel import variants
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.variants import LANES_UPTO
from simulate.ask import parameters, settings
from simulate.ask.chosen import choose
from simulate.errors import InputError
from simulate.run.kernels import kernel_for
from simulate.run.problem import Start, problem_of
from simulate.start.draw import draw
from simulate.start.drawn import Draw
from tests.helpers.model_cases import KernelCases
from tests.helpers.slowly import where

SMALL: dict[str, Any] = {
    "n_tasks": 4, "n": 5, "n_train": 2, "m": 3, "d": 40, "M": 6, "J": 3, "eta_inner": 0.4, "eta": 0.3, "sigma_s": 0.1,
    "sigma_xi": 0.3, "sigma_0": 0.2, "test_tasks": 20, "test_query": 3,
}
WIDE = {**SMALL, "n_tasks": 80}  # more than LANES_UPTO directions, and more examples than dimensions


def put(given: dict[str, Any]) -> tuple[Model, dict[str, Any]]:
    """The model and every value."""
    resolved = parameters.resolve(settings.resolve("fomaml").factory, given)
    return resolved.model, dict(resolved.values)


def kernel_of(declared: Model) -> BilevelKernel:
    found = kernel_for(declared)
    assert isinstance(found, BilevelKernel)
    return found


class TestTwoLoops(KernelCases):
    """Every shipped kernel; all but one, which few other tests compile, among the slow ones."""

    steps = 4

    @pytest.fixture(scope="class", ids="-".join, params=where(
        ("train-validation", "huberized").__eq__, itertools.product(METHODS, ["huberized", "relu"]), whole=True
    ))
    @classmethod
    def start(cls, request: pytest.FixtureRequest) -> Start:
        method, activation = request.param
        return problem_of(choose("fomaml", {**SMALL, "method": method, "activation": activation})).start(1)


def _run(kernel: BilevelKernel, drawn: Draw, values: dict[str, Any], at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = kernel.run(drawn.z, np.zeros_like(drawn.z), drawn.gram, drawn.y, values, int(at[-1]), at)
    return found.z, found.b


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "projected"), where(("train-validation", True).__eq__, itertools.product(METHODS, [True, False]))
)
def test_every_coupling_takes_the_same_step(method: str, projected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops or lanes, the Gram matrix by BLAS and the noise basis: one product in three orders of summation.

    Tasks are adapted one by one, or eight by eight.  One step adds eta sum_b g_b G_bc, so two orders differ by at most
    (terms) eps times eta sum_b |g_b| |G_bc|.
    """
    declared, values = put({**WIDE, "method": method, "project_noise": projected})
    drawn, kernel = draw(declared, values, 2), kernel_of(declared)
    assert drawn.vectors is not None and drawn.z.shape[2] >= LANES_UPTO
    at, size = np.array([1]), drawn.z.shape[2]
    alone = replace(kernel, lanes_path=None)
    monkeypatch.setattr(variants, "LANES_UPTO", size + 1)
    on_lanes = _run(kernel, drawn, values, at)
    monkeypatch.undo()
    for apart, variant in ((_run(kernel.looped(kernel.loops), drawn, values, at), alone), (on_lanes, kernel)):
        z, b = (part[-1] for part in apart)
        bound = 2 * size * np.finfo(float).eps * (np.abs(b) @ (np.abs(drawn.vectors) @ np.abs(drawn.vectors).T)).max()
        bound += 4 * np.finfo(float).eps * np.abs(z).max()
        for coupled in (variant, variant.through(drawn.vectors)):
            same_z, same_b = (part[-1] for part in _run(coupled, drawn, values, at))
            np.testing.assert_array_equal(same_b, b)
            assert np.abs(same_z - z).max() <= bound
    rank = kernel.through(drawn.vectors).coupling(drawn.gram, values, drawn.tasks, drawn.examples).rank
    assert 0 < rank <= 40 - 7 * projected


def test_the_coupling_is_the_cheaper_one() -> None:
    """d above twice the number of examples: the Gram matrix; below: the noise basis, printed by the run."""
    for given, said in (({**SMALL, "d": 400}, "Gram matrix, for 24"), (WIDE, "a noise basis of 33 dimensions")):
        notes = gr.run("fomaml", given, steps=1, observables=["loss"]).attrs["notes"]
        assert said in notes


def test_nothing_is_allocated_in_the_loops() -> None:
    for path in GENERATED.glob("fomaml_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
        for name in ("adapt", "meta_gradient", "plain_gradient", "gather", "scatter", "couple_all", "advance"):
            if name in functions:
                calls = [c for c in ast.walk(functions[name]) if isinstance(c, ast.Call)]
                made = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr in ("zeros", "empty")]
                assert not made, (path.name, name)
        loops = [node for node in ast.walk(functions["run"]) if isinstance(node, ast.For)]
        assert not [c for loop in loops for c in ast.walk(loop)
                    if isinstance(c, ast.Call) and isinstance(c.func, ast.Attribute) and c.func.attr == "zeros"]


# ---- what is drawn ------------------------------------------------------------------------------------------


def test_drawn_tasks_are_what_definitions_3_1_and_3_2_say() -> None:
    declared, values = put({**SMALL, "d": 60})
    drawn = draw(declared, values, 3)
    assert drawn.vectors is not None and drawn.watched is not None and drawn.watched.vectors is not None
    nu, z = drawn.watched.vectors[:1], drawn.watched.vectors[1:]
    tasks, xi = drawn.vectors[:4], drawn.vectors[4:]
    np.testing.assert_array_equal(tasks, nu + z[drawn.watched.chosen])
    assert np.linalg.norm(nu) == 1.0 and np.all(z @ nu[0] == 0) and np.all(xi @ drawn.watched.vectors.T == 0)
    realise = nu[0] / (nu[0] @ nu[0])  # theta* of Section 1.3
    np.testing.assert_allclose(tasks @ realise, 1.0, rtol=1e-15)


def test_noise_that_is_not_projected_has_every_dimension() -> None:
    declared, values = put({**SMALL, "project_noise": False})
    drawn = draw(declared, values, 3)
    assert drawn.vectors is not None and drawn.watched is not None and drawn.watched.vectors is not None
    assert np.abs(drawn.vectors[4:] @ drawn.watched.vectors.T).min() > 0


@pytest.mark.parametrize("given", [SMALL, {**WIDE, "d": 30}, {**SMALL, "project_noise": False}])
def test_gram_draws_have_the_law_of_vector_draws(given: dict[str, Any]) -> None:
    """Means over 400 draws of the lengths, the tasks' products and z^2, within five standard errors of each other."""
    declared, values = put({**given, "n_tasks": 3, "n": 3, "n_train": 1, "M": 4} if given is SMALL else given)
    many = 400 if len(given) and given is SMALL else 60
    found = [[_moments(draw(declared, values, seed, sampling)) for seed in range(many)] for sampling in
             ("vectors", "gram")]
    means, errors = (np.array([statistic(part, axis=0) for part in found]) for statistic in (np.mean, np.std))
    scale = np.sqrt((errors**2).sum(0) / many) + 1e-12
    assert np.abs(means[0] - means[1]).max() < 5 * scale.max() and np.all(np.abs(means[0] - means[1]) < 5 * scale)


def _moments(drawn: Draw) -> np.ndarray:
    tasks = drawn.tasks
    noise = drawn.gram[tasks:, tasks:]
    assert drawn.watched is not None
    return np.array([
        drawn.gram[0, 0], drawn.gram[0, 1], noise[0, 0], noise[0, 1] ** 2, noise[0, 0] ** 2, drawn.gram[0, tasks] ** 2,
        (drawn.z[..., 0] ** 2).mean(), (drawn.z[..., tasks] ** 2).mean(), (drawn.watched.z**2).mean(),
        drawn.watched.gram[1, 1], (drawn.watched.across[0] ** 2).mean(), np.trace(drawn.weight_gram),
    ])


def test_gram_draws_are_consistent_and_any_dimension_will_do() -> None:
    for d in (1e3, float(np.exp(100)), 1e300):
        declared, values = put({**SMALL, "d": d, "sigma_xi": 2 / d**0.5, "sigma_s": 0.2 / d**0.5})
        drawn = draw(declared, values, 0, "gram")
        assert drawn.watched is not None
        chosen = 1 + drawn.watched.chosen
        np.testing.assert_allclose(drawn.z[..., :4], drawn.watched.z[..., [0]] + drawn.watched.z[..., chosen],
                                   rtol=1e-12, atol=1e-14)
        assert np.linalg.eigvalsh(drawn.gram).min() > -1e-14  # tasks repeat
        assert np.isfinite(gr.run("fomaml", {**SMALL, "d": d, "sigma_xi": 2 / d**0.5, "sigma_s": 0.2 / d**0.5},
                                  steps=3, sampling="gram")["test_loss_adapted"]).all()


def test_balanced_labels_are_balanced_in_each_split() -> None:
    declared, values = put({**SMALL, "n": 8, "n_train": 4, "balanced": True})
    y = draw(declared, values, 0).y.reshape(4, 8)
    assert np.all(y[:, :4].sum(1) == 0) and np.all(y[:, 4:].sum(1) == 0)
    assert len({tuple(row) for row in y}) > 1


def test_one_seed_is_one_draw_whatever_the_method() -> None:
    first, second = (draw(*put({**SMALL, "method": method}), 5) for method in ("train-train", "reptile"))
    assert first.z.tobytes() == second.z.tobytes() and first.y.tobytes() == second.y.tobytes()


# ---- runs ---------------------------------------------------------------------------------------------------


def test_a_run_is_labelled_and_rebuilds_its_weights() -> None:
    data = gr.run("fomaml", SMALL, steps=6, seed=2)
    sizes = {"t": 7, "j": 2, "r": 3, "task": 4, "i": 5}
    assert {name: data.sizes[name] for name in sizes} == sizes
    assert data["g"].dims == ("t", "j", "r", "task") and data["rho"].dims == ("t", "j", "r", "task", "i")
    assert data["margins"].dims == ("t", "task", "i") and data["signal_adapted"].dims == ("t", "j", "task")
    np.testing.assert_allclose(data["alpha"], data["g"].sum("task"), rtol=1e-15)
    drawn = draw(*put(SMALL), 2)
    assert drawn.vectors is not None and drawn.weights is not None
    W = gr.weights(data)
    signs = np.array([1.0, -1.0])[:, None, None]
    change = signs * (data["g"][-1].values @ drawn.vectors[:4])
    change = change + signs * ((data["rho"][-1].values.reshape(2, 3, 20) * drawn.y) @ drawn.vectors[4:])
    np.testing.assert_allclose(W, drawn.weights + change, rtol=0, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_both_engines_give_the_same_observables(method: str) -> None:
    """Two tasks are one dictionary entry, so W determines no coefficients, but all that is seen of it."""
    given = {**SMALL, "d": 60, "method": method}
    ours, theirs = (gr.run("fomaml", given, steps=8, seeds=2, engine=engine) for engine in ("reduced", "weights"))
    missing = {name for name in ours if name not in theirs}
    assert missing == {"g", "rho", "alpha", "T_1", "T_2", "T_3"} and "linearly dependent" in theirs.attrs["notes"]
    assert ours["status"].values.tolist() == theirs["status"].values.tolist() == ["ok", "ok"]
    for name in set(theirs) - {"status", "message"}:
        scale = max(1.0, float(np.abs(ours[name]).max()))
        assert float(np.abs(ours[name] - theirs[name]).max()) <= 1e-13 * scale, name


def test_the_callers_arrays_run_and_disagreeing_ones_are_refused() -> None:
    drawn = draw(*put(SMALL), 0)
    assert drawn.vectors is not None and drawn.watched is not None and drawn.watched.vectors is not None
    arrays = {"W": drawn.weights, "nu_k": drawn.vectors[:4], "xi": drawn.vectors[4:].reshape(4, 5, 40),
              "y": drawn.y.reshape(4, 5)}
    given = {name: value for name, value in SMALL.items() if name not in ("n_tasks", "n", "m", "d")}
    own = gr.run("fomaml", given, steps=4, initial=arrays)
    same = gr.run("fomaml", SMALL, steps=4, observables=["g", "loss"])
    np.testing.assert_array_equal(own["g"], same["g"])
    unknown = "not known: Lambda needs vectors that the arrays do not tell"
    assert "T_2" not in own and f"T_2 is left out: {unknown}" in own.attrs["notes"] and int(own["T_1"]) >= -1
    with pytest.raises(InputError, match=f"^T_2: {unknown}; give other parameters, or another observable$"):
        gr.run("fomaml", given, steps=4, initial=arrays, observables=["g", "loss", "T_2"])
    features = {"nu": drawn.watched.vectors[0], "z": drawn.watched.vectors[1:]}
    whole = gr.run("fomaml", given, steps=4, initial={**arrays, **features}, observables=["Lambda", "test_loss"])
    np.testing.assert_array_equal(whole["Lambda"], gr.run("fomaml", SMALL, steps=4, observables=["Lambda"])["Lambda"])
    with pytest.raises(InputError, match="initial\\['y'\\]"):
        gr.run("fomaml", given, steps=1, initial={**arrays, "y": drawn.y})


@pytest.mark.parametrize(("change", "message"), [
    ({"n_train": 5}, "leaves nothing to validate on"), ({"d": 5}, "has no room"), ({"M": 39}, "leaves no dimension"),
    ({"fresh": True, "engine": "weights"}, "draws examples afresh"),
])
def test_bad_input_is_one_sentence(change: dict[str, Any], message: str) -> None:
    engine = str(change.get("engine", "reduced"))
    given = {name: value for name, value in change.items() if name != "engine"}
    with pytest.raises(InputError, match=message):
        gr.run("fomaml", {**SMALL, **given}, steps=1, engine=engine)


def test_a_task_family_needs_a_bilevel_algorithm_and_a_penalty_none() -> None:
    whole = model()
    from dataclasses import replace

    from derivations.declare import GradientDescent, Objective

    with pytest.raises(ValueError, match="over tasks"):
        replace(whole, algorithm=GradientDescent())
    with pytest.raises(ValueError, match="gradient penalty"):
        replace(whole, objective=Objective(loss="logistic", penalty="full"))
    with pytest.raises(ValueError, match="method"):
        replace(whole, algorithm=Bilevel(method="maml"))  # type: ignore[arg-type]


# ---- fresh examples before every step -----------------------------------------------------------------------


def test_fresh_examples_train_like_weights_on_the_same_examples() -> None:
    """W after 4 steps from examples drawn afresh, against autograd's step on each step's own examples."""
    from simulate.run import tasks
    from simulate.train import weights

    for method in METHODS:
        declared, values = put({**SMALL, "fresh": True, "method": method})
        start, kernel = draw(declared, values, 7), kernel_of(declared)
        met = [(now.t, now.draw) for now in tasks.path(kernel, declared, values, start, 7, 4)]
        assert len({state.y.tobytes() for _, state in met}) > 1 and [t for t, _ in met] == [0, 1, 2, 3, 4]
        for (_, before), (_, after) in itertools.pairwise(met):
            assert before.vectors is not None and before.weights is not None and after.weights is not None
            stepped = weights.step(declared, before.vectors, before.y, before.weights, {**values, "fresh": False})
            assert np.abs(stepped - after.weights).max() <= 1e-12 * np.abs(stepped).max()


def test_a_fresh_run_keeps_the_tasks_and_their_coefficients() -> None:
    data = gr.run("fomaml", {**SMALL, "fresh": True}, steps=5, record=[0, 2, 5])
    assert "rho" not in data and data["g"].sizes["t"] == 3 and np.all(data["g"].diff("t") >= 0)
    assert data["test_loss"].sizes["t"] == 3 and data["Lambda"].dims == ("t", "j")
    drawn = draw(*put(SMALL), 0)
    assert drawn.watched is not None
    signs = np.array([1.0, -1.0])[:, None]
    moved = (signs * drawn.watched.z[..., 0] + data["alpha"][-1].values).max(1)  # <nu_k, nu> = ||nu||^2 = 1
    np.testing.assert_allclose(data["Lambda"][-1], moved, rtol=1e-12)


# ---- shown --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_two_loops_are_shown(method: str) -> None:
    found = derive(model(method))
    text, latex = str(found), found.latex()
    assert "Inner loop on every task k, tau = 0 .. J - 1" in text and "Outer step, from t to t + 1" in text
    inner, outer = text.split("Outer step")
    assert ("S_k^tr" in inner) == (method == "train-validation") == ("S_k^val" in outer)
    assert latex.count(r"\begin{align*}") == 6 and r"(t,\tau)" in latex and r"\frac{\eta}{K" in latex
    if method == "reptile":
        assert "(eta/K) g~_{j,r,k}^(t,J)" in outer
    else:
        assert ("eta/(K*n_2)" if method == "train-validation" else "eta/(K*n)") in outer


def test_phase_on_fresh_examples_is_what_a_run_gives_and_refuses_what_is_not_kept() -> None:
    given = {**{name: value for name, value in SMALL.items() if name not in ("eta", "J")}, "fresh": True}

    def cells(observable: str) -> Any:
        x, y = ("eta", [0.4, 0.8]), ("J", [1, 3])
        return gr.phase("fomaml", given, x=x, y=y, steps=4, seeds=1, observable=observable)

    alone = gr.run("fomaml", {**given, "eta": 0.4, "J": 1}, steps=4)
    assert float(cells("alpha:max")["alpha:max"][0, 0, 0]) == float(alone["alpha"][-1].max()) > 0
    with pytest.raises(InputError, match="rho"):
        cells("rho:max")


@pytest.mark.slow
def test_fresh_runs_keep_what_is_not_drawn_again_scaled_or_not() -> None:
    """Random features of tasks stay, with their coefficients scaled by ||v||^2; noise is drawn again."""
    from dataclasses import replace

    from derivations.declare import Coefficient, Directions, FixedLaw, FreshTasks, GaussianLaw
    from simulate.run import tasks

    own = Directions(name="own_k", over="task", latex="v", law=GaussianLaw(std="sigma_s"),
                     coefficient=Coefficient(name="a", latex="a", signed=True))
    nu = Directions(name="nu", over="one", latex=r"\nu", law=FixedLaw(norm="nu_norm"),
                    coefficient=Coefficient(name="gamma", latex="g", signed=True))
    whole = model("train-train")
    xi = replace(whole.directions[1], law=GaussianLaw(std="sigma_xi", off=("nu",)))
    from derivations.declare import Patch

    declared = replace(whole, name="own", directions=(nu, own, xi), observables=(), events=(), balanced="",
                       patches=(Patch(direction="nu", scale="label"), Patch(direction="own_k", scale="label"),
                                Patch(direction="xi")), test=FreshTasks(fresh=("xi",)))
    given = {name: value for name, value in SMALL.items() if name not in ("M",)}
    data = gr.run(declared, {**given, "fresh": True}, steps=4, record="all")
    assert "rho" not in data and float(data["a"][-1].max()) > 0 and np.all(data["gamma"].diff("t") >= 0)
    values = parameters.resolve(declared, {**given, "fresh": True}).values
    start, kernel = draw(declared, values, 0), kernel_of(declared)
    states = list(tasks.path(kernel, declared, values, start, 0, 2))
    assert start.vectors is not None and states[2].draw.vectors is not None
    np.testing.assert_array_equal(states[2].draw.vectors[:5], start.vectors[:5])
    assert not np.any(states[2].draw.vectors[5:] == start.vectors[5:], where=start.vectors[5:] != 0)


def test_a_dictionary_of_deviation_0_holds_zero_vectors_and_takes_no_dimension() -> None:
    for sampling in ("vectors", "gram"):
        lengths = [draw(*put({**SMALL, "sigma_s": 0, "M": 30, "sigma_xi": 1.0}), seed, sampling).gram[4:, 4:].trace()
                   for seed in range(40)]
        spread = np.sqrt(2 * 20 * 39 / 40)  # a sum of 20 chi-square variables of 39 degrees of freedom, 40 times
        assert abs(np.mean(lengths) - 20 * 39) < 5 * spread, sampling


def test_the_callers_features_must_make_up_the_tasks() -> None:
    drawn = draw(*put(SMALL), 0)
    assert drawn.vectors is not None and drawn.watched is not None and drawn.watched.vectors is not None
    arrays = {"W": drawn.weights, "nu_k": drawn.vectors[:4], "xi": drawn.vectors[4:].reshape(4, 5, 40),
              "y": drawn.y.reshape(4, 5), "nu": drawn.watched.vectors[0], "z": drawn.watched.vectors[1:]}
    given = {name: value for name, value in SMALL.items() if name not in ("n_tasks", "n", "m", "d", "M", "sigma_xi")}
    data = gr.run("fomaml", given, steps=1, initial=arrays, observables=["loss"])
    assert '"M": 6' in data.attrs["parameters"] and "sigma_xi = 10.42 is not told" in data.attrs["notes"]
    with pytest.raises(InputError, match="row 0 is not nu plus a row of z"):
        gr.run("fomaml", given, steps=1, initial={**arrays, "z": 2 * arrays["z"]})
    assert gr.validate("fomaml", given, steps=2, initial=arrays).verdict == "pass"


@pytest.mark.slow
def test_a_state_as_a_draw_of_its_own_has_the_same_test_law() -> None:
    """Also where a direction that stays is not orthogonal to the dictionary."""
    from dataclasses import replace

    from derivations.declare import Coefficient, Directions, FixedLaw, Patch
    from simulate.observe.fresh_tasks import fresh_task_statistics
    from simulate.run import tasks

    whole = model("train-train")
    mu = Directions(name="mu", over="one", latex="m", law=FixedLaw(norm="nu_norm"),
                    coefficient=Coefficient(name="gamma", latex="g", signed=True))
    declared = replace(whole, name="two", directions=(mu, *whole.directions),
                       patches=(Patch(direction="mu", scale="label"), *whole.patches))
    values = parameters.resolve(declared, {**SMALL, "sigma_s": 0.5}).values
    start, kernel = draw(declared, values, 0), kernel_of(declared)
    assert start.weights is not None and start.watched is not None and np.abs(start.watched.across[0, 1:]).max() > 0.1
    rest = np.zeros((1, *start.z.shape))
    own = tasks.rebased(start, start.weights)
    first, second = (fresh_task_statistics(declared, kernel, each, each.z[None], rest, values, 0, 200)
                     for each in (start, own))
    for name, found in first.items():
        np.testing.assert_allclose(second[name], found, rtol=1e-9, atol=1e-12, err_msg=name)
