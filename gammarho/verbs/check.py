"""check: statements held against runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import cyclopts

from simulate.errors import InputError

from .shared import INT, NAME, Switch, print_notes

if TYPE_CHECKING:
    from simulate.ask.chosen import Chosen


def check(
    setting: str,
    /,
    *words: str,
    preset: Annotated[str | None, NAME] = None,
    steps: Annotated[str | None, INT] = None,
    seed: Annotated[str, INT] = "0",
    seeds: Annotated[str | None, INT] = None,
    draws: Annotated[str | None, INT] = None,
    search: Annotated[str | None, INT] = None,
    alive: Switch = False,
    everywhere: Annotated[bool, cyclopts.Parameter(name="--all", negative="")] = False,
    mutants: Switch = False,
    inductive: Switch = False,
    json: Switch = False,
) -> int:
    """Hold a paper's statements, or your own, against runs; exit 1 where one is violated that no erratum has on record.

    Args:
        setting: a name such as pegr, or file.py:model, whose file may define STATEMENTS.
        words: statements by id (all of them without one), claims such as "test_error <= 0.01" at the last step, and
            parameters as name=value.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: the first draw.
        seeds: trajectories; 5 by default.
        draws: draws for statements about the draw alone; 200 by default.
        search: attack each statement inside its hypotheses with so many runs, in place of checking it where you are.
        alive: leave out what is vacuous here, so that the statements which say something of your runs are left.
        everywhere: each statement on the preset that it names first, with as many draws as its cases take; exit 1 also
            where one is vacuous there.
        mutants: change each statement in one place, in every way, and attack what comes of it: which changes are
            caught, and the sharpest constants; --search says with how many runs a statement.
        inductive: take the statements together as an induction hypothesis, and look for a state, one that runs visit or
            any other, where they hold and from which one step leaves them: exit 1 where there is one; --search says how
            many states are tried.
        json: print JSON instead of text.
    """
    from derivations.declare.statements import is_claim
    from gammarho import arguments, report
    from simulate.ask.chosen import choose

    named = [word for word in words if "=" not in word or is_claim(word)]
    given = arguments.assignments(word for word in words if word not in named)
    options = {
        "--all": everywhere, "--mutants": mutants, "--inductive": inductive, "--search": search, "--preset": preset,
        "--steps": steps, "--seeds": seeds, "--draws": draws, "--alive": alive, "values": given or None,
    }
    mode = _mode({name for name, value in options.items() if value not in (None, False)})
    chosen = choose(setting, given, preset, "check")
    chosen.resolved  # noqa: B018 - what is misspelt is refused before Numba is loaded
    counts = {"seed": seed, "seeds": seeds, "draws": draws, "steps": steps, "tries": search}
    told = mode.run(chosen, named or None, {name: each for name, each in counts.items() if each is not None})
    if not json and not mode.option:
        print_notes(chosen)
    told = told.alive if alive else told
    print(report.json_of(told) if json else told)
    return 0 if told.passed else 1


def _held(chosen: Chosen, named: list[str] | None, options: dict[str, Any]) -> Any:
    from simulate.check.check import check as hold
    from simulate.check.smaller import smaller

    return smaller(hold(chosen, None, named, **options), chosen)


def _everywhere(chosen: Chosen, named: list[str] | None, options: dict[str, Any]) -> Any:
    from simulate.check.everywhere import everywhere

    return everywhere(chosen, statements=named, **options)


def _mutants(chosen: Chosen, named: list[str] | None, options: dict[str, Any]) -> Any:
    from simulate.check.power import mutants

    return mutants(chosen, None, named, **options)


def _inductive(chosen: Chosen, named: list[str] | None, options: dict[str, Any]) -> Any:
    from simulate.check.induct import inductive

    return inductive(chosen, None, named, **options)


def _searched(chosen: Chosen, named: list[str] | None, options: dict[str, Any]) -> Any:
    from simulate.check.search import search

    return search(chosen, None, named, **options)


@dataclass(frozen=True)
class _Mode:
    """A way of checking: the option that asks for it, what else it takes, and where it runs if not where it is told."""

    option: str
    run: Callable[[Chosen, list[str] | None, dict[str, Any]], Any]
    takes: frozenset[str]
    place: str = ""


_PLACE = frozenset({"values", "--preset", "--steps"})
_MODES = (
    _Mode("--all", _everywhere, frozenset({"--seeds", "--draws"}), "each statement runs at its own preset's values"),
    _Mode("--mutants", _mutants, _PLACE | {"--search"}),
    _Mode("--inductive", _inductive, _PLACE | {"--search"}),
    _Mode("--search", _searched, _PLACE),
    _Mode("", _held, _PLACE | {"--seeds", "--draws", "--alive"}),
)


def _mode(given: set[str]) -> _Mode:
    """The way of checking that options ask for.  Raises InputError naming one that it does not take, and the cure."""
    mode = next(each for each in _MODES if not each.option or each.option in given)
    left = sorted(given - mode.takes - {mode.option})
    if left:
        if left[0] in _PLACE:
            raise InputError(f"{mode.option}: {mode.place}; leave {left[0]} out")
        raise InputError(f"{left[0]}: it does not go with {mode.option}; leave one of the two out")
    return mode
