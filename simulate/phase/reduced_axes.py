"""One number out of an observable with further axes: "margins:min", "class_error[k=1]", "neuron_norm[j=-1]:max"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynamics.arrays import Array

from ..ask.bounds import RULES
from ..errors import InputError, nearest, quoted

Labels = Mapping[str, list[object]]

_FRESH = "class"  # the axis of the classes of fresh examples
_FORM = re.compile(r"(?P<name>\w+)(\[(?P<picked>[^\[\]]*)\])?(:(?P<rule>\w*))?")


class NoLabel(InputError):
    """A label that an axis does not have here, and may have elsewhere."""


@dataclass(frozen=True)
class Wanted:
    """An observable by name, the labels `picked` on some of its axes, and the rule for the others ("": none left)."""

    text: str
    name: str
    picked: tuple[tuple[str, str], ...]
    rule: str

    @property
    def plain(self) -> bool:
        """Whether it is the observable itself, with nothing picked or reduced."""
        return not self.picked and not self.rule

    @property
    def error_name(self) -> str:
        """The name of its standard error."""
        return f"{self.text}_se"

    @property
    def has_error(self) -> bool:
        """Whether an entry's standard error is this number's too, as it is not of a mean or a sum of several."""
        return self.rule not in ("mean", "sum")

    def numbers(self, dims: tuple[str, ...], values: Array, labels: Labels) -> Array:
        """The numbers (R,) it stands for, of runs' values (R, ...) along dims, which t is not among.

        Raises InputError for an axis or label not there.
        """
        return self._reduced(*self.selected(dims, values, labels))

    def errors(self, dims: tuple[str, ...], values: Array, errors: Array, labels: Labels) -> Array:
        """The standard errors (R,) of `numbers`, each that of the entry it is; NaN where an entry is."""
        kept, entries = self.selected(dims, values, labels)
        _, of = self.selected(dims, errors, labels)
        if not kept:
            return of
        place = {"max": np.argmax, "min": np.argmin}.get(self.rule)
        if place is None:
            return np.full(len(of), np.nan)
        rows, flat = np.arange(len(of)), entries.reshape(len(of), -1)
        taken: Array = of.reshape(len(of), -1)[rows, place(flat, axis=1)]
        return np.where(np.isnan(flat).any(axis=1), np.nan, taken)

    def selected(self, dims: tuple[str, ...], values: Array, labels: Labels) -> tuple[tuple[str, ...], Array]:
        """The values (R, ...) at the labels that are picked, with the axes left.  Raises InputError as `numbers`."""
        names = {"k": _FRESH} if _FRESH in dims and "k" not in dims else {}
        for asked, label in self.picked:
            dim = names.get(asked, asked)
            if dim not in dims:
                given = f"its axes are {', '.join(dims)}" if dims else "it has none"
                raise InputError(f"observable: {quoted(self.text)} picks from the axis {asked!r}, but {given}")
            shown = [str(each) for each in labels[dim]]
            wanted = label.strip("'\"")
            if wanted not in shown and wanted.removeprefix("+") in shown:
                wanted = wanted.removeprefix("+")
            if wanted not in shown:
                known = shown if len(shown) <= 6 else [*shown[:3], "...", shown[-1]]
                said = f"{quoted(self.text)} asks for {asked}={label}"
                raise NoLabel(f"observable: {said}; expected {', '.join(known)}")
            at = dims.index(dim)
            values, dims = np.take(values, shown.index(wanted), axis=at + 1), dims[:at] + dims[at + 1 :]
        return dims, values

    def _reduced(self, dims: tuple[str, ...], values: Array) -> Array:
        if not dims:
            if self.rule:
                raise InputError(
                    f"observable: {quoted(self.text)} has the rule {self.rule!r} and no axis left to apply it to; "
                    f"leave :{self.rule} out"
                )
            return values
        if not self.rule:
            raise InputError(
                f"observable: {quoted(self.text)} is not one number a run, it has the axes {', '.join(dims)}; reduce "
                f"it, as in {self.text}:max, or pick, as in {self.name}[{dims[0]}=...]"
            )
        numbers: Array = RULES[self.rule](np.ascontiguousarray(values).reshape(len(values), -1), axis=1)
        return numbers


def separated(text: str) -> list[str]:
    """The requests in a text, which commas outside brackets separate."""
    return re.split(r",(?![^\[]*\])", text)


def wanted(text: str) -> Wanted:
    """The request that a text is.  Raises InputError where it has not the form NAME[AXIS=LABEL,...]:RULE."""
    match = _FORM.fullmatch(text.replace(" ", ""))
    if match is None:
        raise InputError(
            f"observable: {quoted(text)} is not of the form NAME, NAME:max or NAME[axis=label]; give one of these"
        )
    rule = match["rule"]
    if rule is not None and rule not in RULES:
        raise InputError(f"observable: {quoted(text)} has the rule {quoted(rule)}; {nearest(rule, RULES)}")
    parts = [part.partition("=") for part in (match["picked"] or "").split(",")] if match["picked"] is not None else []
    if any(not (axis and sign and label) for axis, sign, label in parts):
        raise InputError(f"observable: {quoted(text)} picks by axis=label, such as [k=1]; write it so")
    return Wanted(text, match["name"], tuple((axis, label) for axis, _, label in parts), rule or "")
