"""What stands below a grid's tables: runs that do not end early, errors that no draw shows, and what failed and why."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from derivations.declare.meanings import STOPPED
from simulate.ask.bounds import at_once
from simulate.run.dataset import Data

from .report import number

_REASONS = 6  # of runs that are not ok, told one by one
_NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?\d[\d.]*(?:e[-+]?\d+)?")


def remarks(data: Data) -> list[str]:
    """The lines on a grid."""
    return [*_unended(data), *_unresolved(data), *_reasons(data)]


def _unended(data: Data) -> list[str]:
    """How many runs nothing ended early, whose numbers are of another step than the others'; that all end at once."""
    if STOPPED not in data.data_vars:
        return []
    ends, late = data.data_vars[STOPPED].values, data.data_vars[STOPPED].values < 0
    if not ends.any():
        return [f"every run ends at step 0, {at_once(data.attrs['until'])}"]
    if not late.any():
        return []
    told = f"{int(late.sum())} of {late.size} runs have no step with {data.attrs['until']}"
    return [f"{told}: {STOPPED} is -1 there, and other numbers are of step {data.attrs['steps']}"]


def _unresolved(data: Data) -> list[str]:
    """What a test error stands for where no draw of a run differs from another: 0, or the share of flipped labels."""
    name, error = "test_error", "test_error_se"
    if not {name, error} <= {*data.data_vars} or "test_draws" not in data.attrs:
        return []
    from simulate.observe.fresh import DRAWS

    independent = data.attrs["test_draws"]
    draws = f"{DRAWS} draws{f' in {independent} independent groups' if independent < DRAWS else ''}"
    values, alike = data.data_vars[name].values, data.data_vars[error].values == 0
    open_, lines = number(3.0 / independent), []
    for where, what, bound in (
        (alike & (values == 0), "is 0", f"below {open_}"),
        (alike & (values > 0), "is the same in all draws", f"not above that by {open_}"),
    ):
        if where.any():
            told = f"{name} {what} in {int(where.sum())} of {where.size} runs: {bound} at 95 %"
            lines.append(f"{told}, which is what {draws} tell; --test-sampling importance goes further")
    return lines


def _reasons(data: Data) -> list[str]:
    """How many runs of a grid are not ok, and under each status one line a reason, the commonest first.

    Sentences that differ in their numbers alone, such as the step at which a run diverges, are one reason.
    """
    states, messages = data.data_vars["status"].values, data.data_vars["message"].values
    lines = []
    for status in sorted({*states[(states != "ok") | (messages != "")].tolist()}):
        by_reason: dict[str, list[tuple[int, ...]]] = {}
        of_status = [tuple(map(int, cell)) for cell in np.argwhere(states == status)]
        for cell in [cell for cell in of_status if messages[cell]]:
            by_reason.setdefault(_NUMBER.sub("#", str(messages[cell])), []).append(cell)
        counted = sorted(by_reason.values(), key=lambda runs: -len(runs))
        total = sum(status != "ok" or bool(messages[cell]) for cell in of_status)
        lines.append(f"{total} of {states.size} runs {status}" + (", but:" if status == "ok" else ":" * bool(counted)))
        lines += [_reason(data, runs) for runs in counted[:_REASONS]]
        if more := counted[_REASONS:]:
            lines.append(f"  {sum(map(len, more))}: {len(more)} other reasons, in the data's message")
    return lines


def _reason(data: Data, runs: Sequence[tuple[int, ...]]) -> str:
    """The reason of runs, places along the dimensions, told by the first of them, and in how many cells they are."""
    messages = data.data_vars["message"]
    message = str(messages.values[runs[0]]).removeprefix("InputError: ")
    cells = len({at[:-1] for at in runs})
    if len({str(messages.values[at]) for at in runs}) == 1:
        return f"  {len(runs)}, in {cells} cell{'s' * (cells > 1)}: {message}"
    labels = zip(messages.dims, runs[0], strict=True)
    where = ", ".join(f"{dim}={number(data.coords[dim].values[at])}" for dim, at in labels)
    return f"  {len(runs)}, in {cells} cell{'s' * (cells > 1)}, such as {where}: {message}"
