"""The power of statements: what of their mutants runs kill, and how sharp their constants are.

    print(gr.mutants("pegr", ["D1"]))

or `gammarho check pegr D1 --mutants`.  Of a statement's mutants (`derivations.declare.mutants`)

- killed are those that a run refutes, with the place;
- equivalent those that are nowhere stricter than the statement, or the same: no run can kill them;
- slack those that say more than the statement and hold on every run: with the sharpest constant that was seen to hold;
- surviving those that say something else and hold on every run;
- untested those of a statement whose hypothesis no run met, and a condition dropped that every run met all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derivations.declare import Statement
from derivations.declare.mutants import HYPOTHESIS, Mutant
from dynamics.chance.streams import stream
from dynamics.kernel.blas import one_blas_thread

from ..ask import reading, settings
from ..run.problem import problem_of
from ..work.progress import progress
from .anystate import Random, arbitrary
from .check import chosen
from .family import Family, Suspect
from .hunt import Hunt, draws_of
from .sharpest import sharpest

TRIES = 40
STATES = 60  # arbitrary states, for statements about one step


@dataclass(frozen=True)
class Fate:
    """A kind of end that a mutant comes to, by its word in a report, and whether it can be killed at all."""

    word: str
    counts: bool = True


KILLED, SLACK, SURVIVING = Fate("killed"), Fate("slack"), Fate("surviving")
EQUIVALENT, UNTESTED = Fate("equivalent", counts=False), Fate("untested", counts=False)
FATES = (KILLED, EQUIVALENT, SLACK, SURVIVING, UNTESTED)


@dataclass(frozen=True)
class Judged:
    """A mutant's fate and why; of a slack constant its value and the sharpest one that held on every run."""

    mutant: Mutant
    fate: Fate
    why: str
    constants: tuple[float, float] | None = None


@dataclass(frozen=True)
class Tested:
    """A statement with its mutants judged: on how many runs it spoke, and whether one of these refuted it."""

    statement: Statement
    stage: bool
    runs: int
    violated: bool
    mutants: tuple[Judged, ...]

    def count(self, fate: Fate) -> int:
        """How many mutants met that fate."""
        return sum(each.fate is fate for each in self.mutants)


@dataclass(frozen=True, kw_only=True)
class Power:
    """The mutants of a setting's statements, in the order asked for; `str` is a table."""

    setting: str
    about: str
    tested: tuple[Tested, ...]

    def __getitem__(self, name: str) -> Tested:
        return {each.statement.id: each for each in self.tested}[name]

    @property
    def passed(self) -> bool:
        """No statement was refuted while its mutants were."""
        return not any(each.violated for each in self.tested)

    def __str__(self) -> str:
        from .power_text import lines

        return "\n".join(lines(self))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "setting": self.setting, "about": self.about, "passed": self.passed,
            "statements": [
                {
                    "id": each.statement.id, "stage": each.stage, "runs": each.runs, "violated": each.violated,
                    "mutants": [
                        {"change": one.mutant.change.word, "text": one.mutant.text, "fate": one.fate.word,
                         "why": one.why, "constants": one.constants}
                        for one in each.mutants
                    ],
                }
                for each in self.tested
            ],
        }


@one_blas_thread()
def mutants(
    setting: str,
    statements: Sequence[str | Statement] | None = None,
    params: Mapping[str, object] | None = None,
    *,
    preset: str | None = None,
    steps: int | str | None = None,
    tries: int | str = TRIES,
    seed: int | str = 0,
) -> Power:
    """Make the mutants of statements and attack them inside their hypotheses, all of a preset's on the same runs.

    Args:
        setting: a name or "file.py:model".
        statements: ids, or Statements of the caller's own; by default all that no erratum has on record as false.
        params: where to start, over `preset`; by default each statement starts from a preset that it names.
        preset: a name of the setting's presets.
        steps: steps of a run where the statement names none.
        tries: runs a statement, on average; those of one preset are shared.
        seed: of the draws and of the search's choices.

    Raises:
        InputError: as `check`.
    """
    found = settings.resolve(setting)
    base = problem_of(found, params, found.preset(preset))
    recorded = settings.statements_of(found, setting, base.model)
    picked, quantities = chosen(statements, recorded, base.model.name)
    many = reading.count("tries", tries, low=1, example=TRIES)
    first = reading.count("seed", seed)
    families = [Family(each, quantities) for each in picked if not each.erratum and each.path is None]
    _anywhere(setting, [family for family in families if not family.of_a_path and family.statement.at == ""], first)
    groups: dict[tuple[str | None, int], list[Family]] = {}
    for family in families:
        said = family.statement
        own = preset or (said.presets[0] if said.presets and not params else None)
        draws = draws_of(family)
        groups.setdefault((own, draws), []).append(family)
    with progress("mutants", sum(many * len(group) for group in groups.values()), "tries") as step:
        for at, ((own, _), group) in enumerate(groups.items()):
            rng = stream(first, "mutants", at)
            hunt = Hunt(found, found.preset(own), params or {}, group, quantities, steps, rng, first)
            hunt.run(many * len(group), step)
            for family in group:
                sharpest(family, hunt)
    return Power(
        setting=base.model.name, tested=tuple(tested(family) for family in families),
        about=f"{len(families)} statements, {many} tries a statement, {STATES} arbitrary states, seed {first}",
    )


def _anywhere(setting: str, families: Sequence[Family], seed: int) -> None:
    """Holds statements about one step against arbitrary states; what is false there is about trajectories alone."""
    if not families:
        return
    choose = Random(stream(seed, "arbitrary"))
    for _ in range(STATES):
        case = arbitrary(choose, setting)
        for family in families:
            if family.violated is None:
                family.hold([case], None)
    for family in families:
        if family.violated is not None:
            family.forget()


def tested(family: Family) -> Tested:
    """The family's mutants with their fates."""
    judged = tuple(_judged(family, suspect) for suspect in family.suspects if not suspect.refused)
    return Tested(family.statement, family.of_a_path, family.runs, family.violated is not None, judged)


def _judged(family: Family, suspect: Suspect) -> Judged:
    mutant = suspect.mutant
    if suspect.killed is not None:
        point = suspect.killed.point
        return Judged(mutant, KILLED, "" if point is None else f"{point.left:.4g} against {point.right:.4g}")
    if not family.runs or not (suspect.compared or mutant.change is HYPOTHESIS):
        return Judged(mutant, UNTESTED, "no run met the hypothesis, or has the step that it speaks of")
    return _of_dropped(suspect) if mutant.change is HYPOTHESIS else _of_claim(family, suspect)


def _of_dropped(suspect: Suspect) -> Judged:
    if suspect.outside:
        return Judged(suspect.mutant, SLACK, f"not needed on {suspect.outside} runs outside it")
    return Judged(suspect.mutant, UNTESTED, "no run left it inside the rest of the hypothesis")


def _of_claim(family: Family, suspect: Suspect) -> Judged:
    if not suspect.stricter:
        why = "implied by the statement" if suspect.looser else "the same on every entry"
        return Judged(suspect.mutant, EQUIVALENT, f"{why}, on {suspect.compared} runs")
    if suspect.looser:
        return Judged(suspect.mutant, SURVIVING, f"neither implied nor refuted on {family.runs} runs")
    return Judged(suspect.mutant, SLACK, f"holds on {family.runs} runs", suspect.constants)
