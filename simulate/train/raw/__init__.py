"""The papers' objectives typed by hand from their displays, one module a paper: they check the interpreter.

A model's paper is found by its declaration (`derivations.papers.paper`).  The module of the paper's name here offers
`from_values(W, families, y, values, lam)`: the objective at W (H, m, d), with `families` the direction vectors by
family name, each (size, d), and `lam` the parameter of that name or 0 where the penalty is closed.  Where the paper's
step is not gradient descent on that objective, the module also offers `step_from_values(W, families, y, values)`: the
weights after one step, written out.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from derivations.declare import Model, Value
from derivations.papers.paper import paper_of

from ...work.once import once

if TYPE_CHECKING:
    from torch import Tensor

RawObjective = Callable[["Tensor", Mapping[str, "Tensor"], "Tensor", Mapping[str, Value], float], "Tensor"]
RawStep = Callable[["Tensor", Mapping[str, "Tensor"], "Tensor", Mapping[str, Value]], "Tensor"]


def find(model: Model) -> RawObjective | None:
    """The hand-written objective of the model's paper; None where there is none, as for a user's own model."""
    module = _module(model)
    return None if module is None else module.from_values


def find_step(model: Model) -> RawStep | None:
    """The hand-written step of the model's paper; None where there is none beside the objective."""
    module = _module(model)
    return getattr(module, "step_from_values", None)


@once
def _module(model: Model) -> ModuleType | None:
    paper = paper_of(model)
    if paper is None or importlib.util.find_spec(f"{__name__}.{paper.name}") is None:
        return None
    return importlib.import_module(f"{__name__}.{paper.name}")
