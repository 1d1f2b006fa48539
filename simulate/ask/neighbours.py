"""What a user's file imports from its own folder, as `python file.py` does: while it is loaded, and its functions run.

Outside that its folder is on no path, so that nothing of gammarho's takes a neighbour for something else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

OURS = ("derivations", "dynamics", "simulate", "figures", "gammarho")
"""Names that stay the program's, whatever stands beside the file: some of it is loaded later."""

_LOADED: dict[Path, dict[str, ModuleType]] = {}


class _Beside:
    """Finds modules and packages in one folder, where nothing of that name is loaded or built in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module beside the file; None for any other, and for what stands inside a package."""
        if path is not None or name in OURS:
            return None
        spec = PathFinder.find_spec(name, [str(self.folder)], target)
        if spec is not None and spec.origin is None and PathFinder.find_spec(name) is not None:
            return None  # a folder without __init__.py comes after packages, wherever these are
        if spec is not None:
            self.found.add(name)
        return spec


@contextmanager
def importable(folder: Path, anew: bool = False) -> Iterator[None]:
    """In the block, what stands in the folder can be imported; `anew`: it is read again, as the file itself is.

    Files of other folders may have neighbours of the same names, so theirs make way.
    """
    folder = folder.resolve()
    for other, modules in _LOADED.items():
        if other != folder or anew:
            for name in [name for name, module in modules.items() if sys.modules.get(name) is module]:
                del sys.modules[name]
    if anew:
        _LOADED.pop(folder, None)
    sys.modules.update(_LOADED.get(folder, {}))
    finder = _Beside(folder)
    place = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else len(sys.meta_path)
    sys.meta_path.insert(place, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        own = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in finder.found}
        _LOADED.setdefault(folder, {}).update(own)


def folder_of(module: str) -> Path | None:
    """The folder whose file imported a module of this name; None for any other module."""
    here = sys.modules.get(module)
    return next((folder for folder, modules in _LOADED.items() if here is not None and modules.get(module) is here),
                None)
