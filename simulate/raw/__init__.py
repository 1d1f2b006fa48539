"""The papers' objectives typed by hand from their displays, one module a setting: they check the interpreter.

A module is found by its setting's name and offers `from_values(W, families, y, values, lam)`: the objective at W
(H, m, d), with `families` the direction vectors by family name, each (size, d), and `lam` the parameter of that name
or 0 where the penalty is closed.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from derivations.model import Model, Value

if TYPE_CHECKING:
    from torch import Tensor

RawObjective = Callable[["Tensor", Mapping[str, "Tensor"], "Tensor", Mapping[str, Value], float], "Tensor"]


def find(model: Model) -> RawObjective | None:
    """The hand-written objective of the model's setting; None where there is none, as for a user's own model."""
    if not model.name.isidentifier() or importlib.util.find_spec(f"{__name__}.{model.name}") is None:
        return None
    found: RawObjective = importlib.import_module(f"{__name__}.{model.name}").from_values
    return found
