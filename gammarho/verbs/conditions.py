"""conditions: a theorem's clauses at given values."""

from __future__ import annotations

from typing import Annotated

from .shared import (
    EQUATION,
    FOLDER,
    IMAGES,
    INT,
    LABELS,
    NAME,
    NAMES,
    NUMBER,
    SCALINGS,
    Switch,
    images_of,
    print_notes,
    tell_held,
)


def conditions(
    setting: str,
    /,
    *values: str,
    hold: Annotated[tuple[str, ...], EQUATION] = (),
    preset: Annotated[str | None, NAME] = None,
    solve: Annotated[str | None, NAMES] = None,
    constant: Annotated[str, NUMBER] = "1",
    steps: Annotated[str | None, INT] = None,
    data: Annotated[str | None, IMAGES] = None,
    classes: Annotated[str | None, LABELS] = None,
    data_dir: Annotated[str | None, FOLDER] = None,
    scaling: Annotated[str | None, SCALINGS] = None,
    json: Switch = False,
) -> int:
    """Print the paper's conditions at these values, clause by clause.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value; also the conditions' own, such as alpha.
        hold: an equation, such as "sigma_p: sigma_p*sqrt(d)=20", solved for sigma_p; may be repeated.
        preset: published values by name, such as paper.
        solve: parameters, such as d,sigma_p, of which the nearest values are sought that meet all clauses together.
        constant: the C at which each clause is judged.
        steps: the run's gradient steps; a preset brings its own.
        data: real images, mnist or fashion-mnist, n of them, on which the paper's quantities are measured.
        classes: their labels, such as 0,1; the first of two is +1.
        data_dir: a folder with the set's four IDX files.
        scaling: unit, image or global.
        json: print JSON instead of a table.
    """
    from gammarho import api, arguments, report
    from simulate.ask.chosen import choose

    given, own = arguments.assignments(values), api.condition_parameters(setting)
    of_model = {name: value for name, value in given.items() if name not in own}
    images = images_of(api.resolve(setting, of_model, preset, "conditions").model, data, classes, data_dir, scaling)
    table = api.conditions(
        setting,
        given,
        preset=preset,
        constant=constant,
        steps=steps,
        initial=images,
        solve=solve,
        hold=list(hold) or None,
    )
    print(report.json_of(table) if json else table)  # its verdict comes first
    if not json:
        print()
        tell_held(dict(table.held))
        print_notes(choose(setting, {**of_model, **dict(table.held)}, preset), images)
    return 0
