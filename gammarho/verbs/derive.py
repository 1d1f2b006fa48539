"""derive: the recursion of a setting, as text, LaTeX, derivation or kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from gammarho import terminal
from simulate.errors import InputError

from .shared import FILE, NAME, Switch

if TYPE_CHECKING:
    from derivations.derive import Derived


def derive(
    setting: str,
    /,
    *values: str,
    preset: Annotated[str | None, NAME] = None,
    latex: Switch = False,
    unicode: Switch = False,
    kernel: Switch = False,
    steps: Switch = False,
    rates: Switch = False,
    out: Annotated[str | None, FILE] = None,
) -> int:
    """Print a setting's exact reduced recursion.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: structural parameters, as name=value.
        preset: take them from a preset.
        latex: print LaTeX instead of text.
        unicode: print the text with Greek letters and bars, for a terminal that has them.
        kernel: print the source of the kernel instead.
        steps: print the derivation, step by step, instead.
        rates: print the growth rates of the early stage, and where they vanish or meet, instead.
        out: write to this file instead.
    """
    from gammarho import api, arguments
    from simulate.ask import paths

    given, path = arguments.assignments(values), paths.text_file("out", out)
    if latex + unicode + kernel + steps + rates > 1:
        one = "--latex, --unicode, --kernel, --steps and --rates"
        raise InputError(f"derive takes one of {one} at a time; give one of them")
    recursion = api.derive(setting, given, preset=preset)
    if unicode and path is None:
        terminal.needs_unicode()
    text = (recursion.rates() if rates else _printed(recursion, latex, unicode, kernel, steps)).rstrip("\n")
    if path is None:
        print(text)
    else:
        from simulate.work.whole import whole_file

        with whole_file(path) as new:
            new.write_text(text + "\n", encoding="utf-8")
        with terminal.safe(path):
            print(f"wrote {path}")
    return 0


def _printed(recursion: Derived, latex: bool, unicode: bool, kernel: bool, steps: bool) -> str:
    if latex:
        return recursion.latex()
    if unicode:
        return recursion.unicode()
    if kernel:
        return recursion.kernel_source()
    return recursion.derivation() if steps else str(recursion)
