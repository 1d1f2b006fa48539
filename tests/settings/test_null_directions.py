"""Signals and noise of length 0 in the papers' settings: drawn, run and validated; what divides by one says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Model
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.nearly_orthogonal.model import model as leaky
from derivations.papers.pegr.model import model as pegr
from simulate.ask.parameters import resolve
from simulate.errors import InputError
from simulate.start.draw import draw
from simulate.start.drawn import Draw
from simulate.start.task_layout import layout_of
from simulate.validate.compare import compare
from tests.helpers.slowly import rarely

SMALL: dict[str, Any] = {"n": 4, "m": 2, "d": 16}
TASKS: dict[str, Any] = {**SMALL, "d": 30, "n_tasks": 3, "n_train": 2, "M": 4}
CASES: dict[str, tuple[Callable[..., Model], dict[str, Any], tuple[str, ...]]] = {
    "PEGR without noise": (pegr, {**SMALL, "sigma_p": 0}, ("xi",)),
    "PEGR without a signal": (pegr, {**SMALL, "mu_norm": 0}, ("mu",)),
    "noise of classes with spikes": (heterogeneous, {**SMALL, "sigma_p": 0, "Gamma": 3}, ("xi",)),
    "a mixture that is its mean": (leaky, {**SMALL, "sigma_p": 0}, ()),
    "inputs that are 0": (leaky, {**SMALL, "x_norm": 0, "data": "orthogonal"}, ("x",)),
    "tasks without a shared feature": (fomaml, {**TASKS, "nu_norm": 0}, ()),
    "tasks without noise": (fomaml, {**TASKS, "sigma_xi": 0}, ("xi",)),
}


def drawn(name: str, sampling: str = "vectors") -> tuple[Model, dict[str, Any], Draw]:
    """The model, its values and a draw."""
    factory, given, _ = CASES[name]
    more = {"init": "gaussian"} if factory is heterogeneous else {}
    resolved = resolve(factory, {**given, **more})
    return resolved.model, dict(resolved.values), draw(resolved.model, resolved.values, 0, sampling)


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
@pytest.mark.parametrize("name", CASES)
def test_what_has_length_0_is_0_in_either_draw(name: str, sampling: str) -> None:
    """Fails where a length or a deviation of 0 is refused, or divided by."""
    model, _, found = drawn(name, sampling)
    offsets, sizes = (each(len(found.y), found.tasks) for each in (model.offsets, model.sizes))
    null = np.zeros(len(found.gram), dtype=np.bool_)
    for family in CASES[name][2]:
        null[offsets[family] : offsets[family] + sizes[family]] = True
    assert np.isfinite(found.gram).all() and np.isfinite(found.z).all()
    assert (np.diag(found.gram) == 0).tolist() == null.tolist() and not found.z[..., null].any()


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
def test_noise_off_a_shared_feature_of_length_0_is_off_nothing(sampling: str) -> None:
    """||xi||^2 is sigma^2 chi^2 of all d - M dimensions: 2000 draws of d = 8, M = 3.  Fails on d - M - 1."""
    given = {**TASKS, "d": 8, "M": 3, "nu_norm": 0, "sigma_xi": 1, "n_tasks": 50, "n": 40, "n_train": 20}
    resolved = resolve(fomaml, given)
    found = draw(resolved.model, resolved.values, 0, sampling)
    at = resolved.model.offsets(2000, 50)["xi"]
    mean = np.diag(found.gram)[at : at + 2000].mean()
    assert abs(mean - 5) <= 5 * (2 * 5 / 2000) ** 0.5
    layout = layout_of(resolved.model, resolved.values, 0)
    assert layout.before == layout.held == 1 and not layout.off[:, 0].any()


@pytest.mark.parametrize("name", [
    "PEGR without noise", rarely("noise of classes with spikes"), rarely("tasks without a shared feature"),
    rarely("tasks without noise"), rarely("a mixture that is its mean"),
])
def test_a_null_direction_passes_validation(name: str) -> None:
    factory, given, _ = CASES[name]
    found = gr.validate(factory().name, given, steps=4)
    assert found.verdict == "pass", str(found)


def test_a_draw_without_any_direction_is_no_comparison() -> None:
    """Fails on the reduction of an empty array that it used to be."""
    model, values, found = drawn("inputs that are 0")
    with pytest.raises(InputError, match="x_norm: 0 makes every direction 0, so that no step moves W"):
        compare(model, None, found, values, 1)  # type: ignore[arg-type]


def test_a_clause_that_divides_by_a_null_says_so() -> None:
    text = str(gr.conditions("pegr", {"sigma_p": 0}, preset="paper"))
    assert "n*m/S**2 divides by zero: S ** 2 = 0 at S = 0" in text and "2 have no value" in text
