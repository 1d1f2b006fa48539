"""A mutant under suspicion: what the runs so far say of it, and where it is false."""

from __future__ import annotations

from dataclasses import dataclass

from derivations.declare.mutants import HYPOTHESIS, Mutant

from .over_steps import Point
from .space import Place

ENOUGH = 6  # runs after which a mutant that was nowhere stricter is left alone


@dataclass(frozen=True)
class Kill:
    """Where a mutant is false: a place of the search (None: an arbitrary state) and the failing entry.

    `valueless` are the entries at which it has no value while its statement has one, which `check` does not let pass.
    """

    place: Place | None
    point: Point | None
    valueless: int = 0


@dataclass
class Suspect:
    """A mutant, and what the runs so far say of it.

    Of a dropped condition `outside` are the runs that left it inside the others, and `looked` the places inside these
    at which a way out was looked for (of an end of the range, the runs).  Of the cases on which it was `compared`,
    `placed` are runs from a place, which a search can begin from, and not arbitrary states.  `more` is the place where
    it says more than its statement by most, the sides' difference being larger by a share `gain` of them.
    """

    mutant: Mutant
    killed: Kill | None = None
    refused: str = ""
    stricter: bool = False
    looser: bool = False
    compared: int = 0
    placed: int = 0
    outside: int = 0
    looked: int = 0
    more: Place | None = None
    gain: float = 0.0
    score: float = 0.0
    best: Place | None = None
    constants: tuple[float, float] | None = None

    @property
    def alive(self) -> bool:
        """Whether runs can still decide it: neither killed, nor refused as a formula."""
        return self.killed is None and not self.refused

    @property
    def apart(self) -> bool:
        """Whether it says something else than the statement: neither implied by it nor slack."""
        return self.open and self.stricter and self.looser

    @property
    def open(self) -> bool:
        """Whether a search is worth while: a mutant that is nowhere stricter cannot be killed."""
        return self.alive and (self.mutant.change is HYPOTHESIS or self.stricter or self.compared < ENOUGH)

    def said_more(self, gain: float, place: Place | None) -> None:
        """Keeps the place where it says more than its statement by most."""
        self.stricter |= gain > 0
        if gain > self.gain and place is not None:
            self.gain, self.more = gain, place

    def offered(self, score: float, place: Place) -> None:
        """Keeps the place where it came nearest to being killed."""
        if score > self.score:
            self.score, self.best = score, place
