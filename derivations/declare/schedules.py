"""A number of the step that changes with it: its formula in t, in the grammar of formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from ..errors import ModelError
from .choices import Declared, NumberName
from .expressions import Expression
from .formula import short

STEP: Final = "t"


class FormulaInStep:
    """Marks a text that is a formula in t."""

    expected = "a formula in t as text"

    def misfit(self, value: str) -> str | None:
        """What is wrong with a text; None for nothing."""
        try:
            Expression(value, STEP)
        except ModelError as error:
            return str(error)
        return None


@dataclass(frozen=True, kw_only=True)
class Schedule(Declared):
    """The number `of` in step t, which makes W(t+1), t = 0, 1, ...: a formula in t, such as "eta/(1 + t/t_0)".

    Other names in the formula are parameters, each as given, and so is `of` itself, which has to be among them.  It is
    the step size, the penalty's weight lam, or one of the numbers momentum, weight_decay, radius, clip, normalised of
    `GradientDescent`, by its parameter's name; of `Bilevel`, either loop's step size, where t is the outer step.
    A piecewise formula, where(t < 100, eta, eta/10), may jump.
    What it gives at any step of a run has to be in the number's range, which the run checks.
    """

    of: NumberName
    formula: Annotated[str, FormulaInStep()]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.of not in self.expression.constants:
            said = f"{short(self.formula)} does not hold {self.of!r}, the number given"
            raise ModelError(f"Schedule.formula: {said}; write {self.of} times a factor")

    @property
    def expression(self) -> Expression:
        """The formula."""
        return Expression(self.formula, STEP)


def roles(model: Any) -> dict[str, str]:
    """The numbers that may change with the step: by the parameter's name, what the step calls it."""
    penalty = {"lam": "lam"} if model.objective.penalised else {}
    return {**model.algorithm.roles, **penalty}


def scheduled(model: Any) -> dict[str, Expression]:
    """The formulas of the numbers that change with the step, by what the step calls them ("eta", "lam", "clip")."""
    known = roles(model)
    return {known[each.of]: each.expression for each in model.algorithm.schedules}


def schedule_constants(model: Any) -> tuple[str, ...]:
    """The parameters that stand in schedules and are no number of the step themselves."""
    known = roles(model)
    named = [name for each in model.algorithm.schedules for name in each.expression.constants if name not in known]
    return tuple(dict.fromkeys(named))
