"""What is asked of a run, and what a run of one start gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from derivations.declare import Variable
from dynamics.arrays import Steps

from ..ask.bounds import Bound
from ..errors import InputError
from ..observe.samplings import DRAWN, TestSampling
from .problem import Start

Variables = dict[str, Variable]


@dataclass(frozen=True)
class Asked:
    """How long to run, which steps to record, and which variables to give.

    `named`: whether the caller named the variables, so that one that is not to be had is refused, and not left out.
    `until` are the observables that stop the run, where all are at or beyond their bounds in one step.  `fresh` is how
    fresh examples are taken.
    """

    steps: int
    recorded: Steps
    wanted: tuple[str, ...]
    until: Mapping[str, Bound]
    named: bool
    fresh: TestSampling = DRAWN

    def left_out(self, reason: str, what: str) -> tuple[str, ...]:
        """The note that `what` is left out; none where there is no reason.  Raises InputError where it was named."""
        if reason and self.named:
            raise InputError(reason)
        return (f"{what} left out: {reason}",) if reason else ()


@dataclass(frozen=True)
class Found:
    """A start's recorded steps t (T,), its variables, and lines on what they are or lack.

    `lacking` says of variables that are no numbers somewhere why, and what to do, where they tell.
    """

    start: Start
    t: Steps
    variables: Variables
    notes: tuple[str, ...]
    lacking: Mapping[str, str] = field(default_factory=dict)
