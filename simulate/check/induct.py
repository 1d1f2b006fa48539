"""The induction step: where claims hold, do they hold one step later, also at states that no run visits?

    print(gr.inductive("pegr", statements=["D1", "D4b"]))

or `gammarho check pegr D1 D4b --inductive`.  The claims are one joint hypothesis.  A state is any coefficients b on
top of a draw's W(0), at any step of the run.  The search starts from states of runs, goes in random directions (one
entry, filter, example or all of them) to the last point at which every claim and its hypothesis hold, and climbs to
where a claim is nearest to failing one step later.

- "inductive": no state of the search leaves the claim in one step; how near one came is said.
- "on trajectories only": runs keep to the claim, and a state that satisfies all of them leaves it in one step.
- "false": a run violates the claim.
- "untested": no run met the hypotheses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivations.commands import command
from derivations.declare import Statement
from dynamics.blas import one_blas_thread

from ..ask import reading
from ..ask.chosen import Chosen
from ..errors import InputError
from ..work.progress import progress
from .ascent import Ascent, Climb, State
from .case import looks_ahead
from .indexed import against, entry_text
from .over_steps import Point
from .posed import attacked_from
from .spared import posed_sparing

TRIES = 2000  # 400 had left Proposition 5.4 inductive, which 300 and 1000 states inside break
_OF_A_SIGN = re.compile(r"^[^<>=]*[<>]=?\s*-?0(\.0*)?\s*$")  # one comparison, with 0


@dataclass(frozen=True, kw_only=True)
class Induction:
    """The verdicts of claims that were taken together; `str` is a table.  `refused`: what cannot be judged, and why."""

    setting: str
    about: str
    climbs: tuple[Climb, ...]
    command: str
    refused: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """None is refused, no claim is false on a run, and no state that satisfies all of them leaves one in a step."""
        return not self.refused and all(each.violated is None and each.broken is None for each in self.climbs)

    def __getitem__(self, name: str) -> Climb:
        return {each.statement.id: each for each in self.climbs}[name]

    def __str__(self) -> str:
        lines = (line for at, each in enumerate(self.climbs) for line in _lines(each, at, self.command))
        return "\n".join([f"{self.setting}: {self.about}", *lines, *(f"refused: {each}" for each in self.refused)])

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "setting": self.setting, "about": self.about, "passed": self.passed, "refused": list(self.refused),
            "claims": [
                {
                    "id": climb.statement.id, "verdict": climb.verdict, "states": climb.states,
                    "tightest": climb.tightest if math.isfinite(climb.tightest) else None,
                    "broken": None if climb.broken is None else {
                        "place": dict(climb.broken.state.place.params), "seed": climb.broken.state.place.seed,
                        "t": climb.broken.state.t, "b": climb.broken.state.b.tolist(),
                        "comparison": climb.broken.point.text, "left": climb.broken.point.left,
                        "right": climb.broken.point.right, "replay": climb.broken.replay,
                    },
                }
                for climb in self.climbs
            ],
        }


@one_blas_thread()
def inductive(
    setting: str | Chosen,
    params: Mapping[str, object] | None = None,
    statements: Sequence[str | Statement] | None = None,
    *,
    preset: str | None = None,
    steps: int | str | None = None,
    tries: int | str = TRIES,
    seed: int | str = 0,
) -> Induction:
    """Look for one step, from any state where these claims and their hypotheses hold, that leaves one of them.

    Args:
        setting: a name or "file.py:model".
        params: where runs are made, over `preset`.
        statements: ids, or Statements of the caller's own; together they are the induction hypothesis.  By default all
            of the setting's that are about the states at every step and that no erratum has on record as false.
        preset: a name of the setting's presets; by default the one that the first statement names.
        steps: steps of a run; a preset brings its own.
        tries: states that are tried, for all claims together.
        seed: of the draws and of the search's choices.

    Raises:
        InputError: as `check`; for a statement about the step itself, about one step of a run or about draws.
    """
    asked, refused = posed_sparing(setting, statements, params, preset)
    picked, quantities, left = asked.statements, asked.quantities, ""
    if statements is None:
        unfit = {each.id: _unfit(each, quantities) or "on record as false" for each in picked
                 if each.erratum or _unfit(each, quantities)}
        picked, left = [each for each in picked if each.id not in unfit], ", ".join(unfit)
        if not picked:
            name, why = next(iter(unfit.items()))
            raise InputError(f"statements: none of the setting's can be an induction hypothesis; {name}: it is {why}")
    for statement in picked:
        if why := _unfit(statement, quantities):
            raise InputError(f"{statement.id}: it is {why}")
    many, first = reading.count("tries", tries, low=1, example=TRIES), reading.count("seed", seed)
    own = attacked_from(picked[0], asked.chosen)
    search = Ascent(own, picked, quantities, steps, first)
    with progress("inductive", many, "states") as step:
        search.run(many, step)
    words, on_record = [each.id for each in picked], all(each in asked.recorded.statements for each in picked)
    again = {"preset": own.preset.name if own.preset else None, "inductive": True, "search": many, "steps": steps,
             "seed": first or None, "json": True}
    named = f" on preset {own.preset.name}" if own.preset else ""
    return Induction(
        setting=asked.problem.model.name, climbs=tuple(search.climbs), refused=refused,
        command=command("check", own.setting.word, *words, values=own.given, options=again) if on_record else "",
        about=f"one step from any state where {', '.join(words)} hold{'s' if len(words) == 1 else ''}{named}; "
              f"{f'left out: {left}; ' if left else ''}"
              f"{search.inside} states inside of {search.tried} tried, choices from seed {first}",
    )


def _unfit(statement: Statement, quantities: Mapping[str, str]) -> str:
    """Why a statement is no induction hypothesis; empty where it may be one."""
    if not statement.everywhere or statement.at or statement.path is not None:
        return "not a claim about every step; give one without `at`, or check it"
    if looks_ahead(statement.claim, quantities):
        return "about the step itself, from t to t + 1; give it to check"
    return ""


def _lines(climb: Climb, at: int, again: str) -> list[str]:
    said = climb.statement
    head = f"{said.id}  {climb.verdict}: {': '.join(filter(None, (said.source, said.text or said.claim)))}"
    if climb.violated is not None:
        point = climb.violated
        return [
            head,
            f"    a run has {point.text} with {against(point.left, point.right)} at t = {point.t}{_at(point)}",
            *([f"    {again}"] if again else []),
        ]
    if climb.broken is not None:
        state, point = climb.broken.state, climb.broken.point
        return [
            head,
            f"    after {climb.states} states: from step {state.t} of seed {state.place.seed} to {point.t}, "
            f"{point.text}: {against(point.left, point.right)}{_at(point)}",
            *(f"    {line}" for line in _told(state)),
            f"    {climb.broken.replay}",
            f"    all of b, by head, filter and direction: claims[{at}].broken.b of "
            + ("the JSON of" if again else "to_dict()"),
            *([f"    {again}"] if again else []),
        ]
    if not climb.states:
        return [head, "    no state of a run meets its hypotheses"]
    share = f"{100 * climb.tightest:.3g}%"
    near = f"the nearest to 0 is {share} of the largest entry beside it" if _OF_A_SIGN.search(said.claim) else (
        f"its sides are at least {share} apart")
    return [head, f"    {climb.states} states; one step later {near}"]


def _at(point: Point) -> str:
    """Where an entry is, by the names of its indices."""
    return f" at {entry_text(point.index)}" if point.index else ""


def _told(state: State) -> list[str]:
    """A state in words: where it was made, and the largest of its coefficients along each kind of direction."""
    place = " ".join(f"{name}={value}" for name, value in state.place.params.items())
    return [f"the state is W(0) + b V at {place}", *_largest(state)]


def _largest(state: State) -> list[str]:
    """Per kind of direction, its largest coefficient in b: which entry, and its value."""
    model, drawn = state.start.model, state.start.draw
    first, sizes = model.offsets(len(drawn.y), drawn.tasks), model.sizes(len(drawn.y), drawn.tasks)
    lines = []
    for name, count in sizes.items():
        rows = state.b[..., first[name] : first[name] + count]
        if not rows.size:
            continue
        head, filter_, row = (int(at) for at in np.unravel_index(int(np.argmax(np.abs(rows))), rows.shape))
        lines.append(f"its largest coefficient along {name} is b[{head}][{filter_}][{first[name] + row}] = "
                     f"{rows[head, filter_, row]:.17g}")
    return lines
