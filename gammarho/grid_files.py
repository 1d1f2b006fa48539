"""Where a grid goes: a .zarr store, tables (.csv, .json), netCDF (.nc), pictures (.pdf, .png, .svg); a class a kind."""

from __future__ import annotations

import csv
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.ask import paths
from simulate.errors import InputError, Unwritten, quoted
from simulate.phase.boundary import DIM
from simulate.work.whole import alone, replacing

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

MARK, KIND = "gammarho", "phase"  # the attribute by which a grid that gammarho wrote is known
Draw = Callable[["xarray.Dataset"], "Figure"]


@dataclass(frozen=True)
class GridFile(ABC):
    """A file that a grid is written to when it has been run."""

    path: Path

    def check(self) -> None:  # noqa: B027 - most kinds replace whatever file is there
        """Raises InputError where what is there may not be replaced."""

    @abstractmethod
    def write(self, new: Path, data: xarray.Dataset, draw: Draw) -> None:
        """Write the grid, or what `draw` makes of it, to `new`."""


class Table(GridFile):
    """A row a cell and seed; the axes, the seed, what was measured, then every other parameter."""

    def write(self, new: Path, data: xarray.Dataset, draw: Draw) -> None:
        """Numbers to the last digit; what has none is empty."""
        runs = data.drop_dims(DIM, errors="ignore")  # a boundary's points have rows of their own (Points)
        (axes,) = {values.dims for values in runs.data_vars.values()}
        others = [name for name in runs.coords if name not in axes]
        table = runs.to_dataframe(dim_order=[*axes]).reset_index()
        table[[*axes, *runs.data_vars, *others]].to_csv(new, index=False)


class Points(GridFile):
    """A boundary's points, a row each: the axis on which it was found, and of every axis the value and its band."""

    def write(self, new: Path, data: xarray.Dataset, draw: Draw) -> None:
        """The head alone where the level is crossed nowhere."""
        points = {str(name).removeprefix(f"{DIM}_"): each.values for name, each in data.data_vars.items()
                  if each.dims == (DIM,)}
        along = points.pop("along")
        rows = zip(along, *points.values(), strict=True)
        with new.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([["along", *points], *rows])


class Json(GridFile):
    """Notes, attributes, coordinates and variables, as `--json` prints them."""

    def write(self, new: Path, data: xarray.Dataset, draw: Draw) -> None:
        """What is not finite is null."""
        from .report import as_json

        new.write_text(as_json(data) + "\n", encoding="utf-8")


class NetCDF(GridFile):
    """A classic netCDF file (version 3), which needs nothing but SciPy and is read by all that reads netCDF."""

    def check(self) -> None:
        """Only a grid that gammarho wrote is replaced."""
        import xarray

        if not os.path.lexists(self.path):
            return
        try:
            with xarray.open_dataset(self.path, engine="scipy") as grid:
                ours = grid.attrs.get(MARK) == KIND
        except (OSError, ValueError, TypeError, LookupError, ArithmeticError):  # no netCDF, or a damaged one
            ours = False
        if not ours:
            raise InputError(
                f"out: {str(self.path)!r} is not a grid that gammarho wrote; nothing was replaced, so give another name"
            )

    def write(self, new: Path, data: xarray.Dataset, draw: Draw) -> None:
        """Whole numbers that 32 bits do not hold are kept as float64."""
        large = {name: values.astype(np.float64) for name, values in data.variables.items()
                 if values.dtype.kind == "i" and values.size and np.abs(values.values).max() >= 2**31}
        data.assign(large).assign_attrs({MARK: KIND}).to_netcdf(new, engine="scipy", format="NETCDF3_64BIT")


class Picture(GridFile):
    """A .pdf, .png or .svg file."""

    def write(self, new: Path, data: xarray.Dataset, draw: Draw) -> None:
        """As `figures.save` writes figures."""
        from figures.save import render

        render(draw(data), new, self.path.suffix)


@dataclass(frozen=True)
class Words(GridFile):
    """A picture's caption, as a LaTeX figure that shows the picture, which has these endings."""

    endings: tuple[str, ...]

    def write(self, new: Path, data: xarray.Dataset, draw: Draw) -> None:
        """Of the picture that `draw` makes."""
        from figures.printed import asked, tex, words

        said = tex(self.path.stem, self.endings, words(draw(data)), asked().width)
        new.write_text(said, encoding="utf-8")


_KINDS: dict[str, type[GridFile]] = {".csv": Table, ".json": Json, ".nc": NetCDF, ".pdf": Picture, ".png": Picture,
                                    ".svg": Picture}


@dataclass(frozen=True)
class Places:
    """The store of a grid, if it has one, and the files."""

    store: Path | None
    files: tuple[GridFile, ...]

    @property
    def pictured(self) -> bool:
        """Whether any of the files is a picture."""
        return any(isinstance(file, Picture) for file in self.files)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the only one to write the files while the block runs.

        Raises:
            InputError: where a file may not be replaced, its folder cannot be written, or somebody else is writing it.
        """
        with ExitStack() as locks:
            for file in self.files:
                locks.enter_context(alone(Path(os.path.realpath(file.path))))
                file.check()
            yield

    def write(self, data: Callable[[], xarray.Dataset], draw: Draw) -> tuple[list[Path], list[Unwritten | InputError]]:
        """Write every file, whole, data before pictures; one that cannot be written does not keep the others from it.

        `data` is asked for where there is a file.

        Returns:
            The store and the files that were written; and what was said of those that could not be.
        """
        refused: dict[Path, Unwritten | InputError] = {}
        for file in sorted(self.files, key=lambda file: isinstance(file, Picture)):
            try:
                with replacing(file.path) as new:
                    file.write(new, data(), draw)
            except (Unwritten, InputError) as error:  # the latter of a picture that cannot be drawn
                refused[file.path] = error
        kept = [*([self.store] if self.store is not None else []), *(file.path for file in self.files)]
        return [path for path in kept if path not in refused], list(refused.values())


def places(
    option: str, given: Sequence[Any], formats: Sequence[str] = (), words: bool = False, points: bool = False
) -> Places:
    """Where a grid goes, of the names that a caller gives, each checked by its ending.

    Beside a picture go its other `formats` and, with `words`, its caption; beside a table, with `points`, its
    boundary's, as NAME_boundary.csv.

    Raises:
        InputError: for another ending, two stores, a name twice, and as `paths.store` and `paths.file`.
    """
    stores: list[Path] = []
    files: list[GridFile] = []
    for place in given:
        target = paths.path(option, place, "phase.pdf")
        kind = _KINDS.get(target.suffix)
        if kind is not None:
            files.append(kind(paths.file(option, place, "phase.pdf")))
        elif target.suffix == ".zarr" or target.is_dir():
            stores.append(paths.store(option, place) or target)
        else:
            endings = ", ".join([".zarr", *list(_KINDS)[:-1]])
            raise InputError(
                f"{option}: {quoted(place)}; expected a name that ends in {endings} or .svg, such as phase.pdf"
            )
    if len(stores) > 1:
        raise InputError(f"{option}: {str(stores[0])!r} and {str(stores[1])!r}; a grid has one store, so give one")
    names = [os.path.realpath(file.path) for file in files]
    again = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if again is not None:
        raise InputError(f"{option}: {again!r} is given twice; give each file once")
    pictured = [file.path for file in files if isinstance(file, Picture)]
    beside: list[GridFile] = [Picture(path.with_suffix(f".{each}")) for path in pictured for each in formats]
    shown: dict[Path, list[str]] = {}
    for path in [*pictured, *(file.path for file in beside)]:
        shown.setdefault(path.with_suffix(".tex"), []).append(path.suffix[1:])
    captions = [Words(path, tuple(those)) for path, those in shown.items()] if words else []
    tables = [file.path for file in files if isinstance(file, Table)]
    crossed = [Points(path.with_name(f"{path.stem}_{DIM}.csv")) for path in tables] if points else []
    once: dict[Path, GridFile] = {}
    for file in [*files, *beside, *captions, *crossed]:
        once.setdefault(file.path, file)
    return Places(stores[0] if stores else None, tuple(once.values()))
