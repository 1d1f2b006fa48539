"""Examples mixed with each other: graph convolution and mixup, against training, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import (
    FixedLaw,
    GaussianLaw,
    GraphConvolution,
    MixedLabel,
    MixedLaw,
    Mixing,
    Mixup,
    Model,
    Patch,
    from_plain,
    to_plain,
)
from derivations.derive import derive
from derivations.errors import ModelError
from simulate.ask import parameters
from simulate.errors import InputError
from simulate.observe.fresh_refusals import refusal
from simulate.start.draw import draw
from simulate.start.mixed import matrix_of
from simulate.testing import plain_kernel
from simulate.validate.compare import compare
from tests.helpers.sums_of_terms import family, number, xor

GRAPH = GraphConvolution(name="A", same="p", other="s")
NOISE = GaussianLaw(std="sigma", off=("mu",))


def convolved(by: GraphConvolution | Mixup = GRAPH, mixing: bool = True, **more: Any) -> Model:
    """Signal and noise of a node, each mixed over its neighbours (Huang et al. 2023), or as they are."""
    law = MixedLaw(noise=NOISE, by=by) if mixing else NOISE
    scale: Any = MixedLabel(name="ybar", by=by, latex=r"\\bar{y}") if mixing else "clean"
    declared: dict[str, Any] = {
        "name": "gcn", "label_flips": "flipped", "angles": (),
        "directions": (family("mu", "one", FixedLaw(norm="length")), family("xi", "sample", law)),
        "patches": (Patch(direction="mu", scale=scale), Patch(direction="xi")),
        "parameters": (*(each for each in xor().parameters if each.name != "cosine"), number("p", 0.6, high=1),
                       number("s", 0.2, high=1), number("lam_mix", 0.7, high=1)),
    }
    return xor(**{**declared, **more})


def values_of(model: Model, **more: Any) -> dict[str, Any]:
    return {"lam_until": None, **dict(parameters.resolve(model, more).values)}


def test_a_graph_convolution_passes_validation() -> None:
    model = convolved()
    values = values_of(model)
    drawn = draw(model, values, 3)
    found = compare(model, plain_kernel(model).bind(drawn.clean, drawn.scalars), drawn, values, 6)
    assert found.verdict == "pass", str(found)
    assert max(row.difference for row in found.rows if row.what.startswith("one step")) <= 1e-12


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
@pytest.mark.parametrize("by", [GRAPH, Mixup(name="M", share="lam_mix")], ids=["graph", "mixup"])
def test_signal_and_noise_are_mixed_by_one_matrix(by: GraphConvolution | Mixup, sampling: str) -> None:
    """As the same draw without mixing, T G T^T: the labels' combination is that of the vectors'."""
    model, apart = convolved(by), convolved(by, mixing=False)
    values = values_of(model)
    found, before = draw(model, values, 5, sampling), draw(apart, values, 5, sampling)
    M = matrix_of(model, by, values, before.clean, 5)
    T = np.eye(len(M) + 1)
    T[1:, 1:] = M
    np.testing.assert_allclose(M.sum(axis=1), 1.0, atol=1e-14)
    assert (M >= 0).all() and not np.allclose(M, np.eye(len(M)))
    np.testing.assert_allclose(found.gram, T @ before.gram @ T.T, atol=1e-13)
    np.testing.assert_allclose(found.z, before.z @ T.T, atol=1e-13)
    np.testing.assert_allclose(found.scalars["ybar"], M @ before.clean, atol=1e-14)


def test_neighbours_are_as_likely_as_declared() -> None:
    model = convolved()
    y = np.repeat([1.0, -1.0], 200)
    M = matrix_of(model, GRAPH, values_of(model), y, 0)
    edges = (M > 0) & ~np.eye(400, dtype=bool)
    same = y[:, None] == y[None, :]
    assert (edges == edges.T).all()
    assert edges[same].mean() == pytest.approx(0.6 * 199 / 200, abs=0.02)
    assert edges[~same].mean() == pytest.approx(0.2, abs=0.02)


def test_what_a_label_is_mixed_of_is_said() -> None:
    text = str(derive(convolved()))
    assert "ybar_i: sum_k A_ik yhat_k, a mean over an example and its neighbours in a graph" in text
    assert "<w_{j,r}, ybar_i mu>" in text
    assert from_plain(to_plain(convolved())) == convolved()


def test_a_fresh_example_has_no_row() -> None:
    model = convolved()
    values = values_of(model)
    assert "xi: a fresh example's row of A is not declared" in refusal(model, draw(model, values, 0), values)
    only = convolved(directions=convolved(mixing=False).directions)
    assert "ybar: a fresh example's row of A" in refusal(only, draw(only, values, 0), values)


def shared(first: Mixing, second: Mixing) -> Model:
    whole = convolved(first)  # type: ignore[arg-type]
    law = MixedLaw(noise=NOISE, by=second)  # type: ignore[arg-type]
    return replace(whole, directions=(whole.directions[0], family("xi", "sample", law)))


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: shared(GRAPH, Mixup(name="A", share=0.5)), "mixing matrix: 'A' is declared twice"),
    (lambda: convolved(GraphConvolution(name="xi", same=0.5, other=0.5)), "'xi' is declared"),
    (lambda: convolved(Mixup(name="A", share="nope")), "'nope' is no parameter of this model"),
    (lambda: convolved(directions=(family("mu", "one", MixedLaw(noise=NOISE, by=GRAPH)), *convolved().directions[1:])),
     "mixed vectors are of examples"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_has_no_meaning_is_refused_in_a_sentence(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value) and ";" in str(caught.value)


def test_a_share_out_of_range_is_refused() -> None:
    model = convolved(Mixup(name="M", share="lam_mix"), parameters=(
        *(each for each in convolved().parameters if each.name != "lam_mix"), number("lam_mix", 0.5, high=3)))
    with pytest.raises(InputError, match=r"lam_mix: 1\.5; expected a number from 0 to 1"):
        draw(model, values_of(model, lam_mix=1.5), 0)
