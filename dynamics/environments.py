"""Compiled code is kept without the modules of the functions in it, which another process may not have.

Numba keeps with a function's code what errors that arise in it are made of, and of every function that is compiled into
it, and imports the module of each as it reads that back.  Kernels share functions, so that a module may be another
kernel's, whose file nobody has loaded; nothing of it is read.
"""

# mypy: disable-error-code="no-untyped-call, no-any-return"
# Numba has no types.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numba.core.environment import Environment, lookup_environment


@dataclass(frozen=True)
class _Kept:
    """An environment as it goes to disk."""

    environment: Any

    def __reduce__(self) -> tuple[Any, ...]:
        of = self.environment
        return rebuilt, (of.globals["__name__"], of.consts, of.env_name)


def kept(data: Any) -> Any:
    """What Numba keeps of a compiled function, as `CompileResult._reduce` makes it, with environments of our own."""
    if isinstance(data, tuple):
        return tuple(map(kept, data))
    return _Kept(data) if isinstance(data, Environment) and data.can_cache() else data


def rebuilt(module: str, constants: list[Any], name: str) -> Any:
    """The environment of this name: the process' own, else of these constants, and of a module by name alone."""
    known = lookup_environment(name)
    if known is not None:
        return known
    made = Environment({"__name__": module})
    made.consts[:] = constants
    made.env_name = name
    Environment._memo[name] = made
    return made


__all__ = ["kept", "rebuilt"]
