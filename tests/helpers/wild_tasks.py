"""What a declaration of two loops has in place of one loop's: its algorithm, its families over tasks, fresh tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.helpers.wild_draws import Drawn

Plain = dict[str, Any]
REDRAWN, SHARES = "redrawn_", "shares_"
"""Parameters: a flag that is off, and whole numbers, one a task."""
TASKS = 3
COUNTS = ("tasks", "examples", "train", "inner_steps", "sampled", "test_tasks", "support", "query")
DEFAULTS: Plain = {
    "tasks": TASKS, "examples": 3, "train": 1, "inner_steps": 2, "sampled": 2, "test_tasks": 3, "support": 2,
    "query": 2,
}


class TwoLoops:
    """The names of what two loops read, each drawn, and the words made of them."""

    def __init__(self, drawn: Drawn) -> None:
        self.drawn = drawn
        self.names: dict[str, str] = {each: next(drawn.names) for each in (*COUNTS, "inner_step", "shared", "entry")}

    def algorithm(self) -> Plain:
        """Two loops by any method, weighed or not, with schedules of both step sizes."""
        drawn, names = self.drawn, self.names
        plain: Plain = {
            "is": "Bilevel", "method": drawn.one_of("train-train", "train-validation", "reptile"),
            **{each: names[each] for each in ("tasks", "train", "inner_steps", "inner_step")},
            "examples": names["examples"] if drawn.rarely() else "n",
            "redrawn": REDRAWN if drawn.rarely() else "", "shares": SHARES if drawn.rarely() else "",
            "sampled": names["sampled"] if drawn.rarely() else "",
        }
        if plain["redrawn"] and not drawn.rarely():
            plain["sampled"] = ""
        return plain

    def law(self) -> Plain:
        """A law of a vector a task."""
        drawn = self.drawn
        of_tasks = {"is": "TaskLaw", "norm": drawn.length, "std": drawn.std, "items": self.names["tasks"],
                    "shared": self.names["shared"], "dictionary": self.names["entry"]}
        return dict(drawn.one_of(of_tasks, {"is": "GaussianLaw", "std": drawn.std},
                                 {"is": "FixedLaw", "norm": drawn.length}))

    def test(self) -> Plain:
        """Fresh tasks, whose examples' families are drawn again and a task's own as well, or not."""
        drawn, names = self.drawn, self.names
        over_tasks = [name for name, over in zip(drawn.own, drawn.overs, strict=True) if over == "task"]
        again = [*drawn.examples, *(over_tasks if drawn.one_of(False, True) else [])]
        return {"is": "FreshTasks", "fresh": again, "tasks": names["test_tasks"], "support": names["support"],
                "query": names["query"]}

    def parameters(self) -> list[Plain]:
        """Those that two loops read."""
        counts = [{"is": "Parameter", "name": self.names[each], "latex": "", "meaning": each, "kind": "count",
                   "default": DEFAULTS[each], "low": 0} for each in COUNTS]
        return [
            *counts,
            {"is": "Parameter", "name": self.names["inner_step"], "latex": "", "meaning": "", "kind": "real",
             "default": 0.3, "low": 0},
            {"is": "Parameter", "name": REDRAWN, "latex": "", "meaning": "", "kind": "flag", "default": False},
            {"is": "Parameter", "name": SHARES, "latex": "", "meaning": "", "kind": "counts", "default": "1,2,5"},
        ]


__all__ = ["TwoLoops"]
