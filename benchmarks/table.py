"""The benchmarks' table: rows with ratios, targets beside what was measured, and the machine it was measured on."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .timing import Timing

HEADER = ("benchmark", "contender", "CPU", "wall", "CPU min to max", "ratio", "repeats")


@dataclass(frozen=True)
class Target:
    """A ratio of two rows' CPU times and the bound set for it."""

    what: str
    value: float
    relation: str
    bound: float

    def __str__(self) -> str:
        """One line: what, the value, the target, whether it is met."""
        met = self.value >= self.bound if self.relation == ">=" else self.value <= self.bound
        return f"{self.what}: {self.value:.3g} (target {self.relation} {self.bound:g}: {'met' if met else 'not met'})"


@dataclass(frozen=True)
class Section:
    """One benchmark: timings by contender, ratios to `reference`, its targets, and lines that belong beside it.

    `absent` are contenders that could not be measured, with the reason.
    """

    title: str
    unit: str
    timings: Mapping[str, Timing]
    reference: str = ""
    targets: tuple[Target, ...] = ()
    notes: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)

    def rows(self) -> list[tuple[str, ...]]:
        """The section's lines of the table; the ratio is of CPU medians, to the reference."""
        base = self.timings[self.reference].cpu if self.reference else 0.0
        measured = [
            (
                f"{self.title} ({self.unit})", name, seconds(time.cpu), seconds(time.wall),
                f"{seconds(time.low)} to {seconds(time.high)}", f"{time.cpu / base:.3g}" if base else "",
                str(time.repeats),
            )
            for name, time in self.timings.items()
        ]
        empty = ("",) * (len(HEADER) - 3)
        return [*measured, *((f"{self.title} ({self.unit})", name, f"absent: {why}", *empty)
                             for name, why in self.absent.items())]


def seconds(value: float) -> str:
    """A duration in the unit that suits it."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def markdown(sections: Iterable[Section]) -> str:
    """One table of all sections, then targets and notes."""
    sections = list(sections)
    rows = [HEADER, *(row for section in sections for row in section.rows())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    rule = tuple("-" * width for width in widths)
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
             for row in (HEADER, rule, *rows[1:])]
    targets = [f"- {target}" for section in sections for target in section.targets]
    notes = [f"- {section.title}: {note}" for section in sections for note in section.notes]
    blocks = [lines, *([title, "", *block] for title, block in (("Targets", targets), ("Notes", notes)) if block)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def machine() -> str:
    """The processor, its cores, and the versions that decide the numbers."""
    versions = []
    for name in ("numpy", "numba", "torch"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} absent")
    return f"{_processor()}; Python {platform.python_version()}, {', '.join(versions)}"


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.machine()
