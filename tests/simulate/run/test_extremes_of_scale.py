"""Parameters at the ends of double precision: every printed number is finite, or said to be none, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from derivations.declare import Model
from dynamics.fresh.importance import covering
from dynamics.fresh.intervals import above_rounding, mean_and_error
from dynamics.geometry import spectrum
from gammarho.cli import main
from simulate.check import check
from simulate.errors import Diverged, InputError
from simulate.phase.phase import phase
from simulate.run.run import run

SMALL: dict[str, dict[str, Any]] = {
    "pegr": {"n": 6, "m": 3, "d": 30},
    "heterogeneous": {"K": 3, "n": 6, "m": 2, "d": 30, "noise": "gaussian", "init": "gaussian"},
    "nearly_orthogonal": {"n": 6, "m": 3, "d": 30},
    "fomaml": {"n_tasks": 3, "n": 4, "n_train": 2, "m": 2, "d": 30, "M": 3, "test_tasks": 5},
}
SCALES = {
    "pegr": ("eta", "sigma_0", "sigma_p", "mu_norm", "lam"),
    "heterogeneous": ("eta", "sigma_0", "u_norm", "Gamma"),
    "nearly_orthogonal": ("eta", "sigma_0", "mu_norm", "sigma_p", "slope"),
    "fomaml": ("eta", "eta_inner", "sigma_0", "nu_norm", "sigma_s", "sigma_xi"),
}
ENDS = (1e-320, 1e-170, 1e100, 1e160, 1e308)


@pytest.mark.parametrize(("setting", "name"), [(one, name) for one, names in SCALES.items() for name in names])
def test_a_number_or_a_sentence(setting: str, name: str) -> None:
    for value in ENDS:
        for sampling in ("vectors", "gram"):
            try:
                data = run(setting, {**SMALL[setting], name: value}, steps=12, sampling=sampling)
            except (InputError, Diverged) as refused:
                assert len(str(refused)) > 20 and ";" in str(refused)
                continue
            for variable in data.data_vars.values():
                values = np.asarray(variable.values, dtype=np.float64)
                if not variable.dims and np.isposinf(values):
                    continue  # near_orthogonality, which says so itself
                assert not np.isinf(values).any()
                said = variable.name in data.attrs["notes"] and "NaN" in variable.attrs.get("meaning", "")
                assert said or np.isfinite(values).all(), (name, value, sampling, variable.name)


def test_what_is_not_known_is_a_dash_with_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("run heterogeneous K=3 n=6 m=2 d=30 eta=1e308 --steps 20".split()) == 0
    shown = capsys.readouterr().out
    assert "nan" not in shown and "inf" not in shown
    assert "no value in double precision at 20 of 21 recorded steps, the first t = 1: balance, test_error" in shown


def test_standard_errors_survive_squares_that_overflow() -> None:
    draws = np.array([1.0, 3.0, 8.0, 0.5]) * 1e200
    mean, error = mean_and_error(draws)
    assert mean == pytest.approx(3.125e200, rel=1e-15)
    assert error == pytest.approx(1e200 * np.std([1.0, 3.0, 8.0, 0.5], ddof=1) / 2, rel=1e-14)
    plain = np.array([0.1, 0.7, 0.4])
    assert mean_and_error(plain) == (float(plain.mean()), float(plain.std(ddof=1) / np.sqrt(3)))


def test_an_infinite_draw_has_an_infinite_mean_and_no_standard_error() -> None:
    for draws in (np.array([1.0, np.inf, 2.0]), np.array([np.inf, np.inf])):
        mean, error = mean_and_error(draws)
        assert mean == np.inf and np.isnan(error)
        mean, error = covering(draws)
        assert mean == np.inf and np.isnan(error)


def test_equal_draws_have_no_standard_error() -> None:
    """Their mean is rounded: of 4096 numbers 0.1 it is not 0.1 in every order of summing."""
    equal = np.full(3 * 512, 0.1)
    assert equal.std(ddof=1) > 0
    assert mean_and_error(equal) == (0.1, 0.0) == covering(equal)
    spread = float(equal.std(ddof=1) / np.sqrt(len(equal)))
    assert above_rounding(np.array([spread, 1e-15]), np.array([0.1, 0.1]), len(equal)).tolist() == [0.0, 1e-15]


def test_an_infinite_loss_at_the_start_is_not_the_steps() -> None:
    told = phase("pegr", {"n": 6, "m": 3, "d": 30}, x=("sigma_0", [1e200]), steps=0, seeds=1, observable="test_loss",
                 progress=False)
    said = str(told["message"].values[0, 0])
    assert "test_loss is not finite at step 0; eta has no part in it there" in said, said


def test_lengths_survive_squares_that_overflow() -> None:
    assert spectrum.lengths(np.array([[3e200, 4e200], [3.0, 4.0], [0.0, 0.0]])) == pytest.approx([5e200, 5.0, 0.0])


def test_margins_over_a_norm_survive_squares_that_overflow() -> None:
    """By a power of two they grow exactly as W does; before, those of large W were 0, over an infinite norm."""
    plain, large = (run("nearly_orthogonal", {"n": 4, "m": 3, "d": 30, "sigma_0": std}, steps=0)
                    for std in (1.0, 2.0**520))
    for name in ("normalised_margin", "margin_spread", "kkt_residual"):
        assert (large[name].values == plain[name].values).all() and np.abs(plain[name]).min() > 0.01


@pytest.mark.parametrize("scale", [2.0**300, 2.0**-260])
def test_ratios_of_squares_survive_squares_that_overflow(scale: float) -> None:
    """A power of two is exact.  Before, they had no value, or digits only."""
    names = ["Gamma_kj", "SNR_kj"]
    plain, large = (run("heterogeneous", {"K": 3, "n": 9, "m": 2, "d": 30, "sigma_p": by, "u_norm": 2 * by}, steps=0,
                        observables=names) for by in (1.0, scale))
    assert all((plain[name].values == large[name].values).all() for name in names)


def test_lengths_that_are_far_apart_are_no_defect() -> None:
    """Before, the square of their ratio raised an OverflowError."""
    x = np.random.default_rng(0).standard_normal((4, 20)) * np.array([[1e-160], [1.0], [1.0], [1.0]])
    initial = {"x": x, "y": np.array([1.0, -1.0, 1.0, -1.0]), "W": np.full((2, 2, 20), 0.01)}
    assert float(run("nearly_orthogonal", {"eta": 0.1}, steps=1, initial=initial)["near_orthogonality"]) == 0.0


def test_fresh_tasks_of_filters_whose_squares_overflow_are_no_defect(capsys: pytest.CaptureFixture[str]) -> None:
    """Before, a LinAlgError of a covariance that is not finite."""
    small = "n_tasks=2 n=4 n_train=2 m=2 d=20 M=3 J=1 sigma_0=1e155 nu_norm=1e-5 sigma_s=1e-5 sigma_xi=1e-5"
    assert main(["validate", "fomaml", *small.split(), "--steps", "2"]) == 1
    assert "sigma_0 (1e+155) is so far from order one" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("length", [1e-150, 1e-170, 1e-300])
def test_a_signal_too_short_to_be_squared_teaches_nothing(length: float) -> None:
    """The test error is one half, by Gram draws as by vectors."""
    for sampling in ("vectors", "gram"):
        data = run("pegr", {"n": 6, "m": 3, "d": 30, "mu_norm": length}, steps=5, sampling=sampling)
        assert float(data["test_error"][-1]) == pytest.approx(0.5, abs=0.05)  # 6 standard errors


def test_a_short_direction_keeps_its_digits_in_gram_draws() -> None:
    """<w, mu> scales with the length of mu, also where its square is no normal number."""
    signals = [
        float(run("pegr", {"n": 6, "m": 3, "d": 30, "mu_norm": length}, steps=0, sampling="gram")["signal"][0])
        for length in (1e-100, 1e-200)
    ]
    assert signals[1] == pytest.approx(1e-100 * signals[0], rel=1e-12)


@pytest.mark.parametrize(
    ("params", "culprit"),
    [({"sigma_0": 1e200}, "sigma_0 \\(1e\\+200\\)"), ({"sigma_p": 1e100}, "sigma_p"), ({"mu_norm": 1e100}, "mu_norm")],
)
def test_what_is_too_large_at_the_start_is_named(params: dict[str, float], culprit: str) -> None:
    with pytest.raises(Diverged, match=f"because {culprit}.* is too large; lower {culprit.partition(' ')[0]}$"):
        run("pegr", {**SMALL["pegr"], **params}, steps=5)
    with pytest.raises(Diverged, match="lower eta"):
        run("pegr", {**SMALL["pegr"], "eta": 1e200}, steps=5)
    with pytest.raises(InputError, match=r"^sigma_p \(1e\+200\) makes inner products"):
        run("pegr", {**SMALL["pegr"], "sigma_p": 1e200}, steps=5)


@pytest.mark.parametrize("scale", [1e80, 1e120, 1e160])
def test_examples_scaled_up_are_answered_in_a_sentence_or_in_numbers(scale: float) -> None:
    rng = np.random.default_rng(0)
    x, y = scale * rng.standard_normal((4, 8)), np.array([1, 1, -1, -1])
    initial = {"W": rng.standard_normal((2, 3, 8)), "x": x, "y": y}
    try:
        data = run("nearly_orthogonal", {}, steps=3, initial=initial)
    except (InputError, Diverged) as refused:
        assert "too large" in str(refused) or "beyond the largest double" in str(refused)
    else:
        assert not any(np.isinf(np.asarray(each.values, dtype=np.float64)).any() for each in data.data_vars.values())


def test_nothing_moves_is_vacuous() -> None:
    """sigma_0 so small that every gradient is 0: the run never leaves its start."""
    found = check.check("pegr", {**SMALL["pegr"], "sigma_0": 5e-324}, steps=10, seeds=1, draws=2)
    dynamics = [result for result in found.results if "nothing moves" in result.detail]
    assert dynamics and all(result.verdict == "vacuous" for result in dynamics)
    lemma = check.Statement(id="up", kind="inequality", claim="next(gamma) >= gamma", mutant="next(gamma) < gamma")
    still = check.check("pegr", {**SMALL["pegr"], "sigma_0": 5e-324}, [lemma], steps=10, seeds=2)
    assert still["up"].verdict == "vacuous" and "nothing moves" in still["up"].detail
    moving = check.check("pegr", {**SMALL["pegr"], "lam": 0.0}, [lemma], steps=10, seeds=2)
    assert moving["up"].verdict == "holds"


def test_a_hitting_time_without_a_source_ends_where_it_ends() -> None:
    from dataclasses import replace

    from simulate.ask import parameters, settings

    model: Model = parameters.resolve(settings.resolve("pegr").factory, SMALL["pegr"]).model
    bare = replace(model, events=tuple(replace(event, source="") for event in model.events))
    given = {**SMALL["pegr"], "mu_norm": 1.0, "sigma_p": 0.5, "eta": 0.02, "lam": 0.01, "sigma_0": 0.01}
    data = run(bare, given, steps=2)
    for event in bare.events:
        assert not data[event.name].attrs["event"].rstrip().endswith(";")
