"""What the parameters of a bilevel algorithm say: how many tasks, the examples that each loop takes, tasks' weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from ..chance.stepdraws import StepDraws
from ..errors import RangeError
from .task_axis import Indices


@dataclass(frozen=True)
class TwoLoops:
    """`algorithm` names the parameters, as `derivations.declare.Bilevel` does; `kernel` is the name errors have."""

    algorithm: Mapping[str, str]
    kernel: str

    def tasks(self, values: Mapping[str, Any]) -> int:
        """K."""
        return int(self.value(values, "tasks"))

    def value(self, values: Mapping[str, Any], option: str) -> float:
        """The value of the parameter that the algorithm names, one number.  Raises RangeError where there is none."""
        return float(self.given(values, option))

    def given(self, values: Mapping[str, Any], option: str) -> Any:
        """The same, a number or many runs' (R,)."""
        name = self.algorithm[option]
        if values.get(name) is None:
            raise RangeError(
                f"{name}: no value, and the algorithm takes its {option} from it; declare the parameter in the model "
                f"and give {name}=..."
            )
        return values[name]

    def split(self, values: Mapping[str, Any], n: int) -> tuple[Indices, Indices]:
        """The examples of the inner loop and of the outer step, for n examples a task."""
        everything = np.arange(n, dtype=np.int64)
        if self.algorithm["method"] != "train-validation":
            return everything, everything
        train = int(self.value(values, "train"))
        if not 1 <= train < n:
            raise RangeError(f"{self.algorithm['train']}: {train} of {n} examples to train on; expected 1 to {n - 1}")
        return everything[:train], everything[train:]

    def bounds(self, values: Mapping[str, Any], n: int) -> tuple[int, int]:
        """How many examples the inner loop takes, and the first of the outer step."""
        inner, outer = self.split(values, n)
        return len(inner), int(outer[0])

    def looked_at(self, values: Mapping[str, Any], n: int) -> Indices:
        """The examples of each task that an outer step moves W by: Reptile's are the inner loop's."""
        inner, outer = self.split(values, n)
        return inner if self.algorithm["method"] == "reptile" else outer

    def shares(self, values: Mapping[str, Any], tasks: int) -> list[Array]:
        """What each of all tasks is weighed by (K,), where the algorithm says so; nothing in the plain mean."""
        name, sampled = self.algorithm.get("shares"), self.algorithm.get("sampled")
        if not (name or sampled):
            return []
        counts = [float(each) for each in str(values[name]).split(",")] if name and values.get(name) else [1.0] * tasks
        if len(counts) != tasks or min(counts) < 1:
            raise RangeError(f"{name}: {values.get(str(name))!r} for {tasks} tasks; expected a whole number from 1 for "
                             f"each, such as {','.join('5' * min(tasks, 3))}; give as many as there are tasks")
        return [np.array(counts) / sum(counts)]

    def of_steps(self, weights: Array, draws: StepDraws | None, start: int, steps: int) -> Array:
        """The same among those that take part in each step (steps, K); where all do, at a last state too."""
        if not self.algorithm.get("sampled"):
            return np.tile(weights, (steps + 1, 1))
        if draws is None or draws.tasks != len(weights):
            raise RangeError(f"kernel {self.kernel}: each step draws the tasks that take part; expected draws= for "
                             f"{len(weights)} tasks")
        taken = weights * draws.taking_part(start, steps)
        return np.asarray(taken / taken.sum(axis=1, keepdims=True))


__all__ = ["TwoLoops"]
