"""Which models may have a kernel on lanes."""

from __future__ import annotations

from ...declare import Model, Patch


def fits_lanes(model: Model) -> bool:
    """Whether a model may have a kernel on lanes: signed heads, one set of examples, families over them or alone.

    Patches are a vector each, alone or times a label, a loss is of one label, and filters alone are trained.
    """
    sets = [family.index_set for family in model.directions]
    return (
        model.network.head_axis.signed
        and not model.algorithm.over_tasks
        and not model.network.axes
        and model.objective.mixed_labels is None
        and all(isinstance(patch, Patch) and patch.plain for patch in model.patches)
        and all(each.per_example or each.single for each in sets)
    )
