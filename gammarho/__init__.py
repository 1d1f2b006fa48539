"""The front door: derive, run and check the reduced dynamics of two-layer networks.

The public names load on first use, so that `import gammarho` costs next to nothing.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # typing's own would take longer than all else before the command hears an interrupt
if TYPE_CHECKING:
    from typing import Any

    from derivations.declare import Model as Model
    from derivations.declare import Statement as Statement
    from figures.grid.plot import plot as plot
    from gammarho.api import conditions as conditions
    from gammarho.api import derive as derive
    from gammarho.api import validate as validate
    from gammarho.data import images as images
    from gammarho.description import describe as describe
    from gammarho.drawn import figures as figures
    from gammarho.ledger import errata as errata
    from gammarho.ledger import explain as explain
    from simulate import testing as testing
    from simulate.check.check import check as check
    from simulate.check.everywhere import everywhere as everywhere
    from simulate.check.induct import inductive as inductive
    from simulate.check.power import mutants as mutants
    from simulate.check.search import search as search
    from simulate.conditions.held import held as held
    from simulate.errors import Diverged as Diverged
    from simulate.errors import InputError as InputError
    from simulate.errors import Unwritten as Unwritten
    from simulate.gap.gap import gap as gap
    from simulate.images.influence import influence_scores as influence_scores
    from simulate.phase.phase import phase as phase
    from simulate.run.rebuild import restart as restart
    from simulate.run.rebuild import weights as weights
    from simulate.run.run import run as run
    from simulate.sensitivity.sensitivity import sensitivity as sensitivity

__version__ = "0.1.0"

_HOMES = {
    "Diverged": "simulate.errors",
    "InputError": "simulate.errors",
    "Model": "derivations.declare.model",
    "Statement": "derivations.declare.statements",
    "Unwritten": "simulate.errors",
    "check": "simulate.check.check",
    "conditions": "gammarho.api",
    "derive": "gammarho.api",
    "describe": "gammarho.description",
    "errata": "gammarho.ledger",
    "everywhere": "simulate.check.everywhere",
    "explain": "gammarho.ledger",
    "figures": "gammarho.drawn",
    "gap": "simulate.gap.gap",
    "held": "simulate.conditions.held",
    "images": "gammarho.data",
    "inductive": "simulate.check.induct",
    "influence_scores": "simulate.images.influence",
    "mutants": "simulate.check.power",
    "phase": "simulate.phase.phase",
    "plot": "figures.grid.plot",
    "restart": "simulate.run.rebuild",
    "run": "simulate.run.run",
    "search": "simulate.check.search",
    "sensitivity": "simulate.sensitivity.sensitivity",
    "testing": "simulate.testing",
    "validate": "gammarho.api",
    "weights": "simulate.run.rebuild",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 - the table's keys are text


def __getattr__(name: str) -> Any:
    """Load a public name from its home, once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gammarho' has no attribute {name!r}; it has {', '.join(_HOMES)}")
    home = importlib.import_module(_HOMES[name])
    public = home if name == "testing" else getattr(home, name)
    globals()[name] = public
    return public


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted(__all__)
