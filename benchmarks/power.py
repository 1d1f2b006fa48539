"""The tables of what statements can tell: shares of mutants by paper, and printed against sharpest constants.

    gammarho check pegr --mutants --search 2 --json > pegr.json
    python -m benchmarks.power pegr.json heterogeneous.json nearly_orthogonal.json fomaml.json

A file is what `check SETTING --mutants --json` prints.  The tables are those of docs/power.md.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulate.check.fates import EQUIVALENT, FATES, KILLED, SLACK, SUPERFLUOUS, SURVIVING, UNTESTED, Fate

Row = Mapping[str, Any]
LOOSE = 1.5  # a constant that could be sharper by less is not listed
_BY_WORD = {fate.word: fate for fate in FATES}
_SHARES = (EQUIVALENT, SUPERFLUOUS, UNTESTED, KILLED, SLACK, SURVIVING)


def shares(settings: Sequence[Row]) -> Iterator[str]:
    """A row a paper and group of statements: the fates, and three shares of mutants killed."""
    yield _row("paper", "statements", "mutants", *(fate.word for fate in _SHARES), "killed of killed, slack, surviving",
               "without the slack", "constants as sharp as seen")
    yield _row("---", "---", *["---:"] * (4 + len(_SHARES)))
    for setting in settings:
        for title, stage in (("stages", True), ("one step, or the draw", False)):
            group = [each for each in setting["statements"] if each["stage"] is stage]
            fates, sharp = _fates(group, "mutants"), _fates(group, "sharpened")
            yield _row(f"`{setting['setting']}`", title, sum(fates.values()), *(fates[fate] for fate in _SHARES),
                       _killed(fates, SLACK, SURVIVING), _killed(fates, SURVIVING), _killed(sharp, SLACK, SURVIVING))


def refuted(setting: Row) -> list[str]:
    """A line a statement that a run refuted as it stands: what its mutants say is of no use."""
    return [f"REFUTED itself: {each['id']}\n" for each in setting["statements"] if each["violated"]]


def constants(settings: Sequence[Row]) -> Iterator[str]:
    """A row a stage statement: the constant that could be sharpest against the one that is printed."""
    yield _row("paper", "statement", "in", "printed", "sharpest seen", "factor")
    yield _row("---", "---", "---", "---:", "---:", "---:")
    for setting in settings:
        rows = [row for each in setting["statements"] if each["stage"] for row in _loosest(each)]
        for said, part, printed, sharp in sorted(rows, key=lambda row: -_factor(row[2], row[3])):
            yield _row(f"`{setting['setting']}`", f"`{said}`", f"`{part}`", f"{printed:.4g}", f"{sharp:.3g}",
                       f"{_factor(printed, sharp):.3g}")


def _loosest(statement: Row) -> Iterator[tuple[str, str, float, float]]:
    """Its constant that can be moved farthest; nothing where none can be by LOOSE."""
    known = [(each["part"], *each["constants"]) for each in statement["mutants"] if each["constants"]]
    for part, printed, sharp in sorted(known, key=lambda each: -_factor(each[1], each[2]))[:1]:
        if _factor(printed, sharp) >= LOOSE:
            yield statement["id"], part, printed, sharp


def _factor(printed: float, sharp: float) -> float:
    return math.exp(abs(math.log(sharp / printed)))


def _fates(statements: Iterable[Row], of: str) -> Counter[Fate]:
    return Counter(_BY_WORD[one["fate"]] for each in statements for one in each[of])


def _killed(fates: Counter[Fate], *others: Fate) -> str:
    whole = fates[KILLED] + sum(fates[other] for other in others)
    return f"{100 * fates[KILLED] / whole:.0f}%" if whole else "none"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    settings = [json.loads(path.read_text(encoding="utf-8")) for path in parser.parse_args(words).files]
    for setting in settings:
        print(f"{setting['setting']}: {setting['about']}")
        print(*refuted(setting), sep="", end="")
    print("", *shares(settings), "", *constants(settings), sep="\n")


if __name__ == "__main__":
    main()
