"""A violation made smaller: the same statement fails at smaller sizes, after fewer steps, at rounder numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derivations.declare.statements import is_claim

from ..ask.chosen import Chosen
from ..work.progress import doing
from .attack import Attack
from .bench import Result
from .case import looks_ahead
from .posed import posed
from .results import Check
from .space import STEPS

RUNS = 250  # runs that making one smaller takes, about
PATIENCE = 60.0  # seconds that they may take


def smaller(told: Check, chosen: Chosen) -> Check:
    """The check with a smaller violation beside each that no erratum has on record.

    Smaller: of fewer examples, filters, dimensions or steps, and of no more of any.  `chosen` is what was checked, on
    draws.  Left as they are: a claim that was typed, and what is violated at a step or values of its own, at no step of
    a range, by draws taken together, or by runs so long that this would take minutes.

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
    witness, said = result.witness, result.statement
    assert witness is not None
    ahead = any(looks_ahead(text, quantities) for text in (said.claim, said.given))
    attack = Attack(chosen, said, quantities, witness.t + ahead, 1, witness.seed, latest=witness.t)
    if attack.seconds * RUNS > PATIENCE:
        return result
    with doing(f"{said.id}: violated, its witness is made smaller"):
        found = attack.run(lambda: None)
    if found.result is None or found.result.witness is None:
        return result
    before, after = ({**attack.ground.sizes_of(params), STEPS: float(each.t)} for params, each in (
        (attack.start.params, witness), (found.place, found.result.witness)))
    return replace(result, smaller=found.result.witness) if _less(after, before) else result


def _less(after: Mapping[str, float], before: Mapping[str, float]) -> bool:
    """Whether some size is smaller and none is larger."""
    return all(after[name] <= before[name] for name in before) and any(after[name] < before[name] for name in before)
