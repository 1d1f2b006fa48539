"""Parameters that are formulas of others: in any order, over defaults and presets, and never in a circle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.papers.pegr.model import model as pegr
from simulate.ask import parameters
from simulate.errors import InputError


@pytest.mark.parametrize("turned", [False, True])
def test_a_parameter_is_a_formula_of_others_in_any_order(turned: bool) -> None:
    given: dict[str, object] = {"d": "1e6", "sigma_p": "20/sqrt(d)", "n": "2*m", "m": "q + 1", "q": "3", "eta": "lam"}
    if turned:
        given = dict(reversed(given.items()))
    found = parameters.resolve(pegr, given)
    assert found.values["sigma_p"] == 0.02 and found.values["n"] == 8 and found.values["m"] == 4
    assert found.values["eta"] == found.values["lam"] == 0.01  # a default
    assert {"sigma_p = 0.02 = 20/sqrt(d)", "n = 8 = 2*m"} <= set(map(str, found.notes))


def test_a_structural_parameter_may_be_one() -> None:
    assert parameters.resolve(pegr, {"q": "m/4", "m": 12}).model == pegr(q=3)


def test_the_conditions_own_parameters_may_be_one_too() -> None:
    table = gr.conditions("pegr", {"d": 1e6, "sigma_p": "20/sqrt(d)", "alpha": "1/(100*n)"})
    values: dict[str, Any] = dict(table.values)
    assert values["sigma_p"] == 0.02 and values["alpha"] == 0.0005


def test_sizes_of_the_callers_arrays_are_followed() -> None:
    rng = np.random.default_rng(0)
    arrays = {"mu": np.eye(1, 9)[0], "xi": rng.normal(size=(4, 9)), "W": rng.normal(size=(2, 3, 9)),
              "y": np.array([1, -1, 1, -1])}
    data = gr.run("pegr", {"sigma_p": "6/sqrt(d)"}, initial=arrays, steps=1)
    assert "sigma_p = 2 = 6/sqrt(d)" in str(data.attrs["notes"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"d": "(20/sigma_p)**2", "sigma_p": "20/sqrt(d)"}, "need each other; give one of them as a number"),
        ({"eta": "2*eta"}, "eta: 2*eta needs eta itself"),
        ({"n": "m/4"}, "n: m/4 is 2.5 at m = 10; expected a whole number of at least 1"),
        ({"eta": "lam - 1"}, "eta: lam - 1 is -0.99 at lam = 0.01; expected a finite number above 0"),
        ({"eta": "etaa"}, "eta: 'etaa'; expected a finite number above 0"),
        ({"eta": "2*mm"}, "eta: 2*mm needs mm, which has no value here"),
        ({"q": "q"}, "q: q needs q itself"),
        ({"eta": "1/lam", "lam": 0}, "eta: 1/lam divides by zero: lam = 0"),
    ],
)
def test_what_has_no_value_is_one_sentence(given: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as caught:
        parameters.resolve(pegr, given)
    assert said in str(caught.value) and "\n" not in str(caught.value)
