"""Label flips: data follow the clean label, everything else the observed one; in both engines and in the test law."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gammarho as gr
from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    Extreme,
    FixedLaw,
    Flips,
    FreshLaw,
    GaussianLaw,
    GradientDescent,
    MixtureLaw,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
    SumPatch,
    from_plain,
    to_plain,
)
from derivations.derive import derive
from derivations.errors import ModelError
from derivations.show.shown import latex, text
from dynamics.chance.streams import stream
from dynamics.kernel.loading import plain_module
from simulate.ask.parameters import Resolved
from simulate.errors import InputError
from simulate.observe import observables as obs
from simulate.observe.fresh import fresh_statistics
from simulate.observe.seen import seen_by
from simulate.run.kernels import kernel_for
from simulate.run.problem import Problem
from simulate.start.draw import draw
from simulate.start.drawn import Draw
from simulate.testing import instances, models, plain_kernel, residual
from simulate.train.fresh import monte_carlo
from simulate.validate.compare import compare

MU = Directions(name="mu", over="one", latex=r"\mathbf{\mu}", law=FixedLaw(norm="mu_norm"),
                coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True))
XI = Directions(name="xi", over="sample", latex=r"\mathbf{\xi}",
                law=GaussianLaw(std="sigma_p", off=("mu",)),
                coefficient=Coefficient(name="rho", latex=r"\rho", split=True))
VALUES: dict[str, Any] = {
    "n": 12, "m": 4, "d": 60, "mu_norm": 2.0, "sigma_p": 0.5, "sigma_0": 0.1, "eta": 0.2, "p": 0.25, "noise": 0.2,
}
SMALL = settings(max_examples=5, suppress_health_check=list(HealthCheck))


def real(name: str) -> Parameter:
    kind: Any = "count" if name in ("n", "m") else "real"
    return Parameter(name=name, latex=name, meaning=name, kind=kind, default=VALUES[name])


def kou(**change: Any) -> Model:
    """Signal times the clean label and noise off it, ReLU, labels flipped with probability p."""
    declared: dict[str, Any] = {
        "name": "flipped", "title": "Flipped labels", "directions": (MU, XI), "label_flips": "p",
        "patches": (Patch(direction="mu", scale="clean"), Patch(direction="xi")),
        "network": Network(heads="signed", activation=Activation(name="relu")),
        "objective": Objective(loss="logistic"), "test": FreshLaw(fresh=("xi",)),
        "parameters": tuple(real(name) for name in VALUES),
    }
    return Model(**{**declared, **change})


def mixture(**change: Any) -> Model:
    """Examples y mu + noise with noisy labels."""
    x = Directions(name="x", over="sample", latex="x", law=MixtureLaw(mean_norm="mu_norm", std="sigma_p"),
                   coefficient=Coefficient(name="a", latex="a"))
    parts = {"directions": (x,), "patches": (Patch(direction="x"),), "test": FreshLaw(fresh=("x",)), **change}
    return kou(**parts)


# ---- the draw ---------------------------------------------------------------------------------------------


def test_labels_are_flipped_with_the_probability_and_the_clean_ones_kept() -> None:
    drawn = draw(kou(), {**VALUES, "n": 4000, "d": 3}, 1)
    share = np.mean(drawn.y != drawn.clean)
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 4000)
    assert set(np.unique(drawn.y)) == {-1.0, 1.0} and abs(drawn.clean.mean()) < 4 / np.sqrt(4000)
    assert abs(np.mean((drawn.y != drawn.clean) * drawn.clean)) < 4 * np.sqrt(0.25 / 4000)  # either label alike


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
def test_flips_change_no_other_part_of_the_draw(sampling: str) -> None:
    for declared in (kou(), mixture()):
        none = draw(declared, {**VALUES, "p": 0.0}, 3, sampling)
        some, all_ = (draw(declared, {**VALUES, "p": p}, 3, sampling) for p in (0.4, 1.0))
        assert (none.y == none.clean).all() and (all_.y == -none.y).all()
        assert 0 < np.sum(some.y != none.y) < 12
        for drawn in (some, all_):
            assert (drawn.clean == none.clean).all()
            assert (drawn.gram == none.gram).all() and (drawn.z == none.z).all()
    assert (draw(kou(label_flips=""), VALUES, 3, sampling).y == draw(kou(), {**VALUES, "p": 0.0}, 3, sampling).y).all()


@pytest.mark.slow
def test_flips_are_not_the_label_noise_of_any_step() -> None:
    declared = kou(algorithm=GradientDescent(label_noise="noise"))
    data = gr.run(declared, {"n": 12, "p": 0.25}, steps=2, seed=1)
    assert np.isfinite(data["loss"]).all()
    first = stream(1, "label_flips").random(12)
    assert not np.array_equal(first, stream(1, "flips", 0).random(12))
    assert not np.array_equal(first, stream(1, "labels").random(12))


@pytest.mark.parametrize(("p", "said"), [(1.5, "p: 1.5; expected a probability"), (-0.1, "p: -0.1"), (None, "p: None")])
def test_a_probability_out_of_range_is_refused(p: float | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        draw(kou(), {**VALUES, "p": p}, 0)


def arrays() -> dict[str, Any]:
    rng = np.random.default_rng(2)
    y = np.array([1.0, -1.0, 1.0, -1.0])
    return {"W": rng.normal(size=(2, 3, 9)), "mu": rng.normal(size=9), "xi": rng.normal(size=(4, 9)), "y": y}


def test_a_caller_brings_clean_labels_or_has_none_flipped() -> None:
    clean = np.array([1.0, 1.0, 1.0, -1.0])
    assert (draw(kou(), VALUES, 0, initial={**arrays(), "clean": clean}).clean == clean).all()
    assert (draw(kou(), VALUES, 0, initial=arrays()).clean == arrays()["y"]).all()
    with pytest.raises(InputError, match=r"initial\['clean'\]: label 2 at index 1"):
        draw(kou(), VALUES, 0, initial={**arrays(), "clean": [1, 2, 1, 1]})
    with pytest.raises(InputError, match=r"initial\['clean'\]: shape \(3,\), but xi has n = 4"):
        draw(kou(), VALUES, 0, initial={**arrays(), "clean": [1, 1, 1]})
    with pytest.raises(InputError, match="unknown key 'clean'"):
        plain = kou(label_flips="", patches=(Patch(direction="mu", scale="label"), Patch(direction="xi")))
        draw(plain, VALUES, 0, initial={**arrays(), "clean": clean})


def test_a_run_on_arrays_without_clean_labels_says_that_none_counts_as_flipped() -> None:
    """They were taken for unflipped without a word, though the model flips a quarter of them."""
    said = "initial's arrays tell no labels before flips, so none of y counts as flipped; give clean (n,)"

    def noted(p: float, initial: dict[str, Any] | None) -> bool:
        problem = Problem(Resolved(kou(), {**VALUES, "p": p}, ()), loaded=plain_kernel(kou())).on(initial)
        return said in problem.start(0).untold()

    assert noted(0.25, arrays())
    assert not noted(0.25, {**arrays(), "clean": arrays()["y"]})
    assert not noted(0.0, arrays()) and not noted(0.25, None)


# ---- the declaration and the derivation -------------------------------------------------------------------


def test_declarations_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="label_flips: no patch has scale 'clean'"):
        kou(patches=(Patch(direction="mu", scale="label"), Patch(direction="xi")))
    network = Network(heads="class", activation=Activation(name="relu"))
    heads = {"network": network, "objective": Objective(loss="cross_entropy")}
    with pytest.raises(ValueError, match="scale 'clean' needs labels"):
        kou(**heads)
    with pytest.raises(ValueError, match="label_flips: flipping needs labels"):
        kou(**heads, patches=(Patch(direction="mu"), Patch(direction="xi")))
    with pytest.raises(ValueError, match="label_flips: 'a b' is not an identifier"):
        kou(label_flips="a b")
    assert from_plain(to_plain(kou())) == kou()


def test_the_recursion_is_printed_with_the_clean_label() -> None:
    found = derive(kou())
    assert "<w_{j,r}, yhat_i mu>" in text(found) and re.search(r"yhat_i\*l'_i\*y_i|l'_i\*y_i\*yhat_i", text(found))
    assert r"\hat{y}_{i} \mathbf{\mu}" in latex(found)
    assert "clean[i]" in found.kernel_source()


def test_a_squared_clean_label_is_one() -> None:
    """Two clean patches of one example: their inner product holds no label."""
    penalised = kou(objective=Objective(loss="logistic", penalty="per_example"), parameters=())
    assert "clean[i]*clean[i]" not in derive(penalised).kernel_source()


def test_a_kernel_without_its_clean_labels_says_so() -> None:
    drawn, kernel = draw(kou(), VALUES, 0), plain_kernel(kou())
    with pytest.raises(ValueError, match="clean labels, and none are bound for 12 examples"):
        kernel.observe(drawn.z[None], drawn.gram, drawn.y, VALUES)
    other = kernel_for(mixture())
    assert other.bind(drawn.clean) is other


# ---- the engines ------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(instances(models().filter(lambda model: model.follows_clean)))
@SMALL
def test_random_models_with_clean_patches_match_training(instance: Any) -> None:
    from tests.simulate.validate.test_random_declarations import check

    check(instance)


def by_label(model: Any) -> tuple[Any, ...]:
    """The patches with the observed label in the place of the clean one."""
    def of(term: Any) -> Any:
        scale = term.scale if isinstance(term.scale, tuple) else (term.scale,)
        found = tuple("label" if factor == "clean" else factor for factor in scale)
        return replace(term, scale=found if isinstance(term.scale, tuple) else found[0])

    return tuple(
        replace(p, terms=tuple(map(of, p.terms))) if isinstance(p, SumPatch) else of(p) for p in model.patches
    )


def told_apart(model: Any) -> bool:
    """Whether the patches are patches still where the two labels are one: no product or sum has both."""
    try:
        by_label(model)
    except ModelError:
        return False
    return True


@pytest.mark.slow
@given(instances(models().filter(
    lambda model: model.follows_clean and not model.algorithm.options and told_apart(model))))
@SMALL
def test_the_kernel_is_that_of_label_patches_where_no_label_is_flipped(instance: Any) -> None:
    """And where labels are flipped, the kernel with "label" in the place of "clean" is another."""
    same = replace(instance, model=replace(instance.model, patches=by_label(instance.model)), clean=np.empty(0))
    unflipped = replace(instance, clean=np.empty(0))
    z, b = instance.z, 0 * instance.z
    given = (instance.gram, instance.y, instance.values, 1, np.array([1]))
    one = plain_kernel(unflipped.model).bind(unflipped.clean, instance.scalars).run(z, b, *given)
    two = plain_kernel(same.model).bind(instance.y, instance.scalars).run(z, b, *given)
    np.testing.assert_allclose(one.z, two.z, rtol=1e-12, atol=1e-12 * np.abs(one.z).max(initial=1.0))


def test_a_kernel_that_follows_the_observed_label_is_caught() -> None:
    rng = np.random.default_rng(0)
    from simulate.testing import Instance

    vectors, W = rng.normal(size=(6, 9)) / 3, rng.normal(size=(2, 3, 9))
    y, clean = np.array([1.0, -1.0, 1.0, 1.0, -1.0]), np.array([1.0, 1.0, 1.0, -1.0, -1.0])
    instance = Instance(kou(), dict(VALUES), vectors, W, y, clean=clean)
    kernel = plain_kernel(kou())
    mutant = kernel.looped(plain_module(derive(kou()).kernel_source().replace("clean[i]", "y[i]"), "mutant"))
    assert residual(instance, kernel) <= 1e-12 < residual(instance, mutant)


@pytest.mark.slow
def test_runs_of_both_engines_agree_and_are_validated() -> None:
    runs = [gr.run(kou(), {"p": 0.3}, steps=40, seed=2, engine=engine) for engine in ("reduced", "weights")]
    for name in ("loss", "margins", "gamma", "rho", "rho_over", "test_error"):
        np.testing.assert_allclose(runs[0][name], runs[1][name], rtol=1e-9, atol=1e-11)
    assert gr.validate(kou(), {"p": 0.3}, steps=40, seed=2).verdict == "pass"
    drawn = draw(kou(), {**VALUES, "p": 0.3}, 2)
    assert (drawn.y != drawn.clean).any()
    wrong = kernel_for(kou()).bind(drawn.y)
    assert compare(kou(), wrong, drawn, {**VALUES, "p": 0.3}, 5).verdict == "fail"


@pytest.mark.usefixtures("plainly")
def test_margins_and_own_heads_go_by_the_observed_label() -> None:
    drawn = draw(kou(), VALUES, 5)
    flipped = drawn.y != drawn.clean
    assert flipped.any()
    kernel = kernel_for(kou()).bind(drawn.clean)
    seen = seen_by(kernel, drawn.z[None], drawn, VALUES)
    a = np.stack([drawn.clean * drawn.z[:, :, :1], drawn.z[:, :, 1:]])  # (P, H, m, n)
    f = 0.25 * (np.maximum(a, 0).sum(axis=(0, 2)) * np.array([1.0, -1.0])[:, None]).sum(axis=0)
    np.testing.assert_allclose(seen["margins"][0], drawn.y * f, rtol=1e-12)
    data = gr.run(kou(), {}, steps=5, seed=5)
    rho, over = data["rho"].isel(t=-1).values, data["rho_over"].isel(t=-1).values
    own = np.array([1, -1])[:, None] == drawn.y
    np.testing.assert_array_equal(over, np.where(own[:, None, :], rho, 0.0))


@pytest.mark.slow
def test_observables_that_need_the_patches_see_the_clean_label() -> None:
    counted = kou(observables=(Flips(name="flipped", latex="f"), Extreme(name="top", latex="t", of="xi", reduce="max")))
    data = gr.run(counted, {"p": 0.4}, steps=30, seed=2, record="all")
    drawn = draw(counted, {**VALUES, "p": 0.4}, 2)
    path = kernel_for(counted).bind(drawn.clean).run(
        drawn.z, 0 * drawn.z, drawn.gram, drawn.y, {**VALUES, "p": 0.4}, 30, np.arange(31)
    )
    a = np.concatenate([drawn.clean * path.z[..., :1], path.z[..., 1:]], axis=-1) > 0
    np.testing.assert_array_equal(data["flipped"].values[1:], np.cumsum((a[1:] != a[:-1]).sum(axis=(1, 2, 3))))
    assert "clean" not in obs.names(counted)


# ---- the test law -----------------------------------------------------------------------------------------


def at_start(declared: Model, values: dict[str, Any], size: int = 40_000) -> tuple[dict[str, Any], Draw]:
    drawn = draw(declared, values, 4)
    kernel = kernel_for(declared)
    found = fresh_statistics(
        declared, kernel, drawn, drawn.z[None], 0 * drawn.z[None], values, 4, size
    )
    return {name: float(value[0]) for name, value in found.items()}, drawn


@pytest.mark.parametrize("declared", [kou(), mixture()], ids=["signal", "mixture"])
def test_a_fresh_label_is_flipped_with_the_same_probability(declared: Model) -> None:
    """error = (1 - p) err + p (1 - err), on the same noise; the loss likewise, its flip's being l(-u) = l(u) + u."""
    values = {**VALUES, "sigma_0": 0.4}
    laws = [FreshLaw(fresh=declared.test.drawn, flips=flips) for flips in (True, False)]
    noisy, clean = (at_start(replace(declared, test=law), values)[0] for law in laws)
    err = clean["test_error"]
    assert noisy["test_error"] == pytest.approx(0.75 * err + 0.25 * (1 - err), abs=1e-12)
    assert noisy["test_error_se"] == pytest.approx(0.5 * clean["test_error_se"], rel=1e-9)
    assert noisy["test_loss"] > clean["test_loss"] or err > 0.5
    assert at_start(declared, {**values, "p": 0.0})[0] == pytest.approx(clean)
    sure = at_start(declared, {**values, "p": 1.0})[0]
    assert sure["test_error"] == pytest.approx(1 - err, abs=1e-12)
    assert noisy["test_loss"] == pytest.approx(0.75 * clean["test_loss"] + 0.25 * sure["test_loss"], rel=1e-12)


@pytest.mark.parametrize("flips", [True, False])
@pytest.mark.parametrize("scale", ["clean", "label"])
def test_the_law_agrees_with_fresh_examples_in_d_dimensions(flips: bool, scale: Any) -> None:
    """With a third patch that follows the observed label, too."""
    third = (*kou().patches, Patch(direction="mu", scale=scale))
    declared = kou(test=FreshLaw(fresh=("xi",), flips=flips), patches=third)
    values = {**VALUES, "sigma_0": 0.4}
    found, drawn = at_start(declared, values)
    assert drawn.vectors is not None and drawn.weights is not None
    direct = monte_carlo(declared, drawn.vectors, drawn.weights, values, np.random.default_rng(1), 40_000)
    assert abs(found["test_error"] - direct.error) < 4 * np.hypot(found["test_error_se"], direct.error_se)
    assert abs(found["test_loss"] - direct.loss) < 4 * np.hypot(found["test_loss_se"], direct.loss_se)


@pytest.mark.slow
def test_the_meaning_says_which_label_judges() -> None:
    for flips, said in ((True, "flipped with probability p"), (False, "by its clean label")):
        data = gr.run(kou(test=FreshLaw(fresh=("xi",), flips=flips)), steps=1)
        assert said in data["test_error"].attrs["meaning"] and said in data["test_loss"].attrs["meaning"]


@given(st.floats(0.0, 1.0))
@SMALL
@pytest.mark.usefixtures("plainly")
def test_a_phase_diagram_and_a_check_bind_the_clean_labels(p: float) -> None:
    from simulate.check.bench import started
    from simulate.check.cases import trajectory_case

    values = {**VALUES, "p": p}
    start = started(Problem(Resolved(kou(), dict(values), ())), 1)
    case = trajectory_case(start, 2, np.array([0, 2]), {})
    assert np.array_equal(case.whole("yhat").values, start.draw.clean) and case.diverged == -1
    assert np.array_equal(case.whole("y").values, start.draw.y)


@pytest.mark.usefixtures("plainly")
def test_a_phase_diagram_over_the_flip_probability() -> None:
    found = gr.phase(kou(), {"n": 8}, x=("p", [0.0, 0.4]), y=("mu_norm", [0.5, 3.0]), steps=30, observable="loss")
    assert np.isfinite(found["loss"].values).all()
    alone = gr.run(kou(), {"n": 8, "p": 0.4, "mu_norm": 3.0}, steps=30, sampling="gram", record=[30])
    cell = found["loss"].isel(seed=0).sel(p=0.4, mu_norm=3.0)
    assert float(cell) == pytest.approx(float(alone["loss"][-1]), rel=1e-12)


@pytest.mark.usefixtures("plainly")
@pytest.mark.parametrize("test_sampling", ["draws", "importance"])
def test_where_no_clean_label_is_missed_the_error_is_the_share_of_flips_and_has_no_spread(test_sampling: str) -> None:
    data = gr.run(kou(), {"n": 8, "p": 0.1, "mu_norm": 5.0, "sigma_p": 1e-3}, steps=30, record=[30], sampling="gram",
                  observables="test_error,test_error_se,test_error_upper", test_sampling=test_sampling)
    error, spread, bound = (float(data[name].values[0]) for name in ("test_error", "test_error_se", "test_error_upper"))
    assert error == pytest.approx(0.1, abs=1e-15) and spread == 0.0
    open_draws = 512 if test_sampling == "draws" else 4096
    assert bound == pytest.approx(0.1 + 0.9 * 3.0 / open_draws, rel=1e-3)
