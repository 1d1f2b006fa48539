"""A violation made smaller: the same statement fails at smaller sizes, after fewer steps, at rounder numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derivations.declare.statements import is_claim

from ..ask.chosen import Chosen
from ..work.progress import doing
from .attack import Attack
from .bench import Result
from .posed import posed
from .results import Check

RUNS = 250  # runs that making one smaller takes, about
PATIENCE = 60.0  # seconds that they may take


def smaller(told: Check, chosen: Chosen) -> Check:
    """The check with a smaller violation beside each that no erratum has on record.

    `chosen` is what was checked, on draws.  Left as they are: a claim that was typed, and what is violated at a step or
    values of its own, of draws taken together, or by runs so long that this would take minutes.

    Raises:
        InputError: as `check`.
    """
    found = [each for each in told.results if _can_be(each)]
    if not found:
        return told
    quantities = posed(chosen, [each.statement for each in found], None, None).quantities
    made = {each.statement.id: _made_smaller(each, chosen, quantities) for each in found}
    return replace(told, results=tuple(made.get(each.statement.id, each) for each in told.results))


def _can_be(result: Result) -> bool:
    said = result.statement
    own = said.instance is not None or bool(said.at) or bool(said.erratum) or is_claim(said.id)
    return result.verdict == "violated" and result.witness is not None and said.everywhere and not own


def _made_smaller(result: Result, chosen: Chosen, quantities: Mapping[str, str]) -> Result:
    witness = result.witness
    assert witness is not None
    attack = Attack(chosen, result.statement, quantities, witness.t + 1, 1, witness.seed)  # a step ahead for next(...)
    if attack.seconds * RUNS > PATIENCE:
        return result
    with doing(f"{result.statement.id}: violated, its witness is made smaller"):
        found = attack.run(lambda: None)
    return replace(result, smaller=found.result.witness) if found.result is not None else result
