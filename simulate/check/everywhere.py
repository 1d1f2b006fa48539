"""Every statement of a setting, each on the preset that it names first, with as many draws as its cases take.

    print(gr.everywhere("pegr"))

or `gammarho check pegr --all`.  A statement about runs gets draws until it has spoken of `CASES` entries, one of
probability as many as decide it; what has an instance or a path of its own is checked there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from derivations.declare import Model, Statement

from ..ask.chosen import Chosen, choose
from ..errors import StatementRefused
from .bench import Result
from .check import DRAWS, SEEDS, Check, check
from .posed import posed
from .spared import every, spared
from .verdict import draws_needed

CASES = 100
ROUNDS = 2


def everywhere(
    setting: str | Model | Chosen,
    *,
    statements: Sequence[str | Statement] | None = None,
    seed: int | str = 0,
    seeds: int | str = SEEDS,
    draws: int | str = DRAWS,
) -> Check:
    """Hold each statement against runs of the preset on which it says something.

    Args:
        setting: a name, "file.py:model" or a Model.
        statements: ids, or Statements that name presets; all of the setting's by default.
        seed: the first draw.
        seeds: trajectories at first; statements with few cases get more.
        draws: draws for the statements about the draw alone.

    Returns:
        A Check that is passed where, besides, no statement is vacuous.

    Raises:
        InputError: as `check`; also for a statement that names no preset and has no values of its own.
    """
    if statements is None and (declared := every(setting)):
        return spared(lambda some: everywhere(setting, statements=some, seed=seed, seeds=seeds, draws=draws), declared)
    asked = posed(setting, statements, {}, None)
    source, problem, wanted = asked.chosen.setting, asked.problem, asked.statements
    results: dict[str, Result] = {}
    for preset, group in _by_preset(wanted).items():
        told = check(choose(source, None, preset), None, group, seed=seed, seeds=seeds, draws=draws)
        results |= {result.statement.id: result for result in told.results}
        for _ in range(ROUNDS):  # draws that hit too late are not judged, so that more are needed than was thought
            waiting = _with_more([results[each.id] for each in group], problem.values)
            for count, few in waiting.items():
                again = check(choose(source, None, preset), None, few, seed=seed, seeds=count, draws=draws)
                results |= {result.statement.id: result for result in again.results}
    where = len({s.presets[0] for s in wanted if s.presets})
    return Check(
        setting=problem.model.name, paper=asked.recorded.paper, notes=(),
        about=f"each statement on the preset that it names first, {where} of them; {seeds} draws or more, seeds from "
        f"{seed}, to {CASES} cases of what runs decide",
        results=tuple(results[s.id] for s in wanted), quantities=asked.recorded.quantities, all_speak=True,
    )


def _by_preset(statements: Sequence[Statement]) -> dict[str | None, list[Statement]]:
    """Statements by the preset that they name first; None of those with values of their own."""
    by_preset: dict[str | None, list[Statement]] = {}
    for each in statements:
        own = each.instance is not None or each.path is not None
        if not own and not each.presets:
            raise StatementRefused(
                each.id, "it names no preset where it says something; give it presets=(\"NAME\",)")
        by_preset.setdefault(None if own else each.presets[0], []).append(each)
    return by_preset


def _with_more(results: Sequence[Result], values: Mapping[str, object]) -> dict[int, list[Statement]]:
    """The statements that take more draws, by how many: short of cases, or a probability that these do not decide."""
    by_draws: dict[int, list[Statement]] = {}
    for result in results:
        said, most = result.statement, 0
        if said.everywhere and 0 < result.cases < CASES and result.verdict == "holds":
            most = math.ceil(CASES / max(1, result.cases // result.draws))
        elif said.random and not said.of_the_draw and result.verdict == "undecided" and said.instance is None:
            delta = values.get(said.delta, 0.1)
            needed = draws_needed(float(delta)) if isinstance(delta, int | float) and not result.failed else 0
            most = math.ceil(needed * result.draws / max(1, result.met))
        if most > result.draws:
            by_draws.setdefault(most, []).append(said)
    return by_draws


__all__ = ["CASES", "everywhere"]
