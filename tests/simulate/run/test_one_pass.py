"""One-pass SGD by inner products alone: against training on given vectors, in distribution, and what is refused."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import (
    Activation,
    Biases,
    Coefficient,
    Directions,
    FreshLaw,
    GaussianLaw,
    GivenScalar,
    Network,
    OnePass,
    Parameter,
    Patch,
)
from derivations.declare.model import Model
from derivations.derive import derive
from derivations.errors import ModelError
from dynamics.fresh import one_pass
from dynamics.kernel.kernel import Kernel
from simulate.ask import parameters
from simulate.errors import InputError
from simulate.run.one_pass import as_draw, path
from simulate.run.rebuild import restart
from simulate.run.run import run
from simulate.start.draw import draw
from simulate.start.drawn import Draw
from simulate.testing import plain_kernel
from simulate.train import weights
from simulate.validate import one_pass as validate_one_pass
from simulate.validate.compare import compare
from simulate.validate.report import Row, parted
from tests.helpers.sums_of_terms import EPS, xor
from tests.helpers.wild import plainly
from tests.simulate.validate.test_spiked_noise import shared

FRESH = Parameter(name="fresh", latex="", meaning="examples are drawn for every step", kind="flag", default=True)
VALUES: dict[str, Any] = {"n": 2, "m": 2, "d": 9, "sigma": 0.5, "sigma_0": 0.4, "eta": 0.3, "length": 1.5}


def model() -> Model:
    """Signal and noise with a part in common to all examples, which stays, through a smooth activation."""
    declared = shared()
    return replace(declared, algorithm=OnePass(), parameters=(*declared.parameters, FRESH),
                   network=Network(heads="signed", activation=Activation(name="tanh(z)")))


@functools.cache
def kernel() -> Kernel:
    return plain_kernel(model())


def values_of(**more: Any) -> dict[str, Any]:
    return {"lam_until": None, **dict(parameters.resolve(model(), {**VALUES, **more}).values)}


def compared(
    declared: Model, made: Kernel, drawn: Draw, values: dict[str, Any], judged: bool = False
) -> dict[str, Row]:
    """The rows of one pass, by what they compare, those of the test law where `judged`; none is left out."""
    with pytest.MonkeyPatch.context() as patch:
        if not judged:
            patch.setattr(validate_one_pass, "_judged", lambda *_: ())
        rows, left = parted(validate_one_pass.rows(declared, made, drawn, values))
    assert not left
    return {row.what: row for row in rows}


def test_noise_alone_which_leaves_nothing_that_stays_is_run_and_validated() -> None:
    """Fails where products with no direction are given a shape that NumPy has to guess."""
    xi = Directions(name="xi", over="sample", latex=r"\xi", law=GaussianLaw(std="sigma"),
                    coefficient=Coefficient(name="rho", latex=r"\rho"))
    alone = replace(model(), directions=(xi,), patches=(Patch(direction="xi"),), label_flips="",
                    test=FreshLaw(fresh=("xi",)))
    values = {"lam_until": None, **dict(parameters.resolve(alone, VALUES).values)}
    drawn = draw(alone, values, 1)
    rows = compared(alone, plain_kernel(alone), drawn, values)
    assert not any("of what stays" in what for what in rows) and all(row.holds for row in rows.values()), rows
    states = list(path(plain_kernel(alone), alone, values, drawn, 1, 3))
    assert len(states) == 4 and all(np.isfinite(state.draw.z).all() for state in states)


def test_steps_on_vectors_that_are_given_are_training_s_steps() -> None:
    """W W^T and W V^T to 1e-12 of torch's, by validation; and one that forgets b G b^T is seen."""
    values = values_of()
    drawn = draw(model(), values, 1)
    rows = compared(model(), kernel(), drawn, values)
    assert "one pass: W V^T of what stays" in rows and all(row.holds for row in rows.values()), rows
    forgetful = pytest.MonkeyPatch()
    with forgetful.context() as patch:
        patch.setattr(one_pass, "moved", lambda kept, fresh, z, b: one_pass.Kept(
            z, kept.rest + fresh.z_beside @ b.T + b @ fresh.z_beside.T))
        rows = compared(model(), kernel(), drawn, values)
    assert not rows["one pass: W W^T after fresh vectors"].holds


def test_validation_sees_whose_filters_judge_a_state() -> None:
    """Its own, by the law, on the same samples and in d dimensions; of those of step 0 it says that they are others."""
    values = {**values_of(), "eta": 2.0}
    drawn = draw(model(), values, 1)
    rows, law = compared(model(), kernel(), drawn, values, judged=True), "one pass: test law: covariances"
    told = ("test_error on the same samples", "test_loss, drawn in d dimensions", "test law: means")
    assert law in rows and {f"one pass: {each}" for each in told} <= rows.keys()
    assert all(row.holds for row in rows.values()), rows
    late = pytest.MonkeyPatch()
    with late.context() as patch:
        patch.setattr(validate_one_pass, "as_draw",
                      lambda first, *told: replace(as_draw(first, *told), filter_gram=first.weight_gram))
        assert not compared(model(), kernel(), drawn, values, judged=True)[law].holds


@pytest.mark.slow
def test_a_one_pass_model_passes_validation() -> None:
    values = values_of()
    drawn = draw(model(), values, 1)
    found = compare(model(), kernel().bind(drawn.clean, drawn.scalars), drawn, values, 3)
    assert found.verdict == "pass" and "one pass: W W^T after fresh vectors" in {row.what for row in found.rows}


def by_training(seed: int, values: dict[str, Any], steps: int) -> float:
    """||W||_F^2 after steps in d dimensions, each on a draw of its own beside the first one's staying vectors."""
    first = draw(model(), values, seed)
    assert first.vectors is not None and first.weights is not None
    W = first.weights
    for t in range(steps):
        again = draw(model(), values, 10_000 * (t + 1) + seed)
        assert again.vectors is not None
        vectors = again.vectors.copy()
        vectors[0], vectors[-1] = first.vectors[0], first.vectors[-1]
        W = weights.step(model(), vectors, again.y, W, values, t, clean=again.clean, scalars=again.scalars)
    return float((W**2).sum())


@pytest.mark.slow
@pytest.mark.parametrize("sampling", ["vectors", "gram"])
def test_a_run_has_the_distribution_of_training_on_fresh_vectors(sampling: str) -> None:
    """||W||_F^2 after 6 steps: mean and spread of 150 runs beside 150 of training.  Fails where examples are kept."""
    values, steps = values_of(eta=1.5), 6
    ours = np.array([_square(seed, values, steps, sampling) for seed in range(150)])
    theirs = np.array([by_training(seed, values, steps) for seed in range(1000, 1150)])
    error = np.hypot(ours.std(), theirs.std()) / 150**0.5
    assert abs(ours.mean() - theirs.mean()) <= 4 * error and 0.7 <= ours.std() / theirs.std() <= 1.4


def _square(seed: int, values: dict[str, Any], steps: int, sampling: str) -> float:
    drawn = draw(model(), values, seed, sampling)
    last = list(path(kernel(), model(), values, drawn, seed, steps))[-1].draw
    return float(np.trace(last.weight_gram))


def test_a_step_s_vectors_have_their_law_whatever_the_filters() -> None:
    """d below the number of filters and a direction of length 0: products and squares, 3000 draws, 5 errors."""
    rng = np.random.default_rng(0)
    held, W = np.vstack([rng.normal(size=(2, 5)), np.zeros((1, 5))]), rng.normal(size=(7, 5))
    staying = one_pass.Staying.of(held @ held.T, 5.0)
    kept = one_pass.Kept.of(W @ held.T, W @ W.T, staying)
    off = staying.projector(np.array([True, False, True]))
    drawn = [one_pass.drawn(rng, kept, staying, np.array([0.5, 2.0]), np.array([off, np.eye(2)])) for _ in range(3000)]
    assert staying.free == 3 and max(abs(each.across[0, 0]) for each in drawn) < 1e-12
    unit = held[0] / np.linalg.norm(held[0])
    P = np.eye(5) - np.outer(unit, unit)
    everything = np.vstack([W, held])
    for at, cov in ((0, 0.25 * P), (1, 4.0 * np.eye(5))):
        products = np.array([np.concatenate([each.z[:, at], each.across[at]]) for each in drawn])
        moments = products[:, :, None] * products[:, None, :]
        gap = np.abs(moments.mean(0) - everything @ cov @ everything.T)
        assert (gap <= 5 * moments.std(0) / 3000**0.5 + 1e-12).all()
        squares = np.array([each.gram[at, at] for each in drawn])
        assert abs(squares.mean() - np.trace(cov)) <= 5 * squares.std() / 3000**0.5
    # Given its products with filters that span everything, a vector's square is told.
    told = [np.sum(np.linalg.lstsq(everything, np.concatenate([e.z[:, 1], e.across[1]]), rcond=None)[0] ** 2)
            for e in drawn[:20]]
    np.testing.assert_allclose(told, [each.gram[1, 1] for each in drawn[:20]], rtol=1e-9)


def test_a_filter_that_what_stays_nearly_spans_takes_no_other_one_s_axis() -> None:
    """One dimension is free, and its products with the rounding of such a filter's rest were mistaken for it."""
    rng = np.random.default_rng(4)
    held = rng.normal(size=(6, 7))
    free = np.linalg.svd(held)[2][-1]
    W = np.vstack([rng.normal(size=7), rng.normal(size=6) @ held + 1e-7 * free, rng.normal(size=7)])
    staying = one_pass.Staying.of(held @ held.T, 7.0)
    kept = one_pass.Kept.of(W @ held.T, W @ W.T, staying)
    assert staying.free == 1 and np.linalg.matrix_rank(kept.rest / np.sqrt(np.outer(*[np.abs(np.diag(kept.rest))] * 2)),
                                                       tol=1e-6) > 1, "rounding makes a second axis"
    drawn = [one_pass.drawn(rng, kept, staying, np.ones(1), np.eye(6)[None]) for _ in range(3000)]
    squares = np.array([each.z[[0, 2], 0] ** 2 for each in drawn])
    assert (np.abs(squares.mean(0) - (W[[0, 2]] ** 2).sum(1)) <= 5 * squares.std(0) / 3000**0.5).all()


def test_what_is_kept_does_not_grow_with_d() -> None:
    values = values_of(d=1e40, sigma=1e-20, common=1e-20)
    states = list(path(kernel(), model(), values, draw(model(), values, 0, "gram"), 0, 3))
    assert [each.t for each in states] == [0, 1, 2, 3] and np.isfinite(states[-1].draw.weight_gram).all()
    assert len({each.draw.gram[1, 2] for each in states}) == 4  # new noise each step


@pytest.mark.slow
def test_a_run_is_recorded_and_judged() -> None:
    """Compiled; the noise's coefficients are not kept, the signal's are, and the error is of fresh examples."""
    said = run(model(), {**VALUES, "d": 1e9, "sigma": 1e-5, "common": 1e-5}, steps=30, record=[0, 10, 30],
               sampling="gram")
    assert said.t.values.tolist() == [0, 10, 30] and "c_xi" not in said and np.isfinite(said.test_error).all()
    assert float(np.abs(said.c_mu[-1]).max()) > 0 and "coefficients of past examples" in said.attrs["notes"]
    kept = run(model(), {**VALUES, "fresh": False}, steps=2, record=[2])
    assert "c_xi" in kept
    refused = "fresh: True draws examples afresh before every step; expected engine='reduced', no initial= and no "
    with pytest.raises(InputError, match=refused):  # inner products alone are none of what is in the way
        run(model(), VALUES, steps=2, engine="weights")


def test_the_start_of_a_run_can_be_taken_up_and_no_later_state() -> None:
    """Before, step 0 was refused too, where nothing has been added to the filters yet."""
    with plainly(kernel()):
        told = run(model(), VALUES, steps=3, record=[0, 3], seed=5, sampling="vectors")
    state = restart(told.isel(t=[0]), setting=model())
    drawn = draw(model(), parameters.resolve(model(), VALUES).values, 5)
    assert drawn.weights is not None
    np.testing.assert_array_equal(state["W"], drawn.weights)
    with plainly(kernel()):
        again = run(model(), {**VALUES, "fresh": False}, steps=1, record=[0], initial=state, observables=["loss"])
    np.testing.assert_allclose(again["loss"].values[0], told["loss"].values[0], rtol=1e-12)
    with pytest.raises(InputError, match=re.escape("W cannot be rebuilt after step 0, as in data.isel(t=[0]); run")):
        restart(told, setting=model())


def test_a_state_is_judged_by_its_own_filters() -> None:
    """After one step, on the first examples either way, the test law is the same.  It was of noise seen by W(0)."""
    with plainly(kernel()):
        afresh, kept = (run(model(), {**VALUES, "fresh": fresh}, steps=1, seed=3) for fresh in (True, False))
    for name in ("test_error", "test_error_se", "test_loss", "test_loss_se"):
        np.testing.assert_allclose(afresh[name].values, kept[name].values, rtol=1e-9)
    assert abs(kept["test_loss"].values[1] - kept["test_loss"].values[0]) > 0.01


@functools.cache
def signed() -> tuple[Model, Kernel]:
    """Clusters whose sign, and whose share of a second vector, are drawn for every example."""
    declared = replace(xor(), algorithm=OnePass(), parameters=(*xor().parameters, FRESH))
    return declared, plain_kernel(declared)


def test_scalars_are_drawn_for_every_step() -> None:
    """Steps on given vectors are training's with the step's own scalars, and no two steps have the same."""
    declared, made = signed()
    values = {"lam_until": None, **dict(parameters.resolve(declared, {"n": 6, "m": 2, "d": 9}).values)}
    drawn = draw(declared, values, 1)
    rows = compared(declared, made, drawn, values)
    assert len(rows) == 4 and all(row.holds for row in rows.values()), rows
    states = [each.draw for each in path(made, declared, values, drawn, 1, 12)]
    seen = np.array([each.scalars[EPS.name] for each in states])
    assert set(seen.ravel().tolist()) == {-1.0, 1.0} and len({row.tobytes() for row in seen}) > 8
    again = [each.draw for each in path(made, declared, values, drawn, 1, 12)]
    assert all((one.scalars[EPS.name] == two.scalars[EPS.name]).all() for one, two in zip(states, again, strict=True))


def test_the_recursion_is_printed_with_what_is_kept() -> None:
    text = str(derive(model()))
    assert "are drawn for step t where fresh is set" in text and "W W^T + b z^T + z b^T + b G b^T" in text


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: replace(model(), algorithm=OnePass(momentum="sigma")), "the option 'momentum', which goes by"),
    (lambda: replace(model(), network=replace(model().network, biases=Biases())), "a second layer or biases"),
    (lambda: replace(model(), algorithm=OnePass(redrawn="eta")), "'eta' is a real; expected a flag"),
    (lambda: replace(model(), patches=(*model().patches, Patch(direction="mu", scale=GivenScalar(name="eps")))),
     "the scalar 'eps', which is of one set of examples"),
    (lambda: replace(model(), algorithm=OnePass(), parameters=model().parameters[:-1]), "'fresh' is no parameter"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_is_not_kept_is_refused_in_a_sentence(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value)
