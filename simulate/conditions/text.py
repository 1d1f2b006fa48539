"""The text of a condition table: plain lines of at most 110 columns, intervals rounded towards the safe side."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN

from derivations.declare import Value

from ..work import html
from ..work.columns import columns
from .rows import ClauseTable, Conflict, Held, Mend, PrescribedRow, Repair, Row, number

_WIDTH = 110
_BEYOND = ("< -1e308", "> 1e308")


def _shown(x: float | None, digits: int = 4, rounding: str = "ROUND_HALF_EVEN") -> str:
    """A number, "-" for none; a ratio of finite numbers that float64 does not hold says on which side it is."""
    if x is None:
        return "-"
    return number(x, digits, rounding) if math.isfinite(x) else _BEYOND[x > 0]


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)


def lines(table: Held) -> Iterator[str]:
    """The table, line by line, at most 110 columns wide."""
    yield f"{table.conditions.title}  ({table.conditions.paper})"
    for group in table.tables:
        yield from _wrapped(f"{group.title}: {_summary(group, table.constant)}", 2)
    if table.repair is not None:
        yield from _repair_lines(table.repair, table.tables)
    yield ""
    yield from _wrapped(" ".join(f"{name}={_plain(value)}" for name, value in table.values), 2)
    meanings = {quantity.name: quantity.meaning for quantity in table.conditions.quantities}
    yield from _wrapped("; ".join(
        f"{name} = {number(x, 6)} ({'measured; ' if name in table.measured else ''}{meanings[name]})"
        for name, x in table.quantities if meanings[name]
    ), 2)
    for group in table.tables:
        yield ""
        yield from _group_lines(group, table.constant)
    if table.prescribed:
        yield ""
        yield from _prescribed_lines(table.prescribed)
    yield ""
    yield from _wrapped("A clause holds for the C in its interval; a larger C asks for more, except in an interval "
                        "[x, inf), where it asks for less. The ratio is what there is over what is asked at C = 1.")
    for note in table.notes:
        yield from _wrapped(note)


def as_html(table: Held) -> str:
    """The verdicts, and a table a list of clauses, for a notebook."""
    heads = ("clause", "asks", "left", "", "right", "ratio", "holds for C in", f"C={number(table.constant)}")
    return "\n".join([
        html.heading(f"{table.conditions.title}  ({table.conditions.paper})"),
        *(html.table(heads, map(_cells, group.rows), f"{group.title}: {_summary(group, table.constant)}")
          for group in table.tables),
    ])


def _summary(group: ClauseTable, constant: float) -> str:
    """A list's verdict in a line: how many clauses fail, and which of them lacks most."""
    counted = [row for row in group.rows if row.counted]
    at = f"at C = {number(constant)}"
    without = sum(row.holds is None for row in counted)
    unknown = f"; {without} {'has' if without == 1 else 'have'} no value" if without else ""
    if not counted:
        return "not about this run"
    worst = group.worst(constant)
    if worst is None:
        return f"undecided {at}{unknown}" if without else f"covered: all {len(counted)} clauses hold {at}"
    fails = f"{len(group.failing)} of {len(counted)} clauses {'fails' if len(group.failing) == 1 else 'fail'} {at}"
    short = "for no C" if worst[1] is None else f"short by {_shown(worst[1], 3, ROUND_CEILING)}"
    return f"not covered: {fails}, {worst[0]} most, {short}{unknown}"


def _repair_lines(repair: Repair, tables: Sequence[ClauseTable]) -> Iterator[str]:
    """What would have to change together, or what excludes it."""
    named, at = ", ".join(repair.present), f"at C = {number(repair.constant)}"
    if repair.values is None:
        why = {0: "", 1: ": {} alone was met nowhere", 2: ": {} and {} exclude each other, as far as was searched"}
        said = why[len(repair.excluded)].format(*repair.excluded)
        yield from _wrapped(f"no values of {named} were found that meet all clauses {at}{said}", 2)
        clauses = [row.clause for group in tables for row in group.rows if row.clause.id in repair.excluded]
        others = {name for clause in clauses for name, _ in clause.mends} - set(repair.present)
        if others:
            yield from _wrapped(f"solve for more of what mends {' and '.join(repair.excluded)}: "
                                f"{', '.join(sorted(others))}", 2)
    elif not repair.values:
        yield from _wrapped(f"all clauses hold {at} as {named} {'is' if len(repair.present) == 1 else 'are'}", 2)
    else:
        values = ", ".join(
            f"{name} = {number(value, 6)} (times {number(repair.factors[name], 3)})"
            for name, value in repair.values.items())
        yield from _wrapped(f"all clauses would hold {at} with {values}", 2)
    if repair.alone:
        values = ", ".join(f"{name} = {number(value, 6)}" for name, value in repair.alone.items())
        yield from _wrapped(f"{tables[0].title} alone would hold {at} with {values}", 2)
    if repair.left_out:
        need = "needs" if len(repair.left_out) == 1 else "need"
        yield from _wrapped(f"without {', '.join(repair.left_out)}, which {need} --steps", 2)


def _plain(value: Value) -> str:
    return number(value, 6) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _group_lines(group: ClauseTable, constant: float) -> Iterator[str]:
    yield group.title
    at = f"C={number(constant)}"
    heads = ("clause", "asks", "left", "", "right", "ratio", "holds for C in", at)
    cells = [heads, *(_cells(row) for row in group.rows)]
    head, *lines = columns(cells, right=(2, 4, 5), least=7)
    if max(map(len, (head, *lines))) > _WIDTH:  # numbers with exponents on both sides
        head, *lines = columns(cells, right=(2, 4, 5), gap=1)
    yield head
    for line, row in zip(lines, group.rows, strict=True):
        yield line
        yield from _remarks(row)
    stated = [row.clause.id for row in group.rows if row.clause.kind == "stated" and row.clause.power != 0]
    if stated:
        yield from _wrapped(f"constants are stated (C is a safety factor) in {', '.join(stated)}", 2)
    without = [row.clause.id for row in group.rows if row.clause.power == 0]
    if without:
        yield from _wrapped(f"C does not enter {', '.join(without)}", 2)
    aside: dict[str, list[str]] = {}
    for row in group.rows:
        if not row.counted and row.clause.only is not None:
            aside.setdefault(row.clause.only.why, []).append(row.clause.id)
    for why, ids in aside.items():
        yield from _wrapped(f"not about this run, not counted: {', '.join(ids)} ({why})", 2)
    for row in group.rows:
        if row.clause.note:
            yield from _wrapped(f"{row.clause.id}: {row.clause.note}", 2)
    yield from _verdict_lines(group, constant)


def _cells(row: Row) -> tuple[str, ...]:
    """A clause, its two sides, their ratio, where it holds, and whether it does at the table's C."""
    verdict = "void" if row.trivial else {True: "yes", False: "no", None: "?"}[row.holds]
    verdict = verdict if row.counted else "n/a"
    if row.problem:
        return (row.clause.id, row.clause.text, "no value", "", "", "", "", verdict)
    sides = (_shown(row.left), row.clause.relation, _shown(row.right), _shown(row.ratio, 3, ROUND_FLOOR))
    return (row.clause.id, row.clause.text, *sides, str(row.interval), verdict)


def _remarks(row: Row) -> Iterator[str]:
    """What a clause's line cannot say."""
    if row.problem:
        yield from _wrapped(f"{row.problem}.", 7) if row.counted else ()
    elif row.trivial:
        yield "       asks nothing here: the side that C multiplies is not positive"


def _verdict_lines(group: ClauseTable, constant: float) -> Iterator[str]:
    missing = [row.clause.id for row in group.rows if row.counted and row.problem]
    without = f" (leaving out {', '.join(missing)}: no value)" if missing else ""
    if group.rows and not any(row.counted for row in group.rows):
        yield "  no clause of this list is about this run"
        return
    if group.interval.empty:
        verdict = f"{', '.join(group.binding)}; all clauses hold for no C"
    elif group.binding:
        verdict = f"{', '.join(group.binding)}; all clauses hold for C in {group.interval}"
    else:
        verdict = "none; all clauses hold for every C"
    yield from _wrapped(f"binding: {verdict}{without}", 2)
    for clause in dict.fromkeys(mend.clause for mend in group.mends):
        yield from _mend_lines(clause, [mend for mend in group.mends if mend.clause == clause], constant)
    for conflict in group.conflicts:
        yield from _wrapped(_conflict_text(conflict), 2)


def _conflict_text(conflict: Conflict) -> str:
    at_least, at_most = number(conflict.at_least, 5, ROUND_CEILING), number(conflict.at_most, 5, ROUND_FLOOR)
    return (f"no {conflict.parameter} alone meets both {conflict.raised} (>= {at_least}) and {conflict.lowered} "
            f"(<= {at_most})")


_SIGNS = {"raise": (">=", ROUND_CEILING), "lower": ("<=", ROUND_FLOOR), "set": ("=", ROUND_HALF_EVEN)}


def _mend_lines(clause: str, mends: list[Mend], constant: float) -> Iterator[str]:
    """What mends one clause: a line a parameter, and one for those of which no admissible value does."""
    without = [mend.parameter for mend in mends if mend.value is None]
    if len(without) == len(mends):
        yield f"  {clause}: no admissible value mends it ({', '.join(without)} alone, at C = {number(constant)})"
        return
    yield f"  {clause} would hold at C = {number(constant)} with one of"
    for mend in mends:
        if mend.value is not None:
            yield from _wrapped(_mend_text(mend), 4)
    if without:
        yield f"    {', '.join(without)}: no admissible value mends it"


def _mend_text(mend: Mend) -> str:
    sign, rounding = _SIGNS[mend.direction]
    assert mend.value is not None
    after = [f"then {', '.join(mend.breaks)} {'breaks' if len(mend.breaks) == 1 else 'break'}"] if mend.breaks else []
    after += [f"this mends {', '.join(mend.also)} too"] if mend.also else []
    text = f"{mend.parameter} {sign} {number(mend.value, 5, rounding)}"
    return f"{text:<24} ({'; '.join(after)})" if after else text


def _prescribed_lines(rows: tuple[PrescribedRow, ...]) -> Iterator[str]:
    cells = [("what", "this run", "theorem", "run/theorem", "steps/theorem", "source")]
    for row in rows:
        used = "not set" if row.used is None else number(row.used)
        steps = _shown(row.steps_ratio, 3) if row.prescription.duration else ""
        numbers = (used, _shown(row.value), _shown(row.ratio, 3), steps)
        cells.append((row.prescription.name, *numbers, row.prescription.source))
    head, *lines = columns(cells, right=(1, 2, 3, 4))
    yield head
    for line, row in zip(lines, rows, strict=True):
        yield line
        if row.problem:
            yield from _wrapped(f"{row.problem}.", 7)
