"""The command line's small languages: name=value, lists, a:b:n axes and output files, all checked before any work."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from derivations.model import Model
from dynamics.formula import FormulaError
from simulate import parameters
from simulate.errors import InputError, nearest, quoted


def assignments(words: Iterable[str], option: str = "params") -> dict[str, str]:
    """{"n": "20"} of ("n=20",).

    Raises:
        InputError: for a word without a name and a value, and for a name given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise InputError(f"{option}: {quoted(word)} is not name=value; expected something like n=20")
        name = name.strip()
        if name in found:
            raise InputError(f"{name}: given twice, as {quoted(found[name])} and {quoted(value)}; give it once")
        found[name] = value
    return found


def record(text: str | None) -> str | list[int] | None:
    """Which steps to record: "all", a list "0,10,100", or None for the default.

    Raises:
        InputError: for anything else.
    """
    if text is None or text == "all":
        return text
    return [parameters.count("record", word, example=100) for word in text.split(",")]


def names(option: str, text: str | None) -> list[str] | None:
    """The names in a comma-separated list.

    Raises:
        InputError: for an empty name.
    """
    if text is None:
        return None
    found = [word.strip() for word in text.split(",")]
    if not all(found):
        raise InputError(f"{option}: {quoted(text)}; expected names separated by commas, such as loss,gamma")
    return found


def thresholds(words: Iterable[str]) -> dict[str, float] | None:
    """{"loss": 1e-3} of ("loss=1e-3",), or None of nothing.

    Raises:
        InputError: for a threshold that is not a finite number or a formula of numbers.
    """
    found: dict[str, float] = {}
    for name, value in assignments(words, "until").items():
        expected = f"expected a finite number, such as {name}=1e-3"
        try:
            number = parameters.typed(value)
        except FormulaError as error:
            raise InputError(f"until: {name}: {error}; {expected}") from error
        if number is None:
            raise InputError(f"until: {name} is {quoted(value)}; {expected}")
        found[name] = number
    return found or None


def axis(option: str, text: str, model: Model) -> tuple[str, list[float]]:
    """The name and the values of a grid's axis, from name=a:b:n (evenly spaced) or name=a:b:n:log.

    A count's values are rounded to whole numbers; values that then coincide are kept once.

    Raises:
        InputError: for another form, an unknown parameter, and a value outside the parameter's range.
    """
    name, equals, span = text.partition("=")
    form = f"{option}: {quoted(text)}; expected name=a:b:n or name=a:b:n:log, such as lam=0.001:0.1:10:log"
    parts = span.split(":")
    if not equals or len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "log"):
        raise InputError(form)
    by_name = {parameter.name: parameter for parameter in model.parameters}
    if name not in by_name:
        raise InputError(f"{option}: {name!r} is not a parameter of {model.name}; {nearest(name, by_name)}")
    parameter = by_name[name]
    if parameter.kind not in ("count", "real"):
        raise InputError(f"{option}: {name} is a {parameter.kind}, which has no a:b:n; expected a numeric parameter")
    start, stop = (_end(parameters.parse(parameter, end), form) for end in parts[:2])
    n = parameters.count(f"{option}: n", parts[2], low=2, example=10)
    if len(parts) == 4 and min(start, stop) <= 0:
        raise InputError(f"{option}: {quoted(text)}; a log axis needs ends above 0")
    from simulate.estimate import check_axis  # heavier than what is refused above needs

    check_axis(option, name, n)
    values = _spaced(start, stop, n, logarithmic=len(parts) == 4)
    if parameter.kind == "count" or name == "d":
        values = list(dict.fromkeys(float(round(value)) for value in values))
    return name, values


def output(out: str | None) -> Path | None:
    """Where a dataset goes: a new or earlier .zarr folder, or a .nc file.

    Raises:
        InputError: for another ending, a folder that does not exist, and a folder that is not a zarr store.
    """
    if out is None:
        return None
    path = Path(out)
    if path.suffix not in (".zarr", ".nc"):
        raise InputError(f"out: {quoted(out)}; expected a name that ends in .zarr or .nc, such as run.zarr")
    _parent(out, path)
    if path.suffix == ".nc" and path.is_dir():
        raise InputError(f"out: {quoted(out)}, which is a folder; expected the name of a file, such as run.nc")
    if path.suffix == ".zarr" and path.exists() and not (path / "zarr.json").exists():
        raise InputError(f"out: {quoted(out)}, which exists and is not a zarr store; choose another name")
    return path


def store(out: str | None) -> Path | None:
    """Where a grid is kept: a new or earlier .zarr folder.

    Raises:
        InputError: as `output`; a .nc file cannot be filled piece by piece.
    """
    path = output(out)
    if path is not None and path.suffix != ".zarr":
        raise InputError(f"out: {quoted(out)}; a grid is kept in a .zarr folder, such as grid.zarr")
    return path


def text_output(out: str | None) -> Path | None:
    """Where text goes.

    Raises:
        InputError: for a folder, and for a file in a folder that does not exist.
    """
    if out is None:
        return None
    path = Path(out)
    _parent(out, path)
    if path.is_dir():
        raise InputError(f"out: {quoted(out)}, which is a folder; expected the name of a file")
    return path


def _parent(out: str, path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"out: {quoted(out)}; there is no folder {str(path.parent)!r}, so make it first")


def _end(value: object, form: str) -> float:
    if not isinstance(value, int | float):
        raise InputError(form)
    return float(value)


def _spaced(start: float, stop: float, n: int, logarithmic: bool) -> list[float]:
    """Ends exact, as typed; the points between them evenly spaced, or so in the logarithm."""
    inner = [k / (n - 1) for k in range(1, n - 1)]
    if logarithmic:
        return [start, *(start * (stop / start) ** part for part in inner), stop]
    return [start, *(start + (stop - start) * part for part in inner), stop]
