"""run: a setting's trajectory, printed at a few steps or written."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Annotated, Any

from gammarho import terminal
from simulate.errors import Diverged, InputError, Unwritten, called, nearest, quoted

from .shared import (
    ENGINES,
    EQUATION,
    FILE,
    FOLDER,
    IMAGES,
    INT,
    LABELS,
    NAME,
    NAMES,
    SAMPLINGS,
    SCALINGS,
    STEPS,
    TEST_SAMPLINGS,
    THRESHOLD,
    Switch,
    images_of,
    print_notes,
    thresholds,
    with_held,
)

if TYPE_CHECKING:
    from derivations.declare import Model


def run(
    setting: str,
    /,
    *values: str,
    hold: Annotated[tuple[str, ...], EQUATION] = (),
    preset: Annotated[str | None, NAME] = None,
    steps: Annotated[str | None, INT] = None,
    seed: Annotated[str, INT] = "0",
    seeds: Annotated[str | None, INT] = None,
    engine: Annotated[str, ENGINES] = "reduced",
    sampling: Annotated[str, SAMPLINGS] = "vectors",
    test_sampling: Annotated[str, TEST_SAMPLINGS] = "draws",
    record: Annotated[str | None, STEPS] = None,
    observables: Annotated[str | None, NAMES] = None,
    until: Annotated[tuple[str, ...], THRESHOLD] = (),
    data: Annotated[str | None, IMAGES] = None,
    classes: Annotated[str | None, LABELS] = None,
    data_dir: Annotated[str | None, FOLDER] = None,
    scaling: Annotated[str | None, SCALINGS] = None,
    out: Annotated[str | None, FILE] = None,
    plot: Annotated[str | None, NAMES] = None,
    picture: Annotated[str, FILE] = "run.png",
    json: Switch = False,
) -> int:
    """Run a setting and print its observables at a few steps.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value, over the preset, over the published defaults.
        hold: an equation, such as "sigma_p: sigma_p*sqrt(d)=20", solved for sigma_p; may be repeated.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: selects the draw.
        seeds: run this many seeds, counted from seed.
        engine: reduced (the recursion) or weights (gradient descent in torch).
        sampling: vectors, or gram (drawn without the dimension).
        test_sampling: draws, or importance (for test errors of 1e-4 to 1e-9).
        record: all, or steps such as 0,10,100.
        observables: names, separated by commas.
        until: stop at or below a threshold, such as loss=1e-3, or above one, as "gamma:max>=1" in quotes, each seed at
            its own step; may be repeated, then at all of them.
        data: real images, mnist or fashion-mnist, in place of drawn inputs; n of them.
        classes: their labels, such as 0,1; the first of two is +1.
        data_dir: a folder with the set's four IDX files.
        scaling: unit, image or global.
        out: write the data to this .zarr folder or .nc file.
        plot: draw these over the steps, such as "rho_over[i=3],gamma:max", into `picture`.
        picture: the file of what is drawn, .png, .pdf or .svg.
        json: print JSON instead of a table.
    """
    from gammarho import arguments
    from simulate.ask import paths
    from simulate.ask.chosen import choose

    path, bounds = paths.dataset("out", out), thresholds(until)
    place = None if plot is None else paths.picture("picture", picture)
    given: Mapping[str, object] = arguments.assignments(values)
    if hold:
        given = with_held(setting, given, preset, hold, steps, not json)
    # What is misspelt is refused before Numba and xarray are loaded.
    chosen = choose(setting, given, preset)
    model = chosen.resolved.model
    if plot is not None:
        with called("observable", "plot"):
            _drawable(plot, model, observables)
    images = images_of(model, data, classes, data_dir, scaling)
    from gammarho import report
    from simulate.run import store as run_store

    options: dict[str, Any] = {
        "steps": steps, "seed": seed, "seeds": seeds, "engine": engine, "sampling": sampling, "record": record,
        "test_sampling": test_sampling, "observables": observables, "until": bounds,
    }
    if plot is not None:  # of one step, so that a label that is not there, or too many lines, is refused before the run
        from figures.run import lines
        from simulate.run.run import labelled

        once = {**options, "steps": 1, "seeds": None, "record": None, "until": None}
        with suppress(Diverged), called("observable", "plot"):
            lines(labelled(chosen, initial=images, **once).dataset(), plot)
    unwritten: Unwritten | None = None
    with nullcontext() if path is None else run_store.writer(path) as keep:  # refused before the run, not after it
        from simulate.run.run import labelled

        try:
            runs = labelled(chosen, initial=images, **options)  # a table needs no xarray, which takes long to load
        except Diverged:
            print_notes(chosen, images, sys.stderr)
            raise
        try:
            if keep is not None:
                keep(runs.dataset())
        except Unwritten as error:  # the table is all that is left of the run: it is printed first
            unwritten = error
    with terminal.safe(None if unwritten else path):
        print(report.as_json(runs) if json else report.as_text(runs, model))
        if path is not None and not json and not unwritten:
            print(f"wrote {path}")
        if place is not None:
            from figures.grid.plot import plot as draw

            draw(runs.dataset(), observable=plot, out=place)
            if not json:
                print(f"wrote {place}")
    if unwritten:
        raise unwritten
    return 0


def _drawable(plot: str, model: Model, observables: str | None) -> None:
    """Refuses what no run of the model has along its steps before it is run, which may take long."""
    from simulate.observe import observables as obs
    from simulate.phase.reduced_axes import separated, wanted

    events = {event.name for event in model.events}
    known = [name for name in obs.check(model, observables) if name not in events]
    for each in separated(plot):
        if (name := wanted(each).name) not in known:
            raise InputError(f"plot: {quoted(name)} is not along the steps of this run; {nearest(name, known)}")
