"""A condition table: its text, its page in a notebook, and its JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from .rows import ClauseTable, Held, Row
from .text import as_html, lines


@dataclass(frozen=True, kw_only=True)
class ConditionTable(Held):
    """A paper's conditions at given parameters; `str` is a plain text table, `to_dict` goes to JSON."""

    def __str__(self) -> str:
        return "\n".join(lines(self))

    def _repr_html_(self) -> str:
        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Strict JSON: every number is finite, null stands for "none"."""
        return {
            "model": self.model, "paper": self.conditions.paper, "title": self.conditions.title,
            "constant": self.constant, "values": dict(self.values), "quantities": dict(self.quantities),
            "measured": list(self.measured),
            "tables": [_table_dict(table, self.constant) for table in self.tables],
            "repair": None if self.repair is None else {**asdict(self.repair), "factors": self.repair.factors},
            "prescribed": [
                {"name": row.prescription.name, "source": row.prescription.source, "used": row.used,
                 "value": row.value, "ratio": _finite(row.ratio), "steps_ratio": _finite(row.steps_ratio),
                 "problem": row.problem}
                for row in self.prescribed
            ],
            "notes": list(self.notes),
        }


def _finite(x: float | None) -> float | None:
    return None if x is None or math.isinf(x) else x


def _table_dict(table: ClauseTable, constant: float) -> dict[str, Any]:
    worst = table.worst(constant)
    return {
        "title": table.title, "holds": table.holds, "failing": list(table.failing),
        "worst": None if worst is None else {"clause": worst[0], "short_by": worst[1]},
        "interval": table.interval.to_dict(),
        "binding": list(table.binding), "rows": [_row_dict(row) for row in table.rows],
        "mends": [{**asdict(mend), "breaks": list(mend.breaks), "also": list(mend.also)}
                  for mend in table.mends],
        "conflicts": [asdict(conflict) for conflict in table.conflicts],
    }


def _row_dict(row: Row) -> dict[str, Any]:
    clause = row.clause
    return {
        "id": clause.id, "source": clause.source, "asks": clause.text, "left_formula": clause.left,
        "relation": clause.relation, "right_formula": clause.right, "power": clause.power, "constant": clause.kind,
        "note": clause.note,
        "left": row.left, "right": row.right, "ratio": _finite(row.ratio), "holds": row.holds,
        "trivial": row.trivial, "counted": row.counted,
        "interval": row.interval.to_dict() if row.interval is not None else None, "problem": row.problem,
    }
