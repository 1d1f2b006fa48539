"""Statements as they are asked for, of a setting at its parameters: what every way of checking begins with."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from derivations.declare import Model, Statement, Statements
from derivations.declare.formula import QUANTITIES, FormulaError, parse
from derivations.declare.statements import Kind, is_claim
from derivations.papers.paper import PAPERS

from ..ask import settings
from ..ask import values as values_of
from ..ask.chosen import Chosen, choose
from ..errors import InputError, StatementRefused, did_you_mean, quoted
from ..run.problem import Problem, problem_of
from .fits import fitting
from .formula import uses
from .known import check_names


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
    chosen = choose(setting, params, preset, "check").on(initial)
    problem = problem_of(chosen)
    recorded = settings.statements_of(chosen.setting, problem.model)
    asked, quantities = statements_asked(statements, recorded, problem.model)
    for statement in asked:
        fitting(statement, problem.model, [each.name for each in chosen.setting.presets], quantities)
    return Posed(chosen, problem, recorded, asked, quantities)


def attacked_from(statement: Statement, chosen: Chosen) -> Chosen:
    """Where a statement is attacked from: what was chosen, or where that is nothing the first preset that it names."""
    if chosen.preset is not None or chosen.given or not statement.presets:
        return chosen
    return choose(chosen.setting, None, statement.presets[0])


def statements_asked(
    asked: Sequence[str | Statement] | Statements | None, recorded: Statements, model: Model
) -> tuple[list[Statement], dict[str, str]]:
    """The statements asked for, and the formulas of their quantities.  Raises InputError, as `check`, without a run."""
    quantities = {q.name: q.formula for q in recorded.quantities}
    if isinstance(asked, Statements):
        quantities |= {q.name: q.formula for q in asked.quantities}
        asked = asked.statements
    if asked is None:
        asked = recorded.statements
    if not recorded.statements and not asked:
        raise InputError(
            f"statements: none are recorded for {model.name!r}; give Statements of your own, or STATEMENTS in its file"
        )
    by_id = {s.id: s for s in recorded.statements}
    out: dict[str, Statement] = {}
    listed = _listed(asked)
    if not listed:
        raise InputError(f"statements: {quoted(asked)}; expected ids or Statements, or leave it out for all of them")
    for one in listed:
        if not isinstance(one, str | Statement):
            raise InputError(f"statements: {quoted(one)}; expected an id, such as {next(iter(by_id), 'mine')!r}, or a "
                             "Statement")
        claimed = isinstance(one, str) and one not in by_id and is_claim(one)
        if isinstance(one, str) and one not in by_id and not claimed:
            raise InputError(f"statements: {quoted(one)} is not one of {model.name}'s; {_meant(one, by_id)}")
        if claimed:
            statement = _typed(str(one))
        else:
            statement = by_id[one] if isinstance(one, str) else one
        if out.get(statement.id, statement) != statement:
            raise InputError(f"statements: the id {quoted(statement.id)} is given to two of them; give each its own")
        _read(statement)
        if statement.erratum and statement not in recorded.statements:
            _on_record(statement)
        out[statement.id] = statement
    check_names(out.values(), model, quantities)
    return list(out.values()), quantities


def _listed(asked: object) -> Sequence[object] | None:
    """The entries of what is asked for: a claim or ids in one text, one Statement, or a sequence."""
    if isinstance(asked, str):
        return [asked] if is_claim(asked) else asked.split(",")
    return [asked] if isinstance(asked, Statement) else values_of.listed(asked)


def _meant(word: str, ids: Collection[str]) -> str:
    """What may be given in place of a word that is no statement's id."""
    some = f"ids such as {', '.join(list(ids)[:6])}, or " if ids else ""
    return did_you_mean(word, ids) or f"expected {some}a claim such as 'loss <= 0.1'"


def _typed(claim: str) -> Statement:
    """A claim as it is typed.  Raises InputError where it is about a step to come, or no formula."""
    try:
        stepping = uses(claim, "next")
    except FormulaError as error:
        raise InputError(f"claim: {error}") from None
    if stepping:
        raise InputError(f"claim: {quoted(claim)} is about a step, and a claim that is typed is judged at the last; "
                         "declare it in STATEMENTS, or give a Statement in Python")
    kind: Kind = "identity" if "==" in claim and not {"<", ">"} & set(claim) else "inequality"
    return Statement(id=claim, kind=kind, claim=claim, at="T", text="at the last step")


_FORMULAS = ("claim", "given", "at", "since", "until", "mutant", "mutant_given")


def _read(statement: Statement) -> None:
    """Raises InputError where a formula of the statement cannot be read, or says nothing that can be true."""
    for field in _FORMULAS:
        text = getattr(statement, field)
        if text is not None and not isinstance(text, str):
            raise InputError(f"{quoted(statement.id)}: {quoted(text)}; expected a formula as text, such as 'loss >= 0'")
        try:
            parse(text or "0", QUANTITIES)
        except FormulaError as error:
            raise StatementRefused(statement.id, f"{field}: {error}") from None
    if statement.random:
        try:
            parse(statement.delta)
        except FormulaError as error:
            raise StatementRefused(statement.id, f"delta: {error}") from None
    elif statement.delta != "delta":
        raise StatementRefused(statement.id, f"delta: {quoted(statement.delta)}, and of kind {statement.kind!r} no "
                               "draw may fail; leave it out, or say kind='probability'")
    claim = parse(statement.claim or "0", QUANTITIES)
    if statement.path is not None and not (
        isinstance(claim, ast.Compare) and [type(relation) for relation in claim.ops] in ([ast.LtE], [ast.GtE])
    ):
        raise StatementRefused(
            statement.id, f"claim: {quoted(statement.claim)}; an order is one comparison, left <= right")
    relations = [each for node in ast.walk(claim) if isinstance(node, ast.Compare) for each in node.ops]
    if statement.kind == "identity" and not any(isinstance(each, ast.Eq) for each in relations):
        raise StatementRefused(statement.id, f"claim: {quoted(statement.claim)} has no ==, and an identity has one; "
                               "write it, or say kind='inequality'")


def _on_record(statement: Statement) -> None:
    """Raises InputError where the erratum that a statement names is none."""
    known = [entry.id for paper in PAPERS.values() for entry in paper.errata]
    if statement.erratum not in known:
        cure = did_you_mean(statement.erratum, known) or "leave it out of a statement of your own"
        raise StatementRefused(statement.id, f"erratum: {quoted(statement.erratum)} is not on record; {cure}")
