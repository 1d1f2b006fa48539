"""The power of statements: what of their mutants runs kill, and how sharp their constants are.

    print(gr.mutants("pegr", statements=["D1"]))

or `gammarho check pegr D1 --mutants`.  Of a statement's mutants (`derivations.declare.mutants`)

- killed are those that a run refutes, with the place;
- equivalent those that are nowhere stricter than the statement, or the same: no run can kill them;
- slack those that say more than the statement and hold on every run: with the sharpest constant that was seen to hold;
- superfluous? those without a condition of the hypothesis that hold on every run outside it, as far as runs went;
- surviving those that say something else and hold on every run;
- untested those of a statement whose hypothesis no run met, and a dropped condition that nothing was found outside of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derivations.declare import Preset, Statement
from derivations.declare.mutants import HYPOTHESIS
from dynamics.blas import one_blas_thread
from dynamics.chance.streams import stream

from ..ask import reading
from ..ask.chosen import Chosen
from ..ask.settings import Setting
from ..work.progress import progress
from .anystate import arbitrary
from .climb import climb
from .family import Family
from .fates import Fated, Tested, tested
from .hunt import Hunt, draws_of
from .leaving import leave
from .noted import Noted
from .posed import attacked_from
from .power_text import lines
from .results import counted
from .sharpest import sharpest
from .spared import posed_sparing
from .telling import tell

TRIES = 40
STATES, MOST_STATES = 60, 800  # arbitrary states, for statements about one step; where a mutant is left that says more


@dataclass(frozen=True, kw_only=True)
class Power:
    """The mutants of a setting's statements, in the order asked for; `str` is a table.

    `refused` says what cannot be judged, and why.
    """

    setting: str
    about: str
    tested: tuple[Tested, ...]
    refused: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Tested:
        return {each.statement.id: each for each in self.tested}[name]

    @property
    def passed(self) -> bool:
        """No statement was refused, or refuted while its mutants were."""
        return not self.refused and not any(each.violated for each in self.tested)

    def __str__(self) -> str:
        return "\n".join([*lines(self.setting, self.about, self.tested),
                          *(f"refused: {each}" for each in self.refused)])

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "setting": self.setting, "about": self.about, "passed": self.passed, "refused": list(self.refused),
            "statements": [
                {
                    "id": each.statement.id, "stage": each.stage, "runs": each.runs, 
                    "violated": each.violated is not None,
                    "mutants": list(map(_plain, each.mutants)), "sharpened": list(map(_plain, each.sharpened)),
                }
                for each in self.tested
            ],
        }


def _plain(one: Fated) -> dict[str, Any]:
    return {"change": one.mutant.change.word, "text": one.mutant.text, "part": one.mutant.part, "fate": one.fate.word,
            "why": one.why, "constants": one.constants}


@one_blas_thread()
def mutants(
    setting: str | Chosen,
    params: Mapping[str, object] | None = None,
    statements: Sequence[str | Statement] | None = None,
    *,
    preset: str | None = None,
    steps: int | str | None = None,
    tries: int | str = TRIES,
    seed: int | str = 0,
) -> Power:
    """Make the mutants of statements and attack them inside their hypotheses, all of a preset's on the same runs.

    Args:
        setting: a name or "file.py:model".
        params: where to start, over `preset`; by default each statement starts from a preset that it names.
        statements: ids, or Statements of the caller's own; by default all that can be judged
            and that no erratum has on record as false.
        preset: a name of the setting's presets.
        steps: steps of a run where the statement names none.
        tries: runs a statement, on average; those of one preset are shared.
        seed: of the draws and of the search's choices.

    Raises:
        InputError: as `check`.
    """
    asked, refused = posed_sparing(setting, statements, params, preset)
    quantities = asked.quantities
    many = reading.count("tries", tries, low=1, example=TRIES)
    first = reading.count("seed", seed)
    families = [Family(each, quantities) for each in asked.statements if not each.erratum and each.path is None]
    of_a_step = [family for family in families if not family.of_a_path and family.statement.at == ""]
    arbitrarily(asked.chosen.setting, of_a_step, first)
    groups: dict[tuple[Preset | None, int], tuple[Chosen, list[Family]]] = {}
    for family in families:
        own = attacked_from(family.statement, asked.chosen)
        groups.setdefault((own.preset, draws_of(family, own)), (own, []))[1].append(family)
    dropped = sum(suspect.mutant.change is HYPOTHESIS for family in families for suspect in family.suspects)
    total = sum(many * len(group) for _, group in groups.values()) + dropped
    with progress("mutants", total, "tries") as step:
        for at, (own, group) in enumerate(groups.values()):
            rng = stream(first, "mutants", at)
            hunt = Hunt(own, group, quantities, steps, rng, first)
            hunt.run(many * len(group), step)
            hunt.chase()
            tell(hunt)
            leave(hunt, step)
            for family in group:
                sharpest(family, hunt)
    return Power(
        setting=asked.problem.model.name, tested=tuple(tested(family) for family in families), refused=refused,
        about=f"{counted(len(families), 'statement')}, {counted(many, 'try')} a statement, {STATES} to {MOST_STATES} "
              f"arbitrary states, seed {first}",
    )


def arbitrarily(setting: Setting, families: Sequence[Family], seed: int) -> None:
    """Holds statements about one step against arbitrary states; what is false there is about trajectories alone.

    Few states say something of a statement about some declared choices alone, or are where a small term decides: those
    with a mutant that says more and is not refuted are held against more of them, and then against states that are
    moved to where such a mutant is nearest to being false.
    """
    rng = stream(seed, "arbitrary")
    spoke = dict[int, list[Noted]]()
    for at in range(MOST_STATES):
        held = [family for family in families if family.violated is None and (at < STATES or family.doubted)]
        if not held:
            break
        choices = Noted(rng)
        case = arbitrary(choices, setting)
        for of, family in enumerate(families):
            if family in held:
                before = family.entries
                family.hold([case], None, every=True)
                if family.entries > before:
                    spoke.setdefault(of, []).append(choices)
    for of, family in enumerate(families):
        climb(family, setting, spoke.get(of, []))
        if family.violated is not None:
            family.forget()
