"""The runs of a figure over all processors, less those at hand; how long they take is said before the first of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from simulate.run import estimate
from simulate.run.request import Request
from simulate.work.sweep import processors, sweep

Run = TypeVar("Run")
Found = TypeVar("Found")


def run_all(
    one: Callable[[Run], Found], wanted: Sequence[Run], asks: Callable[[Run], Request], label: str,
    kept: dict[Run, Found] | None = None,
) -> dict[Run, Found]:
    """one(run) of every run that is wanted, run in their order.

    Args:
        one: makes one run, in any thread.
        wanted: the runs; one that comes twice, or is in `kept`, is not made again.
        asks: what a run takes.
        label: names the runs on stderr.
        kept: runs that are made already; those made now are put into it as they are done.

    Raises:
        InputError: where memory does not hold them, naming `label` and the parameter at fault.
    """
    kept = {} if kept is None else kept
    missing = [run for run in dict.fromkeys(wanted) if run not in kept]
    workers = processors()
    estimate.check_sweep([asks(run) for run in missing], workers, label)
    for at, made in sweep(one, missing, workers, label, "runs"):
        kept[missing[at]] = made
    return {run: kept[run] for run in wanted}
