"""Sentences about a filled diagram, computed from the numbers that its picture shows."""

from __future__ import annotations

import numpy as np
import xarray

from dynamics.arrays import Array

from ..said import Shown


def means(data: xarray.Dataset, observable: str = "test_error") -> xarray.DataArray:
    """The mean over the draws that have a value, a cell; NaN where any has none."""
    return data[observable].where(np.isfinite(data[observable])).mean("seed", skipna=False)


def extremes(values: xarray.DataArray | Array) -> str:
    """From the least to the greatest of the values that are there."""
    numbers = np.asarray(values)
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return "no value"
    low, high = f"{known.min():.3g}", f"{known.max():.3g}"
    return low if low == high else f"{low} to {high}"


def counts_below(data: xarray.Dataset, axis: str, limit: float) -> Shown:
    """Of each value of an axis, the cells with every draw ended and a mean test error below a limit."""
    errors = means(data)
    below = {f"at_{at}": int((errors.sel({axis: value}) < limit).sum()) for at, value in enumerate(data[axis].values)}
    parts = ", ".join(f"{value} {{at_{at}}}" for at, value in enumerate(data[axis].values))
    return Shown(f"Cells with a mean test error below {limit:g} and no draw lost: {parts}; of {{cells}} each.",
                 {**below, "cells": errors.size // len(below)})
