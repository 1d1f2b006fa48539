"""What a run has no number for: infinities and undefined values become NaN, and its notes say where and of what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Variable

NO_VALUE = "; NaN where it has no value in double precision"


def marked(variables: Mapping[str, Variable], t: NDArray[np.int64]) -> tuple[dict[str, Variable], list[str]]:
    """The variables with NaN wherever there is no finite number, said in their note; and notes on them.

    `t` (T,) are the recorded steps.  Whole numbers, such as hitting times, stay as they are.
    """
    out, said = dict(variables), dict[str, list[str]]()
    for name, variable in variables.items():
        values = np.asarray(variable.values)
        # A finite sum of squares has finite terms, and is quicker than a look at each.
        if values.dtype.kind != "f" or math.isfinite(np.vdot(values, values)) or np.isfinite(values).all():
            continue
        known = np.isfinite(values)
        if not variable.dims and np.isposinf(values):  # a ratio of the data whose denominator is 0, which it declares
            continue
        out[name] = replace(variable, values=np.where(known, values, np.nan), note=NO_VALUE)
        said.setdefault(_where(variable, known, t), []).append(name)
    return out, [f"no value in double precision {where}: {', '.join(names)}" for where, names in said.items()]


def _where(variable: Variable, known: NDArray[np.bool_], t: NDArray[np.int64]) -> str:
    """At which recorded steps."""
    if variable.dims[:1] != ("t",):
        return "anywhere" if not known.any() else "at some entries"
    lacking = ~known.reshape(len(known), -1).all(axis=1)
    if lacking.all():
        return "at any recorded step"
    first, count = int(t[int(np.argmax(lacking))]), int(lacking.sum())
    return f"at {count} of {len(t)} recorded steps, the first t = {first}"
