"""Patches that are sums of terms: the reduced dynamics and the test law against training, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from derivations.declare import (
    Angle,
    Bernoulli,
    Constant,
    GaussianLaw,
    GaussianScalar,
    Model,
    OfLabel,
    Patch,
    RandomSign,
    SumPatch,
    Term,
    UniformScalar,
    from_plain,
    to_plain,
)
from derivations.derive import derive
from derivations.errors import ModelError
from dynamics.kernel.loading import plain_module
from simulate.ask import parameters
from simulate.errors import InputError
from simulate.observe.fresh import fresh_statistics
from simulate.observe.fresh_cases import cases_of_fresh
from simulate.start.draw import draw
from simulate.testing import Instance, clear, instances, kinks, models, plain_kernel, residual
from simulate.train import fresh as weights_fresh
from simulate.validate.compare import compare
from tests.helpers.sums_of_terms import EPS, UP, family, views, xor

SETTINGS = {"xor": xor, "views": views}


def values_of(model: Model, **more: Any) -> dict[str, Any]:
    return {"lam_until": None, **dict(parameters.resolve(model, more).values)}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_declared_sum_passes_validation(setting: str) -> None:
    model = SETTINGS[setting]()
    values = values_of(model)
    drawn = draw(model, values, 3)
    found = compare(model, plain_kernel(model).bind(drawn.clean, drawn.scalars), drawn, values, 8)
    assert found.verdict == "pass", str(found)
    one_step = [row for row in found.rows if row.what.startswith("one step")]
    assert one_step and max(row.difference for row in one_step) <= 1e-12
    assert {"test law: labels", "test law: covariances", "test_error, drawn in d dimensions"} <= {
        row.what for row in found.rows}


def is_sum(model: Model) -> bool:
    return bool(model.scalars) or any(len(patch.terms) > 1 for patch in model.patches)


@pytest.mark.slow
@given(instances(models().filter(is_sum)))
@settings(suppress_health_check=list(HealthCheck), max_examples=10)
def test_random_sums_match_training(instance: Instance) -> None:
    if clear(instance, kinks(instance.model, instance.values)):
        assert residual(instance, plain_kernel(instance.model)) <= 1e-12


WRONG = [
    ("scalar_eps[i]*", ""),  # the sign of a cluster forgotten
    ("scalar_up[i]*", ""),  # both labels on one cluster
    ("*z[h, r, at_nu]", "*z[h, r, at_mu]"),
]


@pytest.mark.parametrize(("right", "wrong"), WRONG)
def test_a_wrong_term_is_caught(right: str, wrong: str) -> None:
    rng, model = np.random.default_rng(2), xor()
    y = np.array([1.0, -1.0, 1.0, -1.0, -1.0])
    eps = np.array([1.0, 1.0, -1.0, -1.0, 1.0])
    given_ = {"eps": eps, "up": np.maximum(y, 0), "down": np.maximum(-y, 0)}
    instance = Instance(model, values_of(model), rng.normal(size=(7, 9)) / 3, rng.normal(size=(2, 3, 9)), y,
                        scalars=given_)
    kernel, source = plain_kernel(model), derive(model).kernel_source()
    assert right in source
    mutant = kernel.looped(plain_module(source.replace(right, wrong), "mutant"))
    assert residual(instance, kernel) <= 1e-12 < residual(instance, mutant)


def test_the_sum_is_printed_once_and_its_scalars_are_said() -> None:
    text, latex = str(derive(xor())), derive(xor()).latex()
    assert "x_i = eps_i*up_i mu + down_i*eps_i nu + xi_i" in text
    assert "eps_i: +1 or -1, each with probability 1/2" in text
    assert "l'_i*eps_i*up_i*y_i * 1{<w_{j,r}, x_i> > 0}*j" in text
    assert r"\mathbf{x}_{i} &= \epsilon_{i} \mathrm{up}_{i}" in latex
    assert r"\langle \mathbf{w}_{k,r}^{(t)}, {\mathbf{x}^{(2)}}_{i}\rangle" in derive(views()).latex()


def test_squares_of_signs_and_of_indicators_are_taken() -> None:
    """The squared length of a patch has no power of a scalar that is its own square, or whose square is 1."""
    penalised = xor(objective=replace(xor().objective, penalty="per_example"),
                    parameters=(*xor().parameters, replace(xor().parameter("sigma"), name="lam")))
    source = derive(penalised).kernel_source()
    assert "scalar_eps[i]*scalar_eps[i]" not in source and "scalar_up[i]*scalar_up[i]" not in source


def test_a_declaration_survives_as_plain_data() -> None:
    for make in SETTINGS.values():
        assert from_plain(to_plain(make())) == make()


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
@pytest.mark.parametrize("cosine", [0.5, 0.0, 1.0, -1.0])
def test_fixed_directions_have_their_angle_and_noise_is_off_them(sampling: str, cosine: float) -> None:
    model = xor()
    drawn = draw(model, values_of(model, cosine=cosine), 0, sampling)
    inner = np.array([[4.0, 4.0 * cosine], [4.0 * cosine, 4.0]])
    np.testing.assert_allclose(drawn.gram[:2, :2], inner, rtol=0, atol=1e-14)
    assert (drawn.gram[:2, 2:] == 0).all()


@pytest.mark.slow
def test_noise_off_one_of_two_equal_directions_keeps_the_other_dimensions() -> None:
    """Of mu = nu one dimension is taken, not two: the mean square of a noise vector is sigma^2 (d - 1)."""
    model = xor()
    values = values_of(model, cosine=1.0, d=4, n=4000, m=1, sigma=1.0)
    for sampling in ("vectors", "gram"):
        squares = np.diag(draw(model, values, 1, sampling).gram)[2:]
        assert squares.mean() == pytest.approx(3.0, abs=5 * np.sqrt(6 / 4000))


def test_three_vectors_at_equal_angles() -> None:
    simplex = views(angles=(Angle(first="u", second="u", cosine=-0.5),))
    gram = draw(simplex, values_of(simplex), 0).gram
    np.testing.assert_allclose(gram[:3, :3], 1.5 * np.eye(3) - 0.5, atol=1e-14)
    np.testing.assert_allclose(gram[3:6, :3], 0, atol=1e-14)
    with pytest.raises(InputError, match=r"angles: no vectors have the cosines -0\.6 at once"):
        draw(views(angles=(Angle(first="u", second="u", cosine=-0.6),)), values_of(views()), 0)


def test_the_cases_of_a_fresh_example_are_all_of_them() -> None:
    """Flips, clusters and views: each with its probability, none of probability 0."""
    model = xor()
    cases = cases_of_fresh(model, values_of(model, flipped=0.25))
    told = {(c, y, e, u): p for c, y, e, u, p in zip(
        cases.clean, cases.labels, cases.scalars["eps"], cases.scalars["up"], np.asarray(cases.shares), strict=True)}
    assert len(told) == 8 and sum(told.values()) == pytest.approx(1.0)
    for (clean, y, _, up), chance in told.items():
        assert up == (clean > 0) and chance == pytest.approx(0.25 * (0.75 if clean == y else 0.25))
    assert len(cases_of_fresh(views(), values_of(views(), presence=1.0)).labels) == 3


def test_the_error_of_each_class_is_over_the_views_that_it_has() -> None:
    """As drawn in d dimensions, within five standard errors; a view that is always there errs less."""
    model = views()
    values = values_of(model, sigma=0.3, presence=0.5)
    drawn = draw(model, values, 4)
    assert drawn.vectors is not None and drawn.weights is not None
    b = np.zeros_like(drawn.z[None])
    for k in range(3):
        b[0, k, :, k], b[0, k, :, 3 + k] = 0.1, 0.6 + 0.2 * k
    W = drawn.weights + b[0] @ drawn.vectors
    z = W @ drawn.vectors.T

    def judged(presence: float) -> dict[str, Any]:
        network = weights_fresh.Network(model)
        return fresh_statistics(model, network, drawn, z[None], b, {**values, "presence": presence}, 0)

    found, sure = judged(0.5), judged(1.0)
    assert found["class_error"].shape == (1, 3) and np.ptp(found["class_error"]) > 0.05
    assert float(found["class_error"].mean()) == pytest.approx(float(found["test_error"][0]), abs=1e-12)
    seen = weights_fresh.monte_carlo(model, drawn.vectors, W, values, np.random.default_rng(1), 4000)
    assert abs(seen.error - found["test_error"][0]) <= 5 * np.hypot(seen.error_se, found["test_error_se"][0])
    assert float(found["test_error"][0] - sure["test_error"][0]) > 5 * seen.error_se


def test_scalars_are_the_same_for_a_seed_and_grow_with_their_probability() -> None:
    model = views()
    few, many = (draw(model, values_of(model, n=4000, m=1, d=7, presence=p), 0).scalars["seen"] for p in (0.2, 0.6))
    assert set(np.unique(few)) == {0.0, 1.0} and (few <= many).all()
    assert few.mean() == pytest.approx(0.2, abs=0.03) and many.mean() == pytest.approx(0.6, abs=0.04)


def test_a_caller_brings_the_scalars_that_are_drawn() -> None:
    model, rng = xor(), np.random.default_rng(0)
    arrays = {"mu": rng.normal(size=9), "nu": rng.normal(size=9), "xi": rng.normal(size=(2, 9)),
              "W": rng.normal(size=(2, 3, 9)), "y": np.array([1.0, -1.0]), "eps": np.array([-1.0, 1.0])}
    found = draw(model, values_of(model), 0, initial=arrays).scalars
    assert found["eps"].tolist() == [-1, 1] and found["up"].tolist() == [1, 0] and found["down"].tolist() == [0, 1]
    with pytest.raises(InputError, match="eps"):
        draw(model, values_of(model), 0, initial={k: v for k, v in arrays.items() if k != "eps"})
    with pytest.raises(InputError, match=r"initial\['eps'\]: shape \(3,\)"):
        draw(model, values_of(model), 0, initial={**arrays, "eps": np.ones(3)})


def sum_of(*scales: Any) -> SumPatch:
    return SumPatch(terms=tuple(Term(direction="mu", scale=scale) for scale in scales))


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: SumPatch(terms=()), "SumPatch.terms: none"),
    (lambda: sum_of("one", "one"), "SumPatch.terms: 'mu' with one scale is given twice"),
    (lambda: sum_of((EPS, UP), (UP, EPS)), "SumPatch.terms: 'mu' with one scale is given twice"),
    (lambda: Term(direction="mu", scale=(EPS, EPS)), "Term.scale: 'eps' is given twice"),
    (lambda: sum_of("cleen"), "Term.scale: 'cleen'; expected one of one, label, clean"),
    (lambda: Bernoulli(name="s", probability=1.5), "Bernoulli.probability: 1.5; expected a probability"),
    (lambda: UniformScalar(name="s", low=2.0, high=1.0), "UniformScalar.low and UniformScalar.high: 2 is above 1"),
    (lambda: GaussianScalar(name="s", std=-1.0), "GaussianScalar.std: -1; expected a standard deviation"),
    (lambda: Constant(name="s", value=float("nan")), "Constant.value: nan; expected a finite number"),
    (lambda: Angle(first="mu", second="nu", cosine=1.5), "Angle.cosine: 1.5; expected a number from -1 to 1"),
    (lambda: xor(patches=(Patch(direction="mu", scale=(EPS, RandomSign(name="mu"))),)), "'mu' is declared"),
    (lambda: xor(patches=(sum_of(UP, OfLabel(name="up", plus=2, minus=1)),)), "'up' is declared twice"),
    (lambda: xor(patches=(Patch(direction="mu", scale=RandomSign(name="clean")),)), "'clean' is an array"),
    (lambda: xor(patches=(sum_of(Constant(name="a", value="alpha")),)), "'alpha' is no parameter of this model"),
    (lambda: views(patches=(Patch(direction="u", scale=UP),)), "patches: scale 'up' needs labels"),
    (lambda: xor(patches=(SumPatch(terms=(Term(direction="nope"),)),)), "patches: 'nope' is not a declared family"),
    (lambda: xor(angles=(Angle(first="mu", second="xi", cosine=0.1),)), "'xi' is no fixed family"),
    (lambda: xor(angles=(Angle(first="mu", second="mu", cosine=0.1),)), "one vector has no angle with itself"),
    (lambda: xor(angles=2 * (Angle(first="mu", second="nu", cosine=0.1),)), "their angle is given twice"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_has_no_meaning_is_refused_in_a_sentence(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value) and ";" in str(caught.value)


def test_noise_is_not_projected_off_half_of_an_angle() -> None:
    half = family("xi", "sample", GaussianLaw(std="sigma", off=("mu",)))
    model = xor(directions=(*xor().directions[:2], half))
    with pytest.raises(InputError, match="xi: it is projected off mu, which has an angle with another fixed family"):
        draw(model, values_of(model), 0)
    assert draw(model, values_of(model, cosine=0.0), 0).y.size


def test_two_loops_take_no_sums() -> None:
    from derivations.papers.fomaml.model import model as fomaml

    whole = fomaml()
    first = whole.patches[0].terms[0]
    with pytest.raises(ModelError, match="a bilevel algorithm does not go with patches that are sums"):
        replace(whole, patches=(SumPatch(terms=(first, Term(direction="xi"))),))
    with pytest.raises(ModelError, match="a bilevel algorithm does not go with scalars of examples"):
        replace(whole, patches=(Patch(direction="xi", scale=EPS),))
