"""A curve of the early stage over an axis that selects the recursion: each cell has that of its own, or a gap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray

import gammarho as gr

LAMS = np.geomspace(0.01, 10.0, 4)
PLAIN = {"n": 20, "m": 10, "d": 400.0, "mu_norm": 1.0, "sigma_p": 0.5, "neurons": "mean", "project_noise": True}
CURVE = "lam = lam_xi"


def grid(name: str, values: list[Any], **more: Any) -> xarray.Dataset:
    """A grid as `phase` returns it, of lam by a choice."""
    dims = (name, "lam", "seed")
    shape = (len(values), len(LAMS), 1)
    coords = {name: values, "lam": ("lam", LAMS, {"spacing": "log"}), "seed": [0],
              **{each: ((), value) for each, value in PLAIN.items()}, **more}
    data = {"loss": (dims, np.arange(4.0 * len(values)).reshape(shape)), "status": (dims, np.full(shape, "ok"))}
    return xarray.Dataset(data, coords, {"setting": "pegr", "observable": "loss", "x": "lam", "y": name})


def stretches(data: xarray.Dataset, curve: str = CURVE) -> list[tuple[float, float, float, float]]:
    """The pieces of a curve that is drawn over the vertical axis: from (x, y) to (x, y)."""
    axes = gr.plot(data, curves=curve).axes[0]
    (drawn,) = [each for each in axes.get_lines() if each.get_label() == curve]
    x, y = (np.asarray(each, dtype=np.float64) for each in (drawn.get_xdata(), drawn.get_ydata()))
    ends = np.stack([x, y], axis=1).reshape(-1, 3, 2)
    assert np.isnan(ends[:, 2]).any(axis=1).all()  # a gap after each
    return [(*first, *last) for first, last, _ in ends if np.isfinite(first).all() and np.isfinite(last).all()]


def test_each_choice_has_the_threshold_of_its_own_recursion() -> None:
    """PEGR's is m/(sigma_p^2 (d - 1)) at c = 1/2; of FGR, at c = 1, n/2 times that; there is none without a penalty."""
    half = ("regularizer", [True, False, True])
    data = grid("regularizer", ["pegr", "fgr", "none"], penalty_half=half, q=((), 2))
    pegr = 10 / (0.25 * 399)
    expected = [(pegr, -0.5, pegr, 0.5), (10 * pegr, 0.5, 10 * pegr, 1.5)]
    np.testing.assert_allclose(stretches(data), expected, rtol=1e-12)
    for at in range(2):  # as a panel of its own has it
        alone = gr.plot(data.isel(regularizer=at), curves=CURVE).axes[0].get_lines()[-1]
        np.testing.assert_allclose(np.asarray(alone.get_xdata(), dtype=float), expected[at][0], rtol=1e-12)


def test_no_curve_goes_where_there_is_none() -> None:
    data = grid("q", [2, 3, 4], penalty_half=((), True), regularizer=((), "pegr"))
    ((x, low, _, high),) = stretches(data)
    assert (low, high) == (1.5, 2.5)
    np.testing.assert_allclose(x, 10 / (0.25 * 399), rtol=1e-12)


def test_a_curve_without_such_names_goes_on_as_one() -> None:
    data = grid("q", [2, 3, 4], penalty_half=((), True), regularizer=((), "pegr"))
    axes = gr.plot(data, curves="lam = q/10").axes[0]
    (drawn,) = [each for each in axes.get_lines() if each.get_label() == "lam = q/10"]
    assert np.isfinite(np.asarray(drawn.get_xdata(), dtype=float)).all()


def test_a_choice_on_the_left_is_refused() -> None:
    data = grid("q", [2, 3, 4], penalty_half=((), True), regularizer=((), "pegr"))
    with pytest.raises(gr.InputError, match="uses lam_xi, which q selects, and that differs along q; put another axis"):
        gr.plot(data, curves="q = lam_xi")
