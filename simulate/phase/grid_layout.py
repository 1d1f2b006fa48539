"""How a grid lies on disk: its zarr group made, and held against what it was made as."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .grid_axes import Coordinate

if TYPE_CHECKING:
    import zarr

DIMS = ("y", "x", "seed")


def create(
    path: Path, empty: Mapping[str, NDArray[Any]], coordinates: Mapping[str, Coordinate], attributes: Mapping[str, Any]
) -> None:
    """Make the group: coordinates, the variables `empty` (y, x, seed), `digest` (y, x), and consolidated metadata.

    Every chunk carries its checksum (CRC-32C).  A cell is one chunk of each variable.
    """
    import zarr
    from zarr.codecs import Crc32cCodec

    checked = [Crc32cCodec()]
    group = zarr.open_group(str(path), mode="w", zarr_format=3, attributes=_with_coordinates(attributes, coordinates))
    for name, each in coordinates.items():
        made = group.create_array(
            name, shape=each.values.shape, dtype=dtype_of(each.values), dimension_names=each.dims,
            attributes=each.attrs, compressors=checked,
        )
        made[...] = each.values
    for name, array in empty.items():
        fill = "" if dtype_of(array) is str else array.flat[0].item()
        group.create_array(
            name, shape=array.shape, chunks=(1, 1, array.shape[2]), dtype=dtype_of(array), fill_value=fill,
            dimension_names=DIMS, compressors=checked,
        )
    shape = next(iter(empty.values())).shape[:2]
    said: dict[str, Any] = {"meaning": "of the cell's data, written after them; empty where the cell is not done"}
    group.create_array(
        "digest", shape=shape, chunks=(1, 1), dtype=str, fill_value="", dimension_names=DIMS[:2], compressors=checked,
        attributes=said,
    )
    with warnings.catch_warnings():  # consolidated metadata is a convenience that zarr 3 does not promise yet
        warnings.filterwarnings("ignore", "Consolidated metadata", UserWarning)
        zarr.consolidate_metadata(str(path), zarr_format=3)


def differing(
    path: Path, group: zarr.Group, empty: Mapping[str, NDArray[Any]], coordinates: Mapping[str, Coordinate],
    attributes: Mapping[str, Any],
) -> str:
    """What of the group is not as `create` makes it, chunks of cells apart, in a few words; empty where all is."""
    import zarr

    if group.attrs.get("coordinates") != _with_coordinates(attributes, coordinates)["coordinates"]:
        return "the list of its coordinates is not what it was"
    shown = zarr.open_group(str(path), mode="r", zarr_format=3)  # what xarray goes by
    shapes = {name: (array.shape, (1, 1, array.shape[2]), DIMS) for name, array in empty.items()}
    cells = next(iter(shapes.values()))[0][:2]
    for name, expected in {**shapes, "digest": (cells, (1, 1), DIMS[:2])}.items():
        array: Any = group[name]
        kind = dtype_of(empty[name]) if name in empty else str
        found = (array.shape, array.chunks, tuple(array.metadata.dimension_names or ()))
        checked = [codec.to_dict()["name"] for codec in array.compressors] == ["crc32c"]
        same_kind = (array.dtype.kind in "OUT") if kind is str else array.dtype == kind
        if found != expected or not checked or not same_kind or _said(shown[name]) != _said(array):
            return f"the metadata of {name} are not what they were"
    for name, each in coordinates.items():
        stored: Any = group[name]
        if tuple(stored.metadata.dimension_names or ()) != each.dims or _said(shown[name]) != _said(stored):
            return f"the metadata of {name} are not what they were"
        try:
            values = np.asarray(stored[...])
        except (ValueError, TypeError, LookupError, RuntimeError, OSError):
            return f"the coordinate {name} cannot be read"
        if not _same(values, each.values):
            return f"the coordinate {name} is not what it was"
    return ""


def dtype_of(values: NDArray[Any]) -> Any:
    """The type that zarr keeps the values in."""
    return str if values.dtype.kind in "UTO" else values.dtype


def _with_coordinates(attributes: Mapping[str, Any], coordinates: Mapping[str, Coordinate]) -> dict[str, Any]:
    return {**attributes, "coordinates": " ".join(coordinates)}  # xarray takes for coordinates what this names


def _said(array: Any) -> str:
    """An array's metadata as text, in which NaN is equal to NaN."""
    return json.dumps(array.metadata.to_dict(), default=str)


def _same(found: NDArray[Any], asked: NDArray[Any]) -> bool:
    if dtype_of(asked) is str:
        return found.shape == asked.shape and [*map(str, found.ravel())] == [*map(str, asked.ravel())]
    return found.dtype == asked.dtype and found.shape == asked.shape and found.tobytes() == asked.tobytes()
