"""FOMAML's theory in figures, written by name: the mechanism, growth rates up to d = e^100, and J against sigma_0.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023: Theorems 4.4 and 4.5, Condition D.1, Appendices E and F.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from derivations.commands import command

from ..save import Writer, save
from ..tabular import Tabular
from .growth import Ladder, growth
from .plane import Plane, phase, table
from .regime import Regime, mechanism
from .runs import METHODS, Case, describe


def _writer(
    name: str, draw: Callable[[Any], Figure], default: Any, cases: Callable[[Any], list[Case]],
    numbers: Callable[[Any], Tabular] | None = None,
) -> Writer:
    def write(folder: Path, plan: Any = default) -> list[Path]:
        record = {
            "figure": name, "shows": (draw.__doc__ or "").splitlines()[0], "paper": "Zuo et al., ICLR 2023",
            "command": command("figures", "fomaml", name, options={"out": folder}), "plan": plan,
            "seeds": list(range(plan.seeds)), "runs": describe(cases(plan)),
        }
        paths = save(draw(plan), folder, f"fomaml_{name}", record)
        said = f"{record['shows']}"
        return paths if numbers is None else [*paths, *numbers(plan).write(folder, f"fomaml_{name}", said)]

    return write


THEORY: dict[str, Writer] = {
    "mechanism": _writer("mechanism", mechanism, Regime(), lambda plan: [plan.case(method) for method in METHODS]),
    "growth": _writer("growth", growth, Ladder(), lambda plan: [
        plan.case(method, L, J) for method in METHODS for J in plan.inner for L in plan.logs]),
    "phase": _writer("phase", phase, Plane(), lambda plan: [
        plan.case(method, J, s) for method in METHODS for J in plan.inner for s in plan.sigmas], table),
}
"""Writers by name."""
