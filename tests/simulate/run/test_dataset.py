"""A run's dataset is what xarray's own constructor makes of the same variables."""

from __future__ import annotations

import pytest
import xarray as xr

import gammarho as gr

GIVEN = {"n": 4, "m": 2, "d": 30}


@pytest.mark.parametrize("seeds", [None, 3])
def test_a_dataset_is_as_xarray_makes_it(seeds: int | None) -> None:
    """Fails where a dimension, an index or a coordinate is left out of what is put together directly."""
    data = gr.run("pegr", GIVEN, steps=3, record=[0, 3], seeds=seeds)
    made = xr.Dataset(
        {name: (each.dims, each.values, each.attrs) for name, each in data.data_vars.items()},
        coords={name: (each.dims, each.values, each.attrs) for name, each in data.coords.items()}, attrs=data.attrs)
    assert data.identical(made)
    assert data.sizes == made.sizes and dict(data.indexes).keys() == dict(made.indexes).keys()
    assert {name: each.dtype for name, each in data.variables.items()} == {
        name: each.dtype for name, each in made.variables.items()}
    assert data.sel(j=1, i=[0, 2]).identical(made.sel(j=1, i=[0, 2]))
    assert xr.concat([data, data], "again").identical(xr.concat([made, made], "again"))
