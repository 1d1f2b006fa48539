"""Libraries that take seconds to load, loaded by the first test that uses them: `import torch` alone reads nothing.

`importlib.util.LazyLoader` is not enough under Python 3.11: there a second import of the module loads it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import _bootstrap
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


class Unread(ModuleType):
    """A module that is executed when somebody asks for a public name, or imports a module inside it.

    Imports of itself ask for its spec, and pytest, of everything that a test module has, for further private names.
    Other threads wait for it as for an import, whose lock it is: one that asked meanwhile had found half a module.
    """

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") and name not in ("__path__", "__version__"):
            return object.__getattribute__(self, name)
        spec = object.__getattribute__(self, "__spec__")
        try:
            with _bootstrap._ModuleLockManager(spec.name):  # type: ignore[attr-defined]
                _execute(self, spec)
        except _bootstrap._DeadlockError:  # type: ignore[attr-defined]
            pass  # two threads wait for each other, where an import goes on as well
            pass
        return object.__getattribute__(self, name)


def _execute(module: Unread, spec: Any) -> None:
    """Executes a module, once; nothing for whom its own execution asks."""
    later = spec.loader
    if not isinstance(later, Later) or later.begun:
        return
    later.begun = True
    module.__loader__ = later.loader
    try:
        later.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(spec.name, None)  # as after an import that failed
        raise
    spec.loader = later.loader
    object.__setattr__(module, "__class__", ModuleType)


class Later(Loader):
    """The loader of a module that is to be executed later, by `loader`."""

    def __init__(self, loader: Loader) -> None:
        self.loader, self.begun = loader, False

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
