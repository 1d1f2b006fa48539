"""Statements as they are asked for, of a setting at its parameters: what every way of checking begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derivations.declare import Model, Statement, Statements
from derivations.declare.formula import QUANTITIES, FormulaError, parse
from derivations.declare.statements import is_claim

from ..ask import settings
from ..ask import values as values_of
from ..ask.chosen import Chosen, choose
from ..errors import InputError, did_you_mean, quoted
from ..run.problem import Problem, problem_of


@dataclass(frozen=True)
class Posed:
    """What was chosen, its problem, what is recorded beside the setting, and the statements asked for.

    `quantities` are formulas by name, the statements' own among them.
    """

    chosen: Chosen
    problem: Problem
    recorded: Statements
    statements: list[Statement]
    quantities: dict[str, str]


def posed(
    setting: str | Model | Chosen, statements: Sequence[str | Statement] | Statements | None,
    params: Mapping[str, object] | None, preset: str | None, initial: object = None,
) -> Posed:
    """The statements asked for, of a setting, on the caller's arrays or on draws.  Raises InputError as `check`."""
    if isinstance(params, str | Statement | Statements | Sequence):
        raise InputError(f"params: {quoted(params)}; expected values by parameter name, as in {{'n': 20}}; claims and "
                         "statements are given as statements=")
    chosen = choose(setting, params, preset).on(initial)
    problem = problem_of(chosen)
    recorded = settings.statements_of(chosen.setting, problem.model)
    return Posed(chosen, problem, recorded, *statements_asked(statements, recorded, problem.model.name))


def attacked_from(statement: Statement, chosen: Chosen) -> Chosen:
    """Where a statement is attacked from: what was chosen, or where that is nothing the first preset that it names."""
    if chosen.preset is not None or chosen.given or not statement.presets:
        return chosen
    return choose(chosen.setting, None, statement.presets[0])


def statements_asked(
    asked: Sequence[str | Statement] | Statements | None, recorded: Statements, name: str
) -> tuple[list[Statement], dict[str, str]]:
    """The statements asked for, and the formulas of their quantities."""
    quantities = {q.name: q.formula for q in recorded.quantities}
    if isinstance(asked, Statements):
        quantities |= {q.name: q.formula for q in asked.quantities}
        asked = asked.statements
    if asked is None:
        asked = recorded.statements
    if not recorded.statements and not asked:
        raise InputError(
            f"statements: none are recorded for {name!r}; give Statements of your own, or STATEMENTS in its file"
        )
    by_id = {s.id: s for s in recorded.statements}
    out: dict[str, Statement] = {}
    if isinstance(asked, str):
        listed: Sequence[object] | None = [asked] if is_claim(asked) else asked.split(",")
    else:
        listed = [asked] if isinstance(asked, Statement) else values_of.listed(asked)
    if not listed:
        raise InputError(f"statements: {quoted(asked)}; expected ids or Statements, or leave it out for all of them")
    for one in listed:
        if not isinstance(one, str | Statement):
            raise InputError(f"statements: {quoted(one)}; expected an id, such as {next(iter(by_id), 'mine')!r}, or a "
                             "Statement")
        claimed = isinstance(one, str) and one not in by_id and is_claim(one)
        if isinstance(one, str) and one not in by_id and not claimed:
            cure = did_you_mean(one, by_id) or f"expected ids such as {', '.join(list(by_id)[:6])}"
            raise InputError(f"statements: {quoted(one)} is not one of {name}'s; {cure}")
        if claimed:
            statement = Statement(id=str(one), kind="inequality", claim=str(one), at="T", text="at the last step")
        else:
            statement = by_id[one] if isinstance(one, str) else one
        if out.get(statement.id, statement) != statement:
            raise InputError(f"statements: the id {quoted(statement.id)} is given to two of them; give each its own")
        _read(statement)
        out[statement.id] = statement
    return list(out.values()), quantities


def _read(statement: Statement) -> None:
    """Raises InputError where a formula of the statement cannot be read."""
    for text in (statement.claim, statement.given, statement.at, statement.since, statement.until):
        if text is not None and not isinstance(text, str):
            raise InputError(f"{quoted(statement.id)}: {quoted(text)}; expected a formula as text, such as 'loss >= 0'")
        try:
            parse(text or "0", QUANTITIES)
        except FormulaError as error:
            raise InputError(f"{statement.id}: {error}") from None
