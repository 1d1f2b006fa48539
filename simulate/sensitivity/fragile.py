"""A sensitivity: a claim and where each knob flips it, as a table for a reader and as a dataset for a file."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from derivations.declare import Value

from ..work.columns import columns
from ..work.plain import plain
from .flips import Flip, Steady
from .knobs import Unmoved, shown

if TYPE_CHECKING:
    import xarray

_WIDE = 118
_HEAD = ["knob", "value", "flips at", "factor", "interval", "becomes"]


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """A claim at the values given, and where each knob flips it, the most fragile first; `str` is a table.

    `start` counts the draws by what the claim is at the values given; the knobs are asked of those `draws` that agree
    with the most.  `steady` are the knobs that do not flip it in their range, `unmoved` those that were left alone.
    """

    setting: str
    claim: str
    steps: int
    seeds: tuple[int, ...]
    start: Mapping[str, int]
    draws: tuple[int, ...]
    tolerance: float
    reach: float
    notes: tuple[str, ...]
    flips: tuple[Flip, ...]
    steady: tuple[Steady, ...]
    unmoved: tuple[Unmoved, ...]

    @property
    def rows(self) -> tuple[Flip | Steady, ...]:
        """Both, flips first."""
        return (*self.flips, *self.steady)

    def __getitem__(self, name: str) -> tuple[Flip, ...]:
        """The flips of a knob, the nearest first."""
        return tuple(flip for flip in self.flips if flip.knob == name)

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        fields: dict[str, Any] = plain(self)
        return fields

    def to_dataset(self) -> xarray.Dataset:
        """A row a flip, then one a direction in which a knob does not flip it."""
        return _dataset(self)


def _lines(study: Sensitivity) -> list[str]:
    """The claim where knobs start, the flips from the most fragile on, what does not flip, and what was not moved."""
    total, asked = len(study.seeds), len(study.draws)
    told = ", ".join(f"{truth} in {count} of {total}" for truth, count in study.start.items())
    first = f"{study.setting}: {study.claim} {told} draws (seeds {study.seeds[0]} to {study.seeds[-1]}, "
    head = [f"{first}{study.steps} steps)"]
    if asked < total:
        head.append(f"knobs are moved on the {asked} draws that agree")
    body = [_HEAD, *(_flip(each) for each in study.flips)]
    out = [*head, "", *columns(body, right=(1, 2, 3), gap=2)] if study.flips else [*head, "", "no knob flips it"]
    if study.flips:
        coverage = min((each.coverage for each in study.flips), default=0.0)
        out += ["", *_folded(
            f"flips at: the first value seen, to {100 * study.tolerance:g}%, at which half of {asked} draws have "
            f"flipped; interval: order statistics of the draws' own flips, which have the median of draws between them "
            f"with probability {coverage:.3g}"
        )]
    if study.steady:
        out += ["", "does not flip in the range searched:",
                *columns([_steady(same) for same in _by_knob(study.steady)], gap=2)]
    reasons = [line for each in study.rows for line in _refused(each)]
    if reasons:
        out += ["", "runs that could not be made on the way:", *reasons]
    whys = [line for each in study.flips if each.why for line in
            _folded(f"  {each.knob} at {shown(each.at)}: {each.why}")]
    if whys:
        out += ["", "where draws neither hold nor fail:", *whys]
    if study.unmoved:
        out += ["", "not moved:", *columns([[f"  {each.name}", each.reason] for each in study.unmoved], gap=2)]
    return out


def _flip(flip: Flip) -> list[str]:
    factor = "" if flip.factor is None else f"x{flip.factor:.3g}" if flip.factor >= 1 or not flip.factor else (
        f"/{1 / flip.factor:.3g}")
    interval = "" if flip.choice else f"[{_end(flip.low)}, {_end(flip.high)}]"
    note = f"; {flip.note}" if flip.note else ""
    return [flip.knob, shown(flip.value), shown(flip.at), factor, interval, f"{_counts(flip.becomes)}{note}"]


def _by_knob(directions: Sequence[Steady]) -> list[list[Steady]]:
    """The directions of a knob together."""
    named: dict[tuple[str, str], list[Steady]] = {}
    for each in directions:
        named.setdefault((each.knob, each.note), []).append(each)
    return list(named.values())


def _steady(directions: Sequence[Steady]) -> list[str]:
    """The range of a knob, and what is to be said of either end."""
    first, ends = directions[0], [each.reached for each in directions]
    if all(isinstance(each, int | float) and not isinstance(each, bool) for each in (first.value, *ends)):
        span = sorted((first.value, *ends), key=lambda value: float(str(value)))
        told = f"{shown(span[0])} to {shown(span[-1])}"
    else:
        told = ", ".join(shown(each) for each in ends)
    parts = [first.note]
    for direction in directions:
        some = any(not truth.startswith("still") for truth in direction.becomes)
        said = [*([_counts(direction.becomes)] if some else []), *([direction.ended] if direction.ended else [])]
        parts += [f"{shown(direction.reached)}: {', '.join(said)}"] if said else []
    return [f"  {first.knob}", shown(first.value), told, "; ".join(part for part in parts if part)]


def _refused(row: Flip | Steady) -> list[str]:
    return [line for said, count in row.refused.items()
            for line in _folded(f"  {row.knob}: {count}: {said}")]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{truth} {count}" for truth, count in counts.items())


def _end(value: Value) -> str:
    return "beyond" if value is None else shown(value)


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDE, subsequent_indent="  ")


def _dataset(study: Sensitivity) -> xarray.Dataset:
    """A row a flip, then one a direction without: what a .csv file has."""
    import xarray

    rows = study.rows

    def text(values: Sequence[object]) -> Any:
        return ("row", np.array(["" if value is None else str(value) for value in values], dtype=str))

    def numbers(values: Sequence[float | None]) -> Any:
        return ("row", np.array([np.nan if value is None else value for value in values], dtype=np.float64))

    flips = [each if isinstance(each, Flip) else None for each in rows]
    return xarray.Dataset(
        {
            "knob": text([each.knob for each in rows]),
            "note": text([each.note for each in rows]),
            "value": text([each.value for each in rows]),
            "flips_at": text([each and each.at for each in flips]),
            "factor": numbers([each.factor if each is not None else None for each in flips]),
            "low": text([each and each.low for each in flips]),
            "high": text([each and each.high for each in flips]),
            "coverage": numbers([each.coverage if each is not None else None for each in flips]),
            "becomes": text([_counts(each.becomes) for each in rows]),
            "searched_to": text([each.reached if isinstance(each, Steady) else None for each in rows]),
            "ended": text([each.ended if isinstance(each, Steady) else None for each in rows]),
            "refused": text([sum(each.refused.values()) for each in rows]),
        },
        attrs={"setting": study.setting, "claim": study.claim, "steps": study.steps,
               "seeds": ",".join(map(str, study.seeds)), "start": _counts(study.start),
               "notes": "\n".join(study.notes)},
    )
