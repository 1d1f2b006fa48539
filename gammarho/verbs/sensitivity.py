"""sensitivity: which single knob breaks a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from simulate.errors import InputError, quoted

from .shared import EQUATION, FILE, INT, NAME, NAMES, NUMBER, SAMPLINGS, TEST_SAMPLINGS, Switch, print_notes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simulate.sensitivity.sensitivity import Sensitivity


def sensitivity(
    setting: str,
    /,
    *words: str,
    claim: Annotated[str | None, NAME] = None,
    knobs: Annotated[str | None, NAMES] = None,
    hold: Annotated[tuple[str, ...], EQUATION] = (),
    preset: Annotated[str | None, NAME] = None,
    steps: Annotated[str | None, INT] = None,
    seed: Annotated[str, INT] = "0",
    seeds: Annotated[str, INT] = "6",
    reach: Annotated[str, NUMBER] = "1000",
    tolerance: Annotated[str, NUMBER] = "0.01",
    sampling: Annotated[str | None, SAMPLINGS] = None,
    test_sampling: Annotated[str, TEST_SAMPLINGS] = "draws",
    workers: Annotated[str | None, INT] = None,
    out: Annotated[tuple[str, ...], FILE] = (),
    json: Switch = False,
) -> int:
    """Move every parameter, choice and the steps alone until a claim flips; the most fragile knob comes first.

    Args:
        setting: a name such as pegr, or file.py:model.
        words: a claim at the last step, such as "test_error < 0.01", or a statement's id, as check takes them; and
            parameters, as name=value: where knobs are moved from.  One that is a formula of others goes along with
            these, and is held where it is, each in a row.
        claim: the claim, where it is not among the words.
        knobs: which to move, such as lam,sigma_p,steps; all by default.
        hold: an equation, such as "sigma_p: sigma_p*sqrt(d)=20", solved wherever a knob is; may be repeated.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: the first draw.
        seeds: draws; the interval is of their own flips.
        reach: the factor, up and down, to which a number is moved.
        tolerance: to what share of its value a flip is found.
        sampling: gram (drawn without the dimension) or vectors; default gram where it is exact.
        test_sampling: draws, or importance (for test errors of 1e-4 to 1e-9).
        workers: threads; the result does not depend on it.
        out: a picture of it (.pdf, .png), or its rows as .csv, .json or .nc; repeat the option for several.
        json: print JSON instead of a table.
    """
    from derivations.declare.statements import is_claim
    from gammarho import arguments, grid_files, report
    from simulate.ask.chosen import choose
    from simulate.sensitivity.sensitivity import sensitivity as move

    typed = [word for word in words if "=" not in word or is_claim(word)]
    named = [*typed, *([] if claim is None else [claim])]
    if len(named) != 1:
        said = " and ".join(map(quoted, named)) or "none is given"
        raise InputError(f"claim: {said}; expected one, such as \"test_error < 0.01\"")
    given = arguments.assignments(word for word in words if word not in typed)
    places = grid_files.places("out", out)
    if places.store is not None:
        raise InputError(f"out: {quoted(str(places.store))} is a grid's store; give a file such as tornado.pdf")
    chosen = choose(setting, given, preset, "sensitivity")
    with places.held():
        moved = move(
            chosen, claim=named[0], knobs=knobs, hold=hold or None, steps=steps, seed=seed, seeds=seeds,
            reach=reach, tolerance=tolerance, sampling=sampling, test_sampling=test_sampling,
            workers=workers,
        )
        written, refused = places.write(moved.to_dataset, lambda _: _drawn(moved))
    if not json:
        print_notes(chosen)
        print()
    print(report.json_of(moved) if json else moved)
    for place in [] if json else written:
        print(f"wrote {place}")
    if refused:  # the table is printed all the same
        raise refused[0]
    return 0


def _drawn(moved: Sensitivity) -> Figure:
    from figures.tornado import tornado

    return tornado(moved)
