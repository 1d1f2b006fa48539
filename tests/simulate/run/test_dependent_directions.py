"""What is judged of weights where the directions are linearly dependent, so that W determines no coefficients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import FreshLaw, HeldOutLaw, TestLaw
from derivations.papers.pegr.model import model as pegr
from simulate.testing import plain_kernel
from tests.helpers.wild import plainly


@pytest.mark.parametrize("law", [HeldOutLaw(), FreshLaw(fresh=("xi",))], ids=lambda law: type(law).__name__)
def test_both_engines_judge_alike(law: TestLaw) -> None:
    """Fails where the test error of trained weights is left out with the coefficients."""
    model, rng = replace(pegr("none"), test=law, observables=(), events=()), np.random.default_rng(0)
    xi = rng.normal(size=(4, 10))
    xi[3] = xi[2]
    initial: dict[str, Any] = {"W": rng.normal(size=(2, 2, 10)), "y": np.array([1.0, -1, 1, -1]), "xi": xi,
                               "mu": rng.normal(size=10)}
    if isinstance(law, HeldOutLaw):
        initial |= {"test_y": np.array([1.0, -1, 1]), "test_xi": rng.normal(size=(3, 10))}
    with plainly(plain_kernel(model)):
        ours, theirs = (gr.run(model, initial=initial, sigma_p=0.5, eta=0.1, steps=3, engine=engine, record="all")
                        for engine in ("reduced", "weights"))
    assert "rho" in ours and "rho" not in theirs and "linearly dependent" in theirs.attrs["notes"]
    np.testing.assert_allclose(theirs["test_loss"], ours["test_loss"], rtol=1e-13)
    np.testing.assert_allclose(theirs["test_error"], ours["test_error"], rtol=1e-13)
