"""What a grid's caption says beside its picture: whose values are drawn, what its parameters are, and their values."""

from __future__ import annotations

import numpy as np

from derivations.declare.meanings import STOPPED
from simulate.run.watch import NEVER

from ..said import Made, Sentence, Where
from .scales import plain, told
from .shown import Shown, configuration, meaning


def words(shown: Shown) -> tuple[Sentence, ...]:
    """What is said last: what parameters are that no axis has in full, runs that nothing ended, and values."""
    return (*meanings(shown), unended(shown), fixed(shown))


def of_one(shown: Shown) -> Made:
    """That a cell is one draw, or what it was given; nothing of a mean over seeds."""
    if shown.averaged:
        return Made("A cell has the value that it was given without its seeds, such as their mean: of how many "
                    "draws is not known, nor its standard error.")
    return Made("A cell is one draw." if shown.draws.shape[-1] == 1 else "")


def meanings(shown: Shown) -> tuple[Made, ...]:
    """What the parameters are that no axis' label has in full: that of the panels, and where a label is cut."""
    said = []
    for each in shown.scales:
        what = meaning(shown.data[each.name]).replace("$", r"\$")
        apart = each is shown.panels
        if what and (apart or what.split() != each.label.split()[1:]):
            said.append(Made(f"{'A panel a value of ' if apart else ''}{each.name}: {what}."))
    return tuple(said)


def unended(shown: Shown) -> Where:
    """How many runs nothing ended early, so that their values are of the last step; of `stopped` a hatch says it."""
    attributes, ends = shown.data.attrs, shown.data.get(STOPPED)
    late = 0 if ends is None or shown.averaged or shown.observable == STOPPED else int((ends == NEVER).sum())
    numbers = {"late": late, "runs": 0 if ends is None else ends.size, "ends": attributes.get("until", ""),
               "steps": attributes.get("steps", 0)}
    of = "event" in shown.data[shown.observable].attrs
    last = "they went on to step {steps}." if of else "their values are of step {steps}."
    said = f"{{late}} of {{runs}} draws have no step with {{ends}}: {last}"
    return Where(late > 0, said, numbers)


def fixed(shown: Shown) -> Made:
    """The parameters that are no axis: their values, and which of them differ by cell."""
    axes = {each.name for each in shown.scales}
    coords = {str(name): values for name, values in shown.data.coords.items() if name not in {*axes, "seed"}}
    known, defaults = (configuration(shown.data).get(name, {}) for name in ("parameters", "defaults"))
    first = [name for values in (known, *defaults.values()) for name in values if name in coords]  # the model's order
    others = {name: coords[name] for name in dict.fromkeys([*first, *coords])}
    alike = {name for name, values in others.items() if len(np.unique(values.values)) == 1}
    same = [f"{name} = {told(plain(values.values.flat[0]))}" for name, values in others.items() if name in alike]
    differing = [_by(name, known.get(name)) for name in others if name not in alike]
    said = f"Everywhere: {', '.join(same)}." if same else ""
    all_said = f"{said}  By cell: {'; '.join(differing)}.".strip() if differing else said
    if gone := _gone(shown):
        all_said = f"{all_said}  The grid was over {', '.join(gone)} too, and no longer has the values.".strip()
    return Made(all_said.replace("$", r"\$"))


def _gone(shown: Shown) -> list[str]:
    """The axes that a grid was run over and has no longer, averaged over or dropped; one of another name may be it."""
    attributes, names = shown.data.attrs, [each.name for each in shown.scales]
    asked = [name for axis in ("x", "y", "z") if (name := str(attributes.get(axis) or ""))]
    missing = [name for name in asked if name not in shown.data.coords]
    return missing if len(missing) > len([name for name in names if name not in asked]) else []


def _by(name: str, law: object) -> str:
    """A parameter that differs by cell, with the formula or the equation by which it does."""
    if not isinstance(law, str):
        return name
    return f"{name} solves {law}" if "=" in law else f"{name} = {law}"
