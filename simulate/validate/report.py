"""The report of a validation: rows with their tolerances and where these come from, a table, a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dynamics.arrays import Array

from ..work import html
from ..work.columns import columns

STRICT = 1e-12  # one step from the same state
LONG = 1e-11  # trajectories and observables
LIMIT = 1e-6  # a tolerance above this decides nothing
SIGMAS = 5.0  # standard errors between two Monte Carlo estimates
SAFETY = 10.0  # times the kernel's own response to rounding

Verdict = Literal["pass", "fail", "undecided"]


@dataclass(frozen=True)
class Row:
    """One line of the table: the difference nearest to its tolerance, the step it was met at, where the bar is from."""

    what: str
    difference: float
    tolerance: float
    step: int
    origin: str

    @property
    def holds(self) -> bool:
        """Within tolerance; a difference that is not a number does not hold."""
        return self.difference <= self.tolerance


@dataclass(frozen=True)
class Left:
    """A comparison that is left out, at a state or altogether: `what`, as its row would say, and `why`."""

    what: str
    why: str


@dataclass(frozen=True)
class Validation:
    """What was compared, how closely, on what grounds, and the verdict.

    `window` is the last step at which trajectories are comparable; of the `asked` steps, `steps` were taken before
    weight space diverged.  `smallest` is the smallest |z| / max|z| met, `smallest_z` that |z| and `smallest_at` its
    step; times are seconds for the same steps after warm-up.  Where the directions are linearly `dependent`, or some
    are `zeros`, of length 0, W does not determine coefficients and none are compared.
    """

    title: str
    verdict: Verdict
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    steps: int
    window: int
    smallest: float
    smallest_z: float
    smallest_at: int
    kernel_seconds: float
    torch_seconds: float
    asked: int | None = None
    dependent: bool = False
    zeros: bool = False

    def __bool__(self) -> bool:
        """Whether the verdict is "pass", so that `assert gr.validate(...)` holds what it says."""
        return self.verdict == "pass"

    @property
    def heading(self) -> str:
        """The verdict, never without the window it rests on where that is not the whole run, nor what was left out."""
        wanted, said = self.steps if self.asked is None else self.asked, [self.verdict.upper()]
        if self.window < wanted:
            said.append(f"trajectories compared to step {self.window} of {wanted}")
        if self.dependent or self.zeros:
            why = "dependent directions" if self.dependent else "directions of length 0"
            said.append(f"coefficients not compared ({why})")
        return ", ".join(said)

    @property
    def speed_ratio(self) -> float:
        """How many times faster the kernel takes the same steps."""
        return self.torch_seconds / self.kernel_seconds

    def _repr_html_(self) -> str:
        heads = ("compared", "difference", "tolerance", "step", "holds", "tolerance from")
        return "\n".join([
            html.heading(f"{self.title}: {self.heading}"),
            html.table(heads, [(row.what, f"{row.difference:.2e}", f"{row.tolerance:.2e}", f"{row.step}",
                                "yes" if row.holds else "NO", row.origin) for row in self.rows],
                       note="; ".join(self.notes)),
        ])

    def __str__(self) -> str:
        """The table that `gammarho validate` prints."""
        cells = [("compared", "difference", "tolerance", "step", "holds", "tolerance from")]
        for row in self.rows:
            numbers = (f"{row.difference:.2e}", f"{row.tolerance:.2e}", f"{row.step}")
            cells.append((row.what, *numbers, "yes" if row.holds else "NO", row.origin))
        lines = [f"{self.title}: {self.heading}", "", *(f"  {line}" for line in columns(cells, right=(1, 2, 3)))]
        lines += ["", f"  trajectories compared up to step {self.window} of {self.steps} taken"]
        least = f"{self.smallest_z:.2e} = {self.smallest:.2e} max|z|"
        lines.append(f"  smallest |z| met: {least}, at step {self.smallest_at}")
        lines.append(
            f"  {self.steps} steps: kernel {self.kernel_seconds:.3g} s, torch {self.torch_seconds:.3g} s, "
            f"{self.speed_ratio:.0f} times faster"
        )
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])


def parted(comparisons: Iterable[Row | Left]) -> tuple[list[Row], list[str]]:
    """The rows; and a note for every comparison left out, altogether or at some of its states, with the reason."""
    rows, left = list[Row](), dict[Left, int]()
    for comparison in comparisons:
        if isinstance(comparison, Left):
            left[comparison] = left.get(comparison, 0) + 1
        else:
            rows.append(comparison)
    made = Counter(row.what for row in rows)
    for omission, many in left.items():
        made[omission.what] += many
    notes = []
    for omission, many in left.items():
        some = f" at {many} of {made[omission.what]} states" if many < made[omission.what] else ""
        notes.append(f"not compared{some}: {omission.what}, as {omission.why}")
    return rows, notes


def in_errors(what: str, gap: float, error: float, size: float) -> Row:
    """Two estimates that differ by `gap`, in units of their joint standard error; without one, they agree to 1e-9.

    An error below the rounding of `size` is none: what all samples have alike differs by their sums' rounding.
    """
    apart = 0.0 if gap <= 1e-9 * size else np.inf
    known = error > 1e-14 * size
    return Row(what, float(gap / error) if known else apart, SIGMAS, 0, f"{SIGMAS:.0f} standard errors")


def largest(x: Array) -> Array:
    """The largest |entry| along a trajectory, (T,) of (T, ...)."""
    peaks: Array = np.abs(x).reshape(len(x), -1).max(1)
    return peaks


def apart(given: Array, wanted: Array) -> Array:
    """Given less wanted; 0 where both are the same infinity, such as the exponential loss of a margin of -1e11.

    And where weight space has no finite number, of terms that are infinite with both signs, and the given is none.
    """
    with np.errstate(invalid="ignore"):
        return np.where((given == wanted) | (~np.isfinite(wanted) & np.isnan(given)), 0.0, given - wanted)


def relative(gap: Array, scale: Array | float) -> Array:
    """The gap over its scale; 0 where the gap is 0, be the scale 0 or not.

    A gap below the least normal double is none: there one engine's library may underflow where the other's does not.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Array = np.where(np.abs(gap) < np.finfo(np.float64).tiny, 0.0, gap / scale)
    return ratio


def worst(rows: Sequence[Row]) -> list[Row]:
    """The row furthest over, or nearest to, its tolerance (none of none); not-a-number is furthest over."""
    if not rows:
        return []
    return [max(rows, key=lambda row: np.inf if np.isnan(row.difference) else row.difference / row.tolerance)]


def worst_each(rows: Sequence[Row]) -> list[Row]:
    """`worst` of every comparison among the rows, in the order in which they first come."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.what, []).append(row)
    return [row for each in by_name.values() for row in worst(each)]


def worst_of(what: str, steps: Iterable[int], differences: Iterable[float], tolerances: Iterable[float]) -> list[Row]:
    """`worst` of one comparison made at several steps, whose tolerance is `LONG` or conditioning's."""
    named = {True: "fixed", False: "10 x the response to rounding"}
    return worst(
        [
            Row(what, float(gap), float(bar), int(t), named[bool(bar == LONG)])
            for t, gap, bar in zip(steps, differences, tolerances, strict=True)
        ]
    )
