"""A figure's numbers as a table: comma-separated values, and LaTeX with the package booktabs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .printed import in_latex
from .save import write_text

Row = Sequence[object]


@dataclass(frozen=True)
class Tabular:
    """Heads, the last of the rows above the rule, and rows; cells of text or numbers, formulas between dollars.

    `columns` are the names of the columns in the .csv, where the last head has formulas.
    """

    heads: tuple[Row, ...]
    rows: tuple[Row, ...]
    columns: Row = ()

    def comma_separated(self) -> str:
        """The columns' names, and the rows."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([self.columns or self.heads[-1], *self.rows])
        return out.getvalue()

    def latex(self, name: str, caption: str, left: int = 1) -> str:
        """A table environment with a caption in plain words; the first `left` columns are set to the left."""
        lines = [" & ".join(_cell(cell) for cell in row) + r" \\" for row in (*self.heads, *self.rows)]
        above = len(self.heads)
        body = "\n".join(["  \\toprule", *(f"  {line}" for line in lines[:above]), "  \\midrule",
                          *(f"  {line}" for line in lines[above:]), "  \\bottomrule"])
        aligned = "l" * left + "c" * (len(self.heads[-1]) - left)
        return (
            f"\\begin{{table}}\n  \\centering\n  \\caption{{{in_latex(caption)}}}\n  \\label{{tab:{name}}}\n"
            f"  \\begin{{tabular}}{{{aligned}}}\n{body}\n  \\end{{tabular}}\n\\end{{table}}\n"
        )

    def write(self, folder: Path, name: str, caption: str) -> list[Path]:
        """NAME.csv and NAME_table.tex, beside the figure NAME."""
        texts = {f"{name}.csv": self.comma_separated(), f"{name}_table.tex": self.latex(name, caption)}
        for file, text in texts.items():
            write_text(folder / file, text)
        return [folder / file for file in texts]


def _cell(cell: object) -> str:
    said = f"{cell:.4g}" if isinstance(cell, float) else str(cell)
    return said if "$" in said else in_latex(said)
