"""What a generated kernel takes of parameters: its scalars, step sizes, rates, and the penalty's last step."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, Steps
from .variants import Variants

ALWAYS = 2**62


@dataclass(frozen=True, kw_only=True)
class Numbers(Variants):
    """`scalars` name a kernel's arguments, `step` the step size's parameter.

    `options` are the algorithm's, as in `derivations.declare.GradientDescent.options`: parameters by option;
    `numbers_of_step` those of them that the time loop takes as numbers, in its order.
    `schedules` are the numbers that change with the step ("eta", "lam" or an option), with the parameters that the
    functions of t which the file has of them take.
    """

    scalars: tuple[str, ...]
    step: str
    options: Mapping[str, str] = field(default_factory=dict)
    numbers_of_step: Mapping[str, str] = field(default_factory=dict)
    schedules: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def cure(self, values: Mapping[str, Any]) -> str:
        """The step sizes with their values, to say which to lower where a run diverges."""
        return f"{self.step} ({float(values[self.step]):g})"

    def scale(self, values: Mapping[str, Any], t: NDArray[np.int64]) -> Array:
        """(1 - eta weight_decay)^t (T,), the share of W(0) that is left at step t.

        A product over the steps before t where the two change with them.
        """
        name = self.options.get("weight_decay")
        if name is not None and {"eta", "weight_decay"} & self.schedules.keys():
            steps = np.arange(int(t.max(initial=0)))
            moved = self._at("eta", self.step, values, steps) * self._at("weight_decay", name, values, steps)
            return np.concatenate([[1.0], np.cumprod(1.0 - moved)])[t]
        decay = 0.0 if name is None else float(values[self.step]) * float(values[name])
        return np.asarray((1.0 - decay) ** t.astype(np.float64))

    def _at(self, role: str, name: str, values: Mapping[str, Any], t: Steps) -> Array:
        """A number of the step, of this role and the parameter `name`, in the steps t (T,)."""
        if role not in self.schedules:
            return np.full(len(t), float(values[name]))
        given = [float(values[each]) for each in self.schedules[role]]
        at = getattr(self.loops, f"{role}_at")
        return np.array([at(float(step), *given) for step in t])

    def numbers(self, values: Mapping[str, Any], m: int) -> tuple[float, ...]:
        """The time loop's numbers: the kernel's scalars, the step size, and the rates of the algorithm's options."""
        return (*map(float, self._named(values, m)), float(values[self.step]), *self._rates(values))

    def columns(self, values: Mapping[str, Any], m: int, runs: int) -> Array:
        """`numbers` of many runs, (R, ...): each of the values is a number, or one a run, (R,)."""
        named = [*self._named(values, m), values[self.step], *(values[name] for name in self.numbers_of_step.values())]
        return np.stack([np.broadcast_to(np.asarray(each, dtype=np.float64), (runs,)) for each in named], axis=1)

    def limits(self, values: Mapping[str, Any], runs: int) -> Steps:
        """`limit` of many runs, (R,)."""
        lam, until = values.get("lam"), values.get("lam_until")
        on = np.asarray(0.0 if lam is None else lam) != 0.0
        last = np.where(on | ("lam" in self.schedules), ALWAYS if until is None else until, -1)
        return np.array(np.broadcast_to(last, (runs,)), dtype=np.int64)

    def scales(self, values: Mapping[str, Any], t: Steps, runs: int) -> Array:
        """`scale` of many runs, (R, T)."""
        if "weight_decay" not in self.options:
            return np.ones((runs, len(t)))
        names = dict.fromkeys((self.step, self.options["weight_decay"], *itertools.chain(*self.schedules.values())))
        columns = [np.broadcast_to(values[name], (runs,)).tolist() for name in names]
        return np.array([self.scale(dict(zip(names, pair, strict=True)), t) for pair in zip(*columns, strict=True)])

    def limit(self, values: Mapping[str, Any]) -> int:
        """The last step with the penalty; -1 where there is none."""
        return int(self.limits(values, 1)[0])

    def _rates(self, values: Mapping[str, Any]) -> list[float]:
        return [float(values[name]) for name in self.numbers_of_step.values()]

    def arguments(self, values: Mapping[str, Any], m: int) -> tuple[float, ...]:
        """The kernel's scalars: kappa = 1/m or 1, c = 1/2 or 1, and parameters by name."""
        return tuple(map(float, self._named(values, m)))

    def _named(self, values: Mapping[str, Any], m: int) -> list[Any]:
        derived = {
            "kappa": 1.0 if values.get("neurons", "mean") == "sum" else 1.0 / m,
            "c": 0.5 if values.get("penalty_half", False) else 1.0,
        }
        return [derived[name] if name in derived else values[name] for name in self.scalars]
