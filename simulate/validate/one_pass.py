"""One-pass SGD against weights: steps on given vectors, the law of what is drawn, and the test law of a state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from derivations.declare import Model, chosen_law
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from dynamics.fresh import one_pass

from ..observe import fresh_refusals
from ..run.one_pass import Places, as_draw, labels, staying_places
from ..start.drawn import Draw
from ..start.scalars import drawn_scalars
from ..train import weights
from ..values import Values, number
from . import fresh as validate_fresh
from .along import Along
from .engines import KernelUnderTest
from .fresh_by_weights import span, without
from .report import STRICT, Left, Row, in_errors

STEPS = 4
DRAWS = 2000  # of one step's vectors, beside their declared law


def rows(model: Model, kernel: KernelUnderTest, draw: Draw, values: Values) -> Iterator[Row | Left]:
    """W W^T and W V^T after steps on fresh vectors in d dimensions, which training sees and the reduced state does not.

    The state follows their inner products alone; then the products that it would draw are held against their law, and
    what is said of fresh examples at the last state against its weights.
    """
    assert draw.vectors is not None and draw.weights is not None
    n, stay = len(draw.y), staying_places(model, len(draw.y))
    held, W = draw.vectors[stay], draw.weights
    staying = one_pass.Staying.of(held @ held.T, draw.d)
    places = Places.of(model, values, n, staying, stay)
    flat = W.reshape(-1, W.shape[-1])
    kept = one_pass.Kept.of(flat @ held.T, flat @ flat.T, staying)
    for t in range(STEPS):
        vectors = _vectors(model, values, draw, t)
        y, clean = labels(model, values, n, 0, t)
        scalars = drawn_scalars(model, values, y, clean, 0, step=t)
        own = vectors[places.again]
        fresh = one_pass.given(kept, staying, W.reshape(-1, W.shape[-1]) @ own.T, own @ held.T, own @ own.T)
        z, gram = places.whole(kept, fresh, held @ held.T, W.shape[0])
        run = kernel.bind(clean, scalars).run(z, np.zeros_like(z), gram, y, values, 1, np.array([t + 1]), start=t)
        W = weights.step(model, vectors, y, W, values, t, clean=clean, scalars=scalars)
        kept = places.moved(kept, fresh, run.z[-1], run.b[-1])
    vectors = _vectors(model, values, draw, STEPS)
    y, clean = labels(model, values, n, 0, STEPS)
    own, scalars = vectors[places.again], drawn_scalars(model, values, y, clean, 0, step=STEPS)
    fresh = one_pass.given(kept, staying, W.reshape(-1, W.shape[-1]) @ own.T, own @ held.T, own @ own.T)
    state = as_draw(draw, kept, staying, fresh, places, y, clean, scalars)
    flat = W.reshape(-1, W.shape[-1])
    square = float(np.abs(flat @ flat.T).max())
    yield Row("one pass: W W^T after fresh vectors", float(np.abs(
        kept.weight_gram(staying) - flat @ flat.T).max()) / square, STRICT, STEPS, "strict")
    if len(stay):
        long = float(np.linalg.norm(flat, axis=1).max() * np.linalg.norm(held, axis=1).max()) or 1.0
        yield Row("one pass: W V^T of what stays", float(np.abs(kept.z - flat @ held.T).max()) / long, STRICT, STEPS,
                  "strict")
    if len(places.again):
        yield from _law(model, values, draw, flat, kept, staying, places)
    yield from _judged(model, kernel, values, replace(state, vectors=vectors, weights=W))


def _judged(model: Model, kernel: KernelUnderTest, values: Values, state: Draw) -> Iterator[Row | Left]:
    """The test law of a state, from the products that it keeps, against its weights in d dimensions."""
    if state.weights is None or fresh_refusals.refusal(model, state, values):
        return  # which the rows of the start say, with the reason
    if state.held is not None:
        yield Left("one pass: held-out examples", "where every step draws its own, no arrays bring any")
        return
    along = Along(state, state.z[None], np.zeros_like(state.z)[None], np.ones(1), state.weights[None])
    for each in validate_fresh.at(model, kernel, along, values):
        yield replace(each, what=f"one pass: {each.what}")


def _vectors(model: Model, values: Values, draw: Draw, t: int) -> Array:
    """All directions (B, d), those of examples drawn in d dimensions by their declared laws."""
    assert draw.vectors is not None
    vectors, n = draw.vectors.copy(), len(draw.y)
    offsets, sizes = model.offsets(n), model.sizes(n)
    for at, family in enumerate(model.directions):
        if family.index_set.per_example:
            rng = stream(0, "validate", 25, t, at)
            rows = slice(offsets[family.name], offsets[family.name] + sizes[family.name])
            vectors[rows] = _drawn(model, values, draw, family.name, rng.standard_normal(vectors[rows].shape))
    return vectors


def _drawn(model: Model, values: Values, draw: Draw, name: str, normals: Array) -> Array:
    """Normals (k, d) as vectors of a family."""
    assert draw.vectors is not None
    law = chosen_law(model.family(name), values)
    assert law is not None
    offsets, sizes = model.offsets(len(draw.y)), model.sizes(len(draw.y))
    away = [draw.vectors[offsets[each] : offsets[each] + sizes[each]] for each in law.projected_off(values)]
    basis = span(np.concatenate([np.zeros((0, normals.shape[1])), *away]))
    return number(values, law.deviations[0]) * without(normals, basis)


def _law(
    model: Model, values: Values, draw: Draw, flat: Array, kept: one_pass.Kept, staying: one_pass.Staying,
    places: Places,
) -> Iterator[Row]:
    """Second moments of one fresh vector's products with the filters, and the mean of its square."""
    rng, first = stream(0, "validate", 26), slice(0, 1)
    draws = [one_pass.drawn(rng, kept, staying, places.std[first], places.projectors[first]) for _ in range(DRAWS)]
    products, squares = np.array([each.z[:, 0] for each in draws]), np.array([each.gram[0, 0] for each in draws])
    name = next(family.name for family in model.directions if family.index_set.per_example)
    root = _drawn(model, values, draw, name, np.eye(flat.shape[1]))
    weight = stream(0, "validate", 27).standard_normal(len(flat))
    mixed, wanted = (products @ weight) ** 2, float(np.sum((weight @ flat @ root) ** 2))
    for what, samples, value in (("products with filters", mixed, wanted), ("length", squares, float(np.sum(root**2)))):
        error = float(samples.std() / DRAWS**0.5)
        yield in_errors(f"one pass: a fresh vector's {what}, squared", abs(float(samples.mean()) - value), error, value)
