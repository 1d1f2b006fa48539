"""A bent draw is a draw: its products are those of the vectors and filters that were bent with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from derivations.declare import Biases, Parameter, SecondLayer
from derivations.papers.pegr.model import model as pegr
from simulate.ask.chosen import choose
from simulate.check.bent import Along, Bend, Filters, Labels, Lean, Lengths, Turned, bent, knobs_of
from simulate.errors import InputError
from simulate.run.problem import Start, problem_of


def start(sampling: str, seed: int = 0) -> Start:
    return problem_of(choose("pegr", {"n": 5, "m": 3, "d": 40})).start(seed, sampling)


def test_pegr_bends_everything_but_what_would_leave_its_law() -> None:
    """Noise is projected off mu: it may lean on noise, not on mu."""
    made = start("vectors")
    knobs = set(knobs_of(made.model, made.values))
    assert {Filters(), Along("mu"), Along("xi"), Turned("xi"), Lengths("xi"), Lean("xi", "xi"), Labels()} <= knobs
    assert not {Lean("xi", "mu"), Lengths("mu")} & knobs


@pytest.mark.parametrize("knob", [Filters(), Filters(one=True), Along("mu"), Along("xi"), Turned("xi"), Lengths("xi"),
                                  Lengths("xi", one=True), Lean("xi", "xi")], ids=str)
def test_products_are_those_of_the_bent_vectors_and_filters(knob: Bend) -> None:
    draw = bent(start("vectors"), ((knob, 1.3),)).draw
    assert draw.vectors is not None and draw.weights is not None
    np.testing.assert_allclose(draw.z, draw.weights @ draw.vectors.T, atol=1e-12)
    np.testing.assert_allclose(draw.gram, draw.vectors @ draw.vectors.T, atol=1e-11)
    rows = draw.weights.reshape(-1, 40)
    np.testing.assert_allclose(draw.weight_gram, rows @ rows.T, atol=1e-12)


@pytest.mark.parametrize("knob", [Filters(one=True), Along("xi"), Lean("xi", "xi")], ids=str)
def test_a_draw_of_products_alone_stays_one(knob: Bend) -> None:
    """Its joint Gram matrix has no negative eigenvalue; scaling z without the filters' own products would give one."""
    draw = bent(start("gram"), ((knob, 2.0),)).draw
    flat = draw.z.reshape(-1, draw.z.shape[2])
    joint = np.block([[draw.weight_gram, flat], [flat.T, draw.gram]])
    least = np.linalg.eigvalsh(joint)
    assert least[0] > -1e-9 * least[-1]


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
def test_second_layer_weights_and_biases_stay_what_they_start_at(sampling: str) -> None:
    """Before, they were scaled with the filters, turned and leant on, and a true statement of them was refuted so."""
    declared = pegr("none")
    model = replace(declared, name="layers", observables=(), events=(),
                    network=replace(declared.network, second_layer=SecondLayer(), biases=Biases(initial="b_0")),
                    parameters=(*declared.parameters, Parameter(name="b_0", latex="", meaning="biases at the start",
                                                                kind="real", default=0.5)))
    made = problem_of(choose(model, {"n": 4, "m": 3, "d": 40})).start(0, sampling)
    knobs = knobs_of(made.model, made.values)
    assert not {word for knob in knobs for word in vars(knob).values()} & {"second_layer", "biases"}
    for knob in knobs:
        draw = bent(made, ((knob, 1.3),)).draw
        np.testing.assert_allclose(draw.z[..., -1], 1 / 3, atol=1e-12)
        np.testing.assert_allclose(draw.z[..., -2], 0.5, atol=1e-12)
        np.testing.assert_allclose(draw.gram[-2:, :-2], 0.0, atol=1e-12)
    scaled = bent(made, ((Filters(), 1.0),)).draw
    np.testing.assert_allclose(scaled.z[..., :-2], np.e * made.draw.z[..., :-2])


def test_vectors_that_are_dependent_are_told() -> None:
    """Before, a search that bent a task's features, two of which were one, ended in NumPy's own error."""
    made = start("gram")
    with pytest.raises(InputError, match="linearly dependent"):
        bent(replace(made, draw=replace(made.draw, gram=np.ones_like(made.draw.gram))), ((Along("xi"), 1.0),))


def test_bends_do_what_they_say() -> None:
    plain, made = start("gram").draw, bent(start("gram"), ((Along("xi"), -1.0), (Labels(), 5.0))).draw
    np.testing.assert_allclose(made.z[..., 1:], np.exp(-1.0) * plain.z[..., 1:])
    np.testing.assert_allclose(made.z[..., 0], plain.z[..., 0])
    assert (made.y == -1).all() and (made.clean == made.y).all()
    turned = bent(start("gram"), ((Turned("xi"), -9.0),)).draw
    assert (turned.z[..., 1:] <= 0).all()
