"""What several verbs take and say: switches, thresholds, real images, and the values that are in use."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import cyclopts

if TYPE_CHECKING:
    from derivations.declare import Model
    from gammarho.data import ImageSource
    from simulate.ask.chosen import Chosen

# Options are text until they are checked, so that a wrong one has our sentence; --help shows what is wanted by these.
INT, NUMBER, NAME, NAMES, STEPS, FILE, FOLDER, LABELS, AXIS, EQUATION, THRESHOLD, FORMULA = (
    cyclopts.Parameter(metavar=word, negative="")
    for word in ("INT", "NUMBER", "NAME", "NAMES", "STEPS", "FILE", "FOLDER", "LABELS", "AXIS", "EQUATION",
                 "NAME=VALUE", "FORMULA")
)
ENGINES = cyclopts.Parameter(metavar="reduced|weights")
SAMPLINGS = cyclopts.Parameter(metavar="vectors|gram")
SHELLS = cyclopts.Parameter(metavar="bash|zsh|fish|powershell")
ADDRESS = cyclopts.Parameter(metavar="ADDRESS")
TEST_SAMPLINGS = cyclopts.Parameter(metavar="draws|importance")
LENGTH = cyclopts.Parameter(metavar="LENGTH")
IMAGES = cyclopts.Parameter(metavar="mnist|fashion-mnist")
SCALINGS = cyclopts.Parameter(metavar="unit|image|global")
_BEYOND = re.compile(r"^(\s*[\w:]+\s*)([<>]=)")
Switch = Annotated[bool, cyclopts.Parameter(negative="")]


def thresholds(until: Sequence[str]) -> dict[str, str] | None:
    """--until as text by name, with its relation where that is not "="; None without it."""
    from gammarho import arguments

    words = [_BEYOND.sub(r"\1=\2", word) for word in until]
    return arguments.assignments(words, "until", "loss=1e-3, or 'margins>=1' in quotes") or None


def with_held(
    setting: str, given: Mapping[str, object], preset: str | None, hold: Sequence[str], steps: str | None, show: bool
) -> dict[str, object]:
    """What is given, with the parameters that --hold is solved for, each on a line where they are to be shown."""
    from simulate.conditions.held import held

    solved = held(setting, given, list(hold), preset=preset, steps=steps)
    if show:
        tell_held({name: value for name, value in solved.items() if name not in given and isinstance(value, float)})
    return solved


def tell_held(solved: Mapping[str, float]) -> None:
    """The parameters that equations were solved for, a line each."""
    from simulate.ask.noted import show

    for name, value in solved.items():
        print(f"{name} = {show(value)} (held)")


def images_of(
    model: Model, data: str | None, classes: str | None, data_dir: str | None, scaling: str | None
) -> ImageSource | None:
    """The real images that --data and the options beside it ask for."""
    if (data, classes, data_dir, scaling) == (None,) * 4:
        return None
    from gammarho.data import from_options

    return from_options(model, data, classes, data_dir, scaling)


def print_notes(chosen: Chosen, images: ImageSource | None = None, to: TextIO | None = None) -> None:
    """What was measured on real data and the published values in use, before a result that does not carry them."""
    resolved = chosen.resolved
    if images is not None:
        from simulate.start.source import settle

        resolved, _ = settle(resolved, chosen.given, images)
    from simulate.ask import noted

    for note in noted.lines(resolved.notes):
        print(note, file=to)


def say(sentence: str) -> int:
    """An error's sentence on stderr; 2, its exit status."""
    with suppress(OSError):  # where stderr cannot be written either, the exit status says it
        print(f"gammarho: {' '.join(sentence.split())}", file=sys.stderr, flush=True)
    return 2


def goes_on(path: Path | None, command: str) -> str:
    """How a grid with cells that are left undone is finished."""
    fewer = "give it more memory or fewer workers"
    return f"{fewer}; " + (
        f"the other cells are in {path}, and the same command goes on: {command}" if path is not None
        else "with --out GRID.zarr the finished cells are kept, and the same command takes up what is left"
    )
