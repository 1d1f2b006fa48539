"""Which parameter makes a start too large: scales of the data and of the initialisation, the largest named."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from derivations.declare import ChosenLaw, Model, Value, chosen_law

from ..errors import Diverged, InputError
from .drawn import Draw

HUGE = 1e30  # a scale from which the first steps diverge whatever the step size
AT_ONCE = 2  # steps within which a start that is too large diverges
DECIDED = 1e12  # scales up to this much, and down to its inverse, leave a comparison of the engines some digits


def scales(model: Model, values: Mapping[str, Value]) -> dict[str, float]:
    """The parameters that scale directions and filters, with their values; at least one."""
    magnitudes: dict[str, float] = {}
    # Examples of the caller's own leave the choice of a law open.
    open_to = [f for f in model.directions if isinstance(f.law, ChosenLaw) and values.get(f.law.by) is None]
    laws = [chosen_law(family, values) for family in model.directions if family not in open_to]
    named = [name for law in laws if law is not None for name in law.scales]
    for name in [*named, model.initialisation.std]:
        if isinstance(value := values.get(name), int | float):
            magnitudes[name] = float(value)
    return magnitudes


def check_finite(model: Model, values: Mapping[str, Value], drawn: Draw) -> None:
    """Raises InputError where inner products of the start are beyond the largest double, naming the largest scale."""
    if np.isfinite(drawn.gram).all() and np.isfinite(drawn.z).all():
        return
    what = "makes inner products of the start beyond the largest double, 1.8e308"
    raise InputError(f"{_blamed(model, values, drawn)} {what}; {_cure(model, values, drawn)}")


def undecided_by(model: Model, values: Mapping[str, Value]) -> str:
    """Why a comparison with weight space that fails here decides nothing; empty where it does.

    Beside scales this far from order one, rounding of the larger terms hides the smaller ones in one engine or the
    other, squares and exponentials of them leave float64, and a residual says nothing of the kernel.
    """
    sized = {**scales(model, values)}
    for name in (*model.algorithm.rates, "lam"):
        value = values.get(name)
        if isinstance(value, int | float) and value > 1:  # a small step is judged by its own size
            sized[name] = float(value)
    far = {name: value for name, value in sized.items() if value != 0 and not 1 / DECIDED <= abs(value) <= DECIDED}
    if not far:
        return ""
    name = max(far, key=lambda each: abs(math.log(abs(far[each]))))
    return (
        f"{name} ({far[name]:g}) is so far from order one that rounding and overflow, not the kernel, may decide what "
        f"differs; give a value between {1 / DECIDED:g} and {DECIDED:g} for a verdict"
    )


@contextmanager
def explained(model: Model, values: Mapping[str, Value], drawn: Draw) -> Iterator[None]:
    """Says of a run inside that diverges where it starts, or at once from a huge start, what is too large there."""
    try:
        yield
    except Diverged as error:
        largest = max(scales(model, values).values(), default=0.0)
        huge = largest > HUGE and largest > float(values.get(model.algorithm.step) or 0)
        if error.step > 0 and not (huge and error.step <= AT_ONCE):
            raise
        when = "at its start" if error.step == 0 else f"at step {error.step}"
        raise Diverged(
            f"the run diverges: its state is not finite {when}, because {_blamed(model, values, drawn)} is too large; "
            f"{_cure(model, values, drawn)}",
            error.step,
        ) from error


def _blamed(model: Model, values: Mapping[str, Value], drawn: Draw) -> str:
    """What is too large, with its value."""
    name = _largest(model, values, drawn)
    return f"{name} ({values[name]:g})" if name else "initial: the scale of the arrays"


def _cure(model: Model, values: Mapping[str, Value], drawn: Draw) -> str:
    name = _largest(model, values, drawn)
    return f"lower {name}" if name else "scale them down"


def _largest(model: Model, values: Mapping[str, Value], drawn: Draw) -> str:
    """The scale that is largest; empty for the caller's arrays."""
    magnitudes = scales(model, values)
    return max(magnitudes, key=lambda name: magnitudes[name]) if magnitudes and drawn.sampling != "initial" else ""
