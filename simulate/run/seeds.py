"""Several seeds of one run: one that diverges has that status and no numbers, and the others keep theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import Diverged
from .dataset import with_variables

if TYPE_CHECKING:
    import xarray

OK, DIVERGED = "ok", "diverged"


def all_diverged(seeds: Sequence[int], said: Sequence[Diverged | None]) -> Diverged:
    """What to raise where every seed diverges: the first one's divergence, and that the others do too."""
    first = next(error for error in said if error is not None)
    others = "" if len(said) == 1 else f" (seed {seeds[0]}; all {len(said)} seeds diverge)"
    divergence = Diverged(f"{first}{others}", first.step)
    divergence.__cause__ = first
    return divergence


def labelled(data: xarray.Dataset, seeds: Sequence[int], said: Sequence[Diverged | None]) -> xarray.Dataset:
    """The data (seed, ...) of the seeds that stayed finite, along all `seeds`, with `status` and `message` (seed,).

    A seed that diverged has NaN, in whole numbers' place too; whole numbers stay whole where every seed is ok.
    """
    finite = [seed for seed, error in zip(seeds, said, strict=True) if error is None]
    dataset = data.reindex(seed=np.asarray(seeds)) if len(finite) < len(seeds) else data
    status = [OK if error is None else DIVERGED for error in said]
    message = ["" if error is None else str(error) for error in said]
    meaning: dict[str, Any] = {"status": "ok, or diverged, whose variables are NaN", "message": "of what is not ok"}
    dataset = with_variables(dataset, {
        name: (("seed",), np.asarray(values, dtype=str), {"meaning": meaning[name]})
        for name, values in (("status", status), ("message", message))
    })
    return dataset if "seed" in dataset.coords else dataset.assign_coords(seed=np.asarray(seeds))


def diverged(data: xarray.Dataset) -> list[tuple[int, str]]:
    """The seeds of a dataset that diverged, each with the sentence on it."""
    if "status" not in data or data["status"].dims != ("seed",):
        return []
    rows = zip(data["seed"].values.tolist(), data["status"].values, data["message"].values, strict=True)
    return [(seed, str(message)) for seed, status, message in rows if str(status) != OK]


def finite(data: xarray.Dataset) -> xarray.Dataset:
    """The data of the seeds that are ok."""
    lost = {seed for seed, _ in diverged(data)}
    return data.sel(seed=[seed for seed in data["seed"].values.tolist() if seed not in lost]) if lost else data
