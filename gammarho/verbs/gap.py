"""gap: idealised recursions beside the exact one."""

from __future__ import annotations

from typing import Annotated

from .shared import INT, NAME, NUMBER, Switch, print_notes


def gap(
    setting: str,
    /,
    *values: str,
    preset: Annotated[str | None, NAME] = None,
    steps: Annotated[str | None, INT] = None,
    seed: Annotated[str, INT] = "0",
    tolerance: Annotated[str, NUMBER] = "0.1",
    json: Switch = False,
) -> int:
    """Run the recursion as proofs idealise it beside the exact one: which dropped term opens a gap, and when.

    Dropped are the inner products of different directions, the change of l' (frozen at its value at 0) and the
    penalty's l'' term with zeta, each alone and all together, from one draw.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: the draw.
        tolerance: the gap, a share of the largest exact coefficient of a family, from which it counts as open.
        json: print JSON instead of a table.
    """
    from gammarho import arguments, report
    from simulate.ask.chosen import choose
    from simulate.gap.gap import gap as compare

    chosen = choose(setting, arguments.assignments(values), preset, "gap")
    gaps = compare(chosen, steps=steps, seed=seed, tolerance=tolerance)
    if not json:
        print_notes(chosen)
        print()
    print(report.json_of(gaps) if json else gaps)
    return 0
