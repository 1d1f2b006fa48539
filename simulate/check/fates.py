"""What becomes of a mutant: killed, equivalent, slack, superfluous, surviving or untested, and why."""

from __future__ import annotations

from dataclasses import dataclass

from derivations.declare import Statement
from derivations.declare.mutants import HYPOTHESIS, Mutant

from .family import Family
from .suspect import Kill, Suspect


@dataclass(frozen=True)
class Fate:
    """A kind of end that a mutant comes to, by its word in a report, and whether it can be killed at all."""

    word: str
    counts: bool = True


KILLED, SLACK, SURVIVING, SUPERFLUOUS = Fate("killed"), Fate("slack"), Fate("surviving"), Fate("superfluous?")
EQUIVALENT, UNTESTED = Fate("equivalent", counts=False), Fate("untested", counts=False)
FATES = (KILLED, EQUIVALENT, SLACK, SUPERFLUOUS, SURVIVING, UNTESTED)
INSIDE = 8  # places inside all other conditions, none of them outside one, for it to count as implied by them


@dataclass(frozen=True)
class Fated:
    """A mutant's fate and why; of a slack constant its value and the sharpest one that held on every run."""

    mutant: Mutant
    fate: Fate
    why: str
    constants: tuple[float, float] | None = None


@dataclass(frozen=True)
class Tested:
    """A statement with its mutants judged: on how many runs it spoke, and whether one of these refuted it.

    `sharpened` are the changes of the claim once its constants are as sharp as a handful of the runs allow, judged on
    these (the same ones where none is loose): what survives there is not hidden by a loose constant.
    """

    statement: Statement
    stage: bool
    runs: int
    violated: Kill | None
    mutants: tuple[Fated, ...]
    sharpened: tuple[Fated, ...]

    def count(self, fate: Fate) -> int:
        """How many mutants met that fate."""
        return sum(each.fate is fate for each in self.mutants)


def tested(family: Family) -> Tested:
    """The family's mutants with their fates."""
    judged = _all_judged(family)
    sharper = judged if family.sharpened is None else _all_judged(family.sharpened)
    claims = tuple(each for each in sharper if each.mutant.change is not HYPOTHESIS)
    return Tested(family.statement, family.of_a_path, family.runs, family.violated, judged, claims)


def _all_judged(family: Family) -> tuple[Fated, ...]:
    return tuple(_judged(family, suspect) for suspect in family.suspects if not suspect.refused)


def _judged(family: Family, suspect: Suspect) -> Fated:
    mutant = suspect.mutant
    if suspect.killed is not None:
        point = suspect.killed.point
        place = suspect.killed.place
        if suspect.killed.valueless:
            return Fated(mutant, KILLED, f"no value at {suspect.killed.valueless} entries where the statement has one")
        bent = ", on a draw that is bent" if place is not None and place.bends else ""
        return Fated(mutant, KILLED, "" if point is None else f"{point.left:.4g} against {point.right:.4g}{bent}")
    if not family.runs or not (suspect.compared or mutant.change is HYPOTHESIS):
        return Fated(mutant, UNTESTED, "no run met the hypothesis, or has the step that it speaks of")
    return _of_dropped(suspect) if mutant.change is HYPOTHESIS else _of_claim(family, suspect)


def _of_dropped(suspect: Suspect) -> Fated:
    if suspect.outside:
        return Fated(suspect.mutant, SUPERFLUOUS, f"not needed on {suspect.outside} runs outside it")
    if suspect.looked >= INSIDE:
        return Fated(suspect.mutant, EQUIVALENT, f"implied by the rest of the hypothesis at {suspect.looked} places")
    return Fated(suspect.mutant, UNTESTED, "no run left it inside the rest of the hypothesis")


def _of_claim(family: Family, suspect: Suspect) -> Fated:
    if not suspect.stricter:
        why = "implied by the statement" if suspect.looser else "the same on every entry"
        return Fated(suspect.mutant, EQUIVALENT, f"{why}, on {suspect.compared} runs")
    if suspect.looser:
        return Fated(suspect.mutant, SURVIVING, f"neither implied nor refuted on {family.runs} runs")
    return Fated(suspect.mutant, SLACK, f"holds on {family.runs} runs", suspect.constants)
