"""FOMAML's theory in figures, written by name: the mechanism, growth rates up to d = e^100, and J against sigma_0.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023: Theorems 4.4 and 4.5, Condition D.1, Appendices E and F.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ..about import About
from ..save import Writer, save
from ..tabular import Tabular
from .growth import Ladder, growth
from .plane import Plane, phase, table
from .regime import Regime, mechanism
from .runs import METHODS, Case, describe


def _writer(
    about: About, draw: Callable[[Any], Figure], default: Any, cases: Callable[[Any], list[Case]],
    numbers: Callable[[Any], Tabular] | None = None,
) -> Writer:
    stem = f"fomaml_{about.name}"

    def write(folder: Path, plan: Any = default) -> list[Path]:
        details = {"plan": plan, "seeds": list(range(plan.seeds)), "runs": describe(cases(plan))}
        paths = save(draw(plan), folder, stem, about.record(folder, details))
        return paths if numbers is None else [*paths, *numbers(plan).write(folder, stem, about.shows)]

    return write


THEORY: dict[str, Writer] = {
    "mechanism": _writer(
        About("fomaml", "mechanism", "With a split and without, the preset mechanism: inner products, P, test loss and "
              "accuracy of every draw."),
        mechanism, Regime(), lambda plan: [plan.case(method) for method in METHODS]),
    "growth": _writer(
        About("fomaml", "growth", "Growth rates of feature and noise against d up to e^100, measured in one step and "
              "linearised."),
        growth, Ladder(), lambda plan: [
            plan.case(method, L, J) for method in METHODS for J in plan.inner for L in plan.logs]),
    "phase": _writer(
        About("fomaml", "phase", "Adapted and unadapted test loss of both methods over inner steps and initialisation, "
              "with C1's boundary."),
        phase, Plane(), lambda plan: [
            plan.case(method, J, s) for method in METHODS for J in plan.inner for s in plan.sigmas], table),
}
"""Writers by name."""
