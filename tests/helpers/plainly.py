"""Kernels as plain Python, with the bits of compiled loops: for small states and few steps.

Compiling a model that no other test runs takes ten seconds; that both agree to the last bit is tested for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def kernels_plainly() -> Iterator[None]:
    """In the block, every kernel that is made is plain Python."""
    from simulate.run import kernels

    name = "_kernel"
    made = getattr(kernels, name)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kernels, name, lambda model, folder, compiled=True: made(model, folder, compiled=False))
        yield
