"""What a run that leaves the finite numbers says, in both engines: which step sizes to lower, or the penalty."""

from __future__ import annotations

from collections.abc import Mapping

from derivations.declare import Model, Value

from ..errors import Diverged
from ..values import closing


def divergence(model: Model, values: Mapping[str, Value], t: int, cure: str) -> Diverged:
    """The error of a run whose state W(t) is the first that is not finite; `cure` names the step sizes to lower.

    The penalty is blamed beside them where the step that made W(t) had it: t - 1 <= lam_until, or always without one.
    """
    said = f"the run diverges: its state is not finite at step {t}; lower {cure}"
    lam, last = values.get("lam"), closing(model, values)
    if not model.objective.penalised or not isinstance(lam, int | float) or not lam:
        return Diverged(said, t)
    if last is not None and t > last + 1:
        return Diverged(f"{said}; the penalty is off from step {last + 1} on (lam_until = {last})", t)
    tried = f"run it with lam=0: if that stays finite, lower lam, else {model.algorithm.step}"
    return Diverged(f"{said}, or lam ({lam:g}); the penalty is on there, so {tried}", t)
