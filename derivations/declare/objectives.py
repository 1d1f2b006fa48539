"""The kinds of loss and of penalty, one class a kind, by the words that a declaration has for them."""

from __future__ import annotations

from typing import ClassVar, Final


class LossKind:
    """The loss of one example."""

    lipschitz: ClassVar[bool]
    """Whether l' and l'' are bounded."""


class Logistic(LossKind):
    """log(1 + e^{-y f})."""

    lipschitz = True


class Exponential(LossKind):
    """e^{-y f}."""

    lipschitz = False


class CrossEntropy(LossKind):
    """-log p_y, p the softmax of the outputs."""

    lipschitz = True


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
}
PENALTIES: Final[dict[str, PenaltyKind]] = {"none": NoPenalty(), "per_example": PerExample(), "full": Full()}
