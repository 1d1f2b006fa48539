"""What a test of mutants prints: a line a statement, the shares, the slack constants and the survivors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from .fates import EQUIVALENT, FATES, KILLED, SLACK, SUPERFLUOUS, SURVIVING, UNTESTED, Fated, Tested
from .suspect import Kill

SHARP = "changes of claims whose constants are as sharp as seen"


def _where(kill: Kill) -> str:
    """At what a statement failed."""
    if kill.point is None:
        return ""
    at = "" if kill.place is None else f", seed {kill.place.seed}, t = {kill.point.t}"
    return f": {kill.point.text} with {kill.point.left:.6g} against {kill.point.right:.6g}{at}"


def lines(setting: str, about: str, tested: Sequence[Tested]) -> Iterator[str]:
    """The table."""
    yield f"{setting}: {about}"
    width = max([9, *(len(row.statement.id) for row in tested)])
    yield f"{'statement':{width}}  {'runs':>5}  {'mutants':>7}  " + "  ".join(f"{fate.word:>12}" for fate in FATES)
    for row in tested:
        counts = "  ".join(f"{row.count(fate):12d}" for fate in FATES)
        note = "" if row.violated is None else f"  REFUTED itself{_where(row.violated)}"
        yield f"{row.statement.id:{width}}  {row.runs:5d}  {len(row.mutants):7d}  {counts}{note}"
    for title, group in (("stages", [t for t in tested if t.stage]),
                         ("one step, or the draw", [t for t in tested if not t.stage])):
        if group:
            yield share(title, [each.mutants for each in group])
            yield share(f"{title}, {SHARP}", [each.sharpened for each in group])
    yield from _constants(tested)
    for fate, word in ((SUPERFLUOUS, "superfluous?"), (SURVIVING, "surviving"), (UNTESTED, "untested")):
        for row in tested:
            for one in row.mutants:
                if one.fate is fate:
                    yield f"{word:<12} {row.statement.id}: {one.mutant.text}: {one.why}"


def share(title: str, group: Sequence[Sequence[Fated]]) -> str:
    """Killed of those that could be, with the slack counted and without; what no run needed is apart."""
    total = Counter(one.fate for each in group for one in each)
    decided = total[KILLED] + total[SURVIVING]
    live = decided + total[SLACK]
    return (
        f"{title}: {sum(total.values())} mutants, {total[EQUIVALENT]} equivalent, {total[SUPERFLUOUS]} of conditions "
        f"that no run needed, {total[UNTESTED]} untested; of the {live} others "
        f"{total[KILLED]} killed ({_percent(total[KILLED], live)}), {total[SLACK]} slack, {total[SURVIVING]} "
        f"surviving; without the slack {_percent(total[KILLED], decided)} killed"
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "none"


def _constants(tested: Sequence[Tested]) -> Iterator[str]:
    """Slack: printed constant / sharpest constant seen; other slack in words."""
    for row in tested:
        seen: set[str] = set()
        for one in row.mutants:
            if one.fate is not SLACK:
                continue
            if one.constants is not None:
                printed, sharp = one.constants
                said = f"constant {printed:.4g} / {sharp:.4g} seen, in {one.mutant.part}"
            else:
                said = f"{one.mutant.text}: {one.why}"
            if said not in seen:
                seen.add(said)
                yield f"slack        {row.statement.id}: {said}"
