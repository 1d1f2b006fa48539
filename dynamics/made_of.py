"""What compiled code is made of: the text of its module and of all in this package that it imports, as one digest.

Numba looks at a function's own file alone, but puts into its code what others wrote: functions that it calls, numbers
that it names, and how they are compiled.  So an index of compiled code says the digest, not only of its own file.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
from pathlib import Path
from typing import Any

from .environments import kept

ROOT = Path(__file__).resolve().parent
_IMPORT = re.compile(
    rb"[ \t]*(?:import[ \t]+(?P<whole>\w[\w., \t]*)"
    rb"|from[ \t]+(?P<home>[\w.]+)[ \t]+import[ \t]+(?:\((?P<many>[^)]*)\)|(?P<some>[^\n#]*)))"
)
_WORD, _NAME = re.compile(rb"import[ \t]"), re.compile(rb"[\w.]+")


def digest(file: str) -> str:
    """The digest of a module's text, as it stands now, and of those it imports, as they stood at the first look."""
    try:
        told = os.stat(file)
    except OSError:  # no file to keep compiled code of
        return ""
    return _digest(Path(file), told.st_mtime_ns, told.st_size)


@functools.lru_cache(maxsize=256)
def _digest(file: Path, _changed: int, _size: int) -> str:
    own, imported = _read(file)
    seen = reached(imported)
    parts = [own, *(os.fsencode(each.relative_to(ROOT)) + b" " + seen[each] for each in sorted(seen))]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def reached(files: set[Path]) -> dict[Path, bytes]:
    """These modules and all of this package that they import, each with its text's digest."""
    seen, waiting = dict[Path, bytes](), set(files)
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen[each], more = _part(each)
            waiting |= more
    return seen


def _read(file: Path) -> tuple[bytes, set[Path]]:
    """The digest of a text, and the files of this package that it imports."""
    text = file.read_bytes()
    lines = (_IMPORT.match(text, text.rfind(b"\n", 0, word.start()) + 1) for word in _WORD.finditer(text))
    own = file if ROOT in file.parents else None
    return hashlib.sha256(text).digest(), {each for line in lines if line for each in _files(own, line)}


_part = functools.cache(_read)


def _files(own: Path | None, line: re.Match[bytes]) -> set[Path]:
    """The modules of this package that one import is of; `own` is the file that it stands in, None: another's."""
    home = line["home"]
    if home is None:
        names = [(each.group(), b"") for each in _NAME.finditer(line["whole"])]
    else:
        taken = (each.group() for each in _NAME.finditer(line["many"] or line["some"] or b""))
        names = [(home, each) for each in (b"", *(taken if _package(own, home) else ()))]
    found = {_module(own, base, name) for base, name in names}
    return {each for each in found if each is not None}


@functools.cache
def _at(own: Path | None, name: bytes) -> Path | None:
    """Where a module or package lies, without an ending; None outside this package."""
    up, parts = len(name) - len(name.lstrip(b".")), [part for part in name.decode().split(".") if part]
    if up:
        return None if own is None else own.parents[up - 1].joinpath(*parts)
    return ROOT.joinpath(*parts[1:]) if parts[0] == ROOT.name else None


@functools.cache
def _package(own: Path | None, name: bytes) -> bool:
    at = _at(own, name)
    return at is not None and at.is_dir()


@functools.cache
def _module(own: Path | None, base: bytes, name: bytes) -> Path | None:
    """The file of a module, or of a package; with `name`, of a module in that package."""
    at = _at(own, base)
    if at is None:
        return None
    at = at / name.decode()
    known = at / "__init__.py", at.with_name(f"{at.name}.py")
    return next((each for each in known if each.is_file()), None)


def say(function: Any, made_of: str) -> None:
    """Have Numba keep a function's compiled code as made of this: an index of anything else counts as empty.

    The files of code bear the digest too, so that an index never leads to what another text's process writes at the
    same time; those of other texts go as the first of this one is written.
    """
    file = getattr(getattr(function, "_cache", None), "_cache_file", None)
    if file is None:  # it is kept nowhere
        return
    base, save = str(file._index_name).removesuffix(".nbi"), file.save
    ours = f"{base}.{made_of[:16]}."

    def saved(key: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            for each in Path(file._cache_path).glob(f"{base}.*.nbc"):
                if not each.name.startswith(ours):
                    each.unlink()
        save(key, kept(data))

    vars(file).update(save=saved, _source_stamp=made_of, _data_name_pattern=f"{ours}{{number:d}}.nbc")


__all__ = ["ROOT", "digest", "reached", "say"]
