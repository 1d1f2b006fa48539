"""Which models may have a kernel on lanes, and which move along few directions a step, or by few values."""

from __future__ import annotations

from ...calculus.curves import curve, vanishes
from ...declare import CrossEntropy, Expressed, LeakyRelu, Model, OfMargin, Relu, rows_of, scheduled


def fits_lanes(model: Model) -> bool:
    """Whether a model may have a kernel on lanes: one set of examples, families over them, over classes, or alone.

    No example is mixed of others, and a loss is of one label: of signed heads' outputs, or the cross-entropy of class
    heads.
    """
    sets = [family.index_set for family in model.directions]
    signed = model.network.head_axis.signed
    return (
        (signed or isinstance(model.objective.loss_kind, CrossEntropy))
        and not model.algorithm.over_tasks
        and model.objective.mixed_labels is None
        and not rows_of(model)
        and all(each.per_example or each.single or (each.per_class and not signed) for each in sets)
    )


def fits_task_lanes(model: Model) -> bool:
    """Whether a model's tasks may go side by side: signed heads of filters alone, families of a task or an example."""
    sets = [family.index_set for family in model.directions]
    return (
        bool(model.algorithm.over_tasks) and model.network.head_axis.signed and not model.network.axes
        and model.objective.mixed_labels is None and not model.objective.penalised
        and all(each.per_example or each.single for each in sets)
    )


def goes_abreast(model: Model) -> bool:
    """Whether eight of a model's runs may be advanced together: plain descent of signed heads of filters alone.

    A formula's constants would be lanes, and what options make of a gradient goes by its norm or by what is drawn.
    """
    loss, activation = model.objective.loss_kind, model.network.activation.kind
    with_constants = [each for each in (loss, activation) if isinstance(each, OfMargin | Expressed)]
    return (
        model.network.head_axis.signed
        and not (model.algorithm.options or scheduled(model))
        and not model.network.axes
        and all(not each.expression.constants for each in with_constants)
    )


def marks(model: Model) -> bool:
    """Whether the coupling goes over what moves, filter by filter; momentum goes on where a gradient is 0."""
    return stops(model) and "momentum" not in model.algorithm.options


def tabled(model: Model) -> bool:
    """Whether what moves z may hold two values a column of a head, as tables of partial sums take it by BLAS.

    An example's loss slope times one of two slopes.
    """
    two_slopes = isinstance(model.network.activation.kind, Relu | LeakyRelu)
    return two_slopes and not model.objective.penalised and "momentum" not in model.algorithm.options


def stops(model: Model) -> bool:
    """Whether a filter stops moving along an example on which it is not active, so that much of a gradient is 0."""
    kind = model.network.activation.kind
    return vanishes(curve(kind.expression, 1)) if isinstance(kind, Expressed) else kind.stops
