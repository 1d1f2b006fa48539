"""The kinds of loss and of penalty, one class a kind, by the words that a declaration has for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from .expressions import Expression


class LossKind:
    """The loss of one example."""

    lipschitz: bool
    """Whether l' and l'' are known to be bounded."""
    of_margin: ClassVar[bool] = True
    """Whether it is of the margin y f of signed heads, and not of the outputs of class heads."""

    @property
    def constants(self) -> tuple[str, ...]:
        """The parameters that it holds."""
        return ()


class Logistic(LossKind):
    """log(1 + e^{-y f})."""

    lipschitz = True


class Exponential(LossKind):
    """e^{-y f}."""

    lipschitz = False


class CrossEntropy(LossKind):
    """-log p_y, p the softmax of the outputs."""

    lipschitz = True
    of_margin = False


@dataclass(frozen=True)
class OfMargin(LossKind):
    """A formula in the margin z = y f."""

    expression: Expression
    called: str
    lipschitz: bool = False

    @property
    def constants(self) -> tuple[str, ...]:
        """The formula's parameters."""
        return self.expression.constants


class PenaltyKind:
    """What is added to the mean loss, times c lam."""

    present: ClassVar[bool] = True
    """Whether there is one."""


class NoPenalty(PenaltyKind):
    """Nothing."""

    present = False


class PerExample(PenaltyKind):
    """The mean over examples of ||grad_W L_i||_F^2."""


class Full(PenaltyKind):
    """||grad_W L_S||_F^2."""


LOSSES: Final[dict[str, LossKind]] = {
    "logistic": Logistic(), "exponential": Exponential(), "cross_entropy": CrossEntropy(),
    "hinge": OfMargin(Expression("where(z < 1, 1 - z, 0)"), "hinge", lipschitz=True),
    "squared": OfMargin(Expression("(1 - z)**2/2"), "squared"),
    "smooth_hinge": OfMargin(
        Expression("where(z <= 0, 1/2 - z, where(z < 1, (1 - z)**2/2, 0))"), "smooth_hinge", lipschitz=True),
}
"""By word.  Hinge takes l'(1) = 0; squared is (y - f)^2/2, since y^2 = 1; smooth hinge is 1/2 - z below 0."""
PENALTIES: Final[dict[str, PenaltyKind]] = {"none": NoPenalty(), "per_example": PerExample(), "full": Full()}


def loss_kind(declared: str) -> LossKind:
    """The loss of a word, or of a formula in the margin z."""
    return LOSSES.get(declared) or OfMargin(Expression(declared), declared)
