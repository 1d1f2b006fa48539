"""The observables, each whole in a file: what is declared, its value on reduced states, and its account from weights.

Every file of this folder is loaded, so that a new one is known by being here.
"""

from __future__ import annotations

import importlib
import pkgutil

for _found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_found.name}")
