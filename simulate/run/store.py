"""A run on disk: a zarr store or netCDF file that replaces only an earlier run's, whole, and after it was read back."""

from __future__ import annotations

import importlib.util
import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, Unwritten
from ..work.whole import alone, beside, put, reason, remove

if TYPE_CHECKING:
    import xarray

MARK, KIND = "gammarho", "run"  # the attribute by which a run that gammarho wrote is known
_KEPT = "nothing was replaced, so give another name"


@contextmanager
def writer(path: Path) -> Iterator[Callable[[xarray.Dataset], None]]:
    """A function that writes a run's data to `path`, .zarr or .nc, whose place and right to it are checked beforehand.

    While the block runs this process is the only one to write there.

    Raises:
        InputError: where `path` holds anything but a run that gammarho wrote, another process is writing it, its folder
            cannot be written, or netCDF's packages are not installed.
    """
    place = Path(os.path.realpath(path))
    if path.suffix == ".nc" and importlib.util.find_spec("h5netcdf") is None:
        raise InputError(
            f"out: {str(path)!r}; netCDF needs h5netcdf, so run: pip install 'gammarho[netcdf]', or write a .zarr"
        )
    with alone(place):
        _check(place, path)
        yield lambda data: _write(data, place, path)


def _write(data: xarray.Dataset, place: Path, path: Path) -> None:
    """Beside, read back, then in place of what is there.

    Raises:
        InputError: as `writer`: something else may have come there meanwhile.  Unwritten: where the disk refuses, or
            gives back other data than it was given.
    """
    new, marked = beside(place), data.assign_attrs({MARK: KIND})
    stands = f"the run that was in {path} is as it was" if place.exists() else "nothing is there"
    try:
        _to_disk(marked, new, path.suffix)
        difference = _difference(marked, new, path.suffix)
        if difference:
            raise Unwritten(
                f"out: {path} was not written: {difference} read back as something else; {stands}; try another disk"
            )
        _check(place, path)
        put(new, place)
    except OSError as error:
        raise Unwritten(
            f"out: {path} was not written ({reason(error)}); {stands}; make room or give another name, and the same "
            "command gives the same run"
        ) from error
    finally:
        remove(new)


def _to_disk(data: xarray.Dataset, path: Path, suffix: str) -> None:
    if suffix != ".zarr":
        data.to_netcdf(path, engine="h5netcdf")
        return
    from zarr.codecs import Crc32cCodec, ZstdCodec

    text = {name: values.astype(object) for name, values in data.variables.items() if values.dtype.kind == "U"}
    data = data.assign(text)  # kept as zarr's own strings: text of a fixed width has no specification
    packed: dict[Any, Any] = {name: {"compressors": (ZstdCodec(), Crc32cCodec())} for name in data.variables}
    with warnings.catch_warnings():  # consolidated metadata is a convenience that zarr 3 does not promise yet
        warnings.filterwarnings("ignore", "Consolidated metadata", UserWarning)
        data.to_zarr(path, mode="w", consolidated=True, encoding=packed)


def _difference(data: xarray.Dataset, path: Path, suffix: str) -> str:
    """The first of the variables and attributes that was not read back as it is; empty where all were."""
    import xarray

    with xarray.open_dataset(path, engine="zarr" if suffix == ".zarr" else "h5netcdf", chunks=None) as stored:
        if set(stored.variables) != set(data.variables) or dict(stored.attrs) != dict(data.attrs):
            return "its list of variables, or its attributes,"
        return next((str(name) for name in data.variables if not _same(data[name], stored[name])), "")


def _same(one: xarray.DataArray, other: xarray.DataArray) -> bool:
    if one.dims != other.dims or one.shape != other.shape:
        return False
    if one.dtype.kind not in "bifu":
        return [*map(str, one.values.ravel())] == [*map(str, other.values.ravel())]
    return one.dtype == other.dtype and one.values.tobytes() == other.values.tobytes()


def _check(place: Path, path: Path) -> None:
    """Raises InputError unless nothing is there, or a run that gammarho wrote and nothing beside it."""
    if not os.path.lexists(place) or (path.suffix == ".zarr" and place.is_dir() and not any(place.iterdir())):
        return
    if not (_marked_folder(place) if path.suffix == ".zarr" else _marked_file(place)):
        raise InputError(f"out: {str(path)!r} is not a run that gammarho wrote; {_KEPT}")
    foreign = _foreign(place) if path.suffix == ".zarr" else None
    if foreign is not None:
        raise InputError(f"out: {str(path)!r} holds {str(foreign)!r} beside its run; {_KEPT}")


def _metadata(place: Path) -> dict[str, Any]:
    """The group's metadata; nothing of what cannot be read."""
    try:
        metadata = json.loads((place / "zarr.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _marked_folder(place: Path) -> bool:
    attributes = _metadata(place).get("attributes")
    return isinstance(attributes, dict) and attributes.get(MARK) == KIND


def _marked_file(place: Path) -> bool:
    import h5netcdf

    try:
        with h5netcdf.File(place, "r") as file:
            return str(file.attrs.get(MARK)) == KIND
    except (OSError, ValueError, KeyError):
        return False


def _foreign(place: Path) -> Path | None:
    """A file in the folder that is not one of the store's own, relative to it."""
    consolidated = _metadata(place).get("consolidated_metadata") or {}
    arrays = set(consolidated.get("metadata", ()))
    for folder, folders, files in os.walk(place):
        for name in [*files, *(each for each in folders if Path(folder, each).is_symlink())]:
            member = Path(folder, name).relative_to(place)
            array, *rest = member.parts
            own = rest == ["zarr.json"] or (rest[:1] == ["c"] and all(part.isdigit() for part in rest[1:]))
            if member != Path("zarr.json") and not (array in arrays and own):
                return member
    return None
