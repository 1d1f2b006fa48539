"""validate: the recursion against training the weights."""

from __future__ import annotations

from typing import Annotated

from .shared import FOLDER, IMAGES, INT, LABELS, NAME, SCALINGS, Switch, images_of, print_notes


def validate(
    setting: str,
    /,
    *values: str,
    preset: Annotated[str | None, NAME] = None,
    steps: Annotated[str | None, INT] = None,
    seed: Annotated[str, INT] = "0",
    data: Annotated[str | None, IMAGES] = None,
    classes: Annotated[str | None, LABELS] = None,
    data_dir: Annotated[str | None, FOLDER] = None,
    scaling: Annotated[str | None, SCALINGS] = None,
    json: Switch = False,
) -> int:
    """Compare the recursion with gradient descent on the weights, on one draw; exit 1 unless they agree.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: selects the draw.
        data: real images, mnist or fashion-mnist, in place of drawn inputs; n of them.
        classes: their labels, such as 0,1; the first of two is +1.
        data_dir: a folder with the set's four IDX files.
        scaling: unit, image or global.
        json: print JSON instead of text.
    """
    from gammarho import api, arguments, report
    from simulate.ask.chosen import choose

    chosen = choose(setting, arguments.assignments(values), preset, "validate")
    images = images_of(chosen.resolved.model, data, classes, data_dir, scaling)
    result = api.validate(chosen, steps=steps, seed=seed, initial=images)
    if not json:
        print_notes(chosen, images)
    print(report.json_of(result) if json else result)
    return 0 if result.verdict == "pass" else 1
