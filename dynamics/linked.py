"""What kernels call is linked into them, and never made machine code for itself: a seventh of the compiling.

Numba makes machine code of every function, although a kernel takes the optimised intermediate code of those that it
calls, and nothing enters them but kernels (`lazily.njit` without a signature).  The kernel's own code is the same.
"""

# mypy: disable-error-code="no-untyped-call, no-any-return, misc"
# Numba's compiler has no types.

from __future__ import annotations

from typing import Any

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

KNOWN = numba.version_info.short == (0, 68)
"""Whether Numba's insides are those that this was written for; elsewhere functions are compiled as Numba does it."""


class _Nowhere:
    """Code generation that holds no variables of this code, so that none of them is set."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, name: str, environment: Any) -> None:
        """Nothing: `entered` sets it in the code that this is linked into."""


class Part(JITCodeLibrary):
    """Code of a function that others are linked with, optimised as ever; kept on disk as intermediate code."""

    @property
    def codegen(self) -> Any:
        """As for any code, but for its variables."""
        return _Nowhere(self._codegen)

    def get_pointer_to_function(self, name: str) -> int:
        """No address, as of what cannot be called."""
        self._ensure_finalized()
        return 0

    def serialize_using_object_code(self) -> Any:
        """What is kept on disk."""
        return self.serialize_using_bitcode()

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class Linked(Compiler):
    """Numba's compiler, whose result is a `Part`."""

    def __init__(self, typing: Any, target: Any, library: Any, *more: Any) -> None:
        super().__init__(typing, target, library or Part(target.codegen(), "part"), *more)


def entered(function: Any) -> Any:
    """A compiled function that Python calls, with the environments of what is linked into it; returns it."""
    for compiled in getattr(function, "overloads", {}).values() if KNOWN else ():  # none where compiling is off
        for environment in compiled._find_referenced_environments():
            compiled.library.codegen.set_env(environment.env_name, environment)
    return function
