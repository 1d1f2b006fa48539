"""What fresh tasks see of filters, against W in d dimensions: products with what stays, and covariances of noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import FixedLaw, GaussianLaw, Model, TaskLaw, chosen_law
from dynamics.arrays import Array
from dynamics.fresh.taskdraws import Family, TaskDrawLaw

from ..observe.staying import Staying
from ..start.drawn import Draw
from ..values import Values, real
from .along import Along
from .fresh import COVARIANCE, over
from .fresh_by_weights import span, without
from .report import LIMIT, SAFETY, Left, Row

MANY = 1000  # vectors whose Gram matrix is taken apart for its condition


def of_filters(model: Model, along: Along, values: Values) -> Iterator[Row | Left]:
    """Products with what a task may hold, and the covariance of every family drawn again.

    And where the draw is known by inner products alone, as far as what is then subtracted leaves digits.
    """
    draw, what = along.draw, ("products with features", "covariances of noise")
    for name, gap in zip(what, _gaps_of_filters(model, along, draw, values), strict=True):
        yield Row(f"fresh tasks: {name}", gap, COVARIANCE, 0, "fixed")
    kept = kept_by_tasks(model, draw, values)
    if len(kept.staying) > MANY or not draw.gram.size:
        yield Left("fresh tasks of a Gram draw", f"more than {MANY} vectors stay" if draw.gram.size else
                   "the draw has no Gram matrix")
        return
    bar = _bar_of_gram(model, along, kept, values)
    if not bar <= LIMIT:
        yield Left("fresh tasks of a Gram draw", f"inner products alone may be off by more than {LIMIT:.0e}")
        return
    watched = None if draw.watched is None else replace(draw.watched, vectors=None)
    blind = replace(draw, vectors=None, weights=None, sampling="gram", filter_gram=draw.weight_gram, watched=watched)
    for name, gap in zip(what, _gaps_of_filters(model, along, blind, values), strict=True):
        yield Row(f"fresh tasks of a Gram draw: {name}", gap, bar, 0, "10 eps cond(Gram)")


def _gaps_of_filters(model: Model, along: Along, draw: Draw, values: Values) -> tuple[float, float]:
    """How far the law's products and covariances, of this draw, are from those of the filters W."""
    S = int(np.prod(along.W.shape[1:3]))
    staying = Staying(model, draw, values)
    law, filters = staying.law(values), staying.filters(along.z, along.b)
    kept = kept_by_tasks(model, along.draw, values)
    basis = span(kept.off)
    products, covariances = [0.0], [0.0]
    for t, W in enumerate(along.W.reshape(len(along.W), S, -1)):
        wanted = W @ kept.held.T
        products.append(over(np.abs(filters.products[t] - wanted).max(initial=0.0), np.abs(wanted).max(initial=0.0)))
        for family, std, seen in _drawn_again(model, law, W, basis, values):
            inside = filters.along[t] @ family.kept
            reduced = family.std**2 * (filters.rest[t] + inside @ inside.T)
            covariance = std**2 * seen @ seen.T
            covariances.append(over(np.abs(reduced - covariance).max(), np.abs(covariance).max()))
    return max(products), max(covariances)


def _drawn_again(
    model: Model, law: TaskDrawLaw, W: Array, basis: Array, values: Values
) -> Iterator[tuple[Family, float, Array]]:
    """Each family of fresh noise, its deviation, and what of the filters (S, d) its noise meets."""
    for family, declared in zip(law.families, model.directions, strict=True):
        own = chosen_law(declared, values)
        if declared.name in model.test.drawn and isinstance(own, GaussianLaw):
            yield family, real(values, own.std), without(W, basis) if own.projected_off(values) else W


def _bar_of_gram(model: Model, along: Along, kept: KeptByTasks, values: Values) -> float:
    """The bar of what inner products alone tell: the vectors that stay may be nearly dependent, squares may cancel."""
    law, basis = Staying(model, along.draw, values).law(values), span(kept.off)
    length = np.linalg.norm(kept.staying, axis=1, keepdims=True)
    unit = kept.staying / np.where(length > 0, length, 1.0)
    worst = float(np.linalg.cond(unit @ unit.T)) if len(unit) else 1.0
    for W in along.W.reshape(len(along.W), -1, along.W.shape[-1]):
        for _, _, seen in _drawn_again(model, law, W, basis, values):
            worst = max(worst, over(float((W**2).sum(axis=1).max()), float((seen**2).sum(axis=1).max())))
    return max(COVARIANCE, SAFETY * float(np.finfo(np.float64).eps) * worst)


@dataclass(frozen=True)
class KeptByTasks:
    """Vectors of a draw, each (k, d): what a fresh task's patches may hold, and what noise is projected off.

    `staying` are all that stay from task to task.
    """

    held: Array
    off: Array
    staying: Array


def kept_by_tasks(model: Model, draw: Draw, values: Values) -> KeptByTasks:
    """Those of a draw."""
    assert draw.vectors is not None
    n, tasks = len(draw.y), draw.tasks
    offsets, sizes = model.offsets(n, tasks), model.sizes(n, tasks)
    d = draw.vectors.shape[1]
    held, off, staying = ([np.zeros((0, d))] for _ in range(3))
    named = {name for f in model.directions for law in [chosen_law(f, values)] if isinstance(law, GaussianLaw)
             for name in law.off}
    dictionaries = []
    for family in model.directions:
        law = chosen_law(family, values)
        own = draw.vectors[offsets[family.name] : offsets[family.name] + sizes[family.name]]
        if isinstance(law, TaskLaw):
            assert draw.watched is not None and draw.watched.vectors is not None
            nu, z = (draw.watched.vectors[draw.watched.names[each]] for each in (law.shared, law.dictionary))
            dictionaries.append(nu + z)
            parts = [nu, z]
        elif family.name not in model.test.drawn and (family.index_set.shared or isinstance(law, FixedLaw)):
            held.append(own)
            parts = [own]
        else:
            continue
        staying += parts
        off += parts if family.name in named else []
    return KeptByTasks(np.concatenate([*held, *dictionaries]), np.concatenate(off), np.concatenate(staying))
