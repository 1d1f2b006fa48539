"""Examples mixed with each other: graph convolution and mixup, against training, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import (
    EntryLaw,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    GivenMixing,
    GraphConvolution,
    MixedLabel,
    Mixing,
    Mixup,
    Model,
    NearLaw,
    Objective,
    Patch,
    RandomSign,
    Row,
    from_plain,
    to_plain,
)
from derivations.derive import derive
from derivations.errors import ModelError
from dynamics.chance.streams import stream
from simulate.ask import parameters
from simulate.errors import InputError
from simulate.observe.fresh_refusals import refusal
from simulate.observe.sides import preactivations
from simulate.start.draw import draw
from simulate.start.given import from_arrays
from simulate.start.mixed import matrix_of
from simulate.testing import plain_kernel
from simulate.validate.compare import Validation, compare
from tests.helpers.sums_of_terms import family, number, xor
from tests.helpers.wild import plainly

GRAPH = GraphConvolution(name="A", same="p", other="s")
MIXUP = Mixup(name="M", share="lam_mix")
NOISE = GaussianLaw(std="sigma", off=("mu",))
FRESH = FreshLaw(fresh=("xi",))


def convolved(by: Any = GRAPH, mixing: bool = True, **more: Any) -> Model:
    """Signal and noise of a node, each mixed over its neighbours (Huang et al. 2023), or as they are."""
    signal: Any = MixedLabel(name="ybar", by=by, latex=r"\bar{y}") if mixing else "clean"
    declared: dict[str, Any] = {
        "name": "gcn", "label_flips": "flipped", "angles": (), "test": FRESH,
        "directions": (family("mu", "one", FixedLaw(norm="length")), family("xi", "sample", NOISE)),
        "patches": (Patch(direction="mu", scale=signal), Patch(direction="xi", scale=Row(by=by) if mixing else "one")),
        "parameters": (*(each for each in xor().parameters if each.name != "cosine"), number("p", 0.6, high=1),
                       number("s", 0.2, high=1), number("lam_mix", 0.7, high=1)),
    }
    return xor(**{**declared, **more})


def two_labels(by: Any = MIXUP, **more: Any) -> Model:
    """Mixup with the loss of both labels."""
    labels = MixedLabel(name="seen", by=by, observed=True)
    return convolved(by, objective=Objective(loss="logistic", mixed_labels=labels), **more)


def values_of(model: Model, **more: Any) -> dict[str, Any]:
    return {"lam_until": None, **dict(parameters.resolve(model, more).values)}


def validated(model: Model, steps: int = 3) -> Validation:
    values = values_of(model)
    drawn = draw(model, values, 3)
    with np.errstate(all="ignore"):
        return compare(model, plain_kernel(model).bind(drawn.clean, drawn.scalars), drawn, values, steps)


@pytest.mark.parametrize("make", [convolved, two_labels], ids=["graph", "mixup"])
def test_it_passes_validation_the_fresh_law_too(make: Callable[[], Model]) -> None:
    found = validated(make())
    assert found.verdict == "pass", str(found)
    assert max(row.difference for row in found.rows if row.what.startswith("one step, change of W: generic")) <= 1e-12
    assert any(row.what == "test_error, drawn in d dimensions" for row in found.rows)


def test_classes_and_several_factors_pass_a_step() -> None:
    """The rows of class heads, and of a patch whose neighbours have scalars of their own."""
    sign = RandomSign(name="e")
    declared = convolved(patches=(Patch(direction="mu", scale="clean"), Patch(direction="xi"),
                                  Patch(direction="xi", scale=(sign, "clean", Row(by=GRAPH)))))
    found = validated(declared)
    assert found.verdict == "pass", str(found)
    assert any("scalars of a fresh node's neighbours" in each for each in found.notes)


def test_pre_activations_are_of_the_mixed_vectors_and_coefficients_of_the_unmixed() -> None:
    """W = W(0) + sum_k b_k xi_k + b mu with b_k = -eta sum_i M_ik dL/da_i, by hand from the mixed examples."""
    model = two_labels(GRAPH_LIKE)
    values = values_of(model, n=3, m=2, d=9, eta=0.3)
    drawn, kernel = draw(model, values, 1), plain_kernel(model)
    M, n = np.array(GRAPH_LIKE.rows), 3
    np.testing.assert_array_equal(drawn.scalars["G"], M)
    xi, mu = drawn.vectors[1:], drawn.vectors[0]  # type: ignore[index]
    ybar, seen, W = M @ drawn.clean, M @ drawn.y, drawn.weights
    a = np.stack([ybar[:, None, None] * (W @ mu), np.einsum("ik,kd,hrd->ihr", M, xi, W)], -1)  # type: ignore[arg-type]
    said = preactivations(model, drawn.z, drawn.y, drawn.clean, drawn.scalars)
    np.testing.assert_allclose(np.moveaxis(said, 2, 0), a, atol=1e-13)
    f = (np.maximum(a, 0).sum(-1).mean(2) * [1, -1]).sum(1)
    slope = (1 + seen) / 2 * -1 / (1 + np.exp(f)) + (1 - seen) / 2 / (1 + np.exp(-f))
    out = slope[:, None] * np.array([1, -1]) / 2 / n
    b = -0.3 * np.einsum("ik,ih,ihr->hrk", M, out, a[..., 1] > 0)
    path = kernel.bind(drawn.clean, drawn.scalars).run(
        drawn.z, np.zeros_like(drawn.z), drawn.gram, drawn.y, values, 1, np.array([1]))
    np.testing.assert_allclose(path.b[0][..., 1:], b, atol=1e-14)


GRAPH_LIKE = GivenMixing(name="G", rows=np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 0.25], [-0.5, 0.5, 1.0]]))  # type: ignore[arg-type]


@pytest.mark.parametrize("by", [GRAPH, MIXUP], ids=["graph", "mixup"])
def test_signal_and_noise_are_mixed_by_one_matrix_in_either_sampling(by: Mixing) -> None:
    """A Gram draw is of the vectors as they are, M beside it: what examples see is M G M^T."""
    model, apart = convolved(by), convolved(by, mixing=False)
    values = values_of(model)
    for sampling in ("vectors", "gram"):
        found, before = draw(model, values, 5, sampling), draw(apart, values, 5, sampling)
        M = matrix_of(model, by, values, before.clean, 5)
        np.testing.assert_allclose(M.sum(axis=1), 1.0, atol=1e-14)
        assert (M >= 0).all() and not np.allclose(M, np.eye(len(M)))
        np.testing.assert_array_equal(found.gram, before.gram)
        np.testing.assert_array_equal(found.scalars[by.name], M)
        np.testing.assert_allclose(found.scalars["ybar"], M @ before.clean, atol=1e-14)
        a = preactivations(model, found.z, found.y, found.clean, found.scalars)
        np.testing.assert_allclose(a[..., 1], before.z[..., 1:] @ M.T, atol=1e-13)


def test_a_fresh_node_has_the_law_of_a_node_of_a_fresh_graph() -> None:
    """Labels and lengths of rows against rows of whole graphs.  Fails where the loop is left out of the degree."""
    values = values_of(convolved(), p=0.5, s=0.2)
    rng, n, size = stream(0, "test"), 12, 20_000
    label, length = GRAPH.fresh(rng, size, n, values)
    labels = rng.choice([-1.0, 1.0], size=(4000, n))
    rows = np.stack([GRAPH.matrix(rng, y, values)[0] for y in labels])
    of_graphs = labels[:, 0] * (rows * labels).sum(1), np.linalg.norm(rows, axis=1)
    for ours, theirs in zip((label, length), of_graphs, strict=True):
        spread = 5 * np.sqrt(ours.var() / size + theirs.var() / len(theirs))
        assert abs(ours.mean() - theirs.mean()) < spread
        assert ours.std() == pytest.approx(theirs.std(), rel=0.05)
    assert np.corrcoef(label, length)[0, 1] == pytest.approx(np.corrcoef(*of_graphs)[0, 1], abs=0.06)


def test_neighbours_are_as_likely_as_declared() -> None:
    model = convolved()
    y = np.repeat([1.0, -1.0], 200)
    M = matrix_of(model, GRAPH, values_of(model), y, 0)
    edges = (M > 0) & ~np.eye(400, dtype=bool)
    same = y[:, None] == y[None, :]
    assert (edges == edges.T).all()
    assert edges[same].mean() == pytest.approx(0.6 * 199 / 200, abs=0.02)
    assert edges[~same].mean() == pytest.approx(0.2, abs=0.02)


def test_what_is_mixed_is_printed_in_the_unmixed_vectors() -> None:
    derived = derive(convolved())
    text, latex = str(derived), derived.latex()
    assert "sum_k c_xi_{j,r,k} xi_k/||xi_k||^2" in text
    assert "x(2)_i = sum_{k} [ A_{i,k}*xi_k ]" in text
    assert "A_{i,k}: over k, a mean over an example and its neighbours in a graph" in text
    assert "ybar_i: sum_k A_ik yhat_k, a mean over an example and its neighbours in a graph" in text
    assert "<w_{j,r}, ybar_i mu>" in text
    assert "c_xi_{j,r,k} <- c_xi_{j,r,k} - (eta*kappa*||xi_k||^2/n) sum_{i} [ l'_i*A_{i,k}*y_i" in text
    assert r"\sum_{k=1}^{n}\Bigl[\mathrm{A}_{i,k} \mathbf{xi}_{k}\Bigr]" in latex
    assert from_plain(to_plain(convolved())) == convolved()
    text = str(derive(two_labels()))
    assert "l'_i = (seen_i*y_i/2 - 1/2)*l'(-f_i*y_i) + (seen_i*y_i/2 + 1/2)*l'(f_i*y_i)" in text
    assert "seen_i: sum_k M_ik y_k" in text


def test_arrays_bring_the_matrix_and_labels_follow_it() -> None:
    """Fails where a mixed label is asked for beside its matrix, or read as it was drawn."""
    model, kernel = convolved(), plain_kernel(convolved())
    values = values_of(model, n=4, m=2, d=9)
    with plainly(kernel):
        arrays = gr.restart(gr.run(model, {"n": 4, "m": 2, "d": 9}, steps=0), setting=model)
        assert sorted(arrays) == ["A", "W", "clean", "mu", "xi", "y"]
        M = np.arange(16.0).reshape(4, 4) / 16
        drawn = from_arrays(model, values, {**arrays, "A": M}, 0)
        np.testing.assert_allclose(drawn.scalars["ybar"], M @ arrays["clean"])
        with pytest.raises(InputError, match=r"initial\['A'\]: shape \(3, 4\)"):
            gr.run(model, initial={**arrays, "A": M[:3]}, steps=1)


def law_refusal(**more: Any) -> str:
    model = convolved(**more)
    values = values_of(model)
    return refusal(model, draw(model, values, 0), values)


def test_fresh_examples_without_a_law_are_refused_with_the_reason() -> None:
    assert law_refusal() == "" == law_refusal(by=MIXUP)
    row, observed = Patch(direction="xi", scale=Row(by=GRAPH)), MixedLabel(name="ybar", by=GRAPH, observed=True)
    assert "neighbours have flipped labels" in law_refusal(patches=(Patch(direction="mu", scale=observed), row, Patch(
        direction="mu", scale="clean")))
    assert "mixed in two ways" in law_refusal(patches=(*convolved().patches, Patch(direction="xi")))
    entries = EntryLaw(std="sigma", entries="uniform", off=("mu",))
    assert "no law of one" in law_refusal(directions=(convolved().directions[0], family("xi", "sample", entries)))
    given = convolved(GRAPH_LIKE)
    values = values_of(given, n=3)
    assert "of no fresh one" in refusal(given, draw(given, values, 0), values)


@pytest.mark.parametrize("law", [
    EntryLaw(std="sigma", entries="student", freedom=3.5), EntryLaw(std="sigma", entries="sparse", share=0.3)],
    ids=["student", "sparse"])
def test_fresh_examples_of_heavy_and_sparse_noise_are_judged(law: EntryLaw) -> None:
    """Fails where the stream of fresh examples lacks what such entries are drawn by."""
    model = convolved(mixing=False, directions=(convolved().directions[0], family("xi", "sample", law)))
    with plainly(plain_kernel(model)):
        data = gr.run(model, steps=1, observables="test_error")
    assert np.isfinite(data["test_error"]).all()
    with plainly(plain_kernel(convolved())), pytest.raises(InputError, match="importance sampling knows Gaussian"):
        gr.run(convolved(), steps=1, observables="test_error", test_sampling="importance")


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: convolved(patches=(*convolved().patches, Patch(direction="xi", scale=Row(by=Mixup(name="A", share=0.5))))),
     "mixing matrix: 'A' is declared twice"),
    (lambda: convolved(GraphConvolution(name="xi", same=0.5, other=0.5)), "'xi' is declared"),
    (lambda: convolved(Mixup(name="A", share="nope")), "'nope' is no parameter of this model"),
    (lambda: convolved(patches=(Patch(direction="mu", scale=("clean", Row(by=GRAPH))),)), "no family over examples"),
    (lambda: convolved(patches=(*convolved().patches, Patch(direction="xi", scale=(Row(by=GRAPH), Row(by=MIXUP))))),
     "mixed by two rows"),
    (lambda: convolved(objective=Objective(loss="logistic", penalty="full"), parameters=(
        *convolved().parameters, number("lam", 0.1))), "gradient norms of examples that share their vectors"),
    (lambda: two_labels(GRAPH), "a graph mixes examples and no labels of the loss"),
    (lambda: convolved(objective=Objective(loss="logistic", mixed_labels=MixedLabel(name="seen", by=MIXUP))),
     "a loss sees the observed labels"),
    (lambda: GivenMixing(name="G", rows=((1.0, 0.0),)), "expected finite numbers (n, n)"),
    (lambda: GivenMixing(name="G", rows=((1.0, 0.0), (1.0,))), "G: rows that are no matrix of numbers"),
    (lambda: GraphConvolution(name="A", same=0.5, other=2.0), "GraphConvolution.other: 2; expected a number from 0"),
    (lambda: Mixup(name="M", share=-1.0), "Mixup.share: -1; expected a number from 0 to 1"),
    (lambda: convolved(test=NearLaw(near=("xi",), std="sigma")), "mixes the vectors of several training examples"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_has_no_meaning_is_refused_in_a_sentence(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value) and ";" in str(caught.value)


def test_what_is_out_of_range_is_refused() -> None:
    model = convolved(Mixup(name="M", share="lam_mix"), parameters=(
        *(each for each in convolved().parameters if each.name != "lam_mix"), number("lam_mix", 0.5, high=3)))
    with pytest.raises(InputError, match=r"lam_mix: 1\.5; expected a number from 0 to 1"):
        draw(model, values_of(model, lam_mix=1.5), 0)
    with pytest.raises(InputError, match=r"n: 12, but the mixing matrix 'G' is given for 3"):
        draw(convolved(GRAPH_LIKE), values_of(convolved(GRAPH_LIKE)), 0)
