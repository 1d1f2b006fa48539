"""Libraries that take seconds to load, loaded by the first test that uses them: `import torch` alone reads nothing.

`importlib.util.LazyLoader` is not enough under Python 3.11: there a second import of the module loads it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


class Unread(ModuleType):
    """A module that is executed when somebody asks for a public name, or imports a module inside it.

    Imports of itself ask for its spec, and pytest, of everything that a test module has, for further private names.
    """

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") and name not in ("__path__", "__version__"):
            return object.__getattribute__(self, name)
        spec = object.__getattribute__(self, "__spec__")
        object.__setattr__(self, "__class__", ModuleType)
        self.__loader__ = spec.loader = spec.loader.loader
        try:
            spec.loader.exec_module(self)
        except BaseException:
            sys.modules.pop(spec.name, None)  # as after an import that failed
            raise
        return getattr(self, name)


class Later(Loader):
    """The loader of a module that is to be executed later, by `loader`."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = Unread


class Finder(MetaPathFinder):
    """Finds modules of these names as such that load later."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in self.names else None
        if spec is not None and spec.loader is not None:
            spec.loader = Later(spec.loader)
        return spec
