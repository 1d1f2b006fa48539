"""An adversarial search: statements are attacked inside their own hypotheses, up to their edges; witnesses are shrunk.

    print(gr.search("pegr", statements=["D1"], preset="theorem-3.2", tries=400))

Every number among the parameters is a coordinate on a log scale, beside the steps of the run and its draw; one that is
0 at the start enters at moderate values.  What a hypothesis asks of parameters alone is set.  Some tries are made
within two decades of the start; then new ones move the best and those nearest to an edge, or push one coordinate of
them until a hypothesis is on its edge, within six decades of the start.  A try outside the hypotheses is scored by how
far outside it is, one inside by how tight the claim is there: what is beside 0 by its share of the largest entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derivations.commands import command
from derivations.declare import Statement
from derivations.declare.statements import is_claim
from dynamics.blas import one_blas_thread

from ..ask import keywords, reading
from ..ask.chosen import Chosen
from ..errors import InputError
from ..run.estimate import LONGEST, WORTH_SAYING
from ..work.progress import duration, progress, say
from .attack import MANY, Attack, Attacked
from .indexed import against
from .posed import attacked_from
from .results import counted
from .spared import posed_sparing

TRIES = 200


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a search found, in the order asked for; `str` is a table.  `refused` says what cannot be judged, and why."""

    setting: str
    about: str
    found: tuple[Attacked, ...]
    refused: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """None was refused, or violated except where an erratum has it on record as false."""
        return not self.refused and not any(each.violated and not each.statement.erratum for each in self.found)

    def __getitem__(self, name: str) -> Attacked:
        return {each.statement.id: each for each in self.found}[name]

    def __str__(self) -> str:
        return "\n".join([f"{self.setting}: {self.about}", *(line for each in self.found for line in _lines(each)),
                          *(f"refused: {each}" for each in self.refused)])

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "setting": self.setting, "about": self.about, "passed": self.passed, "refused": list(self.refused),
            "results": [
                {
                    "id": outcome.statement.id, "tries": outcome.tries, "inside": outcome.inside,
                    "tightest": outcome.tightest, "failing": outcome.failing, "place": dict(outcome.place),
                    "edges": dict(outcome.edges), "command": outcome.command, "unmet": outcome.unmet,
                    "unmoved": list(outcome.unmoved),
                    "violation": None if outcome.result is None else outcome.result.to_dict(),
                }
                for outcome in self.found
            ],
        }


@one_blas_thread()
def search(
    setting: str | Chosen,
    params: Mapping[str, object] | None = None,
    statements: Sequence[str | Statement] | None = None,
    *,
    preset: str | None = None,
    steps: int | str | None = None,
    tries: int | str = TRIES,
    seed: int | str = 0,
    **values: object,
) -> Search:
    """Look for a violation of statements inside their hypotheses.

    Args:
        setting: a name or "file.py:model".
        params: where to start, over `preset`; by default each statement starts from a preset that it names.
        statements: ids, or Statements of the caller's own; by default all of them that can be judged.
        preset: a name of the setting's presets.
        steps: steps of a run where the statement names none; a coordinate of the search.
        tries: runs a statement, at most; of a probability four draws each.
        seed: of the search's own choices.
        values: more parameters, as keywords.

    Raises:
        InputError: as `check`; also for a statement about a path, which is searched along it by `check` alone.
    """
    asked, refused = posed_sparing(setting, statements, keywords.joined(params, values), preset)
    paths = [each.id for each in asked.statements if each.path is not None]
    picked = [each for each in asked.statements if each.path is None]
    if not picked:
        raise InputError(f"{paths[0]}: it is about a path of its own; give it to check without a search")
    many = reading.count("tries", tries, low=1, example=TRIES)
    first = reading.count("seed", seed)
    attacks = []
    for statement in picked:
        own = attacked_from(statement, asked.chosen)
        on_record = statement in asked.recorded.statements or is_claim(statement.id)  # a claim is typed again
        attacks.append(Attack(own, statement, asked.quantities, steps, many, first, on_record))
    _foretold(attacks)
    with progress("search", many * len(picked), "tries") as step:
        told = tuple(attack.run(step) for attack in attacks)
    about = f"{counted(many, 'try')} a statement, choices from seed {first}"
    about += f"; left out, as they are held along paths of their own: {', '.join(paths)}" if paths else ""
    return Search(setting=asked.problem.model.name, about=about, found=told, refused=refused)


def _foretold(attacks: Sequence[Attack]) -> None:
    """Says how long tries as long as the first take, where it is worth saying; InputError where nobody waits for it."""
    seconds = sum(attack.tries * attack.seconds for attack in attacks)
    if seconds > LONGEST:
        most = max(attacks, key=lambda attack: attack.seconds)
        raise InputError(
            f"{most.statement.id}: {most.tries} tries take about {duration(most.tries * most.seconds)} from here, "
            f"each as long as the statement's steps last, and what takes more than {duration(LONGEST)} is not begun; "
            "start where they are fewer, by a larger eta or eps"
        )
    if seconds > WORTH_SAYING:
        say(f"search: this may take about {duration(seconds)}")


def _lines(outcome: Attacked) -> list[str]:
    said = outcome.statement
    head = f"{said.source}: {said.text or said.claim}" if said.source else said.text or said.claim
    if outcome.result is not None:
        witness = outcome.result.witness
        shown = "" if witness is None else f"{witness.comparison}: {against(witness.left, witness.right)}"
        return [
            f"{said.id}  violated on try {outcome.tries}: {head}",
            *([f"    {shown}", f"    {witness.replay}"] if witness is not None else [f"    {outcome.result.detail}"]),
            *([f"    {_there(outcome, outcome.result.draws)}"] if outcome.command else []),
        ]
    again = [f"    {outcome.command}"] if outcome.command else []
    if not outcome.inside:
        none = f"none of {counted(outcome.tries, 'try')} says anything of it"
        return [f"{said.id}  not tested: {none}: {outcome.unmet or said.given}", *again]
    edges = ", ".join(f"{name} {100 * room + 0.0:.3g}%" for name, room in sorted(outcome.edges.items()))
    place = " ".join(f"{name}={value}" for name, value in outcome.place.items())
    return [
        f"{said.id}  not violated: {_made(outcome)}, {_near(outcome)}",
        *([f"    nearest to the edges: {edges}"] if edges else []),
        f"    tightest at {_there(outcome, MANY if said.random else 1) if outcome.command else place}",
        *([f"    never moved: {', '.join(outcome.unmoved)}"] if outcome.unmoved else []),
        *([f"    searched by {line.strip()}" for line in again]),
    ]


def _there(outcome: Attacked, draws: int) -> str:
    """The check of the statement where the search has come to; a search of one try where a check has its own values."""
    said = outcome.statement
    place = {name: value for name, value in outcome.place.items() if name not in ("steps", "seed")}
    how = ("search", 1) if said.instance is not None else ("draws" if said.of_the_draw else "seeds", draws)
    run = {"steps": outcome.place["steps"], "seed": outcome.place["seed"], how[0]: how[1]}
    return command("check", outcome.setting, said.id, values=place, options=run)


def _made(outcome: Attacked) -> str:
    """How many tries say something of a statement."""
    said, tries = outcome.statement, counted(outcome.tries, "try")
    if said.given or said.only:
        return f"{outcome.inside} of {tries} inside its hypotheses"
    if outcome.inside == outcome.tries:
        return f"in {tries}"
    return f"in {outcome.inside} of {tries} (the others say nothing of it: {outcome.unmet})"


def _near(outcome: Attacked) -> str:
    """How near to a violation a search came."""
    if outcome.failing:
        return f"at worst {100 * outcome.failing:.3g}% of a place's draws fail, not shown to be more than its delta"
    share = f"{100 * outcome.tightest:.3g}%"
    if outcome.signed:
        if outcome.tightest > 0.999:
            return "nothing nearer to 0 than the largest entry beside it"
        return f"the nearest to 0 is {share} of the largest entry beside it"
    return f"sides at least {share} apart"


__all__ = ["Attacked", "Search", "search"]
