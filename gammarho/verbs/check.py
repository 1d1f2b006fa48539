"""check: statements held against runs."""

from __future__ import annotations

from typing import Annotated, Any

import cyclopts

from .shared import INT, NAME, Switch, print_notes


def check(
    setting: str,
    /,
    *words: str,
    preset: Annotated[str | None, NAME] = None,
    steps: Annotated[str | None, INT] = None,
    seed: Annotated[str, INT] = "0",
    seeds: Annotated[str, INT] = "5",
    draws: Annotated[str, INT] = "200",
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
        seeds: trajectories.
        draws: draws for statements about the draw alone.
        search: attack each statement inside its hypotheses with so many runs, in place of checking it where you are.
        alive: leave out what is vacuous here, so that the statements which say something of your runs are left.
        everywhere: each statement on the preset that it names first, with as many draws as its cases take; exit 1 also
            where one is vacuous there.
        mutants: change each statement in one place, in every way, and attack what comes of it: which changes are
            caught, and the sharpest constants; --search says with how many runs a statement.
        inductive: take the statements together as an induction hypothesis, and look for a state, one that runs visit or
            any other, where they hold and from which one step leaves them; --search says how many states are tried.
        json: print JSON instead of text.
    """
    from derivations.declare.statements import is_claim
    from gammarho import api, arguments, report
    from simulate.errors import InputError

    named = [word for word in words if "=" not in word or is_claim(word)]
    given = arguments.assignments(word for word in words if word not in named)
    api.resolve(setting, given, preset)
    if mutants:
        from simulate.check.power import TRIES
        from simulate.check.power import mutants as made

        power = made(setting, given, named or None, preset=preset, steps=steps, tries=search or TRIES, seed=seed)
        print(report.json_of(power) if json else power)
        return 0 if power.passed else 1
    if inductive:
        from simulate.check.induct import TRIES as STATES
        from simulate.check.induct import inductive as stepped

        told = stepped(setting, given, named, preset=preset, steps=steps, tries=search or STATES, seed=seed)
        print(report.json_of(told) if json else told)
        return 0 if told.passed else 1
    if search is not None:
        from simulate.check.search import search as attack

        attacked = attack(setting, given, named or None, preset=preset, steps=steps, tries=search, seed=seed)
        print(report.json_of(attacked) if json else attacked)
        return 0 if attacked.passed else 1
    if everywhere:
        from simulate.check.everywhere import everywhere as on_presets
        from simulate.check.everywhere import passed

        if given or preset or steps:
            raise InputError("--all: each statement runs at its own preset's values; leave values and --preset out")
        by_preset = on_presets(setting, statements=named or None, seed=seed, seeds=seeds, draws=draws)
        print(report.json_of(by_preset) if json else by_preset)
        return 0 if passed(by_preset) else 1
    from simulate.check.check import check as hold

    options: dict[str, Any] = {"steps": steps, "seed": seed, "seeds": seeds, "draws": draws}
    verdicts = hold(setting, given, named or None, preset=preset, **options)
    verdicts = verdicts.alive if alive else verdicts
    if not json:
        print_notes(setting, given, preset)
    print(report.json_of(verdicts) if json else verdicts)
    return 0 if verdicts.passed else 1
