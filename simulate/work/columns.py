"""Rows of cells as lines of text whose columns stand under one another, laid out by rich."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def columns(
    rows: Sequence[Sequence[str]], *, right: Collection[int] = (), gap: int = 2, least: int = 0
) -> list[str]:
    """A line a row, none of them broken; shorter rows end early.

    Args:
        rows: the cells, a head among them like any other row.
        right: the columns, by their place, whose cells stand to the right.
        gap: blanks between columns.
        least: characters of a column to the right, at least.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    count = max(map(len, rows), default=0)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, gap, 0, 0))
    for at in range(count):
        to_right = at in right
        table.add_column(justify="right" if to_right else "left", no_wrap=True, min_width=least if to_right else None)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    wide = sum(max([least, *(cell_len(row[at]) for row in rows if at < len(row))]) + gap for at in range(count))
    console = Console(width=wide + 1, color_system=None, force_terminal=False, highlight=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().split("\n")[: len(rows)]]
